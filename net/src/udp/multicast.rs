//! Messages to groups: who is a member, and how they go out. None of it switches tasks.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use rustix::net::sockopt;

use super::socket::UdpSocket;

impl UdpSocket {
    /// Joins a group of IPv4, to receive what is sent to it.
    ///
    /// `interface` is the address of the interface to join on; 0.0.0.0 lets the system choose.
    ///
    /// ```
    /// use osier::net::{Ipv4Addr, UdpSocket};
    ///
    /// let group = Ipv4Addr::new(239, 7, 7, 7);
    /// let member = UdpSocket::bind("0.0.0.0:0")?;
    /// member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    ///
    /// let sender = UdpSocket::bind("127.0.0.1:0")?;
    /// sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    /// sender.send_to(b"to all", (group, member.local_addr()?.port()))?;
    /// assert_eq!(member.recv(&mut [0; 16])?, 6);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the system says: `AddrInUse` for a group that is joined already, `InvalidInput` for what is none.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket.get_ref().join_multicast_v4(group, interface)
    }

    /// Leaves a group of IPv4 that was joined on that interface.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket.get_ref().leave_multicast_v4(group, interface)
    }

    /// Joins a group of IPv6, to receive what is sent to it.
    ///
    /// `interface` is the index of the interface to join on; 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.get_ref().join_multicast_v6(group, interface)
    }

    /// Leaves a group of IPv6 that was joined on that interface.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.get_ref().leave_multicast_v6(group, interface)
    }

    /// Sets IP_MULTICAST_LOOP: whether members here have it.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_loop_v4(&self, looped: bool) -> io::Result<()> {
        self.socket.get_ref().set_multicast_loop_v4(looped)
    }

    /// The value of IP_MULTICAST_LOOP.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket.get_ref().multicast_loop_v4()
    }

    /// Sets IPV6_MULTICAST_LOOP: whether members here have it.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_loop_v6(&self, looped: bool) -> io::Result<()> {
        self.socket.get_ref().set_multicast_loop_v6(looped)
    }

    /// The value of IPV6_MULTICAST_LOOP.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket.get_ref().multicast_loop_v6()
    }

    /// Sets IP_MULTICAST_TTL: how many routers may be passed.
    ///
    /// 1 at the start, which keeps it in the local network.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.socket.get_ref().set_multicast_ttl_v4(ttl)
    }

    /// The value of IP_MULTICAST_TTL.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket.get_ref().multicast_ttl_v4()
    }

    /// Sets IPV6_MULTICAST_HOPS: how many routers may be passed.
    ///
    /// std has no name for it; socket2 has this one.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_multicast_hops(self.socket.get_ref(), hops)?)
    }

    /// The value of IPV6_MULTICAST_HOPS.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        Ok(sockopt::ipv6_multicast_hops(self.socket.get_ref())?)
    }

    /// Sets IP_MULTICAST_IF: the interface that groups are sent to by.
    ///
    /// It is named by its address; 0.0.0.0, as at the start, lets the table of routes choose. std has no name for
    /// this; socket2 has this one.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_if_v4(&self, interface: &Ipv4Addr) -> io::Result<()> {
        Ok(sockopt::set_ip_multicast_if(self.socket.get_ref(), interface)?)
    }

    /// The value of IP_MULTICAST_IF.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_if_v4(&self) -> io::Result<Ipv4Addr> {
        Ok(sockopt::ip_multicast_if(self.socket.get_ref())?)
    }

    /// Sets IPV6_MULTICAST_IF: the interface that groups are sent to by.
    ///
    /// It is named by its index; 0, as at the start, lets the table of routes choose.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_multicast_if_v6(&self, interface: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_multicast_if(self.socket.get_ref(), interface)?)
    }

    /// The value of IPV6_MULTICAST_IF.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn multicast_if_v6(&self) -> io::Result<u32> {
        Ok(sockopt::ipv6_multicast_if(self.socket.get_ref())?)
    }
}

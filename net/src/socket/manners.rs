//! Clones, limits, mode, addresses, shutting down: methods that the public types have alike.

/// Cloning, mode and pending error of a public type with a field `socket`.
macro_rules! manners {
    ($type:ident) => {
        impl $type {
            /// Makes another handle of the same socket.
            ///
            /// It is a descriptor of its own, so one task may wait by it while another waits by this one, for the
            /// same (who is served first is chance). Time limits and mode are copied, and each handle's own from
            /// then on.
            ///
            /// # Errors
            ///
            /// What the system says: `EMFILE` at the limit of open descriptors, for one.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn try_clone(&self) -> std::io::Result<$type> {
                let socket = self.socket.twin(self.socket.get_ref().try_clone()?);
                Ok($type { socket })
            }

            /// Chooses whether calls of this handle wait or not.
            ///
            /// They wait (`false`) at the start. In non-blocking mode a call that would wait returns
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) instead, and never switches tasks. The socket
            /// underneath is non-blocking either way.
            ///
            /// # Errors
            ///
            /// None; the result is std's.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn set_nonblocking(&self, nonblocking: bool) -> std::io::Result<()> {
                self.socket.limits().set_nonblocking(nonblocking);
                Ok(())
            }

            /// Takes the error that is pending on the socket (SO_ERROR).
            ///
            /// # Errors
            ///
            /// What the system says.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.socket.get_ref().take_error()
            }
        }
    };
}
pub(crate) use manners;

/// Read and write limit of a public type with a field `socket`; an example of the read limit goes along.
macro_rules! time_limits {
    ($type:ident, $(#[$example:meta])+) => {
        impl $type {
            /// Limits how long each read of this handle may wait.
            ///
            /// `None` is for ever. A read that reaches it fails with [`TimedOut`](std::io::ErrorKind::TimedOut), and
            /// the socket stays usable. Calls that wait already keep the limit they began with.
            ///
            $(#[$example])+
            ///
            /// # Errors
            ///
            /// `InvalidInput` for a limit of zero.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn set_read_timeout(&self, limit: Option<std::time::Duration>) -> std::io::Result<()> {
                self.socket.limits().read.set(limit)
            }

            /// Limits how long each write of this handle may wait.
            ///
            /// `None` is for ever. Where a stream writes all, it is the limit of the whole, not of each piece that
            /// the kernel takes.
            ///
            /// # Errors
            ///
            /// `InvalidInput` for a limit of zero.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn set_write_timeout(&self, limit: Option<std::time::Duration>) -> std::io::Result<()> {
                self.socket.limits().write.set(limit)
            }

            /// The read limit of this handle.
            ///
            /// # Errors
            ///
            /// None; the result is std's.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn read_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.socket.limits().read.get())
            }

            /// The write limit of this handle.
            ///
            /// # Errors
            ///
            /// None; the result is std's.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn write_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.socket.limits().write.get())
            }
        }
    };
}
pub(crate) use time_limits;

/// The addresses of both ends, of a public type with a field `socket`.
macro_rules! addresses {
    ($type:ident, $address:ty) => {
        impl $type {
            /// The address of the other end.
            ///
            /// # Errors
            ///
            /// `NotConnected` if there is none, or no longer.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.socket.get_ref().peer_addr()
            }

            /// The address of this end.
            ///
            /// # Errors
            ///
            /// What the system says.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.socket.get_ref().local_addr()
            }
        }
    };
}
pub(crate) use addresses;

/// Shutting a public type with a field `socket` down; an example goes along.
macro_rules! shut_down {
    ($type:ident, $(#[$example:meta])+) => {
        impl $type {
            /// Shuts down reading, writing or both.
            ///
            /// That is so for every handle of the socket. Whoever waits on it wakes: reading ends with `Ok(0)` and
            /// writing with `BrokenPipe`, as all later calls do. This is how one task ends another's wait; the
            /// descriptor itself stays open until it is dropped, so nobody ever meets a recycled one.
            ///
            $(#[$example])+
            ///
            /// # Errors
            ///
            /// `NotConnected` if it is not connected, or no longer.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.socket.shutdown(how)
            }
        }
    };
}
pub(crate) use shut_down;

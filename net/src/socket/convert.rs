//! Ways between the public types, std's and plain descriptors.
//!
//! There is no `FromRawFd`: this package has no unsafe code, and `OwnedFd` goes the same way.

/// All of them for a public type with a field `socket`, over the type of std's; an example goes along.
macro_rules! convertible {
    ($type:ident, $std:ty, $(#[$example:meta])+) => {
        impl $type {
            /// Takes over a socket of std's, with its time limits.
            ///
            /// It is set to non-blocking mode, which all descriptors of the same socket share: a clone
            /// that std still holds gets `WouldBlock` from then on. Whatever mode it was in, this handle
            /// waits.
            ///
            $(#[$example])+
            ///
            /// # Errors
            ///
            /// What the system says.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn from_std(socket: $std) -> std::io::Result<$type> {
                Ok($type { socket: $crate::socket::Socket::from_std(socket)? })
            }

            /// Hands the socket over to std.
            ///
            /// It has this handle's time limits and mode.
            ///
            /// # Errors
            ///
            /// What the system says; the socket is closed then.
            ///
            /// # Blocking
            ///
            /// Never switches tasks.
            pub fn into_std(self) -> std::io::Result<$std> {
                self.socket.into_std()
            }
        }

        /// Takes over a socket, without time limits.
        ///
        /// A descriptor that is no socket makes one whose every call fails, as in std.
        impl From<std::os::fd::OwnedFd> for $type {
            fn from(fd: std::os::fd::OwnedFd) -> $type {
                $type { socket: $crate::socket::Socket::from_any(<$std>::from(fd)) }
            }
        }

        /// Gives the socket away, in the mode this handle was in (waiting, unless set otherwise).
        impl From<$type> for std::os::fd::OwnedFd {
            fn from(given: $type) -> std::os::fd::OwnedFd {
                given.socket.into_any().into()
            }
        }

        /// The descriptor is in non-blocking mode.
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.socket.lend()
            }
        }

        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.socket.lend())
            }
        }

        impl std::os::fd::IntoRawFd for $type {
            fn into_raw_fd(self) -> std::os::fd::RawFd {
                std::os::fd::OwnedFd::from(self).into_raw_fd()
            }
        }

        /// As std's: the addresses and the descriptor.
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.socket.get_ref(), f)
            }
        }
    };
}
pub(crate) use convertible;

//! What the standard library's own tests of its sockets hold them to, put anew, for sockets of any make.
//!
//! The program that includes this says in its module `way` which sockets (`net`, `unix`), what runs beside the test
//! (`thread`, `channel`) and where the test itself runs (`run`): three programs, the same tests, the same results.
//! `differs` is the one place where results are not the same; `whole` holds that no program leaves a test out.

mod differs;
mod places;
mod tcp;
mod tcp_clone;
mod tcp_connect;
mod tcp_options;
mod udp;
mod unix_abstract;
mod unix_datagram;
mod unix_stream;
mod whole;

//! Waiting for the next request of a connection that is kept.

use std::io;

use osier_process::Worker;
use osier_runtime::select;
use osier_runtime::select::{readable, ready};

use crate::tcp::TcpStream;

/// Waits for the next request of a connection; false when there is none to come.
///
/// That is, until there is something to read (which may be the connection's end), or the worker is to end while there is nothing. So
/// connections that are kept but idle do not hold up the worker's end. What is in a buffer of the caller's it does not see: ask it
/// only when that is empty.
///
/// # Errors
/// `ResourceBusy` while another task waits to read here.
///
/// # Blocking
/// Switches tasks, unless there is something to read.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use osier::net::server::{Front, next_request};
///
/// osier::run(|| {
///     Front::new().listen("127.0.0.1:8000")?.serve(|mut stream, worker| {
///         let mut line = [0; 100];
///         while next_request(&stream, worker)? {
///             let n = stream.read(&mut line)?;
///             if n == 0 {
///                 break;
///             }
///             stream.write_all(&line[..n])?;
///         }
///         Ok(())
///     })?;
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn next_request(stream: &TcpStream, worker: &Worker) -> io::Result<bool> {
    let source = stream.source();
    select! {
        outcome = readable(source) => outcome.map(|()| true),
        () = ready(worker.stop()) => Ok(is_there(stream)),
    }
}

/// Whether something has come at the last moment.
fn is_there(stream: &TcpStream) -> bool {
    rustix::net::recv(
        stream.source().get_ref(),
        &mut [0_u8; 1],
        rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT,
    )
    .is_ok_and(|(n, _)| n > 0)
}

//! A listening socket with a long backlog, as the peers' servers have.

use std::io;

use osier::net::TcpListener;

use crate::args::Args;

/// The longest queue of connections that the kernel is asked for.
const BACKLOG: i32 = 65_535;

pub(crate) fn listen(args: &Args) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(args.addr())?;
    rustix::net::listen(&listener, BACKLOG)?;
    TcpListener::from_std(listener)
}

/// Runs a server of one task a connection until it is killed; the error is why it could not.
///
/// It says where it listens, for who has asked for port 0.
pub(crate) fn serve<F>(args: &Args, answer: F) -> Result<crate::report::Report, String>
where
    F: Fn(osier::net::TcpStream) -> io::Result<()> + Clone + 'static,
{
    let outcome = osier::run(|| -> io::Result<std::convert::Infallible> {
        let listener = listen(args)?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            let answer = answer.clone();
            // A connection that breaks is the client's affair.
            osier::spawn(move || drop(answer(stream)));
        }
    });
    match outcome {
        Ok(never) => match never {},
        Err(e) => Err(format!("{}: {e}", args.addr())),
    }
}

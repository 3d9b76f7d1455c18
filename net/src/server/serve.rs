//! Taking connections, one task each, until the worker is to end.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use osier_process::{Counter, Worker};
use osier_runtime::sync::Semaphore;
use osier_runtime::{Builder, JoinHandle};

use super::listener::Trouble;
use crate::tcp::{TcpListener, TcpStream};

/// How long nothing is accepted when there are no descriptors or no memory left.
const PAUSE: Duration = Duration::from_millis(20);
/// The most connections that are taken from a queue when the worker is to end: more come all the time.
const LAST: usize = 4096;

/// Names of the numbers that each worker keeps.
pub(super) const ACCEPTED: &str = "accepted";
pub(super) const CONNECTIONS: &str = "connections";
pub(super) const ERRORS: &str = "errors";

/// What all connections of a hub have in common.
struct Server<H> {
    handler: H,
    worker: Worker,
    accepted: Counter,
    connections: Counter,
    errors: Counter,
    /// Room for connections.
    room: Semaphore,
}

/// Serves until the worker is to end, then takes what is in the queues of its listeners, and closes them.
///
/// Connections that are still there go on in tasks of their own; the hub's end waits for those.
pub(super) fn serve<H>(
    worker: &Worker,
    listeners: Vec<TcpListener>,
    limit: Option<usize>,
    handler: H,
) -> io::Result<()>
where
    H: Fn(TcpStream, &Worker) -> io::Result<()> + 'static,
{
    let server = Rc::new(Server {
        handler,
        worker: worker.clone(),
        accepted: worker.counter(ACCEPTED),
        connections: worker.counter(CONNECTIONS),
        errors: worker.counter(ERRORS),
        // Who waits for a connection has a place for it already.
        room: limit.map_or(Semaphore::unlimited(), |n| Semaphore::new(n.max(listeners.len()))),
    });
    let mut acceptors = Vec::new();
    for listener in listeners {
        let (listener, server) = (Rc::new(listener), server.clone());
        let accepts = listener.clone();
        let accept = move || server.accept(&accepts);
        let named = Builder::new().name("osier-accept").daemon(true);
        acceptors.push((listener, named.spawn(accept)?));
    }
    worker.stop().wait();
    for (listener, task) in acceptors {
        server.close(&listener, task);
    }
    Ok(())
}

impl<H: Fn(TcpStream, &Worker) -> io::Result<()> + 'static> Server<H> {
    /// Accepts for ever; ended by a kill, which comes where it waits and so loses no connection.
    fn accept(self: &Rc<Self>, listener: &TcpListener) {
        loop {
            let Ok(place) = self.room.acquire() else { return };
            match listener.accept() {
                Ok((stream, _)) => {
                    place.forget(); // given back when the connection goes
                    self.take(stream);
                }
                Err(error) if Trouble::of(&error) == Trouble::Connection => {}
                // Nothing is left for it: connections wait in the queue until some end.
                Err(_) => _ = self.worker.stop().wait_timeout(PAUSE),
            }
        }
    }

    /// Gives a connection a task.
    fn take(self: &Rc<Self>, stream: TcpStream) {
        self.accepted.add(1);
        self.connections.add(1);
        let open = Open(self.clone());
        let handle = move || {
            let server = &open.0;
            if (server.handler)(stream, &server.worker).is_err() {
                server.errors.add(1);
            }
        };
        // No daemon, as the acceptor is: the hub waits for it at its end.
        let _ = Builder::new().daemon(false).spawn(handle);
    }

    /// Takes what has come in time, and closes a listener.
    fn close(self: &Rc<Self>, listener: &TcpListener, task: JoinHandle<()>) {
        task.kill();
        let _ = task.join();
        let _ = listener.set_nonblocking(true); // std's signature; it cannot fail
        for _ in 0..LAST {
            match listener.accept() {
                Ok((stream, _)) => self.take(stream),
                Err(error) if is_of_the_connection(&error) => {}
                Err(_) => return,
            }
        }
    }
}

/// A connection that is counted as open.
struct Open<H>(Rc<Server<H>>);

impl<H> Drop for Open<H> {
    fn drop(&mut self) {
        self.0.connections.sub(1);
        self.0.room.release(1);
    }
}

/// Whether it says that one connection came to nothing, and the next one may be there.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}

//! A small server of two worker processes: one is lost and replaced, then all finish what they have begun. By fork.
//!
//! In Python: `gunicorn --workers 2 --worker-class gevent`, a program beside the server's; here it is a call. Wants the features
//! `net` and `process`.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use osier::net::TcpStream;
use osier::net::server::{Front, next_request};
use osier::process::{Worker, Workers};

/// Runs in a worker, in a task of its own for each connection.
fn answer(mut stream: TcpStream, worker: &Worker) -> io::Result<()> {
    let mut request = [0; 16];
    // False when the worker is to end and there is no request: nobody waits for idle connections.
    while next_request(&stream, worker)? {
        let length = stream.read(&mut request)?;
        match &request[..length] {
            b"" => break,
            b"crash" => std::process::abort(),
            b"slow" => osier::sleep(Duration::from_millis(20)),
            _ => {}
        }
        worker.counter("answers").add(1);
        stream.write_all(b"hello")?;
    }
    Ok(())
}

/// What comes next; nothing if the connection has ended.
fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = [0; 16];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn ask(addr: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(request.as_bytes())?;
    read(&mut stream)
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let pause = Duration::from_millis(1); // before a worker is replaced
        let plan = Workers::new().processes(2).pause(pause).counter("answers");
        let front = Front::new().workers(plan).listen("127.0.0.1:0")?;
        let addr = front.addresses()[0];
        let crew = front.start_serving(answer)?;
        println!("{} workers listen", crew.total("listening"));

        let clients = (0..20).map(|_| osier::spawn(move || ask(addr, "hi")));
        let told = osier::join_all(clients).into_iter().flatten().flatten().collect::<String>();
        assert_eq!(told, "hello".repeat(20));
        println!("20 clients are answered; the workers have counted {}", crew.total("answers"));

        let lost = ask(addr, "crash").unwrap_or_default();
        println!("the client of a worker that dies reads {} bytes", lost.len());
        let starts = || crew.status().iter().map(|worker| worker.starts).sum::<u64>();
        while starts() < 3 || crew.total("listening") < 2 {
            osier::sleep(pause);
        }
        println!("{} workers listen, of {} that were started", crew.total("listening"), starts());
        println!("another client is told {:?}", ask(addr, "hi")?);

        let (mut slow, mut idle) = (TcpStream::connect(addr)?, TcpStream::connect(addr)?);
        slow.write_all(b"slow")?;
        crew.drain(); // what SIGTERM does to a server that is run by `Front::serve`
        println!("who has asked is told {:?}", read(&mut slow)?);
        println!("who has not reads {} bytes", read(&mut idle)?.len());
        let killed = crew.join()?.killed;
        println!("all have ended, {killed} by force; {} answers", crew.total("answers"));
        println!("then: {}", ask(addr, "hi").expect_err("nobody listens").kind());
        Ok(())
    })
}

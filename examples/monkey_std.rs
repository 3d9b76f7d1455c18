//! A chat of 1,000 clients in 100 rooms, server and all in one OS thread, written with `std::net` alone.
//!
//! In Python: `monkey.patch_all()`, and a server of `socket` and `threading` as one would write it without.

use std::net::TcpListener;
use std::sync::Arc;

use osier_monkey as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const CLIENTS: usize = 1000;

/// Knows nothing of green threads.
mod server {
    use std::io::{BufRead, BufReader, Result, Write};
    use std::net::TcpStream;
    use std::sync::{Arc, Mutex};

    pub(crate) const SEATS: usize = 10;

    pub(crate) type Room = Mutex<Vec<Arc<TcpStream>>>;

    pub(crate) fn attend(stream: TcpStream, room: &Room) -> Result<()> {
        let stream = Arc::new(stream);
        room.lock().unwrap().push(stream.clone());
        let all = room.lock().unwrap().clone();
        if all.len() == SEATS {
            tell(&all, "all are here")?;
        }
        for line in BufReader::new(&*stream).lines() {
            let mut others = room.lock().unwrap().clone();
            others.retain(|other| !Arc::ptr_eq(other, &stream));
            tell(&others, &line?)?;
        }
        Ok(())
    }

    fn tell(all: &[Arc<TcpStream>], line: &str) -> Result<()> {
        all.iter().try_for_each(|each| writeln!(&mut &**each, "{line}"))
    }
}

/// The same.
mod client {
    use std::io::{BufRead, BufReader, Result, Write};
    use std::net::{SocketAddr, TcpStream};

    /// Says hello to all in the room; how many others do.
    pub(crate) fn talk(addr: SocketAddr, number: usize, others: usize) -> Result<usize> {
        let mut stream = TcpStream::connect(addr)?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        lines.next().transpose()?; // all are here
        writeln!(stream, "hello from {number}")?;
        let heard: Result<Vec<String>> = lines.take(others).collect();
        Ok(heard?.iter().filter(|line| line.starts_with("hello from ")).count())
    }
}

fn main() -> std::io::Result<()> {
    let most = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: most.maximum, ..most })?; // a client is four files
    osier::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let talk = |number| osier::spawn(move || client::talk(addr, number, server::SEATS - 1));
        let clients: Vec<_> = (0..CLIENTS).map(talk).collect();
        for _ in 0..CLIENTS / server::SEATS {
            let room = Arc::new(server::Room::default());
            for stream in listener.incoming().take(server::SEATS) {
                let (stream, room) = (stream?, room.clone());
                osier::spawn(move || server::attend(stream, &room));
            }
        }
        let heard = clients.into_iter().map(|client| client.join().map_or(Ok(0), |heard| heard));
        let heard = heard.sum::<std::io::Result<usize>>()?;
        let threads = std::fs::read_dir("/proc/self/task")?.count();
        println!("{CLIENTS} clients have heard {heard} lines, in {threads} OS thread");
        Ok(())
    })
}

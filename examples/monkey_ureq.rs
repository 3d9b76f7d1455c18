//! 200 downloads at once by plain `ureq`, in one OS thread: from a server of its own, which answers after 100 ms.
//!
//! In Python: `monkey.patch_all()`, then `gevent.spawn(requests.get, url)`, 200 times. With `--url URL` from elsewhere, with
//! `--json` for programs. A time-out in ureq would have it look names up on a thread of its own: see the docs of `osier_monkey`.
#![expect(clippy::disallowed_methods, reason = "the server is plain std")]

use std::net::TcpListener;

use osier_monkey as _;

const TASKS: usize = 200;

/// Knows nothing of green threads.
mod server {
    use std::io::{BufRead, BufReader, Result, Write};
    use std::net::TcpStream;
    use std::thread::sleep;
    use std::time::Duration;

    pub(crate) fn answer(mut stream: TcpStream) -> Result<()> {
        for line in BufReader::new(stream.try_clone()?).lines() {
            if line?.is_empty() {
                break; // the end of the request's head
            }
        }
        sleep(Duration::from_millis(100));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ngreen")
    }
}

/// The same.
mod client {
    use ureq::Agent;

    pub(crate) fn get(url: &str, is_ours: bool) -> Result<usize, ureq::Error> {
        let mut config = Agent::config_builder();
        if is_ours {
            config = config.proxy(None);
        }
        let mut response = Agent::from(config.build()).get(url).call()?;
        Ok(response.body_mut().read_to_vec()?.len())
    }
}

/// Starts the server; its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("it is bound");
    let accept = move || {
        while let Ok((stream, _)) = listener.accept() {
            osier::spawn(|| server::answer(stream));
        }
    };
    osier::Builder::new().daemon(true).spawn(accept).expect("a stack");
    format!("http://{addr}/")
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = arguments.iter().skip_while(|word| *word != "--url").nth(1).cloned();
    osier::run(|| {
        let is_ours = url.is_none();
        let url = url.unwrap_or_else(serve);
        let began = osier::clock::now();
        let get = || client::get(&url, is_ours).is_ok();
        let all = osier::scope(|scope| {
            let tasks: Vec<_> = (0..TASKS).map(|_| scope.spawn(get)).collect();
            tasks.into_iter().map(|task| task.join().unwrap_or(false)).collect::<Vec<_>>()
        });
        let failed = all.iter().filter(|is_fine| !**is_fine).count();
        let seconds = (osier::clock::now() - began).as_secs_f64();
        if arguments.iter().any(|word| word == "--json") {
            println!("{{\"tasks\":{TASKS},\"failed\":{failed},\"seconds\":{seconds:.3}}}");
        } else {
            println!("{TASKS} tasks, {failed} failed, in {seconds:.1}s");
        }
    });
}

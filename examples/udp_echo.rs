//! An echo server of UDP, and clients that do not wait for each other.
//!
//! In Python, `DatagramServer(':9000', handle).serve_forever()` of gevent, and `socket.socket(AF_INET, SOCK_DGRAM)`.
//! The server is one task; what takes it long it hands to a task of its own, as here the clients that are slow.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use osier::net::UdpSocket;

/// Answers each message in a task of its own, which may take its time.
fn serve(socket: Rc<UdpSocket>) -> io::Result<()> {
    let mut buf = [0; 1500];
    loop {
        let (n, from) = socket.recv_from(&mut buf)?;
        let (socket, message) = (Rc::clone(&socket), buf[..n].to_vec());
        osier::spawn(move || {
            if message.starts_with(b"slow") {
                osier::sleep(Duration::from_millis(30));
            }
            socket.send_to(&message, from)
        });
    }
}

/// Sends a message and waits for it to come back; UDP loses some, so nobody waits for ever.
fn ask(server: SocketAddr, message: &str) -> io::Result<String> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.send(message.as_bytes())?;
    let mut buf = [0; 1500];
    let n = socket.recv(&mut buf)?;
    let answer = String::from_utf8_lossy(&buf[..n]).into_owned();
    println!("{answer} is back");
    Ok(answer)
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let server = socket.local_addr()?;
        osier::Builder::new().daemon(true).spawn(move || serve(Rc::new(socket)))?;

        let messages = ["slow snail", "quick hare", "quick fox"];
        let clients = messages.map(|message| osier::spawn(move || ask(server, message)));
        let answers = osier::join_all(clients).into_iter().map(|answer| answer.expect("no panic"));
        let answers = answers.collect::<io::Result<Vec<_>>>()?;
        println!("in order: {answers:?}");
        Ok(())
    })
}

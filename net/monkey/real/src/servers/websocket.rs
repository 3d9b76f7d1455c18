//! What echoes a message by WebSocket, after a while.

use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use super::{Server, Trouble, slow};

/// Echoes messages, each after that long.
pub fn echo(wait: Duration) -> Result<Server, Trouble> {
    let addr = slow::each((Ipv4Addr::LOCALHOST, 0).into(), move |stream| {
        talk(stream, wait).map_err(io::Error::other)
    })?;
    Ok(Server { addr, daemon: None })
}

fn talk(stream: TcpStream, wait: Duration) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut socket = tungstenite::accept(stream).map_err(|error| error.to_string())?;
    loop {
        let message = socket.read()?;
        if message.is_text() {
            thread::sleep(wait);
            socket.send(message)?;
        }
    }
}

//! A message there and back by WebSocket.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use tungstenite::Message;

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (mut socket, _) = tungstenite::connect(format!("ws://{server}/"))?;
    socket.send(Message::text(format!("number {n}")))?;
    let answer = socket.read()?.into_text()?;
    socket.close(None)?;
    if answer.as_str() == format!("number {n}") { Ok(()) } else { Err(answer.as_str().into()) }
}

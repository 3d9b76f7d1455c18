//! A letter by lettre.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::{Message, SmtpTransport, Transport};

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let letter = Message::builder()
        .from("from@example.org".parse()?)
        .to("to@example.org".parse()?)
        .subject(format!("number {n}"))
        .body(format!("This is letter {n}."))?;
    let transport = SmtpTransport::builder_dangerous(server.ip().to_string())
        .port(server.port())
        .timeout(Some(Duration::from_secs(20)))
        .build();
    let answer = transport.send(&letter)?;
    let heard = answer.message().any(|line| line == format!("taken: number {n}"));
    if heard { Ok(()) } else { Err(format!("{answer:?}").into()) }
}

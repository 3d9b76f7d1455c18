//! Two processes that talk over a pipe, each in turn. By fork.
//!
//! In Python: `multiprocessing.Pipe`. The end of the talk is seen by the other side: nobody closes anything by hand.

use std::io;

use osier::process::pipe::{self, Connection};
use osier::process::{Builder, current};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
enum Line {
    Says { who: String, what: String },
    Leaves,
}

/// Answers whatever is said, until the other one leaves.
fn listen(line: Connection<Line>) {
    let me = current().name().to_string();
    while let Ok(Line::Says { who, what }) = line.recv() {
        let what = match what.as_str() {
            "hello" => format!("hello, {who}"),
            "how are you?" => "green, thank you".to_string(),
            other => format!("what is \"{other}\"?"),
        };
        line.send(&Line::Says { who: me.clone(), what }).expect("the other one listens");
    }
    println!("{me}: there is nobody left");
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let (near, far) = pipe::duplex()?;
        let bob = Builder::new().name("Bob").fork(move || listen(far))?;
        for what in ["hello", "how are you?", "a deadlock"] {
            println!("Alice: {what}");
            near.send(&Line::Says { who: "Alice".into(), what: what.into() })?;
            match near.recv().map_err(io::Error::from)? {
                Line::Says { who, what } => println!("{who}: {what}"),
                Line::Leaves => break,
            }
        }
        near.send(&Line::Leaves)?;
        bob.join();
        println!("poll: {}, then: {}", near.poll(None)?, near.recv().err().expect("the end"));
        Ok(())
    })
}

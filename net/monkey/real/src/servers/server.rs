//! A server that runs, or why there is none.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::Daemon;

/// Starts a server; where it can be told nothing, it takes that long for each answer.
pub type Serve = fn(Duration) -> Result<Server, Trouble>;

/// A server that runs, until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The process behind it; what we serve ourselves ends with our own.
    pub daemon: Option<Daemon>,
}

/// Why there is no server.
#[derive(Debug)]
pub enum Trouble {
    /// This is not installed.
    Needs(&'static str),
    /// It does not start.
    Failed(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Failed(error)
    }
}

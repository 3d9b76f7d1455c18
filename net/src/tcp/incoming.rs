//! Connections as an iterator.

use std::io;
use std::iter::FusedIterator;

use super::listener::TcpListener;
use super::stream::TcpStream;

/// Iterates over the connections of a listener.
///
/// Made by [`TcpListener::incoming`]; never ends, and each step waits for a connection.
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

/// Iterates over the connections of a listener that it owns.
///
/// Made by [`TcpListener::into_incoming`]; never ends, and each step waits for a connection.
#[derive(Debug)]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(listener: &'a TcpListener) -> Self {
        Incoming { listener }
    }
}

impl IntoIncoming {
    pub(super) fn new(listener: TcpListener) -> Self {
        IntoIncoming { listener }
    }
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl Iterator for IntoIncoming {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}
impl FusedIterator for IntoIncoming {}

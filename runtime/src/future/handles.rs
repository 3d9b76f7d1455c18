//! Joins, calls and results as futures, receivers as streams.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::channel;
use crate::group::AsyncResult;
use crate::handle::RemoteHandle;
use crate::spawn::JoinHandle;
use crate::task::JoinError;
use crate::thread::{CallError, Promise, Receiver};

/// The result is nowhere in the handle that could move.
impl<T> Unpin for JoinHandle<T> {}

/// Dropped before it is ready, it lets the task go on by itself.
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_join(cx)
    }
}

/// Dropped before it is ready, it lets the task go on by itself.
impl<T> Future for RemoteHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_join(cx)
    }
}

/// Dropped before it is ready, it lets the call go on by itself.
impl<T> Future for Promise<T> {
    type Output = Result<T, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_result(cx)
    }
}

/// Each clone waits for itself.
impl<T: Clone> Future for AsyncResult<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_get(cx)
    }
}

/// The values, until nothing is left and all senders have gone.
impl<T> Stream for channel::Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_recv(cx)
    }
}

/// The items, until there are none and no sender any more.
impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_recv(cx)
    }
}

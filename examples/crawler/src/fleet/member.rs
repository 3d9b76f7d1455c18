//! An owner as the desk sees it: its process, its inbox, and the tickets that it has.

use std::io;
use std::rc::Rc;

use osier::process::queue::Queue;
use osier::process::{ExitStatus, Process};

use super::Letter;

/// An owner, as the desk sees it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) process: Rc<Process>,
    pub(super) inbox: Queue<Letter>,
    /// Tickets that it has.
    pub(super) held: usize,
    /// Tickets that it has asked for.
    pub(super) wants: usize,
    /// Requests that it has made.
    pub(super) requests: u64,
    /// How it has ended before its time.
    pub(super) dead: Option<ExitStatus>,
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill(); // or it has ended
    }
}

impl Member {
    pub(super) fn new(process: Process, inbox: Queue<Letter>) -> Self {
        Member { process: Rc::new(process), inbox, held: 0, wants: 0, requests: 0, dead: None }
    }

    pub(super) fn write(&self, letter: Letter) {
        let _ = self.inbox.put(letter);
    }

    /// What others write to a dead one would fill their memory.
    pub(super) fn empty_inbox(&self) -> io::Result<()> {
        let inbox = self.inbox.clone();
        let empty = move || while inbox.get().is_ok() {};
        osier::Builder::new().daemon(true).spawn(empty).map(|_| ())
    }

    /// How it has died, if it has.
    pub(super) fn epitaph(&self) -> Option<String> {
        let status = self.dead?;
        Some(format!("process {} has died: {status}", self.process.name()))
    }
}

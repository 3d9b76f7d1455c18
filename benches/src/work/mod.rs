//! The works by name. Each file holds one, or a family that shares its shape.

mod delay;
mod depth;
mod echo;
mod fetch;
mod front;
mod greenlet;
mod http;
mod lap;
mod listen;
mod lock;
mod mem;
mod plock;
mod ppool;
mod processes;
mod pstart;
mod queues;
mod sleep;
mod spawn;
mod threads;
mod yields;

use crate::args::{Args, Key};
use crate::report::Report;

/// Something to measure.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
    /// The error is a sentence.
    pub(crate) run: fn(&Args) -> Result<Report, String>,
}

/// All of them; `load` has its own.
pub(crate) const WORKS: &[Work] = &[
    Work { name: "yield", keys: yields::KEYS, run: yields::run },
    Work { name: "greenlet", keys: greenlet::KEYS, run: greenlet::run },
    Work { name: "generator", keys: greenlet::GENERATOR_KEYS, run: greenlet::generate },
    Work { name: "spawn1", keys: spawn::ONE_KEYS, run: spawn::one },
    Work { name: "spawnall", keys: spawn::ALL_KEYS, run: spawn::all },
    Work { name: "mutex", keys: lock::FREE_KEYS, run: lock::free },
    Work { name: "mutexc", keys: lock::WANTED_KEYS, run: lock::wanted },
    Work { name: "plock", keys: plock::KEYS, run: plock::run },
    Work { name: "pingpong", keys: queues::PINGPONG_KEYS, run: queues::pingpong },
    Work { name: "stream", keys: queues::STREAM_KEYS, run: queues::stream },
    Work { name: "select", keys: queues::SELECT_KEYS, run: queues::from_several },
    Work { name: "threads", keys: threads::KEYS, run: threads::run },
    Work { name: "ppool", keys: ppool::KEYS, run: ppool::run },
    Work { name: "pqueue", keys: processes::QUEUE_KEYS, run: processes::queue },
    Work { name: "pstart", keys: pstart::KEYS, run: pstart::run },
    Work { name: "pipe", keys: processes::PIPE_KEYS, run: processes::pipe },
    Work { name: "front", keys: front::KEYS, run: front::run },
    Work { name: "sleep", keys: sleep::KEYS, run: sleep::run },
    Work { name: "mem", keys: mem::KEYS, run: mem::run },
    Work { name: "fetch", keys: fetch::KEYS, run: fetch::run },
    Work { name: "echo", keys: echo::KEYS, run: echo::run },
    Work { name: "http", keys: http::KEYS, run: http::run },
    Work { name: "delay", keys: delay::KEYS, run: delay::run },
];

//! The life of a child, from its first step to its last.

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use osier_runtime::run;

use super::exit::{arm, call_hooks, finish, say};
use super::identity::Identity;
use super::parent::Origin;
use crate::log;
use crate::sys::fork::exit_now;

/// Code of a child that could not begin, or panicked.
const FAILED: i32 = 1;

/// Becomes the child, and lives its life.
pub(super) fn live(me: Identity, origin: Origin, body: impl FnOnce() -> i32) -> Infallible {
    let daemon = me.daemon;
    log::begin(&me.name);
    me.assume();
    arm();
    if let Err(error) = origin.settle(daemon) {
        give_up(&error);
    }
    let whole = || {
        let code = body();
        call_hooks();
        code
    };
    let code = catch_unwind(AssertUnwindSafe(|| run(whole))).unwrap_or_else(|payload| {
        say(format_args!("{}", message(&*payload)));
        std::mem::forget(payload); // its destructor may panic as well
        FAILED
    });
    finish();
    exit_now(code)
}

/// Ends a child that cannot begin.
pub(super) fn give_up(why: &io::Error) -> ! {
    say(format_args!("it cannot begin: {why}"));
    exit_now(FAILED)
}

/// What a panic says.
fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return text;
    }
    payload.downcast_ref::<String>().map_or("it panicked, with something that is no text", |s| s)
}

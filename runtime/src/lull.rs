//! Waiting for the other tasks: until they have nothing to do, or until they have ended.

use std::time::Duration;

use crate::cancel::deliver;
use crate::clock;
use crate::hub::{expect_hub, hub};
use crate::park::park;
use crate::task::{Reason, Wake};

/// Suspends the task until no other has anything to do.
///
/// That is: none is ready, no descriptor has news, no timer is due. For work that can be put off.
/// Several that wait for it go on one by one, in their order. Does nothing outside of a task, or in one
/// that unwinds.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// osier::run(|| {
///     let busy = osier::spawn(|| (0..100).for_each(|_| osier::yield_now()));
///     osier::idle();
///     assert!(busy.is_finished());
/// });
/// ```
pub fn idle() {
    let me = hub(|hub| hub.and_then(|hub| hub.current().map(|me| hub.ticket(&me))));
    let Some(me) = me.filter(|_| !std::thread::panicking()) else { return };
    expect_hub("a wait", |hub| hub.lull.add_idler(me));
    let undo = || expect_hub("a wait", |hub| hub.lull.remove_idler(me));
    deliver(park(Reason::new("waiting for a lull"), None, undo));
}

/// Waits until every other task that is no daemon has ended, and tells whether they have.
///
/// For the main task, which can do so as often as it likes. No limit (`None`) waits as long as it
/// takes.
///
/// # Panics
/// In any other task, as two that wait for each other would never end; and outside of
/// [`run`](crate::run).
///
/// # Blocking
/// Switches tasks, unless all have ended already.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     osier::spawn(|| osier::sleep(Duration::from_millis(5)));
///     assert!(!osier::join_rest(Duration::ZERO));
///     assert!(osier::join_rest(None));
/// });
/// ```
pub fn join_rest(limit: impl Into<Option<Duration>>) -> bool {
    let is_main = expect_hub("the other tasks were waited for", |hub| hub.is_main());
    assert!(is_main, "join_rest is for the main task: others would wait for it, and it for them");
    let deadline = limit.into().and_then(clock::deadline);
    loop {
        let rest = expect_hub("a wait", |hub| {
            let rest = !hub.has_one_left();
            hub.lull.set_main(hub.current().filter(|_| rest).map(|me| hub.ticket(&me)));
            rest
        });
        if !rest {
            return true;
        }
        let undo = || expect_hub("a wait", |hub| hub.lull.set_main(None));
        let reason = Reason::new("waiting for all other tasks");
        match deliver(park(reason, deadline, undo)) {
            Wake::Woken => {}
            Wake::TimedOut | Wake::Killed | Wake::Refused => return false,
        }
    }
}

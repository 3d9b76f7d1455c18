//! Telling a task that unwinds because it was stopped from one that panicked.
//!
//! To std both are panics, and `thread::panicking` is true in both. A lock is to be poisoned by a panic only, so the
//! payloads of kills and time-outs carry a [`Purpose`], from their delivery until they are dropped: as long as it is
//! there, the task is being stopped. One that was caught and kept, rather than dropped, still counts.

use std::cell::RefCell;

use super::TaskId;

thread_local! {
    /// Tasks that are being stopped. One unwinds at a time, others have caught it: seldom more than a few.
    static STOPPED: RefCell<Vec<TaskId>> = const { RefCell::new(Vec::new()) };
}

/// Part of what a task is unwound with; says so while it is there.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Purpose(TaskId);

impl Purpose {
    pub(crate) fn stop(task: TaskId) -> Purpose {
        STOPPED.with_borrow_mut(|stopped| stopped.push(task));
        Purpose(task)
    }

    /// Whose purpose it is.
    pub(crate) fn task(&self) -> TaskId {
        self.0
    }
}

impl Drop for Purpose {
    fn drop(&mut self) {
        // On another thread, or at its end, there is nothing to be found: then it counts on.
        let _ = STOPPED.try_with(|stopped| {
            let mut stopped = stopped.borrow_mut();
            if let Some(at) = stopped.iter().rposition(|task| *task == self.0) {
                stopped.swap_remove(at);
            }
        });
    }
}

/// Whether a task that unwinds does so because it was stopped.
pub(crate) fn is_stopped(task: TaskId) -> bool {
    STOPPED.with_borrow(|stopped| stopped.contains(&task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_delivery_to_drop() {
        let [one, other] = [1, 2].map(|count| TaskId::new(1, count));
        let purposes = [one, other, one].map(Purpose::stop);
        assert!(is_stopped(one) && is_stopped(other));
        let [first, second, third] = purposes;
        drop((first, second));
        assert!(is_stopped(one) && !is_stopped(other));
        drop(third);
        assert!(!is_stopped(one));
    }
}

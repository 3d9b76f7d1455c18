//! A queue that one task reads and any task of its thread fills.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

use osier::{Reason, Unparker};

/// Letters from many tasks to one.
///
/// ```
/// use std::rc::Rc;
/// use crawler::mailbox::Mailbox;
///
/// osier::run(|| {
///     let mailbox = Rc::new(Mailbox::new());
///     let writer = Rc::clone(&mailbox);
///     osier::spawn(move || writer.put("hello"));
///     assert_eq!(mailbox.take(None), Some("hello"));
/// });
/// ```
#[derive(Debug)]
pub struct Mailbox<T> {
    /// Letters not yet taken, oldest first.
    letters: RefCell<VecDeque<T>>,
    /// Wakes the task that waits for a letter; `None` when nobody waits.
    reader: RefCell<Option<Unparker>>,
}

impl<T> Mailbox<T> {
    /// Makes an empty one.
    pub fn new() -> Self {
        Mailbox { letters: RefCell::default(), reader: RefCell::default() }
    }

    /// Adds a letter and wakes the reader.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn put(&self, letter: T) {
        self.letters.borrow_mut().push_back(letter);
        if let Some(reader) = self.reader.take() {
            reader.unpark();
        }
    }

    /// Takes the oldest letter, waiting for one until the deadline.
    ///
    /// # Blocking
    ///
    /// Switches tasks when there is no letter yet.
    pub fn take(&self, deadline: Option<Instant>) -> Option<T> {
        let letter = self.letters.borrow_mut().pop_front();
        if letter.is_some() {
            return letter;
        }
        self.reader.replace(Some(Unparker::current()));
        let forget_me = || _ = self.reader.take();
        let wake = osier::park(Reason::new("waiting for a letter"), deadline, forget_me);
        // A task that is to be killed unwinds here, with the mailbox in order.
        osier::deliver(wake);
        self.letters.borrow_mut().pop_front()
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use osier::clock;

    use super::*;

    #[test]
    fn letters_keep_their_order() {
        osier::run(|| {
            let mailbox = Rc::new(Mailbox::new());
            mailbox.put(1);
            let writer = Rc::clone(&mailbox);
            osier::spawn(move || [2, 3].into_iter().for_each(|letter| writer.put(letter)));
            assert_eq!([(); 3].map(|()| mailbox.take(None)), [Some(1), Some(2), Some(3)]);
        });
    }

    #[test]
    fn a_deadline_ends_the_wait_and_the_mailbox_is_as_before() {
        osier::run(|| {
            let mailbox = Rc::new(Mailbox::new());
            assert_eq!(mailbox.take(Some(clock::now() + Duration::from_millis(1))), None);
            assert!(mailbox.reader.borrow().is_none());
            let writer = Rc::clone(&mailbox);
            osier::spawn(move || writer.put("late"));
            assert_eq!(mailbox.take(None), Some("late"));
        });
    }

    #[test]
    fn a_reader_that_is_killed_leaves_the_letters() {
        osier::run(|| {
            let mailbox = Rc::new(Mailbox::new());
            let its = Rc::clone(&mailbox);
            let reader = osier::spawn(move || its.take(None));
            osier::yield_now();
            reader.kill();
            assert!(reader.join().is_err());
            mailbox.put("still there");
            assert_eq!(mailbox.take(None), Some("still there"));
        });
    }
}

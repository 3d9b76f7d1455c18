//! How a page's task answers the crawl.

use std::rc::Rc;
use std::time::Duration;

use crate::fetch::{Answer, Outcome};
use crate::frontier::PageId;
use crate::mailbox::Mailbox;

/// What the crawl waits for.
#[derive(Debug)]
pub enum Event {
    /// A page's task is done.
    Answered(PageId, Answer),
    /// The user wants it to end.
    Interrupted,
}

impl From<(PageId, Answer)> for Event {
    fn from((page, answer): (PageId, Answer)) -> Self {
        Event::Answered(page, answer)
    }
}

/// Owes the crawl an answer for one page, and sends it in any case.
///
/// Should the page's task panic, its reply is dropped as it unwinds, and says so: the crawl neither
/// ends nor waits for ever because of one page.
#[derive(Debug)]
pub struct Reply<E: From<(PageId, Answer)>> {
    /// Where it goes.
    mailbox: Rc<Mailbox<E>>,
    /// The page that was fetched.
    page: PageId,
    /// What came of it; `None` until it is known.
    answer: Option<Answer>,
}

impl<E: From<(PageId, Answer)>> Reply<E> {
    /// For a page whose task is about to start.
    pub fn new(mailbox: &Rc<Mailbox<E>>, page: PageId) -> Self {
        Reply { mailbox: Rc::clone(mailbox), page, answer: None }
    }

    /// Sends the answer.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn send(mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl<E: From<(PageId, Answer)>> Drop for Reply<E> {
    fn drop(&mut self) {
        let answer = self.answer.take().unwrap_or_else(|| Answer {
            status: None,
            bytes: 0,
            time: Duration::ZERO,
            outcome: Outcome::Failed("the crawler panicked over it".into()),
        });
        self.mailbox.put((self.page, answer).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        osier::run(|| {
            let mailbox = Rc::new(Mailbox::<Event>::new());
            let page = PageId::default();
            let reply = Reply::new(&mailbox, page);
            let task = osier::spawn(move || {
                let _reply = reply;
                std::panic::resume_unwind(Box::new("oh"));
            });
            let Some(Event::Answered(id, answer)) = mailbox.take(None) else { panic!("no answer") };
            assert_eq!(id, page);
            assert!(
                matches!(answer.outcome, Outcome::Failed(reason) if reason.contains("panicked"))
            );
            assert!(task.join().is_err_and(|error| error.is_panic()));
        });
    }
}

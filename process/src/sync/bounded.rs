//! A semaphore that finds out who gives back more than there was.

use std::fmt;
use std::io;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{Semaphore, TooMany};

/// A [`Semaphore`] that never has more permits than at first.
///
/// All the rest is as there: it dereferences to one.
///
/// ```
/// use osier::process::sync::BoundedSemaphore;
///
/// let semaphore = BoundedSemaphore::new(2)?;
/// semaphore.acquire().unwrap().forget();
/// semaphore.release().unwrap();
/// assert!(semaphore.release().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// One with so many permits, and never more.
    ///
    /// # Errors
    /// As [`Semaphore::new`], and if there are to be none.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(permits: usize) -> io::Result<BoundedSemaphore> {
        if permits == 0 {
            let text = "a bounded semaphore without permits would never have any";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Semaphore::with_room(permits, permits).map(BoundedSemaphore)
    }

    /// Makes a permit in the place of one that was [forgotten](super::Permit::forget).
    ///
    /// # Errors
    /// When there is none: it is a mistake to give back what was not had.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn release(&self) -> Result<(), TooMany> {
        self.0.release()
    }
}

impl Deref for BoundedSemaphore {
    type Target = Semaphore;

    fn deref(&self) -> &Semaphore {
        &self.0
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundedSemaphore").field(&self.0).finish()
    }
}

//! Descriptors within values.
//!
//! A descriptor has no bytes that mean anything in another process. While a value is encoded here, the descriptors in it
//! are laid aside and numbered; the numbers are what is encoded. Anywhere else their encoding is an error.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::LocalKey;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

thread_local! {
    /// What was wrong with a descriptor, until somebody reports it.
    static WHY: Cell<Option<&'static str>> = const { Cell::new(None) };
    /// What was laid aside for the value that is encoded at present.
    static OUT: RefCell<Option<Vec<OwnedFd>>> = const { RefCell::new(None) };
    /// Whether what is encoded is for a process that is being started.
    static STARTS: Cell<bool> = const { Cell::new(false) };
    /// What came with the value that is decoded at present.
    static IN: RefCell<Option<Vec<Option<OwnedFd>>>> = const { RefCell::new(None) };
}

const MISSING: &str = "a descriptor was expected, and the other side has sent none";
const REFUSED: &str = "a descriptor in it cannot be duplicated: there are too many open files";
const INHERITED: &str =
    "what processes share goes to a process when that is started, and no other way";
const STORED: &str = "a descriptor can only be sent to another process, not stored";

/// Keeps what is wrong, as postcard's errors have no text.
fn note(what: &'static str) -> &'static str {
    WHY.set(Some(what));
    what
}

/// What was wrong with a descriptor, or else what the error itself says.
pub(super) fn reason(error: &postcard::Error) -> String {
    WHY.take().map_or_else(|| error.to_string(), str::to_string)
}

/// Encodes, with descriptors laid aside.
pub(super) fn attach<R>(encode: impl FnOnce() -> R) -> (R, Vec<OwnedFd>) {
    let restore = Restore(&OUT, OUT.replace(Some(Vec::new())));
    let result = encode();
    let descriptors = OUT.take().unwrap_or_default();
    drop(restore);
    (result, descriptors)
}

/// Encodes something for a process that is being started.
pub(crate) fn for_a_start<R>(encode: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            STARTS.set(self.0);
        }
    }
    let _end = End(STARTS.replace(true));
    encode()
}

/// Part of a value that goes to a process when that is started, and no other way.
pub(crate) struct Inherited<T>(pub(crate) T);

impl<T: AsFd> Serialize for Inherited<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !STARTS.get() {
            return Err(S::Error::custom(note(INHERITED)));
        }
        Passed(self.0.as_fd()).serialize(serializer)
    }
}

/// Decodes, with these descriptors at hand; how many were not used.
pub(super) fn detach<R>(with: Vec<OwnedFd>, decode: impl FnOnce() -> R) -> (R, usize) {
    let restore = Restore(&IN, IN.replace(Some(with.into_iter().map(Some).collect())));
    let result = decode();
    let left = IN.take().unwrap_or_default().iter().flatten().count();
    drop(restore);
    (result, left)
}

/// Puts back what was there before, after a panic as well.
struct Restore<T: 'static>(&'static LocalKey<RefCell<Option<T>>>, Option<T>);

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.replace(self.1.take());
    }
}

/// A descriptor's owner (a socket, a file, a pipe) as part of a value that is sent.
///
/// What is sent is a duplicate; the sender keeps its own until it drops it.
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use osier::process::{Passed, pipe};
///
/// let (near, far) = pipe::duplex::<Passed<UnixStream>>()?;
/// let (mut ours, theirs) = UnixStream::pair()?;
/// near.send(&Passed(theirs)).unwrap();
/// let mut received = far.recv().unwrap().0;
/// received.write_all(b"hello")?;
/// let mut text = [0; 5];
/// ours.read_exact(&mut text)?;
/// assert_eq!(&text, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Passed<T>(pub T);

impl<T: AsFd> Serialize for Passed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let copy = self.0.as_fd().try_clone_to_owned();
        let copy = copy.map_err(|_| S::Error::custom(note(REFUSED)))?;
        let number = OUT.with_borrow_mut(|out| {
            let out = out.as_mut()?;
            out.push(copy);
            u32::try_from(out.len() - 1).ok()
        });
        let number = number.ok_or_else(|| S::Error::custom(note(STORED)))?;
        serializer.serialize_u32(number)
    }
}

impl<'de, T: From<OwnedFd>> Deserialize<'de> for Passed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)? as usize;
        let descriptor = IN.with_borrow_mut(|all| all.as_mut()?.get_mut(number)?.take());
        let descriptor = descriptor.ok_or_else(|| D::Error::custom(note(MISSING)))?;
        Ok(Passed(T::from(descriptor)))
    }
}

//! A value as bytes and descriptors.

use std::cell::Cell;
use std::os::fd::OwnedFd;

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::passed::{attach, detach, reason};
use super::{RecvError, SendError};

/// Bytes that most values have room in.
const USUAL: usize = 120;

/// Bytes that are kept for the next value.
const MOST_KEPT: usize = 256 << 10;

thread_local! {
    /// Where the last value was encoded, if it was sent at once.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is encoded goes behind what is there.
struct Behind(Vec<u8>);

impl Flavor for Behind {
    type Output = Vec<u8>;

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// A value on its way: its bytes (postcard's), and the descriptors within it.
///
/// ```
/// use osier::process::Parcel;
///
/// let parcel = Parcel::pack(&("green", 7_u32))?;
/// assert_eq!(parcel.unpack::<(String, u32)>().unwrap(), ("green".to_string(), 7));
/// # Ok::<(), osier::process::SendError>(())
/// ```
#[derive(Debug, Default)]
pub struct Parcel {
    /// The value, without its descriptors.
    pub bytes: Vec<u8>,
    /// The descriptors, in the order in which the bytes speak of them.
    pub descriptors: Vec<OwnedFd>,
}

impl Parcel {
    /// Encodes a value.
    ///
    /// # Errors
    /// [`SendError::Encode`] when its `Serialize` refuses, or a descriptor in it cannot be duplicated.
    ///
    /// # Blocking
    /// Never switches tasks, unless the value's own `Serialize` does.
    pub fn pack<T: Serialize + ?Sized>(value: &T) -> Result<Parcel, SendError> {
        let (bytes, descriptors) = attach(|| postcard::to_stdvec(value));
        match bytes {
            Ok(bytes) => Ok(Parcel { bytes, descriptors }),
            Err(error) => Err(SendError::Encode(reason(&error))),
        }
    }

    /// Encodes a value behind bytes of another's.
    pub(crate) fn pack_behind<T: Serialize + ?Sized>(
        first: &[u8],
        value: &T,
    ) -> Result<Parcel, SendError> {
        let mut bytes = SCRATCH.take();
        bytes.reserve(first.len() + USUAL);
        bytes.extend_from_slice(first);
        let (bytes, descriptors) = attach(|| postcard::serialize_with_flavor(value, Behind(bytes)));
        match bytes {
            Ok(bytes) => Ok(Parcel { bytes, descriptors }),
            Err(error) => Err(SendError::Encode(reason(&error))),
        }
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// [`RecvError::Decode`] when these are not the bytes of such a value, or there are more, or not its descriptors.
    ///
    /// # Blocking
    /// Never switches tasks, unless the value's own `Deserialize` does.
    pub fn unpack<T: DeserializeOwned>(self) -> Result<T, RecvError> {
        decode(&self.bytes, self.descriptors)
    }

    /// Lets the next value be encoded where this one was.
    pub(crate) fn recycle(self) {
        if (1..=MOST_KEPT).contains(&self.bytes.capacity()) {
            let mut bytes = self.bytes;
            bytes.clear();
            let _ = SCRATCH.try_with(|place| place.set(bytes));
        }
    }
}

/// Decodes a value from its bytes and descriptors.
pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    descriptors: Vec<OwnedFd>,
) -> Result<T, RecvError> {
    let (value, unused) = detach(descriptors, || postcard::take_from_bytes(bytes));
    match value {
        Ok((_, rest)) if !rest.is_empty() => {
            Err(RecvError::Decode(format!("{} bytes are left over", rest.len())))
        }
        Ok(_) if unused > 0 => {
            Err(RecvError::Decode(format!("{unused} descriptors are left over")))
        }
        Ok((value, _)) => Ok(value),
        Err(error) => Err(RecvError::Decode(reason(&error))),
    }
}

//! What is too large for a message: a file in memory that nobody can change any more.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

use super::RecvError;

/// What keeps the sender from changing what the receiver reads.
const SEALS: SealFlags =
    SealFlags::SEAL.union(SealFlags::SHRINK).union(SealFlags::GROW).union(SealFlags::WRITE);

/// Writes the bytes to such a file.
///
/// # Errors
///
/// When there are no descriptors or no memory left.
pub(super) fn seal(bytes: &[u8]) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create(c"osier-message", flags)?);
    file.write_all(bytes)?;
    fcntl_add_seals(&file, SEALS)?;
    Ok(file.into())
}

/// Such a file that is read in parts, and descriptors that came with it.
pub(crate) struct Sheet {
    file: File,
    length: u64,
    /// The most bytes that are read at once.
    most: usize,
    descriptors: Vec<OwnedFd>,
}

impl Sheet {
    /// # Errors
    ///
    /// When it is no such file, or has another length.
    pub(super) fn new(
        file: OwnedFd,
        length: u64,
        most: usize,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Sheet, RecvError> {
        let file = check(file, length)?;
        Ok(Sheet { file, length, most, descriptors })
    }

    /// Its bytes.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Fills `bytes` from that place on.
    ///
    /// # Errors
    ///
    /// When there are not as many.
    pub(crate) fn fill(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, at)
    }

    /// So many bytes, from that place on.
    ///
    /// # Errors
    ///
    /// When there are not as many, or they are more than are taken, or there is no memory for them.
    pub(crate) fn read(&self, at: u64, length: u64) -> Result<Vec<u8>, RecvError> {
        let (length, mut bytes) = room(length, self.most)?;
        bytes.resize(length, 0);
        self.fill(&mut bytes, at)?;
        Ok(bytes)
    }

    /// So many descriptors, from that one on.
    pub(crate) fn descriptors(self, first: usize, count: usize) -> Vec<OwnedFd> {
        self.descriptors.into_iter().skip(first).take(count).collect()
    }
}

/// Room for so many bytes, if that is no more than is taken.
fn room(length: u64, most: usize) -> Result<(usize, Vec<u8>), RecvError> {
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= most) else {
        return Err(RecvError::TooLong(length));
    };
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(length).is_err() {
        let text = format!("a message of {length} bytes is lost: there is no memory for it");
        return Err(RecvError::Io(io::Error::new(io::ErrorKind::OutOfMemory, text)));
    }
    Ok((length, bytes))
}

/// Whether it is such a file, and has that length.
fn check(file: OwnedFd, length: u64) -> Result<File, RecvError> {
    let refuse = |why: &str| Err(RecvError::Decode(why.to_string()));
    match fcntl_get_seals(&file) {
        Ok(seals) if seals.contains(SEALS) => {}
        Ok(_) => return refuse("a file in place of a message is not sealed"),
        Err(_) => return refuse("a descriptor in place of a message is no file in memory"),
    }
    let file = File::from(file);
    if file.metadata()?.len() != length {
        return refuse("a file in place of a message has another length than was said");
    }
    Ok(file)
}

/// Reads such a file, which is to have that length.
///
/// # Errors
///
/// When it is no such file, or has another length: nothing is read then.
pub(super) fn unseal(file: OwnedFd, length: u64, most: usize) -> Result<Vec<u8>, RecvError> {
    let mut file = check(file, length)?;
    let (_, mut bytes) = room(length, most)?;
    // Its position is the sender's as well, which has left it at the end.
    io::Seek::rewind(&mut file)?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

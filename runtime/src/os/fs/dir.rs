//! Folders.

use std::fmt;
use std::fs::{self, DirEntry};
use std::io;
use std::mem;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::vec;

use super::call::call;

/// How many entries are fetched at once.
const BATCH: usize = 256;

/// Makes a folder, as [`std::fs::create_dir`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    DirBuilder::new().create(path)
}

/// Makes a folder and those that it lies in, as [`std::fs::create_dir_all`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// How a folder is made, as [`std::fs::DirBuilder`].
///
/// ```
/// use osier::fs::DirBuilder;
///
/// let path = std::env::temp_dir().join(format!("osier-doc-dir-{}", std::process::id()));
/// osier::run(|| {
///     DirBuilder::new().recursive(true).mode(0o700).create(path.join("inner"))?;
///     osier::fs::remove_dir_all(&path)
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct DirBuilder {
    recursive: bool,
    mode: u32,
}

impl Default for DirBuilder {
    fn default() -> DirBuilder {
        DirBuilder::new()
    }
}

impl DirBuilder {
    /// One folder, for everybody as far as the process' umask lets them.
    #[must_use]
    pub fn new() -> DirBuilder {
        DirBuilder { recursive: false, mode: 0o777 }
    }

    /// Whether those that it lies in are made as well, and one that is there is no error.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.recursive = recursive;
        self
    }

    /// Who may do what with it, less the process' umask.
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.mode = mode;
        self
    }

    /// Makes it.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(self.recursive).mode(self.mode);
        call(move || builder.create(path))
    }
}

/// What a folder holds, as [`std::fs::read_dir`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks, and so does each step of the iterator when it has to fetch more.
///
/// ```
/// osier::run(|| {
///     let names: std::io::Result<Vec<_>> = osier::fs::read_dir("/proc/self")?
///         .map(|entry| Ok(entry?.file_name()))
///         .collect();
///     assert!(names?.iter().any(|name| name == "status"));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let (rest, fetched) = call(move || fs::read_dir(path).map(fetch))?;
    Ok(ReadDir { fetched: fetched.into_iter(), rest })
}

/// The entries of a folder, fetched some at a time.
///
/// What they tell of themselves beyond their names is asked of the system right there; on a slow file
/// system ask [`symlink_metadata`](super::symlink_metadata) with their paths.
pub struct ReadDir {
    /// What was fetched and not looked at yet.
    fetched: vec::IntoIter<io::Result<DirEntry>>,
    rest: Rest,
}

/// What was not fetched yet.
enum Rest {
    /// Where there may be more.
    More(fs::ReadDir),
    /// Nothing.
    Done,
    /// It went with a call whose task did not wait for it.
    Lost,
}

/// The next entries, and where there may be more.
fn fetch(mut from: fs::ReadDir) -> (Rest, Vec<io::Result<DirEntry>>) {
    let fetched: Vec<_> = from.by_ref().take(BATCH).collect();
    (if fetched.len() == BATCH { Rest::More(from) } else { Rest::Done }, fetched)
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        if let Some(entry) = self.fetched.next() {
            return Some(entry);
        }
        match mem::replace(&mut self.rest, Rest::Lost) {
            Rest::More(rest) => {
                let (rest, fetched) = call(move || fetch(rest));
                (self.rest, self.fetched) = (rest, fetched.into_iter());
                self.fetched.next()
            }
            Rest::Done => {
                self.rest = Rest::Done;
                None
            }
            Rest::Lost => {
                self.rest = Rest::Done;
                Some(Err(io::Error::other(
                    "the rest of the folder went with a wait that was cut short",
                )))
            }
        }
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").field("fetched", &self.fetched.len()).finish_non_exhaustive()
    }
}

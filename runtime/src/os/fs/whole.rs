//! A path, and what is done with it in one go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::call::call;
use super::{Metadata, Permissions};

/// Makes a call that is given a path of its own.
fn at<P, T>(path: P, f: impl FnOnce(&Path) -> T + Send + 'static) -> T
where
    P: AsRef<Path>,
    T: Send + 'static,
{
    let path = path.as_ref().to_owned();
    call(move || f(&path))
}

/// As `at`, for two paths.
fn between<P, Q, T>(from: P, to: Q, f: impl FnOnce(&Path, &Path) -> T + Send + 'static) -> T
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
    T: Send + 'static,
{
    let to = to.as_ref().to_owned();
    at(from, move |from| f(from, &to))
}

/// Reads all of a file, as [`std::fs::read`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// osier::run(|| {
///     let version = osier::fs::read("/proc/version")?;
///     assert!(version.starts_with(b"Linux"));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    at(path, |path| fs::read(path))
}

/// Reads all of a file as text, as [`std::fs::read_to_string`].
///
/// # Errors
/// The system's; [`InvalidData`](io::ErrorKind::InvalidData) where it is not UTF-8.
///
/// # Blocking
/// Switches tasks.
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    at(path, |path| fs::read_to_string(path))
}

/// Makes that the contents of a file, as [`std::fs::write`].
///
/// The contents are copied for the thread that writes them.
///
/// # Errors
/// The system's; some of it may have been written then.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// let path = std::env::temp_dir().join(format!("osier-doc-write-{}", std::process::id()));
/// osier::run(|| {
///     osier::fs::write(&path, "hello")?;
///     assert_eq!(osier::fs::read_to_string(&path)?, "hello");
///     osier::fs::remove_file(&path)
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_vec();
    at(path, move |path| fs::write(path, contents))
}

/// Copies a file and its permissions, as [`std::fs::copy`]; how many bytes.
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    between(from, to, |from, to| fs::copy(from, to))
}

/// Renames, and replaces what has that name, as [`std::fs::rename`].
///
/// # Errors
/// The system's, such as for another file system.
///
/// # Blocking
/// Switches tasks.
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    between(from, to, |from, to| fs::rename(from, to))
}

/// Gives a file another name besides, as [`std::fs::hard_link`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    between(original, link, |original, link| fs::hard_link(original, link))
}

/// Makes a symbolic link, as [`std::os::unix::fs::symlink`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    between(original, link, |original, link| std::os::unix::fs::symlink(original, link))
}

/// Tells what a symbolic link says, as [`std::fs::read_link`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    at(path, |path| fs::read_link(path))
}

/// The path without links and dots, as [`std::fs::canonicalize`].
///
/// # Errors
/// The system's, such as for what does not exist.
///
/// # Blocking
/// Switches tasks.
pub fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    at(path, |path| fs::canonicalize(path))
}

/// Whether there is something, as [`std::fs::exists`].
///
/// # Errors
/// The system's, where it cannot tell.
///
/// # Blocking
/// Switches tasks.
pub fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
    at(path, |path| fs::exists(path))
}

/// Size, kind, times and so on of what a path leads to, as [`std::fs::metadata`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    at(path, |path| fs::metadata(path))
}

/// The same of a symbolic link itself, as [`std::fs::symlink_metadata`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    at(path, |path| fs::symlink_metadata(path))
}

/// Changes who may do what, as [`std::fs::set_permissions`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    at(path, move |path| fs::set_permissions(path, permissions))
}

/// Removes a file, as [`std::fs::remove_file`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    at(path, |path| fs::remove_file(path))
}

/// Removes an empty folder, as [`std::fs::remove_dir`].
///
/// # Errors
/// The system's.
///
/// # Blocking
/// Switches tasks.
pub fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    at(path, |path| fs::remove_dir(path))
}

/// Removes a folder with all that is in it, as [`std::fs::remove_dir_all`].
///
/// # Errors
/// The system's; some of it may be gone then.
///
/// # Blocking
/// Switches tasks.
pub fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    at(path, |path| fs::remove_dir_all(path))
}

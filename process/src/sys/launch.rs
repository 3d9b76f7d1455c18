//! Starting this program anew, with one descriptor.

use std::ffi::{CString, OsString, c_char, c_int};
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::ptr;

use rustix::process::Pid;

use super::entry;

/// The program itself, also when its file has been replaced or removed.
const PROGRAM: &std::ffi::CStr = c"/proc/self/exe";

/// Starts this program anew, with this process' arguments and environment and that descriptor.
///
/// In the new process it is [`entry::BOOT`], and the only one beyond the first three.
///
/// # Errors
///
/// As `posix_spawn(3)`.
pub(crate) fn launch(boot: BorrowedFd<'_>) -> io::Result<Pid> {
    let arguments = strings(std::env::args_os())?;
    let marked = OsString::from(format!("{}={}", entry::MARK, std::process::id()));
    let environment = strings(
        std::env::vars_os()
            .map(|(mut name, value)| {
                name.push("=");
                name.push(value);
                name
            })
            .chain([marked]),
    )?;
    let actions = Actions::new(boot)?;
    let (arguments, environment) = (pointers(&arguments), pointers(&environment));
    let mut pid = 0;
    // SAFETY: both lists end in null and, as the strings that they point to, outlive the call.
    let refused = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            PROGRAM.as_ptr(),
            &raw const actions.0,
            ptr::null(),
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    };
    check(refused)?;
    Ok(Pid::from_raw(pid).expect("a child has a number"))
}

fn strings(from: impl Iterator<Item = OsString>) -> io::Result<Vec<CString>> {
    from.map(|text| CString::new(text.into_vec()).map_err(io::Error::other)).collect()
}

fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// What the new process does with its descriptors before it begins.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(boot: BorrowedFd<'_>) -> io::Result<Actions> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: it initialises what it is given.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: it has.
        let mut actions = Actions(unsafe { actions.assume_init() });
        // SAFETY: it was initialised. The same number twice means: not to be closed.
        check(unsafe {
            libc::posix_spawn_file_actions_adddup2(
                &raw mut actions.0,
                boot.as_raw_fd(),
                entry::BOOT,
            )
        })?;
        actions.close_from(entry::BOOT + 1)?;
        Ok(actions)
    }

    /// Closes whatever others have left open across an exec; where libc cannot, it stays open.
    fn close_from(&mut self, first: c_int) -> io::Result<()> {
        type CloseFrom =
            unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, c_int) -> c_int;
        let name = c"posix_spawn_file_actions_addclosefrom_np"; // glibc 2.34
        // SAFETY: a name that ends in null.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        if found.is_null() {
            return Ok(());
        }
        // SAFETY: the function of that name has that signature.
        let close_from = unsafe { mem::transmute::<*mut libc::c_void, CloseFrom>(found) };
        // SAFETY: it was initialised.
        check(unsafe { close_from(&raw mut self.0, first) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: it was initialised, and is used no more.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

fn check(error: c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

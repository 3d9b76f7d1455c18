//! What is said where std's output may be what everybody waits for: by a call of its own.
//!
//! # Why unsafe
//! The kernel reads text by a pointer.

use std::fmt::{self, Write};
use std::process;

use crate::real::raw;

/// Prints it and aborts.
pub(super) fn words(text: fmt::Arguments<'_>) -> ! {
    warn(text);
    process::abort()
}

/// Prints it.
pub(super) fn warn(text: fmt::Arguments<'_>) {
    let _ = Out.write_fmt(format_args!("{text}\n"));
}

struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            let args = [libc::STDERR_FILENO as usize, left.as_ptr() as usize, left.len(), 0, 0, 0];
            // SAFETY: the kernel reads the text, and no further.
            match unsafe { raw(libc::SYS_write, args) } {
                written @ 1.. => left = &left[written as usize..],
                error if error == -i64::from(libc::EINTR) => {}
                _ => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}

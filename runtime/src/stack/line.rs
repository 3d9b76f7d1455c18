//! A line of text that needs no allocation, for use in signal handlers.

use std::fmt;

/// Text in a fixed buffer of `N` bytes; what does not fit is cut off.
///
/// `write!` works on it and allocates nothing, as long as what is written does not.
#[derive(Debug)]
pub(crate) struct LineBuf<const N: usize = 128> {
    /// The text, UTF-8 up to `len`.
    bytes: [u8; N],
    /// How many bytes are text; ends at a character's end.
    len: usize,
}

impl<const N: usize> LineBuf<N> {
    pub(crate) const fn new() -> Self {
        LineBuf { bytes: [0; N], len: 0 }
    }

    /// Appends `text`, or as many whole characters of it as fit.
    pub(crate) fn push_str(&mut self, text: &str) {
        let mut fits = text.len().min(N - self.len);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        self.bytes[self.len..self.len + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).expect("only whole characters are written")
    }
}

impl<const N: usize> fmt::Write for LineBuf<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

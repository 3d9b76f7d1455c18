//! Connections as an iterator.

/// Makes an iterator of a type with a field `listener`: each step accepts, and it never ends.
macro_rules! incoming {
    ($type:ty, $stream:ty) => {
        impl Iterator for $type {
            type Item = std::io::Result<$stream>;

            fn next(&mut self) -> Option<Self::Item> {
                Some(self.listener.accept().map(|(stream, _)| stream))
            }
        }

        impl std::iter::FusedIterator for $type {}
    };
}
pub(crate) use incoming;

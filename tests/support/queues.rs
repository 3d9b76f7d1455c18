//! Many items through a queue between processes.
#![allow(dead_code, reason = "each test file uses a part of it")]

use osier::process::queue::{GetError, Queue};

/// Puts so many items of 1 KiB; the first bytes are its number.
pub(crate) fn put_many(queue: &Queue<Vec<u8>>, count: u32) {
    for n in 0..count {
        let mut item = vec![7; 1024];
        item[..4].copy_from_slice(&n.to_le_bytes());
        queue.put(item).unwrap();
    }
}

/// Gets as many, in their order, and sees that there are no more.
pub(crate) fn get_many(queue: &Queue<Vec<u8>>, count: u32) {
    for n in 0..count {
        let item = queue.get().unwrap();
        assert_eq!((item.len(), &item[..4]), (1024, &n.to_le_bytes()[..]));
    }
    assert!(matches!(queue.try_get(), Err(GetError::Empty)));
}

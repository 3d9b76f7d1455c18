//! The bytes between a socket and ureq.
//!
//! ureq's own buffers are of one size from the start, 128 KiB each way unless set otherwise: of
//! ten thousand connections that is 2.5 GB, most of it for answers of a few hundred bytes. These
//! begin small and double while reads fill them.

use ureq::unversioned::transport::Buffers;

/// What a buffer starts with, and what an idle connection keeps at most.
const START: usize = 8 * 1024;

/// The room for request bodies that ureq asks for at least.
const SCRATCH: usize = 10 * 1024;

/// Input and output of one connection.
#[derive(Debug)]
pub(super) struct GrowingBuffers {
    input: Vec<u8>,
    /// Received and not consumed is `input[consumed..filled]`.
    consumed: usize,
    filled: usize,
    /// How long `input` may become; a response head must fit.
    input_limit: usize,
    /// Whether the last read left no room: there is more than this buffer holds.
    overfull: bool,
    /// Empty or of `output_size`.
    output: Vec<u8>,
    output_size: usize,
    /// Whether the last consumer used anything, so that what is left may be of use to the next.
    progress: bool,
}

impl GrowingBuffers {
    /// Buffers that own no memory yet.
    pub(super) fn new(input_limit: usize, output_size: usize) -> Self {
        GrowingBuffers {
            input: Vec::new(),
            consumed: 0,
            filled: 0,
            input_limit: input_limit.max(1),
            overfull: false,
            output: Vec::new(),
            output_size: output_size.max(1),
            progress: false,
        }
    }

    /// Gives back memory beyond the start, when nothing is in it.
    pub(super) fn shrink(&mut self) {
        if self.consumed < self.filled {
            return;
        }
        (self.consumed, self.filled, self.overfull) = (0, 0, false);
        if self.input.len() > START {
            self.input = Vec::new();
        }
        if self.output.len() > START {
            self.output = Vec::new();
        }
    }

    /// Makes room behind what is filled: by moving it to the front, then by growing.
    fn make_room(&mut self) {
        if self.consumed == self.filled {
            (self.consumed, self.filled) = (0, 0);
        } else if self.consumed > 0 && self.filled == self.input.len() {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        let full = self.filled == self.input.len();
        if (full || self.overfull) && self.input.len() < self.input_limit {
            let wanted = (self.input.len() * 2).max(START);
            self.input.resize(wanted.min(self.input_limit), 0);
        }
        self.overfull = false;
    }
}

impl Buffers for GrowingBuffers {
    fn output(&mut self) -> &mut [u8] {
        if self.output.is_empty() {
            self.output = vec![0; self.output_size];
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.filled..]
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        if self.input.len() - self.filled < SCRATCH {
            self.input.resize(self.filled + SCRATCH, 0);
        }
        if self.output.is_empty() {
            self.output = vec![0; self.output_size];
        }
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        assert!(self.filled <= self.input.len(), "more was appended than there was room for");
        self.overfull = self.filled == self.input.len();
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed += amount;
        assert!(self.consumed <= self.filled, "more was consumed than there was");
    }

    fn can_use_input(&self) -> bool {
        self.consumed < self.filled && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills all the room there is and consumes it; the room.
    fn fill(buffers: &mut GrowingBuffers) -> usize {
        let room = buffers.input_append_buf().len();
        buffers.input_appended(room);
        buffers.input_consume(room);
        room
    }

    #[test]
    fn input_doubles_while_reads_fill_it() {
        let mut buffers = GrowingBuffers::new(20 * 1024, 1024);
        assert_eq!(buffers.input.capacity(), 0);
        let rooms = [fill(&mut buffers), fill(&mut buffers), fill(&mut buffers)];
        assert_eq!(rooms, [START, 2 * START, 20 * 1024]);
        assert_eq!(fill(&mut buffers), 20 * 1024, "and no further");
    }

    #[test]
    fn a_short_read_does_not_grow_it() {
        let mut buffers = GrowingBuffers::new(1 << 20, 1024);
        for _ in 0..10 {
            assert_eq!(buffers.input_append_buf().len(), START);
            buffers.input_appended(100);
            buffers.input_consume(100);
        }
    }

    #[test]
    fn what_is_not_consumed_stays_in_order() {
        let mut buffers = GrowingBuffers::new(4 * START, 1024);
        let (mut sent, mut got) = (0_u32, 0_u32);
        for step in 1..2000_usize {
            let room = buffers.input_append_buf();
            let some = room.len().min(step * 7 % 5000) / 4 * 4;
            for word in room[..some].chunks_exact_mut(4) {
                word.copy_from_slice(&sent.to_le_bytes());
                sent += 1;
            }
            buffers.input_appended(some);
            let taken = buffers.input().len().min(step * 11 % 4000) / 4 * 4;
            for word in buffers.input()[..taken].chunks_exact(4) {
                assert_eq!(word, got.to_le_bytes());
                got += 1;
            }
            buffers.input_consume(taken);
        }
        assert!(got > 100_000, "{got}");
    }

    #[test]
    fn a_full_buffer_at_its_limit_has_no_room() {
        let mut buffers = GrowingBuffers::new(100, 1024);
        assert_eq!(buffers.input_append_buf().len(), 100);
        buffers.input_appended(100);
        buffers.input_consume(0);
        assert_eq!(buffers.input_append_buf().len(), 0);
        assert!(!buffers.can_use_input(), "nobody could use it as it is");
    }

    #[test]
    fn an_idle_connection_keeps_little() {
        let mut buffers = GrowingBuffers::new(1 << 20, 64 * 1024);
        buffers.output();
        fill(&mut buffers);
        fill(&mut buffers);
        buffers.shrink();
        assert_eq!(buffers.input.capacity() + buffers.output.capacity(), 0);
        assert_eq!(fill(&mut buffers), START);
        assert_eq!(buffers.output().len(), 64 * 1024);
    }

    #[test]
    fn unconsumed_input_survives_shrinking() {
        let mut buffers = GrowingBuffers::new(1 << 20, 1024);
        buffers.input_append_buf()[..3].copy_from_slice(b"abc");
        buffers.input_appended(3);
        buffers.shrink();
        assert_eq!(buffers.input(), b"abc");
    }

    #[test]
    fn there_is_scratch_room_beside_input() {
        let mut buffers = GrowingBuffers::new(100, 1024);
        buffers.input_append_buf();
        buffers.input_appended(100);
        let (scratch, output) = buffers.tmp_and_output();
        assert!(scratch.len() >= SCRATCH);
        assert_eq!(output.len(), 1024);
        assert_eq!(buffers.input().len(), 100);
    }
}

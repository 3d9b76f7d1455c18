//! How calls and what they came to travel: some of them in one parcel.
//!
//! By hand and not by serde: the values in them are encoded already, and serde would take them byte by byte.

use std::os::fd::OwnedFd;

use crate::wire::Parcel;

/// The most bytes of one side's values; the socket's limit is a little more.
pub(super) const LONGEST: usize = 255 << 20;

/// What a worker is to do.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) ticket: u32,
    /// Which function of the table.
    pub(super) function: u32,
    /// The arguments of each call: one, or those of a chunk.
    pub(super) calls: Vec<Parcel>,
}

/// What a worker says.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) ticket: u32,
    /// What each of the calls came to.
    pub(super) ends: Vec<End>,
}

/// What a call came to, or the start of a worker.
#[derive(Debug)]
pub(super) enum End {
    Result(Parcel),
    Panic(String),
    /// The arguments could not be read.
    Argument(String),
    /// The result could not be encoded.
    Unsendable(String),
}

/// The ticket of what is no call: the worker's start.
pub(super) const START: u32 = u32::MAX;

fn put_number(to: &mut Parcel, number: usize) {
    let number = u32::try_from(number).expect("lengths are limited");
    to.bytes.extend(number.to_le_bytes());
}

fn put_part(to: &mut Parcel, part: &mut Parcel) {
    put_number(to, part.descriptors.len());
    put_number(to, part.bytes.len());
    to.bytes.extend_from_slice(&part.bytes);
    to.descriptors.append(&mut part.descriptors);
}

/// Takes a parcel apart.
struct Reading<'a> {
    bytes: &'a [u8],
    descriptors: std::vec::IntoIter<OwnedFd>,
}

impl Reading<'_> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn part(&mut self) -> Option<Parcel> {
        let (count, length) = (self.number()? as usize, self.number()? as usize);
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        if self.descriptors.len() < count {
            return None;
        }
        let descriptors = self.descriptors.by_ref().take(count).collect();
        Some(Parcel { bytes: bytes.to_vec(), descriptors })
    }
}

/// All there is in a parcel; none if it was made by nobody of ours.
fn read<T>(parcel: Parcel, one: impl Fn(&mut Reading<'_>) -> Option<T>) -> Option<Vec<T>> {
    let Parcel { bytes, descriptors } = parcel;
    let mut reading = Reading { bytes: &bytes, descriptors: descriptors.into_iter() };
    let mut all = Vec::new();
    while !reading.bytes.is_empty() {
        all.push(one(&mut reading)?);
    }
    Some(all)
}

impl Order {
    /// Adds it to a parcel; whoever may have to send it again keeps it, so descriptors are duplicated.
    pub(super) fn put(
        ticket: u32,
        function: u32,
        calls: &[Parcel],
        to: &mut Parcel,
    ) -> std::io::Result<()> {
        let copies: std::io::Result<Vec<OwnedFd>> =
            calls.iter().flat_map(|call| &call.descriptors).map(OwnedFd::try_clone).collect();
        let mut copies = copies?;
        put_number(to, ticket as usize);
        put_number(to, function as usize);
        put_number(to, calls.len());
        for call in calls {
            put_number(to, call.descriptors.len());
            put_number(to, call.bytes.len());
            to.bytes.extend_from_slice(&call.bytes);
        }
        to.descriptors.append(&mut copies);
        Ok(())
    }

    pub(super) fn read(parcel: Parcel) -> Option<Vec<Order>> {
        read(parcel, |from| {
            let (ticket, function, count) = (from.number()?, from.number()?, from.number()?);
            let calls = (0..count).map(|_| from.part()).collect::<Option<Vec<_>>>()?;
            Some(Order { ticket, function, calls })
        })
    }
}

impl End {
    fn put(self, to: &mut Parcel) {
        let (kind, mut part) = match self {
            End::Result(parcel) => (0, parcel),
            End::Panic(text) => (1, said(text)),
            End::Argument(text) => (2, said(text)),
            End::Unsendable(text) => (3, said(text)),
        };
        put_number(to, kind);
        put_part(to, &mut part);
    }

    fn read(from: &mut Reading<'_>) -> Option<End> {
        let (kind, part) = (from.number()?, from.part()?);
        let text = |part: Parcel| String::from_utf8_lossy(&part.bytes).into_owned();
        Some(match kind {
            0 => End::Result(part),
            1 => End::Panic(text(part)),
            2 => End::Argument(text(part)),
            3 => End::Unsendable(text(part)),
            _ => return None,
        })
    }
}

fn said(text: String) -> Parcel {
    Parcel { bytes: text.into_bytes(), descriptors: Vec::new() }
}

impl Reply {
    pub(super) fn put(self, to: &mut Parcel) {
        put_number(to, self.ticket as usize);
        put_number(to, self.ends.len());
        self.ends.into_iter().for_each(|end| end.put(to));
    }

    pub(super) fn read(parcel: Parcel) -> Option<Vec<Reply>> {
        read(parcel, |from| {
            let (ticket, count) = (from.number()?, from.number()?);
            let ends = (0..count).map(|_| End::read(from)).collect::<Option<Vec<_>>>()?;
            Some(Reply { ticket, ends })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_were_written() {
        let mut parcel = Parcel::default();
        let file = std::fs::File::open("/dev/null").unwrap();
        let mut with = said("abc".to_string());
        with.descriptors.push(file.into());
        Order::put(7, 3, &[with, Parcel::default()], &mut parcel).unwrap();
        Order::put(8, 4, &[], &mut parcel).unwrap();
        let orders = Order::read(parcel).unwrap();
        assert_eq!((orders[0].ticket, orders[0].function, orders[0].calls.len()), (7, 3, 2));
        assert_eq!(
            (&orders[0].calls[0].bytes[..], orders[0].calls[0].descriptors.len()),
            (&b"abc"[..], 1)
        );
        assert_eq!((orders[1].ticket, orders[1].calls.len()), (8, 0));
    }

    #[test]
    fn replies_are_read_as_they_were_written() {
        let mut parcel = Parcel::default();
        let ends = vec![End::Result(said("x".to_string())), End::Panic("no".into())];
        Reply { ticket: 9, ends }.put(&mut parcel);
        Reply { ticket: START, ends: Vec::new() }.put(&mut parcel);
        let replies = Reply::read(parcel).unwrap();
        assert!(matches!(&replies[0].ends[..], [End::Result(_), End::Panic(text)] if text == "no"));
        assert_eq!(replies[1].ticket, START);
    }

    #[test]
    fn what_is_cut_short_is_told() {
        let mut parcel = Parcel::default();
        Order::put(7, 3, &[said("abc".to_string())], &mut parcel).unwrap();
        for length in 1..parcel.bytes.len() {
            let cut = Parcel { bytes: parcel.bytes[..length].to_vec(), descriptors: Vec::new() };
            assert!(Order::read(cut).is_none(), "{length}");
        }
    }
}

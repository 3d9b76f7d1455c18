//! Why a stack could not be had, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

use crate::sys::limits;

/// No stack: the limit that stands against it, and the remedy.
#[derive(Debug)]
pub(crate) struct StackError {
    /// The usable bytes that were asked for.
    size: usize,
    /// What stands against it.
    limit: Limit,
    /// What the kernel said, if it was asked.
    cause: Option<io::Error>,
}

/// What can stand against a stack.
#[derive(Debug, PartialEq, Eq)]
enum Limit {
    /// No process has that much address space.
    Processor,
    /// `RLIMIT_AS`, in bytes.
    AddressSpace(u64),
    /// `RLIMIT_DATA`, in bytes.
    Data(u64),
    /// `vm.overcommit_memory` is 2.
    Commit,
    /// `vm.max_map_count`, if the system has one.
    Maps(Option<usize>),
}

/// What a 64-bit process has for itself without asking for more, in bytes.
const ADDRESS_SPACE: u64 = 1 << 47;

impl StackError {
    /// The sizes add up to more than an address can be.
    pub(super) fn too_large(size: usize) -> StackError {
        StackError { size, limit: Limit::Processor, cause: None }
    }

    /// The kernel has refused to reserve a single stack.
    pub(super) fn memory(size: usize, cause: io::Error) -> StackError {
        let limit = if size as u64 >= ADDRESS_SPACE {
            Limit::Processor
        } else if let Some(bytes) = limits::address_space() {
            Limit::AddressSpace(bytes)
        } else if let Some(bytes) = limits::data() {
            Limit::Data(bytes)
        } else if limits::overcommit_is_strict() {
            Limit::Commit
        } else {
            Limit::Maps(limits::max_map_count())
        };
        StackError { size, limit, cause: Some(cause) }
    }

    /// A stack's guard could not be set, so there is no stack.
    pub(super) fn guard(size: usize, cause: io::Error) -> StackError {
        StackError { size, limit: Limit::Maps(limits::max_map_count()), cause: Some(cause) }
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no stack of {} bytes to be had: ", self.size)?;
        match self.limit {
            Limit::Processor => f.write_str(
                "it and its guard do not fit into the address space of a process; \
                 ask for a smaller one",
            ),
            Limit::AddressSpace(bytes) => write!(
                f,
                "RLIMIT_AS leaves this process {bytes} bytes of address space; \
                 raise it (ulimit -v) or ask for smaller stacks"
            ),
            Limit::Data(bytes) => write!(
                f,
                "RLIMIT_DATA leaves this process {bytes} bytes of private memory, which stacks \
                 are; raise it (ulimit -d) or ask for smaller stacks"
            ),
            Limit::Commit => f.write_str(
                "with vm.overcommit_memory = 2 the kernel counts a stack at its full size; set \
                 it to 0, raise vm.overcommit_ratio, or ask for smaller stacks",
            ),
            Limit::Maps(Some(max)) => write!(
                f,
                "vm.max_map_count is {max}, and before Linux 6.13 (or with OSIER_GUARD=mprotect, \
                 or in locked memory) each stack takes two mappings; raise it \
                 (sysctl -w vm.max_map_count={}) or run fewer tasks at once",
                max.saturating_mul(16)
            ),
            Limit::Maps(None) => {
                f.write_str("the process has as many mappings as it may; run fewer tasks at once")
            }
        }
    }
}

impl Error for StackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl From<StackError> for io::Error {
    fn from(e: StackError) -> io::Error {
        io::Error::new(io::ErrorKind::OutOfMemory, e)
    }
}

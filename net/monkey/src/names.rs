//! `getaddrinfo` and `getnameinfo`: libc's own, on a thread of a pool.
//!
//! All that they work on is copied first, so that a task that is killed leaves nothing behind: the thread frees what nobody
//! wants any more. The result is libc's list, and the caller's to free as ever.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls libc with them.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem;
use std::net::IpAddr;
use std::ptr;
use std::slice;

use libc::{addrinfo, sockaddr, socklen_t};
use osier_runtime::Reason;
use osier_runtime::thread::Pool;

use crate::errand::{self, Stop};
use crate::errno;
use crate::gate::{in_task, may_wait};
use crate::real::Next;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![getaddrinfo, getnameinfo];

/// Few: one lookup that gets no answer takes seconds, but threads are not what one patches a program for.
static POOL: Pool = Pool::new("names", 3);
static ADDRESSES: Next = Next::new(c"getaddrinfo");
static NAMES: Next = Next::new(c"getnameinfo");

type ToAddresses = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const addrinfo,
    *mut *mut addrinfo,
) -> c_int;
type ToName = unsafe extern "C" fn(
    *const sockaddr,
    socklen_t,
    *mut c_char,
    socklen_t,
    *mut c_char,
    socklen_t,
    c_int,
) -> c_int;

/// See getaddrinfo(3).
///
/// # Safety
/// See getaddrinfo(3).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        if !in_task() || is_quick(node, hints) || !may_wait() {
            return look_up(node, service, hints, result);
        }
        let query = Query::of(node, service, hints);
        let reason = Reason::new("waiting, in a call of libc, for the addresses of a name");
        match errand::run(&POOL, reason, Stop::Early, move || query.ask()) {
            Some(mut found) => {
                *result = mem::replace(&mut found.list, ptr::null_mut());
                found.told.give()
            }
            None => CANCELLED.give(),
        }
    }
}

/// See getnameinfo(3).
///
/// # Safety
/// See getnameinfo(3).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getnameinfo(
    address: *const sockaddr,
    length: socklen_t,
    host: *mut c_char,
    host_room: socklen_t,
    service: *mut c_char,
    service_room: socklen_t,
    flags: c_int,
) -> c_int {
    let is_quick = host.is_null() || host_room == 0 || flags & libc::NI_NUMERICHOST != 0;
    // SAFETY: the caller's promise.
    unsafe {
        if !in_task() || is_quick || !may_wait() {
            let (address, host, service) =
                ((address, length), (host, host_room), (service, service_room));
            return look_back(address, host, service, flags);
        }
        let known = slice::from_raw_parts(address.cast::<u8>(), length as usize).to_vec();
        let mut rooms = [vec![0_u8; host_room as usize], vec![0_u8; service_room as usize]];
        let has_service = !service.is_null();
        let ask = move || {
            let [host, service] = &mut rooms;
            let address = (known.as_ptr().cast(), known.len() as socklen_t);
            let host = (host.as_mut_ptr().cast(), host.len() as socklen_t);
            let at = if has_service { service.as_mut_ptr().cast() } else { ptr::null_mut() };
            let told = Told::of(|| look_back(address, host, (at, service.len() as u32), flags));
            (told, rooms)
        };
        let reason = Reason::new("waiting, in a call of libc, for the name of an address");
        let Some((told, rooms)) = errand::run(&POOL, reason, Stop::Early, ask) else {
            return CANCELLED.give();
        };
        for (from, to) in rooms.iter().zip([host, service]) {
            if told.code == 0 && !to.is_null() {
                ptr::copy_nonoverlapping(from.as_ptr().cast(), to, from.len());
            }
        }
        told.give()
    }
}

/// Whether nobody has to be asked.
///
/// # Safety
/// As getaddrinfo(3).
unsafe fn is_quick(node: *const c_char, hints: *const addrinfo) -> bool {
    if node.is_null() {
        return true;
    }
    // SAFETY: the caller's promise.
    let (node, hints) = unsafe { (CStr::from_ptr(node), hints.as_ref()) };
    let is_number = node.to_str().is_ok_and(|node| node.parse::<IpAddr>().is_ok());
    is_number || hints.is_some_and(|hints| hints.ai_flags & libc::AI_NUMERICHOST != 0)
}

/// What a call has returned, and what it has left in errno.
#[derive(Clone, Copy)]
struct Told {
    code: c_int,
    error: c_int,
}

const CANCELLED: Told = Told { code: libc::EAI_SYSTEM, error: libc::ECANCELED };

impl Told {
    fn of(call: impl FnOnce() -> c_int) -> Told {
        let code = call();
        Told { code, error: errno::get() }
    }

    fn give(self) -> c_int {
        if self.code == libc::EAI_SYSTEM {
            errno::set(self.error);
        }
        self.code
    }
}

/// What is asked for, copied.
struct Query {
    node: CString,
    service: Option<CString>,
    /// Flags, family, type, protocol.
    hints: Option<[c_int; 4]>,
}

impl Query {
    /// # Safety
    /// As getaddrinfo(3).
    unsafe fn of(node: *const c_char, service: *const c_char, hints: *const addrinfo) -> Query {
        // SAFETY: the caller's promise.
        unsafe {
            let text = |text: *const c_char| CStr::from_ptr(text).to_owned();
            let hints = hints.as_ref().map(|hints| {
                [hints.ai_flags, hints.ai_family, hints.ai_socktype, hints.ai_protocol]
            });
            let service = (!service.is_null()).then(|| text(service));
            Query { node: text(node), service, hints }
        }
    }

    fn ask(self) -> Found {
        let hints = self.hints.map(|[flags, family, kind, protocol]| {
            // SAFETY: null and 0 are what is not said.
            let mut hints: addrinfo = unsafe { mem::zeroed() };
            hints.ai_flags = flags;
            hints.ai_family = family;
            hints.ai_socktype = kind;
            hints.ai_protocol = protocol;
            hints
        });
        let hints = hints.as_ref().map_or(ptr::null(), ptr::from_ref);
        let service = self.service.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        let mut list = ptr::null_mut();
        // SAFETY: all of it lives until the call is over.
        let told =
            Told::of(|| unsafe { look_up(self.node.as_ptr(), service, hints, &raw mut list) });
        Found { told, list: if told.code == 0 { list } else { ptr::null_mut() } }
    }
}

/// An answer; freed unless somebody takes it.
struct Found {
    told: Told,
    list: *mut addrinfo,
}

// SAFETY: the list is this one's own.
unsafe impl Send for Found {}

impl Drop for Found {
    fn drop(&mut self) {
        if !self.list.is_null() {
            // SAFETY: it is libc's, and nobody else has it.
            unsafe { libc::freeaddrinfo(self.list) };
        }
    }
}

/// # Safety
/// As getaddrinfo(3).
unsafe fn look_up(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    let next = ADDRESSES.get();
    if next.is_null() {
        return libc::EAI_FAIL;
    }
    // SAFETY: the loader has it under that name; the rest is the caller's promise.
    unsafe { mem::transmute::<*mut _, ToAddresses>(next)(node, service, hints, result) }
}

/// # Safety
/// As getnameinfo(3).
unsafe fn look_back(
    (address, length): (*const sockaddr, socklen_t),
    (host, host_room): (*mut c_char, socklen_t),
    (service, service_room): (*mut c_char, socklen_t),
    flags: c_int,
) -> c_int {
    let next = NAMES.get();
    if next.is_null() {
        return libc::EAI_FAIL;
    }
    // SAFETY: as above.
    unsafe {
        let next = mem::transmute::<*mut _, ToName>(next);
        next(address, length, host, host_room, service, service_room, flags)
    }
}

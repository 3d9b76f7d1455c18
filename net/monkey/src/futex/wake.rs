//! Waking those who wait for a word: tasks by the table, OS threads by the kernel.
//!
//! # Why unsafe
//! Calls are handed on to the kernel as they came.

use libc::c_long;

use super::call::Call;
use super::table;
use crate::errno::keeping;

/// Of the wakes of one while tasks wait, every so many-th asks the kernel first: a thread in its line is not passed for ever.
const KERNELS: u32 = 8;

/// The rest of a wake that has found a task when the kernel was through; how many in all.
#[cold]
#[inline(never)]
pub(super) fn wake_more(call: Call, woken: c_long) -> c_long {
    keeping(|| wake_rest(call.key(), call.bits(), most(&call), woken))
}

/// How many are to be woken; the kernel takes none for one.
fn most(call: &Call) -> u32 {
    (call.value as i32).max(1) as u32
}

/// `FUTEX_WAKE` and `FUTEX_WAKE_BITSET` while there are tasks that may be meant: up to that many who hear one of the bits; how many.
///
/// # Safety
/// As the call.
pub(super) unsafe fn wake(call: &Call) -> c_long {
    // SAFETY: the caller's promise.
    keeping(|| unsafe { wake_both(call) })
}

/// # Safety
/// As the call.
unsafe fn wake_both(call: &Call) -> c_long {
    let (key, bits, most) = (call.key(), call.bits(), most(call));
    if bits == 0 || (most == 1 && table::shard(key).turn() % KERNELS == KERNELS - 1) {
        // SAFETY: the caller's promise.
        let woken = unsafe { call.forward() };
        return if woken == 0 { wake_rest(key, bits, most, 0) } else { woken };
    }
    let tasks = table::wake(key, bits, most);
    if tasks >= most {
        return c_long::from(tasks);
    }
    // SAFETY: the caller's promise, for fewer of them.
    let woken = unsafe { Call { value: most - tasks, ..*call }.forward() };
    c_long::from(tasks) + woken.max(if tasks > 0 { 0 } else { woken })
}

/// Wakes tasks after the kernel has woken threads; the sum.
#[cold]
fn wake_rest(key: usize, bits: u32, most: u32, woken: c_long) -> c_long {
    let left = most.saturating_sub(u32::try_from(woken).unwrap_or(u32::MAX));
    woken + c_long::from(table::wake(key, bits, left))
}

/// `FUTEX_REQUEUE` and `FUTEX_CMP_REQUEUE`: threads are moved to another word's line, tasks are woken.
///
/// A wait may end for nothing, so who is woken instead of moved asks again, and comes to wait there by himself.
///
/// # Safety
/// As the call.
pub(super) unsafe fn requeue(call: &Call) -> c_long {
    // SAFETY: the caller's promise.
    let moved = unsafe { call.forward() };
    if moved < 0 || table::shard(call.key()).is_empty() {
        return moved;
    }
    let most = call.value.saturating_add(call.fourth as u32);
    keeping(|| wake_rest(call.key(), u32::MAX, most, moved))
}

/// `FUTEX_WAKE_OP`: changes the other word, wakes for this one, and for the other if that held something.
///
/// What it held only the kernel knows: tasks that wait for it are woken in any case.
///
/// # Safety
/// As the call.
pub(super) unsafe fn wake_two(call: &Call) -> c_long {
    // SAFETY: the caller's promise.
    let woken = unsafe { call.forward() };
    if woken < 0 {
        return woken;
    }
    keeping(|| {
        let first = table::wake(call.key(), u32::MAX, most(call));
        let second = table::wake(call.other_key(), u32::MAX, call.fourth as u32);
        woken + c_long::from(first) + c_long::from(second)
    })
}

//! The fault handler: what it says, and to whom it hands on what is not its own.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{mem, ptr};

use super::{GUARDS, in_child, poke};
use crate::stack::overflow::install;
use crate::stack::{DEFAULT_SIZE, LineBuf, Pool, Stack};
use crate::sys::signal::{self, FAULTS, Handler};

fn deep_thought(line: &mut LineBuf) {
    line.push_str("deep thought");
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A number that the child finds in its environment.
fn number(key: &str) -> usize {
    std::env::var(key).expect("the parent has set it").parse().expect("a number")
}

fn assert_overflow(output: &Output, size: usize) {
    let text = stderr(output);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    assert!(text.contains("green thread 'deep thought' has overflowed its stack\n"), "{text}");
    assert!(text.contains(&format!("holds {size} bytes")), "{text}");
    assert!(text.contains("Builder::stack_size"), "{text}");
}

#[test]
fn a_write_below_a_stack_ends_with_the_message() {
    for guard in GUARDS {
        for below in [1, 60 * 1024] {
            let test = "overflow::a_write_below_a_stack_ends_with_the_message";
            let below_env = below.to_string();
            let output = in_child(test, &[guard, ("BELOW", &below_env)], || {
                let below = number("BELOW");
                let _alt = install(deep_thought).expect("a handler");
                let mut pool = Pool::new();
                let _neighbour = pool.take(DEFAULT_SIZE).expect("a stack");
                poke(pool.take(DEFAULT_SIZE).expect("a stack").limit() - below);
            });
            assert_overflow(&output, DEFAULT_SIZE);
        }
    }
}

/// Enters `f` on `stack`; it must not return.
fn run_on(stack: &Stack, f: extern "C" fn()) {
    // SAFETY: makecontext fills in what getcontext has laid out; the stack is the caller's.
    unsafe {
        let mut here: libc::ucontext_t = mem::zeroed();
        let mut there: libc::ucontext_t = mem::zeroed();
        assert_eq!(libc::getcontext(&mut there), 0);
        there.uc_stack.ss_sp = ptr::with_exposed_provenance_mut(stack.limit());
        there.uc_stack.ss_size = stack.top() - stack.limit();
        libc::makecontext(&mut there, f, 0);
        libc::swapcontext(&mut here, &there);
    }
    unreachable!("no context to go back to");
}

extern "C" fn recurse() {
    #[expect(unconditional_recursion, reason = "on purpose: it ends at the guard")]
    fn down(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 32]);
        down(n + 1) + frame[(n % 32) as usize]
    }
    std::hint::black_box(down(0));
}

#[test]
fn endless_recursion_on_a_stack_ends_with_the_message() {
    let test = "overflow::endless_recursion_on_a_stack_ends_with_the_message";
    let size = 64 * 1024;
    let output = in_child(test, &[], || {
        let _alt = install(deep_thought).expect("a handler");
        run_on(&Pool::new().take(size).expect("a stack"), recurse);
    });
    assert_overflow(&output, size);
}

#[test]
fn a_thread_without_an_alternate_stack_gets_one() {
    let test = "overflow::a_thread_without_an_alternate_stack_gets_one";
    let output = in_child(test, &[], || {
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: takes the alternate stack away, which std minds not before the thread's end.
        assert_eq!(unsafe { libc::sigaltstack(&none, ptr::null_mut()) }, 0);
        drop(install(deep_thought).expect("a handler"));
        let _alt = install(deep_thought).expect("the same handler, another alternate stack");
        run_on(&Pool::new().take(DEFAULT_SIZE).expect("a stack"), recurse);
    });
    assert_overflow(&output, DEFAULT_SIZE);
}

#[test]
fn the_alternate_stack_is_large_and_goes_with_its_owner() {
    fn now() -> (usize, usize) {
        // SAFETY: all zeros is a stack_t, and the call is a query.
        unsafe {
            let mut now: libc::stack_t = mem::zeroed();
            assert_eq!(libc::sigaltstack(ptr::null(), &mut now), 0);
            (now.ss_sp.addr(), now.ss_size)
        }
    }
    let test = "overflow::the_alternate_stack_is_large_and_goes_with_its_owner";
    let output = in_child(test, &[], || {
        let before = now();
        let alt = install(deep_thought).expect("a handler");
        assert!(now().1 >= 64 * 1024);
        let (ours, second) = (now(), install(deep_thought).expect("the same again"));
        assert_eq!(now(), ours, "one is enough");
        drop(second);
        assert_eq!(now(), ours);
        drop(alt);
        assert_eq!(now(), before);
    });
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn an_os_thread_that_overflows_is_still_reported_by_std() {
    let test = "overflow::an_os_thread_that_overflows_is_still_reported_by_std";
    let output = in_child(test, &[], || {
        let victim = std::thread::Builder::new().name("os thread".into()).stack_size(64 * 1024);
        let body = || {
            let _alt = install(deep_thought).expect("a handler");
            recurse();
        };
        victim.spawn(body).expect("a thread").join().expect("it dies first");
    });
    let text = stderr(&output);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    assert!(text.contains("thread 'os thread'") && !text.contains("green"), "{text}");
}

/// Makes `handler` the action on the first fault signal, as a program would before ours.
fn set(handler: usize, flags: libc::c_int) {
    // SAFETY: all zeros is a sigaction; each caller's handler fits its flags.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(FAULTS[0], &action, ptr::null_mut()), 0);
    }
}

extern "C" fn with_info(
    _: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut std::ffi::c_void,
) {
    // SAFETY: the handler's own argument.
    let address = unsafe { signal::fault_address(FAULTS[0], info) };
    let code = if address == Some(16) && !context.is_null() { 41 } else { 1 };
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) };
}

extern "C" fn without_info(signal: libc::c_int) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(if signal == FAULTS[0] { 42 } else { 1 }) };
}

extern "C" fn returns(_: libc::c_int) {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    signal::write_stderr(b"back");
    if CALLS.fetch_add(1, Relaxed) > 0 {
        // SAFETY: ends the process, which would go on for ever.
        unsafe { libc::_exit(1) };
    }
}

/// How a process must end.
#[derive(Debug)]
enum End {
    Exit(i32),
    Killed,
}

#[test]
fn any_other_fault_goes_to_whoever_had_the_signal() {
    let with_info = with_info as Handler as usize;
    let without_info = without_info as extern "C" fn(libc::c_int) as usize;
    let returns = returns as extern "C" fn(libc::c_int) as usize;
    let cases = [
        (with_info, libc::SA_SIGINFO, "fault", End::Exit(41)),
        (without_info, 0, "fault", End::Exit(42)),
        (libc::SIG_DFL, 0, "fault", End::Killed),
        (libc::SIG_IGN, 0, "fault", End::Killed),
        (libc::SIG_DFL, 0, "raise", End::Killed),
        (libc::SIG_IGN, 0, "raise", End::Exit(0)),
        (returns, 0, "raise", End::Exit(0)),
        (returns, libc::SA_RESETHAND, "fault", End::Killed),
    ];
    for (i, (handler, _, how, end)) in cases.iter().enumerate() {
        let test = "overflow::any_other_fault_goes_to_whoever_had_the_signal";
        let output = in_child(test, &[("CASE", &i.to_string())], || {
            let (handler, flags, how, _) = &cases[number("CASE")];
            set(*handler, *flags);
            let _alt = install(deep_thought).expect("a handler");
            match *how {
                "fault" => poke(std::hint::black_box(16)),
                // SAFETY: sends the signal to this thread.
                _ => assert_eq!(unsafe { libc::raise(FAULTS[0]) }, 0),
            }
        });
        let status = output.status;
        let as_it_must = match end {
            End::Exit(code) => status.code() == Some(*code),
            End::Killed => status.signal() == Some(FAULTS[0]),
        };
        assert!(as_it_must, "case {i} ({how}): {status}, not {end:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).contains("back"), *handler == returns, "case {i}");
        assert!(!stderr(&output).contains("green thread"), "case {i}");
    }
}

#[test]
fn a_name_that_is_too_long_is_cut_at_a_character() {
    let mut line = LineBuf::<8>::new();
    line.push_str("oßßß");
    line.push_str("ßx");
    assert_eq!(line.as_str(), "oßßß");
    line.push_str("yz");
    assert_eq!(line.as_str(), "oßßßy");
}

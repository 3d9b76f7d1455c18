//! Time-outs: whose expiry it is, when it fires, and what it does not swallow. By a virtual clock.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::testing::advance;
use osier::{Elapsed, Reason, Unparker, Wake, park, shield, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow, virtually};

#[test]
fn no_limit_never_fires_to_01() {
    virtually(|| {
        assert_eq!(timeout(None, || sleep(SHORT)), Ok(()));
        assert_eq!(timeout(Duration::MAX, || sleep(SHORT)), Ok(()));
    });
}

#[test]
fn a_limit_of_zero_fires_at_the_first_wait_and_not_before_to_01() {
    virtually(|| {
        let reached = Cell::new(false);
        let result = timeout(Duration::ZERO, || {
            reached.set(true);
            yield_now();
            unreachable!();
        });
        assert!(result.is_err() && reached.get());
        assert_eq!(timeout(Duration::ZERO, || 7), Ok(7), "it does not wait");
    });
}

#[test]
fn a_block_that_never_waits_completes_to_01() {
    virtually(|| {
        let began = osier::clock::now();
        assert_eq!(timeout(Duration::from_millis(1), || advance(SHORT)), Ok(()));
        assert!((osier::clock::now() - began) >= SHORT);
        yield_now(); // its time was up, but it has ended
        sleep(SHORT);
    });
}

#[test]
fn a_time_out_unwinds_its_block_and_nothing_else_to_01() {
    virtually(|| {
        let dropped = Cell::new(false);
        let began = osier::clock::now();
        let result = timeout(SHORT, || {
            let _note = OnDrop::new(|| dropped.set(true));
            sleep(FOREVER);
        });
        assert!(result.is_err() && dropped.get());
        assert_eq!(osier::clock::now() - began, SHORT);
    });
}

#[test]
fn a_block_that_was_left_takes_its_time_out_along_to_03() {
    virtually(|| {
        assert_eq!(timeout(SHORT, || 1), Ok(1));
        assert!(swallow(|| timeout(SHORT, || panic!("expected")).unwrap()));
        assert_eq!(osier::stats().timers, 0, "it is taken back");
        sleep(2 * SHORT);
        yield_now();
    });
}

#[test]
fn a_time_out_can_be_used_again_and_again_to_03() {
    virtually(|| {
        for _ in 0..5 {
            assert!(timeout(Duration::from_millis(1), || sleep(FOREVER)).is_err());
            assert!(timeout(FOREVER, yield_now).is_ok());
        }
        assert_eq!(osier::stats().timers, 0);
    });
}

#[test]
fn an_expired_time_out_says_its_limit_to_03() {
    let elapsed: Elapsed = virtually(|| timeout(SHORT, || sleep(FOREVER))).unwrap_err();
    assert_eq!(elapsed.to_string(), "timed out after 5ms");
    let error = std::io::Error::from(elapsed);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "timed out after 5ms");
}

#[test]
fn a_default_is_for_ones_own_expiry_alone_to_04() {
    virtually(|| {
        let with_default = |limit| timeout(limit, || sleep(FOREVER)).map(|()| 1).unwrap_or(2);
        assert_eq!(with_default(SHORT), 2);
        let outer = timeout(SHORT, || with_default(FOREVER));
        assert!(outer.is_err(), "the outer expiry goes through");
        let quick = timeout(FOREVER, || timeout(FOREVER, || 7).unwrap_or(2));
        assert_eq!(quick, Ok(7));
    });
}

#[test]
fn of_two_that_expire_at_once_the_outer_is_first_to_04() {
    virtually(|| {
        let result = timeout(SHORT, || timeout(SHORT, support::wait_for_nobody));
        assert!(result.is_err(), "{result:?}");
        let result = timeout(Duration::ZERO, || timeout(Duration::ZERO, yield_now));
        assert!(result.is_err(), "{result:?}");
        // Both are past when the task comes to wait.
        let result = timeout(SHORT, || {
            timeout(Duration::from_millis(1), || {
                advance(2 * SHORT);
                sleep(FOREVER);
            })
        });
        assert!(result.is_err(), "{result:?}");
    });
}

#[test]
fn nested_time_outs_each_know_their_own_to_04() {
    fn nest(depth: u64, fires: u64) -> Result<(), u64> {
        if depth == 10 {
            sleep(FOREVER);
        }
        let limit = if depth == fires { Duration::from_millis(2) } else { FOREVER };
        timeout(limit, || nest(depth + 1, fires)).unwrap_or(Err(depth))
    }
    virtually(|| {
        for fires in 0..10 {
            assert_eq!(nest(0, fires), Err(fires));
        }
    });
}

#[test]
fn time_outs_of_many_tasks_do_not_meet_to_04() {
    virtually(|| {
        let tasks = (0..200u64).map(|i| {
            spawn(move || {
                let short = Duration::from_millis(1 + i % 7);
                (0..3).all(|_| timeout(short, || sleep(FOREVER)).is_err())
                    && timeout(FOREVER, || sleep(short)).is_ok()
            })
        });
        assert!(osier::join_all(tasks).into_iter().all(|result| result.unwrap()));
    });
}

#[test]
fn one_that_was_swallowed_fires_again_at_the_next_wait_to_05() {
    virtually(|| {
        let swallowed = Cell::new(0);
        let result = timeout(SHORT, || {
            for _ in 0..3 {
                if swallow(|| sleep(FOREVER)) {
                    swallowed.set(swallowed.get() + 1);
                }
            }
            yield_now();
        });
        assert!(result.is_err());
        assert_eq!(swallowed.get(), 3);
        yield_now(); // outside of it, it is over
        sleep(SHORT);
    });
}

#[test]
fn error_handling_does_not_see_it_to_05() {
    virtually(|| {
        let handled = Cell::new(false);
        let result = timeout(SHORT, || {
            let read: Result<(), std::io::Error> = {
                sleep(FOREVER);
                Ok(())
            };
            handled.set(read.is_err());
        });
        assert!(result.is_err() && !handled.get());
    });
}

#[test]
fn a_swallowed_one_that_ends_its_block_gives_the_blocks_result_c_29() {
    virtually(|| {
        let result = timeout(SHORT, || {
            assert!(swallow(|| sleep(FOREVER)));
            7
        });
        assert_eq!(result, Ok(7));
    });
}

#[test]
fn a_payload_kept_beyond_its_time_out_is_a_panic_like_others_c_29() {
    virtually(|| {
        let task = spawn(|| {
            let kept = timeout(SHORT, || support::payload_of(|| sleep(FOREVER))).unwrap();
            let other = timeout(FOREVER, || std::panic::resume_unwind(kept));
            unreachable!("{other:?} is not that one's expiry");
        });
        assert!(task.join().unwrap_err().is_panic());
    });
}

#[test]
fn a_wake_and_a_time_out_in_one_turn_count_as_a_wake() {
    virtually(|| {
        let slot = Rc::new(RefCell::new(None));
        let put = slot.clone();
        let task = spawn(move || {
            *put.borrow_mut() = Some(Unparker::current());
            let at = osier::clock::deadline(SHORT);
            let undone = Cell::new(false);
            let wake = park(Reason::new("waiting for both"), at, || undone.set(true));
            (wake, undone.get())
        });
        let waker = spawn(move || {
            advance(2 * SHORT); // past its deadline, which nobody has looked at yet
            slot.borrow().as_ref().unwrap().unpark();
        });
        assert_eq!(task.join().unwrap(), (Wake::Woken, false));
        waker.join().unwrap();
    });
}

#[test]
fn a_wake_after_the_time_out_in_the_same_turn_still_wins() {
    virtually(|| {
        let slot = Rc::new(RefCell::new(None));
        let put = slot.clone();
        // Due at the same time; the waker is older, so it runs first, when both alarms have rung.
        let at = osier::clock::now() + SHORT;
        let waker = spawn(move || {
            osier::sleep_until(at);
            slot.borrow().as_ref().map(Unparker::unpark).unwrap();
        });
        let task = spawn(move || {
            *put.borrow_mut() = Some(Unparker::current());
            park(Reason::new("waiting for both"), Some(at), || {})
        });
        assert_eq!(task.join().unwrap(), Wake::Woken);
        waker.join().unwrap();
    });
}

#[test]
fn a_wait_without_a_wake_ends_with_its_deadline_and_is_undone() {
    virtually(|| {
        let undone = Cell::new(false);
        let at = osier::clock::deadline(SHORT);
        let wake = park(Reason::new("waiting"), at, || undone.set(true));
        assert_eq!((wake, undone.get()), (Wake::TimedOut, true));
        assert!(osier::clock::now() >= at.unwrap());
    });
}

#[test]
fn a_late_wake_does_not_end_another_wait_hu_07() {
    virtually(|| {
        let me = Unparker::current();
        let _ = park(Reason::new("waiting"), osier::clock::deadline(SHORT), || {});
        me.unpark();
        let at = osier::clock::deadline(SHORT);
        assert_eq!(park(Reason::new("waiting"), at, || {}), Wake::TimedOut);
    });
}

#[test]
fn a_stray_wake_ends_neither_a_sleep_nor_an_offload_hu_07() {
    virtually(|| {
        let me = Unparker::current();
        spawn(move || me.unpark());
        let began = osier::clock::now();
        sleep(SHORT);
        assert!((osier::clock::now() - began) >= SHORT);
        Unparker::current().unpark();
        assert_eq!(osier::thread::offload(|| 7), 7);
        Unparker::current().unpark();
        assert_eq!(spawn(|| 8).join().unwrap(), 8);
        Unparker::current().unpark();
        assert_eq!(osier::scope(|s| drop(s.spawn(yield_now))), ());
    });
}

#[test]
fn a_shield_puts_a_time_out_off_unless_it_began_inside() {
    virtually(|| {
        let slept = Cell::new(false);
        let result = timeout(Duration::from_millis(1), || {
            shield(|| {
                sleep(SHORT);
                assert!(timeout(SHORT, || sleep(FOREVER)).is_err());
                slept.set(true);
            });
            yield_now();
            unreachable!();
        });
        assert!(result.is_err() && slept.get());
    });
}

#[test]
fn a_kill_goes_through_every_time_out_c_29() {
    virtually(|| {
        let task = spawn(|| timeout(FOREVER, || timeout(FOREVER, || sleep(FOREVER))));
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(osier::stats().timers, 0);
    });
}

#[test]
fn a_time_out_around_a_scope_waits_for_its_tasks_to_clean_up() {
    virtually(|| {
        let cleaned = Cell::new(0);
        let result = timeout(SHORT, || {
            osier::scope(|s| {
                for _ in 0..3 {
                    s.spawn(|| {
                        assert!(swallow(|| sleep(FOREVER)));
                        sleep(SHORT);
                        cleaned.set(cleaned.get() + 1);
                    });
                }
            })
        });
        assert!(result.is_err());
        assert_eq!(cleaned.get(), 3);
    });
}

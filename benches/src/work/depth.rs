//! Calls between a task's loop and its yield, none of them inlined.
//!
//! Each level is a function of its own, so that each has its own return address; the addition after
//! the inner call keeps it from being a jump, and differs between the two chains, or the linker
//! might fold them into one.

use osier::yield_now;

/// The deepest chain.
pub(crate) const DEEPEST: usize = 8;

/// No call between.
#[inline(always)]
pub(crate) fn zero(x: usize) -> usize {
    yield_now();
    x
}

macro_rules! chain {
    ($add:literal: $($name:ident calls $next:ident),+ $(,)?) => {
        $(#[inline(never)]
        pub(crate) fn $name(x: usize) -> usize {
            $next(x).wrapping_add($add)
        })+
    };
}

chain!(1: one calls zero, two calls one, three calls two, four calls three, five calls four,
    six calls five, seven calls six, eight calls seven);

/// Five calls that share nothing with the chain above.
pub(crate) mod other {
    use super::zero;

    chain!(3: one calls zero, two calls one, three calls two, four calls three, five calls four);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_passed_once() {
        osier::run(|| {
            assert_eq!([zero(0), one(0), three(0), eight(0)], [0, 1, 3, DEEPEST]);
            assert_eq!(other::five(0), 15);
        });
    }
}

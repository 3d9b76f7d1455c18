//! The macro.

/// Waits until one of several things can be done, does it, and goes on in its arm.
///
/// An arm is `pattern = branch => expression`; the branches stand in the [module](mod@crate::select) of the same name. The
/// pattern takes what the branch gives, and has to match in any case. All branches are made first, from top
/// to bottom, and the others are dropped with what they hold when one is done; a branch that is to be used again, or gives back what it was
/// to put, is passed by `&mut`. With a last arm `default => expression` it does not wait.
///
/// # Panics
/// Where it would wait inside of [`no_switch`](crate::no_switch).
///
/// # Blocking
/// Switches tasks, unless one can be done at once. With `default` it never does.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{get, put};
///
/// osier::run(|| {
///     let (jobs, results) = (Queue::from_iter([3]), Queue::bounded(1));
///     let job = osier::select! {
///         job = get(&jobs) => job.unwrap(),
///         default => 0,
///     };
///     let done = osier::select! {
///         outcome = put(&results, job * job) => outcome.is_ok(),
///         _ = get(&jobs) => false,
///     };
///     assert!(done);
///     assert_eq!(results.get(), Ok(9));
/// });
/// ```
#[macro_export]
macro_rules! select {
    // First each arm has a name of its own for its branch, then the whole is written out.
    (@arms [$($done:tt)*] default => $else:expr $(,)?) => {
        $crate::select!(@or $else; $($done)*)
    };
    (@arms [$($done:tt)*] $pattern:pat = $branch:expr => $body:expr, $($rest:tt)+) => {
        $crate::select!(@arms [$($done)* {branch $pattern = $branch => $body}] $($rest)+)
    };
    (@arms [$($done:tt)*] $pattern:pat = $branch:expr => $body:expr $(,)?) => {
        $crate::select!(@wait $($done)* {branch $pattern = $branch => $body})
    };
    (@wait $({$name:ident $pattern:pat = $branch:expr => $body:expr})+) => {{
        $(let mut $name = $branch;)+
        $crate::select::select(&mut [$(&mut $name as &mut dyn $crate::select::Branch),+]);
        $(if let ::core::option::Option::Some(outcome) = $name.take() {
            match outcome {
                $pattern => $body,
            }
        } else)+ {
            ::core::unreachable!("one of the branches was done")
        }
    }};
    (@or $else:expr; $({$name:ident $pattern:pat = $branch:expr => $body:expr})*) => {{
        $(let mut $name = $branch;)*
        $crate::select::try_select::<&mut dyn $crate::select::Branch>(&mut [
            $(&mut $name as &mut dyn $crate::select::Branch),*
        ]);
        $(if let ::core::option::Option::Some(outcome) = $name.take() {
            match outcome {
                $pattern => $body,
            }
        } else)* {
            $else
        }
    }};
    ($($arms:tt)+) => {
        $crate::select!(@arms [] $($arms)+)
    };
}

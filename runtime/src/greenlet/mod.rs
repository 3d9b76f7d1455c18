//! Greenlets: stacks that are switched by hand, with values.
//!
//! The layer below tasks, in the shape of Python's greenlet: no scheduler, no queue, nobody runs unless
//! somebody says so. With it, iterators are written as loops that yield ([`generator`]), and code that calls back is
//! turned inside out. It works on a plain thread, without [`run`](crate::run()), and inside of a task, where all
//! greenlets of the task are part of it: one that sleeps or reads a socket parks the task.
//!
//! ```
//! use osier::greenlet::{self, Greenlet};
//!
//! let pong = Greenlet::new(|first: String| {
//!     let main = greenlet::current().parent().unwrap();
//!     let second = main.switch(format!("{first} pong"));
//!     format!("{second} pong, over")
//! });
//! assert_eq!(pong.switch("ping".into()), "ping pong");
//! assert_eq!(pong.switch("PING".into()), "PING pong, over");
//! assert!(pong.is_dead());
//! ```
//!
//! # The rules
//!
//! - **Values.** The first switch's value is the argument of the closure. A later one's comes out of the
//!   switch in which the target left. All that a greenlet is handed is of one type, `T`; that the
//!   receiver waits for a `T` is checked where it is not known from the types.
//! - **Parents.** A new greenlet's parent is the one that made it; [`set_parent`](Greenlet::set_parent)
//!   changes that. The code that was there before, of a task or of a thread, is the
//!   *main* greenlet, which has none.
//! - **End.** What the closure returns goes to its parent, whatever switched to it: it
//!   comes out of the switch in which the parent left. So does a panic.
//! - **Dead.** A switch to a dead greenlet goes to its nearest living ancestor. If that is the caller, the
//!   value comes straight back.
//! - **Drop.** When the last handle of a suspended greenlet goes, it is unwound there and then: its destructors
//!   have run when `drop` returns. At the end of a task, or of a thread, all that are left are.
//! - **Borders.** Greenlets switch within their own task (or, outside of tasks, their own thread): any
//!   other switch is an [`Error`].
//! - **Unwinding.** As tasks do, they switch to nobody while they unwind: in a destructor at such a
//!   time, use [`checked_switch`](Greenlet::checked_switch), which gives the value back.
//!
//! With `panic = "abort"` nothing can be unwound: what is dropped while it is suspended is leaked.
//!
//! Kills and time-outs are the task's: they unwind the greenlet that waits, then its parents, as any panic
//! does, up to the main one. So are `shield`, `no_switch` (inside of which a switch is refused),
//! preserved thread-locals and `errno`.
//!
//! # If you know greenlet
//!
//! | greenlet | here |
//! |---|---|
//! | `greenlet(f)`, `greenlet(f, parent)` | [`Greenlet::new`], then [`Greenlet::set_parent`] |
//! | `g.switch(x)` | [`Greenlet::switch`] |
//! | `g.throw(E)`, `g.throw()` | [`Greenlet::throw`], [`Greenlet::kill`] |
//! | `g.dead`, `bool(g)` | [`Greenlet::is_dead`], [`Greenlet::is_active`] |
//! | `g.parent` | [`Greenlet::parent`], [`Greenlet::set_parent`] |
//! | `g.gr_frame` | [`Greenlet::backtrace`] |
//! | `g.gr_context`, `g.__dict__` | [`Greenlet::context`], [`Greenlet::set_context`] |
//! | `getcurrent()` | [`current`] |
//! | `settrace(f)`, `gettrace()` | [`set_trace`], [`trace`] |
//! | `GreenletExit` | the unwinding of [`Greenlet::kill`] and of drop; where the parent waits in a switch: [`Error::Ended`] |
//! | `greenlet.error` | a panic, or [`Error`] |
//! | several arguments, keyword arguments | a tuple, a struct, an enum |
//! | values of any type | `Greenlet<Box<dyn Any>>` |
//! | a generator built of greenlets, `x = yield y` | [`generator`], [`Generator::new`], [`Yielder::yield_`] |

mod body;
mod builder;
mod close;
mod error;
mod fate;
mod generator;
mod handle;
mod home;
mod id;
mod knot;
mod link;
mod node;
mod switch;
mod trace;
mod yielder;

pub use builder::Builder;
pub use error::{Error, SwitchError};
pub use generator::{Generator, generator};
pub use handle::Greenlet;
pub(crate) use home::stack_stats;
pub use id::GreenletId;
pub use knot::current;
pub use trace::{Event, Switched, set_trace, trace};
pub use yielder::Yielder;

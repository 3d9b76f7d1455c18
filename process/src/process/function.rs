//! Functions that can be called in another process, by name.
//!
//! What crosses is the name and the arguments, never code and never an address: the process on the other side is of the same
//! program, and looks the name up in a table that the linker has made.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use linkme::distributed_slice;
use serde::Serialize;

use super::{Exit, Signature};
use crate::wire::{Parcel, RecvError, SendError};

/// A function that can be called in another process, made by [`functions!`](crate::functions).
///
/// Here it is called as any other.
///
/// ```
/// osier::process::functions! {
///     /// Squares a number.
///     pub fn square(n: u64) -> u64 { n * n }
/// }
/// assert_eq!(square(7), 49);
/// assert!(square.name().ends_with("::square"));
/// ```
pub struct Function<F: 'static> {
    entry: &'static Entry,
    call: F,
}

/// What the table knows of a function.
#[doc(hidden)]
pub struct Entry {
    /// Where it is defined.
    pub name: &'static str,
    /// Calls it as the body of a process.
    pub run: fn(Parcel) -> Result<i32, RecvError>,
    /// Calls it as what comes before other calls; what is wrong, if something is.
    pub begin: fn(Parcel) -> Result<Option<String>, RecvError>,
    /// Calls it, and encodes what it gives.
    pub apply: fn(Parcel) -> Result<Result<Parcel, SendError>, RecvError>,
}

/// The table.
#[doc(hidden)]
#[distributed_slice]
#[allow(unsafe_code)]
pub static FUNCTIONS: [Entry];

/// The function of that name, for who was sent it.
#[doc(hidden)]
pub fn lookup(name: &str) -> Option<&'static Entry> {
    FUNCTIONS.iter().find(|entry| entry.name == name)
}

impl<F: Signature> Function<F> {
    #[doc(hidden)]
    pub const fn new(entry: &'static Entry, call: F) -> Function<F> {
        Function { entry, call }
    }

    /// Its name, which is that of one function in the program.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    #[doc(hidden)]
    pub fn entry(&self) -> &'static Entry {
        self.entry
    }
}

/// The function itself: `square(7)` is a call.
impl<F> Deref for Function<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.call
    }
}

impl<F: Copy> Clone for Function<F> {
    fn clone(&self) -> Function<F> {
        *self
    }
}

impl<F: Copy> Copy for Function<F> {}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.entry.name).finish()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Calls a function with what was sent.
#[doc(hidden)]
pub fn invoke<F: Signature>(f: F, args: Parcel) -> Result<F::Out, RecvError> {
    Ok(f.call(args.unpack()?))
}

/// A result, of which the traits below make what its type allows.
///
/// `(&outcome).code()` is [`Ending`]'s if the type has an [`Exit`], and [`Ignored`]'s otherwise, as a method of a reference is found
/// before one of a reference to a reference; the same with the encoding. So one macro serves processes and pools.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Outcome<T>(Cell<Option<T>>);

impl<T> Outcome<T> {
    #[doc(hidden)]
    pub fn new(value: T) -> Outcome<T> {
        Outcome(Cell::new(Some(value)))
    }

    fn take(&self) -> T {
        self.0.take().expect("it is taken once")
    }
}

#[doc(hidden)]
pub trait Ending {
    fn code(&self) -> i32;
    fn failure(&self) -> Option<String>;
}

impl<T: Exit> Ending for Outcome<T> {
    fn code(&self) -> i32 {
        self.take().exit_code()
    }

    fn failure(&self) -> Option<String> {
        self.take().failure()
    }
}

#[doc(hidden)]
pub trait Ignored {
    fn code(&self) -> i32;
    fn failure(&self) -> Option<String>;
}

impl<T> Ignored for &Outcome<T> {
    fn code(&self) -> i32 {
        drop(self.take());
        0
    }

    fn failure(&self) -> Option<String> {
        drop(self.take());
        None
    }
}

#[doc(hidden)]
pub trait Encoding {
    fn pack(&self) -> Result<Parcel, SendError>;
}

impl<T: Serialize> Encoding for Outcome<T> {
    fn pack(&self) -> Result<Parcel, SendError> {
        Parcel::pack(&self.take())
    }
}

#[doc(hidden)]
pub trait Unencoded {
    fn pack(&self) -> Result<Parcel, SendError>;
}

impl<T> Unencoded for &Outcome<T> {
    fn pack(&self) -> Result<Parcel, SendError> {
        drop(self.take());
        Err(SendError::Encode("serde cannot encode a value of that type".to_string()))
    }
}

/// Defines functions that can be called in another process.
///
/// They are called here as any others, and passed to [`Process::spawn`](crate::Process::spawn) by their names. Their arguments are what serde can encode
/// and decode. What they give is the process' exit code if it is an [`Exit`](crate::Exit); any other value is dropped. A name
/// stands for one function: there are no generic ones, and no two of one name within one function's body.
///
/// ```
/// osier::process::functions! {
///     /// Adds.
///     pub fn add(a: u32, b: u32) -> u32 {
///         a + b
///     }
///
///     fn greet(name: String) {
///         println!("hello, {name}");
///     }
/// }
/// assert_eq!(add(1, 2), 3);
/// osier::process::Process::spawn(greet, ("world".into(),)).unwrap().join();
/// ```
#[macro_export]
macro_rules! functions {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident : $type:ty),* $(,)?) $(-> $out:ty)? $body:block)*) => { $(
        $(#[$meta])*
        #[allow(non_upper_case_globals)]
        $vis const $name: $crate::process::Function<fn($($type),*) $(-> $out)?> = {
            fn call($($arg: $type),*) $(-> $out)? $body

            #[$crate::process::linkme::distributed_slice($crate::process::FUNCTIONS)]
            #[linkme(crate = $crate::process::linkme)]
            static ENTRY: $crate::process::Entry = $crate::process::Entry {
                name: concat!(module_path!(), "::", stringify!($name)),
                run: |args| {
                    #[allow(unused_imports)]
                    use $crate::process::{Ending as _, Ignored as _};
                    let f: fn($($type),*) $(-> $out)? = call;
                    Ok((&$crate::process::Outcome::new($crate::process::invoke(f, args)?)).code())
                },
                begin: |args| {
                    #[allow(unused_imports)]
                    use $crate::process::{Ending as _, Ignored as _};
                    let f: fn($($type),*) $(-> $out)? = call;
                    Ok((&$crate::process::Outcome::new($crate::process::invoke(f, args)?)).failure())
                },
                apply: |args| {
                    #[allow(unused_imports)]
                    use $crate::process::{Encoding as _, Unencoded as _};
                    let f: fn($($type),*) $(-> $out)? = call;
                    Ok((&$crate::process::Outcome::new($crate::process::invoke(f, args)?)).pack())
                },
            };
            $crate::process::Function::<fn($($type),*) $(-> $out)?>::new(&ENTRY, call)
        };
    )* };
}
pub(crate) use functions;

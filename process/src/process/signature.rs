//! Functions by the number of their arguments.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The type of a function that can be called in another process: arguments that serde can encode.
///
/// It is there for functions of up to eight arguments.
///
/// ```
/// fn call<F: osier::process::Signature>(f: F, args: F::Args) -> F::Out {
///     f.call(args)
/// }
/// assert_eq!(call(i32::pow as fn(i32, u32) -> i32, (2, 5)), 32);
/// ```
pub trait Signature: Copy + 'static {
    /// The arguments, as a tuple.
    type Args: Serialize + DeserializeOwned;
    /// The result.
    type Out;

    /// Calls it.
    fn call(self, args: Self::Args) -> Self::Out;
}

macro_rules! signatures {
    ($(($($arg:ident)*))*) => { $(
        impl<Out: 'static, $($arg: Serialize + DeserializeOwned + 'static),*> Signature for fn($($arg),*) -> Out {
            type Args = ($($arg,)*);
            type Out = Out;

            #[expect(non_snake_case, reason = "they are called as their types are")]
            fn call(self, ($($arg,)*): Self::Args) -> Out {
                self($($arg),*)
            }
        }
    )* };
}

signatures! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

impl<Out: 'static> Signature for fn() -> Out {
    type Args = ();
    type Out = Out;

    fn call(self, (): ()) -> Out {
        self()
    }
}

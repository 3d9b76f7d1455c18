//! Which signal.

use std::fmt;

use rustix::process::Signal as Known;

/// A signal's number.
///
/// ```
/// use osier::signal::Signal;
///
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::new(15), Some(Signal::TERM));
/// assert_eq!(Signal::new(0), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Signal(i32);

impl Signal {
    /// The terminal is gone; for servers, by custom: read the configuration again.
    pub const HUP: Signal = Signal(Known::HUP.as_raw());
    /// Ctrl-C.
    pub const INT: Signal = Signal(Known::INT.as_raw());
    /// Ctrl-\.
    pub const QUIT: Signal = Signal(Known::QUIT.as_raw());
    /// For users to give a meaning to.
    pub const USR1: Signal = Signal(Known::USR1.as_raw());
    /// For users to give a meaning to.
    pub const USR2: Signal = Signal(Known::USR2.as_raw());
    /// Nobody reads from a pipe; std has programs ignore it.
    pub const PIPE: Signal = Signal(Known::PIPE.as_raw());
    /// An alarm of the system's.
    pub const ALRM: Signal = Signal(Known::ALARM.as_raw());
    /// Asks the process to end.
    pub const TERM: Signal = Signal(Known::TERM.as_raw());
    /// A child has ended or stopped.
    pub const CHLD: Signal = Signal(Known::CHILD.as_raw());
    /// The process goes on after a stop.
    pub const CONT: Signal = Signal(Known::CONT.as_raw());
    /// Ctrl-Z.
    pub const TSTP: Signal = Signal(Known::TSTP.as_raw());
    /// The terminal has another size.
    pub const WINCH: Signal = Signal(Known::WINCH.as_raw());

    /// The signal with that number, if there can be one: 1 to 64.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub const fn new(number: i32) -> Option<Signal> {
        if number >= 1 && number <= 64 { Some(Signal(number)) } else { None }
    }

    /// Its number.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

/// As `kill -l` calls it: SIGTERM; those without a name by their number.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Signal::HUP => "HUP",
            Signal::INT => "INT",
            Signal::QUIT => "QUIT",
            Signal::USR1 => "USR1",
            Signal::USR2 => "USR2",
            Signal::PIPE => "PIPE",
            Signal::ALRM => "ALRM",
            Signal::TERM => "TERM",
            Signal::CHLD => "CHLD",
            Signal::CONT => "CONT",
            Signal::TSTP => "TSTP",
            Signal::WINCH => "WINCH",
            Signal(number) => return write!(f, "signal {number}"),
        };
        write!(f, "SIG{name}")
    }
}

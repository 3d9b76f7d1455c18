//! Log records: which task made them, and which process.
//!
//! - `origin`: where a record of another process comes from
//! - `task_logger`: a logger that puts the task in front

mod origin;
mod task_logger;

pub use origin::Origin;
pub use task_logger::TaskLogger;

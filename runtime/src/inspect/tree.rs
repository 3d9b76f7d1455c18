//! Who spawned whom.

use std::collections::HashMap;
use std::fmt;

use super::dump::dump;
use crate::hub::TaskInfo;
use crate::task::TaskId;

/// All tasks of a hub, each below the one that has spawned it; print it.
///
/// A task whose parent has ended, or is not known, stands at the margin. See [`task_tree`].
///
/// ```
/// use osier::inspect::{self, Tracking};
///
/// osier::run(|| {
///     inspect::track(Tracking::Tree);
///     let child = osier::spawn(|| drop(osier::spawn(osier::idle)));
///     osier::yield_now();
///     assert!(child.is_finished());
///     let tree = inspect::task_tree();
///     let depths: Vec<usize> = tree.iter().map(|(depth, _)| depth).collect();
///     assert_eq!(depths, [0, 0]); // who spawned the second one has ended
/// });
/// ```
#[derive(Clone, Debug)]
pub struct TaskTree {
    /// Parents before their children, with their depth. Flat, as a chain of tasks may be longer than
    /// a recursion is deep.
    entries: Vec<(usize, TaskInfo)>,
}

impl TaskTree {
    fn new(tasks: Vec<TaskInfo>) -> TaskTree {
        let mut waiting: HashMap<Option<TaskId>, Vec<TaskInfo>> = HashMap::new();
        let known: HashMap<TaskId, ()> = tasks.iter().map(|task| (task.id, ())).collect();
        // The last ones first, as they are taken from the end.
        for task in tasks.into_iter().rev() {
            let parent = task.parent.filter(|parent| known.contains_key(parent));
            waiting.entry(parent).or_default().push(task);
        }
        let mut entries = Vec::new();
        let roots = waiting.remove(&None).unwrap_or_default();
        let mut next: Vec<(usize, TaskInfo)> = roots.into_iter().map(|task| (0, task)).collect();
        while let Some((depth, task)) = next.pop() {
            let children = waiting.remove(&Some(task.id)).unwrap_or_default();
            next.extend(children.into_iter().map(|child| (depth + 1, child)));
            entries.push((depth, task));
        }
        TaskTree { entries }
    }

    /// Each task with its depth, parents before their children; 0 is at the margin.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &TaskInfo)> {
        self.entries.iter().map(|(depth, task)| (*depth, task))
    }

    /// That task and all that come from it, if it is there.
    pub fn below(&self, id: TaskId) -> Option<TaskTree> {
        let first = self.entries.iter().position(|(_, task)| task.id == id)?;
        let margin = self.entries[first].0;
        let rest = self.entries[first + 1..].iter().take_while(|(depth, _)| *depth > margin);
        let all = self.entries[first..first + 1].iter().chain(rest);
        Some(TaskTree {
            entries: all.map(|(depth, task)| (depth - margin, task.clone())).collect(),
        })
    }
}

impl fmt::Display for TaskTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, task) in self.iter() {
            writeln!(f, "{:1$}{task}", "", 2 * (depth + 1))?;
        }
        Ok(())
    }
}

/// Shows the tasks of this thread's hub, each below the one that has spawned it.
///
/// That is known of tasks that were spawned while [tracking](super::track) was on.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier::inspect::{self, Tracking};
///
/// osier::run(|| {
///     inspect::track(Tracking::Tree);
///     osier::Builder::new().name("boss").spawn(|| {
///         osier::spawn(|| ()).set_name("worker");
///         let tree = inspect::task_tree().to_string();
///         let indents = |name| tree.lines().find(|line| line.contains(name)).unwrap().find('t');
///         assert!(indents("'main'") < indents("'boss'") && indents("'boss'") < indents("'worker'"));
///     })?.join().unwrap();
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn task_tree() -> TaskTree {
    TaskTree::new(dump().tasks().to_vec())
}

//! The methods that groups and pools share, written down once.
//!
//! A macro, as a trait would have to be imported and a `Deref` would give a pool the group's `spawn`, which never waits.

/// Writes the shared methods of a type whose field 0 is a `Crew`.
macro_rules! crew_methods {
    ($type:ident) => {
        impl $type {
            /// How many members there are.
            ///
            /// Those that have not started included, and those that wait for their place.
            pub fn len(&self) -> usize {
                self.0.roster(|roster| roster.len())
            }

            /// Whether there is no member.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether that task is a member.
            pub fn contains(&self, task: impl Into<Task>) -> bool {
                self.0.contains(&task.into().0)
            }

            /// All members, in the order they were spawned.
            pub fn tasks(&self) -> Vec<Task> {
                self.0.members()
            }

            /// Takes a task out, which goes on by itself; whether it was a member.
            ///
            /// Its place, if it held one, is free. A member that ends is taken out by itself.
            ///
            /// # Blocking
            /// Never switches tasks.
            pub fn discard(&self, task: impl Into<Task>) -> bool {
                self.0.discard(&task.into().0)
            }

            /// Waits until there is no member; whether there was none.
            ///
            /// False only where nobody may wait: outside of a task, or in one that unwinds. Members that come meanwhile are waited
            /// for as well.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            pub fn join(&self) -> bool {
                self.0.join(None)
            }

            /// Waits for that long at most until there is no member; whether there was none.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            pub fn join_timeout(&self, limit: Duration) -> bool {
                self.0.join(clock::deadline(limit))
            }

            /// Waits until that moment at most until there is no member; whether there was none.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            pub fn join_deadline(&self, deadline: Instant) -> bool {
                self.0.join(Some(deadline))
            }

            /// Waits until there is no member, or the first fails; whether there was none.
            ///
            /// # Errors
            /// That of the first member to fail meanwhile, though others go on. To be killed is not to fail.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            pub fn join_ok(&self) -> Result<bool, JoinError> {
                self.0.join_ok(None)
            }

            /// Waits for that long at most until there is no member, or the first fails.
            ///
            /// # Errors
            /// As [`join_ok`](Self::join_ok).
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            pub fn join_ok_timeout(&self, limit: Duration) -> Result<bool, JoinError> {
                self.0.join_ok(clock::deadline(limit))
            }

            /// Asks all members to end.
            ///
            /// # Blocking
            /// Never switches tasks.
            ///
            /// # Panics
            /// When the program is built with `panic = "abort"`.
            pub fn kill(&self) {
                self.0.kill();
            }

            /// Asks all members to end and waits that long; whether there is none left.
            ///
            /// Each is asked once. Whoever becomes a member meanwhile is asked as well.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no member.
            ///
            /// # Panics
            /// As [`kill`](Self::kill).
            pub fn kill_timeout(&self, limit: Duration) -> bool {
                self.0.kill_until(clock::deadline(limit))
            }

            /// Runs `f` as a member, and gives its result.
            ///
            /// Whoever waits here may be killed; the member goes on then.
            ///
            /// # Errors
            /// When the member panicked or was killed.
            ///
            /// # Blocking
            /// Switches tasks.
            #[track_caller]
            pub fn apply<F, T>(&self, f: F) -> Result<T, JoinError>
            where
                F: FnOnce() -> T + 'static,
                T: 'static,
            {
                self.spawn(f).join()
            }

            /// Has `f` run as a member as soon as there is a place for it.
            ///
            /// Never waits for one itself: the task is a member at once, and waits for its place before it calls `f`.
            ///
            /// # Panics
            /// Outside of [`run`](crate::run).
            ///
            /// # Blocking
            /// Never switches tasks.
            #[track_caller]
            pub fn apply_async<F, T>(&self, f: F) -> JoinHandle<T>
            where
                F: FnOnce() -> T + 'static,
                T: 'static,
            {
                self.0.spawn_waiting(Location::caller(), f)
            }

            /// As [`apply_async`](Self::apply_async), and calls `done` or `failed` at the end.
            ///
            /// `done` is called with the value in the member, which is not over before; what it panics with is the
            /// member's error. `failed` is called as a [link](JoinHandle::link_error). Neither is if the member is killed.
            ///
            /// # Panics
            /// Outside of [`run`](crate::run).
            ///
            /// # Blocking
            /// Never switches tasks.
            #[track_caller]
            pub fn apply_async_with<F, T>(
                &self,
                f: F,
                done: impl FnOnce(&T) + 'static,
                failed: impl FnOnce(JoinError) + 'static,
            ) -> JoinHandle<T>
            where
                F: FnOnce() -> T + 'static,
                T: 'static,
            {
                let run = move || {
                    let value = f();
                    done(&value);
                    value
                };
                let handle = self.0.spawn_waiting(Location::caller(), run);
                handle.link_error(failed);
                handle
            }

            /// Calls `f` for all items, each in a member of its own; gives the results in their order.
            ///
            /// # Errors
            /// The first in the order of the items; the members after it go on.
            ///
            /// # Blocking
            /// Switches tasks, unless there is no item.
            ///
            /// # Panics
            /// As the iterator of the items does.
            #[track_caller]
            pub fn map<I, F, R>(&self, items: I, f: F) -> Result<Vec<R>, JoinError>
            where
                I: IntoIterator,
                I::Item: 'static,
                F: Fn(I::Item) -> R + 'static,
                R: 'static,
            {
                map(items, f, Location::caller(), |site, job| self.spawn_at(site, job))
            }

            /// As [`map`](Self::map), in a task of its own; its join gives the results.
            ///
            /// The task ends as the first of its items did that failed.
            ///
            /// # Panics
            /// Outside of [`run`](crate::run).
            ///
            /// # Blocking
            /// Never switches tasks.
            #[track_caller]
            pub fn map_async<I, F, R>(&self, items: I, f: F) -> JoinHandle<Vec<R>>
            where
                I: IntoIterator + 'static,
                I::Item: 'static,
                F: Fn(I::Item) -> R + 'static,
                R: 'static,
            {
                let (own, site) = (self.clone(), Location::caller());
                let spawn = move |site, job| own.spawn_at(site, job);
                map_async(site, move || map(items, f, site, spawn))
            }

            /// Calls `f` for all items, each in a member of its own; gives results as they are asked for, in order.
            ///
            /// The items are asked for as there are places. [`Imap::bound`] says how far it may run ahead.
            ///
            /// # Panics
            /// Outside of [`run`](crate::run).
            ///
            /// # Blocking
            /// Never switches tasks; the iterator does, unless a result is there.
            #[track_caller]
            pub fn imap<I, F, R>(&self, items: I, f: F) -> Imap<R>
            where
                I: IntoIterator + 'static,
                I::Item: 'static,
                F: Fn(I::Item) -> R + 'static,
                R: 'static,
            {
                let own = self.clone();
                let spawn = move |site, job| own.spawn_at(site, job);
                Imap::new(Location::caller(), true, items, f, spawn)
            }

            /// As [`imap`](Self::imap), and gives results in the order in which they come.
            ///
            /// # Panics
            /// Outside of [`run`](crate::run).
            ///
            /// # Blocking
            /// Never switches tasks; the iterator does, unless a result is there.
            #[track_caller]
            pub fn imap_unordered<I, F, R>(&self, items: I, f: F) -> Imap<R>
            where
                I: IntoIterator + 'static,
                I::Item: 'static,
                F: Fn(I::Item) -> R + 'static,
                R: 'static,
            {
                let own = self.clone();
                let spawn = move |site, job| own.spawn_at(site, job);
                Imap::new(Location::caller(), false, items, f, spawn)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.describe(stringify!($type), f)
            }
        }
    };
}

pub(super) use crew_methods;

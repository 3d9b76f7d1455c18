//! What must not compile, each with the compiler's reason. Built for these examples alone.
//!
//! What cannot be called cannot be spawned:
//! ```compile_fail,E0277
//! osier::spawn(7);
//! ```
//! ```compile_fail,E0277
//! osier::Builder::new().spawn("not a function");
//! ```
//! ```compile_fail,E0277
//! osier::handle().spawn(());
//! ```
//! Nor what wants an argument:
//! ```compile_fail,E0593
//! osier::spawn(|n: u32| n + 1);
//! ```
//! A task that is not in a scope borrows nothing:
//! ```compile_fail,E0373
//! osier::run(|| {
//!     let word = String::from("short-lived");
//!     osier::spawn(|| word.len());
//! });
//! ```
//! A handle of a scope does not leave it:
//! ```compile_fail,E0521
//! osier::run(|| {
//!     let mut kept = None;
//!     osier::scope(|s| kept = Some(s.spawn(|| 7)));
//! });
//! ```
//! Nor does the scope, into a task that may outlive it:
//! ```compile_fail,E0521
//! osier::run(|| osier::scope(|s| osier::spawn(move || drop(s.spawn(|| 7)))));
//! ```
//! What two tasks share they cannot both change:
//! ```compile_fail,E0499
//! osier::run(|| {
//!     let mut count = 0;
//!     osier::scope(|s| {
//!         s.spawn(|| count += 1);
//!         s.spawn(|| count += 1);
//!     });
//! });
//! ```
//! A join takes the result away, so nobody looks at it any more:
//! ```compile_fail,E0505
//! osier::run(|| {
//!     let task = osier::spawn(|| String::from("tea"));
//!     let value = task.value();
//!     drop(task.join());
//!     drop(value);
//! });
//! ```
//! Tasks, their handles and what wakes them stay on their thread:
//! ```compile_fail,E0277
//! osier::run(|| {
//!     let task = osier::spawn(|| 7);
//!     std::thread::spawn(move || task.kill());
//! });
//! ```
//! ```compile_fail,E0277
//! osier::run(|| {
//!     let me = osier::current();
//!     std::thread::spawn(move || me.kill());
//! });
//! ```
//! ```compile_fail,E0277
//! osier::run(|| {
//!     let me = osier::Unparker::current();
//!     std::thread::spawn(move || me.unpark());
//! });
//! ```
//! ```compile_fail,E0277
//! let hub = osier::Hub::new().unwrap();
//! std::thread::spawn(move || hub.run(|| ()));
//! ```
//! A greenlet and what it shares its stacks with stay on their thread, and so does a generator:
//! ```compile_fail,E0277
//! let one = osier::greenlet::Greenlet::new(|n: u32| n);
//! std::thread::spawn(move || one.switch(1));
//! ```
//! ```compile_fail,E0277
//! let mut one = osier::greenlet::generator(|y| _ = y.yield_(1));
//! std::thread::spawn(move || one.next());
//! ```
//! There is no greenlet that has nothing to run, and none that borrows what it may outlive:
//! ```compile_fail,E0277
//! osier::greenlet::Greenlet::<u32>::new(());
//! ```
//! ```compile_fail,E0373
//! let word = String::from("short-lived");
//! osier::greenlet::Greenlet::new(|n: usize| n + word.len());
//! ```
//! Its parent is one that takes the same values; no other thing is:
//! ```compile_fail,E0308
//! use osier::greenlet::Greenlet;
//! let (numbers, words) = (Greenlet::new(|n: u32| n), Greenlet::new(|w: String| w));
//! numbers.set_parent(&words);
//! ```
//! What is thrown may end up in another thread's hands:
//! ```compile_fail,E0277
//! osier::greenlet::Greenlet::new(|n: u32| n).throw(std::rc::Rc::new(7));
//! ```
//! A generator is not copied, and what yields does not outlive its code:
//! ```compile_fail,E0599
//! let one = osier::greenlet::generator(|y| _ = y.yield_(1));
//! let two = one.clone();
//! ```
//! ```compile_fail,E0521
//! let mut kept: Option<&osier::greenlet::Yielder<'_, u32>> = None;
//! osier::greenlet::generator::<u32>(|y| kept = Some(y)).next();
//! ```
//! What comes back from another thread's hub has to be able to travel:
//! ```compile_fail,E0277
//! osier::handle().spawn(|| std::rc::Rc::new(7));
//! ```
//! A call on an OS thread borrows nothing, and takes nothing that stays here:
//! ```compile_fail,E0373
//! osier::run(|| {
//!     let word = String::from("lent");
//!     osier::thread::offload(|| word.len());
//! });
//! ```
//! ```compile_fail,E0277
//! let local = std::rc::Rc::new(7);
//! osier::thread::offload(move || *local);
//! ```
//! A pool of no threads, and a negative length of time, are none:
//! ```compile_fail,E0080
//! static NONE: osier::thread::Pool = osier::thread::Pool::new("none", 0);
//! ```
//! ```compile_fail,E0600
//! osier::sleep(-std::time::Duration::from_secs(1));
//! ```
//! A promise is kept once:
//! ```compile_fail,E0382
//! let (resolver, _promise) = osier::thread::promise();
//! resolver.resolve(1);
//! resolver.resolve(2);
//! ```
//! What cannot travel goes through no channel to another thread, nor into a call there:
//! ```compile_fail,E0277
//! let (sender, _receiver) = osier::thread::unbounded();
//! std::thread::spawn(move || sender.send(std::rc::Rc::new(7)));
//! ```
//! ```compile_fail,E0277
//! let executor = osier::thread::ThreadPoolExecutor::new(1);
//! let local = std::rc::Rc::new(7);
//! drop(executor.submit(move || *local));
//! ```
//! A future that waits for a time does so on its own hub:
//! ```compile_fail,E0277
//! let nap = osier::future::after(std::time::Duration::ZERO);
//! std::thread::spawn(move || osier::run(|| osier::future::block_on(nap)));
//! ```

//! Processes of this program that begin anew, to call a function by its name.
#![forbid(unsafe_code)] // what the macro makes must not ask users to allow it

#[path = "support/alone.rs"]
mod alone;
#[path = "support/stubborn.rs"]
mod stubborn;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use alone::tests;
use osier::process::{
    Builder, ExitStatus, Passed, Process, RecvError, StartError, current, functions, parent, pipe,
};
use serde::{Deserialize, Serialize};
use stubborn::Stubborn;

const FOREVER: Duration = Duration::from_secs(3600);

/// Says that stdin is closed.
const TOLD: &str = "OSIER_TEST_TOLD";

#[derive(Serialize, Deserialize)]
struct Order {
    text: String,
    numbers: Vec<u32>,
    line: Passed<UnixStream>,
}

functions! {
    fn add(a: i32, b: i32) -> i32 { a + b }
    fn nothing() {}
    fn forever() { osier::sleep(FOREVER) }
    fn panics(why: String) { panic!("{why}") }
    fn fails() -> Result<(), String> { Err("it failed".into()) }
    fn list() -> Vec<u32> { vec![1] }
    fn refuses(_it: Stubborn) {}

    fn fill(order: Order) -> Result<(), std::io::Error> {
        let sum: u32 = order.numbers.iter().sum();
        let mut line = &order.line.0;
        line.write_all(format!("{} {sum}", order.text).as_bytes())
    }

    fn who(say: pipe::Writer<(String, bool, Vec<u8>, u32, String)>) {
        let (me, parent) = (current(), parent().unwrap());
        let told = (me.name().into(), me.is_daemon(), me.authkey().into(), parent.pid(), parent.name().into());
        say.send(&told).unwrap();
    }

    fn open_files(say: pipe::Writer<Vec<String>>) {
        let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
        say.send(&all.flat_map(|e| fs::read_link(e.path())).map(|p| p.display().to_string()).collect()).unwrap();
    }

    fn surroundings(say: pipe::Writer<(Vec<String>, String, Option<String>)>) {
        let arguments = std::env::args().collect();
        let folder = std::env::current_dir().unwrap().display().to_string();
        say.send(&(arguments, folder, std::env::var("OSIER_TEST_MARK").ok())).unwrap();
    }

    fn nest(left: u32) -> i32 {
        if left == 0 {
            return 0;
        }
        let forked = Process::fork(move || left as i32).unwrap();
        assert_eq!(forked.join(), ExitStatus::Code(left as i32));
        match Process::spawn(nest, (left - 1,)).unwrap().join() {
            ExitStatus::Code(code) => code + 1,
            _ => 100,
        }
    }

    fn daemonic() -> i32 {
        let refused = Process::spawn(nothing, ()).unwrap_err();
        i32::from(!matches!(refused, StartError::Daemonic))
    }
}

fn open_here() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

tests! {
    #[test]
    fn a_function_is_called_by_name_with_its_arguments_pr_01() {
        osier::run(|| {
            assert_eq!(add(1, 2), 3);
            assert_eq!(Process::spawn(add, (40, 2)).unwrap().join(), ExitStatus::Code(42));
            assert_eq!(Process::spawn(nothing, ()).unwrap().join(), ExitStatus::Code(0));
            assert_eq!(Process::spawn(list, ()).unwrap().join(), ExitStatus::Code(0));
            assert_eq!(Process::spawn(fails, ()).unwrap().join(), ExitStatus::Code(1));
            assert_eq!(Process::spawn(panics, ("on purpose".into(),)).unwrap().join(), ExitStatus::Code(1));
        });
    }

    #[test]
    fn name_daemon_key_and_parent_are_handed_on_pr_02() {
        osier::run(|| {
            let (reader, writer) = pipe::simplex().unwrap();
            let process = Builder::new().name("asked").daemon(true).authkey("k").spawn(who, (writer,)).unwrap();
            let me = (std::process::id(), "MainProcess".to_string());
            assert_eq!(reader.recv().unwrap(), ("asked".into(), true, b"k".to_vec(), me.0, me.1));
            assert!(process.join().is_success());
            assert!(matches!(reader.recv(), Err(RecvError::Closed)), "our end went with the argument");
        });
    }

    #[test]
    fn a_spawned_daemon_starts_no_process_pr_04() {
        osier::run(|| {
            let daemon = Builder::new().daemon(true).spawn(daemonic, ()).unwrap();
            assert_eq!(daemon.join(), ExitStatus::Code(0));
        });
    }

    #[test]
    fn only_what_was_passed_is_open_pr_13() {
        osier::run(|| {
            let leak = fs::File::open("/proc/self/stat").unwrap();
            rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap(); // as C code does
            let (reader, writer) = pipe::simplex().unwrap();
            Process::spawn(open_files, (writer,)).unwrap().join();
            let open = reader.recv().unwrap();
            let files: Vec<_> = open.iter().filter(|path| path.starts_with('/')).collect();
            assert!(!files.iter().any(|path| path.ends_with("/stat")), "{open:?}");
        });
    }

    #[test]
    fn a_parent_without_stdin_starts_children_pr_13() {
        if std::env::var_os(TOLD).is_none() {
            // A shell closes it.
            let line = "exec \"$0\" --one a_parent_without_stdin_starts_children_pr_13 <&-";
            let mut shell = std::process::Command::new("/bin/sh");
            shell.args(["-c", line]).arg(std::env::current_exe().unwrap()).env(TOLD, "closed");
            assert!(shell.status().unwrap().success());
            return;
        }
        osier::run(|| {
            assert_eq!(Process::spawn(add, (1, 1)).unwrap().join(), ExitStatus::Code(2));
            assert_eq!(Process::fork(|| 3).unwrap().join(), ExitStatus::Code(3));
        });
    }

    #[test]
    fn main_does_not_run_in_it_pr_18() {
        osier::run(|| {
            let (reader, writer) = pipe::simplex().unwrap();
            let process = Process::spawn(surroundings, (writer,)).unwrap();
            let (arguments, ..) = reader.recv().unwrap();
            // These arguments would have had main run this very test, and so on without end.
            assert_eq!(arguments, std::env::args().collect::<Vec<_>>());
            assert!(process.join().is_success());
        });
    }

    #[test]
    fn a_program_that_is_marked_by_hand_ends_at_once_pr_18() {
        let program = std::env::current_exe().unwrap();
        let out = std::process::Command::new(program).env("OSIER_PROCESS_PARENT", "1").output().unwrap();
        assert_eq!(out.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&out.stderr).contains("unset it"));
    }

    #[test]
    fn arguments_folder_and_environment_are_this_process_own_pr_19() {
        osier::run(|| {
            std::env::set_current_dir("/").unwrap();
            let (reader, writer) = pipe::simplex().unwrap();
            Process::spawn(surroundings, (writer,)).unwrap().join();
            let (arguments, folder, _) = reader.recv().unwrap();
            assert_eq!((arguments, folder.as_str()), (std::env::args().collect(), "/"));
            assert_eq!(Process::spawn(nest, (3,)).unwrap().join(), ExitStatus::Code(3));
        });
    }

    #[test]
    fn what_cannot_be_encoded_starts_nothing_pr_20() {
        osier::run(|| {
            Process::spawn(nothing, ()).unwrap().join();
            osier::sleep(Duration::from_millis(2));
            let open = open_here();
            let refused = Process::spawn(refuses, (Stubborn,)).unwrap_err();
            assert!(matches!(&refused, StartError::Encode(_)), "{refused:?}");
            assert_eq!(open_here(), open);
            assert!(osier::process::active_children().is_empty());
        });
    }

    #[test]
    fn other_threads_do_not_stand_in_the_way_c_17() {
        let (say, said) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || said.iter().count());
        osier::run(|| {
            assert_eq!(Process::spawn(add, (2, 2)).unwrap().join(), ExitStatus::Code(4));
        });
        drop(say);
        other.join().unwrap();
    }

    #[test]
    fn sockets_travel_in_arguments_c_17() {
        osier::run(|| {
            let (mut near, far) = UnixStream::pair().unwrap();
            let order = Order { text: "sum".into(), numbers: (0..50_000).collect(), line: Passed(far) };
            assert_eq!(Process::spawn(fill, (order,)).unwrap().join(), ExitStatus::Code(0));
            let mut text = String::new();
            near.read_to_string(&mut text).unwrap();
            assert_eq!(text, format!("sum {}", (0..50_000_u32).sum::<u32>()));
        });
    }

    #[test]
    fn a_spawned_daemon_dies_with_a_parent_that_is_killed_c_20() {
        osier::run(|| {
            let (line, far) = pipe::simplex::<u32>().unwrap();
            let middle = Process::fork(move || {
                let daemon = Builder::new().daemon(true).spawn(forever, ()).unwrap();
                far.send(&daemon.pid()).unwrap();
                daemon.join();
            });
            let (middle, pid) = (middle.unwrap(), line.recv().unwrap());
            assert!(fs::exists(format!("/proc/{pid}")).unwrap());
            middle.kill().unwrap();
            middle.join();
            let gone = || match fs::read_to_string(format!("/proc/{pid}/stat")) {
                Ok(text) => text.contains(") Z"), // nobody here can reap it
                Err(_) => true,
            };
            let soon = (0..1000).any(|_| gone() || { osier::sleep(Duration::from_millis(1)); false });
            assert!(soon, "it lives on");
        });
    }
}

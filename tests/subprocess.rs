//! Other programs: started, talked to and waited for by tasks.

mod support;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use osier::process::subprocess::{Child, Command, Stdio, TimedOut};
use osier::signal::Signal;
use osier::{Waitable, iwait, join_all, spawn, timeout, yield_now};
use support::Turns;

/// A shell with that program.
fn sh(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", program]);
    command
}

/// What a shell with that program writes.
fn said(program: &str) -> String {
    text(sh(program).output().unwrap().stdout)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// One that ends when it is told so, and not before.
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn output_status_and_what_is_said_of_the_start_sb_01() {
    osier::run(|| {
        let output = sh("echo out; echo err >&2; exit 3").output().unwrap();
        assert_eq!((text(output.stdout), text(output.stderr)), ("out\n".into(), "err\n".into()));
        assert_eq!(output.status.code(), Some(3));
        assert!(sh("exit 0").status().unwrap().success());
        assert_eq!(said("cat"), "", "it has nothing to read");

        let of = |command: &mut Command| text(command.output().unwrap().stdout);
        let mut env = sh("echo $A-$B-$C");
        env.env("A", "1").envs([("B", "2"), ("C", "3")]).env_remove("C");
        assert_eq!(of(&mut env), "1-2-\n");
        assert_eq!(of(Command::new("/usr/bin/env").env_clear()), "");
        assert_eq!(of(sh("pwd").current_dir("/usr")), "/usr\n");
        assert_eq!(of(sh("echo $0").arg0("me")), "me\n");
        assert_eq!(of(sh("umask").umask(0o27)), "0027\n");
        let session = |command: &mut Command| of(command).trim().parse::<u32>().unwrap();
        let ours = session(&mut sh("cut -d' ' -f6 /proc/self/stat"));
        assert_ne!(session(sh("cut -d' ' -f6 /proc/self/stat").new_session()), ours);
        let group = session(&mut sh("cut -d' ' -f5 /proc/self/stat"));
        assert_ne!(session(sh("cut -d' ' -f5 /proc/self/stat").process_group(0)), group);
        // Standard error where standard output goes.
        let file = tempfile("merged");
        let both = fs::File::create(&file).unwrap();
        let mut merged = sh("echo out; echo err >&2");
        merged.stdout(both.try_clone().unwrap()).stderr(both).status().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "out\nerr\n");
        fs::remove_file(file).unwrap();
    });
}

fn tempfile(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("osier-subprocess-{name}-{}", std::process::id()))
}

#[test]
fn descriptors_are_handed_over_under_their_numbers_sb_01() {
    osier::run(|| {
        let ((mine, theirs), (other, also)) =
            (osier::io::pipe().unwrap(), osier::io::pipe().unwrap());
        for (mut to, what) in [(theirs, b"seven"), (also, b"three")] {
            to.write_all(what).unwrap();
        }
        let (mine, other) = (mine.into_blocking().unwrap(), other.into_blocking().unwrap());
        let mut command = sh("cat <&7; cat <&3");
        let output = command.pass(mine, 7).pass(other, 3).output().unwrap();
        assert_eq!(text(output.stdout), "seventhree");
        let own = OwnedFd::from(fs::File::open("/dev/null").unwrap());
        let mut missing = Command::new("/there/is/no/such/program");
        let error = missing.pass(own, 5).spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "std's own pipe has told of it");
    });
}

#[test]
fn much_goes_both_ways_while_others_run_sb_02() {
    osier::run(|| {
        let turns = Turns::new();
        let long: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
        let output = cat().communicate(long.clone()).unwrap();
        assert!(output.stdout == long && output.status.success());
        assert!(turns.count() > 10);
        // It does not read what it is told, and ends.
        assert!(sh("exit 0").stdin(Stdio::piped()).spawn().unwrap().communicate(long).is_ok());
        let mut loud = sh("yes | head -c 3000000 >&2; echo done");
        let output = loud.output().unwrap();
        assert_eq!((output.stderr.len(), text(output.stdout)), (3_000_000, "done\n".into()));
    });
}

#[test]
fn how_it_ended_is_told_sb_02() {
    osier::run(|| {
        type End = fn(&Child) -> std::io::Result<()>;
        let ends: [(End, i32); 3] =
            [(Child::kill, 9), (Child::terminate, 15), (|child| child.signal(Signal::HUP), 1)];
        for (end, signal) in ends {
            let mut child = cat();
            assert_eq!(child.try_wait().unwrap(), None);
            end(&child).unwrap();
            drop(child.stdin.take());
            let status = child.wait().unwrap();
            assert!(status.signal() == Some(signal) || status.success(), "{status}");
            assert_eq!(child.wait().unwrap(), status, "as often as one likes");
            end(&child).unwrap();
        }
        let mut deaf = Command::new("sleep").arg("60").spawn().unwrap();
        deaf.kill().unwrap();
        assert_eq!(deaf.wait().unwrap().signal(), Some(9));
    });
}

#[test]
fn a_missing_program_is_an_error_and_leaves_nothing_sb_03() {
    osier::run(|| {
        for program in ["/there/is/no/such/program", "/etc", "/etc/passwd"] {
            let error = Command::new(program).stdin(Stdio::piped()).spawn().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied));
        }
        let mut child = sh("exec sleep 60");
        let mut child = child.kill_on_drop(true).spawn().unwrap();
        assert_eq!(child.communicate("for nobody").unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn it_is_one_of_several_things_to_wait_for_sb_05() {
    osier::run(|| {
        let (slow, quick) = (cat(), sh("exit 4").spawn().unwrap());
        let things: [&dyn Waitable; 2] = [&slow, &quick];
        assert_eq!(iwait(things).next().map(|(place, _)| place), Some(1));
        assert!(quick.is_ready() && !slow.is_ready());
        let mut quick = quick;
        assert_eq!(quick.try_wait().unwrap().unwrap().code(), Some(4));
        let mut slow = slow;
        drop(slow.stdin.take());
        while slow.try_wait().unwrap().is_none() {
            yield_now();
        }
    });
}

#[test]
fn a_wait_that_is_cut_short_can_be_taken_up_again_sb_05() {
    osier::run(|| {
        let mut child = sh("read line; echo $line");
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let held = child.stdin.take();
        assert!(timeout(Duration::from_millis(5), || child.wait()).is_err());
        assert_eq!(child.wait_timeout(Duration::from_millis(1)).unwrap(), None);
        held.unwrap().write_all(b"at last\n").unwrap();
        assert!(child.wait().unwrap().success());
        let mut line = String::new();
        child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
        assert_eq!(line, "at last\n");
    });
}

#[test]
fn what_was_said_before_the_time_was_up_is_kept() {
    osier::run(|| {
        let mut child = sh("echo begun; echo bad >&2; cat; echo done");
        let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let keep = child.stdin.as_ref().unwrap().try_clone().unwrap(); // so that `cat` goes on
        let soon = Duration::from_millis(20);
        let mut late = child.communicate_timeout("more\n", soon).unwrap_err();
        let late = loop {
            let said: TimedOut = late.downcast().unwrap();
            if said.stdout.len() == 11 && !said.stderr.is_empty() {
                break said;
            }
            late = child.communicate_timeout("", soon).unwrap_err();
        };
        let again = child.communicate("again").unwrap_err();
        assert_eq!(again.kind(), ErrorKind::InvalidInput, "all was told, and the pipe closed");
        assert_eq!(
            (text(late.stdout), text(late.stderr)),
            ("begun\nmore\n".into(), "bad\n".into())
        );
        drop(keep);
        let output = child.communicate("").unwrap();
        assert_eq!(text(output.stdout), "begun\nmore\ndone\n");
    });
}

#[test]
fn a_hundred_at_once_take_as_long_as_one() {
    osier::run(|| {
        let began = osier::clock::now();
        let one = |_| spawn(|| sh("exec sleep 0.3").status().unwrap().success());
        assert!(join_all((0..100).map(one)).into_iter().all(Result::unwrap));
        assert!(began.elapsed() < Duration::from_secs(10), "30 s one by one");
    });
}

#[test]
fn who_is_dropped_goes_on_and_leaves_no_zombie() {
    osier::run(|| {
        let gone = |pid: u32| {
            while Path::new(&format!("/proc/{pid}")).exists() {
                osier::sleep(Duration::from_millis(1));
            }
        };
        let mut child = cat();
        let (pid, stdin) = (child.id(), child.stdin.take());
        drop(child);
        osier::sleep(Duration::from_millis(5));
        assert!(Path::new(&format!("/proc/{pid}")).exists(), "it has a pipe to read");
        drop(stdin);
        gone(pid);
        let mut killed = Command::new("sleep");
        let pid = killed.arg("60").kill_on_drop(true).spawn().unwrap().id(); // and dropped
        gone(pid);
    });
    // Without a hub the next start sees to it.
    let pid = sh("exit 0").spawn().unwrap().id();
    let state = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    while state().contains(") R") || state().contains(") S") {
        thread::yield_now();
    }
    sh("exit 0").status().unwrap();
    assert_eq!(state(), "");
}

#[test]
fn without_a_run_and_on_any_thread_it_works_as_well_sb_06() {
    let both = || {
        assert_eq!(said("echo here"), "here\n");
        assert_eq!(cat().communicate("there").unwrap().stdout, b"there");
    };
    both();
    thread::spawn(both).join().unwrap();
    thread::spawn(move || osier::run(both)).join().unwrap();
}

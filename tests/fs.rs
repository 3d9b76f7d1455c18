//! Files and folders: as std's, and other tasks run meanwhile.

mod support;

use std::fs as std_fs;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use osier::fs::{self, DirBuilder, File, OpenOptions};
use osier::{join_all, spawn, timeout};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use support::Turns;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("osier-fs-{name}-{}", std::process::id()));
        std_fs::create_dir(&path).expect("a folder for the test");
        Folder(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A named pipe in it: to open it waits for the other end, as long as one likes.
    fn pipe(&self) -> PathBuf {
        let path = self.at("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std_fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_written_is_read() -> io::Result<()> {
    let folder = Folder::new("whole");
    osier::run(|| {
        let (one, two) = (folder.at("one"), folder.at("two"));
        fs::write(&one, "text")?;
        assert_eq!(fs::read(&one)?, b"text");
        assert_eq!(fs::copy(&one, &two)?, 4);
        assert_eq!(fs::read_to_string(&two)?, "text");
        fs::rename(&two, folder.at("three"))?;
        assert!(!fs::exists(&two)? && fs::exists(folder.at("three"))?);
        fs::remove_file(&one)?;
        assert_eq!(fs::read(&one).unwrap_err().kind(), ErrorKind::NotFound);
        std_fs::write(&two, [0xff])?;
        assert_eq!(fs::read_to_string(&two).unwrap_err().kind(), ErrorKind::InvalidData);
        Ok(())
    })
}

#[test]
fn links_and_permissions() -> io::Result<()> {
    let folder = Folder::new("links");
    osier::run(|| {
        let (file, hard, soft) = (folder.at("file"), folder.at("hard"), folder.at("soft"));
        fs::write(&file, "1234")?;
        fs::hard_link(&file, &hard)?;
        fs::symlink(&file, &soft)?;
        assert_eq!(fs::read_link(&soft)?, file);
        assert_eq!(fs::canonicalize(&soft)?, fs::canonicalize(&file)?);
        assert_eq!(fs::metadata(&soft)?.len(), 4);
        assert!(fs::symlink_metadata(&soft)?.is_symlink());
        fs::set_permissions(&hard, fs::Permissions::from_mode(0o600))?;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    })
}

#[test]
fn folders() -> io::Result<()> {
    let folder = Folder::new("folders");
    osier::run(|| {
        fs::create_dir_all(folder.at("a/b"))?;
        fs::create_dir_all(folder.at("a/b"))?;
        assert_eq!(fs::create_dir(folder.at("a")).unwrap_err().kind(), ErrorKind::AlreadyExists);
        DirBuilder::new().mode(0o700).create(folder.at("a/mine"))?;
        assert_eq!(fs::metadata(folder.at("a/mine"))?.permissions().mode() & 0o777, 0o700);
        // More than are fetched at once.
        for n in 0..600 {
            std_fs::write(folder.at(&format!("a/b/{n}")), "")?;
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.at("a/b"))? {
            names.push(entry?.file_name().into_string().expect("a number"));
        }
        names.sort_by_key(|name| name.parse::<u32>().expect("a number"));
        assert_eq!(names, (0..600).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(fs::remove_dir(folder.at("a")).is_err(), "it is not empty");
        fs::remove_dir(folder.at("a/mine"))?;
        fs::remove_dir_all(folder.at("a"))?;
        assert!(fs::read_dir(folder.at("a")).is_err());
        Ok(())
    })
}

#[test]
fn a_file_is_read_written_and_sought_in_fo_01() -> io::Result<()> {
    let folder = Folder::new("file");
    osier::run(|| {
        let mut file = File::create_new(folder.at("file"))?;
        assert_eq!(
            File::create_new(folder.at("file")).unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        // Longer than one call moves.
        let long: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
        file.write_all(&long)?;
        file.flush()?;
        assert_eq!(file.stream_position()?, long.len() as u64);
        file.rewind()?;
        let mut back = vec![1, 2];
        file.read_to_end(&mut back)?;
        assert!(back[..2] == [1, 2] && back[2..] == long[..], "it is what was written");
        assert_eq!(file.read(&mut [0; 8])?, 0);
        file.seek(SeekFrom::End(-3))?;
        let mut end = Vec::new();
        Read::by_ref(&mut file).take(10).read_to_end(&mut end)?;
        assert_eq!(end, long[long.len() - 3..]);

        file.write_all_at(b"abc", 10)?;
        let mut three = [0; 3];
        file.read_exact_at(&mut three, 10)?;
        assert_eq!(&three, b"abc");
        let past = file.read_exact_at(&mut three, long.len() as u64 - 1);
        assert_eq!(past.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(file.read_at(&mut three, u64::MAX).is_err(), "there is no such place");

        file.set_len(3)?;
        file.sync_data()?;
        file.sync_all()?;
        assert_eq!(file.metadata()?.len(), 3);
        let mut other = file.try_clone()?;
        other.rewind()?;
        assert_eq!(file.stream_position()?, 0, "the two share their place");
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000);
        file.set_modified(time)?;
        assert_eq!(file.into_std()?.metadata()?.modified()?, time);
        Ok(())
    })
}

#[test]
fn what_does_not_go_together_is_an_error_fo_01() -> io::Result<()> {
    let folder = Folder::new("modes");
    osier::run(|| {
        let path = folder.at("file");
        let both = OpenOptions::new().read(true).truncate(true).open(&path);
        assert_eq!(both.unwrap_err().kind(), ErrorKind::InvalidInput);
        let mut write = File::create(&path)?;
        write.write_all(b"12")?;
        assert!(write.read(&mut [0; 2]).is_err(), "opened to be written");
        let mut read = File::open(&path)?;
        assert!(read.write(b"3").is_err(), "opened to be read");
        let mut append = OpenOptions::new().append(true).open(&path)?;
        append.write_all(b"34")?;
        assert_eq!(fs::read(&path)?, b"1234");
        assert!(File::open("/").and_then(|mut folder| folder.read(&mut [0; 2])).is_err());
        Ok(())
    })
}

#[test]
fn two_tasks_read_from_one_file_each_byte_once_fo_01() -> io::Result<()> {
    let folder = Folder::new("shared");
    osier::run(|| {
        let path = folder.at("file");
        fs::write(&path, vec![7; 100_000])?;
        let file = std::rc::Rc::new(File::open(&path)?);
        let count = |file: std::rc::Rc<File>| {
            let (mut sum, mut piece) = (0, [0; 1000]);
            loop {
                match (&*file).read(&mut piece) {
                    Ok(0) => return sum,
                    Ok(n) => sum += n,
                    Err(e) => panic!("{e}"),
                }
                osier::yield_now();
            }
        };
        let tasks = (0..2).map(|_| file.clone()).map(|file| spawn(move || count(file)));
        let sums = join_all(tasks).into_iter().map(Result::unwrap);
        assert_eq!(sums.sum::<usize>(), 100_000);
        Ok(())
    })
}

#[test]
fn others_run_while_a_file_keeps_one_waiting_c_12() -> io::Result<()> {
    let folder = Folder::new("slow");
    let pipe = folder.pipe();
    osier::run(|| {
        let turns = Turns::new();
        let there = pipe.clone();
        let reader = spawn(move || fs::read_to_string(there));
        while turns.count() < 10 {
            osier::yield_now();
        }
        assert!(!reader.is_finished(), "nobody writes");
        fs::write(&pipe, "at last")?;
        assert_eq!(reader.join().unwrap()?, "at last");
        Ok(())
    })
}

#[test]
fn a_time_out_ends_the_wait_and_not_the_call() -> io::Result<()> {
    let folder = Folder::new("cut");
    let pipe = folder.pipe();
    osier::run(|| {
        let late = timeout(Duration::from_millis(5), || fs::read(&pipe));
        assert!(late.is_err(), "nobody writes");
        // The call that was left alone is the one that opens the other end.
        let writer = OpenOptions::new().write(true).open(&pipe)?;
        drop(writer);
        Ok(())
    })
}

#[test]
fn outside_of_a_run_it_is_std_s() -> io::Result<()> {
    let folder = Folder::new("outside");
    fs::write(folder.at("file"), "text")?;
    let mut file = File::open(folder.at("file"))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    assert_eq!(text, "text");
    assert_eq!(fs::read_dir(&folder.0)?.count(), 1);
    Ok(())
}

#[test]
fn a_destructor_that_unwinds_reads_right_there() {
    struct Note(PathBuf);
    impl Drop for Note {
        fn drop(&mut self) {
            fs::write(&self.0, "unwound").expect("it is written");
        }
    }
    let folder = Folder::new("unwind");
    let note = folder.at("note");
    osier::run(|| {
        let note = Note(note.clone());
        let task = spawn(move || {
            let _note = note;
            osier::sleep(Duration::from_secs(60));
        });
        osier::yield_now();
        task.kill();
        assert!(task.join().is_err());
        assert_eq!(fs::read_to_string(folder.at("note")).unwrap(), "unwound");
    });
}

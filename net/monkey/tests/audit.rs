//! What a program that uses all of std is linked to: each symbol of libc is covered, or waived with a reason.
//!
//! So that a new toolchain, whose std waits in another call, does not slip past.
#![expect(clippy::disallowed_methods, reason = "std's own calls are what is looked for")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::{Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use object::{Object, ObjectSymbol};
use osier_monkey as _;

mod c;

/// Of libc, and not ours: by reason.
const WAIVED: &[(&str, &str)] = &[
    (
        "memory, strings and numbers: nothing is waited for",
        "bcmp calloc free malloc memcmp memcpy memmove memset mincore mmap mmap64 mprotect munmap \
         madvise posix_memalign realloc strlen __chk_fail getrandom memchr memrchr",
    ),
    (
        "the program's begin, end and unwinding",
        "_ITM_deregisterTMCloneTable _ITM_registerTMCloneTable __cxa_atexit __cxa_finalize \
         __cxa_thread_atexit_impl __gmon_start__ __libc_start_main __register_atfork abort _exit exit \
         atexit dl_iterate_phdr dlsym dladdr __tls_get_addr gnu_get_libc_version getauxval environ \
         getenv setenv unsetenv __errno_location __xpg_strerror_r sysconf",
    ),
    (
        "who one is: questions that the kernel answers at once",
        "getpid getppid gettid getuid geteuid getgid getpwuid_r getcwd chdir gethostname isatty \
         sched_getaffinity clock_gettime clock_getres uname setgid setgroups setpgid setsid setuid chroot",
    ),
    (
        "signals: they are the OS thread's",
        "sigaction sigaddset sigaltstack sigemptyset signal raise kill pause pthread_sigmask \
         __libc_current_sigrtmax __libc_current_sigrtmin",
    ),
    (
        "descriptors: made, described and changed at once",
        "bind dup epoll_create1 epoll_ctl eventfd fcntl getpeername getsockname getsockopt ioctl listen \
         lseek lseek64 pipe2 shutdown socket socketpair freeaddrinfo gai_strerror __res_init",
    ),
    (
        "disks: names and what is known of files are mostly in memory, and never waited for by others",
        "access chmod fchmod chown fchown lchown closedir copy_file_range dirfd fchdir fstat fstat64 fstatat64 \
         ftruncate ftruncate64 futimens link linkat lstat64 mkdir mkfifo opendir fdopendir posix_fadvise readdir64 \
         readlink realpath rename rmdir stat64 statx symlink unlink unlinkat utimensat preadv64 pwritev64",
    ),
    ("locks of files", "flock"),
    (
        "SQLite's, by weak names: whether it is there, and who calls",
        "sqlite3_busy_timeout sqlite3_os_init sqlite3_rtree_query_callback sqlite3_status64 sqlite3_step",
    ),
    (
        "processes: started at once",
        "execvp fork posix_spawn_file_actions_addchdir posix_spawn_file_actions_addchdir_np \
         posix_spawn_file_actions_adddup2 posix_spawn_file_actions_destroy posix_spawn_file_actions_init \
         posix_spawnattr_destroy posix_spawnattr_init posix_spawnattr_setflags posix_spawnattr_setpgroup \
         posix_spawnattr_setsigdefault posix_spawnattr_setsigmask posix_spawnp pidfd_getpid pidfd_spawnp",
    ),
    (
        "OS threads: made and described at once",
        "pthread_attr_destroy pthread_attr_getguardsize pthread_attr_getstack pthread_attr_init \
         pthread_attr_setstacksize pthread_create pthread_detach pthread_getattr_np pthread_key_create \
         pthread_key_delete pthread_self pthread_setname_np pthread_setspecific pthread_getspecific \
         pthread_tryjoin_np",
    ),
    ("the test's own, as libc's header has them", "makecontext swapcontext getcontext"),
];

/// Linked, and never called: what of std waits, or could.
fn probe() {
    let _ = net();
    let _ = files();
    let _ = processes();
    locks();
}

#[expect(clippy::unused_io_amount, reason = "it is never called")]
fn net() -> io::Result<()> {
    let addr = "localhost:1".to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let listener = TcpListener::bind(addr)?;
    let mut stream = TcpStream::connect_timeout(&addr, Duration::from_secs(1))?;
    stream.set_read_timeout(None)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(false)?;
    stream.peek(&mut [0])?;
    stream.read_vectored(&mut [IoSliceMut::new(&mut [0])])?;
    stream.write_vectored(&[IoSlice::new(&[0])])?;
    stream.shutdown(std::net::Shutdown::Both)?;
    TcpStream::connect(listener.accept()?.1)?.read_to_end(&mut Vec::new())?;
    let udp = UdpSocket::bind(addr)?;
    udp.connect(addr)?;
    udp.send_to(&[0], udp.recv_from(&mut [0])?.1)?;
    udp.send(&[0]).and(udp.recv(&mut [0]))?;
    UnixListener::bind("x")?.accept()?.0.write_all(&[0])?;
    UnixStream::connect("x")?.read_exact(&mut [0])?;
    let (near, far) = UnixDatagram::pair()?;
    near.send_to(&[0], "x").and(far.recv_from(&mut [0]).map(|_| 0)).map(drop)
}

fn files() -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open("x")?;
    file.write_all(&[0])?;
    file.read_exact_at(&mut [0], 1)?;
    file.write_all_at(&[0], 1)?;
    file.set_len(1).and(file.sync_all()).and(file.sync_data())?;
    io::copy(&mut File::open("x")?, &mut file)?;
    io::copy(&mut TcpStream::connect("x:1")?, &mut TcpStream::connect("x:1")?)?;
    fs::copy("x", "y").and(fs::rename("x", "y")).and(fs::remove_file("x"))?;
    fs::create_dir("x").and(fs::remove_dir_all("x")).and(fs::hard_link("x", "y"))?;
    fs::read_dir(".")?.next().ok_or(io::ErrorKind::NotFound)??.metadata()?;
    let (mut reader, mut writer) = io::pipe()?;
    writer.write_all(&[0]).and(reader.read_exact(&mut [0]))?;
    io::stdin().read_line(&mut String::new()).map(drop)
}

fn processes() -> io::Result<()> {
    let mut child = Command::new("x").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.kill()?;
    child.try_wait()?;
    child.wait_with_output()?;
    Command::new("x").status().map(drop)
}

fn locks() {
    let (lock, rooms, bell) = (Mutex::new(0), RwLock::new(0), Condvar::new());
    let guard = bell.wait_timeout(lock.lock().unwrap(), Duration::from_secs(1)).unwrap().0;
    Once::new().call_once(|| {
        Barrier::new(2).wait();
    });
    let (sender, receiver) = mpsc::sync_channel(*guard + *rooms.read().unwrap());
    thread::scope(|scope| drop(scope.spawn(move || sender.send(1)).join()));
    let _ = receiver.recv();
    thread::park_timeout(Instant::now().elapsed());
    thread::sleep(SystemTime::now().elapsed().unwrap_or_default());
    thread::yield_now();
}

/// The symbols that this program wants of libraries.
fn wanted() -> BTreeSet<String> {
    let data = fs::read(std::env::current_exe().unwrap()).unwrap();
    let program = object::File::parse(&*data).unwrap();
    let wanted = program.dynamic_symbols().filter(|symbol| symbol.is_undefined());
    let names = wanted.filter_map(|symbol| Some(symbol.name().ok()?.to_string()));
    names.filter(|name| !name.is_empty() && !name.starts_with("_Unwind_")).collect()
}

#[test]
fn each_symbol_of_libc_is_covered_or_waived_c_05() {
    black_box(probe as fn());
    let waived: BTreeSet<&str> =
        WAIVED.iter().flat_map(|(_, names)| names.split_whitespace()).collect();
    let wanted = wanted();
    assert!(wanted.len() > 50, "this looks elsewhere: {wanted:?}");
    let left: Vec<&String> = wanted.iter().filter(|name| !waived.contains(name.as_str())).collect();
    assert!(left.is_empty(), "not covered, and not waived: {left:?}");
}

#[test]
fn it_is_there_before_anything_runs_c_04() {
    assert!(c::was_there_early());
}

#[test]
fn all_that_is_defined_is_bound_mp_02() {
    let report = osier_monkey::report();
    assert!(report.is_complete(), "{report}");
    assert!(report.to_string().contains("recv: green in tasks\n"));
    let must = "recv send recvfrom sendto recvmsg sendmsg read write readv writev connect accept accept4 \
        poll ppoll select pselect epoll_wait epoll_pwait nanosleep clock_nanosleep usleep sleep sched_yield \
        getaddrinfo getnameinfo close dup2 dup3 close_range sendmmsg recvmmsg sendfile splice \
        __recv_chk __recvfrom_chk __read_chk __poll_chk __ppoll_chk";
    for symbol in must.split_whitespace() {
        assert!(osier_monkey::is_patched(symbol), "{symbol}");
    }
    assert!(!osier_monkey::is_patched("malloc") && !osier_monkey::is_patched("no\0name"));
}

//! nginx, serving folders on addresses of their own, with a log of what it was asked for.

use std::fmt::Write;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A running nginx.
pub(crate) struct Nginx {
    child: Child,
    folder: PathBuf,
    port: u16,
}

/// One request, as nginx has logged it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Logged {
    pub(crate) address: String,
    pub(crate) status: u16,
    pub(crate) method: String,
    pub(crate) target: String,
}

impl Nginx {
    /// Whether there is one on this machine.
    pub(crate) fn is_there() -> bool {
        Command::new("nginx").arg("-v").output().is_ok()
    }

    /// Serves each folder on its address, all on one free port; its files go to `folder`.
    pub(crate) fn start(folder: PathBuf, sites: &[(&str, &Path)]) -> Nginx {
        let port = TcpListener::bind((sites[0].0, 0)).unwrap().local_addr().unwrap().port();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("nginx.conf"), configuration(&folder, port, sites)).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "error.log"]);
        let mut nginx = Nginx { child: command.spawn().unwrap(), folder, port };
        while TcpStream::connect((sites[0].0, port)).is_err() {
            let ended = nginx.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", nginx.read("error.log"));
            thread::sleep(Duration::from_millis(10));
        }
        nginx
    }

    /// The port of all addresses.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it when all is answered, and reads its log.
    pub(crate) fn stop(mut self) -> Vec<Logged> {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).unwrap();
        self.child.wait().unwrap();
        self.read("access.log").lines().map(Logged::read).collect()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Logged {
    fn read(line: &str) -> Logged {
        let [address, status, method, target] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("odd line in the log: {line}");
        };
        Logged {
            address: address.into(),
            status: status.parse().unwrap(),
            method: method.into(),
            target: target.into(),
        }
    }
}

fn configuration(folder: &Path, port: u16, sites: &[(&str, &Path)]) -> String {
    let mut text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
         events {{ worker_connections 512; }}
         http {{
             include /etc/nginx/mime.types;
             default_type application/octet-stream;
             log_format plain '$server_addr $status $request_method $request_uri';
             access_log {folder}/access.log plain;
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
             fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
             scgi_temp_path {folder}/scgi;\n",
        folder = folder.display(),
    );
    for (address, root) in sites {
        let root = root.display();
        writeln!(text, "server {{ listen {address}:{port}; root {root}; }}").unwrap();
    }
    text + "}\n"
}

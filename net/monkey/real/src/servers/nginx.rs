//! nginx in front of pages that take their time, as it has nothing that waits itself.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use super::daemon::{Daemon, find, finish, free};
use super::{Folder, Server, Trouble, slow};

/// Starts nginx.
pub fn nginx(wait: Duration) -> Result<Server, Trouble> {
    start(wait, |addr, _| Ok(format!("listen {addr} backlog=1024;")))
}

/// Starts nginx, with TLS and a certificate that it has signed itself.
pub fn nginx_by_tls(wait: Duration) -> Result<Server, Trouble> {
    start(wait, |addr, folder| {
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let mut openssl = Command::new(find("openssl")?);
        openssl.args(["req", "-x509", "-nodes", "-subj", "/CN=localhost", "-newkey", "ec"]);
        openssl.args(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        finish(openssl.args(["-keyout", &key, "-out", &certificate]))?;
        Ok(format!(
            "listen {addr} ssl backlog=1024; ssl_certificate {certificate}; ssl_certificate_key {key};"
        ))
    })
}

fn start(
    wait: Duration,
    listen: impl FnOnce(SocketAddr, &Folder) -> Result<String, Trouble>,
) -> Result<Server, Trouble> {
    let program = find("nginx")?;
    let (addr, folder) = (free()?, Folder::new("nginx")?);
    let (behind, listen) = (slow::pages(wait)?.addr, listen(addr, &folder)?);
    let dir = folder.join("");
    // One process: what dies with us takes no others along.
    let text = format!(
        "daemon off; master_process off; pid {dir}pid; error_log stderr;
        events {{ worker_connections 2048; }}
        http {{
            access_log off;
            client_body_temp_path {dir}body; proxy_temp_path {dir}proxy; fastcgi_temp_path {dir}fastcgi;
            uwsgi_temp_path {dir}uwsgi; scgi_temp_path {dir}scgi;
            server {{ {listen} location / {{ proxy_pass http://{behind}; }} }}
        }}"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, text)?;
    let arguments = ["-p", &dir, "-c", &file];
    let daemon = Daemon::start(&program, None, "KILL", &arguments, addr, folder)?;
    Ok(Server { addr, daemon: Some(daemon) })
}

//! A statement of MariaDB that sleeps.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, params};

pub fn ask(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let opts = OptsBuilder::new()
        .ip_or_hostname(Some(server.ip().to_string()))
        .tcp_port(server.port())
        .prefer_socket(false)
        .user(Some("root"));
    let mut connection = Conn::new(opts)?;
    let statement = "select sleep(:seconds), :n";
    let row: Option<(u32, usize)> =
        connection.exec_first(statement, params! { "seconds" => wait.as_secs_f64(), "n" => n })?;
    if row == Some((0, n)) { Ok(()) } else { Err(format!("{row:?}").into()) }
}

//! A statement of MariaDB that sleeps.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Pool, PoolConstraints, PoolOpts, params};

pub fn ask(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    query(&mut Conn::new(opts(server))?, wait, n)
}

/// By a pool of half as many connections as there are that ask: it keeps them waiting by std's `Condvar`, and whoever comes first
/// connects for all, in a `OnceLock`.
pub fn ask_a_pool(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    static POOL: OnceLock<mysql::Result<Pool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let limits = PoolConstraints::new(5, 100).expect("5 is less");
        Pool::new(opts(server).pool_opts(PoolOpts::new().with_constraints(limits)))
    });
    let pool = pool.as_ref().map_err(ToString::to_string)?;
    query(&mut pool.get_conn()?, wait, n)
}

fn opts(server: SocketAddr) -> OptsBuilder {
    OptsBuilder::new()
        .ip_or_hostname(Some(server.ip().to_string()))
        .tcp_port(server.port())
        .prefer_socket(false)
        .user(Some("root"))
}

fn query(
    connection: &mut impl Queryable,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let statement = "select sleep(:seconds), :n";
    let row: Option<(u32, usize)> =
        connection.exec_first(statement, params! { "seconds" => wait.as_secs_f64(), "n" => n })?;
    if row == Some((0, n)) { Ok(()) } else { Err(format!("{row:?}").into()) }
}

//! A statement of PostgreSQL that sleeps, by diesel, which stands on libpq.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Integer;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    n: i32,
}

pub fn ask(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    query(&server.ip().to_string(), server, wait, n)
}

/// By a name, which libpq looks up itself.
pub fn ask_by_name(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    query("localhost", server, wait, n)
}

fn query(
    host: &str,
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = server.port();
    let url = format!("host={host} port={port} user=postgres dbname=postgres");
    let mut connection = PgConnection::establish(&url)?;
    let seconds = wait.as_secs_f64();
    let query = format!("select {n} as n from pg_sleep({seconds})");
    let rows: Vec<Row> = diesel::sql_query(query).load(&mut connection)?;
    if rows.len() == 1 && rows[0].n == n as i32 { Ok(()) } else { Err("another row".into()) }
}

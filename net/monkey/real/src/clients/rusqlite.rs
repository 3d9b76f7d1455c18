//! Rows of an SQLite file.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// Opens the file, with a busy handler: SQLite's own, which sleeps as long as another holds the file.
pub fn open(path: &Path) -> Result<Connection, Box<dyn Error + Send + Sync>> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(20))?;
    connection.execute_batch("create table if not exists rows (n integer)")?;
    Ok(connection)
}

/// Puts a row in.
pub fn insert(connection: &Connection, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let changed = connection.execute("insert into rows values (?1)", [n as i64])?;
    if changed == 1 { Ok(()) } else { Err(format!("{changed} rows").into()) }
}

/// Opens it, puts a row in, and reads it: all that one does that has a connection to itself.
pub fn ask(path: &Path, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let connection = open(path)?;
    insert(&connection, n)?;
    let count: i64 =
        connection
            .query_row("select count(*) from rows where n = ?1", [n as i64], |row| row.get(0))?;
    if count == 1 { Ok(()) } else { Err(format!("{count} rows").into()) }
}

/// How many rows there are, when SQLite finds the file whole.
pub fn rows(path: &Path) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let connection = Connection::open(path)?;
    let verdict: String = connection.query_row("pragma integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(verdict.into());
    }
    Ok(connection.query_row("select count(distinct n) from rows", [], |row| row.get::<_, i64>(0))?
        as usize)
}

/// Holds the file by that statement, that long, as another program might; tells when it has it.
pub fn hold(
    path: &Path,
    how: &str,
    wait: Duration,
    has_it: impl FnOnce(),
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let connection = open(path)?;
    connection.execute_batch(how)?;
    has_it();
    std::thread::sleep(wait);
    connection.execute_batch("commit")?;
    Ok(())
}

//! What is asked: daemons of the system on free ports, and small servers of our own where a delay is wanted.
//!
//! A daemon has its data in a folder of its own, and ends with its [`Server`], or with the process that started it, whatever that
//! dies of.

mod daemon;
mod folder;
mod mariadb;
mod memcached;
mod nginx;
mod postgres;
mod redis;
mod server;
mod slow;
mod smtp;
mod websocket;

pub use daemon::Daemon;
pub use folder::Folder;
pub use mariadb::mariadb;
pub use memcached::memcached;
pub use nginx::{nginx, nginx_by_tls};
pub use postgres::postgres;
pub use redis::redis;
pub use server::{Serve, Server, Trouble};
pub use slow::pages;
pub use smtp::sink;
pub use websocket::echo;

//! Names through the facade.
//!
//! How look-ups share a call, and what a slow one holds up, is tested beside the code with a
//! resolver that the test plays (net/src/dns).
#![cfg(feature = "net")]
#![expect(clippy::disallowed_methods, reason = "a test measures with the real clock")]

mod place;

use std::io::ErrorKind;
use std::net::ToSocketAddrs as _;
use std::time::{Duration, Instant};

use osier::net::dns;

use place::everywhere;

/// The error in std's own blocking look-up, to compare with.
fn std_error(host: &str) -> (ErrorKind, String) {
    let error = (host, 1).to_socket_addrs().unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn errors_are_those_of_the_blocking_call_dn_02() {
    let too_long = "x".repeat(300);
    everywhere(|_| {
        for host in ["", "with\0nul", "two words", "host.invalid", &too_long] {
            let error = dns::lookup(host, 1).unwrap_err();
            assert_eq!((error.kind(), error.to_string()), std_error(host), "{host:?}");
        }
    });
}

#[test]
fn answers_are_those_of_the_blocking_call_dn_02() {
    everywhere(|_| {
        for host in ["localhost", "127.0.0.1", "::1", "127.1", "0x7f.1"] {
            let ours = dns::lookup(host, 7).unwrap();
            let theirs: Vec<_> = (host, 7).to_socket_addrs().unwrap().collect();
            assert_eq!(ours, theirs, "{host:?}");
        }
    });
}

#[test]
fn a_limit_fires_on_time_and_later_look_ups_work_dn_03() {
    everywhere(|_| {
        let start = Instant::now();
        let error = dns::lookup_timeout("slow.invalid", 1, Duration::from_nanos(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(1));
        let past = dns::lookup_deadline("slow.invalid", 1, start).unwrap_err();
        assert_eq!(past.kind(), ErrorKind::TimedOut);
        assert!(!dns::lookup("localhost", 1).unwrap().is_empty());
    });
}

#[test]
fn literals_need_no_resolver_and_so_no_time_dn_03() {
    let addrs = dns::lookup_timeout("192.0.2.1", 9, Duration::ZERO).unwrap();
    assert_eq!(addrs, ["192.0.2.1:9".parse().unwrap()]);
}

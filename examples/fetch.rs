//! The README's first program: `cargo run --features http --example fetch [URL...]`.
#![expect(clippy::disallowed_methods, reason = "a user's program asks std for the time")]

use std::time::Instant;

use osier::net::http;

fn fetch(url: &str) -> Result<usize, http::Error> {
    Ok(http::get(url).call()?.body_mut().read_to_vec()?.len())
}

fn main() {
    let mut urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        urls = ["https://www.rust-lang.org/", "https://go.dev/"].map(String::from).into();
    }
    osier::run(|| {
        let began = Instant::now();
        let tasks = urls.into_iter().map(|url| osier::spawn(move || (fetch(&url), url)));
        for outcome in osier::join_all(tasks.collect::<Vec<_>>()) {
            match outcome.expect("a fetch does not panic") {
                (Ok(bytes), url) => println!("{bytes:>9} bytes of {url}"),
                (Err(why), url) => println!("{url}: {why}"),
            }
        }
        println!("{:.1?} in all", began.elapsed());
    });
}

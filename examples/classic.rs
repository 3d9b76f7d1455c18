//! The README's first program: `cargo run --release --features http --example classic [URL...]`.
#![expect(clippy::disallowed_methods, reason = "a user's program asks std for the time")]

use std::time::Instant;

use osier::net::http;

fn fetch(url: &str) -> Result<usize, http::Error> {
    Ok(http::get(url).call()?.body_mut().read_to_vec()?.len())
}

fn main() {
    let mut urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        urls = ["https://www.rust-lang.org/", "https://www.python.org/"].map(String::from).into();
    }
    let began = Instant::now();
    osier::run(|| {
        let show = |url: String| match fetch(&url) {
            Ok(bytes) => println!("{bytes:>8} bytes of {url}"),
            Err(why) => println!("{url}: {why}"),
        };
        osier::join_all(urls.into_iter().map(|url| osier::spawn(move || show(url))));
    });
    println!("{:.1?} in all", began.elapsed());
}

//! The hosts that a crawl stays within.

use std::collections::HashSet;

use url::Url;

/// The hosts of the seeds, each with its port.
///
/// `http://example.com/` and `https://example.com/` are one host here (each on its default port),
/// so that a site which moves its visitors to https can be crawled from its old address;
/// `www.example.com` and `example.com:8080` are others.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Host names as `url` writes them, with the port where it is no default one.
    hosts: HashSet<(String, Option<u16>)>,
}

impl Scope {
    /// Takes in the host of a URL.
    pub fn add(&mut self, url: &Url) {
        self.hosts.extend(authority(url));
    }

    /// Whether a URL's host is one of them.
    pub fn contains(&self, url: &Url) -> bool {
        authority(url).is_some_and(|host| self.hosts.contains(&host))
    }
}

/// Host and port; `url` leaves the port out where it is its scheme's own.
fn authority(url: &Url) -> Option<(String, Option<u16>)> {
    Some((url.host_str()?.to_owned(), url.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_name_and_port() {
        let mut scope = Scope::default();
        scope.add(&Url::parse("http://example.com/a").unwrap());
        scope.add(&Url::parse("http://127.0.0.1:8080/").unwrap());
        for (url, within) in [
            ("http://example.com/b?c", true),
            ("http://EXAMPLE.com:80/", true),
            ("https://example.com/", true),
            ("http://user:word@example.com/", true),
            ("http://example.com:8080/", false),
            ("http://www.example.com/", false),
            ("http://127.0.0.1:8080/x", true),
            ("http://127.0.0.1/x", false),
            ("http://127.0.0.2:8080/", false),
            ("mailto:me@example.com", false),
        ] {
            assert_eq!(scope.contains(&Url::parse(url).unwrap()), within, "{url}");
        }
    }
}

//! The words of the command line: `LABEL WORK key=value ...`.
//!
//! Every work declares its keys with their defaults and bounds, so a misspelt key or a number out
//! of bounds is refused before anything is measured.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One `key=value` that a work takes.
#[derive(Debug)]
pub(crate) struct Key {
    name: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The default, the least and the greatest.
    Number(usize, usize, usize),
    /// The default comes first.
    OneOf(&'static [&'static str]),
    /// An IPv4 or IPv6 address.
    Host(&'static str),
}

/// A number with its default and bounds.
pub(crate) const fn number(name: &'static str, default: usize, least: usize, most: usize) -> Key {
    Key { name, kind: Kind::Number(default, least, most) }
}

/// A count of at least one.
pub(crate) const fn count(name: &'static str, default: usize) -> Key {
    number(name, default, 1, 1 << 40)
}

/// One of a few words, of which the first is the default.
pub(crate) const fn one_of(name: &'static str, words: &'static [&'static str]) -> Key {
    Key { name, kind: Kind::OneOf(words) }
}

/// Where a server listens, or where a client connects.
pub(crate) const HOST: Key = Key { name: "host", kind: Kind::Host("127.0.0.1") };
/// The port that goes with [`HOST`]; a server that is given 0 takes any.
pub(crate) const PORT: Key = number("port", 7000, 0, 65_535);

/// What one run was asked to do.
#[derive(Debug)]
pub(crate) struct Args {
    /// The peer's name, which comes back in the report.
    pub(crate) label: String,
    /// What is measured.
    pub(crate) work: String,
    /// The declared keys that were given.
    given: BTreeMap<&'static str, String>,
    keys: &'static [Key],
}

impl Args {
    /// Takes the words after the work; the error is a sentence for the user.
    pub(crate) fn parse(
        label: &str,
        work: &str,
        keys: &'static [Key],
        words: &[String],
    ) -> Result<Args, String> {
        let mut given = BTreeMap::new();
        for word in words {
            let (name, value) =
                word.split_once('=').ok_or_else(|| format!("`{word}` is not key=value"))?;
            let key = keys.iter().find(|key| key.name == name);
            let key = key.ok_or_else(|| unknown(work, name, keys))?;
            key.check(value).map_err(|why| format!("{name}={value}: {why}"))?;
            if given.insert(key.name, value.to_owned()).is_some() {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(Args { label: label.to_owned(), work: work.to_owned(), given, keys })
    }

    /// The number under a key, or its default.
    ///
    /// # Panics
    ///
    /// When the work has not declared that key as a number.
    pub(crate) fn number(&self, name: &str) -> usize {
        match (self.kind(name), self.given.get(name)) {
            (Kind::Number(default, ..), None) => *default,
            (Kind::Number(..), Some(text)) => text.parse().expect("checked when it was parsed"),
            _ => panic!("{name} is no number"),
        }
    }

    /// The word under a key, or its default.
    ///
    /// # Panics
    ///
    /// When the work has not declared that key as one of a few words.
    pub(crate) fn word(&self, name: &str) -> &str {
        match (self.kind(name), self.given.get(name)) {
            (Kind::OneOf(words), None) => words[0],
            (Kind::Host(default), None) => default,
            (Kind::OneOf(_) | Kind::Host(_), Some(text)) => text,
            _ => panic!("{name} is no word"),
        }
    }

    /// Whether the user named this key.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The address made of [`HOST`] and [`PORT`].
    pub(crate) fn addr(&self) -> SocketAddr {
        let host = self.word("host").parse().expect("checked when it was parsed");
        SocketAddr::new(host, self.number("port") as u16)
    }

    fn kind(&self, name: &str) -> &Kind {
        let key = self.keys.iter().find(|key| key.name == name);
        &key.unwrap_or_else(|| panic!("{} has not declared {name}", self.work)).kind
    }
}

impl Key {
    fn check(&self, value: &str) -> Result<(), String> {
        match self.kind {
            Kind::Number(_, least, most) => match value.parse::<usize>() {
                Ok(n) if (least..=most).contains(&n) => Ok(()),
                Ok(_) => Err(format!("must be {least} to {most}")),
                Err(_) => Err("not a number".to_owned()),
            },
            Kind::OneOf(words) if words.contains(&value) => Ok(()),
            Kind::OneOf(words) => Err(format!("must be one of: {}", words.join(", "))),
            Kind::Host(_) => match value.parse::<std::net::IpAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err("not an address".to_owned()),
            },
        }
    }
}

fn unknown(work: &str, name: &str, keys: &[Key]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    format!("{work} has no key `{name}`; it takes: {}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Key] = &[count("n", 10), one_of("kind", &["raw", "http"]), HOST, PORT];

    fn parse(words: &[&str]) -> Result<Args, String> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        Args::parse("ours", "fetch", KEYS, &words)
    }

    #[test]
    fn defaults_hold_until_a_key_is_given() {
        let none = parse(&[]).unwrap();
        assert_eq!((none.number("n"), none.word("kind")), (10, "raw"));
        assert_eq!(none.addr(), "127.0.0.1:7000".parse().unwrap());
        let some = parse(&["n=3", "kind=http", "host=::1", "port=80"]).unwrap();
        assert_eq!((some.number("n"), some.word("kind")), (3, "http"));
        assert_eq!(some.addr(), "[::1]:80".parse().unwrap());
        assert!(some.is_given("n") && !none.is_given("n"));
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (word, sentence) in [
            ("m=3", "fetch has no key `m`; it takes: n kind host port"),
            ("n", "`n` is not key=value"),
            ("n=x", "n=x: not a number"),
            ("n=0", "n=0: must be 1 to 1099511627776"),
            ("kind=ftp", "kind=ftp: must be one of: raw, http"),
            ("host=example.org", "host=example.org: not an address"),
            ("port=70000", "port=70000: must be 0 to 65535"),
        ] {
            assert_eq!(parse(&[word]).unwrap_err(), sentence);
        }
        assert_eq!(parse(&["n=1", "n=2"]).unwrap_err(), "n is given twice");
    }
}

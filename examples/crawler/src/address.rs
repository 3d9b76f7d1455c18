//! Which URLs name one page, and how a link's text becomes one.
//!
//! Two links lead to one page when their URLs are equal after what every server must treat alike
//! has been evened out (RFC 3986, section 6.2.2): case of scheme and host, default port, dot
//! segments, percent escapes of characters that need none. The fragment never reaches a server, so
//! it is dropped, and so is a query with nothing in it. What a server *may* tell apart stays apart:
//! order in the query, a slash at the end, `index.html`.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use url::{ParseError, Url};

/// What the text of a link turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A page that could be fetched, as its one canonical URL.
    Page(Url),
    /// Nothing a crawler fetches: `mailto:`, `javascript:`, `data:` and the like.
    Other,
    /// No URL at all.
    Wrong(ParseError),
}

/// Reads a URL that stands by itself, such as one on the command line.
///
/// # Errors
///
/// A sentence for the user when it is no URL, or none of http or https.
pub fn seed(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if is_web(&url) => Ok(canonical(url)),
        Ok(url) => Err(format!("not http or https but `{}:`", url.scheme())),
        Err(ParseError::RelativeUrlWithoutBase) => {
            Err("not a URL: it does not begin with http:// or https://".into())
        }
        Err(e) => Err(format!("not a URL: {e}")),
    }
}

/// Resolves a link's text against the base URL of the page that holds it.
///
/// `encoding` is the page's: browsers write the characters of a query in it, and those of a path
/// in UTF-8, whatever the page is written in.
pub fn link(base: &Url, text: &str, encoding: &'static Encoding) -> Link {
    let in_page: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| encoding.encode(query).0;
    let mut options = Url::options().base_url(Some(base));
    if encoding != UTF_8 {
        options = options.encoding_override(Some(in_page));
    }
    match options.parse(text) {
        Ok(url) if is_web(&url) => Link::Page(canonical(url)),
        Ok(_) => Link::Other,
        Err(e) => Link::Wrong(e),
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Evens out what the `url` crate leaves as it was written.
fn canonical(mut url: Url) -> Url {
    url.set_fragment(None);
    if url.query() == Some("") {
        url.set_query(None);
    }
    if let Some(path) = even_escapes(url.path()) {
        url.set_path(&path);
    }
    if let Some(query) = url.query().and_then(even_escapes) {
        url.set_query(Some(&query));
    }
    url
}

/// Decodes escapes of unreserved characters and writes the others in capitals.
///
/// `None` when there is nothing to do, or when a percent sign stands there for itself: what is
/// malformed stays as it is. Dots may be decoded, as `url` has resolved all dot segments before.
fn even_escapes(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut even = parts.next()?.to_owned();
    for part in parts {
        let byte = escaped_byte(part)?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            even.push(char::from(byte));
        } else {
            even.push('%');
            even.push_str(&part[..2].to_ascii_uppercase());
        }
        even.push_str(&part[2..]);
    }
    (even != text).then_some(even)
}

/// The byte that `part`, which followed a percent sign, begins with.
fn escaped_byte(part: &str) -> Option<u8> {
    let digits = part.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1251;

    use super::*;

    fn resolve(base: &str, text: &str) -> String {
        match link(&Url::parse(base).unwrap(), text, UTF_8) {
            Link::Page(url) => url.into(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn relative_links_resolve_against_the_base() {
        let base = "http://h/a/b/c.html?q#f";
        for (text, url) in [
            ("d.html", "http://h/a/b/d.html"),
            ("../d.html", "http://h/a/d.html"),
            ("../../../../d.html", "http://h/d.html"),
            ("/d", "http://h/d"),
            ("//other/d", "http://other/d"),
            ("?x=1", "http://h/a/b/c.html?x=1"),
            ("", "http://h/a/b/c.html?q"),
            ("#top", "http://h/a/b/c.html?q"),
            ("./", "http://h/a/b/"),
            ("  d.html\n", "http://h/a/b/d.html"),
            ("d\te.html", "http://h/a/b/de.html"),
            ("..\\d.html", "http://h/a/d.html"),
            ("HTTP://H:80/x", "http://h/x"),
            ("https://h:443/x", "https://h/x"),
            ("https://h:80/x", "https://h:80/x"),
        ] {
            assert_eq!(resolve(base, text), url, "{text:?}");
        }
    }

    #[test]
    fn equal_urls_become_one() {
        for (text, url) in [
            ("/a#b", "http://h/a"),
            ("/a?", "http://h/a"),
            ("/a?#b", "http://h/a"),
            ("/%7euser/%41%2f%c3%a4", "http://h/~user/A%2F%C3%A4"),
            ("/a/%2e%2e/b", "http://h/b"),
            ("/a/%2e%2e%2e/b%2ec", "http://h/a/.../b.c"),
            ("/ä b", "http://h/%C3%A4%20b"),
            ("/a?x=%7e%2b", "http://h/a?x=~%2B"),
            ("/50%", "http://h/50%"),
            ("/50%zz%é", "http://h/50%zz%%C3%A9"),
            ("/a?y&x", "http://h/a?y&x"),
            ("/a/", "http://h/a/"),
        ] {
            assert_eq!(resolve("http://h/", text), url, "{text:?}");
        }
    }

    #[test]
    fn canonical_urls_stay_as_they_are() {
        for text in ["/%7euser/%41%2f%c3%a4?q=%2f%41%%41", "/a/%2e%2E/b", "/a%252fb", "/%%34%31"] {
            let once = resolve("http://h/", text);
            assert_eq!(resolve("http://h/", &once), once, "{text:?}");
        }
    }

    #[test]
    fn other_schemes_are_no_pages() {
        for text in ["mailto:a@b", "javascript:void(0)", "data:text/html,x", "tel:1", "ftp://h/"] {
            assert_eq!(resolve("http://h/", text), "Other", "{text:?}");
        }
    }

    #[test]
    fn wrong_urls_are_told_apart() {
        for text in ["http://[1", "http://", "http://h:99999/", "http://a b/"] {
            assert!(resolve("http://h/", text).starts_with("Wrong"), "{text:?}");
        }
    }

    #[test]
    fn queries_are_written_in_the_encoding_of_the_page() {
        let base = Url::parse("http://h/").unwrap();
        let Link::Page(url) = link(&base, "/я?я=1", WINDOWS_1251) else { panic!("a page") };
        assert_eq!(url.as_str(), "http://h/%D1%8F?%FF=1");
    }

    #[test]
    fn seeds_that_are_none_get_a_reason() {
        assert_eq!(seed("http://EXAMPLE.com#x").unwrap().as_str(), "http://example.com/");
        assert!(seed("example.com").unwrap_err().contains("http://"));
        assert!(seed("ftp://example.com/").unwrap_err().contains("`ftp:`"));
        assert!(seed("http://exa mple.com/").unwrap_err().starts_with("not a URL"));
        assert!(seed("").is_err());
    }
}

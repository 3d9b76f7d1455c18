//! Which encoding a page is written in, told from its first bytes and its header.
//!
//! The order is that of browsers: a byte order mark, the `Content-Type` header, a `meta` tag
//! within the first kilobyte, and windows-1252 when nothing is said.

use std::cell::Cell;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use lol_html::{HtmlRewriter, Settings, element};

/// How many bytes a `meta` tag with the encoding must lie within.
pub const PRESCAN: usize = 1024;

/// Tells the encoding of a page; `head` is its first [`PRESCAN`] bytes, or all when it is shorter.
pub fn encoding(content_type: &str, head: &[u8]) -> &'static Encoding {
    Encoding::for_bom(head)
        .map(|(encoding, _)| encoding)
        .or_else(|| parameter(content_type).and_then(by_label))
        .or_else(|| declared(head))
        .unwrap_or(WINDOWS_1252)
}

/// The value of `charset=` in a content type.
fn parameter(content_type: &str) -> Option<&str> {
    let at = content_type.to_ascii_lowercase().find("charset")?;
    let value = content_type[at + "charset".len()..].trim_start().strip_prefix('=')?.trim_start();
    let quoted = |c| value.strip_prefix(c)?.split(c).next();
    quoted('"').or_else(|| quoted('\'')).or_else(|| value.split([';', ' ', '\t']).next())
}

fn by_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
}

/// What the first `meta` tag that names an encoding says.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let found = Cell::new(None);
    let settings = Settings::new().with_strict(false).append_element_content_handler(element!(
        "meta",
        |meta| {
            if found.get().is_none() {
                found.set(meta_encoding(
                    meta.get_attribute("charset"),
                    meta.get_attribute("http-equiv"),
                    meta.get_attribute("content"),
                ));
            }
            Ok(())
        }
    ));
    // A head cut within a tag is no fault: what stands before the cut has been seen.
    let _ = HtmlRewriter::new(settings, |_: &[u8]| {}).write(head);
    found.get()
}

fn meta_encoding(
    charset: Option<String>,
    http_equiv: Option<String>,
    content: Option<String>,
) -> Option<&'static Encoding> {
    let label = charset.or_else(|| {
        http_equiv.filter(|name| name.eq_ignore_ascii_case("content-type"))?;
        content.as_deref().and_then(parameter).map(str::to_owned)
    })?;
    let encoding = by_label(label.trim())?;
    // Whoever could read the tag as ASCII knows better than the tag (HTML standard, prescan).
    Some(match encoding {
        e if e == UTF_16LE || e == UTF_16BE => UTF_8,
        e if e == X_USER_DEFINED => WINDOWS_1252,
        e => e,
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{KOI8_R, SHIFT_JIS, WINDOWS_1251};

    use super::*;

    #[test]
    fn a_byte_order_mark_beats_the_header() {
        assert_eq!(encoding("text/html; charset=koi8-r", b"\xEF\xBB\xBF<p>"), UTF_8);
        assert_eq!(encoding("text/html", b"\xFF\xFE<\0p\0"), UTF_16LE);
        assert_eq!(encoding("text/html", b"\xFE\xFF\0<\0p"), UTF_16BE);
    }

    #[test]
    fn the_header_beats_the_meta_tag() {
        let page = b"<meta charset=utf-8>";
        assert_eq!(encoding("text/html; charset=windows-1251", page), WINDOWS_1251);
        assert_eq!(encoding("text/html;Charset = \"KOI8-R\"; x=y", page), KOI8_R);
        assert_eq!(encoding("text/html;charset='shift_jis'", page), SHIFT_JIS);
        assert_eq!(encoding("text/html; charset=utf-16", page), UTF_16LE);
        assert_eq!(encoding("text/html; charset=no-such", page), UTF_8);
        assert_eq!(encoding("text/html; charset", page), UTF_8);
    }

    #[test]
    fn meta_tags_are_read_as_browsers_read_them() {
        for (page, wanted) in [
            ("<html><head><META CharSet=\"windows-1251\">", WINDOWS_1251),
            ("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", KOI8_R),
            ("<meta content='charset=koi8-r'>", WINDOWS_1252),
            ("<!-- <meta charset=koi8-r> --><meta charset=utf-8>", UTF_8),
            ("<meta charset=no-such><meta charset=koi8-r>", KOI8_R),
            ("<meta charset=koi8-r><meta charset=utf-8>", KOI8_R),
            ("<meta charset=utf-16le>", UTF_8),
            ("<meta charset=x-user-defined>", WINDOWS_1252),
            ("<meta charset=koi8", WINDOWS_1252),
            ("", WINDOWS_1252),
        ] {
            assert_eq!(encoding("text/html", page.as_bytes()), wanted, "{page}");
        }
    }
}

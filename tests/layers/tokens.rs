//! The words of a Rust source, without its comments and strings.
//!
//! A full parser would be a dependency; what the checks ask needs identifiers and braces alone.

/// An identifier, a lifetime (with its tick), `::`, or one other character.
#[derive(Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// The line that it stands in, from 1.
    pub(crate) line: usize,
}

/// Takes a source apart.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut out, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, keep) = next(rest, first);
        let (text, after) = rest.split_at(length);
        if keep {
            out.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    out
}

/// The length of what comes first, in bytes, and whether it is a token.
fn next(rest: &str, first: char) -> (usize, bool) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), false);
    }
    if let Some(length) = string(rest) {
        return (length, false);
    }
    match first {
        '\'' => tick(rest),
        _ if first.is_whitespace() => (first.len_utf8(), false),
        _ if is_word(first) => (word(rest), true),
        _ if rest.starts_with("::") => (2, true),
        _ => (first.len_utf8(), true),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(rest: &str) -> usize {
    rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}

/// They nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// A string of any kind: `""`, `b""`, `c""`, `r""`, `br#""#`.
fn string(rest: &str) -> Option<usize> {
    let open = rest.find('"').filter(|&at| at < 12)?;
    let (prefix, body) = (&rest[..open], &rest[open + 1..]);
    let letters = prefix.trim_end_matches('#');
    let hashes = prefix.len() - letters.len();
    let length = match letters {
        "" | "b" | "c" if hashes == 0 => escaped(body, '"')?,
        "r" | "br" | "cr" => {
            let close = format!("\"{}", "#".repeat(hashes));
            body.find(&close)? + close.len()
        }
        _ => return None,
    };
    Some(open + 1 + length)
}

/// How far it is past the closing quote.
fn escaped(body: &str, quote: char) -> Option<usize> {
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A character or a lifetime.
fn tick(rest: &str) -> (usize, bool) {
    let body = &rest[1..];
    let mut chars = body.chars();
    let is_char = chars.next() == Some('\\') || chars.next() == Some('\'');
    match escaped(body, '\'') {
        Some(length) if is_char => (1 + length, false),
        _ => (1 + word(body), true),
    }
}

mod tests {
    use super::tokens;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_are_left_out() {
        let source = "a // b\n/// c\n/* d /* e */ f */ g \"h \\\" i\" j r#\"k \" l\"# m b\"n\" o";
        assert_eq!(words(source), ["a", "g", "j", "m", "o"]);
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            words(r"a 'b' c '\'' d &'e f '\u{1F}' g b'h'"),
            ["a", "c", "d", "&", "'e", "f", "g", "b"]
        );
    }

    #[test]
    fn paths_and_lines() {
        assert_eq!(words("crate::a::{b}"), ["crate", "::", "a", "::", "{", "b", "}"]);
        let lines: Vec<usize> = tokens("a\n\"\n\"\nb").into_iter().map(|t| t.line).collect();
        assert_eq!(lines, [1, 4]);
    }
}

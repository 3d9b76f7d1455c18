//! What one page says of others: its title and its links, read as the bytes arrive.
//!
//! The parser is lol_html, which streams: nothing of a page is held but the texts that are wanted.
//! It wants an encoding that agrees with ASCII, so UTF-16 is transcoded on its way in. Links are
//! resolved when the page has ended: a `<base>` holds for those before it, too.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use encoding_rs::{Decoder, Encoding, UTF_8};
use htmlize::{unescape, unescape_attribute};
use lol_html::html_content::TextChunk;
use lol_html::{AsciiCompatibleEncoding, HandlerResult, HtmlRewriter, Settings, element, text};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::{self, Link};
use crate::charset;

/// More of a title than this is not kept.
const TITLE_LIMIT: usize = 1000;

/// What was found on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The text of its first `<title>`, white space evened out.
    pub title: Option<String>,
    /// The pages it links to, each once, in the order of the page.
    pub pages: Vec<Url>,
    /// Texts of links that are no URLs, each once.
    pub wrong: Vec<String>,
}

/// Reads one HTML page, piece by piece.
///
/// ```
/// use crawler::links::PageReader;
///
/// let page = url::Url::parse("http://example.com/a/")?;
/// let mut reader = PageReader::new(page, "text/html; charset=utf-8", false);
/// reader.read(b"<title>Fish &amp; chips</title><a href='b.ht");
/// reader.read(b"ml#c'>chips</a> <a href=mailto:me@example.com>me</a>");
/// let found = reader.finish();
/// assert_eq!(found.title.as_deref(), Some("Fish & chips"));
/// assert_eq!(found.pages[0].as_str(), "http://example.com/a/b.html");
/// assert_eq!(found.pages.len(), 1);
/// # Ok::<(), url::ParseError>(())
/// ```
pub struct PageReader {
    /// The page's own address, which relative links stand against.
    url: Url,
    /// The header that may name the encoding.
    content_type: String,
    /// Whether images, style sheets and scripts count as links.
    assets: bool,
    /// The first bytes, until there are enough of them to tell the encoding.
    head: Vec<u8>,
    /// The parser; `None` while the head is collected.
    parser: Option<Parser>,
}

impl PageReader {
    /// Begins a page that came from `url`.
    pub fn new(url: Url, content_type: &str, assets: bool) -> Self {
        let content_type = content_type.to_owned();
        PageReader { url, content_type, assets, head: Vec::new(), parser: None }
    }

    /// Takes the next piece of the page.
    pub fn read(&mut self, bytes: &[u8]) {
        if let Some(parser) = &mut self.parser {
            return parser.read(bytes);
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() >= charset::PRESCAN {
            self.begin();
        }
    }

    /// Ends the page and says what was on it.
    pub fn finish(mut self) -> Found {
        let mut parser = self.parser.take().unwrap_or_else(|| self.begin_parser());
        parser.end();
        let raw = parser.raw.take();
        resolve(&self.url, &raw, parser.encoding)
    }

    fn begin(&mut self) {
        self.parser = Some(self.begin_parser());
    }

    fn begin_parser(&mut self) -> Parser {
        let head = std::mem::take(&mut self.head);
        let prescan = &head[..head.len().min(charset::PRESCAN)];
        let mut parser = Parser::new(charset::encoding(&self.content_type, prescan), self.assets);
        parser.read(&head);
        parser
    }
}

impl fmt::Debug for PageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageReader").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// Texts as they stand on the page, entities and all.
#[derive(Debug, Default)]
struct Raw {
    /// The first `<base href>`.
    base: Option<String>,
    /// The first `<title>`, as far as it has been read.
    title: Option<String>,
    /// Whether that title has ended.
    title_ended: bool,
    /// What links say.
    links: Vec<String>,
}

/// lol_html; what it rewrites goes nowhere.
type Rewriter = HtmlRewriter<'static, fn(&[u8])>;

/// lol_html with our handlers, and the transcoding before it.
struct Parser {
    /// The encoding that the page is written in.
    encoding: &'static Encoding,
    /// Makes UTF-8 of what lol_html cannot read.
    transcoder: Option<Decoder>,
    /// `None` once lol_html has given up on the page; what it had found until then counts.
    rewriter: Option<Rewriter>,
    /// What the handlers have found so far.
    raw: Rc<RefCell<Raw>>,
}

impl Parser {
    fn new(encoding: &'static Encoding, assets: bool) -> Self {
        let raw = Rc::new(RefCell::new(Raw::default()));
        let readable = AsciiCompatibleEncoding::new(encoding);
        let transcoder = readable.is_none().then(|| encoding.new_decoder());
        let settings = handlers(&raw, assets)
            .with_strict(false)
            .with_encoding(readable.unwrap_or_else(AsciiCompatibleEncoding::utf_8));
        let rewriter = Some(HtmlRewriter::new(settings, (|_| {}) as fn(&[u8])));
        Parser { encoding, transcoder, rewriter, raw }
    }

    fn read(&mut self, bytes: &[u8]) {
        match self.transcoder.as_mut() {
            Some(decoder) => {
                let text = transcode(decoder, bytes, false);
                self.write(text.as_bytes());
            }
            None => self.write(bytes),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.rewriter.as_mut().is_some_and(|rewriter| rewriter.write(bytes).is_err()) {
            self.rewriter = None;
        }
    }

    fn end(&mut self) {
        if let Some(decoder) = self.transcoder.as_mut() {
            let text = transcode(decoder, b"", true);
            self.write(text.as_bytes());
        }
        if let Some(rewriter) = self.rewriter.take() {
            // An error here means no more than one in `write`: the end of what can be read.
            let _ = rewriter.end();
        }
    }
}

fn transcode(decoder: &mut Decoder, bytes: &[u8], last: bool) -> String {
    let room = decoder.max_utf8_buffer_length(bytes.len()).expect("a piece of a page is small");
    let mut text = String::with_capacity(room);
    let _ = decoder.decode_to_string(bytes, &mut text, last);
    text
}

fn handlers(raw: &Rc<RefCell<Raw>>, assets: bool) -> Settings<'static, 'static> {
    let (base, title) = (Rc::clone(raw), Rc::clone(raw));
    let mut settings = Settings::new()
        .append_element_content_handler(element!("base[href]", move |el| {
            let mut raw = base.borrow_mut();
            raw.base = raw.base.take().or_else(|| el.get_attribute("href"));
            Ok(())
        }))
        .append_element_content_handler(text!("title", move |chunk| read_title(&title, chunk)));
    let links = [("a", "href"), ("link", "href"), ("img", "src"), ("script", "src")];
    for (tag, attribute) in links.into_iter().take(if assets { links.len() } else { 1 }) {
        let raw = Rc::clone(raw);
        settings = settings.append_element_content_handler(element!(tag, move |el| {
            raw.borrow_mut().links.extend(el.get_attribute(attribute));
            Ok(())
        }));
    }
    settings
}

fn read_title(raw: &RefCell<Raw>, chunk: &TextChunk<'_>) -> HandlerResult {
    let mut raw = raw.borrow_mut();
    if !raw.title_ended {
        let title = raw.title.get_or_insert_default();
        if title.len() < TITLE_LIMIT {
            title.push_str(chunk.as_str());
        }
        raw.title_ended = chunk.last_in_text_node();
    }
    Ok(())
}

fn resolve(page: &Url, raw: &Raw, encoding: &'static Encoding) -> Found {
    // Forms and links of a page in UTF-16 are written in UTF-8 (HTML standard, "output encoding").
    let encoding = encoding.output_encoding();
    let base =
        raw.base.as_deref().map(|href| address::link(page, &unescape_attribute(href), UTF_8));
    let base = match base {
        Some(Link::Page(url)) => url,
        _ => page.clone(),
    };
    let mut found = Found { title: raw.title.as_deref().map(even_title), ..Found::default() };
    let mut seen = HashSet::new();
    for text in raw.links.iter().map(|href| unescape_attribute(href.as_str())) {
        match address::link(&base, &text, encoding) {
            Link::Page(url) if seen.insert(url.to_string()) => found.pages.push(url),
            Link::Wrong(_) if seen.insert(text.to_string()) => found.wrong.push(text.into()),
            _ => {}
        }
    }
    found
}

fn even_title(raw: &str) -> String {
    unescape(raw).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;

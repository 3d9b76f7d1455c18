//! Pages as they are met in the wild, and what is read from them.

use encoding_rs::WINDOWS_1251;

use super::*;

fn read(content_type: &str, page: &[u8]) -> Found {
    read_pieces(content_type, page, usize::MAX, false)
}

fn read_pieces(content_type: &str, page: &[u8], piece: usize, assets: bool) -> Found {
    let url = Url::parse("http://h/dir/page.html?q").unwrap();
    let mut reader = PageReader::new(url, content_type, assets);
    page.chunks(piece.min(page.len().max(1))).for_each(|bytes| reader.read(bytes));
    reader.finish()
}

fn pages(page: &str) -> Vec<String> {
    read("text/html; charset=utf-8", page.as_bytes()).pages.into_iter().map(Into::into).collect()
}

#[test]
fn odd_markup_still_gives_its_links() {
    for (page, link) in [
        ("<a href=x>", "http://h/dir/x"),
        ("<A HREF = 'x'>", "http://h/dir/x"),
        ("<a\nclass=c\nhref=\"x\"\n>", "http://h/dir/x"),
        ("<a href=/x/>", "http://h/x/"),
        ("<a href=' x\n'>", "http://h/dir/x"),
        ("<a href=x href=y>", "http://h/dir/x"),
        ("</p></body><a href=x></html><p", "http://h/dir/x"),
        ("<table><a href=x><tr>", "http://h/dir/x"),
        ("<select><a href=x><xmp></select>", "http://h/dir/x"),
        ("<a href=x><a href=x#y><a href=./x>", "http://h/dir/x"),
        ("<a title='>' href=x>", "http://h/dir/x"),
    ] {
        assert_eq!(pages(page), [link], "{page}");
    }
}

#[test]
fn what_is_no_link_gives_none() {
    for page in [
        "<a name=x>",
        "<!-- <a href=x> -->",
        "<script>'<a href=x>'</script>",
        "<style><a href=x></style>",
        "<title><a href=x></title>",
        "<textarea><a href=x></textarea>",
        "<p title='<a href=x>'>",
        "<a href=mailto:x@h><a href='javascript:f()'><a href=data:,x><a href=tel:1>",
        "<img src=x><link href=x><script src=x></script>",
        "<a href=x",
        "",
    ] {
        assert_eq!(pages(page), [""; 0], "{page}");
    }
}

#[test]
fn entities_in_links_are_decoded() {
    for (href, link) in [
        ("?a=1&amp;b=2", "http://h/dir/page.html?a=1&b=2"),
        ("?a=1&#38;b&#x3d;2", "http://h/dir/page.html?a=1&b=2"),
        ("?a=1&b=2", "http://h/dir/page.html?a=1&b=2"),
        // No semicolon: an attribute keeps the text, or every `&copy=` in a query would break.
        ("?a=1&copy=2", "http://h/dir/page.html?a=1&copy=2"),
        ("caf&eacute;", "http://h/dir/caf%C3%A9"),
        ("&#x2F;x", "http://h/x"),
    ] {
        assert_eq!(pages(&format!("<a href='{href}'>")), [link], "{href}");
    }
}

#[test]
fn the_first_base_holds_for_the_whole_page() {
    for (page, link) in [
        ("<a href=x><base href=/b/><base href=/c/>", "http://h/b/x"),
        ("<base target=_top><base href=../b/><a href=x>", "http://h/b/x"),
        ("<base href='http://other/a&amp;b/c'><a href=x>", "http://other/a&b/x"),
        ("<base href=''><a href=x>", "http://h/dir/x"),
        ("<base href='javascript:x'><a href=x>", "http://h/dir/x"),
        ("<base href='http://['><a href=x>", "http://h/dir/x"),
        ("<base href='/b/#f'><a href='#g'>", "http://h/b/"),
    ] {
        assert_eq!(pages(page), [link], "{page}");
    }
}

#[test]
fn assets_count_when_asked_for() {
    let page = b"<link href=a.css><a href=b><img src=c.png><script src=d.js></script><img alt=e>";
    let found = read_pieces("text/html", page, usize::MAX, true);
    let paths: Vec<_> = found.pages.iter().map(Url::path).collect();
    assert_eq!(paths, ["/dir/a.css", "/dir/b", "/dir/c.png", "/dir/d.js"]);
}

#[test]
fn links_that_are_no_urls_are_told() {
    let found =
        read("text/html", b"<a href='http://['><a href=http://h:99999/><a href='http://['>");
    assert_eq!(found.wrong, ["http://[", "http://h:99999/"]);
    assert_eq!(found.pages, []);
}

#[test]
fn titles_are_evened_out() {
    for (page, title) in [
        ("<title> Fish\n &amp;  chips &lt;3 </title>", Some("Fish & chips <3")),
        ("<title>a</title><title>b</title>", Some("a")),
        ("<title>a<b>c</title>", Some("a<b>c")),
        ("<title></title><title>b</title>", Some("b")),
        ("<title>never ended", Some("never ended")),
        ("<p>none", None),
    ] {
        let found = read("text/html", page.as_bytes());
        assert_eq!(found.title.as_deref(), title, "{page}");
    }
}

#[test]
fn encodings_come_from_header_mark_or_meta() {
    let text = "<title>Привет</title><a href='/я?я'>";
    let (cyrillic, _, _) = WINDOWS_1251.encode(text);
    let by_header = read("text/html; charset=windows-1251", &cyrillic);
    assert_eq!(by_header.title.as_deref(), Some("Привет"));
    assert_eq!(by_header.pages[0].as_str(), "http://h/%D1%8F?%FF");

    let by_meta = [b"<meta charset=windows-1251>", &*cyrillic].concat();
    assert_eq!(read("text/html", &by_meta), by_header);

    let by_mark = ["\u{feff}", text].concat();
    let by_mark = read("text/html; charset=windows-1251", by_mark.as_bytes());
    assert_eq!(by_mark.title.as_deref(), Some("Привет"));
    assert_eq!(by_mark.pages[0].as_str(), "http://h/%D1%8F?%D1%8F");
}

#[test]
fn utf_16_is_transcoded() {
    let text = "<title>Привет 🌱</title><a href='/я?я'>";
    let wanted = read("text/html; charset=utf-8", text.as_bytes());
    assert_eq!(wanted.title.as_deref(), Some("Привет 🌱"));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read("text/html; charset=utf-16le", &little), wanted);
    assert_eq!(read("text/html", &[b"\xFE\xFF", &*big].concat()), wanted);
    // Cut off within a character: the rest is still there.
    assert_eq!(read("text/html; charset=utf-16be", &[&*big, b"\xD8"].concat()), wanted);
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let long = "<p>padding beyond the head</p>".repeat(60);
    let page = format!(
        "<meta charset=windows-1251><title>A &amp; Б</title>{long}\
         <a href=x?a=1&amp;b=2>x</a><base href=/b/><a href='я'>"
    );
    let (page, _, _) = WINDOWS_1251.encode(&page);
    let whole = read("text/html", &page);
    assert_eq!(whole.pages.len(), 2);
    for piece in [1, 2, 7, 1023, 1024, 1025] {
        assert_eq!(read_pieces("text/html", &page, piece, false), whole, "pieces of {piece}");
    }
}

#[test]
fn noise_is_survived() {
    let mut seed = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"<>&;='\"/a!-[] \0\x80\xFFhref"[(seed >> 16) as usize % 21]
    })
    .take(200_000)
    .collect();
    for content_type in ["text/html", "text/html; charset=utf-16", "text/html; charset=gb18030"] {
        read_pieces(content_type, &noise, 1000, true);
    }
}

//! The demo site: as many pages as asked for, the same ones every time.
//!
//! A front page links to the sections, a section to its articles, an article to its neighbours and
//! to a few others anywhere. With about as many sections as a section has articles, a crawler knows
//! of all pages after two steps, so that hundreds of them wait to be fetched at once.

use std::fmt::Write;
use std::rc::Rc;

/// About how many bytes of text an article has.
const TEXT: usize = 3000;

/// What the articles are written with.
const WORDS: [&str; 32] = [
    "willow", "river", "basket", "weaver", "bank", "shoot", "stump", "water", "green", "slender",
    "bends", "grows", "returns", "every", "spring", "the", "a", "and", "under", "over", "between",
    "cut", "back", "again", "meadow", "heron", "wind", "light", "through", "quiet", "morning",
    "stands",
];

/// A generated site of a number of pages.
///
/// ```
/// use crawler::site::Site;
///
/// let site = Site::new(1000);
/// assert!(site.page("/").unwrap().contains("<a href=\"section/1/\">"));
/// assert!(site.page("/nothing/here").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Site {
    /// How many pages there are: front page, sections and articles.
    pages: usize,
    /// How many of them are sections.
    sections: usize,
    /// Its hosts, if it has several, each as its URLs begin: sections are on them in turn.
    hosts: Rc<[String]>,
}

/// One page of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Front,
    /// A section, counted from 1.
    Section(usize),
    /// An article, counted from 0 over all sections.
    Article(usize),
}

impl Site {
    /// Lays out a site of this many pages; it has one at least.
    pub fn new(pages: usize) -> Self {
        Site::spread(pages, Vec::new())
    }

    /// Lays out one whose sections are spread over these hosts (`http://example.com`); the front page is on the first.
    pub fn spread(pages: usize, hosts: Vec<String>) -> Self {
        let pages = pages.max(1);
        Site { pages, sections: pages.isqrt().min(pages - 1), hosts: hosts.into() }
    }

    /// Which host a section is on; 0 is the front page's.
    fn host(&self, section: usize) -> usize {
        section.saturating_sub(1) % self.hosts.len().max(1)
    }

    /// What a link from one section to another begins with, before its path: nothing, if they are on one host.
    fn way(&self, from: usize, to: usize) -> &str {
        let (from, to) = (self.host(from), self.host(to));
        if from == to { "" } else { &self.hosts[to] }
    }

    /// The page at this path, as HTML; `None` where there is none.
    pub fn page(&self, path: &str) -> Option<String> {
        let place = self.place(path)?;
        let title = match place {
            Place::Front => "The osier demo site".to_owned(),
            Place::Section(section) => format!("Section {section}"),
            Place::Article(article) => format!("Article {}", article + 1),
        };
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
        );
        match place {
            Place::Front => self.write_front(&mut html),
            Place::Section(section) => self.write_section(&mut html, section),
            Place::Article(article) => self.write_article(&mut html, article),
        }
        html.push_str("</body>\n</html>\n");
        Some(html)
    }

    fn articles(&self) -> usize {
        self.pages - 1 - self.sections
    }

    fn section_of(&self, article: usize) -> usize {
        article % self.sections + 1
    }

    fn path(&self, article: usize) -> String {
        format!("/section/{}/{}.html", self.section_of(article), article + 1)
    }

    fn place(&self, path: &str) -> Option<Place> {
        if path == "/" {
            return Some(Place::Front);
        }
        let (section, file) = path.strip_prefix("/section/")?.split_once('/')?;
        let section = section.parse().ok().filter(|n| (1..=self.sections).contains(n))?;
        if file.is_empty() {
            return Some(Place::Section(section));
        }
        let article = file.strip_suffix(".html")?.parse::<usize>().ok()?.checked_sub(1)?;
        let there = article < self.articles() && self.path(article) == path;
        there.then_some(Place::Article(article))
    }

    fn write_front(&self, html: &mut String) {
        html.push_str("<ul>\n");
        for section in 1..=self.sections {
            let way = match self.way(0, section) {
                "" => String::new(),
                way => format!("{way}/"),
            };
            let _ = writeln!(
                html,
                "<li><a href=\"{way}section/{section}/\">Section {section}</a></li>"
            );
        }
        html.push_str("</ul>\n");
    }

    fn write_section(&self, html: &mut String, section: usize) {
        let way = self.way(section, 0);
        let _ = write!(html, "<p><a href=\"{way}/\">Front page</a></p>\n<ul>\n");
        for article in (section - 1..self.articles()).step_by(self.sections) {
            let number = article + 1;
            let _ = writeln!(html, "<li><a href=\"{number}.html\">Article {number}</a></li>");
        }
        html.push_str("</ul>\n");
    }

    fn write_article(&self, html: &mut String, article: usize) {
        let mut dice = Dice(article as u64);
        let section = self.section_of(article);
        let way = self.way(section, 0);
        let _ = writeln!(
            html,
            "<p><a href=\"./\">Section {section}</a>, <a href=\"{way}/#top\">front page</a></p>\n<p>",
        );
        let end = html.len() + TEXT;
        while html.len() < end {
            html.push_str(WORDS[dice.roll(WORDS.len())]);
            html.push_str(if dice.roll(40) == 0 { ".</p>\n<p>" } else { " " });
        }
        html.push_str("</p>\n<p>See also");
        let next = (article + 1) % self.articles();
        for other in [next, dice.roll(self.articles()), dice.roll(self.articles())] {
            let (way, path) = (self.way(section, self.section_of(other)), self.path(other));
            let _ = write!(html, " <a href=\"{way}{path}\">Article {}</a>", other + 1);
        }
        html.push_str("</p>\n");
    }
}

/// Numbers that look like chance and are the same every time (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % sides
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use url::Url;

    use super::*;
    use crate::links::PageReader;

    /// Walks the whole site, as a crawler would; tells the depth of each page.
    fn walk(site: Site) -> BTreeMap<Url, u32> {
        let front = Url::parse("http://h/").unwrap();
        let mut depths = BTreeMap::from([(front.clone(), 0)]);
        let mut next = vec![front];
        while !next.is_empty() {
            for url in std::mem::take(&mut next) {
                let html = site.page(url.path()).unwrap_or_else(|| panic!("{url} is not there"));
                let mut reader = PageReader::new(url.clone(), "text/html", false);
                reader.read(html.as_bytes());
                for link in reader.finish().pages {
                    if !depths.contains_key(&link) {
                        depths.insert(link.clone(), depths[&url] + 1);
                        next.push(link);
                    }
                }
            }
        }
        depths
    }

    #[test]
    fn every_page_is_reached_from_the_front() {
        for pages in [1, 2, 3, 4, 5, 10, 99, 1000, 1001] {
            assert_eq!(walk(Site::new(pages)).len(), pages);
            let hosts = ["http://h", "http://i", "http://j"].map(String::from).to_vec();
            let spread = walk(Site::spread(pages, hosts));
            assert_eq!(spread.len(), pages);
            let on = |host| spread.keys().filter(|url| url.host_str() == Some(host)).count();
            assert!(pages < 99 || ["h", "i", "j"].iter().all(|host| on(host) > pages / 4));
        }
    }

    #[test]
    fn all_pages_are_known_after_two_steps() {
        let depths = walk(Site::new(1000));
        assert_eq!(depths.values().max(), Some(&2));
        assert!(depths.values().filter(|&&depth| depth == 2).count() > 950);
    }

    #[test]
    fn pages_are_the_same_every_time_and_a_few_kilobytes() {
        let site = Site::new(1000);
        let page = site.page("/section/1/1.html").unwrap();
        assert_eq!(site.page("/section/1/1.html"), Some(page.clone()));
        assert!((2000..6000).contains(&page.len()));
        assert_ne!(site.page("/section/2/2.html"), Some(page));
    }

    #[test]
    fn what_is_not_there_is_none() {
        let site = Site::new(1000);
        for path in [
            "",
            "/section/0/",
            "/section/32/",
            "/section/1",
            "/section/1/2.html",
            "/x",
            "/section/1/0.html",
            "/section/1/01.html",
            "/section/1/9999.html",
            "/?",
            "//",
        ] {
            assert_eq!(site.page(path), None, "{path}");
        }
    }
}

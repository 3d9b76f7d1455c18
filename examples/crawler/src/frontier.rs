//! What is known of the site: its pages, who links to whom, and which page is next.
//!
//! Pages are handed out breadth first, each once. Answers come in any order, though, so a page may
//! first be found by a long way and by a shorter one later: then it, and all that was found behind
//! it, move up. Thus `--depth` takes in the same pages however the answers happen to fall.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use url::Url;

use crate::scope::Scope;

/// One known page, by its place in the frontier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(u32);

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// To this page within the hosts: who can [take](Frontier::take) it fetches it at once.
    Within(PageId),
    /// Out of the crawl's hosts.
    Outside,
    /// Back to where it came from.
    Circle,
}

/// How the fetch of a page ended, as far as its links are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is there.
    Fine,
    /// It is not, and this is why.
    Broken(String),
}

/// A broken link, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenLink {
    /// Where it leads: a URL, or a text that is none.
    pub link: String,
    /// What is wrong with it.
    pub reason: String,
    /// The pages that hold it, in the order of their URLs.
    pub holders: Vec<String>,
}

/// The pages known so far and the order in which they are fetched.
#[derive(Debug)]
pub struct Frontier {
    /// The hosts that pages may be on.
    scope: Scope,
    /// How many links away from a seed a page may be.
    max_depth: u32,
    /// How many more pages may be handed out.
    left: usize,
    /// All pages known, fetched or not.
    pages: Vec<Page>,
    /// Finds a page by its URL.
    by_url: HashMap<Rc<Url>, PageId>,
    /// The pages that are next, nearest first; none lies deeper than `max_depth`.
    queue: BTreeSet<(u32, PageId)>,
    /// Texts of links that are no URLs, and the pages that hold them.
    wrong: BTreeMap<String, Vec<PageId>>,
    /// Which pages are somebody else's to fetch; none, if all are fetched here.
    share: Option<Share>,
    /// Pages of others that links lead to, by a way shorter than they have been told of.
    strangers: Vec<PageId>,
}

/// Which of several processes one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Which of so many processes fetches the pages of a URL's host: by its name and port, as [`Scope`] tells hosts apart.
pub fn owner(url: &Url, of: usize) -> usize {
    let mut hasher = DefaultHasher::new(); // the same in every process
    (url.host_str(), url.port()).hash(&mut hasher);
    (hasher.finish() % of as u64) as usize
}

/// What is known of one page.
#[derive(Debug)]
struct Page {
    /// Its canonical URL.
    url: Rc<Url>,
    /// How many links it is away from a seed, by the shortest way known.
    depth: u32,
    /// Whether it has been handed out; it then stands in `queue` no more.
    taken: bool,
    /// Whether another process fetches it; it then never stands in `queue`.
    foreign: bool,
    /// The pages it links to.
    links: Vec<PageId>,
    /// The page it redirects to.
    redirect: Option<PageId>,
    /// How its fetch ended; `None` when it has not, or ended in a redirect.
    verdict: Option<Verdict>,
}

impl Frontier {
    /// Begins with these seeds, which also say what hosts may be crawled.
    pub fn new(seeds: &[Url], max_depth: Option<u32>, max_pages: Option<usize>) -> Self {
        let mut frontier = Frontier {
            scope: Scope::default(),
            max_depth: max_depth.unwrap_or(u32::MAX - 1),
            left: max_pages.unwrap_or(usize::MAX),
            pages: Vec::new(),
            by_url: HashMap::new(),
            queue: BTreeSet::new(),
            wrong: BTreeMap::new(),
            share: None,
            strangers: Vec::new(),
        };
        for url in seeds {
            frontier.scope.add(url);
            frontier.hear_of(url.clone(), 0);
        }
        frontier
    }

    /// Takes in the host of a URL, and no page.
    pub fn stay_within(&mut self, url: &Url) {
        self.scope.add(url);
    }

    /// One process' share of the pages of these hosts; none is known yet.
    ///
    /// Those of other processes are known, and never handed out: [`strangers`](Self::strangers) tells of them.
    pub fn of_share(scope: Scope, max_depth: Option<u32>, share: Share) -> Self {
        Frontier { scope, share: Some(share), ..Frontier::new(&[], max_depth, None) }
    }

    /// The hosts that pages may be on.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Notes that a page can be reached at this depth.
    pub fn hear_of(&mut self, url: Url, depth: u32) -> PageId {
        let id = self.intern(url);
        self.reach(id, depth);
        id
    }

    /// Whether a page has been handed out or taken.
    pub fn is_taken(&self, id: PageId) -> bool {
        self.page(id).taken
    }

    /// Whether another process fetches a page.
    pub fn is_foreign(&self, id: PageId) -> bool {
        self.page(id).foreign
    }

    /// Takes a page to be fetched at once, whatever its turn; false if it was taken before.
    pub fn take(&mut self, id: PageId) -> bool {
        let depth = self.page(id).depth;
        self.queue.remove(&(depth, id));
        !std::mem::replace(&mut self.page_mut(id).taken, true)
    }

    /// The pages of others that can be reached by a shorter way since the last call.
    pub fn strangers(&mut self) -> Vec<PageId> {
        std::mem::take(&mut self.strangers)
    }

    /// The pages that are next, nearest first.
    pub fn next(&self) -> impl Iterator<Item = PageId> + '_ {
        self.queue.iter().map(|&(_, id)| id)
    }

    /// Takes the next page to fetch; `None` when none is known at present, or the limit is reached.
    pub fn pop(&mut self) -> Option<PageId> {
        if self.left == 0 {
            return None;
        }
        let (_, id) = self.queue.pop_first()?;
        self.left -= 1;
        self.page_mut(id).taken = true;
        Some(id)
    }

    /// Notes that a page redirects, and says what is to be done about it.
    pub fn redirect(&mut self, from: PageId, to: &Url) -> Redirect {
        if !self.scope.contains(to) {
            self.conclude(from, Verdict::Fine);
            return Redirect::Outside;
        }
        let to = self.intern(to.clone());
        if self.end_of_redirects(to) == from {
            return Redirect::Circle;
        }
        self.page_mut(from).redirect = Some(to);
        self.reach(to, self.page(from).depth);
        Redirect::Within(to)
    }

    /// Notes the links of a page, those that stay within the hosts.
    pub fn found(&mut self, id: PageId, links: Vec<Url>) {
        let depth = self.page(id).depth + 1;
        for url in links {
            if self.scope.contains(&url) {
                let to = self.intern(url);
                self.page_mut(id).links.push(to);
                self.reach(to, depth);
            }
        }
    }

    /// Notes links of a page that are no URLs.
    pub fn found_wrong(&mut self, id: PageId, links: Vec<String>) {
        for text in links {
            self.wrong.entry(text).or_default().push(id);
        }
    }

    /// Notes how the fetch of a page has ended.
    pub fn conclude(&mut self, id: PageId, verdict: Verdict) {
        self.page_mut(id).verdict = Some(verdict);
    }

    /// The URL of a page.
    pub fn url(&self, id: PageId) -> &Rc<Url> {
        &self.page(id).url
    }

    /// How many links a page is away from a seed.
    pub fn depth(&self, id: PageId) -> u32 {
        self.page(id).depth
    }

    /// How many pages are known that are still to be fetched.
    pub fn waiting(&self) -> usize {
        self.queue.len().min(self.left)
    }

    /// The broken links, in the order of where they lead.
    ///
    /// A link is broken when it leads, redirects followed, to a page that is not there. One that
    /// leads to a page which was not fetched (too deep, say) is not.
    pub fn broken_links(&self) -> Vec<BrokenLink> {
        let mut holders: BTreeMap<PageId, Vec<PageId>> = BTreeMap::new();
        for (at, page) in self.pages.iter().enumerate() {
            for &to in page.links.iter().filter(|&&to| self.fault(to).is_some()) {
                holders.entry(to).or_default().push(id_at(at));
            }
        }
        let pages = holders.iter().filter_map(|(&to, holders)| {
            Some(self.broken(self.url(to).as_str(), self.fault(to)?, holders))
        });
        let wrong = self.wrong.iter().map(|(text, ids)| self.broken(text, "not a URL", ids));
        let mut links: Vec<_> = pages.chain(wrong).collect();
        links.sort();
        links
    }

    fn broken(&self, link: &str, reason: &str, holders: &[PageId]) -> BrokenLink {
        let mut holders: Vec<_> = holders.iter().map(|&id| self.url(id).to_string()).collect();
        holders.sort();
        BrokenLink { link: link.into(), reason: reason.into(), holders }
    }

    /// Why a link to this page is broken.
    fn fault(&self, id: PageId) -> Option<&str> {
        match &self.page(self.end_of_redirects(id)).verdict {
            Some(Verdict::Broken(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Where the redirects of a page lead; they form no circle, `redirect` sees to that.
    fn end_of_redirects(&self, mut id: PageId) -> PageId {
        while let Some(to) = self.page(id).redirect {
            id = to;
        }
        id
    }

    fn intern(&mut self, url: Url) -> PageId {
        if let Some(&id) = self.by_url.get(&url) {
            return id;
        }
        let foreign = self.share.is_some_and(|share| owner(&url, share.of) != share.number);
        let (id, url) = (id_at(self.pages.len()), Rc::new(url));
        self.by_url.insert(Rc::clone(&url), id);
        self.pages.push(Page {
            url,
            depth: u32::MAX,
            taken: false,
            foreign,
            links: Vec::new(),
            redirect: None,
            verdict: None,
        });
        id
    }

    /// Notes that a page can be reached at this depth, and so what lies behind it.
    fn reach(&mut self, id: PageId, depth: u32) {
        let mut ways = vec![(id, depth)];
        while let Some((id, depth)) = ways.pop() {
            let page = &mut self.pages[id.0 as usize];
            if depth >= page.depth {
                continue;
            }
            if page.foreign {
                if depth <= self.max_depth {
                    self.strangers.push(id);
                }
            } else if !page.taken {
                self.queue.remove(&(page.depth, id));
                if depth <= self.max_depth {
                    self.queue.insert((depth, id));
                }
            }
            page.depth = depth;
            ways.extend(page.redirect.map(|to| (to, depth)));
            ways.extend(page.links.iter().map(|&to| (to, depth + 1)));
        }
    }

    fn page(&self, id: PageId) -> &Page {
        &self.pages[id.0 as usize]
    }

    fn page_mut(&mut self, id: PageId) -> &mut Page {
        &mut self.pages[id.0 as usize]
    }
}

fn id_at(index: usize) -> PageId {
    PageId(u32::try_from(index).expect("memory ends before four billion pages do"))
}

#[cfg(test)]
#[path = "frontier_tests.rs"]
mod tests;

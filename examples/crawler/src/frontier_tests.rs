//! The frontier on sites of a few letters: page `a` is `http://h/a`.

use super::*;

fn url(name: &str) -> Url {
    Url::parse("http://h/").unwrap().join(name).unwrap()
}

fn urls(names: &str) -> Vec<Url> {
    names.split_whitespace().map(url).collect()
}

fn frontier(max_depth: Option<u32>, max_pages: Option<usize>) -> Frontier {
    Frontier::new(&urls("a"), max_depth, max_pages)
}

fn name(frontier: &Frontier, id: PageId) -> String {
    frontier.url(id).path()[1..].to_owned()
}

/// Takes the next page, which must be this one.
fn take(frontier: &mut Frontier, wanted: &str) -> PageId {
    let id = frontier.pop().unwrap_or_else(|| panic!("{wanted} is not there"));
    assert_eq!(name(frontier, id), wanted);
    id
}

/// Fetches all there is, one page at a time, and tells their names in order.
fn rest(frontier: &mut Frontier, site: &[(&str, &str)]) -> String {
    let mut names = Vec::new();
    while let Some(id) = frontier.pop() {
        let name = name(frontier, id);
        let links = site.iter().find(|(from, _)| *from == name).map_or("", |(_, to)| to);
        frontier.found(id, urls(links));
        frontier.conclude(id, Verdict::Fine);
        names.push(name);
    }
    names.join(" ")
}

#[test]
fn pages_come_breadth_first_and_once() {
    let site = [("a", "b c a"), ("b", "d b b"), ("c", "d e a"), ("d", "f"), ("e", "b")];
    assert_eq!(rest(&mut frontier(None, None), &site), "a b c d e f");
}

#[test]
fn equal_seeds_count_once() {
    let mut frontier = Frontier::new(&[urls("a b"), urls("a")].concat(), None, None);
    assert_eq!(frontier.waiting(), 2);
    assert_eq!(rest(&mut frontier, &[]), "a b");
}

#[test]
fn other_hosts_are_left_alone() {
    let site = [("a", "http://other/ //h:81/x mailto:x b")];
    assert_eq!(rest(&mut frontier(None, None), &site), "a b");
}

#[test]
fn depth_and_page_limits_hold() {
    let site = [("a", "b c"), ("b", "d"), ("d", "e")];
    assert_eq!(rest(&mut frontier(Some(0), None), &site), "a");
    assert_eq!(rest(&mut frontier(Some(1), None), &site), "a b c");
    assert_eq!(rest(&mut frontier(Some(2), None), &site), "a b c d");
    assert_eq!(rest(&mut frontier(None, Some(3)), &site), "a b c");
    assert_eq!(rest(&mut frontier(None, Some(100)), &site), "a b c d e");
}

#[test]
fn a_shorter_way_found_later_moves_pages_up() {
    let mut frontier = frontier(Some(3), None);
    let a = take(&mut frontier, "a");
    frontier.found(a, urls("slow b"));
    let slow = take(&mut frontier, "slow");
    let b = take(&mut frontier, "b");
    frontier.found(b, urls("c"));
    let c = take(&mut frontier, "c");
    frontier.found(c, urls("d"));
    let d = take(&mut frontier, "d");
    frontier.found(d, urls("e"));
    assert_eq!(frontier.depth(d), 3);
    assert_eq!(frontier.pop(), None, "e is four links away as far as one knows");
    frontier.found(slow, urls("d"));
    assert_eq!(frontier.depth(d), 2);
    take(&mut frontier, "e");
}

#[test]
fn a_nearer_page_goes_first() {
    let mut frontier = frontier(None, None);
    let a = take(&mut frontier, "a");
    frontier.found(a, urls("b c"));
    let b = take(&mut frontier, "b");
    frontier.found(b, urls("x y z"));
    let c = take(&mut frontier, "c");
    frontier.found(c, urls("w"));
    let x = take(&mut frontier, "x");
    frontier.found(x, urls("deep"));
    assert_eq!(rest(&mut frontier, &[]), "y z w deep");
}

/// The page that is to be fetched as a redirect leads there, unless somebody has.
fn follow(frontier: &mut Frontier, from: PageId, to: &str) -> Option<PageId> {
    let Redirect::Within(id) = frontier.redirect(from, &url(to)) else { panic!("not to {to}") };
    frontier.take(id).then_some(id)
}

#[test]
fn a_redirect_is_fetched_unless_somebody_has() {
    let mut frontier = frontier(None, None);
    let a = take(&mut frontier, "a");
    frontier.found(a, urls("b c d"));
    let b = take(&mut frontier, "b");
    let c = follow(&mut frontier, b, "c").expect("c is new");
    assert_eq!(name(&frontier, c), "c");
    let d = take(&mut frontier, "d");
    assert_eq!(follow(&mut frontier, d, "c"), None);
    assert_eq!(frontier.pop(), None);
}

#[test]
fn a_redirect_costs_no_depth() {
    let mut frontier = frontier(Some(1), None);
    let a = take(&mut frontier, "a");
    let b = follow(&mut frontier, a, "b").expect("b is new");
    frontier.found(b, urls("c"));
    let c = take(&mut frontier, "c");
    assert_eq!((frontier.depth(b), frontier.depth(c)), (0, 1));
    frontier.found(c, urls("d"));
    assert_eq!(frontier.pop(), None);
}

#[test]
fn redirects_leave_neither_the_hosts_nor_the_ground() {
    let mut frontier = frontier(None, None);
    let a = take(&mut frontier, "a");
    assert_eq!(frontier.redirect(a, &url("http://other/")), Redirect::Outside);
    assert_eq!(frontier.redirect(a, &url("a")), Redirect::Circle);
    let b = follow(&mut frontier, a, "b").expect("b is new");
    let c = follow(&mut frontier, b, "c").expect("c is new");
    assert_eq!(frontier.redirect(c, &url("a")), Redirect::Circle);
    assert_eq!(frontier.redirect(c, &url("b")), Redirect::Circle);
}

#[test]
fn broken_links_are_told_with_their_holders() {
    let mut frontier = frontier(Some(1), None);
    let a = take(&mut frontier, "a");
    frontier.conclude(a, Verdict::Fine);
    frontier.found(a, urls("b gone moved deep"));
    frontier.found_wrong(a, vec!["http://[".into()]);
    let b = take(&mut frontier, "b");
    frontier.conclude(b, Verdict::Fine);
    frontier.found(b, urls("a gone below"));
    let gone = take(&mut frontier, "gone");
    frontier.conclude(gone, Verdict::Broken("404".into()));
    let moved = take(&mut frontier, "moved");
    assert_eq!(follow(&mut frontier, moved, "gone"), None);

    let list = |link: &str, reason: &str, holders: &[&str]| BrokenLink {
        link: link.into(),
        reason: reason.into(),
        holders: holders.iter().map(|&name| url(name).into()).collect(),
    };
    assert_eq!(
        frontier.broken_links(),
        [
            list("http://[", "not a URL", &["a"]),
            list("http://h/gone", "404", &["a", "b"]),
            list("http://h/moved", "404", &["a"]),
        ]
    );
}

#[test]
fn a_broken_seed_is_no_broken_link() {
    let mut frontier = frontier(None, None);
    let a = take(&mut frontier, "a");
    frontier.conclude(a, Verdict::Broken("refused".into()));
    assert_eq!(frontier.broken_links(), []);
}

/// The frontier of one of two processes, and a page of its own and two of the other's.
fn half() -> (Frontier, Vec<Url>, Vec<Url>) {
    let all: Vec<Url> = (0..40).map(|n| Url::parse(&format!("http://h{n}/")).unwrap()).collect();
    let (mine, others) = all.iter().cloned().partition(|url| owner(url, 2) == 0);
    let mut scope = Scope::default();
    all.iter().for_each(|url| scope.add(url));
    (Frontier::of_share(scope, Some(2), Share { number: 0, of: 2 }), mine, others)
}

#[test]
fn pages_of_others_are_told_and_not_handed_out() {
    let (mut frontier, mine, others) = half();
    assert_eq!(frontier.pop(), None, "nothing is known yet");
    let a = frontier.hear_of(mine[0].clone(), 1);
    assert_eq!(frontier.pop(), Some(a));
    frontier.found(a, vec![mine[1].clone(), others[0].clone(), others[0].clone()]);
    let told = frontier.strangers();
    assert_eq!(told.len(), 1, "once");
    assert_eq!((&**frontier.url(told[0]), frontier.depth(told[0])), (&others[0], 2));
    assert!(frontier.strangers().is_empty() && frontier.is_foreign(told[0]));
    assert_eq!(frontier.pop().map(|id| frontier.url(id).to_string()), Some(mine[1].to_string()));
    assert_eq!(frontier.pop(), None);
}

#[test]
fn a_shorter_way_to_a_page_of_another_is_told_again() {
    let (mut frontier, mine, others) = half();
    let a = frontier.hear_of(mine[0].clone(), 2);
    assert!(frontier.take(a) && !frontier.take(a));
    frontier.found(a, vec![others[0].clone()]);
    assert!(frontier.strangers().is_empty(), "three links away are too many");
    frontier.hear_of(mine[0].clone(), 1);
    assert_eq!(frontier.strangers().len(), 1);
    frontier.hear_of(mine[0].clone(), 1);
    assert!(frontier.strangers().is_empty());
    assert_eq!(frontier.waiting(), 0, "it was taken");
}

//! The checks, each a function from sources to offences. The policy itself is elsewhere.

use super::tokens::{Token, tokens};

/// One file of the workspace.
pub(crate) struct Source {
    /// From the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Which modules of one package each module may use.
///
/// A line reads "module: modules it may use"; those stand above it, so there is no cycle.
pub(crate) struct Layers<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Layers<'a> {
    /// Reads a table; the error is a line that names what has not come before.
    pub(crate) fn read(table: &'a str) -> Result<Layers<'a>, String> {
        let mut layers = Layers(Vec::new());
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (module, below) = line.split_once(':').ok_or(format!("`{line}` has no colon"))?;
            let below: Vec<&str> = below.split_whitespace().collect();
            if let Some(unknown) = below.iter().find(|name| layers.below(name).is_none()) {
                return Err(format!("{module} may use {unknown}, which does not stand above it"));
            }
            layers.0.push((module, below));
        }
        Ok(layers)
    }

    fn below(&self, module: &str) -> Option<&[&'a str]> {
        self.0.iter().find(|(name, _)| *name == module).map(|(_, below)| &**below)
    }

    /// Looks at the package whose sources stand in `root`, which ends in a slash.
    pub(crate) fn check(&self, root: &str, sources: &[Source]) -> Vec<String> {
        let mut out = Vec::new();
        let inside = |source: &'_ Source| source.path.strip_prefix(root).map(str::to_owned);
        let looked_at = sources.iter().filter(|source| !is_test(&source.path));
        for (source, path) in looked_at.filter_map(|s| Some((s, inside(s)?))) {
            let names = modules(&path);
            let Some(module) = names.first().copied() else { continue };
            let Some(below) = self.below(module) else {
                out.push(format!("{}: module {module} is not in the table", source.path));
                continue;
            };
            for (used, line) in used_modules(&source.text, names.len()) {
                if used != module && !below.contains(&used) {
                    out.push(format!("{}:{line}: {module} uses {used}", source.path));
                }
            }
        }
        for (module, _) in &self.0 {
            let mut paths = sources.iter().filter_map(inside);
            if !paths.any(|path| modules(&path).first() == Some(module)) {
                out.push(format!("{root}: the table has {module}, which is not there"));
            }
        }
        out
    }
}

/// Tests beside the code may use what they like.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| ["test.rs", "tests.rs", "tests"].contains(&part))
}

/// The modules that a path below src/ leads through: none for lib.rs, `[a, b]` for a/b.rs.
fn modules(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|name| !["lib", "main"].contains(name)).collect()
}

/// The top-level modules that a file names, by `crate` or by `super`.
fn used_modules(source: &str, depth: usize) -> Vec<(&str, usize)> {
    let all = tokens(source);
    let (mut out, mut inner, mut braces) = (Vec::new(), Vec::new(), 0);
    let text = |at: usize| all.get(at).map_or("", |token: &Token<'_>| token.text);
    let mut at = 0;
    while at < all.len() {
        match text(at) {
            "{" => {
                braces += 1;
                if at >= 2 && text(at - 2) == "mod" {
                    inner.push(braces);
                }
            }
            "}" => {
                inner.pop_if(|opened| *opened == braces);
                braces -= 1;
            }
            "crate" if text(at + 1) == "::" => heads(&all[at + 2..], &mut out),
            "super" => {
                let mut ups = 1;
                while text(at + 1) == "::" && text(at + 2) == "super" {
                    (ups, at) = (ups + 1, at + 2);
                }
                if ups == depth + inner.len() && text(at + 1) == "::" {
                    heads(&all[at + 2..], &mut out);
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// The first names of a path or of a group of paths.
fn heads<'a>(path: &[Token<'a>], out: &mut Vec<(&'a str, usize)>) {
    let mut take = |token: &Token<'a>| {
        if token.text != "self" {
            out.push((token.text, token.line));
        }
    };
    match path {
        [open, group @ ..] if open.text == "{" => {
            let (mut depth, mut first) = (1, true);
            for token in group {
                match token.text {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "," if depth == 1 => first = true,
                    _ if first => {
                        take(token);
                        first = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
        [head, ..] => take(head),
        [] => {}
    }
}

/// A word that only some places may use; a place is a file or a folder with its slash.
pub(crate) fn confined(word: &str, places: &[&str], sources: &[Source]) -> Vec<String> {
    let allowed = |path: &str| places.iter().any(|place| path.starts_with(place));
    let mut out = Vec::new();
    for source in sources.iter().filter(|source| !allowed(&source.path)) {
        let found = tokens(&source.text).into_iter().filter(|token| token.text == word);
        out.extend(found.map(|token| format!("{}:{}: names {word}", source.path, token.line)));
    }
    out
}

/// Places that hold nothing are left over from something.
pub(crate) fn empty(places: &[&str], sources: &[Source]) -> Vec<String> {
    let holds = |place: &&&str| sources.iter().any(|source| source.path.starts_with(**place));
    let nothing = places.iter().filter(|place| !holds(place));
    nothing.map(|place| format!("{place}: the policy names it, and it is not there")).collect()
}

/// Each place's first file says in its head why it is unsafe.
pub(crate) fn unexplained(places: &[&str], sources: &[Source]) -> Vec<String> {
    let mut out = Vec::new();
    for place in places {
        let heads = [place.to_string(), format!("{place}mod.rs"), format!("{place}lib.rs")];
        let head = sources.iter().find(|source| heads.contains(&source.path));
        let why = |source: &Source| source.text.lines().any(|line| line == "//! # Why unsafe");
        if !head.is_some_and(why) {
            out.push(format!("{place}: its head has no `//! # Why unsafe`"));
        }
    }
    out
}

/// Files that lack a line.
pub(crate) fn lacking(line: &str, files: &[&str], sources: &[Source]) -> Vec<String> {
    let has = |file: &&&str| {
        sources.iter().any(|s| s.path == **file && s.text.lines().any(|l| l.trim() == line))
    };
    files.iter().filter(|file| !has(file)).map(|file| format!("{file}: lacks {line}")).collect()
}

/// Files of more lines than that, and the facade beyond its own limit.
pub(crate) fn too_long(most: usize, limits: &[(&str, usize)], sources: &[Source]) -> Vec<String> {
    let limit = |path: &str| limits.iter().find(|(p, _)| *p == path).map_or(most, |(_, n)| *n);
    let mut out = Vec::new();
    for source in sources {
        let (lines, limit) = (source.text.lines().count(), limit(&source.path));
        if lines > limit {
            out.push(format!("{}: {lines} lines, at most {limit}", source.path));
        }
    }
    out
}

/// Files and folders named for what they are not.
pub(crate) fn misnamed(banned: &[&str], sources: &[Source]) -> Vec<String> {
    let bad = |part: &str| banned.contains(&part.trim_end_matches(".rs").trim_end_matches('s'));
    let found = sources.iter().filter(|source| source.path.split('/').any(bad));
    found.map(|source| format!("{}: says nothing about what is in it", source.path)).collect()
}

/// Functions with bodies in what is to be a table of contents.
pub(crate) fn busy_contents(sources: &[Source]) -> Vec<String> {
    let mut out = Vec::new();
    let is_contents = |path: &str| path.ends_with("/mod.rs") && !is_test(path);
    for source in sources.iter().filter(|source| is_contents(&source.path)) {
        let all = tokens(&source.text);
        for (i, token) in all.iter().enumerate().filter(|(_, token)| token.text == "fn") {
            let end = all[i..].iter().find(|token| ["{", ";"].contains(&token.text));
            let named = all.get(i + 1).is_some_and(|name| name.text != "(");
            if named && end.is_some_and(|end| end.text == "{") {
                out.push(format!("{}:{}: a function in a mod.rs", source.path, token.line));
            }
        }
    }
    out
}

/// Normal and build dependencies of a manifest that are not in the list. Those of tests may look up.
pub(crate) fn forbidden_dependencies(
    manifest: &str,
    allowed: &[&str],
    concerns: impl Fn(&str) -> bool,
) -> Vec<String> {
    let (mut out, mut inside) = (Vec::new(), false);
    let mut look = |name: &str| {
        let name = name.trim().trim_matches('"').split('.').next().unwrap_or("").to_owned();
        if concerns(&name) && !allowed.contains(&&*name) {
            out.push(format!("depends on {name}"));
        }
    };
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies") && !is_exempt(section);
            if let Some((table, name)) = section.split_once("dependencies.")
                && !is_exempt(table)
            {
                look(name);
            }
        } else if inside && let Some((name, _)) = line.split_once('=') {
            look(name);
        }
    }
    out
}

fn is_exempt(section: &str) -> bool {
    section.starts_with("dev-") || section.contains(".dev-") || section.starts_with("workspace")
}

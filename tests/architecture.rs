//! The laws of the house, checked on the source text.
//!
//! Every violation is told with its place, its law and what to do instead. What the laws are for
//! stands in the documentation of the library's root.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The rooms from the ground up. A room may know what lies on a lower floor.
const FLOORS: &[&[&str]] = &[
    &["text", "image", "platform", "distribution", "version", "cycle", "skip", "secret", "sha256", "web_link"],
    &["scan", "registry", "store", "lifecycle", "forge", "config"],
    &["link"],
    &["choose"],
    &["plan"],
    &["render"],
    &["publish"],
    &["run"],
    &["report"],
    &["service"],
    &["cli"],
    &["main"],
];

/// Who may know a neighbour on the same floor.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("version", "distribution"),
    ("cycle", "version"),
    ("skip", "text"),
    ("registry", "store"),
    ("lifecycle", "store"),
    ("forge", "store"),
];

/// Rooms that do input and output.
const EDGES: &[&str] = &["registry", "store", "lifecycle", "forge", "service", "cli", "main"];

/// What only [`EDGES`] may use: the world outside, and the clock.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::SystemTime",
    "std::time::Instant",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
    "reqwest",
    "rustls",
    "ignore",
    "docker_credential",
    "indicatif",
    "rusqlite",
    "anstream",
];

/// Values that merely live next door to the world.
const HARMLESS: &[&str] = &["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];

/// Names that say nothing about what is inside, so that everything ends up there.
const DRAWERS: &[&str] = &["utils", "util", "common", "types", "model", "models", "helpers", "misc"];

#[test]
fn imports_point_down() {
    check(&HOUSE.imports_point_down());
}

#[test]
fn only_the_edges_touch_the_world() {
    check(&HOUSE.only_edges_touch_the_world());
}

#[test]
fn a_door_is_only_a_door() {
    check(&HOUSE.doors());
}

#[test]
fn every_file_says_what_it_is() {
    check(&HOUSE.names_and_openings());
}

#[test]
fn the_map_shows_every_room() {
    check(&HOUSE.map());
}

fn check(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}\n", violations.len(), violations.join("\n"));
}

/// The source, read once.
static HOUSE: LazyLock<House> = LazyLock::new(House::read);

/// The source: file paths below `src` with their text and what the text mentions.
struct House {
    files: BTreeMap<String, String>,
    mentions: Vec<(String, Mention)>,
}

/// A path in the source, `use` trees spread out.
struct Mention {
    /// As it resolves: `crate::text::Site` for `super::text::Site` in a room at the top.
    path: Vec<String>,
    line: usize,
    /// Whether only tests see it.
    test: bool,
}

impl House {
    fn read() -> Self {
        fn gather(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    gather(&path, &format!("{below}{name}/"), files);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.insert(format!("{below}{name}"), fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
        Self::new(files)
    }

    fn new(files: BTreeMap<String, String>) -> Self {
        let mut mentions = Vec::new();
        for (file, text) in &files {
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("src/{file}: {error}"));
            let mut reader = Reader { mentions: Vec::new() };
            reader.read(&flat(tokens), &module(file), file.ends_with("/tests.rs"));
            mentions.extend(reader.mentions.into_iter().map(|mention| (file.clone(), mention)));
        }
        Self { files, mentions }
    }

    fn modules(&self) -> BTreeSet<Vec<String>> {
        self.files.keys().map(|file| module(file)).collect()
    }

    fn rooms(&self) -> BTreeSet<&str> {
        let rooms = self.files.keys().map(|file| room(file));
        rooms.filter(|room| !matches!(*room, "lib" | "main")).collect()
    }

    fn imports_point_down(&self) -> Vec<String> {
        let floor = |room: &str| FLOORS.iter().position(|floor| floor.contains(&room));
        let mut violations = Vec::new();
        for room in self.rooms().into_iter().filter(|room| floor(room).is_none()) {
            violations.push(format!("src/{room}: law 1: the room is on no floor; add it to FLOORS in this test"));
        }
        for (file, Mention { path, line, .. }) in &self.mentions {
            let from = room(file);
            let [root, to, ..] = path.as_slice() else { continue };
            if root != "crate" || from == to || from == "lib" {
                continue;
            }
            let Some(there) = floor(to) else {
                violations.push(format!(
                    "src/{file}:{line}: law 1: `{}` is in no room; give it to the room that makes it",
                    path.join("::")
                ));
                continue;
            };
            let below = floor(from).is_some_and(|here| there < here);
            if !below && !NEIGHBOURS.contains(&(from, to)) {
                violations.push(format!(
                    "src/{file}:{line}: law 1: `{from}` must not know `{to}`, which is not below it; \
                     pass a value in, or move what both need down to the ground"
                ));
            }
        }
        violations
    }

    fn only_edges_touch_the_world(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, Mention { path, line, test }) in &self.mentions {
            let path = path.join("::");
            let starts_with =
                |start: &&str| path.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            let touches = WORLD.iter().any(starts_with) && !HARMLESS.iter().any(starts_with);
            if touches && !test && !EDGES.contains(&room(file)) {
                violations.push(format!(
                    "src/{file}:{line}: law 2: `{path}` belongs to the edges ({}); take the value as an argument",
                    EDGES.join(", ")
                ));
            }
        }
        violations
    }

    fn doors(&self) -> Vec<String> {
        let modules = self.modules();
        let mut violations = Vec::new();
        for (file, Mention { path, line, test }) in &self.mentions {
            let here = module(file);
            let (Some((root, inner)), false) = (path.split_first(), test) else { continue };
            if root != "crate" {
                continue;
            }
            let parents = (1..here.len()).map(|length| &here[..length]);
            let Some(parent) = parents.rev().find(|parent| inner.starts_with(parent)) else { continue };
            let child = inner.get(..=parent.len());
            if !child.is_some_and(|child| modules.contains(child)) {
                violations.push(format!(
                    "src/{file}:{line}: law 3: `{}` is taken from the door of its own room; \
                     move it to a file beside this one, which the door may import as well",
                    path.join("::")
                ));
            }
        }
        violations
    }

    fn names_and_openings(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, text) in &self.files {
            let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rs");
            let folders = file.split('/').rev().skip(1);
            for drawer in folders.chain([name]).filter(|name| DRAWERS.contains(name)) {
                violations.push(format!(
                    "src/{file}:1: law 4: `{drawer}` says nothing about what is inside; \
                     put each thing into the room that makes it"
                ));
            }
            let opens = text.starts_with("//!") || (name == "tests" && text.contains("//!"));
            if !opens {
                violations.push(format!(
                    "src/{file}:1: house style: the file must open with `//!`: what comes in, what goes out, \
                     what it must never know"
                ));
            }
        }
        violations
    }

    fn map(&self) -> Vec<String> {
        let map = &self.files["lib.rs"];
        let shown: BTreeSet<&str> = map
            .lines()
            .filter_map(|line| line.strip_prefix("//! | [`")?.split_once("`] |"))
            .map(|(room, _)| room)
            .collect();
        let rooms = self.rooms();
        let missing = rooms.difference(&shown).map(|room| {
            format!("src/lib.rs:1: the map does not show `{room}`; add what it takes, gives and must never know")
        });
        let gone = shown
            .difference(&rooms)
            .map(|room| format!("src/lib.rs:1: the map shows `{room}`, which does not exist; take it off the map"));
        missing.chain(gone).collect()
    }
}

/// `scan/yaml/tree.rs` is `[scan, yaml, tree]`, `scan/mod.rs` is `[scan]`, `lib.rs` the root.
fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// What of the source matters here.
enum Token {
    Word(String, usize),
    /// `::`
    Separator,
    Sign(char),
    Group(Delimiter, Vec<Token>),
    Literal,
}

fn flat(tokens: TokenStream) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    for token in tokens {
        let token = match token {
            TokenTree::Ident(word) => Token::Word(word.to_string(), word.span().start().line),
            TokenTree::Group(group) => Token::Group(group.delimiter(), flat(group.stream())),
            TokenTree::Literal(_) => Token::Literal,
            TokenTree::Punct(sign) if sign.as_char() == ':' && matches!(out.last(), Some(Token::Sign(':'))) => {
                out.pop();
                Token::Separator
            }
            TokenTree::Punct(sign) => Token::Sign(sign.as_char()),
        };
        out.push(token);
    }
    out
}

struct Reader {
    mentions: Vec<Mention>,
}

impl Reader {
    fn read(&mut self, tokens: &[Token], module: &[String], test: bool) {
        let mut at = 0;
        let mut only_tests = false;
        while at < tokens.len() {
            match &tokens[at..] {
                [Token::Sign('#'), Token::Group(Delimiter::Bracket, attribute), ..] => {
                    only_tests |= is_test(attribute);
                    at += 2;
                }
                [Token::Word(word, _), Token::Word(name, _), Token::Group(Delimiter::Brace, inner), ..]
                    if word == "mod" =>
                {
                    let inside: Vec<String> = module.iter().chain([name]).cloned().collect();
                    self.read(inner, &inside, test || only_tests);
                    only_tests = false;
                    at += 3;
                }
                [Token::Word(..), ..] => {
                    let before = at.checked_sub(1).map(|before| &tokens[before]);
                    let continued = matches!(before, Some(Token::Separator | Token::Sign('.')));
                    at = if continued { at + 1 } else { self.path(tokens, at, &[], module, test || only_tests) };
                }
                [Token::Group(delimiter, inner), ..] => {
                    self.read(inner, module, test || only_tests);
                    only_tests &= *delimiter != Delimiter::Brace;
                    at += 1;
                }
                [Token::Sign(';'), ..] => {
                    only_tests = false;
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Reads a path with all its branches and says where it ends.
    fn path(&mut self, tokens: &[Token], mut at: usize, stem: &[String], module: &[String], test: bool) -> usize {
        let mut path = stem.to_vec();
        let mut line = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Word(word, here) => {
                    line = *here;
                    if word != "self" || path.is_empty() {
                        path.push(word.clone());
                    }
                }
                Token::Sign('*') if !path.is_empty() => path.push("*".to_owned()),
                Token::Group(Delimiter::Brace, branches) => {
                    let mut branch = 0;
                    while branch < branches.len() {
                        branch = self.path(branches, branch, &path, module, test);
                        while branch < branches.len() && !matches!(branches[branch], Token::Sign(',')) {
                            branch += 1;
                        }
                        branch += 1;
                    }
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            if !matches!(tokens.get(at), Some(Token::Separator)) {
                break;
            }
            at += 1;
        }
        // `self` the value, and `super` in `pub(super)`, name nothing.
        let bare = matches!(&path[..], [word] if matches!(word.as_str(), "self" | "super" | "crate"));
        if !bare {
            self.mentions.push(Mention { path: resolved(path, module), line, test });
        }
        at.max(1)
    }
}

fn is_test(attribute: &[Token]) -> bool {
    match attribute {
        [Token::Word(word, _)] => word == "test",
        [Token::Word(cfg, _), Token::Group(_, condition)] => {
            cfg == "cfg" && matches!(&condition[..], [Token::Word(test, _)] if test == "test")
        }
        _ => false,
    }
}

fn resolved(path: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    match path.first().map(String::as_str) {
        Some("super") => {
            let base = &module[..module.len().saturating_sub(ups)];
            ["crate".to_owned()].iter().chain(base).chain(&path[ups..]).cloned().collect()
        }
        Some("self") => ["crate".to_owned()].iter().chain(module).chain(&path[1..]).cloned().collect(),
        // How the binary calls the library.
        Some("tagalong") => ["crate".to_owned()].iter().chain(&path[1..]).cloned().collect(),
        _ => path,
    }
}

#[test]
fn broken_laws_are_noticed() {
    let house = |files: &[(&str, &str)]| {
        House::new(files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect())
    };
    let found = |violations: Vec<String>| -> Vec<String> {
        violations.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect()
    };

    let up = house(&[
        ("lib.rs", "pub mod text; pub mod scan; pub mod config; pub mod hall;"),
        ("text.rs", "//! x\nuse crate::{scan::{occurrence::Value, self}, text::Site};"),
        ("scan/mod.rs", "//! x\nfn f() { g(super::config::Config::default()); }"),
        ("scan/shell.rs", "//! x\nuse crate::text::Site;\nfn f() -> crate::Thing { assert_eq!(crate::link::X, 1) }"),
        ("hall.rs", ""),
        ("link.rs", "//! crate::run\n#[cfg(test)] mod tests { use crate::run::run; }\n/* crate::cli */ \"crate::cli\""),
        ("main.rs", "//! x\nfn main() { tagalong::cli::run() }"),
        ("store.rs", "use crate::registry::X;"),
        ("registry.rs", "use crate::store::X;"),
    ]);
    assert_eq!(
        found(up.imports_point_down()),
        [
            "src/hall: law 1",
            "src/link.rs:2: law 1",
            "src/scan/mod.rs:2: law 1",
            "src/scan/shell.rs:3: law 1",
            "src/scan/shell.rs:3: law 1",
            "src/store.rs:1: law 1",
            "src/text.rs:2: law 1",
            "src/text.rs:2: law 1",
        ]
    );

    let busy = house(&[
        ("plan.rs", "use std::{fmt, fs::File};\nuse std::net::{Ipv6Addr, TcpStream};\nfn f() { Timestamp::now(); }"),
        ("link.rs", "use jiff::Timestamp;\n#[cfg(test)]\nmod tests { use std::fs; }\n#[test] fn f() { tokio::x() }\n"),
        ("run.rs", "#[cfg(test)]\nuse std::fs;\nuse std::io::{self, Write};\nasync fn f() { tokio::spawn(g()) }"),
        ("forge.rs", "use std::fs;"),
        ("scan/tests.rs", "use std::fs;"),
    ]);
    assert_eq!(
        found(busy.only_edges_touch_the_world()),
        ["src/plan.rs:1: law 2", "src/plan.rs:2: law 2", "src/plan.rs:3: law 2", "src/run.rs:4: law 2"]
    );

    let doors = house(&[
        ("scan/mod.rs", "mod yaml;\nuse crate::scan::yaml::Node;"),
        ("scan/yaml/mod.rs", "mod tree;"),
        ("scan/yaml/tree.rs", "use super::Node;\nuse crate::scan::{Findings, shell::Script};\nuse super::super::*;"),
        ("scan/shell.rs", "use super::yaml::Node;\nmod tests { use super::*; }\n#[cfg(test)]\nuse super::scan;"),
    ]);
    assert_eq!(
        found(doors.doors()),
        ["src/scan/yaml/tree.rs:1: law 3", "src/scan/yaml/tree.rs:2: law 3", "src/scan/yaml/tree.rs:3: law 3"]
    );

    let drawers =
        house(&[("scan/utils.rs", "//! x"), ("common/mod.rs", "//! x"), ("a.rs", "use x;"), ("b.rs", "//! x")]);
    assert_eq!(
        found(drawers.names_and_openings()),
        ["src/a.rs:1: house style", "src/common/mod.rs:1: law 4", "src/scan/utils.rs:1: law 4"]
    );

    let map = "//! | room | takes |\n//! |---|---|\n//! | [`text`] | bytes |\n//! | [`attic`] | dust |\n";
    let map = house(&[("lib.rs", map), ("text.rs", ""), ("scan/mod.rs", ""), ("main.rs", "")]);
    assert_eq!(map.map().iter().map(|line| line.split('`').nth(1).unwrap()).collect::<Vec<_>>(), ["scan", "attic"]);
}

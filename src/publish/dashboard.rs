//! The one issue in which the bot says what is open and what waits, and by which people steer it.
//!
//! It is known by its author and a line at its end, whatever people make of its title. Must never know:
//! what it says, the API of a forge.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::forge::contract::{Account, Issue};
use crate::publish::comment::{Memory, ticked};

const MEMORY: Memory = Memory { start: "<!-- tagalong-dashboard {" };
/// What stands in a closed one.
const DONE: &str = "Nothing is open, and nothing waits. This issue is opened again as soon as that changes.";

/// What people ask for by ticking a box.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Wanted {
    /// To open what is held, or was declined.
    Open,
    /// To build the branch of an open request again.
    Rebuild,
}

/// The branches for which people ask for something.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Asked(BTreeSet<(Wanted, String)>);

/// What to do about the dashboard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Board {
    /// Nothing.
    Keep,
    /// Open one with this text.
    Open(String),
    /// Write it anew.
    Write {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
        /// Whether to open or to close it, if that changes.
        open: Option<bool>,
    },
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Mark {
    /// The bot closed it, so that it may open it again.
    closed: bool,
}

impl Asked {
    /// Whether this is asked of a branch.
    #[must_use]
    pub fn has(&self, wanted: Wanted, branch: &str) -> bool {
        self.0.contains(&(wanted, branch.to_owned()))
    }

    /// What is asked of which branches.
    pub fn iter(&self) -> impl Iterator<Item = (Wanted, &str)> {
        self.0.iter().map(|(wanted, branch)| (*wanted, branch.as_str()))
    }

    /// Forgets what was asked of a branch: it has been dealt with.
    pub fn settle(&mut self, branch: &str) {
        self.0.retain(|(_, name)| name != branch);
    }

    /// What is asked in a text.
    fn of(body: &str) -> Self {
        let asked = body.lines().filter_map(|line| {
            let rest = ticked(line)?;
            [Wanted::Open, Wanted::Rebuild].into_iter().find_map(|wanted| {
                let (branch, _) = rest.strip_prefix(start(wanted))?.split_once(" -->")?;
                Some((wanted, unescaped(branch)))
            })
        });
        Self(asked.collect())
    }
}

/// The beginning of a line by which people ask for something; it is ticked as long as it is asked.
#[must_use]
pub fn checkbox(wanted: Wanted, branch: &str, asked: &Asked) -> String {
    let tick = if asked.has(wanted, branch) { 'x' } else { ' ' };
    format!("- [{tick}] {}{} -->", start(wanted), escaped(branch))
}

fn start(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Open => "<!-- tagalong:open ",
        Wanted::Rebuild => "<!-- tagalong:rebuild ",
    }
}

/// Git allows names of branches that would end a comment.
fn escaped(branch: &str) -> String {
    branch.replace('%', "%25").replace('>', "%3E")
}

fn unescaped(branch: &str) -> String {
    branch.replace("%3E", ">").replace("%25", "%")
}

/// The dashboard among the issues that the bot opened.
#[must_use]
pub fn find<'i>(issues: &'i [Issue], account: &Account) -> Option<&'i Issue> {
    let own = issues.iter().filter(|issue| issue.author == account.login && mark(&issue.body).is_some());
    own.max_by_key(|issue| (issue.is_open, std::cmp::Reverse(issue.number)))
}

/// What people ask for; nothing in one that is closed.
#[must_use]
pub fn asked(board: Option<&Issue>) -> Asked {
    board.filter(|issue| issue.is_open).map(|issue| Asked::of(&issue.body)).unwrap_or_default()
}

/// What to do about the dashboard if `text` is to be said, or nothing. What people closed stays closed,
/// what they opened stays open.
#[must_use]
pub fn judge(board: Option<&Issue>, text: Option<&str>) -> Board {
    let Some(issue) = board else {
        return text.map_or(Board::Keep, |text| Board::Open(signed(text, false)));
    };
    let closed = mark(&issue.body).unwrap_or_default().closed;
    let (body, open) = match (issue.is_open, text) {
        (true, Some(text)) => (signed(text, false), None),
        (true, None) if !closed => (signed(DONE, true), Some(false)),
        (false, Some(text)) if closed => (signed(text, false), Some(true)),
        (true | false, None) | (false, Some(_)) => return Board::Keep,
    };
    if open.is_none() && is_same(&issue.body, &body) {
        return Board::Keep;
    }
    Board::Write { number: issue.number, body, open }
}

/// Browsers send the lines of an edited text with CR LF.
fn is_same(found: &str, wanted: &str) -> bool {
    found.replace("\r\n", "\n").trim_end() == wanted
}

fn mark(body: &str) -> Option<Mark> {
    MEMORY.find(body)
}

fn signed(text: &str, closed: bool) -> String {
    MEMORY.sign(text, &Mark { closed })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    const BRANCH: &str = "tagalong/python-3.x";

    fn account() -> Account {
        Account { login: "bot".to_owned(), emails: BTreeSet::new(), committers: BTreeSet::new() }
    }

    fn issue(number: u64, is_open: bool, body: &str) -> Issue {
        Issue { number, is_open, body: body.to_owned(), author: "bot".to_owned() }
    }

    #[test]
    fn it_is_known_by_author_and_mark_and_never_by_its_title() {
        let (mine, closed) = (signed("text", false), signed("text", true));
        let stranger = Issue { author: "human".to_owned(), ..issue(1, true, &mine) };
        let found = |issues: &[Issue]| find(issues, &account()).map(|issue| issue.number);
        assert_eq!(found(&[stranger.clone(), issue(2, true, "no mark")]), None);
        assert_eq!(found(&[stranger, issue(3, false, &closed), issue(5, true, &mine), issue(4, true, &mine)]), Some(4));
        assert_eq!(found(&[issue(3, false, &closed)]), Some(3));
    }

    #[test]
    fn what_is_done_about_it() {
        let (open, closed) = (signed("text", false), signed(DONE, true));
        let write = |body: &str, open| Board::Write { number: 1, body: body.to_owned(), open };
        let browser = open.replace('\n', "\r\n");
        let new = signed("new", false);
        for (board, text, expected) in [
            (None, None, Board::Keep),
            (None, Some("text"), Board::Open(open.clone())),
            (Some(issue(1, true, &open)), Some("text"), Board::Keep),
            (Some(issue(1, true, &browser)), Some("text"), Board::Keep),
            (Some(issue(1, true, &open)), Some("new"), write(&new, None)),
            (Some(issue(1, true, &open)), None, write(&closed, Some(false))),
            // The bot closed it.
            (Some(issue(1, false, &closed)), None, Board::Keep),
            (Some(issue(1, false, &closed)), Some("new"), write(&new, Some(true))),
            // People opened it again, and then there was something to say.
            (Some(issue(1, true, &closed)), None, Board::Keep),
            (Some(issue(1, true, &closed)), Some("new"), write(&new, None)),
            // People closed it.
            (Some(issue(1, false, &open)), Some("new"), Board::Keep),
            (Some(issue(1, false, &open)), None, Board::Keep),
        ] {
            assert_eq!(judge(board.as_ref(), text), expected, "{board:?} {text:?}");
        }
    }

    #[test]
    fn ticks_are_read_as_they_were_written() {
        let odd = "a%3E-->b";
        let none = Asked::default();
        let lines = [
            checkbox(Wanted::Open, BRANCH, &none),
            checkbox(Wanted::Rebuild, BRANCH, &none),
            checkbox(Wanted::Open, odd, &none),
        ];
        let ask = |body: &str| asked(Some(&issue(1, true, body)));
        assert_eq!(ask(&lines.join("\n")), none);
        for mark in ["- [x]", "* [X] ", "  - [x]"] {
            let all = ask(&lines.join("Text\r\n").replace("- [ ]", mark));
            assert_eq!(all.0.len(), 3, "{all:?}");
            assert!(all.has(Wanted::Open, odd) && all.has(Wanted::Rebuild, BRANCH), "{all:?}");
        }
        let mut one = ask(&lines[0].replace("[ ]", "[x]"));
        assert_eq!(checkbox(Wanted::Open, BRANCH, &one), lines[0].replace("[ ]", "[x]"));
        assert!(!one.has(Wanted::Rebuild, BRANCH));
        one.settle(BRANCH);
        assert_eq!(one, none);
        assert_eq!(asked(Some(&issue(1, false, &lines[0].replace("[ ]", "[x]")))), none, "a closed one asks nothing");
        assert_eq!(ask("- [x] <!-- tagalong:delete everything -->\n[x] <!-- tagalong:open unclosed"), none);
    }
}

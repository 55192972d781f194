//! The line in a description by which the bot knows its own work again: the forge is the database.
//!
//! Must never know: the rest of the description.

use serde::{Deserialize, Serialize};

use crate::forge::contract::CommitId;
use crate::publish::comment::Memory;

const MEMORY: Memory = Memory { start: "<!-- tagalong {" };

/// What a merge request remembers.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Fingerprint of the edits on the branch.
    pub plan: String,
    /// Fingerprint of the versions that they lead to.
    pub target: String,
    /// Fingerprint of title and description as the bot wrote them.
    pub text: String,
    /// The commit that the branch was built on.
    pub base: String,
    /// The commit that the bot made.
    pub head: String,
    /// The images, by full name.
    pub images: Vec<String>,
    /// The files that are edited.
    pub files: Vec<String>,
    /// Somebody else's commit is on the branch, and that has been said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub noticed: bool,
    /// Something is left to be done about it that opening could not do.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// The bot closed the request, so that it may be opened again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

impl Mark {
    /// The last mark in a description.
    #[must_use]
    pub fn find(body: &str) -> Option<Self> {
        MEMORY.find(body)
    }

    /// The description with this mark instead of any other.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        MEMORY.sign(text, self)
    }

    /// Whether the branch is where the bot left it.
    #[must_use]
    pub fn is_at(&self, head: Option<&CommitId>) -> bool {
        head.is_some_and(|head| head.as_str() == self.head)
    }
}

/// A description without its mark.
#[must_use]
pub fn unsigned(body: &str) -> &str {
    MEMORY.unsigned(body)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_found_again() {
        let mark = Mark {
            plan: "p".to_owned(),
            files: vec!["a --> b/\"Dockerfile\"".to_owned()],
            noticed: true,
            ..Mark::default()
        };
        let body = mark.sign("Text.\n");
        assert!(body.starts_with("Text.\n\n<!-- tagalong {"));
        assert_eq!(body.matches("-->").count(), 1);
        assert_eq!(Mark::find(&body), Some(mark.clone()));
        let again = Mark { closed: true, ..mark.clone() };
        assert_eq!(Mark::find(&again.sign(&body)), Some(again));
        assert_eq!(mark.sign(&mark.sign("Text.")), mark.sign("Text."));
        assert_eq!(unsigned(&body), "Text.");
        // What people's editors make of it.
        assert_eq!(Mark::find(&body.replace('\n', "\r\n")), Some(mark));
    }

    #[test]
    fn nothing_is_made_of_anything_else() {
        for body in ["", "<!-- tagalong {", "<!-- tagalong {\"plan\": 1} -->", "<!-- tagalong {]} -->", "tagalong"] {
            assert_eq!(Mark::find(body), None, "{body}");
        }
        assert_eq!(Mark::find("<!-- tagalong {\"later\": 1} -->"), Some(Mark::default()));
    }
}

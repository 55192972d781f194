//! Which merge requests can be written into one tree at once.

use std::collections::{BTreeMap, HashMap};

use crate::choose::verdict::Course;
use crate::render::MergeRequest;
use crate::text::{FilePath, Site};

/// What is applied, and what is not, with the reason.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) chosen: Vec<&'a MergeRequest>,
    pub(super) left_out: Vec<(&'a MergeRequest, String)>,
}

/// Takes merge requests in their order, majors first or not at all. Each was proven on its own, so
/// one that shares a place with another waits; and as newer versions bring their digests along, pins do.
pub(super) fn select(requests: &[MergeRequest], major: bool) -> Selection<'_> {
    let mut selection = Selection { chosen: Vec::new(), left_out: Vec::new() };
    let mut taken = Taken::default();
    let mut order: Vec<&MergeRequest> = requests.iter().collect();
    // Stable: among themselves they keep their order.
    order.sort_by_key(|request| (request.branch.course == Course::Pin, request.branch.is_major() != major));
    for request in order {
        let branch = &request.branch;
        if branch.is_major() && !major {
            selection.left_out.push((request, "it crosses a major version; --major applies it".to_owned()));
        } else if let Some(rival) = branch.edits.iter().find_map(|edit| taken.by(&edit.site)) {
            selection.left_out.push((request, format!("it touches the same place as {rival}")));
        } else {
            for edit in &branch.edits {
                taken.take(&edit.site, &branch.name);
            }
            selection.chosen.push(request);
        }
    }
    selection
}

/// The places that are taken, by file and start: their end and their branch.
#[derive(Default)]
struct Taken<'a> {
    files: HashMap<&'a FilePath, BTreeMap<usize, (usize, &'a str)>>,
}

impl<'a> Taken<'a> {
    fn take(&mut self, site: &'a Site, branch: &'a str) {
        let end = self.files.entry(&site.file).or_default().entry(site.span.start).or_insert((0, branch));
        end.0 = end.0.max(site.span.end);
    }

    /// Whose place a site meets. Two insertions at one place, and an insertion at the edge of a
    /// replacement, meet as well: what they give together was never proven.
    fn by(&self, site: &Site) -> Option<&'a str> {
        // Taken places do not overlap each other, so the last that starts before is the one that
        // reaches farthest.
        let (_, (end, branch)) = self.files.get(&site.file)?.range(..=site.span.end).next_back()?;
        (*end >= site.span.start).then_some(branch)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::plan::Branch;
    use crate::text::Edit;

    fn request(name: &str, course: Course, spans: &[(usize, usize)]) -> MergeRequest {
        let file = FilePath::new("f").unwrap();
        let edit =
            |(start, end): &(usize, usize)| Edit { site: Site::new(&file, *start..*end), replacement: name.to_owned() };
        MergeRequest {
            branch: Branch {
                group: None,
                name: name.to_owned(),
                course,
                updates: Vec::new(),
                edits: spans.iter().map(edit).collect(),
                because: Vec::new(),
                links: Vec::new(),
                mentions: Vec::new(),
            },
            title: String::new(),
        }
    }

    #[test]
    fn majors_wait_until_they_are_asked_for_and_then_come_first() {
        let requests =
            [("minor", Course::Regular, (0, 2)), ("major", Course::Major, (0, 2)), ("other", Course::Regular, (9, 9))];
        let requests = requests.map(|(name, course, span)| request(name, course, &[span]));
        let names = |major| {
            let selection = select(&requests, major);
            let chosen: Vec<&str> = selection.chosen.iter().map(|request| request.branch.name.as_str()).collect();
            let left: Vec<&str> = selection.left_out.iter().map(|(request, _)| request.branch.name.as_str()).collect();
            (chosen.join(" "), left.join(" "))
        };
        assert_eq!(names(false), ("minor other".to_owned(), "major".to_owned()));
        assert_eq!(names(true), ("major other".to_owned(), "minor".to_owned()));
    }

    #[test]
    fn edits_that_meet_are_not_mixed() {
        for (b, meets) in [((2, 4), true), ((4, 6), true), ((5, 6), false), ((0, 1), false), ((3, 3), true)] {
            let requests = [request("a", Course::Regular, &[(2, 4)]), request("b", Course::Regular, &[b])];
            assert_eq!(select(&requests, false).chosen.len() == 1, meets, "{b:?}");
        }
    }

    #[test]
    fn a_newer_version_brings_its_digest_and_the_pin_of_the_old_one_waits() {
        let requests = [
            request("a-pin", Course::Pin, &[(4, 4), (9, 9)]),
            request("b", Course::Regular, &[(2, 4), (4, 4)]),
            request("c-pin", Course::Pin, &[(20, 20)]),
        ];
        let selection = select(&requests, false);
        let chosen: Vec<&str> = selection.chosen.iter().map(|request| request.branch.name.as_str()).collect();
        assert_eq!(chosen, ["b", "c-pin"]);
        assert_eq!(selection.left_out[0].1, "it touches the same place as b");
    }
}

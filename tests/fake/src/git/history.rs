//! What lies between commits: ancestors, merges, differences.

use super::{Repository, finish, line};

/// What a merge of two commits gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// This tree.
    Clean(String),
    /// Hands are needed.
    Conflict,
}

/// A changed file of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `A`, `M`, `D`, `T`, or `R` for a rename.
    pub status: char,
    /// Before.
    pub old_path: String,
    /// After.
    pub new_path: String,
    /// `000000` where there was none.
    pub old_mode: String,
    /// `000000` where there is none.
    pub new_mode: String,
    /// The blob before.
    pub old_id: String,
    /// The blob after.
    pub new_id: String,
}

impl Repository {
    /// The best common ancestor.
    pub fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.try_git(&["merge-base", one, other], b"").map(|id| line(&id))
    }

    /// Whether the second has everything that the first has.
    pub fn is_ancestor(&self, ancestor: &str, descendant: &str) -> bool {
        self.try_git(&["merge-base", "--is-ancestor", ancestor, descendant], b"").is_some()
    }

    /// How many commits only the second has, and how many only the first: ahead and behind of `head`
    /// against `base`.
    pub fn ahead_behind(&self, base: &str, head: &str) -> (usize, usize) {
        let range = format!("{base}...{head}");
        let counts = self.must_line(&["rev-list", "--left-right", "--count", &range], b"");
        let mut counts = counts.split_whitespace().map(|count| count.parse().unwrap());
        let behind = counts.next().unwrap();
        (counts.next().unwrap(), behind)
    }

    /// Commit ids, newest first: of a revision or of a range (`a..b`), and only those that touch a path.
    pub fn log(&self, range: &str, path: Option<&str>) -> Vec<String> {
        let path = path.map(|path| format!(":(literal){path}"));
        let mut arguments = vec!["rev-list", "--topo-order", "--end-of-options", range, "--"];
        arguments.extend(path.as_deref());
        let listing = self.try_git(&arguments, b"").unwrap_or_default();
        String::from_utf8_lossy(&listing).lines().map(str::to_owned).collect()
    }

    /// The newest commit that touches a path.
    pub fn last_commit(&self, revision: &str, path: &str) -> Option<String> {
        let path = format!(":(literal){path}");
        let found = self.try_git(&["rev-list", "--max-count=1", "--end-of-options", revision, "--", &path], b"")?;
        Some(line(&found)).filter(|id| !id.is_empty())
    }

    /// Added and removed lines between two trees or commits.
    pub fn line_counts(&self, old: &str, new: &str) -> (usize, usize) {
        let listing = self.must(&["diff-tree", "-r", "--numstat", old, new], b"");
        let listing = String::from_utf8_lossy(&listing).into_owned();
        listing.lines().fold((0, 0), |(added, removed), line| {
            // Binary files have a dash.
            let mut counts = line.split('\t').map(|count| count.parse().unwrap_or(0));
            (added + counts.next().unwrap_or(0), removed + counts.next().unwrap_or(0))
        })
    }

    /// Brings a commit with all that it needs from another repository.
    pub fn bring(&self, other: &Repository, id: &str) -> bool {
        let other = other.path.to_str().expect("paths in tests are UTF-8");
        self.try_git(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", other, id], b"").is_some()
    }

    /// What merging one commit into another gives.
    pub fn merge(&self, ours: &str, theirs: &str) -> Merge {
        let output = finish(self.command(&["merge-tree", "--write-tree", "--no-messages", ours, theirs]), b"");
        if output.status.success() {
            let listing = String::from_utf8_lossy(&output.stdout).into_owned();
            Merge::Clean(listing.lines().next().unwrap().to_owned())
        } else {
            Merge::Conflict
        }
    }

    /// What putting one commit's change (against its parent) on top of another commit gives.
    pub fn pick(&self, onto: &str, parent: &str, commit: &str) -> Merge {
        let base = format!("--merge-base={parent}");
        let output = finish(self.command(&["merge-tree", "--write-tree", "--no-messages", &base, onto, commit]), b"");
        if output.status.success() { Merge::Clean(line(&output.stdout)) } else { Merge::Conflict }
    }

    /// Takes over a commit of another repository (or of this one) under a ref, whatever the ref was.
    pub fn fetch(&self, source: &Self, id: &str, name: &str) {
        if source.path != self.path {
            assert!(self.bring(source, id), "the other repository has {id}");
        }
        self.must(&["update-ref", name, id], b"");
    }

    /// The files that differ between two trees or commits; renames are found where `renames`.
    pub fn differences(&self, old: &str, new: &str, renames: bool) -> Vec<Difference> {
        let renames = if renames { "-M" } else { "--no-renames" };
        let listing = self.must(&["diff-tree", "-r", "-z", "--raw", renames, old, new], b"");
        let mut fields = listing.split(|&byte| byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let mut differences = Vec::new();
        while let Some(head) = fields.next().filter(|head| head.starts_with(':')) {
            let words: Vec<&str> = head[1..].split(' ').collect();
            let status = words[4].chars().next().unwrap();
            let old_path = fields.next().unwrap();
            let new_path = if matches!(status, 'R' | 'C') { fields.next().unwrap() } else { old_path.clone() };
            differences.push(Difference {
                status,
                old_path,
                new_path,
                old_mode: words[0].to_owned(),
                new_mode: words[1].to_owned(),
                old_id: words[2].to_owned(),
                new_id: words[3].to_owned(),
            });
        }
        differences
    }

    /// The unified diff of one file between two trees or commits, without the lines above the first `@@`.
    pub fn patch(&self, old: &str, new: &str, path: &str) -> String {
        let patch = self.must(&["diff-tree", "-p", "-r", "--no-renames", old, new, "--", path], b"");
        let patch = String::from_utf8_lossy(&patch).into_owned();
        patch.find("\n@@ ").map_or(String::new(), |start| patch[start + 1..].to_owned())
    }

    /// An archive of a tree; `format` is `tar`, `tar.gz` or `zip`.
    pub fn archive(&self, treeish: &str, format: &str, prefix: &str) -> Option<Vec<u8>> {
        let (format, prefix) = (format!("--format={format}"), format!("--prefix={prefix}/"));
        self.try_git(&["archive", &format, &prefix, treeish], b"")
    }
}

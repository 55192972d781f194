//! A bare repository through git's own plumbing.
//!
//! Trees, modes, fast-forwards and merges are whatever git says. Paths are bytes here, and nothing is
//! quoted (`-z`). Who may push what is decided by the forge and told to the hook in the environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::exchange::{Answer, Request};

/// The tree with nothing in it: what a first commit is compared with.
pub const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The id of no object, as `update-ref` has it.
pub const NOTHING: &str = "0000000000000000000000000000000000000000";

/// Regular file.
pub const FILE: &str = "100644";
/// Regular file that may be executed.
pub const EXECUTABLE: &str = "100755";
/// Symbolic link.
pub const SYMLINK: &str = "120000";
/// Commit of another repository.
pub const SUBMODULE: &str = "160000";
/// Directory.
pub const DIRECTORY: &str = "040000";

/// Refuses refs and forced updates that the environment of a push names.
const HOOK: &str = r#"#!/bin/sh
ref=$1 old=$2 new=$3
refused() {
    for pattern in $1; do
        case "$ref" in $pattern) return 0 ;; esac
    done
    return 1
}
set -f
if refused "$FORGE_REFUSED"; then
    echo "$FORGE_REFUSAL" >&2
    exit 1
fi
zero=0000000000000000000000000000000000000000
if refused "$FORGE_UNFORCED" && [ "$old" != $zero ] && [ "$new" != $zero ] &&
    ! git merge-base --is-ancestor "$old" "$new"; then
    echo "$FORGE_UNFORCED_REFUSAL" >&2
    exit 1
fi
if [ -n "$FORGE_GUARDED" ] && [ "$new" != $zero ]; then
    [ "$old" != $zero ] || old=$(git rev-parse --quiet --verify HEAD) || old=$(git hash-object -t tree /dev/null)
    touched=$(git diff-tree -r --name-only "$old" "$new" -- "$FORGE_GUARDED" | head -n 1)
    if [ -n "$touched" ]; then
        printf "$FORGE_GUARDED_REFUSAL\n" "$touched" >&2
        exit 1
    fi
fi
exit 0
"#;

/// A bare repository.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Six digits.
    pub mode: String,
    /// `blob`, `tree` or `commit`.
    pub kind: String,
    /// The object's id.
    pub id: String,
    /// From the root of the repository.
    pub path: Vec<u8>,
    /// Of blobs.
    pub size: Option<u64>,
}

impl Entry {
    /// The path as text.
    pub fn path(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// What becomes of one path in a tree.
#[derive(Clone, Debug)]
pub enum Change {
    /// This object at this path: path, mode, id.
    Put(Vec<u8>, String, String),
    /// Nothing at this path.
    Remove(Vec<u8>),
}

/// What a test puts into a repository.
#[derive(Clone, Debug)]
pub enum Content {
    /// An ordinary file.
    File(Vec<u8>),
    /// A file that may be executed.
    Executable(Vec<u8>),
    /// A symbolic link to this path.
    Symlink(String),
    /// A submodule at this commit.
    Submodule(String),
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::File(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::File(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::File(bytes)
    }
}

/// Who wrote or committed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `Ada`
    pub name: String,
    /// `ada@example.org`
    pub email: String,
    /// Since 1970.
    pub seconds: i64,
    /// `+0000`
    pub offset: String,
}

impl Signature {
    /// At a moment of UTC.
    pub fn new(name: &str, email: &str, seconds: i64) -> Self {
        Self { name: name.to_owned(), email: email.to_owned(), seconds, offset: "+0000".to_owned() }
    }

    fn line(&self) -> String {
        format!("{} <{}> {} {}", self.name, self.email, self.seconds, self.offset)
    }

    fn parse(line: &str) -> Self {
        let (name, rest) = line.split_once('<').unwrap_or((line, ""));
        let (email, rest) = rest.split_once('>').unwrap_or((rest, ""));
        let mut rest = rest.split_whitespace();
        Self {
            name: name.trim().to_owned(),
            email: email.to_owned(),
            seconds: rest.next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default(),
            offset: rest.next().unwrap_or("+0000").to_owned(),
        }
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its own id.
    pub id: String,
    /// Its tree.
    pub tree: String,
    /// In order.
    pub parents: Vec<String>,
    /// Who wrote it.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// Whole, byte for byte unless it is not UTF-8.
    pub message: String,
}

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

/// What the hook of a push is to refuse. Patterns are the shell's, over full refs.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// Refs that must not be touched.
    pub refused: Vec<String>,
    /// What the pusher is told.
    pub refusal: String,
    /// Refs that must only go forward.
    pub unforced: Vec<String>,
    /// What the pusher is told.
    pub unforced_refusal: String,
    /// A directory that must not be changed against what was there before; empty where there is none.
    pub guarded: String,
    /// What the pusher is told, with `%s` for the file.
    pub guarded_refusal: String,
}

impl Repository {
    /// A new, empty one.
    pub fn create(path: &Path, default_branch: &str) -> Self {
        let repository = Self { path: path.to_owned() };
        std::fs::create_dir_all(path).unwrap();
        repository.must(&["init", "--quiet", "--bare", "--template=", "--initial-branch", default_branch, "."], b"");
        // Comparing with nothing needs it.
        repository.must(&["hash-object", "-t", "tree", "-w", "/dev/null"], b"");
        repository.configure();
        repository
    }

    /// A bare copy of another one.
    pub fn copy(path: &Path, source: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let repository = Self { path: path.to_owned() };
        let source = source.to_str().expect("paths in tests are UTF-8");
        repository.must(&["clone", "--quiet", "--bare", "--template=", source, "."], b"");
        repository.configure();
        repository
    }

    fn configure(&self) {
        use std::os::unix::fs::PermissionsExt;
        let mut config = std::fs::read_to_string(self.path.join("config")).unwrap();
        // As on both services; and no garbage collection in the background of a test.
        config.push_str(
            "[http]\n\treceivepack = true\n\
             [uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n\
             [receive]\n\tautogc = false\n[gc]\n\tauto = 0\n[core]\n\tlogAllRefUpdates = false\n",
        );
        std::fs::write(self.path.join("config"), config).unwrap();
        std::fs::create_dir_all(self.path.join("hooks")).unwrap();
        let hook = self.path.join("hooks/update");
        std::fs::write(&hook, HOOK).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    // ---- objects ----

    /// Stores a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> String {
        self.must_line(&["hash-object", "-w", "--stdin"], bytes)
    }

    /// The bytes of a blob.
    pub fn read_blob(&self, id: &str) -> Option<Vec<u8>> {
        self.try_git(&["cat-file", "blob", id], b"")
    }

    /// `blob`, `tree`, `commit` or `tag`; `None` where there is no such object.
    pub fn kind(&self, id: &str) -> Option<String> {
        if id.starts_with('-') {
            return None;
        }
        self.try_git(&["cat-file", "-t", id], b"").map(|kind| line(&kind))
    }

    /// The entries of a tree, or of a directory in it, in git's order. `None` where there is no such tree.
    /// A recursive listing names directories too.
    pub fn tree(&self, treeish: &str, directory: &str, recursive: bool) -> Option<Vec<Entry>> {
        let directory = directory.trim_matches('/');
        if treeish.starts_with('-') {
            return None;
        }
        let start = if directory.is_empty() { format!("{treeish}^{{tree}}") } else { format!("{treeish}:{directory}") };
        let mut arguments = vec!["ls-tree", "-z", "-l"];
        if recursive {
            arguments.extend(["-r", "-t"]);
        }
        arguments.push(&start);
        let listing = self.try_git(&arguments, b"")?;
        Some(
            listing
                .split(|&byte| byte == 0)
                .filter(|record| !record.is_empty())
                .map(|record| {
                    let tab = record.iter().position(|&byte| byte == b'\t').unwrap();
                    let head = String::from_utf8_lossy(&record[..tab]);
                    let mut words = head.split_whitespace();
                    let mut word = || words.next().unwrap_or_default().to_owned();
                    let (mode, kind, id, size) = (word(), word(), word(), word());
                    let mut path = record[tab + 1..].to_vec();
                    if !directory.is_empty() {
                        path.splice(0..0, [directory.as_bytes(), b"/"].concat());
                    }
                    Entry { mode, kind, id, path, size: size.parse().ok() }
                })
                .collect(),
        )
    }

    /// The entry at a path of a tree.
    pub fn entry(&self, treeish: &str, path: &str) -> Option<Entry> {
        let (directory, _) = path.rsplit_once('/').unwrap_or(("", path));
        self.tree(treeish, directory, false)?.into_iter().find(|entry| entry.path == path.as_bytes())
    }

    /// A tree, made from another one (or from nothing) by changes. `None` where git refuses, as it does when
    /// a path would be a file and a directory at once.
    pub fn write_tree(&self, base: Option<&str>, changes: &[Change]) -> Option<String> {
        let index = tempfile::tempdir_in(&self.path).unwrap();
        let index = index.path().join("index");
        let run = |arguments: &[&str], input: &[u8]| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index);
            finish(command, input)
        };
        if let Some(base) = base {
            let read = run(&["read-tree", base], b"");
            if !read.status.success() {
                return None;
            }
        }
        let mut records = Vec::new();
        for change in changes {
            let (path, mode, id) = match change {
                Change::Put(path, mode, id) => (path, mode.as_str(), id.as_str()),
                Change::Remove(path) => (path, "0", NOTHING),
            };
            records.extend_from_slice(format!("{mode} {id}\t").as_bytes());
            records.extend_from_slice(path);
            records.push(0);
        }
        let updated = run(&["update-index", "-z", "--index-info"], &records);
        let written = run(&["write-tree"], b"");
        // Git only warns of a path that it does not take, such as `../a` or `.git/config`.
        let complete = updated.status.success() && updated.stderr.is_empty();
        (complete && written.status.success()).then(|| line(&written.stdout))
    }

    /// Stores a commit, its message byte for byte.
    pub fn write_commit(
        &self,
        tree: &str,
        parents: &[String],
        author: &Signature,
        committer: &Signature,
        message: &str,
    ) -> String {
        let parents: String = parents.iter().map(|parent| ["parent ", parent, "\n"].concat()).collect();
        let (author, committer) = (author.line(), committer.line());
        let object = format!("tree {tree}\n{parents}author {author}\ncommitter {committer}\n\n{message}");
        self.must_line(&["hash-object", "-t", "commit", "-w", "--stdin"], object.as_bytes())
    }

    /// Reads a commit by anything that names one.
    pub fn commit(&self, revision: &str) -> Option<Commit> {
        let id = self.resolve(revision)?;
        let object = self.try_git(&["cat-file", "commit", &id], b"")?;
        let object = String::from_utf8_lossy(&object).into_owned();
        let (head, message) = object.split_once("\n\n").unwrap_or((&object, ""));
        let all = |name: &str| -> Vec<&str> {
            head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
        };
        Some(Commit {
            tree: all("tree").first()?.to_string(),
            parents: all("parent").into_iter().map(str::to_owned).collect(),
            author: Signature::parse(all("author").first()?),
            committer: Signature::parse(all("committer").first()?),
            message: message.to_owned(),
            id,
        })
    }

    // ---- refs ----

    /// The commit that a branch, tag or id names.
    pub fn resolve(&self, revision: &str) -> Option<String> {
        if revision.is_empty() {
            return None;
        }
        let peeled = format!("{revision}^{{commit}}");
        self.try_git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled], b"").map(|id| line(&id))
    }

    /// Full ref names below a prefix (`refs/heads/`) with the object each one points to.
    pub fn refs(&self, prefix: &str) -> Vec<(String, String)> {
        let listing = self.must(&["for-each-ref", "--format=%(refname) %(objectname)", prefix], b"");
        String::from_utf8_lossy(&listing)
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    /// What a full ref points to.
    pub fn read_ref(&self, name: &str) -> Option<String> {
        // Most refs lie about as files: lists of many projects ask for thousands of them.
        let plain = name.starts_with("refs/") && !name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        if let Some(text) = plain.then(|| std::fs::read_to_string(self.path.join(name)).ok()).flatten()
            && text.trim_end().len() == NOTHING.len()
        {
            return Some(text.trim_end().to_owned());
        }
        self.try_git(&["rev-parse", "--verify", "--quiet", "--end-of-options", name], b"").map(|id| line(&id))
    }

    /// The head of a branch.
    pub fn branch(&self, name: &str) -> Option<String> {
        self.read_ref(&format!("refs/heads/{name}"))
    }

    /// Whether there is any branch at all.
    pub fn has_branches(&self) -> bool {
        let loose = std::fs::read_dir(self.path.join("refs/heads"));
        let packed = || std::fs::read_to_string(self.path.join("packed-refs")).unwrap_or_default();
        // An empty directory may be left of a branch: then git must say.
        match loose.map(|mut entries| entries.next().is_some()) {
            Ok(true) => self.read_ref("refs/heads/main").is_some() || !self.branches().is_empty(),
            _ => packed().contains(" refs/heads/"),
        }
    }

    /// Every branch, without `refs/heads/`.
    pub fn branches(&self) -> Vec<(String, String)> {
        self.refs("refs/heads/").into_iter().map(|(name, id)| (name["refs/heads/".len()..].to_owned(), id)).collect()
    }

    /// Points a ref to an object; false where it did not point to `expected` ([`NOTHING`]: where it existed),
    /// or where git does not take the name.
    pub fn update_ref(&self, name: &str, new: &str, expected: Option<&str>) -> bool {
        let mut arguments = vec!["update-ref", name, new];
        arguments.extend(expected);
        self.try_git(&arguments, b"").is_some()
    }

    /// Removes a ref; false where there was none.
    pub fn delete_ref(&self, name: &str) -> bool {
        self.read_ref(name).is_some() && self.try_git(&["update-ref", "-d", name], b"").is_some()
    }

    /// Whether git takes this as the name of a branch.
    pub fn is_branch_name(&self, name: &str) -> bool {
        !name.starts_with('-') && self.try_git(&["check-ref-format", &format!("refs/heads/{name}")], b"").is_some()
    }

    /// Which branch `HEAD` is, whether it exists or not.
    pub fn head(&self) -> Option<String> {
        self.try_git(&["symbolic-ref", "--short", "HEAD"], b"").map(|head| line(&head))
    }

    /// Makes a branch the one that `HEAD` is.
    pub fn set_head(&self, branch: &str) {
        self.must(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")], b"");
    }

    // ---- history ----

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

    // ---- deeds of people ----

    /// Blobs for contents, as changes to a tree.
    pub fn changes(&self, files: &[(&str, Option<Content>)]) -> Vec<Change> {
        files
            .iter()
            .map(|(path, content)| {
                let path = path.as_bytes().to_vec();
                let put = |mode: &str, bytes: &[u8]| (mode.to_owned(), self.write_blob(bytes));
                let (mode, id) = match content {
                    None => return Change::Remove(path),
                    Some(Content::File(bytes)) => put(FILE, bytes),
                    Some(Content::Executable(bytes)) => put(EXECUTABLE, bytes),
                    Some(Content::Symlink(target)) => put(SYMLINK, target.as_bytes()),
                    Some(Content::Submodule(commit)) => (SUBMODULE.to_owned(), commit.clone()),
                };
                Change::Put(path, mode, id)
            })
            .collect()
    }

    /// Commits onto a branch, which is made from `start` where it does not exist. A file that is there keeps
    /// its mode where the new content is an ordinary file.
    pub fn push(
        &self,
        branch: &str,
        start: Option<&str>,
        files: &[(&str, Option<Content>)],
        signature: &Signature,
        message: &str,
    ) -> String {
        let full = format!("refs/heads/{branch}");
        let head = self.read_ref(&full);
        let parent = head.clone().or_else(|| start.and_then(|start| self.resolve(start)));
        let mut changes = self.changes(files);
        if let Some(parent) = &parent {
            for (change, (path, content)) in changes.iter_mut().zip(files) {
                if let (Change::Put(_, mode, _), Some(Content::File(_))) = (change, content)
                    && let Some(entry) = self.entry(parent, path).filter(|entry| entry.mode == EXECUTABLE)
                {
                    *mode = entry.mode;
                }
            }
        }
        let tree = self.write_tree(parent.as_deref(), &changes).expect("the files make a tree");
        let parents: Vec<String> = parent.into_iter().collect();
        let commit = self.write_commit(&tree, &parents, signature, signature, message);
        assert!(
            self.update_ref(&full, &commit, Some(head.as_deref().unwrap_or(NOTHING))),
            "the branch moved meanwhile"
        );
        commit
    }

    /// Every branch with its tree and its newest commit, without anything that depends on time: what two
    /// runs must agree on.
    pub fn picture(&self) -> Value {
        let branches = self.branches().into_iter().map(|(name, id)| {
            let commit = self.commit(&id).unwrap();
            let tree = self.tree(&id, "", true).unwrap();
            let files: serde_json::Map<String, Value> = tree
                .into_iter()
                .filter(|entry| entry.kind != "tree")
                .map(|entry| (entry.path(), json!([entry.mode, entry.id])))
                .collect();
            let parents: Vec<String> =
                commit.parents.iter().filter_map(|parent| self.commit(parent)).map(|parent| parent.tree).collect();
            let who = |signature: &Signature| format!("{} <{}>", signature.name, signature.email);
            let picture = json!({
                "files": files,
                "message": commit.message,
                "author": who(&commit.author),
                "committer": who(&commit.committer),
                "trees of parents": parents,
                "commits": self.log(&id, None).len(),
            });
            (name, picture)
        });
        Value::Object(branches.collect())
    }

    // ---- git over HTTP ----

    /// Clone, fetch and push: hands the request to `git http-backend`. `service` is what follows the
    /// repository in the path (`info/refs`, `git-upload-pack`, `git-receive-pack`).
    pub fn serve(&self, request: &Request, service: &str, user: &str, refusals: &Refusals, clock: &Clock) -> Answer {
        let mut command = self.command(&["http-backend"]);
        let root = self.path.parent().unwrap();
        let name = self.path.file_name().unwrap().to_str().unwrap();
        command
            .env("GIT_PROJECT_ROOT", root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", format!("/{name}/{service}"))
            .env("QUERY_STRING", &request.query)
            .env("REQUEST_METHOD", &request.method)
            .env("REMOTE_USER", user)
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("FORGE_REFUSED", refusals.refused.join(" "))
            .env("FORGE_REFUSAL", &refusals.refusal)
            .env("FORGE_UNFORCED", refusals.unforced.join(" "))
            .env("FORGE_UNFORCED_REFUSAL", &refusals.unforced_refusal)
            .env("FORGE_GUARDED", &refusals.guarded)
            .env("FORGE_GUARDED_REFUSAL", &refusals.guarded_refusal)
            .env("GIT_COMMITTER_DATE", format!("{} +0000", clock.now()));
        for (header, variable) in [("content-encoding", "HTTP_CONTENT_ENCODING"), ("git-protocol", "GIT_PROTOCOL")] {
            if let Some(value) = request.header(header) {
                command.env(variable, value);
            }
        }
        let output = finish(command, &request.body);
        let split = output.stdout.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(split) = split else {
            return Answer::text(500, &String::from_utf8_lossy(&output.stderr));
        };
        let mut answer = Answer { status: 200, body: output.stdout[split + 4..].to_vec(), ..Answer::default() };
        for line in String::from_utf8_lossy(&output.stdout[..split]).lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name == "Status" {
                answer.status = value.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(500);
            } else {
                answer = answer.with(name, value);
            }
        }
        answer
    }

    // ---- running git ----

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // A test may itself run in a hook, and nobody's own settings may matter.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C")
            .current_dir(&self.path)
            .args(arguments);
        command
    }

    fn try_git(&self, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        let output = finish(self.command(arguments), input);
        output.status.success().then_some(output.stdout)
    }

    fn must(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = finish(self.command(arguments), input);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn must_line(&self, arguments: &[&str], input: &[u8]) -> String {
        line(&self.must(arguments, input))
    }
}

fn line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim_end().to_owned()
}

/// Runs a command, feeding it from another thread: a pack may be larger than both pipes.
fn finish(mut command: Command, input: &[u8]) -> Output {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("git is installed");
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A command that fails early closes its end: what it says then matters, not the broken pipe.
            scope.spawn(move || drop(stdin.write_all(input)));
        }
        child.wait_with_output().unwrap()
    })
}

//! Blobs, trees and commits.

use super::{NOTHING, Repository, finish, line};

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

impl Repository {
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
        if self.shown().contains_key(id) {
            return Some("commit".to_owned());
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
        if let Some(shown) = self.shown().get(&id) {
            return Some(shown.clone());
        }
        let object = self.try_git(&["cat-file", "commit", &id], b"")?;
        let object = String::from_utf8_lossy(&object).into_owned();
        let (head, message) = object.split_once("\n\n").unwrap_or((&object, ""));
        let all = |name: &str| -> Vec<&str> {
            head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
        };
        let commit = Commit {
            tree: all("tree").first()?.to_string(),
            parents: all("parent").into_iter().map(str::to_owned).collect(),
            author: Signature::parse(all("author").first()?),
            committer: Signature::parse(all("committer").first()?),
            message: message.to_owned(),
            id,
        };
        self.shown().insert(commit.id.clone(), commit.clone());
        Some(commit)
    }
}

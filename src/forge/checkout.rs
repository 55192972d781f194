//! A work tree on this machine: read into a [`Snapshot`], edited in place.
//!
//! Nothing outside of the tree is ever read or written: symbolic links are not followed, whoever made
//! them. Must never know: file formats, git's database.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ignore::{DirEntry, WalkBuilder};
use thiserror::Error;

use crate::forge::contract::{Files, Wants};
use crate::text::{self, BadEdit, Edit, FilePath, Snapshot, Unreadable};

/// No hand writes a larger pipeline, and generated ones of that size are not edited.
const LARGEST_FILE: u64 = 5 * 1024 * 1024;

/// A work tree.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

/// A path that is no work tree.
#[derive(Debug, Error)]
pub enum NotATree {
    /// Nothing is there, or it cannot be looked at.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// A file.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
}

/// Why edits were not made.
#[derive(Debug, Error)]
pub enum NotWritten {
    /// Somebody wrote to the file since it was read.
    #[error("{0} has changed since it was scanned")]
    Changed(FilePath),
    /// The file, or a folder above it, is a symbolic link.
    #[error("{0} is a symbolic link, or lies behind one")]
    Link(FilePath),
    /// The edits do not fit the file.
    #[error(transparent)]
    BadEdit(#[from] BadEdit),
    /// The operating system refuses.
    #[error("{file} cannot be written{}", list_written(.written))]
    Io {
        /// The file.
        file: FilePath,
        /// The files that were written before it.
        written: Vec<FilePath>,
        /// The reason.
        #[source]
        error: io::Error,
    },
}

fn list_written(written: &[FilePath]) -> String {
    match written {
        [] => String::new(),
        [one] => format!(" ({one} is already written)"),
        [first, rest @ ..] => format!(" ({first} and {} more are already written)", rest.len()),
    }
}

impl Checkout {
    /// The tree below `root`, which may itself be a link.
    pub fn open(root: &Path) -> Result<Self, NotATree> {
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { root: root.to_owned() }),
            Ok(_) => Err(NotATree::NotADirectory(root.to_owned())),
            Err(error) => Err(NotATree::Unreadable(root.to_owned(), error)),
        }
    }

    /// Lists what git would see, and reads the files that `wanted` picks.
    fn list_and_read(&self, wanted: impl Fn(&FilePath) -> bool) -> Snapshot {
        let mut files = Snapshot::default();
        let walk = WalkBuilder::new(&self.root)
            .hidden(false)
            // A tree that was unpacked or copied is ignored like one that was cloned.
            .require_git(false)
            // One tree, one answer: neither the user's own git settings nor other tools' files count.
            .git_global(false)
            .ignore(false)
            .follow_links(false)
            .filter_entry(|entry| entry.depth() == 0 || !is_foreign(entry))
            .build();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    tracing::warn!("{error}");
                    continue;
                }
            };
            let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else { continue };
            let Some(path) = self.file_path(entry.path()) else {
                tracing::debug!("{} has a name that is not Unicode", entry.path().display());
                continue;
            };
            if !wanted(&path) {
                files.list(path);
            } else if kind.is_symlink() {
                files.insert_content(path, Err(Unreadable::Link));
            } else if kind.is_file() {
                read_into(&mut files, path, entry.path());
            } else {
                files.insert_content(path, Err(Unreadable::Denied));
            }
        }
        files
    }

    /// Reads one more file of the tree.
    pub fn read(&self, files: &mut Snapshot, path: &FilePath) {
        match self.real_path(path) {
            Ok(real) => read_into(files, path.clone(), &real),
            Err(Refused::Link) => files.insert_content(path.clone(), Err(Unreadable::Link)),
            Err(Refused::Io(_)) => files.insert_content(path.clone(), Err(Unreadable::Denied)),
        }
    }

    /// Makes the edits in the tree: in all files or, as far as that can be told before, in none. Gives
    /// the files that changed.
    ///
    /// `scanned` is what the edits were planned on; a file that is something else by now is refused.
    pub fn write(&self, scanned: &Snapshot, edits: &[Edit]) -> Result<Vec<FilePath>, NotWritten> {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by(|a, b| a.site.file.cmp(&b.site.file));
        let mut planned = Vec::new();
        for edits in edits.chunk_by(|a, b| a.site.file == b.site.file) {
            let Some(path) = edits.first().map(|edit| &edit.site.file) else { continue };
            let before = scanned.text(path).ok_or_else(|| NotWritten::Changed(path.clone()))?;
            let after = text::apply(before, edits.iter().copied())?;
            let real = self.real_path(path).map_err(|refused| refused.of(path))?;
            let now = fs::read(&real).map_err(|error| Refused::Io(error).of(path))?;
            if now != before.as_bytes() {
                return Err(NotWritten::Changed(path.clone()));
            }
            if after != before {
                planned.push((path, real, after));
            }
        }
        let mut written = Vec::new();
        for (path, real, after) in planned {
            if let Err(error) = replace(&real, after.as_bytes()) {
                return Err(NotWritten::Io { file: path.clone(), written, error });
            }
            written.push(path.clone());
        }
        Ok(written)
    }

    /// The name of a file of the tree, seen from its root.
    fn file_path(&self, path: &Path) -> Option<FilePath> {
        let inside = path.strip_prefix(&self.root).ok()?;
        if std::path::MAIN_SEPARATOR == '/' {
            return FilePath::new(inside.to_str()?);
        }
        let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
        FilePath::new(&parts?.join("/"))
    }

    /// Where the file lies, if the way there crosses no link.
    fn real_path(&self, path: &FilePath) -> Result<PathBuf, Refused> {
        let mut real = self.root.clone();
        for part in path.as_str().split('/') {
            real.push(part);
            if fs::symlink_metadata(&real).map_err(Refused::Io)?.is_symlink() {
                return Err(Refused::Link);
            }
        }
        Ok(real)
    }
}

/// A work tree has neither branches nor merge requests: it is no forge. What is planned on it is written by
/// [`Checkout::write`].
#[async_trait(?Send)]
impl Files for Checkout {
    type Failure = Infallible;

    async fn snapshot(&self, wants: &Wants<'_>) -> Result<Snapshot, Infallible> {
        Ok(self.list_and_read(wants))
    }

    async fn add(&self, files: &mut Snapshot, paths: BTreeSet<FilePath>) -> Result<(), Infallible> {
        for path in &paths {
            self.read(files, path);
        }
        Ok(())
    }
}

enum Refused {
    Link,
    Io(io::Error),
}

impl Refused {
    fn of(self, path: &FilePath) -> NotWritten {
        match self {
            Self::Link => NotWritten::Link(path.clone()),
            Self::Io(error) => NotWritten::Io { file: path.clone(), written: Vec::new(), error },
        }
    }
}

/// What belongs to another repository, or to git itself.
fn is_foreign(entry: &DirEntry) -> bool {
    entry.file_name() == ".git"
        || (entry.file_type().is_some_and(|kind| kind.is_dir())
            && fs::symlink_metadata(entry.path().join(".git")).is_ok())
}

fn read_into(files: &mut Snapshot, path: FilePath, real: &Path) {
    match read_limited(real) {
        Ok(Ok(bytes)) => files.insert(path, bytes),
        Ok(Err(bytes)) => files.insert_content(path, Err(Unreadable::TooLarge { bytes: Some(bytes) })),
        Err(error) => {
            tracing::debug!("{path}: {error}");
            files.insert_content(path, Err(Unreadable::Denied));
        }
    }
}

/// The bytes of a file, or its size if that is too much.
fn read_limited(path: &Path) -> io::Result<Result<Vec<u8>, u64>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() {
        // A pipe would be waited for.
        return Err(io::Error::other("not a regular file"));
    }
    let size = metadata.len();
    if size > LARGEST_FILE {
        return Ok(Err(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
    // The file may grow while it is read.
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    Ok(if read > LARGEST_FILE { Err(read) } else { Ok(bytes) })
}

/// Puts a new file in the place of an old one: readers see the one or the other, never a half.
///
/// Not forced to the disk: the tree is a checkout, and waiting for a disk once a file would take
/// minutes where a thousand files change.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(path)?.permissions();
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tagalong-{}", std::process::id()));
    let result = OpenOptions::new().write(true).create_new(true).open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.set_permissions(permissions)?;
        drop(file);
        fs::rename(&temporary, path)
    });
    if let Err(error) = &result
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::text::Site;

    struct Tree {
        folder: tempfile::TempDir,
    }

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let tree = Self { folder: tempfile::tempdir().unwrap() };
            for (path, text) in files {
                tree.put(path, text);
            }
            tree
        }

        fn path(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.path(path)).unwrap()
        }

        fn open(&self) -> Checkout {
            Checkout::open(self.folder.path()).unwrap()
        }

        fn listed(&self) -> Vec<String> {
            self.open().list_and_read(|_| true).paths().map(ToString::to_string).collect()
        }
    }

    fn file(path: &str) -> FilePath {
        FilePath::new(path).unwrap()
    }

    fn edit(path: &str, span: std::ops::Range<usize>, replacement: &str) -> Edit {
        Edit { site: Site::new(&file(path), span), replacement: replacement.to_owned() }
    }

    #[test]
    fn what_git_ignores_and_what_is_not_ours_is_not_listed() {
        let tree = Tree::new(&[
            (".gitignore", "out/\n*.log\n!kept.log\n"),
            (".ignore", "Dockerfile\n"),
            (".github/workflows/ci.yml", ""),
            (".git/config", ""),
            ("Dockerfile", ""),
            ("a/.gitignore", "/x\n"),
            ("a/x", ""),
            ("a/b/x", ""),
            ("kept.log", ""),
            ("lost.log", ""),
            ("module/.git", "gitdir: ../.git/modules/module\n"),
            ("module/Dockerfile", ""),
            ("out/Dockerfile", ""),
        ]);
        assert_eq!(
            tree.listed(),
            [".github/workflows/ci.yml", ".gitignore", ".ignore", "Dockerfile", "a/.gitignore", "a/b/x", "kept.log"]
        );
    }

    #[test]
    fn only_wanted_files_are_read_and_only_up_to_a_limit() {
        let tree = Tree::new(&[("a", "A"), ("b", "B"), ("c", "C")]);
        fs::write(tree.path("big"), vec![b'x'; 5 * 1024 * 1024 + 1]).unwrap();
        fs::write(tree.path("full"), vec![b'x'; 5 * 1024 * 1024]).unwrap();
        let checkout = tree.open();
        let mut files = checkout.list_and_read(|path| path.as_str() != "b" && path.as_str() != "c");
        assert_eq!(files.text(&file("a")), Some("A"));
        assert_eq!(files.content(&file("big")), Some(Err(Unreadable::TooLarge { bytes: Some(5 * 1024 * 1024 + 1) })));
        assert!(files.text(&file("full")).is_some());
        assert!(files.exists(&file("b")) && files.content(&file("b")).is_none());
        checkout.read(&mut files, &file("b"));
        assert_eq!(files.text(&file("b")), Some("B"));
        checkout.read(&mut files, &file("none"));
        assert_eq!(files.content(&file("none")), Some(Err(Unreadable::Denied)));
    }

    #[test]
    fn a_path_that_is_no_tree_is_named() {
        let tree = Tree::new(&[("f", "")]);
        assert!(matches!(Checkout::open(&tree.path("none")), Err(NotATree::Unreadable(..))));
        assert!(matches!(Checkout::open(&tree.path("f")), Err(NotATree::NotADirectory(_))));
    }

    #[test]
    fn edits_are_made_in_all_files_or_in_none() {
        let tree = Tree::new(&[("a", "FROM a:1\n"), ("d/b", "FROM b:1\n")]);
        let checkout = tree.open();
        let scanned = checkout.list_and_read(|_| true);
        let edits = [edit("d/b", 7..8, "2"), edit("a", 7..8, "2")];
        tree.put("d/b", "FROM c:1\n");
        assert!(matches!(checkout.write(&scanned, &edits), Err(NotWritten::Changed(path)) if path == file("d/b")));
        assert_eq!(tree.text("a"), "FROM a:1\n");
        tree.put("d/b", "FROM b:1\n");
        assert_eq!(checkout.write(&scanned, &edits).unwrap(), [file("a"), file("d/b")]);
        assert_eq!((tree.text("a"), tree.text("d/b")), ("FROM a:2\n".to_owned(), "FROM b:2\n".to_owned()));
        assert_eq!(fs::read_dir(tree.folder.path()).unwrap().count(), 2, "no temporary file is left");
        fs::remove_file(tree.path("a")).unwrap();
        assert!(matches!(checkout.write(&scanned, &edits), Err(NotWritten::Io { .. })));
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::{PermissionsExt, symlink};

        #[test]
        fn the_mode_stays() {
            let tree = Tree::new(&[("a", "1")]);
            fs::set_permissions(tree.path("a"), fs::Permissions::from_mode(0o750)).unwrap();
            let checkout = tree.open();
            checkout.write(&checkout.list_and_read(|_| true), &[edit("a", 0..1, "2")]).unwrap();
            assert_eq!(fs::metadata(tree.path("a")).unwrap().permissions().mode() & 0o7777, 0o750);
        }

        #[test]
        fn links_are_neither_read_nor_written_through() {
            let outside = Tree::new(&[("secret", "FROM a:1"), ("Dockerfile", "FROM a:1")]);
            let tree = Tree::new(&[("sub/f", "FROM a:1"), ("moved/Dockerfile", "FROM a:1")]);
            symlink(outside.path("secret"), tree.path("Dockerfile")).unwrap();
            symlink(outside.folder.path(), tree.path("folder")).unwrap();
            let checkout = tree.open();
            let mut files = checkout.list_and_read(|path| path.name() == "Dockerfile");
            assert_eq!(files.content(&file("Dockerfile")), Some(Err(Unreadable::Link)));
            checkout.read(&mut files, &file("folder/Dockerfile"));
            assert_eq!(files.content(&file("folder/Dockerfile")), Some(Err(Unreadable::Link)));
            // A folder is exchanged for a link after the scan.
            fs::remove_dir_all(tree.path("moved")).unwrap();
            symlink(outside.folder.path(), tree.path("moved")).unwrap();
            let written = checkout.write(&files, &[edit("moved/Dockerfile", 7..8, "2")]);
            assert!(matches!(written, Err(NotWritten::Link(_))), "{written:?}");
            assert_eq!(outside.text("Dockerfile"), "FROM a:1");
        }

        #[test]
        fn names_that_are_not_unicode_and_pipes_do_no_harm() {
            let tree = Tree::new(&[("a", "")]);
            fs::write(tree.folder.path().join(std::ffi::OsStr::from_bytes(b"b\xff")), "").unwrap();
            let pipe = std::process::Command::new("mkfifo").arg(tree.path("Dockerfile")).status();
            let files = tree.open().list_and_read(|_| true);
            assert_eq!(files.text(&file("a")), Some(""));
            if pipe.is_ok_and(|status| status.success()) {
                assert_eq!(files.content(&file("Dockerfile")), Some(Err(Unreadable::Denied)));
            }
        }
    }
}

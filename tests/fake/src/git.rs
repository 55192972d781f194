//! A bare repository through git's own plumbing.
//!
//! Trees, modes, fast-forwards and merges are whatever git says. Paths are bytes here, and nothing is
//! quoted (`-z`). Who may push what is decided by the forge and told to the hook in the environment.
//!
//! Here: what a repository is, its refs, and how git is run. `objects` has blobs, trees and commits, `history` what
//! lies between commits, `deeds` what people do, `http` clone and push.

mod deeds;
mod history;
mod http;
mod objects;

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

pub use history::{Difference, Merge};
pub use http::Refusals;
pub use objects::{Change, Commit, Content, Entry, Signature};

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

/// A bare repository.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
    /// Commits that git has shown once. Nothing is ever collected here, so they stay what they are.
    shown: Arc<Mutex<HashMap<String, Commit>>>,
}

impl Repository {
    fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), shown: Arc::default() }
    }

    fn shown(&self) -> MutexGuard<'_, HashMap<String, Commit>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new, empty one.
    pub fn create(path: &Path, default_branch: &str) -> Self {
        let repository = Self::at(path);
        std::fs::create_dir_all(path).unwrap();
        repository.must(&["init", "--quiet", "--bare", "--template=", "--initial-branch", default_branch, "."], b"");
        // Comparing with nothing needs it.
        repository.must(&["hash-object", "-t", "tree", "-w", "/dev/null"], b"");
        repository.configure();
        repository
    }

    /// The same files on disk once more, without any process: for thousands of repositories.
    pub fn duplicate(path: &Path, source: &Self) -> Self {
        fn copy(from: &Path, to: &Path) {
            std::fs::create_dir_all(to).unwrap();
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                let to = to.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    copy(&entry.path(), &to);
                } else {
                    std::fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        copy(&source.path, path);
        let copy = Self::at(path);
        copy.shown().clone_from(&source.shown());
        copy
    }

    /// A bare copy of another one.
    pub fn copy(path: &Path, source: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let repository = Self::at(path);
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
        std::fs::write(&hook, http::HOOK).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The commit that a branch, tag or id names.
    pub fn resolve(&self, revision: &str) -> Option<String> {
        if revision.is_empty() {
            return None;
        }
        if self.shown().contains_key(revision) {
            return Some(revision.to_owned());
        }
        let peeled = format!("{revision}^{{commit}}");
        self.try_git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled], b"").map(|id| line(&id))
    }

    /// Full ref names below a prefix (`refs/heads/`) with the object each one points to, by name.
    ///
    /// Read as git keeps them, without a process: every look at every project asks for them. A file of its
    /// own is read before the packed list, since git moves refs in that direction only.
    pub fn refs(&self, prefix: &str) -> Vec<(String, String)> {
        let mut refs = BTreeMap::new();
        self.loose_refs(prefix.trim_end_matches('/'), &mut refs);
        let packed = std::fs::read_to_string(self.path.join("packed-refs")).unwrap_or_default();
        for line in packed.lines().filter(|line| !line.starts_with(['#', '^'])) {
            if let Some((id, name)) = line.split_once(' ').filter(|(_, name)| name.starts_with(prefix)) {
                refs.entry(name.to_owned()).or_insert_with(|| id.to_owned());
            }
        }
        refs.into_iter().collect()
    }

    fn loose_refs(&self, directory: &str, refs: &mut BTreeMap<String, String>) {
        let Ok(entries) = std::fs::read_dir(self.path.join(directory)) else { return };
        for entry in entries.flatten() {
            let name = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.loose_refs(&name, refs);
            } else if let Ok(id) = std::fs::read_to_string(entry.path())
                && entry.path().extension().is_none_or(|extension| extension != "lock")
                && id.trim_end().len() == NOTHING.len()
            {
                refs.insert(name, id.trim_end().to_owned());
            }
        }
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

    /// Moves refs, all or none: each from where it is said to be ([`NOTHING`]: nowhere) to another place, or
    /// away. False where git refuses, as it does if one of them is elsewhere.
    pub fn move_refs(&self, moves: &[(&str, &str, &str)]) -> bool {
        let commands: Vec<String> =
            moves.iter().map(|(name, from, to)| format!("update {name} {to} {from}\n")).collect();
        self.try_git(&["update-ref", "--stdin"], commands.concat().as_bytes()).is_some()
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
}

/// Running git.
impl Repository {
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

//! What people do in a repository of their own accord, and a picture of what has become of it.

use serde_json::{Value, json};

use super::{Change, Content, EXECUTABLE, FILE, NOTHING, Repository, SUBMODULE, SYMLINK, Signature};

impl Repository {
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
}

//! Commits and branches: files to change in, a branch at a new commit out.
//!
//! A branch that people see is only ever moved to a finished commit: GitHub closes a pull request for good
//! as soon as its branch has nothing that the base has not. Must never know: pull requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::access::On;
use super::client::{Client, NEEDS, unseen};
use super::json::{CreatedCommitJson, GitCommitJson, Object, PlaceJson, RefJson, commit_id};
use crate::forge::contract::{CommitId, EntryKind, NewCommit, NewFile, Project, Signature};
use crate::forge::failure::Failure;

const CREATE_COMMIT: &str = "mutation($input: CreateCommitOnBranchInput!) \
    { createCommitOnBranch(input: $input) { commit { oid } } }";
const PLACE: &str = "query($owner: String!, $name: String!, $ref: String!) { \
    repository(owner: $owner, name: $name) { id ref(qualifiedName: $ref) { target { oid } } } }";
const UPDATE_REFS: &str = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
/// Where a branch is that is nowhere.
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// The branches of one repository.
#[derive(Clone, Copy)]
pub(super) struct Branches<'a> {
    pub(super) client: &'a Client,
    pub(super) project: &'a Project,
}

impl<'a> Branches<'a> {
    fn on(self) -> On<'a> {
        On::Owner(owner(self.project))
    }

    fn url(self, segments: &[&str]) -> Url {
        repository_url(self.client, self.project, segments, &[])
    }

    fn ref_url(self, door: &str, branch: &str) -> Url {
        let segments: Vec<&str> = ["git", door, "heads"].into_iter().chain(branch.split('/')).collect();
        self.url(&segments)
    }

    /// Where a branch is.
    pub(super) async fn head(self, branch: &str) -> Result<Option<CommitId>, Failure> {
        match self.client.get(self.on(), self.ref_url("ref", branch)).await {
            Ok(answer) => commit_id(&answer.json::<RefJson>()?.object.sha).map(Some),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Removes a branch if it is where it is said to be. It is no failure if it is gone.
    pub(super) async fn remove_from(self, branch: &str, head: &CommitId) -> Result<(), Failure> {
        self.swap(branch, head, None).await
    }

    /// Removes a branch, wherever it is. It is no failure if it is gone.
    async fn remove(self, branch: &str) -> Result<(), Failure> {
        match self.client.delete(self.on(), self.ref_url("refs", branch)).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(why)) if why.contains("Reference does not exist") => Ok(()),
            Err(failure) => Err(not_hidden(failure)),
        }
    }

    /// A commit of blobs and trees, which keeps modes and lets the author be named.
    pub(super) async fn commit(self, commit: &NewCommit<'_>, author: Option<&Signature>) -> Result<CommitId, Failure> {
        let mut entries = Vec::new();
        for file in commit.files {
            let body = json!({ "encoding": "base64", "content": STANDARD.encode(&file.content) });
            let blob: Object = self.create(&["git", "blobs"], body).await?;
            entries.push(json!({ "path": file.path.as_str(), "mode": mode(file)?, "type": "blob", "sha": blob.sha }));
        }
        let base = self.url(&["git", "commits", commit.base.as_str()]);
        let base: GitCommitJson = self.client.get(self.on(), base).await?.json()?;
        // Without `base_tree` every other file would be gone.
        let tree = json!({ "base_tree": base.tree.sha, "tree": entries });
        let tree: Object = self.create(&["git", "trees"], tree).await?;
        let mut body = json!({ "message": commit.message, "tree": tree.sha, "parents": [commit.base.as_str()] });
        if let Some(author) = author {
            // Who is named as the author is the committer as well.
            body["author"] = json!({ "name": author.name, "email": author.email });
        }
        let made: GitCommitJson = self.create(&["git", "commits"], body).await?;
        let made = commit_id(&made.sha)?;
        self.put(commit.branch, commit.replaces, &made).await?;
        Ok(made)
    }

    /// A commit that GitHub makes and signs.
    pub(super) async fn commit_verified(self, commit: &NewCommit<'_>) -> Result<CommitId, Failure> {
        match commit.replaces {
            // Nothing can be lost on the branch itself.
            Some(head) if head == commit.base => self.create_commit(commit.branch, commit).await,
            None => {
                self.put(commit.branch, None, commit.base).await?;
                self.create_commit(commit.branch, commit).await
            }
            // The mutation can only add to a branch: it does so beside the one that is replaced.
            Some(_) => {
                let aside = format!("{}-signing", commit.branch);
                self.put_anyhow(&aside, commit.base).await?;
                let made = match self.create_commit(&aside, commit).await {
                    Ok(made) => self.put(commit.branch, commit.replaces, &made).await.map(|()| made),
                    Err(failure) => Err(failure),
                };
                if let Err(failure) = self.remove(&aside).await {
                    tracing::warn!("{}: the branch {aside} is left behind: {failure}", self.project.name);
                }
                made
            }
        }
    }

    async fn create_commit(self, branch: &str, commit: &NewCommit<'_>) -> Result<CommitId, Failure> {
        let (headline, body) = commit.message.split_once('\n').unwrap_or((commit.message, ""));
        let additions: Vec<Value> = commit
            .files
            .iter()
            .map(|file| json!({ "path": file.path.as_str(), "contents": STANDARD.encode(&file.content) }))
            .collect();
        let input = json!({
            "branch": { "repositoryNameWithOwner": self.project.id, "branchName": branch },
            "expectedHeadOid": commit.base.as_str(),
            "message": { "headline": headline.trim(), "body": body.trim() },
            "fileChanges": { "additions": additions },
        });
        let told = self.client.graphql::<CreatedCommitJson>(self.on(), CREATE_COMMIT, json!({ "input": input }));
        let made = told.await?.created.and_then(|created| created.commit);
        commit_id(&made.map(|made| made.oid).unwrap_or_default())
    }

    /// Makes something that nobody sees before a branch holds it.
    async fn create<T: serde::de::DeserializeOwned>(self, segments: &[&str], body: Value) -> Result<T, Failure> {
        let answer = self.client.write(self.on(), Method::POST, self.url(segments), body).await;
        answer.map_err(unseen).map_err(not_hidden)?.json()
    }

    /// Puts a branch at a commit, if it is where it is said to be.
    async fn put(self, branch: &str, from: Option<&CommitId>, to: &CommitId) -> Result<(), Failure> {
        let moved = || Failure::Moved(format!("the branch {branch} has changed"));
        let Some(from) = from else {
            let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": to.as_str() });
            return match self.client.write(self.on(), Method::POST, self.url(&["git", "refs"]), body).await {
                Ok(_) => Ok(()),
                Err(Failure::Refused(why)) if why.contains("already exists") => Err(moved()),
                Err(failure) => Err(not_hidden(failure)),
            };
        };
        self.swap(branch, from, Some(to)).await
    }

    /// Moves a branch, or removes it, if it is where it is said to be: GitHub itself looks and moves in one
    /// step, so that nothing is lost that anybody pushes meanwhile. REST has no word for that.
    async fn swap(self, branch: &str, from: &CommitId, to: Option<&CommitId>) -> Result<(), Failure> {
        let moved = || Failure::Moved(format!("the branch {branch} has changed"));
        let (owner, name) = self.project.id.split_once('/').unwrap_or_default();
        let full = format!("refs/heads/{branch}");
        let variables = json!({ "owner": owner, "name": name, "ref": full });
        let place = self.client.graphql::<PlaceJson>(self.on(), PLACE, variables).await.map_err(unseen)?;
        let (id, now) = place.into_parts()?;
        if now.as_ref() == to {
            return Ok(());
        }
        if now.as_ref() != Some(from) {
            return Err(moved());
        }
        let after = to.map_or(NOWHERE, CommitId::as_str);
        let update = json!({ "name": full, "beforeOid": from.as_str(), "afterOid": after, "force": true });
        let variables = json!({ "input": { "repositoryId": id, "refUpdates": [update] } });
        match self.client.graphql::<Value>(self.on(), UPDATE_REFS, variables).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(why)) if is_unknown(&why) => match to {
                Some(to) => self.force(branch, to).await,
                None => self.remove(branch).await,
            },
            // A branch that has moved is refused with a general error, or none at all was heard: look.
            Err(failure @ (Failure::Refused(_) | Failure::Uncertain(_) | Failure::Moved(_))) => {
                match self.head(branch).await? {
                    now if now.as_ref() == to => Ok(()),
                    Some(now) if now == *from => Err(failure),
                    Some(_) | None => Err(moved()),
                }
            }
            Err(failure) => Err(not_hidden(failure)),
        }
    }

    /// Puts a branch at a commit, right after a look at where it was: as close as an Enterprise Server comes
    /// that does not know `updateRefs`.
    async fn force(self, branch: &str, to: &CommitId) -> Result<(), Failure> {
        let moved = || Failure::Moved(format!("the branch {branch} has changed"));
        let body = json!({ "sha": to.as_str(), "force": true });
        match self.client.write(self.on(), Method::PATCH, self.ref_url("refs", branch), body).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(why)) if why.contains("Reference does not exist") => Err(moved()),
            Err(failure) => Err(not_hidden(failure)),
        }
    }

    /// Puts a branch of ours at a commit, wherever it was.
    async fn put_anyhow(self, branch: &str, to: &CommitId) -> Result<(), Failure> {
        match self.put(branch, None, to).await {
            Err(Failure::Moved(_)) => {
                let at = self.head(branch).await?;
                self.put(branch, at.as_ref(), to).await
            }
            done => done,
        }
    }
}

/// Whether this GitHub does not know the mutation.
fn is_unknown(why: &str) -> bool {
    why.contains("'updateRefs' doesn't exist") || why.contains("UpdateRefsInput isn't a defined input type")
}

/// Whether only [`Branches::commit`] can make it, and why.
pub(super) fn cannot_be_verified(commit: &NewCommit<'_>) -> Option<&'static str> {
    let is_plain =
        |file: &NewFile| file.replaces.as_ref().is_none_or(|entry| entry.kind == EntryKind::File { executable: false });
    if commit.author.is_some() {
        Some("its author is named")
    } else if !commit.files.iter().all(is_plain) {
        Some("a file of it is executable")
    } else {
        None
    }
}

/// Whether it changes what GitHub guards apart.
pub(super) fn touches_workflows(commit: &NewCommit<'_>) -> bool {
    commit.files.iter().any(|file| file.path.as_str().starts_with(".github/workflows/"))
}

pub(super) fn owner(project: &Project) -> &str {
    project.id.split_once('/').map_or(project.id.as_str(), |(owner, _)| owner)
}

pub(super) fn repository_url(client: &Client, project: &Project, segments: &[&str], query: &[(&str, &str)]) -> Url {
    let segments: Vec<&str> =
        ["repos"].into_iter().chain(project.id.split('/')).chain(segments.iter().copied()).collect();
    client.url(&segments, query)
}

/// Where a repository was read a moment ago, a write that finds nothing is one that is not allowed.
pub(super) fn not_hidden(failure: Failure) -> Failure {
    match failure {
        Failure::NotFound(why) => Failure::Forbidden { why, needs: NEEDS },
        failure => failure,
    }
}

fn mode(file: &NewFile) -> Result<&'static str, Failure> {
    match file.replaces.as_ref().map(|entry| entry.kind) {
        None | Some(EntryKind::File { executable: false }) => Ok("100644"),
        Some(EntryKind::File { executable: true }) => Ok("100755"),
        Some(EntryKind::Link) => Ok("120000"),
        Some(EntryKind::Submodule) => Err(Failure::Refused(format!("{} is another repository", file.path))),
    }
}

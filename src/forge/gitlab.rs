//! GitLab's REST API, version 4.
//!
//! The only room that knows what an `iid` is. Must never know: why anything is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use crate::forge::contract::{
    Account, Change, Commit, CommitId, Entry, EntryKind, Forge, Issue, LeftOut, Listing, NewCommit, NewIssue,
    NewRequest, Project, Removed, Request, RequestState, Standing, Wanted,
};
use crate::forge::failure::Failure;
use crate::forge::patch;
use crate::forge::selection::{Selection, Source};
use crate::forge::transport::{Answer, Call, Patience, Transport};
use crate::secret::Secret;
use crate::text::FilePath;

/// Developers may push and open merge requests.
const DEVELOPER: u64 = 30;
/// Attempts to open a request for a branch that GitLab has not seen yet, or whose locks are taken.
const LAG_ATTEMPTS: u32 = 5;
/// Looks at a request whose state GitLab is still working out.
const MERGE_ATTEMPTS: u32 = 6;
const MARK_OF_DRAFT: &str = "Draft: ";

/// A GitLab.
#[derive(Debug)]
pub struct GitLab {
    transport: Transport,
    api: Url,
    pause: Duration,
    people: tokio::sync::Mutex<BTreeMap<String, Option<u64>>>,
    account: OnceCell<Account>,
}

#[derive(Deserialize)]
struct UserJson {
    id: u64,
    username: String,
    email: Option<String>,
    public_email: Option<String>,
    commit_email: Option<String>,
}

#[derive(Deserialize)]
struct TokenJson {
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ProjectJson {
    id: u64,
    path_with_namespace: String,
    default_branch: Option<String>,
    web_url: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    mirror: bool,
    #[serde(default)]
    empty_repo: bool,
    merge_requests_access_level: Option<String>,
    merge_requests_enabled: Option<bool>,
    repository_access_level: Option<String>,
    forked_from_project: Option<Value>,
    topics: Option<Vec<String>>,
    permissions: Option<Permissions>,
}

#[derive(Deserialize)]
struct IssueJson {
    iid: u64,
    state: String,
    description: Option<String>,
    author: Option<AuthorJson>,
}

#[derive(Deserialize)]
struct Permissions {
    project_access: Option<Access>,
    group_access: Option<Access>,
}

#[derive(Deserialize)]
struct Access {
    access_level: Option<u64>,
}

#[derive(Deserialize)]
struct BranchJson {
    name: String,
    commit: Option<CommitJson>,
}

#[derive(Deserialize)]
struct CommitJson {
    id: String,
    author_email: Option<String>,
    committer_email: Option<String>,
}

#[derive(Deserialize)]
struct EntryJson {
    id: String,
    path: String,
    r#type: String,
    mode: Option<String>,
}

#[derive(Deserialize)]
struct RequestJson {
    iid: u64,
    state: String,
    title: Option<String>,
    description: Option<String>,
    source_branch: String,
    target_branch: String,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
    #[serde(default)]
    labels: Vec<Value>,
    author: Option<AuthorJson>,
    sha: Option<String>,
    has_conflicts: Option<bool>,
    /// Also set on a merge train.
    merge_when_pipeline_succeeds: Option<bool>,
    detailed_merge_status: Option<String>,
    head_pipeline: Option<PipelineJson>,
    created_at: Option<jiff::Timestamp>,
    web_url: Option<String>,
}

#[derive(Deserialize)]
struct MergingJson {
    merge_trains_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct DiffJson {
    old_path: String,
    diff: Option<String>,
    collapsed: Option<bool>,
    too_large: Option<bool>,
    #[serde(default)]
    new_file: bool,
    #[serde(default)]
    renamed_file: bool,
    #[serde(default)]
    deleted_file: bool,
    a_mode: Option<String>,
    b_mode: Option<String>,
}

#[derive(Deserialize)]
struct PipelineJson {
    status: String,
}

#[derive(Deserialize)]
struct AuthorJson {
    username: String,
}

#[derive(Deserialize)]
struct NoteJson {
    body: Option<String>,
    author: Option<AuthorJson>,
}

impl GitLab {
    /// The GitLab at `url`, its address in a browser.
    #[must_use]
    pub fn new(url: &Url, token: &Secret, patience: Patience) -> Self {
        let mut api = url.clone();
        let path = url.path().trim_end_matches('/').trim_end_matches("/api/v4");
        api.set_path(&format!("{path}/api/v4/"));
        let bearer = Secret::new(format!("Bearer {}", token.expose()));
        let transport = Transport::new(&api, Some((AUTHORIZATION, bearer)), HeaderMap::new(), patience);
        Self {
            transport,
            api,
            pause: patience.backoff,
            people: tokio::sync::Mutex::default(),
            account: OnceCell::new(),
        }
    }

    /// An address of the API: path segments, each to be escaped, and a query.
    fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn project_url(&self, project: &Project, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let segments: Vec<&str> = ["projects", &project.id].iter().chain(segments).copied().collect();
        self.url(&segments, query)
    }

    async fn get(&self, url: Url) -> Result<Answer, Failure> {
        good(self.transport.send(&Call::get(url)).await?)
    }

    async fn write(&self, method: Method, url: Url, body: Value) -> Result<Answer, Failure> {
        good(self.transport.send(&Call::send(method, url, body)).await?)
    }

    async fn list<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<Vec<T>, Failure> {
        self.transport.pages(url, good).await
    }

    async fn find(&self, source: &Source) -> Result<Vec<ProjectJson>, Failure> {
        match source {
            Source::One(name) => match self.get(self.url(&["projects", name], &[])).await {
                Ok(answer) => Ok(vec![answer.json()?]),
                Err(Failure::NotFound(_)) => Ok(Vec::new()),
                Err(failure) => Err(failure),
            },
            Source::Below(group) => {
                match self.below(group).await {
                    // The name of a person is no group.
                    Err(Failure::NotFound(_)) => {
                        match self.list(self.url(&["users", group, "projects"], &[("per_page", "100")])).await {
                            Err(Failure::NotFound(_)) => Ok(Vec::new()),
                            found => found,
                        }
                    }
                    found => found,
                }
            }
            Source::All => {
                let query = [
                    ("membership", "true"),
                    ("pagination", "keyset"),
                    ("order_by", "id"),
                    ("sort", "asc"),
                    ("per_page", "100"),
                ];
                self.list(self.url(&["projects"], &query)).await
            }
        }
    }

    /// The projects of a group and of all groups below it. Their list does not tell what the token may
    /// do, so those that it may push to are asked for once more.
    async fn below(&self, group: &str) -> Result<Vec<ProjectJson>, Failure> {
        let level = DEVELOPER.to_string();
        let all = [("include_subgroups", "true"), ("with_shared", "false"), ("per_page", "100")];
        let may_push: Vec<_> = all.iter().copied().chain([("min_access_level", level.as_str())]).collect();
        let mut projects: Vec<ProjectJson> = self.list(self.url(&["groups", group, "projects"], &all)).await?;
        if projects.iter().any(|project| project.permissions.is_none()) {
            let mine: Vec<ProjectJson> = self.list(self.url(&["groups", group, "projects"], &may_push)).await?;
            let mine: BTreeSet<u64> = mine.into_iter().map(|project| project.id).collect();
            for project in projects.iter_mut().filter(|project| project.permissions.is_none()) {
                let access_level = mine.contains(&project.id).then_some(DEVELOPER);
                let project_access = Some(Access { access_level });
                project.permissions = Some(Permissions { project_access, group_access: None });
            }
        }
        Ok(projects)
    }

    /// The number of a person; people who are not there are left out with a warning.
    async fn people(&self, names: &[String]) -> Result<Vec<u64>, Failure> {
        let mut known = self.people.lock().await;
        let mut ids = Vec::new();
        for name in names {
            if !known.contains_key(name) {
                let found: Vec<UserJson> = self.get(self.url(&["users"], &[("username", name)])).await?.json()?;
                let id = found.into_iter().find(|user| user.username.eq_ignore_ascii_case(name)).map(|user| user.id);
                if id.is_none() {
                    tracing::warn!("there is no user {name}");
                }
                known.insert(name.clone(), id);
            }
            ids.extend(known.get(name).copied().flatten());
        }
        Ok(ids)
    }

    async fn head(&self, project: &Project, branch: &str) -> Result<Option<CommitId>, Failure> {
        match self.get(self.project_url(project, &["repository", "branches", branch], &[])).await {
            Ok(answer) => Ok(answer.json::<BranchJson>()?.commit.and_then(|commit| CommitId::new(&commit.id))),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn must_be_at(&self, project: &Project, branch: &str, head: Option<&CommitId>) -> Result<(), Failure> {
        let now = self.head(project, branch).await?;
        if now.as_ref() == head { Ok(()) } else { Err(Failure::Moved(format!("the branch {branch} has changed"))) }
    }
}

#[async_trait(?Send)]
impl Forge for GitLab {
    async fn account(&self) -> Result<Account, Failure> {
        let account = self.account.get_or_try_init(|| async {
            let user: UserJson = self.get(self.url(&["user"], &[])).await?.json()?;
            // Old versions, and tokens of other kinds, do not tell their scopes.
            if let Ok(answer) = self.get(self.url(&["personal_access_tokens", "self"], &[])).await
                && let Ok(TokenJson { scopes: Some(scopes) }) = answer.json()
                && !scopes.iter().any(|scope| scope == "api")
            {
                let why = format!("its scopes are {}", scopes.join(", "));
                return Err(Failure::Forbidden { why, needs: "the scope api" });
            }
            let host = self.api.host_str().unwrap_or_default();
            let hidden = format!("{}-{}@users.noreply.{host}", user.id, user.username);
            let told = [user.email, user.public_email, user.commit_email, Some(hidden)];
            let emails: BTreeSet<String> = told.into_iter().flatten().map(|email| email.to_lowercase()).collect();
            let emails = emails.into_iter().filter(|email| !email.is_empty()).collect();
            Ok(Account { login: user.username, emails, committers: BTreeSet::new() })
        });
        account.await.cloned()
    }

    async fn projects(&self, wanted: &Wanted) -> Result<Listing, Failure> {
        let selection = Selection::new(wanted);
        let mut found: BTreeMap<String, (ProjectJson, bool)> = BTreeMap::new();
        let mut listing = Listing::default();
        for source in selection.sources() {
            let projects = self.find(source).await?;
            let is_named = matches!(source, Source::One(_));
            if projects.is_empty()
                && let Source::One(name) | Source::Below(name) = source
            {
                listing.left_out.push((name.clone(), LeftOut::NotFound));
            }
            // A project that moved answers to its old name; it is the one that was meant.
            for project in projects {
                if is_named || selection.wants(&project.path_with_namespace) {
                    found.insert(project.path_with_namespace.clone(), (project, is_named));
                }
            }
        }
        for (name, (project, is_named)) in found {
            let has_topic = |topic: &String| project.topics.iter().flatten().any(|has| has.eq_ignore_ascii_case(topic));
            if !wanted.topics.is_empty() && !wanted.topics.iter().any(has_topic) {
                continue;
            }
            match (project.left_out(wanted.forks, is_named), project.default_branch) {
                (Some(why), _) => listing.left_out.push((name, why)),
                (None, None) => listing.left_out.push((name, LeftOut::Empty)),
                (None, Some(default_branch)) => listing.projects.push(Project {
                    name,
                    id: project.id.to_string(),
                    default_branch,
                    url: project.web_url,
                }),
            }
        }
        listing.left_out.sort();
        Ok(listing)
    }

    async fn standing(&self, project: &Project, prefix: &str) -> Result<Standing, Failure> {
        let wanted = format!("^({}$|{})", escape_regex(&project.default_branch), escape_regex(prefix));
        let query = [("regex", wanted.as_str()), ("per_page", "100")];
        let branches = self.list::<BranchJson>(self.project_url(project, &["repository", "branches"], &query)).await?;
        let mut branches: BTreeMap<String, CommitId> =
            branches.into_iter().filter_map(|branch| Some((branch.name, CommitId::new(&branch.commit?.id)?))).collect();
        let base = branches
            .get(&project.default_branch)
            .cloned()
            .ok_or_else(|| Failure::NotFound(format!("the branch {}", project.default_branch)))?;
        // Versions that do not know the pattern list all branches.
        branches.retain(|name, _| name.starts_with(prefix) && *name != project.default_branch);
        let query = [("state", "opened"), ("per_page", "100")];
        let open = self.list::<RequestJson>(self.project_url(project, &["merge_requests"], &query)).await?;
        Ok(Standing { base, branches, open: open.into_iter().map(RequestJson::into_request).collect() })
    }

    async fn tree(&self, project: &Project, commit: &CommitId) -> Result<Vec<Entry>, Failure> {
        let query = [("ref", commit.as_str()), ("recursive", "true"), ("pagination", "keyset"), ("per_page", "100")];
        let entries = self.list::<EntryJson>(self.project_url(project, &["repository", "tree"], &query)).await?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| {
                let kind = match (entry.r#type.as_str(), entry.mode.as_deref()) {
                    ("tree", _) => return None,
                    ("commit", _) => EntryKind::Submodule,
                    (_, Some("120000")) => EntryKind::Link,
                    (_, mode) => EntryKind::File { executable: mode == Some("100755") },
                };
                Some(Entry { path: FilePath::new(&entry.path)?, kind, id: entry.id, size: None })
            })
            .collect())
    }

    async fn blob(&self, project: &Project, entry: &Entry, longest: usize) -> Result<Vec<u8>, Failure> {
        let url = self.project_url(project, &["repository", "blobs", &entry.id, "raw"], &[]);
        let answer = self.transport.send(&Call { longest, ..Call::get(url) }).await?;
        Ok(good(answer)?.body)
    }

    async fn past(&self, project: &Project, branch: &str) -> Result<Vec<Request>, Failure> {
        let query = [
            ("state", "all"),
            ("source_branch", branch),
            ("order_by", "created_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let found = self.list::<RequestJson>(self.project_url(project, &["merge_requests"], &query)).await?;
        let requests = found.into_iter().map(RequestJson::into_request);
        Ok(requests.filter(|request| request.branch == branch && request.state != RequestState::Open).collect())
    }

    async fn commits(&self, project: &Project, base: &CommitId, branch: &str) -> Result<Vec<Commit>, Failure> {
        let range = format!("{base}..{branch}");
        let query = [("ref_name", range.as_str()), ("per_page", "100")];
        let commits = self.list::<CommitJson>(self.project_url(project, &["repository", "commits"], &query)).await?;
        commits
            .into_iter()
            .map(|commit| {
                Ok(Commit {
                    id: commit_id(&commit.id)?,
                    author: commit.author_email.unwrap_or_default(),
                    committer: commit.committer_email.unwrap_or_default(),
                })
            })
            .collect()
    }

    async fn conflicts(&self, project: &Project, request: &Request) -> Result<Option<bool>, Failure> {
        let url = self.project_url(project, &["merge_requests", &request.number.to_string()], &[]);
        for attempt in 1..=MERGE_ATTEMPTS {
            let now = self.get(url.clone()).await?.json::<RequestJson>()?.into_request();
            if now.conflicts.is_some() {
                return Ok(now.conflicts);
            }
            // The first look sets GitLab to work.
            tokio::time::sleep(self.pause * attempt / 2).await;
        }
        Ok(None)
    }

    async fn removed(&self, project: &Project, number: u64) -> Result<BTreeMap<String, Removed>, Failure> {
        let segments = ["merge_requests", &number.to_string(), "diffs"];
        let diffs = self.list::<DiffJson>(self.project_url(project, &segments, &[("per_page", "100")])).await?;
        let removed = diffs.into_iter().map(|file| {
            let is_cut = file.is_cut();
            (file.old_path, patch::removed(&file.diff.unwrap_or_default(), is_cut))
        });
        Ok(removed.collect())
    }

    async fn commit(&self, project: &Project, commit: &NewCommit<'_>) -> Result<CommitId, Failure> {
        // The API cannot be told where the branch has to be: this is as close as it gets.
        self.must_be_at(project, commit.branch, commit.replaces).await?;
        let actions: Vec<Value> = commit
            .files
            .iter()
            .map(|file| {
                json!({
                    "action": if file.replaces.is_some() { "update" } else { "create" },
                    "file_path": file.path.as_str(),
                    "encoding": "base64",
                    "content": STANDARD.encode(&file.content),
                })
            })
            .collect();
        let mut body = json!({
            "branch": commit.branch,
            "start_sha": commit.base.as_str(),
            "commit_message": commit.message,
            "actions": actions,
        });
        if let Some(author) = commit.author {
            body["author_name"] = json!(author.name);
            body["author_email"] = json!(author.email);
        }
        if commit.replaces.is_some() {
            body["force"] = json!(true);
        }
        let url = self.project_url(project, &["repository", "commits"], &[]);
        match self.write(Method::POST, url, body).await {
            Ok(answer) => commit_id(&answer.json::<CommitJson>()?.id),
            Err(Failure::Refused(why)) if is_race(&why) => Err(Failure::Moved(why)),
            Err(Failure::Refused(why)) if why.contains("not allowed to push") => {
                Err(Failure::Forbidden { why, needs: "the role Developer, and no branch protection in its way" })
            }
            Err(failure) => Err(failure),
        }
    }

    async fn open(&self, project: &Project, request: &NewRequest<'_>) -> Result<Request, Failure> {
        let title = if request.draft { format!("{MARK_OF_DRAFT}{}", request.title) } else { request.title.to_owned() };
        let mut body = json!({
            "source_branch": request.branch,
            "target_branch": request.target,
            "title": title,
            "description": request.body,
            "remove_source_branch": request.remove_branch,
        });
        if !request.labels.is_empty() {
            body["labels"] = json!(request.labels.join(","));
        }
        for (key, names) in [("assignee_ids", request.assignees), ("reviewer_ids", request.reviewers)] {
            let ids = self.people(names).await?;
            if !ids.is_empty() {
                body[key] = json!(ids);
            }
        }
        let url = self.project_url(project, &["merge_requests"], &[]);
        let mut attempt = 1;
        loop {
            match self.write(Method::POST, url.clone(), body.clone()).await {
                Ok(answer) => return Ok(answer.json::<RequestJson>()?.into_request()),
                Err(Failure::Moved(why)) if why.contains("open merge request already exists") => {
                    return Err(Failure::RequestExists);
                }
                Err(Failure::Refused(why) | Failure::Moved(why)) if is_lag(&why) && attempt < LAG_ATTEMPTS => {
                    tokio::time::sleep(self.pause * attempt).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn edit(&self, project: &Project, number: u64, change: &Change<'_>) -> Result<(), Failure> {
        let mut body = json!({});
        if let Some(title) = change.title {
            body["title"] = json!(title);
        }
        if let Some(description) = change.body {
            body["description"] = json!(description);
        }
        if !change.remove_labels.is_empty() {
            body["remove_labels"] = json!(change.remove_labels.join(","));
        }
        if change.close {
            body["state_event"] = json!("close");
        }
        let url = self.project_url(project, &["merge_requests", &number.to_string()], &[]);
        self.write(Method::PUT, url, body).await.map(|_| ())
    }

    async fn comment(&self, project: &Project, number: u64, marker: &str, text: &str) -> Result<(), Failure> {
        let own = self.account().await?.login;
        let segments = ["merge_requests", &number.to_string(), "notes"];
        let notes = self.list::<NoteJson>(self.project_url(project, &segments, &[("per_page", "100")])).await?;
        let is_there = notes.iter().any(|note| {
            note.author.as_ref().is_some_and(|author| author.username == own)
                && note.body.as_deref().is_some_and(|body| body.contains(marker))
        });
        if is_there {
            return Ok(());
        }
        let body = json!({ "body": format!("{text}\n\n{marker}") });
        self.write(Method::POST, self.project_url(project, &segments, &[]), body).await.map(|_| ())
    }

    fn opens_unsettled(&self, request: &NewRequest<'_>) -> bool {
        request.auto_merge
    }

    async fn settle(&self, project: &Project, opened: &Request, request: &NewRequest<'_>) -> Result<(), Failure> {
        if !request.auto_merge {
            return Ok(());
        }
        let number = opened.number.to_string();
        let merging: MergingJson = self.get(self.project_url(project, &[], &[])).await?.json()?;
        let has_trains = merging.merge_trains_enabled == Some(true);
        let (method, url) = if has_trains {
            (Method::POST, self.project_url(project, &["merge_trains", "merge_requests", &number], &[]))
        } else {
            (Method::PUT, self.project_url(project, &["merge_requests", &number, "merge"], &[]))
        };
        for attempt in 1..=MERGE_ATTEMPTS {
            let asked = self.project_url(project, &["merge_requests", &number], &[]);
            let now: RequestJson = self.get(asked).await?.json()?;
            // A train that is boarded twice refuses; an earlier run may have ended right behind this.
            if now.merge_when_pipeline_succeeds == Some(true) {
                return Ok(());
            }
            let status = now.head_pipeline.as_ref().map(|pipeline| pipeline.status.as_str());
            // Without a pipeline GitLab would merge at once, whatever a pipeline might have said later.
            if status.is_some() && !now.is_unsettled() {
                // Whether merging removes the branch was said when the request was opened; trains cannot be told.
                let mut body = if has_trains {
                    json!({ "auto_merge": true })
                } else {
                    json!({ "merge_when_pipeline_succeeds": true, "should_remove_source_branch": true })
                };
                if let Some(head) = &now.sha {
                    body["sha"] = json!(head);
                }
                match self.write(method.clone(), url.clone(), body).await {
                    Ok(_) => return Ok(()),
                    // Here it is not the token as such that is refused.
                    Err(Failure::TokenRefused(why)) => {
                        return Err(Failure::Forbidden { why, needs: "the right to merge into the default branch" });
                    }
                    // 405 comes while GitLab works out whether the request can be merged.
                    Err(Failure::Refused(why)) if why.starts_with("405") || has_trains && why.starts_with("400") => {}
                    Err(failure) => return Err(failure),
                }
            }
            if attempt < MERGE_ATTEMPTS {
                tokio::time::sleep(self.pause * attempt * attempt / 2).await;
            }
        }
        Err(Failure::Unavailable("there is no pipeline yet that merging could wait for".to_owned()))
    }

    async fn remove_branch(&self, project: &Project, branch: &str, head: &CommitId) -> Result<(), Failure> {
        match self.head(project, branch).await? {
            None => return Ok(()),
            Some(now) if now == *head => {}
            Some(_) => return Err(Failure::Moved(format!("the branch {branch} has changed"))),
        }
        let url = self.project_url(project, &["repository", "branches", branch], &[]);
        match good(self.transport.send(&Call { method: Method::DELETE, ..Call::get(url) }).await?) {
            Ok(_) | Err(Failure::NotFound(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn issues(&self, project: &Project) -> Result<Vec<Issue>, Failure> {
        let own = self.account().await?.login;
        let query = [
            ("author_username", own.as_str()),
            ("scope", "all"),
            ("state", "all"),
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let found: Vec<IssueJson> = self.get(self.project_url(project, &["issues"], &query)).await?.json()?;
        Ok(found.into_iter().map(IssueJson::into_issue).collect())
    }

    async fn open_issue(&self, project: &Project, issue: &NewIssue<'_>) -> Result<u64, Failure> {
        let mut body = json!({ "title": issue.title, "description": issue.body });
        if !issue.labels.is_empty() {
            body["labels"] = json!(issue.labels.join(","));
        }
        let opened = self.write(Method::POST, self.project_url(project, &["issues"], &[]), body).await?;
        Ok(opened.json::<IssueJson>()?.iid)
    }

    async fn edit_issue(&self, project: &Project, number: u64, body: &str, open: Option<bool>) -> Result<(), Failure> {
        let mut change = json!({ "description": body });
        if let Some(open) = open {
            change["state_event"] = json!(if open { "reopen" } else { "close" });
        }
        let url = self.project_url(project, &["issues", &number.to_string()], &[]);
        self.write(Method::PUT, url, change).await.map(|_| ())
    }

    fn reference(&self, number: u64) -> String {
        format!("!{number}")
    }

    fn page(&self, project: &Project, commit: &CommitId, file: &FilePath, line: usize) -> String {
        let Ok(mut url) = Url::parse(&project.url) else { return project.url.clone() };
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["-", "blob", commit.as_str()]).extend(file.as_str().split('/'));
        }
        url.set_fragment(Some(&format!("L{line}")));
        url.into()
    }

    fn request_page(&self, project: &Project, number: u64) -> String {
        let Ok(mut url) = Url::parse(&project.url) else { return project.url.clone() };
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["-", "merge_requests", &number.to_string()]);
        }
        url.into()
    }

    fn longest_description(&self) -> usize {
        1_000_000
    }

    fn requests(&self) -> u64 {
        self.transport.requests()
    }
}

impl ProjectJson {
    fn left_out(&self, forks: bool, is_named: bool) -> Option<LeftOut> {
        let is_off = |level: &Option<String>| level.as_deref() == Some("disabled");
        let levels = self.permissions.as_ref().map(|permissions| {
            let both = [&permissions.project_access, &permissions.group_access];
            both.into_iter().flatten().filter_map(|access| access.access_level).max()
        });
        if self.archived {
            Some(LeftOut::Archived)
        } else if self.mirror {
            Some(LeftOut::Mirror)
        } else if self.empty_repo {
            Some(LeftOut::Empty)
        } else if self.forked_from_project.is_some() && !forks && !is_named {
            Some(LeftOut::Fork)
        } else if is_off(&self.merge_requests_access_level)
            || is_off(&self.repository_access_level)
            || self.merge_requests_enabled == Some(false)
        {
            Some(LeftOut::RequestsDisabled)
        } else {
            match levels {
                Some(Some(level)) if level < DEVELOPER => Some(LeftOut::PushForbidden),
                // No level of its own: an administrator's token, or a group that was invited.
                Some(None) if !is_named => Some(LeftOut::PushForbidden),
                Some(_) | None => None,
            }
        }
    }
}

impl DiffJson {
    /// Whether GitLab has left out what is too long. Older versions do not say so: there an empty diff is all
    /// that can be seen, of a file that was changed by neither its name nor its mode.
    fn is_cut(&self) -> bool {
        let is_told = self.collapsed == Some(true) || self.too_large == Some(true);
        let is_changed = self.deleted_file || self.a_mode == self.b_mode;
        let must_say = is_changed && !self.new_file && !self.renamed_file;
        is_told || self.collapsed.is_none() && self.too_large.is_none() && must_say
    }
}

impl IssueJson {
    fn into_issue(self) -> Issue {
        Issue {
            number: self.iid,
            is_open: self.state == "opened",
            body: self.description.unwrap_or_default(),
            author: self.author.map(|author| author.username).unwrap_or_default(),
        }
    }
}

impl RequestJson {
    /// Whether GitLab is still working out what can be done with it.
    fn is_unsettled(&self) -> bool {
        matches!(
            self.detailed_merge_status.as_deref(),
            Some("preparing" | "checking" | "unchecked" | "approvals_syncing")
        )
    }

    fn into_request(self) -> Request {
        let state = match self.state.as_str() {
            "merged" => RequestState::Merged,
            "closed" => RequestState::Closed,
            _ => RequestState::Open,
        };
        let conflicts = match self.detailed_merge_status.as_deref() {
            _ if self.is_unsettled() => None,
            Some("conflict") => Some(true),
            _ => self.has_conflicts,
        };
        let title = self.title.unwrap_or_default();
        let label = |label: Value| match label {
            Value::String(name) => Some(name),
            other => other.get("name")?.as_str().map(str::to_owned),
        };
        Request {
            number: self.iid,
            state,
            branch: self.source_branch,
            from_fork: self.source_project_id != self.target_project_id,
            target: self.target_branch,
            title: title.strip_prefix(MARK_OF_DRAFT).unwrap_or(&title).to_owned(),
            body: self.description.unwrap_or_default(),
            labels: self.labels.into_iter().filter_map(label).collect(),
            author: self.author.map(|author| author.username).unwrap_or_default(),
            head: self.sha.as_deref().and_then(CommitId::new),
            conflicts,
            created: self.created_at,
            url: self.web_url.unwrap_or_default(),
        }
    }
}

fn commit_id(text: &str) -> Result<CommitId, Failure> {
    CommitId::new(text).ok_or_else(|| Failure::Malformed("a commit without a name".to_owned()))
}

/// An answer that says yes, or what the no means.
fn good(answer: Answer) -> Result<Answer, Failure> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let why = answer.excerpt();
    Err(match answer.status.as_u16() {
        401 => Failure::TokenRefused(why),
        403 => Failure::Forbidden { why, needs: "the scope api, and the role Developer" },
        404 => Failure::NotFound(why),
        409 => Failure::Moved(why),
        _ => Failure::Refused(why),
    })
}

/// Whether a commit was refused because somebody else made one in between.
fn is_race(why: &str) -> bool {
    ["already exists", "has changed since", "doesn't exist", "Could not update"].iter().any(|sign| why.contains(sign))
}

/// Whether GitLab has not caught up with itself yet.
fn is_lag(why: &str) -> bool {
    why.contains("Resource lock") || why.contains("source_branch") && why.contains("does not exist")
}

/// `RE2` reads every one of these literally behind a backslash.
fn escape_regex(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_ascii_punctuation() && !matches!(character, '/' | '_' | '-') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

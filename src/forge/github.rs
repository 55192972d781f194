//! GitHub: github.com, its enterprise cloud and Enterprise Servers, over the REST API and a little GraphQL.
//!
//! Must never know: why anything is asked for.

mod access;
mod address;
mod app;
mod client;
mod commit;
mod json;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use self::access::{Access, Installations, On};
use self::address::Address;
use self::app::App;
use self::client::{Client, RAW, unseen};
use self::commit::{Branches, cannot_be_verified, not_hidden, owner, repository_url, touches_workflows};
use self::json::{
    CommentJson, ComparisonJson, EmailJson, FileJson, InstallationRepositoriesJson, IssuesJson, NumberJson, PullJson,
    RefJson, RepositoryJson, TreeJson, UserJson, ViewerJson, commit_id,
};
use crate::forge::contract::{
    Account, Change, Commit, CommitId, Entry, Forge, Issue, LeftOut, Listing, NewCommit, NewIssue, NewRequest, Project,
    Removed, Request, RequestState, Signature, Standing, Wanted,
};
use crate::forge::failure::Failure;
use crate::forge::patch;
use crate::forge::selection::{Selection, Source};
use crate::forge::transport::{Answer, Call, Patience};
use crate::secret::Secret;
use crate::store::pages::Pages;
use crate::text::FilePath;

/// Attempts to open a request for a branch that GitHub has not seen yet.
const LAG_ATTEMPTS: u32 = 4;
const LONGEST_DESCRIPTION: usize = 65_536;
const WHO: &str = "query { viewer { login databaseId } }";
const OWN_ISSUES: &str = "query($owner: String!, $name: String!, $own: String!) { \
    repository(owner: $owner, name: $name) { hasIssuesEnabled \
    issues(first: 100, filterBy: {createdBy: $own}, orderBy: {field: UPDATED_AT, direction: DESC}) \
    { nodes { number state body author { login } } } } }";
const ENABLE_AUTO_MERGE: &str = "mutation($input: EnablePullRequestAutoMergeInput!) \
    { enablePullRequestAutoMerge(input: $input) { clientMutationId } }";

/// What proves who we are.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A token: a person's, of an installation, or the one that Actions gives to a job.
    Token(Secret),
    /// A GitHub App.
    App {
        /// Its id, or its client id.
        id: String,
        /// Its key in PEM.
        key: Secret,
        /// The only installation to serve; `None`: all.
        installation: Option<u64>,
    },
}

/// How commits are made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CommitStyle {
    /// Of blobs and trees.
    #[default]
    GitData,
    /// By GitHub itself, which signs them. What it cannot do so is made of blobs and trees.
    Verified,
}

/// A GitHub.
#[derive(Debug)]
pub struct GitHub {
    client: Client,
    commits: CommitStyle,
    /// Whether the token is of a kind that has scopes, so that none are too few.
    has_scopes: bool,
    pause: Duration,
    identity: OnceCell<Identity>,
}

/// Who we are here.
#[derive(Clone, Debug)]
struct Identity {
    account: Account,
    /// `None` for apps and for the token of a job.
    person: Option<Person>,
}

#[derive(Clone, Debug)]
struct Person {
    /// Named in commits: which address GitHub would choose is not told.
    signature: Signature,
    /// `None`: the token has none, or does not tell.
    scopes: Option<BTreeSet<String>>,
}

/// A repository that was found, and whether it can be pushed to.
type Found = (RepositoryJson, bool);

impl GitHub {
    /// The GitHub at `url`, its address in a browser or that of its REST API.
    #[must_use]
    pub fn new(url: &Url, credential: Credential, commits: CommitStyle, patience: Patience) -> Self {
        let address = Address::new(url);
        let (token, access) = match credential {
            Credential::Token(token) => (Some(token), Access::Token),
            Credential::App { id, key, installation } => {
                (None, Access::App(Box::new(Installations::new(App::new(&id, &key), installation))))
            }
        };
        let is_scoped =
            |token: &Secret| !["github_pat_", "ghs_", "ghu_"].iter().any(|prefix| token.expose().starts_with(prefix));
        Self {
            has_scopes: token.as_ref().is_some_and(is_scoped),
            client: Client::new(address, token.as_ref(), access, patience),
            commits,
            pause: patience.backoff,
            identity: OnceCell::new(),
        }
    }

    /// The same, keeping its lists from run to run: what has not changed then counts for no rate limit.
    #[must_use]
    pub fn with_pages(mut self, pages: Pages) -> Self {
        self.client.keep(pages);
        self
    }

    async fn identity(&self) -> Result<&Identity, Failure> {
        self.identity.get_or_try_init(|| self.identify()).await
    }

    async fn identify(&self) -> Result<Identity, Failure> {
        let answer = match self.client.access() {
            Access::App(_) => None,
            Access::Token => match self.client.get(On::Any, self.client.url(&["user"], &[])).await {
                Ok(answer) => Some(answer),
                // The token of an installation or of a job: there is no user behind it.
                Err(Failure::Forbidden { .. }) => None,
                Err(failure) => return Err(failure),
            },
        };
        let host = self.client.host();
        let committers = BTreeSet::from([format!("noreply@{host}")]);
        let Some(answer) = answer else {
            let viewer = self.client.graphql::<ViewerJson>(On::Any, WHO, json!({})).await.map_err(unseen)?.viewer;
            let login = match viewer.login.strip_suffix("[bot]") {
                Some(_) => viewer.login,
                None => format!("{}[bot]", viewer.login),
            };
            let emails = hidden_addresses(viewer.id, &login, host);
            return Ok(Identity { account: Account { login, emails, committers }, person: None });
        };
        let scopes = answer.header("x-oauth-scopes").map(scopes);
        let scopes = scopes.filter(|scopes| self.has_scopes || !scopes.is_empty());
        if let Some(scopes) = &scopes
            && !scopes.contains("repo")
            && !scopes.contains("public_repo")
        {
            let told: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let why =
                if told.is_empty() { "it has no scope".into() } else { format!("its scopes are {}", told.join(", ")) };
            return Err(Failure::Forbidden { why, needs: "the scope repo" });
        }
        let user: UserJson = answer.json()?;
        let hidden = user.id.map_or_else(
            || format!("{}@users.noreply.{host}", user.login),
            |id| format!("{id}+{}@users.noreply.{host}", user.login),
        );
        let shown = user.email.filter(|email| !email.is_empty());
        let mut emails = hidden_addresses(user.id, &user.login, host);
        emails.extend(shown.iter().map(|email| email.to_lowercase()));
        if self.commits == CommitStyle::Verified {
            // GitHub names the author then, by an address that it may tell here.
            emails.extend(self.addresses().await?);
        }
        let name = user.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| user.login.clone());
        let signature = Signature { name, email: shown.unwrap_or(hidden) };
        let account = Account { login: user.login, emails, committers };
        Ok(Identity { account, person: Some(Person { signature, scopes }) })
    }

    /// All addresses of a person, if the token may know them.
    async fn addresses(&self) -> Result<Vec<String>, Failure> {
        let url = self.client.url(&["user", "emails"], &[("per_page", "100")]);
        match self.client.list::<EmailJson>(On::Any, url).await {
            Ok(emails) => Ok(emails.into_iter().map(|email| email.email.to_lowercase()).collect()),
            Err(Failure::NotFound(_) | Failure::Forbidden { .. }) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    async fn find(&self, source: &Source) -> Result<Vec<Found>, Failure> {
        match source {
            Source::One(name) => match name.split_once('/') {
                Some((owner, name)) => self.find_one(owner, name).await,
                None => Ok(Vec::new()),
            },
            Source::Below(owner) => self.find_below(owner).await,
            Source::All => match self.client.access() {
                Access::App(_) => {
                    let mut found = Vec::new();
                    for id in self.client.installations().await? {
                        match self.installed(On::Installation(id)).await {
                            Ok(repositories) => found.extend(repositories),
                            // One account never stops the others.
                            Err(failure @ (Failure::NotFound(_) | Failure::Forbidden { .. })) => {
                                tracing::warn!("the installation {id} of the app is left out: {failure}");
                            }
                            Err(failure) => return Err(failure),
                        }
                    }
                    Ok(found)
                }
                Access::Token if self.identity().await?.person.is_some() => {
                    let url = self.client.url(&["user", "repos"], &[("per_page", "100")]);
                    Ok(of_person(self.client.list(On::Any, url).await?))
                }
                Access::Token => self.installed(On::Any).await,
            },
        }
    }

    async fn find_one(&self, owner: &str, name: &str) -> Result<Vec<Found>, Failure> {
        let on = On::Owner(owner);
        let found = async {
            let grant = self.client.grant(on).await?;
            let answer = self.client.get(on, self.client.url(&["repos", owner, name], &[])).await?;
            Ok((grant, answer.json::<RepositoryJson>()?))
        };
        let (grant, repository) = match found.await {
            Ok(found) => found,
            Err(Failure::NotFound(_)) => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let may_push = match grant {
            Some(grant) => grant.may_write("contents") && grant.may_write("pull_requests"),
            None => self.identity().await?.person.is_none() || !repository.forbids_push(),
        };
        Ok(vec![(repository, may_push)])
    }

    async fn find_below(&self, owner: &str) -> Result<Vec<Found>, Failure> {
        let list = async |segments: &[&str], query: &[(&str, &str)]| {
            self.client.list::<RepositoryJson>(On::Any, self.client.url(segments, query)).await
        };
        let of_owner = |repository: &RepositoryJson| {
            repository.full_name.split_once('/').is_some_and(|(found, _)| found.eq_ignore_ascii_case(owner))
        };
        let page = ("per_page", "100");
        if matches!(self.client.access(), Access::App(_)) {
            return or_nothing(self.installed(On::Owner(owner)).await);
        }
        if self.identity().await?.person.is_none() {
            return self.installed(On::Any).await;
        }
        match list(&["orgs", owner, "repos"], &[page]).await {
            // The name of a person is no organisation.
            Err(Failure::NotFound(_)) => {}
            found => return found.map(of_person),
        }
        // This shows private ones as well, the list of the person does not.
        let affiliation = ("affiliation", "owner,collaborator");
        let mut found = list(&["user", "repos"], &[affiliation, page]).await?;
        found.retain(of_owner);
        if found.is_empty() {
            found = or_nothing(list(&["users", owner, "repos"], &[page]).await)?;
        }
        Ok(of_person(found))
    }

    /// What an installation may see. What GitHub says there of pushing is about people, and always no.
    async fn installed(&self, on: On<'_>) -> Result<Vec<Found>, Failure> {
        let grant = self.client.grant(on).await?;
        let may_push = grant.is_none_or(|grant| grant.may_write("contents") && grant.may_write("pull_requests"));
        let url = self.client.url(&["installation", "repositories"], &[("per_page", "100")]);
        let part = |page: InstallationRepositoriesJson| page.repositories;
        let found = self.client.pages(on, url, part).await?;
        Ok(found.into_iter().map(|repository| (repository, may_push)).collect())
    }

    fn url(&self, project: &Project, segments: &[&str], query: &[(&str, &str)]) -> Url {
        repository_url(&self.client, project, segments, query)
    }

    fn branches<'a>(&'a self, project: &'a Project) -> Branches<'a> {
        Branches { client: &self.client, project }
    }

    async fn pull(&self, project: &Project, number: u64) -> Result<PullJson, Failure> {
        let url = self.url(project, &["pulls", &number.to_string()], &[]);
        self.client.get(On::Owner(owner(project)), url).await?.json()
    }

    async fn post(&self, project: &Project, segments: &[&str], body: Value) -> Result<Answer, Failure> {
        self.write(project, Method::POST, segments, body).await
    }

    async fn write(
        &self,
        project: &Project,
        method: Method,
        segments: &[&str],
        body: Value,
    ) -> Result<Answer, Failure> {
        let url = self.url(project, segments, &[]);
        self.client.write(On::Owner(owner(project)), method, url, body).await.map_err(not_hidden)
    }

    async fn folder(&self, project: &Project, id: &str, recursive: bool) -> Result<TreeJson, Failure> {
        let query: &[(&str, &str)] = if recursive { &[("recursive", "1")] } else { &[] };
        let url = self.url(project, &["git", "trees", id], query);
        self.client.get(On::Owner(owner(project)), url).await?.json()
    }

    /// Says before anything is written that a workflow cannot be changed.
    async fn must_allow_workflows(&self, project: &Project) -> Result<(), Failure> {
        let why = || "it may not change workflows".to_owned();
        if let Some(grant) = self.client.grant(On::Owner(owner(project))).await? {
            if grant.may_write("workflows") {
                return Ok(());
            }
            return Err(Failure::Forbidden { why: why(), needs: "the permission Workflows: write" });
        }
        let person = self.identity().await?.person.as_ref();
        match person.and_then(|person| person.scopes.as_ref()) {
            Some(scopes) if !scopes.contains("workflow") => {
                Err(Failure::Forbidden { why: why(), needs: "the scope workflow" })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Asks people and teams for their review. One unknown name makes GitHub refuse them all: then they
    /// are asked one by one.
    async fn ask_for_review(&self, project: &Project, number: &str, names: &[String]) -> Result<(), Failure> {
        let ask = async |names: &[String]| {
            let (teams, people): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.contains('/'));
            let teams: Vec<&str> = teams.into_iter().filter_map(|name| Some(name.rsplit_once('/')?.1)).collect();
            let body = json!({ "reviewers": people, "team_reviewers": teams });
            self.post(project, &["pulls", number, "requested_reviewers"], body).await
        };
        match ask(names).await {
            Err(Failure::Refused(_)) if names.len() > 1 => {
                for name in names {
                    match ask(std::slice::from_ref(name)).await {
                        Ok(_) => {}
                        Err(Failure::Refused(why)) => tracing::warn!("{name} is not asked for a review: {why}"),
                        Err(failure) => return Err(failure),
                    }
                }
                Ok(())
            }
            asked => asked.map(|_| ()),
        }
    }

    async fn merge_when_green(&self, project: &Project, request: &Request) -> Result<(), Failure> {
        let pull = self.pull(project, request.number).await?;
        let id = pull.node_id.as_deref().ok_or_else(|| Failure::Malformed("a request without a name".to_owned()))?;
        let mut refusal = Failure::Refused("the repository allows no way to merge".to_owned());
        for method in pull.merge_methods() {
            let mut input = json!({ "pullRequestId": id, "mergeMethod": method });
            if let Some(head) = &request.head {
                input["expectedHeadOid"] = json!(head.as_str());
            }
            let variables = json!({ "input": input });
            match self.client.graphql::<Value>(On::Owner(owner(project)), ENABLE_AUTO_MERGE, variables).await {
                Ok(_) => return Ok(()),
                Err(Failure::Refused(why)) if why.contains("Merge method") => refusal = Failure::Refused(why),
                Err(failure) => return Err(failure),
            }
        }
        Err(refusal)
    }
}

#[async_trait(?Send)]
impl Forge for GitHub {
    async fn account(&self) -> Result<Account, Failure> {
        self.identity().await.map(|identity| identity.account.clone())
    }

    async fn projects(&self, wanted: &Wanted) -> Result<Listing, Failure> {
        let selection = Selection::new(wanted);
        let mut found: BTreeMap<String, (RepositoryJson, bool, bool)> = BTreeMap::new();
        let mut listing = Listing::default();
        self.client.access().look_anew().await;
        for source in selection.sources() {
            let repositories = self.find(source).await?;
            let is_named = matches!(source, Source::One(_));
            if repositories.is_empty()
                && let Source::One(name) | Source::Below(name) = source
            {
                listing.left_out.push((name.clone(), LeftOut::NotFound));
            }
            // A repository that moved answers to its old name; it is the one that was meant.
            for (repository, may_push) in repositories {
                if is_named || selection.wants(&repository.full_name) {
                    found.insert(repository.full_name.clone(), (repository, may_push, is_named));
                }
            }
        }
        for (name, (repository, may_push, is_named)) in found {
            let has_topic =
                |topic: &String| repository.topics.iter().flatten().any(|has| has.eq_ignore_ascii_case(topic));
            if !wanted.topics.is_empty() && !wanted.topics.iter().any(has_topic) {
                continue;
            }
            let forbidden = (!may_push).then_some(LeftOut::PushForbidden);
            match (repository.left_out(wanted.forks, is_named).or(forbidden), repository.default_branch) {
                (Some(why), _) => listing.left_out.push((name, why)),
                (None, None) => listing.left_out.push((name, LeftOut::Empty)),
                (None, Some(default_branch)) => {
                    listing.projects.push(Project { id: name.clone(), name, default_branch, url: repository.html_url });
                }
            }
        }
        listing.left_out.sort();
        Ok(listing)
    }

    async fn standing(&self, project: &Project, prefix: &str) -> Result<Standing, Failure> {
        let on = On::Owner(owner(project));
        let refs = self.client.list::<RefJson>(on, self.url(project, &["git", "matching-refs", "heads"], &[])).await?;
        let mut branches = BTreeMap::new();
        let mut base = None;
        for found in refs {
            let Some(name) = found.r#ref.strip_prefix("refs/heads/") else { continue };
            if name == project.default_branch {
                base = Some(commit_id(&found.object.sha)?);
            } else if name.starts_with(prefix) {
                branches.insert(name.to_owned(), commit_id(&found.object.sha)?);
            }
        }
        let base = base.ok_or_else(|| Failure::NotFound(format!("the branch {}", project.default_branch)))?;
        let open = self.url(project, &["pulls"], &[("state", "open"), ("per_page", "100")]);
        let open = self.client.list::<PullJson>(on, open).await?;
        Ok(Standing { base, branches, open: open.into_iter().map(PullJson::into_request).collect() })
    }

    async fn tree(&self, project: &Project, commit: &CommitId) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        let mut folders = vec![(String::new(), commit.as_str().to_owned())];
        while let Some((folder, id)) = folders.pop() {
            let whole = self.folder(project, &id, true).await?;
            if !whole.truncated {
                entries.extend(whole.tree.into_iter().filter_map(|entry| entry.into_entry(&folder)));
                continue;
            }
            // Too large to be told at once: this folder alone, then each below it.
            let alone = self.folder(project, &whole.sha, false).await?;
            if alone.truncated {
                return Err(Failure::Unavailable(format!("the folder {folder:?} has more entries than GitHub tells")));
            }
            for entry in alone.tree {
                if entry.r#type == "tree" {
                    folders.push((format!("{folder}{}/", entry.path), entry.sha));
                } else {
                    entries.extend(entry.into_entry(&folder));
                }
            }
        }
        Ok(entries)
    }

    async fn blob(&self, project: &Project, entry: &Entry, longest: usize) -> Result<Vec<u8>, Failure> {
        if entry.size.is_some_and(|size| size > longest as u64) {
            return Err(Failure::TooLong(longest));
        }
        let url = self.url(project, &["git", "blobs", &entry.id], &[]);
        let call = Call { accept: Some(RAW), longest, ..Call::get(url) };
        Ok(self.client.send(On::Owner(owner(project)), call).await?.body)
    }

    async fn past(&self, project: &Project, branch: &str) -> Result<Vec<Request>, Failure> {
        let owner = owner(project);
        let head = format!("{owner}:{branch}");
        let query = [
            ("state", "closed"),
            ("head", head.as_str()),
            ("sort", "created"),
            ("direction", "desc"),
            ("per_page", "100"),
        ];
        let found = self.client.list::<PullJson>(On::Owner(owner), self.url(project, &["pulls"], &query)).await?;
        let requests = found.into_iter().map(PullJson::into_request);
        Ok(requests.filter(|request| request.branch == branch && request.state != RequestState::Open).collect())
    }

    async fn commits(&self, project: &Project, base: &CommitId, branch: &str) -> Result<Vec<Commit>, Failure> {
        let range = format!("{base}...{branch}");
        let url = self.url(project, &["compare", &range], &[("per_page", "100")]);
        let part = |page: ComparisonJson| page.commits;
        let commits = self.client.pages(On::Owner(owner(project)), url, part).await?;
        commits.into_iter().map(json::CommitJson::into_commit).collect()
    }

    async fn conflicts(&self, project: &Project, request: &Request) -> Result<Option<bool>, Failure> {
        Ok(self.pull(project, request.number).await?.into_request().conflicts)
    }

    async fn removed(&self, project: &Project, number: u64) -> Result<BTreeMap<String, Removed>, Failure> {
        let url = self.url(project, &["pulls", &number.to_string(), "files"], &[("per_page", "100")]);
        let files = self.client.list::<FileJson>(On::Owner(owner(project)), url).await?;
        let removed = files.into_iter().map(|file| {
            let is_cut = file.deletions != Some(0);
            let removed = patch::removed(&file.patch.unwrap_or_default(), is_cut);
            (file.previous_filename.unwrap_or(file.filename), removed)
        });
        Ok(removed.collect())
    }

    async fn commit(&self, project: &Project, commit: &NewCommit<'_>) -> Result<CommitId, Failure> {
        if touches_workflows(commit) {
            self.must_allow_workflows(project).await?;
        }
        let branches = self.branches(project);
        if self.commits == CommitStyle::Verified {
            match cannot_be_verified(commit) {
                None => return branches.commit_verified(commit).await,
                Some(why) => {
                    tracing::warn!("{}: the commit on {} is not signed: {why}", project.name, commit.branch);
                }
            }
        }
        let person = self.identity().await?.person.as_ref();
        let author = commit.author.or(person.map(|person| &person.signature));
        branches.commit(commit, author).await
    }

    async fn open(&self, project: &Project, request: &NewRequest<'_>) -> Result<Request, Failure> {
        let body = json!({
            "head": request.branch,
            "base": request.target,
            "title": request.title,
            "body": request.body,
            "draft": request.draft,
        });
        let mut attempt = 1;
        let opened: PullJson = loop {
            match self.post(project, &["pulls"], body.clone()).await {
                Ok(answer) => break answer.json()?,
                Err(Failure::Refused(why)) if why.contains("already exists") => return Err(Failure::RequestExists),
                Err(Failure::Refused(why)) if why.contains("head is invalid") && attempt < LAG_ATTEMPTS => {
                    tokio::time::sleep(self.pause * attempt).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        };
        Ok(opened.into_request())
    }

    fn opens_unsettled(&self, request: &NewRequest<'_>) -> bool {
        let NewRequest { labels, assignees, reviewers, auto_merge, .. } = request;
        !labels.is_empty() || !assignees.is_empty() || !reviewers.is_empty() || *auto_merge
    }

    async fn settle(&self, project: &Project, opened: &Request, request: &NewRequest<'_>) -> Result<(), Failure> {
        let number = opened.number.to_string();
        if !request.labels.is_empty() {
            let body = json!({ "labels": request.labels });
            self.post(project, &["issues", &number, "labels"], body).await?;
        }
        if !request.assignees.is_empty() {
            let body = json!({ "assignees": request.assignees });
            self.post(project, &["issues", &number, "assignees"], body).await?;
        }
        if !request.reviewers.is_empty() {
            self.ask_for_review(project, &number, request.reviewers).await?;
        }
        if request.auto_merge { self.merge_when_green(project, opened).await } else { Ok(()) }
    }

    async fn edit(&self, project: &Project, number: u64, change: &Change<'_>) -> Result<(), Failure> {
        let on = On::Owner(owner(project));
        let number = number.to_string();
        for label in change.remove_labels {
            match self.client.delete(on, self.url(project, &["issues", &number, "labels", label], &[])).await {
                Ok(_) => {}
                // Somebody has taken it off.
                Err(Failure::NotFound(why)) if why.contains("Label does not exist") => {}
                Err(failure) => return Err(not_hidden(failure)),
            }
        }
        let mut body = serde_json::Map::new();
        body.extend(change.title.map(|title| ("title".to_owned(), json!(title))));
        body.extend(change.body.map(|text| ("body".to_owned(), json!(text))));
        body.extend(change.close.then(|| ("state".to_owned(), json!("closed"))));
        if body.is_empty() {
            return Ok(());
        }
        self.write(project, Method::PATCH, &["pulls", &number], Value::Object(body)).await.map(|_| ())
    }

    async fn comment(&self, project: &Project, number: u64, marker: &str, text: &str) -> Result<(), Failure> {
        let own = &self.identity().await?.account.login;
        let segments = ["issues", &number.to_string(), "comments"];
        let url = self.url(project, &segments, &[("per_page", "100")]);
        let comments = self.client.list::<CommentJson>(On::Owner(owner(project)), url).await?;
        let is_there = comments.iter().any(|comment| {
            comment.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(own))
                && comment.body.as_deref().is_some_and(|body| body.contains(marker))
        });
        if is_there {
            return Ok(());
        }
        let body = json!({ "body": format!("{text}\n\n{marker}") });
        self.post(project, &segments, body).await.map(|_| ())
    }

    async fn remove_branch(&self, project: &Project, branch: &str, head: &CommitId) -> Result<(), Failure> {
        self.branches(project).remove_from(branch, head).await
    }

    async fn issues(&self, project: &Project) -> Result<Vec<Issue>, Failure> {
        let own = &self.identity().await?.account.login;
        let (owner, name) = project.name.split_once('/').unwrap_or_default();
        // REST lists pull requests among the issues, page after page of them.
        let variables = json!({ "owner": owner, "name": name, "own": own });
        let found = self.client.graphql::<IssuesJson>(On::Owner(owner), OWN_ISSUES, variables).await;
        found.map_err(unseen)?.into_issues(own)
    }

    async fn open_issue(&self, project: &Project, issue: &NewIssue<'_>) -> Result<u64, Failure> {
        let mut body = json!({ "title": issue.title, "body": issue.body });
        if !issue.labels.is_empty() {
            body["labels"] = json!(issue.labels);
        }
        Ok(self.post(project, &["issues"], body).await?.json::<NumberJson>()?.number)
    }

    async fn edit_issue(&self, project: &Project, number: u64, body: &str, open: Option<bool>) -> Result<(), Failure> {
        let mut change = json!({ "body": body });
        if let Some(open) = open {
            change["state"] = json!(if open { "open" } else { "closed" });
        }
        self.write(project, Method::PATCH, &["issues", &number.to_string()], change).await.map(|_| ())
    }

    fn reference(&self, number: u64) -> String {
        format!("#{number}")
    }

    fn page(&self, project: &Project, commit: &CommitId, file: &FilePath, line: usize) -> String {
        let Ok(mut url) = Url::parse(&project.url) else { return project.url.clone() };
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["blob", commit.as_str()]).extend(file.as_str().split('/'));
        }
        url.set_fragment(Some(&format!("L{line}")));
        url.into()
    }

    fn request_page(&self, project: &Project, number: u64) -> String {
        let Ok(mut url) = Url::parse(&project.url) else { return project.url.clone() };
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["pull", &number.to_string()]);
        }
        url.into()
    }

    fn longest_description(&self) -> usize {
        LONGEST_DESCRIPTION
    }

    fn requests(&self) -> u64 {
        self.client.requests()
    }
}

fn of_person(found: Vec<RepositoryJson>) -> Vec<Found> {
    let with_push = |repository: RepositoryJson| {
        let may_push = !repository.forbids_push();
        (repository, may_push)
    };
    found.into_iter().map(with_push).collect()
}

fn or_nothing<T>(found: Result<Vec<T>, Failure>) -> Result<Vec<T>, Failure> {
    match found {
        Err(Failure::NotFound(_)) => Ok(Vec::new()),
        found => found,
    }
}

/// The scopes that a header names.
fn scopes(header: &str) -> BTreeSet<String> {
    header.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// The addresses that stand for an account whose own is not to be seen, in lower case.
fn hidden_addresses(id: Option<u64>, login: &str, host: &str) -> BTreeSet<String> {
    let login = login.to_lowercase();
    let plain = format!("{login}@users.noreply.{host}");
    let numbered = id.map(|id| format!("{id}+{plain}"));
    numbered.into_iter().chain([plain]).collect()
}

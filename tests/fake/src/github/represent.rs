//! Accounts, repositories and issues as GitHub's JSON. Pull requests and commits are in rooms of their own.
//!
//! In: the world and who looks at it. Out: values that the official document describes, with no key beside. It must
//! never change anything.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::exchange::encoded;

use super::state::{Account, Comment, Issue, Kind, Label, Permission, Project, World};

/// Writes JSON for one caller.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a> {
    pub(super) world: &'a World,
    /// Root of the API as the caller sees it.
    pub(super) api: &'a str,
    /// Who looks.
    pub(super) login: Option<&'a str>,
}

/// A moment.
pub(super) fn date(seconds: i64) -> String {
    format!("{}Z", clock::iso(seconds))
}

/// A moment that may not have come.
pub(super) fn maybe_date(seconds: Option<i64>) -> Value {
    seconds.map_or(Value::Null, |seconds| json!(date(seconds)))
}

/// The id that GraphQL knows things by.
pub(super) fn node(kind: &str, id: u64) -> String {
    format!("{kind}_kw{id:08}")
}

/// Suffixes of the URLs of an account.
const ACCOUNT_URLS: [(&str, &str); 11] = [
    ("url", ""),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
    ("html_url", "HTML"),
];

/// Suffixes of the URLs of a repository.
const REPOSITORY_URLS: [(&str, &str); 37] = [
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

impl Pen<'_> {
    // ---- accounts ----

    /// An account as it stands in other things; one that is gone is the ghost.
    pub(super) fn user(&self, login: &str) -> Value {
        self.world
            .account(login)
            .or_else(|| self.world.account("ghost"))
            .map_or(Value::Null, |account| Value::Object(self.account(account)))
    }

    fn account(&self, account: &Account) -> Map<String, Value> {
        let mut map = Map::new();
        let root = format!("{}/users/{}", self.api, encoded(&account.login));
        for (name, suffix) in ACCOUNT_URLS {
            map.insert(name.to_owned(), json!(format!("{root}{suffix}")));
        }
        let kind = match account.kind {
            Kind::User => "User",
            Kind::Organization => "Organization",
            Kind::Bot => "Bot",
        };
        map.insert("html_url".to_owned(), json!(format!("{}/{}", self.world.web, encoded(&account.login))));
        map.insert("login".to_owned(), json!(account.login));
        map.insert("id".to_owned(), json!(account.id));
        map.insert("node_id".to_owned(), json!(node("U", account.id)));
        map.insert("avatar_url".to_owned(), json!(format!("{}/avatars/u/{}?v=4", self.world.web, account.id)));
        map.insert("gravatar_id".to_owned(), json!(""));
        map.insert("type".to_owned(), json!(kind));
        map.insert("user_view_type".to_owned(), json!("public"));
        map.insert("site_admin".to_owned(), json!(false));
        map
    }

    /// An account by itself; `private` as only its owner sees it.
    pub(super) fn profile(&self, account: &Account, private: bool) -> Value {
        let mut map = self.account(account);
        let born = date(crate::clock::Clock::default().now());
        let mut more = json!({
            "name": account.name, "company": null, "blog": "", "location": null, "email": account.email,
            "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0, "public_gists": 0,
            "followers": 0, "following": 0, "created_at": born, "updated_at": born,
        });
        if private {
            let private = json!({
                "private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0,
                "collaborators": 0, "two_factor_authentication": true, "user_view_type": "private",
                "plan": {"name": "free", "space": 976_562_499, "private_repos": 10000, "collaborators": 0},
            });
            merge(&mut more, private);
        }
        map.extend(into_map(more));
        Value::Object(map)
    }

    // ---- repositories ----

    /// The root of a repository's URLs.
    pub(super) fn home(&self, project: &Project) -> String {
        format!("{}/repos/{}/{}", self.api, project.owner, project.name)
    }

    /// The page of a repository for people.
    pub(super) fn page_of(&self, project: &Project) -> String {
        format!("{}/{}", self.world.web, project.full_name())
    }

    fn permissions(&self, project: &Project) -> Value {
        let permission = self.login.map_or(Permission::Read, |login| self.world.permission(project, login));
        // These are about people: to the token of an app the service says no to everything, whatever it may do.
        if self.login.and_then(|login| self.world.account(login)).is_some_and(|account| account.kind == Kind::Bot) {
            return json!({"admin": false, "maintain": false, "push": false, "triage": false, "pull": false});
        }
        json!({
            "admin": permission >= Permission::Admin,
            "maintain": permission >= Permission::Maintain,
            "push": permission >= Permission::Write,
            "triage": permission >= Permission::Triage,
            "pull": permission >= Permission::Read || !project.private,
        })
    }

    /// What all three sizes of repositories share.
    fn repository_core(&self, project: &Project) -> Value {
        let home = self.home(project);
        let page = self.page_of(project);
        let bare = page.trim_start_matches("http://");
        let open = project.issues.iter().filter(|issue| issue.open).count();
        let mut map = Map::new();
        for (name, suffix) in REPOSITORY_URLS {
            map.insert(name.to_owned(), json!(format!("{home}{suffix}")));
        }
        let more = json!({
            "id": project.id, "node_id": node("R", project.id), "name": project.name,
            "full_name": project.full_name(), "owner": self.user(&project.owner), "private": project.private,
            "html_url": page, "description": project.description, "fork": project.fork_of.is_some(),
            "git_url": format!("git://{bare}.git"), "clone_url": format!("{page}.git"), "svn_url": page,
            "ssh_url": format!("git@{}:{}.git", self.world.host(), project.full_name()),
            "mirror_url": project.mirror_url, "homepage": null, "language": null, "forks_count": 0,
            "stargazers_count": 0, "watchers_count": 0, "size": 1, "default_branch": project.default_branch,
            "open_issues_count": open, "is_template": false, "topics": project.topics,
        });
        map.extend(into_map(more));
        let more = json!({
            "has_issues": project.has_issues, "has_projects": false, "has_wiki": false, "has_pages": false,
            "has_downloads": false, "has_discussions": false, "has_pull_requests": project.has_pull_requests,
            "archived": project.archived, "disabled": false,
            "visibility": if project.private { "private" } else { "public" },
            "pushed_at": date(project.pushed_at), "created_at": date(project.created_at),
            "updated_at": date(project.updated_at), "license": null, "forks": 0, "open_issues": open, "watchers": 0,
            "allow_forking": true, "web_commit_signoff_required": false, "permissions": self.permissions(project),
        });
        map.extend(into_map(more));
        Value::Object(map)
    }

    /// In lists of accounts and organizations.
    pub(super) fn minimal_repository(&self, project: &Project) -> Value {
        self.repository_core(project)
    }

    fn merge_settings(project: &Project) -> Value {
        json!({
            "allow_squash_merge": project.merge_methods.contains("squash"),
            "allow_merge_commit": project.merge_methods.contains("merge"),
            "allow_rebase_merge": project.merge_methods.contains("rebase"),
            "allow_auto_merge": project.allow_auto_merge,
            "delete_branch_on_merge": project.delete_branch_on_merge,
            "allow_update_branch": false,
            "use_squash_pr_title_as_default": false,
            "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
            "squash_merge_commit_message": "COMMIT_MESSAGES",
            "merge_commit_title": "MERGE_MESSAGE",
            "merge_commit_message": "PR_TITLE",
        })
    }

    /// In `/user/repos`, and inside pull requests.
    pub(super) fn repository(&self, project: &Project) -> Value {
        let mut value = self.repository_core(project);
        merge(&mut value, Self::merge_settings(project));
        value
    }

    /// By itself.
    pub(super) fn full_repository(&self, project: &Project) -> Value {
        let mut value = self.repository_core(project);
        // Only who may push is told how merging works here.
        if self.login.is_some_and(|login| self.world.permission(project, login) >= Permission::Write) {
            merge(&mut value, Self::merge_settings(project));
            value["temp_clone_token"] = json!("");
        }
        value["subscribers_count"] = json!(0);
        value["network_count"] = json!(0);
        if self.world.account(&project.owner).is_some_and(|owner| owner.kind == Kind::Organization) {
            value["organization"] = self.user(&project.owner);
        }
        if let Some(parent) = project.fork_of.and_then(|id| self.world.project(id)) {
            value["parent"] = self.repository(parent);
            value["source"] = value["parent"].clone();
        }
        value
    }

    // ---- issues ----

    pub(super) fn label(&self, project: &Project, label: &Label) -> Value {
        json!({
            "id": label.id, "node_id": node("LA", label.id),
            "url": format!("{}/labels/{}", self.home(project), encoded(&label.name)),
            "name": label.name, "description": label.description, "color": label.color, "default": false,
        })
    }

    pub(super) fn labels(&self, project: &Project, names: &[String]) -> Value {
        names.iter().filter_map(|name| project.label(name)).map(|label| self.label(project, label)).collect()
    }

    /// How an account stands to a repository.
    pub(super) fn association(&self, project: &Project, login: &str) -> &'static str {
        if project.owner.eq_ignore_ascii_case(login) {
            "OWNER"
        } else if super::call::is_bot(self.world, login) {
            "NONE"
        } else if self.world.permission(project, login) >= Permission::Triage {
            "COLLABORATOR"
        } else {
            "NONE"
        }
    }

    /// An issue, or a pull request as the issue that it is too.
    pub(super) fn issue(&self, project: &Project, issue: &Issue) -> Value {
        let url = format!("{}/issues/{}", self.home(project), issue.number);
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        let html = format!("{}/{kind}/{}", self.page_of(project), issue.number);
        let assignees: Vec<Value> = issue.assignees.iter().map(|login| self.user(login)).collect();
        let mut value = json!({
            "id": issue.id, "node_id": node("I", issue.id), "url": url, "repository_url": self.home(project),
            "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"), "html_url": html, "number": issue.number,
            "state": if issue.open { "open" } else { "closed" }, "state_reason": issue.state_reason,
            "title": issue.title, "body": issue.body, "user": self.user(&issue.author),
            "labels": self.labels(project, &issue.labels),
            "assignee": assignees.first().cloned().unwrap_or_default(), "assignees": assignees,
            "milestone": null, "locked": issue.locked, "active_lock_reason": null, "comments": issue.comments.len(),
            "closed_at": maybe_date(issue.closed_at), "created_at": date(issue.created_at),
            "updated_at": date(issue.updated_at), "timeline_url": format!("{url}/timeline"),
            "author_association": self.association(project, &issue.author),
            "performed_via_github_app": null,
            "closed_by": issue.closed_by.as_ref().map(|login| self.user(login)),
            "reactions": reactions(&url),
        });
        if let Some(pull) = &issue.pull {
            value["draft"] = json!(pull.draft);
            value["pull_request"] = json!({
                "url": format!("{}/pulls/{}", self.home(project), issue.number), "html_url": html,
                "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
                "merged_at": maybe_date(pull.merged.as_ref().map(|merged| merged.at)),
            });
        }
        value
    }

    pub(super) fn comment(&self, project: &Project, issue: &Issue, comment: &Comment) -> Value {
        let url = format!("{}/issues/comments/{}", self.home(project), comment.id);
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        json!({
            "id": comment.id, "node_id": node("IC", comment.id), "url": url, "body": comment.body,
            "html_url": format!("{}/{kind}/{}#issuecomment-{}", self.page_of(project), issue.number, comment.id),
            "user": self.user(&comment.author), "created_at": date(comment.created_at),
            "updated_at": date(comment.updated_at),
            "issue_url": format!("{}/issues/{}", self.home(project), issue.number),
            "author_association": self.association(project, &comment.author),
            "performed_via_github_app": null, "reactions": reactions(&url),
        })
    }
}

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0,
        "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    })
}

/// The second object's keys in the first.
pub(super) fn merge(into: &mut Value, more: Value) {
    if let Value::Object(into) = into {
        into.extend(into_map(more));
    }
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

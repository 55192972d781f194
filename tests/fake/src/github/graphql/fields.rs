//! What the fields of things hold.
//!
//! In: a thing, the name of a field, its arguments. Out: a value, or the next thing. It must never change anything.

use serde_json::{Value, json};

use crate::exchange::encoded;

use super::super::call::Call;
use super::super::represent::{date, maybe_date, node};
use super::super::represent_git::{Mergeable, mergeable, mergeable_state, message};
use super::super::state::{Issue, Kind, Permission, Project, Pull};
use super::{Arguments, Held, Node, Page, Trouble};

type Reading = Result<Held, Trouble>;

/// The type of a thing.
pub(super) fn kind(call: &Call<'_>, node: &Node) -> &'static str {
    match node {
        Node::Query => "Query",
        Node::Account(login) => match call.world.account(login).map(|account| account.kind) {
            Some(Kind::Bot) => "Bot",
            Some(Kind::Organization) => "Organization",
            _ => "User",
        },
        Node::Repository(_) => "Repository",
        Node::Ref(..) => "Ref",
        Node::Commit(..) => "Commit",
        Node::Tree(..) => "Tree",
        Node::Blob(..) => "Blob",
        Node::Issue(..) => "Issue",
        Node::Pull(..) => "PullRequest",
        Node::Connection(kind, ..) | Node::Plain(kind, _) | Node::Payload(kind, ..) => kind,
    }
}

/// Reads a field. That the type has it was checked before.
pub(super) fn read(call: &Call<'_>, thing: &Node, name: &str, arguments: &Arguments) -> Reading {
    if name == "__typename" {
        return Ok(Held::Leaf(json!(kind(call, thing))));
    }
    match thing {
        Node::Query => query(call, name, arguments),
        Node::Account(login) => Ok(account(call, login, name)),
        Node::Repository(index) => repository(call, *index, name, arguments),
        Node::Ref(index, full) => Ok(reference(call, *index, full, name)),
        Node::Commit(index, id) => commit(call, *index, id, name, arguments),
        Node::Tree(index, id) => Ok(tree(call, *index, id, name)),
        Node::Blob(index, id) => Ok(blob(call, *index, id, name)),
        Node::Issue(index, number) => issue(call, *index, *number, name, arguments),
        Node::Pull(index, number) => pull(call, *index, *number, name, arguments),
        Node::Connection(_, nodes, page) => Ok(connection(nodes, page, name)),
        Node::Payload(_, mark, parts) => Ok(match parts.iter().find(|(one, _)| *one == name) {
            Some((_, part)) => Held::One(part.clone()),
            None => Held::Leaf(mark.clone()),
        }),
        Node::Plain(_, value) => Ok(match (name, &value[name]) {
            ("user" | "enabledBy" | "author", Value::String(login)) => Held::One(Node::Account(login.clone())),
            ("commit", Value::Array(place)) => Held::One(Node::Commit(
                usize::try_from(place[0].as_u64().unwrap_or_default()).unwrap_or_default(),
                place[1].as_str().unwrap_or_default().to_owned(),
            )),
            ("user" | "commit", Value::Null) => Held::Nothing,
            (_, value) => Held::Leaf(value.clone()),
        }),
    }
}

fn text<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}

fn account_or_nothing(call: &Call<'_>, login: &str) -> Held {
    match call.world.account(login) {
        Some(account) => Held::One(Node::Account(account.login.clone())),
        None => Held::Nothing,
    }
}

fn query(call: &Call<'_>, name: &str, arguments: &Arguments) -> Reading {
    match name {
        "viewer" => Ok(account_or_nothing(call, call.caller.login().unwrap_or_default())),
        "user" => {
            let login = text(arguments, "login").unwrap_or_default();
            match account_or_nothing(call, login) {
                Held::Nothing => {
                    let message = format!("Could not resolve to a User with the login of '{login}'.");
                    Err(Trouble::new("NOT_FOUND", message))
                }
                found => Ok(found),
            }
        }
        "repository" => {
            let (owner, name) =
                (text(arguments, "owner").unwrap_or_default(), text(arguments, "name").unwrap_or_default());
            find_repository(call, owner, name).map(|index| Held::One(Node::Repository(index)))
        }
        "rateLimit" => {
            let reset = date(call.world.hour_ends);
            let value = json!({"limit": 5000, "cost": 1, "remaining": 4999, "used": 1, "resetAt": reset});
            Ok(Held::One(Node::Plain("RateLimit", value)))
        }
        _ => Ok(Held::Nothing),
    }
}

/// A repository by name, of today or of before, as far as the caller may know of it.
pub(super) fn find_repository(call: &Call<'_>, owner: &str, name: &str) -> Result<usize, Trouble> {
    let full = format!("{owner}/{name}");
    let former =
        || call.world.projects.iter().position(|one| one.former.iter().any(|name| name.eq_ignore_ascii_case(&full)));
    let found = call.world.position(owner, name).or_else(former);
    found
        .filter(|&index| call.sees(&call.world.projects[index]))
        .ok_or_else(|| Trouble::new("NOT_FOUND", format!("Could not resolve to a Repository with the name '{full}'.")))
}

fn account(call: &Call<'_>, login: &str, name: &str) -> Held {
    let Some(account) = call.world.account(login) else { return Held::Nothing };
    Held::Leaf(match name {
        "id" => json!(node("U", account.id)),
        "databaseId" => json!(account.id),
        "name" => json!(account.name),
        "email" => json!(account.email.clone().unwrap_or_default()),
        "url" => json!(format!("{}/{}", call.world.web, encoded(&account.login))),
        "avatarUrl" => json!(format!("{}/avatars/u/{}?v=4", call.world.web, account.id)),
        _ => json!(account.login),
    })
}

// ---- repositories ----

fn repository(call: &Call<'_>, index: usize, name: &str, arguments: &Arguments) -> Reading {
    let project = &call.world.projects[index];
    let permission = call.caller.login().map_or(Permission::Read, |login| call.world.permission(project, login));
    let allows = |method: &str| json!(project.merge_methods.contains(method));
    Ok(Held::Leaf(match name {
        "id" => json!(node("R", project.id)),
        "databaseId" => json!(project.id),
        "name" => json!(project.name),
        "nameWithOwner" => json!(project.full_name()),
        "url" => json!(call.pen().page_of(project)),
        "sshUrl" => json!(format!("git@{}:{}.git", call.world.host(), project.full_name())),
        "isFork" => json!(project.fork_of.is_some()),
        "isArchived" => json!(project.archived),
        "isEmpty" => json!(project.is_empty()),
        "isPrivate" => json!(project.private),
        "isMirror" => json!(project.mirror_url.is_some()),
        "isDisabled" | "isLocked" | "hasVulnerabilityAlertsEnabled" | "hasDiscussionsEnabled" => json!(false),
        "mirrorUrl" => json!(project.mirror_url),
        "visibility" => json!(if project.private { "PRIVATE" } else { "PUBLIC" }),
        "description" => json!(project.description),
        "autoMergeAllowed" => json!(project.allow_auto_merge),
        "deleteBranchOnMerge" => json!(project.delete_branch_on_merge),
        "mergeCommitAllowed" => allows("merge"),
        "rebaseMergeAllowed" => allows("rebase"),
        "squashMergeAllowed" => allows("squash"),
        "hasIssuesEnabled" => json!(project.has_issues),
        "viewerPermission" => json!(match permission {
            Permission::None => None,
            Permission::Read => Some("READ"),
            Permission::Triage => Some("TRIAGE"),
            Permission::Write => Some("WRITE"),
            Permission::Maintain => Some("MAINTAIN"),
            Permission::Admin => Some("ADMIN"),
        }),
        "viewerCanAdminister" => json!(permission == Permission::Admin),
        "pushedAt" => json!(date(project.pushed_at)),
        "updatedAt" => json!(date(project.updated_at)),
        "createdAt" => json!(date(project.created_at)),
        _ => return below_repository(call, index, name, arguments),
    }))
}

fn below_repository(call: &Call<'_>, index: usize, name: &str, arguments: &Arguments) -> Reading {
    let project = &call.world.projects[index];
    match name {
        "owner" => Ok(Held::One(Node::Account(project.owner.clone()))),
        "parent" => {
            let parent = project.fork_of.and_then(|id| call.world.projects.iter().position(|one| one.id == id));
            Ok(parent.map_or(Held::Nothing, |parent| Held::One(Node::Repository(parent))))
        }
        "defaultBranchRef" => Ok(find_ref(project, index, &format!("refs/heads/{}", project.default_branch))),
        "ref" => {
            let wanted = text(arguments, "qualifiedName").unwrap_or_default();
            let full = if wanted.starts_with("refs/") { wanted.to_owned() } else { format!("refs/heads/{wanted}") };
            Ok(find_ref(project, index, &full))
        }
        "refs" => {
            let prefix = text(arguments, "refPrefix").unwrap_or("refs/heads/");
            let wanted = text(arguments, "query").unwrap_or_default();
            let found = project.repository.refs(prefix).into_iter().map(|(name, _)| name);
            let found = found.filter(|name| name.contains(wanted)).map(|name| Node::Ref(index, name));
            page("RefConnection", "refs", found.collect(), arguments)
        }
        "object" => Ok(object(project, index, arguments)),
        "mergeQueue" => Ok(Held::Nothing),
        "labels" => {
            let labels = project.labels.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
            page("LabelConnection", "labels", label_nodes(project, &labels), arguments)
        }
        "issue" | "pullRequest" => {
            let number = arguments.get("number").and_then(Value::as_u64).unwrap_or_default();
            let is_pull = name == "pullRequest";
            let found = project.issue(number).filter(|issue| issue.pull.is_some() == is_pull);
            let what = if is_pull { "PullRequest" } else { "Issue" };
            let message = format!("Could not resolve to a {what} with the number of {number}.");
            found.ok_or_else(|| Trouble::new("NOT_FOUND", message))?;
            Ok(Held::One(if is_pull { Node::Pull(index, number) } else { Node::Issue(index, number) }))
        }
        "issues" => {
            let found = listed(project, arguments, false).into_iter().map(|number| Node::Issue(index, number));
            page("IssueConnection", "issues", found.collect(), arguments)
        }
        "pullRequests" => {
            let found = listed(project, arguments, true).into_iter().map(|number| Node::Pull(index, number));
            page("PullRequestConnection", "pullRequests", found.collect(), arguments)
        }
        _ => Ok(Held::Nothing),
    }
}

fn find_ref(project: &Project, index: usize, full: &str) -> Held {
    match project.repository.read_ref(full) {
        Some(_) => Held::One(Node::Ref(index, full.to_owned())),
        None => Held::Nothing,
    }
}

/// A commit, tree or blob by `oid` or by an expression such as `main:path`.
fn object(project: &Project, index: usize, arguments: &Arguments) -> Held {
    let Some(wanted) = text(arguments, "oid").or_else(|| text(arguments, "expression")) else { return Held::Nothing };
    let Some(id) = project.repository.read_ref(wanted) else { return Held::Nothing };
    match project.repository.kind(&id).as_deref() {
        Some("commit") => Held::One(Node::Commit(index, id)),
        Some("tree") => Held::One(Node::Tree(index, id)),
        Some("blob") => Held::One(Node::Blob(index, id)),
        _ => Held::Nothing,
    }
}

/// The numbers of issues or pull requests that fit the arguments, in the order asked for.
fn listed(project: &Project, arguments: &Arguments, pulls: bool) -> Vec<u64> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let nothing = Value::Null;
    let filter = arguments.get("filterBy").unwrap_or(&nothing);
    let given = arguments.get("states").unwrap_or(&filter["states"]);
    let states = if let Some(one) = given.as_str() { vec![one.to_owned()] } else { texts(given) };
    let labels = texts(arguments.get("labels").unwrap_or(&filter["labels"]));
    let fits = |issue: &&Issue| {
        let head = text(arguments, "headRefName");
        let base = text(arguments, "baseRefName");
        let pull = issue.pull.as_ref();
        pull.is_some() == pulls
            && (states.is_empty() || states.iter().any(|one| one == state(issue)))
            && labels.iter().all(|label| issue.labels.contains(label))
            && filter["createdBy"].as_str().is_none_or(|login| issue.author.eq_ignore_ascii_case(login))
            && head.is_none_or(|head| pull.is_some_and(|pull| pull.head_branch == head))
            && base.is_none_or(|base| pull.is_some_and(|pull| pull.base_branch == base))
    };
    let mut found: Vec<&Issue> = project.issues.iter().filter(fits).collect();
    let order = arguments.get("orderBy").unwrap_or(&nothing);
    if order["field"] == "UPDATED_AT" {
        found.sort_by_key(|issue| (issue.updated_at, issue.number));
    }
    if order["direction"] == "DESC" {
        found.reverse();
    }
    found.into_iter().map(|issue| issue.number).collect()
}

fn state(issue: &Issue) -> &'static str {
    match (&issue.pull, issue.open) {
        (_, true) => "OPEN",
        (Some(pull), false) if pull.merged.is_some() => "MERGED",
        (_, false) => "CLOSED",
    }
}

fn label_nodes(project: &Project, names: &[String]) -> Vec<Node> {
    names
        .iter()
        .filter_map(|name| project.label(name))
        .map(|label| {
            let value = json!({
                "id": node("LA", label.id), "name": label.name, "color": label.color,
                "description": label.description,
            });
            Node::Plain("Label", value)
        })
        .collect()
}

// ---- lists ----

/// A part of a list; the service wants to be told how long it may be.
fn page(kind: &'static str, name: &str, nodes: Vec<Node>, arguments: &Arguments) -> Reading {
    let number = |name: &str| arguments.get(name).and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let (first, last) = (number("first"), number("last"));
    let Some(size) = first.or(last) else {
        let message =
            format!("You must provide a `first` or `last` value to properly paginate the `{name}` connection.");
        return Err(Trouble::new("MISSING_PAGINATION_BOUNDARIES", message));
    };
    if size > 100 {
        let which = if first.is_some() { "first" } else { "last" };
        let message =
            format!("Requesting {size} records on the `{name}` connection exceeds the `{which}` limit of 100 records.");
        return Err(Trouble::new("EXCESSIVE_PAGINATION", message));
    }
    let total = nodes.len();
    let start = match first {
        Some(_) => text(arguments, "after").and_then(|cursor| cursor.strip_prefix("place:")?.parse().ok()).unwrap_or(0),
        None => total.saturating_sub(size),
    };
    let part = nodes.into_iter().skip(start).take(size).collect();
    Ok(Held::One(Node::Connection(kind, part, Page { total, start })))
}

fn connection(nodes: &[Node], page: &Page, name: &str) -> Held {
    match name {
        "totalCount" => Held::Leaf(json!(page.total)),
        "nodes" => Held::Many(nodes.to_vec()),
        _ => {
            let end = page.start + nodes.len();
            let cursor = |place: usize| if nodes.is_empty() { Value::Null } else { json!(format!("place:{place}")) };
            let value = json!({
                "hasNextPage": end < page.total, "hasPreviousPage": page.start > 0,
                "startCursor": cursor(page.start + 1), "endCursor": cursor(end),
            });
            Held::One(Node::Plain("PageInfo", value))
        }
    }
}

// ---- git ----

fn reference(call: &Call<'_>, index: usize, full: &str, name: &str) -> Held {
    let project = &call.world.projects[index];
    let short = full.splitn(3, '/').nth(2).unwrap_or_default();
    match name {
        "id" => Held::Leaf(json!(format!("REF_kw{}_{full}", project.id))),
        "name" => Held::Leaf(json!(short)),
        "prefix" => Held::Leaf(json!(full.trim_end_matches(short))),
        "repository" => Held::One(Node::Repository(index)),
        _ => match project.repository.read_ref(full) {
            Some(id) => Held::One(Node::Commit(index, id)),
            None => Held::Nothing,
        },
    }
}

fn commit(call: &Call<'_>, index: usize, id: &str, name: &str, arguments: &Arguments) -> Reading {
    let project = &call.world.projects[index];
    let Some(commit) = project.repository.commit(id) else { return Ok(Held::Nothing) };
    let words = message(&commit);
    let (headline, body) = words.split_once("\n\n").unwrap_or((words, ""));
    let actor = |signature: &crate::git::Signature| {
        let login = call.world.account_of(signature).map(|account| account.login.clone());
        let value = json!({
            "name": signature.name, "email": signature.email, "date": date(signature.seconds), "user": login,
        });
        Held::One(Node::Plain("GitActor", value))
    };
    let signed = project.signed.contains(&commit.id);
    Ok(match name {
        "oid" => Held::Leaf(json!(commit.id)),
        "id" => Held::Leaf(json!(format!("C_kw{}", &commit.id[..12]))),
        "abbreviatedOid" => Held::Leaf(json!(&commit.id[..7])),
        "url" => Held::Leaf(json!(format!("{}/commit/{}", call.pen().page_of(project), commit.id))),
        "message" => Held::Leaf(json!(words)),
        "messageHeadline" => Held::Leaf(json!(headline)),
        "messageBody" => Held::Leaf(json!(body)),
        "committedDate" => Held::Leaf(json!(date(commit.committer.seconds))),
        "authoredDate" => Held::Leaf(json!(date(commit.author.seconds))),
        "committedViaWeb" => Held::Leaf(json!(signed)),
        "additions" | "deletions" => Held::Leaf(call.pen().whole_commit(project, &commit)["stats"][name].clone()),
        "repository" => Held::One(Node::Repository(index)),
        "tree" => Held::One(Node::Tree(index, commit.tree)),
        "author" => actor(&commit.author),
        "committer" => actor(&commit.committer),
        "signature" if signed => {
            let value = json!({"isValid": true, "state": "VALID", "wasSignedByGitHub": true});
            Held::One(Node::Plain("GitSignature", value))
        }
        "statusCheckRollup" if !project.statuses_of(&commit.id).is_empty() => {
            let state = project.combined_status(&commit.id).to_uppercase();
            Held::One(Node::Plain("StatusCheckRollup", json!({"state": state})))
        }
        "parents" => {
            let parents = commit.parents.into_iter().map(|id| Node::Commit(index, id)).collect();
            return page("CommitConnection", "parents", parents, arguments);
        }
        _ => Held::Nothing,
    })
}

fn tree(call: &Call<'_>, index: usize, id: &str, name: &str) -> Held {
    match name {
        "entries" => {
            let entries = call.world.projects[index].repository.tree(id, "", false).unwrap_or_default();
            let entries = entries.into_iter().map(|entry| {
                let mode = i64::from_str_radix(&entry.mode, 8).unwrap_or_default();
                let path = entry.path();
                Node::Plain(
                    "TreeEntry",
                    json!({"name": path, "path": path, "mode": mode, "type": entry.kind, "oid": entry.id}),
                )
            });
            Held::Many(entries.collect())
        }
        "repository" => Held::One(Node::Repository(index)),
        _ => object_id(id, "T", name),
    }
}

fn blob(call: &Call<'_>, index: usize, id: &str, name: &str) -> Held {
    let bytes = call.world.projects[index].repository.read_blob(id).unwrap_or_default();
    let is_binary = bytes.contains(&0);
    match name {
        "byteSize" => Held::Leaf(json!(bytes.len())),
        "isBinary" => Held::Leaf(json!(is_binary)),
        "isTruncated" => Held::Leaf(json!(false)),
        // No text for what is none.
        "text" => Held::Leaf(if is_binary { Value::Null } else { json!(String::from_utf8_lossy(&bytes)) }),
        "repository" => Held::One(Node::Repository(index)),
        _ => object_id(id, "B", name),
    }
}

fn object_id(id: &str, kind: &str, name: &str) -> Held {
    Held::Leaf(match name {
        "id" => json!(format!("{kind}_kw{}", &id[..12])),
        "abbreviatedOid" => json!(&id[..7]),
        _ => json!(id),
    })
}

// ---- issues and pull requests ----

fn issue(call: &Call<'_>, index: usize, number: u64, name: &str, arguments: &Arguments) -> Reading {
    let project = &call.world.projects[index];
    let Some(issue) = project.issue(number) else { return Ok(Held::Nothing) };
    let kind = if issue.pull.is_some() { "pull" } else { "issues" };
    Ok(Held::Leaf(match name {
        "id" => json!(node("I", issue.id)),
        "databaseId" => json!(issue.id),
        "number" => json!(issue.number),
        "title" => json!(issue.title),
        "body" => json!(issue.body.clone().unwrap_or_default()),
        "state" => json!(state(issue)),
        "url" => json!(format!("{}/{kind}/{number}", call.pen().page_of(project))),
        "createdAt" => json!(date(issue.created_at)),
        "updatedAt" => json!(date(issue.updated_at)),
        "closedAt" => maybe_date(issue.closed_at),
        "locked" => json!(issue.locked),
        "author" => return Ok(account_or_nothing(call, &issue.author)),
        "labels" => return page("LabelConnection", "labels", label_nodes(project, &issue.labels), arguments),
        "assignees" => {
            let assignees = issue.assignees.iter().map(|login| Node::Account(login.clone())).collect();
            return page("UserConnection", "assignees", assignees, arguments);
        }
        "comments" => {
            let comments = issue.comments.iter().map(|comment| {
                let value = json!({
                    "id": node("IC", comment.id), "databaseId": comment.id, "body": comment.body,
                    "createdAt": date(comment.created_at), "updatedAt": date(comment.updated_at),
                    "author": comment.author,
                });
                Node::Plain("IssueComment", value)
            });
            return page("IssueCommentConnection", "comments", comments.collect(), arguments);
        }
        _ => Value::Null,
    }))
}

fn pull(call: &Call<'_>, index: usize, number: u64, name: &str, arguments: &Arguments) -> Reading {
    let project = &call.world.projects[index];
    let Some((_, pull)) = project.pull(number) else { return Ok(Held::Nothing) };
    let head = pull.head_project.and_then(|id| call.world.projects.iter().position(|one| one.id == id));
    Ok(Held::Leaf(match name {
        "id" => json!(node("PR", pull.id)),
        "databaseId" => json!(pull.id),
        "fullDatabaseId" => json!(pull.id.to_string()),
        "isDraft" => json!(pull.draft),
        "merged" => json!(pull.merged.is_some()),
        "mergedAt" => maybe_date(pull.merged.as_ref().map(|merged| merged.at)),
        "isCrossRepository" => json!(head != Some(index)),
        "headRefName" => json!(pull.head_branch),
        "headRefOid" => json!(pull.head),
        "baseRefName" => json!(pull.base_branch),
        "baseRefOid" => json!(pull.base),
        "maintainerCanModify" => json!(pull.maintainer_can_modify),
        "mergeable" => json!(match mergeable(project, pull) {
            Mergeable::Unknown => "UNKNOWN",
            Mergeable::Yes => "MERGEABLE",
            Mergeable::No => "CONFLICTING",
        }),
        "mergeStateStatus" => json!(mergeable_state(project, pull).to_uppercase()),
        "reviewDecision" => review_decision(project, pull),
        "autoMergeRequest" => {
            let Some(auto) = &pull.auto_merge else { return Ok(Held::Nothing) };
            let value = json!({
                "mergeMethod": auto.method.to_uppercase(), "commitHeadline": auto.title,
                "commitBody": auto.message, "enabledBy": auto.by,
            });
            return Ok(Held::One(Node::Plain("AutoMergeRequest", value)));
        }
        "repository" => return Ok(Held::One(Node::Repository(index))),
        "headRepository" => return Ok(head.map_or(Held::Nothing, |head| Held::One(Node::Repository(head)))),
        "headRepositoryOwner" => {
            return Ok(if head.is_some() { account_or_nothing(call, &pull.head_owner) } else { Held::Nothing });
        }
        "headRef" => {
            let full = format!("refs/heads/{}", pull.head_branch);
            return Ok(head.map_or(Held::Nothing, |head| find_ref(&call.world.projects[head], head, &full)));
        }
        "baseRef" => return Ok(find_ref(project, index, &format!("refs/heads/{}", pull.base_branch))),
        "mergeCommit" => {
            let merged = pull.merged.as_ref();
            return Ok(merged.map_or(Held::Nothing, |merged| Held::One(Node::Commit(index, merged.commit.clone()))));
        }
        "commits" => {
            let mut ids = project.repository.log(&format!("{}..{}", pull.base, pull.head), None);
            ids.reverse();
            let commits = ids.into_iter().map(|id| Node::Plain("PullRequestCommit", json!({"commit": [index, id]})));
            return page("PullRequestCommitConnection", "commits", commits.collect(), arguments);
        }
        _ => return issue(call, index, number, name, arguments),
    }))
}

fn review_decision(project: &Project, pull: &Pull) -> Value {
    let wanted = project.protections.get(&pull.base_branch).map(|protection| protection.approvals).unwrap_or_default();
    let approvals = pull.reviews.iter().filter(|review| review.state == "APPROVED").count() as u64;
    match wanted {
        0 => Value::Null,
        wanted if approvals >= wanted => json!("APPROVED"),
        _ => json!("REVIEW_REQUIRED"),
    }
}

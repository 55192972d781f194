//! Issues: the dashboards of bots, mostly.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, forbidden, invalid, not_found, page};
use super::labels;
use super::merge_requests::{has_labels, tasks, within};
use super::routes::Call;
use super::world::{Issue, Project, World, level, time};
use crate::exchange::Answer;

/// `GET issues`
pub(super) fn list_everywhere(world: &World, call: &Call) -> Reply {
    call.someone()?;
    let scope = call.parameters.text("scope").unwrap_or_else(|| "created_by_me".to_owned());
    list(world, call, &scope, |_| true)
}

fn list(world: &World, call: &Call, scope: &str, wanted: impl Fn(&Project) -> bool) -> Reply {
    let parameters = &call.parameters;
    let me = call.user();
    let state = parameters.text("state").unwrap_or_else(|| "all".to_owned());
    let named = |name: &str| parameters.filled(name).map(|user| world.user_named(&user).map_or(-1, |user| user.id));
    let author = named("author_username").or_else(|| parameters.number("author_id"));
    let labels = parameters.list("labels").unwrap_or_default();
    let iids = parameters.list("iids");
    let search = parameters.filled("search").map(|search| search.to_lowercase());
    let in_title_only = parameters.text("in").as_deref() == Some("title");
    let matches = |issue: &Issue| {
        (state == "all" || issue.state == state)
            && match scope.replace('-', "_").as_str() {
                "created_by_me" => Some(issue.author) == me,
                "assigned_to_me" => me.is_some_and(|me| issue.assignees.contains(&me)),
                _ => true,
            }
            && author.is_none_or(|author| issue.author == author)
            && iids.as_ref().is_none_or(|iids| iids.contains(&issue.iid.to_string()))
            && has_labels(&issue.labels, &labels)
            && search.as_ref().is_none_or(|search| {
                let text = issue.description.as_ref().filter(|_| !in_title_only);
                format!("{}\n{}", issue.title, text.cloned().unwrap_or_default()).to_lowercase().contains(search)
            })
            && within(call, "created", issue.created_at)
            && within(call, "updated", issue.updated_at)
    };
    let mut found: Vec<(&Project, &Issue)> = world
        .projects
        .values()
        .filter(|project| wanted(project) && world.can_see(me, project))
        .flat_map(|project| project.issues.iter().map(move |issue| (project, issue)))
        .filter(|(_, issue)| matches(issue))
        .collect();
    let by_update = parameters.text("order_by").as_deref() == Some("updated_at");
    found.sort_by_key(|(_, issue)| (if by_update { issue.updated_at } else { issue.created_at }, issue.id));
    if parameters.text("sort").as_deref() != Some("asc") {
        found.reverse();
    }
    let details = parameters.flag("with_labels_details") == Some(true);
    page(call, &found, |(project, issue)| {
        let mut all = show(world, project, issue);
        if details {
            all["labels"] = labels::details(project, &issue.labels);
        }
        all
    })
}

/// `projects/:id/issues…`
pub(super) fn issues(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    if world.project(id).issues_access == "disabled" {
        return Err(forbidden(""));
    }
    match (method, rest) {
        ("GET", []) => {
            let scope = call.parameters.text("scope").unwrap_or_else(|| "all".to_owned());
            list(world, call, &scope, |project| project.id == id)
        }
        ("POST", []) => {
            let user = need(world, call, id, level::GUEST)?;
            call.parameters.require(&["title"])?;
            let title = call.parameters.text("title").unwrap_or_default();
            if title.trim().is_empty() {
                return Err(invalid("title", "can't be blank"));
            }
            let labels: BTreeSet<String> = call.parameters.list("labels").unwrap_or_default().into_iter().collect();
            world.ensure_labels(id, &labels);
            world.clock.tick();
            let iid = world.open_issue(id, user, &title, call.parameters.text("description"));
            let assignees = people(world, call);
            let issue = world.project_mut(id).issues.iter_mut().find(|issue| issue.iid == iid).expect("just opened");
            issue.labels = labels;
            issue.assignees = assignees.unwrap_or_default();
            issue.confidential = call.parameters.flag("confidential").unwrap_or(false);
            let project = world.project(id);
            Ok(Answer::json(201, &show(world, project, project.issue(iid).expect("just opened"))))
        }
        (_, [iid]) => {
            let iid: Option<i64> = iid.parse().ok().filter(|iid| world.project(id).issue(*iid).is_some());
            one(world, call, method, id, iid.ok_or_else(|| not_found(""))?)
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn people(world: &World, call: &Call) -> Option<Vec<i64>> {
    let given = call.parameters.list("assignee_ids").or_else(|| call.parameters.list("assignee_id"))?;
    let known = |id: &i64| world.users.iter().any(|user| user.id == *id);
    Some(given.iter().filter_map(|id| id.parse().ok()).filter(known).collect())
}

fn one(world: &mut World, call: &Call, method: &str, id: i64, iid: i64) -> Reply {
    let project = world.project(id);
    let issue = project.issue(iid).expect("it was looked up before");
    match method {
        "GET" => {
            let mut all = show(world, project, issue);
            all["subscribed"] = json!(call.user() == Some(issue.author));
            Ok(Answer::json(200, &all))
        }
        "PUT" => {
            let user = call.someone()?;
            if issue.author != user && world.level(Some(user), project) < level::REPORTER {
                return Err(forbidden(""));
            }
            let parameters = &call.parameters;
            let mut wanted = issue.labels.clone();
            if let Some(labels) = parameters.list("labels") {
                wanted = labels.into_iter().collect();
            }
            wanted.extend(parameters.list("add_labels").unwrap_or_default());
            for label in parameters.list("remove_labels").unwrap_or_default() {
                wanted.remove(&label);
            }
            world.ensure_labels(id, &wanted);
            let assignees = people(world, call);
            let now = world.clock.tick();
            let issue = world.project_mut(id).issues.iter_mut().find(|issue| issue.iid == iid).expect("found above");
            issue.labels = wanted;
            if let Some(title) = parameters.filled("title") {
                issue.title = title;
            }
            if parameters.has("description") {
                issue.description = parameters.text("description");
            }
            if let Some(assignees) = assignees {
                issue.assignees = assignees;
            }
            if let Some(confidential) = parameters.flag("confidential") {
                issue.confidential = confidential;
            }
            if let Some(locked) = parameters.flag("discussion_locked") {
                issue.discussion_locked = Some(locked);
            }
            match parameters.text("state_event").as_deref() {
                Some("close") => (issue.state, issue.closed) = ("closed", Some((user, now))),
                Some("reopen") => (issue.state, issue.closed) = ("opened", None),
                _ => {}
            }
            issue.updated_at = now;
            let project = world.project(id);
            Ok(Answer::json(200, &show(world, project, project.issue(iid).expect("found above"))))
        }
        "DELETE" => {
            need(world, call, id, level::OWNER)?;
            world.clock.tick();
            world.project_mut(id).issues.retain(|issue| issue.iid != iid);
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn show(world: &World, project: &Project, issue: &Issue) -> Value {
    let web_url = format!("{}/{}/-/issues/{}", world.url, project.full_path, issue.iid);
    let api = format!("{}/api/v4/projects/{}", world.url, project.id);
    let tasks = tasks(issue.description.as_deref().unwrap_or_default());
    let reference = format!("#{}", issue.iid);
    json!({
        "id": issue.id,
        "iid": issue.iid,
        "project_id": project.id,
        "title": issue.title,
        "description": issue.description,
        "state": issue.state,
        "created_at": time(issue.created_at),
        "updated_at": time(issue.updated_at),
        "closed_at": issue.closed.map(|(_, at)| time(at)),
        "closed_by": issue.closed.map(|(user, _)| world.user_basic(user)),
        "labels": issue.labels,
        "milestone": Value::Null,
        "assignees": world.users_basic(&issue.assignees),
        "author": world.user_basic(issue.author),
        "type": "ISSUE",
        "assignee": issue.assignees.first().map(|user| world.user_basic(*user)),
        "user_notes_count": issue.notes.iter().filter(|note| !note.system).count(),
        "merge_requests_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "due_date": Value::Null,
        "confidential": issue.confidential,
        "discussion_locked": issue.discussion_locked,
        "issue_type": "issue",
        "web_url": web_url,
        "time_stats": {
            "time_estimate": 0, "total_time_spent": 0,
            "human_time_estimate": Value::Null, "human_total_time_spent": Value::Null,
        },
        "task_completion_status": tasks,
        "blocking_issues_count": 0,
        "has_tasks": tasks["count"] != json!(0),
        "_links": {
            "self": format!("{api}/issues/{}", issue.iid),
            "notes": format!("{api}/issues/{}/notes", issue.iid),
            "award_emoji": format!("{api}/issues/{}/award_emoji", issue.iid),
            "project": api,
            "closed_as_duplicate_of": Value::Null,
        },
        "references": {
            "short": reference, "relative": reference, "full": format!("{}{reference}", project.full_path),
        },
        "severity": "UNKNOWN",
        "moved_to_id": Value::Null,
        "imported": false,
        "imported_from": "none",
        "service_desk_reply_to": Value::Null,
    })
}

impl World {
    pub(super) fn open_issue(&mut self, id: i64, author: i64, title: &str, description: Option<String>) -> i64 {
        let now = self.clock.now();
        let number = self.next_id();
        let project = self.project_mut(id);
        let iid = project.issues.iter().map(|issue| issue.iid).max().unwrap_or(0) + 1;
        project.issues.push(Issue {
            id: number,
            iid,
            title: title.to_owned(),
            description,
            state: "opened",
            author,
            assignees: Vec::new(),
            labels: BTreeSet::new(),
            confidential: false,
            discussion_locked: None,
            notes: Vec::new(),
            created_at: now,
            updated_at: now,
            closed: None,
        });
        iid
    }
}

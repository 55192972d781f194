//! Issues, and what pull requests share with them: labels, assignees, comments.
//!
//! In: calls below `issues`, `labels` and `assignees`. Out: the issue as it is then. A pull request is an issue here.

use serde_json::{Value, json};

use crate::exchange::Answer;

use super::answers::{Outcome, custom, error, field, invalid, not_found};
use super::call::{Call, Caller, is_bot, names, too_long, with_link};
use super::life;
use super::represent::{Pen, date};
use super::state::{Comment, Issue, Label, Permission, Project};

/// The longest body that the service stores.
pub(super) const LONGEST_BODY: usize = 65_536;
/// The longest title.
pub(super) const LONGEST_TITLE: usize = 256;

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", ["labels"]) => {
            let project = &call.world.projects[index];
            call.page(project.labels.iter().collect(), |pen, label| pen.label(project, label))
        }
        ("POST", ["labels"]) => create_label(call, index),
        ("GET", ["labels", name]) => {
            let project = &call.world.projects[index];
            let label = project.label(name).ok_or_else(not_found)?;
            Ok(Answer::json(200, &call.pen().label(project, label)))
        }
        ("GET", ["assignees"]) => call.page(call.assignable(index), |pen, login| pen.user(&login)),
        ("GET", ["assignees", login]) => {
            let is_one = call.assignable(index).iter().any(|one| one.eq_ignore_ascii_case(login));
            if is_one { Ok(Answer::empty(204)) } else { Err(not_found()) }
        }
        ("GET", ["issues"]) => list(call, index),
        ("POST", ["issues"]) => create(call, index),
        ("PATCH", ["issues", "comments", id]) => edit_comment(call, index, id),
        ("DELETE", ["issues", "comments", id]) => delete_comment(call, index, id),
        ("GET", ["issues", "comments", id]) => {
            let (number, place) = find_comment(call, index, id)?;
            let project = &call.world.projects[index];
            let issue = project.issue(number).ok_or_else(not_found)?;
            Ok(Answer::json(200, &call.pen().comment(project, issue, &issue.comments[place])))
        }
        (_, ["issues", number, rest @ ..]) => {
            let number: u64 = number.parse().map_err(|_| not_found())?;
            call.world.projects[index].issue(number).ok_or_else(not_found)?;
            on_issue(call, index, number, method, rest)
        }
        _ => Err(not_found()),
    }
}

fn on_issue(call: &mut Call<'_>, index: usize, number: u64, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", []) => answer(call, index, number, 200),
        ("PATCH", []) => edit(call, index, number),
        ("GET", ["comments"]) => comments(call, index, number),
        ("POST", ["comments"]) => comment(call, index, number),
        ("GET", ["labels"]) => labels(call, index, number),
        ("POST", ["labels"]) => add_labels(call, index, number, false),
        ("PUT", ["labels"]) => add_labels(call, index, number, true),
        ("DELETE", ["labels", name]) => remove_label(call, index, number, name),
        ("POST", ["assignees"]) => add_assignees(call, index, number),
        _ => Err(not_found()),
    }
}

impl Call<'_> {
    /// Who may be assigned and asked for reviews: people who could push.
    pub(super) fn assignable(&self, index: usize) -> Vec<String> {
        let project = &self.world.projects[index];
        self.world
            .accounts
            .iter()
            .filter(|account| account.kind == super::state::Kind::User && account.login != "ghost")
            .filter(|account| self.world.permission(project, &account.login) >= Permission::Write)
            .map(|account| account.login.clone())
            .collect()
    }

    /// The area that an issue belongs to: rights to pull requests suffice for one.
    fn area(&self, index: usize, number: u64) -> &'static str {
        let is_pull = self.world.projects[index].pull(number).is_some();
        match &self.caller {
            Caller::Limited { permissions, .. }
                if is_pull && permissions.get("pull_requests").is_some_and(|level| level == "write") =>
            {
                "pull_requests"
            }
            _ => "issues",
        }
    }
}

fn answer(call: &Call<'_>, index: usize, number: u64, status: u16) -> Outcome {
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    Ok(Answer::json(status, &call.pen().issue(project, issue)))
}

fn touch<'a>(call: &'a mut Call<'_>, index: usize, number: u64) -> Result<&'a mut Issue, Answer> {
    let now = call.world.clock.tick();
    let issue = call.world.projects[index].issue_mut(number).ok_or_else(not_found)?;
    issue.updated_at = now;
    Ok(issue)
}

// ---- lists ----

fn list(call: &Call<'_>, index: usize) -> Outcome {
    let project = &call.world.projects[index];
    let mut found: Vec<&Issue> = project.issues.iter().filter(|issue| fits(call, issue)).collect();
    sort(call, &mut found);
    call.page(found, |pen, issue| pen.issue(project, issue))
}

fn fits(call: &Call<'_>, issue: &Issue) -> bool {
    let parameter = |name: &str| call.request.parameter(name);
    let state = match parameter("state").as_deref() {
        Some("all") => true,
        Some("closed") => !issue.open,
        _ => issue.open,
    };
    let labels = parameter("labels").is_none_or(|labels| {
        let mut wanted = labels.split(',').filter(|label| !label.is_empty());
        wanted.all(|label| issue.labels.iter().any(|one| one.eq_ignore_ascii_case(label)))
    });
    let creator = parameter("creator").is_none_or(|login| issue.author.eq_ignore_ascii_case(&login));
    let assignee = match parameter("assignee").as_deref() {
        None | Some("*") => true,
        Some("none") => issue.assignees.is_empty(),
        Some(login) => issue.assignees.iter().any(|one| one.eq_ignore_ascii_case(login)),
    };
    let since = parameter("since").is_none_or(|since| date(issue.updated_at) >= since);
    state && labels && creator && assignee && since
}

fn sort(call: &Call<'_>, found: &mut [&Issue]) {
    match call.request.parameter("sort").as_deref() {
        Some("updated") => found.sort_by_key(|issue| (issue.updated_at, issue.number)),
        Some("comments") => found.sort_by_key(|issue| (issue.comments.len(), issue.number)),
        _ => found.sort_by_key(|issue| issue.number),
    }
    if call.request.parameter("direction").as_deref() != Some("asc") {
        found.reverse();
    }
}

/// Issues and pull requests of all repositories; the qualifiers that bots use are played.
pub(super) fn search(call: &Call<'_>) -> Outcome {
    let Some(wanted) = call.request.parameter("q").filter(|wanted| !wanted.trim().is_empty()) else {
        return Err(field("Search", "q", "missing"));
    };
    let mut found: Vec<(&Project, &Issue)> = Vec::new();
    for project in call.world.projects.iter().filter(|project| call.sees(project)) {
        found
            .extend(project.issues.iter().filter(|issue| is_wanted(&wanted, project, issue)).map(|one| (project, one)));
    }
    found.reverse();
    let total = found.len();
    let (part, link) = call.cut(found);
    let pen = call.pen();
    let items: Vec<Value> = part
        .into_iter()
        .map(|(project, issue)| {
            let mut value = pen.issue(project, issue);
            value["score"] = json!(1.0);
            if let Value::Object(map) = &mut value {
                map.remove("closed_by");
            }
            value
        })
        .collect();
    let body = json!({"total_count": total, "incomplete_results": false, "items": items, "search_type": "lexical"});
    Ok(with_link(Answer::json(200, &body), link))
}

fn is_wanted(wanted: &str, project: &Project, issue: &Issue) -> bool {
    wanted.split_whitespace().all(|word| match word.split_once(':') {
        Some(("repo", name)) => project.full_name().eq_ignore_ascii_case(name),
        Some(("user" | "org", owner)) => project.owner.eq_ignore_ascii_case(owner),
        Some(("author", login)) => {
            issue.author.eq_ignore_ascii_case(login)
                || issue.author == format!("{}[bot]", login.trim_start_matches("app/"))
        }
        Some(("is" | "type" | "state", "open")) => issue.open,
        Some(("is" | "type" | "state", "closed")) => !issue.open,
        Some(("is" | "type", "pr")) => issue.pull.is_some(),
        Some(("is" | "type", "issue")) => issue.pull.is_none(),
        Some(("head", branch)) => issue.pull.as_ref().is_some_and(|pull| pull.head_branch == branch),
        Some(("label", label)) => issue.labels.iter().any(|one| one == label.trim_matches('"')),
        Some(_) => true,
        None => {
            let text = format!("{} {}", issue.title, issue.body.as_deref().unwrap_or_default());
            text.to_lowercase().contains(&word.to_lowercase())
        }
    })
}

// ---- issues ----

fn title(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}

fn create(call: &mut Call<'_>, index: usize) -> Outcome {
    let login = call.may_write(index, "issues", Permission::Read)?;
    if !call.world.projects[index].has_issues {
        return Err(error(410, "Issues has been disabled in this repository."));
    }
    let title = title(&call.body["title"]).filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| field("Issue", "title", "missing_field"))?;
    let body = call.text("body");
    too_long("Issue", "title", Some(&title), LONGEST_TITLE)?;
    too_long("Issue", "body", body.as_deref(), LONGEST_BODY)?;
    let assignees = call.body.get("assignees").map(names).transpose()?.unwrap_or_default();
    check_assignees(call, index, &assignees)?;
    let may_label = call.world.permission(&call.world.projects[index], &login) >= Permission::Triage;
    let labels = call.body.get("labels").map(names).transpose()?.unwrap_or_default();
    let number = add(call.world, index, &login, &title, body);
    // Who may not label is not refused: the labels are dropped.
    if may_label {
        let labels = ensure_labels(call, index, &labels)?;
        if let Some(issue) = call.world.projects[index].issue_mut(number) {
            issue.labels = labels;
            issue.assignees = assignees;
        }
    }
    let made = answer(call, index, number, 201)?;
    let url = format!("{}/issues/{number}", call.pen().home(&call.world.projects[index]));
    Ok(made.with("location", url))
}

/// A new issue; its number is the next one that neither an issue nor a pull request has.
pub(super) fn add(
    world: &mut super::state::World,
    index: usize,
    author: &str,
    title: &str,
    body: Option<String>,
) -> u64 {
    let now = world.clock.tick();
    let id = world.next_id();
    let project = &mut world.projects[index];
    let number = project.issues.iter().map(|issue| issue.number).max().unwrap_or_default() + 1;
    project.issues.push(Issue {
        id,
        number,
        title: title.to_owned(),
        body,
        author: author.to_owned(),
        open: true,
        state_reason: None,
        labels: Vec::new(),
        assignees: Vec::new(),
        comments: Vec::new(),
        locked: false,
        created_at: now,
        updated_at: now,
        closed_at: None,
        closed_by: None,
        pull: None,
    });
    number
}

fn check_assignees(call: &Call<'_>, index: usize, assignees: &[String]) -> Result<(), Answer> {
    let known = call.assignable(index);
    for login in assignees {
        let is_known = known.iter().any(|one| one.eq_ignore_ascii_case(login));
        if !is_known && !is_bot(call.world, login) {
            let reason = json!({"value": login, "resource": "Issue", "field": "assignees", "code": "invalid"});
            return Err(invalid(&[reason]));
        }
    }
    Ok(())
}

fn edit(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let area = call.area(index, number);
    let login = call.login()?;
    let is_author =
        call.world.projects[index].issue(number).is_some_and(|issue| issue.author.eq_ignore_ascii_case(&login));
    call.may_write(index, area, if is_author { Permission::Read } else { Permission::Triage })?;
    let new_title = title(&call.body["title"]);
    if new_title.as_deref() == Some("") {
        return Err(field("Issue", "title", "missing_field"));
    }
    let body = call.body.get("body").map(|body| body.as_str().map(str::to_owned));
    too_long("Issue", "title", new_title.as_deref(), LONGEST_TITLE)?;
    too_long("Issue", "body", body.as_ref().and_then(|body| body.as_deref()), LONGEST_BODY)?;
    let labels = call.body.get("labels").map(names).transpose()?;
    let assignees = call.body.get("assignees").map(names).transpose()?;
    check_assignees(call, index, assignees.as_deref().unwrap_or_default())?;
    let labels = labels.map(|labels| ensure_labels(call, index, &labels)).transpose()?;
    let state = call.text("state");
    if let Some(state) = &state {
        change_state(call, index, number, state, &login)?;
    }
    let reason = call.text("state_reason");
    let issue = touch(call, index, number)?;
    if let Some(title) = new_title {
        issue.title = title;
    }
    if let Some(body) = body {
        issue.body = body;
    }
    if let Some(labels) = labels {
        issue.labels = labels;
    }
    if let Some(assignees) = assignees {
        issue.assignees = assignees;
    }
    if issue.pull.is_none() && (reason.is_some() || state.is_some()) {
        let standard = if issue.open { None } else { Some("completed".to_owned()) };
        issue.state_reason = reason.or(standard);
    }
    answer(call, index, number, 200)
}

/// Opens or closes an issue or a pull request.
pub(super) fn change_state(
    call: &mut Call<'_>,
    index: usize,
    number: u64,
    state: &str,
    login: &str,
) -> Result<(), Answer> {
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    let resource = if issue.pull.is_some() { "PullRequest" } else { "Issue" };
    match state {
        "closed" if issue.open => life::close(call.world, index, number, Some(login.to_owned())),
        "open" if !issue.open => {
            if let Some(message) = life::reopening_obstacle(call.world, index, number) {
                let reason = json!({"resource": resource, "code": "invalid", "field": "state", "message": message});
                return Err(invalid(&[reason]));
            }
            if let Some(issue) = call.world.projects[index].issue_mut(number) {
                issue.open = true;
                issue.closed_at = None;
                issue.closed_by = None;
            }
        }
        "open" | "closed" => {}
        _ => return Err(field(resource, "state", "invalid")),
    }
    Ok(())
}

// ---- labels ----

fn create_label(call: &mut Call<'_>, index: usize) -> Outcome {
    call.may_write(index, "issues", Permission::Write)?;
    let name = call.required("Label", "name")?;
    if call.world.projects[index].label(&name).is_some() {
        return Err(field("Label", "name", "already_exists"));
    }
    let color = call.text("color").unwrap_or_else(|| "ededed".to_owned());
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(field("Label", "color", "invalid"));
    }
    let description = call.text("description");
    if description.as_ref().is_some_and(|text| text.chars().count() > 100) {
        return Err(custom("Label", "description is too long (maximum is 100 characters)"));
    }
    call.world.clock.tick();
    let label = Label { id: call.world.next_id(), name, color, description };
    let body = call.pen().label(&call.world.projects[index], &label);
    call.world.projects[index].labels.push(label);
    Ok(Answer::json(201, &body))
}

/// Labels that do not exist are made, as the service does; gives the names as they are written there.
fn ensure_labels(call: &mut Call<'_>, index: usize, names: &[String]) -> Result<Vec<String>, Answer> {
    let mut written = Vec::new();
    for name in names {
        if name.chars().count() > 50 {
            return Err(custom("Label", "name is too long (maximum is 50 characters)"));
        }
        let known = call.world.projects[index].label(name).map(|label| label.name.clone());
        let name = known.unwrap_or_else(|| {
            let label =
                Label { id: call.world.next_id(), name: name.clone(), color: "ededed".to_owned(), description: None };
            call.world.projects[index].labels.push(label);
            name.clone()
        });
        if !written.contains(&name) {
            written.push(name);
        }
    }
    Ok(written)
}

fn labels(call: &Call<'_>, index: usize, number: u64) -> Outcome {
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    let found: Vec<&Label> = issue.labels.iter().filter_map(|name| project.label(name)).collect();
    call.page(found, |pen, label| pen.label(project, label))
}

fn add_labels(call: &mut Call<'_>, index: usize, number: u64, instead: bool) -> Outcome {
    let area = call.area(index, number);
    call.may_write(index, area, Permission::Triage)?;
    // A bare array is as good as an object with `labels`.
    let list = if call.body.is_array() { call.body.clone() } else { call.body["labels"].clone() };
    let names = ensure_labels(call, index, &names(&list)?)?;
    let issue = touch(call, index, number)?;
    if instead {
        issue.labels.clear();
    }
    for name in names {
        if !issue.labels.contains(&name) {
            issue.labels.push(name);
        }
    }
    labels(call, index, number)
}

fn remove_label(call: &mut Call<'_>, index: usize, number: u64, name: &str) -> Outcome {
    let area = call.area(index, number);
    call.may_write(index, area, Permission::Triage)?;
    let issue = touch(call, index, number)?;
    let place = issue.labels.iter().position(|one| one.eq_ignore_ascii_case(name));
    let place = place.ok_or_else(|| error(404, "Label does not exist"))?;
    issue.labels.remove(place);
    labels(call, index, number)
}

fn add_assignees(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let area = call.area(index, number);
    call.may_write(index, area, Permission::Triage)?;
    let wanted = names(&call.body["assignees"])?;
    // Who cannot be assigned is silently left out here, other than when an issue is made.
    let known = call.assignable(index);
    let issue = touch(call, index, number)?;
    for login in wanted {
        let known = known.iter().find(|one| one.eq_ignore_ascii_case(&login));
        if let Some(login) = known.filter(|login| !issue.assignees.contains(login)) {
            issue.assignees.push(login.clone());
        }
    }
    answer(call, index, number, 201)
}

// ---- comments ----

fn comments(call: &Call<'_>, index: usize, number: u64) -> Outcome {
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    let since = call.request.parameter("since");
    let found: Vec<&Comment> = issue
        .comments
        .iter()
        .filter(|comment| since.as_ref().is_none_or(|since| date(comment.updated_at) >= *since))
        .collect();
    call.page(found, |pen: &Pen<'_>, comment| pen.comment(project, issue, comment))
}

fn comment(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let area = call.area(index, number);
    let login = call.may_write(index, area, Permission::Read)?;
    let body = call.text("body").filter(|body| !body.trim().is_empty());
    let body = body.ok_or_else(|| field("IssueComment", "body", "missing_field"))?;
    too_long("IssueComment", "body", Some(&body), LONGEST_BODY)?;
    let project = &call.world.projects[index];
    let may_write = call.world.permission(project, &login) >= Permission::Write;
    if project.issue(number).is_some_and(|issue| issue.locked) && !may_write {
        return Err(error(403, "Unable to create comment because issue is locked."));
    }
    let id = add_comment(call.world, index, number, &login, &body);
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    let comment = issue.comments.iter().find(|comment| comment.id == id).ok_or_else(not_found)?;
    Ok(Answer::json(201, &call.pen().comment(project, issue, comment)))
}

/// A new comment; gives its id.
pub(super) fn add_comment(world: &mut super::state::World, index: usize, number: u64, author: &str, body: &str) -> u64 {
    let now = world.clock.tick();
    let id = world.next_id();
    if let Some(issue) = world.projects[index].issue_mut(number) {
        issue.updated_at = now;
        let (author, body) = (author.to_owned(), body.to_owned());
        issue.comments.push(Comment { id, author, body, created_at: now, updated_at: now });
    }
    id
}

/// The number of the issue of a comment, and the comment's place there.
fn find_comment(call: &Call<'_>, index: usize, id: &str) -> Result<(u64, usize), Answer> {
    let id: u64 = id.parse().map_err(|_| not_found())?;
    let place = |issue: &Issue| {
        let place = issue.comments.iter().position(|comment| comment.id == id)?;
        Some((issue.number, place))
    };
    call.world.projects[index].issues.iter().find_map(place).ok_or_else(not_found)
}

/// Refuses who neither wrote a comment nor may push.
fn may_change_comment(call: &Call<'_>, index: usize, number: u64, place: usize) -> Result<(), Answer> {
    let login = call.login()?;
    let author = &call.world.projects[index].issue(number).ok_or_else(not_found)?.comments[place].author;
    let least = if author.eq_ignore_ascii_case(&login) { Permission::Read } else { Permission::Write };
    call.may_write(index, call.area(index, number), least).map(drop)
}

fn edit_comment(call: &mut Call<'_>, index: usize, id: &str) -> Outcome {
    let (number, place) = find_comment(call, index, id)?;
    may_change_comment(call, index, number, place)?;
    let body = call.text("body").filter(|body| !body.trim().is_empty());
    let body = body.ok_or_else(|| field("IssueComment", "body", "missing_field"))?;
    too_long("IssueComment", "body", Some(&body), LONGEST_BODY)?;
    let issue = touch(call, index, number)?;
    let now = issue.updated_at;
    (issue.comments[place].body, issue.comments[place].updated_at) = (body, now);
    let project = &call.world.projects[index];
    let issue = project.issue(number).ok_or_else(not_found)?;
    Ok(Answer::json(200, &call.pen().comment(project, issue, &issue.comments[place])))
}

fn delete_comment(call: &mut Call<'_>, index: usize, id: &str) -> Outcome {
    let (number, place) = find_comment(call, index, id)?;
    may_change_comment(call, index, number, place)?;
    touch(call, index, number)?.comments.remove(place);
    Ok(Answer::empty(204))
}

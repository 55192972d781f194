//! Comments on merge requests and issues, alone or as threads, and the notes that GitLab writes by itself.

use serde_json::{Map, Value, json};

use super::answers::{Reply, error, forbidden, not_found, page};
use super::routes::Call;
use super::world::{Note, World, level, time};
use crate::exchange::Answer;

/// Where notes hang: project, `MergeRequest` or `Issue`, and its `iid` as it stands in the path.
type Place<'a> = (i64, &'static str, &'a str);

/// `…/notes…` and `…/discussions…`
pub(super) fn notes(world: &mut World, call: &Call, method: &str, place: Place, rest: &[&str]) -> Reply {
    let (id, kind, iid) = place;
    let iid: i64 = iid.parse().map_err(|_| not_found(""))?;
    if list(world, id, kind, iid).is_none() {
        return Err(not_found(kind_in_words(kind)));
    }
    match (method, rest) {
        ("GET", ["notes"]) => {
            let mut own: Vec<&Note> = list(world, id, kind, iid).into_iter().flatten().collect();
            let by_update = call.parameters.text("order_by").as_deref() == Some("updated_at");
            own.sort_by_key(|note| (if by_update { note.updated_at } else { note.created_at }, note.id));
            if call.parameters.text("sort").as_deref() != Some("asc") {
                own.reverse();
            }
            if call.parameters.text("activity_filter").as_deref() == Some("only_comments") {
                own.retain(|note| !note.system);
            }
            page(call, &own, |note| show(world, id, kind, iid, note))
        }
        ("POST", ["notes"]) => add(world, call, (id, kind, iid), None, true),
        (_, ["notes", note]) => one(world, call, method, (id, kind, iid), note),
        ("GET", ["discussions"]) => {
            let all = threads(world, (id, kind, iid));
            page(call, &all, Value::clone)
        }
        ("POST", ["discussions"]) => add(world, call, (id, kind, iid), None, false),
        (_, ["discussions", thread, rest @ ..]) => discussion(world, call, method, (id, kind, iid), thread, rest),
        _ => Err(error(404, "404 Not Found")),
    }
}

fn kind_in_words(kind: &str) -> &'static str {
    if kind == "Issue" { "Issue" } else { "" }
}

fn list<'a>(world: &'a World, id: i64, kind: &str, iid: i64) -> Option<&'a Vec<Note>> {
    let project = world.project(id);
    match kind {
        "Issue" => project.issue(iid).map(|issue| &issue.notes),
        _ => project.merge_request(iid).map(|request| &request.notes),
    }
}

fn list_mut<'a>(world: &'a mut World, id: i64, kind: &str, iid: i64) -> &'a mut Vec<Note> {
    let project = world.project_mut(id);
    match kind {
        "Issue" => {
            &mut project.issues.iter_mut().find(|issue| issue.iid == iid).expect("it was looked up before").notes
        }
        _ => &mut project.merge_request_mut(iid).expect("it was looked up before").notes,
    }
}

/// A note by somebody; a thread is continued where one is named.
fn add(
    world: &mut World,
    call: &Call,
    (id, kind, iid): (i64, &'static str, i64),
    thread: Option<&str>,
    individual: bool,
) -> Reply {
    let user = call.someone()?;
    call.parameters.require(&["body"])?;
    let body = call.parameters.text("body").unwrap_or_default();
    if body.trim().is_empty() {
        return Err(super::answers::message(400, "400 Bad request - Note {:note=>[\"can't be blank\"]}"));
    }
    let project = world.project(id);
    let locked = match kind {
        "Issue" => project.issue(iid).and_then(|issue| issue.discussion_locked),
        _ => project.merge_request(iid).and_then(|request| request.discussion_locked),
    };
    if locked == Some(true) && world.level(Some(user), project) < level::GUEST {
        return Err(forbidden(""));
    }
    world.clock.tick();
    let note = world.note(id, kind, iid, user, &body, thread, individual);
    let own = list(world, id, kind, iid).expect("it was looked up before");
    let written = own.iter().find(|own| own.id == note).expect("it was just written");
    let body = if individual || thread.is_some() {
        show(world, id, kind, iid, written)
    } else {
        show_thread(world, (id, kind, iid), &written.discussion)
    };
    Ok(Answer::json(201, &body))
}

fn one(world: &mut World, call: &Call, method: &str, (id, kind, iid): (i64, &'static str, i64), note: &str) -> Reply {
    let number: i64 = note.parse().map_err(|_| not_found(""))?;
    let found = list(world, id, kind, iid).into_iter().flatten().find(|note| note.id == number);
    let found = found.ok_or_else(|| not_found("Note"))?;
    if method == "GET" {
        return Ok(Answer::json(200, &show(world, id, kind, iid, found)));
    }
    let user = call.someone()?;
    let mine = found.author == user || world.level(Some(user), world.project(id)) >= level::MAINTAINER;
    if !mine || found.system {
        return Err(forbidden(""));
    }
    let now = world.clock.tick();
    match method {
        "PUT" => {
            let body = call.parameters.text("body");
            let own = list_mut(world, id, kind, iid);
            let note = own.iter_mut().find(|note| note.id == number).expect("found above");
            if let Some(body) = body.filter(|body| *body != note.body) {
                note.body = body;
                note.updated_at = now;
            }
            if let Some(resolved) = call.parameters.flag("resolved") {
                note.resolved = resolved;
            }
            let found = list(world, id, kind, iid).into_iter().flatten().find(|note| note.id == number);
            Ok(Answer::json(200, &show(world, id, kind, iid, found.expect("found above"))))
        }
        "DELETE" => {
            list_mut(world, id, kind, iid).retain(|note| note.id != number);
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn discussion(
    world: &mut World,
    call: &Call,
    method: &str,
    place: (i64, &'static str, i64),
    thread: &str,
    rest: &[&str],
) -> Reply {
    let (id, kind, iid) = place;
    if !list(world, id, kind, iid).into_iter().flatten().any(|note| note.discussion == thread) {
        return Err(not_found("Discussion"));
    }
    match (method, rest) {
        ("GET", []) => Ok(Answer::json(200, &show_thread(world, place, thread))),
        ("PUT", []) => {
            call.parameters.require(&["resolved"])?;
            let resolved = call.parameters.flag("resolved").unwrap_or(false);
            world.clock.tick();
            for note in list_mut(world, id, kind, iid).iter_mut().filter(|note| note.discussion == thread) {
                note.resolved = resolved;
            }
            Ok(Answer::json(200, &show_thread(world, place, thread)))
        }
        ("POST", ["notes"]) => add(world, call, place, Some(thread), false),
        (_, ["notes", note]) => one(world, call, method, place, note),
        _ => Err(error(404, "404 Not Found")),
    }
}

fn threads(world: &World, place: (i64, &'static str, i64)) -> Vec<Value> {
    let mut seen: Vec<&str> = Vec::new();
    for note in list(world, place.0, place.1, place.2).into_iter().flatten() {
        if !seen.contains(&note.discussion.as_str()) {
            seen.push(&note.discussion);
        }
    }
    seen.iter().map(|thread| show_thread(world, place, thread)).collect()
}

fn show_thread(world: &World, (id, kind, iid): (i64, &'static str, i64), thread: &str) -> Value {
    let notes: Vec<&Note> =
        list(world, id, kind, iid).into_iter().flatten().filter(|note| note.discussion == thread).collect();
    let individual = notes.iter().all(|note| note.individual);
    let mut all = Map::new();
    all.insert("id".to_owned(), json!(thread));
    all.insert("individual_note".to_owned(), json!(individual));
    all.insert("resolvable".to_owned(), json!(!individual && kind == "MergeRequest"));
    if !individual && kind == "MergeRequest" {
        all.insert("resolved".to_owned(), json!(notes.iter().all(|note| note.resolved)));
    }
    all.insert("notes".to_owned(), notes.iter().map(|note| show(world, id, kind, iid, note)).collect());
    Value::Object(all)
}

fn show(world: &World, id: i64, kind: &str, iid: i64, note: &Note) -> Value {
    let noteable = match kind {
        "Issue" => world.project(id).issue(iid).map(|issue| issue.id),
        _ => world.project(id).merge_request(iid).map(|request| request.id),
    };
    let resolvable = !note.individual && !note.system && kind == "MergeRequest";
    let mut all = json!({
        "id": note.id,
        "type": if note.individual { Value::Null } else { json!("DiscussionNote") },
        "body": note.body,
        "author": world.user_basic(note.author),
        "created_at": time(note.created_at),
        "updated_at": time(note.updated_at),
        "system": note.system,
        "noteable_id": noteable,
        "noteable_type": kind,
        "project_id": id,
        "resolvable": resolvable,
        "confidential": false,
        "internal": false,
        "imported": false,
        "imported_from": "none",
        "noteable_iid": iid,
        "commands_changes": {},
    });
    if resolvable {
        all["resolved"] = json!(note.resolved);
        all["resolved_by"] = Value::Null;
        all["resolved_at"] = Value::Null;
    }
    all
}

impl World {
    /// Writes a note and touches what it hangs on.
    #[allow(clippy::too_many_arguments)] // what a note consists of
    pub(super) fn note(
        &mut self,
        id: i64,
        kind: &str,
        iid: i64,
        author: i64,
        body: &str,
        thread: Option<&str>,
        individual: bool,
    ) -> i64 {
        let note = self.next_id();
        let now = self.clock.now();
        let project = self.project_mut(id);
        let (notes, updated_at) = if kind == "Issue" {
            let issue = project.issues.iter_mut().find(|issue| issue.iid == iid).expect("it was looked up before");
            (&mut issue.notes, &mut issue.updated_at)
        } else {
            let request = project.merge_request_mut(iid).expect("it was looked up before");
            (&mut request.notes, &mut request.updated_at)
        };
        let discussion = thread.map_or_else(|| format!("{note:040x}"), str::to_owned);
        for earlier in notes.iter_mut().filter(|note| note.discussion == discussion) {
            // An answer makes a thread of a single note.
            earlier.individual = false;
        }
        notes.push(Note {
            id: note,
            discussion,
            individual,
            body: body.to_owned(),
            author,
            system: false,
            resolved: false,
            created_at: now,
            updated_at: now,
        });
        *updated_at = now;
        note
    }

    /// What GitLab writes itself on a merge request. It is no comment, though it stands among them.
    pub(super) fn system_note(&mut self, id: i64, iid: i64, user: i64, body: &str) {
        let note = self.note(id, "MergeRequest", iid, user, body, None, true);
        let request = self.project_mut(id).merge_request_mut(iid).expect("it was looked up before");
        if let Some(note) = request.notes.iter_mut().find(|own| own.id == note) {
            note.system = true;
        }
    }
}

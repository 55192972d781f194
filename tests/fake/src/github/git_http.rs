//! Clone, fetch and push.
//!
//! In: requests to `/owner/name.git/…`. Out: what `git http-backend` says, for those who may; the service's words for
//! the others. A push can be refused for a branch that is protected, and for workflow files that the token must not
//! touch.

use crate::exchange::{Answer, Request};
use crate::git::Refusals;

use super::call::{Call, Caller};
use super::state::Permission;

/// Owner, name and service of a path, where it is git's at all.
pub(super) fn target(request: &Request) -> Option<(String, String, &'static str)> {
    let segments = request.segments();
    let services = ["info/refs", "git-upload-pack", "git-receive-pack"];
    let service = services.into_iter().find(|service| request.path.ends_with(&format!("/{service}")))?;
    let [owner, name, ..] = segments.as_slice() else { return None };
    if segments.len() != 2 + service.split('/').count() {
        return None;
    }
    Some((owner.clone(), name.trim_end_matches(".git").to_owned(), service))
}

fn challenge() -> Answer {
    Answer::text(401, "Repository not found.").with("www-authenticate", "Basic realm=\"GitHub\"")
}

/// Serves git.
pub(super) fn answer(call: &mut Call<'_>, owner: &str, name: &str, service: &str) -> Answer {
    let is_push =
        service == "git-receive-pack" || call.request.parameter("service").as_deref() == Some("git-receive-pack");
    let is_anonymous = matches!(call.caller, Caller::Anonymous);
    let found = call.world.position(owner, name);
    let Some(index) = found else {
        let former = format!("{owner}/{name}");
        let moved =
            call.world.projects.iter().find(|one| one.former.iter().any(|name| name.eq_ignore_ascii_case(&former)));
        // A client of git follows this and goes on at the new name.
        if let Some(project) = moved.filter(|project| call.sees(project)) {
            let query = if call.request.query.is_empty() { String::new() } else { format!("?{}", call.request.query) };
            let url = format!("{}/{}.git/{service}{query}", call.world.web, project.full_name());
            return Answer::empty(301).with("location", url);
        }
        return if is_anonymous { challenge() } else { Answer::text(404, "Repository not found.") };
    };
    let project = &call.world.projects[index];
    if is_anonymous && (project.private || is_push) {
        return challenge();
    }
    if !call.sees(project) {
        return Answer::text(404, "Repository not found.");
    }
    let full_name = project.full_name();
    let login = call.caller.login().unwrap_or_default().to_owned();
    if is_push {
        if project.archived {
            return Answer::text(403, "ERROR: This repository was archived so it is read-only.");
        }
        if call.may_write(index, "contents", Permission::Write).is_err() {
            return Answer::text(403, &format!("Permission to {full_name}.git denied to {login}."));
        }
    }
    let mut refusals = Refusals {
        refused: vec!["refs/pull/*".to_owned()],
        refusal: "deny updating a hidden ref".to_owned(),
        ..Refusals::default()
    };
    for (branch, protection) in &project.protections {
        let full = format!("refs/heads/{branch}");
        if protection.approvals > 0 || !protection.contexts.is_empty() {
            refusals.refusal = format!("error: GH006: Protected branch update failed for {full}.");
            refusals.refused.push(full);
        } else {
            refusals.unforced_refusal = format!(
                "error: GH006: Protected branch update failed for {full}.\nerror: Cannot force-push to this branch"
            );
            refusals.unforced.push(full);
        }
    }
    let repository = project.repository.clone();
    if service != "git-receive-pack" {
        return repository.serve(call.request, service, &login, &refusals, &call.world.clock);
    }
    if !call.may_change_workflows() {
        // The back-quotes stay away from the shell: the text goes through `printf` there.
        let (who, right) = match call.caller {
            Caller::Limited { installation: Some(_), .. } => ("a GitHub App", "`workflows` permission"),
            _ => ("a Personal Access Token", "`workflow` scope"),
        };
        ".github/workflows".clone_into(&mut refusals.guarded);
        refusals.guarded_refusal = format!("refusing to allow {who} to create or update workflow `%s` without {right}");
    }
    let now = call.world.clock.tick();
    let answer = repository.serve(call.request, service, &login, &refusals, &call.world.clock);
    call.world.projects[index].pushed_at = now;
    answer
}

//! What stands in a repository: trees, blobs, tags, comparisons. Reading only.

use base64::Engine;
use serde_json::{Value, json};

use super::answers::{Reply, keyset_page, message, not_found, page};
use super::commits;
use super::routes::Call;
use super::world::World;
use crate::exchange::Answer;
use crate::git::{Difference, Entry, Repository};

/// `GET repository/tree`. Pages of 20 unless told otherwise; by keyset where asked.
pub(super) fn tree(repository: &Repository, default_branch: &str, call: &Call) -> Reply {
    let reference = call.parameters.filled("ref").unwrap_or_else(|| default_branch.to_owned());
    let commit = repository.resolve(&reference).ok_or_else(|| not_found("Tree"))?;
    let path = call.parameters.text("path").unwrap_or_default();
    let recursive = call.parameters.flag("recursive").unwrap_or(false);
    let mut entries =
        repository.tree(&commit, &path, recursive).ok_or_else(|| not_found("invalid revision or path"))?;
    if !recursive {
        // Directories first, then files; submodules last. A recursive listing keeps git's own order.
        entries.sort_by_key(|entry| match entry.kind.as_str() {
            "tree" => 0,
            "blob" => 1,
            _ => 2,
        });
    }
    let show = |entry: &Entry| {
        let path = entry.path();
        json!({
            "id": entry.id,
            "name": path.rsplit('/').next(),
            "type": entry.kind,
            "path": path,
            "mode": entry.mode,
        })
    };
    if call.parameters.text("pagination").as_deref() != Some("keyset") {
        return page(call, &entries, show);
    }
    // The token is the last entry's: its own path and object, so that it stays right while the page is read.
    let token_of = |entry: &Entry| {
        base64::engine::general_purpose::STANDARD.encode(format!("{{\"file_name\":{:?}}}", entry.path()))
    };
    let start = match call.parameters.filled("page_token") {
        None => 0,
        Some(token) => match entries.iter().position(|entry| token_of(entry) == token || entry.id == token) {
            Some(position) => position + 1,
            None => return Err(message(422, &format!("could not find starting OID: {token}"))),
        },
    };
    Ok(keyset_page(call, &entries[start..], |entry| ("page_token", token_of(entry)), show))
}

/// `GET repository/blobs/:sha`, and `…/raw`
pub(super) fn blob(repository: &Repository, sha: &str, rest: &[String]) -> Reply {
    let is_id = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = is_id.then(|| repository.read_blob(sha)).flatten().ok_or_else(|| not_found("Blob"))?;
    match rest {
        [raw_only] if raw_only == "raw" => Ok(raw(bytes)),
        [] => {
            let body = json!({
                "size": bytes.len(),
                "encoding": "base64",
                "content": base64::engine::general_purpose::STANDARD.encode(&bytes),
                "sha": sha,
            });
            Ok(Answer::json(200, &body))
        }
        _ => Err(not_found("")),
    }
}

/// Bytes as they are. GitLab never lets a browser guess: everything that is not binary is plain text.
pub(super) fn raw(bytes: Vec<u8>) -> Answer {
    let kind = if bytes.contains(&0) { "application/octet-stream" } else { "text/plain; charset=utf-8" };
    Answer::bytes(200, kind, bytes).with("content-disposition", "inline")
}

/// `GET repository/compare`
pub(super) fn compare(world: &World, call: &Call, id: i64) -> Reply {
    call.parameters.require(&["from", "to"])?;
    let project = world.project(id);
    let repository = &project.repository;
    let revision = |name: &str| {
        let given = call.parameters.text(name).unwrap_or_default();
        repository.resolve(&given).ok_or_else(|| not_found("Ref"))
    };
    let (from, to) = (revision("from")?, revision("to")?);
    let straight = call.parameters.flag("straight").unwrap_or(false);
    let base = if straight { Some(from.clone()) } else { repository.merge_base(&from, &to) };
    let range = repository.log(&format!("{from}..{to}"), None);
    let mut commits: Vec<Value> = range
        .iter()
        .filter_map(|sha| repository.commit(sha))
        .map(|commit| commits::show(world, project, &commit))
        .collect();
    let newest = commits.first().cloned().unwrap_or(Value::Null);
    commits.reverse();
    let diffs = base.map(|base| diffs(repository, &base, &to)).unwrap_or_default();
    let body = json!({
        "commit": newest,
        "commits": commits,
        "diffs": diffs,
        "compare_timeout": false,
        "compare_same_ref": from == to,
        "web_url": format!("{}/{}/-/compare/{from}...{to}", world.url, project.full_path),
    });
    Ok(Answer::json(200, &body))
}

/// `GET repository/merge_base`
pub(super) fn merge_base(world: &World, call: &Call, id: i64) -> Reply {
    let project = world.project(id);
    let refs = call.parameters.list("refs").unwrap_or_default();
    if refs.len() < 2 {
        return Err(message(400, "Provide at least 2 refs"));
    }
    let unknown: Vec<&str> =
        refs.iter().filter(|name| project.repository.resolve(name).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        let noun = if unknown.len() == 1 { "ref" } else { "refs" };
        return Err(message(400, &format!("Could not find {noun}: {}", unknown.join(", "))));
    }
    let base = project.repository.merge_base(&refs[0], &refs[1]).ok_or_else(|| not_found("Merge Base"))?;
    let commit = project.repository.commit(&base).expect("git has just named it");
    Ok(Answer::json(200, &commits::show(world, project, &commit)))
}

/// `GET repository/tags…`
pub(super) fn tags(world: &World, call: &Call, id: i64, rest: &[&str]) -> Reply {
    let project = world.project(id);
    let show = |name: &str, target: &str| {
        let commit = project.repository.commit(name).map(|commit| commits::show(world, project, &commit));
        json!({
            "name": name, "message": "", "target": target, "commit": commit, "release": Value::Null,
            "protected": false, "created_at": Value::Null,
        })
    };
    let mut all = project.repository.refs("refs/tags/");
    all.reverse();
    let short = |name: &str| name["refs/tags/".len()..].to_owned();
    match rest {
        [] => page(call, &all, |(name, target)| show(&short(name), target)),
        [wanted] => {
            let found = all.iter().find(|(name, _)| short(name) == *wanted).ok_or_else(|| not_found("Tag"))?;
            Ok(Answer::json(200, &show(wanted, &found.1)))
        }
        _ => Err(not_found("")),
    }
}

/// `GET repository/archive[.format]`
pub(super) fn archive(world: &World, call: &Call, id: i64, name: &str) -> Reply {
    let project = world.project(id);
    let format = name.strip_prefix("archive.").filter(|format| !format.is_empty()).unwrap_or("tar.gz");
    if !matches!(format, "tar.gz" | "tar" | "zip") {
        return Err(not_found(""));
    }
    let reference = call.parameters.filled("sha").unwrap_or_else(|| project.default_branch.clone());
    let commit = project.repository.resolve(&reference).ok_or_else(|| not_found("File"))?;
    let prefix = format!("{}-{}-{commit}", project.path, reference.replace('/', "-"));
    let bytes = project.repository.archive(&commit, format, &prefix).ok_or_else(|| not_found("File"))?;
    let answer = Answer::bytes(200, "application/octet-stream", bytes);
    Ok(answer.with("content-disposition", format!("attachment; filename=\"{prefix}.{format}\"")))
}

/// The diff of every file between two trees or commits.
pub(super) fn diffs(repository: &Repository, old: &str, new: &str) -> Vec<Value> {
    repository.differences(old, new, true).iter().map(|difference| diff(repository, old, new, difference)).collect()
}

/// Longer patches are not shown at all, and from a tenth of it on only to who asks for the one file.
const LARGEST_PATCH: usize = 200 * 1024;

fn diff(repository: &Repository, old: &str, new: &str, difference: &Difference) -> Value {
    let renamed = difference.status == 'R';
    let text = if renamed && difference.old_id == difference.new_id {
        String::new()
    } else {
        repository.patch(old, new, &difference.new_path)
    };
    let too_large = text.len() > LARGEST_PATCH;
    let collapsed = !too_large && text.len() > LARGEST_PATCH / 10;
    let text = if too_large || collapsed { String::new() } else { text };
    let mode = |mode: &str| if mode == "000000" { "0".to_owned() } else { mode.to_owned() };
    json!({
        "diff": text,
        "collapsed": collapsed,
        "too_large": too_large,
        "new_path": difference.new_path,
        "old_path": difference.old_path,
        "a_mode": mode(&difference.old_mode),
        "b_mode": mode(&difference.new_mode),
        "new_file": difference.status == 'A',
        "renamed_file": renamed,
        "deleted_file": difference.status == 'D',
        "generated_file": false,
    })
}

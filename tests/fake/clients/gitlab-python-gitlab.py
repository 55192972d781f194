"""python-gitlab against a fake GitLab: reads, branches, commits, merge requests, comments, labels, issues, files.

Arguments: the URL of the forge and a token that may do everything in `grp/sub/app`.
"""

import base64
import sys

import gitlab

url, token = sys.argv[1:3]
forge = gitlab.Gitlab(url, private_token=token, retry_transient_errors=False)
forge.auth()
assert forge.user.username == "bot", forge.user
assert forge.version()[0].startswith("19."), forge.version()

# Discovery, by offset and by keyset; `membership=True` is sent with a capital letter.
found = forge.projects.list(membership=True, min_access_level=30, archived=False, get_all=True, per_page=2)
assert "grp/sub/app" in [project.path_with_namespace for project in found], found
found = list(forge.projects.list(iterator=True, pagination="keyset", order_by="id", per_page=2))
assert len(found) == len({project.id for project in found}) == 7, found
group = forge.groups.get("grp")
assert "app" in [project.path for project in group.projects.list(include_subgroups=True, get_all=True)]

project = forge.projects.get("grp/sub/app")
assert project.default_branch == "main" and not project.archived

# Reading.
tree = project.repository_tree(recursive=True, get_all=True)
assert {entry["path"]: entry["mode"] for entry in tree}["ci/build.sh"] == "100755", tree
tree = list(project.repository_tree(recursive=True, iterator=True, pagination="keyset", per_page=2))
assert [entry["path"] for entry in tree] == ["Dockerfile", "ci", "ci/build.sh", "link"], tree
file = project.files.get("Dockerfile", ref="main")
assert file.decode() == b"FROM python:3.12.1-slim\r\n", file.decode()
assert project.files.raw("ci/build.sh", ref="main") == b"#!/bin/sh\n"
assert project.repository_raw_blob(file.blob_id) == file.decode()
try:
    project.files.get("nothing", ref="main")
    raise AssertionError("a missing file is an error")
except gitlab.GitlabGetError as error:
    assert error.response_code == 404 and error.error_message == "404 File Not Found", error

# Writing: a branch by a commit, the same again, a branch by itself.
change = {
    "branch": "py/update", "start_branch": "main", "commit_message": "Update python",
    "actions": [
        {"action": "update", "file_path": "Dockerfile", "content": "FROM python:3.12.4-slim\r\n",
         "last_commit_id": file.last_commit_id},
        {"action": "create", "file_path": "bytes", "encoding": "base64",
         "content": base64.b64encode(b"\xff\x00").decode()},
        {"action": "chmod", "file_path": "ci/build.sh", "execute_filemode": False},
    ],
}
commit = project.commits.create(change)
assert commit.title == "Update python" and commit.stats["total"] >= 2, commit
try:
    project.commits.create(change)
    raise AssertionError("the branch exists")
except gitlab.GitlabCreateError as error:
    assert error.response_code == 400 and "already exists" in error.error_message, error
project.branches.create({"branch": "py/other", "ref": "main"})
assert project.branches.get("py/update").commit["id"] == commit.id
assert {branch.name for branch in project.branches.list(get_all=True)} >= {"main", "py/update", "py/other"}
compared = project.repository_compare("main", "py/update")
assert sorted(diff["new_path"] for diff in compared["diffs"]) == ["Dockerfile", "bytes", "ci/build.sh"], compared
assert commit.diff(get_all=True) and project.commits.list(ref_name="py/update", get_all=True)[0].id == commit.id

# A merge request and its life.
wanted = {"source_branch": "py/update", "target_branch": "main", "title": "Update python", "labels": ["a", "b"],
          "description": "text", "remove_source_branch": True}
request = project.mergerequests.create(wanted)
try:
    project.mergerequests.create(wanted)
    raise AssertionError("it is open already")
except gitlab.GitlabCreateError as error:
    assert error.response_code == 409, error
assert [found.iid for found in project.mergerequests.list(state="opened", scope="created_by_me", get_all=True)] == [request.iid]
assert [found.iid for found in forge.mergerequests.list(state="opened", get_all=True)] == [request.iid]
request.title = "Draft: update python"
request.labels = ["c"]
request.save()
request = project.mergerequests.get(request.iid)
assert request.draft and request.labels == ["c"], request
note = request.notes.create({"body": "hello"})
note.body = "hello again"
note.save()
assert [note.body for note in request.notes.list(get_all=True) if not note.system] == ["hello again"]
discussion = request.discussions.create({"body": "a question"})
discussion.notes.create({"body": "an answer"})
discussion.resolved = True
discussion.save()
assert len(request.discussions.get(discussion.id).attributes["notes"]) == 2
request.title = "Update python"
request.save()
for _ in range(5):
    request = project.mergerequests.get(request.iid)
assert request.detailed_merge_status == "mergeable", request.detailed_merge_status
assert [diff["new_path"] for diff in request.changes()["changes"]] == ["Dockerfile", "bytes", "ci/build.sh"]
assert len(list(request.commits())) == 1 and request.approvals.get().approved
project.commits.get("py/update").statuses.create({"state": "success", "name": "check"})
assert project.pipelines.list(ref="py/update", get_all=True)[0].status == "success"
request.merge()
assert project.mergerequests.get(request.iid).state == "merged"
assert project.files.get("Dockerfile", ref="main").decode() == b"FROM python:3.12.4-slim\r\n"
try:
    project.branches.get("py/update")
    raise AssertionError("the branch is removed with the merge")
except gitlab.GitlabGetError as error:
    assert error.error_message == "404 Branch Not Found", error
project.branches.delete("py/other")

# Labels, issues, files one by one, members, protection.
label = project.labels.create({"name": "a label/with", "color": "#112233"})
label.description = "d"
label.save()
assert project.labels.get("a label/with").description == "d"
project.labels.delete("a label/with")
issue = project.issues.create({"title": "Dashboard", "description": "- [ ] x"})
issue.description = "- [x] x"
issue.state_event = "close"
issue.save()
assert project.issues.list(state="closed", get_all=True)[0].task_completion_status["completed_count"] == 1
issue.notes.create({"body": "closed"})
project.files.create({"file_path": "py/one.txt", "branch": "main", "content": "x", "commit_message": "m"})
one = project.files.get("py/one.txt", ref="main")
one.content = "y"
one.save(branch="main", commit_message="m")
assert project.files.get("py/one.txt", ref="main").decode() == b"y"
one.delete(branch="main", commit_message="m")
assert project.members_all.list(get_all=True)
assert [protection.name for protection in project.protectedbranches.list(get_all=True)] == ["main"]
assert project.languages() == {}
print("python-gitlab", gitlab.__version__, "is content")

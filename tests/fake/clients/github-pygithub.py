"""PyGithub against a fake GitHub: reads, a commit from blob, tree, commit and ref, pull requests, labels, comments,
issues, files.

Arguments: the URL of the forge and a token that may push to `grp/app`.
"""

import sys

import github
from github import GithubException, InputGitTreeElement

url, token = sys.argv[1:3]
# An Enterprise Server has its API below /api/v3; URLs in answers must lead there, or PyGithub refuses them.
forge = github.Github(auth=github.Auth.Token(token), base_url=f"{url}/api/v3", retry=None)
user = forge.get_user()
assert user.login == "bot" and user.name == "bot", user
assert forge.get_rate_limit().rate.limit == 5000

# Discovery.
found = [repository.full_name for repository in user.get_repos()]
assert "grp/app" in found and len(found) == 7, found
found = [repository.name for repository in forge.get_organization("many").get_repos()]
assert len(found) == 5, found

repository = forge.get_repo("grp/app")
assert repository.default_branch == "main" and not repository.archived and repository.permissions.push

# Reading.
tree = repository.get_git_tree("main", recursive=True)
assert {entry.path: entry.mode for entry in tree.tree}["ci/build.sh"] == "100755", tree
assert {entry.path: entry.mode for entry in tree.tree}["link"] == "120000", tree
file = repository.get_contents("Dockerfile")
assert file.decoded_content == b"FROM python:3.12.1-slim\r\n", file.decoded_content
assert sorted(entry.path for entry in repository.get_contents("ci")) == ["ci/build.sh"]
try:
    repository.get_contents("nothing")
    raise AssertionError("a missing file is an error")
except github.UnknownObjectException as error:
    assert error.status == 404 and error.data["message"] == "Not Found", error

# Writing: blob, tree, commit, ref.
main = repository.get_branch("main").commit
blob = repository.create_git_blob("FROM python:3.12.4-slim\r\n", "utf-8")
elements = [
    InputGitTreeElement("Dockerfile", "100644", "blob", sha=blob.sha),
    InputGitTreeElement("ci/build.sh", "100755", "blob", content="#!/bin/sh\nset -e\n"),
    InputGitTreeElement("link", "120000", "blob", sha=None),
]
written = repository.create_git_tree(elements, base_tree=main.commit.tree)
commit = repository.create_git_commit("Update python", written, [main.commit])
assert commit.committer.name == "GitHub" and commit.author.email == "bot@example.org", commit.raw_data
reference = repository.create_git_ref("refs/heads/py/update", commit.sha)
assert repository.get_git_ref("heads/py/update").object.sha == commit.sha
assert [one.ref for one in repository.get_git_matching_refs("heads/py")] == ["refs/heads/py/update"]
try:
    repository.create_git_ref("refs/heads/py/update", commit.sha)
    raise AssertionError("a ref is made once")
except GithubException as error:
    assert error.status == 422 and error.data["message"] == "Reference already exists", error
compared = repository.compare("main", "py/update")
assert compared.ahead_by == 1 and sorted(one.filename for one in compared.files) == ["Dockerfile", "ci/build.sh", "link"]

# A pull request with everything that belongs to it.
pull = repository.create_pull(base="main", head="grp:py/update", title="Update python", body="3.12.4")
pull.add_to_labels("deps", "docker")
assert [label.name for label in pull.get_labels()] == ["deps", "docker"]
pull.remove_from_labels("docker")
pull.edit(title="Update python to 3.12.4", body="new")
comment = pull.create_issue_comment("hello")
comment.edit("hello again")
assert [one.body for one in pull.get_issue_comments()] == ["hello again"]
comment.delete()
assert [one.filename for one in pull.get_files()] == ["Dockerfile", "ci/build.sh", "link"]
assert [one.sha for one in pull.get_commits()] == [commit.sha]
assert pull.head.repo.full_name == "grp/app" and pull.user.login == "bot"
assert [one.number for one in repository.get_pulls(head="grp:py/update")] == [pull.number]
try:
    repository.create_pull(base="main", head="py/update", title="Again")
    raise AssertionError("there is one already")
except GithubException as error:
    assert error.data["errors"][0]["message"] == "A pull request already exists for grp:py/update.", error
repository.get_commit(commit.sha).create_status("success", context="ci")
assert repository.get_commit(commit.sha).get_combined_status().state == "success"
pull = repository.get_pull(pull.number)
pull = repository.get_pull(pull.number)
assert pull.mergeable and pull.mergeable_state == "clean", pull.mergeable_state
assert pull.merge(merge_method="squash", sha=commit.sha).merged
assert repository.get_pull(pull.number).merged and pull.is_merged()
reference.delete()
assert repository.get_contents("Dockerfile").decoded_content == b"FROM python:3.12.4-slim\r\n"

# Files one by one.
file = repository.get_contents("Dockerfile")
repository.update_file("Dockerfile", "Again", "FROM python:3.12.5-slim\r\n", file.sha, branch="main")
repository.create_file("new/ü.txt", "New", "x")
repository.delete_file("new/ü.txt", "Gone", repository.get_contents("new/ü.txt").sha)

# Issues, over several pages.
for number in range(35):
    repository.create_issue(f"Issue {number}", body="text", labels=["dashboard"])
issues = [issue for issue in repository.get_issues(state="all", creator="bot") if issue.pull_request is None]
assert len(issues) == 35, len(issues)
issues[0].edit(state="closed")
assert repository.get_issue(issues[0].number).closed_at
assert repository.get_issues(state="open").totalCount == 34
print("PyGithub is content")

// octokit against a fake GitHub: the git data API, pull requests, GraphQL, an app's installation.
//
// Arguments: the URL of the forge and a token that may push to `grp/app`.

import assert from "node:assert/strict";
import { Octokit } from "octokit";

const [url, auth] = process.argv.slice(2);
const octokit = new Octokit({ auth, baseUrl: `${url}/api/v3`, retry: { enabled: false }, throttle: { enabled: false } });
const here = { owner: "grp", repo: "app" };

const refused = async (status, promise) => {
  const error = await promise.then(
    () => assert.fail(`${status} was expected`),
    (error) => error,
  );
  assert.equal(error.status, status, error.message);
  return error.response.data;
};

const { data: user } = await octokit.rest.users.getAuthenticated();
assert.equal(user.login, "bot");
const names = await octokit.paginate(octokit.rest.repos.listForAuthenticatedUser, { per_page: 2 }, (page) =>
  page.data.map((repository) => repository.full_name),
);
assert.equal(names.length, 7);
assert.ok(names.includes("grp/app"));

// The git data API. octokit encodes the slashes of a ref.
const { data: main } = await octokit.rest.git.getRef({ ...here, ref: "heads/main" });
const { data: base } = await octokit.rest.git.getCommit({ ...here, commit_sha: main.object.sha });
const { data: before } = await octokit.rest.git.getTree({ ...here, tree_sha: base.tree.sha, recursive: "1" });
const mode = before.tree.find((entry) => entry.path === "ci/build.sh").mode;
assert.equal(mode, "100755");
const content = Buffer.from("FROM python:3.12.4-slim\r\n").toString("base64");
const { data: blob } = await octokit.rest.git.createBlob({ ...here, content, encoding: "base64" });
const { data: tree } = await octokit.rest.git.createTree({
  ...here,
  base_tree: base.tree.sha,
  tree: [
    { path: "Dockerfile", mode: "100644", type: "blob", sha: blob.sha },
    { path: "ci/build.sh", mode, type: "blob", content: "#!/bin/sh\nset -e\n" },
  ],
});
const parents = [base.sha];
const { data: commit } = await octokit.rest.git.createCommit({ ...here, message: "Update", tree: tree.sha, parents });
assert.equal(commit.committer.name, "GitHub");
await octokit.request("HEAD /repos/{owner}/{repo}/git/commits/{commit_sha}", { ...here, commit_sha: commit.sha });
const branch = { ...here, ref: "heads/oct/update" };
await octokit.rest.git.createRef({ ...here, ref: "refs/heads/oct/update", sha: commit.sha });
const { data: made } = await octokit.rest.git.getRef(branch);
assert.equal(made.object.sha, commit.sha);
const again = await refused(422, octokit.rest.git.createRef({ ...here, ref: "refs/heads/oct/update", sha: base.sha }));
assert.equal(again.message, "Reference already exists");
const back = await refused(422, octokit.rest.git.updateRef({ ...branch, sha: base.sha }));
assert.equal(back.message, "Update is not a fast forward");
const { data: matching } = await octokit.rest.git.listMatchingRefs({ ...here, ref: "heads/oct" });
assert.equal(matching.length, 1);

// A pull request.
const { data: pull } = await octokit.rest.pulls.create({ ...here, head: "oct/update", base: "main", title: "Update" });
const number = { ...here, pull_number: pull.number };
const issueNumber = { ...here, issue_number: pull.number };
await octokit.rest.issues.addLabels({ ...issueNumber, labels: ["deps"] });
await octokit.rest.pulls.update({ ...number, title: "Update python", body: "text" });
await octokit.rest.issues.createComment({ ...issueNumber, body: "hello" });
const comments = await octokit.paginate(octokit.rest.issues.listComments, issueNumber);
assert.deepEqual(comments.map((comment) => comment.body), ["hello"]);
const list = await octokit.rest.pulls.list({ ...here, state: "all", sort: "updated", direction: "desc", per_page: 100 });
assert.equal(list.data[0].title, "Update python");
assert.equal(list.headers.link, undefined);
const same = await octokit
  .request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...number, headers: { "if-none-match": "W/\"none\"" } })
  .then(({ headers }) =>
    octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...number }).then(({ headers: { etag } }) =>
      refused(304, octokit.rest.pulls.get({ ...number, headers: { "if-none-match": etag } })).then(() => headers.etag),
    ),
  );
assert.ok(same.startsWith("W/"));
const conflict = await refused(409, octokit.rest.pulls.merge({ ...number, sha: base.sha }));
assert.match(conflict.message, /Head branch was modified/);

// GraphQL: what a repository is like, a commit on the branch, and one that comes too late.
const { repository } = await octokit.graphql(
  `query ($owner: String!, $repo: String!) {
     repository(owner: $owner, name: $repo) {
       isArchived defaultBranchRef { name target { oid } }
       pullRequests(first: 10, states: [OPEN]) { nodes { number headRefName } pageInfo { hasNextPage endCursor } }
     }
   }`,
  here,
);
assert.equal(repository.defaultBranchRef.target.oid, base.sha);
assert.equal(repository.pullRequests.nodes[0].headRefName, "oct/update");
const mutation = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url } }
}`;
const input = {
  branch: { repositoryNameWithOwner: "grp/app", branchName: "oct/update" },
  expectedHeadOid: commit.sha,
  message: { headline: "More" },
  fileChanges: { additions: [{ path: "more", contents: content }] },
};
const { createCommitOnBranch } = await octokit.graphql(mutation, { input });
assert.equal((await octokit.rest.git.getRef(branch)).data.object.sha, createCommitOnBranch.commit.oid);
const stale = await octokit.graphql(mutation, { input }).catch((error) => error);
assert.equal(stale.errors[0].type, "STALE_DATA");

const merged = await octokit.rest.pulls.merge({ ...number, merge_method: "rebase" });
assert.equal(merged.data.merged, true);
await octokit.rest.git.deleteRef(branch);
await refused(422, octokit.rest.git.deleteRef(branch));
const raw = await octokit.rest.repos.getContent({ ...here, path: "ci/build.sh", mediaType: { format: "raw" } });
assert.equal(raw.data, "#!/bin/sh\nset -e\n");
const { data: issue } = await octokit.rest.issues.create({ ...here, title: "Dashboard", labels: ["bot"] });
await octokit.rest.issues.update({ ...here, issue_number: issue.number, state: "closed", state_reason: "not_planned" });
console.log("octokit is content");

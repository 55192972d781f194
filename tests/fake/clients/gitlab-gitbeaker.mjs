// gitbeaker against a fake GitLab: reads, branches, commits, merge requests, comments, labels, issues.
//
// Arguments: the URL of the forge and a token that may do everything in `grp/sub/app`.

import assert from 'node:assert/strict';
import { Gitlab } from '@gitbeaker/rest';

const [host, token] = process.argv.slice(2);
const forge = new Gitlab({ host, token });
const app = 'grp/sub/app';

assert.equal((await forge.Users.showCurrentUser()).username, 'bot');

const projects = await forge.Projects.all({ membership: true, minAccessLevel: 30, archived: false, perPage: 2 });
assert.equal(projects.length, 7);
const keyset = await forge.Projects.all({ pagination: 'keyset', orderBy: 'id', perPage: 2 });
assert.equal(new Set(keyset.map((project) => project.id)).size, 7);
const project = await forge.Projects.show(app);
assert.equal(project.default_branch, 'main');

const tree = await forge.Repositories.allRepositoryTrees(app, { recursive: true, perPage: 2 });
assert.ok(tree.some((entry) => entry.path === 'link' && entry.mode === '120000'));
const file = await forge.RepositoryFiles.show(app, 'Dockerfile', 'main');
const start = Buffer.from(file.content, 'base64').toString();
const raw = await forge.RepositoryFiles.showRaw(app, 'ci/build.sh', 'main');
assert.equal(typeof raw === 'string' ? raw : await raw.text(), '#!/bin/sh\n');

const commit = await forge.Commits.create(app, 'js/update', 'Update python', [
  { action: 'update', filePath: 'Dockerfile', content: `${start}# js\n` },
  { action: 'create', filePath: 'js/new file', content: 'x' },
], { startBranch: 'main' });
assert.equal(commit.title, 'Update python');
await assert.rejects(
  forge.Commits.create(app, 'js/update', 'm', [{ action: 'update', filePath: 'missing', content: 'x' }]),
  (error) => error.cause.response.status === 400 && /A file with this name doesn't exist/.test(error.message + error.cause.description),
);
assert.equal((await forge.Branches.show(app, 'js/update')).commit.id, commit.id);
const compared = await forge.Repositories.compare(app, 'main', 'js/update');
assert.equal(compared.diffs.length, 2);

const request = await forge.MergeRequests.create(app, 'js/update', 'main', 'Update python', {
  labels: 'a,b', removeSourceBranch: true,
});
assert.deepEqual(request.labels, ['a', 'b']);
await assert.rejects(
  forge.MergeRequests.create(app, 'js/update', 'main', 'Update python'),
  (error) => error.cause.response.status === 409,
);
const listed = await forge.MergeRequests.all({ projectId: app, state: 'opened', scope: 'created_by_me' });
assert.deepEqual(listed.map((one) => one.iid), [request.iid]);
const edited = await forge.MergeRequests.edit(app, request.iid, { addLabels: 'c', removeLabels: 'a', description: 'new' });
assert.deepEqual([edited.labels, edited.description], [['b', 'c'], 'new']);
const note = await forge.MergeRequestNotes.create(app, request.iid, 'hello');
await forge.MergeRequestNotes.edit(app, request.iid, note.id, { body: 'hello again' });
const notes = await forge.MergeRequestNotes.all(app, request.iid);
assert.ok(notes.some((one) => one.body === 'hello again' && !one.system));
let shown;
for (let look = 0; look < 5; look += 1) {
  shown = await forge.MergeRequests.show(app, request.iid, { includeDivergedCommitsCount: true });
}
assert.deepEqual([shown.detailed_merge_status, shown.diverged_commits_count], ['mergeable', 0]);
const merged = await forge.MergeRequests.merge(app, request.iid, { sha: shown.sha, shouldRemoveSourceBranch: true });
assert.equal(merged.state, 'merged');
await assert.rejects(forge.Branches.show(app, 'js/update'), (error) => error.cause.response.status === 404);

await forge.ProjectLabels.create(app, 'js label', '#445566');
assert.ok((await forge.ProjectLabels.all(app)).some((label) => label.name === 'js label'));
await forge.ProjectLabels.remove(app, 'js label');
const issue = await forge.Issues.create(app, 'Dashboard of js', { description: 'x' });
assert.equal((await forge.Issues.edit(app, issue.iid, { stateEvent: 'close' })).state, 'closed');
const branch = await forge.Branches.create(app, 'js/other', 'main');
assert.equal(branch.name, 'js/other');
await forge.Branches.remove(app, 'js/other');
console.log('gitbeaker is content');

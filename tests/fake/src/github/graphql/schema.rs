//! The types that are played, and what their fields hold.
//!
//! The names are those of the service's public schema; what is not here is an unknown field.

/// Type, fields with values, fields that lead to another type.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const ACTOR: &[&str] = &["login", "id", "databaseId", "name", "email", "url", "avatarUrl"];

const TYPES: &[Row] = &[
    (
        "Query",
        &[],
        &[
            ("viewer", "User"),
            ("user", "User"),
            ("repository", "Repository"),
            ("rateLimit", "RateLimit"),
            ("node", "Node"),
        ],
    ),
    ("User", ACTOR, &[]),
    ("Bot", ACTOR, &[]),
    ("Organization", ACTOR, &[]),
    ("Actor", ACTOR, &[]),
    ("RepositoryOwner", ACTOR, &[]),
    ("Node", &["id"], &[]),
    ("RateLimit", &["limit", "cost", "remaining", "resetAt", "used"], &[]),
    (
        "Repository",
        &[
            "id",
            "databaseId",
            "name",
            "nameWithOwner",
            "url",
            "sshUrl",
            "isFork",
            "isArchived",
            "isEmpty",
            "isPrivate",
            "isMirror",
            "isDisabled",
            "isLocked",
            "mirrorUrl",
            "visibility",
            "description",
            "autoMergeAllowed",
            "deleteBranchOnMerge",
            "mergeCommitAllowed",
            "rebaseMergeAllowed",
            "squashMergeAllowed",
            "hasIssuesEnabled",
            "hasVulnerabilityAlertsEnabled",
            "hasDiscussionsEnabled",
            "viewerPermission",
            "viewerCanAdminister",
            "pushedAt",
            "updatedAt",
            "createdAt",
        ],
        &[
            ("owner", "RepositoryOwner"),
            ("parent", "Repository"),
            ("defaultBranchRef", "Ref"),
            ("ref", "Ref"),
            ("refs", "RefConnection"),
            ("object", "GitObject"),
            ("mergeQueue", "MergeQueue"),
            ("issues", "IssueConnection"),
            ("issue", "Issue"),
            ("pullRequests", "PullRequestConnection"),
            ("pullRequest", "PullRequest"),
            ("labels", "LabelConnection"),
        ],
    ),
    ("MergeQueue", &["id", "url"], &[]),
    ("Ref", &["id", "name", "prefix"], &[("target", "GitObject"), ("repository", "Repository")]),
    ("GitObject", &["oid", "id", "abbreviatedOid"], &[("repository", "Repository")]),
    (
        "Commit",
        &[
            "oid",
            "id",
            "abbreviatedOid",
            "url",
            "message",
            "messageHeadline",
            "messageBody",
            "committedDate",
            "authoredDate",
            "committedViaWeb",
            "additions",
            "deletions",
        ],
        &[
            ("repository", "Repository"),
            ("tree", "Tree"),
            ("author", "GitActor"),
            ("committer", "GitActor"),
            ("signature", "GitSignature"),
            ("statusCheckRollup", "StatusCheckRollup"),
            ("parents", "CommitConnection"),
        ],
    ),
    ("Tree", &["oid", "id", "abbreviatedOid"], &[("entries", "TreeEntry"), ("repository", "Repository")]),
    ("TreeEntry", &["name", "path", "mode", "type", "oid"], &[]),
    (
        "Blob",
        &["oid", "id", "abbreviatedOid", "text", "byteSize", "isBinary", "isTruncated"],
        &[("repository", "Repository")],
    ),
    ("GitActor", &["name", "email", "date"], &[("user", "User")]),
    ("GitSignature", &["isValid", "state", "wasSignedByGitHub"], &[]),
    ("StatusCheckRollup", &["state"], &[]),
    ("Label", &["id", "name", "color", "description"], &[]),
    (
        "Issue",
        &[
            "id",
            "databaseId",
            "number",
            "title",
            "body",
            "state",
            "url",
            "createdAt",
            "updatedAt",
            "closedAt",
            "locked",
        ],
        &[
            ("author", "Actor"),
            ("labels", "LabelConnection"),
            ("assignees", "UserConnection"),
            ("comments", "IssueCommentConnection"),
        ],
    ),
    (
        "PullRequest",
        &[
            "id",
            "databaseId",
            "fullDatabaseId",
            "number",
            "title",
            "body",
            "state",
            "url",
            "createdAt",
            "updatedAt",
            "closedAt",
            "mergedAt",
            "merged",
            "locked",
            "isDraft",
            "isCrossRepository",
            "headRefName",
            "headRefOid",
            "baseRefName",
            "baseRefOid",
            "mergeable",
            "mergeStateStatus",
            "reviewDecision",
            "maintainerCanModify",
        ],
        &[
            ("author", "Actor"),
            ("labels", "LabelConnection"),
            ("assignees", "UserConnection"),
            ("comments", "IssueCommentConnection"),
            ("autoMergeRequest", "AutoMergeRequest"),
            ("repository", "Repository"),
            ("headRepository", "Repository"),
            ("headRepositoryOwner", "RepositoryOwner"),
            ("headRef", "Ref"),
            ("baseRef", "Ref"),
            ("mergeCommit", "Commit"),
            ("commits", "PullRequestCommitConnection"),
        ],
    ),
    ("AutoMergeRequest", &["mergeMethod", "commitHeadline", "commitBody"], &[("enabledBy", "Actor")]),
    ("IssueComment", &["id", "databaseId", "body", "createdAt", "updatedAt"], &[("author", "Actor")]),
    ("PullRequestCommit", &[], &[("commit", "Commit")]),
    ("PageInfo", &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"], &[]),
    (
        "Mutation",
        &[],
        &[
            ("createCommitOnBranch", "CreateCommitOnBranchPayload"),
            ("enablePullRequestAutoMerge", "EnablePullRequestAutoMergePayload"),
            ("disablePullRequestAutoMerge", "DisablePullRequestAutoMergePayload"),
            ("convertPullRequestToDraft", "ConvertPullRequestToDraftPayload"),
            ("markPullRequestReadyForReview", "MarkPullRequestReadyForReviewPayload"),
            ("createRef", "CreateRefPayload"),
            ("updateRefs", "UpdateRefsPayload"),
        ],
    ),
    ("CreateCommitOnBranchPayload", &["clientMutationId"], &[("commit", "Commit"), ("ref", "Ref")]),
    ("EnablePullRequestAutoMergePayload", &["clientMutationId"], &[("pullRequest", "PullRequest"), ("actor", "Actor")]),
    (
        "DisablePullRequestAutoMergePayload",
        &["clientMutationId"],
        &[("pullRequest", "PullRequest"), ("actor", "Actor")],
    ),
    ("ConvertPullRequestToDraftPayload", &["clientMutationId"], &[("pullRequest", "PullRequest")]),
    ("MarkPullRequestReadyForReviewPayload", &["clientMutationId"], &[("pullRequest", "PullRequest")]),
    ("CreateRefPayload", &["clientMutationId"], &[("ref", "Ref")]),
    ("UpdateRefsPayload", &["clientMutationId"], &[]),
];

/// What a field of a type holds: another type, or `""` for a value. `None` where there is no such field.
pub(super) fn field(kind: &str, name: &str) -> Option<&'static str> {
    if name == "__typename" {
        return Some("");
    }
    if let Some(of) = kind.strip_suffix("Connection") {
        return match name {
            "totalCount" => Some(""),
            "pageInfo" => Some("PageInfo"),
            "nodes" => TYPES.iter().map(|row| row.0).find(|one| *one == of),
            _ => None,
        };
    }
    let (_, values, others) = TYPES.iter().find(|row| row.0 == kind)?;
    if values.contains(&name) {
        return Some("");
    }
    others.iter().find(|(one, _)| *one == name).map(|(_, below)| *below)
}

/// The type that a fragment's fields are asked of, where one on `on` is meant for a thing of `kind` at all. Of an
/// interface and a type that has it, the type is the narrower one.
pub(super) fn narrowed<'a>(on: &'a str, kind: &'a str) -> Option<&'a str> {
    let implements = |interface: &str, kind: &str| match interface {
        "Actor" | "RepositoryOwner" => matches!(kind, "User" | "Bot" | "Organization"),
        "GitObject" => matches!(kind, "Commit" | "Tree" | "Blob"),
        "Node" => true,
        _ => false,
    };
    if on == kind || implements(on, kind) {
        Some(kind)
    } else if implements(kind, on) {
        Some(on)
    } else {
        None
    }
}

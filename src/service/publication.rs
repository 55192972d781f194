//! An [`Outcome`] brought to a forge: asks what has to be known, and does what [`reconcile`] decides.
//!
//! Every write is safe to be cut off before or after: whoever looks again goes on from there. Must
//! never know: the API of a forge; what is right to do, which is publishing's to judge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::config::terms::Terms;
use crate::config::{Config, OWN_FILE};
use crate::forge::contract::{
    Account, Change, CommitId, Forge, NewCommit, NewFile, NewRequest, Project, Request, Standing,
};
use crate::forge::failure::Failure;
use crate::forge::reading::Reading;
use crate::plan::{Update, UpdateKind};
use crate::publish::dashboard::Asked;
use crate::publish::mark::Mark;
use crate::publish::words::{
    Build, Decision, Deed, Done, Held, Known, Onboarding, Published, Question, Step, Wish, Wishes,
};
use crate::publish::{onboarding_branch, reconcile};
use crate::render::MergeRequest;
use crate::run::outcome::Outcome;
use crate::service::board::{self, Place};
use crate::service::manner::Manner;
use crate::service::repository::Surroundings;
use crate::sha256;
use crate::skip::Reason;
use crate::text::{Edit, FilePath, Snapshot};

/// Looks at the forge again after somebody else was quicker, or an answer was lost, this often.
const MOST_ROUNDS: usize = 4;
/// Rounds of questions; each answer leads to few others.
const MOST_QUESTIONS: usize = 16;
/// What marks the one comment about somebody else's commit.
const NOTICE_MARKER: &str = "<!-- tagalong:notice -->";
const CLOSED_MARKER: &str = "<!-- tagalong:closed -->";

/// Why the branches have to be judged again.
enum Interruption {
    /// Look at the forge again.
    Again,
    /// Nothing more can be done here.
    Fatal(Failure),
}

/// Brings the forge to what the outcome wants. `standing` is what the outcome was planned on.
pub(super) async fn publish(
    project: &Project,
    surroundings: &Surroundings<'_>,
    manner: &Manner<'_>,
    outcome: &Outcome,
    reading: &Reading<'_>,
    mut standing: Standing,
) -> Result<Published, Failure> {
    let Surroundings { forge, account, now, .. } = *surroundings;
    let describe =
        |request: &MergeRequest, base: Option<&CommitId>| (surroundings.describe)(project, request, outcome, base);
    let introduce = || (surroundings.introduce)(outcome);
    let onboarding = manner.onboards().then(|| onboarding(outcome, manner, &introduce()));
    let wishes = Wishes { onboarding, ..wishes(outcome, manner, &describe) };
    let (describe, introduce) = (&describe, &introduce);
    let scene = Scene { forge, project, account, outcome, reading, manner, describe, introduce, wishes, now };
    let place = Place { forge, project, account };
    let found = if manner.dashboard().enabled { Some(board::look(place).await?) } else { None };
    let mut asked = match &found {
        Some(Ok(found)) => found.asked.clone(),
        Some(Err(_)) | None => Asked::default(),
    };
    let planned_on = standing.base.clone();
    let mut done: BTreeMap<String, Result<Deed, Failure>> = BTreeMap::new();
    for _ in 0..MOST_ROUNDS {
        let (steps, is_onboarded) = scene.steps(&standing, &asked).await?;
        let mut again = false;
        for step in steps {
            let (branch, is_write) = subject(&step);
            let branch = branch.to_owned();
            // What failed for good, or was written in an earlier round, is not tried again in this run.
            if done.get(&branch).is_some_and(|result| result.is_err() || !is_write) {
                continue;
            }
            if is_write && manner.stop() {
                return Ok(Published::Stopped(list(done)));
            }
            let result = scene.perform(&step, &standing).await;
            match result.map_err(interruption) {
                Ok(deed) => {
                    // As long as it is not known whether it is wanted, a wish waits.
                    if !matches!(deed, Deed::Held(Held::Unknown(_))) {
                        asked.settle(&branch);
                    }
                    done.insert(branch, Ok(deed));
                }
                Err(Ok(Interruption::Again)) => again = true,
                Err(Ok(Interruption::Fatal(failure))) => return Err(failure),
                Err(Err(failure)) => {
                    done.insert(branch, Err(failure));
                }
            }
        }
        if !again {
            let mut done = list(done);
            let board = match found {
                _ if !is_onboarded => None,
                Some(Ok(_)) if manner.stop() => return Ok(Published::Stopped(done)),
                Some(Ok(found)) => board::write(place, manner, &found, outcome, &done, &asked).await,
                Some(Err(failure)) => Some(board::about(Ok(Deed::Boardless(failure)))),
                None => None,
            };
            done.extend(board);
            return Ok(Published::Done(done));
        }
        standing = forge.standing(project, &manner.policy.prefix).await?;
        if standing.base != planned_on {
            return Ok(Published::Stale);
        }
    }
    Err(Failure::Moved("the repository keeps changing".to_owned()))
}

fn list(done: BTreeMap<String, Result<Deed, Failure>>) -> Vec<Done> {
    done.into_iter().map(|(branch, result)| Done { branch, result }).collect()
}

/// What a failure means for the other branches; `Err`: nothing.
fn interruption(failure: Failure) -> Result<Interruption, Failure> {
    match failure {
        Failure::Moved(_) | Failure::Uncertain(_) | Failure::RequestExists => Ok(Interruption::Again),
        Failure::TokenRefused(_) | Failure::RateLimited(_) => Ok(Interruption::Fatal(failure)),
        Failure::Forbidden { .. }
        | Failure::NotFound(_)
        | Failure::Empty
        | Failure::Refused(_)
        | Failure::Unavailable(_)
        | Failure::TooLong(_)
        | Failure::Malformed(_)
        | Failure::Settings(_) => Err(failure),
    }
}

/// The branch of a step, and whether it writes.
fn subject(step: &Step) -> (&str, bool) {
    match step {
        Step::Open { branch, .. }
        | Step::Update { branch, .. }
        | Step::Settle { branch, .. }
        | Step::Notice { branch, .. }
        | Step::Close { branch, .. }
        | Step::Remove { branch, .. } => (branch, true),
        Step::Keep { branch, .. } | Step::Hold { branch, .. } => (branch, false),
    }
}

/// What a request is about.
#[derive(Clone, Copy)]
enum Matter<'a> {
    /// Versions that move.
    Updates(&'a MergeRequest),
    /// Whether the repository wants any of it.
    Onboarding,
}

struct Scene<'a> {
    forge: &'a dyn Forge,
    project: &'a Project,
    account: &'a Account,
    outcome: &'a Outcome,
    reading: &'a Reading<'a>,
    manner: &'a Manner<'a>,
    describe: &'a dyn Fn(&MergeRequest, Option<&CommitId>) -> String,
    introduce: &'a dyn Fn() -> String,
    wishes: Wishes,
    now: Timestamp,
}

impl Scene<'_> {
    /// What to do, after all that has to be known for that; and whether the repository wants to be served.
    async fn steps(&self, standing: &Standing, asked: &Asked) -> Result<(Vec<Step>, bool), Failure> {
        let mut known = Known {
            account: self.account,
            default_branch: &self.project.default_branch,
            standing,
            past: BTreeMap::new(),
            commits: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            asked: asked.clone(),
            removed: BTreeMap::new(),
            now: self.now,
        };
        for _ in 0..MOST_QUESTIONS {
            let questions = match reconcile(&self.wishes, &known, &self.manner.policy) {
                Decision::Do(steps) => return Ok((steps, true)),
                Decision::Onboard(step) => return Ok((vec![step], false)),
                Decision::Ask(questions) => questions,
            };
            for question in questions {
                match question {
                    Question::Past(branch) => {
                        let past = self.forge.past(self.project, &branch).await?;
                        known.past.insert(branch, past);
                    }
                    Question::Commits(branch) => {
                        let commits = match self.forge.commits(self.project, &standing.base, &branch).await {
                            // It was there a moment ago.
                            Err(Failure::NotFound(_)) => Vec::new(),
                            commits => commits?,
                        };
                        known.commits.insert(branch, commits);
                    }
                    Question::Conflicts(number) => {
                        let request = standing.open.iter().find(|request| request.number == number);
                        let conflicts = match request {
                            Some(request) => self.forge.conflicts(self.project, request).await?,
                            None => None,
                        };
                        known.conflicts.insert(number, conflicts);
                    }
                    Question::Removed(number) => {
                        let removed = match self.forge.removed(self.project, number).await {
                            // It was there a moment ago.
                            Err(Failure::NotFound(_)) => BTreeMap::new(),
                            removed => removed?,
                        };
                        known.removed.insert(number, removed);
                    }
                }
            }
        }
        Err(Failure::Malformed("answers that lead to ever more questions".to_owned()))
    }

    async fn perform(&self, step: &Step, standing: &Standing) -> Result<Deed, Failure> {
        match step {
            Step::Open { branch, replaces } => self.open(branch, replaces.as_ref(), standing).await,
            Step::Update { number, branch, build, remove_labels } => {
                self.update(*number, branch, build, remove_labels, standing).await
            }
            Step::Settle { number, branch } => self.settle(*number, branch, standing).await,
            Step::Keep { number, .. } => Ok(Deed::Kept(*number)),
            Step::Notice { number, .. } => self.notice(*number, standing).await,
            Step::Close { number, branch, head } => self.close(*number, branch, head.as_ref(), standing).await,
            Step::Remove { branch, head } => {
                self.forge.remove_branch(self.project, branch, head).await.map(|()| Deed::Removed)
            }
            Step::Hold { why, .. } => Ok(Deed::Held(why.clone())),
        }
    }

    /// The request that is wanted for a branch.
    fn wanted(&self, branch: &str) -> Result<(Matter<'_>, &Wish), Failure> {
        if let Some(Onboarding { wish, .. }) = self.wishes.onboarding.as_ref().filter(|it| it.wish.branch == branch) {
            return Ok((Matter::Onboarding, wish));
        }
        let request = self.outcome.merge_requests.iter().find(|request| request.branch.name == branch);
        let wish = self.wishes.wanted.iter().find(|wish| wish.branch == branch);
        let request = request.map(Matter::Updates).zip(wish);
        request.ok_or_else(|| Failure::Malformed(format!("nothing is wanted of {branch}")))
    }

    /// The files that a request changes or adds.
    fn files(&self, matter: Matter<'_>) -> Result<Vec<NewFile>, Failure> {
        let new = |path: &FilePath, content: &str| {
            let (replaces, content) = (self.reading.entry(path).cloned(), content.as_bytes().to_vec());
            NewFile { replaces, path: path.clone(), content }
        };
        let Matter::Updates(request) = matter else {
            return Ok(FilePath::new(OWN_FILE).iter().map(|path| new(path, Config::OWN_SAMPLE)).collect());
        };
        let edited = self.outcome.files.edited(&request.branch.edits);
        let edited = edited.map_err(|error| Failure::Malformed(error.to_string()))?;
        let changed: BTreeSet<_> = request.branch.edits.iter().map(|edit| &edit.site.file).collect();
        Ok(changed.into_iter().filter_map(|path| Some(new(path, edited.text(path)?))).collect())
    }

    fn text(&self, matter: Matter<'_>, base: &CommitId) -> String {
        match matter {
            Matter::Updates(request) => (self.describe)(request, Some(base)),
            Matter::Onboarding => (self.introduce)(),
        }
    }

    fn terms(&self, matter: Matter<'_>) -> Terms {
        match matter {
            Matter::Updates(request) => self.manner.terms(request),
            Matter::Onboarding => self.manner.onboarding_terms(),
        }
    }

    async fn build(
        &self,
        matter: Matter<'_>,
        branch: &str,
        base: &CommitId,
        replaces: Option<&CommitId>,
    ) -> Result<CommitId, Failure> {
        let files = self.files(matter)?;
        let message = match matter {
            Matter::Updates(request) => self.manner.message(request),
            Matter::Onboarding => self.manner.onboarding_message(),
        };
        let commit =
            NewCommit { branch, replaces, base, message: &message, author: self.manner.author(), files: &files };
        self.forge.commit(self.project, &commit).await
    }

    fn new_request<'r>(&'r self, wish: &'r Wish, terms: &'r Terms, body: &'r str) -> NewRequest<'r> {
        let draft = self.manner.settings().draft;
        NewRequest {
            branch: &wish.branch,
            target: &self.project.default_branch,
            title: &wish.title,
            body,
            labels: &terms.labels,
            assignees: &terms.assignees,
            reviewers: &terms.reviewers,
            draft,
            remove_branch: true,
            auto_merge: terms.auto_merge && !draft,
        }
    }

    async fn open(&self, branch: &str, replaces: Option<&CommitId>, standing: &Standing) -> Result<Deed, Failure> {
        let (matter, wish) = self.wanted(branch)?;
        let head = self.build(matter, branch, &standing.base, replaces).await?;
        let text = self.text(matter, &standing.base);
        let terms = self.terms(matter);
        let unsettled = self.forge.opens_unsettled(&self.new_request(wish, &terms, ""));
        let body = new_mark(wish, &standing.base, &head, unsettled).sign(&text);
        let new = self.new_request(wish, &terms, &body);
        let opened = self.forge.open(self.project, &new).await?;
        let lacks =
            if unsettled { self.finish(&Request { body: body.clone(), ..opened.clone() }, &new).await? } else { None };
        Ok(Deed::Opened { number: opened.number, url: opened.url, lacks })
    }

    /// Does what is left to do about a request and notes it there; what cannot be done is given back.
    async fn finish(&self, opened: &Request, new: &NewRequest<'_>) -> Result<Option<Failure>, Failure> {
        let lacks = match self.forge.settle(self.project, opened, new).await {
            Ok(()) => None,
            Err(early @ Failure::Unavailable(_)) => return Ok(Some(early)),
            // Asking again in every run would not make it so.
            Err(refused @ (Failure::Forbidden { .. } | Failure::Refused(_) | Failure::NotFound(_))) => Some(refused),
            Err(failure) => return Err(failure),
        };
        let mark = Mark { unsettled: false, ..Mark::find(&opened.body).unwrap_or_default() };
        let body = mark.sign(&opened.body);
        let change = Change { body: Some(&body), ..Change::default() };
        self.forge.edit(self.project, opened.number, &change).await?;
        Ok(lacks)
    }

    async fn settle(&self, number: u64, branch: &str, standing: &Standing) -> Result<Deed, Failure> {
        let (matter, wish) = self.wanted(branch)?;
        let terms = self.terms(matter);
        let Some(opened) = standing.open.iter().find(|request| request.number == number) else {
            return Err(Failure::NotFound(format!("request {number}")));
        };
        Ok(match self.finish(opened, &self.new_request(wish, &terms, &opened.body)).await? {
            // It is waited for, and nothing was written.
            Some(Failure::Unavailable(_)) => Deed::Kept(number),
            Some(failure) => return Err(failure),
            None => Deed::Settled(number),
        })
    }

    async fn update(
        &self,
        number: u64,
        branch: &str,
        build: &Build,
        remove_labels: &[String],
        standing: &Standing,
    ) -> Result<Deed, Failure> {
        let (matter, wish) = self.wanted(branch)?;
        let old = standing.open.iter().find(|request| request.number == number);
        let mark = old.and_then(|request| Mark::find(&request.body)).unwrap_or_default();
        let (base, head, rebuilt) = match build {
            Build::New { replaces } => {
                let head = self.build(matter, branch, &standing.base, replaces.as_ref()).await?;
                (standing.base.clone(), head, true)
            }
            Build::Keep => match (CommitId::new(&mark.base), CommitId::new(&mark.head)) {
                (Some(base), Some(head)) => (base, head, false),
                _ => return Err(Failure::Malformed(format!("request {number} has lost its mark"))),
            },
        };
        let body = new_mark(wish, &base, &head, mark.unsettled).sign(&self.text(matter, &base));
        // What people made of the title is theirs until there is something new to say.
        let title = (mark.text != wish.text).then_some(wish.title.as_str());
        let change = Change { title, body: Some(&body), remove_labels, close: false };
        self.forge.edit(self.project, number, &change).await?;
        Ok(Deed::Updated { number, rebuilt })
    }

    async fn notice(&self, number: u64, standing: &Standing) -> Result<Deed, Failure> {
        let Some(request) = standing.open.iter().find(|request| request.number == number) else {
            return Err(Failure::NotFound(format!("request {number}")));
        };
        let text = "Somebody else committed to this branch, so it is yours now: nothing more will be changed here.\n\n\
                    To hand it back, tick the box in the description or set the label that asks for a rebuild; \
                    that throws the other commits away.";
        self.forge.comment(self.project, number, NOTICE_MARKER, text).await?;
        let mark = Mark { noticed: true, ..Mark::find(&request.body).unwrap_or_default() };
        let body = mark.sign(&request.body);
        self.forge.edit(self.project, number, &Change { body: Some(&body), ..Change::default() }).await?;
        Ok(Deed::Noticed(number))
    }

    async fn close(
        &self,
        number: u64,
        branch: &str,
        head: Option<&CommitId>,
        standing: &Standing,
    ) -> Result<Deed, Failure> {
        let Some(request) = standing.open.iter().find(|request| request.number == number) else {
            return Err(Failure::NotFound(format!("request {number}")));
        };
        let text = "Closed: what this request proposes is no longer wanted. Either the default branch has it, or \
                    the settings or the tags have changed. It will be opened again if it is wanted again.";
        self.forge.comment(self.project, number, CLOSED_MARKER, text).await?;
        let mark = Mark { closed: true, ..Mark::find(&request.body).unwrap_or_default() };
        let body = mark.sign(&request.body);
        let change = Change { body: Some(&body), close: true, ..Change::default() };
        self.forge.edit(self.project, number, &change).await?;
        if let Some(head) = head {
            self.forge.remove_branch(self.project, branch, head).await?;
        }
        Ok(Deed::Closed(number))
    }
}

/// What a request is to remember.
fn new_mark(wish: &Wish, base: &CommitId, head: &CommitId, unsettled: bool) -> Mark {
    Mark {
        plan: wish.plan.clone(),
        target: wish.target.clone(),
        text: wish.text.clone(),
        base: base.to_string(),
        head: head.to_string(),
        images: wish.images.clone(),
        files: wish.files.clone(),
        unsettled,
        ..Mark::default()
    }
}

/// The request that comes before all others, with this description.
fn onboarding(outcome: &Outcome, manner: &Manner<'_>, text: &str) -> Onboarding {
    let title = manner.onboarding_title();
    let wish = Wish {
        branch: onboarding_branch(&manner.policy.prefix),
        plan: fingerprint([OWN_FILE, Config::OWN_SAMPLE]),
        target: fingerprint([OWN_FILE]),
        text: fingerprint([title.as_str(), text]),
        title,
        images: Vec::new(),
        files: vec![OWN_FILE.to_owned()],
        lines: BTreeMap::new(),
    };
    Onboarding { wish, is_useful: !outcome.dependencies.is_empty() }
}

/// What an outcome wants of a forge.
fn wishes(
    outcome: &Outcome,
    manner: &Manner<'_>,
    describe: &dyn Fn(&MergeRequest, Option<&CommitId>) -> String,
) -> Wishes {
    let wanted = outcome.merge_requests.iter().map(|request| {
        let title = manner.title(request);
        let text = describe(request, None);
        let edits = request
            .branch
            .edits
            .iter()
            .flat_map(|edit| [edit.site.file.as_str(), outcome.files.slice(&edit.site), edit.replacement.as_str()]);
        let updates = &request.branch.updates;
        // Beside a newer tag, its digest is no target of its own: tags are built anew from day to day.
        let moves = |update: &Update| !matches!(update.kind, UpdateKind::Digest | UpdateKind::Pin);
        let is_about_digests = !updates.iter().any(moves);
        let is_target = |update: &&Update| is_about_digests || moves(update);
        let targets: BTreeSet<String> = updates
            .iter()
            .filter(is_target)
            .map(|update| match update.kind {
                UpdateKind::Drop => format!("{} without {:?}", update.image, update.from),
                UpdateKind::Pin => format!("{} pinned at {:?}", update.image, update.tag),
                _ => format!("{} {:?}", update.image, update.release.as_ref().or(update.to.as_ref())),
            })
            .collect();
        let images: BTreeSet<String> = updates.iter().map(|update| update.image.to_string()).collect();
        let files: BTreeSet<&str> = request.branch.edits.iter().map(|edit| edit.site.file.as_str()).collect();
        Wish {
            branch: request.branch.name.clone(),
            plan: fingerprint(edits),
            target: fingerprint(targets.iter().map(String::as_str)),
            text: fingerprint([title.as_str(), text.as_str()]),
            title,
            images: images.into_iter().collect(),
            files: files.into_iter().map(str::to_owned).collect(),
            lines: lines(&request.branch.edits, &outcome.files),
        }
    });
    let mut unknown_images = BTreeSet::new();
    let mut unknown_files = BTreeSet::new();
    for skip in &outcome.skips {
        match &skip.reason {
            // Hidden and lost images look the same as images that never were.
            Reason::ImageNotFound | Reason::RefusedHost { .. } => {
                let of_site = outcome.dependencies.iter().filter(|dependency| {
                    dependency.site == skip.site || dependency.slots.iter().any(|slot| slot.site == skip.site)
                });
                unknown_images.extend(of_site.map(|dependency| dependency.image.to_string()));
            }
            Reason::Malformed(_) | Reason::Unreadable(_) | Reason::NotProven { .. } => {
                unknown_files.insert(skip.site.file.as_str().to_owned());
            }
            _ => {}
        }
    }
    let complete = outcome.complete();
    Wishes { wanted: wanted.collect(), complete, unknown_images, unknown_files, onboarding: None }
}

/// The lines that edits change, by file.
fn lines(edits: &[Edit], files: &Snapshot) -> BTreeMap<String, BTreeSet<String>> {
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Edit { site, .. } in edits {
        let Some(text) = files.text(&site.file) else { continue };
        let (before, after) = (text.get(..site.span.start).unwrap_or(""), text.get(site.span.end..).unwrap_or(""));
        // What is put between two lines belongs to the one before.
        let before = if site.span.is_empty() { before.strip_suffix('\n').unwrap_or(before) } else { before };
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = text.len() - after.len() + after.find('\n').unwrap_or(after.len());
        let changed = text.get(start..end).unwrap_or("").split('\n').map(|line| line.trim_end_matches('\r'));
        let of_file = lines.entry(site.file.as_str().to_owned()).or_default();
        of_file.extend(changed.filter(|line| !line.trim().is_empty()).map(str::to_owned));
    }
    lines
}

/// A short name for texts: the same for the same texts in the same order.
fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut all = Vec::new();
    for text in texts {
        all.extend_from_slice(&(text.len() as u64).to_le_bytes());
        all.extend_from_slice(text.as_bytes());
    }
    let mut name = sha256::hex(&all);
    name.truncate(16);
    name
}

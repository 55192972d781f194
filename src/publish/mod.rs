//! Wanted merge requests against what stands on the forge: what is to be done, or has to be asked first.
//!
//! All judgement about other people's work is here. Must never know: registries, files, the API of a forge.

mod comment;
pub mod dashboard;
pub mod mark;
pub mod words;

use std::collections::BTreeSet;

use crate::config::settings::RebaseWhen;
use crate::forge::contract::{CommitId, Removed, Request, RequestState};
use crate::publish::comment::ticked;
use crate::publish::dashboard::Wanted;
use crate::publish::mark::Mark;
use crate::publish::words::{Build, Decision, Held, Known, Onboarding, Policy, Question, Step, Wish, Wishes};

/// The line in a description by which people ask to build the branch again.
pub const REBUILD: &str = "<!-- tagalong:rebuild -->";

/// Requests of other bots that are looked into. Of more, only the newest.
const MOST_RIVALS: usize = 50;
const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// The branch of the request that comes before all others.
#[must_use]
pub fn onboarding_branch(prefix: &str) -> String {
    format!("{prefix}onboarding")
}

/// Decides about every branch that is wanted or that the bot made.
#[must_use]
pub fn reconcile(wishes: &Wishes, known: &Known<'_>, policy: &Policy) -> Decision {
    let mut judge = Judge { known, policy, questions: BTreeSet::new() };
    if let Some(onboarding) = &wishes.onboarding {
        match judge.onboarding(onboarding, wishes.complete) {
            None => return Decision::Ask(judge.questions),
            Some(Admission::Not(step)) => return Decision::Onboard(step),
            Some(Admission::Granted) => {}
        }
    }
    let mut steps = Vec::new();
    let mut new = Vec::new();
    for wish in &wishes.wanted {
        match judge.wanted(wish) {
            Some(Step::Open { replaces, .. }) => new.push((wish, replaces)),
            step => steps.extend(step),
        }
    }
    let is_wanted = |branch: &str| wishes.wanted.iter().any(|wish| wish.branch == branch);
    for request in judge.own_open().filter(|request| !is_wanted(&request.branch)).collect::<Vec<_>>() {
        steps.extend(judge.unwanted(wishes, request));
    }
    for (branch, head) in &known.standing.branches {
        let is_open = known.standing.open.iter().any(|request| !request.from_fork && request.branch == *branch);
        if !is_wanted(branch) && !is_open {
            steps.extend(judge.left_over(wishes, branch, head));
        }
    }
    if !judge.questions.is_empty() {
        return Decision::Ask(judge.questions);
    }
    let closed = steps.iter().filter(|step| matches!(step, Step::Close { .. })).count();
    let mut room = Room { open: judge.own_open().count() - closed, this_run: 0, last_hour: judge.of_last_hour() };
    let is_asked = |wish: &Wish| known.asked.has(Wanted::Open, &wish.branch);
    // What people ask for is not held, and takes its place before anything else does.
    let (asked, others): (Vec<_>, Vec<_>) = new.into_iter().partition(|(wish, _)| is_asked(wish));
    steps.extend(asked.into_iter().map(|(wish, replaces)| {
        room.take();
        Step::Open { branch: wish.branch.clone(), replaces }
    }));
    // Only what would really be opened is worth a question.
    if !others.is_empty() && room.clone().refusal(policy).is_none() {
        judge.ask_rivals();
        if !judge.questions.is_empty() {
            return Decision::Ask(judge.questions);
        }
    }
    steps.extend(others.into_iter().map(|(wish, replaces)| {
        let branch = wish.branch.clone();
        match judge.rival(wish).map(Held::Yields).or_else(|| room.refusal(policy)) {
            Some(why) => Step::Hold { branch, why },
            None => Step::Open { branch, replaces },
        }
    }));
    Decision::Do(steps)
}

/// How many requests there are, as limits count them.
#[derive(Clone)]
struct Room {
    open: usize,
    this_run: usize,
    last_hour: usize,
}

impl Room {
    /// Takes a place, or says why there is none.
    fn refusal(&mut self, policy: &Policy) -> Option<Held> {
        let is_full = |limit: usize, count: usize| limit > 0 && count >= limit;
        if let Some(opens) = policy.opens {
            return Some(Held::Schedule(opens));
        }
        if is_full(policy.max_open, self.open) {
            return Some(Held::MaxOpen(policy.max_open));
        }
        if is_full(policy.max_new_per_run, self.this_run) {
            return Some(Held::MaxNewPerRun(policy.max_new_per_run));
        }
        if is_full(policy.max_new_per_hour, self.last_hour) {
            return Some(Held::MaxNewPerHour(policy.max_new_per_hour));
        }
        self.take();
        None
    }

    /// Takes a place.
    fn take(&mut self) {
        self.open += 1;
        self.this_run += 1;
        self.last_hour += 1;
    }
}

/// Whether a repository wants to be served.
enum Admission {
    /// It does, or need not be asked.
    Granted,
    /// Not yet, or not at all.
    Not(Step),
}

struct Judge<'a> {
    known: &'a Known<'a>,
    policy: &'a Policy,
    questions: BTreeSet<Question>,
}

impl<'a> Judge<'a> {
    /// Open requests by the bot, from its own branches.
    fn own_open(&self) -> impl Iterator<Item = &'a Request> + use<'a> {
        let (known, prefix) = (self.known, self.policy.prefix.as_str());
        known.standing.open.iter().filter(move |request| {
            !request.from_fork
                && request.author == known.account.login
                && request.branch.starts_with(prefix)
                && request.target == known.default_branch
        })
    }

    /// Open requests of other bots, newest first. Whoever may push has made their branches: anybody could
    /// give a name like theirs to a branch of a fork.
    fn rivals(&self) -> impl Iterator<Item = &'a Request> + use<'a> {
        let (known, policy) = (self.known, self.policy);
        let mut rivals: Vec<&Request> = known.standing.open.iter().collect();
        rivals.retain(|request| {
            !request.from_fork
                && request.target == known.default_branch
                && !request.branch.starts_with(&policy.prefix)
                && policy.yield_to.iter().any(|prefix| request.branch.starts_with(prefix))
        });
        rivals.sort_by_key(|request| std::cmp::Reverse(request.number));
        rivals.into_iter().take(MOST_RIVALS)
    }

    fn ask_rivals(&mut self) {
        let unknown = self.rivals().map(|request| request.number);
        let unknown = unknown.filter(|number| !self.known.removed.contains_key(number));
        self.questions.extend(unknown.map(Question::Removed).collect::<Vec<_>>());
    }

    /// The oldest request of another bot that changes a line which the wish changes.
    fn rival(&self, wish: &Wish) -> Option<u64> {
        let meets = |request: &Request| {
            let removed = self.known.removed.get(&request.number);
            removed.into_iter().flatten().any(|(file, removed)| match (removed, wish.lines.get(file)) {
                (Removed::Lines(removed), Some(lines)) => !removed.is_disjoint(lines),
                (Removed::Untold, lines) => lines.is_some(),
                (Removed::Lines(_), None) => false,
            })
        };
        self.rivals().filter(|request| meets(request)).map(|request| request.number).min()
    }

    fn of_last_hour(&self) -> usize {
        let past = self.known.past.values().flatten().filter(|request| request.author == self.known.account.login);
        let all = self.own_open().chain(past);
        all.filter(|request| request.created.is_some_and(|created| self.known.now.duration_since(created) < HOUR))
            .count()
    }

    /// Whether all commits on a branch are the bot's; `None` if that has to be asked.
    fn is_own(&mut self, branch: &str) -> Option<bool> {
        let commits = self.known.commits.get(branch);
        if commits.is_none() {
            self.questions.insert(Question::Commits(branch.to_owned()));
        }
        commits.map(|commits| commits.iter().all(|commit| self.known.account.made(commit)))
    }

    fn past(&mut self, branch: &str) -> Option<&'a [Request]> {
        let past = self.known.past.get(branch);
        if past.is_none() {
            self.questions.insert(Question::Past(branch.to_owned()));
        }
        past.map(Vec::as_slice)
    }

    /// `None` while there are questions.
    fn wanted(&mut self, wish: &Wish) -> Option<Step> {
        let branch = wish.branch.clone();
        let from_branch = |request: &&Request| !request.from_fork && request.branch == branch;
        let own = self.own_open().find(|request| from_branch(request));
        let Some(request) = own else {
            if let Some(other) = self.known.standing.open.iter().find(from_branch) {
                return Some(Step::Hold { branch, why: Held::OthersRequest(other.number) });
            }
            return self.unopened(wish);
        };
        let number = request.number;
        let mark = Mark::find(&request.body).unwrap_or_default();
        let head = self.known.standing.branches.get(&branch).cloned();
        let is_asked = request.labels.contains(&self.policy.rebase_label)
            || is_ticked(&request.body)
            || self.known.asked.has(Wanted::Rebuild, &branch);
        let is_as_left = mark.is_at(head.as_ref());
        if head.is_some() && !is_as_left && !is_asked && !self.is_own(&branch)? {
            return Some(if mark.noticed {
                Step::Hold { branch, why: Held::OthersCommits(number) }
            } else {
                Step::Notice { number, branch }
            });
        }
        let moved = mark.base != self.known.standing.base.as_str();
        let is_stale = match self.policy.rebase {
            RebaseWhen::Never => false,
            RebaseWhen::Behind => moved,
            RebaseWhen::Conflicted => moved && is_as_left && mark.plan == wish.plan && self.conflicts(request)?,
        };
        let build = if is_asked || !is_as_left || mark.plan != wish.plan || is_stale {
            Build::New { replaces: head }
        } else {
            Build::Keep
        };
        let label = &self.policy.rebase_label;
        let remove_labels: Vec<String> = request.labels.contains(label).then(|| label.clone()).into_iter().collect();
        if build == Build::Keep && mark.text == wish.text && !mark.noticed {
            return Some(if mark.unsettled { Step::Settle { number, branch } } else { Step::Keep { number, branch } });
        }
        Some(Step::Update { number, branch, build, remove_labels })
    }

    /// `None` while that has to be asked. What the forge does not know yet is no conflict.
    fn conflicts(&mut self, request: &Request) -> Option<bool> {
        if let Some(conflicts) = request.conflicts {
            return Some(conflicts);
        }
        let conflicts = self.known.conflicts.get(&request.number);
        if conflicts.is_none() {
            self.questions.insert(Question::Conflicts(request.number));
        }
        conflicts.map(|conflicts| conflicts.unwrap_or(false))
    }

    /// A branch that no open request is from.
    fn unopened(&mut self, wish: &Wish) -> Option<Step> {
        let branch = wish.branch.clone();
        let head = self.known.standing.branches.get(&branch).cloned();
        let is_own = head.is_none().then_some(true).or_else(|| self.is_own(&branch));
        let past = self.past(&branch)?;
        if !is_own? {
            return Some(Step::Hold { branch, why: Held::OthersBranch });
        }
        let declined = past.iter().find(|request| {
            let mark = Mark::find(&request.body).unwrap_or_default();
            request.state == RequestState::Closed
                && request.author == self.known.account.login
                && !mark.closed
                && mark.target == wish.target
        });
        Some(match declined {
            Some(request) if !self.known.asked.has(Wanted::Open, &branch) => {
                Step::Hold { branch, why: Held::Declined(request.number) }
            }
            Some(_) | None => Step::Open { branch, replaces: head },
        })
    }

    /// Whether the repository has been asked, and what it answered; `None` while there are questions.
    fn onboarding(&mut self, onboarding: &Onboarding, complete: bool) -> Option<Admission> {
        let Onboarding { wish, is_useful } = onboarding;
        let branch = wish.branch.clone();
        let from_branch = |request: &Request| !request.from_fork && request.branch == branch;
        if self.known.standing.open.iter().any(from_branch) {
            return Some(Admission::Not(match self.wanted(wish)? {
                // To commit to it is how people change the settings before they take them.
                Step::Notice { number, branch } | Step::Hold { branch, why: Held::OthersCommits(number) } => {
                    Step::Keep { number, branch }
                }
                // A report with gaps is not worth writing over one that has none.
                Step::Update { number, branch, build: Build::Keep, remove_labels }
                    if !complete && remove_labels.is_empty() =>
                {
                    Step::Keep { number, branch }
                }
                step => step,
            }));
        }
        if !is_useful {
            return Some(Admission::Granted);
        }
        let past = self.past(&branch)?;
        let own = || past.iter().filter(|request| request.author == self.known.account.login);
        // The settings may have been merged and taken out again: the answer was yes.
        if own().any(|request| request.state == RequestState::Merged) {
            return Some(Admission::Granted);
        }
        // It is declined even if somebody cut the line out by which the bot knows its own requests.
        let is_declined = |request: &&Request| {
            request.state == RequestState::Closed && !Mark::find(&request.body).unwrap_or_default().closed
        };
        if let Some(request) = own().find(is_declined) {
            return Some(Admission::Not(Step::Hold { branch, why: Held::NotOnboarded(request.number) }));
        }
        Some(Admission::Not(match (self.unopened(wish)?, self.policy.opens) {
            (Step::Open { branch, .. }, Some(opens)) => Step::Hold { branch, why: Held::Schedule(opens) },
            (step, _) => step,
        }))
    }

    /// An open request of the bot that is not wanted.
    fn unwanted(&mut self, wishes: &Wishes, request: &Request) -> Option<Step> {
        let (number, branch) = (request.number, request.branch.clone());
        let mark = Mark::find(&request.body).unwrap_or_default();
        // Whether a repository is to be asked is no question to a registry.
        let is_unknown = branch != onboarding_branch(&self.policy.prefix)
            && (!wishes.complete
                || mark.images.is_empty() && !wishes.unknown_images.is_empty()
                || mark.images.iter().any(|image| wishes.unknown_images.contains(image))
                || mark.files.iter().any(|file| wishes.unknown_files.contains(file)));
        if is_unknown {
            return Some(Step::Hold { branch, why: Held::Unknown(number) });
        }
        let head = self.known.standing.branches.get(&branch).cloned();
        if head.is_some() && !mark.is_at(head.as_ref()) && !self.is_own(&branch)? {
            return Some(Step::Hold { branch, why: Held::OthersCommits(number) });
        }
        Some(Step::Close { number, branch, head })
    }

    /// A branch that nobody wants and no open request is from: removed if it is the bot's own, and what
    /// became of it is known.
    fn left_over(&mut self, wishes: &Wishes, branch: &str, head: &CommitId) -> Option<Step> {
        let remove = || Some(Step::Remove { branch: branch.to_owned(), head: head.clone() });
        let past = self.past(branch)?;
        let own = past.iter().find(|request| request.author == self.known.account.login);
        match own {
            Some(request) => {
                let mark = Mark::find(&request.body).unwrap_or_default();
                let is_done = request.state == RequestState::Merged || mark.closed;
                if is_done && (mark.is_at(Some(head)) || request.head.as_ref() == Some(head)) { remove() } else { None }
            }
            // A run that ended between the commit and the request; empty branches may be anybody's.
            None if past.is_empty() && wishes.complete => {
                let is_own = self.is_own(branch)?;
                let is_empty = self.known.commits.get(branch).is_some_and(Vec::is_empty);
                if is_own && !is_empty { remove() } else { None }
            }
            None => None,
        }
    }
}

/// Whether somebody ticked the box that asks to build again.
fn is_ticked(body: &str) -> bool {
    body.lines().filter_map(ticked).any(|asked| asked.starts_with(REBUILD))
}

#[cfg(test)]
mod tests;

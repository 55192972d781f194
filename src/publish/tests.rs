//! What is done about every state that a branch and its request can be in.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::forge::contract::{Account, Commit, CommitId, Issue, Standing};
use crate::publish::dashboard::{Asked, asked, checkbox};
use crate::publish::words::{Decision, Held, Onboarding};
use jiff::Timestamp;
use std::collections::BTreeMap;

const BRANCH: &str = "tagalong/python-3.x";

fn id(digit: char) -> CommitId {
    CommitId::new(&digit.to_string().repeat(40)).unwrap()
}

fn account() -> Account {
    Account {
        login: "bot".to_owned(),
        emails: ["bot@example.org".to_owned()].into(),
        committers: ["noreply@forge.example".to_owned()].into(),
    }
}

fn wish() -> Wish {
    Wish {
        branch: BRANCH.to_owned(),
        title: "Update python to 3.14".to_owned(),
        plan: "plan".to_owned(),
        target: "target".to_owned(),
        text: "text".to_owned(),
        images: vec!["docker.io/library/python".to_owned()],
        files: vec!["Dockerfile".to_owned()],
        lines: BTreeMap::from([("Dockerfile".to_owned(), ["FROM python:3.12".to_owned()].into())]),
    }
}

fn mark() -> Mark {
    let Wish { plan, target, text, images, files, .. } = wish();
    Mark { plan, target, text, images, files, base: id('b').to_string(), head: id('1').to_string(), ..Mark::default() }
}

fn request(mark: &Mark) -> Request {
    Request {
        number: 7,
        state: RequestState::Open,
        branch: BRANCH.to_owned(),
        from_fork: false,
        target: "main".to_owned(),
        title: String::new(),
        body: mark.sign(&format!("Moves python.\n- [ ] {REBUILD}Rebuild")),
        labels: BTreeSet::new(),
        author: "bot".to_owned(),
        head: Some(id('1')),
        conflicts: Some(false),
        created: None,
        url: String::new(),
    }
}

fn commit(author: &str, committer: &str) -> Commit {
    Commit { id: id('2'), author: author.to_owned(), committer: committer.to_owned() }
}

fn ours() -> Vec<Commit> {
    vec![commit("bot@example.org", "Bot@Example.org")]
}

/// A repository with one wish, and what is told of it.
/// What the bot reads on a dashboard with these boxes ticked.
fn ticked(boxes: &[(Wanted, &str)]) -> Asked {
    let lines = boxes.iter().map(|(wanted, branch)| checkbox(*wanted, branch, &Asked::default()));
    let body = lines.map(|line| line.replace("[ ]", "[x]")).collect::<Vec<_>>().join("\n");
    asked(Some(&Issue { number: 1, is_open: true, body, author: "bot".to_owned() }))
}

struct Case {
    wishes: Wishes,
    standing: Standing,
    past: Vec<Request>,
    commits: Vec<Commit>,
    conflicts: Option<bool>,
    removed: BTreeMap<u64, BTreeMap<String, Removed>>,
    policy: Policy,
    asked: BTreeSet<Question>,
    /// Boxes that are ticked on the dashboard.
    ticked: Vec<(Wanted, &'static str)>,
}

impl Case {
    fn new() -> Self {
        let standing = Standing { base: id('b'), branches: BTreeMap::new(), open: Vec::new() };
        let policy = Policy {
            prefix: "tagalong/".to_owned(),
            rebase: RebaseWhen::Conflicted,
            rebase_label: "rebase".to_owned(),
            max_open: 10,
            max_new_per_run: 10,
            max_new_per_hour: 0,
            yield_to: vec!["renovate/".to_owned()],
            opens: None,
        };
        let wishes = Wishes { wanted: vec![wish()], complete: true, ..Wishes::default() };
        let (past, commits) = (Vec::new(), ours());
        Self {
            wishes,
            standing,
            past,
            commits,
            conflicts: None,
            removed: BTreeMap::new(),
            policy,
            asked: BTreeSet::new(),
            ticked: Vec::new(),
        }
    }

    /// With an open request and its branch.
    fn open(mark: &Mark) -> Self {
        let mut case = Self::new();
        case.standing.open.push(request(mark));
        case.standing.branches.insert(BRANCH.to_owned(), id('1'));
        case
    }

    /// Answers every question that comes, and only those.
    fn steps(&mut self) -> Vec<Step> {
        let account = account();
        let mut known = Known {
            account: &account,
            default_branch: "main",
            standing: &self.standing,
            past: BTreeMap::new(),
            commits: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            asked: ticked(&self.ticked),
            removed: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
        };
        for _ in 0..5 {
            match reconcile(&self.wishes, &known, &self.policy) {
                Decision::Do(steps) => return steps,
                Decision::Onboard(step) => return vec![step],
                Decision::Ask(questions) => {
                    for question in &questions {
                        match question.clone() {
                            Question::Past(branch) => {
                                let of_branch = self.past.iter().filter(|request| request.branch == branch);
                                let of_branch = of_branch.cloned().collect();
                                known.past.insert(branch, of_branch);
                            }
                            Question::Commits(branch) => {
                                known.commits.insert(branch, self.commits.clone());
                            }
                            Question::Conflicts(number) => {
                                known.conflicts.insert(number, self.conflicts);
                            }
                            Question::Removed(number) => {
                                let removed = self.removed.get(&number).cloned().unwrap_or_default();
                                known.removed.insert(number, removed);
                            }
                        }
                    }
                    self.asked.extend(questions);
                }
            }
        }
        panic!("it never stops asking");
    }

    fn step(&mut self) -> Step {
        let mut steps = self.steps();
        assert_eq!(steps.len(), 1, "{steps:?}");
        steps.remove(0)
    }
}

fn rebuild(replaces: Option<CommitId>) -> Step {
    Step::Update { number: 7, branch: BRANCH.to_owned(), build: Build::New { replaces }, remove_labels: Vec::new() }
}

fn keep() -> Step {
    Step::Keep { number: 7, branch: BRANCH.to_owned() }
}

fn hold(why: Held) -> Step {
    Step::Hold { branch: BRANCH.to_owned(), why }
}

#[test]
fn nothing_changed_nothing_asked_nothing_done() {
    let mut case = Case::open(&mark());
    assert_eq!(case.step(), keep());
    assert!(case.asked.is_empty());
}

#[test]
fn a_wish_is_opened_once_its_past_is_known() {
    let mut case = Case::new();
    assert_eq!(case.step(), Step::Open { branch: BRANCH.to_owned(), replaces: None });
    assert_eq!(case.asked, [Question::Past(BRANCH.to_owned())].into());
}

#[test]
fn a_branch_without_a_request_is_taken_over_only_from_the_bot() {
    let mut case = Case::new();
    case.standing.branches.insert(BRANCH.to_owned(), id('1'));
    assert_eq!(case.step(), Step::Open { branch: BRANCH.to_owned(), replaces: Some(id('1')) });
    case.commits.push(commit("human@example.org", "bot@example.org"));
    assert_eq!(case.step(), hold(Held::OthersBranch));
}

#[test]
fn the_request_of_somebody_else_is_never_touched() {
    let mut case = Case::open(&mark());
    case.standing.open[0].author = "human".to_owned();
    assert_eq!(case.step(), hold(Held::OthersRequest(7)));
    case.wishes.wanted.clear();
    assert_eq!(case.steps(), []);
}

#[test]
fn a_request_of_the_same_name_from_a_fork_is_another() {
    let mut case = Case::open(&mark());
    case.standing.open[0].from_fork = true;
    case.standing.branches.clear();
    assert_eq!(case.step(), Step::Open { branch: BRANCH.to_owned(), replaces: None });
}

#[test]
fn another_plan_is_built_again_and_another_text_is_only_written() {
    let mut case = Case::open(&Mark { plan: "old".to_owned(), ..mark() });
    assert_eq!(case.step(), rebuild(Some(id('1'))));
    let mut case = Case::open(&Mark { text: "old".to_owned(), ..mark() });
    let expected = Step::Update { number: 7, branch: BRANCH.to_owned(), build: Build::Keep, remove_labels: Vec::new() };
    assert_eq!(case.step(), expected);
}

#[test]
fn rebase_says_when_a_branch_is_built_again() {
    use RebaseWhen::{Behind, Conflicted, Never};
    for (rebase, moved, told, found, expected) in [
        (Conflicted, false, Some(true), None, keep()),
        (Conflicted, true, Some(false), None, keep()),
        (Conflicted, true, Some(true), None, rebuild(Some(id('1')))),
        (Conflicted, true, None, Some(true), rebuild(Some(id('1')))),
        (Conflicted, true, None, Some(false), keep()),
        (Conflicted, true, None, None, keep()),
        (Behind, false, Some(true), None, keep()),
        (Behind, true, Some(false), None, rebuild(Some(id('1')))),
        (Never, true, Some(true), None, keep()),
    ] {
        let base = id(if moved { 'c' } else { 'b' }).to_string();
        let mut case = Case::open(&Mark { base, ..mark() });
        (case.policy.rebase, case.standing.open[0].conflicts, case.conflicts) = (rebase, told, found);
        assert_eq!(case.step(), expected, "{rebase:?} {moved} {told:?} {found:?}");
    }
}

#[test]
fn a_commit_of_somebody_else_means_hands_off_and_one_notice() {
    let stale = Mark { plan: "old".to_owned(), ..mark() };
    for (author, committer) in [
        ("human@example.org", "human@example.org"),
        ("bot@example.org", "human@example.org"),
        ("human@example.org", "bot@example.org"),
        // What the forge commits for somebody.
        ("human@example.org", "noreply@forge.example"),
        ("noreply@forge.example", "noreply@forge.example"),
        ("noreply@forge.example", "bot@example.org"),
    ] {
        let mut case = Case::open(&stale);
        case.standing.branches.insert(BRANCH.to_owned(), id('2'));
        case.commits.push(commit(author, committer));
        assert_eq!(case.step(), Step::Notice { number: 7, branch: BRANCH.to_owned() });
        case.standing.open[0] = request(&Mark { noticed: true, ..stale.clone() });
        assert_eq!(case.step(), hold(Held::OthersCommits(7)));
        // Not wanted either: it is still theirs.
        case.wishes.wanted.clear();
        assert_eq!(case.step(), hold(Held::OthersCommits(7)));
    }
}

#[test]
fn a_commit_that_the_forge_made_for_the_bot_is_its_own() {
    let stale = Mark { plan: "old".to_owned(), ..mark() };
    for committer in ["bot@example.org", "noreply@forge.example", "NoReply@Forge.example"] {
        let mut case = Case::open(&stale);
        case.standing.branches.insert(BRANCH.to_owned(), id('2'));
        case.commits.push(commit("Bot@example.org", committer));
        assert_eq!(case.step(), rebuild(Some(id('2'))), "{committer}");
    }
}

#[test]
fn people_may_ask_to_build_again_whatever_is_on_the_branch() {
    let mut case = Case::open(&Mark { noticed: true, ..mark() });
    case.standing.branches.insert(BRANCH.to_owned(), id('2'));
    case.commits.push(commit("human@example.org", "human@example.org"));
    case.standing.open[0].labels.insert("rebase".to_owned());
    let Step::Update { build, remove_labels, .. } = case.step() else { panic!() };
    assert_eq!((build, remove_labels), (Build::New { replaces: Some(id('2')) }, vec!["rebase".to_owned()]));

    for ticked in ["- [x] ", "* [X] ", "  - [x]"] {
        let mut case = Case::open(&mark());
        case.standing.open[0].body = case.standing.open[0].body.replace("- [ ] ", ticked);
        assert_eq!(case.step(), rebuild(Some(id('1'))), "{ticked}");
    }
    let mut case = Case::open(&mark());
    case.standing.open[0].body += "\n- [x] something else\nREBUILD [x]";
    assert_eq!(case.step(), keep());
}

#[test]
fn what_the_bot_left_half_done_is_done_again() {
    // The commit was made, and the description not written.
    let mut case = Case::open(&mark());
    case.standing.branches.insert(BRANCH.to_owned(), id('2'));
    assert_eq!(case.step(), rebuild(Some(id('2'))));
    // The branch is gone.
    case.standing.branches.clear();
    assert_eq!(case.step(), rebuild(None));
    // Somebody emptied the description.
    let mut case = Case::open(&mark());
    case.standing.open[0].body.clear();
    assert_eq!(case.step(), rebuild(Some(id('1'))));
}

#[test]
fn what_people_closed_is_not_opened_again_but_the_next_target_is() {
    let closed = |mark: &Mark| Request { state: RequestState::Closed, title: "edited".to_owned(), ..request(mark) };
    for (past, expected) in [
        (closed(&mark()), hold(Held::Declined(7))),
        (closed(&Mark { plan: "other files".to_owned(), ..mark() }), hold(Held::Declined(7))),
        (
            closed(&Mark { target: "older".to_owned(), ..mark() }),
            Step::Open { branch: BRANCH.to_owned(), replaces: None },
        ),
        (closed(&Mark { closed: true, ..mark() }), Step::Open { branch: BRANCH.to_owned(), replaces: None }),
        (
            Request { state: RequestState::Merged, ..closed(&mark()) },
            Step::Open { branch: BRANCH.to_owned(), replaces: None },
        ),
        (
            Request { author: "human".to_owned(), ..closed(&mark()) },
            Step::Open { branch: BRANCH.to_owned(), replaces: None },
        ),
    ] {
        let mut case = Case::new();
        case.past.push(past.clone());
        assert_eq!(case.step(), expected, "{past:?}");
    }
}

#[test]
fn what_is_no_longer_wanted_is_closed_only_if_that_is_known() {
    let mut case = Case::open(&mark());
    case.wishes.wanted.clear();
    let close = Step::Close { number: 7, branch: BRANCH.to_owned(), head: Some(id('1')) };
    assert_eq!(case.step(), close);
    case.wishes.complete = false;
    assert_eq!(case.step(), hold(Held::Unknown(7)));
    case.wishes.complete = true;
    case.wishes.unknown_images = ["docker.io/library/python".to_owned()].into();
    assert_eq!(case.step(), hold(Held::Unknown(7)));
    case.wishes.unknown_images = ["docker.io/library/redis".to_owned()].into();
    assert_eq!(case.step(), close);
    case.wishes.unknown_files = ["Dockerfile".to_owned()].into();
    assert_eq!(case.step(), hold(Held::Unknown(7)));
}

#[test]
fn branches_are_removed_once_their_requests_are_done() {
    let remove = Step::Remove { branch: BRANCH.to_owned(), head: id('1') };
    let mut case = Case::new();
    case.wishes.wanted.clear();
    case.standing.branches.insert(BRANCH.to_owned(), id('1'));
    assert_eq!(case.step(), remove, "left by a run that was killed");
    case.past = vec![Request { state: RequestState::Merged, ..request(&mark()) }];
    assert_eq!(case.step(), remove);
    case.past[0].state = RequestState::Closed;
    assert_eq!(case.steps(), [], "closed by people: the branch is theirs to keep");
    case.past[0] = Request { state: RequestState::Closed, ..request(&Mark { closed: true, ..mark() }) };
    assert_eq!(case.step(), remove);
    case.standing.branches.insert(BRANCH.to_owned(), id('9'));
    assert_eq!(case.steps(), [], "somebody went on with it");
    case.past.clear();
    case.commits.clear();
    assert_eq!(case.steps(), [], "an empty branch may be anybody's");
    case.commits = vec![commit("human@example.org", "human@example.org")];
    assert_eq!(case.steps(), []);
}

#[test]
fn limits_hold_new_requests_and_only_those() {
    let wishes = |count: usize| -> Vec<Wish> {
        (0..count).map(|number| Wish { branch: format!("tagalong/{number}"), ..wish() }).collect()
    };
    let held = |case: &mut Case| -> Vec<Held> {
        case.steps()
            .into_iter()
            .filter_map(|step| match step {
                Step::Hold { why, .. } => Some(why),
                _ => None,
            })
            .collect()
    };
    let mut case = Case::open(&mark());
    case.wishes.wanted.extend(wishes(3));
    assert_eq!(held(&mut case), []);
    case.policy.max_open = 3;
    assert_eq!(held(&mut case), [Held::MaxOpen(3)]);
    case.policy.max_open = 0;
    case.policy.max_new_per_run = 1;
    assert_eq!(held(&mut case), [Held::MaxNewPerRun(1), Held::MaxNewPerRun(1)]);
    case.policy.max_new_per_run = 0;
    case.policy.max_new_per_hour = 2;
    case.standing.open[0].created = Some(Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_mins(59));
    assert_eq!(held(&mut case), [Held::MaxNewPerHour(2), Held::MaxNewPerHour(2)]);
    case.standing.open[0].created = Some(Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_mins(61));
    assert_eq!(held(&mut case), [Held::MaxNewPerHour(2)]);
    case.policy.max_new_per_hour = 0;
    case.policy.opens = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(held(&mut case).len(), 3);
    // A request that is closed in the same run makes room.
    let mut case = Case::open(&mark());
    (case.wishes.wanted, case.policy.max_open) = (wishes(1), 1);
    assert_eq!(held(&mut case), []);
}

#[test]
fn boxes_on_the_dashboard_override_what_holds() {
    let open = Step::Open { branch: BRANCH.to_owned(), replaces: None };
    // Declined.
    let mut case = Case::new();
    case.past = vec![Request { state: RequestState::Closed, ..request(&mark()) }];
    assert_eq!(case.step(), hold(Held::Declined(7)));
    case.ticked = vec![(Wanted::Open, BRANCH)];
    assert_eq!(case.step(), open);
    // Held by the schedule and by a limit, which it counts for all the same.
    let mut case = Case::new();
    case.policy.opens = Some(Timestamp::UNIX_EPOCH);
    case.ticked = vec![(Wanted::Open, BRANCH)];
    assert_eq!(case.step(), open);
    (case.policy.opens, case.policy.max_new_per_run) = (None, 1);
    case.wishes.wanted.insert(0, Wish { branch: "tagalong/another".to_owned(), ..wish() });
    let another = Step::Hold { branch: "tagalong/another".to_owned(), why: Held::MaxNewPerRun(1) };
    assert_eq!(case.steps(), [open, another]);
    // Work of others is nothing that a box throws away.
    let mut case = Case::new();
    case.standing.branches.insert(BRANCH.to_owned(), id('2'));
    case.commits = vec![commit("human@example.org", "human@example.org")];
    case.ticked = vec![(Wanted::Open, BRANCH)];
    assert_eq!(case.step(), hold(Held::OthersBranch));
    // To build again.
    let mut case = Case::open(&mark());
    case.ticked = vec![(Wanted::Open, BRANCH), (Wanted::Rebuild, "tagalong/other")];
    assert_eq!(case.step(), keep());
    case.ticked = vec![(Wanted::Rebuild, BRANCH)];
    assert_eq!(case.step(), rebuild(Some(id('1'))));
}

/// The only wish is new, and somebody's request is open from `branch`.
fn beside(branch: &str, file: &str, removed: Removed) -> Case {
    let mut case = Case::new();
    let other = Request { number: 3, branch: branch.to_owned(), author: "renovate".to_owned(), ..request(&mark()) };
    case.standing.open.push(other);
    case.removed.insert(3, BTreeMap::from([(file.to_owned(), removed)]));
    case
}

fn line(text: &str) -> Removed {
    Removed::Lines([text.to_owned()].into())
}

#[test]
fn what_another_bot_changes_already_is_left_to_it() {
    let yields = Step::Hold { branch: BRANCH.to_owned(), why: Held::Yields(3) };
    let opens = Step::Open { branch: BRANCH.to_owned(), replaces: None };
    let same = line("FROM python:3.12");
    for (branch, file, removed, expected) in [
        ("renovate/python-3.x", "Dockerfile", same.clone(), &yields),
        ("renovate/python-3.x", "Dockerfile", Removed::Untold, &yields),
        ("renovate/python-3.x", "Dockerfile", line("FROM node:20"), &opens),
        ("renovate/python-3.x", "other/Dockerfile", same.clone(), &opens),
        ("renovate/python-3.x", "package-lock.json", Removed::Untold, &opens),
        ("feature/python", "Dockerfile", same.clone(), &opens),
    ] {
        let mut case = beside(branch, file, removed);
        assert_eq!(case.step(), *expected, "{branch} {file}");
        assert_eq!(case.asked.contains(&Question::Removed(3)), branch.starts_with("renovate/"));
    }
    let spoil: [fn(&mut Case); 4] = [
        // Anybody may give such a name to a branch of a fork.
        |case| case.standing.open[0].from_fork = true,
        |case| case.standing.open[0].target = "stable".to_owned(),
        |case| case.policy.yield_to.clear(),
        |case| case.policy.prefix = "renovate/".to_owned(),
    ];
    for (index, spoil) in spoil.into_iter().enumerate() {
        let mut case = beside("renovate/python-3.x", "Dockerfile", same.clone());
        spoil(&mut case);
        assert!(case.steps().contains(&opens), "{index}");
        assert!(!case.asked.contains(&Question::Removed(3)), "{index}");
    }
}

#[test]
fn nothing_is_asked_of_other_bots_for_what_is_not_going_to_be_opened() {
    let mut case = beside("renovate/python-3.x", "Dockerfile", line("FROM python:3.12"));
    case.policy.opens = Some(Timestamp::MAX);
    assert!(matches!(case.step(), Step::Hold { why: Held::Schedule(_), .. }));
    assert!(!case.asked.contains(&Question::Removed(3)));
    // What is open stays, and moves on.
    let mut case = Case::open(&mark());
    case.standing.open.extend(beside("renovate/python-3.x", "Dockerfile", Removed::Untold).standing.open);
    assert_eq!(case.step(), Step::Keep { number: 7, branch: BRANCH.to_owned() });
    assert_eq!(case.asked, BTreeSet::new());
}

#[test]
fn what_yields_takes_no_place_from_others() {
    let mut case = beside("renovate/python-3.x", "Dockerfile", line("FROM python:3.12"));
    case.policy.max_new_per_run = 1;
    case.wishes.wanted.push(Wish { branch: "tagalong/ruby-3.x".to_owned(), lines: BTreeMap::new(), ..wish() });
    let steps = case.steps();
    assert!(matches!(&steps[0], Step::Hold { why: Held::Yields(3), .. }), "{steps:?}");
    assert!(matches!(&steps[1], Step::Open { branch, .. } if branch == "tagalong/ruby-3.x"), "{steps:?}");
}

/// Nothing but this is done in a repository that has to be asked first.
const FIRST: &str = "tagalong/onboarding";

fn first() -> Wish {
    let wish = Wish { branch: FIRST.to_owned(), images: Vec::new(), lines: BTreeMap::new(), ..wish() };
    Wish { files: vec![".tagalong.toml".to_owned()], ..wish }
}

impl Case {
    fn unasked() -> Self {
        let mut case = Self::new();
        case.wishes.onboarding = Some(Onboarding { wish: first(), is_useful: true });
        case
    }

    fn asked_by(mark: &Mark) -> Self {
        let mut case = Self::unasked();
        case.standing.open.push(first_request(mark));
        case.standing.branches.insert(FIRST.to_owned(), id('1'));
        case
    }
}

fn first_request(mark: &Mark) -> Request {
    Request { branch: FIRST.to_owned(), ..request(mark) }
}

fn ended(state: RequestState) -> Request {
    Request { state, ..first_request(&mark()) }
}

#[test]
fn a_repository_is_asked_before_anything_else_is_opened() {
    let open = Step::Open { branch: FIRST.to_owned(), replaces: None };
    let mut case = Case::unasked();
    assert_eq!(case.step(), open);
    assert_eq!(case.asked, [Question::Past(FIRST.to_owned())].into());
    // Limits are for updates.
    let mut case = Case::unasked();
    case.policy.max_open = 1;
    case.standing.open.push(request(&mark()));
    assert_eq!(case.step(), open);
    let mut case = Case::unasked();
    case.policy.opens = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(case.step(), Step::Hold { branch: FIRST.to_owned(), why: Held::Schedule(Timestamp::UNIX_EPOCH) });
    // A run that ended between the commit and the request.
    let mut case = Case::unasked();
    case.standing.branches.insert(FIRST.to_owned(), id('1'));
    assert_eq!(case.step(), Step::Open { branch: FIRST.to_owned(), replaces: Some(id('1')) });
    // There is nothing to ask about.
    let mut case = Case::unasked();
    case.wishes.onboarding.as_mut().unwrap().is_useful = false;
    case.wishes.wanted.clear();
    assert_eq!((case.steps(), case.asked.len()), (Vec::new(), 0));
}

#[test]
fn nothing_else_is_done_while_the_answer_is_awaited() {
    let keep = Step::Keep { number: 7, branch: FIRST.to_owned() };
    let mut case = Case::asked_by(&mark());
    assert_eq!((case.step(), case.asked.len()), (keep.clone(), 0));
    // The report changes, but not for one that has gaps.
    let mut case = Case::asked_by(&Mark { text: "other".to_owned(), ..mark() });
    assert!(matches!(case.step(), Step::Update { number: 7, build: Build::Keep, .. }));
    case.wishes.complete = false;
    assert_eq!(case.step(), keep);
    // People set it right on the branch.
    let mut case = Case::asked_by(&Mark { text: "other".to_owned(), plan: "other".to_owned(), ..mark() });
    case.standing.branches.insert(FIRST.to_owned(), id('2'));
    case.commits = vec![commit("human@example.org", "human@example.org")];
    assert_eq!(case.step(), keep);
    // Somebody else's branch of that name says nothing about us, and is not touched.
    let mut case = Case::unasked();
    case.standing.branches.insert(FIRST.to_owned(), id('2'));
    case.commits = vec![commit("human@example.org", "human@example.org")];
    assert_eq!(case.step(), Step::Hold { branch: FIRST.to_owned(), why: Held::OthersBranch });
}

#[test]
fn the_answer_is_remembered_by_the_request() {
    let declined = Step::Hold { branch: FIRST.to_owned(), why: Held::NotOnboarded(7) };
    let open = Step::Open { branch: BRANCH.to_owned(), replaces: None };
    let mine = Request { author: "human".to_owned(), ..ended(RequestState::Closed) };
    let by_bot = Request { body: Mark { closed: true, ..mark() }.sign(""), ..ended(RequestState::Closed) };
    for (past, expected) in [
        (vec![ended(RequestState::Closed)], declined.clone()),
        (vec![Request { body: "rewritten".to_owned(), ..ended(RequestState::Closed) }], declined),
        (vec![ended(RequestState::Merged)], open.clone()),
        (vec![ended(RequestState::Closed), ended(RequestState::Merged)], open),
        (vec![mine, by_bot], Step::Open { branch: FIRST.to_owned(), replaces: None }),
    ] {
        let mut case = Case::unasked();
        case.past = past.clone();
        assert_eq!(case.step(), expected, "{past:?}");
    }
}

#[test]
fn a_question_that_needs_no_answer_any_more_is_withdrawn() {
    let mut case = Case::asked_by(&mark());
    case.wishes = Wishes { complete: false, unknown_images: ["x".to_owned()].into(), ..Wishes::default() };
    assert_eq!(case.step(), Step::Close { number: 7, branch: FIRST.to_owned(), head: Some(id('1')) });
}

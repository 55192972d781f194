//! One run of one repository, on one page. It only reads: what it would do is in its [`Outcome`].

mod digests;
pub mod lookups;
pub mod outcome;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join3};

use crate::choose::calendar::{self, Calendar};
use crate::choose::catalogue::Catalogue;
use crate::choose::evidence::{Evidence, Question};
use crate::choose::{Market, choose, choose_again};
use crate::config::Config;
use crate::forge::contract::Files;
use crate::image::Repository;
use crate::link::knot::{Content, Links};
use crate::link::link;
use crate::plan::plan;
use crate::render::{MergeRequest, render};
use crate::run::digests::digests;
use crate::run::lookups::{Event, Gap, Lookups};
use crate::run::outcome::{Dependency, Incomplete, Outcome, Slot, Study, Verdict};
use crate::scan::occurrence::{Findings, Kind};
use crate::scan::{scan, wants};
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site, Snapshot};

/// Includes may include: rounds of reading before what is still missing stays missing.
const MAX_ROUNDS: usize = 32;

/// Rounds of questions about single tags, each made with the answers to those before.
const MAX_QUESTIONS: usize = 4;

/// The same with those in which a tag is only doubted: three for each major version that was left behind.
const MAX_ROUNDS_OF_DOUBT: usize = 10;

/// The corridor, from whatever place has the files.
pub async fn run_on<F: Files>(
    name: String,
    place: &F,
    lookups: &Lookups,
    config: &Config,
    progress: &dyn Fn(Event<'_>),
) -> Result<Outcome, F::Failure> {
    let files = place.snapshot(&|path| wants(path) && !config.ignores(path)).await?;
    let read = async |files: &mut Snapshot, paths| place.add(files, paths).await;
    run(name, files, read, lookups, config, progress).await
}

/// The corridor. `read` adds the contents of more files of the tree to the snapshot; only it can fail.
pub async fn run<E>(
    name: String,
    mut files: Snapshot,
    read: impl AsyncFn(&mut Snapshot, BTreeSet<FilePath>) -> Result<(), E>,
    lookups: &Lookups,
    config: &Config,
    progress: &dyn Fn(Event<'_>),
) -> Result<Outcome, E> {
    let (links, named) = follow(&mut files, read).await?;

    let images: BTreeSet<_> = links.dependencies.iter().map(|dependency| dependency.repository.clone()).collect();
    let mut incomplete = BTreeSet::new();
    let mut catalogue = Catalogue::default();
    let images_of_cycles = calendar::wanted(&links);
    let (tags, products) = join(lookups.tags(&images, progress), lookups.products(&images_of_cycles)).await;
    let calendar = Calendar::new(lookups.today(), products);
    let mut evidence = Evidence::default();
    let longest = config.longest_minimum_age();
    for (image, tags) in tags {
        if let (false, Ok(list)) = (longest.is_none(), &tags)
            && let Some(seen) = lookups.seen(&image, list, longest)
        {
            evidence.insert_seen(image.clone(), seen);
        }
        if let Some(gap) = tags.as_ref().err().filter(|gap| !gap.answered) {
            incomplete.insert(Incomplete { image: image.clone(), why: gap.reason.to_string() });
        }
        let index = tags.map(|list| lookups.index(&image, &list)).map_err(|gap| gap.reason);
        catalogue.share(image, index);
    }

    let mut decisions =
        choose(&links, Market { catalogue: &catalogue, calendar: &calendar, config, evidence: &evidence });
    let mut questioned = 0;
    for round in 1..=MAX_ROUNDS_OF_DOUBT {
        let is_open = |question: &&Question| !evidence.answers(question);
        let needed = decisions.iter().flat_map(|decision| &decision.questions).filter(is_open);
        let needed: BTreeSet<Question> = needed.cloned().collect();
        let doubts = decisions.iter().flat_map(|decision| &decision.doubts).filter(is_open);
        let doubts: BTreeSet<Question> = doubts.filter(|question| !needed.contains(question)).cloned().collect();
        if needed.is_empty() && doubts.is_empty() {
            break;
        }
        let gaps = answer(&needed, lookups, &mut evidence, progress).await;
        // Nothing is missed where a doubt stays one.
        answer(&doubts, lookups, &mut evidence, progress).await;
        for gap in gaps {
            if !incomplete.iter().any(|known| known.image == gap.image) {
                incomplete.insert(gap);
            }
        }
        questioned += usize::from(!needed.is_empty());
        if questioned == MAX_QUESTIONS || round == MAX_ROUNDS_OF_DOUBT {
            evidence.close();
        }
        let market = Market { catalogue: &catalogue, calendar: &calendar, config, evidence: &evidence };
        choose_again(&links, market, &mut decisions, &needed.union(&doubts).cloned().collect());
    }

    // Only where a policy goes by release cycles is their look-up missed.
    for skip in decisions.iter().flat_map(|decision| &decision.skips) {
        let Reason::CyclesUnknown { image, .. } = &skip.reason else { continue };
        let images = images.iter().filter(|known| known.familiar() == *image);
        incomplete.extend(images.map(|image| Incomplete { image: image.clone(), why: skip.reason.to_string() }));
    }

    let (digests, gaps) = digests(&links, &decisions, lookups, progress).await;
    incomplete.extend(gaps);

    let rescan = |edited: &Snapshot| link(&scan(edited, &named));
    // In a group that cannot be proven, each goes its own way: one does not hold back the others.
    let mut apart = BTreeSet::new();
    let (merge_requests, unplanned, unproven) = loop {
        let plan = plan(&links, &decisions, &digests, &files, config, &apart);
        let of_group = plan.branches.iter().filter(|branch| branch.group.is_some());
        let mut groups: BTreeSet<String> = of_group.map(|branch| branch.name.clone()).collect();
        let (merge_requests, unproven) = render(&files, &links, plan.branches, rescan);
        for request in &merge_requests {
            groups.remove(&request.branch.name);
        }
        if groups.is_empty() {
            break (merge_requests, plan.skips, unproven);
        }
        apart.extend(groups);
    };

    let mut skips: Vec<Skip> = links.skips.iter().cloned().chain(unplanned).chain(unproven).collect();
    skips.sort_by(|a, b| a.site.cmp(&b.site).then_with(|| a.reason.cmp(&b.reason)));
    skips.dedup();
    let dependencies = dependencies(&links, &catalogue, &merge_requests, &skips);
    let endings = calendar.endings(&links);
    let incomplete = incomplete.into_iter().collect();
    let study = Study { links, catalogue, evidence };
    Ok(Outcome { name, files, dependencies, merge_requests, skips, endings, calendar, incomplete, study })
}

/// Asks what a choice depends on, and gives what could not be looked up.
async fn answer(
    open: &BTreeSet<Question>,
    lookups: &Lookups,
    evidence: &mut Evidence,
    progress: &dyn Fn(Event<'_>),
) -> Vec<Incomplete> {
    let (mut digests, mut builds, mut created) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for question in open {
        match question {
            Question::Digest(image, tag) => digests.insert((image.clone(), tag.clone())),
            Question::Builds(image, tag) => builds.insert((image.clone(), tag.clone())),
            Question::Created(image, tag) => created.insert((image.clone(), tag.clone())),
        };
    }
    let (digests, builds, created) = join3(
        lookups.digests(&digests, progress),
        lookups.builds(&builds, progress),
        lookups.created(&created, progress),
    )
    .await;
    let mut incomplete = Vec::new();
    let mut note = |image: &Repository, gap: Gap| {
        if !gap.answered {
            incomplete.push(Incomplete { image: image.clone(), why: gap.reason.to_string() });
        }
        gap.reason
    };
    for (tag, digest) in digests {
        let digest = digest.map_err(|gap| note(&tag.0, gap));
        evidence.insert_digest(tag, digest);
    }
    for (tag, builds) in builds {
        let builds = builds.map_err(|gap| note(&tag.0, gap));
        evidence.insert_builds(tag, builds);
    }
    for (tag, created) in created {
        let created = created.map_err(|gap| note(&tag.0, gap));
        evidence.insert_created(tag, created);
    }
    incomplete
}

/// Scans and links, and again with every file that turned out to be needed.
async fn follow<E>(
    files: &mut Snapshot,
    read: impl AsyncFn(&mut Snapshot, BTreeSet<FilePath>) -> Result<(), E>,
) -> Result<(Links, BTreeSet<FilePath>), E> {
    let mut named = BTreeSet::new();
    let mut round = 0;
    loop {
        let findings: Findings = scan(files, &named);
        let links = link(&findings);
        let unread = |path: &&FilePath| files.exists(path) && files.content(path).is_none();
        let unscanned = |path: &&FilePath| files.exists(path) && !named.contains(*path);
        let mut missing: BTreeSet<FilePath> = findings.missing.iter().filter(unread).cloned().collect();
        let builds: Vec<FilePath> = links.named.iter().filter(unscanned).cloned().collect();
        round += 1;
        if (missing.is_empty() && builds.is_empty()) || round > MAX_ROUNDS {
            return Ok((links, named));
        }
        missing.extend(builds.iter().filter(unread).cloned());
        named.extend(builds);
        read(files, missing).await?;
    }
}

/// The dependencies as reports show them.
fn dependencies(links: &Links, catalogue: &Catalogue, requests: &[MergeRequest], skips: &[Skip]) -> Vec<Dependency> {
    let mut moved: BTreeMap<&Site, &str> = BTreeMap::new();
    for request in requests.iter().rev() {
        for update in &request.branch.updates {
            moved.insert(&update.site, &request.branch.name);
        }
    }
    let skipped: BTreeSet<&Site> = skips.iter().map(|skip| &skip.site).collect();
    let verdict = |known: bool, site: &Site, list: Option<&Site>| {
        if let Some(branch) = moved.get(site).or_else(|| list.and_then(|list| moved.get(list))) {
            Verdict::Update { branch: (*branch).to_owned() }
        } else if !known || skipped.contains(site) || list.is_some_and(|list| skipped.contains(list)) {
            Verdict::Skipped
        } else {
            Verdict::Current
        }
    };
    let shown = links.dependencies.iter().map(|dependency| {
        // Nothing is current of which nothing is known, also where the reason stands at another part of the tag.
        let known = catalogue.index(&dependency.repository).is_ok();
        let mut slots: Vec<Slot> = Vec::new();
        for part in dependency.feeds.iter().flat_map(|feed| &feed.parts) {
            match &part.content {
                Content::Slot(id) => {
                    let slot = links.slot(*id);
                    if slot.value.bytes().any(|byte| byte.is_ascii_digit()) {
                        slots.push(Slot {
                            site: slot.site.clone(),
                            value: slot.value.clone(),
                            kind: slot.kind,
                            variable: slot.variable.clone(),
                            verdict: verdict(known, &slot.site, None),
                        });
                    }
                }
                Content::Axis(id) => {
                    let axis = links.axis(*id);
                    slots.extend(axis.entries.iter().map(|(value, entry)| Slot {
                        site: entry.site.clone(),
                        value: value.clone(),
                        kind: Kind::Matrix,
                        variable: Some(axis.variable.clone()),
                        verdict: verdict(known, &entry.site, Some(&axis.site)),
                    }));
                }
                Content::Fixed(..) => {}
            }
        }
        slots.sort_by(|a, b| a.site.cmp(&b.site));
        slots.dedup();
        Dependency {
            image: dependency.repository.clone(),
            template: dependency.template.clone(),
            site: dependency.site.clone(),
            kind: dependency.kind,
            slots,
        }
    });
    shown.filter(|dependency| !dependency.slots.is_empty()).collect()
}

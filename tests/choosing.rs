//! What holds for every repository and every list of tags, tried on many small ones:
//!
//! - every tag that a proposal puts together exists;
//! - nothing stable becomes a pre-release, nothing goes down, nothing leaves its variant;
//! - rows of a matrix stay in their release cycle, once each, and none is lost;
//! - no tag is taken that is younger than the settings want it;
//! - regular proposals cross no major version, and once they are applied nothing regular is left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use tagalong::choose::calendar::Calendar;
use tagalong::choose::catalogue::Catalogue;
use tagalong::choose::evidence::{Evidence, Question};
use tagalong::choose::verdict::Course;
use tagalong::choose::verdict::{Change, Decision};
use tagalong::choose::{Market, choose};
use tagalong::config::Config;
use tagalong::image::Repository;
use tagalong::link::knot::{AxisId, Dependency, Feed, Links};
use tagalong::link::link;
use tagalong::plan::{Branch, Digests, plan};
use tagalong::scan::scan;
use tagalong::store::ledger::Seen;
use tagalong::text::{FilePath, Snapshot};
use tagalong::version::Tag;

/// What one Dockerfile and the job that builds it look like.
#[derive(Clone, Debug)]
struct Shape {
    dockerfile: String,
    job: String,
}

/// Lists of tags, and a repository that uses some of them.
#[derive(Clone, Debug)]
struct World {
    tags: BTreeMap<&'static str, Vec<String>>,
    shapes: Vec<Shape>,
}

fn all_versions() -> Vec<String> {
    let mut versions = Vec::new();
    for major in 1..=3 {
        versions.push(format!("{major}"));
        for minor in [0, 1, 2, 9, 10] {
            versions.push(format!("{major}.{minor}"));
            versions.push(format!("{major}.{minor}rc1"));
            for patch in [0, 3, 12] {
                versions.push(format!("{major}.{minor}.{patch}"));
            }
            versions.push(format!("{major}.{minor}.0-rc.2"));
        }
    }
    versions
}

fn all_tags() -> Vec<String> {
    let suffixes = ["", "-slim", "-alpine3.9", "-alpine3.20"];
    let mut tags: Vec<String> =
        all_versions().iter().flat_map(|version| suffixes.map(|suffix| format!("{version}{suffix}"))).collect();
    tags.extend(["latest", "slim", "4f2d1c9", "20240612", "20251103"].map(str::to_owned));
    tags
}

fn some_tags() -> impl Strategy<Value = Vec<String>> {
    let all = all_tags();
    let length = all.len();
    subsequence(all, length / 4..=length)
}

fn version() -> impl Strategy<Value = String> {
    select(all_versions())
}

fn suffix() -> impl Strategy<Value = &'static str> {
    select(vec!["", "-slim", "-alpine3.9"])
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let alike = (0usize..4).prop_flat_map(|form| {
        let form: Vec<String> = all_versions()
            .into_iter()
            .filter(|version| match form {
                0 => !version.contains('.'),
                1 => version.matches('.').count() == 1 && !version.contains('r'),
                2 => version.matches('.').count() == 2 && !version.contains('r'),
                _ => true,
            })
            .collect();
        let most = form.len().min(4);
        subsequence(form, 1..=most)
    });
    alike.prop_shuffle()
}

fn list(rows: &[String]) -> String {
    rows.iter().map(|row| format!("\"{row}\"")).collect::<Vec<_>>().join(", ")
}

fn shape() -> impl Strategy<Value = Shape> {
    let no_job = |dockerfile: String| Shape { dockerfile, job: String::new() };
    prop_oneof![
        (version(), suffix()).prop_map(move |(version, suffix)| no_job(format!("FROM app:{version}{suffix}\n"))),
        (version(), suffix(), suffix()).prop_map(move |(version, one, two)| no_job(format!(
            "ARG V={version}\nFROM app:${{V}}{one} AS one\nFROM tools:${{V}}{two}\n"
        ))),
        (version(), select(vec!["3.9", "3.20"])).prop_map(move |(version, alpine)| no_job(format!(
            "ARG V={version}\nARG ALPINE={alpine}\nFROM app:${{V}}-alpine${{ALPINE}} AS one\nFROM tools:${{ALPINE}}\n"
        ))),
        (version(), suffix()).prop_map(move |(version, suffix)| {
            let (major, rest) = version.split_once('.').unwrap_or((&version, "0"));
            no_job(format!("ARG MAJOR={major}\nARG REST={rest}\nFROM app:${{MAJOR}}.${{REST}}{suffix}\n"))
        }),
        (version(), suffix(), rows(), any::<bool>()).prop_map(|(default, suffix, rows, two)| {
            let tools = if two { "FROM tools:${V}\n" } else { "" };
            Shape {
                dockerfile: format!("ARG V={default}\n{tools}FROM app:${{V}}{suffix}\n"),
                job: format!(
                    "  parallel:\n    matrix:\n      - ROW: [{}]\n  script:\n    - docker build --build-arg V=$ROW DIR\n",
                    list(&rows)
                ),
            }
        }),
        (version(), rows(), 0usize..4).prop_map(|(default, rows, beside)| {
            let other = ["", "FROM tools:${V}-alpine${A}\n", "FROM tools:${A}\n", "FROM tools:2.1-alpine${A}\n"][beside];
            Shape {
                dockerfile: format!("ARG V={default}\nARG A=3.9\nFROM app:${{V}}-alpine${{A}}\n{other}"),
                job: format!(
                    "  parallel:\n    matrix:\n      - ROW: [{}]\n  script:\n    - docker build --build-arg V=$ROW DIR\n",
                    list(&rows)
                ),
            }
        }),
        (rows(), subsequence(vec!["slim", "alpine3.9", "alpine3.20"], 1..=3)).prop_map(|(rows, variants)| Shape {
            dockerfile: "ARG V\nARG W\nFROM app:${V}-${W}\n".to_owned(),
            job: format!(
                "  parallel:\n    matrix:\n      - ROW: [{}]\n        VARIANT: [{}]\n  script:\n    - docker build --build-arg V=$ROW --build-arg W=$VARIANT DIR\n",
                list(&rows),
                variants.join(", ")
            ),
        }),
    ]
}

fn world() -> impl Strategy<Value = World> {
    (some_tags(), some_tags(), prop::collection::vec(shape(), 1..=3))
        .prop_map(|(app, tools, shapes)| World { tags: BTreeMap::from([("app", app), ("tools", tools)]), shapes })
}

impl World {
    fn files(&self) -> Snapshot {
        let mut files = Snapshot::default();
        let mut pipeline = String::new();
        for (index, shape) in self.shapes.iter().enumerate() {
            let path = FilePath::new(&format!("d{index}/Dockerfile")).unwrap();
            files.insert(path, shape.dockerfile.clone().into_bytes());
            if !shape.job.is_empty() {
                let job = shape.job.replace("DIR", &format!("d{index}"));
                pipeline.extend([format!("job{index}:\n"), job]);
            }
        }
        files.insert(FilePath::new(".gitlab-ci.yml").unwrap(), pipeline.into_bytes());
        files
    }

    fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (image, tags) in &self.tags {
            catalogue.insert(Repository::parse(image).unwrap(), Ok(tags));
        }
        catalogue
    }

    fn has(&self, image: &Repository, tag: &str) -> bool {
        self.tags[image.short_name()].iter().any(|known| known == tag)
    }
}

fn links(files: &Snapshot) -> Links {
    link(&scan(files, &BTreeSet::new()))
}

fn branches(files: &Snapshot, links: &Links, decisions: &[Decision]) -> Vec<Branch> {
    plan(links, decisions, &Digests::new(), files, &Config::default(), &BTreeSet::new()).branches
}

/// Every tag of every feed, over all combinations of its axes.
fn tags(links: &Links) -> Vec<BTreeSet<(Repository, String)>> {
    let feeds =
        links.dependencies.iter().flat_map(|dependency| dependency.feeds.iter().map(move |feed| (dependency, feed)));
    feeds.map(|(dependency, feed)| cells(links, dependency, feed)).collect()
}

fn cells(links: &Links, dependency: &Dependency, feed: &Feed) -> BTreeSet<(Repository, String)> {
    let mut cells: Vec<BTreeMap<AxisId, &str>> = vec![BTreeMap::new()];
    for axis in feed.axes() {
        let mut more = Vec::new();
        for cell in &cells {
            for (value, _) in &links.axis(axis).entries {
                let mut cell = cell.clone();
                cell.insert(axis, value);
                more.push(cell);
            }
        }
        cells = more;
    }
    cells.iter().map(|cell| (dependency.repository.clone(), links.tag(feed, |axis| cell[&axis]).0)).collect()
}

fn stays_in_order(from: &Tag, to: &Tag) {
    let (old, new) = (from.version().unwrap(), to.version().unwrap());
    assert!(new > old || new == old && to.variant_version() > from.variant_version(), "{from} → {to} goes down");
    assert!(old.is_pre_release() || !new.is_pre_release(), "{from} → {to} leaves the stable releases");
    assert!(from.family() == to.family(), "{from} → {to} leaves its variant");
}

fn is_lawful(world: &World) {
    let files = world.files();
    let catalogue = world.catalogue();
    let before = links(&files);
    let (calendar, evidence) = (Calendar::default(), Evidence::default());
    let decisions = choose(
        &before,
        Market { catalogue: &catalogue, calendar: &calendar, config: &Config::default(), evidence: &evidence },
    );

    for change in decisions.iter().flat_map(|decision| &decision.proposals).flat_map(|proposal| &proposal.changes) {
        if let Change::MoveRow { axis, entry, to, .. } = change {
            let (from, to) = (Tag::parse(&before.axis(*axis).entries[*entry].0), Tag::parse(to));
            stays_in_order(&from, &to);
            let parts =
                from.precision() - usize::from(!from.version().unwrap().is_pre_release() || from.precision() > 2);
            let cycle = |tag: &Tag| tag.version().unwrap().truncate(parts).to_vec();
            assert_eq!(cycle(&from), cycle(&to), "{from} → {to} is another release cycle");
        }
    }
    for branch in branches(&files, &before, &decisions) {
        let after = links(&files.edited(&branch.edits).unwrap());
        for (old, new) in tags(&before).iter().zip(&tags(&after)) {
            for (image, tag) in new.difference(old) {
                assert!(world.has(image, tag), "{}: {image}:{tag} does not exist", branch.name);
            }
            if let ([(_, from)], [(_, to)]) =
                (old.iter().collect::<Vec<_>>().as_slice(), new.iter().collect::<Vec<_>>().as_slice())
                && from != to
            {
                let (from, to) = (Tag::parse(from), Tag::parse(to));
                stays_in_order(&from, &to);
                let same_major = from.version().unwrap().major() == to.version().unwrap().major();
                // A default follows the rows of its matrix, those that the same change adds included.
                let mut rows = before.axes.iter().chain(&after.axes).flat_map(|axis| &axis.entries);
                let follows = rows.any(|(row, _)| to.text().starts_with(row.as_str()));
                assert!(branch.is_major() || same_major || follows, "{}: {from} → {to} is a major", branch.name);
            }
        }
        for (old, new) in before.axes.iter().zip(&after.axes) {
            let values: BTreeSet<&str> = new.entries.iter().map(|(value, _)| value.as_str()).collect();
            assert_eq!(values.len(), new.entries.len(), "{}: a row stands twice", branch.name);
            assert!(new.entries.len() >= old.entries.len(), "{}: a row is lost", branch.name);
        }
    }
    nothing_regular_is_left(&catalogue, &files, &before, &decisions);
}

fn nothing_regular_is_left(catalogue: &Catalogue, files: &Snapshot, before: &Links, decisions: &[Decision]) {
    let edits: Vec<_> = branches(files, before, decisions)
        .into_iter()
        .filter(|branch| !branch.is_major())
        .flat_map(|branch| branch.edits)
        .collect();
    let files = files.edited(&edits).unwrap();
    let after = links(&files);
    let again = choose(
        &after,
        Market {
            catalogue,
            calendar: &Calendar::default(),
            config: &Config::default(),
            evidence: &Evidence::default(),
        },
    );
    let regular: Vec<_> = again
        .iter()
        .flat_map(|decision| &decision.proposals)
        .filter(|proposal| proposal.course != Course::Major)
        .collect();
    assert!(regular.is_empty(), "not settled: {regular:#?}\n{:?}", files.contents().collect::<Vec<_>>());
}

/// With a minimum age, no tag is put together that is not old enough; `young` tells which are not, over and over.
fn takes_nothing_young(world: &World, young: &[bool]) {
    let (files, catalogue) = (world.files(), world.catalogue());
    let before = links(&files);
    let config = Config::parse("bot.toml", "minimum_release_age = \"7 days\"").unwrap();
    let calendar = Calendar::new("2026-11-23".parse().unwrap(), BTreeMap::new());
    let mut evidence = Evidence::default();
    let mut too_young = BTreeSet::new();
    for (image, tags) in &world.tags {
        let image = Repository::parse(image).unwrap();
        let chosen = tags.iter().zip(young.iter().cycle()).filter(|(_, young)| **young).map(|(tag, _)| tag);
        let later: BTreeMap<_, _> = chosen.map(|tag| (tag.clone(), "2026-11-20".parse().unwrap())).collect();
        for tag in later.keys() {
            evidence.insert_created((image.clone(), tag.clone()), Ok(None));
            too_young.insert((image.clone(), tag.clone()));
        }
        evidence.insert_seen(image, Seen { first_look: "2026-01-01".parse().unwrap(), later });
    }
    let decisions =
        choose(&before, Market { catalogue: &catalogue, calendar: &calendar, config: &config, evidence: &evidence });
    // A tag that stands out of its line may raise a question of its own.
    let is_of_age = |question: &&Question| matches!(question, Question::Created(..));
    let questions: Vec<_> = decisions.iter().flat_map(|decision| &decision.questions).filter(is_of_age).collect();
    assert!(questions.is_empty(), "all ages are known already: {questions:?}");
    for branch in branches(&files, &before, &decisions) {
        let after = links(&files.edited(&branch.edits).unwrap());
        for (old, new) in tags(&before).iter().zip(&tags(&after)) {
            for tag in new.difference(old) {
                assert!(!too_young.contains(tag), "{}: {}:{} is too young", branch.name, tag.0, tag.1);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proposals_are_lawful(world in world()) {
        is_lawful(&world);
    }

    #[test]
    fn what_is_proposed_is_old_enough(world in world(), young in prop::collection::vec(any::<bool>(), 1..=7)) {
        takes_nothing_young(&world, &young);
    }
}

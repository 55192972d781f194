//! What holds for every repository, whatever is in it: repositories are put together from fragments in
//! the forms that people use, with tag lists that fit more or less, and go through the whole corridor.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestCaseError;
use tagalong::choose::verdict::Course;
use tagalong::config::Config;
use tagalong::link::knot::{AxisId, Behind, Content, Feed, Links};
use tagalong::link::link;
use tagalong::plan::{Update, UpdateKind};
use tagalong::report;
use tagalong::report::options::{Format, Options};
use tagalong::run::lookups::Lookups;
use tagalong::run::outcome::{Outcome, Verdict};
use tagalong::run::run;
use tagalong::scan::scan;
use tagalong::store::recording::{RecordedFailure, RecordedImage, Recording};
use tagalong::text::{Edit, FilePath, Site, Snapshot};

/// Images that share tags, so that shared arguments can be followed.
const IMAGES: &[&str] = &["python", "node", "ghcr.io/acme/base"];
/// An image whose registry is down.
const DOWN: &str = "registry.example/down";

/// A repository, and what registries say.
#[derive(Clone)]
struct World {
    files: BTreeMap<String, Vec<u8>>,
    recording: Recording,
    /// Whether tags are to have digests.
    pins: bool,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (path, bytes) in &self.files {
            writeln!(
                f,
                "--- {path}\n{}",
                String::from_utf8_lossy(bytes).escape_debug().to_string().replace("\\n", "\n")
            )?;
        }
        writeln!(f, "pin_digests = {}", self.pins)?;
        for (image, recorded) in &self.recording.images {
            writeln!(f, "{image}: {}", recorded.tags.as_deref().unwrap_or_default().join(" "))?;
        }
        Ok(())
    }
}

impl World {
    fn snapshot(&self) -> Snapshot {
        let mut files = Snapshot::default();
        for (path, bytes) in &self.files {
            files.insert(FilePath::new(path).unwrap(), bytes.clone());
        }
        files
    }

    fn run(&self, files: Snapshot) -> Outcome {
        let lookups = Lookups::recorded(self.recording.clone());
        let config = Config::parse("bot.toml", &format!("pin_digests = {}", self.pins)).unwrap();
        let read = async |_: &mut Snapshot, _| Ok::<(), Infallible>(());
        let run = run("any".to_owned(), files, read, &lookups, &config, &|_| {});
        let Ok(outcome) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run);
        outcome
    }

    fn has(&self, image: &str, tag: &str) -> bool {
        let image = self.recording.images.get(image);
        image.and_then(|image| image.tags.as_ref()).is_some_and(|tags| tags.iter().any(|known| known == tag))
    }
}

// ---- repositories from fragments ----

fn version() -> impl Strategy<Value = String> {
    (1..4u8, 0..12u8, 0..4u8, 1..4usize).prop_map(|(major, minor, patch, precision)| {
        [major, minor, patch][..precision].iter().map(u8::to_string).collect::<Vec<_>>().join(".")
    })
}

fn suffix() -> impl Strategy<Value = &'static str> {
    select(&["", "", "", "-slim", "-alpine", "-alpine3.20", "-alpine3.21", "-bookworm"][..])
}

fn image() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => select(IMAGES), 1 => Just(DOWN)]
}

fn digest(image: &str, tag: &str) -> String {
    let seed =
        image.bytes().chain(tag.bytes()).fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    format!("sha256:{seed:064x}")
}

/// Every precision of some versions, as official images have them, and a few strays.
fn tags() -> impl Strategy<Value = Vec<String>> {
    let releases = vec(((1..4u8, 0..12u8, 0..4u8), vec(suffix(), 1..4)), 0..14);
    let strays = vec(
        select(
            &["latest", "slim", "4.0.0-rc.1", "3.11.0rc1", "3.12-rc", "20240101", "edge", "sha-0badcafe", "v2.1"][..],
        ),
        0..4,
    );
    (releases, strays).prop_map(|(releases, strays)| {
        let mut tags: BTreeSet<String> = strays.into_iter().map(str::to_owned).collect();
        for ((major, minor, patch), suffixes) in releases {
            for suffix in suffixes {
                tags.insert(format!("{major}{suffix}"));
                tags.insert(format!("{major}.{minor}{suffix}"));
                tags.insert(format!("{major}.{minor}.{patch}{suffix}"));
            }
        }
        tags.into_iter().collect()
    })
}

fn recording() -> impl Strategy<Value = Recording> {
    vec(tags(), IMAGES.len()).prop_map(|lists| {
        let mut recording = Recording::new("2026-11-23T00:00:00Z".parse().unwrap());
        for (image, tags) in IMAGES.iter().zip(lists) {
            let image = tagalong::image::Repository::parse(image).unwrap().to_string();
            let digests = tags.iter().map(|tag| (tag.clone(), digest(&image, tag))).collect();
            recording.images.insert(image, RecordedImage { tags: Some(tags), digests, ..RecordedImage::default() });
        }
        let image = "docker.io/docker/dockerfile";
        let tags = vec!["1".to_owned(), "1.7".to_owned()];
        let digests = tags.iter().map(|tag| (tag.clone(), digest(image, tag))).collect();
        let frontend = RecordedImage { tags: Some(tags), digests, ..RecordedImage::default() };
        recording.images.insert(image.to_owned(), frontend);
        let failure = RecordedFailure { kind: "unreachable".to_owned(), message: format!("{DOWN} is down") };
        recording.images.insert(DOWN.to_owned(), RecordedImage { failure: Some(failure), ..RecordedImage::default() });
        recording
    })
}

/// One stage of a Dockerfile; its first argument is called `V0`, `V1`, ….
fn stage() -> impl Strategy<Value = (usize, &'static str, &'static str, String, &'static str)> {
    (0..16usize, image(), select(IMAGES), version(), suffix())
}

fn dockerfile() -> impl Strategy<Value = String> {
    (vec(stage(), 1..4), any::<bool>()).prop_map(|(stages, gaps)| {
        let mut head = String::from("# syntax=docker/dockerfile:1\n");
        let mut body = String::new();
        for (index, (form, image, other, version, suffix)) in stages.into_iter().enumerate() {
            let (name, alias) = (format!("V{index}"), format!("stage{index}"));
            let (first, rest) = version.split_once('.').unwrap_or((&version, "0"));
            let gap = if gaps { "\n# a comment\n\n" } else { "" };
            let (global, stage) = match form {
                0 => (String::new(), format!("FROM {image}:{version}{suffix} AS {alias}")),
                1 => (format!("ARG {name}={version}"), format!("FROM {image}:${name} AS {alias}")),
                2 => (format!("ARG {name}=\"{version}\" # no comment"), format!("from {image}:${{{name}}}{suffix}")),
                3 => (format!("ARG {name}='{version}{suffix}'"), format!("FROM {image}:${{{name}:-9}} as {alias}")),
                4 => (
                    format!("ARG {name}={first} REST{index}={rest}"),
                    format!("FROM --platform=$BUILDPLATFORM {image}:${name}.${{REST{index}}}{suffix}"),
                ),
                5 => (format!("ARG {name}={image}:{version}{suffix}"), format!("FROM ${name}")),
                6 => (
                    String::new(),
                    format!("FROM {image}:{version}@{} AS {alias}", digest(image, &version)),
                ),
                7 => (
                    format!("ARG {name}={version}"),
                    format!("FROM {image}:${name}{suffix} AS {alias}\nFROM {other}:${name}"),
                ),
                8 => (String::new(), format!("FROM scratch\nCOPY --from={image}:{version}{suffix} /a /b")),
                9 => (
                    String::new(),
                    format!("FROM {image}:{version} AS {alias}\nRUN \\\n  # inside\n  --mount=type=bind,from={other}:{version},target=/x \\\n  true"),
                ),
                10 => (
                    format!("ARG {name}={version}\nARG FULL{index}=${{{name}}}{suffix}"),
                    format!("FROM {image}:${{FULL{index}}}"),
                ),
                11 => (format!("ARG {name}"), format!("FROM {image}:${{{name}:-{version}{suffix}}}")),
                12 => (format!("ARG PREFIX{index}=\nARG {name}={version}"), format!("FROM ${{PREFIX{index}}}{image}:${name}")),
                13 => (String::new(), format!("FROM {image} AS {alias}\nRUN <<EOF\nFROM {other}:{version}\nEOF")),
                14 => (format!("ARG {name}={version}"), format!("FROM {image}:${{{name}%.*}}{suffix}")),
                _ => (format!("ARG {name}={version}"), format!("FROM {image}:{version}{suffix}\nARG {name}\nRUN echo ${name}")),
            };
            for line in [&global, gap].iter().filter(|line| !line.is_empty()) {
                writeln!(head, "{line}").unwrap();
            }
            writeln!(body, "{stage}\n{gap}RUN true").unwrap();
        }
        head + &body
    })
}

/// A list in the ways that YAML has for it.
fn list(style: usize, indent: &str, values: &[String]) -> String {
    let flow = |quote: &str| values.iter().map(|value| format!("{quote}{value}{quote}")).collect::<Vec<_>>().join(", ");
    let block = |quote: &str, comment: &str| {
        values.iter().fold(String::new(), |list, value| format!("{list}\n{indent}- {quote}{value}{quote}{comment}"))
    };
    match style {
        0 => format!(" [{}]", flow("\"")),
        1 => format!(" [ {} ] # rows", flow("'")),
        2 => format!(
            "\n{indent}  [\n{indent}    {},\n{indent}  ]",
            flow("\"").replace(", ", &format!(",\n{indent}    "))
        ),
        3 => block("\"", ""),
        4 => block("'", "  # why"),
        5 => format!(" [{}]", flow("")),
        6 => block("", ""),
        _ => format!(" \"{}\"", values[0]),
    }
}

#[derive(Clone, Debug)]
struct Job {
    folder: usize,
    form: usize,
    style: usize,
    versions: Vec<String>,
    renamed: bool,
    image: String,
}

fn job() -> impl Strategy<Value = Job> {
    let reference =
        (image(), version(), suffix()).prop_map(|(image, version, suffix)| format!("{image}:{version}{suffix}"));
    let versions = (vec(version(), 1..4), any::<bool>()).prop_map(|(mut versions, cycles)| {
        if cycles {
            for version in &mut versions {
                *version = format!("{}.{}", version.split('.').next().unwrap(), version.len());
            }
        }
        versions.dedup();
        versions
    });
    (0..3usize, 0..6usize, 0..8usize, versions, any::<bool>(), reference).prop_map(
        |(folder, form, style, versions, renamed, image)| Job { folder, form, style, versions, renamed, image },
    )
}

fn gitlab(jobs: &[Job]) -> String {
    let mut text = String::from("stages: [build]\n\n");
    for (index, Job { folder, form, style, versions, renamed, image }) in jobs.iter().enumerate() {
        let name = if *renamed { "PY" } else { "V0" };
        let values = list(*style, "          ", versions);
        let pass = match form % 3 {
            0 => format!("--build-arg V0=${name}"),
            1 => format!("--build-arg=\"V0=${{{name}}}\""),
            _ => format!("--build-arg 'V0={}'", versions[0]),
        };
        let build = format!("docker build {pass} -t x dir{folder}");
        match form {
            0 | 1 => writeln!(
                text,
                "build{index}:\n  image: {image}\n  parallel:\n    matrix:\n      - {name}:{values}\n  script:\n    - {build}\n"
            ),
            2 => writeln!(
                text,
                ".base{index}: &base{index}\n  parallel:\n    matrix:\n      - {name}:{values}\n        FLAVOUR: [a, b]\n\
                 job{index}:\n  extends: .base{index}\n  script:\n    - cd dir{folder} && docker build {pass} .\n"
            ),
            3 => writeln!(
                text,
                "build{index}:\n  variables:\n    {name}: \"{}\"\n  image:\n    name: {image}\n  services:\n    - {image}\n  script: |\n    {build}\n",
                versions[0]
            ),
            4 => writeln!(text, "use{index}:\n  image: python:${name}\n  parallel:\n    matrix:\n      - {name}:{values}\n"),
            _ => writeln!(text, "use{index}:\n  image: {image}  # here\n  services: [{image}]\n"),
        }
        .unwrap();
    }
    text
}

fn github(jobs: &[Job]) -> String {
    let mut text = String::from("name: CI\non: push\njobs:\n");
    for (index, Job { folder, form, style, versions, renamed, image }) in jobs.iter().enumerate() {
        let name = if *renamed { "python" } else { "V0" };
        let values = list(*style, "          ", versions);
        let head = format!(
            "  job{index}:\n    runs-on: ubuntu-24.04\n    strategy:\n      matrix:\n        {name}:{values}\n"
        );
        let hole = format!("${{{{ matrix.{name} }}}}");
        match form {
            0 | 1 => writeln!(text, "{head}    steps:\n      - run: docker build --build-arg V0={hole} dir{folder}"),
            2 => writeln!(
                text,
                "{head}    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: dir{folder}\n\
                           build-args: |\n            V0={hole}\n            X=1"
            ),
            3 => writeln!(text, "{head}    container: node:{hole}\n    services:\n      db:\n        image: {image}"),
            4 => writeln!(text, "{head}    steps:\n      - uses: actions/setup-python@v5\n        with:\n          python-version: {hole}"),
            _ => writeln!(text, "  job{index}:\n    container:\n      image: '{image}'\n    steps:\n      - uses: docker://{image}"),
        }
        .unwrap();
    }
    text
}

/// A file as an editor may leave it.
fn saved(text: &str, manner: usize) -> Vec<u8> {
    match manner {
        0 => text.replace('\n', "\r\n").into_bytes(),
        1 => format!("\u{feff}{text}").into_bytes(),
        2 => text.trim_end().as_bytes().to_vec(),
        _ => text.as_bytes().to_vec(),
    }
}

fn world() -> impl Strategy<Value = World> {
    let manners = vec(0..8usize, 5);
    (vec(dockerfile(), 1..4), vec(job(), 0..4), vec(job(), 0..4), manners, recording(), any::<bool>()).prop_map(
        |(dockerfiles, in_gitlab, in_github, manners, recording, pins)| {
            let mut files: Vec<(String, String)> = dockerfiles
                .into_iter()
                .enumerate()
                .map(|(index, text)| (format!("dir{index}/Dockerfile"), text))
                .collect();
            files.push((".gitlab-ci.yml".to_owned(), gitlab(&in_gitlab)));
            files.push((".github/workflows/ci.yml".to_owned(), github(&in_github)));
            let files = files.into_iter().zip(manners);
            World { files: files.map(|((path, text), manner)| (path, saved(&text, manner))).collect(), recording, pins }
        },
    )
}

// ---- what must hold ----

fn text(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    for format in [Format::Text, Format::Markdown, Format::Json] {
        report::write(std::slice::from_ref(outcome), format, &Options::default(), &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn contents(files: &Snapshot) -> Vec<(&FilePath, Option<&str>)> {
    files.contents().map(|(path, content)| (path, content.ok())).collect()
}

fn links(files: &Snapshot) -> Links {
    link(&scan(files, &BTreeSet::new()))
}

/// What edits make of a text, by another way than the one under test.
fn by_hand(text: &str, edits: &[&Edit]) -> String {
    let mut edits: Vec<&&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.site.span.start, edit.site.span.end));
    edits.dedup();
    let mut text = text.to_owned();
    for edit in edits.into_iter().rev() {
        text.replace_range(edit.site.span.range(), &edit.replacement);
    }
    text
}

/// Every tag that any cell of any matrix puts together, by image.
fn composed(links: &Links) -> BTreeSet<(String, String)> {
    fn cells(
        links: &Links,
        feed: &Feed,
        axes: &[AxisId],
        cell: &mut Vec<(AxisId, String)>,
        out: &mut BTreeSet<String>,
    ) {
        let Some((axis, rest)) = axes.split_first() else {
            let excluded = feed.excludes.iter().any(|exclude| exclude.iter().all(|value| cell.contains(value)));
            if !excluded {
                let pick = |axis| cell.iter().find(|(known, _)| *known == axis).map_or("", |(_, value)| value);
                out.insert(links.tag(feed, pick).0);
            }
            return;
        };
        for (value, _) in &links.axis(*axis).entries {
            cell.push((*axis, value.clone()));
            cells(links, feed, rest, cell, out);
            cell.pop();
        }
    }
    let mut out = BTreeSet::new();
    for dependency in &links.dependencies {
        for feed in &dependency.feeds {
            let mut tags = BTreeSet::new();
            cells(links, feed, &feed.axes(), &mut Vec::new(), &mut tags);
            out.extend(tags.into_iter().map(|tag| (dependency.repository.to_string(), tag)));
        }
    }
    out
}

/// What is planned for a place: a new value; and if it is a list, new rows, and rows that leave.
#[derive(Default)]
struct Planned {
    value: Option<String>,
    rows: Vec<String>,
    dropped: Vec<String>,
}

/// What stands in every place that versions come from once the plan is carried out.
fn values(links: &Links, plan: &BTreeMap<&Site, Planned>) -> Vec<Vec<String>> {
    let value = |site: &Site, old: &str| {
        plan.get(site).and_then(|planned| planned.value.clone()).unwrap_or_else(|| old.to_owned())
    };
    let feeds = || links.dependencies.iter().flat_map(|dependency| &dependency.feeds);
    let digests = feeds().filter_map(|feed| feed.behind.slot()).map(|id| {
        let slot = links.slot(id);
        vec![value(&slot.site, &slot.value)]
    });
    let values = feeds().flat_map(|feed| &feed.parts).map(|part| match &part.content {
        Content::Slot(id) => vec![value(&links.slot(*id).site, &links.slot(*id).value)],
        Content::Fixed(text, ..) => vec![text.clone()],
        Content::Axis(id) => {
            let axis = links.axis(*id);
            let mut rows: Vec<String> = axis.entries.iter().map(|(row, entry)| value(&entry.site, row)).collect();
            if let Some(planned) = plan.get(&axis.site) {
                rows.retain(|row| !planned.dropped.contains(row));
                rows.extend(planned.rows.clone());
            }
            rows.sort();
            rows
        }
    });
    values.chain(digests).collect()
}

/// Where a digest could be written, and the image and tag that it would be of.
fn rooms(links: &Links) -> BTreeMap<&Site, (String, String)> {
    let feeds =
        links.dependencies.iter().flat_map(|dependency| dependency.feeds.iter().map(move |feed| (dependency, feed)));
    let rooms = feeds.filter_map(|(dependency, feed)| match &feed.behind {
        Behind::Room(slot) => {
            Some((&links.slot(*slot).site, (dependency.repository.to_string(), links.tag(feed, |_| "").0)))
        }
        Behind::Digest(_) | Behind::NoRoom(_) | Behind::NoReference => None,
    });
    rooms.collect()
}

/// Every digest that is wanted is proposed for the tag that stands there, whatever else is.
fn pins_as_wanted(world: &World, outcome: &Outcome) -> Result<(), TestCaseError> {
    let pins = outcome.merge_requests.iter().filter(|request| request.branch.course == Course::Pin);
    let pins: BTreeMap<&Site, &Update> =
        pins.flat_map(|request| &request.branch.updates).map(|update| (&update.site, update)).collect();
    let links = links(&outcome.files);
    let mut wanted = rooms(&links);
    wanted.retain(|_, (image, tag)| world.pins && world.has(image, tag));
    for (site, (image, tag)) in &wanted {
        let pin = pins.get(site);
        prop_assert!(pin.is_some(), "{image}:{tag} at {site:?} is not pinned");
        prop_assert_eq!(pin.and_then(|pin| pin.to.clone()), Some(digest(image, tag)));
    }
    prop_assert_eq!(pins.len(), wanted.len());
    Ok(())
}

/// What every merge request owes: its edits and nothing else, in the bytes as well as in what they
/// mean, and no image that does not exist.
fn changes_as_planned(world: &World, outcome: &Outcome) -> Result<(), TestCaseError> {
    let files = &outcome.files;
    let before = links(files);
    let known = composed(&before);
    for request in &outcome.merge_requests {
        let branch = &request.branch;
        let edited = files.edited(&branch.edits).unwrap();
        for (path, text) in contents(files) {
            let edits: Vec<&Edit> = branch.edits.iter().filter(|edit| edit.site.file == *path).collect();
            let Some(text) = text else { continue };
            let expected = by_hand(text, &edits);
            prop_assert_eq!(edited.text(path).unwrap(), expected, "{} of {}", path, branch.name);
        }

        let after = links(&edited);
        let mut planned: BTreeMap<&Site, Planned> = BTreeMap::new();
        for update in &branch.updates {
            prop_assert_ne!(update.image.to_string(), DOWN, "a registry that is down has nothing to offer");
            let planned = planned.entry(&update.site).or_default();
            match update.kind {
                UpdateKind::Add => planned.rows.extend(update.to.clone()),
                UpdateKind::Drop => planned.dropped.extend(update.from.clone()),
                _ => planned.value.clone_from(&update.to),
            }
        }
        let expected = values(&before, &planned);
        let found = values(&after, &BTreeMap::new());
        prop_assert_eq!(found, expected, "{} changes something else\n{}", branch.name, request.diff(files));

        for (image, tag) in composed(&after).difference(&known) {
            prop_assert!(
                world.has(image, tag),
                "{}: {image}:{tag} does not exist\n{}",
                branch.name,
                request.diff(files)
            );
        }
    }
    Ok(())
}

/// So many cases, unless `PROPTEST_CASES` wants another number.
fn settings(cases: u32) -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings(128))]

    #[test]
    fn the_laws_hold_for_every_repository(world in world()) {
        let files = world.snapshot();
        let outcome = world.run(files.clone());
        prop_assert_eq!(text(&outcome), text(&world.run(files.clone())), "two runs differ");
        let untouched = files.edited(&[]).unwrap();
        prop_assert_eq!(contents(&files), contents(&untouched));

        let known = composed(&links(&files));
        let used: BTreeSet<&str> = known.iter().map(|(image, _)| image.as_str()).collect();
        prop_assert_eq!(outcome.complete(), !used.contains(DOWN));

        changes_as_planned(&world, &outcome)?;
        pins_as_wanted(&world, &outcome)?;

        for dependency in outcome.dependencies.iter().filter(|dependency| dependency.image.to_string() == DOWN) {
            for slot in &dependency.slots {
                prop_assert_ne!(&slot.verdict, &Verdict::Current, "{} is down", DOWN);
            }
        }
    }

    #[test]
    fn what_is_merged_stays_merged(world in world()) {
        let mut files = world.snapshot();
        let mut diffs = String::new();
        // Newer tags bring their digests along; what stays is pinned after that.
        for course in [Course::Regular, Course::Pin] {
            let outcome = world.run(files.clone());
            let merged = || outcome.merge_requests.iter().filter(|request| request.branch.course == course);
            let edits: Vec<Edit> = merged().flat_map(|request| request.branch.edits.clone()).collect();
            diffs.extend(merged().map(|request| request.diff(&files)));
            let edited = files.edited(&edits);
            prop_assert!(edited.is_ok(), "{edited:?}: branches of one run do not fit together\n{diffs}");
            files = edited.unwrap();
        }
        let again = world.run(files);
        let left: String =
            again.merge_requests.iter().filter(|request| !request.branch.is_major()).map(|request| request.diff(&again.files)).collect();
        prop_assert!(left.is_empty(), "after\n{diffs}there is still something to do:\n{left}");
    }
}

// ---- hostile files ----

fn scraps() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "FROM ",
        "ARG ",
        "COPY --from=",
        "RUN --mount=type=bind,from=",
        "ONBUILD ",
        "# syntax=",
        "# escape=`\n",
        "<<EOF",
        "EOF",
        "\\\n",
        "`\n",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "  ",
        "    ",
        "${",
        "}",
        "$",
        "$X",
        "${X:-",
        "${X/a/b}",
        "${X%%.*}",
        "X=",
        "\"",
        "'",
        "python:3.12",
        ":3.12",
        "@sha256:",
        "\u{feff}",
        "é",
        "🐍",
        "\u{2028}",
        "\0",
        "- ",
        ": ",
        "? ",
        "| \n",
        ">-\n",
        "&a ",
        "*a",
        "<<: *a",
        "!reference [a, b]",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "#",
        "image: ",
        "services: ",
        "parallel: ",
        "matrix: ",
        "variables: ",
        "extends: ",
        "include: ",
        "local: ",
        "script: ",
        "default: ",
        "spec: ",
        "inputs: ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "$[[ inputs.x ]]",
        "jobs: ",
        "strategy: ",
        "exclude: ",
        "container: ",
        "steps: ",
        "uses: ",
        "docker://",
        "with: ",
        "env: ",
        "run: ",
        "${{ ",
        " }}",
        "matrix.x",
        "fromJSON('[1]')",
        "||",
        "docker build --build-arg X=$Y ",
        "cd x && ",
        "for x in 1 2; do ",
        "done\n",
        "if ",
        "fi\n",
        "$(",
        ")",
        "`",
        ";",
        "3.10",
        "1e3",
        "0x1F",
        "null",
        "~",
        "true",
    ];
    prop_oneof![
        8 => vec(select(WORDS), 0..40).prop_map(|words| words.concat().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn no_file_is_too_odd(dockerfile in scraps(), gitlab in scraps(), github in scraps(), action in scraps()) {
        let mut recording = Recording::new("2026-11-23T00:00:00Z".parse().unwrap());
        let tags = ["3.12", "3.13", "3.13-slim", "4.0"].map(str::to_owned).to_vec();
        let image = "docker.io/library/python";
        let digests = tags.iter().map(|tag| (tag.clone(), digest(image, tag))).collect();
        recording.images.insert(
            image.to_owned(),
            RecordedImage { tags: Some(tags), digests, ..RecordedImage::default() },
        );
        let files = [
            ("Dockerfile", dockerfile),
            (".gitlab-ci.yml", gitlab),
            (".github/workflows/ci.yml", github),
            (".github/actions/a/action.yml", action),
        ];
        let files = files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
        let world = World { files, recording, pins: true };
        let outcome = world.run(world.snapshot());
        text(&outcome);
        for request in &outcome.merge_requests {
            prop_assert!(outcome.files.edited(&request.branch.edits).is_ok());
        }
    }
}

// ---- real files, mangled ----

/// The repositories of the test cases, and one registry that has all of their tags.
static CASES: LazyLock<(Vec<BTreeMap<String, String>>, Recording)> = LazyLock::new(|| {
    fn gather(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() {
                gather(&path, &format!("{name}/"), files);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.insert(name, text);
            }
        }
    }
    let mut recording = Recording::new("2026-11-23T00:00:00Z".parse().unwrap());
    let mut repositories = Vec::new();
    for case in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")).unwrap() {
        let case = case.unwrap().path();
        let Ok(tags) = fs::read_to_string(case.join("tags.txt")) else { continue };
        let mut files = BTreeMap::new();
        gather(&case.join("repository"), "", &mut files);
        repositories.push(files);
        let answers = tags.lines().filter_map(|line| line.split_once(": "));
        for (image, answer) in answers.filter(|(image, answer)| !image.contains('@') && !answer.starts_with('!')) {
            let Ok(image) = tagalong::image::Repository::parse(image) else { continue };
            let known = recording.images.entry(image.to_string()).or_default().tags.get_or_insert_default();
            known.extend(answer.split_whitespace().map(str::to_owned));
        }
    }
    for (image, recorded) in &mut recording.images {
        let tags = recorded.tags.get_or_insert_default();
        tags.sort();
        tags.dedup();
        recorded.digests = tags.iter().map(|tag| (tag.clone(), digest(image, tag))).collect();
    }
    // The order of a folder is no order to shrink by.
    repositories.sort();
    (repositories, recording)
});

/// One thing that goes wrong in a file: which file and where, in parts of the whole, and what.
#[derive(Clone, Debug)]
enum Mishap {
    Remove,
    Repeat,
    Swap,
    Indent,
    Insert(Vec<u8>),
    Foreign(Index),
    Cut,
}

fn mishap() -> impl Strategy<Value = (Index, Index, Mishap)> {
    let kind = prop_oneof![
        Just(Mishap::Remove),
        Just(Mishap::Repeat),
        Just(Mishap::Swap),
        Just(Mishap::Indent),
        Just(Mishap::Cut),
        scraps().prop_map(Mishap::Insert),
        any::<Index>().prop_map(Mishap::Foreign),
    ];
    (any::<Index>(), any::<Index>(), kind)
}

/// Does it to a file. Lines are what people move about, so most of it happens to whole lines.
fn spoil(bytes: &[u8], at: Index, mishap: &Mishap, others: &[Vec<u8>]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return bytes.to_vec();
    }
    let line = at.index(lines.len());
    match mishap {
        Mishap::Remove => drop(lines.remove(line)),
        Mishap::Repeat => lines.insert(line, lines[line].clone()),
        Mishap::Swap => {
            let next = (line + 1) % lines.len();
            lines.swap(line, next);
        }
        Mishap::Indent => drop(lines[line].splice(..0, *b"  ")),
        Mishap::Foreign(which) => {
            let other = &others[which.index(others.len())];
            let other: Vec<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
            if !other.is_empty() {
                lines.insert(line, other[at.index(other.len())].to_vec());
            }
        }
        Mishap::Insert(scrap) => {
            let column = at.index(lines[line].len() + 1);
            lines[line].splice(column..column, scrap.iter().copied().take(24));
        }
        Mishap::Cut => lines[line].truncate(at.index(bytes.len())),
    }
    lines.concat()
}

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn real_files_may_be_spoilt(case in any::<Index>(), mishaps in vec(mishap(), 1..6), pins in any::<bool>()) {
        let (repositories, recording) = &*CASES;
        let mut files: Vec<(String, Vec<u8>)> = repositories[case.index(repositories.len())]
            .iter()
            .map(|(path, text)| (path.clone(), text.as_bytes().to_vec()))
            .collect();
        for (file, at, mishap) in &mishaps {
            let others: Vec<Vec<u8>> = files.iter().map(|(_, bytes)| bytes.clone()).collect();
            let (_, bytes) = &mut files[file.index(others.len())];
            *bytes = spoil(bytes, *at, mishap, &others);
        }
        let world = World { files: files.into_iter().collect(), recording: recording.clone(), pins };
        let outcome = world.run(world.snapshot());
        text(&outcome);
        if let Err(error) = changes_as_planned(&world, &outcome) {
            let files = World { recording: Recording::new(recording.recorded), ..world };
            return Err(TestCaseError::fail(format!("{error}\n{files:?}")));
        }
    }
}

/// The fragments would prove little if nothing ever moved.
#[test]
fn the_generated_repositories_are_worth_it() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..64 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let outcome = world.run(world.snapshot());
        for update in outcome.updates() {
            *seen.entry(update.kind.name()).or_default() += 1;
        }
    }
    let kinds =
        [UpdateKind::Major, UpdateKind::Minor, UpdateKind::Patch, UpdateKind::Digest, UpdateKind::Pin, UpdateKind::Add];
    for kind in kinds {
        assert!(seen.get(kind.name()).is_some_and(|count| *count >= 5), "{kind:?} is rare: {seen:?}");
    }
}

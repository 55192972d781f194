//! Three years of real releases, week by week: projects are started with the versions of that day, every merge
//! request is merged, and what is proposed must have been right on the day on which it was proposed.
//!
//! - every tag that a proposal puts together existed, and is no pre-release;
//! - nothing goes back, in one step or over the years; a major version is crossed in a major merge request only;
//! - what is on a long-term line stays on such lines;
//! - a row of a matrix is never raised out of its line, none stands twice, none is lost but where that is proposed;
//! - once the proposals of a day are merged, another run on that day proposes nothing.
//!
//! Not run by default: it reads lists that are no part of the repository. `cargo test --test replay -- --ignored
//! --nocapture` prints every move; with `UPDATE_README=1` the picture of the README is drawn anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "fake/cycles.rs"]
mod cycles;
#[path = "fake/registry.rs"]
mod fake;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use tagalong::choose::verdict::Course;
use tagalong::config::Config;
use tagalong::cycle::{Cycle, End, Product};
use tagalong::image::Repository;
use tagalong::lifecycle::{Lifecycles, Settings};
use tagalong::link::knot::{Axis, AxisId, Dependency, Feed, Links};
use tagalong::link::link;
use tagalong::plan::UpdateKind;
use tagalong::render::MergeRequest;
use tagalong::run::lookups::Lookups;
use tagalong::run::run;
use tagalong::scan::scan;
use tagalong::store::recording::{RecordedImage, RecordedProduct, Recording};
use tagalong::text::{Edit, FilePath, Snapshot};
use tagalong::version::Tag;

const FIRST: Date = date(2023, 8, 21);
const LAST: Date = date(2026, 8, 17);
/// What the projects use, and what that is based on.
const IMAGES: [&str; 7] = ["alpine", "debian", "docker", "nginx", "node", "postgres", "python"];

#[test]
#[ignore = "reads ../shared/data"]
fn three_years_of_releases() {
    let mut past = Past::read();
    let mut projects = projects();
    let mut day = FIRST;
    while day <= LAST {
        past.forward(day);
        // All projects share the answers of a day.
        let lookups = Lookups::recorded(past.recording());
        for project in &mut projects {
            project.live_through(&past, &lookups);
        }
        day += 7.days();
    }
    for project in &mut projects {
        project.never_goes_back();
        println!("\n{}", project.name);
        for (day, place, from, to) in &project.moves {
            println!("  {day}  {place:<42}  {from} → {to}");
        }
        assert!(project.moves.len() > 3, "{}: nothing ever moves", project.name);
        assert!(!project.starts_newest || project.moves[0].0 > FIRST, "{} starts with old versions", project.name);
    }
    let faults: Vec<String> = projects.iter().flat_map(|project| project.faults.clone()).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    the_picture_shows_this(&projects[0]);
}

/// What the README shows of the demo project is what came out here.
fn the_picture_shows_this(project: &Project) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/astronaut/versions.svg");
    let drawn = picture(project);
    assert!(drawn.len() < 12 * 1024, "{} bytes are no small picture", drawn.len());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    let shown = fs::read_to_string(&path).unwrap_or_default();
    let diff = diffy::create_patch(&shown, &drawn);
    assert!(shown == drawn, "UPDATE_README=1 draws it anew:\n{diff}");
}

/// What was known on a day.
struct Past {
    day: Date,
    /// What is still to come, by image and day.
    coming: BTreeMap<&'static str, BTreeMap<Date, Vec<String>>>,
    tags: BTreeMap<&'static str, BTreeSet<String>>,
    /// Not every image has known release cycles.
    products: BTreeMap<&'static str, Option<Arc<Product>>>,
}

impl Past {
    fn read() -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/official-image-tags-first-seen.json");
        let mut seen: BTreeMap<String, BTreeMap<Date, Vec<String>>> =
            serde_json::from_slice(&fs::read(data).expect("the lists")).expect("JSON");
        let coming = IMAGES.map(|image| (image, seen.remove(image).expect(image))).into();
        let server = cycles::real();
        let settings = Settings {
            endpoint: format!("{}/api/v1", server.url()).parse().unwrap(),
            products: BTreeMap::new(),
            timeout: Duration::from_secs(20),
            cache: None,
        };
        let lifecycles = Lifecycles::new(&settings).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let product = |image| runtime.block_on(lifecycles.product(&Repository::parse(image).unwrap()));
        let products = IMAGES.map(|image| (image, product(image).unwrap())).into();
        Self { day: FIRST, coming, tags: BTreeMap::new(), products }
    }

    fn forward(&mut self, day: Date) {
        self.day = day;
        for (image, coming) in &mut self.coming {
            let later = coming.split_off(&day.tomorrow().unwrap());
            let now = std::mem::replace(coming, later);
            self.tags.entry(image).or_default().extend(now.into_values().flatten());
        }
    }

    fn recording(&self) -> Recording {
        let mut recording = Recording::new(format!("{}T12:00:00Z", self.day).parse().unwrap());
        for (image, tags) in &self.tags {
            let recorded = RecordedImage {
                tags: Some(tags.iter().cloned().collect()),
                product: Some(match &self.products[image] {
                    Some(product) => RecordedProduct::Known(Arc::clone(product)),
                    None => RecordedProduct::Unknown,
                }),
                ..RecordedImage::default()
            };
            recording.images.insert(Repository::parse(image).unwrap().to_string(), recorded);
        }
        recording
    }

    fn has(&self, image: &Repository, tag: &str) -> bool {
        self.tags[image.short_name()].contains(tag)
    }

    fn product(&self, image: &Repository) -> Option<&Product> {
        self.products[image.short_name()].as_deref()
    }

    fn cycle(&self, image: &Repository, tag: &str) -> Option<&Cycle> {
        self.product(image)?.cycle_of(&Tag::parse(tag))
    }
}

/// A repository whose people merge everything.
struct Project {
    name: &'static str,
    config: Config,
    files: Snapshot,
    /// The values of every place over time, each when it is new.
    history: BTreeMap<String, Vec<(Date, Vec<String>)>>,
    /// When, where, from, to.
    moves: Vec<(Date, String, String, String)>,
    faults: Vec<String>,
    /// Whether it starts with what was the newest then.
    starts_newest: bool,
    /// The most rows that a list may have before and after drops are merged.
    window: Option<usize>,
    /// How many days a row may outlive its support.
    grace: Option<i64>,
}

fn project(name: &'static str, config: &str, files: &[(&str, String)]) -> Project {
    let config = Config::parse("bot.toml", config).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut snapshot = Snapshot::default();
    for (path, text) in files {
        snapshot.insert(FilePath::new(path).unwrap(), text.clone().into_bytes());
    }
    Project {
        name,
        config,
        files: snapshot,
        history: BTreeMap::new(),
        moves: Vec::new(),
        faults: Vec::new(),
        starts_newest: false,
        window: None,
        grace: None,
    }
}

/// The demo project as it would have been on the first day.
fn astronaut(name: &'static str, config: &str) -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/astronaut");
    let then = |file: &str, replacements: &[(&str, &str)]| {
        let mut text = fs::read_to_string(folder.join(file)).unwrap();
        for (now, then) in replacements {
            assert!(text.contains(now), "{file} has no {now} any more");
            text = text.replace(now, then);
        }
        text
    };
    let pipeline = then(
        ".gitlab-ci.yml",
        &[("docker:28.0", "docker:24.0"), (r#"["3.11", "3.12", "3.13"]"#, r#"["3.9", "3.10", "3.11"]"#)],
    );
    let dockerfile = then("Dockerfile", &[("PYTHON_VERSION=3.12", "PYTHON_VERSION=3.11")]);
    let files = [(".gitlab-ci.yml", pipeline), ("Dockerfile", dockerfile)];
    Project { starts_newest: true, ..project(name, config, &files) }
}

fn projects() -> Vec<Project> {
    let matrix = |rows: &str| {
        format!(
            "test:\n  parallel:\n    matrix:\n      - ROW: [{rows}]\n  script:\n    - docker build --build-arg V=$ROW rows\n"
        )
    };
    let node = |name, config: &str| {
        let files = [
            ("Dockerfile", "FROM node:18-alpine3.18 AS build\nFROM node:18.17-bookworm-slim\n".to_owned()),
            ("rows/Dockerfile", "ARG V=18\nFROM node:${V}-alpine\n".to_owned()),
            (".gitlab-ci.yml", matrix("16, 18")),
        ];
        project(name, config, &files)
    };
    let compose = "services:\n  db:\n    image: postgres:15.4-alpine3.18\n  old:\n    image: postgres:12-bookworm\n  \
                   web:\n    image: nginx:1.25.2-alpine\n  stable:\n    image: nginx:1.24\n";
    let patches = [
        (".gitlab-ci.yml", matrix(r#""3.10.12", "3.11.4""#)),
        ("rows/Dockerfile", "ARG V=3.11.4\nFROM python:${V}-slim-bookworm\n".to_owned()),
    ];
    let supported = "[matrix]\npolicy = \"supported\"\ngrace = \"90 days\"\n";
    vec![
        astronaut("astronaut", ""),
        Project { window: Some(3), ..astronaut("astronaut, window", "[matrix]\npolicy = \"window\"\n") },
        Project { grace: Some(90), ..astronaut("astronaut, supported", supported) },
        node("node", ""),
        Project { grace: Some(90), ..node("node, supported", supported) },
        project("compose", "", &[("compose.yaml", compose.to_owned())]),
        project("patch versions", "", &patches),
    ]
}

impl Project {
    /// One day: proposals are merged kind by kind, as each is made anew on what is merged before it.
    fn live_through(&mut self, past: &Past, lookups: &Lookups) {
        self.remember(past.day);
        let mut open = self.proposals(lookups);
        if !open.is_empty() {
            for course in [Course::Regular, Course::Major, Course::Drop] {
                let merged: Vec<MergeRequest> =
                    open.into_iter().filter(|request| request.branch.course == course).collect();
                for request in &merged {
                    self.is_right(past, request);
                }
                let edits: Vec<Edit> = merged.into_iter().flat_map(|request| request.branch.edits).collect();
                self.files = self.files.edited(&edits).unwrap();
                self.remember(past.day);
                self.rows_are_right(past, false);
                open = self.proposals(lookups);
                for request in open.iter().filter(|request| request.branch.course == course) {
                    self.fault(past, &format!("merged, but again: {}", request.title));
                }
            }
            for request in open {
                self.fault(past, &format!("not settled: {}", request.title));
            }
        }
        self.rows_are_right(past, true);
    }

    fn proposals(&self, lookups: &Lookups) -> Vec<MergeRequest> {
        let read = async |_: &mut Snapshot, _| Ok::<(), Infallible>(());
        let run = run(self.name.to_owned(), self.files.clone(), read, lookups, &self.config, &|_| {});
        let Ok(outcome) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run);
        assert!(outcome.complete(), "{}: {:?}", self.name, outcome.incomplete);
        outcome.merge_requests
    }

    fn links(&self) -> Links {
        links(&self.files)
    }

    fn fault(&mut self, past: &Past, what: &str) {
        self.faults.push(format!("{} on {}: {what}", self.name, past.day));
    }

    /// Whether a merge request, merged on its own, does nothing that it must not.
    fn is_right(&mut self, past: &Past, request: &MergeRequest) {
        let (before, after) = (self.links(), links(&self.files.edited(&request.branch.edits).unwrap()));
        let course = request.branch.course;
        let mut wrong = Vec::new();
        for update in &request.branch.updates {
            let nothing = || "–".to_owned();
            let place = format!(
                "{} {} {}",
                update.image.familiar(),
                update.place.name(),
                update.variable.as_deref().unwrap_or_default()
            );
            let (from, to) = (update.from.clone().unwrap_or_else(nothing), update.to.clone().unwrap_or_else(nothing));
            self.moves.push((past.day, format!("{course:?} {}", place.trim()), from, to));
            if let (UpdateKind::Add, Some(row), Some(_)) = (update.kind, &update.to, self.grace) {
                let cycle = past.cycle(&update.image, row);
                if cycle.is_some_and(|cycle| cycle.has_ended(past.day)) {
                    wrong.push(format!("{row} joins, and is out of support"));
                }
            }
        }
        for (old, new) in cells(&before).values().zip(cells(&after).values()) {
            for (image, tag) in new.iter().filter(|cell| !old.contains(cell)) {
                if !past.has(image, tag) {
                    wrong.push(format!("{image}:{tag} does not exist"));
                }
                if Tag::parse(tag).version().is_none_or(tagalong::version::Version::is_pre_release) {
                    wrong.push(format!("{image}:{tag} is no release"));
                }
            }
            if let ([(image, from)], [(_, to)]) = (&old[..], &new[..])
                && from != to
            {
                wrong.extend(step(past, image, from, to, course, &after));
            }
        }
        for (old, new) in before.axes.iter().zip(&after.axes) {
            let rows = |axis: &Axis| -> Vec<String> { axis.entries.iter().map(|(row, _)| row.clone()).collect() };
            let (old, new) = (rows(old), rows(new));
            if new.iter().collect::<BTreeSet<_>>().len() < new.len() {
                wrong.push(format!("a row stands twice: {new:?}"));
            }
            let lost = old.iter().filter(|row| !is_kept(row, &new));
            if course != Course::Drop && lost.count() > 0 {
                wrong.push(format!("rows left their lines: {old:?} → {new:?}"));
            }
        }
        for what in wrong {
            self.fault(past, &format!("{}: {what}", request.branch.name));
        }
    }

    /// Whether the lists are what their policy wants, on the way and once everything is merged.
    fn rows_are_right(&mut self, past: &Past, merged: bool) {
        let links = self.links();
        let mut wrong = Vec::new();
        for axis in &links.axes {
            let rows: Vec<&String> = axis.entries.iter().map(|(row, _)| row).collect();
            if rows.is_empty() {
                wrong.push(format!("{} has no row", axis.variable));
            }
            if self.window.is_some_and(|window| rows.len() > window + usize::from(!merged)) {
                wrong.push(format!("more rows than the window: {rows:?}"));
            }
        }
        for (image, tag) in cells(&links).values().filter(|cells| cells.len() > 1).flatten() {
            let cycle = past.cycle(image, tag);
            if let (Some(grace), true, Some(End::On(end))) = (self.grace, merged, cycle.map(|cycle| cycle.end))
                && end + grace.days() < past.day
            {
                wrong.push(format!("{image}:{tag} stays, and is out of support since {end}"));
            }
        }
        for what in wrong {
            self.fault(past, &what);
        }
    }

    fn remember(&mut self, day: Date) {
        for (place, cells) in cells(&self.links()) {
            let tags: Vec<String> = cells.into_iter().map(|(_, tag)| tag).collect();
            let known = self.history.entry(place).or_default();
            if known.last().is_none_or(|(_, last)| *last != tags) {
                known.push((day, tags));
            }
        }
    }

    /// Over the years, and not only from one day to the next.
    fn never_goes_back(&mut self) {
        for (place, values) in &self.history {
            let single = values.iter().filter(|(_, tags)| tags.len() == 1).map(|(_, tags)| Tag::parse(&tags[0]));
            let tags: Vec<Tag> = single.collect();
            let back = tags.windows(2).filter(|pair| pair[1].version() < pair[0].version());
            self.faults.extend(back.map(|pair| format!("{}: {place} goes back: {} → {}", self.name, pair[0], pair[1])));
        }
    }
}

/// What is wrong with a move of a single tag.
fn step(past: &Past, image: &Repository, from: &str, to: &str, course: Course, after: &Links) -> Vec<String> {
    let (from, to) = (Tag::parse(from), Tag::parse(to));
    let mut wrong = Vec::new();
    let (Some(old), Some(new)) = (from.version(), to.version()) else { return vec![format!("{from} → {to}")] };
    if new < old || new == old && to.variant_version() < from.variant_version() {
        wrong.push(format!("{image}: {from} → {to} goes back"));
    }
    // A default follows the rows of its matrix.
    let follows = || {
        let mut rows = after.axes.iter().flat_map(|axis| &axis.entries);
        rows.any(|(row, _)| to.text().starts_with(row.as_str()))
    };
    if course != Course::Major && old.major() != new.major() && !follows() {
        wrong.push(format!("{image}: {from} → {to} is a major version"));
    }
    if from.precision() != to.precision() {
        wrong.push(format!("{image}: {from} → {to} has another precision"));
    }
    let is_long_term = |tag: &Tag| past.cycle(image, tag.text()).is_some_and(|cycle| cycle.is_long_term(past.day));
    let has_them = past.product(image).is_some_and(Product::has_long_term_cycles);
    if has_them && is_long_term(&from) && !is_long_term(&to) {
        wrong.push(format!("{image}: {from} → {to} leaves the long-term lines"));
    }
    wrong
}

fn links(files: &Snapshot) -> Links {
    // Which further files builds name makes no difference here: all are found by their names.
    link(&scan(files, &BTreeSet::new()))
}

/// A row that names a line stays as it is; one that names a patch version moves inside of its line.
fn is_kept(row: &str, rows: &[String]) -> bool {
    let old = Tag::parse(row);
    rows.iter().any(|other| {
        let new = Tag::parse(other);
        let (Some(from), Some(to)) = (old.version(), new.version()) else { return other == row };
        other == row || old.precision() > 2 && from.truncate(2) == to.truncate(2) && to > from
    })
}

/// Every tag of every place, over all combinations of its axes, in order.
fn cells(links: &Links) -> BTreeMap<String, Vec<(Repository, String)>> {
    let mut all = BTreeMap::new();
    for (index, dependency) in links.dependencies.iter().enumerate() {
        for (number, feed) in dependency.feeds.iter().enumerate() {
            let what = if feed.axes().is_empty() { dependency.kind.name() } else { "matrix" };
            let place = format!("{} {what} {index}.{number}", dependency.repository.familiar());
            all.insert(place, tags(links, dependency, feed));
        }
    }
    all
}

fn tags(links: &Links, dependency: &Dependency, feed: &Feed) -> Vec<(Repository, String)> {
    let mut cells: Vec<BTreeMap<AxisId, &str>> = vec![BTreeMap::new()];
    for axis in feed.axes() {
        let with = |cell: &BTreeMap<AxisId, _>, value| {
            let mut cell = cell.clone();
            cell.insert(axis, value);
            cell
        };
        let entries = &links.axis(axis).entries;
        cells =
            cells.iter().flat_map(|cell| entries.iter().map(move |(value, _)| with(cell, value.as_str()))).collect();
    }
    cells.iter().map(|cell| (dependency.repository.clone(), links.tag(feed, |axis| cell[&axis]).0)).collect()
}

/// One line of the picture: its class, its name, and the versions of a place over time.
type Line = (&'static str, &'static str, Vec<(Date, String)>);

const LEFT: i32 = 56;
const RIGHT: i32 = 640;
const STYLE: &str = "    text { font: 11px sans-serif; fill: #6e7781 }
    .title { font-weight: bold }
    path { fill: none; stroke-width: 2 }
    .grid { stroke: #8c959f; stroke-width: 1; stroke-opacity: .35 }
    .docker { stroke: #1f7ae0 }
    .newest { stroke: #bf8700; stroke-width: 7; stroke-opacity: .45 }
    .default { stroke: #d1491b }
    .oldest { stroke: #2da44e }
    @media (prefers-color-scheme: dark) {
      text { fill: #adbac7 }
      .docker { stroke: #58a6ff }
      .newest { stroke: #e3b341 }
      .default { stroke: #ff9b6b }
      .oldest { stroke: #57ab5a }
    }
";

/// A drawing of what a project's places held: one panel an image, one step line a place.
fn picture(project: &Project) -> String {
    let place = |start: &str, pick: fn(&[String]) -> &String| -> Vec<(Date, String)> {
        let (_, values) = project.history.iter().find(|(place, _)| place.starts_with(start)).expect(start);
        let mut picked: Vec<(Date, String)> = values.iter().map(|(day, tags)| (*day, pick(tags).clone())).collect();
        picked.dedup_by(|later, earlier| later.1 == earlier.1);
        picked
    };
    // Also what is only a row between the oldest and the newest.
    let versions = |start: &str| {
        let places = project.history.iter().filter(|(place, _)| place.starts_with(start));
        let mut versions: Vec<String> =
            places.flat_map(|(_, values)| values).flat_map(|(_, tags)| tags).cloned().collect();
        versions.sort_by_key(|tag| Tag::parse(tag).version().unwrap().parts().to_vec());
        versions.dedup();
        versions
    };
    let oldest: fn(&[String]) -> &String = |tags| &tags[0];
    let newest: fn(&[String]) -> &String = |tags| &tags[tags.len() - 1];
    let python = [
        ("newest", "newest row of the matrix", place("python matrix", newest)),
        ("default", "default of the ARG", place("python from", newest)),
        ("oldest", "oldest row of the matrix", place("python matrix", oldest)),
    ];
    let image = place("docker image", newest);
    let service = place("docker service", newest);
    let pair = image.iter().map(|(day, tag)| (*day, format!("{tag}-dind")));
    assert!(pair.eq(service), "the pipeline's docker and its service moved apart");
    let docker = [("docker", "image and service", image)];
    let mut panels = String::new();
    let below = panel(&mut panels, 18, "python", 20, &versions("python"), &python);
    let end = panel(&mut panels, below + 26, "docker", 12, &versions("docker image"), &docker);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 {height}\" width=\"820\" height=\"{height}\" role=\"img\">\n  \
         <title>Versions of the demo project from {FIRST} to {LAST}</title>\n  <style>\n{STYLE}  </style>\n{panels}</svg>\n",
        height = end + 8,
    )
}

/// Draws one panel from `top` on, and gives where it ends.
fn panel(out: &mut String, top: i32, title: &str, pitch: i32, versions: &[String], lines: &[Line]) -> i32 {
    let (first, count) = (top + 16, i32::try_from(versions.len()).unwrap());
    let bottom = first + (count - 1) * pitch + 10;
    let y = |tag: &String| {
        let above = versions.iter().rev().position(|version| version == tag).unwrap();
        first + i32::try_from(above).unwrap() * pitch
    };
    let mut line = |text: String| writeln!(out, "  {text}").unwrap();
    line(format!("<text class=\"title\" x=\"{LEFT}\" y=\"{}\">{title}</text>", top - 4));
    for year in FIRST.year() + 1..=LAST.year() {
        let x = x(date(year, 1, 1));
        line(format!("<path class=\"grid\" d=\"M{x} {top}V{bottom}\"/>"));
        line(format!("<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{year}</text>", bottom + 13));
    }
    for version in versions {
        let y = y(version);
        line(format!("<path class=\"grid\" d=\"M{LEFT} {y}H{RIGHT}\"/>"));
        line(format!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{version}</text>", LEFT - 6, y + 4));
    }
    let mut ends = BTreeSet::new();
    for (class, name, values) in lines {
        let mut way = format!("M{LEFT} {}", y(&values[0].1));
        for (day, tag) in values.iter().skip(1) {
            write!(way, "H{}V{}", x(*day), y(tag)).unwrap();
        }
        let end = y(&values[values.len() - 1].1);
        line(format!("<path class=\"{class}\" d=\"{way}H{RIGHT}\"><title>{title}: {name}</title></path>"));
        // Two lines may end at the same version: their names stand below each other.
        let mut name_at = end + 4;
        while !ends.insert(name_at) {
            name_at += 13;
        }
        line(format!("<path class=\"{class}\" d=\"M{} {}h10\"/>", RIGHT + 8, name_at - 4));
        line(format!("<text x=\"{}\" y=\"{name_at}\">{name}</text>", RIGHT + 23));
    }
    bottom + 14
}

/// Where a day stands.
fn x(day: Date) -> i32 {
    let days = |until: Date| FIRST.until(until).unwrap().get_days();
    LEFT + days(day) * (RIGHT - LEFT) / days(LAST)
}

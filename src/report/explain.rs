//! Why the versions of an image, or of a line of a file, stand where they do: the places, how they are tied, the
//! settings, the newest tags and what was made of each, the verdict.
//!
//! Everything from repositories and registries passes through the room `untrusted`. Must never know:
//! how people ask.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::choose::Market;
use crate::choose::shelf::{Shelf, Standing, shelf};
use crate::choose::terms::terms;
use crate::config::Config;
use crate::image::Repository;
use crate::link::knot::{Content, Feed, Hop, Links};
use crate::plan::{Update, chain};
use crate::report::summary::{at, ending_message, is_in, role};
use crate::report::text::wrap;
use crate::report::untrusted::{short_digests, visible, width};
use crate::run::outcome::{Dependency, Outcome, Slot, Verdict};
use crate::skip::Skip;
use crate::text::{FilePath, Site};
use crate::version::Tag;

const HEADING: Style = Style::new().bold();
const NEW: Style = AnsiColor::Green.on_default();
const QUIET: Style = Style::new().dimmed();

/// Where the text behind a label starts.
const MARGIN: usize = 11;

/// What somebody asks about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum About {
    /// A line of a file, from 1.
    Line(FilePath, usize),
    /// An image by its short, familiar or full name.
    Image(String),
}

impl About {
    /// Reads `Dockerfile:2`, if there is such a file; else the name of an image, with or without a tag.
    #[must_use]
    pub fn parse(text: &str, outcome: &Outcome) -> Self {
        let place = text.rsplit_once(':').and_then(|(file, line)| {
            let file = FilePath::new(file.strip_prefix("./").unwrap_or(file))?;
            Some(Self::Line(file, line.parse().ok()?)).filter(|about| about.is_there(outcome))
        });
        place.unwrap_or_else(|| {
            let name = text.split('@').next().unwrap_or(text);
            let name = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name);
            Self::Image(name.to_owned())
        })
    }

    fn is_there(&self, outcome: &Outcome) -> bool {
        matches!(self, Self::Line(file, _) if outcome.files.exists(file))
    }

    fn is_at(&self, outcome: &Outcome, site: &Site) -> bool {
        let Self::Line(file, line) = self else { return false };
        let lines = || {
            let first = outcome.files.position(site).line;
            let breaks = outcome.files.slice(site).matches('\n').count();
            first..=first + breaks
        };
        site.file == *file && lines().contains(line)
    }

    fn names(&self, image: &Repository) -> bool {
        let Self::Image(name) = self else { return false };
        *name == image.short_name() || *name == image.familiar() || *name == image.to_string()
    }

    fn is_about(&self, outcome: &Outcome, dependency: &Dependency) -> bool {
        match self {
            Self::Image(_) => self.names(&dependency.image),
            Self::Line(..) => {
                let slots = dependency.slots.iter().map(|slot| &slot.site);
                slots.chain([&dependency.site]).any(|site| self.is_at(outcome, site))
            }
        }
    }
}

/// The explanation, coloured, in lines of at most `columns`; `None` if nothing is there that could be explained.
#[must_use]
pub fn explain(outcome: &Outcome, config: &Config, about: &About, columns: usize) -> Option<String> {
    let mut page = Page { text: String::new(), columns: columns.max(40) };
    let mut told: BTreeSet<&Site> = BTreeSet::new();
    for dependency in outcome.dependencies.iter().filter(|dependency| about.is_about(outcome, dependency)) {
        told.extend(dependency.slots.iter().map(|slot| &slot.site));
        told.insert(&dependency.site);
        let writer = Writer { outcome, config, dependency };
        told.extend(writer.digests());
        writer.write(&mut page);
    }
    // Names that move are no versions, but their digests may be written.
    for request in &outcome.merge_requests {
        for update in request.branch.updates.iter().filter(|update| !told.contains(&update.site)) {
            let Some(tag) = &update.tag else { continue };
            let reference = format!("{}:{tag}", update.image.familiar());
            if about.names(&update.image) || about.is_at(outcome, &update.site) {
                page.heading(&format!("{} {reference}", at(outcome, &update.site)));
                let because = request.branch.because.iter().filter(|why| why.starts_with(&format!("{reference} ")));
                let lines = because.map(|why| format!("{}: {}", visible(&request.branch.name), visible(why)));
                page.lines("verdict", Style::new(), &lines.collect::<Vec<_>>());
                page.text.push('\n');
            }
        }
    }
    // What was found and follows from no image: a list that feeds none, a file that is not understood.
    let others: Vec<&Skip> =
        outcome.skips.iter().filter(|skip| about.is_at(outcome, &skip.site) && !told.contains(&skip.site)).collect();
    for skip in others {
        page.heading(&format!("{} {}", at(outcome, &skip.site), skip.text));
        page.lines("verdict", QUIET, &[visible(&skip.reason.to_string())]);
        page.text.push('\n');
    }
    (!page.text.is_empty()).then_some(page.text)
}

struct Page {
    text: String,
    columns: usize,
}

impl Page {
    fn heading(&mut self, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{HEADING}{}{HEADING:#}", visible(text));
    }

    /// A label, and lines behind it.
    fn lines(&mut self, label: &str, style: Style, lines: &[String]) {
        let mut label = label;
        for line in lines {
            for part in wrap(line, self.columns - MARGIN) {
                let room = " ".repeat(MARGIN.saturating_sub(2 + label.len()));
                let _ = writeln!(self.text, "  {label}{room}{style}{part}{style:#}");
                label = "";
            }
        }
    }

    /// A label, and columns behind it.
    fn table(&mut self, label: &str, rows: &[[String; 3]]) {
        let column = |index: usize| rows.iter().map(|row| width(&row[index])).max().unwrap_or(0);
        let (first, second) = (column(0), column(1));
        let mut label = label;
        for [a, b, c] in rows {
            let room = " ".repeat(MARGIN.saturating_sub(2 + label.len()));
            let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width(text)));
            let mut line = format!("  {label}{room}{a}{}  {b}", pad(a, first));
            if !c.is_empty() {
                let _ = write!(line, "{}  {NEW}{c}{NEW:#}", pad(b, second));
            }
            self.text.push_str(&line);
            self.text.push('\n');
            label = "";
        }
    }
}

struct Writer<'a> {
    outcome: &'a Outcome,
    config: &'a Config,
    dependency: &'a Dependency,
}

impl<'a> Writer<'a> {
    fn write(&self, page: &mut Page) {
        let Dependency { image, template, site, kind, .. } = self.dependency;
        page.heading(&short_digests(template));
        page.lines("image", Style::new(), &[format!("{image}, {} in {}", role(*kind, None), at(self.outcome, site))]);
        let typed: Vec<[String; 3]> = self.dependency.slots.iter().map(|slot| self.slot(slot)).collect();
        page.table("typed", &typed);
        page.lines("linked", QUIET, &self.chains());
        page.lines("settings", Style::new(), &self.settings());
        self.tags(page);
        page.lines("verdict", Style::new(), &self.verdict());
        page.text.push('\n');
    }

    fn slot(&self, slot: &Slot) -> [String; 3] {
        let place = format!("{}  {}", at(self.outcome, &slot.site), role(slot.kind, slot.variable.as_deref()));
        let moves =
            self.updates().find(|(_, update)| update.site == slot.site).and_then(|(_, update)| update.to.clone());
        let to = moves.map(|to| format!("→ {}", visible(&short_digests(&to))));
        [visible(&short_digests(&slot.value)), visible(&place), to.unwrap_or_default()]
    }

    /// The updates of the places of the dependency, rows of their lists included, with their branches.
    fn updates(&self) -> impl Iterator<Item = (&str, &Update)> {
        let requests = self.outcome.merge_requests.iter();
        let updates = requests.flat_map(|request| {
            request.branch.updates.iter().map(move |update| (request.branch.name.as_str(), update))
        });
        updates.filter(|(_, update)| {
            update.image == self.dependency.image
                && (self.dependency.slots.iter().any(|slot| is_in(&slot.site, &update.site))
                    || self.digests().any(|digest| *digest == update.site))
        })
    }

    /// The updates of versions, and not of digests.
    fn moves(&self) -> impl Iterator<Item = (&str, &Update)> {
        self.updates().filter(|(_, update)| update.tag.is_none())
    }

    /// Where the digests of the dependency stand, or could.
    fn digests(&self) -> impl Iterator<Item = &'a Site> {
        let links = &self.outcome.study.links;
        self.feeds().filter_map(|feed| feed.behind.slot()).map(|slot| &links.slot(slot).site)
    }

    /// The feeds of the dependency, as they were linked.
    fn feeds(&self) -> impl Iterator<Item = &'a Feed> {
        let dependencies = self.outcome.study.links.dependencies.iter();
        let dependency = self.dependency;
        dependencies.filter(|linked| linked.site == dependency.site).flat_map(|linked| &linked.feeds)
    }

    fn chains(&self) -> Vec<String> {
        let mut chains: Vec<String> = Vec::new();
        for feed in self.feeds().filter(|feed| feed.hops.len() > 1) {
            let hops: Vec<&Hop> = feed.hops.iter().collect();
            let text = visible(&short_digests(&chain(&hops, &self.dependency.template, &self.outcome.files)));
            if !chains.contains(&text) {
                chains.push(text);
            }
        }
        chains
    }

    fn settings(&self) -> Vec<String> {
        let (image, file) = (&self.dependency.image, self.file());
        let policy = self.config.tag_policy(image, file);
        let mut settings = vec![format!("major = {}", self.config.majors(image, file))];
        // A table of them is a file of settings: each key with its value.
        settings.extend(toml::to_string(&policy.shown()).unwrap_or_default().lines().map(str::to_owned));
        settings.push(format!("pin_digests = {}", self.config.pins(image, file)));
        let links = &self.outcome.study.links;
        if let Some(list) = self.feeds().find_map(|feed| feed.axes().first().map(|axis| links.axis(*axis))) {
            let matrix = toml::to_string(&terms(self.config, image, list)).unwrap_or_default();
            settings.extend(matrix.lines().map(|line| format!("matrix.{line}")));
        }
        let mut lines = vec![settings.join(", ")];
        let mut rules: Vec<String> = Vec::new();
        for slot in &self.dependency.slots {
            for rule in self.config.fitting_rules(image, (&slot.site.file, slot.kind.name())) {
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        lines.push(if rules.is_empty() { "no rule fits".to_owned() } else { format!("by {}", rules.join(", ")) });
        lines
    }

    /// The file whose settings hold for the version.
    fn file(&self) -> &FilePath {
        let typed = self.dependency.slots.first().map(|slot| &slot.site.file);
        typed.unwrap_or(&self.dependency.site.file)
    }

    /// The newest tags for each tag in use.
    fn tags(&self, page: &mut Page) {
        let study = &self.outcome.study;
        let market = Market {
            catalogue: &study.catalogue,
            calendar: &self.outcome.calendar,
            config: self.config,
            evidence: &study.evidence,
        };
        let linked = study.links.dependencies.iter().find(|linked| linked.site == self.dependency.site);
        let Some(linked) = linked else { return };
        let in_use: Vec<Tag> = linked.feeds.iter().flat_map(|feed| tags_of(&study.links, feed)).collect();
        let mut forms = BTreeSet::new();
        for tag in &in_use {
            let of_form: Vec<&Tag> = in_use.iter().filter(|other| other.line() == tag.line()).collect();
            if !forms.insert(tag.line_form()) {
                continue;
            }
            // What is not newer than the newest of them is no riddle.
            let newest = of_form.iter().max_by(|a, b| a.version().cmp(&b.version())).copied().unwrap_or(tag);
            match shelf(market, linked, self.file(), newest.text()) {
                Err(reason) => page.lines("tags", QUIET, &[visible(&reason.to_string())]),
                Ok(Shelf { newest: listed, .. }) if listed.is_empty() => {
                    page.lines(
                        "tags",
                        QUIET,
                        &[format!("none that {} could be compared with", visible(newest.text()))],
                    );
                }
                Ok(shelf) => {
                    let Shelf { all, alike, form, newest: listed } = shelf;
                    page.lines(
                        "tags",
                        Style::new(),
                        &[format!("{all}, of which {alike} are like {form}; the newest:")],
                    );
                    let rows: Vec<[String; 3]> =
                        listed.iter().map(|(tag, standing)| self.tag(tag, standing, &in_use)).collect();
                    page.table("", &rows);
                }
            }
        }
    }

    fn tag(&self, tag: &str, standing: &Standing, in_use: &[Tag]) -> [String; 3] {
        let version = |text: &str| Tag::parse(text).version_text().to_owned();
        let leads_here = |update: &Update| {
            update.release.as_ref().or(update.to.as_ref()).is_some_and(|to| version(to) == version(tag))
        };
        let is_above = |update: &Update| {
            let to = update.release.as_ref().or(update.to.as_ref()).map(|to| Tag::parse(to));
            to.is_some_and(|to| to.version() > Tag::parse(tag).version())
        };
        let branch = self.moves().find(|(_, update)| leads_here(update)).map(|(branch, _)| branch);
        let why = match standing {
            _ if in_use.iter().any(|used| used.text() == tag) => "in use",
            Standing::InUse => "in use",
            Standing::Unfit(why) => why,
            Standing::Fit | Standing::Older if branch.is_some() => "taken",
            Standing::Older => "older",
            Standing::Fit if self.moves().any(|(_, update)| is_above(update)) => "below one that is taken",
            Standing::Fit => "not taken: see the verdict",
        };
        let taken = branch.filter(|_| why == "taken").map(visible).unwrap_or_default();
        [visible(tag), visible(why), taken]
    }

    fn verdict(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let branches: BTreeSet<&str> = self.updates().map(|(branch, _)| branch).collect();
        let image = format!("{}:", self.dependency.image.familiar());
        for request in
            self.outcome.merge_requests.iter().filter(|request| branches.contains(request.branch.name.as_str()))
        {
            let because = request.branch.because.iter().filter(|why| why.starts_with(&image));
            let mut because: Vec<&String> = because.collect();
            if because.is_empty() {
                because = request.branch.because.iter().collect();
            }
            lines.extend(because.into_iter().map(|why| format!("{}: {}", visible(&request.branch.name), visible(why))));
        }
        let sites = || self.dependency.slots.iter().map(|slot| &slot.site).chain([&self.dependency.site]);
        let skips = self.outcome.skips.iter().filter(|skip| sites().any(|site| is_in(site, &skip.site)));
        let mut skips: Vec<String> = skips
            .map(|skip| format!("{}: {}", at(self.outcome, &skip.site), visible(&skip.reason.to_string())))
            .collect();
        skips.dedup();
        lines.extend(skips);
        for ending in self.outcome.endings.iter().filter(|ending| sites().any(|site| *site == ending.site)) {
            lines.push(format!(
                "{}: {}",
                at(self.outcome, &ending.site),
                visible(&ending_message(self.outcome, ending))
            ));
        }
        if lines.is_empty() || self.dependency.slots.iter().all(|slot| slot.verdict == Verdict::Current) {
            lines.push("as new as it can be".to_owned());
        }
        lines
    }
}

/// The tags that a feed builds, one for each value of its first axis.
fn tags_of(links: &Links, feed: &Feed) -> Vec<Tag> {
    let first = |axis| links.axis(axis).entries.first().map_or("", |(value, _)| value.as_str());
    let lead = feed.parts.iter().find_map(|part| match part.content {
        Content::Axis(axis) => Some(axis),
        Content::Slot(_) | Content::Fixed(..) => None,
    });
    let Some(lead) = lead else { return vec![Tag::parse(&links.tag(feed, first).0)] };
    let rows = links.axis(lead).entries.iter();
    rows.map(|(value, _)| Tag::parse(&links.tag(feed, |axis| if axis == lead { value } else { first(axis) }).0))
        .collect()
}

//! Findings in, [`Links`] out: who feeds whom, proven by following the data.
//!
//! Every use of an image is expanded in every environment that its file is called from; what remains
//! are texts whose every byte knows the place where it is typed. Equal names alone tie nothing.
//! Must never know: formats, tags, policy.

mod companions;
mod expand;
pub mod knot;
mod room;
pub mod sets;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::distribution::Release;
use crate::image::{Reference, Repository};
use crate::link::companions::companions;
use crate::link::expand::{Atom, AtomContent, Environment, Expander, Expansion, MAX_ENVIRONMENTS};
use crate::link::knot::{Axis, AxisId, Behind, Content, Dependency, Feed, Knot, Links, Part, Slot, SlotId};
use crate::link::room::Rooms;
use crate::link::sets::DisjointSets;
use crate::platform::Platform;
use crate::scan::occurrence::{
    Builds, Encoding, Entry, Findings, Hint, Image, Kind, Piece, ScopeId, Template, UnitKind,
};
use crate::skip::{Reason, Skip};
use crate::text::Site;

/// Follows the data of one scan.
#[must_use]
pub fn link(findings: &Findings) -> Links {
    let mut by_argument: HashMap<&str, Vec<&Hint>> = HashMap::new();
    for hint in &findings.hints {
        by_argument.entry(&hint.name).or_default().push(hint);
    }
    let mut linker = Linker {
        findings,
        expander: Expander::new(findings),
        rooms: Rooms::new(findings),
        links: Links { skips: findings.skips.clone(), ..Links::default() },
        slots: HashMap::new(),
        axes: HashMap::new(),
        by_argument,
        reached: HashSet::new(),
        seen: HashSet::new(),
        scopes: Vec::new(),
    };
    for image in &findings.images {
        linker.image(image);
    }
    linker.links.named = std::mem::take(&mut linker.expander.named);
    slots::split(&mut linker.links);
    linker.lost_calls();
    linker.unused_axes();
    linker.tie();
    linker.links
}

struct Linker<'a> {
    findings: &'a Findings,
    expander: Expander<'a>,
    rooms: Rooms<'a>,
    links: Links,
    slots: HashMap<Site, SlotId>,
    /// By place, and the length of what all entries begin with.
    axes: HashMap<(Site, usize), AxisId>,
    by_argument: HashMap<&'a str, Vec<&'a Hint>>,
    /// Matrix variables that come to an image, whether it can be read or not.
    reached: HashSet<Site>,
    seen: HashSet<Skip>,
    /// For every dependency, the scope that its image is used in.
    scopes: Vec<ScopeId>,
}

/// An expansion that is an image reference with a tag.
struct Read {
    repository: Repository,
    feed: Feed,
}

impl Linker<'_> {
    fn image(&mut self, image: &Image) {
        let unit = self.findings.unit_of(self.findings.scope_of(image.scope).unit);
        let template = display(&image.reference, unit.kind);
        let mut found: Vec<(Repository, Vec<Feed>)> = Vec::new();
        let mut failed: Vec<(bool, Reason)> = Vec::new();
        let environments = self.expander.environments(image.scope);
        let platforms = self.platforms(image, &environments);
        if environments.len() >= MAX_ENVIRONMENTS {
            let what = format!("one of {MAX_ENVIRONMENTS} builds or more");
            failed.push((false, Reason::NotFollowed { what }));
        }
        for environment in environments {
            let expansions =
                self.expander.expand(&image.reference, image.scope, &environment, image.kind, image.encoding);
            for expansion in expansions {
                let matrices = expansion.hops.iter().filter(|hop| hop.kind == Kind::Matrix);
                self.reached.extend(matrices.map(|hop| hop.site.clone()));
                self.note_hints(image, &expansion);
                for read in self.read(image, expansion) {
                    match read {
                        Ok(Read { repository, feed }) => {
                            let index = found.iter().position(|(known, _)| *known == repository);
                            let index = index.unwrap_or_else(|| {
                                found.push((repository, Vec::new()));
                                found.len() - 1
                            });
                            let feeds = &mut found[index].1;
                            if !feeds.iter().any(|known| known.parts == feed.parts && known.behind == feed.behind) {
                                feeds.push(feed);
                            }
                        }
                        Err(reason) => {
                            let alone = self.expander.leaves_callers_out(image.scope, &environment);
                            failed.push((alone, reason));
                        }
                    }
                }
            }
        }
        for (alone, reason) in failed {
            // A file that is only ever called needs no defaults of its own.
            let excused = alone && !found.is_empty() && matches!(reason, Reason::UnsetVariable { .. });
            if excused {
                continue;
            }
            let set_by = match &reason {
                Reason::UnsetVariable { name } => self.hints(image, name).first().copied().map(set_by),
                _ => None,
            };
            self.skip(&image.site, &template, set_by.unwrap_or(reason));
        }
        for (repository, mut feeds) in found {
            feeds.shrink_to_fit();
            let template = template.clone();
            let site = image.site.clone();
            let platforms = platforms.clone();
            self.links.dependencies.push(Dependency { repository, template, kind: image.kind, site, feeds, platforms });
            self.scopes.push(image.scope);
        }
    }

    /// The platforms that an image must be there for, as far as they are known: those that it is asked for, or else
    /// those of the builds.
    fn platforms(&self, image: &Image, environments: &[Environment]) -> BTreeSet<Platform> {
        let read = |list: &Template, scope: ScopeId, environment: &Environment| {
            let texts = self.expander.texts(list, scope, environment);
            texts.into_iter().flat_map(|text| Platform::parse_list(&text))
        };
        if let Some(asked) = self.findings.platforms.get(&image.site) {
            return environments.iter().flat_map(|environment| read(asked, image.scope, environment)).collect();
        }
        if !matches!(image.kind, Kind::From | Kind::CopyFrom | Kind::Mount) {
            return BTreeSet::new();
        }
        let builds = environments.iter().filter_map(Environment::caller);
        let builds = builds.map(|(call, environment)| (&self.findings.calls[call], environment));
        let lists = builds.flat_map(|(call, environment)| {
            call.platforms.iter().flat_map(move |list| read(list, call.scope, environment))
        });
        lists.collect()
    }

    /// What gives an argument of the image's Dockerfile a value that is not followed.
    fn hints(&self, image: &Image, name: &str) -> Vec<&Hint> {
        let unit = self.findings.unit_of(self.findings.scope_of(image.scope).unit);
        let of_file = |hint: &&Hint| match &hint.builds {
            Builds::File(file) => *file == unit.file,
            Builds::Below(folder) => {
                folder.is_empty() || unit.file.as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            }
        };
        let hints = self.by_argument.get(name).into_iter().flatten().copied();
        hints.filter(|_| unit.kind == UnitKind::Dockerfile).filter(of_file).collect()
    }

    /// Says where arguments that an image depends on get values that are not followed: a build there
    /// uses another version than the default says.
    fn note_hints(&mut self, image: &Image, expansion: &Expansion) {
        if self.by_argument.is_empty() {
            return;
        }
        let unset = expansion.atoms.iter().filter_map(|atom| match &atom.content {
            AtomContent::Unset(Reason::UnsetVariable { name }) => Some(name.as_str()),
            AtomContent::Unset(_) | AtomContent::Text(_) | AtomContent::Axis(..) | AtomContent::Unknown(_) => None,
        });
        let declared = expansion.hops.iter().filter(|hop| hop.kind == Kind::Arg).map(|hop| hop.variable.as_str());
        let names: BTreeSet<&str> = unset.chain(declared).collect();
        let notes: Vec<(Site, String, Reason)> = names
            .into_iter()
            .flat_map(|name| self.hints(image, name))
            .map(|hint| (hint.site.clone(), hint.text.clone(), set_by(hint)))
            .collect();
        for (site, text, reason) in notes {
            self.skip(&site, &text, reason);
        }
    }

    fn skip(&mut self, site: &Site, text: &str, reason: Reason) {
        let skip = Skip { site: site.clone(), text: text.to_owned(), reason };
        if self.seen.insert(skip.clone()) {
            self.links.skips.push(skip);
        }
    }

    /// Reads an expansion as an image reference. An axis in the name of the image is spread into its
    /// entries first.
    fn read(&mut self, image: &Image, expansion: Expansion) -> Vec<Result<Read, Reason>> {
        let (text, ranges) = self.text(&expansion);
        for atom in &expansion.atoms {
            if let AtomContent::Unknown(reason) = &atom.content {
                return vec![Err(reason.clone())];
            }
        }
        let unset = expansion.atoms.iter().find_map(|atom| match &atom.content {
            AtomContent::Unset(reason) => Some(reason.clone()),
            AtomContent::Text(_) | AtomContent::Axis(..) | AtomContent::Unknown(_) => None,
        });
        if text.is_empty() {
            return vec![Err(unset.unwrap_or_else(|| Reason::BadReference("it is empty".to_owned())))];
        }
        let reference = match Reference::parse(&text) {
            Ok(reference) => reference,
            Err(error) => return vec![Err(unset.unwrap_or_else(|| Reason::BadReference(error.to_string())))],
        };
        let tag = reference.tag.clone();
        let in_name = expansion.atoms.iter().zip(&ranges).position(|(atom, range)| {
            let whole = self
                .image_prefix(atom)
                .is_some_and(|len| tag.as_ref().is_some_and(|tag| tag.start == range.start + len));
            matches!(atom.content, AtomContent::Axis(..))
                && !whole
                && !tag.as_ref().is_some_and(|tag| tag.start <= range.start && range.end <= tag.end)
        });
        if let Some(at) = in_name {
            let spread = self.expander.spread(&expansion, at);
            return spread.into_iter().flat_map(|expansion| self.read(image, expansion)).collect();
        }
        let Some(tag) = tag else {
            let reason = match reference.digest {
                Some(_) => Reason::NotAVersion { tag: "a digest without a tag".to_owned() },
                None => Reason::NoTag,
            };
            return vec![Err(reason)];
        };
        let behind = match &reference.digest {
            Some(digest) => self.digest(&expansion.atoms, &ranges, digest).map(Behind::Digest),
            None => Ok(self.room(image, &expansion)),
        };
        let mut parts = Vec::new();
        let mut matrices: BTreeMap<(usize, usize), BTreeMap<usize, usize>> = BTreeMap::new();
        for (atom, range) in expansion.atoms.iter().zip(&ranges) {
            let inside = range.start.max(tag.start)..range.end.min(tag.end);
            if inside.start >= inside.end {
                continue;
            }
            let content = match &atom.content {
                AtomContent::Axis(matrix, row, axis) => {
                    let prefix = if range.start < tag.start { self.image_prefix(atom) } else { None };
                    let prefix = prefix.unwrap_or(0);
                    matrices.entry((*matrix, *row)).or_default().insert(*axis, prefix);
                    Content::Axis(self.axis(*matrix, *row, *axis, prefix))
                }
                AtomContent::Text(_) => self.typed(atom, range, &inside),
                AtomContent::Unset(_) | AtomContent::Unknown(_) => continue,
            };
            parts.push(Part { content, piece: atom.piece });
        }
        // Most references have one part or two; a list that grows has room for four.
        parts.shrink_to_fit();
        let excludes =
            matrices.iter().flat_map(|((matrix, row), prefixes)| self.excludes(*matrix, *row, prefixes)).collect();
        let behind = match behind {
            Ok(behind) => behind,
            Err(reason) => return vec![Err(reason)],
        };
        let feed = Feed { parts, behind, excludes, hops: expansion.hops };
        vec![Ok(Read { repository: reference.repository, feed })]
    }

    /// The text of an expansion, every axis at its first value, and the byte range of every atom.
    fn text(&self, expansion: &Expansion) -> (String, Vec<Range<usize>>) {
        let mut text = String::new();
        let mut ranges = Vec::with_capacity(expansion.atoms.len());
        for atom in &expansion.atoms {
            let start = text.len();
            match &atom.content {
                AtomContent::Text(typed) => text.push_str(&typed.text),
                AtomContent::Axis(matrix, row, axis) => {
                    let entries = &self.findings.matrices[*matrix].rows[*row][*axis].entries;
                    text.push_str(&entries.first().and_then(|entry| entry.value.literal()).unwrap_or_default());
                }
                AtomContent::Unset(_) | AtomContent::Unknown(_) => {}
            }
            ranges.push(start..text.len());
        }
        (text, ranges)
    }

    fn typed(&mut self, atom: &Atom, range: &Range<usize>, inside: &Range<usize>) -> Content {
        let AtomContent::Text(typed) = &atom.content else {
            return Content::Fixed(String::new(), Reason::NoTag, None);
        };
        let inner = inside.start - range.start..inside.end - range.start;
        let value = typed.text[inner.clone()].to_owned();
        match (&typed.site, &typed.fixed) {
            (site, Some(reason)) => {
                let part =
                    |site: &Site| Site::new(&site.file, site.span.start + inner.start..site.span.start + inner.end);
                Content::Fixed(value, reason.clone(), site.as_ref().map(part))
            }
            (None, None) => {
                let what = typed.variable.as_ref().map_or("a computed part of the tag".to_owned(), |name| {
                    format!("the value of {name}, which does not stand in the file as it is used,")
                });
                Content::Fixed(value, Reason::NotWritable { what }, None)
            }
            (Some(site), None) => {
                let whole = inner == (0..typed.text.len());
                let site = Site::new(&site.file, site.span.start + inner.start..site.span.start + inner.end);
                Content::Slot(self.slot(Slot {
                    site,
                    value,
                    kind: typed.kind,
                    encoding: if whole { typed.encoding } else { Encoding::Raw },
                    variable: typed.variable.clone(),
                }))
            }
        }
    }

    fn digest(&mut self, atoms: &[Atom], ranges: &[Range<usize>], digest: &Range<usize>) -> Result<SlotId, Reason> {
        let holder = atoms.iter().zip(ranges).find(|(_, range)| range.start <= digest.start && digest.end <= range.end);
        let not_writable = || Reason::NotWritable { what: "the digest, put together from parts,".to_owned() };
        let (atom, range) = holder.ok_or_else(not_writable)?;
        match self.typed(atom, range, digest) {
            Content::Slot(slot) => Ok(slot),
            Content::Fixed(_, reason, _) => Err(reason),
            Content::Axis(_) => Err(not_writable()),
        }
    }

    /// What stands behind a tag that has no digest.
    fn room(&mut self, image: &Image, expansion: &Expansion) -> Behind {
        match self.rooms.behind(image, expansion) {
            Some(Ok(slot)) => Behind::Room(self.slot(slot)),
            Some(Err(reason)) => Behind::NoRoom(reason),
            None => Behind::NoReference,
        }
    }

    fn slot(&mut self, slot: Slot) -> SlotId {
        let slots = &mut self.links.slots;
        *self.slots.entry(slot.site.clone()).or_insert_with(|| {
            slots.push(slot);
            SlotId(slots.len() - 1)
        })
    }

    /// The length of `python:` if an axis has nothing but versions of one image.
    fn image_prefix(&self, atom: &Atom) -> Option<usize> {
        let AtomContent::Axis(matrix, row, axis) = atom.content else { return None };
        let entries = &self.findings.matrices[matrix].rows[row][axis].entries;
        let first = entries.first()?.value.literal()?;
        let prefix = &first[..=first.rfind(':')?];
        let is_version = |entry: &Entry| {
            let value = entry.value.literal()?;
            let tag = value.strip_prefix(prefix)?;
            let verbatim = entry.site.span.len() == value.len();
            (verbatim && !tag.is_empty() && !tag.contains(['/', ':', '@'])).then_some(())
        };
        entries.iter().all(|entry| is_version(entry).is_some()).then_some(prefix.len())
    }

    /// An axis whose entries are versions behind the first `prefix` bytes.
    fn axis(&mut self, matrix: usize, row: usize, axis: usize, prefix: usize) -> AxisId {
        let found = &self.findings.matrices[matrix].rows[row][axis];
        let picks = self.expander.picking.contains(&(matrix, row, axis));
        let frozen = self.findings.frozen.get(&found.site.file);
        let axes = &mut self.links.axes;
        let id = *self.axes.entry((found.site.clone(), prefix)).or_insert_with(|| {
            let picks = picks.then(|| Reason::CannotGrow { why: "its values pick a file".to_owned() });
            let fixed = frozen.cloned().or(picks).or(match &found.growth {
                Err(reason @ (Reason::MatrixRow | Reason::Disabled { .. })) => Some(reason.clone()),
                _ => None,
            });
            axes.push(Axis {
                variable: found.name.clone(),
                site: found.site.clone(),
                entries: found
                    .entries
                    .iter()
                    .map(|entry| {
                        let value = entry.value.literal().unwrap_or_default();
                        let mut entry = entry.clone();
                        if prefix > 0 {
                            entry.site.span.start += prefix;
                            entry.encoding = Encoding::Raw;
                        }
                        (value.get(prefix..).unwrap_or_default().to_owned(), entry)
                    })
                    .collect(),
                growth: match &fixed {
                    Some(reason) => Err(reason.clone()),
                    None if prefix == 0 => found.growth.clone(),
                    None => {
                        let first = found.entries.first().and_then(|entry| entry.value.literal()).unwrap_or_default();
                        let image = first.get(..prefix).unwrap_or_default();
                        found.growth.clone().map(|growth| growth.around(image, ""))
                    }
                },
                fixed,
                policy: self.findings.policies.get(&found.site).copied(),
                companions: Vec::new(),
            });
            AxisId(axes.len() - 1)
        });
        // Several matrices may share a list, each with cells of its own.
        let known = &mut axes[id.0].companions;
        for companions in companions(&self.findings.matrices[matrix], &found.name, prefix) {
            if !known.contains(&companions) {
                known.push(companions);
            }
        }
        id
    }

    /// The combinations that a row of a matrix leaves out. `prefixes` are the lengths of what the entries
    /// of an axis begin with.
    fn excludes(&mut self, matrix: usize, row: usize, prefixes: &BTreeMap<usize, usize>) -> Vec<Vec<(AxisId, String)>> {
        let excludes = self.expander.excludes(matrix, row);
        let mut cells = Vec::with_capacity(excludes.len());
        for cell in excludes {
            let values = cell.into_iter().map(|(axis, value)| {
                let prefix = prefixes.get(&axis).copied().unwrap_or(0);
                let value = value.get(prefix..).unwrap_or_default().to_owned();
                (self.axis(matrix, row, axis, prefix), value)
            });
            cells.push(values.collect());
        }
        cells
    }

    fn lost_calls(&mut self) {
        for (call, reason) in std::mem::take(&mut self.expander.lost) {
            let call = &self.findings.calls[call];
            let names: Vec<&str> = call.passes.iter().map(|pass| pass.to.as_str()).collect();
            let text = if names.is_empty() { "a build".to_owned() } else { names.join(", ") };
            self.skip(&call.site, &text, reason);
        }
    }

    /// Matrices of versions that no image is fed from.
    fn unused_axes(&mut self) {
        let findings = self.findings;
        let picking: HashSet<&Site> = self
            .expander
            .picking
            .iter()
            .map(|(matrix, row, axis)| &findings.matrices[*matrix].rows[*row][*axis].site)
            .collect();
        for axis in findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten()) {
            if self.reached.contains(&axis.site) {
                continue;
            }
            let values: Vec<String> = axis.entries.iter().filter_map(|entry| entry.value.literal()).collect();
            let versions = values.iter().filter(|value| starts_as_version(value)).count();
            if versions == 0 || versions * 2 < values.len() {
                continue;
            }
            if picking.contains(&axis.site) {
                let reason = Reason::CannotGrow { why: "its values pick a file".to_owned() };
                self.skip(&axis.site, &values.join(" "), reason);
                continue;
            }
            let name = plain_name(&axis.name);
            let twin = findings.values.iter().find(|value| value.kind == Kind::Arg && value.name == name);
            let reason = Reason::NotLinked { name: name.to_owned(), twin: twin.map(|twin| twin.site.file.to_string()) };
            self.skip(&axis.site, &values.join(" "), reason);
        }
    }

    /// Gathers dependencies into knots.
    fn tie(&mut self) {
        let links = &self.links;
        let mut sets = DisjointSets::new(links.dependencies.len());
        let mut by_slot: HashMap<SlotId, usize> = HashMap::new();
        let mut by_axis: HashMap<AxisId, usize> = HashMap::new();
        let mut by_reference: HashMap<(&Repository, String), usize> = HashMap::new();
        let mut by_job: HashMap<(ScopeId, &Repository, String), usize> = HashMap::new();
        let mut companions = BTreeSet::new();
        for (index, dependency) in links.dependencies.iter().enumerate() {
            for feed in &dependency.feeds {
                for slot in feed.slots().filter(|slot| looks_like_version(&links.slot(*slot).value)) {
                    sets.join(index, *by_slot.entry(slot).or_insert(index));
                }
                let axes = feed.axes();
                for axis in &axes {
                    sets.join(index, *by_axis.entry(*axis).or_insert(index));
                }
                if axes.is_empty() && feed.slots().next().is_some() {
                    let (mut tag, _) = links.tag(feed, |_| "");
                    if matches!(dependency.kind, Kind::Image | Kind::Service) {
                        let version: String = tag
                            .chars()
                            .take_while(|character| character.is_ascii_digit() || *character == '.')
                            .collect();
                        let first =
                            *by_job.entry((self.scopes[index], &dependency.repository, version)).or_insert(index);
                        if first != index {
                            companions.insert((first, index));
                            sets.join(first, index);
                        }
                    }
                    if let Some(digest) = feed.behind.digest() {
                        tag.push('@');
                        tag.push_str(&links.slot(digest).value);
                    }
                    sets.join(index, *by_reference.entry((&dependency.repository, tag)).or_insert(index));
                }
            }
        }
        let mut knots: BTreeMap<usize, Knot> = BTreeMap::new();
        for index in 0..links.dependencies.len() {
            knots.entry(sets.find(index)).or_default().dependencies.push(index);
        }
        self.links.knots = knots.into_values().collect();
        self.links.companions = companions;
    }
}

fn set_by(hint: &Hint) -> Reason {
    Reason::SetBy { name: hint.name.clone(), by: hint.by.to_owned() }
}

/// A reference as people wrote it, near enough to recognise.
fn display(template: &Template, unit: UnitKind) -> String {
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text { text, .. } => text.clone(),
            Piece::Hole(hole) if hole.name.contains('.') && unit == UnitKind::Pipeline => {
                format!("$[[ {} ]]", hole.name)
            }
            Piece::Hole(hole) if hole.name.contains('.') && unit != UnitKind::Bake => {
                format!("${{{{ {} }}}}", hole.name)
            }
            Piece::Hole(hole) => format!("${{{}}}", hole.name),
            Piece::Unknown { text, .. } => text.clone(),
        })
        .collect()
}

/// A variable's name without the kind in front: `matrix.python` is `python`.
fn plain_name(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, name)| name)
}

/// Whether a text is a version by itself, or an image with one: `3.12`, `v2`, `python:3.12`, but not
/// `amd64` or `ubuntu-24.04`, which are machines.
fn starts_as_version(text: &str) -> bool {
    let tag = text.rsplit_once(':').map_or(text, |(_, tag)| tag);
    tag.strip_prefix('v').unwrap_or(tag).starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a text holds a number, as every version does, or the code name of one.
fn looks_like_version(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric());
    text.bytes().any(|byte| byte.is_ascii_digit()) || words.any(|word| Release::of_code_name(word).is_some())
}

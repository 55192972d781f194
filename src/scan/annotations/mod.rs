//! Annotations: comments that say of which image the version on a line is, for what nothing can prove.
//!
//! In: all text that was read, and what the managers found in it. Out: one more use of an image for each
//! annotated version or list. Where a manager knows the place already, it stays one place. Must never know: what
//! the languages of the files mean.

mod comment;
mod place;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::scan::annotations::comment::{Policy, Says};
use crate::scan::occurrence::{
    Axis, Cells, Encoding, Entry, Findings, Growth, Hole, Image, Kind, ListPolicy, Matrix, Operator, Piece, ScopeId,
    Template, UnitKind, Value,
};
use crate::scan::yaml::{self, Node, Stream};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, Span};

/// A longer file was not written by hand.
const MAX_LEN: usize = 1 << 20;
/// Lines of comments between an annotation and what it is about.
const MAX_COMMENTS: usize = 5;
/// Annotations of one file.
const MAX_ANNOTATIONS: usize = 500;
/// Nodes of a YAML file that are looked at for one annotation.
const MAX_NODES: usize = 20_000;

/// Folders in which files that may have annotations are read, besides the root. Whatever other managers read
/// may have some wherever it is; a repository of a thousand packages is not read for the rest.
const FOLDERS: &[&str] = &[
    "",
    ".ci",
    ".devcontainer",
    ".github",
    ".gitlab",
    "build",
    "ci",
    "config",
    "deploy",
    "docker",
    "scripts",
    "tools",
];

/// Whether a file may have annotations by its path.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    if !FOLDERS.contains(&path.parent()) {
        return false;
    }
    // Settings of this very program, whose comments are its own.
    if matches!(path.name(), "bot.toml" | ".tagalong.toml") {
        return false;
    }
    let extension = path.name().rsplit_once('.').map_or("", |(_, extension)| extension);
    let names =
        [".tool-versions", ".env", "Jenkinsfile", "Vagrantfile", "Earthfile", "Brewfile", "Tiltfile", "versions"];
    let extensions = [
        "env",
        "toml",
        "ini",
        "cfg",
        "properties",
        "gradle",
        "kts",
        "tf",
        "tfvars",
        "hcl",
        "yml",
        "yaml",
        "json5",
        "jsonc",
    ];
    names.contains(&path.name()) || path.name().starts_with(".env.") || extensions.contains(&extension)
}

/// Notes what the annotations of all files say.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    let may_have = |(_, text): &(&FilePath, &str)| {
        text.len() <= MAX_LEN && (text.contains("tagalong:") || text.contains("renovate:"))
    };
    let texts = files.contents().filter_map(|(path, content)| Some((path, content.ok()?)));
    let texts: Vec<(&FilePath, &str)> = texts.filter(may_have).collect();
    if texts.is_empty() {
        return;
    }
    let known = Known::new(findings);
    for (path, text) in texts {
        scan_file(path, text, &known, findings);
    }
}

/// What managers found, by its place.
struct Known {
    /// Matrix, row and axis, each list once.
    axes: HashMap<FilePath, Vec<(usize, [usize; 3])>>,
    encodings: HashMap<Site, Encoding>,
}

impl Known {
    fn new(findings: &Findings) -> Self {
        let mut axes: HashMap<FilePath, Vec<(usize, [usize; 3])>> = HashMap::new();
        let mut sites: HashSet<&Site> = HashSet::new();
        for (matrix, found) in findings.matrices.iter().enumerate() {
            for (row, found) in found.rows.iter().enumerate() {
                for (axis, found) in found.iter().enumerate().filter(|(_, axis)| sites.insert(&axis.site)) {
                    let of_file = axes.entry(found.site.file.clone()).or_default();
                    of_file.push((found.site.span.start, [matrix, row, axis]));
                }
            }
        }
        let encodings = findings.values.iter().map(|value| (value.site.clone(), value.encoding)).collect();
        Self { axes, encodings }
    }
}

fn scan_file(path: &FilePath, text: &str, known: &Known, findings: &mut Findings) {
    let lines = lines(text);
    let mut reader = Reader { path, text, known, stream: None, scope: None, findings };
    let mut ignored: Vec<Range<usize>> = Vec::new();
    let mut count = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some(comment) = comment::find(&text[line.clone()]) else { continue };
        count += 1;
        if count > MAX_ANNOTATIONS {
            let reason = Reason::Malformed(format!("it has more than {MAX_ANNOTATIONS} annotations"));
            reader.findings.skip(Site::new(path, line.clone()), path.as_str(), reason);
            break;
        }
        let target = if comment.alone {
            let mut below = lines.iter().skip(at + 1).take(MAX_COMMENTS + 1);
            let about = |line: &&Range<usize>| {
                let text = &text[(*line).clone()];
                !text.trim().is_empty() && !comment::is_comment(text)
            };
            below.find(about).cloned().unwrap_or(line.end..line.end)
        } else {
            line.start..line.start + comment.start
        };
        match comment.says {
            Says::Ignore => ignored.push(target),
            Says::Wrong(range, why) => {
                let site = Site::new(path, line.start + range.start..line.start + range.end);
                reader.findings.skip(site, text[line.clone()].trim(), Reason::Malformed(why));
            }
            Says::Image { image, policy } => {
                let (policy, place) = policy.unzip();
                let Err(fault) = reader.annotate(&image, policy, &target) else { continue };
                if let (Fault::Policy, Some(place)) = (fault, place) {
                    let site = Site::new(path, line.start + place.start..line.start + place.end);
                    let why = "this policy is for a list, and it is about one version".to_owned();
                    reader.findings.skip(site, text[line.clone()].trim(), Reason::Malformed(why));
                } else if let Fault::Line(why) = fault {
                    let shown = if target.is_empty() { line.clone() } else { target };
                    let written = text[shown.clone()].trim();
                    let start = shown.start + text[shown.clone()].len() - text[shown.clone()].trim_start().len();
                    let site = Site::new(path, start..start + written.len());
                    reader.findings.skip(site, written, Reason::Malformed(why.to_owned()));
                }
            }
        }
    }
    if !ignored.is_empty() {
        reader.leave_alone(&ignored);
    }
}

/// Lines without their breaks.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push(at..at + line.trim_end_matches(['\n', '\r']).len());
        at += line.len();
    }
    lines
}

/// Why a comment cannot be followed.
#[derive(Clone, Copy)]
enum Fault {
    /// For something about the line that it is about.
    Line(&'static str),
    /// Its policy is none for a single version.
    Policy,
}

struct Reader<'r> {
    path: &'r FilePath,
    text: &'r str,
    known: &'r Known,
    /// The file as YAML, if it is and one was asked for.
    stream: Option<Stream<'r>>,
    scope: Option<ScopeId>,
    findings: &'r mut Findings,
}

impl Reader<'_> {
    fn annotate(&mut self, image: &str, policy: Option<Policy>, line: &Range<usize>) -> Result<(), Fault> {
        let known = self.known_axes(line);
        if !known.is_empty() {
            for [matrix, row, axis] in known {
                let scope = self.findings.matrices[matrix].scope;
                let found = &mut self.findings.matrices[matrix].rows[row][axis];
                keep(&mut found.growth, policy);
                let (name, site) = (found.name.clone(), found.site.clone());
                self.note(policy, &site);
                self.image(scope, image, &name, site, Kind::Annotation);
            }
            return Ok(());
        }
        let list = self.yaml_list(line).or_else(|| self.list(line));
        if let Some(mut axis) = list {
            keep(&mut axis.growth, policy);
            let scope = self.scope();
            let scope = self.findings.scope(scope, "annotated list");
            let (name, site) = (axis.name.clone(), axis.site.clone());
            self.note(policy, &site);
            let rows = vec![vec![axis]];
            let (exclude, include) = (Cells::default(), Cells::default());
            let needed = Vec::new();
            self.findings.matrices.push(Matrix { scope, site: site.clone(), rows, exclude, include, needed });
            self.image(scope, image, &name, site, Kind::Annotation);
            return Ok(());
        }
        let range = place::version(self.text, line.clone()).map_err(Fault::Line)?;
        if let Some(Policy::List(ListPolicy::Window(_) | ListPolicy::Supported) | Policy::PatchEach) = policy {
            return Err(Fault::Policy);
        }
        let site = Site::new(self.path, range.clone());
        let name = place::name(self.text, line.clone(), range.start).to_owned();
        let encoding = self.encoding(&site);
        let outside = self.scope();
        let scope = self.findings.scope(outside, "annotated line");
        let text = self.text[range].to_owned();
        let value = Template { file: self.path.clone(), pieces: vec![Piece::Text { text, span: Some(site.span) }] };
        if policy == Some(Policy::Frozen) {
            self.findings.fix(&value, &said());
        }
        self.findings.values.push(Value {
            scope,
            name: name.clone(),
            value: Some(value),
            lookup: Some(scope),
            site: site.clone(),
            kind: Kind::Annotation,
            encoding,
            parameter: false,
        });
        self.image(scope, image, &name, site, Kind::Annotation);
        Ok(())
    }

    /// What a comment says of how a list changes.
    fn note(&mut self, policy: Option<Policy>, list: &Site) {
        if let Some(Policy::List(policy)) = policy {
            self.findings.policies.insert(list.clone(), policy);
        }
    }

    /// One more use of an image, whose tag a variable is.
    fn image(&mut self, scope: ScopeId, image: &str, variable: &str, site: Site, kind: Kind) {
        let mut reference = Template::implied(&site.file, &format!("{image}:"));
        let hole = Hole { name: variable.to_owned(), span: None, operator: Operator::Plain };
        reference.pieces.push(Piece::Hole(hole));
        self.findings.images.push(Image { scope, reference, site, kind, encoding: Encoding::Raw });
    }

    fn scope(&mut self) -> ScopeId {
        let (path, findings) = (self.path, &mut *self.findings);
        *self.scope.get_or_insert_with(|| findings.unit(path, UnitKind::Pipeline, "annotations"))
    }

    /// The lists that a manager found on the line, or right below the name on it.
    fn known_axes(&self, line: &Range<usize>) -> Vec<[usize; 3]> {
        let of_file = self.known.axes.get(self.path).map(Vec::as_slice).unwrap_or_default();
        of_file.iter().filter(|(start, _)| self.belongs(*start, line)).map(|(_, axis)| *axis).collect()
    }

    /// Whether what starts at an offset stands on the line, or first below the name on it, with its dash.
    fn belongs(&self, start: usize, line: &Range<usize>) -> bool {
        let gap = || self.text.get(line.end..start).is_some_and(|gap| matches!(gap.trim(), "" | "-"));
        let named = || self.text.get(line.clone()).is_some_and(|line| line.trim_end().ends_with(':'));
        line.contains(&start) || (start >= line.end && named() && gap())
    }

    fn list(&self, line: &Range<usize>) -> Option<Axis> {
        let list = place::list(self.text, line.clone())?;
        let (first, last) = (list.entries.first()?, list.entries.last()?);
        let site = Site::new(self.path, first.inner.start..last.inner.end);
        let name = place::name(self.text, line.clone(), first.inner.start.min(line.end)).to_owned();
        let entries = list.entries.iter().map(|entry| {
            let span = Span::from(entry.inner.clone());
            let text = self.text[entry.inner.clone()].to_owned();
            let value = Template { file: self.path.clone(), pieces: vec![Piece::Text { text, span: Some(span) }] };
            let site = Site::new(self.path, span);
            Entry { value, site, encoding: entry.encoding, seat: entry.seat }
        });
        let entries = entries.collect();
        Some(Axis { name, entries, growth: list.growth, site })
    }

    fn is_yaml(&self) -> bool {
        matches!(self.path.name().rsplit_once('.'), Some((_, "yml" | "yaml")))
    }

    /// Looks at the nodes of a YAML file until one is what is looked for.
    fn in_yaml<T>(&mut self, mut look: impl FnMut(&Self, Option<Node>, Node) -> Option<T>) -> Option<T> {
        if !self.is_yaml() {
            return None;
        }
        let stream = self.stream.take().unwrap_or_else(|| yaml::parse(self.path, self.text));
        let mut found = None;
        let mut open: Vec<(Option<Node>, Node)> =
            stream.documents.iter().map(|document| (None, document.root())).collect();
        let mut left = MAX_NODES;
        while let Some((key, node)) = open.pop() {
            left -= 1;
            found = look(self, key, node);
            if found.is_some() || left == 0 {
                break;
            }
            if !node.is_alias() {
                open.extend(node.items().map(|item| (None, item)));
                open.extend(node.pairs().map(|(key, value)| (Some(key), value)));
            }
        }
        drop(open);
        self.stream = Some(stream);
        found
    }

    /// The list of scalars whose name is on the line, or which starts on it.
    fn yaml_list(&mut self, line: &Range<usize>) -> Option<Axis> {
        self.in_yaml(|reader, key, node| {
            let here = key.is_some_and(|key| line.contains(&key.start())) || line.contains(&node.start());
            if node.is_alias() || !node.is_sequence() || !here || !reader.belongs(node.start(), line) {
                return None;
            }
            let mut entries = Vec::new();
            for (at, item) in node.items().enumerate() {
                let text = yaml::sourced(item).filter(|_| !item.is_null() && !item.is_alias())?;
                let pieces = text.stretches(0..text.text().len());
                let pieces = pieces.map(|(text, span)| Piece::Text { text: text.to_owned(), span }).collect();
                let value = Template { file: reader.path.clone(), pieces };
                let seat = yaml::seat(node, at);
                let site = Site::new(reader.path, yaml::inner(item));
                entries.push(Entry { value, site, encoding: yaml::encoding(item), seat });
            }
            let name = key.and_then(Node::scalar).unwrap_or("version").to_owned();
            (!entries.is_empty()).then(|| Axis { name, entries, growth: yaml::growth(node), site: node.site() })
        })
    }

    /// How the value at a site is written: as a manager knows, or the language of the file.
    fn encoding(&mut self, site: &Site) -> Encoding {
        self.known.encodings.get(site).copied().unwrap_or_else(|| {
            let span = site.span;
            let whole = self.in_yaml(|_, _, node| {
                let is_it = node.scalar().is_some() && !node.is_alias() && yaml::inner(node) == span;
                is_it.then(|| yaml::encoding(node))
            });
            whole.unwrap_or(Encoding::Raw)
        })
    }

    /// Keeps everything on some lines, which are in order, as it is.
    fn leave_alone(&mut self, lines: &[Range<usize>]) {
        let reason = said();
        for [matrix, row, axis] in lines.iter().flat_map(|line| self.known_axes(line)).collect::<Vec<_>>() {
            self.findings.matrices[matrix].rows[row][axis].growth = Err(reason.clone());
        }
        let findings = &mut *self.findings;
        let mut templates: Vec<&Template> = findings.images.iter().map(|image| &image.reference).collect();
        templates.extend(findings.values.iter().filter_map(|value| value.value.as_ref()));
        templates.extend(findings.calls.iter().flat_map(|call| &call.passes).map(|pass| &pass.from));
        for matrix in &findings.matrices {
            templates.extend(matrix.rows.iter().flatten().flat_map(|axis| &axis.entries).map(|entry| &entry.value));
            templates.extend(matrix.include.cells.iter().flat_map(|cell| cell.values()).map(|entry| &entry.value));
        }
        let mut kept: Vec<Site> = Vec::new();
        for template in templates.into_iter().filter(|template| template.file == *self.path) {
            typed(template, &mut |span| {
                let line = lines.partition_point(|line| line.end < span.end);
                if lines.get(line).is_some_and(|line| line.start <= span.start) {
                    kept.push(Site::new(self.path, span));
                }
            });
        }
        findings.fixed.extend(kept.into_iter().map(|site| (site, reason.clone())));
    }
}

/// All places of a template where text is typed, those in the words of its operators too. Their depth is
/// bounded by the room that reads them.
fn typed(template: &Template, found: &mut impl FnMut(Span)) {
    for piece in &template.pieces {
        match piece {
            Piece::Text { span: Some(span), .. } => found(*span),
            Piece::Hole(Hole {
                operator: Operator::Default { word, .. } | Operator::Alternate { word, .. }, ..
            }) => typed(word, &mut *found),
            Piece::Text { .. } | Piece::Hole(_) | Piece::Unknown { .. } => {}
        }
    }
}

/// What a policy leaves of how a list grows.
fn keep(growth: &mut Result<Growth, Reason>, policy: Option<Policy>) {
    match policy {
        None | Some(Policy::List(_)) => {}
        Some(Policy::PatchEach) => *growth = Err(Reason::CannotGrow { why: "a comment says patch-each".to_owned() }),
        Some(Policy::Frozen) => *growth = Err(said()),
    }
}

fn said() -> Reason {
    Reason::Disabled { by: "a comment".to_owned() }
}

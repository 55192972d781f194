//! Dockerfiles: text in; the images of `FROM`, `COPY --from`, `RUN --mount=from` and `# syntax`, and
//! the values of `ARG` and `ENV`, out.
//!
//! The rules are `BuildKit`'s, but a broken instruction is one skip and never the end of the file.
//! Must never know: who builds the file with which arguments.

mod lines;
mod stages;
mod variables;
mod words;

#[cfg(test)]
mod tests;

use std::ops::Range;

use self::lines::{Line, Lines};
use self::stages::{Selection, Stages};
use self::variables::Variables;
use self::words::Instruction;
use crate::scan::evaluate::Held;
use crate::scan::generated::generated_header;
use crate::scan::occurrence::{
    Encoding, Findings, Image, Kind, Operator, Piece, ScopeId, Template, UnitId, UnitKind, Value,
};
use crate::scan::sourced::Sourced;
use crate::scan::variables::{Dialect, template};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot};

/// Whether a file of this name is a Dockerfile: `Dockerfile`, `Containerfile`, `api.Dockerfile`,
/// `Dockerfile.alpine`, `Dockerfile-dev`, in any case; but not a document or a program about one.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    const DOCUMENTS: &[&str] = &[
        "adoc",
        "asc",
        "diff",
        "dockerignore",
        "gif",
        "gitignore",
        "gz",
        "html",
        "jpg",
        "json",
        "lock",
        "log",
        "markdown",
        "md",
        "orig",
        "patch",
        "pdf",
        "png",
        "rej",
        "rst",
        "sha256",
        "sig",
        "svg",
        "swp",
        "tar",
        "toml",
        "xml",
        "yaml",
        "yml",
        "zip",
    ];
    const PROGRAMS: &[&str] = &[
        "bash", "bat", "c", "cc", "cjs", "cmake", "cpp", "cs", "css", "el", "ex", "exs", "go", "h", "hs", "java", "js",
        "jsx", "kt", "lua", "mjs", "php", "pl", "ps1", "py", "rb", "rs", "scala", "sh", "snap", "swift", "tcl", "ts",
        "tsx", "vim", "zig",
    ];
    let name = path.name();
    let lower = name.to_ascii_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    if DOCUMENTS.contains(&extension) {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|stem| {
        let Some(after) = lower.strip_prefix(stem) else {
            return lower.strip_suffix(stem).is_some_and(|before| before.ends_with('.'));
        };
        // `Dockerfile.go` builds something of Go, `dockerfile.go` is written in it.
        let spoken = name.starts_with(|character: char| character.is_ascii_uppercase());
        match after.chars().next() {
            None => true,
            Some('.') => spoken || !PROGRAMS.contains(&extension),
            Some('-' | '_') => !PROGRAMS.contains(&extension),
            Some(_) => false,
        }
    })
}

/// Scans all files that are Dockerfiles by name.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    for (path, content) in files.contents().filter(|(path, _)| wants(path)) {
        match content {
            Ok(text) => scan_file(path, text, findings),
            Err(error) => findings.skip(Site::new(path, 0..0), "", Reason::Unreadable(error.to_string())),
        }
    }
}

/// Scans one file, whatever its name: a build may name any.
pub fn scan_file(path: &FilePath, text: &str, findings: &mut Findings) {
    if may_have_stages(text)
        && scan_text(&Sourced::verbatim(path, text, 0), text, findings).is_some()
        && let Some(header) = generated_header(text)
    {
        findings.frozen.insert(path.clone(), Reason::Generated { header });
    }
}

/// Scans a Dockerfile that stands inside of another file, whose text is `whole`. The unit that it is;
/// `None` if it is no Dockerfile.
pub fn scan_text(source: &Sourced, whole: &str, findings: &mut Findings) -> Option<UnitId> {
    let directives = lines::directives(source.text());
    let before = (findings.images.len(), findings.values.len(), findings.skips.len());
    let mut reader = Reader::new(source, whole, directives.escape, findings);
    if let Some(syntax) = directives.syntax {
        reader.syntax(syntax);
    }
    for line in Lines::new(source, directives.escape) {
        reader.line(&line);
    }
    reader.finish();
    let root = reader.global.scope();
    let is_dockerfile = reader.has_stage || !reader.has_unknown;
    if !is_dockerfile {
        findings.images.truncate(before.0);
        findings.values.truncate(before.1);
        findings.skips.truncate(before.2);
        return None;
    }
    findings.images[before.0..].sort_by_key(|image| image.site.span);
    findings.skips[before.2..].sort_by_key(|skip| skip.site.span);
    Some(findings.scope_of(root).unit)
}

/// A file without `FROM` is a part of one at most.
fn may_have_stages(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches('\u{feff}').trim_start();
        line.get(..4).is_some_and(|keyword| keyword.eq_ignore_ascii_case("FROM"))
    })
}

/// Reads the instructions of one file in order.
struct Reader<'f> {
    source: &'f Sourced,
    /// The text of the file that the source is from.
    whole: &'f str,
    escape: char,
    findings: &'f mut Findings,
    /// The arguments before the first `FROM`.
    global: Variables,
    /// The variables of each stage. Empty stages share the scope that they are based on.
    stages: Vec<Stage>,
    names: Stages,
    /// Kept to the end: they may name a stage that comes later.
    uses: Vec<Image>,
    /// Whether any `FROM` is one.
    has_stage: bool,
    /// Whether any instruction is none.
    has_unknown: bool,
}

struct Stage {
    label: String,
    /// The scope in which the stage that this one is based on ends.
    base: Option<ScopeId>,
    /// Made for the first variable.
    variables: Option<Variables>,
}

/// Values that the builder gives to arguments of these names.
const PREDEFINED: &[&str] = &[
    "BUILDARCH",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

const OTHER_KEYWORDS: &[&str] = &[
    "CMD",
    "ENTRYPOINT",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

impl<'f> Reader<'f> {
    fn new(source: &'f Sourced, whole: &'f str, escape: char, findings: &'f mut Findings) -> Self {
        const LABEL: &str = "before the first FROM";
        let root = findings.unit(source.file(), UnitKind::Dockerfile, LABEL);
        Self {
            source,
            whole,
            escape,
            findings,
            global: Variables::new(root, LABEL),
            stages: Vec::new(),
            names: Stages::default(),
            uses: Vec::new(),
            has_stage: false,
            has_unknown: false,
        }
    }

    fn syntax(&mut self, range: Range<usize>) {
        let Some(text) = self.source.text().get(range.clone()) else { return };
        let piece = Piece::Text { text: text.to_owned(), span: self.source.span(range.clone()) };
        let reference = Template { file: self.source.file().clone(), pieces: vec![piece] };
        self.findings.images.push(Image {
            scope: self.global.scope(),
            reference,
            site: self.source.site(range),
            kind: Kind::Syntax,
            encoding: Encoding::Raw,
        });
    }

    fn line(&mut self, line: &Line) {
        let text = &line.text;
        let parts = words::instruction(text, 0..text.text().len());
        match parts.keyword.to_ascii_uppercase().as_str() {
            "FROM" => self.from(text, &parts.flags, parts.rest),
            "ARG" => self.arg(text, parts.rest),
            keyword => {
                if !self.stages.is_empty() {
                    self.in_stage(keyword, text, &parts);
                } else if is_known(keyword) {
                    self.malformed(text, format!("{keyword} stands before the first FROM"));
                } else {
                    self.unknown(text, parts.keyword);
                }
            }
        }
        if let Some(name) = &line.unfinished {
            self.malformed(text, format!("the heredoc {name} is not closed"));
        }
    }

    fn in_stage(&mut self, keyword: &str, line: &Sourced, parts: &Instruction<'_>) {
        match keyword {
            "ENV" => self.env(line, parts.rest.clone()),
            "COPY" | "ADD" => self.copy(line, &parts.flags),
            "RUN" => self.run(line, &parts.flags),
            "ONBUILD" => {
                let triggered = words::instruction(line, parts.rest.clone());
                match triggered.keyword.to_ascii_uppercase().as_str() {
                    "COPY" | "ADD" => self.copy(line, &triggered.flags),
                    "RUN" => self.run(line, &triggered.flags),
                    keyword @ ("FROM" | "ONBUILD" | "MAINTAINER") => {
                        self.malformed(line, format!("ONBUILD cannot trigger {keyword}"));
                    }
                    keyword if is_known(keyword) => {}
                    _ => self.unknown(line, triggered.keyword),
                }
            }
            keyword if OTHER_KEYWORDS.contains(&keyword) => {}
            _ => self.unknown(line, parts.keyword),
        }
    }

    fn from(&mut self, line: &Sourced, flags: &[Sourced], rest: Range<usize>) {
        let text = line.text();
        let fields = words::fields(text, rest.clone());
        let is_as = |field: &Range<usize>| text.get(field.clone()).is_some_and(|word| word.eq_ignore_ascii_case("AS"));
        // Also of a broken instruction, so that its users are not taken for users of an image.
        let alias = match fields.as_slice() {
            [.., before, alias] if fields.len() > 2 && is_as(before) => text.get(alias.clone()),
            _ => None,
        };
        let image = match fields.as_slice() {
            _ if is_templated(text, rest) => {
                self.has_stage = true;
                self.not_followed(line);
                None
            }
            [] => {
                self.malformed(line, "FROM names no image".to_owned());
                None
            }
            [image] => Some(image),
            [image, _, _] if alias.is_some() => Some(image),
            _ => {
                self.malformed(line, "FROM takes an image, and a name after AS".to_owned());
                None
            }
        };
        if let Some(image) = image {
            self.platform(line, flags, image.clone());
        }
        let base = image.and_then(|image| self.base(line, image.clone()));
        let label = alias.map_or_else(|| format!("stage {}", self.names.count()), |alias| format!("stage {alias}"));
        self.stages.push(Stage { label, base, variables: None });
        self.names.push(alias);
    }

    /// Notes the platform that a `FROM` asks for, unless it is the one that is built for.
    fn platform(&mut self, line: &Sourced, flags: &[Sourced], image: Range<usize>) {
        const FLAG: &str = "--platform=";
        let Some(flag) = flags.iter().find(|flag| flag.text().starts_with(FLAG)) else { return };
        let mut platform = self.template(flag, FLAG.len()..flag.text().len());
        let is_target = |name: &str| name.starts_with("TARGET") && is_predefined(name);
        let is_target = |piece: &Piece| matches!(piece, Piece::Hole(hole) if is_target(&hole.name));
        if platform.pieces.iter().any(is_target) {
            return;
        }
        self.mark_predefined(&mut platform);
        self.findings.platforms.insert(line.site(image), platform);
    }

    /// Notes the image of a `FROM`; or gives the scope in which the stage that it names ends.
    fn base(&mut self, line: &Sourced, image: Range<usize>) -> Option<ScopeId> {
        self.has_stage = true;
        let mut reference = self.template(line, image.clone());
        self.mark_predefined(&mut reference);
        match self.names.select(&reference, |name, by_default| self.global.held(name, by_default)) {
            Selection::Stage(index) => self.stages.get(index).and_then(Stage::end),
            Selection::SomeStage | Selection::Scratch => None,
            Selection::Image => {
                self.findings.images.push(Image {
                    scope: self.global.scope(),
                    reference,
                    site: line.site(image),
                    kind: Kind::From,
                    encoding: Encoding::Raw,
                });
                None
            }
        }
    }

    fn arg(&mut self, line: &Sourced, rest: Range<usize>) {
        let text = line.text();
        let words = words::words(text, rest.clone(), self.escape);
        if words.is_empty() {
            return self.malformed(line, "ARG names no variable".to_owned());
        }
        if is_templated(text, rest) {
            self.not_followed(line);
            return self.templated_arg(line, &words);
        }
        let mut declarations = Vec::new();
        for word in words {
            let declaration = split_assignment(text, word.clone());
            let (name, value) = declaration.map_or((word.clone(), None), |(name, value)| (name, Some(value)));
            let name = text.get(name).unwrap_or("");
            if name.is_empty() {
                return self.malformed(line, "blanks around =".to_owned());
            }
            if name.contains(['"', '\'', '$', self.escape]) {
                return self.malformed(line, "quotes or variables in the name of an ARG".to_owned());
            }
            let value = value.map(|value| self.template(line, value));
            declarations.push(Declaration { name, value, site: line.site(word), kind: Kind::Arg });
        }
        if self.stages.is_empty() {
            for mut declaration in declarations {
                if let Some(value) = &mut declaration.value {
                    self.mark_predefined(value);
                }
                self.global_arg(declaration);
            }
        } else {
            self.declare_in_stage(declarations);
        }
    }

    /// `ARG V={{ version }}`: whoever uses it shall hear of the template, not of an unset variable.
    fn templated_arg(&mut self, line: &Sourced, words: &[Range<usize>]) {
        let text = line.text();
        let mut declarations = Vec::new();
        for word in words {
            let Some((name, _)) = split_assignment(text, word.clone()) else { continue };
            let Some(name) = text.get(name).filter(|name| !name.is_empty() && !is_templated(name, 0..name.len()))
            else {
                continue;
            };
            let site = line.site(word.clone());
            let unknown = Piece::Unknown { text: clip(text), reason: template_reason() };
            let value = Some(Template { file: self.source.file().clone(), pieces: vec![unknown] });
            declarations.push(Declaration { name, value, site, kind: Kind::Arg });
        }
        if self.stages.is_empty() {
            for declaration in declarations {
                self.global_arg(declaration);
            }
        } else {
            self.declare_in_stage(declarations);
        }
    }

    /// Before the first `FROM`, each argument sees the ones before it.
    fn global_arg(&mut self, declaration: Declaration<'_>) {
        let Declaration { name, value, site, kind } = declaration;
        // Without a value it changes nothing about one that the builder or an earlier line gave.
        if value.is_none() && (is_predefined(name) || self.global.declares(name)) {
            return;
        }
        let lookup = Some(match &value {
            Some(value) => self.global.look_up(value),
            None => self.global.scope(),
        });
        let default = value.as_ref().map(|value| self.global.default(value));
        let scope = self.global.declare(self.findings, name, default);
        let name = name.to_owned();
        self.findings.values.push(Value {
            scope,
            name,
            value,
            lookup,
            site,
            kind,
            encoding: Encoding::Raw,
            parameter: true,
        });
    }

    /// In a stage, all values of an instruction are expanded before any of its names is set.
    fn declare_in_stage(&mut self, declarations: Vec<Declaration<'_>>) {
        let Some(stage) = self.stages.last_mut() else { return };
        let variables = stage.variables(self.findings, self.global.scope());
        let here = variables.scope();
        for declaration in &declarations {
            if let Some(value) = &declaration.value {
                variables.look_up(value);
            }
        }
        for Declaration { name, value, site, kind } in declarations {
            let (value, lookup) = match value {
                Some(value) => (Some(value), here),
                // The builder gives the value, or the argument of the same name before the first FROM.
                None if self.global.declares(name) => {
                    (Some(Template::hole(self.source.file(), name, None)), self.global.scope())
                }
                None if is_predefined(name) => {
                    let reason = Reason::PredefinedVariable { name: name.to_owned() };
                    let piece = Piece::Unknown { text: format!("${name}"), reason };
                    (Some(Template { file: self.source.file().clone(), pieces: vec![piece] }), here)
                }
                None if variables.declares(name) => continue,
                None => (None, here),
            };
            // Nothing in a stage selects a stage by its variables' values.
            let scope = variables.declare(self.findings, name, value.as_ref().map(|_| Held::Unknown));
            self.findings.values.push(Value {
                scope,
                name: name.to_owned(),
                value,
                lookup: Some(lookup),
                site,
                kind,
                encoding: Encoding::Raw,
                parameter: kind == Kind::Arg,
            });
        }
    }

    fn env(&mut self, line: &Sourced, rest: Range<usize>) {
        let text = line.text();
        // A value of ENV is in no image's name but by way of variables, and then a template tells.
        if is_templated(text, rest.clone()) {
            return;
        }
        let words = words::words(text, rest.clone(), self.escape);
        let Some(first) = words.first() else { return self.malformed(line, "ENV names no variable".to_owned()) };
        let mut declarations = Vec::new();
        if split_assignment(text, first.clone()).is_some() {
            for word in words {
                let Some((name, value)) = split_assignment(text, word.clone()).filter(|(name, _)| !name.is_empty())
                else {
                    return self.malformed(line, "ENV takes name=value".to_owned());
                };
                let value = Some(self.template(line, value));
                let site = line.site(word);
                declarations.push(Declaration {
                    name: text.get(name).unwrap_or(""),
                    value,
                    site,
                    kind: Kind::Variable,
                });
            }
        } else {
            // `ENV name value with blanks`
            let Some(second) = words.get(1) else { return self.malformed(line, "ENV sets no value".to_owned()) };
            let value = Some(self.template(line, second.start..rest.end));
            let site = line.site(first.start..rest.end);
            let name = text.get(first.clone()).unwrap_or("");
            declarations.push(Declaration { name, value, site, kind: Kind::Variable });
        }
        self.declare_in_stage(declarations);
    }

    fn copy(&mut self, line: &Sourced, flags: &[Sourced]) {
        const FROM: &str = "--from=";
        for flag in flags.iter().filter(|flag| flag.text().starts_with(FROM)) {
            self.uses(line, flag, FROM.len()..flag.text().len(), Kind::CopyFrom);
        }
    }

    fn run(&mut self, line: &Sourced, flags: &[Sourced]) {
        const MOUNT: &str = "--mount=";
        for flag in flags.iter().filter(|flag| flag.text().starts_with(MOUNT)) {
            if let Some(from) = words::csv_value(flag.text(), MOUNT.len()..flag.text().len(), "from") {
                self.uses(line, flag, from, Kind::Mount);
            }
        }
    }

    /// Something is taken from a stage or an image. `BuildKit` wants it literally, `buildah` expands
    /// variables.
    fn uses(&mut self, line: &Sourced, flag: &Sourced, range: Range<usize>, kind: Kind) {
        if range.is_empty() {
            return;
        }
        if is_templated(flag.text(), range.clone()) {
            return self.not_followed(line);
        }
        let reference = self.template(flag, range.clone());
        let global = self.global.scope();
        let scope = match self.stages.last_mut() {
            Some(stage) if reference.literal().is_none() => stage.variables(self.findings, global).look_up(&reference),
            _ => global,
        };
        self.uses.push(Image { scope, reference, site: flag.site(range), kind, encoding: Encoding::Raw });
    }

    fn finish(&mut self) {
        for used in std::mem::take(&mut self.uses) {
            let literal = used.reference.literal().unwrap_or_default();
            if let Ok(index) = literal.parse::<usize>() {
                if index >= self.names.count() {
                    let reason = Reason::Malformed(format!("there is no stage {index}"));
                    self.findings.skip(used.site, literal, reason);
                }
            } else if self.names.select(&used.reference, |_, _| Held::Unknown) == Selection::Image {
                self.findings.images.push(used);
            }
        }
    }

    fn template(&self, line: &Sourced, range: Range<usize>) -> Template {
        template(line, range, Dialect::Dockerfile { escape: self.escape })
    }

    /// References to values that the builder gives become what they are: unknown.
    fn mark_predefined(&self, template: &mut Template) {
        for piece in &mut template.pieces {
            let Piece::Hole(hole) = piece else { continue };
            if is_predefined(&hole.name) && !self.global.has_default(&hole.name) {
                let written = hole.span.and_then(|span| self.whole.get(span.range()));
                let text = written.map_or_else(|| format!("${{{}}}", hole.name), str::to_owned);
                *piece = Piece::Unknown { text, reason: Reason::PredefinedVariable { name: hole.name.clone() } };
                continue;
            }
            match &mut hole.operator {
                Operator::Plain | Operator::Required => {}
                Operator::Default { word, .. } | Operator::Alternate { word, .. } => self.mark_predefined(word),
                Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => {
                    self.mark_predefined(pattern);
                }
                Operator::Replace { pattern, with, .. } => {
                    self.mark_predefined(pattern);
                    self.mark_predefined(with);
                }
            }
        }
    }

    fn unknown(&mut self, line: &Sourced, keyword: &str) {
        if ["{{", "{%", "{#", "<%", "@", "%"].iter().any(|marker| line.text().starts_with(marker)) {
            return self.not_followed(line);
        }
        self.has_unknown = true;
        self.malformed(line, format!("{} is no instruction", clip(keyword)));
    }

    fn not_followed(&mut self, line: &Sourced) {
        self.skip(line, template_reason());
    }

    fn malformed(&mut self, line: &Sourced, why: String) {
        self.skip(line, Reason::Malformed(why));
    }

    fn skip(&mut self, line: &Sourced, reason: Reason) {
        self.findings.skip(line.site(0..line.text().len()), clip(line.text()), reason);
    }
}

impl Stage {
    /// The scope in which the stage ends.
    fn end(&self) -> Option<ScopeId> {
        self.variables.as_ref().map(Variables::scope).or(self.base)
    }

    fn variables(&mut self, findings: &mut Findings, global: ScopeId) -> &mut Variables {
        self.variables.get_or_insert_with(|| {
            let scope = match self.base {
                Some(base) => findings.scope(base, &self.label),
                None => findings.scope_beside(global, &self.label),
            };
            Variables::new(scope, &self.label)
        })
    }
}

/// A variable of an `ARG` or `ENV`.
struct Declaration<'l> {
    name: &'l str,
    value: Option<Template>,
    site: Site,
    kind: Kind,
}

fn is_known(keyword: &str) -> bool {
    matches!(keyword, "FROM" | "ARG" | "ENV" | "COPY" | "ADD" | "RUN" | "ONBUILD") || OTHER_KEYWORDS.contains(&keyword)
}

fn is_predefined(name: &str) -> bool {
    PREDEFINED.contains(&name)
}

/// `name` and `value` of `name=value`.
fn split_assignment(text: &str, word: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let equals = word.start + text.get(word.clone())?.find('=')?;
    Some((word.start..equals, equals + 1..word.end))
}

/// Whether a template engine is to fill something in here.
fn is_templated(text: &str, range: Range<usize>) -> bool {
    let text = text.get(range).unwrap_or("");
    ["{{", "{%", "<%"].iter().any(|marker| text.contains(marker))
}

fn template_reason() -> Reason {
    Reason::NotFollowed { what: "a template".to_owned() }
}

/// As much as a report shows of an instruction.
fn clip(text: &str) -> String {
    const MAX: usize = 100;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}

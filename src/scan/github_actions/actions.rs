//! Actions whose inputs name images, versions or builds.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scan::expression;
use crate::scan::github_actions::bake_action;
use crate::scan::github_actions::reader::{Reader, sourced};
use crate::scan::occurrence::{
    Axis, Call, Cells, Encoding, Entry, Growth, Image, Insertion, Kind, Matrix, Pass, Piece, ScopeId, Seat, Template,
};
use crate::scan::paths::{self, Paths};
use crate::scan::sourced::Sourced;
use crate::scan::version_file;
use crate::scan::yaml::{self, Node};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Span};

/// Reads what a step uses.
pub(super) fn read(reader: &mut Reader, scope: ScopeId, step: Node, uses: Node) {
    let Some(text) = uses.scalar() else { return };
    if text.starts_with("docker://") {
        return docker(reader, scope, uses);
    }
    let with = step.get("with");
    if text.starts_with("./") {
        return match reader.local(text, &["action.yml", "action.yaml"]) {
            Some(target) => reader.call(scope, target, with, uses),
            None => reader.passed_on(with, text),
        };
    }
    let name = text.split('@').next().unwrap_or("").to_ascii_lowercase();
    match name.as_str() {
        "docker/build-push-action" | "depot/build-push-action" | "useblacksmith/build-push-action" => {
            build_push(reader, scope, with, uses);
        }
        "redhat-actions/buildah-build" => buildah(reader, scope, with, uses),
        "docker/bake-action" | "depot/bake-action" => {
            bake_action::read(reader, scope, with, uses);
        }
        name => {
            let Some(tool) = TOOLS.iter().find(|tool| tool.action == name) else { return };
            if let Some(version) = with.and_then(|with| with.get(tool.input)) {
                toolchain(reader, scope, tool, version);
            }
            if let Some(file) = with.and_then(|with| with.get(&format!("{}-file", tool.input))) {
                toolchain_file(reader, scope, tool, file);
            }
        }
    }
}

/// `docker://image`
pub(super) fn docker(reader: &mut Reader, scope: ScopeId, node: Node) {
    let Some(text) = sourced(node) else { return };
    let Some(image) = text.text().strip_prefix("docker://") else { return };
    let range = text.text().len() - image.len()..text.text().len();
    let reference = expression::template(&text, range.clone());
    let site = text.site(range);
    // Behind `docker://` no image can be read as anything but text.
    reader.findings.images.push(Image { scope, reference, site, kind: Kind::Uses, encoding: Encoding::Raw });
}

fn build_push(reader: &mut Reader, scope: ScopeId, with: Option<Node>, uses: Node) {
    let input = |name: &str| with.and_then(|with| with.get(name)).and_then(sourced);
    let context = input("context");
    let git = context.as_ref().and_then(|context| {
        let folder = context.text().trim_end().strip_prefix("{{defaultContext}}")?;
        Some(folder.strip_prefix(':').map(|folder| {
            let start = context.text().trim_end().len() - folder.len();
            expression::template(context, start..start + folder.len())
        }))
    });
    let file_in_context = git.as_ref().is_some_and(Option::is_some);
    let context = match git {
        Some(folder) => folder,
        None => context.map(|context| whole(&context)),
    };
    let paths = Paths {
        file: input("file").as_ref().map(whole),
        file_folder: None,
        input: None,
        context,
        context_folder: None,
        // Without a context the commit itself is: its root.
        context_is_here: true,
        file_in_context,
        directory: reader.root(),
        stage: input("target").as_ref().map(whole),
        script: reader.file().clone(),
    };
    let passes = build_arguments(reader, with);
    let target = paths.target("env.");
    let platforms = input("platforms").as_ref().map(whole).into_iter().collect();
    reader.findings.calls.push(Call { scope, target, passes, platforms, site: uses.site() });
}

fn buildah(reader: &mut Reader, scope: ScopeId, with: Option<Node>, uses: Node) {
    let input = |name: &str| with.and_then(|with| with.get(name)).and_then(sourced);
    let passes = build_arguments(reader, with);
    let Some(files) = input("containerfiles").or_else(|| input("dockerfiles")) else { return };
    let platforms: Vec<Template> =
        input("platforms").or_else(|| input("archs")).as_ref().map(whole).into_iter().collect();
    let (context, root) = (input("context"), reader.root());
    let directory = match input("workdir") {
        Some(folder) => paths::enter(root.as_ref(), whole(&folder), "env."),
        None => root,
    };
    for range in lines(&files) {
        let target = Paths {
            file: Some(expression::template(&files, range)),
            file_folder: None,
            input: None,
            context: context.as_ref().map(whole),
            context_folder: None,
            context_is_here: true,
            file_in_context: false,
            directory: directory.clone(),
            stage: None,
            script: reader.file().clone(),
        }
        .target("env.");
        let (passes, platforms) = (passes.clone(), platforms.clone());
        reader.findings.calls.push(Call { scope, target, passes, platforms, site: uses.site() });
    }
}

/// `build-args`: a line each, `NAME=value`, or `NAME` for the variable of the environment.
fn build_arguments(reader: &mut Reader, with: Option<Node>) -> Vec<Pass> {
    let Some(node) = with.and_then(|with| with.get("build-args")) else { return Vec::new() };
    let Some(text) = sourced(node) else { return Vec::new() };
    let mut passes = Vec::new();
    for range in lines(&text) {
        let line = &text.text()[range.clone()];
        if line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(range.end - value.len()..range.end)),
            None => (line, None),
        };
        let site = text.site(range.clone());
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            reader.findings.skip(site, line, Reason::NotFollowed { what: format!("options in {line}") });
            continue;
        }
        let from = match value {
            Some(value) => expression::template(&text, value),
            None => Template::hole(reader.file(), &format!("env.{name}"), text.span(range)),
        };
        passes.push(Pass { to: name.to_owned(), from, site, encoding: Encoding::Raw });
    }
    passes
}

/// Lines without the blanks and quotes around them, empty ones left out.
pub(super) fn lines(text: &Sourced) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.text().split('\n') {
        let blanks = line.len() - line.trim_start().len();
        let (mut start, mut end) = (at + blanks, at + blanks + line.trim().len());
        let trimmed = line.trim();
        if trimmed.len() >= 2 && trimmed.starts_with('"') && trimmed.ends_with('"') {
            start += 1;
            end -= 1;
        }
        if start < end {
            lines.push(start..end);
        }
        at += line.len() + 1;
    }
    lines
}

/// All of a text, without blanks at its end.
pub(super) fn whole(text: &Sourced) -> Template {
    let trimmed = text.text().trim_end().len();
    expression::template(text, 0..trimmed)
}

/// An action that installs a language.
struct Tool {
    action: &'static str,
    input: &'static str,
    image: &'static str,
    /// Whether one number names a line of releases: `node 20.x`, but not `python 3.x`.
    major_lines: bool,
}

const TOOLS: &[Tool] = &[
    Tool { action: "actions/setup-python", input: "python-version", image: "python", major_lines: false },
    Tool { action: "actions/setup-node", input: "node-version", image: "node", major_lines: true },
    Tool { action: "actions/setup-go", input: "go-version", image: "golang", major_lines: false },
    Tool { action: "actions/setup-java", input: "java-version", image: "eclipse-temurin", major_lines: true },
    Tool { action: "ruby/setup-ruby", input: "ruby-version", image: "ruby", major_lines: false },
    Tool { action: "actions/setup-ruby", input: "ruby-version", image: "ruby", major_lines: false },
    Tool { action: "shivammathur/setup-php", input: "php-version", image: "php", major_lines: false },
    Tool {
        action: "actions/setup-dotnet",
        input: "dotnet-version",
        image: "mcr.microsoft.com/dotnet/sdk",
        major_lines: false,
    },
];

/// Notes the version of a language, or the versions, one a line.
fn toolchain(reader: &mut Reader, scope: ScopeId, tool: &Tool, node: Node) {
    let Some(text) = sourced(node) else { return };
    let mut versions = lines(&text);
    versions.retain(|range| !text.text()[range.clone()].starts_with('#'));
    if let [only] = versions.as_slice() {
        return toolchain_version(reader, scope, tool, node, &text, only.clone());
    }
    versions.retain(|range| {
        let literal = &text.text()[range.clone()];
        let known = numbers(literal, tool).is_some();
        if !known {
            let reason = if literal.contains("${{") {
                Reason::NotFollowed { what: "an expression in a list".to_owned() }
            } else {
                Reason::NotAVersion { tag: literal.to_owned() }
            };
            reader.findings.skip(text.site(range.clone()), literal, reason);
        }
        known
    });
    if !versions.is_empty() {
        toolchain_list(reader, scope, tool, &text, &versions);
    }
}

fn toolchain_version(
    reader: &mut Reader,
    scope: ScopeId,
    tool: &Tool,
    node: Node,
    text: &Sourced,
    range: Range<usize>,
) {
    let version = expression::template(text, range.clone());
    let alone = range == (0..text.text().len());
    let (range, encoding) = match version.literal().map(|literal| (numbers(&literal, tool), literal)) {
        Some((None, literal)) => {
            let reason = Reason::NotAVersion { tag: literal.clone() };
            return reader.findings.skip(text.site(range), literal, reason);
        }
        // With `.x` behind it, it cannot be read as a number.
        Some((Some(len), literal)) if len < literal.len() => (range.start..range.start + len, Encoding::Raw),
        Some(_) | None if alone => (range, yaml::encoding(node)),
        Some(_) | None => (range, Encoding::Raw),
    };
    let mut reference = Template::implied(reader.file(), &format!("{}:", tool.image));
    reference.pieces.extend(expression::template(text, range.clone()).pieces);
    let site = text.site(range);
    reader.findings.images.push(Image { scope, reference, site, kind: Kind::Toolchain, encoding });
}

/// Notes the version in a file that holds nothing else, `.python-version`. Other files, `go.mod` say, have
/// their own managers elsewhere.
fn toolchain_file(reader: &mut Reader, scope: ScopeId, tool: &Tool, node: Node) {
    let path = sourced(node).map(|text| whole(&text)).and_then(|path| path.literal());
    let root = reader.root().and_then(|root| root.literal()).unwrap_or_default();
    let Some(path) = path.and_then(|path| FilePath::new(&format!("{root}/{path}"))) else { return };
    let files = reader.files();
    if !files.exists(&path) {
        return;
    }
    let Some(content) = files.content(&path) else {
        reader.findings.missing.insert(path);
        return;
    };
    let Some(word) = content.ok().and_then(|text| version_file::only_word(&path, text)) else { return };
    let start = usize::from(word.text().starts_with('v'));
    let version = word.slice(start..word.text().len());
    let literal = version.text();
    let site = version.site(0..literal.len());
    if numbers(literal, tool) != Some(literal.len()) {
        return reader.findings.skip(site, word.text(), Reason::NotAVersion { tag: word.text().to_owned() });
    }
    let mut reference = Template::implied(&path, &format!("{}:", tool.image));
    reference.pieces.push(Piece::Text { text: literal.to_owned(), span: Some(site.span) });
    let (kind, encoding) = (Kind::VersionFile, Encoding::Raw);
    let known = |image: &Image| image.site == site && image.kind == kind;
    // Many jobs read one file.
    if !reader.findings.images.iter().any(known) {
        reader.findings.images.push(Image { scope, reference, site, kind, encoding });
    }
}

/// Several versions are a set: each of them is there to be tested with.
fn toolchain_list(reader: &mut Reader, scope: ScopeId, tool: &Tool, text: &Sourced, versions: &[Range<usize>]) {
    let inside = reader.findings.scope(scope, tool.input);
    let sites: Vec<Site> = versions.iter().map(|range| text.site(range.clone())).collect();
    let (Some(first), Some(last)) = (sites.first(), sites.last()) else { return };
    let list = Site::new(reader.file(), first.span.start..last.span.end.max(first.span.end));
    let mut entries = Vec::with_capacity(versions.len());
    let mut endings = BTreeSet::new();
    let spans: Vec<Span> = sites.iter().map(|site| site.span).collect();
    for (at, range) in versions.iter().enumerate() {
        let literal = &text.text()[range.clone()];
        let version = range.start..range.start + numbers(literal, tool).unwrap_or(literal.len());
        endings.insert(&text.text()[version.end..range.end]);
        entries.push(Entry {
            value: expression::template(text, version.clone()),
            site: text.site(version),
            encoding: Encoding::Raw,
            seat: Seat::of_word(&spans, at),
        });
    }
    let verbatim = |range: &Range<usize>| text.span(range.clone()).is_some();
    let ending = endings.first().copied().unwrap_or_default();
    let growth = if endings.len() > 1 || !versions.iter().all(verbatim) || first.span.start == last.span.start {
        Err(Reason::CannotGrow { why: "its entries are not of one form".to_owned() })
    } else {
        let indentation = reader.indentation(first.span.start);
        let line_ending = reader.line_ending();
        Ok(Growth {
            append: Insertion {
                at: last.span.end,
                before: format!("{line_ending}{indentation}"),
                after: ending.to_owned(),
            },
            prepend: Insertion {
                at: first.span.start,
                before: String::new(),
                after: format!("{ending}{line_ending}{indentation}"),
            },
            wrap: None,
            encoding: Encoding::Raw,
        })
    };
    let name = tool.input.to_owned();
    let axis = Axis { name: name.clone(), entries, growth, site: list.clone() };
    let (exclude, include) = (Cells::default(), Cells::default());
    reader.findings.matrices.push(Matrix {
        scope: inside,
        site: list.clone(),
        rows: vec![vec![axis]],
        exclude,
        include,
        needed: Vec::new(),
    });
    let mut reference = Template::implied(reader.file(), &format!("{}:", tool.image));
    reference.pieces.extend(Template::hole(reader.file(), &name, None).pieces);
    let (kind, encoding) = (Kind::Toolchain, Encoding::Raw);
    reader.findings.images.push(Image { scope: inside, reference, site: list, kind, encoding });
}

/// The length of the version that `3.12` or `3.12.x` names; `None` for ranges and words.
fn numbers(text: &str, tool: &Tool) -> Option<usize> {
    let version = text.strip_suffix(".x").unwrap_or(text);
    let mut count = 0;
    for part in version.split('.') {
        count += 1;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    let is_line = version.len() == text.len() || count > 1 || tool.major_lines;
    (is_line && count <= 4).then_some(version.len())
}

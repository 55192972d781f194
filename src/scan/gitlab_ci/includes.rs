//! What a root file includes: files of the repository, in the order in which they override each other,
//! each with its inputs.
//!
//! What another project, a server or a catalog holds is not of the repository, and is not mentioned.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::scan::gitlab_ci::library::Library;
use crate::scan::yaml::{Node, Pair};
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site, Snapshot};

/// Files in one pipeline; GitLab's limit is 150 unless an administrator raises it.
const MAX_INCLUDES: usize = 1_000;
/// GitLab's limit of files that include files.
const MAX_NESTING: usize = 100;
/// Inputs put into one text, those inside inputs included.
const MAX_INPUTS: usize = 1_000;
/// Inputs given as inputs given as inputs.
const MAX_INPUT_DEPTH: usize = 8;

/// A pipeline's files.
#[derive(Default)]
pub(super) struct Expansion<'l> {
    /// Each overrides those after it; the root is the first.
    pub(super) instances: Vec<Instance<'l>>,
    /// Files that are included and not yet in the library.
    pub(super) unread: Vec<FilePath>,
    /// Includes that lead nowhere.
    pub(super) skips: Vec<Skip>,
}

/// A file as one include sees it.
pub(super) struct Instance<'l> {
    /// The file.
    pub(super) file: FilePath,
    /// Its configuration.
    pub(super) body: Node<'l>,
    /// Its inputs, with their values here.
    pub(super) inputs: Vec<Input<'l>>,
}

/// A declared input.
pub(super) struct Input<'l> {
    /// Its name.
    pub(super) name: &'l str,
    /// Its declaration.
    pub(super) declaration: Node<'l>,
    /// What the include gives, else the default.
    pub(super) value: Option<Part<'l>>,
    /// Whether only listed values are allowed.
    pub(super) has_options: bool,
}

/// A node, and the instance of the file that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Part<'l> {
    /// The node.
    pub(super) node: Node<'l>,
    /// Index in [`Expansion::instances`].
    pub(super) instance: usize,
}

/// Follows the includes of a root file through the library.
pub(super) fn expand<'l>(root: &FilePath, library: &'l Library) -> Expansion<'l> {
    let mut expansion = Expansion::default();
    let mut visited = HashSet::new();
    expansion.visit(root, None, library, &mut visited, 0);
    expansion
}

impl<'l> Expansion<'l> {
    fn visit(
        &mut self,
        file: &FilePath,
        given: Option<Part<'l>>,
        library: &'l Library,
        visited: &mut HashSet<(FilePath, Option<Site>)>,
        depth: usize,
    ) {
        // The same file with other inputs is another file.
        let is_new = visited.insert((file.clone(), given.map(|given| given.node.site())));
        if !is_new || depth > MAX_NESTING {
            return;
        }
        if self.instances.len() > MAX_INCLUDES {
            let reason = Reason::Malformed(format!("more than {MAX_INCLUDES} files in one pipeline"));
            self.skips.push(Skip { site: Site::new(file, 0..0), text: file.to_string(), reason });
            return;
        }
        if !library.has_read(file) {
            self.unread.push(file.clone());
            return;
        }
        let Some(body) = library.body(file).filter(|body| body.is_mapping()) else { return };
        let instance = self.instances.len();
        let inputs = library.spec(file).map_or_else(Vec::new, |spec| inputs(spec, given, instance));
        self.instances.push(Instance { file: file.clone(), body, inputs });
        let Some(include) = body.get("include") else { return };
        // Later includes override earlier ones.
        for entry in entries(include).into_iter().rev() {
            let given = entry.get("inputs").map(|node| Part { node, instance });
            match self.find(Part { node: entry, instance }, library.files()) {
                Ok(files) => files.iter().for_each(|file| self.visit(file, given, library, visited, depth + 1)),
                Err(skip) => self.skips.push(*skip),
            }
        }
    }

    /// The files of the repository that an entry of `include:` means, those that override first.
    pub(super) fn find(&self, entry: Part<'l>, files: &Snapshot) -> Result<Vec<FilePath>, Box<Skip>> {
        if let Some(component) = entry.node.get("component").and_then(Node::scalar) {
            return Ok(own_component(component, files).into_iter().collect());
        }
        let local = if entry.node.is_mapping() { entry.node.get("local") } else { Some(entry.node) };
        let Some((node, path)) = local.and_then(|node| Some((node, node.scalar()?))) else { return Ok(Vec::new()) };
        if path.starts_with("http://") || path.starts_with("https://") {
            return Ok(Vec::new());
        }
        let path = self.interpolate(path, entry.instance);
        let reason = if path.contains('$') {
            Reason::NotFollowed { what: "an include whose path holds a variable".to_owned() }
        } else if path.contains('*') {
            let pattern = path.trim_start_matches('/');
            let is_yaml = |path: &&FilePath| matches!(path.name().rsplit_once('.'), Some((_, "yml" | "yaml")));
            let matching = |path: &&FilePath| matches(pattern, path.as_str());
            let mut found: Vec<FilePath> = files.paths().filter(is_yaml).filter(matching).cloned().collect();
            found.reverse();
            return Ok(found);
        } else if let Some(path) = FilePath::new(&path).filter(|path| files.exists(path)) {
            return Ok(vec![path]);
        } else {
            Reason::MissingFile { path: path.trim_start_matches('/').to_owned() }
        };
        Err(Box::new(Skip { site: node.resolved().site(), text: path.into_owned(), reason }))
    }

    /// Text with the inputs of its file put in, as far as they are known.
    pub(super) fn interpolate<'s>(&self, text: &'s str, instance: usize) -> Cow<'s, str> {
        self.interpolate_to(text, instance, MAX_INPUT_DEPTH, &mut { MAX_INPUTS })
    }

    fn interpolate_to<'s>(&self, text: &'s str, instance: usize, depth: usize, left: &mut usize) -> Cow<'s, str> {
        if depth == 0 || *left == 0 || !text.contains("$[[") {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, inside, after)) = rest
            .split_once("$[[")
            .and_then(|(before, rest)| rest.split_once("]]").map(|(inside, after)| (before, inside, after)))
        {
            out.push_str(before);
            let value = self.input(inside, instance).and_then(|part| Some((part.node.scalar()?, part.instance)));
            match value {
                Some((value, instance)) => out.push_str(&self.interpolate_to(value, instance, depth - 1, left)),
                None => out.extend(["$[[", inside, "]]"]),
            }
            rest = after;
            *left = left.saturating_sub(1);
            if *left == 0 {
                break;
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// The value of `inputs.NAME`.
    fn input(&self, expression: &str, instance: usize) -> Option<Part<'l>> {
        let name = expression.trim().strip_prefix("inputs.")?;
        self.instances.get(instance)?.inputs.iter().find(|input| input.name == name)?.value
    }

    /// What a scalar that is nothing but one input stands for.
    pub(super) fn whole_input(&self, text: &str, instance: usize) -> Option<Part<'l>> {
        self.input(text.trim().strip_prefix("$[[")?.strip_suffix("]]")?, instance)
    }
}

/// The entries of an `include:`, which may stand alone.
pub(super) fn entries(include: Node) -> Vec<Node> {
    if include.is_sequence() { include.items().collect() } else { vec![include] }
}

/// The declared inputs of a file with the values that an include gives them.
fn inputs<'l>(spec: Node<'l>, given: Option<Part<'l>>, instance: usize) -> Vec<Input<'l>> {
    let declared = spec.get("inputs").map(Node::entries).unwrap_or_default();
    let input = |pair: Pair<'l>| {
        let given = given.and_then(|given| Some(Part { node: given.node.get(pair.name)?, ..given }));
        let default = pair.value.get("default").map(|node| Part { node, instance });
        let has_options = pair.value.get("options").is_some();
        Input { name: pair.name, declaration: pair.value, value: given.or(default), has_options }
    };
    declared.into_iter().map(input).collect()
}

/// The file of a component that the project includes from itself.
fn own_component(component: &str, files: &Snapshot) -> Option<FilePath> {
    let (_, rest) = component.split_once("$CI_PROJECT_PATH/")?;
    let name = rest.split_once('@').map_or(rest, |(name, _)| name);
    let candidates = [format!("templates/{name}.yml"), format!("templates/{name}/template.yml")];
    candidates.iter().filter_map(|path| FilePath::new(path)).find(|path| files.exists(path))
}

/// Whether a path matches a pattern, in which `*` stands for anything but `/`, and `**` for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let path = path.as_bytes();
    // Which starts of the path the pattern so far matches.
    let mut reach = vec![false; path.len() + 1];
    reach[0] = true;
    let mut rest = pattern.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'*' {
            for at in (0..path.len()).rev() {
                reach[at + 1] = reach[at] && path[at] == *first;
            }
            reach[0] = false;
            continue;
        }
        let any = rest.first() == Some(&b'*');
        if any {
            rest = &rest[1..];
        }
        for at in 0..path.len() {
            reach[at + 1] |= reach[at] && (any || path[at] != b'/');
        }
    }
    reach[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_paths() {
        for (pattern, path, expected) in [
            ("ci/*.yml", "ci/a.yml", true),
            ("ci/*.yml", "ci/a/b.yml", false),
            ("ci/**.yml", "ci/a/b.yml", true),
            ("ci/**.yml", "ci/b.yml", true),
            ("ci/**/*.yml", "ci/b.yml", false),
            ("ci/**/*.yml", "ci/a/b/c.yml", true),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}

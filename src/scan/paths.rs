//! Which file and which folder a build names: paths as written in, a [`Target`] out.
//!
//! Knows what `$CI_PROJECT_DIR` and `$PWD` mean in front of a path, what is no path at all, and how
//! folders hang together. Must never know: how a command or a key spells its options.

use crate::scan::occurrence::{Operator, Piece, Target, Template};
use crate::skip::Reason;
use crate::text::{FilePath, Span};

/// What a build says, each path as written.
#[derive(Debug)]
pub struct Paths {
    /// The Dockerfile.
    pub file: Option<Template>,
    /// The folder in which it is.
    pub file_folder: Option<Template>,
    /// What standard input is read from.
    pub input: Option<Template>,
    /// The context.
    pub context: Option<Template>,
    /// A folder in the context, which is the context.
    pub context_folder: Option<Template>,
    /// Whether the context is the current folder if none is named.
    pub context_is_here: bool,
    /// Whether the file is relative to the context.
    pub file_in_context: bool,
    /// The folder that the command runs in.
    pub directory: Option<Template>,
    /// `--target`
    pub stage: Option<Template>,
    /// The file that holds the script.
    pub script: FilePath,
}

/// Longer paths are a hostile file.
const MAX_PIECES: usize = 32;

impl Paths {
    /// What is built. `prefix` is what the names of environment variables start with.
    #[must_use]
    pub fn target(self, prefix: &str) -> Target {
        let Self {
            file,
            file_folder,
            input,
            context,
            context_folder,
            script,
            mut directory,
            stage,
            mut file_in_context,
            ..
        } = self;
        let stdin = |template: &Template| template.literal().as_deref() == Some("-");
        // `docker build - < Dockerfile` has no context, and its file comes by another way.
        let from_stdin = file.as_ref().is_some_and(stdin) || (file.is_none() && context.as_ref().is_some_and(stdin));
        let remote = context.as_ref().is_some_and(is_remote);
        let here = || Template::implied(&script, ".");
        let context = context
            .or_else(|| self.context_is_here.then(here))
            .filter(|context| !stdin(context) && !is_remote(context));
        let file = match (file, file_folder) {
            _ if from_stdin => input,
            (None, Some(folder)) => Some(join(folder, Template::implied(&script, "Dockerfile"))),
            (Some(file), Some(folder)) => Some(join(folder, file)),
            (file, None) => file,
        };
        if (from_stdin && file.is_none()) || remote {
            return Target::Dockerfile { file: None, context: None, directory, stage, file_in_context };
        }
        let context = match (context, context_folder) {
            (Some(context), Some(folder)) => Some(join(context, folder)),
            (context, _) => context,
        };
        let mut context = context.map(|context| Anchored::new(context, prefix));
        let mut file = file.map(|file| Anchored::new(file, prefix));
        let file_is_free = file.as_ref().is_some_and(|file| !matches!(file, Anchored::Relative(_)));
        let at_root = |path: &Option<Anchored>| matches!(path, Some(Anchored::Root(_)));
        if at_root(&context) || at_root(&file) {
            // One path is seen from the root: see all from there.
            if let Some(directory) = directory.take() {
                let from_root = |path: Anchored| match path {
                    Anchored::Relative(path) => Anchored::Root(join(directory.clone(), path)),
                    path => path,
                };
                context = context.map(from_root);
                if !file_in_context {
                    file = file.map(from_root);
                }
            }
        }
        file_in_context &= !file_is_free;
        let context = context.and_then(|context| match context {
            Anchored::Root(path) | Anchored::Relative(path) => Some(path),
            Anchored::Outside(_) => None,
        });
        let file = file.map(|file| match file {
            Anchored::Root(path) | Anchored::Relative(path) => path,
            Anchored::Outside(path) => outside(path),
        });
        Target::Dockerfile { file, context, directory, stage, file_in_context }
    }
}

/// The folder after `cd path` in `directory`.
#[must_use]
pub fn enter(directory: Option<&Template>, path: Template, prefix: &str) -> Option<Template> {
    match Anchored::new(path, prefix) {
        Anchored::Root(path) => Some(path).filter(|path| path.literal().as_deref() != Some(".")),
        Anchored::Outside(path) => Some(outside(path)),
        Anchored::Relative(path) => Some(match directory {
            Some(directory) => join(directory.clone(), path),
            None => path,
        }),
    }
}

/// What a path is relative to.
enum Anchored {
    /// The root of the repository.
    Root(Template),
    /// The current folder.
    Relative(Template),
    /// Nothing of the repository.
    Outside(Template),
}

impl Anchored {
    fn new(mut path: Template, prefix: &str) -> Self {
        let variable = match path.pieces.first() {
            Some(Piece::Text { text, .. }) if text.starts_with(['/', '~']) => return Self::Outside(path),
            Some(Piece::Hole(hole)) if hole.operator == Operator::Plain => hole.name.strip_prefix(prefix).unwrap_or(""),
            Some(Piece::Unknown { reason: Reason::PredefinedVariable { name }, .. }) => name.as_str(),
            Some(Piece::Unknown { text, .. }) if matches!(text.as_str(), "$(pwd)" | "`pwd`") => "PWD",
            _ => "",
        };
        let root = match variable {
            "CI_PROJECT_DIR" | "GITHUB_WORKSPACE" | "github.workspace" => true,
            "PWD" => false,
            _ => return Self::Relative(path),
        };
        let goes_on = match path.pieces.get(1) {
            None => true,
            Some(Piece::Text { text, .. }) => text.starts_with('/'),
            Some(_) => false,
        };
        if !goes_on {
            return Self::Relative(path);
        }
        path.pieces.remove(0);
        if let Some(Piece::Text { text, span }) = path.pieces.first_mut() {
            text.remove(0);
            *span = span.map(|span| Span::new(span.start + 1, span.end));
            if text.is_empty() {
                path.pieces.remove(0);
            }
        }
        if path.pieces.is_empty() {
            path = Template::implied(&path.file, ".");
        }
        if root { Self::Root(path) } else { Self::Relative(path) }
    }
}

fn is_remote(context: &Template) -> bool {
    let Some(Piece::Text { text, .. }) = context.pieces.first() else { return false };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    }) || text.starts_with("git@")
        || text.starts_with("github.com/")
}

fn outside(path: Template) -> Template {
    not_followed(path, "a path outside of the repository")
}

fn not_followed(path: Template, what: &str) -> Template {
    let text = path.pieces.iter().map(|piece| match piece {
        Piece::Text { text, .. } | Piece::Unknown { text, .. } => text.clone(),
        Piece::Hole(hole) => format!("${{{}}}", hole.name),
    });
    let reason = Reason::NotFollowed { what: what.to_owned() };
    Template { pieces: vec![Piece::Unknown { text: text.collect(), reason }], file: path.file }
}

/// `path` in `folder`.
fn join(folder: Template, path: Template) -> Template {
    if path.literal().as_deref() == Some(".") || path.pieces.is_empty() {
        return folder;
    }
    if folder.literal().as_deref() == Some(".") || folder.pieces.is_empty() {
        return path;
    }
    if folder.pieces.len() + path.pieces.len() >= MAX_PIECES {
        return not_followed(folder, "too long a path");
    }
    let mut joined = folder;
    if joined.file != path.file {
        // Spans are of one file, the one that the last part is written in.
        joined.pieces.iter_mut().for_each(|piece| match piece {
            Piece::Text { span, .. } => *span = None,
            Piece::Hole(hole) => hole.span = None,
            Piece::Unknown { .. } => {}
        });
    }
    joined.file = path.file;
    joined.pieces.push(Piece::Text { text: "/".to_owned(), span: None });
    joined.pieces.extend(path.pieces);
    joined
}

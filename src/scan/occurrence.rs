//! What a scan may find: [`Image`] where an image is used, [`Value`] where a variable gets a value,
//! [`Matrix`] where it gets a set of values, [`Call`] with its [`Pass`]es where values cross from one
//! scope into another.
//!
//! The words are the same for every format: `link` has never heard of `parallel:matrix`.
//! Must never know: registries, tags, policy.

use std::collections::{BTreeMap, BTreeSet};

use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site, Span};

/// Literal text and variable holes, as written in one file: `python:{PYTHON_VERSION}-slim`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The file in which all spans of the pieces lie.
    pub file: FilePath,
    /// In order. Adjacent text pieces are allowed.
    pub pieces: Vec<Piece>,
}

/// A part of a [`Template`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Literal text.
    Text {
        /// The text as its reader sees it, after unescaping.
        text: String,
        /// Where exactly this text stands verbatim in the file; `None` if it cannot be written back
        /// (escapes, a line continuation in its midst, or implied by the format).
        span: Option<Span>,
    },
    /// A reference to a variable.
    Hole(Hole),
    /// Something whose text only running it can tell: `$(cat VERSION)`, `${{ fromJSON(…) }}`.
    Unknown {
        /// As written.
        text: String,
        /// Why it cannot be followed.
        reason: Reason,
    },
}

/// A reference to a variable, looked up in the scope of whoever uses the template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hole {
    /// The name in its scope. Where a format has several kinds of variables side by side, the kind is
    /// part of the name: `matrix.python`, `env.PYTHON`, `inputs.python`.
    pub name: String,
    /// Where the whole reference stands (`${X:-3.12}`), for messages.
    pub span: Option<Span>,
    /// What is done with the value.
    pub operator: Operator,
}

/// The forms of `${…}`, in `BuildKit`'s and the shell's meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `$X`, `${X}`
    Plain,
    /// `${X-word}`, and with `or_empty` `${X:-word}`: `word` if unset (or empty).
    Default {
        /// The `:` form.
        or_empty: bool,
        /// What stands in.
        word: Template,
    },
    /// `${X+word}`, and with `and_filled` `${X:+word}`: `word` if set (and not empty), else nothing.
    Alternate {
        /// The `:` form.
        and_filled: bool,
        /// What stands in.
        word: Template,
    },
    /// `${X?message}`, `${X:?message}`: the value, or an error.
    Required,
    /// `${X#pattern}`, greedy `${X##pattern}`.
    TrimPrefix {
        /// The longest match instead of the shortest.
        greedy: bool,
        /// A shell pattern.
        pattern: Template,
    },
    /// `${X%pattern}`, greedy `${X%%pattern}`.
    TrimSuffix {
        /// The longest match instead of the shortest.
        greedy: bool,
        /// A shell pattern.
        pattern: Template,
    },
    /// `${X/pattern/with}`, with `all` `${X//pattern/with}`.
    Replace {
        /// Every match, not only the first.
        all: bool,
        /// A shell pattern.
        pattern: Template,
        /// What is put in.
        with: Template,
    },
}

/// Index of a [`Scope`] in [`Findings`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ScopeId(u32);

/// A namespace of variables. A name not found here is looked up in `parent`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// The unit that this scope is a part of.
    pub unit: UnitId,
    /// Where names that this scope does not know are looked up.
    pub parent: Option<ScopeId>,
    /// For people: `job build`, `stage 2`.
    pub label: String,
}

/// Index of a [`Unit`] in [`Findings`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct UnitId(u32);

/// Something that stands alone or is called with values: a Dockerfile, a pipeline, a reusable
/// workflow, a composite action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// The file that a caller names.
    pub file: FilePath,
    /// What it is.
    pub kind: UnitKind,
}

/// What a [`Unit`] is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum UnitKind {
    /// Called by a build, with build arguments.
    Dockerfile,
    /// A CI pipeline: nobody in the repository calls it.
    Pipeline,
    /// A workflow that others may call, with inputs.
    Workflow,
    /// A composite action, called with inputs.
    Action,
    /// A compose file: a variable that nothing sets is empty there.
    Compose,
    /// Bake files that are read as one, with variables that the environment may set.
    Bake,
}

/// What kind of place holds a value or a reference. Its name is the `kind` of a slot in reports.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `FROM image`
    From,
    /// `COPY --from=image`, `ADD --from=image`
    CopyFrom,
    /// `RUN --mount=from=image`
    Mount,
    /// `# syntax=image`
    Syntax,
    /// The image that a CI job runs in, or a service of a compose file.
    Image,
    /// A service beside a CI job.
    Service,
    /// `uses: docker://image`
    Uses,
    /// A language version asked of a setup action; its release line is that of the official image.
    Toolchain,
    /// The default of a Dockerfile `ARG`, or a word inside `${X:-word}`.
    Arg,
    /// A CI variable, an `env` entry, or a line of the `.env` beside a compose file.
    Variable,
    /// An entry of a matrix axis.
    Matrix,
    /// The default of an input, or the value given to it.
    Input,
    /// A literal value in a `--build-arg`, in `build-args` or in `build.args`.
    BuildArg,
    /// A file that holds nothing but a version.
    VersionFile,
    /// A version of which a comment says what it is of.
    Annotation,
}

impl Kind {
    /// The stable name in machine output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::CopyFrom => "copy-from",
            Self::Mount => "mount",
            Self::Syntax => "syntax",
            Self::Image => "image",
            Self::Service => "service",
            Self::Uses => "uses",
            Self::Toolchain => "toolchain",
            Self::Arg => "arg",
            Self::Variable => "variable",
            Self::Matrix => "matrix",
            Self::Input => "input",
            Self::BuildArg => "build-arg",
            Self::VersionFile => "version-file",
            Self::Annotation => "annotation",
        }
    }

    /// The name of a variable without the context that expressions put before it, where the kind of
    /// place says the same: `matrix.node` is the matrix variable `node`.
    #[must_use]
    pub fn bare_name(self, variable: &str) -> &str {
        let context = match self {
            Self::Matrix => "matrix.",
            Self::Input => "inputs.",
            Self::Variable => "env.",
            _ => return variable,
        };
        variable.strip_prefix(context).unwrap_or(variable)
    }
}

/// How text is written at a place, which decides whether a new value needs quotes there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// A whole YAML scalar without quotes: must read back as the same string.
    YamlPlain,
    /// Inside `'…'` of YAML.
    YamlSingle,
    /// Inside `"…"` of YAML.
    YamlDouble,
}

/// A use of an image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// Where the holes of `reference` are looked up.
    pub scope: ScopeId,
    /// The whole reference.
    pub reference: Template,
    /// Where it stands.
    pub site: Site,
    /// What kind of use.
    pub kind: Kind,
    /// How the reference is written, if it is one scalar of its own.
    pub encoding: Encoding,
}

/// A variable gets a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// Where the variable lives.
    pub scope: ScopeId,
    /// Its name there.
    pub name: String,
    /// What it gets; `None` if it is declared without a value.
    pub value: Option<Template>,
    /// Where holes of `value` are looked up: a scope for formats that expand where the variable is
    /// defined (Dockerfile), `None` for those that expand where it is used (GitLab).
    pub lookup: Option<ScopeId>,
    /// Where the assignment stands; an empty span if the format implies it.
    pub site: Site,
    /// What kind of place.
    pub kind: Kind,
    /// How the value is written.
    pub encoding: Encoding,
    /// Whether a [`Call`] of the unit may give another value (ARG, inputs).
    pub parameter: bool,
}

/// A variable gets a set of values, in all combinations with the others of its row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    /// The scope in which the axes are visible as variables.
    pub scope: ScopeId,
    /// Where the matrix stands.
    pub site: Site,
    /// Each row is the product of its axes; the matrix is the union of its rows.
    pub rows: Vec<Vec<Axis>>,
    /// Cells taken out again: those that have all of these values.
    pub exclude: Cells,
    /// Cells added, or values added to cells, in GitHub's meaning.
    pub include: Cells,
    /// Cells of it that another job waits for.
    pub needed: Vec<Cells>,
}

/// A list of cells beside a matrix.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Cells {
    /// In the order of the file.
    pub cells: Vec<Cell>,
    /// What to remove so that the list is gone, with its name; `None` if that is more than a stretch of text.
    pub whole: Option<Span>,
}

/// One variable of a matrix row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axis {
    /// The name under which holes refer to it (`PY`, `matrix.python`).
    pub name: String,
    /// In the order of the file.
    pub entries: Vec<Entry>,
    /// How to add an entry; `Err` says why that cannot be done here.
    pub growth: Result<Growth, Reason>,
    /// The whole list.
    pub site: Site,
}

/// What a comment says of how a list changes, beside what keeps it from changing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListPolicy {
    /// New release lines join.
    Append,
    /// New ones join, the oldest leave; the number of those that stay, if the comment says it.
    Window(Option<u16>),
    /// Release lines join and leave with their support.
    Supported,
}

/// One value of an axis, or of an included or excluded cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The value.
    pub value: Template,
    /// The scalar as written, without its quotes.
    pub site: Site,
    /// How it is written.
    pub encoding: Encoding,
    /// Where it sits in its list; `None` if it cannot leave it by itself.
    pub seat: Option<Seat>,
}

/// Where an entry sits in its list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seat {
    /// Where a new entry is put that is to stand before it.
    pub start: usize,
    /// What to remove so that the entry is gone and the list is still well formed: with the comma before it,
    /// or its line.
    pub removal: Span,
    /// The same with the comma behind it, where entries before it may be removed too.
    pub onward: Span,
}

impl Seat {
    /// The seat of one of the words of a list, which only white space keeps apart.
    #[must_use]
    pub fn of_word(words: &[Span], at: usize) -> Option<Self> {
        let word = words.get(at)?;
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let backward = before.map(|before| Span::new(before.end, word.end));
        let onward = words.get(at + 1).map(|after| Span::new(word.start, after.start));
        let removal = backward.or(onward)?;
        Some(Self { start: word.start, removal, onward: onward.unwrap_or(removal) })
    }
}

/// How to add an entry to a list: at the end, or at the start for lists in descending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Growth {
    /// New last entry.
    pub append: Insertion,
    /// New first entry.
    pub prepend: Insertion,
    /// Put this text at this offset too, whichever end grows: the bracket that makes a list of a lone
    /// scalar, the comma that goes between an entry and its comment.
    pub wrap: Option<(usize, String)>,
    /// How the neighbours are written.
    pub encoding: Encoding,
}

/// `before`, the new scalar with its quotes, and `after`, put at byte `at`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Insertion {
    /// Offset in the file.
    pub at: usize,
    /// Separator, or line ending and indentation.
    pub before: String,
    /// Separator.
    pub after: String,
}

/// Values of several axes at once.
pub type Cell = BTreeMap<String, Entry>;

/// One unit uses another and gives it values: a build of a Dockerfile, a call of a workflow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Where the holes of the templates are looked up.
    pub scope: ScopeId,
    /// What is called.
    pub target: Target,
    /// The values given.
    pub passes: Vec<Pass>,
    /// Lists of platforms that it builds for: `linux/amd64,linux/arm64`.
    pub platforms: Vec<Template>,
    /// Where the call stands.
    pub site: Site,
}

/// What a [`Call`] calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A build. All paths are as written, relative to the root of the repository after `directory`.
    Dockerfile {
        /// `--file`; `None` is `Dockerfile` in the context.
        file: Option<Template>,
        /// The build context; `None` if it is not a path of the repository (`-`, a URL).
        context: Option<Template>,
        /// The folder that the command runs in (`cd x &&`), `None` for the root.
        directory: Option<Template>,
        /// `--target`
        stage: Option<Template>,
        /// Whether `file` is relative to the context instead of the folder (kaniko, compose).
        file_in_context: bool,
    },
    /// Another file of the repository.
    Unit(FilePath),
    /// A Dockerfile that stands inside of the caller's file, or files that are read as one.
    Inline(UnitId),
}

/// A command that builds or runs what files describe, and gives them the environment that it runs in.
///
/// It is what a script says. The manager that reads the files makes the [`Call`]s of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    /// Where the variables of its environment are looked up.
    pub scope: ScopeId,
    /// What their names start with in that scope: `env.`, or nothing.
    pub variable_prefix: &'static str,
    /// Variables of the shell that its commands do not see, unless the shell has them from `outside`.
    pub internal: BTreeSet<String>,
    /// The scope that the shell starts in.
    pub outside: ScopeId,
    /// What reads the files.
    pub tool: Tool,
    /// The files that it names, relative to the root; none if it looks for them by itself.
    pub files: Vec<Template>,
    /// The folder that it runs in, `None` for the root.
    pub directory: Option<Template>,
    /// Files that set variables which the environment does not.
    pub environment_files: Vec<Template>,
    /// What it builds, as far as it says: a name, or `*` for the rest of one.
    pub targets: Vec<String>,
    /// Values for build arguments, whatever the files say: `NAME`, or `target.args.NAME`.
    pub overrides: Vec<Pass>,
    /// Whether it builds, and does not only run.
    pub builds: bool,
    /// Where it stands.
    pub site: Site,
    /// What stands there, for people.
    pub text: String,
}

/// What reads the files of a [`Project`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// `docker compose`, or what it is called here.
    Compose(&'static str),
    /// `docker buildx bake`
    Bake,
}

impl Tool {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compose(name) => name,
            Self::Bake => "docker buildx bake",
        }
    }
}

/// A value crosses from one scope into another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    /// The name in the scope of the called unit.
    pub to: String,
    /// The value, in the scope of the caller.
    pub from: Template,
    /// Where it is written.
    pub site: Site,
    /// How a literal value is written.
    pub encoding: Encoding,
}

/// Something that is not followed gives a build argument a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// The build argument.
    pub name: String,
    /// What is built.
    pub builds: Builds,
    /// Where the value is given.
    pub site: Site,
    /// What stands there.
    pub text: String,
    /// What gives it: `a Makefile`.
    pub by: &'static str,
}

/// The Dockerfiles that a [`Hint`] is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Builds {
    /// This one.
    File(FilePath),
    /// Only a run can tell which, of all in this folder and below.
    Below(String),
}

/// Everything that one scan found.
#[derive(Clone, Default, Debug)]
pub struct Findings {
    scopes: Vec<Scope>,
    units: Vec<Unit>,
    /// Images in use.
    pub images: Vec<Image>,
    /// Variables.
    pub values: Vec<Value>,
    /// Matrices.
    pub matrices: Vec<Matrix>,
    /// Calls.
    pub calls: Vec<Call>,
    /// The platform that an image is asked for by itself, by its place; in the scope of the image.
    pub platforms: BTreeMap<Site, Template>,
    /// Commands that build what files describe.
    pub projects: Vec<Project>,
    /// Build arguments whose values are not followed.
    pub hints: Vec<Hint>,
    /// What was found and cannot be followed or edited.
    pub skips: Vec<Skip>,
    /// Files that must not be edited, and why.
    pub frozen: BTreeMap<FilePath, Reason>,
    /// Values that must not be edited although they could be, and why.
    pub fixed: BTreeMap<Site, Reason>,
    /// What comments say of lists, by the place of the list.
    pub policies: BTreeMap<Site, ListPolicy>,
    /// Files that exist and are needed, but were not read: read them and scan again.
    pub missing: BTreeSet<FilePath>,
}

impl Findings {
    /// A new unit with its outermost scope.
    pub fn unit(&mut self, file: &FilePath, kind: UnitKind, label: &str) -> ScopeId {
        let unit = UnitId(u32::try_from(self.units.len()).unwrap_or(u32::MAX));
        self.units.push(Unit { file: file.clone(), kind });
        self.push_scope(Scope { unit, parent: None, label: label.to_owned() })
    }

    /// A new scope inside `parent`.
    pub fn scope(&mut self, parent: ScopeId, label: &str) -> ScopeId {
        let unit = self.scope_of(parent).unit;
        self.push_scope(Scope { unit, parent: Some(parent), label: label.to_owned() })
    }

    /// A new scope in the same unit as `beside` that sees nothing of it: a stage of a Dockerfile beside
    /// the arguments before the first `FROM`.
    pub fn scope_beside(&mut self, beside: ScopeId, label: &str) -> ScopeId {
        let unit = self.scope_of(beside).unit;
        self.push_scope(Scope { unit, parent: None, label: label.to_owned() })
    }

    fn push_scope(&mut self, scope: Scope) -> ScopeId {
        let id = ScopeId(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        self.scopes.push(scope);
        id
    }

    /// The scope of an identifier that these findings gave out.
    #[must_use]
    pub fn scope_of(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    /// The unit of an identifier that these findings gave out.
    #[must_use]
    pub fn unit_of(&self, id: UnitId) -> &Unit {
        &self.units[id.0 as usize]
    }

    /// All units, in order of discovery.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &Unit)> {
        self.units.iter().enumerate().map(|(index, unit)| (UnitId(u32::try_from(index).unwrap_or(u32::MAX)), unit))
    }

    /// Keeps every text of a value as it is.
    pub fn fix(&mut self, value: &Template, reason: &Reason) {
        for piece in &value.pieces {
            if let Piece::Text { span: Some(span), .. } = piece {
                self.fixed.insert(Site::new(&value.file, *span), reason.clone());
            }
        }
    }

    /// Notes something found that cannot be followed. `text` is what stands there, for people.
    pub fn skip(&mut self, site: Site, text: impl Into<String>, reason: Reason) {
        self.skips.push(Skip { site, text: text.into(), reason });
    }
}

impl Growth {
    /// The same where every entry has `before` and `after` around what is added, inside of its quotes.
    #[must_use]
    pub fn around(self, before: &str, after: &str) -> Self {
        let quote = match self.encoding {
            Encoding::YamlSingle => "'",
            Encoding::YamlDouble => "\"",
            Encoding::YamlPlain | Encoding::Raw => "",
        };
        let within = |insertion: Insertion| Insertion {
            before: format!("{}{quote}{before}", insertion.before),
            after: format!("{after}{quote}{}", insertion.after),
            ..insertion
        };
        Self { append: within(self.append), prepend: within(self.prepend), wrap: self.wrap, encoding: Encoding::Raw }
    }
}

impl Template {
    /// No pieces yet.
    #[must_use]
    pub fn empty(file: &FilePath) -> Self {
        Self { file: file.clone(), pieces: Vec::new() }
    }

    /// Text that the format implies and nobody wrote.
    #[must_use]
    pub fn implied(file: &FilePath, text: &str) -> Self {
        Self { file: file.clone(), pieces: vec![Piece::Text { text: text.to_owned(), span: None }] }
    }

    /// One plain reference to a variable.
    #[must_use]
    pub fn hole(file: &FilePath, name: &str, span: Option<Span>) -> Self {
        let hole = Hole { name: name.to_owned(), span, operator: Operator::Plain };
        Self { file: file.clone(), pieces: vec![Piece::Hole(hole)] }
    }

    /// The names of all variables in it, those in what is done with others included.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        fn collect<'t>(template: &'t Template, names: &mut Vec<&'t str>) {
            for piece in &template.pieces {
                let Piece::Hole(Hole { name, operator, .. }) = piece else { continue };
                names.push(name);
                match operator {
                    Operator::Plain | Operator::Required => {}
                    Operator::Default { word, .. } | Operator::Alternate { word, .. } => collect(word, names),
                    Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => {
                        collect(pattern, names);
                    }
                    Operator::Replace { pattern, with, .. } => {
                        collect(pattern, names);
                        collect(with, names);
                    }
                }
            }
        }
        let mut names = Vec::new();
        collect(self, &mut names);
        names
    }

    /// The text, if there are no holes.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text { text, .. } => Some(text.as_str()),
                Piece::Hole(_) | Piece::Unknown { .. } => None,
            })
            .collect()
    }
}

/// A template in short, for the tables of tests: `python:{V|3.12}`, decoded text in `'…'`, what is unknown in `<…>`.
#[cfg(test)]
pub(super) fn show(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text { text, span: Some(_) } => text.clone(),
        Piece::Text { text, span: None } => format!("'{text}'"),
        Piece::Unknown { text, .. } => format!("<{text}>"),
        Piece::Hole(Hole { name, operator: Operator::Default { word, .. }, .. }) => {
            format!("{{{name}|{}}}", show(word))
        }
        Piece::Hole(Hole { name, .. }) => format!("{{{name}}}"),
    };
    template.pieces.iter().map(piece).collect()
}

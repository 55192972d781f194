//! Why something that was found is not updated.
//!
//! Every room may give a reason, one `Display` words them all, so that the tone is even and nothing
//! is dropped in silence. Must never know: how a report looks.

use std::fmt;

use crate::text::Site;

/// A place that holds a version, or might, and is left alone.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Skip {
    /// Where.
    pub site: Site,
    /// What stands there.
    pub text: String,
    /// Why it is left alone.
    pub reason: Reason,
}

/// Why something is left alone. [`Reason::code`] is stable, the message is for people.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The file was not read as text.
    Unreadable(String),
    /// The file, or this part of it, is not valid in its format.
    Malformed(String),
    /// The file says that a program writes it.
    Generated {
        /// The line that says so.
        header: String,
    },
    /// A variable that nothing in the repository sets.
    UnsetVariable {
        /// Its name.
        name: String,
    },
    /// A build argument that something sets which is not followed.
    SetBy {
        /// Its name.
        name: String,
        /// What sets it: `a Makefile`.
        by: String,
    },
    /// A variable that is set, but in a place that the one who asks does not see.
    OutOfScope {
        /// Its name.
        name: String,
    },
    /// A variable that only the CI system or the builder knows.
    PredefinedVariable {
        /// Its name.
        name: String,
    },
    /// The value comes from something that is not followed: a command, a script, an expression.
    NotFollowed {
        /// What it is, as a noun phrase: `the output of a command`.
        what: String,
    },
    /// A file that another one names, and that is not there.
    MissingFile {
        /// Its path.
        path: String,
    },
    /// The value goes to something that is not in the repository.
    PassedOn {
        /// What gets it.
        to: String,
    },
    /// Rows of another job's matrix, named one by one.
    NamesRows,
    /// The text stands nowhere in the file in this form: escapes, continuation lines, computed parts.
    NotWritable {
        /// What stands in the way.
        what: String,
    },
    /// A list of versions that feeds no image.
    NotLinked {
        /// Its variable.
        name: String,
        /// A file with a build argument of the same name, which nothing passes it to.
        twin: Option<String>,
    },
    /// No tag: the image means `latest`.
    NoTag,
    /// The tag is no version: a name that moves, a hash, a date.
    NotAVersion {
        /// The tag, or the part of it.
        tag: String,
    },
    /// Not an image reference.
    BadReference(String),
    /// A list that no new entry can be added to.
    CannotGrow {
        /// Why.
        why: String,
    },
    /// Entries that cannot leave their list.
    CannotShrink {
        /// Why.
        why: String,
    },
    /// The values of a matrix row belong together and are not raised one by one.
    MatrixRow,
    /// The registry does not know the image.
    ImageNotFound,
    /// The registry's host is private and the configuration does not name it.
    RefusedHost {
        /// The host.
        host: String,
    },
    /// The look-up failed; nothing is known about newer tags.
    LookupFailed {
        /// What went wrong.
        why: String,
    },
    /// The registry's list of tags may be cut short.
    ListIncomplete {
        /// How that shows.
        why: String,
    },
    /// A newer version exists, but not in the form that this place needs.
    NotPublished {
        /// The image, as people write it.
        image: String,
        /// The tag that is missing.
        tag: String,
        /// The newest version that exists in this form, if any.
        newest: Option<String>,
        /// What the form is called: `bullseye`.
        variant: Option<String>,
    },
    /// A newer version exists, but so far only more precisely than it is written here.
    LongerOnly {
        /// The tag that would be next, with the image: `python 3.14`.
        awaited: String,
        /// The tag that exists.
        longer: String,
    },
    /// A newer tag that does not look like the next release of its line.
    StandsOut {
        /// The tag, with the image: `linuxserver/qbittorrent:20.04.1`.
        newest: String,
        /// What speaks against it, as a sentence without its subject.
        why: String,
    },
    /// A newer tag is not there for every platform that is built for, or may not be.
    PlatformMissing {
        /// The tag, with the image: `python:3.14`.
        newest: String,
        /// What is missing, as a sentence without its subject.
        why: String,
    },
    /// A newer tag is not as old as the settings want it, or may not be.
    TooYoung {
        /// The tag, with the image: `python:3.14`.
        newest: String,
        /// What is known of its age, as a sentence without its subject.
        why: String,
    },
    /// Newer tags are such as the settings ignore.
    Ignored {
        /// The newest of them: `python:3.14`.
        newest: String,
    },
    /// Newer versions are of no long-term line, and the place is.
    OffChannel {
        /// The newest of them: `node:25`.
        newest: String,
    },
    /// Newer versions cross a major version, which the configuration leaves out.
    MajorDisabled {
        /// The newest of them.
        newest: String,
    },
    /// The image belongs to no product whose release cycles are known.
    NoCycles {
        /// The image, as people write it.
        image: String,
    },
    /// The look-up of release cycles failed.
    CyclesUnknown {
        /// The image, as people write it.
        image: String,
        /// What went wrong.
        why: String,
    },
    /// No digest can be written behind the tag.
    NotPinned {
        /// Why, as a sentence.
        why: String,
    },
    /// The value picks a variant of the image, such as its base, and not its version.
    VariantOnly,
    /// The tag in use is not in the registry's list.
    CurrentMissing {
        /// The tag.
        tag: String,
    },
    /// The configuration says so.
    Disabled {
        /// The setting.
        by: String,
    },
    /// The result did not scan as planned; nothing of the merge request is kept.
    NotProven {
        /// What differs.
        why: String,
    },
    /// Anything tied to this place that cannot move.
    HeldBack {
        /// What holds it.
        by: String,
    },
}

impl Reason {
    /// The stable name in machine output.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Malformed(_) => "malformed",
            Self::Generated { .. } => "generated",
            Self::UnsetVariable { .. } => "unset-variable",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::PredefinedVariable { .. } => "predefined-variable",
            Self::SetBy { .. } | Self::NotFollowed { .. } => "not-followed",
            Self::MissingFile { .. } => "missing-file",
            Self::PassedOn { .. } => "passed-on",
            Self::NamesRows => "names-rows",
            Self::NotWritable { .. } => "not-writable",
            Self::NotLinked { .. } => "not-linked",
            Self::NoTag => "no-tag",
            Self::NotAVersion { .. } => "not-a-version",
            Self::BadReference(_) => "bad-reference",
            Self::CannotGrow { .. } => "cannot-grow",
            Self::CannotShrink { .. } => "cannot-shrink",
            Self::MatrixRow => "matrix-row",
            Self::ImageNotFound => "image-not-found",
            Self::RefusedHost { .. } => "refused-host",
            Self::LookupFailed { .. } => "lookup-failed",
            Self::ListIncomplete { .. } => "list-incomplete",
            Self::NotPublished { .. } => "not-published",
            Self::LongerOnly { .. } => "longer-only",
            Self::StandsOut { .. } => "stands-out",
            Self::PlatformMissing { .. } => "platform-missing",
            Self::TooYoung { .. } => "too-young",
            Self::Ignored { .. } => "ignored",
            Self::OffChannel { .. } => "off-channel",
            Self::MajorDisabled { .. } => "major-disabled",
            Self::NoCycles { .. } => "no-cycles",
            Self::CyclesUnknown { .. } => "cycles-unknown",
            Self::NotPinned { .. } => "not-pinned",
            Self::VariantOnly => "variant-only",
            Self::CurrentMissing { .. } => "current-missing",
            Self::Disabled { .. } => "disabled",
            Self::NotProven { .. } => "not-proven",
            Self::HeldBack { .. } => "held-back",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Malformed(why) => write!(f, "not understood: {why}"),
            Self::Generated { header } => write!(f, "the file is generated (\"{header}\"); change its source instead"),
            Self::UnsetVariable { name } => write!(f, "{name} is set nowhere in the repository"),
            Self::SetBy { name, by } => write!(f, "{name} is set by {by}, which is not followed"),
            Self::OutOfScope { name } => write!(
                f,
                "{name} is not set here: FROM sees what stands before the first FROM, a stage what it declares itself"
            ),
            Self::PredefinedVariable { name } => write!(f, "{name} is known only when the pipeline or the build runs"),
            Self::NotFollowed { what } => write!(f, "set by {what}, which is not followed"),
            Self::MissingFile { path } => write!(f, "{path} is not in the repository"),
            Self::PassedOn { to } => write!(f, "passed to {to}, which is not in the repository"),
            Self::NamesRows => f.write_str("names rows of another job's matrix; new rows are not added here"),
            Self::NotWritable { what } => write!(f, "{what} cannot be edited"),
            Self::NotLinked { name, twin: None } => write!(f, "{name} feeds no image"),
            Self::NotLinked { name, twin: Some(twin) } => {
                write!(f, "{name} feeds no image: nothing passes it to the ARG of that name in {twin}")
            }
            Self::NoTag => f.write_str("no tag, so the image means latest"),
            Self::NotAVersion { tag } => write!(f, "{tag} is not a version"),
            Self::BadReference(why) => write!(f, "not an image reference: {why}"),
            Self::CannotGrow { why } => write!(f, "no entry can be added: {why}"),
            Self::CannotShrink { why } => write!(f, "no entry can be dropped: {why}"),
            Self::MatrixRow => f.write_str("the values of this matrix row belong together; add a row by hand"),
            Self::ImageNotFound => {
                f.write_str("the registry does not know this image, or hides it without credentials")
            }
            Self::RefusedHost { host } => {
                write!(f, "{host} is a private address; name it under [registries] in bot.toml to allow it")
            }
            Self::LookupFailed { why } => write!(f, "the look-up failed: {why}"),
            Self::ListIncomplete { why } => write!(f, "the list of tags may be incomplete: {why}"),
            Self::NotPublished { image, tag, newest, variant } => {
                write!(f, "{image} {tag} is not published")?;
                match (newest, variant) {
                    (Some(newest), Some(variant)) => write!(f, " (newest for {variant}: {newest})"),
                    (Some(newest), None) => write!(f, " (newest: {newest})"),
                    (None, _) => Ok(()),
                }
            }
            Self::LongerOnly { awaited, longer } => write!(f, "{awaited} is not published yet; {longer} is"),
            Self::StandsOut { newest, why } => {
                write!(f, "{newest} does not look like the next release, and {why}; allow it if it is meant")
            }
            Self::PlatformMissing { newest, why } | Self::TooYoung { newest, why } => write!(f, "{newest} {why}"),
            Self::Ignored { newest } => write!(f, "{newest} is ignored by the settings"),
            Self::OffChannel { newest } => {
                write!(
                    f,
                    "{newest} is of another channel (long-term, stable or mainline); channel = \"any\" would take it"
                )
            }
            Self::MajorDisabled { newest } => {
                write!(f, "{newest} is a new major version, and the settings say major = false")
            }
            Self::NoCycles { image } => write!(
                f,
                "nobody publishes release cycles of {image}; if they are those of a product, name it under [lifecycle.products]"
            ),
            Self::CyclesUnknown { image, why } => write!(f, "the release cycles of {image} are not known: {why}"),
            Self::NotPinned { why } => write!(f, "not pinned to a digest: {why}"),
            Self::VariantOnly => f.write_str("picks a variant of the image, not its version"),
            Self::CurrentMissing { tag } => write!(f, "{tag} is not in the registry's list of tags"),
            Self::Disabled { by } => write!(f, "{by} says so"),
            Self::NotProven { why } => write!(f, "withheld: {why}"),
            Self::HeldBack { by } => write!(f, "held back by {by}"),
        }
    }
}

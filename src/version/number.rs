//! Version numbers and their order, apart from the text they came from.
//!
//! In: numbers. Out: [`Version`], [`Step`]. Must never know: tags.

use std::cmp::Ordering;
use std::fmt;

use super::words::Stage;

/// The most numbers a version may have, those of its pre-release and of its build included.
///
/// `RELEASE.2025-09-07T16-13-09Z` has six. What has more than seven is no version.
pub(super) const MOST_NUMBERS: usize = 7;

/// A version: numbers, perhaps a pre-release, perhaps the number of a build.
///
/// Numbers compare by value, then a pre-release comes before its release, then builds. The order is
/// total over all versions, and means something within one [`Line`](super::Line).
#[derive(Clone)]
pub struct Version {
    /// Parts, then pre-release numbers, then build numbers.
    numbers: [u64; MOST_NUMBERS],
    parts: u8,
    pre_release_numbers: u8,
    build_numbers: u8,
    stage: Option<Stage>,
    notation: Notation,
    /// For each part the width it is padded to with zeros, 0 for none. Not identity: `24.04` and
    /// `24.10` are of one line, and only one of them shows that it pads.
    widths: [u8; MOST_NUMBERS],
}

/// How the parts of a version were written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Notation {
    /// `1.2.3`
    Dotted,
    /// `2026-08-10`
    Date,
    /// `8u402`, which is 8.0.402
    Update,
    /// `2026a`, whose letter counts from 1
    Letter,
}

impl Version {
    /// `None` without parts, and with more than [`MOST_NUMBERS`] numbers.
    pub(super) fn new(
        parts: &[(u64, u8)],
        pre_release: Option<(Stage, &[u64])>,
        build: &[u64],
        notation: Notation,
    ) -> Option<Self> {
        let (stage, pre_release) = pre_release.map_or((None, &[][..]), |(stage, numbers)| (Some(stage), numbers));
        let count = |numbers: usize| u8::try_from(numbers).ok();
        let mut version = Self {
            numbers: [0; MOST_NUMBERS],
            parts: count(parts.len())?,
            pre_release_numbers: count(pre_release.len())?,
            build_numbers: count(build.len())?,
            stage,
            notation,
            widths: [0; MOST_NUMBERS],
        };
        if parts.is_empty() || parts.len() + pre_release.len() + build.len() > MOST_NUMBERS {
            return None;
        }
        for ((number, width), &(value, padded)) in version.numbers.iter_mut().zip(&mut version.widths).zip(parts) {
            (*number, *width) = (value, padded);
        }
        let rest = version.numbers.iter_mut().skip(parts.len());
        for (number, value) in rest.zip(pre_release.iter().chain(build)) {
            *number = *value;
        }
        Some(version)
    }

    /// The numbers of the version, without those of its pre-release and of its build.
    #[must_use]
    pub fn parts(&self) -> &[u64] {
        self.numbers(0, self.parts)
    }

    /// The first number.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.numbers[0]
    }

    /// Whether it comes before a release.
    #[must_use]
    pub fn is_pre_release(&self) -> bool {
        self.stage.is_some()
    }

    /// The numbers of the build, if builds are counted.
    #[must_use]
    pub fn build(&self) -> &[u64] {
        self.numbers(self.parts + self.pre_release_numbers, self.build_numbers)
    }

    /// The first `parts` numbers, or all if there are fewer: the release cycle that it belongs to.
    #[must_use]
    pub fn truncate(&self, parts: usize) -> &[u64] {
        let all = self.parts();
        &all[..parts.min(all.len())]
    }

    /// Whether both are of one release: equal but for pre-release and build.
    #[must_use]
    pub fn same_release(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }

    fn pre_release(&self) -> &[u64] {
        self.numbers(self.parts, self.pre_release_numbers)
    }

    // The counts add up to at most `MOST_NUMBERS`, see `new`.
    fn numbers(&self, skip: u8, count: u8) -> &[u64] {
        &self.numbers[usize::from(skip)..usize::from(skip + count)]
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_stage = match (self.stage, other.stage) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(stage), Some(other)) => stage.cmp(&other),
        };
        self.parts()
            .cmp(other.parts())
            .then(by_stage)
            .then_with(|| self.pre_release().cmp(other.pre_release()))
            .then_with(|| self.build().cmp(other.build()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// The version in the notation of its tag, with separators made even: `3.12.4-rc1`, `24.04`, `8u402`.
/// For messages; what is written into files is always text of a tag.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts();
        let padded = |part: usize| (parts[part], usize::from(self.widths[part]));
        let (separator, dotted) = match self.notation {
            Notation::Dotted => (".", parts.len()),
            // `20210207.0.15200` is a date in one number.
            Notation::Date if parts[0] > 9999 => (".", parts.len()),
            Notation::Date => ("-", parts.len()),
            Notation::Letter => (".", parts.len() - 1),
            Notation::Update => (".", 1),
        };
        for part in 0..dotted {
            let (number, width) = padded(part);
            write!(f, "{}{number:0width$}", if part == 0 { "" } else { separator })?;
        }
        match (self.notation, parts) {
            (Notation::Update, [_, _, update]) => write!(f, "u{update}")?,
            (Notation::Letter, [.., letter]) => {
                let letter = u8::try_from(*letter).map_or('?', |letter| char::from((b'a' - 1).saturating_add(letter)));
                write!(f, "{letter}")?;
            }
            _ => {}
        }
        if let Some(stage) = self.stage {
            let stage = match stage {
                Stage::Development => "dev",
                Stage::Alpha => "alpha",
                Stage::Preview => "preview",
                Stage::Beta => "beta",
                Stage::Candidate => "rc",
            };
            write!(f, "-{stage}")?;
            write_dotted(f, self.pre_release())?;
        }
        if !self.build().is_empty() {
            f.write_str("-")?;
            write_dotted(f, self.build())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_dotted(f: &mut fmt::Formatter<'_>, numbers: &[u64]) -> fmt::Result {
    for (index, number) in numbers.iter().enumerate() {
        write!(f, "{}{number}", if index == 0 { "" } else { "." })?;
    }
    Ok(())
}

/// The highest place in which two versions differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Step {
    /// The first number.
    Major,
    /// The second number, or anything in a date: a date promises nothing, but its year is no major.
    Minor,
    /// A later number.
    Patch,
    /// Pre-release or build alone, or nothing.
    Build,
}

/// How far it is from one version to the other.
#[must_use]
pub fn step(from: &Version, to: &Version) -> Step {
    let (from_parts, to_parts) = (from.parts(), to.parts());
    let first = from_parts.iter().zip(to_parts).position(|(from, to)| from != to);
    match first {
        None if from_parts.len() == to_parts.len() => Step::Build,
        Some(_) if from.notation == Notation::Date && to.notation == Notation::Date => Step::Minor,
        place => match place.unwrap_or(from_parts.len().min(to_parts.len())) {
            0 => Step::Major,
            1 => Step::Minor,
            _ => Step::Patch,
        },
    }
}

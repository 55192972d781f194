//! A tag, and the two identities that say what it may be compared with.
//!
//! In: the text of a tag. Out: [`Tag`], [`Line`], [`Family`], [`Variant`]. Must never know: images.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::LazyLock;

pub use super::anatomy::Class;
use super::anatomy::{Anatomy, Role, cut};
use super::number::Version;
use crate::distribution::{Distribution, Release};

/// A tag with its meaning. Every text is one: what says nothing is a name.
///
/// A run holds tens of thousands of tags, so a tag keeps its text, its version and its identities;
/// whatever is asked of few tags is cut anew from the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag {
    text: Box<str>,
    version: Option<Version>,
    line: Line,
    family: Family,
    /// Texts with a version are short.
    version_span: (u8, u8),
    class: Class,
}

impl Tag {
    /// Reads any text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let anatomy = cut(text);
        let line = Line(fingerprint(text, &anatomy, Depth::Line));
        let family = Family(fingerprint(text, &anatomy, Depth::Family));
        let place = |at: usize| u8::try_from(at).unwrap_or(0);
        let version_span = (place(anatomy.version_span.start), place(anatomy.version_span.end));
        Self { text: text.into(), version: anatomy.version, line, family, version_span, class: anatomy.class }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Its version, if it has one that stands in an order: for [`Class::Version`] and [`Class::Date`].
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Where the version stands, with the pre-release and the build that directly follow it:
    /// `3.12.4rc1` in `v3.12.4rc1-slim`. Empty at the beginning if there is none.
    #[must_use]
    pub fn version_span(&self) -> Range<usize> {
        usize::from(self.version_span.0)..usize::from(self.version_span.1)
    }

    /// The version as it stands in the tag. Empty if there is none.
    #[must_use]
    pub fn version_text(&self) -> &str {
        &self.text[self.version_span()]
    }

    /// The text before the version: `v`, `RELEASE.`, `jammy-`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.text[..self.version_span().start]
    }

    /// The text behind the version: `-slim-bookworm`. All of the text if there is no version.
    #[must_use]
    pub fn suffix(&self) -> &str {
        &self.text[self.version_span().end..]
    }

    /// How many numbers the version has, without those of pre-release and build.
    #[must_use]
    pub fn precision(&self) -> usize {
        self.version.as_ref().map_or(0, |version| version.parts().len())
    }

    /// What all tags share that are ordered with this one.
    #[must_use]
    pub fn line(&self) -> Line {
        self.line
    }

    /// What all tags share that differ from this one in numbers and code names only.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The form of its line, for people: `v#.#.#-slim`.
    #[must_use]
    pub fn line_form(&self) -> String {
        self.form(Depth::Line)
    }

    /// The form of its family, for people: `#.#.#-alpine*.*`.
    #[must_use]
    pub fn family_form(&self) -> String {
        self.form(Depth::Family)
    }

    fn form(&self, depth: Depth) -> String {
        let mut form = String::new();
        pieces(&self.text, &cut(&self.text), depth, |piece| match piece {
            Piece::Text(text) => form.push_str(text),
            Piece::Number => form.push('#'),
            Piece::VariantNumber => form.push('*'),
            Piece::Date => form.push_str("<date>"),
            Piece::Letter { upper: false } => form.push_str("<a>"),
            Piece::Letter { upper: true } => form.push_str("<A>"),
            Piece::CodeName(distribution) => form.extend(["<", &format!("{distribution:?}"), ">"]),
        });
        form
    }

    /// The places of the numbers, in order, those of the variant included, those of a pre-release not:
    /// all tags of a family have equally many.
    pub fn number_spans(&self) -> impl Iterator<Item = Range<usize>> {
        self.spans(|role| matches!(role, Role::Number | Role::Date | Role::Letter | Role::VariantNumber))
    }

    /// The same with the places of code names: all in which the tags of a family differ, but for pre-releases.
    pub fn open_spans(&self) -> impl Iterator<Item = Range<usize>> {
        self.spans(|role| !matches!(role, Role::Optional | Role::Word | Role::Base(_)))
    }

    fn spans(&self, fits: impl Fn(Role) -> bool) -> impl Iterator<Item = Range<usize>> {
        let anatomy = cut(&self.text);
        let spans: Vec<_> = anatomy.marks().iter().filter(|mark| fits(mark.role)).map(|mark| mark.range()).collect();
        spans.into_iter()
    }

    /// Whether a number of the version is written with a zero before it, as the months of `24.04` are.
    #[must_use]
    pub fn is_zero_padded(&self) -> bool {
        let version = self.version_span();
        // Whole lines are asked, and nearly all of their tags say at the first glance that they are not.
        let text = self.version_text().as_bytes();
        let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        if !(0..text.len()).any(|at| text[at] == b'0' && is_digit(at + 1) && !(at > 0 && is_digit(at - 1))) {
            return false;
        }
        let mut numbers = self.number_spans().filter(|span| version.contains(&span.start));
        numbers.any(|span| span.len() > 1 && self.text[span].starts_with('0'))
    }

    /// The words of the variant, in order, each with its version if it has one.
    #[must_use]
    pub fn variant(&self) -> Vec<Variant<'_>> {
        let anatomy = cut(&self.text);
        let version_start = self.version_span().start;
        let mut variants: Vec<Variant<'_>> = Vec::new();
        // Whether a number would belong to the last of them.
        let mut is_open = false;
        for mark in anatomy.marks() {
            let span = mark.range();
            let text = &self.text[span.clone()];
            match mark.role {
                Role::Number | Role::Date | Role::Letter | Role::Optional => is_open = false,
                Role::VariantNumber => {
                    if !is_open {
                        variants.push(Variant::new("", None, span.clone()));
                        is_open = true;
                    }
                    if let Some(variant) = variants.last_mut() {
                        // More digits than a number has say nothing.
                        variant.numbers.extend(text.parse::<u64>());
                        variant.span.end = span.end;
                    }
                }
                Role::Word => {
                    variants.push(Variant::new(text, None, span));
                    is_open = true;
                }
                Role::Base(distribution) => {
                    variants.push(Variant::new(text, Some(distribution), span));
                    is_open = true;
                }
                Role::CodeName(distribution) => {
                    let release = Release::of_code_name(&text.to_ascii_lowercase());
                    let numbers = release.map_or_else(Vec::new, |release| release.number.to_vec());
                    variants.push(Variant { numbers, ..Variant::new(text, Some(distribution), span) });
                    is_open = false;
                }
            }
        }
        // Words in front of the version are its prefix, unless they have a version or are a distribution.
        variants.retain(|variant| {
            variant.span.start >= version_start || variant.distribution.is_some() || !variant.numbers.is_empty()
        });
        variants
    }

    /// The versions of the variant, which order the tags of one family that have the same version.
    #[must_use]
    pub fn variant_version(&self) -> Option<VariantVersion> {
        let numbers: Vec<u64> = self.variant().into_iter().flat_map(|variant| variant.numbers).collect();
        (!numbers.is_empty()).then_some(VariantVersion(numbers))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// A word of a variant: `slim`, `alpine` with 3.23, `bookworm` with 12.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variant<'t> {
    /// The word, without its version. Empty for a version that stands alone: the `3.4` of `16-3.4`.
    pub word: &'t str,
    /// The distribution that it names.
    pub distribution: Option<Distribution>,
    /// Its version, or the number of the release that it is the code name of. Empty for a bare word.
    pub numbers: Vec<u64>,
    /// Where it stands in the tag, with its version.
    pub span: Range<usize>,
}

impl<'t> Variant<'t> {
    fn new(word: &'t str, distribution: Option<Distribution>, span: Range<usize>) -> Self {
        Self { word, distribution, numbers: Vec::new(), span }
    }
}

/// The versions of a variant, comparable within one [`Family`]: `alpine3.9` before `alpine3.19`,
/// `bookworm` before `trixie`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VariantVersion(Vec<u64>);

/// The identity inside which versions are ordered: prefix, number of parts, form of the build number,
/// exact variant.
///
/// A pre-release is not part of it, `3.13.0rc1-slim` is of the line of `3.12.4-slim`; nor is padding
/// with zeros, `24.04` is of the line of `24.10`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Line(u64);

/// Like a [`Line`], with the versions and code names of the variant left open: `22.21.1-alpine3.23` and
/// `22.22.0-alpine3.24` are of one family, and so are `-bookworm` and `-trixie`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Family(u64);

/// What an identity leaves open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The version.
    Line,
    /// The version and those of the variant.
    Family,
}

/// What an identity consists of.
#[derive(Clone, Copy)]
enum Piece<'t> {
    Text(&'t str),
    Number,
    VariantNumber,
    Date,
    Letter { upper: bool },
    CodeName(Distribution),
}

fn pieces<'t>(text: &'t str, anatomy: &Anatomy, depth: Depth, mut take: impl FnMut(Piece<'t>)) {
    let mut place = 0;
    for mark in anatomy.marks() {
        let range = mark.range();
        let piece = match mark.role {
            Role::Number => Some(Piece::Number),
            Role::Date => Some(Piece::Date),
            Role::Letter => {
                Some(Piece::Letter { upper: text[range.clone()].bytes().all(|byte| byte.is_ascii_uppercase()) })
            }
            Role::Optional => None,
            Role::VariantNumber if depth == Depth::Family => Some(Piece::VariantNumber),
            Role::CodeName(distribution) if depth == Depth::Family => Some(Piece::CodeName(distribution)),
            Role::Word | Role::Base(_) | Role::VariantNumber | Role::CodeName(_) => continue,
        };
        take(Piece::Text(&text[place..range.start]));
        if let Some(piece) = piece {
            take(piece);
        }
        place = range.end;
    }
    take(Piece::Text(&text[place..]));
}

/// An identity as a number: a keyed hash of the pieces. The key is another in every process, so nobody
/// can publish two tags that are taken for one identity, and of 100,000 tags any two are by chance in
/// less than one of a thousand million runs.
fn fingerprint(text: &str, anatomy: &Anatomy, depth: Depth) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    // Where a pre-release was cut out, one text is in two pieces: joined here. What is not text begins
    // with a byte that no text holds.
    let mut joined: Vec<u8> = Vec::with_capacity(text.len() + 8);
    pieces(text, anatomy, depth, |piece| match piece {
        Piece::Text(text) => joined.extend_from_slice(text.as_bytes()),
        Piece::Number => joined.push(0xf8),
        Piece::Date => joined.push(0xf9),
        Piece::VariantNumber => joined.push(0xfa),
        Piece::Letter { upper } => joined.extend_from_slice(&[0xfb, u8::from(upper)]),
        Piece::CodeName(distribution) => joined.extend_from_slice(&[0xfc, distribution as u8]),
    });
    KEY.hash_one(joined)
}

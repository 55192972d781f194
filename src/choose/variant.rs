//! How far the variant of a tag goes on the way to another tag of its family.
//!
//! Must never know: which tags exist, policy.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::civil::Date;

use crate::distribution::Distribution;
use crate::version::{Line, Tag, Variant};

/// What happens to the versions of a variant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum VariantStep {
    /// Nothing.
    Same,
    /// They rise within a major version: `alpine3.23` to `alpine3.24`.
    Along,
    /// Those of something else in the image rise, such as `php8.2` to `php8.3`: users chose it on purpose.
    Other,
    /// A distribution goes to another major version: `bookworm` to `trixie`.
    Base,
}

/// The ways from one tag to those of its family on a day. Tags of one line have the same variant, so there is one
/// way to each line.
#[derive(Debug)]
pub(super) struct Ways {
    from: Tag,
    today: Date,
    to_lines: RefCell<HashMap<Line, Option<VariantStep>>>,
}

impl Ways {
    pub(super) fn from(tag: &Tag, today: Date) -> Self {
        Self { from: tag.clone(), today, to_lines: RefCell::default() }
    }

    /// The ways from another tag on the same day.
    pub(super) fn onward(&self, from: &Tag) -> Self {
        Self::from(from, self.today)
    }

    /// How far it is from the variant of the one tag to that of another one of the same family. `None` if
    /// anything falls, or goes where nothing goes by itself.
    pub(super) fn step(&self, to: &Tag) -> Option<VariantStep> {
        if self.from.line() == to.line() {
            return Some(VariantStep::Same);
        }
        *self.to_lines.borrow_mut().entry(to.line()).or_insert_with(|| variant_step(&self.from, to, self.today))
    }

    /// The part of `to` that names the distribution which changed its major version: `trixie`, `ubuntu24.04`.
    pub(super) fn base_name<'t>(&self, to: &'t Tag) -> Option<&'t str> {
        let (variants, reached) = (self.from.variant(), to.variant());
        let mut pairs = variants.iter().zip(&reached);
        let (_, changed) = pairs.find(|(from, to)| step(from, to, self.today) == Some(VariantStep::Base))?;
        to.text().get(changed.span.clone())
    }
}

fn variant_step(from: &Tag, to: &Tag, today: Date) -> Option<VariantStep> {
    let (from, to) = (from.variant(), to.variant());
    if from.len() != to.len() {
        return None;
    }
    let mut steps = from.iter().zip(&to).map(|(from, to)| step(from, to, today));
    steps.try_fold(VariantStep::Same, |furthest, step| Some(furthest.max(step?)))
}

fn step(from: &Variant<'_>, to: &Variant<'_>, today: Date) -> Option<VariantStep> {
    if from.numbers == to.numbers {
        return Some(VariantStep::Same);
    }
    if to.numbers < from.numbers {
        return None;
    }
    // What is built on the next release before it is out is there to be tried.
    let is_out = |variant: &Variant<'_>| variant.distribution.is_none_or(|of| of.is_out(&variant.numbers, today));
    if is_out(from) && !is_out(to) {
        return None;
    }
    let same_major = from.numbers.first() == to.numbers.first();
    match (from.distribution, from.word) {
        // Every number of Ubuntu is a release of its own, and few releases are meant to stay.
        (Some(Distribution::Ubuntu), _) => (!Distribution::ubuntu_lasts(&from.numbers)
            || Distribution::ubuntu_lasts(&to.numbers))
        .then_some(VariantStep::Base),
        (Some(_), _) if !same_major => Some(VariantStep::Base),
        // A number without a word is a second version of the image: the 3.4 of `16-3.4`.
        (Some(_), _) | (None, "") if same_major => Some(VariantStep::Along),
        (None, _) if same_major => Some(VariantStep::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 23);

    #[test]
    fn steps_of_variants() {
        for (from, to, expected) in [
            ("9.1.0-alpine3.23", "9.1.1-alpine3.23", Some(VariantStep::Same)),
            ("9.1.0-alpine3.23", "9.1.1-alpine3.24", Some(VariantStep::Along)),
            ("9.1.0-alpine3.23", "9.1.1-alpine3.9", None),
            ("3.12-slim-bookworm", "3.12-slim-trixie", Some(VariantStep::Base)),
            ("3.12-slim-trixie", "3.14-slim-bookworm", None),
            ("12.4.1-cudnn-devel-ubuntu22.04", "12.4.1-cudnn-devel-ubuntu24.04", Some(VariantStep::Base)),
            ("12.4.1-cudnn-devel-ubuntu22.04", "12.4.1-cudnn-devel-ubuntu24.10", None),
            ("12.4.1-ubuntu23.10", "12.4.1-ubuntu24.10", Some(VariantStep::Base)),
            ("21-jdk-jammy", "21-jdk-noble", Some(VariantStep::Base)),
            ("jammy-20240111", "noble-20240801", Some(VariantStep::Base)),
            ("1.2.3-debian-12-r4", "1.2.4-debian-13-r0", Some(VariantStep::Base)),
            ("16-3.4", "16-3.5", Some(VariantStep::Along)),
            ("6.4-php8.2-apache", "6.5-php8.3-apache", Some(VariantStep::Other)),
            ("10.1-jdk17", "10.1-jdk21", None),
            ("0.5-python3.12-bookworm", "0.9-python3.13-trixie", Some(VariantStep::Base)),
            ("bookworm-20240311-slim", "forky-20260803-slim", None),
            ("forky-20260803-slim", "duke-20260803-slim", Some(VariantStep::Base)),
        ] {
            let (from, to) = (Tag::parse(from), Tag::parse(to));
            assert_eq!(from.family(), to.family(), "{from} {to}");
            assert_eq!(variant_step(&from, &to, TODAY), expected, "{from} {to}");
        }
        let name =
            |from: &str, to: &str| Ways::from(&Tag::parse(from), TODAY).base_name(&Tag::parse(to)).map(str::to_owned);
        assert_eq!(name("1-ubuntu22.04", "1-ubuntu24.04").as_deref(), Some("ubuntu24.04"));
        assert_eq!(name("3-slim-bookworm", "3-slim-trixie").as_deref(), Some("trixie"));
        assert_eq!(name("3-alpine3.22", "3-alpine3.23"), None);
    }
}

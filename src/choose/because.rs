//! Why a tag was chosen and newer ones were not, in one sentence; and what is missing where a variant
//! is no longer published.

use super::offer::Offer;
use super::reach::crosses;
use crate::image::Repository;
use crate::skip::Reason;
use crate::version::{Class, Tag, Version};

/// What else is known of the choice.
#[derive(Default)]
pub(super) struct Known {
    /// Why, where the tag is the newest of nothing.
    pub(super) otherwise: &'static str,
    /// What held back a newer tag.
    pub(super) reason: Option<Reason>,
    /// Whether newer major versions were left to another merge request, or to nobody.
    pub(super) majors: bool,
}

/// Why this tag.
pub(super) fn sentence(repository: &Repository, tag: &Tag, index: &Offer<'_>, known: &Known) -> String {
    let image = repository.familiar();
    let text = tag.text();
    let mut sentence = format!("{image}:{text} exists");
    let Some(version) = tag.version() else { return sentence };
    let is_newest_of =
        |parts: usize| index.newest(tag, version.truncate(parts)).is_some_and(|newest| newest.text() == text);
    let scope = (0..version.parts().len()).find(|parts| is_newest_of(*parts));
    let missing = missing_variant(repository, tag, index, |_| true);
    let is_pre_release = version.is_pre_release();
    match scope {
        Some(0) if is_pre_release => sentence += " and is the newest pre-release",
        Some(0) if missing.is_some() => {
            sentence += " and is the newest release for ";
            sentence += variant_name(tag);
        }
        Some(0) => sentence += " and is the newest release",
        Some(parts) => {
            sentence += " and is the newest release of ";
            sentence += leading(tag, parts);
        }
        None => sentence += known.otherwise,
    }
    let mut add = |what: &str| {
        sentence += "; ";
        sentence += what;
    };
    match (&known.reason, missing, newer_major(tag, index)) {
        (Some(reason), ..) => add(&short(reason, image)),
        _ if let Some(ignored) = index.newest_ignored(tag, |other| known.majors || !crosses(tag, other)) => {
            add(&format!("{} is ignored", ignored.text()));
        }
        _ if let Some(Reason::OffChannel { newest }) =
            index.newest_off_channel(tag, |other| known.majors || !crosses(tag, other)) =>
        {
            let tag = newest.strip_prefix(&format!("{image}:")).unwrap_or(&newest);
            add(&format!("{tag} is of another channel"));
        }
        _ if let Some(reason) = index.newest_too_young(tag, false, |other| known.majors || !crosses(tag, other)) => {
            add(&short(&reason, image));
        }
        (None, Some(reason), _) if scope == Some(0) => add(&short(&reason, image)),
        (None, _, Some(newest)) if known.majors => add(&format!("{} is a new major version", newest.text())),
        _ => {
            if let Some(pre_release) = index.newest_pre_release(tag).filter(|_| scope == Some(0)) {
                add(&format!("{} is a pre-release", pre_release.text()));
            }
        }
    }
    sentence
}

/// A reason, where the sentence has named the image already.
fn short(reason: &Reason, image: &str) -> String {
    match reason {
        Reason::NotPublished { image: other, tag, .. } if other == image => format!("{tag} is not published"),
        Reason::NotPublished { image: other, tag, .. } => format!("{other}:{tag} is not published"),
        // The day that it opens may change with every build of the image; what a merge request says should not.
        Reason::TooYoung { newest, .. } => {
            let of_image = newest.strip_prefix(image).and_then(|rest| rest.strip_prefix(':'));
            format!("{} is not old enough yet", of_image.unwrap_or(newest))
        }
        other => other.to_string(),
    }
}

/// The first numbers of the version, as they are written.
fn leading(tag: &Tag, parts: usize) -> &str {
    let start = tag.version_span().start;
    let end = parts.checked_sub(1).and_then(|last| tag.number_spans().skip_while(|span| span.start < start).nth(last));
    end.and_then(|span| tag.text().get(start..span.end)).unwrap_or(tag.version_text())
}

/// A newer release that `allowed` admits exists, but not in the variant of `chosen`.
pub(super) fn missing_variant(
    repository: &Repository,
    chosen: &Tag,
    index: &Offer<'_>,
    allowed: impl Fn(&Tag) -> bool,
) -> Option<Reason> {
    let suffix = chosen.suffix();
    let version = chosen.version()?;
    if suffix.is_empty() {
        return None;
    }
    let plain = Tag::parse(chosen.text().strip_suffix(suffix)?);
    let (newest, newest_version) = index.newer(&plain).find(|(tag, _)| allowed(tag))?;
    let composed = format!("{}{suffix}", newest.text());
    let of_variant = index.newest(chosen, &[]);
    let kept_up = of_variant.and_then(Tag::version).is_some_and(|newest| newest >= newest_version);
    if newest_version <= version || kept_up || index.has(&composed) {
        return None;
    }
    Some(not_published(repository, index, chosen, composed))
}

/// A newer release that `allowed` admits exists, but so far only more precisely than `chosen` is written.
pub(super) fn longer_only(
    repository: &Repository,
    chosen: &Tag,
    index: &Offer<'_>,
    allowed: impl Fn(&Tag) -> bool,
) -> Option<Reason> {
    let longer = index.longer_only(chosen, allowed).filter(|_| chosen.class() == Class::Version)?;
    let awaited = format!("{}{}{}", longer.prefix(), leading(longer, chosen.precision()), longer.suffix());
    let awaited = format!("{} {awaited}", repository.familiar());
    Some(Reason::LongerOnly { awaited, longer: longer.text().to_owned() })
}

/// `tag` would be the successor of `current`, and does not exist.
pub(super) fn not_published(repository: &Repository, index: &Offer<'_>, current: &Tag, tag: String) -> Reason {
    let variant = variant_name(current);
    Reason::NotPublished {
        image: repository.familiar().to_owned(),
        tag,
        newest: index.newest(current, &[]).map(|tag| tag.version_text().to_owned()),
        variant: (!variant.is_empty()).then(|| variant.to_owned()),
    }
}

fn variant_name(tag: &Tag) -> &str {
    tag.suffix().trim_start_matches(['-', '.', '_'])
}

/// The newest release of another major version, if `tag` has fallen behind it.
pub(super) fn newer_major<'i>(tag: &Tag, index: &Offer<'i>) -> Option<&'i Tag> {
    let newest = index.newest(tag, &[])?;
    let is_above = newest.version().map(Version::major) > tag.version().map(Version::major);
    (is_above && crosses(tag, newest)).then_some(newest)
}

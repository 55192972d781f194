//! Asks registries, or a recording of what they said before, and keeps what was said.
//!
//! Must never know: what the answers are for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::image::Repository;
use crate::registry::{Counts, Failure, Registries};
use crate::skip::Reason;
use crate::store::recording::{RecordedFailure, RecordedImage, Recording};

/// Where answers come from. All repositories of one command share it, so that each list is fetched once.
#[derive(Debug)]
pub struct Lookups {
    registries: Option<Registries>,
    recording: RefCell<Recording>,
}

/// A look-up without a usable result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// What the places that use the image are told.
    pub reason: Reason,
    /// Whether the registry did answer, so that the run is complete all the same.
    pub answered: bool,
}

/// What happens during look-ups, for a progress display.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// So many look-ups are about to be made.
    Started(usize),
    /// One is done.
    Answered(&'a Repository),
}

impl Lookups {
    /// Asks registries; `now` is when.
    #[must_use]
    pub fn live(registries: Registries, now: Timestamp) -> Self {
        Self { registries: Some(registries), recording: RefCell::new(Recording::new(now)) }
    }

    /// Asks nobody.
    #[must_use]
    pub fn recorded(recording: Recording) -> Self {
        Self { registries: None, recording: RefCell::new(recording) }
    }

    /// When the answers were given.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.recording.borrow().recorded
    }

    /// Everything that was said, to be replayed.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.recording.borrow().clone()
    }

    /// The requests that were sent.
    #[must_use]
    pub fn requests(&self) -> Counts {
        self.registries.as_ref().map(Registries::requests).unwrap_or_default()
    }

    /// The tags of some images.
    pub async fn tags(
        &self,
        images: &BTreeSet<Repository>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<(Repository, Result<Vec<String>, Gap>)> {
        if let Some(registries) = &self.registries {
            let unknown: Vec<&Repository> = images
                .iter()
                .filter(|image| !self.recording.borrow().images.contains_key(&image.to_string()))
                .collect();
            progress(Event::Started(unknown.len()));
            let asked = unknown.into_iter().map(async |image| {
                let recorded = match registries.tags(image).await {
                    Ok(list) => RecordedImage {
                        tags: Some(list.tags.clone()),
                        incomplete: list.incomplete.clone(),
                        ..RecordedImage::default()
                    },
                    Err(failure) => RecordedImage { failure: Some(failed(&failure)), ..RecordedImage::default() },
                };
                self.recording.borrow_mut().images.insert(image.to_string(), recorded);
                progress(Event::Answered(image));
            });
            join_all(asked).await;
        }
        let recording = self.recording.borrow();
        images.iter().map(|image| (image.clone(), answer(recording.images.get(&image.to_string())))).collect()
    }

    /// The digests of some tags.
    pub async fn digests(
        &self,
        tags: &BTreeSet<(Repository, String)>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<((Repository, String), Result<String, Gap>)> {
        progress(Event::Started(tags.len()));
        let asked = tags.iter().map(async |(image, tag)| {
            let key = image.to_string();
            let known = self.recording.borrow().images.get(&key).and_then(|image| recorded_digest(image, tag));
            let digest = match (known, &self.registries) {
                (Some(known), _) => known,
                (None, None) => Err(Gap {
                    reason: Reason::LookupFailed { why: format!("the snapshot has no digest of {tag}") },
                    answered: false,
                }),
                (None, Some(registries)) => {
                    let answer = registries.digest(image, tag).await;
                    let mut recording = self.recording.borrow_mut();
                    let recorded = recording.images.entry(key).or_default();
                    match answer {
                        Ok(digest) => {
                            recorded.digests.insert(tag.clone(), digest.to_string());
                            Ok(digest.to_string())
                        }
                        Err(failure) => {
                            let failure = failed(&failure);
                            recorded.digest_failures.insert(tag.clone(), failure.clone());
                            Err(digest_gap(failure))
                        }
                    }
                }
            };
            progress(Event::Answered(image));
            ((image.clone(), tag.clone()), digest)
        });
        join_all(asked).await
    }
}

fn failed(failure: &Failure) -> RecordedFailure {
    RecordedFailure { kind: failure.kind().to_owned(), message: failure.to_string() }
}

fn answer(recorded: Option<&RecordedImage>) -> Result<Vec<String>, Gap> {
    let Some(recorded) = recorded else {
        return Err(Gap {
            reason: Reason::LookupFailed { why: "the snapshot does not have this image".to_owned() },
            answered: false,
        });
    };
    match (&recorded.tags, &recorded.incomplete, &recorded.failure) {
        (_, _, Some(failure)) => Err(gap(failure)),
        (_, Some(why), None) => Err(Gap { reason: Reason::ListIncomplete { why: why.clone() }, answered: false }),
        (Some(tags), None, None) => Ok(tags.clone()),
        (None, None, None) => Err(Gap {
            reason: Reason::LookupFailed { why: "the snapshot does not have its tags".to_owned() },
            answered: false,
        }),
    }
}

fn recorded_digest(image: &RecordedImage, tag: &str) -> Option<Result<String, Gap>> {
    let failure = || image.digest_failures.get(tag).cloned().map(|failure| Err(digest_gap(failure)));
    image.digests.get(tag).cloned().map(Ok).or_else(failure)
}

/// That a tag of the list is gone says nothing about the image.
fn digest_gap(failure: RecordedFailure) -> Gap {
    match failure.kind.as_str() {
        "not-found" => Gap { reason: Reason::LookupFailed { why: failure.message }, answered: true },
        _ => gap(&failure),
    }
}

fn gap(failure: &RecordedFailure) -> Gap {
    match failure.kind.as_str() {
        "not-found" => Gap { reason: Reason::ImageNotFound, answered: true },
        "refused" => {
            let host = failure.message.split_whitespace().next().unwrap_or_default().to_owned();
            Gap { reason: Reason::RefusedHost { host }, answered: true }
        }
        _ => Gap { reason: Reason::LookupFailed { why: failure.message.clone() }, answered: false },
    }
}

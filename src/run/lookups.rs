//! Asks registries, or a recording of what they said before, and keeps what was said.
//!
//! Must never know: what the answers are for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::choose::catalogue::Index;
use crate::config::days::Days;
use crate::cycle::Product;
use crate::image::Repository;
use crate::lifecycle::Lifecycles;
use crate::platform::Platform;
use crate::registry::{Counts, Failure, Registries, TagList};
use crate::skip::Reason;
use crate::store::ledger::{Ledger, LedgerError, Seen};
use crate::store::recording::{RecordedFailure, RecordedImage, RecordedProduct, Recording};

/// Where answers come from. All repositories of one command share it, so that each list is fetched once.
#[derive(Debug)]
pub struct Lookups {
    registries: Option<Registries>,
    lifecycles: Option<Lifecycles>,
    ledger: Option<RefCell<Ledger>>,
    /// Whether anybody wanted to know how old tags are, and what went wrong first.
    ages: RefCell<Ages>,
    time: Timestamp,
    known: RefCell<BTreeMap<Repository, Known>>,
    indices: RefCell<HashMap<Repository, Arc<Index>>>,
}

/// What the ledger was asked.
#[derive(Debug, Default)]
struct Ages {
    asked: bool,
    fault: Option<LedgerError>,
}

/// What was said about an image.
#[derive(Debug, Default)]
struct Known {
    tags: Option<Result<Arc<TagList>, RecordedFailure>>,
    digests: Answers<String>,
    builds: Answers<BTreeMap<String, String>>,
    created: Answers<Option<Timestamp>>,
    /// With the day before which days make no difference.
    seen: Option<(Date, Seen)>,
    product: Option<RecordedProduct>,
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
    /// Asks registries, and for release cycles if somebody is to be asked; `now` is when.
    #[must_use]
    pub fn live(registries: Registries, lifecycles: Option<Lifecycles>, now: Timestamp) -> Self {
        Self {
            registries: Some(registries),
            lifecycles,
            ledger: None,
            ages: RefCell::default(),
            time: now,
            known: RefCell::default(),
            indices: RefCell::default(),
        }
    }

    /// The same, with what is remembered of tags.
    #[must_use]
    pub fn with_ledger(self, ledger: Option<Ledger>) -> Self {
        Self { ledger: ledger.map(RefCell::new), ..self }
    }

    /// Asks nobody.
    #[must_use]
    pub fn recorded(recording: Recording) -> Self {
        let known = recording.images.into_iter().filter_map(|(image, recorded)| {
            // A name that is no image is one that nobody asks for.
            let image = Repository::parse(&image).ok()?;
            let tags = match (recorded.failure, recorded.tags) {
                (Some(failure), _) => Some(Err(failure)),
                (None, Some(tags)) => Some(Ok(Arc::new(TagList { tags, incomplete: recorded.incomplete }))),
                (None, None) => None,
            };
            let digests = joined(recorded.digests, recorded.digest_failures);
            let builds = joined(recorded.builds, recorded.build_failures);
            let created = joined(recorded.created, recorded.created_failures);
            let (seen, product) = (recorded.seen.map(|seen| (Date::MIN, seen)), recorded.product);
            Some((image, Known { tags, digests, builds, created, seen, product }))
        });
        let known = RefCell::new(known.collect());
        Self {
            registries: None,
            lifecycles: None,
            ledger: None,
            ages: RefCell::default(),
            time: recording.recorded,
            known,
            indices: RefCell::default(),
        }
    }

    /// When the answers were given.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The day on which the answers were given.
    #[must_use]
    pub fn today(&self) -> Date {
        self.time.to_zoned(TimeZone::UTC).date()
    }

    /// Everything that was said, to be replayed.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let mut recording = Recording::new(self.time);
        for (image, known) in self.known.borrow().iter() {
            let (tags, incomplete, failure) = match &known.tags {
                Some(Ok(list)) => (Some(list.tags.clone()), list.incomplete.clone(), None),
                Some(Err(failure)) => (None, None, Some(failure.clone())),
                None => (None, None, None),
            };
            let (seen, product) = (known.seen.as_ref().map(|(_, seen)| seen.clone()), known.product.clone());
            let (digests, digest_failures) = apart(&known.digests);
            let (builds, build_failures) = apart(&known.builds);
            let (created, created_failures) = apart(&known.created);
            let recorded = RecordedImage {
                tags,
                incomplete,
                failure,
                digests,
                digest_failures,
                builds,
                build_failures,
                created,
                created_failures,
                seen,
                product,
            };
            recording.images.insert(image.to_string(), recorded);
        }
        recording
    }

    /// The requests that were sent for release cycles.
    #[must_use]
    pub fn cycle_requests(&self) -> u64 {
        self.lifecycles.as_ref().map_or(0, Lifecycles::requests)
    }

    /// The requests that were sent to registries.
    #[must_use]
    pub fn requests(&self) -> Counts {
        self.registries.as_ref().map(Registries::requests).unwrap_or_default()
    }

    /// The tags of an image in order, which takes longer than to read them: it is done once.
    pub fn index(&self, image: &Repository, list: &TagList) -> Arc<Index> {
        let mut indices = self.indices.borrow_mut();
        Arc::clone(indices.entry(image.clone()).or_insert_with(|| Arc::new(Index::new(&list.tags))))
    }

    /// The tags of some images.
    pub async fn tags(
        &self,
        images: &BTreeSet<Repository>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<(Repository, Result<Arc<TagList>, Gap>)> {
        if let Some(registries) = &self.registries {
            let unknown: Vec<&Repository> =
                images.iter().filter(|image| self.unanswered(image, |known| known.tags.is_none())).collect();
            progress(Event::Started(unknown.len()));
            let asked = unknown.into_iter().map(async |image| {
                let tags = registries.tags(image).await.map_err(|failure| failed(&failure));
                self.known.borrow_mut().entry(image.clone()).or_default().tags = Some(tags);
                progress(Event::Answered(image));
            });
            join_all(asked).await;
        }
        let known = self.known.borrow();
        images.iter().map(|image| (image.clone(), answer(known.get(image)))).collect()
    }

    /// The products that some images are of: each image of which anything is known, if only that nobody
    /// knows its product.
    pub async fn products(
        &self,
        images: &BTreeSet<Repository>,
    ) -> BTreeMap<Repository, Result<Option<Arc<Product>>, String>> {
        if let Some(lifecycles) = &self.lifecycles {
            let unknown = images.iter().filter(|image| self.unanswered(image, |known| known.product.is_none()));
            let asked = unknown.map(async |image| {
                let product = match lifecycles.product(image).await {
                    Ok(Some(product)) => RecordedProduct::Known(product),
                    Ok(None) => RecordedProduct::Unknown,
                    Err(failure) => RecordedProduct::Failed(RecordedFailure {
                        kind: failure.kind().to_owned(),
                        message: failure.to_string(),
                    }),
                };
                self.known.borrow_mut().entry(image.clone()).or_default().product = Some(product);
            });
            join_all(asked).await;
        }
        let known = self.known.borrow();
        let answers = images.iter().filter_map(|image| {
            let product = match known.get(image)?.product.clone()? {
                RecordedProduct::Known(product) => Ok(Some(product)),
                RecordedProduct::Unknown => Ok(None),
                RecordedProduct::Failed(failure) => Err(failure.message),
            };
            Some((image.clone(), product))
        });
        answers.collect()
    }

    fn unanswered(&self, image: &Repository, lacks: impl Fn(&Known) -> bool) -> bool {
        self.known.borrow().get(image).is_none_or(lacks)
    }

    /// What some tags are built for.
    pub async fn builds(
        &self,
        tags: &BTreeSet<(Repository, String)>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<((Repository, String), Result<BTreeMap<Platform, String>, Gap>)> {
        let ask = async |registries: &Registries, image: &Repository, tag: &str| {
            let builds = registries.builds(image, tag).await?;
            Ok(builds.iter().map(|(platform, digest)| (platform.to_string(), digest.to_string())).collect())
        };
        let lacks = |tag: &str| format!("the snapshot does not say what {tag} is built for");
        let answers = self.of_tags(tags, progress, |known| &mut known.builds, ask, lacks).await;
        answers.into_iter().map(|(tag, builds)| (tag, builds.map(by_platform))).collect()
    }

    /// The days on which the images behind some tags were built, where they say so.
    pub async fn created(
        &self,
        tags: &BTreeSet<(Repository, String)>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<((Repository, String), Result<Option<Date>, Gap>)> {
        let ask = async |registries: &Registries, image: &Repository, tag: &str| registries.created(image, tag).await;
        let lacks = |tag: &str| format!("the snapshot does not say when {tag} was built");
        let answers = self.of_tags(tags, progress, |known| &mut known.created, ask, lacks).await;
        let day = |time: Option<Timestamp>| time.map(|time| time.to_zoned(TimeZone::UTC).date());
        answers.into_iter().map(|(tag, created)| (tag, created.map(day))).collect()
    }

    /// Since when the tags of an image are there, if anybody remembers; days that are further back than `longest`
    /// make no difference.
    pub fn seen(&self, image: &Repository, list: &TagList, longest: Days) -> Option<Seen> {
        self.ages.borrow_mut().asked = true;
        let from = longest.before(self.today());
        let known =
            |known: &Known| known.seen.as_ref().filter(|(known, _)| *known <= from).map(|(_, seen)| seen.clone());
        if let Some(seen) = self.known.borrow().get(image).and_then(known) {
            return Some(seen);
        }
        match self.ledger.as_ref()?.borrow().seen(&image.to_string(), &list.tags, self.today(), from) {
            Ok(seen) => {
                self.known.borrow_mut().entry(image.clone()).or_default().seen = Some((from, seen.clone()));
                Some(seen)
            }
            // One fault tells enough; without its days, nothing counts as old enough that does not prove it.
            Err(fault) => {
                self.ages.borrow_mut().fault.get_or_insert(fault);
                None
            }
        }
    }

    /// Notes in the ledger which tags there are today, if anybody wants to know how old tags are. Lists that are
    /// not known, or not known as a whole, leave it as it is.
    pub fn keep_ledger(&self) -> Result<(), LedgerError> {
        let ages = self.ages.take();
        if let Some(fault) = ages.fault {
            return Err(fault);
        }
        let Some(ledger) = self.ledger.as_ref().filter(|_| ages.asked) else { return Ok(()) };
        let known = self.known.borrow();
        let lists = known.iter().filter_map(|(image, known)| match &known.tags {
            Some(Ok(list)) if list.incomplete.is_none() => Some((image.to_string(), list.tags.as_slice())),
            _ => None,
        });
        ledger.borrow_mut().note(lists, self.today())
    }

    /// The digests of some tags.
    pub async fn digests(
        &self,
        tags: &BTreeSet<(Repository, String)>,
        progress: &dyn Fn(Event<'_>),
    ) -> Vec<((Repository, String), Result<String, Gap>)> {
        let ask = async |registries: &Registries, image: &Repository, tag: &str| {
            registries.digest(image, tag).await.map(|digest| digest.to_string())
        };
        let lacks = |tag: &str| format!("the snapshot has no digest of {tag}");
        self.of_tags(tags, progress, |known| &mut known.digests, ask, lacks).await
    }

    /// What is known of some tags, else what registries say, which is kept as `answers`; `lacks` says what a
    /// snapshot does not have.
    async fn of_tags<T: Clone>(
        &self,
        tags: &BTreeSet<(Repository, String)>,
        progress: &dyn Fn(Event<'_>),
        answers: impl Fn(&mut Known) -> &mut Answers<T>,
        ask: impl AsyncFn(&Registries, &Repository, &str) -> Result<T, Failure>,
        lacks: impl Fn(&str) -> String,
    ) -> Vec<((Repository, String), Result<T, Gap>)> {
        progress(Event::Started(tags.len()));
        let asked = tags.iter().map(async |(image, tag)| {
            let known = self.known.borrow_mut().get_mut(image).and_then(|known| answers(known).get(tag).cloned());
            let answer = match (known, &self.registries) {
                (Some(known), _) => known.map_err(digest_gap),
                (None, None) => Err(Gap { reason: Reason::LookupFailed { why: lacks(tag) }, answered: false }),
                (None, Some(registries)) => {
                    let answer = ask(registries, image, tag).await.map_err(|failure| failed(&failure));
                    let mut known = self.known.borrow_mut();
                    answers(known.entry(image.clone()).or_default()).insert(tag.clone(), answer.clone());
                    answer.map_err(digest_gap)
                }
            };
            progress(Event::Answered(image));
            ((image.clone(), tag.clone()), answer)
        });
        join_all(asked).await
    }
}

/// What a snapshot knows of a platform that it cannot name is nothing.
fn by_platform(builds: BTreeMap<String, String>) -> BTreeMap<Platform, String> {
    builds.into_iter().filter_map(|(platform, digest)| Some((Platform::parse(&platform)?, digest))).collect()
}

/// Answers by tag, as a recording keeps them.
type Answers<T> = BTreeMap<String, Result<T, RecordedFailure>>;

fn joined<T>(answers: BTreeMap<String, T>, failures: BTreeMap<String, RecordedFailure>) -> Answers<T> {
    let answers = answers.into_iter().map(|(tag, answer)| (tag, Ok(answer)));
    answers.chain(failures.into_iter().map(|(tag, failure)| (tag, Err(failure)))).collect()
}

fn apart<T: Clone>(answers: &Answers<T>) -> (BTreeMap<String, T>, BTreeMap<String, RecordedFailure>) {
    let (mut good, mut failures) = (BTreeMap::new(), BTreeMap::new());
    for (tag, answer) in answers {
        match answer {
            Ok(answer) => drop(good.insert(tag.clone(), answer.clone())),
            Err(failure) => drop(failures.insert(tag.clone(), failure.clone())),
        }
    }
    (good, failures)
}

fn failed(failure: &Failure) -> RecordedFailure {
    RecordedFailure { kind: failure.kind().to_owned(), message: failure.to_string() }
}

fn answer(known: Option<&Known>) -> Result<Arc<TagList>, Gap> {
    let lacking = |what: &str| Gap { reason: Reason::LookupFailed { why: what.to_owned() }, answered: false };
    let Some(known) = known else { return Err(lacking("the snapshot does not have this image")) };
    match &known.tags {
        None => Err(lacking("the snapshot does not have its tags")),
        Some(Err(failure)) => Err(gap(failure)),
        Some(Ok(list)) => match &list.incomplete {
            Some(why) => Err(Gap { reason: Reason::ListIncomplete { why: why.clone() }, answered: false }),
            None => Ok(Arc::clone(list)),
        },
    }
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

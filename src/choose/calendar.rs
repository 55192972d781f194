//! The day, and the release cycles of the images in question: what is over, what soon will be.
//!
//! Must never know: who knows about release cycles, policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::cycle::{Cycle, End, Product};
use crate::distribution::Distribution;
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Feed, Links};
use crate::skip::Reason;
use crate::text::Site;
use crate::version::Tag;

/// So many days ahead people are warned.
const AHEAD: i32 = 90;

/// What is known of release cycles on a day.
#[derive(Clone, Default, Debug)]
pub struct Calendar {
    today: Date,
    products: BTreeMap<Repository, Result<Option<Arc<Product>>, String>>,
}

/// A place whose version is no longer supported, or not for long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ending {
    /// Where the version is typed.
    pub site: Site,
    /// The image.
    pub image: Repository,
    /// What stands there.
    pub value: String,
    /// The release cycle, as people call it: `Python 3.9`.
    pub cycle: String,
    /// The last day of support; `None` if it is over and nobody says since when.
    pub last_day: Option<Date>,
    /// Whether it is over.
    pub is_over: bool,
}

impl Calendar {
    /// What is known of `products` on a day.
    #[must_use]
    pub fn new(today: Date, products: BTreeMap<Repository, Result<Option<Arc<Product>>, String>>) -> Self {
        Self { today, products }
    }

    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        self.today
    }

    /// The release cycles of an image, or why they are not known.
    pub fn product(&self, image: &Repository) -> Result<&Product, Reason> {
        match self.products.get(image) {
            Some(Ok(Some(product))) => Ok(product),
            Some(Ok(None)) => Err(Reason::NoCycles { image: image.familiar().to_owned() }),
            Some(Err(why)) => Err(Reason::CyclesUnknown { image: image.familiar().to_owned(), why: why.clone() }),
            None => {
                let why = "nobody was asked (lifecycle.enabled = false, or a snapshot without them)".to_owned();
                Err(Reason::CyclesUnknown { image: image.familiar().to_owned(), why })
            }
        }
    }

    /// Why nothing is known of some image, if a look-up failed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.products.values().find_map(|product| product.as_ref().err()).map(String::as_str)
    }

    /// The product and the release cycle that a tag of an image is of.
    #[must_use]
    pub fn cycle_of(&self, image: &Repository, tag: &Tag) -> Option<(&Product, &Cycle)> {
        let product = self.product(image).ok()?;
        Some((product, product.cycle_of(tag)?))
    }

    /// The places whose versions are over or will be soon, those of the distributions that images are based
    /// on included.
    #[must_use]
    pub fn endings(&self, links: &Links) -> Vec<Ending> {
        let mut endings = BTreeSet::new();
        for dependency in &links.dependencies {
            for spelled in dependency.feeds.iter().flat_map(|feed| spelled(links, feed)) {
                let tag = &spelled.tag;
                let own = self.cycle_of(&dependency.repository, tag).map(|of| (of, tag.version_span().start));
                let variants = tag.variant();
                let bases = variants.iter().filter_map(|variant| {
                    let product = self.product(&image_of(variant.distribution?)?).ok()?;
                    Some(((product, product.cycle(&variant.numbers)?), variant.span.start))
                });
                for ((product, cycle), at) in own.into_iter().chain(bases) {
                    let Some((last_day, is_over)) = self.ending(cycle) else { continue };
                    let (site, value) = spelled.place(at).unwrap_or((&dependency.site, tag.text()));
                    endings.insert(Ending {
                        site: site.clone(),
                        image: dependency.repository.clone(),
                        value: value.to_owned(),
                        cycle: format!("{} {}", product.label, cycle.name),
                        last_day,
                        is_over,
                    });
                }
            }
        }
        endings.into_iter().collect()
    }

    /// The last day of a cycle, if people know it, and whether that is over; if it is, or soon will be.
    fn ending(&self, cycle: &Cycle) -> Option<(Option<Date>, bool)> {
        let is_over = cycle.has_ended(self.today);
        let last_day = match cycle.end {
            End::On(day) => Some(day),
            End::Past | End::Open => None,
        };
        let is_near = last_day.is_some_and(|day| (day - self.today).get_days() <= AHEAD);
        (is_over || is_near).then_some((last_day, is_over))
    }
}

/// The images whose release cycles say something about the tags in use.
#[must_use]
pub fn wanted(links: &Links) -> BTreeSet<Repository> {
    let mut wanted = BTreeSet::new();
    let mut bases = BTreeSet::new();
    for dependency in &links.dependencies {
        wanted.insert(dependency.repository.clone());
        for spelled in dependency.feeds.iter().flat_map(|feed| spelled(links, feed)) {
            let of_releases = spelled.tag.variant().into_iter().filter(|variant| !variant.numbers.is_empty());
            bases.extend(of_releases.filter_map(|variant| variant.distribution));
        }
    }
    wanted.extend(bases.into_iter().filter_map(image_of));
    wanted
}

/// A tag, and the places that it is put together from.
struct Spelled<'l> {
    tag: Tag,
    /// Where each part ends in the tag, its place if it is typed somewhere, and what stands there.
    parts: Vec<(usize, Option<&'l Site>, &'l str)>,
}

impl<'l> Spelled<'l> {
    /// The place of a byte of the tag.
    fn place(&self, at: usize) -> Option<(&'l Site, &'l str)> {
        let (_, site, text) = self.parts.iter().find(|(end, ..)| at < *end)?;
        Some(((*site)?, text))
    }
}

/// The tags of a feed: one for each value of each of its axes.
fn spelled<'l>(links: &'l Links, feed: &'l Feed) -> Vec<Spelled<'l>> {
    let axes = feed.axes();
    let rows = axes.iter().flat_map(|axis| (0..links.axis(*axis).entries.len()).map(|row| Some((*axis, row))));
    let mut rows: Vec<Option<(AxisId, usize)>> = rows.collect();
    if axes.is_empty() {
        rows.push(None);
    }
    let spell = |at: Option<(AxisId, usize)>| {
        let row = |axis: AxisId| match at {
            Some((chosen, row)) if chosen == axis => row,
            _ => 0,
        };
        let entry = |axis: AxisId| links.axis(axis).entries.get(row(axis));
        let (text, ranges) = links.tag(feed, |axis| entry(axis).map_or("", |(value, _)| value.as_str()));
        let parts = feed.parts.iter().zip(ranges).map(|(part, range)| match &part.content {
            Content::Slot(slot) => {
                let slot = links.slot(*slot);
                (range.end, Some(&slot.site), slot.value.as_str())
            }
            Content::Axis(axis) => match entry(*axis) {
                Some((value, entry)) => (range.end, Some(&entry.site), value.as_str()),
                None => (range.end, None, ""),
            },
            Content::Fixed(text, _, site) => (range.end, site.as_ref(), text.as_str()),
        });
        Spelled { tag: Tag::parse(&text), parts: parts.collect() }
    };
    rows.into_iter().map(spell).collect()
}

/// The image whose release cycles are those of a distribution, where there is an official one.
fn image_of(distribution: Distribution) -> Option<Repository> {
    let name = match distribution {
        Distribution::AlmaLinux => "almalinux",
        Distribution::Alpine => "alpine",
        Distribution::AmazonLinux => "amazonlinux",
        Distribution::CentOs => "centos",
        Distribution::Debian => "debian",
        Distribution::Fedora => "fedora",
        Distribution::OracleLinux => "oraclelinux",
        Distribution::Photon => "photon",
        Distribution::Rocky => "rockylinux",
        Distribution::Ubuntu => "ubuntu",
        Distribution::AzureLinux | Distribution::RedHat | Distribution::Suse => return None,
    };
    Repository::parse(name).ok()
}

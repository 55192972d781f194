//! tagalong keeps the image versions of Dockerfiles and CI pipelines moving together.
//!
//! # The corridor
//!
//! One run of one repository is one page, [`run`], and each stage is a room with one door:
//!
//! ```text
//! forge ─ Snapshot ─► scan ─ Findings ─► link ─ Knots ─► registry, lifecycle (read)
//!   ─► choose ─ Verdicts ─► plan ─ Branches ─► render ─ MergeRequests ─► report
//! ```
//!
//! # The map
//!
//! | room | takes | gives | must never know |
//! |---|---|---|---|
//! | [`text`] | bytes | `Snapshot`, `Site`, `Edit` | any format |
//! | [`image`] | text | `Reference`, `Repository` | registries |
//! | [`platform`] | `linux/arm64` | `Platform`, one spelling for each | who wants one |
//! | [`distribution`] | a word of a tag | `Distribution`, `Release` | tags |
//! | [`version`] | a tag | `Tag`, its line and its order | images |
//! | [`cycle`] | facts about a product | `Product`, the `Cycle` of a tag | where they are from |
//! | [`skip`] | | `Skip`, `Reason` | how a report looks |
//! | [`secret`] | a password | what never shows it | who asked |
//! | [`sha256`] | bytes | hexadecimal digits | what they are |
//! | [`web_link`] | a `Link` header | the next page | hosts |
//! | [`scan`] | `Snapshot` | `Findings` | registries, policy |
//! | [`registry`] | `Repository` | `TagList`, digests | files, dependencies |
//! | [`lifecycle`] | `Repository` | `Product` with its release cycles | tags, policy |
//! | [`store`] | look-ups | recordings to replay, since when tags are there | where they came from |
//! | [`forge`] | a place | `Snapshot` | formats |
//! | [`config`] | `bot.toml` | `Config` | what acts on it |
//! | [`link`] | `Findings` | `Knot`s of dependencies | formats, tags |
//! | [`choose`] | knots, tags, policy | verdicts with reasons | files |
//! | [`plan`] | verdicts | `Branch`es with edits | formats, registries |
//! | [`render`] | a branch | a proven `MergeRequest` | registries |
//! | [`publish`] | wishes, open requests | what to do about them | files, registries |
//! | [`run`] | all of the above | an `Outcome` | the command line |
//! | [`report`] | an `Outcome` | text, Markdown, JSON, findings for tools, descriptions | how it came about |
//! | [`service`] | a forge, settings | every repository served once | arguments, terminals |
//! | [`cli`] | arguments | an exit status | |
//!
//! # Laws
//!
//! 1. All imports point down the map.
//! 2. Only [`registry`], [`lifecycle`], [`store`], [`forge`] and [`cli`] do input and output; the clock is an argument.
//! 3. Nothing is dropped in silence: what was found and not updated leaves as a `Skip` with its site.
//! 4. A failed or incomplete look-up never reads as "up to date".

pub mod choose;
pub mod cli;
pub mod config;
pub mod cycle;
pub mod distribution;
pub mod forge;
pub mod image;
pub mod lifecycle;
pub mod link;
pub mod plan;
pub mod platform;
pub mod publish;
pub mod registry;
pub mod render;
pub mod report;
pub mod run;
pub mod scan;
pub mod secret;
pub mod service;
pub mod sha256;
pub mod skip;
pub mod store;
pub mod text;
pub mod version;
pub mod web_link;

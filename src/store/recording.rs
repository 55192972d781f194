//! A recording of look-ups: one JSON file that a later run replays instead of asking registries.
//!
//! The same look-ups give the same bytes, so that a recording can be kept under version control. What
//! a newer version adds is ignored when an older one reads. Must never know: registries, images' meaning.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::replace;
use super::ledger::Seen;
use crate::cycle::Product;

/// The format that is written, and the newest that is read.
pub const SCHEMA: u32 = 1;

/// All look-ups of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// The format: [`SCHEMA`].
    pub schema: u32,
    /// When the look-ups were made.
    pub recorded: Timestamp,
    /// What was learned, by the repository in full: `docker.io/library/python`.
    #[serde(default)]
    pub images: BTreeMap<String, RecordedImage>,
}

/// What was learned about a repository.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct RecordedImage {
    /// Its tags, sorted. Absent if they were not asked for or the look-up failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Why there may be more tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// Why there are no tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RecordedFailure>,
    /// Digests by tag, of the tags whose digest was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// Why there is no digest, by tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest_failures: BTreeMap<String, RecordedFailure>,
    /// Digests by platform, by tag, of the tags that were asked what they are built for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<String, BTreeMap<String, String>>,
    /// Why it is not known what a tag is built for, by tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub build_failures: BTreeMap<String, RecordedFailure>,
    /// When images were built, by tag, of the tags that were asked; nothing where the image does not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub created: BTreeMap<String, Option<Timestamp>>,
    /// Why it is not known when an image was built, by tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub created_failures: BTreeMap<String, RecordedFailure>,
    /// Since when its tags are there, as far as the ledger told. Absent without a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// What is known of its release cycles. Absent if nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<RecordedProduct>,
}

/// What was said when somebody asked which product an image is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedProduct {
    /// This one.
    Known(Arc<Product>),
    /// None that is known.
    Unknown,
    /// Nothing of use.
    Failed(RecordedFailure),
}

/// A look-up without a result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedFailure {
    /// The stable name: `not-found`, `refused`, `denied`, …
    pub kind: String,
    /// The words for people.
    pub message: String,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no recording.
    #[error("{}:{line}:{column}: {why}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// A newer version wrote it in a format that cannot be read any more.
    #[error("{} has schema {schema}; this version reads schema {SCHEMA}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
}

impl Recording {
    /// A recording without look-ups.
    #[must_use]
    pub fn new(recorded: Timestamp) -> Self {
        Self { schema: SCHEMA, recorded, images: BTreeMap::new() }
    }

    /// Reads a recording.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let text = fs::read(path).map_err(|source| RecordingError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses a recording; `path` is for messages.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, RecordingError> {
        /// Read first: of another format nothing else need make sense.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }

        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let fault = |error: &serde_json::Error| {
            let place = format!(" at line {} column {}", error.line(), error.column());
            let why = error.to_string();
            RecordingError::Parse {
                path: path.to_owned(),
                line: error.line().max(1),
                column: error.column().max(1),
                why: why.strip_suffix(&place).unwrap_or(&why).to_owned(),
            }
        };
        let Head { schema } = serde_json::from_slice(text).map_err(|error| fault(&error))?;
        if schema != SCHEMA {
            return Err(RecordingError::Schema { path: path.to_owned(), schema });
        }
        let mut recording: Self = serde_json::from_slice(text).map_err(|error| fault(&error))?;
        // A recording may be edited by hand; what is made of it must not depend on the order.
        for tags in recording.images.values_mut().filter_map(|image| image.tags.as_mut()) {
            tags.sort_unstable();
            tags.dedup();
        }
        Ok(recording)
    }

    /// The file's text. The same recording is always the same text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys can always be written as JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Writes a recording, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let fault = |source| RecordingError::Write { path: path.to_owned(), source };
        // A link stays a link, and a pipe or a terminal is simply written to.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&target) {
            Ok(metadata) if !metadata.is_file() => fs::write(&target, self.to_json()).map_err(fault),
            _ => replace(&target, self.to_json().as_bytes()).map_err(fault),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"{
  "schema": 1,
  "recorded": "2026-11-23T06:00:00Z",
  "images": {
    "docker.io/library/nope": {
      "failure": {
        "kind": "not-found",
        "message": "docker.io/library/nope does not exist"
      }
    },
    "docker.io/library/python": {
      "tags": [
        "3.12",
        "3.13"
      ],
      "incomplete": "a page came twice",
      "digests": {
        "3.12": "sha256:80bc692c888014fa722d06c4c49fa894d3fdb2ae3f2d9b4fe820da510a91e3c8"
      },
      "digest_failures": {
        "3.13": {
          "kind": "timed-out",
          "message": "docker.io did not answer within 30 s"
        }
      }
    }
  }
}
"#;

    fn parse(text: &str) -> Result<Recording, RecordingError> {
        Recording::parse(text.as_bytes(), Path::new("lookups.json"))
    }

    #[test]
    fn the_same_look_ups_give_the_same_bytes() {
        let recording = parse(SAMPLE).unwrap();
        assert_eq!(recording.images.len(), 2);
        assert_eq!(recording.to_json(), SAMPLE);
    }

    #[test]
    fn order_and_additions_make_no_difference() {
        let other = SAMPLE
            .replace("\"3.12\",\n        \"3.13\"", "\"3.13\", \"3.12\", \"3.13\"")
            .replace("\"schema\": 1,", "\"tool\": {\"name\": [1]}, \"schema\": 1,")
            .replace("\"incomplete\"", "\"dates\": {\"3.12\": 5}, \"incomplete\"");
        assert_ne!(other, SAMPLE);
        assert_eq!(parse(&format!("\u{feff}{other}")).unwrap().to_json(), SAMPLE);
    }

    #[test]
    fn faults_have_a_place() {
        for (text, message) in [
            (SAMPLE.replace("\"3.12\",\n", "3.12,\n"), "lookups.json:13:12: "),
            (
                SAMPLE.replace("\"schema\": 1", "\"schema\": 2"),
                "lookups.json has schema 2; this version reads schema 1",
            ),
            (SAMPLE.replace("2026-11-23T06:00:00Z", "yesterday"), "lookups.json:3:"),
            (SAMPLE[..60].to_owned(), "lookups.json:4:"),
            (String::new(), "lookups.json:1:1: EOF while parsing a value"),
            ("{}".to_owned(), "lookups.json:1:2: missing field `schema`"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error} instead of {message}");
        }
    }

    #[test]
    fn written_whole_and_nothing_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lookups.json");
        let recording = parse(SAMPLE).unwrap();
        for _ in 0..2 {
            recording.write(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), SAMPLE);
        }
        assert_eq!(Recording::read(&path).unwrap(), recording);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let error = recording.write(&directory.path().join("no/such/place.json")).unwrap_err().to_string();
        assert!(error.contains("place.json cannot be written"), "{error}");
        assert!(Recording::read(&directory.path().join("none.json")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file.json"), directory.path().join("link.json"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        parse(SAMPLE).unwrap().write(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), SAMPLE);
    }
}

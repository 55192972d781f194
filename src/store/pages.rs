//! Pages of lists from earlier runs, so that a registry or a forge need only say that nothing is new.
//!
//! A directory with a file a page. What cannot be read or written is as good as not there: then the
//! page is fetched again. Must never know: how a page is asked for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::atomic::replace_unforced;
use crate::sha256;

/// A page that no run has asked for in this time is removed.
const LONGEST_UNUSED: Duration = Duration::from_hours(30 * 24);
const SUFFIX: &str = ".page.json";
/// No entity tag is longer than a few dozen bytes.
const LONGEST_TAG: usize = 1024;

/// A page as it was received.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its entity tag, to ask whether it is still the same.
    pub etag: String,
    /// The `Link` headers that came with it.
    pub links: Vec<String>,
    /// Its text.
    pub body: String,
}

/// The pages in a directory.
#[derive(Debug)]
pub struct Pages {
    directory: PathBuf,
}

impl Pages {
    /// Uses a directory, which is made if need be, and removes what nobody used for long.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(directory)?;
        for entry in fs::read_dir(directory)?.flatten() {
            let old = entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(is_old);
            if old && entry.file_name().to_string_lossy().ends_with(SUFFIX) {
                // Another run may have removed it already.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { directory: directory.to_owned() })
    }

    /// The page at this address as it was last seen.
    #[must_use]
    pub fn get(&self, url: &str) -> Option<Page> {
        let page: Page = serde_json::from_slice(&fs::read(self.path(url)).ok()?).ok()?;
        (page.url == url).then_some(page)
    }

    /// Keeps a page.
    pub fn put(&self, page: &Page) {
        if page.etag.is_empty() || page.etag.len() > LONGEST_TAG {
            return;
        }
        let Ok(text) = serde_json::to_vec(page) else { return };
        if let Err(error) = replace_unforced(&self.path(&page.url), &text) {
            tracing::debug!(directory = %self.directory.display(), %error, "a page is not kept");
        }
    }

    /// Notes that a page was of use.
    pub fn touch(&self, url: &str) {
        if let Ok(file) = File::options().append(true).open(self.path(url)) {
            // At worst it is removed too early.
            let _ = file.set_modified(SystemTime::now());
        }
    }

    fn path(&self, url: &str) -> PathBuf {
        self.directory.join(sha256::hex(url.as_bytes()) + SUFFIX)
    }
}

fn is_old(modified: SystemTime) -> bool {
    SystemTime::now().duration_since(modified).is_ok_and(|age| age > LONGEST_UNUSED)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn page(url: &str) -> Page {
        Page {
            url: url.to_owned(),
            etag: "\"1\"".to_owned(),
            links: vec!["<x>; rel=next".to_owned()],
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn pages_come_back_until_nobody_wants_them() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("made/for/it");
        let pages = Pages::open(&place).unwrap();
        assert_eq!(pages.get("https://a/"), None);
        for url in ["https://a/", "https://b/"] {
            pages.put(&page(url));
            assert_eq!(Pages::open(&place).unwrap().get(url), Some(page(url)));
        }
        pages.put(&Page { etag: "x".repeat(2000), ..page("https://c/") });
        assert_eq!(pages.get("https://c/"), None);

        let long_ago = SystemTime::now() - Duration::from_hours(31 * 24);
        for url in ["https://a/", "https://b/"] {
            File::options().append(true).open(pages.path(url)).unwrap().set_modified(long_ago).unwrap();
        }
        fs::write(place.join("other.json"), "{}").unwrap();
        pages.touch("https://b/");
        let pages = Pages::open(&place).unwrap();
        assert_eq!((pages.get("https://a/"), pages.get("https://b/")), (None, Some(page("https://b/"))));
        assert!(place.join("other.json").exists());
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let pages = Pages::open(directory.path()).unwrap();
        pages.put(&page("https://a/"));
        let path = pages.path("https://a/");
        // The page of another address, by whatever accident.
        fs::copy(&path, pages.path("https://b/")).unwrap();
        assert_eq!(pages.get("https://b/"), None);
        fs::write(&path, "{\"url\":").unwrap();
        assert_eq!(pages.get("https://a/"), None);
        assert!(Pages::open(&path).is_err(), "a file is no directory");
    }
}

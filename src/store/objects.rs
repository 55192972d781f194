//! What never changes under its name: contents of files by their git id, trees by their commit.
//!
//! A directory with a file an object. Nothing is forced to the disk: what a crash has cut short is
//! told by its checksum, and is as good as not there. Must never know: what the bytes mean.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};

use crate::sha256;

/// An object that no run has asked for in this time is removed.
const LONGEST_UNUSED: Duration = Duration::from_hours(60 * 24);
/// How old a sign of use may become before it is renewed.
const RENEWED_AFTER: Duration = Duration::from_hours(24);
const SUFFIX: &str = ".object";

/// The objects in a directory.
#[derive(Debug)]
pub struct Objects {
    directory: PathBuf,
}

impl Objects {
    /// Uses a directory, which is made if need be, and removes what nobody used for long.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(directory)?;
        for entry in fs::read_dir(directory)?.flatten() {
            if entry.file_name().to_string_lossy().ends_with(SUFFIX) && age(&entry.path()) > Some(LONGEST_UNUSED) {
                // Another run may have removed it already.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { directory: directory.to_owned() })
    }

    /// The object of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut bytes = fs::read(&path).ok()?;
        let body = bytes.split_off(SHA256.output_len().min(bytes.len()));
        if digest(&SHA256, &body).as_ref() != bytes {
            return None;
        }
        if age(&path) > Some(RENEWED_AFTER) {
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        }
        Some(body)
    }

    /// Keeps an object, if that can be done.
    pub fn put(&self, name: &str, body: &[u8]) {
        let checksum = digest(&SHA256, body);
        if let Err(error) = fs::write(self.path(name), [checksum.as_ref(), body].concat()) {
            tracing::debug!("{name} is not kept: {error}");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(sha256::hex(name.as_bytes()) + SUFFIX)
    }
}

fn age(path: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(fs::metadata(path).ok()?.modified().ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::open(directory.path()).unwrap();
        assert_eq!(objects.get("a"), None);
        objects.put("a", b"first");
        objects.put("b", b"");
        assert_eq!(objects.get("a").as_deref(), Some(&b"first"[..]));
        assert_eq!(objects.get("b").as_deref(), Some(&b""[..]));
        let bytes = fs::read(objects.path("a")).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &bytes[..10], &[][..]] {
            fs::write(objects.path("a"), damaged).unwrap();
            assert_eq!(objects.get("a"), None);
        }
    }

    #[test]
    fn what_nobody_used_for_long_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::open(directory.path()).unwrap();
        objects.put("old", b"1");
        objects.put("new", b"2");
        let file = File::options().append(true).open(objects.path("old")).unwrap();
        file.set_modified(SystemTime::now() - LONGEST_UNUSED - Duration::from_mins(1)).unwrap();
        let objects = Objects::open(directory.path()).unwrap();
        assert_eq!((objects.get("old"), objects.get("new")), (None, Some(b"2".to_vec())));
    }
}

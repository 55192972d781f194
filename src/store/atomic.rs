//! Files that are replaced whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Replaces a file in one step, by way of a neighbour, and waits until it is on the disk.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    exchange(path, bytes, File::sync_all)
}

/// The same for what can be had again: a crash of the machine may leave it cut short.
pub(super) fn replace_unforced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    exchange(path, bytes, |_| Ok(()))
}

fn exchange(path: &Path, bytes: &[u8], force: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);

    let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidFilename.into()) };
    let mut neighbour_name = OsString::from(".");
    neighbour_name.push(name);
    neighbour_name.push(format!(".{}.{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let neighbour = path.with_file_name(neighbour_name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&neighbour)
        .and_then(|mut file: File| file.write_all(bytes).and_then(|()| force(&file)))
        .and_then(|()| fs::rename(&neighbour, path));
    if written.is_err() {
        // Nothing to be done if that fails as well; the first error is the one to report.
        let _ = fs::remove_file(&neighbour);
    }
    written
}

//! Since when tags are there: a file that remembers on which day each was seen first.
//!
//! Lists of tags in, days out. Only whole lists come in: what a list lacks has not been seen. A tag that was there
//! on the first look may be older; that look is all that is known of it. Losing the file loses no correctness:
//! what was old enough has to prove it again. Must never know: what anybody does with a day.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

/// Since when the tags of one image are there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The day on which its list was first looked at.
    pub first_look: Date,
    /// The days of tags that came later. Of what stands here not, nothing later than the first look is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub later: BTreeMap<String, Date>,
}

impl Seen {
    /// The first day on which a tag is known to have been there.
    #[must_use]
    pub fn since(&self, tag: &str) -> Date {
        self.later.get(tag).copied().unwrap_or(self.first_look)
    }
}

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Another process holds it.
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// Something else stands in the file.
    #[error("{} is no ledger of tagalong", .0.display())]
    NotALedger(PathBuf),
    /// A newer version made it.
    #[error("{} is a ledger of version {found}; this version of tagalong reads version {VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// Reading or writing failed.
    #[error("{} cannot be used: {why}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the database says.
        why: String,
    },
}

impl LedgerError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Locked(_) => "run again when the other process has ended, or give each its own ledger",
            Self::NotALedger(_) | Self::Newer { .. } => "name another file; one that does not exist is made",
            Self::Failed { .. } => {
                "make the file and its directory writable; a ledger that is damaged can be deleted: a new one counts from \
                 today"
            }
        }
    }
}

/// The format that is written, and the newest that is read.
const VERSION: i64 = 1;
/// What tells a ledger from other databases: `tagl`.
const APPLICATION: i64 = 0x7461_676c;
/// A write takes a fraction of this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

const TABLES: &str = "
    CREATE TABLE image (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_look TEXT NOT NULL) STRICT;
    CREATE TABLE tag (
        image INTEGER NOT NULL REFERENCES image, tag TEXT NOT NULL, first_seen TEXT NOT NULL, PRIMARY KEY (image, tag)
    ) STRICT, WITHOUT ROWID;
";

impl Ledger {
    /// Opens the ledger in a file, which is made if need be.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let fault = |error| fault(path, &error);
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(LONGEST_WAIT).map_err(fault)?;
        // Whoever could not write at the end had better know now.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(fault);
        let (application, version) = (number("application_id")?, number("user_version")?);
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fault)?;
        match (application, version) {
            (0, 0) if tables == 0 => {
                transaction.execute_batch(TABLES).map_err(fault)?;
                transaction.pragma_update(None, "application_id", APPLICATION).map_err(fault)?;
                transaction.pragma_update(None, "user_version", VERSION).map_err(fault)?;
            }
            (APPLICATION, VERSION) => {}
            (APPLICATION, found) => return Err(LedgerError::Newer { path: path.to_owned(), found }),
            _ => return Err(LedgerError::NotALedger(path.to_owned())),
        }
        transaction.commit().map_err(fault)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Since when the tags of an image are there. What came before `from` is as good as there from the beginning;
    /// what the ledger does not know yet is seen `today`.
    pub fn seen(&self, image: &str, tags: &[String], today: Date, from: Date) -> Result<Seen, LedgerError> {
        self.read(image, tags, today, from).map_err(|error| fault(&self.path, &error))
    }

    fn read(&self, image: &str, tags: &[String], today: Date, from: Date) -> rusqlite::Result<Seen> {
        let mut of_image = self.connection.prepare("SELECT id, first_look FROM image WHERE name = ?1")?;
        let found = of_image.query_row([image], |row| Ok((row.get::<_, i64>(0)?, day(row, 1)?))).optional()?;
        let Some((id, first_look)) = found else {
            return Ok(Seen { first_look: today, later: BTreeMap::new() });
        };
        let mut of_tags = self.connection.prepare("SELECT tag, first_seen FROM tag WHERE image = ?1")?;
        let rows = of_tags.query_map([id], |row| Ok((row.get::<_, String>(0)?, day(row, 1)?)))?;
        let known: HashMap<String, Date> = rows.collect::<Result<_, _>>()?;
        let days = tags.iter().map(|tag| (tag, known.get(tag).copied().unwrap_or(today)));
        let later = days.filter(|(_, day)| *day > first_look && *day >= from);
        Ok(Seen { first_look, later: later.map(|(tag, day)| (tag.clone(), day)).collect() })
    }

    /// Notes that these tags were there `today`: all of every image, or nothing at all.
    pub fn note<'l>(
        &mut self,
        lists: impl IntoIterator<Item = (String, &'l [String])>,
        today: Date,
    ) -> Result<(), LedgerError> {
        let Self { path, connection } = self;
        write(connection, lists, today).map_err(|error| fault(path, &error))
    }
}

fn write<'l>(
    connection: &mut Connection,
    lists: impl IntoIterator<Item = (String, &'l [String])>,
    today: Date,
) -> rusqlite::Result<()> {
    let today = today.to_string();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut add_image =
            transaction.prepare("INSERT INTO image (name, first_look) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        let mut of_image = transaction.prepare("SELECT id FROM image WHERE name = ?1")?;
        let mut add_tag = transaction
            .prepare("INSERT INTO tag (image, tag, first_seen) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
        for (image, tags) in lists {
            add_image.execute(params![image, today])?;
            let id: i64 = of_image.query_row([&image], |row| row.get(0))?;
            for tag in tags {
                add_tag.execute(params![id, tag, today])?;
            }
        }
    }
    transaction.commit()
}

fn day(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Date> {
    let text: String = row.get(column)?;
    let unknown =
        |error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error));
    text.parse().map_err(unknown)
}

fn fault(path: &Path, error: &rusqlite::Error) -> LedgerError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, NotADatabase};
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => LedgerError::Locked(path),
        Some(NotADatabase) => LedgerError::NotALedger(path),
        _ => LedgerError::Failed { path, why: error.to_string() },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn list(tags: &str) -> Vec<String> {
        tags.split_whitespace().map(str::to_owned).collect()
    }

    fn note(ledger: &mut Ledger, tags: &str, day: &str) {
        let tags = list(tags);
        ledger.note([("docker.io/library/python".to_owned(), tags.as_slice())], date(day)).unwrap();
    }

    fn seen(ledger: &Ledger, tags: &str, today: &str) -> Seen {
        ledger.seen("docker.io/library/python", &list(tags), date(today), date("2000-01-01")).unwrap()
    }

    #[test]
    fn a_tag_keeps_the_day_on_which_it_was_seen_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger.sqlite");
        let mut ledger = Ledger::open(&path).unwrap();
        let first = seen(&ledger, "3.12 3.13", "2026-11-01");
        assert_eq!((first.since("3.13"), first.later.len()), (date("2026-11-01"), 0), "the first look");
        note(&mut ledger, "3.12 3.13", "2026-11-01");
        // What is not noted yet is there as of today, and what is noted stays.
        assert_eq!(seen(&ledger, "3.12 3.13 3.14", "2026-11-10").since("3.14"), date("2026-11-10"));
        note(&mut ledger, "3.12 3.13 3.14", "2026-11-10");
        note(&mut ledger, "3.12 3.14", "2026-11-20");
        drop(ledger);
        let ledger = Ledger::open(&path).unwrap();
        let seen = seen(&ledger, "3.12 3.13 3.14", "2026-11-23");
        assert_eq!(seen.later, BTreeMap::from([("3.14".to_owned(), date("2026-11-10"))]));
        assert_eq!([seen.since("3.12"), seen.since("3.13")], [date("2026-11-01"); 2]);
    }

    #[test]
    fn only_recent_days_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&directory.path().join("ledger")).unwrap();
        note(&mut ledger, "1", "2026-01-01");
        note(&mut ledger, "1 2", "2026-02-01");
        note(&mut ledger, "1 2 3", "2026-11-20");
        let tags = list("1 2 3 4");
        let image = "docker.io/library/python";
        let seen = ledger.seen(image, &tags, date("2026-11-23"), date("2026-11-16")).unwrap();
        let days = [("3".to_owned(), date("2026-11-20")), ("4".to_owned(), date("2026-11-23"))];
        assert_eq!(seen, Seen { first_look: date("2026-01-01"), later: BTreeMap::from(days) });
        assert_eq!(ledger.seen("ghcr.io/a/b", &tags, date("2026-11-23"), date("2026-11-16")).unwrap().later.len(), 0);
    }

    #[test]
    fn a_write_happens_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch(
                "CREATE TRIGGER no BEFORE INSERT ON tag WHEN NEW.tag = '3' BEGIN SELECT RAISE(FAIL, 'full'); END",
            )
            .unwrap();
        let (good, bad) = (list("1 2"), list("1 2 3"));
        let lists = [("a".to_owned(), good.as_slice()), ("b".to_owned(), bad.as_slice())];
        let error = ledger.note(lists, date("2026-11-01")).unwrap_err();
        assert!(matches!(&error, LedgerError::Failed { why, .. } if why.contains("full")), "{error}");
        let images: i64 = other.query_row("SELECT count(*) FROM image", [], |row| row.get(0)).unwrap();
        assert_eq!(images, 0);
    }

    #[test]
    fn what_is_no_ledger_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("text"), "not a database, and long enough to be told from one at the first look").unwrap();
        Connection::open(at("other")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        drop(Ledger::open(&at("newer")).unwrap());
        Connection::open(at("newer")).unwrap().pragma_update(None, "user_version", 2).unwrap();
        for (name, said) in [
            ("text", "is no ledger"),
            ("other", "is no ledger"),
            ("newer", "is a ledger of version 2"),
            ("none/ledger", "cannot be used: unable to open"),
        ] {
            let error = Ledger::open(&at(name)).unwrap_err();
            assert!(error.to_string().contains(said), "{name}: {error}");
            assert!(!error.help().is_empty());
        }
    }

    #[test]
    fn a_ledger_in_use_is_said_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.connection.busy_timeout(Duration::from_millis(10)).unwrap();
        let mut other = Connection::open(&path).unwrap();
        let held = other.transaction_with_behavior(TransactionBehavior::Exclusive).unwrap();
        let tags = list("1");
        let error = ledger.note([("a".to_owned(), tags.as_slice())], date("2026-11-01")).unwrap_err();
        assert!(matches!(error, LedgerError::Locked(_)), "{error}");
        drop(held);
        ledger.note([("a".to_owned(), tags.as_slice())], date("2026-11-01")).unwrap();
    }

    #[test]
    fn a_day_that_cannot_be_read_is_a_fault() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        note(&mut ledger, "1", "2026-11-01");
        Connection::open(&path).unwrap().execute("UPDATE tag SET first_seen = 'yesterday'", []).unwrap();
        let error = ledger.seen("docker.io/library/python", &list("1"), date("2026-11-02"), date("2026-11-01"));
        assert!(matches!(error, Err(LedgerError::Failed { .. })), "{error:?}");
    }
}

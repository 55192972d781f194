//! The files of a commit on a forge, as far as a scan wants them.
//!
//! Contents come by their git id from the cache where it has them. Links and submodules are not
//! followed. Must never know: formats, other than whether a manager wants a file.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::forge::contract::{CommitId, Entry, EntryKind, Files, Forge, Project, Wants};
use crate::forge::failure::Failure;
use crate::store::objects::Objects;
use crate::text::{FilePath, Snapshot, Unreadable};

/// No hand writes a larger pipeline, and generated ones of that size are not edited.
const LARGEST_FILE: usize = 5 * 1024 * 1024;
/// Files of one repository that are read; whatever is above was not written by hand.
const MOST_FILES: usize = 20_000;
/// Contents that are asked for at a time; the forge's own limit is below.
const AT_A_TIME: usize = 16;

/// A commit that is read.
pub struct Reading<'a> {
    forge: &'a dyn Forge,
    project: &'a Project,
    cache: Option<&'a Objects>,
    entries: BTreeMap<FilePath, Entry>,
}

/// An entry as the cache keeps it.
#[derive(Serialize, Deserialize)]
struct Kept(String, char, String, Option<u64>);

impl<'a> Reading<'a> {
    /// Lists a commit.
    pub async fn begin(
        forge: &'a dyn Forge,
        project: &'a Project,
        commit: &CommitId,
        cache: Option<&'a Objects>,
    ) -> Result<Self, Failure> {
        let name = format!("tree {} {} {commit}", project.url, project.id);
        let kept = cache.and_then(|cache| cache.get(&name)).and_then(|bytes| restore(&bytes));
        let entries = if let Some(entries) = kept {
            entries
        } else {
            let entries = forge.tree(project, commit).await?;
            if let Some(cache) = cache {
                cache.put(&name, &keep(&entries));
            }
            entries
        };
        // Forges put this character in the place of bytes that are not UTF-8: the path is not the true one.
        let (entries, nameless): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| !entry.path.as_str().contains(char::REPLACEMENT_CHARACTER));
        for entry in nameless {
            tracing::debug!("{}: {} has a name that is not Unicode", project.name, entry.path);
        }
        let entries = entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        Ok(Self { forge, project, cache, entries })
    }

    /// The entry of a file.
    #[must_use]
    pub fn entry(&self, path: &FilePath) -> Option<&Entry> {
        self.entries.get(path)
    }

    fn is_behind_a_link(&self, path: &FilePath) -> bool {
        let is_link = |(slash, _): (usize, &str)| {
            let folder = path.as_str().get(..slash).and_then(FilePath::new);
            folder.and_then(|folder| self.entries.get(&folder)).is_some_and(|entry| entry.kind == EntryKind::Link)
        };
        path.as_str().match_indices('/').any(is_link)
    }

    async fn content(&self, path: &FilePath) -> Result<Result<Vec<u8>, Unreadable>, Failure> {
        let Some(entry) = self.entries.get(path) else {
            let why = if self.is_behind_a_link(path) { Unreadable::Link } else { Unreadable::Denied };
            return Ok(Err(why));
        };
        match entry.kind {
            EntryKind::Link => return Ok(Err(Unreadable::Link)),
            EntryKind::Submodule => return Ok(Err(Unreadable::Denied)),
            EntryKind::File { .. } if entry.size.is_some_and(|size| size > LARGEST_FILE as u64) => {
                return Ok(Err(Unreadable::TooLarge { bytes: entry.size }));
            }
            EntryKind::File { .. } => {}
        }
        let name = format!("blob {}", entry.id);
        if let Some(bytes) = self.cache.and_then(|cache| cache.get(&name)) {
            return Ok(Ok(bytes));
        }
        match self.forge.blob(self.project, entry, LARGEST_FILE).await {
            Ok(bytes) => {
                if let Some(cache) = self.cache {
                    cache.put(&name, &bytes);
                }
                Ok(Ok(bytes))
            }
            Err(Failure::TooLong(_)) => Ok(Err(Unreadable::TooLarge { bytes: entry.size })),
            Err(failure) => Err(failure),
        }
    }
}

#[async_trait(?Send)]
impl Files for Reading<'_> {
    type Failure = Failure;

    async fn snapshot(&self, wants: &Wants<'_>) -> Result<Snapshot, Failure> {
        let mut files = Snapshot::default();
        let mut wanted = BTreeSet::new();
        for (path, entry) in &self.entries {
            match entry.kind {
                EntryKind::Submodule => {}
                EntryKind::File { .. } | EntryKind::Link if wants(path) => {
                    wanted.insert(path.clone());
                }
                EntryKind::File { .. } | EntryKind::Link => files.list(path.clone()),
            }
        }
        self.add(&mut files, wanted).await?;
        Ok(files)
    }

    async fn add(&self, files: &mut Snapshot, paths: BTreeSet<FilePath>) -> Result<(), Failure> {
        if files.contents().count() + paths.len() > MOST_FILES {
            let count = files.contents().count() + paths.len();
            return Err(Failure::Malformed(format!("{count} files to read, which is more than {MOST_FILES}")));
        }
        let contents = stream::iter(paths).map(|path| async {
            let content = self.content(&path).await?;
            Ok::<_, Failure>((path, content))
        });
        let mut contents = contents.buffer_unordered(AT_A_TIME);
        while let Some((path, content)) = contents.try_next().await? {
            match content {
                Ok(bytes) => files.insert(path, bytes),
                Err(why) => files.insert_content(path, Err(why)),
            }
        }
        Ok(())
    }
}

fn keep(entries: &[Entry]) -> Vec<u8> {
    let kept = entries.iter().map(|entry| {
        let kind = match entry.kind {
            EntryKind::File { executable: false } => 'f',
            EntryKind::File { executable: true } => 'x',
            EntryKind::Link => 'l',
            EntryKind::Submodule => 's',
        };
        Kept(entry.path.as_str().to_owned(), kind, entry.id.clone(), entry.size)
    });
    // Strings and numbers always have a JSON.
    serde_json::to_vec(&kept.collect::<Vec<_>>()).unwrap_or_default()
}

fn restore(bytes: &[u8]) -> Option<Vec<Entry>> {
    let kept: Vec<Kept> = serde_json::from_slice(bytes).ok()?;
    let restored = kept.into_iter().map(|Kept(path, kind, id, size)| {
        let kind = match kind {
            'f' => EntryKind::File { executable: false },
            'x' => EntryKind::File { executable: true },
            'l' => EntryKind::Link,
            's' => EntryKind::Submodule,
            _ => return None,
        };
        Some(Entry { path: FilePath::new(&path)?, kind, id, size })
    });
    restored.collect()
}

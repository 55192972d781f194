//! `scan` and `apply`: work trees in, a report and perhaps edits out.

use std::path::Path;

use jiff::Timestamp;

use crate::cli::arguments::{ApplyOptions, Condition, RunOptions, ScanOptions};
use crate::cli::configuration::{self, Loaded};
use crate::cli::console::{self, Console};
use crate::cli::fault::Fault;
use crate::cli::progress::Progress;
use crate::cli::selection::select;
use crate::cli::status::Status;
use crate::config::Config;
use crate::forge::checkout::Checkout;
use crate::registry::Registries;
use crate::report;
use crate::report::options::Options;
use crate::run::Outcome;
use crate::scan;
use crate::store::recording::Recording;

/// `tagalong scan`
pub(super) fn scan(options: &ScanOptions, console: &Console) -> Result<Status, Fault> {
    Session::open(&options.run, console)?.run(None)
}

/// `tagalong apply`
pub(super) fn apply(options: &ApplyOptions, console: &Console) -> Result<Status, Fault> {
    Session::open(&options.run, console)?.run(Some(options))
}

/// Everything that can be wrong about a call has been found out, and nothing has been asked yet.
struct Session<'a> {
    options: &'a RunOptions,
    console: &'a Console,
    trees: Vec<Tree>,
    source: Source,
    /// The time of the run.
    now: Timestamp,
    /// When the tags were or will be looked up.
    looked_up: Timestamp,
}

/// A work tree and its settings.
struct Tree {
    name: String,
    checkout: Checkout,
    config: Config,
}

/// Where answers come from.
#[expect(dead_code, reason = "`repository_outcome` asks as soon as the run stands")]
enum Source {
    Registries(Box<Registries>),
    Snapshot(Recording),
}

impl<'a> Session<'a> {
    fn open(options: &'a RunOptions, console: &'a Console) -> Result<Self, Fault> {
        let operator = configuration::of_operator(options.config.config.as_deref())?;
        let trees =
            options.paths.iter().map(|path| open_tree(path, operator.as_ref(), console)).collect::<Result<_, _>>()?;
        for path in [&options.output, &options.record].into_iter().flatten() {
            must_have_folder(path)?;
        }
        let (source, now, looked_up) = if let Some(path) = &options.offline {
            let recording = Recording::read(path)
                .map_err(|error| Fault::new("the snapshot cannot be used").at(path).because(error))?;
            // A replay goes by the time of the recording: its report is the same for ever.
            let recorded = recording.recorded;
            (Source::Snapshot(recording), options.now.unwrap_or(recorded), recorded)
        } else {
            let config = operator.map(|loaded| loaded.config).unwrap_or_default();
            for warning in configuration::missing_variables(&config) {
                console.warning(&warning);
            }
            let registries = Registries::new(&configuration::registry_settings(&config))
                .map_err(|error| Fault::new("the registries cannot be asked").because(error))?;
            let now = options.now.unwrap_or_else(Timestamp::now);
            (Source::Registries(Box::new(registries)), now, now)
        };
        Ok(Self { options, console, trees, source, now, looked_up })
    }

    fn run(self, apply: Option<&ApplyOptions>) -> Result<Status, Fault> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        if matches!(self.source, Source::Registries(_)) {
            runtime.enable_all();
        }
        let runtime = runtime.build().map_err(|error| Fault::new("the network cannot be used").because(error))?;
        let mut recording = self.options.record.as_ref().map(|_| Recording::new(self.looked_up));
        let mut done = Vec::new();
        let mut outcomes = Vec::new();
        let mut faults = Vec::new();
        {
            let progress = Progress::new(self.console.watched());
            for tree in &self.trees {
                progress.doing(&tree.name);
                let outcome = repository_outcome(tree, &self.source, recording.as_mut(), self.now, &progress);
                match runtime.block_on(outcome) {
                    Ok(outcome) => {
                        done.push(tree);
                        outcomes.push(outcome);
                    }
                    // One bad tree does not end the run.
                    Err(error) => {
                        faults.push(Fault::new(format!("{} cannot be scanned", tree.name)).because(&*error));
                    }
                }
            }
        }
        if let (Some(path), Some(recording)) = (&self.options.record, &recording) {
            recording.write(path).map_err(|error| Fault::new("the snapshot cannot be kept").because(error))?;
        }
        self.report(&outcomes)?;
        if let Some(options) = apply {
            for (tree, outcome) in done.into_iter().zip(&outcomes) {
                faults.extend(self.apply(tree, outcome, options.major).err());
            }
        }
        for fault in &faults {
            self.console.fault(fault);
        }
        Ok(if faults.is_empty() { status(&self.options.fail_on, &outcomes) } else { Status::Usage })
    }

    fn report(&self, outcomes: &[Outcome]) -> Result<(), Fault> {
        let to_file = self.options.output.as_deref().filter(|path| *path != Path::new("-"));
        let options = Options {
            diff: self.options.diff,
            width: if to_file.is_some() { Options::default().width } else { console::width() },
            verbose: self.console.verbose(),
            looked_up: Some(self.looked_up),
        };
        let mut text = Vec::new();
        report::write(outcomes, self.options.format.into(), &options, &mut text)
            .map_err(|error| Fault::new("the report cannot be written").because(error))?;
        match to_file {
            Some(path) => self.console.print_into(path, &text),
            None => self.console.print_bytes(&text),
        }
    }

    fn apply(&self, tree: &Tree, outcome: &Outcome, major: bool) -> Result<(), Fault> {
        let selection = select(&outcome.merge_requests, major);
        for (request, why) in &selection.left_out {
            self.console.note(&format!("{} is left out: {why}", request.branch.name));
        }
        let edits: Vec<_> = selection.chosen.iter().flat_map(|request| request.branch.edits.iter().cloned()).collect();
        let written = tree
            .checkout
            .write(&outcome.files, &edits)
            .map_err(|error| Fault::new(format!("{} is not changed as planned", tree.name)).because(error))?;
        for file in written {
            self.console.note(&format!("{} is changed", Path::new(&tree.name).join(file.as_str()).display()));
        }
        Ok(())
    }
}

/// What the caller is told: a condition that holds does so whatever the missing answers are.
fn status(fail_on: &[Condition], outcomes: &[Outcome]) -> Status {
    let holds = |condition: &Condition| {
        outcomes.iter().any(|outcome| match condition {
            Condition::Update => !outcome.merge_requests.is_empty(),
            Condition::Skip => !outcome.skips.is_empty(),
            Condition::Incomplete => !outcome.complete(),
        })
    };
    if fail_on.iter().any(holds) {
        Status::ConditionHolds
    } else if outcomes.iter().all(Outcome::complete) {
        Status::Done
    } else {
        Status::Incomplete
    }
}

fn open_tree(path: &Path, operator: Option<&Loaded>, console: &Console) -> Result<Tree, Fault> {
    let checkout = Checkout::open(path).map_err(|error| {
        Fault::new("not a work tree").at(path).because(error).help("name the directory of a checkout")
    })?;
    let loaded = match operator {
        Some(loaded) => loaded.clone(),
        None => configuration::of_tree(path)?.unwrap_or_default(),
    };
    let name = path.display().to_string();
    console.detail(&format!("{name}: settings of {}", loaded.name));
    Ok(Tree { name, checkout, config: loaded.config })
}

/// A report that cannot be written is told before the registries are asked for it.
fn must_have_folder(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(Fault::new("a directory cannot be written to").at(path));
    }
    if folder.is_dir() { Ok(()) } else { Err(Fault::new("there is no such directory").at(folder)) }
}

/// What one tree's run gives. To be joined with `run` as soon as that stands: for now it scans, and
/// shows what the scan itself leaves alone.
async fn repository_outcome(
    tree: &Tree,
    source: &Source,
    recording: Option<&mut Recording>,
    now: Timestamp,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let mut files = tree.checkout.snapshot(|path| scan::wants(path) && !tree.config.ignores(path));
    let mut findings = scan::scan(&files);
    while !findings.missing.is_empty() {
        for path in &findings.missing {
            tree.checkout.read(&mut files, path);
        }
        findings = scan::scan(&files);
    }
    let _ = (source, recording, now);
    progress.expect(0);
    progress.advance();
    Ok(Outcome {
        name: tree.name.clone(),
        files,
        dependencies: Vec::new(),
        merge_requests: Vec::new(),
        skips: findings.skips,
        incomplete: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::image::Repository;
    use crate::run::Incomplete;
    use crate::skip::{Reason, Skip};
    use crate::text::{FilePath, Site, Snapshot};

    fn outcome(skip: bool, incomplete: bool) -> Outcome {
        let site = Site::new(&FilePath::new("f").unwrap(), 0..0);
        let image = Repository::parse("redis").unwrap();
        Outcome {
            name: String::new(),
            files: Snapshot::default(),
            dependencies: Vec::new(),
            merge_requests: Vec::new(),
            skips: if skip { vec![Skip { site, text: String::new(), reason: Reason::NoTag }] } else { Vec::new() },
            incomplete: if incomplete { vec![Incomplete { image, why: String::new() }] } else { Vec::new() },
        }
    }

    #[test]
    fn the_status_tells_the_most_certain_thing() {
        use Condition::{Incomplete, Skip, Update};
        for (fail_on, skip, incomplete, expected) in [
            (&[][..], true, false, Status::Done),
            (&[], true, true, Status::Incomplete),
            (&[Update], true, false, Status::Done),
            (&[Update], true, true, Status::Incomplete),
            (&[Update, Skip], true, false, Status::ConditionHolds),
            (&[Skip], true, true, Status::ConditionHolds),
            (&[Incomplete], false, true, Status::ConditionHolds),
            (&[Incomplete], true, false, Status::Done),
        ] {
            let outcomes = [outcome(false, false), outcome(skip, incomplete)];
            assert_eq!(status(fail_on, &outcomes), expected, "{fail_on:?} {skip} {incomplete}");
        }
    }
}

//! `scan` and `apply`: work trees in, a report and perhaps edits out.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::arguments::{ApplyOptions, Condition, LookupOptions, RunOptions, ScanOptions};
use crate::cli::configuration::{self, Loaded};
use crate::cli::console::{self, Console, must_have_folder};
use crate::cli::fault::Fault;
use crate::cli::ledger;
use crate::cli::progress::Progress;
use crate::cli::selection::select;
use crate::cli::status::Status;
use crate::config::Config;
use crate::forge::checkout::Checkout;
use crate::registry::{Counts, Registries};
use crate::report;
use crate::report::options::Options;
use crate::run::lookups::{Event, Lookups};
use crate::run::outcome::Outcome;
use crate::run::run_on;
use crate::store::recording::Recording;

/// `tagalong scan`
pub(super) fn scan(options: &ScanOptions, console: &Console) -> Result<Status, Fault> {
    report_on(&options.run, console, None)
}

/// `tagalong apply`
pub(super) fn apply(options: &ApplyOptions, console: &Console) -> Result<Status, Fault> {
    report_on(&options.run, console, Some(options))
}

fn report_on(options: &RunOptions, console: &Console, apply: Option<&ApplyOptions>) -> Result<Status, Fault> {
    for path in [&options.output, &options.record].into_iter().flatten() {
        must_have_folder(path)?;
    }
    let session = Session::open(&options.paths, &options.lookups, options.cache.as_deref(), console)?;
    session.run(options, apply)
}

/// Everything that can be wrong about a call has been found out, and nothing has been asked yet.
pub(super) struct Session<'a> {
    console: &'a Console,
    trees: Vec<Tree>,
    lookups: Lookups,
    /// Whether the network is needed.
    online: bool,
}

/// A work tree and its settings.
struct Tree {
    name: String,
    checkout: Checkout,
    config: Config,
}

impl<'a> Session<'a> {
    pub(super) fn open(
        paths: impl IntoIterator<Item = &'a PathBuf>,
        options: &LookupOptions,
        cache: Option<&Path>,
        console: &'a Console,
    ) -> Result<Self, Fault> {
        let operator = configuration::of_operator(options.config.config.as_deref())?;
        let trees =
            paths.into_iter().map(|path| open_tree(path, operator.as_ref(), console)).collect::<Result<_, _>>()?;
        let (lookups, online) = if let Some(path) = &options.offline {
            let recording = Recording::read(path)
                .map_err(|error| Fault::new("the snapshot cannot be used").at(path).because(error))?;
            (Lookups::recorded(recording), false)
        } else {
            let config = operator.map(|loaded| loaded.config).unwrap_or_default();
            for warning in configuration::missing_variables(&config) {
                console.warning(&warning);
            }
            let registries = Registries::new(&configuration::registry_settings(&config, cache.map(Path::to_owned)))
                .map_err(|error| Fault::new("the registries cannot be asked").because(error))?;
            let now = options.now.unwrap_or_else(Timestamp::now);
            let lifecycles = configuration::lifecycles(&config, cache)?;
            let ledger = ledger::open(options.ledger.as_deref())?;
            (Lookups::live(registries, lifecycles, now).with_ledger(ledger), true)
        };
        Ok(Self { console, trees, lookups, online })
    }

    /// The settings of the trees.
    pub(super) fn configs(&self) -> impl Iterator<Item = &Config> {
        self.trees.iter().map(|tree| &tree.config)
    }

    /// What the runs of the trees give.
    pub(super) fn outcomes(&self) -> Result<Vec<Outcome>, Fault> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        if self.online {
            runtime.enable_all();
        }
        let runtime = runtime.build().map_err(|error| Fault::new("the network cannot be used").because(error))?;
        let mut outcomes = Vec::new();
        {
            let progress = Progress::new(self.console.watched());
            for tree in &self.trees {
                progress.doing(&tree.name);
                outcomes.push(runtime.block_on(outcome(tree, &self.lookups, &progress)));
            }
        }
        if self.online {
            let Counts { tags, manifests, tokens } = self.lookups.requests();
            let cycles = self.lookups.cycle_requests();
            self.console.detail(&format!(
                "requests: {tags} for lists of tags, {manifests} for manifests, {tokens} for tokens, {cycles} for release \
                 cycles"
            ));
        }
        Ok(outcomes)
    }

    fn run(self, options: &RunOptions, apply: Option<&ApplyOptions>) -> Result<Status, Fault> {
        let outcomes = self.outcomes()?;
        let mut faults = Vec::new();
        if let Some(path) = &options.record {
            self.lookups
                .recording()
                .write(path)
                .map_err(|error| Fault::new("the snapshot cannot be kept").because(error))?;
        }
        faults.extend(ledger::keep(&self.lookups).err());
        self.report(&outcomes, options)?;
        if let Some(apply) = apply {
            for (tree, outcome) in self.trees.iter().zip(&outcomes) {
                faults.extend(self.apply(tree, outcome, apply.major).err());
            }
        }
        for fault in &faults {
            self.console.fault(fault);
        }
        Ok(if faults.is_empty() { status(&options.fail_on, &outcomes) } else { Status::Usage })
    }

    fn report(&self, outcomes: &[Outcome], options: &RunOptions) -> Result<(), Fault> {
        let to_file = options.output.as_deref().filter(|path| *path != Path::new("-"));
        let format = options.format.into();
        let options = Options {
            diff: options.diff,
            width: if to_file.is_some() { Options::default().width } else { console::width() },
            verbose: self.console.verbose(),
            looked_up: Some(self.lookups.time()),
        };
        let mut text = Vec::new();
        report::write(outcomes, format, &options, &mut text)
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
    let config = configuration::narrowed(loaded.config, path, &checkout)?;
    Ok(Tree { name, checkout, config })
}

/// What one tree's run gives.
async fn outcome(tree: &Tree, lookups: &Lookups, progress: &Progress) -> Outcome {
    let show = |event: Event<'_>| match event {
        Event::Started(count) => progress.expect(count as u64),
        Event::Answered(_) => progress.advance(),
    };
    let Ok(outcome) = run_on(tree.name.clone(), &tree.checkout, lookups, &tree.config, &show).await;
    outcome
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::choose::calendar::Calendar;
    use crate::image::Repository;
    use crate::run::outcome::{Incomplete, Study};
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
            endings: Vec::new(),
            calendar: Calendar::default(),
            study: Study::default(),
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

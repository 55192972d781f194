//! `run`: the repositories of a forge in, merge requests out.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::cli::arguments::{PublishFormat, PublishOptions};
use crate::cli::configuration;
use crate::cli::console::{Console, must_have_folder};
use crate::cli::fault::Fault;
use crate::cli::forge::{self, Place};
use crate::cli::ledger;
use crate::cli::progress::Progress;
use crate::cli::status::Status;
use crate::forge::Patience;
use crate::forge::contract::LeftOut;
use crate::forge::failure::Failure;
use crate::registry::{Counts, Registries};
use crate::report::publication::Tally;
use crate::report::served::{Ending, Record};
use crate::run::lookups::Lookups;
use crate::service::{Event, Refused, Service};
use crate::store::objects::Objects;
use crate::store::recording::Recording;

/// Whether somebody asked the process to end.
static STOP: AtomicBool = AtomicBool::new(false);

/// `tagalong run`
pub(super) fn run(options: &PublishOptions, console: &Console) -> Result<Status, Fault> {
    let config = configuration::of_operator(options.lookups.config.config.as_deref())?.unwrap_or_default().config;
    let network = config.network();
    let patience = Patience {
        timeout: network.timeout,
        attempts: u32::from(network.retries) + 1,
        concurrency: usize::from(network.concurrency),
        ..Patience::default()
    };
    if let Some(path) = &options.output {
        must_have_folder(path)?;
    }
    let place = forge::open(&config, &configuration::variable, patience, options.cache.as_deref())?;
    let now = options.lookups.now.unwrap_or_else(Timestamp::now);
    let lookups = if let Some(path) = &options.lookups.offline {
        let recording =
            Recording::read(path).map_err(|error| Fault::new("the snapshot cannot be used").at(path).because(error))?;
        Lookups::recorded(recording)
    } else {
        for warning in configuration::missing_variables(&config) {
            console.warning(&warning);
        }
        let cache = options.cache.as_ref().map(|cache| cache.join("tags"));
        let registries = Registries::new(&configuration::registry_settings(&config, cache))
            .map_err(|error| Fault::new("the registries cannot be asked").because(error))?;
        let lifecycles = configuration::lifecycles(&config, options.cache.as_deref())?;
        let ledger = ledger::open(options.lookups.ledger.as_deref())?;
        Lookups::live(registries, lifecycles, now).with_ledger(ledger)
    };
    let cache = match &options.cache {
        Some(path) => Some(
            Objects::open(&path.join("objects"))
                .map_err(|error| Fault::new("the cache cannot be used").at(path).because(error))?,
        ),
        None => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new("the network cannot be used").because(error))?;
    let service = Service {
        config: &config,
        forge: place.forge.as_ref(),
        wanted: &place.wanted,
        lookups: &lookups,
        cache: cache.as_ref(),
        now,
        stop: &STOP,
    };
    let status = runtime.block_on(round(&service, &place, options, console))?;
    let Counts { tags, manifests, tokens } = lookups.requests();
    console.detail(&format!(
        "requests: {} to the forge, {tags} for lists of tags, {manifests} for manifests, {tokens} for tokens, {} for \
         release cycles",
        place.forge.requests(),
        lookups.cycle_requests()
    ));
    ledger::keep(&lookups)?;
    Ok(status)
}

/// One round, told to people or programs.
async fn round(
    service: &Service<'_>,
    place: &Place,
    options: &PublishOptions,
    console: &Console,
) -> Result<Status, Fault> {
    stop_on_signal(&STOP);
    let progress = Progress::new(console.watched());
    let tally = RefCell::new(Tally::default());
    let printer = Printer { options, console, text: RefCell::default(), faults: RefCell::default() };
    let record = RefCell::new(Record::default());
    let tell = |event: Event<'_>| match event {
        Event::LeftOut(name, why) => {
            tally.borrow_mut().partial |= why == LeftOut::NotFound;
            record.borrow_mut().left_out(name, why);
            console.note(&format!("{name} is left out: {why}"));
        }
        Event::Begun(count) => progress.expect(count as u64),
        Event::Serving(name) => progress.doing(name),
        Event::Served(project, served) => {
            progress.advance();
            printer.lines(&tally.borrow_mut().repository(&project.name, served, console.verbose()));
            let page = |number| place.forge.request_page(project, number);
            record.borrow_mut().repository(project, served, &page);
        }
    };
    let result = crate::service::round(service, &tell).await;
    drop(progress);
    let tally = tally.into_inner();
    if result.is_ok() {
        printer.lines(&format!("{}\n", tally.total()));
    }
    let ending = Ending {
        complete: result.is_ok() && !tally.partial && !tally.stopped,
        stopped: tally.stopped,
        failure: result.as_ref().err().map(|refused| (refused.what, &refused.failure)),
        looked_up: service.lookups.time(),
    };
    printer.finish(&record.into_inner(), &ending)?;
    match result {
        Ok(()) => Ok(if tally.partial || tally.stopped { Status::Incomplete } else { Status::Done }),
        Err(Refused { what, failure }) => {
            let (status, help) = match failure {
                Failure::TokenRefused(_) | Failure::Forbidden { .. } => (
                    Status::TokenRefused,
                    "GitLab wants the scope api and the role Developer; GitHub repo and workflow",
                ),
                _ => (Status::Incomplete, "run again later: every run goes on where the last one ended"),
            };
            console.fault(&Fault::new(format!("{what} ({})", place.url)).because(failure).help(help));
            Ok(status)
        }
    }
}

/// Where a round is told: as it goes in text on standard output, or else all at once at its end.
struct Printer<'a> {
    options: &'a PublishOptions,
    console: &'a Console,
    text: RefCell<String>,
    faults: RefCell<Vec<Fault>>,
}

impl Printer<'_> {
    fn file(&self) -> Option<&Path> {
        self.options.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Prints lines for people, if they are for people.
    fn lines(&self, lines: &str) {
        match (self.options.format, self.file()) {
            (PublishFormat::Json, _) => {}
            (PublishFormat::Text, Some(_)) => self.text.borrow_mut().push_str(lines),
            (PublishFormat::Text, None) => self.faults.borrow_mut().extend(self.console.print(lines).err()),
        }
    }

    /// Prints what is not printed yet.
    fn finish(self, record: &Record, ending: &Ending<'_>) -> Result<(), Fault> {
        let file = self.file();
        if let Some(fault) = self.faults.take().into_iter().next() {
            return Err(fault);
        }
        let mut bytes = self.text.take().into_bytes();
        if self.options.format == PublishFormat::Json {
            record
                .write(ending, &mut bytes)
                .map_err(|error| Fault::new("the report cannot be written").because(error))?;
        }
        match file {
            Some(path) => self.console.print_into(path, &bytes),
            None => self.console.print_bytes(&bytes),
        }
    }
}

/// Sets `stop` as soon as somebody asks the process to end: the write that is under way is finished first.
fn stop_on_signal(stop: &'static AtomicBool) {
    tokio::spawn(async move {
        if signal().await.is_ok() {
            stop.store(true, Ordering::Relaxed);
        }
    });
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

//! `run`: the repositories of a forge in, merge requests out.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::cli::arguments::PublishOptions;
use crate::cli::configuration;
use crate::cli::console::Console;
use crate::cli::fault::Fault;
use crate::cli::forge::{self, Place};
use crate::cli::progress::Progress;
use crate::cli::status::Status;
use crate::forge::Patience;
use crate::forge::contract::LeftOut;
use crate::forge::failure::Failure;
use crate::registry::{Counts, Registries};
use crate::report::publication::Tally;
use crate::run::lookups::Lookups;
use crate::service::{Event, Refused, Service};
use crate::store::objects::Objects;
use crate::store::recording::Recording;

/// Whether somebody asked the process to end.
static STOP: AtomicBool = AtomicBool::new(false);

/// `tagalong run`
pub(super) fn run(options: &PublishOptions, console: &Console) -> Result<Status, Fault> {
    let config = configuration::of_operator(options.config.config.as_deref())?.unwrap_or_default().config;
    let network = config.network();
    let patience = Patience {
        timeout: network.timeout,
        attempts: u32::from(network.retries) + 1,
        concurrency: usize::from(network.concurrency),
        ..Patience::default()
    };
    let place = forge::open(&config, &configuration::variable, patience, options.cache.as_deref())?;
    let now = options.now.unwrap_or_else(Timestamp::now);
    let lookups = if let Some(path) = &options.offline {
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
        Lookups::live(registries, now)
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
    let status = runtime.block_on(round(&service, &place, console))?;
    let Counts { tags, manifests, tokens } = lookups.requests();
    console.detail(&format!(
        "requests: {} to the forge, {tags} for lists of tags, {manifests} for manifests, {tokens} for tokens",
        place.forge.requests()
    ));
    Ok(status)
}

/// One round, told to people.
async fn round(service: &Service<'_>, place: &Place, console: &Console) -> Result<Status, Fault> {
    stop_on_signal(&STOP);
    let progress = Progress::new(console.watched());
    let tally = RefCell::new(Tally::default());
    let faults = RefCell::new(Vec::new());
    let tell = |event: Event<'_>| match event {
        Event::LeftOut(name, why) => {
            tally.borrow_mut().partial |= why == LeftOut::NotFound;
            console.note(&format!("{name} is left out: {why}"));
        }
        Event::Begun(count) => progress.expect(count as u64),
        Event::Serving(name) => progress.doing(name),
        Event::Served(name, served) => {
            progress.advance();
            let lines = tally.borrow_mut().repository(name, served, console.verbose());
            faults.borrow_mut().extend(console.print(&lines).err());
        }
    };
    let result = crate::service::round(service, &tell).await;
    drop(progress);
    if let Some(fault) = faults.into_inner().into_iter().next() {
        return Err(fault);
    }
    let tally = tally.into_inner();
    match result {
        Ok(()) => {
            console.print(&format!("{}\n", tally.total()))?;
            Ok(if tally.partial || tally.stopped { Status::Incomplete } else { Status::Done })
        }
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

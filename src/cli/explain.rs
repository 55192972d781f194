//! `explain`: a work tree and a question in, an explanation out.

use std::collections::BTreeSet;

use crate::cli::arguments::{ExplainOptions, FormatName, RunOptions};
use crate::cli::console::{self, Console};
use crate::cli::fault::Fault;
use crate::cli::scan::Session;
use crate::cli::status::Status;
use crate::report::explain::{About, explain as explained};
use crate::run::outcome::Outcome;

/// `tagalong explain`
pub(super) fn explain(options: &ExplainOptions, console: &Console) -> Result<Status, Fault> {
    let run = RunOptions {
        paths: vec![options.path.clone()],
        format: FormatName::Text,
        output: None,
        config: options.config.clone(),
        diff: false,
        fail_on: Vec::new(),
        offline: options.offline.clone(),
        record: None,
        cache: options.cache.clone(),
        ledger: options.ledger.clone(),
        now: options.now,
    };
    let session = Session::open(&run, console)?;
    let outcomes = session.outcomes()?;
    for (outcome, config) in outcomes.iter().zip(session.configs()) {
        let about = About::parse(&options.what, outcome);
        let Some(text) = explained(outcome, config, &about, console::width()) else {
            let images: BTreeSet<String> =
                outcome.dependencies.iter().map(|dependency| dependency.image.familiar()).collect();
            let images: Vec<String> = images.into_iter().collect();
            let what = format!("{} holds no version that is known of {}", options.path.display(), options.what);
            let help = match images.as_slice() {
                [] => "no image was found there".to_owned(),
                images => format!("name one of its images ({}), or a place as FILE:LINE", images.join(", ")),
            };
            return Err(Fault::new(what).help(help));
        };
        console.print_bytes(text.as_bytes())?;
    }
    Ok(if outcomes.iter().all(Outcome::complete) { Status::Done } else { Status::Incomplete })
}

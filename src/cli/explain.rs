//! `explain`: a work tree and a question in, an explanation out.

use std::collections::BTreeSet;

use crate::cli::arguments::ExplainOptions;
use crate::cli::console::{self, Console};
use crate::cli::fault::Fault;
use crate::cli::scan::Session;
use crate::cli::status::Status;
use crate::report::explain::{About, explain as explained};
use crate::run::outcome::Outcome;

/// `tagalong explain`
pub(super) fn explain(options: &ExplainOptions, console: &Console) -> Result<Status, Fault> {
    let session = Session::open([&options.path], &options.lookups, options.cache.as_deref(), console)?;
    let outcomes = session.outcomes()?;
    for (outcome, config) in outcomes.iter().zip(session.configs()) {
        let about = About::parse(&options.what, outcome);
        let Some(text) = explained(outcome, config, &about, console::width()) else {
            let images: BTreeSet<&str> =
                outcome.dependencies.iter().map(|dependency| dependency.image.familiar()).collect();
            let images: Vec<&str> = images.into_iter().collect();
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

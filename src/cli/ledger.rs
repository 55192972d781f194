//! The file that `--ledger` names, and what is said when it cannot be used.

use std::path::Path;

use crate::cli::fault::Fault;
use crate::run::lookups::Lookups;
use crate::store::ledger::{Ledger, LedgerError};

/// Opens the ledger, if somebody names one.
pub(super) fn open(path: Option<&Path>) -> Result<Option<Ledger>, Fault> {
    path.map(Ledger::open).transpose().map_err(|error| fault(&error, "the ledger cannot be used"))
}

/// Notes what was seen.
pub(super) fn keep(lookups: &Lookups) -> Result<(), Fault> {
    lookups.keep_ledger().map_err(|error| fault(&error, "the ledger is not up to date"))
}

fn fault(error: &LedgerError, what: &str) -> Fault {
    Fault::new(what).because(error).help(error.help())
}

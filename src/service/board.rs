//! The dashboard of one repository: read before the branches are judged, written after.
//!
//! Must never know: what it says, what to do about it; both are decided elsewhere.

use crate::forge::contract::{Account, Forge, Issue, NewIssue, Project};
use crate::forge::failure::Failure;
use crate::publish::dashboard::{Asked, Board, asked, find, judge};
use crate::publish::words::{BOARD, Deed, Done};
use crate::report;
use crate::report::dashboard::Subject;
use crate::run::outcome::Outcome;
use crate::service::manner::Manner;

/// Room for the line that it is known by.
const MARK: usize = 256;

/// Where a dashboard is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) forge: &'a dyn Forge,
    pub(super) project: &'a Project,
    /// Whose it is.
    pub(super) account: &'a Account,
}

/// A dashboard as it was found.
pub(super) struct Found {
    issue: Option<Issue>,
    /// What people ask for there.
    pub(super) asked: Asked,
}

/// Looks for the dashboard. The inner failure: this repository can have none.
pub(super) async fn look(place: Place<'_>) -> Result<Result<Found, Failure>, Failure> {
    let Place { forge, project, account } = place;
    match forge.issues(project).await {
        Ok(issues) => {
            let issue = find(&issues, account).cloned();
            Ok(Ok(Found { asked: asked(issue.as_ref()), issue }))
        }
        Err(failure @ (Failure::Forbidden { .. } | Failure::NotFound(_) | Failure::Refused(_))) => Ok(Err(failure)),
        Err(failure) => Err(failure),
    }
}

/// Writes the dashboard, if it is to say something else. `asked` is what could not be done.
pub(super) async fn write(
    place: Place<'_>,
    manner: &Manner<'_>,
    found: &Found,
    outcome: &Outcome,
    done: &[Done],
    asked: &Asked,
) -> Option<Done> {
    let Place { forge, project, .. } = place;
    let title = |request: &_| manner.title(request);
    let reference = |number| forge.reference(number);
    let subject = Subject { outcome, done, asked, title: &title, reference: &reference };
    let text = report::dashboard::dashboard(&subject, forge.longest_description().saturating_sub(MARK));
    let settings = manner.dashboard();
    let result = match judge(found.issue.as_ref(), text.as_deref()) {
        Board::Keep => return None,
        Board::Open(body) => {
            let issue = NewIssue { title: &settings.title, body: &body, labels: &settings.labels };
            forge.open_issue(project, &issue).await.map(Deed::BoardWritten)
        }
        Board::Write { number, body, open } => {
            let deed = if open == Some(false) { Deed::BoardClosed(number) } else { Deed::BoardWritten(number) };
            // A box may have been ticked meanwhile: that is not written over, but read by the next run.
            match look(place).await {
                Ok(Ok(now)) if now.issue == found.issue => {
                    forge.edit_issue(project, number, &body, open).await.map(|()| deed)
                }
                Ok(Ok(_)) => return None,
                Ok(Err(failure)) | Err(failure) => Err(failure),
            }
        }
    };
    Some(about(result))
}

/// What became of the dashboard.
pub(super) fn about(result: Result<Deed, Failure>) -> Done {
    Done { branch: BOARD.to_owned(), result }
}

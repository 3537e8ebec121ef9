//! What is checked before the registry answers anything: that everything live is what its records say.

use mcp_pin_storage::{LiveRing, Snapshot, StateKind, Submission};

use super::{ServiceError, Settings, settle};

/// Checks that the state of a version agrees with the rings that it is live in.
///
/// # Errors
/// [`ServiceError::Unsound`].
pub(super) fn check_state(
    submission: &Submission,
    rings: &[LiveRing],
    settings: &Settings,
) -> Result<(), ServiceError> {
    let id = &submission.id;
    // A ring that was configured once is emptied, unless something is live there and nowhere else.
    if let Some(first) = rings.first()
        && rings.iter().all(|live| settings.rings.get(&live.ring).is_none())
    {
        return Err(ServiceError::Unsound(format!(
            "{} is live in the ring `{}` alone, which is not configured: configure it, and promote the version or roll \
             it back, before the ring is taken away",
            submission.server, first.ring
        )));
    }
    match (submission.state.kind() == StateKind::Live, rings.is_empty()) {
        (true, false) | (false, true) => Ok(()),
        (true, true) => Err(ServiceError::Unsound(format!("submission {id} is in the state `live` and in no ring"))),
        (false, false) => Err(ServiceError::Unsound(format!(
            "{}: what is live, submission {id}, is not in the state `live`",
            submission.server
        ))),
    }
}

/// Checks one live version: its bundle has its digest and verifies with the credential it was accepted with, its record
/// is that of its manifest, and its change report is there.
///
/// # Errors
/// [`ServiceError::Unsound`] with what was found; store errors.
pub(super) async fn check_documents(
    snapshot: &mut (dyn Snapshot + '_),
    submission: &Submission,
    settings: &Settings,
) -> Result<(), ServiceError> {
    settle::manifest(&mut *snapshot, submission, &settings.roots).await?;
    if snapshot.change_report(&submission.review.changes).await?.is_none() {
        return Err(ServiceError::Unsound(format!("submission {}: the change report is missing", submission.id)));
    }
    Ok(())
}

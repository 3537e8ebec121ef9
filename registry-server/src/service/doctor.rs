//! What is checked before the registry answers anything: that everything live is what its records say.

use mcp_pin_storage::{Snapshot, StateKind, SubmissionFilter};

use super::{ServiceError, Settings, settle};

/// Checks every live version: its bundle has its digest and verifies with the credential it was accepted with, its record is
/// that of its manifest, its change report is there, and the states agree with what is live.
///
/// # Errors
/// [`ServiceError::Unsound`] with what was found; store errors.
pub(super) async fn check(snapshot: &mut (dyn Snapshot + '_), settings: &Settings) -> Result<(), ServiceError> {
    let filter = SubmissionFilter { state: Some(StateKind::Live), ..Default::default() };
    let live = snapshot.submissions(&filter).await?;
    let rings = snapshot.live_rings().await?;
    for (server, live_ring, id) in &rings {
        if *live_ring != settings.ring {
            return Err(ServiceError::Unsound(format!(
                "{server} is live in the ring `{live_ring}`, which is not served"
            )));
        }
        if !live.iter().any(|submission| submission.id == *id && submission.server == *server) {
            return Err(ServiceError::Unsound(format!("{server}: what is live is not in the state `live`")));
        }
    }
    for submission in &live {
        if !rings.iter().any(|(_, _, id)| *id == submission.id) {
            return Err(ServiceError::Unsound(format!(
                "submission {} is in the state `live` and in no ring",
                submission.id
            )));
        }
        settle::manifest(&mut *snapshot, submission, &settings.roots).await?;
        if snapshot.change_report(&submission.review.changes).await?.is_none() {
            return Err(ServiceError::Unsound(format!("submission {}: the change report is missing", submission.id)));
        }
    }
    Ok(())
}

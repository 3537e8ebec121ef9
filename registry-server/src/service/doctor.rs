//! What is checked before the registry answers anything: that everything live is what its records say.

use mcp_pin_storage::{Snapshot, StateKind, SubmissionFilter};

use super::{LiveSet, ServiceError, Settings, settle};

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

/// Checks what another node made live: that each version that is live in `next` and was not in `known` verifies. Whoever
/// can write to the database cannot have anything served for that alone.
///
/// # Errors
/// As for [`check`].
pub(super) async fn check_new(
    snapshot: &mut (dyn Snapshot + '_),
    settings: &Settings,
    known: &LiveSet,
    next: &LiveSet,
) -> Result<(), ServiceError> {
    for entry in next.iter() {
        let before = known.version(&entry.name, &entry.version);
        if before.is_some_and(|before| {
            before.manifest == entry.manifest
                && before.attestation == entry.attestation
                && before.server == entry.server
        }) {
            continue;
        }
        let submission = snapshot.submission_of_manifest(&entry.manifest).await?;
        let submission = submission
            .ok_or_else(|| ServiceError::Unsound(format!("what is live, {}, was never submitted", entry.manifest)))?;
        settle::manifest(&mut *snapshot, &submission, &settings.roots).await?;
    }
    Ok(())
}

//! The way of versions through the rings, and what stands beside versions: drafts, statuses, webhooks.

use std::collections::BTreeMap;

use mcp_pin_model::{Ring, ServerName};
use mcp_pin_storage::{DraftId, LiveRing, Snapshot, StateKind, Submission, SubmissionId};

use super::{BATCH, Examination};
use crate::service::ServiceError;

/// Rollouts, what rings served, break-glass and reports, against states and what is live.
pub(super) async fn rollouts(
    snapshot: &mut (dyn Snapshot + '_),
    submissions: &[Submission],
    live: &[LiveRing],
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let by_id: BTreeMap<&SubmissionId, &Submission> =
        submissions.iter().map(|submission| (&submission.id, submission)).collect();
    let rollouts = snapshot.rollouts(None, false).await;
    let rollouts = found.read("rollouts", rollouts)?.unwrap_or_default();
    for rollout in &rollouts {
        let record = format!("rollout of submission {}", rollout.submission);
        let Some(submission) = by_id.get(&rollout.submission) else { continue };
        if rollout.server != submission.server {
            found.find(record.clone(), "it is of another server than its version");
        }
        let kind = submission.state.kind();
        if rollout.progress.is_open() && !matches!(kind, StateKind::Approved | StateKind::Live) {
            found.find(record, format!("it may go on, and its version is {}", kind.as_str()));
        }
    }
    for submission in submissions.iter().filter(|submission| submission.state.kind() == StateKind::Approved) {
        if !rollouts.iter().any(|rollout| rollout.submission == submission.id && rollout.progress.is_open()) {
            found.find(format!("submission {}", submission.id), "it is approved, and has no rollout that may go on");
        }
    }
    let glasses = snapshot.break_glasses(None, false).await;
    for glass in found.read("break-glass", glasses)?.unwrap_or_default() {
        let state = by_id.get(&glass.submission).map(|submission| submission.state.kind());
        if glass.ended.is_none() && state != Some(StateKind::Live) {
            found.find(format!("break-glass {}", glass.id), "it has not ended, and its version is not live");
        }
    }
    for submission in submissions {
        let reports = snapshot.drift_reports(&submission.id).await;
        found.read(&format!("reports about submission {}", submission.id), reports)?;
    }
    moves(snapshot, submissions, live, found).await
}

/// What a ring serves is what it came to serve last, and each move begins where the one before it ended.
async fn moves(
    snapshot: &mut (dyn Snapshot + '_),
    submissions: &[Submission],
    live: &[LiveRing],
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let mut serves: BTreeMap<(ServerName, Ring), SubmissionId> =
        live.iter().map(|live| ((live.server.clone(), live.ring.clone()), live.submission.clone())).collect();
    let mut servers: Vec<&ServerName> = submissions.iter().map(|submission| &submission.server).collect();
    servers.sort();
    servers.dedup();
    for server in servers {
        let moves = snapshot.ring_moves(server).await;
        let record = format!("rings of server {server}");
        let mut ends: BTreeMap<Ring, Option<SubmissionId>> = BTreeMap::new();
        for change in found.read(&record, moves)?.unwrap_or_default() {
            let before = ends.get(&change.ring).cloned().flatten();
            if change.before != before {
                let problem = format!("a move of `{}` does not begin where the one before it ended", change.ring);
                found.find(record.clone(), problem);
            }
            ends.insert(change.ring, change.after);
        }
        for (ring, end) in ends {
            if serves.remove(&(server.clone(), ring.clone())) != end {
                found.find(record.clone(), format!("`{ring}` does not serve what it came to serve last"));
            }
        }
    }
    for (server, ring) in serves.into_keys() {
        found.find(format!("rings of server {server}"), format!("`{ring}` serves what it never came to serve"));
    }
    Ok(())
}

/// Drafts, statuses and webhooks.
pub(super) async fn others(
    snapshot: &mut (dyn Snapshot + '_),
    submissions: &[Submission],
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let mut after: Option<DraftId> = None;
    loop {
        let drafts = snapshot.open_drafts(after.as_ref(), BATCH).await;
        let Some(last) = found.read("drafts", drafts)?.and_then(|drafts| drafts.last().map(|last| last.id.clone()))
        else {
            break;
        };
        after = Some(last);
    }
    let statuses = snapshot.version_statuses().await;
    for status in found.read("version statuses", statuses)?.unwrap_or_default() {
        let submission = submissions.iter().find(|submission| submission.id == status.submission);
        if submission.is_none() {
            found.find(format!("status of submission {}", status.submission), "there is no such version");
        }
    }
    let (webhooks, last) = (snapshot.webhooks().await, found.events);
    for webhook in found.read("webhooks", webhooks)?.unwrap_or_default() {
        if webhook.position > last {
            let problem = format!("it was told of event {}, and the last one is {last}", webhook.position);
            found.find(format!("webhook {}", webhook.id), problem);
        }
    }
    Ok(())
}

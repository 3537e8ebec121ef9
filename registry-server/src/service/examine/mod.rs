//! Everything from scratch: every signature, digest, state and event of a store, as somebody looks at it who trusts
//! nothing of what it says about itself.
//!
//! [`super::doctor`] looks at what is live before a server answers anything, and stops at the first problem. This goes on
//! and finds them all, over everything that was ever stored.

mod rings;

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_attest::{Attestation, Trust, verify};
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{
    Consent, Digest, Revocation, ServerName,
    consent::Decision,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{LiveRing, Snapshot, StateKind, StorageError, Submission, SubmissionFilter, SubmissionId};

use super::{ServiceError, Settings, doctor, settle, signers::trust_in};

/// How many events are read at once.
const BATCH: u32 = 1_000;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The record: its kind, and its id or digest.
    pub record: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examination {
    /// How many versions.
    pub submissions: usize,
    /// How many of them are live.
    pub live: usize,
    /// How many consents.
    pub consents: usize,
    /// How many revocations.
    pub revocations: usize,
    /// How many events.
    pub events: u64,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
}

impl Examination {
    fn find(&mut self, record: impl Into<String>, problem: impl Into<String>) {
        self.findings.push(Finding { record: record.into(), problem: problem.into() });
    }

    /// Takes what was read; a damaged record is a finding, a store that fails is an error.
    fn read<T>(&mut self, record: &str, result: Result<T, StorageError>) -> Result<Option<T>, ServiceError> {
        match result {
            Ok(read) => Ok(Some(read)),
            Err(StorageError::Damaged(problem)) => {
                self.find(record, problem);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What the events say about one manifest.
#[derive(Default)]
struct Story {
    submitted: u32,
    went_live: u32,
    rejected: u32,
    superseded: u32,
}

/// Looks at everything.
///
/// # Errors
/// When the store cannot be read. What is read and wrong is a finding.
pub async fn examine(snapshot: &mut (dyn Snapshot + '_), settings: &Settings) -> Result<Examination, ServiceError> {
    let mut found = Examination::default();
    let stories = events(snapshot, &mut found).await?;
    approvals_and_grants(snapshot, &mut found).await?;
    let submissions = snapshot.submissions(&SubmissionFilter::default()).await;
    let submissions = found.read("submissions", submissions)?.unwrap_or_default();
    found.submissions = submissions.len();
    let trust = everybody(snapshot, &mut found).await?;
    for submission in &submissions {
        version(snapshot, settings, submission, &mut found).await?;
        consents(snapshot, settings, submission, &trust, &mut found).await?;
        story(submission, stories.get(&submission.manifest), &mut found);
    }
    let known: BTreeSet<&Digest> = submissions.iter().map(|submission| &submission.manifest).collect();
    for manifest in stories.keys().filter(|manifest| !known.contains(manifest)) {
        found.find(format!("manifest {manifest}"), "events tell of it, and there is no submission of it");
    }
    revocations(snapshot, settings, &trust, &mut found).await?;
    // What a server looks at when it starts, so that a clean bill is one for starting.
    let owners: BTreeMap<&SubmissionId, &ServerName> =
        submissions.iter().map(|submission| (&submission.id, &submission.server)).collect();
    let live = snapshot.live_rings(None).await;
    let mut of_version: BTreeMap<String, Vec<LiveRing>> = BTreeMap::new();
    let live = found.read("what is live", live)?.unwrap_or_default();
    rings::rollouts(snapshot, &submissions, &live, &mut found).await?;
    rings::others(snapshot, &submissions, &mut found).await?;
    for live in live {
        let (server, id) = (&live.server, &live.submission);
        if owners.get(id) != Some(&server) {
            found.find(format!("server {server}"), format!("what is live, submission {id}, is not one of its own"));
        }
        of_version.entry(id.to_string()).or_default().push(live);
    }
    for submission in &submissions {
        let of_this = of_version.get(submission.id.as_str()).map_or(&[][..], Vec::as_slice);
        if let Err(error) = doctor::check_state(submission, of_this, settings) {
            found.find(format!("submission {}", submission.id), error.to_string());
        }
    }
    Ok(found)
}

/// The events: numbered without gaps, each in its one form.
async fn events(
    snapshot: &mut (dyn Snapshot + '_),
    found: &mut Examination,
) -> Result<BTreeMap<Digest, Story>, ServiceError> {
    let mut stories: BTreeMap<Digest, Story> = BTreeMap::new();
    let mut last = 0;
    loop {
        let events = snapshot.events(last, BATCH).await;
        let Some(events) = found.read("events", events)? else { break };
        if events.is_empty() {
            break;
        }
        for event in events {
            let record = format!("event {}", event.sequence);
            if event.sequence != last + 1 {
                found.find(record.clone(), format!("the one before it is {last}: there is a gap"));
            }
            last = event.sequence;
            let leaf = match Leaf::from_bytes(&event.leaf) {
                Ok(leaf) => leaf,
                Err(error) => {
                    found.find(record, error.to_string());
                    continue;
                }
            };
            let Some(manifest) = leaf.manifest else { continue };
            let story = stories.entry(manifest).or_default();
            match leaf.kind {
                LeafType::Submitted => story.submitted += 1,
                LeafType::RingMoved => story.went_live += 1,
                LeafType::Rejected => story.rejected += 1,
                LeafType::Superseded => story.superseded += 1,
                _ => {}
            }
            if let Some(attestation) = leaf.attestation {
                let bundle = snapshot.attestation(&attestation).await;
                if let Some(None) = found.read(&record, bundle)? {
                    found.find(record, format!("the attestation {attestation} that it names is missing"));
                }
            }
        }
    }
    found.events = last;
    Ok(stories)
}

/// Records that are read by nobody but their own table.
async fn approvals_and_grants(snapshot: &mut (dyn Snapshot + '_), found: &mut Examination) -> Result<(), ServiceError> {
    let principals = snapshot.principals().await;
    found.read("principals", principals)?;
    let tokens = snapshot.tokens().await;
    found.read("tokens", tokens)?;
    let identities = snapshot.identities(None).await;
    found.read("identities", identities)?;
    let grants = snapshot.grants(None).await;
    for grant in found.read("grants", grants)?.unwrap_or_default() {
        let mut trust = Trust::new();
        let record = format!("grant {}", grant.id);
        if let Err(error) = trust_in(&mut trust, &grant.principal, &grant.credential, || record.clone()) {
            found.find(record.clone(), error.to_string());
        }
        let owner = snapshot.credential_owner(&grant.credential.id()).await;
        if let Some(owner) = found.read(&record, owner)?
            && owner.as_ref() != Some(&grant.principal)
        {
            found.find(record, "its key or identity is noted as somebody else's");
        }
    }
    Ok(())
}

/// Trust in everybody who ever was an approver: an old decision rests on the approvers of its time.
async fn everybody(snapshot: &mut (dyn Snapshot + '_), found: &mut Examination) -> Result<Trust, ServiceError> {
    let mut trust = Trust::new();
    let approvers = snapshot.approvers().await;
    for approver in found.read("approvers", approvers)?.unwrap_or_default() {
        let record = format!("approver {}", approver.id);
        if let Err(error) = trust_in(&mut trust, &approver.principal, &approver.credential, || record.clone()) {
            found.find(record.clone(), error.to_string());
        }
        let owner = snapshot.credential_owner(&approver.credential.id()).await;
        if let Some(owner) = found.read(&record, owner)?
            && owner.as_ref() != Some(&approver.principal)
        {
            found.find(record, "its key or identity is noted as somebody else's");
        }
    }
    Ok(trust)
}

/// One version: its bundle, its change report, its evidence.
async fn version(
    snapshot: &mut (dyn Snapshot + '_),
    settings: &Settings,
    submission: &Submission,
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let record = format!("submission {}", submission.id);
    if submission.state.kind() == StateKind::Live {
        found.live += 1;
    }
    match settle::manifest(snapshot, submission, &settings.roots).await {
        Ok(_) => {}
        Err(ServiceError::Storage(StorageError::Damaged(problem)) | ServiceError::Unsound(problem)) => {
            found.find(record.clone(), problem);
        }
        Err(error @ ServiceError::Storage(_)) => return Err(error),
        Err(error) => found.find(record.clone(), error.to_string()),
    }
    let changes = submission.review.changes;
    let report = snapshot.change_report(&changes).await;
    match found.read(&record, report)? {
        None => {}
        Some(None) => found.find(record.clone(), format!("the change report {changes} is missing")),
        Some(Some(bytes)) => match ChangeReport::parse(&bytes) {
            Err(error) => found.find(record.clone(), format!("the change report {changes}: {error}")),
            Ok(report) if report.grade() != submission.review.grade => {
                found.find(record.clone(), "its grade is not that of its change report");
            }
            Ok(_) => {}
        },
    }
    let evidence = snapshot.evidence(&submission.id).await;
    found.read(&record, evidence)?;
    Ok(())
}

/// The consents about one version: whole, signed, and saying what their records say.
async fn consents(
    snapshot: &mut (dyn Snapshot + '_),
    settings: &Settings,
    submission: &Submission,
    trust: &Trust,
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let records = snapshot.consents(&submission.manifest).await;
    for consent in found.read(&format!("consents of submission {}", submission.id), records)?.unwrap_or_default() {
        found.consents += 1;
        let record = format!("consent {}", consent.digest);
        let Some(attestation) = bundle(snapshot, &record, &consent.attestation, found).await? else { continue };
        match verify::<Consent>(&attestation, trust, &settings.roots) {
            Err(error) => found.find(record, error.to_string()),
            Ok(verified) => {
                let statement = verified.statement();
                let same = verified.digest() == consent.digest
                    && verified.principal() == consent.principal.as_str()
                    && statement.manifest == consent.manifest
                    && matches!(
                        (statement.decision, consent.decision),
                        (Decision::Approve, Decision::Approve) | (Decision::Reject, Decision::Reject)
                    );
                if !same {
                    found.find(record, "the record is not that of its statement");
                }
            }
        }
    }
    Ok(())
}

/// The revocations: those that are signed are, and say what their records say.
async fn revocations(
    snapshot: &mut (dyn Snapshot + '_),
    settings: &Settings,
    trust: &Trust,
    found: &mut Examination,
) -> Result<(), ServiceError> {
    let records = snapshot.revocations().await;
    for revocation in found.read("revocations", records)?.unwrap_or_default() {
        found.revocations += 1;
        let record = format!("revocation {}", revocation.id);
        let Some(digest) = revocation.attestation else { continue };
        let Some(attestation) = bundle(snapshot, &record, &digest, found).await? else { continue };
        match verify::<Revocation>(&attestation, trust, &settings.roots) {
            Err(error) => found.find(record, error.to_string()),
            Ok(verified) if *verified.statement() != revocation.revocation => {
                found.find(record, "the record is not that of its statement");
            }
            Ok(verified) if verified.principal() != revocation.principal.as_str() => {
                found.find(record, "it is noted as somebody else's");
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// A bundle that a record names.
async fn bundle(
    snapshot: &mut (dyn Snapshot + '_),
    record: &str,
    digest: &Digest,
    found: &mut Examination,
) -> Result<Option<Attestation>, ServiceError> {
    let bytes = snapshot.attestation(digest).await;
    match found.read(record, bytes)? {
        None => Ok(None),
        Some(None) => {
            found.find(record, format!("the attestation {digest} is missing"));
            Ok(None)
        }
        Some(Some(bytes)) => match Attestation::from_bytes(bytes) {
            Ok(attestation) => Ok(Some(attestation)),
            Err(error) => {
                found.find(record, error.to_string());
                Ok(None)
            }
        },
    }
}

/// Whether the events tell what the state says: a state without its event, or an event without its state, is half a
/// decision.
fn story(submission: &Submission, story: Option<&Story>, found: &mut Examination) {
    let none = Story::default();
    let story = story.unwrap_or(&none);
    let record = format!("submission {}", submission.id);
    let kind = submission.state.kind();
    if story.submitted != 1 {
        found.find(record.clone(), format!("{} events tell of its arrival, instead of one", story.submitted));
    }
    if (story.went_live > 0) != submission.state.live_since().is_some() {
        found.find(record.clone(), "its state and the events do not agree on whether it was ever live");
    }
    if (story.rejected > 0) != (kind == StateKind::Rejected) {
        found.find(record.clone(), "its state and the events do not agree on whether it was rejected");
    }
    if kind == StateKind::Superseded && story.superseded == 0 {
        found.find(record, "it is replaced, and no event tells of it");
    }
}

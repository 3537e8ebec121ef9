//! Small steps added up: what changed since the last version that somebody read as a whole (threat T58).
//!
//! Every consent names that version as its baseline. A first admission is its own; later consents carry it on until a
//! reviewer reads everything again. The baseline is part of what the approver signed, so a pull request cannot move it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_diff::{ChangeReport, Finding};
use mcp_pin_model::{Consent, Digest, Grade, Manifest, ServerVersion, consent::Baseline};
use serde::Serialize;

use crate::{
    error::CommandError,
    project::settings::day,
    state::{
        State,
        verification::{Locked, report_of},
    },
};

/// What a version is, added up since its baseline.
#[derive(Clone, Debug)]
pub struct Cumulative {
    /// The version that was last read as a whole, and when.
    pub baseline: Baseline,
    /// Its version.
    pub version: ServerVersion,
    /// What takes attention item by item and nobody has acknowledged: neither the step alone shows it, nor did a step
    /// before.
    pub findings: Vec<Finding>,
    /// What was acknowledged with a step before and still holds; a consent carries it on.
    pub known: Vec<Finding>,
}

impl Cumulative {
    /// What it is relative to, for people: `since 1.0.0, read as a whole on 2026-08-01`.
    #[must_use]
    pub fn since(&self) -> String {
        format!("since {}, read as a whole on {}", self.version, day(self.baseline.at))
    }
}

/// What the consents to a version are relative to: the oldest baseline that one of them names, or that version itself.
/// `None` where there is no consent.
#[must_use]
pub fn baseline_of(manifest: Digest, consents: &[Verified<Consent>]) -> Option<Baseline> {
    oldest(manifest, consents.iter().map(Verified::statement))
}

/// As [`baseline_of`], of statements.
pub fn oldest<'a>(manifest: Digest, consents: impl Iterator<Item = &'a Consent>) -> Option<Baseline> {
    consents
        .map(|consent| consent.baseline.clone().unwrap_or(Baseline { manifest, at: consent.at }))
        .min_by_key(|baseline| baseline.at)
}

/// Adds up the steps from the baseline of what is locked to `after`; `step` is the last of them. `None` where the step is
/// all there is.
///
/// # Errors
/// Where the baseline's manifest is not kept any more: small steps must not pass because somebody took it away.
pub fn since_baseline(
    state: &State,
    locked: &Locked,
    after: &Manifest,
    step: &ChangeReport,
) -> Result<Option<Cumulative>, CommandError> {
    let Some(baseline) = baseline_of(locked.manifest.digest(), &locked.consents) else { return Ok(None) };
    if baseline.manifest == locked.manifest.digest() {
        return Ok(None);
    }
    let before = state.replaced_manifest(&baseline.manifest).map_err(|error| {
        CommandError::new(
            error.status,
            format!("the version of `{}` that was last read as a whole cannot be compared with", locked.server.alias),
        )
        .detail(error.to_string())
        .hint("restore .mcp-pin/attestations from version control")
    })?;
    let whole = report_of(after, None, Some(&before), &locked.server.tombstones, None);
    let acknowledged =
        locked.consents.iter().flat_map(|consent| &consent.statement().acknowledged).map(String::as_str).collect();
    Ok(Some(since(baseline, &before, &whole, step, &acknowledged)))
}

/// What a step comes to. `whole` is the report from the baseline, `step` the one that is shown anyway, `acknowledged` what was
/// with the steps before.
#[must_use]
pub fn since(
    baseline: Baseline,
    before: &Manifest,
    whole: &ChangeReport,
    step: &ChangeReport,
    acknowledged: &BTreeSet<&str>,
) -> Cumulative {
    let place = |finding: &Finding| (finding.rule.clone(), finding.location.clone());
    // Whoever looks at the step looks at this rule at this place anyway.
    let in_step: BTreeSet<_> = step.findings().iter().map(place).collect();
    let (known, findings) = whole
        .findings()
        .iter()
        .filter(|finding| finding.grade >= Grade::Review && !in_step.contains(&place(finding)))
        .cloned()
        .partition(|finding| acknowledged.contains(finding.fingerprint.as_str()));
    Cumulative { baseline, version: before.version().clone(), findings, known }
}

/// What small steps come to, in a JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SinceBaseline {
    version: ServerVersion,
    manifest: Digest,
    /// When it was read.
    at: Timestamp,
    findings: Vec<Finding>,
}

impl SinceBaseline {
    /// None where nothing is to be said.
    #[must_use]
    pub fn of(cumulative: &Cumulative) -> Option<Self> {
        let Cumulative { baseline, version, findings, .. } = cumulative;
        (!findings.is_empty()).then(|| Self {
            version: version.clone(),
            manifest: baseline.manifest,
            at: baseline.at,
            findings: findings.clone(),
        })
    }
}

//! The decision.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Consent, Digest, Grade, Ring, ServerName, ServerVersion, consent::Decision};

use crate::{Assessment, Preset, Requirements, consent::eligible};

/// What is to be decided: one manifest, in place of one other, for one ring, at one time.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The report of the change, computed by whoever decides.
    pub report: &'a ChangeReport,
    /// The digest of the manifest's payload.
    pub manifest: Digest,
    /// The manifest that it replaces; none on first admission.
    pub replaces: Option<Digest>,
    /// The server.
    pub name: &'a ServerName,
    /// The version.
    pub version: &'a ServerVersion,
    /// The principal who published the manifest.
    pub publisher: &'a str,
    /// The ring that it is to go live in.
    pub ring: &'a Ring,
    /// Now, in UTC.
    pub at: Timestamp,
}

/// The decision. Lists are sorted and hold nothing twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may go live.
    Admitted {
        /// The principals whose consents counted; empty when none was needed or given.
        approvers: Vec<String>,
    },
    /// It may not go live yet.
    ConsentRequired {
        /// How many distinct approvers it takes.
        needed: u8,
        /// The principals whose consents count so far.
        have: Vec<String>,
        /// Fingerprints of findings that too few of the approvers acknowledged.
        missing_acknowledgements: Vec<String>,
    },
    /// An approver decided against it.
    Rejected {
        /// The principal. Where several rejected, the first by name.
        by: String,
        /// Why, in the approver's words: to be escaped wherever it is shown.
        reason: String,
    },
    /// It cannot go live, whoever consents.
    Refused {
        /// Fingerprints of the findings of grade `refuse`.
        findings: Vec<String>,
    },
    /// The report is not of the change that was asked about, so nothing can be said about it. A mistake of the caller,
    /// or data from two sources that do not fit together.
    Mismatch {
        /// What does not fit, in words.
        what: &'static str,
    },
}

/// What one approver has said, all in all.
#[derive(Default)]
struct Voice<'a> {
    /// The last rejection: when, and why.
    rejected: Option<(Timestamp, &'a str)>,
    /// The approvals.
    approvals: Vec<&'a Consent>,
}

/// Decides.
///
/// `consents` must have been verified against the trust in *approvers*; a key that may only publish is not in it.
///
/// * Findings of grade `refuse` refuse, at every preset and whatever is excepted.
/// * What is excepted in the requirements decides what other findings weigh, at the time of the case.
/// * An approver's rejection stands until the same approver approves at a later time.
/// * Several consents of one principal, under whichever keys, are one approver with all that they acknowledge.
/// * An update in which nothing is found and nothing changed that the model reads passes without consent.
#[must_use]
pub fn decide(case: &Case<'_>, consents: &[Verified<Consent>], requirements: &Requirements) -> Outcome {
    if let Some(what) = mismatch(case) {
        return Outcome::Mismatch { what };
    }
    let assessment = Assessment::of(case.report, &requirements.exceptions, case.at);
    if assessment.grade() == Grade::Refuse {
        return Outcome::Refused { findings: refused(&assessment).into_iter().map(str::to_owned).collect() };
    }

    let mut voices: BTreeMap<&str, Voice<'_>> = BTreeMap::new();
    let report = case.report.digest();
    for consent in consents.iter().filter(|consent| eligible(case, report, consent, requirements).is_ok()) {
        let voice = voices.entry(consent.principal()).or_default();
        let statement = consent.statement();
        match statement.decision {
            Decision::Approve => voice.approvals.push(statement),
            Decision::Reject => voice.rejected = voice.rejected.max(Some((statement.at, statement.reason.as_str()))),
        }
    }
    for voice in voices.values_mut() {
        if let Some((at, _)) = voice.rejected {
            voice.approvals.retain(|approval| approval.at > at);
        }
    }
    let rejection = voices.iter().find_map(|(principal, voice)| match voice.rejected {
        Some((_, reason)) if voice.approvals.is_empty() => Some((*principal, reason)),
        _ => None,
    });
    if let Some((by, reason)) = rejection {
        return Outcome::Rejected { by: by.to_owned(), reason: reason.to_owned() };
    }

    let needed = approvers_needed(&assessment, requirements);
    let have: Vec<String> = voices.keys().map(|principal| (*principal).to_owned()).collect();
    let missing_acknowledgements = missing_acknowledgements(&assessment, &voices, requirements);
    if have.len() >= usize::from(needed) && missing_acknowledgements.is_empty() {
        Outcome::Admitted { approvers: have }
    } else {
        Outcome::ConsentRequired { needed, have, missing_acknowledgements }
    }
}

/// The report was computed from the two sides of this case, or nothing follows from it.
fn mismatch(case: &Case<'_>) -> Option<&'static str> {
    let to = case.report.to();
    if to.manifest != Some(case.manifest) {
        return Some("the change report is of another manifest");
    }
    if to.name.as_ref() != Some(case.name) || to.version.as_ref() != Some(case.version) {
        return Some("the change report is of another server or version");
    }
    match (case.report.from(), case.replaces) {
        (None, None) => None,
        (Some(from), Some(replaces)) if from.manifest == Some(replaces) => None,
        _ => Some("the change report is relative to another predecessor"),
    }
}

fn refused<'a>(assessment: &Assessment<'a>) -> BTreeSet<&'a str> {
    let findings = assessment.findings().iter().filter(|assessed| assessed.grade == Grade::Refuse);
    findings.map(|assessed| assessed.finding.fingerprint.as_str()).collect()
}

/// How many distinct approvers a change takes as a whole.
#[must_use]
pub fn approvers_needed(assessment: &Assessment<'_>, requirements: &Requirements) -> u8 {
    let report = assessment.report();
    if requirements.preset == Preset::Observe {
        return 0;
    }
    let at_least_one = if report.is_first_admission() {
        true
    } else {
        // An exemption spares the approvers one finding, never the approver.
        match assessment.grade_before_exemptions() {
            // Nothing that the model reads goes live without a consent, even if no rule had anything to say about it.
            Grade::None => report.model_visible_changed(),
            Grade::Notice => {
                let same_signer =
                    report.from().is_some_and(|from| from.signer.is_some() && from.signer == report.to().signer);
                !(requirements.preset == Preset::Relaxed && same_signer)
            }
            Grade::Review | Grade::Block | Grade::Refuse => true,
        }
    };
    // An acknowledgement that is needed is needed whatever the change as a whole takes.
    let as_a_whole = if at_least_one { requirements.as_a_whole(assessment.grade()) } else { 0 };
    as_a_whole.max(requirements.acknowledgements(assessment.grade()))
}

/// The fingerprints of findings that too few approvers acknowledged.
fn missing_acknowledgements(
    assessment: &Assessment<'_>,
    voices: &BTreeMap<&str, Voice<'_>>,
    requirements: &Requirements,
) -> Vec<String> {
    // A fingerprint that stands for several findings takes what the gravest of them takes.
    let mut needed: BTreeMap<&str, u8> = BTreeMap::new();
    for assessed in assessment.findings() {
        let count = needed.entry(&assessed.finding.fingerprint).or_default();
        *count = (*count).max(requirements.acknowledgements(assessed.grade));
    }
    let acknowledged = |fingerprint: &str| {
        let by = |voice: &&Voice<'_>| {
            voice.approvals.iter().any(|approval| approval.acknowledged.iter().any(|text| text == fingerprint))
        };
        voices.values().filter(by).count()
    };
    needed
        .into_iter()
        .filter(|(fingerprint, count)| acknowledged(fingerprint) < usize::from(*count))
        .map(|(fingerprint, _)| fingerprint.to_owned())
        .collect()
}

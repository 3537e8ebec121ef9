//! Findings as one versioned JSON document, `urn:mcp-pin:output:ci:v1`.

use mcp_pin_model::{Alias, Digest, EntryKind, Grade};
use serde::Serialize;

use super::{Base, Exempted, Finding, Overridden, Run};
use crate::{
    error::{Place, Status},
    evidence::TrustInForce,
};

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    outcome: Status,
    fail_on: Grade,
    live: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a Base>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<&'a TrustInForce>,
    servers: Vec<ServerOutput<'a>>,
    findings: Vec<FindingOutput<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerOutput<'a> {
    alias: &'a Alias,
    outcome: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report_digest: Option<Digest>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingOutput<'a> {
    rule: &'a str,
    grade: Grade,
    /// What it makes of the run.
    outcome: Status,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a Alias>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryOutput<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<PlaceOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<PlaceOutput>,
    /// What a consent or an exemption calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_as: Option<&'a str>,
    fingerprint: &'a str,
    occurrence: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    exempted: Option<&'a Exempted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overridden: Option<&'a Overridden>,
}

#[derive(Debug, Serialize)]
struct EntryOutput<'a> {
    kind: EntryKind,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct PlaceOutput {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// The document of a run.
#[must_use]
pub fn document(run: &Run) -> Document<'_> {
    Document {
        outcome: run.outcome,
        fail_on: run.fail_on,
        live: run.live,
        base: run.base.as_ref(),
        trust: run.trust.as_ref(),
        servers: run
            .servers
            .iter()
            .map(|server| ServerOutput {
                alias: &server.alias,
                outcome: server.outcome,
                name: server.name.as_deref(),
                version: server.version.as_deref(),
                change: server.change,
                report_digest: server.report,
            })
            .collect(),
        findings: run.findings.iter().map(|finding| output(run, finding)).collect(),
        notes: &run.notes,
    }
}

fn output<'a>(run: &Run, finding: &'a Finding) -> FindingOutput<'a> {
    let place = |place: &Place| PlaceOutput { path: run.repository_path(place), line: place.line };
    FindingOutput {
        rule: &finding.rule,
        grade: finding.grade,
        outcome: finding.counts(run.fail_on),
        message: &finding.message,
        hint: finding.hint.as_deref(),
        server: finding.server.as_ref(),
        entry: finding.entry.as_ref().map(|entry| EntryOutput { kind: entry.kind, name: &entry.key }),
        path: finding.path.as_ref().map(mcp_pin_model::json::Pointer::as_str),
        before: finding.before.as_deref(),
        after: finding.after.as_deref(),
        lock: finding.lock.as_ref().map(place),
        configuration: finding.config.as_ref().map(place),
        acknowledged_as: finding.acknowledged_as.as_deref(),
        fingerprint: &finding.fingerprint,
        occurrence: finding.occurrence,
        exempted: finding.exempted.as_ref(),
        overridden: finding.overridden.as_ref(),
    }
}

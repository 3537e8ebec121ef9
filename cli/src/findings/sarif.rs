//! SARIF 2.1.0 as GitHub's code scanning takes it, and other readers with it.
//!
//! Results stand on the line of the lock that the pull request changes, since that is where annotations are shown; the line of the
//! configuration is a related place. Fingerprints do not depend on lines.

use std::collections::BTreeMap;

use mcp_pin_model::{Grade, json as model_json};
use serde::Serialize;

use super::{About, Finding, Level, Page, Run, about, escape};
use crate::{
    error::{CommandError, Place, Status},
    render::json::text_of,
    ui::sanitize,
};

/// What code scanning shows of a run; it takes 25,000.
const MAX_RESULTS: usize = 5_000;

/// What code scanning shows of a description.
const MAX_DESCRIPTION: usize = 1_024;

/// Where readers find the schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunOutput; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunOutput {
    tool: Tool,
    automation_details: Automation,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<ResultOutput>,
    properties: RunProperties,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    precision: &'static str,
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    tags: [&'static str; 1],
}

#[derive(Serialize)]
struct Automation {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties {
    outcome: Status,
    fail_on: Grade,
    findings: usize,
    exempted: usize,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOutput {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: ResultProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    // The name by which code scanning knows a finding again.
    primary_location_line_hash: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultProperties {
    grade: Grade,
    outcome: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_as: Option<String>,
}

/// The log of a run.
///
/// # Errors
/// When it does not serialise, which is a fault of ours.
pub fn render(run: &Run) -> Result<String, CommandError> {
    let shown: Vec<&Finding> = run.findings.iter().take(MAX_RESULTS).collect();
    let mut rules: Vec<About> = Vec::new();
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &shown {
        indices.entry(&finding.rule).or_insert_with(|| {
            rules.push(about(&finding.rule));
            rules.len() - 1
        });
    }
    let results = shown
        .iter()
        .map(|finding| result(run, finding, indices.get(finding.rule.as_str()).copied().unwrap_or_default()))
        .collect();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [RunOutput {
            tool: Tool {
                driver: Driver {
                    name: "mcp-pin",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(rule).collect(),
                },
            },
            automation_details: Automation { id: format!("mcp-pin/{}", escape::uri(&run.prefix)) },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: !matches!(run.outcome, Status::CouldNotCheck | Status::Usage),
                exit_code: run.outcome.code(),
                tool_execution_notifications: notifications(run),
            }],
            results,
            properties: RunProperties {
                outcome: run.outcome,
                fail_on: run.fail_on,
                findings: run.findings.len(),
                exempted: run.findings.iter().filter(|finding| finding.exempted.is_some()).count(),
            },
        }],
    };
    let value = model_json::to_value(&log)
        .map_err(|error| CommandError::internal(format!("the result is not JSON: {error}")))?;
    Ok(text_of(&value))
}

fn notifications(run: &Run) -> Vec<Notification> {
    let note = |text: String| Notification { level: "note", message: Message { text: escape::sarif_message(&text) } };
    let mut out: Vec<Notification> = run.notes.iter().map(|note| sanitize::one_line(note)).map(note).collect();
    let left_out = run.findings.len().saturating_sub(MAX_RESULTS);
    if left_out > 0 {
        let text = format!(
            "{} more findings, none graver than these, are left out here; `mcp-pin ci` tells all of them",
            sanitize::thousands(left_out)
        );
        out.push(Notification { level: "warning", message: Message { text } });
    }
    out
}

fn rule(about: &About) -> Rule {
    let cut = |text: &str| text.chars().take(MAX_DESCRIPTION).collect::<String>();
    let more = match about.page {
        Page::Rule => format!("mcp-pin explain {}", about.id),
        Page::Checks => "docs/ci.md".to_owned(),
    };
    let lead = match about.page {
        Page::Rule => "With examples",
        Page::Checks => "All checks",
    };
    Rule {
        id: about.id,
        short_description: Message { text: cut(about.title) },
        full_description: Message { text: cut(about.rationale) },
        help: Help {
            text: format!("{}. {} {lead}: {more}", about.title, about.rationale),
            markdown: format!("**{}**\n\n{}\n\n{lead}: `{more}`", about.title, about.rationale),
        },
        default_configuration: Configuration { level: level(grade_level(about.grade)) },
        properties: RuleProperties {
            precision: if about.page == Page::Checks { "very-high" } else { "high" },
            security_severity: severity(about.grade),
            tags: ["security"],
        },
    }
}

/// What a rule weighs by itself.
fn grade_level(grade: Grade) -> Level {
    match grade {
        Grade::Refuse | Grade::Block => Level::Error,
        Grade::Review => Level::Warning,
        Grade::Notice | Grade::None => Level::Note,
    }
}

/// What code scanning makes critical (above 9), high, medium or low of.
fn severity(grade: Grade) -> &'static str {
    match grade {
        Grade::Refuse => "9.5",
        Grade::Block => "8.0",
        Grade::Review => "5.0",
        Grade::Notice | Grade::None => "2.0",
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn result(run: &Run, finding: &Finding, rule_index: usize) -> ResultOutput {
    let place = Place { path: mcp_pin_model::lockfile::LOCK_FILE.into(), line: None };
    let location = |place: &Place, id: Option<usize>, message: Option<&str>| Location {
        id,
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: escape::uri(&run.repository_path(place)),
                uri_base_id: "%SRCROOT%",
            },
            region: Region { start_line: place.line.unwrap_or(1).max(1) },
        },
        message: message.map(|text| Message { text: text.to_owned() }),
    };
    let justification = finding.exemption();
    ResultOutput {
        rule_id: about(&finding.rule).id.to_owned(),
        rule_index,
        level: level(finding.level(run.fail_on)),
        message: Message { text: escape::sarif_message(&finding.paragraph()) },
        locations: [location(finding.lock.as_ref().unwrap_or(&place), None, None)],
        related_locations: finding
            .config
            .iter()
            .map(|place| location(place, Some(1), Some("the server is configured here")))
            .collect(),
        partial_fingerprints: Fingerprints { primary_location_line_hash: finding.unique_fingerprint() },
        suppressions: justification
            .into_iter()
            .map(|text| Suppression {
                kind: "external",
                status: "accepted",
                justification: escape::sarif_message(&text),
            })
            .collect(),
        properties: ResultProperties {
            grade: finding.grade,
            outcome: finding.counts(run.fail_on),
            server: finding.server.as_ref().map(ToString::to_string),
            acknowledged_as: finding.acknowledged_as.clone(),
        },
    }
}

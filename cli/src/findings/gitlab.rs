//! GitLab's Code Quality report: a list of findings, which merge requests show beside the changed lines.

use mcp_pin_model::{Grade, json as model_json, lockfile::LOCK_FILE};
use serde::Serialize;

use super::{Finding, Run, about};
use crate::{
    error::{CommandError, Place, Status},
    render::json::text_of,
    ui::sanitize,
};

/// More than anybody reads in a merge request; GitLab compares this report with the target branch's in memory.
const MAX_FINDINGS: usize = 5_000;

#[derive(Serialize)]
struct Violation {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// The report of a run.
///
/// # Errors
/// When it does not serialise, which is a fault of ours.
pub fn render(run: &Run) -> Result<String, CommandError> {
    let mut list: Vec<Violation> =
        run.findings.iter().take(MAX_FINDINGS).map(|finding| violation(run, finding)).collect();
    let left_out = run.findings.len().saturating_sub(MAX_FINDINGS);
    if left_out > 0 {
        // The form has no place for notes, and what it leaves out has to be told.
        list.push(Violation {
            description: format!(
                "{} more findings, none graver than the others, are left out here; `mcp-pin ci` tells all of them",
                sanitize::thousands(left_out)
            ),
            check_name: "check-other",
            fingerprint: "left-out".to_owned(),
            severity: "info",
            location: Location {
                path: run.repository_path(&Place { path: LOCK_FILE.into(), line: None }),
                lines: Lines { begin: 1 },
            },
        });
    }
    let value = model_json::to_value(&list)
        .map_err(|error| CommandError::internal(format!("the result is not JSON: {error}")))?;
    Ok(text_of(&value))
}

fn violation(run: &Run, finding: &Finding) -> Violation {
    let lock = Place { path: LOCK_FILE.into(), line: None };
    let place = finding.lock.as_ref().unwrap_or(&lock);
    Violation {
        description: finding.paragraph(),
        check_name: about(&finding.rule).id,
        fingerprint: finding.unique_fingerprint(),
        severity: severity(run, finding),
        location: Location { path: run.repository_path(place), lines: Lines { begin: place.line.unwrap_or(1).max(1) } },
    }
}

/// What keeps the run from passing is critical or a blocker, and nothing else is.
fn severity(run: &Run, finding: &Finding) -> &'static str {
    if finding.exempted.is_some() {
        return "info";
    }
    match (finding.counts(run.fail_on), finding.grade) {
        (Status::Passed, Grade::Refuse | Grade::Block) => "major",
        (Status::Passed, Grade::Review) => "minor",
        (Status::Passed, Grade::Notice | Grade::None) => "info",
        (_, Grade::Refuse) => "blocker",
        (_, _) => "critical",
    }
}

//! SLSA provenance, versions 1 and 0.2: what it says about the build is what the certificate says about the signer.
//!
//! The predicate is the signer's own word. What decides is the certificate; a predicate that says otherwise is a lie or
//! a mistake, and either way no evidence.

use mcp_pin_model::json::Value;

use super::{PackageFailure, normal_repository};
use crate::{ForeignStatement, IdentityClaims};

pub(super) const PROVENANCE_V1: &str = "https://slsa.dev/provenance/v1";
pub(super) const PROVENANCE_V0_2: &str = "https://slsa.dev/provenance/v0.2";

/// The builder of npm and of GitHub's own action in version 0.2, with or without the kind of runner behind it.
const GITHUB_RUNNER: &str = "https://github.com/actions/runner";

/// Holds a predicate against the certificate; other predicates say nothing about a build.
pub(super) fn check(statement: &ForeignStatement, claims: &IdentityClaims) -> Result<(), PackageFailure> {
    match statement.predicate_type() {
        PROVENANCE_V1 => check_v1(statement.predicate(), claims),
        PROVENANCE_V0_2 => check_v0_2(statement.predicate(), claims),
        _ => Ok(()),
    }
}

fn check_v1(predicate: &Value, claims: &IdentityClaims) -> Result<(), PackageFailure> {
    let text = |place: &[&str]| at(predicate, place);
    let workflow = |member| text(&["buildDefinition", "externalParameters", "workflow", member]);
    same("buildDefinition.externalParameters.workflow.repository", workflow("repository"), |found| {
        is_repository(found, claims)
    })?;
    same("buildDefinition.externalParameters.workflow.ref", workflow("ref"), |found| {
        claims.reference.as_deref() == Some(found)
    })?;
    same("buildDefinition.externalParameters.workflow.path", workflow("path"), |found| {
        is_workflow_path(found, claims)
    })?;
    same("runDetails.builder.id", text(&["runDetails", "builder", "id"]), |found| is_builder(found, claims))?;
    if let (Some(run), Some(found)) = (&claims.run, text(&["runDetails", "metadata", "invocationId"]))
        && run != found
    {
        return Err(PackageFailure::Inconsistent { member: "runDetails.metadata.invocationId" });
    }
    Ok(())
}

fn check_v0_2(predicate: &Value, claims: &IdentityClaims) -> Result<(), PackageFailure> {
    let text = |place: &[&str]| at(predicate, place);
    same("invocation.configSource.uri", text(&["invocation", "configSource", "uri"]), |found| {
        // `git+https://host/owner/name@ref`; GitLab leaves the ref out.
        let (repository, reference) = found.split_once('@').unwrap_or((found, ""));
        is_repository(repository, claims) && (reference.is_empty() || claims.reference.as_deref() == Some(reference))
    })?;
    if let Some(commit) = &claims.commit {
        same("invocation.configSource.digest", text(&["invocation", "configSource", "digest", "sha1"]), |found| {
            commit == found
        })?;
    }
    same("builder.id", text(&["builder", "id"]), |found| is_builder(found, claims))
}

/// A member that has to be there, and right.
fn same(member: &'static str, found: Option<&str>, holds: impl FnOnce(&str) -> bool) -> Result<(), PackageFailure> {
    if found.is_some_and(holds) { Ok(()) } else { Err(PackageFailure::Inconsistent { member }) }
}

fn is_repository(found: &str, claims: &IdentityClaims) -> bool {
    let found = normal_repository(found);
    found.is_some() && found == claims.repository.as_deref().and_then(normal_repository)
}

/// The workflow's URI in the certificate is `<repository>/<path>@<ref>`.
fn is_workflow_path(path: &str, claims: &IdentityClaims) -> bool {
    let workflow = claims.workflow.as_ref().or(claims.subject.as_ref());
    let (Some(workflow), Some(repository)) = (workflow, &claims.repository) else { return false };
    let Some(rest) = workflow.strip_prefix(repository.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    // GitLab writes two slashes before the path of its file.
    rest.split('@').next().is_some_and(|found| found.trim_start_matches('/') == path)
}

/// The runner by its kind, or the workflow that signed.
fn is_builder(found: &str, claims: &IdentityClaims) -> bool {
    if let Some(rest) = found.strip_prefix(GITHUB_RUNNER) {
        return rest.is_empty() || rest.strip_prefix('/') == claims.runner.as_deref() && claims.runner.is_some();
    }
    if claims.subject.as_deref() == Some(found) {
        return true;
    }
    // GitLab names the runner below the project.
    claims.repository.as_deref().is_some_and(|repository| {
        found
            .strip_prefix(repository)
            .and_then(|rest| rest.strip_prefix("/-/runners/"))
            .is_some_and(|runner| !runner.is_empty() && runner.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn at<'v>(value: &'v Value, place: &[&str]) -> Option<&'v str> {
    place.iter().try_fold(value, |value, member| value.get(member)).and_then(Value::as_str)
}

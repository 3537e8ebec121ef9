//! `verify --online`: every locked package against the place that it comes from.

use mcp_pin_attest::package::{CheckKind, Outcome};
use mcp_pin_model::{
    Artifact, Provenance, ServerName,
    json::Value,
    lockfile::Source,
    package_identity::{Package, identify},
    provenance,
};
use mcp_pin_packages::{Question, ResolveError, Resolved, Resolver};
use serde::Serialize;

use super::Row;
use crate::{
    context::Context,
    error::{CommandError, Status},
    packages::{chain, resolver, version_of},
    project::Project,
    state::verification::{Failure, Locked},
};

/// The word of these checks in the output.
const CHECK: &str = "package";

/// What is known about one artifact, for the output.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackageOutput {
    pub(super) purl: String,
    /// Where it was looked at.
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    pub(super) checks: Vec<CheckOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct CheckOutput {
    pub(super) check: &'static str,
    /// `passed`, `failed`, `absent` or `unsupported`.
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// Looks at the packages of every server whose lock follows from signatures.
pub(super) fn run(context: &Context, project: &Project, rows: &mut [Row]) -> Result<(), CommandError> {
    let resolver = resolver(context, project)?;
    let progress = context.ui.progress("looking at packages");
    let work = async {
        for row in rows.iter_mut() {
            let Some(locked) = row.checked.locked.clone() else {
                if row.server.is_some() {
                    row.checked.notes.push("packages not looked at, because what is locked does not verify".to_owned());
                }
                continue;
            };
            progress.message(&format!("{}: packages", row.alias));
            check(&resolver, &locked, row).await;
        }
        Ok::<_, CommandError>(())
    };
    let result = context.block_on(work);
    progress.finish();
    result
}

async fn check(resolver: &Resolver, locked: &Locked, row: &mut Row) {
    let statement = locked.manifest.statement();
    let identity = identify(&statement.launch);
    let Some(package) = identity.package() else {
        row.checked.notes.push("its launch runs no package that can be looked up".to_owned());
        return;
    };
    let repository = statement.server.get("repository").and_then(|repository| repository.get("url"));
    let is_named = locked.server.source != Source::Local;
    let server: Option<&ServerName> = is_named.then(|| statement.name());
    let question = Question { repository: repository.and_then(Value::as_str), server, builder: None };
    match resolver.resolve(package, question).await {
        Ok(resolved) => judge(package, &statement.artifacts, &resolved, row),
        Err(error) => row.fail(unresolved(package, &statement.artifacts, &error)),
    }
}

fn unresolved(package: &Package, locked: &[Artifact], error: &ResolveError) -> Failure {
    // Bytes that were there once and are not any more were taken away, or are kept from us (threat T27).
    if error.is_gone() && locked.iter().any(|artifact| artifact.digest.is_some()) {
        return Failure::failed(CHECK, format!("{} is gone: {}", package.purl, chain(error)));
    }
    Failure {
        status: Status::CouldNotCheck,
        check: CHECK,
        message: format!("{} could not be looked at: {}", package.purl, chain(error)),
        hint: match error {
            ResolveError::NotPinned { .. } => Some(format!("pin it as {}", package.pinned_spelling())),
            _ => None,
        },
    }
}

/// Holds what is there now against what is locked.
fn judge(package: &Package, locked: &[Artifact], resolved: &[Resolved], row: &mut Row) {
    let is_open = locked.iter().all(|artifact| artifact.digest.is_none());
    if is_open {
        row.fail(Failure {
            status: Status::CouldNotCheck,
            check: CHECK,
            message: format!("the bytes of {} are not locked, so there is nothing to compare them with", package.purl),
            hint: Some(format!(
                "lock `{}` anew: `mcp-pin lock --prune` while it is out of the configuration, then `mcp-pin lock` with it",
                row.alias
            )),
        });
    }
    for one in resolved {
        let before = locked.iter().find(|artifact| artifact.purl == one.artifact.purl);
        if !is_open {
            compare(before, one, row);
        }
        let checks = one
            .evidence
            .checks
            .iter()
            .map(|check| CheckOutput {
                check: check.kind.as_str(),
                outcome: check.outcome.word(),
                reason: check.outcome.reason(),
            })
            .collect();
        row.packages.push(PackageOutput {
            purl: one.artifact.purl.clone(),
            address: one.address.clone(),
            digest: one.artifact.digest.as_ref().map(ToString::to_string),
            checks,
            provenance: one.artifact.provenance.clone(),
        });
        report(one, row);
    }
    let is_there = |artifact: &Artifact| resolved.iter().any(|one| one.artifact.purl == artifact.purl);
    for gone in locked.iter().filter(|artifact| artifact.digest.is_some() && !is_there(artifact)) {
        row.fail(Failure::failed(CHECK, format!("{} is locked, and is not there any more", gone.purl)));
    }
}

/// Threats T27 and T84.
fn compare(before: Option<&Artifact>, now: &Resolved, row: &mut Row) {
    let purl = &now.artifact.purl;
    let Some(before) = before else {
        row.fail(Failure::failed(CHECK, format!("{} has a file now that is not locked: {purl}", version_of(purl))));
        return;
    };
    let hex = |artifact: &Artifact| artifact.digest.as_ref().map(mcp_pin_model::artifact::ArtifactDigest::to_hex);
    if hex(before) != hex(&now.artifact) {
        row.fail(
            Failure::failed(CHECK, format!("{purl} has other bytes than are locked: the version was published again"))
                .hint("do not start it; ask the publisher, and the host of the package"),
        );
    }
    // What could not be looked at is not lost; that it could not stands among the checks.
    if matches!(now.evidence.outcome(CheckKind::Provenance), Some(Outcome::Unsupported(_))) {
        return;
    }
    for change in provenance::compare(before.provenance.as_ref(), now.artifact.provenance.as_ref()) {
        row.fail(Failure::failed(CHECK, format!("{purl}: {}", change.message())));
    }
}

fn report(one: &Resolved, row: &mut Row) {
    for check in &one.evidence.checks {
        let status = match &check.outcome {
            Outcome::Failed(_) => Status::Failed,
            Outcome::Unsupported(_) => Status::CouldNotCheck,
            _ => continue,
        };
        let reason = check.outcome.reason().unwrap_or_default();
        let message = format!("{}: {}: {reason}", one.artifact.purl, check.kind.as_str());
        row.fail(Failure { status, check: CHECK, message, hint: None });
    }
}

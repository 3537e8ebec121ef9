//! What stands beside a submission's change report: what the server has to do with the others that the registry shows, and
//! what this step comes to together with those before it.
//!
//! The registry is asked for bytes by digest. It could name another baseline or leave servers out, as it could name another
//! version as the one that is replaced; it cannot make anything that is shown here look harmless.

use std::collections::BTreeSet;

use mcp_pin_diff::{Finding, Side, compare};
use mcp_pin_model::{
    Consent, Digest, Manifest, ServerName,
    consent::{Baseline, Decision},
    surface::SurfaceParts,
};
use mcp_pin_policy::{Assessed, Assessment};
use mcp_pin_registry_client::{CatalogueQuery, ClientError, ConsentDocument, EntryStatus, RegistryClient};
use serde::Serialize;

use super::{Reviewed, review::manifest_of};
use crate::{
    commands::registry::{connection::ask, submissions},
    context::Context,
    cumulative::{Cumulative, SinceBaseline, oldest, since},
    error::CommandError,
    review::beside::{Beside, Others},
};

/// With so many others a submission is compared; a catalogue of a large organisation has some hundreds.
const MAX_COMPARED: usize = 1_000;

/// What was found beside a report.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What the server has to do with others.
    others: Vec<Finding>,
    /// What the steps come to.
    cumulative: Option<Cumulative>,
    /// What the steps are added up since; carried on with the consent.
    pub(super) baseline: Option<Baseline>,
}

/// The same in a JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundDocument<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    beside: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    since_baseline: Option<SinceBaseline>,
}

impl Found {
    /// With what each weighs: as the rules say, since no project's exceptions count in a registry.
    pub(super) fn beside(&self) -> Vec<Beside<'_>> {
        let mut beside = vec![Beside::servers(weighed(&self.others))];
        if let Some(cumulative) = &self.cumulative {
            beside.push(Beside { from: cumulative.since(), findings: weighed(&cumulative.findings) });
        }
        beside
    }

    /// What was acknowledged with a step before and still holds.
    pub(super) fn known(&self) -> Vec<Assessed<'_>> {
        self.cumulative.as_ref().map(|cumulative| weighed(&cumulative.known)).unwrap_or_default()
    }

    pub(super) fn document(&self) -> FoundDocument<'_> {
        FoundDocument { beside: &self.others, since_baseline: self.cumulative.as_ref().and_then(SinceBaseline::of) }
    }
}

fn weighed(findings: &[Finding]) -> Vec<Assessed<'_>> {
    Assessment::findings_without_exceptions(findings)
}

/// Asks the registry for the others and for the versions before.
pub(super) fn find(context: &Context, client: &RegistryClient, reviewed: &Reviewed) -> Result<Found, CommandError> {
    let server = &reviewed.submission.server;
    let all = others(context, client, server)?;
    let mut others = all.beside(server.as_str(), &reviewed.after.surface);
    if let Some(before) = &reviewed.before {
        // What holds for what is live was decided about with whichever of the two servers came later.
        let holds = all.beside(server.as_str(), before);
        others.retain(|finding| holds.iter().all(|held| held.fingerprint != finding.fingerprint));
    }
    let Some(live) = reviewed.submission.replaces else {
        return Ok(Found { others, ..Found::default() });
    };
    let consents = ask(context, "fetching the consents to what is live", client.consents(&live))?;
    let approvals = approvals(&consents)?;
    // Where nobody had to consent to what is live, nobody is known to have read more than what this step is relative to.
    let unread = Baseline { manifest: live, at: context.now() };
    let baseline = oldest(live, approvals.iter()).unwrap_or(unread);
    if baseline.manifest == live {
        return Ok(Found { others, cumulative: None, baseline: Some(baseline) });
    }
    let attestation = ask(context, "fetching the version that was read as a whole", async {
        match client.manifest(&baseline.manifest).await {
            Ok(attestation) => Ok(Some(attestation)),
            Err(ClientError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    })?;
    let Some(attestation) = attestation else {
        // Revoked since. What is live was consented to, so it is the oldest that there is to add up from.
        context.ui.warn("the version that was last read as a whole is not served any more: only this step is shown");
        let at = approvals.iter().map(|consent| consent.at).min().unwrap_or(baseline.at);
        return Ok(Found { others, cumulative: None, baseline: Some(Baseline { manifest: live, at }) });
    };
    let before = manifest_of(&attestation, &baseline.manifest)?;
    if before.name() != server {
        return Err(CommandError::failed("the version that was last read as a whole is of another server"));
    }
    let whole = compare(
        Some(&Side::of_manifest(&before, None)),
        &Side::of_manifest(&reviewed.after, None),
        reviewed.report.tombstones(),
    );
    let acknowledged: BTreeSet<&str> =
        approvals.iter().flat_map(|consent| &consent.acknowledged).map(String::as_str).collect();
    let cumulative = since(baseline.clone(), &before, &whole, &reviewed.report, &acknowledged);
    Ok(Found { others, cumulative: Some(cumulative), baseline: Some(baseline) })
}

/// What was consented to. One that cannot be read may name an older baseline than the others, so it is not passed over.
fn approvals(consents: &[ConsentDocument]) -> Result<Vec<Consent>, CommandError> {
    consents
        .iter()
        .filter(|consent| consent.decision == Decision::Approve)
        .map(|consent| {
            consent.attestation.statement_unverified::<Consent>().map_err(|error| {
                CommandError::could_not_check(format!(
                    "the consent {} to what is live cannot be read: {error}",
                    consent.digest.short()
                ))
                .hint("it may be of a newer mcp-pin")
            })
        })
        .collect()
}

/// The newest versions of the other servers that the registry shows.
fn others(context: &Context, client: &RegistryClient, server: &ServerName) -> Result<Others, CommandError> {
    let (manifests, more) = ask(context, "comparing with the other servers", async {
        let mut named: Vec<(ServerName, Digest)> = Vec::new();
        let mut query = CatalogueQuery { latest_only: true, ..CatalogueQuery::default() };
        let more = loop {
            let page = client.list(&query).await?;
            let shown =
                page.entries.into_iter().filter(|entry| entry.name != *server && entry.status != EntryStatus::Deleted);
            named.extend(shown.filter_map(|entry| Some((entry.name, entry.manifest?))));
            match page.next {
                Some(next) if named.len() < MAX_COMPARED => query.cursor = Some(next),
                next => break next.is_some() || named.len() > MAX_COMPARED,
            }
        };
        let mut manifests = Vec::with_capacity(named.len());
        for (name, digest) in named.into_iter().take(MAX_COMPARED) {
            match client.manifest(&digest).await {
                Ok(attestation) => manifests.push((name, digest, attestation)),
                // Taken out of the catalogue since the page was made.
                Err(ClientError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((manifests, more))
    })?;
    if more {
        context.ui.warn(format!("the registry shows more servers than the {MAX_COMPARED} that this was compared with"));
    }
    let mut others = Others::default();
    let mut known = BTreeSet::from([server.clone()]);
    for (name, digest, attestation) in manifests {
        let manifest: Manifest = manifest_of(&attestation, &digest)?;
        others.add(name.as_str(), &manifest.surface);
        known.insert(name);
    }
    // Names are never free again, so one that looks like that of a server which is pending, or gone, is told as well. What
    // such a server declares is nobody's to use.
    let nothing = SurfaceParts::default()
        .into_surface()
        .map_err(|error| CommandError::internal(format!("an empty surface is none: {error}")))?;
    for submission in submissions::all(context, client, None)? {
        if known.len() < 2 * MAX_COMPARED && known.insert(submission.server.clone()) {
            others.add(submission.server.as_str(), &nothing);
        }
    }
    Ok(others)
}

//! What an approver decides about, put together from what can be checked here.
//!
//! The registry is asked for bytes and believed nothing: manifests have to have the digests they are asked for by, name
//! the server and version they are submitted as, and give the very change report whose digest a consent will name.

use mcp_pin_attest::{Attestation, Verified, verify};
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{
    Digest, Manifest,
    lockfile::{KeyIdentity, SignerIdentity},
};
use mcp_pin_registry_client::{RegistryClient, SubmissionRecord};

use super::Reviewed;
use crate::{
    commands::registry::connection::ask,
    context::Context,
    error::{CommandError, Status},
};

/// Fetches and checks a submission, and computes its change report.
pub(super) fn review(
    context: &Context,
    client: &RegistryClient,
    submission: SubmissionRecord,
) -> Result<Reviewed, CommandError> {
    let (attestation, live, registry_report) = ask(context, "fetching the manifests", async {
        let attestation = client.manifest(&submission.manifest).await?;
        let live = match &submission.replaces {
            Some(digest) => Some(client.manifest(digest).await?),
            None => None,
        };
        Ok((attestation, live, client.submission_changes(&submission).await?))
    })?;
    let manifest = manifest_of(&attestation, &submission.manifest)?;
    if *manifest.name() != submission.server || *manifest.version() != submission.version {
        return Err(CommandError::failed("the registry shows the manifest of another server or version"));
    }
    let verified = check_signature(context, &attestation, &submission)?;
    let signature_checked = verified.is_some();
    let signer = signer_of(&attestation, verified.as_ref());
    let before = match (&live, &submission.replaces) {
        (Some(live), Some(digest)) => {
            let manifest = manifest_of(live, digest)?;
            // Whoever signed what is live may have left since: then nothing follows but the key it names.
            let verified = check_signature(context, live, &submission).ok().flatten();
            Some((manifest, signer_of(live, verified.as_ref())))
        }
        _ => None,
    };
    if let Some((live, _)) = &before
        && live.name() != manifest.name()
    {
        return Err(CommandError::failed("what it would replace is another server"));
    }
    let theirs = ChangeReport::parse(&registry_report)
        .map_err(|error| CommandError::failed(format!("the registry's change report is not acceptable: {error}")))?;
    if theirs.to().signer.is_some() && signer.is_none() {
        return Err(CommandError::could_not_check(
            "the manifest is signed with a certificate, and nobody is configured to have signed it",
        )
        .hint("whoever publishes it stands in mcp-pin.toml as [[trust.publisher]], with issuer and subject"));
    }
    // Whether signers are part of the report is the registry's choice; who they are is not.
    let after = Side::of_manifest(&manifest, signer.as_ref().filter(|_| theirs.to().signer.is_some()));
    let side_before = before.as_ref().map(|(live, signer)| {
        let compared = theirs.from().is_some_and(|side| side.signer.is_some());
        Side::of_manifest(live, signer.as_ref().filter(|_| compared))
    });
    let report = compare(side_before.as_ref(), &after, theirs.tombstones());
    if report.digest() != submission.changes || report != theirs {
        return Err(CommandError::failed(
            "the registry's change report is not what this mcp-pin finds between the two manifests",
        )
        .detail(format!("the registry's {}", submission.changes))
        .detail(format!("found here     {}", report.digest()))
        .hint("the registry and mcp-pin may be of different versions; no consent can be given before they agree"));
    }
    let before = before.map(|(live, _)| live.surface);
    Ok(Reviewed { submission, report, signature_checked, before, after: manifest })
}

/// Checks the publisher's signature where the project says who that is.
fn check_signature(
    context: &Context,
    attestation: &Attestation,
    submission: &SubmissionRecord,
) -> Result<Option<Verified<Manifest>>, CommandError> {
    let settings = context.project()?.settings;
    let trust = settings.publishers_of(&submission.server);
    if trust.is_empty() {
        return Ok(None);
    }
    match verify::<Manifest>(attestation, &trust, settings.roots()) {
        Ok(verified) => Ok(Some(verified)),
        Err(error) => {
            let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Failed };
            Err(CommandError::new(status, format!("the manifest is not accepted: {error}"))
                .hint("whoever publishes it stands in mcp-pin.toml as [[trust.publisher]]"))
        }
    }
}

/// The signer as the change report names it: as verified, or else the key that the bundle says it is signed with.
fn signer_of(attestation: &Attestation, verified: Option<&Verified<Manifest>>) -> Option<SignerIdentity> {
    if let Some(verified) = verified {
        return Some(verified.signer().clone());
    }
    attestation.key_id_unverified().map(|key| SignerIdentity::Key(KeyIdentity { key: key.to_owned() }))
}

/// The manifest in a bundle, read from the bytes that have this digest. Its signature is not looked at here.
pub(super) fn manifest_of(attestation: &Attestation, digest: &Digest) -> Result<Manifest, CommandError> {
    let failed = |problem: String| CommandError::failed(format!("the manifest {} {problem}", digest.short()));
    if attestation.payload_digest_unverified() != *digest {
        return Err(failed("is another one than was asked for".to_owned()));
    }
    attestation.statement_unverified().map_err(|error| failed(format!("is not acceptable: {error}")))
}

//! Verifying attestations.

use std::sync::Arc;

use mcp_pin_model::{
    Digest,
    lockfile::{CertificateIdentity, SignerIdentity},
    statement::{PAYLOAD_TYPE, Statement},
};

use crate::{
    Attestation, Evidence, KeyEvidence, Roots, Trust, TrustedRoot, VerificationError,
    bundle::Material,
    dsse::pre_authentication_encoding,
    sigstore::{Checked, Content, Input, ParsedBundle},
    trust::TrustedKey,
};

/// A statement whose signature was checked. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    statement: T,
    digest: Digest,
    attestation: Attestation,
    signer: SignerIdentity,
    principal: String,
    evidence: Evidence,
}

impl<T> Verified<T> {
    /// The statement, read from the bytes that were signed.
    #[must_use]
    pub fn statement(&self) -> &T {
        &self.statement
    }

    /// The digest of the payload: the statement's identity.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The attestation.
    #[must_use]
    pub fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// The key or the certificate's identity that signed.
    #[must_use]
    pub fn signer(&self) -> &SignerIdentity {
        &self.signer
    }

    /// The principal, by the verifier's own trust, whose key that is. This is what counts in a quorum.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// What was checked.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Verifies an attestation against whom the configuration trusts: a key as it was configured, a certificate under the roots
/// of the instances that vouch for somebody.
///
/// # Errors
/// See [`VerificationError`].
pub fn verify<T: Statement>(
    attestation: &Attestation,
    trust: &Trust,
    roots: &Roots,
) -> Result<Verified<T>, VerificationError> {
    let (signer, principal, evidence) = match &attestation.envelope().material {
        Material::KeyHint(hint) => {
            let trusted = trusted_key(trust, hint)?;
            let evidence = match &trusted.evidence {
                KeyEvidence::None => key_signature(attestation, trusted)?,
                KeyEvidence::Log(instance) => {
                    let root =
                        roots.get(instance).ok_or_else(|| VerificationError::NoRoot { instance: instance.clone() })?;
                    let checked = checked(attestation, root, Some(trusted))?;
                    Evidence::KeyInLog {
                        key: trusted.key.id(),
                        instance: instance.clone(),
                        entries: checked.entries.clone(),
                        times: checked.times.clone(),
                    }
                }
            };
            (SignerIdentity::Key(trusted.key.id()), trusted.principal.clone(), evidence)
        }
        Material::Certificate => certificate(attestation, trust, roots)?,
    };
    finish(attestation, signer, principal, evidence)
}

/// Verifies in local mode, by its name: the signature of a trusted key alone, no transparency evidence.
///
/// For a project's own lock, where the keys stand in the verifier's configuration and no log exists. Log entries and
/// timestamps in the bundle add nothing here and are ignored, with a note in the evidence: an unchecked entry must
/// neither help a bad signature nor spoil a good one. A key that was configured to need a log is refused here.
///
/// # Errors
/// See [`VerificationError`]. A bundle that is signed with a certificate cannot be checked in this mode.
pub fn verify_with_keys_only<T: Statement>(
    attestation: &Attestation,
    trust: &Trust,
) -> Result<Verified<T>, VerificationError> {
    let hint = match &attestation.envelope().material {
        Material::KeyHint(hint) => hint,
        Material::Certificate => return Err(VerificationError::KeylessNotConfigured),
    };
    let trusted = trusted_key(trust, hint)?;
    if let KeyEvidence::Log(instance) = &trusted.evidence {
        return Err(VerificationError::NoRoot { instance: instance.clone() });
    }
    let evidence = key_signature(attestation, trusted)?;
    finish(attestation, SignerIdentity::Key(trusted.key.id()), trusted.principal.clone(), evidence)
}

/// Checks an attestation that was just made with a certificate, whoever signed it: certificate, logs, timestamps and the
/// signature over the payload. For signers, who know what they signed and want to know that others can verify it; nothing
/// may be admitted on it.
///
/// # Errors
/// See [`VerificationError`]. An attestation that is signed with a key has no such evidence.
pub fn evidence_of_anybody(attestation: &Attestation, root: &TrustedRoot) -> Result<Evidence, VerificationError> {
    match &attestation.envelope().material {
        Material::Certificate => checked(attestation, root, None)?.evidence_of_certificate(root.instance()),
        Material::KeyHint(_) => Err(VerificationError::EvidenceNotChecked { what: "the certificate" }),
    }
}

fn finish<T: Statement>(
    attestation: &Attestation,
    signer: SignerIdentity,
    principal: String,
    evidence: Evidence,
) -> Result<Verified<T>, VerificationError> {
    let payload = &attestation.envelope().payload;
    Ok(Verified {
        statement: T::from_payload(payload)?,
        digest: Digest::of(payload),
        attestation: attestation.clone(),
        signer,
        principal,
        evidence,
    })
}

fn trusted_key<'a>(trust: &'a Trust, hint: &str) -> Result<&'a TrustedKey, VerificationError> {
    trust.key(hint).ok_or_else(|| VerificationError::UnknownKey { hint: hint.to_owned() })
}

/// The signature of a key over the payload, and nothing else.
fn key_signature(attestation: &Attestation, trusted: &TrustedKey) -> Result<Evidence, VerificationError> {
    let envelope = attestation.envelope();
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &envelope.payload);
    let key = trusted.key.id();
    if !trusted.key.verify(&message, &envelope.signature) {
        return Err(VerificationError::BadSignature { key: key.key });
    }
    Ok(Evidence::KeyOnly { key, log_entries_ignored: envelope.log_entries, timestamps_ignored: envelope.timestamps })
}

/// A certificate, under the root of each instance that vouches for somebody here, until one of them verifies it.
fn certificate(
    attestation: &Attestation,
    trust: &Trust,
    roots: &Roots,
) -> Result<(SignerIdentity, String, Evidence), VerificationError> {
    let mut refused = None;
    for instance in trust.instances() {
        let result = match roots.get(instance) {
            Some(root) => checked(attestation, root, None),
            None => Err(VerificationError::NoRoot { instance: instance.clone() }),
        };
        let checked = match result {
            Ok(checked) => checked,
            Err(error) => {
                // With several roots, "not of this root" says less than any other reason.
                if refused.as_ref().is_none_or(is_of_another_root) {
                    refused = Some(error);
                }
                continue;
            }
        };
        let certificate =
            checked.certificate.as_ref().ok_or(VerificationError::EvidenceNotChecked { what: "the certificate" })?;
        let principal = trust.principal_of_identity(&certificate.claims, instance)?.to_owned();
        let signer = SignerIdentity::Certificate(CertificateIdentity {
            issuer: certificate.claims.issuer.clone().unwrap_or_default(),
            subject: certificate.claims.subject.clone().unwrap_or_default(),
        });
        return Ok((signer, principal, checked.evidence_of_certificate(instance)?));
    }
    Err(refused.unwrap_or(VerificationError::KeylessNotConfigured))
}

/// Whether a failure only says that another instance signed it.
fn is_of_another_root(error: &VerificationError) -> bool {
    use crate::{CertificateProblem, LogProblem, TimestampProblem};
    matches!(
        error,
        VerificationError::NoRoot { .. }
            | VerificationError::Certificate(CertificateProblem::Chain(_) | CertificateProblem::NoAuthority { .. })
            | VerificationError::Log(LogProblem::UnknownLog(_))
            | VerificationError::Timestamp(TimestampProblem::UnknownAuthority)
    )
}

/// Everything that does not depend on who is trusted, from memory if these bytes were checked under this root before.
fn checked(
    attestation: &Attestation,
    root: &TrustedRoot,
    key: Option<&TrustedKey>,
) -> Result<Arc<Checked>, VerificationError> {
    // A verdict about a key holds for that key only.
    let verdict = match key {
        None => attestation.digest(),
        Some(trusted) => Digest::of(&[attestation.digest().as_bytes().as_slice(), trusted.key.spki_der()].concat()),
    };
    if let Some(checked) = root.remembered(&verdict) {
        return Ok(checked);
    }
    let text = std::str::from_utf8(attestation.as_bytes()).map_err(|_| VerificationError::NotABundle)?;
    let bundle = ParsedBundle::from_json(text)?;
    let payload = &attestation.envelope().payload;
    // What is verified below is what they read; what is used afterwards is what we read.
    match bundle.content()? {
        Content::Envelope { payload_type: PAYLOAD_TYPE, payload: theirs } if theirs == payload.as_slice() => {}
        Content::Envelope { .. } | Content::Message => return Err(VerificationError::Ambiguous),
    }
    if bundle.signature()? != attestation.envelope().signature.as_slice() {
        return Err(VerificationError::Ambiguous);
    }
    // Their verifier wants an artifact with one of the subject's digests. Our statements are about themselves: what the
    // subjects have to be is checked by each statement's own reader.
    let digest = bundle.subject_digest()?;
    let input = Input::Digest(&digest);
    let checked = match key {
        None => root.verifier().check_certificate(&bundle, input, root.required_evidence())?,
        Some(trusted) => root.verifier().check_key(&bundle, input, &trusted.key, root.required_evidence())?,
    };
    let checked = Arc::new(checked);
    root.remember(verdict, &checked);
    Ok(checked)
}

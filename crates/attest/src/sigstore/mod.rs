//! The one place that knows Sigstore's crates: their types do not leave this module, and their next version is a change
//! of this folder.
//!
//! Their verifier is asked for everything: certificate chain, signed certificate timestamp, inclusion, checkpoint,
//! inclusion promise, timestamps, signature and their agreement (docs.sigstore.dev, client specification). What it is not
//! asked for is *who* may sign: it verifies "any identity", and [`crate::IdentityPolicy`] decides about the claims.

mod failure;

use jiff::Timestamp;
use sigstore_trust_root::SigstoreInstance;
use sigstore_types::{
    Artifact, ArtifactDigest, DerPublicKey, HashAlgorithm as TheirAlgorithm, SignatureContent,
    bundle::VerificationMaterialContent,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use mcp_pin_model::{
    artifact::{ArtifactDigest as OurDigest, HashAlgorithm},
    statement::StatementError,
};

use crate::{
    Evidence, IdentityClaims, InstanceName, LogEntry, PublicKey, RequiredEvidence, RootMember, TrustedRootError,
    VerificationError,
};

/// The JSON of the root that Sigstore's crates were published with.
pub(crate) fn embedded_root(instance: &InstanceName) -> Option<&'static str> {
    let theirs = match instance {
        InstanceName::PublicGood => SigstoreInstance::PublicGood,
        InstanceName::Staging => SigstoreInstance::Staging,
        InstanceName::GitHub => SigstoreInstance::GitHub,
        InstanceName::Private(_) => return None,
    };
    Some(theirs.embedded_trusted_root_json())
}

/// A bundle of any version and content, as Sigstore's crates read it.
#[derive(Clone)]
pub(crate) struct ParsedBundle(sigstore_types::Bundle);

/// What a bundle signs.
pub(crate) enum Content<'a> {
    /// A DSSE envelope's payload and its type.
    Envelope {
        /// The type.
        payload_type: &'a str,
        /// The payload.
        payload: &'a [u8],
    },
    /// A message that is not in the bundle.
    Message,
}

/// What a bundle names as its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedWith {
    /// A key that the verifier has to know.
    Key,
    /// A certificate.
    Certificate,
}

impl ParsedBundle {
    /// Reads JSON that our strict parser accepted before.
    pub(crate) fn from_json(text: &str) -> Result<Self, VerificationError> {
        sigstore_types::Bundle::from_json(text).map(Self).map_err(|error| failure::of_types(&error))
    }

    pub(crate) fn content(&self) -> Result<Content<'_>, VerificationError> {
        match &self.0.content {
            SignatureContent::DsseEnvelope(envelope) => {
                Ok(Content::Envelope { payload_type: &envelope.payload_type, payload: envelope.payload.as_bytes() })
            }
            SignatureContent::MessageSignature(_) => Ok(Content::Message),
            _ => Err(VerificationError::UnsupportedBundle),
        }
    }

    /// The signature, over the message or over the envelope's pre-authentication encoding.
    pub(crate) fn signature(&self) -> Result<&[u8], VerificationError> {
        match &self.0.content {
            SignatureContent::DsseEnvelope(envelope) => Ok(envelope.signature.sig.as_bytes()),
            SignatureContent::MessageSignature(message) => Ok(message.signature.as_bytes()),
            _ => Err(VerificationError::UnsupportedBundle),
        }
    }

    pub(crate) fn signed_with(&self) -> Result<SignedWith, VerificationError> {
        match &self.0.verification_material.content {
            VerificationMaterialContent::PublicKey(_) => Ok(SignedWith::Key),
            VerificationMaterialContent::Certificate(_) | VerificationMaterialContent::X509CertificateChain { .. } => {
                Ok(SignedWith::Certificate)
            }
            _ => Err(VerificationError::UnsupportedBundle),
        }
    }

    /// The hint at a key.
    pub(crate) fn key_hint(&self) -> Option<&str> {
        match &self.0.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
            _ => None,
        }
    }

    /// A digest of one of the subjects of the statement in the envelope: their verifier compares an artifact's digest with
    /// all of them, and a statement that stands for itself has no artifact beside it.
    pub(crate) fn subject_digest(&self) -> Result<OurDigest, VerificationError> {
        #[derive(serde::Deserialize)]
        struct Subjects {
            subject: Vec<Subject>,
        }
        #[derive(serde::Deserialize)]
        struct Subject {
            digest: std::collections::BTreeMap<String, String>,
        }
        let Content::Envelope { payload, .. } = self.content()? else {
            return Err(VerificationError::MessageSignature);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "only names a digest that is then compared; the statement is read by the strict parser after it verified"
        )]
        let subjects: Subjects = serde_json::from_slice(payload)
            .map_err(|_| StatementError::Subject("is not a list of subjects with digests"))?;
        let digest = subjects.subject.iter().find_map(|subject| {
            let hex = subject.digest.get("sha256")?;
            format!("sha256:{hex}").parse().ok()
        });
        Ok(digest.ok_or(StatementError::Subject("has no SHA-256 digest"))?)
    }

    /// How many log entries and timestamps came along.
    pub(crate) fn evidence_counts(&self) -> (usize, usize) {
        let material = &self.0.verification_material;
        (material.tlog_entries.len(), material.timestamp_verification_data.rfc3161_timestamps.len())
    }

    fn log_entries(&self) -> Vec<LogEntry> {
        let entries = self.0.verification_material.tlog_entries.iter();
        entries
            .map(|entry| LogEntry { log: hex(entry.log_id.key_id.as_bytes()), index: entry.log_index.get() })
            .collect()
    }
}

/// What a signature is checked over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// The bytes of the artifact.
    Bytes(&'a [u8]),
    /// The digest of the artifact.
    Digest(&'a OurDigest),
}

/// What was found true about a bundle, whoever signed it.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// What the certificate says, with the times between which it was valid; none for a key.
    pub(crate) certificate: Option<CheckedCertificate>,
    /// The verified log entries.
    pub(crate) entries: Vec<LogEntry>,
    /// The verified times.
    pub(crate) times: Vec<Timestamp>,
}

impl Checked {
    /// As evidence, where it was a certificate that signed.
    pub(crate) fn evidence_of_certificate(&self, instance: &InstanceName) -> Result<Evidence, VerificationError> {
        let certificate =
            self.certificate.as_ref().ok_or(VerificationError::EvidenceNotChecked { what: "the certificate" })?;
        Ok(Evidence::Certificate {
            instance: instance.clone(),
            claims: Box::new(certificate.claims.clone()),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            certificate_logged: certificate.logged,
            entries: self.entries.clone(),
            times: self.times.clone(),
        })
    }
}

/// What a verified certificate says.
#[derive(Clone, Debug)]
pub(crate) struct CheckedCertificate {
    pub(crate) claims: IdentityClaims,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) logged: bool,
}

/// Sigstore's verifier with a root.
pub(crate) struct Verifier {
    verifier: sigstore_verify::Verifier,
    root: sigstore_trust_root::TrustedRoot,
}

impl Verifier {
    pub(crate) fn new(json: &[u8]) -> Result<Self, TrustedRootError> {
        let unusable = |error: String| TrustedRootError::Unusable(mcp_pin_model::hostile::visible(&error));
        let text = std::str::from_utf8(json).map_err(|_| unusable("not UTF-8 text".to_owned()))?;
        let root = sigstore_trust_root::TrustedRoot::from_json(text).map_err(|error| unusable(error.to_string()))?;
        let verifier = sigstore_verify::Verifier::new(&root).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { verifier, root })
    }

    pub(crate) fn has_log(&self) -> bool {
        !self.root.tlogs.is_empty()
    }

    pub(crate) fn has_timestamp_authority(&self) -> bool {
        !self.root.timestamp_authorities.is_empty()
    }

    /// Verifies a bundle that is signed with a certificate, whoever it was given to.
    pub(crate) fn check_certificate(
        &self,
        bundle: &ParsedBundle,
        input: Input<'_>,
        required: RequiredEvidence,
    ) -> Result<Checked, VerificationError> {
        if bundle.signed_with()? != SignedWith::Certificate {
            return Err(VerificationError::KeyInsteadOfCertificate);
        }
        let mut policy = VerificationPolicy::any_identity();
        if required == RequiredEvidence::Timestamp {
            policy = policy.skip_tlog_unsafe().skip_sct();
        }
        let result = self
            .verifier
            .verify(artifact(input)?, &bundle.0, &policy)
            .map_err(|error| failure::of_verification(&error))?;
        let checked = self.checked(bundle, &result, required)?;
        // Said by the verifier, not assumed: a policy of theirs that came to skip more would end here.
        let Some(certificate) = &checked.certificate else {
            return Err(VerificationError::EvidenceNotChecked { what: "the certificate" });
        };
        if required == RequiredEvidence::Log && !certificate.logged {
            return Err(VerificationError::EvidenceNotChecked { what: "the certificate's timestamp" });
        }
        if checked.times.is_empty() {
            return Err(VerificationError::EvidenceNotChecked { what: "the time of signing" });
        }
        Ok(checked)
    }

    /// Verifies a bundle that is signed with a key, with its entry in a log of the root.
    pub(crate) fn check_key(
        &self,
        bundle: &ParsedBundle,
        input: Input<'_>,
        key: &PublicKey,
        required: RequiredEvidence,
    ) -> Result<Checked, VerificationError> {
        if bundle.signed_with()? != SignedWith::Key {
            return Err(VerificationError::CertificateInsteadOfKey);
        }
        let mut policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.spki_der().to_vec()));
        if required == RequiredEvidence::Timestamp {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self
            .verifier
            .verify(artifact(input)?, &bundle.0, &policy)
            .map_err(|error| failure::of_verification(&error))?;
        let checked = self.checked(bundle, &result, required)?;
        if required == RequiredEvidence::Timestamp && checked.times.is_empty() {
            return Err(VerificationError::EvidenceNotChecked { what: "the time of signing" });
        }
        Ok(checked)
    }

    fn checked(
        &self,
        bundle: &ParsedBundle,
        result: &VerificationResult,
        required: RequiredEvidence,
    ) -> Result<Checked, VerificationError> {
        // Where the log is not required, its entries were not verified, and are not shown as if they were.
        let entries = match required {
            RequiredEvidence::Log => bundle.log_entries(),
            RequiredEvidence::Timestamp => Vec::new(),
        };
        if required == RequiredEvidence::Log && (!result.tlog_verified() || entries.is_empty()) {
            return Err(VerificationError::EvidenceNotChecked { what: "the transparency log" });
        }
        let certificate = match result.certificate() {
            Some(info) if result.certificate_verified() => Some(CheckedCertificate {
                claims: claims(info),
                not_before: info.not_before,
                not_after: info.not_after,
                logged: result.sct_verified(),
            }),
            Some(_) => return Err(VerificationError::EvidenceNotChecked { what: "the certificate" }),
            None => None,
        };
        Ok(Checked { certificate, entries, times: result.verified_timestamps().to_vec() })
    }

    pub(crate) fn contents(&self) -> Vec<RootMember> {
        let member = |kind, address: &str, id: Option<String>, valid: Option<sigstore_types::TimeRange>| RootMember {
            kind,
            address: address.to_owned(),
            id,
            start: valid.map(|valid| valid.start.to_string()),
            end: valid.and_then(|valid| valid.end).map(|end| end.to_string()),
        };
        let root = &self.root;
        let authorities = root
            .certificate_authorities
            .iter()
            .map(|authority| member("certificate-authority", &authority.uri, None, authority.valid_for));
        let certificate_logs = root.ctlogs.iter().map(|log| {
            let id = Some(hex(log.log_id.key_id.as_bytes()));
            member("certificate-log", &log.base_url, id, log.public_key.valid_for)
        });
        let logs = root.tlogs.iter().map(|log| {
            let id = Some(hex(log.log_id.key_id.as_bytes()));
            member("transparency-log", &log.base_url, id, log.public_key.valid_for)
        });
        let timestamps = root.timestamp_authorities.iter().map(|authority| {
            member("timestamp-authority", authority.uri.as_deref().unwrap_or_default(), None, authority.valid_for)
        });
        authorities.chain(certificate_logs).chain(logs).chain(timestamps).collect()
    }
}

fn claims(info: &sigstore_crypto::CertificateInfo) -> IdentityClaims {
    let ci = &info.ci_claims;
    IdentityClaims {
        issuer: info.issuer.clone(),
        subject: info.identity.as_ref().map(|subject| subject.as_str().to_owned()),
        repository: ci.source_repository_uri.clone(),
        repository_id: ci.source_repository_identifier.clone(),
        owner_id: ci.source_repository_owner_identifier.clone(),
        workflow: ci.build_config_uri.clone(),
        reference: ci.source_repository_ref.clone(),
        commit: ci.source_repository_digest.clone(),
        environment: ci.deployment_environment.clone(),
        runner: ci.runner_environment.clone(),
        trigger: ci.build_trigger.clone(),
        run: ci.run_invocation_uri.clone(),
    }
}

fn artifact(input: Input<'_>) -> Result<Artifact<'_>, VerificationError> {
    match input {
        Input::Bytes(bytes) => Ok(Artifact::from_blob(bytes)),
        Input::Digest(digest) => {
            let algorithm = match digest.algorithm() {
                HashAlgorithm::Sha256 => TheirAlgorithm::Sha2256,
                HashAlgorithm::Sha384 => TheirAlgorithm::Sha2384,
                HashAlgorithm::Sha512 => TheirAlgorithm::Sha2512,
            };
            let digest = ArtifactDigest::new(algorithm, digest.as_bytes().to_vec())
                .map_err(|_| VerificationError::UnsupportedArtifact)?;
            Ok(Artifact::from_digest(digest))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

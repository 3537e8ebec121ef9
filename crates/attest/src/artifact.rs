//! Bundles about artifacts: files, packages, images.

use std::fmt;

use mcp_pin_model::{
    Digest,
    artifact::ArtifactDigest,
    json::{self, Limits},
    statement::PAYLOAD_TYPE,
};

use crate::{
    Evidence, ForeignStatement, IdentityPolicy, KeyAlgorithm, PublicKey, TrustedRoot, VerificationError,
    bundle::check_any_version,
    dsse::pre_authentication_encoding,
    sigstore::{Content, Input, ParsedBundle, SignedWith},
};

/// The most bytes of a bundle about an artifact. A statement with a hundred subjects takes 50 kB.
pub const MAX_BUNDLE_BYTES: usize = 1 << 20;

/// A Sigstore bundle of version 0.1 to 0.3, with an envelope or a message signature. Well-formed, not verified.
///
/// The bytes are kept as received: members unknown to this version are legal.
#[derive(Clone)]
pub struct Bundle {
    bytes: Vec<u8>,
    parsed: ParsedBundle,
}

impl Bundle {
    /// Takes the bytes of a bundle and checks their form; no signature is checked here.
    ///
    /// # Errors
    /// Everything in [`VerificationError`] that can be said without keys.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, VerificationError> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(VerificationError::BundleTooLarge);
        }
        // Strictly first: a document that two readers read differently is refused before the second one sees it.
        let value = json::parse_with(&bytes, &Limits { bytes: MAX_BUNDLE_BYTES, ..Limits::FOREIGN })?;
        check_any_version(&value)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| VerificationError::NotABundle)?;
        let parsed = ParsedBundle::from_json(text)?;
        Ok(Self { bytes, parsed })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Whether it is signed with a certificate rather than a key.
    ///
    /// # Errors
    /// When it is signed with neither.
    pub fn has_certificate(&self) -> Result<bool, VerificationError> {
        Ok(self.parsed.signed_with()? == SignedWith::Certificate)
    }

    /// The digest of the payload of the envelope, whoever signed it and whatever it is: for finding and filing, never for
    /// trusting.
    ///
    /// # Errors
    /// When it holds no envelope.
    pub fn payload_digest_unverified(&self) -> Result<Digest, VerificationError> {
        match self.parsed.content()? {
            Content::Envelope { payload, .. } => Ok(Digest::of(payload)),
            Content::Message => Err(VerificationError::MessageSignature),
        }
    }

    /// The hint at the key that it claims to be signed with; none when it is signed with a certificate.
    pub(crate) fn key_hint_unverified(&self) -> Option<&str> {
        self.parsed.key_hint()
    }

    /// Whether entries of a transparency log came along.
    pub(crate) fn has_log_entries(&self) -> bool {
        self.parsed.evidence_counts().0 > 0
    }

    /// The in-toto statement in the envelope, whoever signed it: to know which artifact to ask for, never for trusting.
    ///
    /// # Errors
    /// When it holds no statement.
    pub fn statement_unverified(&self) -> Result<ForeignStatement, VerificationError> {
        match self.parsed.content()? {
            Content::Envelope { payload_type: PAYLOAD_TYPE, payload } => Ok(ForeignStatement::from_payload(payload)?),
            Content::Envelope { .. } => Err(VerificationError::WrongPayloadType),
            Content::Message => Err(VerificationError::MessageSignature),
        }
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle").field("digest", &self.digest()).field("bytes", &self.bytes.len()).finish()
    }
}

/// The artifact that a bundle should be about.
#[derive(Clone, Copy, Debug)]
pub enum ArtifactInput<'a> {
    /// All of its bytes.
    Bytes(&'a [u8]),
    /// Its digest.
    Digest(&'a ArtifactDigest),
}

/// Who has to have signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ArtifactSigner<'a> {
    /// An identity, by certificate.
    Identity(&'a IdentityPolicy),
    /// A key, with what the root requires beside it.
    Key(&'a PublicKey),
    /// A key alone, by its name: no log says when it was signed or that others could see it.
    KeyWithoutEvidence(&'a PublicKey),
}

/// A bundle that was verified: the statement in it, if it holds one, and the evidence. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct VerifiedArtifact {
    statement: Option<ForeignStatement>,
    evidence: Evidence,
}

impl VerifiedArtifact {
    /// The statement, read from the bytes that were signed. One of its subjects has a digest of the artifact; which
    /// predicate it is, and what the subjects are called, is for the caller to check.
    #[must_use]
    pub fn statement(&self) -> Option<&ForeignStatement> {
        self.statement.as_ref()
    }

    /// What was checked.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Verifies that a bundle is about an artifact and was signed by whom it has to be.
///
/// # Errors
/// See [`VerificationError`].
pub fn verify_artifact(
    bundle: &Bundle,
    artifact: ArtifactInput<'_>,
    signer: ArtifactSigner<'_>,
    root: &TrustedRoot,
) -> Result<VerifiedArtifact, VerificationError> {
    if let Content::Envelope { payload_type, .. } = bundle.parsed.content()?
        && payload_type != PAYLOAD_TYPE
    {
        return Err(VerificationError::WrongPayloadType);
    }
    match signer {
        ArtifactSigner::Identity(policy) => {
            let verified = verify_artifact_of_anybody(bundle, artifact, root)?;
            let Evidence::Certificate { claims, .. } = &verified.evidence else {
                return Err(VerificationError::EvidenceNotChecked { what: "the certificate" });
            };
            policy.check(claims)?;
            Ok(verified)
        }
        ArtifactSigner::Key(key) => {
            let input = input(artifact);
            let checked = root.verifier().check_key(&bundle.parsed, input, key, root.required_evidence())?;
            let evidence = Evidence::KeyInLog {
                key: key.id(),
                instance: root.instance().clone(),
                entries: checked.entries,
                times: checked.times,
            };
            verified(bundle, evidence)
        }
        ArtifactSigner::KeyWithoutEvidence(key) => key_alone(bundle, artifact, key),
    }
}

/// Checks a bundle that was just made with a certificate, whoever signed it. For signers, who know what they signed and
/// want to know that others can verify it; nothing may be admitted on it.
///
/// # Errors
/// See [`VerificationError`].
pub fn artifact_evidence_of_anybody(
    bundle: &Bundle,
    artifact: ArtifactInput<'_>,
    root: &TrustedRoot,
) -> Result<Evidence, VerificationError> {
    Ok(verify_artifact_of_anybody(bundle, artifact, root)?.evidence)
}

/// Verifies everything but who signed. For callers that hold the certificate's claims against something else than a
/// policy, such as what a package says about its repository.
pub(crate) fn verify_artifact_of_anybody(
    bundle: &Bundle,
    artifact: ArtifactInput<'_>,
    root: &TrustedRoot,
) -> Result<VerifiedArtifact, VerificationError> {
    let checked = root.verifier().check_certificate(&bundle.parsed, input(artifact), root.required_evidence())?;
    verified(bundle, checked.evidence_of_certificate(root.instance())?)
}

fn input(artifact: ArtifactInput<'_>) -> Input<'_> {
    match artifact {
        ArtifactInput::Bytes(bytes) => Input::Bytes(bytes),
        ArtifactInput::Digest(digest) => Input::Digest(digest),
    }
}

fn verified(bundle: &Bundle, evidence: Evidence) -> Result<VerifiedArtifact, VerificationError> {
    let statement = match bundle.parsed.content()? {
        Content::Envelope { .. } => Some(bundle.statement_unverified()?),
        Content::Message => None,
    };
    Ok(VerifiedArtifact { statement, evidence })
}

/// The signature of a key, checked by us: Sigstore's verifier refuses a bundle without any evidence of time.
fn key_alone(
    bundle: &Bundle,
    artifact: ArtifactInput<'_>,
    key: &PublicKey,
) -> Result<VerifiedArtifact, VerificationError> {
    if bundle.parsed.signed_with()? != SignedWith::Key {
        return Err(VerificationError::CertificateInsteadOfKey);
    }
    let signature = bundle.parsed.signature()?;
    let holds = match (bundle.parsed.content()?, artifact) {
        (Content::Envelope { payload_type, payload }, artifact) => {
            let statement = bundle.statement_unverified()?;
            if !is_about(&statement, artifact) {
                return Err(VerificationError::ArtifactMismatch);
            }
            key.verify(&pre_authentication_encoding(payload_type, payload), signature)
        }
        (Content::Message, ArtifactInput::Bytes(bytes)) if key.algorithm() == KeyAlgorithm::EcdsaP256Sha256 => {
            key.verify(bytes, signature)
        }
        (Content::Message, ArtifactInput::Bytes(_)) => return Err(VerificationError::NotPortable),
        (Content::Message, ArtifactInput::Digest(_)) => return Err(VerificationError::UnsupportedArtifact),
    };
    if !holds {
        return Err(VerificationError::BadSignature { key: key.id().key });
    }
    let (log_entries_ignored, timestamps_ignored) = bundle.parsed.evidence_counts();
    verified(bundle, Evidence::KeyOnly { key: key.id(), log_entries_ignored, timestamps_ignored })
}

/// Whether a subject has the artifact's digest.
fn is_about(statement: &ForeignStatement, artifact: ArtifactInput<'_>) -> bool {
    let (algorithm, hex) = match artifact {
        ArtifactInput::Bytes(bytes) => ("sha256", Digest::of(bytes).to_hex()),
        ArtifactInput::Digest(digest) => (digest.algorithm().as_str(), digest.to_hex()),
    };
    statement.subjects().iter().any(|subject| subject.digest.get(algorithm) == Some(&hex))
}

//! Signing with a certificate that lives for minutes, for an identity.

use mcp_pin_attest::{
    ArtifactInput, Attestation, Bundle, Evidence, TrustedRoot, artifact_evidence_of_anybody, evidence_of_anybody,
};
use mcp_pin_model::{
    artifact::ArtifactDigest,
    statement::{PAYLOAD_TYPE, Statement},
};
use sigstore_sign::{SigningContext, types};

use crate::{IdentityToken, Services, SigningError, error::of_library, http};

/// What was signed, with the evidence that others will find in it.
#[derive(Clone, Debug)]
pub struct Signed<T> {
    /// The attestation or bundle, its bytes as made.
    pub bundle: T,
    /// Who signed, and in which log it stands.
    pub evidence: Evidence,
}

/// Signs with the services of one Sigstore instance. What comes out was verified under the instance's root: what no
/// verifier would accept is an error here.
pub struct Keyless {
    context: SigningContext,
    root: TrustedRoot,
}

impl Keyless {
    /// Signs with these services, and checks under this root.
    ///
    /// # Errors
    /// [`SigningError::Setup`].
    pub fn new(services: &Services, root: TrustedRoot) -> Result<Self, SigningError> {
        let context = SigningContext::new(services.0.clone()).with_http_client(http::client()?);
        Ok(Self { context, root })
    }

    /// Signs one of our statements.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign<T: Statement>(
        &self,
        statement: &T,
        token: &IdentityToken,
    ) -> Result<Signed<Attestation>, SigningError> {
        let payload = statement.to_payload();
        T::from_payload(&payload)?;
        let attestation = Attestation::from_bytes(self.envelope_around(&payload, token).await?)?;
        let evidence = evidence_of_anybody(&attestation, &self.root)?;
        Ok(Signed { bundle: attestation, evidence })
    }

    /// Signs the exact bytes of any in-toto statement.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_payload(&self, payload: &[u8], token: &IdentityToken) -> Result<Signed<Bundle>, SigningError> {
        let statement = mcp_pin_attest::ForeignStatement::from_payload(payload)?;
        // The verifier wants an artifact that the statement is about: the first that it can check.
        let digest = statement
            .subjects()
            .iter()
            .flat_map(|subject| &subject.digest)
            .find_map(|(algorithm, hex)| format!("{algorithm}:{hex}").parse::<ArtifactDigest>().ok());
        let digest = digest.ok_or(SigningError::NoSubjectDigest)?;
        let bundle = Bundle::from_bytes(self.envelope_around(payload, token).await?)?;
        let evidence = artifact_evidence_of_anybody(&bundle, ArtifactInput::Digest(&digest), &self.root)?;
        Ok(Signed { bundle, evidence })
    }

    /// Signs any bytes, as a message signature.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_blob(&self, blob: &[u8], token: &IdentityToken) -> Result<Signed<Bundle>, SigningError> {
        let made = self.context.signer(token.0.clone()).sign(blob).await.map_err(|error| of_library(&error))?;
        let bundle = Bundle::from_bytes(json(&made)?)?;
        let evidence = artifact_evidence_of_anybody(&bundle, ArtifactInput::Bytes(blob), &self.root)?;
        Ok(Signed { bundle, evidence })
    }

    /// The JSON of a bundle that signs exactly these bytes; not verified yet.
    async fn envelope_around(&self, payload: &[u8], token: &IdentityToken) -> Result<Vec<u8>, SigningError> {
        let signer = self.context.signer(token.0.clone());
        let made = signer.sign_raw_statement(payload).await.map_err(|error| of_library(&error))?;
        match &made.content {
            types::SignatureContent::DsseEnvelope(envelope)
                if envelope.payload_type == PAYLOAD_TYPE && envelope.payload.as_bytes() == payload => {}
            _ => return Err(SigningError::OtherContent),
        }
        json(&made)
    }
}

fn json(bundle: &types::Bundle) -> Result<Vec<u8>, SigningError> {
    bundle.to_json().map(String::into_bytes).map_err(|_| SigningError::Internal)
}

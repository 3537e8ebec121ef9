//! Bundles mean to Sigstore's own crates what they mean to us, in both directions.

use crate::common::{alice, manifest};
use mcp_pin_attest::{Attestation, PublicKey, Trust, verify_with_keys_only};
use mcp_pin_model::{
    Manifest,
    statement::{PAYLOAD_TYPE, Statement as _},
};
use proptest::prelude::*;
use sigstore_bundle::{BundleV03, VerificationMaterialV03, validate_bundle};
use sigstore_crypto::{KeyPair, VerificationKey};
use sigstore_types::{
    Bundle, DerPublicKey, DsseEnvelope, DsseSignature, KeyId, PayloadBytes, SignatureContent, dsse::pae,
};

fn envelope(bundle: &Bundle) -> &DsseEnvelope {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else { panic!("no envelope") };
    envelope
}

#[test]
fn sigstore_reads_and_verifies_what_we_sign() {
    let attestation = alice().sign(&manifest());
    let bundle = Bundle::from_json(std::str::from_utf8(attestation.as_bytes()).unwrap()).unwrap();
    assert_eq!(envelope(&bundle).payload.as_bytes(), manifest().to_payload());
    assert_eq!(envelope(&bundle).payload_type, PAYLOAD_TYPE);
    let key = VerificationKey::from_spki(&DerPublicKey::from_bytes(alice().public_key().spki_der())).unwrap();
    key.verify(envelope(&bundle).pae(), &envelope(&bundle).signature.sig).unwrap();
}

#[test]
fn local_bundles_lack_evidence_of_time_and_nothing_else() {
    let attestation = alice().sign(&manifest());
    let bundle = Bundle::from_json(std::str::from_utf8(attestation.as_bytes()).unwrap()).unwrap();
    let options = sigstore_bundle::ValidationOptions::new().with_require_inclusion_proof(false);
    let error = sigstore_bundle::validate_bundle_with_options(&bundle, &options).unwrap_err();
    assert!(matches!(error, sigstore_bundle::Error::MissingSigningTimeEvidence), "{error}");
    assert!(validate_bundle(&bundle).is_err());
}

#[test]
fn we_verify_what_sigstore_signs() {
    let pair = KeyPair::generate_ecdsa_p256().unwrap();
    let public = PublicKey::from_spki_der(pair.public_key_der().unwrap().as_bytes()).unwrap();
    let payload = manifest().to_payload();
    let signature = DsseSignature::new(pair.sign(&pae(PAYLOAD_TYPE, &payload)).unwrap(), KeyId::new("any"));
    let bundle = BundleV03::new(
        VerificationMaterialV03::PublicKey { hint: public.id().key },
        SignatureContent::DsseEnvelope(DsseEnvelope::new(PAYLOAD_TYPE, PayloadBytes::new(payload), signature)),
    )
    .into_bundle();
    let mut trust = Trust::new();
    trust.add_key("ci", public);
    for json in [bundle.to_json().unwrap(), bundle.to_json_pretty().unwrap()] {
        let attestation = Attestation::from_bytes(json.into_bytes()).unwrap();
        let verified = verify_with_keys_only::<Manifest>(&attestation, &trust).unwrap();
        assert_eq!(verified.statement(), &manifest());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever is changed in a bundle: if we still read it, Sigstore reads the same payload and signature in it.
    #[test]
    fn what_we_read_sigstore_reads_alike(at in any::<prop::sample::Index>(), byte in any::<u8>(), insert in any::<bool>()) {
        let mut bytes = alice().sign(&manifest()).as_bytes().to_vec();
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        if let Ok(attestation) = Attestation::from_bytes(bytes.clone()) {
            let bundle = Bundle::from_json(std::str::from_utf8(&bytes).unwrap()).unwrap();
            prop_assert_eq!(mcp_pin_model::Digest::of(envelope(&bundle).payload.as_bytes()), attestation.payload_digest_unverified());
        }
    }
}

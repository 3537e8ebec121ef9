//! Sigstore bundles: nothing verifies under no trust, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_attest::{Attestation, Trust, verify_with_keys_only};
use mcp_pin_model::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(attestation) = Attestation::from_bytes(bytes.to_vec()) {
        assert!(verify_with_keys_only::<Manifest>(&attestation, &Trust::new()).is_err());
    }
});

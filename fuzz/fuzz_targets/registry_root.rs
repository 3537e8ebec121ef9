//! Roots of registries: what reads once reads again alike, and nothing that nobody signed is trusted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_attest::registry_root::{RegistryRoot, SignedRoot};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(root) = SignedRoot::from_bytes(bytes) {
        let again = SignedRoot::from_bytes(&root.to_bytes()).expect("what was written can be read");
        assert_eq!(root.pin(), again.pin());
        let now = "2026-01-02T03:04:05Z".parse().expect("a time");
        assert!(RegistryRoot::verify_chain(&root.pin(), &[bytes.to_vec()], now).is_err());
    }
});

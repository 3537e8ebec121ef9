//! Signed statements: whatever is accepted is exactly what would be signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_model::{Consent, Manifest, Revocation, statement::Statement};

fn round_trip<T: Statement>(bytes: &[u8]) {
    if let Ok(statement) = T::from_payload(bytes) {
        assert_eq!(statement.to_payload(), bytes);
    }
}

fuzz_target!(|bytes: &[u8]| {
    round_trip::<Manifest>(bytes);
    round_trip::<Consent>(bytes);
    round_trip::<Revocation>(bytes);
});

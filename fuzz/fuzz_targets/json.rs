//! Strict JSON: whatever is accepted has one canonical form, which parses to the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_model::json;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = json::parse(bytes) {
        let canonical = value.to_canonical_bytes();
        let again = json::parse_with(&canonical, &json::Limits::OURS).expect("canonical form parses");
        assert_eq!(again, value);
        assert_eq!(again.to_canonical_bytes(), canonical);
        let pretty = json::to_pretty_string(&value);
        assert_eq!(json::parse_with(pretty.as_bytes(), &json::Limits::OURS).expect("pretty form parses"), value);
    }
});

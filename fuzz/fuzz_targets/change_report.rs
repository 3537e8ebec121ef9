//! Change reports: whatever is accepted has the digest of what was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_diff::ChangeReport;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = ChangeReport::parse(bytes) {
        assert_eq!(ChangeReport::parse(&report.to_value().to_canonical_bytes()).expect("parses again").digest(), report.digest());
    }
});

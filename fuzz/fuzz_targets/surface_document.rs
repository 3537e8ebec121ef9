//! Documents given to `mcp-pin diff`: whatever is accepted is equal to itself and differs from nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_diff::{Side, compare, load::surface_document};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(surface) = surface_document(bytes) {
        let side = Side::of_surface(&surface);
        assert!(compare(Some(&side), &side, &[]).is_unchanged());
        let report = compare(None, &side, &[]);
        assert_eq!(report.digest(), compare(None, &side, &[]).digest());
    }
});

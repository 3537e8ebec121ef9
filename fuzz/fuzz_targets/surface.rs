//! Surface documents: whatever is accepted survives its snapshot with the same digest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_model::Surface;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(surface) = Surface::parse(bytes) {
        let again = Surface::parse(surface.to_snapshot().as_bytes()).expect("a snapshot parses");
        assert_eq!(again.digest(), surface.digest());
    }
});

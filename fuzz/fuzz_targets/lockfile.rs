//! The lock: whatever is accepted is exactly what would be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_pin_model::Lockfile;

fuzz_target!(|text: &str| {
    if let Ok(lock) = Lockfile::parse(text) {
        assert_eq!(lock.render(), text);
    }
});

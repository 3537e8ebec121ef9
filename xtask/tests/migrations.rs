//! Both backends have the same migrations, so that records move between them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test that called it")]

use std::{collections::BTreeSet, fs, path::Path};

fn migrations(backend: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(backend).join("migrations");
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_migration_of_one_backend_is_one_of_the_other() {
    let (sqlite, postgres) = (migrations("storage-sqlite"), migrations("storage-postgres"));
    assert!(sqlite.len() >= 6, "they were not found: {sqlite:?}");
    assert_eq!(sqlite, postgres, "a schema changes on both backends, or on none");
}

#[test]
fn every_migration_has_a_number_of_its_own() {
    let names = migrations("storage-sqlite");
    let numbers: BTreeSet<&str> = names.iter().filter_map(|name| Some(name.split_once('_')?.0)).collect();
    assert_eq!(numbers.len(), names.len(), "{names:?}");
    assert!(numbers.iter().all(|number| number.len() == 4 && number.parse::<u16>().is_ok()), "{numbers:?}");
}

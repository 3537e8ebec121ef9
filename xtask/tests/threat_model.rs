//! `docs/THREAT-MODEL.md` says only what is there: every test that a row names exists where the row says.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source file of the workspace's crates.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The texts between backticks of a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether the text declares a test function whose name starts with the prefix.
fn declares(text: &str, prefix: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ").is_some_and(|name| name.starts_with(prefix))
    })
}

/// Whether the prefix of a row, such as `t52_`, is met by a test that covers several rows, such as `t52_t53_…`.
fn is_met(text: &str, prefix: &str) -> bool {
    declares(text, prefix)
        || text.lines().any(|line| {
            let name = line.trim_start().trim_start_matches("async ").strip_prefix("fn t").unwrap_or_default();
            let threats: Vec<&str> =
                name.split('_').take_while(|word| word.trim_start_matches('t').parse::<u8>().is_ok()).collect();
            threats.iter().any(|threat| format!("t{}_", threat.trim_start_matches('t')) == prefix)
        })
}

#[test]
fn every_test_that_the_threat_model_names_is_where_it_says() {
    let root = root();
    let model = fs::read_to_string(root.join("docs/THREAT-MODEL.md")).expect("the threat model is there");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|path| {
            let shown = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
            (shown, fs::read_to_string(path).expect("a source file"))
        })
        .collect();
    let mut wrong = Vec::new();
    let mut rows = 0;
    let mut covered = BTreeSet::new();
    for line in model.lines().filter(|line| line.starts_with("| T")) {
        rows += 1;
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let tests = cells.last().expect("a row has cells");
        covered.extend(cells[0].split(", ").map(str::trim).map(str::to_owned));
        let (prefixes, places): (Vec<&str>, Vec<&str>) =
            quoted(tests).partition(|name| name.starts_with('t') && name.ends_with("_*"));
        let mut folder = "";
        let mut named: Vec<&(String, String)> = Vec::new();
        for place in &places {
            // A bare file name stands in the folder of the place before it.
            let full = if place.contains('/') || folder.is_empty() || !place.ends_with(".rs") {
                (*place).to_owned()
            } else {
                format!("{folder}/{place}")
            };
            let found: Vec<_> = texts
                .iter()
                .filter(|(path, _)| {
                    // `diff/tests/…` is the crate's folder below `crates/`.
                    path.starts_with(&full) || path.strip_prefix("crates/").is_some_and(|path| path.starts_with(&full))
                })
                .collect();
            // Named tests need no file.
            if found.is_empty() && !texts.iter().any(|(_, text)| declares(text, &full)) {
                wrong.push(format!("{}: nothing is at `{place}`", cells[0].trim()));
            }
            if place.contains('/') {
                folder = place
                    .strip_suffix(".rs")
                    .and_then(|path| path.rsplit_once('/'))
                    .map_or(place, |(folder, _)| folder);
            }
            named.extend(found);
        }
        for prefix in prefixes {
            let prefix = prefix.trim_end_matches('*');
            if !named.iter().any(|(_, text)| is_met(text, prefix)) {
                wrong.push(format!("{}: no test `{prefix}…` where the row says", cells[0].trim()));
            }
        }
    }
    assert!(rows > 40, "only {rows} rows were read");
    assert!(covered.contains("T58") && covered.contains("T65"), "{covered:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

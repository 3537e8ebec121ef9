//! A set of attacks, updates and decoys that somebody wrote who did not know the rules: `tests/data/red-team`. What is found of
//! it is less than of any set that the rules were made with, and says more. The floors only keep it from getting worse.
//!
//! `cargo test -p mcp-pin-diff --test suite red_team -- --nocapture` prints the tables.

use std::{collections::BTreeMap, fs, path::Path};

use mcp_pin_diff::{Grade, Side, compare, load};
use mcp_pin_model::{
    Surface,
    json::{self, Value},
};

/// Category; of a hundred of the half that rules may be made with, and of the half that nobody looks at, how many at least,
/// or for what is harmless at most, are graded `review` or above.
const BOUNDS: [(&str, usize, usize); 13] = [
    ("poisoning", 90, 64),
    ("shadowing", 84, 42),
    ("preference", 86, 57),
    ("annotation_lie", 93, 66),
    ("sensitive_param", 93, 80),
    ("schema_poisoning", 80, 60),
    ("hidden_unicode", 100, 100),
    ("terminal_escape", 100, 100),
    ("name_collision", 88, 77),
    ("pair_malicious", 77, 74),
    ("benign", 1, 6),
    ("decoy", 4, 11),
    ("pair_benign", 18, 23),
];

fn surface(value: Option<&Value>) -> Option<Surface> {
    load::surface_document(value?.to_canonical_string().as_bytes()).ok()
}

/// The gravest grade of a record; what cannot be read cannot be locked.
fn grade(line: &str) -> (String, Grade) {
    let parsed = json::parse_with(line.as_bytes(), &json::Limits::OURS);
    // The category stands in plain ASCII, also where the rest is refused.
    let category = line.split("\"category\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let Ok(record) = parsed else { return (category, Grade::Refuse) };
    let Some(after) = surface(record.get("after")) else { return (category, Grade::Refuse) };
    let before = surface(record.get("before"));
    let report = compare(before.as_ref().map(Side::of_surface).as_ref(), &Side::of_surface(&after), &[]);
    // That a server is new asks for attention by itself.
    let found = report.findings().iter().filter(|finding| finding.rule != "first-admission");
    let grade = found.map(|finding| finding.grade).max().unwrap_or(Grade::None);
    (category, grade)
}

/// Of each category, how many records there are, and how many at `review` or above.
fn measured(half: &str) -> BTreeMap<String, (usize, usize)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/red-team").join(format!("{half}.jsonl"));
    let mut tally: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let (category, grade) = grade(line);
        let (all, seen) = tally.entry(category).or_default();
        *all += 1;
        *seen += usize::from(grade >= Grade::Review);
    }
    tally
}

/// Of the second round, as [`BOUNDS`] for the first.
const BOUNDS_2: [(&str, usize, usize); 4] =
    [("poisoning", 57, 30), ("shadowing", 57, 32), ("preference", 65, 24), ("benign", 4, 3)];

#[expect(clippy::print_stdout, reason = "the table is what the test is for")]
fn check(halves: [&str; 2], bounds: &[(&str, usize, usize)]) {
    let tallies = halves.map(measured);
    let mut wrong = Vec::new();
    for (category, read, unread) in bounds {
        let is_harmless = matches!(*category, "benign" | "decoy" | "pair_benign");
        for ((half, tally), bound) in halves.iter().zip(&tallies).zip([*read, *unread]) {
            let (all, seen) = tally[*category];
            println!("{category:<18} {half:<12} {seen:>3} of {all:>3}");
            let holds = if is_harmless { seen * 100 <= bound * all } else { seen * 100 >= bound * all };
            if !holds {
                wrong.push(format!("{category}, {half}: {seen} of {all}, bound {bound} %"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_stranger_wrote_is_found_as_often_as_before() {
    check(["dev", "held"], &BOUNDS);
}

#[test]
fn what_a_second_stranger_wrote_in_plain_statements_is_found_as_often_as_before() {
    check(["round2-dev", "round2-held"], &BOUNDS_2);
}

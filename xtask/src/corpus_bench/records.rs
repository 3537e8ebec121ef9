//! The records of single tools and of pairs.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use mcp_pin_diff::{Grade, Side, compare, load};
use mcp_pin_model::{
    Surface,
    json::{self, Object, Value},
};

use super::tally::{ByRule, Tally, grade_of, named};

/// Category and source.
type Key = (String, String);

/// What only behaves badly, or says openly that it does, is no target of rules about declarations.
pub(super) const NO_TARGETS: [&str; 2] = ["behaviour_only", "overt_malicious_capability"];

/// What the records gave.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) entries: BTreeMap<Key, Tally>,
    pub(super) pairs: BTreeMap<Key, Tally>,
    /// Malicious pairs of all categories that are targets.
    pub(super) malicious_pairs: Tally,
    /// By rule, benign entries and benign pairs on which it speaks.
    pub(super) benign_entries: ByRule,
    pub(super) benign_pairs: ByRule,
    pub(super) timed: u32,
    spent: Duration,
    ids: Vec<String>,
}

impl Records {
    pub(super) fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    pub(super) fn microseconds_per_tool(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / f64::from(self.timed.max(1))
    }

    /// The entries or pairs of a category, over all sources.
    pub(super) fn category(table: &BTreeMap<Key, Tally>, category: &str) -> Tally {
        let mut sum = Tally::default();
        table.iter().filter(|((name, _), _)| name == category).for_each(|(_, tally)| sum.join(*tally));
        sum
    }
}

/// # Errors
/// A file that cannot be read, or a difference that the report does not show.
pub(super) fn run(file: &Path) -> Result<Records, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut out = Records::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let read = |line: &str| match json::parse_with(line.as_bytes(), &json::Limits::OURS) {
            Ok(Value::Object(record)) => Some(record),
            _ => None,
        };
        if let Some(record) = read(line) {
            out.record(&record).map_err(|problem| format!("record {index}: {problem}"))?;
        } else {
            // A lone surrogate: what a server sends like this is refused before any rule reads it.
            let record = read(&line.replace("\\ud", "\\uf")).ok_or_else(|| format!("record {index} cannot be read"))?;
            let key = (member(&record, "category"), member(&record, "source"));
            out.entries.entry(key).or_default().add(Grade::Refuse);
        }
    }
    Ok(out)
}

fn member(record: &Object, name: &str) -> String {
    record.get(name).and_then(Value::as_str).unwrap_or("?").to_owned()
}

impl Records {
    fn record(&mut self, record: &Object) -> Result<(), String> {
        let id = member(record, "id");
        let key = (member(record, "category"), member(record, "source"));
        let malicious = member(record, "label") == "malicious";
        let target = !NO_TARGETS.contains(&key.0.as_str());
        let category = key.0.clone();
        if let (Some(before), Some(after)) = (record.get("before"), record.get("after")) {
            let (before, after) = (one_tool(before)?, one_tool(after)?);
            let report = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
            if before.digest() != after.digest() && report.is_unchanged() {
                return Err(format!("{id}: the digests differ and the report says unchanged"));
            }
            let grade = report.grade();
            self.pairs.entry(key).or_default().add(grade);
            if malicious && target {
                self.malicious_pairs.add(grade);
                if grade < Grade::Block {
                    self.ids.push(format!("pair missed {category} {id}: {grade}, {}", named(&report, Grade::Notice)));
                }
            } else if !malicious {
                self.benign_pairs.add(&report);
                if grade >= Grade::Review {
                    self.ids.push(format!("pair loud {category} {id}: {grade}, {}", named(&report, Grade::Review)));
                }
            }
        } else if let Some(tool) = record.get("tool") {
            let Ok(surface) = one_tool(tool) else {
                self.entries.entry(key).or_default().add(Grade::Refuse);
                return Ok(());
            };
            #[expect(clippy::disallowed_methods, reason = "a measurement for the person who runs the bench")]
            let started = std::time::Instant::now();
            let report = compare(None, &Side::of_surface(&surface), &[]);
            self.spent += started.elapsed();
            self.timed += 1;
            let grade = grade_of(&report);
            self.entries.entry(key).or_default().add(grade);
            if malicious && target && grade < Grade::Review {
                self.ids.push(format!("entry missed {category} {id}: {grade}"));
            } else if !malicious {
                self.benign_entries.add(&report);
                if grade >= Grade::Review {
                    self.ids.push(format!("entry loud {category} {id}: {grade}, {}", named(&report, Grade::Review)));
                }
            }
        }
        Ok(())
    }
}

fn one_tool(tool: &Value) -> Result<Surface, String> {
    let document = Value::Array(vec![tool.clone()]);
    load::surface_document(&document.to_canonical_bytes()).map_err(|error| error.to_string())
}

//! How large a report is as JSON, without writing it: a report may hold every text of a large surface twice, and only
//! whether it can be read again is asked.

use mcp_pin_model::json::Value;

use crate::{ChangeReport, change::EntryRef};

/// Never less than what the document has; more by the names of members that are absent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Bytes of the canonical form.
    pub(crate) bytes: usize,
    /// The deepest nesting.
    pub(crate) depth: usize,
    /// Values, and the names of members.
    pub(crate) values: usize,
}

/// More than the names, brackets and fixed words of one change or finding come to, all members present.
const MEMBERS: Extent = Extent { bytes: 512, depth: 0, values: 24 };
/// A change or a finding is a member of a list in the report.
const DEPTH_OF_ITEMS: usize = 3;
/// Nothing else in a report is nested deeper: a finding's location names an entry.
const DEPTH_OF_REPORT: usize = 8;

impl Extent {
    pub(crate) fn of(report: &ChangeReport) -> Self {
        let mut extent = Self { depth: DEPTH_OF_REPORT, ..Self::default() };
        // What stands around the lists is small, but for tombstones; each value takes a byte at least.
        let around = (&report.document_type, &report.from, &report.to, &report.tombstones);
        let around = serde_json::to_vec(&around).map_or(usize::MAX / 2, |bytes| bytes.len() + MEMBERS.bytes);
        extent.bytes += around;
        extent.values += around;
        for change in &report.changes {
            extent.members();
            extent.string(&change.id);
            extent.string(change.path.as_str());
            extent.entry(change.entry.as_ref());
            extent.values_of([&change.before, &change.after]);
        }
        for finding in &report.findings {
            extent.members();
            for text in [&finding.rule, &finding.message, &finding.fingerprint] {
                extent.string(text);
            }
            extent.string(finding.hint.as_deref().unwrap_or_default());
            extent.string(finding.location.path.as_str());
            extent.entry(finding.location.entry.as_ref());
            extent.values_of([&finding.before, &finding.after]);
        }
        extent
    }

    pub(crate) fn is_within(&self, most: &Self) -> bool {
        self.bytes <= most.bytes && self.depth <= most.depth && self.values <= most.values
    }

    fn members(&mut self) {
        self.bytes += MEMBERS.bytes;
        self.values += MEMBERS.values;
    }

    fn entry(&mut self, entry: Option<&EntryRef>) {
        if let Some(entry) = entry {
            self.string(&entry.key);
        }
    }

    fn values_of(&mut self, sides: [&Option<Value>; 2]) {
        for value in sides.into_iter().flatten() {
            let depth = self.value(value);
            self.depth = self.depth.max(DEPTH_OF_ITEMS + depth);
        }
    }

    /// Adds a value; gives back how deep it is.
    fn value(&mut self, value: &Value) -> usize {
        self.values += 1;
        match value {
            Value::Null | Value::Bool(_) => {
                self.bytes += "false".len();
                0
            }
            // The longest spelling of a double.
            Value::Number(_) => {
                self.bytes += 25;
                0
            }
            Value::String(text) => {
                self.string(text);
                0
            }
            Value::Array(items) => {
                self.bytes += 2 + items.len();
                1 + items.iter().map(|item| self.value(item)).max().unwrap_or_default()
            }
            Value::Object(object) => {
                self.bytes += 2 + 2 * object.len();
                self.values += object.len();
                let depth = |(name, member): (&str, &Value)| {
                    self.string(name);
                    self.value(member)
                };
                1 + object.iter().map(depth).max().unwrap_or_default()
            }
        }
    }

    fn string(&mut self, text: &str) {
        // `\u001f` is the longest escape. Counted over all bytes at once rather than looking for each.
        // A block has few enough bytes that one more byte holds the sum.
        const BLOCK: usize = 48;
        let escaped = |byte: &u8| u8::from(*byte < b' ') * 5 + u8::from(*byte == b'"') + u8::from(*byte == b'\\');
        let of_block = |block: &[u8]| usize::from(block.iter().map(escaped).sum::<u8>());
        self.bytes += text.len() + 2 + text.as_bytes().chunks(BLOCK).map(of_block).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::json;

    use super::*;
    use crate::{Side, compare, load, rules};

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
            Value::Object(object) => 1 + object.iter().map(|(_, member)| depth(member)).max().unwrap_or_default(),
            _ => 0,
        }
    }

    fn values(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
            Value::Object(object) => 1 + object.iter().map(|(_, member)| values(member)).sum::<usize>(),
            _ => 1,
        }
    }

    #[test]
    fn no_report_is_larger_than_its_extent() {
        let controls: String = (1..=0x9f_u32).filter_map(char::from_u32).collect();
        let hostile = format!(
            r#"{{"tools":[{{"name":"\u0001\"\\","description":{},"inputSchema":{{"enum":[1e-300,-0.1,null,[[[{{}}]]]]}}}}]}}"#,
            Value::from(controls).to_canonical_string()
        );
        let mut pairs: Vec<(Option<String>, String)> = vec![(None, hostile.clone())];
        for rule in rules::all() {
            for example in [&rule.fires, &rule.silent] {
                pairs.push((example.before.map(str::to_owned), example.after.to_owned()));
                pairs.push((Some(hostile.clone()), example.after.to_owned()));
            }
        }
        let mut compared = 0;
        for (before, after) in &pairs {
            let read = |text: &str| load::surface_document(text.as_bytes()).ok();
            let Some(after) = read(after) else { continue };
            let before = before.as_deref().and_then(read);
            let report = compare(before.as_ref().map(Side::of_surface).as_ref(), &Side::of_surface(&after), &[]);
            let value = json::to_value(&report).expect("small enough to be read");
            let (extent, bytes) = (Extent::of(&report), value.to_canonical_bytes().len());
            assert!(extent.bytes >= bytes && extent.depth >= depth(&value) && extent.values >= values(&value));
            compared += 1;
        }
        assert!(compared > 100, "{compared}");
    }
}

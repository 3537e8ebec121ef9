//! What stood there before and what stands there now, for people: words marked, values as trees, hidden things named.

use mcp_pin_diff::{SegmentKind, text_diff};
use mcp_pin_model::json::Value;

use super::{
    report_human::{Detail, View},
    value::tree,
};
use crate::ui::{
    Role, Text,
    layout::{Mark, marked_block, shown_block},
    sanitize::{Concealed, quoted, thousands, width},
};

/// Characters of one text in a summary.
const SUMMARY_CHARACTERS: usize = 480;
/// Unchanged characters that are kept on either side of a change in a summary.
const CONTEXT_CHARACTERS: usize = 80;

fn limit(view: &View<'_>) -> Option<usize> {
    match view.detail {
        Detail::Full => None,
        Detail::Summary => Some(SUMMARY_CHARACTERS),
    }
}

/// Before and after, with what hides in them.
pub(super) fn values(before: Option<&Value>, after: Option<&Value>, view: &View<'_>) -> Text {
    const INDENT: usize = 4;
    let mut out = Text::new();
    match (before, after) {
        (None, None) => {}
        (Some(Value::String(before)), Some(Value::String(after))) => {
            out.append(text_change(before, after, INDENT, view));
        }
        (None, Some(value)) => out.append(one_side(value, Mark::Added, INDENT, view)),
        (Some(value), None) => out.append(one_side(value, Mark::Removed, INDENT, view)),
        (Some(before), Some(after)) => {
            if is_scalar(before) && is_scalar(after) {
                let line = Text::new()
                    .with(Role::Removed, scalar(before))
                    .with(Role::Plain, " -> ")
                    .with(Role::Added, scalar(after));
                if line.columns() + INDENT <= view.columns {
                    out.plain(" ".repeat(INDENT));
                    out.append(line);
                    out.newline();
                    out.append(concealed(Some(after), INDENT, view.columns));
                    return out;
                }
            }
            label(&mut out, "before", INDENT);
            out.append(one_side(before, Mark::Removed, INDENT + 2, view));
            label(&mut out, "after", INDENT);
            out.append(one_side(after, Mark::Added, INDENT + 2, view));
        }
    }
    out.append(concealed(after.or(before), INDENT, view.columns));
    out
}

fn label(out: &mut Text, word: &str, indent: usize) {
    out.push(Role::Dim, format!("{}{word}:", " ".repeat(indent)));
    out.newline();
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_canonical_string(),
    }
}

fn one_side(value: &Value, mark: Mark, indent: usize, view: &View<'_>) -> Text {
    match value {
        Value::String(text) => {
            let (text, rest) = cut(text, limit(view));
            let mut out = if text.is_empty() {
                Text::new().with(Role::Dim, format!("{}(empty text)\n", " ".repeat(indent)))
            } else {
                marked_block(&[(mark, text)], indent, view.columns)
            };
            if rest > 0 {
                out.append(more_characters(rest, indent));
            }
            out
        }
        other => {
            let role = if mark == Mark::Added { Role::Added } else { Role::Removed };
            let sign = if mark == Mark::Added { "+ " } else { "- " };
            prefixed(&tree(other, role, 0, view.columns.saturating_sub(indent + 2), limit(view)), indent, role, sign)
        }
    }
}

/// Puts a sign before every line, so that what is new and what is gone differ without colour.
fn prefixed(text: &Text, indent: usize, role: Role, sign: &str) -> Text {
    let mut out = Text::new();
    let mut at_start = true;
    for (span_role, span) in text.spans() {
        for line in span.split_inclusive('\n') {
            if at_start {
                out.plain(" ".repeat(indent));
                out.push(role, sign);
            }
            out.push_joined(*span_role, line);
            at_start = line.ends_with('\n');
        }
    }
    out
}

/// A text that changed: unchanged, new and gone words in reading order.
fn text_change(before: &str, after: &str, indent: usize, view: &View<'_>) -> Text {
    let runs = readable_runs(before, after);
    match view.detail {
        Detail::Full => {
            let runs: Vec<(Mark, &str)> = runs.iter().map(|(mark, text)| (*mark, text.as_str())).collect();
            marked_block(&runs, indent, view.columns)
        }
        Detail::Summary => {
            let runs = shortened(&runs);
            let runs: Vec<(Mark, &str)> = runs.iter().map(|(mark, text)| (*mark, text.as_str())).collect();
            marked_block(&runs, indent, view.columns)
        }
    }
}

/// Where less than this part of a reworded sentence is the same, its words are not interleaved: both wordings are shown.
const LEAST_IN_COMMON: f64 = 0.4;

/// The runs of a changed text. Words that only happen to be the same inside a reworded sentence are no help to a reader,
/// and neither is a lone space between two changes: both become part of what is gone and what is new.
fn readable_runs(before: &str, after: &str) -> Vec<(Mark, String)> {
    let mut runs = Runs::default();
    for hunk in text_diff(before, after).hunks {
        let length = |kind: SegmentKind| -> usize {
            hunk.segments.iter().filter(|segment| segment.kind == kind).map(|segment| segment.text.trim().len()).sum()
        };
        let (same, gone, new) = (length(SegmentKind::Equal), length(SegmentKind::Removed), length(SegmentKind::Added));
        #[expect(clippy::cast_precision_loss, reason = "a ratio of text lengths")]
        let reworded = gone > 0 && new > 0 && (same as f64) < (same + gone.max(new)) as f64 * LEAST_IN_COMMON;
        let last = hunk.segments.len().saturating_sub(1);
        for (index, segment) in hunk.segments.iter().enumerate() {
            let text = segment.text.as_str();
            let lone = index > 0 && index < last && !text.chars().any(char::is_alphanumeric);
            match segment.kind {
                SegmentKind::Equal if reworded || lone => runs.both(text),
                SegmentKind::Equal => runs.same(text),
                SegmentKind::Removed => runs.gone.push_str(text),
                SegmentKind::Added => runs.new.push_str(text),
            }
        }
    }
    runs.flush();
    runs.runs
}

/// Collects runs; what is gone stands before what is new.
#[derive(Default)]
struct Runs {
    runs: Vec<(Mark, String)>,
    gone: String,
    new: String,
}

impl Runs {
    fn both(&mut self, text: &str) {
        self.gone.push_str(text);
        self.new.push_str(text);
    }

    fn same(&mut self, text: &str) {
        self.flush();
        match self.runs.last_mut() {
            Some((Mark::Same, run)) => run.push_str(text),
            _ => self.runs.push((Mark::Same, text.to_owned())),
        }
    }

    fn flush(&mut self) {
        for (mark, text) in [(Mark::Removed, &mut self.gone), (Mark::Added, &mut self.new)] {
            if !text.is_empty() {
                self.runs.push((mark, std::mem::take(text)));
            }
        }
    }
}

/// Leaves out the middle of long unchanged runs and the end of long changed ones, and says so.
fn shortened(runs: &[(Mark, String)]) -> Vec<(Mark, String)> {
    let mut out = Vec::new();
    let last = runs.len().saturating_sub(1);
    for (index, (mark, text)) in runs.iter().enumerate() {
        let total = text.chars().count();
        if *mark == Mark::Same {
            let head = if index == 0 { 0 } else { CONTEXT_CHARACTERS };
            let tail = if index == last { 0 } else { CONTEXT_CHARACTERS };
            if total > head + tail + CONTEXT_CHARACTERS {
                out.push((Mark::Same, text.chars().take(head).collect()));
                out.push((Mark::Note, format!("{} unchanged characters", thousands(total - head - tail))));
                out.push((Mark::Same, text.chars().skip(total - tail).collect()));
                continue;
            }
        } else if total > SUMMARY_CHARACTERS {
            out.push((*mark, text.chars().take(SUMMARY_CHARACTERS).collect()));
            out.push((Mark::Note, format!("{} more characters", thousands(total - SUMMARY_CHARACTERS))));
            continue;
        }
        out.push((*mark, text.clone()));
    }
    out
}

/// The beginning of a text and how many characters are left out.
pub(super) fn cut(text: &str, limit: Option<usize>) -> (&str, usize) {
    let Some(limit) = limit else { return (text, 0) };
    match text.char_indices().nth(limit) {
        Some((at, _)) => {
            let (head, rest) = text.split_at(at);
            (head, rest.chars().count())
        }
        None => (text, 0),
    }
}

/// The line that says how much was left out.
pub(super) fn more_characters(count: usize, indent: usize) -> Text {
    Text::new().with(Role::Warning, format!("{}… {} more characters\n", " ".repeat(indent), thousands(count)))
}

/// What hides in a value, as lines.
pub(super) fn concealed(value: Option<&Value>, indent: usize, columns: usize) -> Text {
    let mut texts = String::new();
    if let Some(value) = value {
        collect_text(value, &mut texts);
    }
    let mut out = Text::new();
    for sentence in Concealed::of(&texts).sentences() {
        if width(&sentence) + indent + 2 <= columns {
            out.push(Role::Bad, format!("{}! {sentence}", " ".repeat(indent)));
            out.newline();
        } else {
            out.append(shown_block(&sentence, Role::Bad, indent, columns));
        }
    }
    out
}

fn collect_text(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| collect_text(item, out)),
        Value::Object(object) => {
            for (name, member) in object.iter() {
                out.push_str(name);
                collect_text(member, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One entry in full, for showing what is locked.
#[must_use]
pub(crate) fn entry_tree(value: &Value, indent: usize, columns: usize) -> Text {
    let mut out =
        prefixed(&tree(value, Role::Plain, 0, columns.saturating_sub(indent + 2), None), indent, Role::Dim, "│ ");
    out.append(concealed(Some(value), indent, columns));
    out
}

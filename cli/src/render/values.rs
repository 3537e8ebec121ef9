//! What stood there before and what stands there now, for people: words marked, values as trees, hidden things named.

use mcp_pin_model::json::Value;

use super::{
    report_human::{Detail, View},
    text_change::{SUMMARY_CHARACTERS, text_change},
    tree::tree,
    wrap::counted,
};
use crate::ui::{
    Role, Text,
    layout::{Mark, marked_block, shown_block},
    sanitize::{Concealed, quoted, thousands, width},
};

/// Lines of a tree in a summary.
const SUMMARY_LINES: usize = 14;

fn limit(view: &View<'_>) -> Option<usize> {
    match view.detail {
        Detail::Full | Detail::Changed => None,
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
            let mut text = prefixed(
                &tree(other, role, 0, view.columns.saturating_sub(indent + 2), limit(view)),
                indent,
                role,
                sign,
            );
            if view.detail == Detail::Summary {
                let rest = text.keep_lines(SUMMARY_LINES);
                if rest > 0 {
                    let more = counted(rest, "more line", "more lines");
                    text.push(Role::Warning, format!("{}… {more}\n", " ".repeat(indent)));
                }
            }
            text
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

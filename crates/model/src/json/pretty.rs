//! Readable JSON for files that people review in a pull request.

use std::fmt::Write as _;

use super::{Value, canonical::write_string};

/// Two spaces of indent, members in canonical order, one per line, and every character that a viewer could hide or
/// act on (controls, bidirectional marks, zero-width and tag characters, variation selectors, private use) as a `\u` escape, so
/// that the text of a review shows what the model would read. Parses back to an equal value. Ends with a newline.
#[must_use]
pub fn to_pretty_string(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0);
    out.push('\n');
    out
}

/// The canonical form as one line, with every character that a viewer could hide or act on as a `\u` escape: for lines of
/// JSON in logs and pipes. Parses back to an equal value.
#[must_use]
pub fn to_line_string(value: &Value) -> String {
    let text = value.to_canonical_string();
    let mut out = String::with_capacity(text.len());
    // Outside of strings there is nothing that is hidden, so every such character may be an escape.
    write_escaped(&mut out, &text);
    out
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(text) => write_visible(out, text),
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                new_line(out, index, depth + 1);
                write_value(out, item, depth + 1);
            }
            close(out, depth, ']');
        }
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (index, (name, member)) in object.iter().enumerate() {
                new_line(out, index, depth + 1);
                write_visible(out, name);
                out.push_str(": ");
                write_value(out, member, depth + 1);
            }
            close(out, depth, '}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            out.push_str(&value.to_canonical_string());
        }
    }
}

fn new_line(out: &mut String, index: usize, depth: usize) {
    if index > 0 {
        out.push(',');
    }
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn close(out: &mut String, depth: usize, bracket: char) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
    out.push(bracket);
}

fn write_visible(out: &mut String, text: &str) {
    let mut escaped = String::with_capacity(text.len() + 2);
    write_string(&mut escaped, text);
    write_escaped(out, &escaped);
}

fn write_escaped(out: &mut String, text: &str) {
    if !text.chars().any(is_hidden) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
}

/// Whether a character is invisible, reorders text, or steers a terminal.
///
/// The union of Unicode's `Default_Ignorable_Code_Point`, `Bidi_Control`, the separators U+2028 and U+2029, the
/// controls, the fillers that render as nothing, spaces other than U+0020, private use and noncharacters.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{1680}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
}

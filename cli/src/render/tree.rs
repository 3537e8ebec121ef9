//! A JSON value as a tree that people can read: one member per line, texts as blocks.

use mcp_pin_model::json::Value;

use crate::ui::{
    Role, Text,
    layout::{block, shown_block},
    sanitize::{quoted, width},
};

/// Renders a value below `indent`. Every text of it is shown in full; `limit` is the caller's wish for a summary.
pub(super) fn tree(value: &Value, role: Role, indent: usize, columns: usize, limit: Option<usize>) -> Text {
    let mut out = Text::new();
    Tree { role, columns, limit, out: &mut out }.node(Text::new(), value, indent);
    out
}

struct Tree<'a> {
    role: Role,
    columns: usize,
    limit: Option<usize>,
    out: &'a mut Text,
}

impl Tree<'_> {
    /// One node: its label (ours or a sanitised member name), then its value on the same line or below.
    fn node(&mut self, label: Text, value: &Value, indent: usize) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                let inner = self.heading(label, indent);
                for (member, value) in object.iter() {
                    self.node(self.label(member), value, inner);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                if let Some(line) = self.short_list(items, indent + label.columns() + 1) {
                    self.line(label, &line, indent);
                    return;
                }
                let inner = self.heading(label, indent);
                for item in items {
                    self.node(Text::new().with(Role::Dim, "-"), item, inner);
                }
            }
            Value::String(text) => self.text(label, text, indent),
            scalar => self.line(label, &scalar.to_canonical_string(), indent),
        }
    }

    fn label(&self, member: &str) -> Text {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '-' | '/');
        let mut label = Text::new();
        if !member.is_empty() && member.chars().all(plain) {
            label.push(Role::Dim, member);
        } else {
            label.push(Role::Dim, quoted(member));
        }
        label.push(Role::Dim, ":");
        label
    }

    /// A line that only names what follows; gives back the indent of what follows.
    fn heading(&mut self, label: Text, indent: usize) -> usize {
        if label.is_empty() {
            return indent;
        }
        self.line(label, "", indent);
        indent + 2
    }

    fn line(&mut self, label: Text, value: &str, indent: usize) {
        if indent + label.columns() + 1 + width(value) > self.columns {
            // A name too long for a line: as a block, so that no part of it starts a line of its own.
            self.out.append(shown_block(&label.to_string(), self.role, indent, self.columns));
            if !value.is_empty() && indent + 2 + width(value) <= self.columns {
                // Without a gutter, which a text has: the number 12 and the text "12" must not look alike.
                self.out.plain(" ".repeat(indent + 2));
                self.out.push(self.role, value);
                self.out.newline();
            } else if !value.is_empty() {
                self.out.append(shown_block(value, self.role, indent + 2, self.columns));
            }
            return;
        }
        self.out.plain(" ".repeat(indent));
        let gap = !label.is_empty() && !value.is_empty();
        self.out.append(label);
        if gap {
            self.out.plain(" ");
        }
        self.out.push(self.role, value);
        self.out.newline();
    }

    fn text(&mut self, label: Text, text: &str, indent: usize) {
        let (text, rest) = super::values::cut(text, self.limit);
        let shown = quoted(text);
        if rest == 0 && !text.contains('\n') && indent + label.columns() + 1 + width(&shown) <= self.columns {
            self.line(label, &shown, indent);
            return;
        }
        let inner = self.heading(label, indent);
        self.out.append(block(text, self.role, inner, self.columns));
        if rest > 0 {
            self.out.append(super::values::more_characters(rest, inner));
        }
    }

    /// A list of scalars on one line, if it fits.
    fn short_list(&self, items: &[Value], used: usize) -> Option<String> {
        let mut parts = Vec::new();
        for item in items {
            parts.push(match item {
                Value::String(text) => quoted(text),
                Value::Array(items) if items.is_empty() => "[]".to_owned(),
                Value::Object(object) if object.is_empty() => "{}".to_owned(),
                Value::Array(_) | Value::Object(_) => return None,
                scalar => scalar.to_canonical_string(),
            });
        }
        let line = format!("[{}]", parts.join(", "));
        (used + width(&line) <= self.columns).then_some(line)
    }
}

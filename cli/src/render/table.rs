//! Tables and lists for people.

use comfy_table::{ContentArrangement, Table, presets};

use crate::ui::{Role, Text, sanitize};

/// A table without frames, columns as wide as their content, wrapped where the terminal is too narrow. Every cell is
/// made visible and is one line of source text.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>], columns: usize) -> Text {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(columns).unwrap_or(u16::MAX))
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| sanitize::line(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut out = Text::new();
    for (index, line) in table.to_string().lines().enumerate() {
        out.push(if index == 0 { Role::Strong } else { Role::Plain }, line.trim_end());
        out.newline();
    }
    out
}

/// One item of a list: what it is on the first line, its particulars below. For items whose ids and keys have to be
/// copied and so must not be wrapped as in a table. Parts are made visible and cut to fit.
#[must_use]
pub fn item(title: &[(Role, String)], particulars: &[String], columns: usize) -> Text {
    let mut out = Text::new();
    let share = columns / title.len().max(1);
    for (index, (role, part)) in title.iter().enumerate() {
        if index > 0 {
            out.plain("  ");
        }
        out.push(*role, sanitize::summary(part, share.max(28)));
    }
    out.newline();
    for particular in particulars.iter().filter(|particular| !particular.is_empty()) {
        out.push(Role::Dim, format!("  {}", sanitize::summary(particular, columns.saturating_sub(2))));
        out.newline();
    }
    out
}

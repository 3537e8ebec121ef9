//! What changed, where: the lines of one edit.

use mcp_pin_diff::{Change, ChangeKind, ChangeReport, EntryRef};
use mcp_pin_model::json::Value;

use super::{Detail, View, facts::Edit, novelty::Novelty};
use crate::{
    render::{
        paths::{self, in_words},
        values::{concealed, values},
        wrap::counted,
    },
    ui::{
        Role, Text,
        layout::{block, shown_block},
        sanitize::{name, thousands, width},
    },
};

/// Columns before names and values.
pub(super) const INDENT: usize = 4;
/// Names in a summary; a few lines of them.
const SUMMARY_ENTRIES: usize = 16;

/// One edit: its places, its values, what hides in it and which words only it brings.
pub(super) fn edit(report: &ChangeReport, edit: &Edit, novelty: &Novelty, view: &View<'_>) -> Text {
    let mut out = Text::new();
    let changes: Vec<&Change> = edit.changes.iter().filter_map(|&index| report.changes().get(index)).collect();
    let Some(change) = changes.first() else { return out };
    if changes.len() == 1 {
        out.append(place_line(&in_words(&change.path, change.entry.as_ref()), &verb(change), view.columns));
    } else {
        let entries: Vec<&EntryRef> = changes.iter().filter_map(|change| change.entry.as_ref()).collect();
        let noun = change.entry.as_ref().map_or("place", |entry| entry.kind.noun());
        let place = paths::within_entry(&change.path);
        let of = if place.is_empty() { String::new() } else { format!("{place} of ") };
        let place = format!("{of}{} {noun}s, in all of them alike", thousands(changes.len()));
        out.append(place_line(&place, &verb(change), view.columns));
        out.append(entry_list(&entries, INDENT, view));
    }
    if matches!(change.kind, ChangeKind::EntryAdded | ChangeKind::EntryRenamed | ChangeKind::ParameterAdded)
        && let Some(name) = change.path.tokens().last()
    {
        out.append(concealed(Some(&Value::String(name)), INDENT, view.columns));
    }
    out.append(values(change.before.as_ref(), change.after.as_ref(), view));
    out.append(novelty.line(change, INDENT, view.columns));
    out
}

/// What a change does to its place, in a few words.
pub(crate) fn verb(change: &Change) -> String {
    let what = match (change.kind, &change.before, &change.after) {
        (ChangeKind::EntryRenamed | ChangeKind::ParameterRenamed, _, _) => "renamed",
        (ChangeKind::Reordered, _, _) => "in another order",
        (_, None, Some(_)) => "new",
        (_, Some(_), None) => "gone",
        _ => "changed",
    };
    match change.direction {
        Some(direction) => format!("{what}, {}", direction.words()),
        None => what.to_owned(),
    }
}

/// A line that says where; wrapped at spaces, and never starting with text of the server.
pub(super) fn place_line(place: &str, verb: &str, columns: usize) -> Text {
    let line = if verb.is_empty() { place.to_owned() } else { format!("{verb}: {place}") };
    let mut out = Text::new();
    if width(&line) + 2 <= columns {
        out.plain("  ");
        out.push(Role::Strong, line);
        out.newline();
        return out;
    }
    if !verb.is_empty() {
        out.plain("  ");
        out.push(Role::Strong, format!("{verb}:"));
        out.newline();
    }
    if width(place) + INDENT <= columns {
        out.plain(" ".repeat(INDENT));
        out.push(Role::Strong, place);
        out.newline();
    } else {
        // A name of a server's choice makes it long: a gutter before each line of it.
        out.append(shown_block(place, Role::Strong, INDENT, columns));
    }
    out
}

/// Entries by name, as many per line as fit; in a summary the first of many.
pub(super) fn entry_list(entries: &[&EntryRef], indent: usize, view: &View<'_>) -> Text {
    let mut out = Text::new();
    let mut line = String::new();
    let flush = |out: &mut Text, line: &mut String| {
        if !line.is_empty() {
            out.plain(format!("{}{line}", " ".repeat(indent)));
            out.newline();
            line.clear();
        }
    };
    let most = if view.detail == Detail::Summary { SUMMARY_ENTRIES } else { usize::MAX };
    for (index, entry) in entries.iter().enumerate() {
        if index == most {
            flush(&mut out, &mut line);
            let more = counted(entries.len() - most, "more name", "more names");
            out.push(Role::Warning, format!("{}… {more}\n", " ".repeat(indent)));
            break;
        }
        let item = name(&entry.key);
        if indent + width(&item) > view.columns {
            flush(&mut out, &mut line);
            out.append(block(&entry.key, Role::Plain, indent, view.columns));
            continue;
        }
        if indent + width(&line) + 2 + width(&item) > view.columns {
            flush(&mut out, &mut line);
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&item);
    }
    flush(&mut out, &mut line);
    out
}

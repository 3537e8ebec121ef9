//! One entry.

use std::collections::BTreeMap;

use mcp_pin_model::{
    Entry, EntryKind,
    json::{Pointer, Value},
};

use super::{Collector, annotations, member_names, schema};
use crate::change::{Change, ChangeKind, EntryRef};

pub(crate) fn path_of(entry: &Entry) -> Pointer {
    Pointer::root().child(entry.kind().section()).child(entry.key())
}

fn reference(entry: &Entry) -> EntryRef {
    EntryRef { kind: entry.kind(), key: entry.key().to_owned() }
}

pub(crate) fn added(changes: &mut Vec<Change>, entry: &Entry) {
    let value = Value::Object(entry.value().clone());
    let path = path_of(entry);
    Collector::new(changes, Some(reference(entry))).push_own(ChangeKind::EntryAdded, &path, None, Some(value), None);
}

pub(crate) fn removed(changes: &mut Vec<Change>, entry: &Entry) {
    let value = Value::Object(entry.value().clone());
    let path = path_of(entry);
    Collector::new(changes, Some(reference(entry))).push_own(ChangeKind::EntryRemoved, &path, Some(value), None, None);
}

/// The same entry before and after, perhaps under two keys; places are named by the key after.
pub(crate) fn pair(changes: &mut Vec<Change>, before: &Entry, after: &Entry) {
    if before.value() == after.value() {
        return;
    }
    let kind = after.kind();
    let root = path_of(after);
    let mut out = Collector::new(changes, Some(reference(after)));
    if before.key() != after.key() {
        out.push(ChangeKind::EntryRenamed, &root, Some(&before.key().into()), Some(&after.key().into()), None);
    }
    for name in member_names(before.value(), after.value()) {
        let (old, new) = (before.value().get(name), after.value().get(name));
        if old == new || name == kind.key_member() {
            continue;
        }
        let path = root.child(name);
        match (kind, name) {
            (_, "description") => out.push(ChangeKind::Text, &path, old, new, None),
            (_, "title") => out.push(ChangeKind::Title, &path, old, new, None),
            (EntryKind::Tool, "annotations") => annotations::compare(&mut out, &path, old, new),
            (EntryKind::Tool, "inputSchema") => schema::compare(&mut out, &path, old, new, schema::Side::Input),
            (EntryKind::Tool, "outputSchema") => schema::compare(&mut out, &path, old, new, schema::Side::Output),
            (EntryKind::Tool, "execution") => out.generic(ChangeKind::Execution, &path, old, new),
            (EntryKind::Prompt, "arguments") => arguments(&mut out, &path, old, new),
            (_, "icons") => out.push(ChangeKind::Icons, &path, old, new, None),
            (_, "_meta") => out.generic(ChangeKind::Meta, &path, old, new),
            _ => out.generic(ChangeKind::Member, &path, old, new),
        }
    }
}

/// A prompt's arguments, by name where all have one and none has two.
fn arguments(out: &mut Collector<'_>, path: &Pointer, before: Option<&Value>, after: Option<&Value>) {
    let (Some(old), Some(new)) = (by_name(before), by_name(after)) else {
        out.generic(ChangeKind::Member, path, before, after);
        return;
    };
    let mut seen = false;
    let mut names: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let place = path.child(name);
        match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) if was == is => continue,
            (Some(was), Some(is)) => {
                let (Some(was), Some(is)) = (was.as_object(), is.as_object()) else { continue };
                for member in member_names(was, is) {
                    let (was, is) = (was.get(member), is.get(member));
                    if was == is {
                        continue;
                    }
                    let place = place.child(member);
                    match member {
                        "description" => out.push(ChangeKind::Text, &place, was, is, None),
                        "title" => out.push(ChangeKind::Title, &place, was, is, None),
                        "required" => {
                            let direction = schema::required_direction(
                                was.and_then(Value::as_bool).unwrap_or(false),
                                is.and_then(Value::as_bool).unwrap_or(false),
                            );
                            out.push(ChangeKind::Required, &place, was, is, direction);
                        }
                        _ => out.generic(ChangeKind::Member, &place, was, is),
                    }
                }
            }
            (was, is) => {
                let kind = if was.is_none() { ChangeKind::ParameterAdded } else { ChangeKind::ParameterRemoved };
                out.push(kind, &place, was.copied(), is.copied(), None);
            }
        }
        seen = true;
    }
    if !seen && before != after {
        // The order of arguments is shown to people, so it is a change and not only another spelling; `[]` for an
        // absent list ends here too.
        out.push(ChangeKind::Reordered, path, before, after, None);
    }
}

fn by_name(arguments: Option<&Value>) -> Option<BTreeMap<&str, &Value>> {
    let Some(arguments) = arguments else { return Some(BTreeMap::new()) };
    let mut out = BTreeMap::new();
    for argument in arguments.as_array()? {
        let name = argument.get("name")?.as_str()?;
        if out.insert(name, argument).is_some() {
            return None;
        }
    }
    Some(out)
}

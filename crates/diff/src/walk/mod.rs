//! From two surfaces to changes. Every difference ends as a change; nothing here decides how grave one is.

mod annotations;
mod entry;
pub(crate) mod schema;
pub(crate) mod server;

use mcp_pin_model::json::{Object, Pointer, Value};

pub(crate) use annotations::{HINTS, Hint};
pub(crate) use entry::{added as entry_added, pair as entry_pair, removed as entry_removed};
pub(crate) use schema::FreeText;
pub(crate) use server::compare as server;

use crate::{
    change::{Change, ChangeKind, Direction, EntryRef},
    content::{Contents, Identity},
};

/// Collects changes under one entry, or under none.
pub(crate) struct Collector<'c> {
    changes: &'c mut Vec<Change>,
    entry: Option<EntryRef>,
}

impl<'c> Collector<'c> {
    pub(crate) fn new(changes: &'c mut Vec<Change>, entry: Option<EntryRef>) -> Self {
        Self { changes, entry }
    }

    /// How many changes there are so far.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn push(
        &mut self,
        kind: ChangeKind,
        path: &Pointer,
        before: Option<&Value>,
        after: Option<&Value>,
        direction: Option<Direction>,
    ) {
        self.push_own(kind, path, before.cloned(), after.cloned(), direction);
    }

    /// The same of values that are the change's own.
    pub(crate) fn push_own(
        &mut self,
        kind: ChangeKind,
        path: &Pointer,
        before: Option<Value>,
        after: Option<Value>,
        direction: Option<Direction>,
    ) {
        let contents = Contents::of(before.as_ref(), after.as_ref());
        let mut identity = Identity::new();
        identity.content("after", contents.after);
        identity.content("before", contents.before);
        identity.text("kind", kind.as_str());
        identity.text("path", path.as_str());
        // 16 digits name a change within one report; what a consent binds is the report's whole digest.
        let id = identity.digits(16);
        let (path, entry) = (path.clone(), self.entry.clone());
        self.changes.push(Change { id, kind, path, entry, before, after, direction, contents });
    }

    /// Any two values: objects member by member, lists of one length item by item, everything else as a whole.
    pub(crate) fn generic(&mut self, kind: ChangeKind, path: &Pointer, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                for name in member_names(before, after) {
                    self.generic(kind, &path.child(name), before.get(name), after.get(name));
                }
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.generic(kind, &path.item(index), Some(old), Some(new));
                }
            }
            (None, None) => {}
            _ => self.push(kind, path, before, after, None),
        }
    }
}

/// The names of the members of either object, each once, sorted.
pub(crate) fn member_names<'v>(before: &'v Object, after: &'v Object) -> Vec<&'v str> {
    let mut names: Vec<&str> = before.iter().chain(after.iter()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

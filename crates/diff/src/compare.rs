//! The comparison: align, collect changes, let the rules read them, grade.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use mcp_pin_model::{
    EntryKind, Grade,
    json::{Pointer, Value},
    lockfile::Tombstone,
};

use crate::{
    ChangeReport, REPORT_TYPE, ReportSide, Side,
    align::align,
    bump::{self, Bump},
    change::{Change, ChangeKind, EntryRef},
    reading::{self, Passage, Plain},
    rules,
    siblings::Sibling,
    speech::Statement,
    walk::{self, Collector},
};

/// What the rules read.
pub(crate) struct Comparison<'c> {
    pub(crate) before: Option<&'c Side<'c>>,
    pub(crate) after: &'c Side<'c>,
    pub(crate) tombstones: &'c [Tombstone],
    pub(crate) changes: &'c [Change],
    pub(crate) passages: &'c [Passage<'c>],
    /// The statements that say more than a name, each with its passage.
    pub(crate) speaking: Vec<(&'c Passage<'c>, &'c Statement<'c>)>,
    /// What people call the server, where it is compared with others.
    pub(crate) subject: &'c str,
    /// The other servers; none in a report.
    pub(crate) siblings: &'c [Sibling<'c>],
    /// The statements that several rules weigh, once one of them has.
    pub(crate) weighed: OnceCell<rules::Weighed<'c>>,
    renamed: BTreeMap<&'c EntryRef, &'c str>,
    opened: BTreeMap<Edit, BTreeSet<&'c EntryRef>>,
}

/// What an edit makes of which value, as JSON.
type Edit = (Option<String>, Option<String>);

/// Compares two sides. `before` is `None` on first admission. Tombstones become part of the report, so that it can be
/// computed again from what it says.
#[must_use]
pub fn compare(before: Option<&Side<'_>>, after: &Side<'_>, tombstones: &[Tombstone]) -> ChangeReport {
    let mut tombstones = tombstones.to_vec();
    tombstones.sort();
    tombstones.dedup();

    let changes = changes(before, after);
    let passages = reading::passages(&changes, after.surface, Plain::PassedOver);
    let comparison = Comparison::new(before, after, &tombstones, &changes, &passages);
    let findings = rules::run(&comparison);

    let from = before.map(ReportSide::of);
    let to = match (&from, before) {
        // The same surface has the same digests; computing them is most of the work of an unchanged comparison.
        (Some(from), Some(before)) if before.surface == after.surface => {
            ReportSide::with_digests(after, from.surface, from.model_visible)
        }
        _ => ReportSide::of(after),
    };
    let declared_bump = before
        .and_then(|before| before.version)
        .zip(after.version)
        .map(|(before, after)| Bump::between(before.semver(), after.semver()));
    let report = ChangeReport {
        document_type: REPORT_TYPE.to_owned(),
        model_visible_changed: from.as_ref().is_none_or(|from| from.model_visible != to.model_visible),
        from,
        to,
        tombstones,
        grade: findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::None),
        required_bump: bump::required(&changes),
        declared_bump,
        changes,
        findings,
        computed: crate::report::ComputedDigest::default(),
    };
    if report.can_be_read() { report } else { report.too_large() }
}

/// Every difference, sorted by place.
pub(crate) fn changes(before: Option<&Side<'_>>, after: &Side<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::server(&mut changes, before, after);
    if before.is_none_or(|before| before.surface != after.surface) {
        for kind in EntryKind::ALL {
            section(&mut changes, kind, before, after);
        }
    }
    changes.sort_by(|a, b| (&a.path, a.kind, &a.id).cmp(&(&b.path, b.kind, &b.id)));
    changes
}

fn section(changes: &mut Vec<Change>, kind: EntryKind, before: Option<&Side<'_>>, after: &Side<'_>) {
    let (old, new) = (before.and_then(|side| side.surface.section(kind)), after.surface.section(kind));
    if old.is_some() != new.is_some() && before.is_some() {
        let path = Pointer::root().child(kind.section());
        let empty = Value::Array(Vec::new());
        let (change, was, is) = if new.is_some() {
            (ChangeKind::SectionAppeared, &Value::Null, &empty)
        } else {
            (ChangeKind::SectionVanished, &empty, &Value::Null)
        };
        Collector::new(changes, None).push(change, &path, Some(was), Some(is), None);
    }
    let alignment = align(old.unwrap_or_default(), new.unwrap_or_default());
    for (old, new) in alignment.same.iter().chain(&alignment.renamed) {
        walk::entry_pair(changes, old, new);
    }
    for entry in &alignment.added {
        walk::entry_added(changes, entry);
    }
    for entry in &alignment.removed {
        walk::entry_removed(changes, entry);
    }
}

impl<'c> Comparison<'c> {
    pub(crate) fn new(
        before: Option<&'c Side<'c>>,
        after: &'c Side<'c>,
        tombstones: &'c [Tombstone],
        changes: &'c [Change],
        passages: &'c [Passage<'c>],
    ) -> Self {
        let mut renamed = BTreeMap::new();
        let mut opened: BTreeMap<Edit, BTreeSet<&EntryRef>> = BTreeMap::new();
        for change in changes {
            let Some(entry) = &change.entry else { continue };
            if change.kind == ChangeKind::EntryRenamed
                && let Some(Value::String(key)) = &change.before
            {
                renamed.insert(entry, key.as_str());
            }
            if change.kind == ChangeKind::Schema && change.path.as_str().ends_with("/additionalProperties") {
                opened.entry(edit(change)).or_default().insert(entry);
            }
        }
        let statements =
            passages.iter().flat_map(|passage| passage.fresh.iter().map(move |statement| (passage, statement)));
        let speaking = statements.filter(|(_, statement)| statement.can_speak()).collect();
        Self {
            before,
            after,
            tombstones,
            changes,
            passages,
            speaking,
            subject: "",
            siblings: &[],
            weighed: OnceCell::new(),
            renamed,
            opened,
        }
    }

    /// The same, beside other servers.
    pub(crate) fn beside(self, subject: &'c str, siblings: &'c [Sibling<'c>]) -> Self {
        Self { subject, siblings, ..self }
    }

    /// How many entries change `additionalProperties` as this change does, at whatever depth.
    pub(crate) fn entries_with_same_edit(&self, change: &Change) -> usize {
        self.opened.get(&edit(change)).map_or(0, BTreeSet::len)
    }

    /// Whether everything is new.
    pub(crate) fn is_first(&self) -> bool {
        self.before.is_none()
    }

    /// The entry after.
    pub(crate) fn entry_after(&self, entry: &EntryRef) -> Option<&mcp_pin_model::Entry> {
        self.after.surface.entry(entry.kind, &entry.key)
    }

    /// The key that an entry had before: its own, or the one it was renamed from.
    pub(crate) fn key_before(&self, entry: &EntryRef) -> String {
        self.renamed.get(entry).map_or_else(|| entry.key.clone(), |key| (*key).to_owned())
    }
}

fn edit(change: &Change) -> Edit {
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_canonical_string);
    (text(&change.before), text(&change.after))
}

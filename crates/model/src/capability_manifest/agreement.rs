//! A capability manifest against a surface, entry by entry.

use serde::Serialize;

use super::{CapabilityManifest, ContentHash, LISTED_KINDS, ListedEntry};
use crate::{Entry, EntryKind, Surface, placeholder::Placeholder};

/// What a capability manifest and a surface say about one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Agreement {
    /// The same content.
    Agrees,
    /// Other content than the manifest lists.
    OtherContent {
        /// What the manifest lists.
        listed: ContentHash,
        /// What the surface holds.
        found: ContentHash,
    },
    /// The same content, listed under another version than it carries itself.
    OtherVersion,
    /// The manifest lists it, and the surface has no such entry.
    OnlyInManifest,
    /// The surface has it, and the manifest does not list it.
    OnlyInSurface,
    /// The hashes differ, and the stored form leaves out or replaces what may have been hashed: nobody can tell.
    StoredForm,
    /// Several resources have the name under which the manifest lists one.
    Ambiguous,
}

impl Agreement {
    /// Whether it could not be checked, which is neither agreement nor contradiction.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        matches!(self, Self::StoredForm | Self::Ambiguous)
    }
}

/// One entry, and what was found about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryAgreement {
    /// The list.
    pub kind: EntryKind,
    /// The name or URI. Hostile text.
    pub key: String,
    /// What was found.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Compares every tool, prompt and resource, listed or declared; `places` are those of the surface's placeholders.
#[must_use]
pub fn compare(manifest: &CapabilityManifest, surface: &Surface, places: &[Placeholder]) -> Vec<EntryAgreement> {
    let mut out = Vec::new();
    for kind in LISTED_KINDS {
        let declared = surface.section(kind).unwrap_or_default();
        let mut listed_keys = std::collections::BTreeSet::new();
        for listed in manifest.section(kind) {
            let (key, agreement) = match find(listed, kind, declared) {
                Found::None => (listed.key().to_owned(), Agreement::OnlyInManifest),
                Found::Several(keys) => {
                    listed_keys.extend(keys);
                    (listed.key().to_owned(), Agreement::Ambiguous)
                }
                Found::One(entry) => {
                    listed_keys.insert(entry.key());
                    (entry.key().to_owned(), judge(listed, entry, places))
                }
            };
            out.push(EntryAgreement { kind, key, agreement });
        }
        for entry in declared.iter().filter(|entry| !listed_keys.contains(entry.key())) {
            out.push(EntryAgreement { kind, key: entry.key().to_owned(), agreement: Agreement::OnlyInSurface });
        }
    }
    out.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    out
}

enum Found<'s> {
    None,
    One(&'s Entry),
    Several(Vec<&'s str>),
}

fn find<'s>(listed: &ListedEntry, kind: EntryKind, declared: &'s [Entry]) -> Found<'s> {
    let by_key = |entry: &&Entry| entry.key() == listed.key();
    let by_name =
        |entry: &&Entry| entry.value().get("name").and_then(crate::json::Value::as_str) == Some(listed.name.as_str());
    let found: Vec<&Entry> = if kind == EntryKind::Resource && listed.uri.is_none() {
        declared.iter().filter(by_name).collect()
    } else {
        declared.iter().filter(by_key).collect()
    };
    match found.as_slice() {
        [] => Found::None,
        [entry] => Found::One(entry),
        several => Found::Several(several.iter().map(|entry| entry.key()).collect()),
    }
}

fn judge(listed: &ListedEntry, entry: &Entry, places: &[Placeholder]) -> Agreement {
    let found = ContentHash::from(entry.digest());
    if found != listed.content_hash {
        return if entry.stored_form_may_differ(places) {
            Agreement::StoredForm
        } else {
            Agreement::OtherContent { listed: listed.content_hash, found }
        };
    }
    let own_version = entry.value().get("version").and_then(crate::json::Value::as_str);
    match (&listed.version, own_version) {
        (Some(listed), Some(own)) if listed != own => Agreement::OtherVersion,
        _ => Agreement::Agrees,
    }
}

//! One server: every version that is or was live, as each ring sees them.

use std::sync::Arc;

use mcp_pin_model::{
    Ring, ServerName,
    json::{self, Value},
};
use mcp_pin_storage::{StateKind, Submission, VersionStatus};

use super::{CatalogueEntry, Facts, Standing};
use crate::service::ServiceError;

/// One server of the catalogue. Immutable: a decision about it makes another one.
#[derive(Debug)]
pub struct Server {
    name: ServerName,
    /// As the last ring sees it, which everybody is in who is in no other.
    default: View,
    /// As those rings see it that see something else.
    others: Vec<(Ring, View)>,
}

/// A server as one ring sees it.
#[derive(Debug, Default)]
pub struct View {
    /// What is live in the ring, and what was live in any, lowest version first.
    all: Vec<Arc<CatalogueEntry>>,
    /// Those that are live.
    live: Vec<Arc<CatalogueEntry>>,
}

impl View {
    /// What is live, lowest version first.
    #[must_use]
    pub fn live(&self) -> &[Arc<CatalogueEntry>] {
        &self.live
    }

    /// What is or was live, lowest version first.
    #[must_use]
    pub fn all(&self) -> &[Arc<CatalogueEntry>] {
        &self.all
    }

    /// With or without what was live.
    #[must_use]
    pub fn entries(&self, with_former: bool) -> &[Arc<CatalogueEntry>] {
        if with_former { &self.all } else { &self.live }
    }

    /// The highest live version.
    #[must_use]
    pub fn latest(&self) -> Option<&Arc<CatalogueEntry>> {
        self.live.last()
    }

    /// Makes the view of one ring. `known` are entries that need not be prepared again.
    fn new(ring: &Ring, versions: &[Version<'_>], known: &[&Arc<CatalogueEntry>]) -> Result<Self, ServiceError> {
        let seen = |facts: &Facts| facts.state != StateKind::Live || facts.rings.contains(ring);
        let seen: Vec<&Version<'_>> = versions.iter().filter(|version| seen(&version.facts)).collect();
        let is_live = |version: &&&Version<'_>| version.facts.state == StateKind::Live;
        let latest = seen.iter().rfind(is_live).or(seen.last()).map(|version| version.facts.manifest);
        let mut view = Self::default();
        for version in seen {
            let facts = Facts { is_latest: Some(version.facts.manifest) == latest, ..version.facts.clone() };
            // The manifest, which is one of the facts, fixes the `server.json`.
            let entry = match known.iter().find(|entry| *entry.facts() == facts) {
                Some(entry) => Arc::clone(entry),
                None => Arc::new(CatalogueEntry::new(facts, version.server_json)?),
            };
            if entry.state == StateKind::Live {
                view.live.push(Arc::clone(&entry));
            }
            view.all.push(entry);
        }
        Ok(view)
    }

    /// Whether another view is of the very same entries.
    fn is(&self, other: &Self) -> bool {
        self.all.len() == other.all.len() && self.all.iter().zip(&other.all).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// What the store has of a version: its record, the rings that it is live in, and what is said about it.
pub(in crate::service) type Stored = (Submission, Standing, Option<VersionStatus>);

/// A version that is or was live, as the store has it.
struct Version<'s> {
    facts: Facts,
    server_json: &'s str,
}

impl Server {
    /// Makes a server of what the store has of it: all that is or was live, and where. `rings` are in the order in which
    /// versions reach them: what a ring has nothing of its own of it has from the next one. `before` is the server as it
    /// was prepared last; what has not changed is shared with it.
    pub(in crate::service) fn new(
        name: &ServerName,
        submissions: &[Stored],
        rings: &[Ring],
        before: Option<&Self>,
    ) -> Result<Self, ServiceError> {
        let mut versions: Vec<Version<'_>> = submissions
            .iter()
            .filter_map(|(submission, there, status)| {
                let facts = Facts::of(submission, there, status.as_ref())?;
                Some(Version { facts, server_json: &submission.server_json })
            })
            .collect();
        versions.sort_by(|a, b| a.facts.version.cmp(&b.facts.version));
        let mut server = Self { name: name.clone(), default: View::default(), others: Vec::new() };
        let Some((last, earlier)) = rings.split_last() else { return Ok(server) };
        let known: Vec<&Arc<CatalogueEntry>> = before.into_iter().flat_map(Self::everything).collect();
        server.default = View::new(last, &versions, &known)?;
        // The ring whose view the one before it falls back on.
        let mut next = last;
        for ring in earlier.iter().rev() {
            let has_own = versions.iter().any(|version| version.facts.rings.contains(ring));
            next = if has_own { ring } else { next };
            let known: Vec<_> = known.iter().copied().chain(server.everything()).collect();
            let view = View::new(next, &versions, &known)?;
            if !view.is(&server.default) {
                server.others.push((ring.clone(), view));
            }
        }
        Ok(server)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServerName {
        &self.name
    }

    /// As a ring sees it.
    #[must_use]
    pub fn view(&self, ring: &Ring) -> &View {
        self.others.iter().find(|(other, _)| other == ring).map_or(&self.default, |(_, view)| view)
    }

    /// As everybody sees it who is in no other ring than the last.
    #[must_use]
    pub fn default_view(&self) -> &View {
        &self.default
    }

    /// The entries of all rings.
    pub(in crate::service) fn everything(&self) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.default.all.iter().chain(self.others.iter().flat_map(|(_, view)| &view.all))
    }

    /// Whether an entry was made of this very record. The `server.json` stands beside the signed manifest in the store, so
    /// it is compared too: one that was edited there is not what had verified.
    pub(super) fn knows(&self, submission: &Submission) -> bool {
        self.everything().any(|entry| {
            entry.manifest == submission.manifest
                && json::parse(submission.server_json.as_bytes())
                    .is_ok_and(|read| read == Value::Object(entry.server()))
        })
    }
}

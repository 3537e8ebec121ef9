//! One version of the catalogue, with the bytes that are served for it.

use std::ops::Range;

use axum::body::Bytes;
use jiff::Timestamp;
use mcp_pin_model::{
    Digest, Ring, ServerName, ServerVersion,
    json::{self, Object, Value},
};
use mcp_pin_storage::{Advice, LiveRing, State, StateKind, Submission, VersionStatus};

use crate::{http::v0_1::entry as document, service::ServiceError};

/// Where a version is live, and by what.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Standing {
    /// The rings that serve it, by name.
    pub(in crate::service) live: Vec<LiveRing>,
    /// Until when it is live without the consents that it takes, if it is.
    pub(in crate::service) break_glass_until: Option<Timestamp>,
}

/// What is said about a version beside its `server.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The server.
    pub name: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the bundle that carries the manifest.
    pub attestation: Digest,
    /// The principal who published it.
    pub publisher: String,
    /// The rings it is live in, sorted; none once it is no longer live.
    pub rings: Vec<Ring>,
    /// Until when it is live without the consents that it takes, if it is.
    pub break_glass_until: Option<Timestamp>,
    /// `live`, or `superseded`, `revoked` or `expired` for a version that was.
    pub state: StateKind,
    /// When it went live here.
    pub published_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Whether `latest` stands for it: the highest live version of its server or, of a server of which nothing is live,
    /// the highest that was.
    pub is_latest: bool,
    /// That it should not be used any more, where its publisher says so.
    pub deprecated: Option<Deprecation>,
}

/// That a version should not be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Why, in the publisher's words.
    pub message: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

impl Facts {
    /// What a submission says, but for `is_latest`, which depends on the other versions; `None` unless it is or was live.
    pub(super) fn of(submission: &Submission, there: &Standing, status: Option<&VersionStatus>) -> Option<Self> {
        let published_at = submission.state.live_since()?;
        let updated_at = match &submission.state {
            State::Superseded { at, .. } | State::Revoked { at, .. } | State::Expired { at, .. } => *at,
            // It may have come to a further ring, or back to one.
            State::Pending | State::Approved { .. } | State::Live { .. } | State::Rejected { .. } => {
                there.live.iter().map(|live| live.since).max().unwrap_or(published_at)
            }
        };
        let updated_at = status.map_or(updated_at, |status| updated_at.max(status.changed_at));
        let deprecated = status
            .filter(|status| status.advice == Advice::Deprecated)
            .map(|status| Deprecation { message: status.message.clone(), at: status.changed_at });
        Some(Self {
            name: submission.server.clone(),
            version: submission.version.clone(),
            manifest: submission.manifest,
            attestation: submission.attestation,
            publisher: submission.publisher.to_string(),
            rings: there.live.iter().map(|live| live.ring.clone()).collect(),
            break_glass_until: there.break_glass_until,
            state: submission.state.kind(),
            published_at,
            updated_at,
            is_latest: false,
            deprecated,
        })
    }
}

/// One version of the catalogue. Immutable: what is said about it changes by making another one.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    facts: Facts,
    document: Bytes,
    /// Where in the document the `server.json` is.
    server_json: Range<usize>,
    tag: Tag,
    search: Box<str>,
}

impl std::ops::Deref for CatalogueEntry {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl CatalogueEntry {
    /// Prepares an entry. `server_json` is the canonical form that was stored.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] when that is damaged.
    pub(super) fn new(facts: Facts, server_json: &str) -> Result<Self, ServiceError> {
        // It passed the strict parser before it was signed, as part of the manifest, within the limits of manifests.
        let Ok(Value::Object(server)) = json::parse_with(server_json.as_bytes(), &json::Limits::OURS) else {
            let Facts { name, version, .. } = &facts;
            return Err(ServiceError::Unsound(format!("{name} {version}: server.json is damaged")));
        };
        let texts = ["name", "title", "description"].into_iter().filter_map(|member| server.get(member)?.as_str());
        let search = texts.map(str::to_lowercase).collect::<Vec<_>>().join(SEPARATOR).into();
        let (document, server_json) = document::render(&facts, server_json)?;
        Ok(Self { tag: Tag::of(&document), document: document.into(), facts, server_json, search })
    }

    /// What is said about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The entry as the MCP Registry API has it: JSON.
    #[must_use]
    pub fn document(&self) -> &Bytes {
        &self.document
    }

    /// What the document is told apart by.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The canonical form of the official `server.json`.
    #[must_use]
    pub fn server_json(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.document.get(self.server_json.clone()).unwrap_or_default())
    }

    /// The official `server.json`, read.
    #[must_use]
    pub fn server(&self) -> Object {
        match json::parse_with(self.server_json().as_bytes(), &json::Limits::OURS) {
            Ok(Value::Object(server)) => server,
            // It was read when the entry was made.
            _ => Object::default(),
        }
    }

    /// The name, title and description in lower case: what searches look into.
    #[must_use]
    pub fn search_text(&self) -> &str {
        &self.search
    }
}

/// Between texts of different members, so that nothing is found across them. No query holds it: such a request is
/// refused.
const SEPARATOR: &str = "\0";

/// What a document is told apart by: 128 bits of its digest. That is beyond accident, and nobody gains from a collision
/// of their own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag([u8; 16]);

impl Tag {
    /// The tag of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut tag = [0; 16];
        for (to, from) in tag.iter_mut().zip(Digest::of(bytes).as_bytes()) {
            *to = *from;
        }
        Self(tag)
    }

    /// The tag of a document that is made of others, in this order, and of `rest`.
    #[must_use]
    pub fn of_parts(parts: impl IntoIterator<Item = Self>, rest: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(2048);
        for part in parts {
            bytes.extend_from_slice(&part.0);
        }
        // All parts have one length, so no other parts and rest come to the same bytes but by moving parts into the rest,
        // which is text and a number.
        bytes.extend_from_slice(rest);
        Self::of(&bytes)
    }

    /// The bits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

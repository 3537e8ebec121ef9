//! The capability manifest of MCP SEP-3140 (draft): which declarations a server stands for, by hash.
//!
//! Foreign documents: read here, compared with a surface in [`agreement`], and signed and verified in `mcp-pin-attest`.
//! A capability manifest is evidence beside a pin and never replaces one. In particular the SEP's rule that a change of
//! `title` or `icons` is not material is not followed: both are what people and models are shown.

pub mod agreement;
mod content_hash;

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use thiserror::Error;
use url::Url;

pub use content_hash::{CONTENT_HASH, ContentHash, ContentHashError, OwnContentHash};

use crate::{
    EntryKind,
    json::{Object, Value},
};

/// The kinds of entries that a capability manifest lists. Resource templates, skills, instructions and what the server
/// says about itself are outside of it.
pub const LISTED_KINDS: [EntryKind; 3] = [EntryKind::Tool, EntryKind::Prompt, EntryKind::Resource];

/// The most entries of one list: ten times the largest real one seen.
pub const MAX_LISTED_ENTRIES: usize = 10_000;

/// The longest of the texts that are not names of entries, in bytes: what URLs are limited to in practice.
pub const MAX_TEXT_BYTES: usize = 2_048;

/// The canonical URI of a server (RFC 8707): whom a capability manifest is for.
///
/// Compared byte for byte after the parser's normalisation, so that `HTTPS://Host:443/` and `https://host/` are one and
/// a path with a slash more is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Url);

/// Why a text is not an audience.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudienceError {
    /// Not an absolute URI.
    #[error("the audience is not an absolute URI")]
    NotAbsolute,
    /// RFC 8707 section 2 forbids fragments.
    #[error("the audience has a fragment")]
    Fragment,
    /// A user name or password in it: no resource has one, and it would be published.
    #[error("the audience holds a user name or password")]
    Credentials,
    /// Longer than any server's address.
    #[error("the audience is longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(AudienceError::TooLong);
        }
        // The parser strips what others keep; a URI holds no white space or control characters (RFC 3986 section 2).
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(AudienceError::NotAbsolute);
        }
        let url = Url::parse(text).map_err(|_| AudienceError::NotAbsolute)?;
        if url.fragment().is_some() {
            return Err(AudienceError::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AudienceError::Credentials);
        }
        Ok(Self(url))
    }
}

impl Audience {
    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One declaration, as a capability manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    /// Its `name`. Hostile text.
    pub name: String,
    /// The URI of a resource, where the manifest gives it: the SEP lists resources by name, which need not be unique.
    pub uri: Option<String>,
    /// The version that the server gave to it.
    pub version: Option<String>,
    /// The hash over the declaration.
    pub content_hash: ContentHash,
}

impl ListedEntry {
    /// What tells it apart within its list.
    #[must_use]
    pub fn key(&self) -> &str {
        self.uri.as_deref().unwrap_or(&self.name)
    }
}

/// A capability manifest. Well-formed, not verified; every text in it is hostile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityManifest {
    /// Whom it is for.
    pub server: Audience,
    /// The publisher's metadata document.
    pub publisher: String,
    /// The protocol revision.
    pub spec_version: String,
    /// From when on it holds.
    pub issued_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// What makes it another one than the one before.
    pub nonce: String,
    /// The tools.
    pub tools: Vec<ListedEntry>,
    /// The prompts.
    pub prompts: Vec<ListedEntry>,
    /// The resources.
    pub resources: Vec<ListedEntry>,
}

/// Why a value is not a capability manifest.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapabilityManifestError {
    /// A member is missing or has the wrong type.
    #[error("`{member}` {problem}")]
    Member {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `server` is no audience.
    #[error("`server`: {0}")]
    Server(#[from] AudienceError),
    /// A hash that is none.
    #[error("`{}`, number {number}: {source}", .kind.section())]
    ContentHash {
        /// The list.
        kind: EntryKind,
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: ContentHashError,
    },
    /// An entry that is none.
    #[error("`{}`, number {number}: {problem}", .kind.section())]
    Entry {
        /// The list.
        kind: EntryKind,
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The same entry twice: which hash counts would be anybody's guess.
    #[error("`{}`: {} is listed twice", .kind.section(), crate::hostile::quoted(.key))]
    Duplicate {
        /// The list.
        kind: EntryKind,
        /// The name or URI.
        key: String,
    },
    /// More entries than any server has.
    #[error("`{}` lists more than {MAX_LISTED_ENTRIES} entries", .kind.section())]
    TooManyEntries {
        /// The list.
        kind: EntryKind,
    },
    /// It expires before it was issued.
    #[error("`expiresAt` is not after `issuedAt`")]
    Lifetime,
}

impl CapabilityManifest {
    /// Reads the `manifest` member of a SEP-3140 document. Members that are unknown here are legal: the SEP is a draft.
    ///
    /// # Errors
    /// See [`CapabilityManifestError`].
    pub fn from_value(value: &Value) -> Result<Self, CapabilityManifestError> {
        let object = value
            .as_object()
            .ok_or(CapabilityManifestError::Member { member: "manifest", problem: "is not an object" })?;
        let list = |kind| list(object, kind);
        let manifest = Self {
            server: text(object, "server")?.parse()?,
            publisher: text(object, "publisher")?,
            spec_version: text(object, "specVersion")?,
            issued_at: time(object, "issuedAt")?,
            expires_at: time(object, "expiresAt")?,
            nonce: text(object, "nonce")?,
            tools: list(EntryKind::Tool)?,
            prompts: list(EntryKind::Prompt)?,
            resources: list(EntryKind::Resource)?,
        };
        if manifest.expires_at <= manifest.issued_at {
            return Err(CapabilityManifestError::Lifetime);
        }
        Ok(manifest)
    }

    /// The `manifest` member. Its canonical form (RFC 8785) is what is signed.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let list = |entries: &[ListedEntry]| Value::Array(entries.iter().map(listed).collect());
        Value::Object(Object::from_iter([
            ("server", Value::from(self.server.as_str())),
            ("publisher", Value::from(self.publisher.as_str())),
            ("specVersion", Value::from(self.spec_version.as_str())),
            ("issuedAt", Value::from(self.issued_at.to_string().as_str())),
            ("expiresAt", Value::from(self.expires_at.to_string().as_str())),
            ("nonce", Value::from(self.nonce.as_str())),
            ("tools", list(&self.tools)),
            ("prompts", list(&self.prompts)),
            ("resources", list(&self.resources)),
        ]))
    }

    /// The entries of one kind; none for kinds that are not listed.
    #[must_use]
    pub fn section(&self, kind: EntryKind) -> &[ListedEntry] {
        match kind {
            EntryKind::Tool => &self.tools,
            EntryKind::Prompt => &self.prompts,
            EntryKind::Resource => &self.resources,
            EntryKind::ResourceTemplate | EntryKind::Skill => &[],
        }
    }
}

fn listed(entry: &ListedEntry) -> Value {
    let mut object = Object::from_iter([
        ("name", Value::from(entry.name.as_str())),
        (CONTENT_HASH, Value::from(entry.content_hash.to_string().as_str())),
    ]);
    for (member, text) in [("uri", &entry.uri), ("version", &entry.version)] {
        if let Some(text) = text {
            object.insert(member, text.as_str());
        }
    }
    Value::Object(object)
}

fn text(object: &Object, member: &'static str) -> Result<String, CapabilityManifestError> {
    let problem = match object.get(member) {
        Some(Value::String(text)) if text.is_empty() => "is empty",
        Some(Value::String(text)) if text.len() > MAX_TEXT_BYTES => "is too long",
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(_) => "is not text",
        None => "is missing",
    };
    Err(CapabilityManifestError::Member { member, problem })
}

fn time(object: &Object, member: &'static str) -> Result<Timestamp, CapabilityManifestError> {
    text(object, member)?
        .parse()
        .map_err(|_| CapabilityManifestError::Member { member, problem: "is not a time of RFC 3339" })
}

fn list(object: &Object, kind: EntryKind) -> Result<Vec<ListedEntry>, CapabilityManifestError> {
    let member = kind.section();
    let items = match object.get(member) {
        Some(Value::Array(items)) => items,
        Some(_) => return Err(CapabilityManifestError::Member { member, problem: "is not a list" }),
        None => return Err(CapabilityManifestError::Member { member, problem: "is missing" }),
    };
    if items.len() > MAX_LISTED_ENTRIES {
        return Err(CapabilityManifestError::TooManyEntries { kind });
    }
    let mut seen = BTreeSet::new();
    let mut entries = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let entry = entry(item, kind, index + 1)?;
        if !seen.insert(entry.key().to_owned()) {
            return Err(CapabilityManifestError::Duplicate { kind, key: entry.key().to_owned() });
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(item: &Value, kind: EntryKind, number: usize) -> Result<ListedEntry, CapabilityManifestError> {
    let problem = |problem| CapabilityManifestError::Entry { kind, number, problem };
    let object = item.as_object().ok_or(problem("is not an object"))?;
    let optional = |member| match object.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(problem("has a member of the wrong type")),
    };
    let content_hash = object.get(CONTENT_HASH).ok_or(problem("has no `contentHash`"))?;
    let content_hash = content_hash
        .as_str()
        .ok_or(ContentHashError::NotText)
        .and_then(str::parse)
        .map_err(|source| CapabilityManifestError::ContentHash { kind, number, source })?;
    Ok(ListedEntry {
        name: optional("name")?.filter(|name| !name.is_empty()).ok_or(problem("has no `name`"))?,
        // The URI says something about resources only.
        uri: if kind == EntryKind::Resource { optional("uri")? } else { None },
        version: optional("version")?,
        content_hash,
    })
}

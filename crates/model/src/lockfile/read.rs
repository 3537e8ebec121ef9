//! Reading: a file that is not exactly what mcp-pin writes is refused, with the reason, and never taken for a first
//! use.

use serde::{Deserialize, de::Error as _};
use thiserror::Error;
use url::Url;

use super::{LOCK_FORMAT, LockedEntry, LockedRegistry, LockedServer, Lockfile, SignerIdentity, Source, Tombstone};
use crate::{Alias, Artifact, Digest, Launch, ServerName, ServerVersion};

/// The largest lock: 1,000 servers of 100 tools need about 12 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Why a lock is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockError {
    /// Unresolved merge conflict markers.
    #[error("line {line}: unresolved merge conflict")]
    Conflicted {
        /// The first marker's line, counted from 1.
        line: usize,
    },
    /// Another tool's file of the same name.
    #[error("not a lock of mcp-pin: its first key is not `format = \"{LOCK_FORMAT}\"`")]
    Foreign,
    /// Written by a newer mcp-pin.
    #[error("written in the newer format `{format}`; this mcp-pin reads `{LOCK_FORMAT}`")]
    Newer {
        /// The format found.
        format: String,
    },
    /// Not readable as a lock.
    #[error("line {line}: {problem}")]
    Damaged {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Readable, but not in the form that mcp-pin writes: edited by hand, or merged by a tool that kept both sides.
    #[error("line {line}: not in the form that mcp-pin writes; the lock was edited by hand or merged by another tool")]
    NotCanonical {
        /// The first line that differs, counted from 1.
        line: usize,
    },
    /// Two servers with one alias.
    #[error("the alias `{alias}` is locked twice")]
    DuplicateAlias {
        /// The alias.
        alias: Alias,
    },
    /// Larger than a lock can sensibly be.
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "checked before, present so that unknown keys can be refused")]
    format: String,
    #[serde(default)]
    registry: Vec<LockedRegistry>,
    #[serde(default)]
    server: Vec<ServerRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ServerRow {
    alias: Alias,
    name: ServerName,
    version: ServerVersion,
    source: Source,
    protocol: String,
    manifest: Digest,
    surface: Digest,
    model_visible: Digest,
    signer: SignerIdentity,
    consent: Vec<Digest>,
    launch: Launch,
    artifact: Vec<Artifact>,
    tools: Option<Vec<LockedEntry>>,
    prompts: Option<Vec<LockedEntry>>,
    resources: Option<Vec<LockedEntry>>,
    #[serde(rename = "resourceTemplates")]
    resource_templates: Option<Vec<LockedEntry>>,
    skills: Option<Vec<LockedEntry>>,
    #[serde(default)]
    tombstones: Vec<Tombstone>,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "local" {
            return Ok(Self::Local);
        }
        let url = text
            .strip_prefix("registry+")
            .ok_or_else(|| D::Error::custom("a source is `local` or `registry+<url>`"))?;
        Url::parse(url).map(Self::Registry).map_err(D::Error::custom)
    }
}

impl Lockfile {
    /// Reads a lock.
    ///
    /// # Errors
    /// See [`LockError`]: everything that [`Lockfile::render`] would not have written.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        if text.len() > MAX_BYTES {
            return Err(LockError::TooLarge);
        }
        // Before anything else: a conflicted file is the common accident and deserves its own words.
        let marker =
            |line: &str| ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark));
        if let Some(at) = text.lines().position(marker) {
            return Err(LockError::Conflicted { line: at + 1 });
        }
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        match first.strip_prefix("format = \"").and_then(|rest| rest.strip_suffix('"')) {
            Some(LOCK_FORMAT) => {}
            Some(format) if format.starts_with("urn:mcp-pin:lock:v") => {
                return Err(LockError::Newer { format: format.to_owned() });
            }
            _ => return Err(LockError::Foreign),
        }
        let document: Document = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
            LockError::Damaged { line, problem: error.message().to_owned() }
        })?;
        let mut lock = Self::new();
        for registry in document.registry {
            lock.insert_registry(registry);
        }
        for row in document.server {
            if lock.server(&row.alias).is_some() {
                return Err(LockError::DuplicateAlias { alias: row.alias });
            }
            lock.insert(row.into());
        }
        let canonical = lock.render();
        if canonical == text {
            return Ok(lock);
        }
        let same = canonical.lines().zip(text.lines()).take_while(|(ours, theirs)| ours == theirs).count();
        Err(LockError::NotCanonical { line: same + 1 })
    }
}

impl From<ServerRow> for LockedServer {
    fn from(row: ServerRow) -> Self {
        Self {
            alias: row.alias,
            name: row.name,
            version: row.version,
            source: row.source,
            protocol: row.protocol,
            manifest: row.manifest,
            surface: row.surface,
            model_visible: row.model_visible,
            signer: row.signer,
            consent: row.consent,
            launch: row.launch,
            artifact: row.artifact,
            entries: [row.tools, row.prompts, row.resources, row.resource_templates, row.skills],
            tombstones: row.tombstones,
        }
    }
}

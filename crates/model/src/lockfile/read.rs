//! Reading: a file that is not exactly what mcp-pin writes is refused, with the reason, and never taken for a first
//! use.

use serde::{Deserialize, de::Error as _};
use thiserror::Error;
use url::Url;

use super::{LOCK_FORMAT, LockedEntry, LockedRegistry, LockedServer, Lockfile, SignerIdentity, Source, Tombstone};
use crate::{
    Alias, Artifact, Digest, Launch, ServerName, ServerVersion,
    hostile::{quoted, visible},
};

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
    #[error("written in the newer format {}; this mcp-pin reads `{LOCK_FORMAT}`", quoted(.format))]
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
    /// Two entries, tombstones or artifacts of one server with one name: a merge that kept both sides.
    #[error("the server `{alias}` lists {} twice", quoted(.name))]
    DuplicateEntry {
        /// The server.
        alias: Alias,
        /// The name, URI or package URL.
        name: String,
    },
    /// Line ends of another system, as some version control settings make them.
    #[error(
        "line {line}: the line ends with a carriage return; check the file out unchanged (`mcp-pin.lock -text` in \
         `.gitattributes`)"
    )]
    LineEnds {
        /// The first such line, counted from 1.
        line: usize,
    },
    /// Larger than a lock can sensibly be.
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
}

/// The file's tables, as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Lock"))]
pub(crate) struct Document {
    #[expect(dead_code, reason = "checked before, present so that unknown keys can be refused")]
    format: String,
    #[serde(default)]
    registry: Vec<LockedRegistry>,
    #[serde(default)]
    server: Vec<ServerRow>,
}

/// One `[[server]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LockedServer"))]
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

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Source {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(local|registry\\+https?://.+)$" })
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
            Some(format) if is_newer(format) => {
                return Err(LockError::Newer { format: format.to_owned() });
            }
            _ => return Err(LockError::Foreign),
        }
        if let Some(at) = text.find('\r') {
            let line = text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1;
            return Err(LockError::LineEnds { line });
        }
        let document: Document = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
            LockError::Damaged { line, problem: visible(error.message()) }
        })?;
        let mut lock = Self::new();
        for registry in document.registry {
            lock.insert_registry(registry);
        }
        for row in document.server {
            if lock.server(&row.alias).is_some() {
                return Err(LockError::DuplicateAlias { alias: row.alias });
            }
            let mut server = LockedServer::from(row);
            server.normalise();
            if let Some(name) = server.duplicate() {
                return Err(LockError::DuplicateEntry { alias: server.alias.clone(), name: name.to_owned() });
            }
            lock.insert(server);
        }
        let canonical = lock.render();
        if canonical == text {
            return Ok(lock);
        }
        let same = canonical.lines().zip(text.lines()).take_while(|(ours, theirs)| ours == theirs).count();
        Err(LockError::NotCanonical { line: same + 1 })
    }
}

/// Whether this is our format in a later version: `urn:mcp-pin:lock:v2` and on.
fn is_newer(format: &str) -> bool {
    format.strip_prefix("urn:mcp-pin:lock:v").is_some_and(|version| {
        !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0')
    })
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

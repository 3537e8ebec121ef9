//! Changes: what differs, typed, with its place and both values.

use std::fmt;

use mcp_pin_model::{
    EntryKind,
    json::{Pointer, Value},
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::content::Contents;

/// An entry of a surface, by the list it stands in and its name or URI. The key is hostile text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryRef {
    /// The list.
    pub kind: EntryKind,
    /// The name or URI.
    pub key: String,
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ChangeKind {
    /// The server's registry name.
    Name,
    /// The server's version.
    Version,
    /// Who signed the manifest.
    Signer,
    /// The negotiated protocol version.
    Protocol,
    /// The command, its arguments, working directory or variable names, the URL or header names.
    Launch,
    /// A package or its digest.
    Artifact,
    /// Where a package was built.
    Provenance,
    /// A member of `serverInfo`.
    ServerInfo,
    /// A capability or extension.
    Capability,
    /// The server's instructions.
    Instructions,
    /// A list that was not offered is offered now.
    SectionAppeared,
    /// A list is no longer offered.
    SectionVanished,
    /// An entry that was not there.
    EntryAdded,
    /// An entry that is gone.
    EntryRemoved,
    /// The same entry under another name.
    EntryRenamed,
    /// A description, of an entry or of something inside it.
    Text,
    /// A title.
    Title,
    /// A behaviour hint of a tool, by its effective value.
    Annotation,
    /// A parameter that was not there, at any depth.
    ParameterAdded,
    /// A parameter that is gone.
    ParameterRemoved,
    /// The same parameter under another name.
    ParameterRenamed,
    /// A parameter became required, or optional.
    Required,
    /// A schema keyword that decides what is accepted.
    Schema,
    /// `null` is accepted beside the other values, or no longer.
    Nullable,
    /// A definition inside a schema, to which the schema refers, that was not there or is gone. One that changed is
    /// compared where it is used.
    Definition,
    /// A default value.
    Default,
    /// A schema keyword that decides nothing about what is accepted (`examples`, `$comment`, `$schema` and the like).
    SchemaNote,
    /// A whole schema that was not there, or is gone.
    SchemaPresence,
    /// Icons.
    Icons,
    /// `_meta`.
    Meta,
    /// `execution`.
    Execution,
    /// A member without a meaning known to us.
    Member,
    /// The same items in another order, where order means nothing.
    Reordered,
}

impl ChangeKind {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Version => "version",
            Self::Signer => "signer",
            Self::Protocol => "protocol",
            Self::Launch => "launch",
            Self::Artifact => "artifact",
            Self::Provenance => "provenance",
            Self::ServerInfo => "server-info",
            Self::Capability => "capability",
            Self::Instructions => "instructions",
            Self::SectionAppeared => "section-appeared",
            Self::SectionVanished => "section-vanished",
            Self::EntryAdded => "entry-added",
            Self::EntryRemoved => "entry-removed",
            Self::EntryRenamed => "entry-renamed",
            Self::Text => "text",
            Self::Title => "title",
            Self::Annotation => "annotation",
            Self::ParameterAdded => "parameter-added",
            Self::ParameterRemoved => "parameter-removed",
            Self::ParameterRenamed => "parameter-renamed",
            Self::Required => "required",
            Self::Schema => "schema",
            Self::Nullable => "nullable",
            Self::Definition => "definition",
            Self::Default => "default",
            Self::SchemaNote => "schema-note",
            Self::SchemaPresence => "schema-presence",
            Self::Icons => "icons",
            Self::Meta => "meta",
            Self::Execution => "execution",
            Self::Member => "member",
            Self::Reordered => "reordered",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which way a change points, where it has a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Direction {
    /// A schema allows more than before.
    Widened,
    /// A schema allows less than before.
    Narrowed,
    /// A schema allows other things than before: neither more nor less, or nobody can tell.
    Altered,
    /// A hint claims less danger than before.
    Safer,
    /// A hint claims more danger than before.
    Riskier,
}

impl Direction {
    /// The direction words for people: "accepts more", "claims less danger".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Widened => "accepts more",
            Self::Narrowed => "accepts less",
            Self::Altered => "accepts other values",
            Self::Safer => "claims to be safer",
            Self::Riskier => "claims to be riskier",
        }
    }

    /// The opposite direction.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Widened => Self::Narrowed,
            Self::Narrowed => Self::Widened,
            Self::Altered => Self::Altered,
            Self::Safer => Self::Riskier,
            Self::Riskier => Self::Safer,
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// Stable over re-runs and unrelated edits: made of the kind, the place and the digests of both values.
    pub id: String,
    /// What kind of thing changed.
    pub kind: ChangeKind,
    /// Where, with entries named by key: `/tools/get_forecast/inputSchema/properties/x/description`. Hostile text.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub path: Pointer,
    /// The entry it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryRef>,
    /// The value before; absent where there was none (`null` is a value). Hostile.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json_value::Any>"))]
    pub before: Option<Value>,
    /// The value after; absent where there is none. Hostile.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json_value::Any>"))]
    pub after: Option<Value>,
    /// Which way it points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The digests of both values, where the change was made here.
    #[serde(skip)]
    pub(crate) contents: Contents,
}

/// Keeps `null`, which is a value, apart from an absent member.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(feature = "schema")]
pub(crate) mod serde_json_value {
    //! A schema for "any JSON value".

    /// Any JSON value.
    pub(crate) struct Any;

    impl schemars::JsonSchema for Any {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "AnyValue".into()
        }

        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            true.into()
        }
    }
}

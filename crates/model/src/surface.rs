//! Surfaces: everything a server declares that reaches the model or steers the client.
//!
//! A [`Surface`] is complete, sorted and free of doubles by construction. What was not offered is `null` in it, what
//! was offered and is empty is `[]`: absence is part of what is pinned.

use std::{cmp::Ordering, collections::BTreeSet, sync::OnceLock};

use thiserror::Error;

use crate::{
    Digest,
    capability_manifest::{CONTENT_HASH, OwnContentHash},
    hostile::quoted,
    json::{self, CanonicalObject, Object, ParseError, Value, to_pretty_string},
    placeholder::Placeholder,
};

/// The `_type` of a surface document.
pub const SURFACE_TYPE: &str = "urn:mcp-pin:surface:v1";

/// The list that an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EntryKind {
    /// `tools/list`
    Tool,
    /// `prompts/list`
    Prompt,
    /// `resources/list`
    Resource,
    /// `resources/templates/list`
    ResourceTemplate,
    /// `skills/list`
    Skill,
}

impl EntryKind {
    /// All kinds, in the order of the specification.
    pub const ALL: [Self; 5] = [Self::Tool, Self::Prompt, Self::Resource, Self::ResourceTemplate, Self::Skill];

    /// The member of the surface document, and of the list result, that holds these entries.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::ResourceTemplate => "resourceTemplates",
            Self::Skill => "skills",
        }
    }

    /// The protocol method that lists these entries.
    #[must_use]
    pub fn list_method(self) -> &'static str {
        match self {
            Self::Tool => "tools/list",
            Self::Prompt => "prompts/list",
            Self::Resource => "resources/list",
            Self::ResourceTemplate => "resources/templates/list",
            Self::Skill => "skills/list",
        }
    }

    /// The member that identifies an entry.
    #[must_use]
    pub fn key_member(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource | Self::Skill => "uri",
            Self::ResourceTemplate => "uriTemplate",
        }
    }

    /// The word for one entry.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::ResourceTemplate => "resource template",
            Self::Skill => "skill",
        }
    }
}

/// One tool, prompt, resource, resource template or skill, verbatim, with every member known or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    kind: EntryKind,
    key: String,
    value: Object,
}

impl Entry {
    /// Takes one item of a list result and drops what is volatile by specification (a resource's `size` and
    /// `annotations.lastModified`; the latter also of a template).
    ///
    /// # Errors
    /// When it is no object or has no identifying text member.
    pub fn new(kind: EntryKind, value: Value) -> Result<Self, SurfaceError> {
        let Value::Object(mut value) = value else {
            return Err(SurfaceError::EntryShape { kind, expected: "an object" });
        };
        let key = match value.get(kind.key_member()) {
            Some(Value::String(key)) if !key.is_empty() => key.clone(),
            _ => return Err(SurfaceError::EntryShape { kind, expected: "an object with its identifying member" }),
        };
        if kind == EntryKind::Resource {
            value.remove("size");
        }
        if matches!(kind, EntryKind::Resource | EntryKind::ResourceTemplate)
            && let Some(Value::Object(annotations)) = value.get_mut("annotations")
        {
            annotations.remove("lastModified");
        }
        Ok(Self { kind, key, value })
    }

    /// The list it stands in.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Its name or URI: hostile text, like everything in an entry.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// All members.
    #[must_use]
    pub fn value(&self) -> &Object {
        &self.value
    }

    /// SHA-256 over the canonical form of the entry without its own top-level `contentHash` member: the same bytes
    /// that MCP SEP-3140 hashes, so that a server's own value can be checked.
    #[must_use]
    pub fn digest(&self) -> Digest {
        content_digest(&self.value)
    }

    /// What the entry's own `contentHash` comes to in the stored form. A mismatch accuses the server only where
    /// [`Entry::stored_form_may_differ`] says no.
    #[must_use]
    pub fn own_content_hash(&self) -> OwnContentHash {
        OwnContentHash::of(&self.value)
    }

    /// Whether the stored form may be another one than the server hashed: a resource or template loses what is volatile,
    /// and an entry that holds a placeholder at one of the recorded places loses what belongs to the machine.
    #[must_use]
    pub fn stored_form_may_differ(&self, places: &[Placeholder]) -> bool {
        matches!(self.kind, EntryKind::Resource | EntryKind::ResourceTemplate)
            || places.iter().any(|place| {
                let mut tokens = place.at.tokens();
                tokens.next().is_some_and(|section| section == self.kind.section())
                    && tokens.next().is_some_and(|key| key == self.key)
            })
    }
}

/// The members of an entry that clients hand to the model, in canonical order.
const MODEL_VISIBLE: [&str; 9] =
    ["arguments", "description", "frontmatter", "inputSchema", "name", "outputSchema", "title", "uri", "uriTemplate"];

/// SHA-256 over the canonical form of an entry without its own top-level `contentHash` member.
pub(crate) fn content_digest(entry: &Object) -> Digest {
    // Most entries are of about 1 kB.
    let mut out = CanonicalObject::new(1024);
    for (name, member) in entry.iter().filter(|(name, _)| *name != CONTENT_HASH) {
        out.member(name, member);
    }
    Digest::of(out.finish().as_bytes())
}

/// What a capture can say about how much it saw. Part of the hashed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// The list methods that answered with a list.
    pub answered: BTreeSet<String>,
}

/// The parts of a surface before they are checked and sorted.
#[derive(Clone, Debug, Default)]
pub struct SurfaceParts {
    /// `serverInfo`, or null where the protocol era has none.
    pub server_info: Option<Object>,
    /// `capabilities`.
    pub capabilities: Object,
    /// `instructions`.
    pub instructions: Option<String>,
    /// One list per kind that answered; a kind that is missing here is `null` in the surface.
    pub sections: Vec<(EntryKind, Vec<Value>)>,
}

/// A complete surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    server_info: Option<Object>,
    capabilities: Object,
    instructions: Option<String>,
    // Indexed in the order of `EntryKind::ALL`.
    sections: [Option<Vec<Entry>>; 5],
    completeness: Completeness,
    computed: Computed,
}

/// The digests, once they were asked for: a surface is verified, compared and signed by them, and nothing of it changes
/// after it was made. They take no part in comparing surfaces.
#[derive(Clone, Debug, Default)]
struct Computed {
    whole: OnceLock<Digest>,
    model_visible: OnceLock<Digest>,
}

impl PartialEq for Computed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Computed {}

/// Why something is not a surface.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SurfaceError {
    /// Not JSON, or not JSON that all readers read alike.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// A list holds something that is not an entry.
    #[error("every {} must be {expected} (`{}`)", .kind.noun(), .kind.key_member())]
    EntryShape {
        /// The list.
        kind: EntryKind,
        /// What would have been right.
        expected: &'static str,
    },
    /// The same name or URI twice in one list: which one a client uses is anybody's guess.
    #[error("{} {} is declared twice; which one a client would use is undefined", .kind.noun(), quoted(.key))]
    DuplicateEntry {
        /// The list.
        kind: EntryKind,
        /// The name or URI, as the server wrote it.
        key: String,
    },
    /// A list answered twice.
    #[error("section `{0}` is given twice")]
    DuplicateSection(&'static str),
    /// The document is of another kind or a newer version.
    #[error("the document's `_type` is not `{SURFACE_TYPE}`")]
    WrongType,
    /// A member is missing, has the wrong type, or is unknown.
    #[error("surface document: {member}: {problem}")]
    Shape {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The document does not say that everything was read.
    #[error("the surface is incomplete: {0}")]
    Incomplete(&'static str),
}

impl SurfaceParts {
    /// Checks and sorts.
    ///
    /// # Errors
    /// An item that is no entry, two entries of one list with the same name, or a section that is advertised and not
    /// there.
    pub fn into_surface(self) -> Result<Surface, SurfaceError> {
        let mut sections: [Option<Vec<Entry>>; 5] = Default::default();
        let mut answered = BTreeSet::new();
        for (kind, items) in self.sections {
            let mut entries =
                items.into_iter().map(|item| Entry::new(kind, item)).collect::<Result<Vec<_>, SurfaceError>>()?;
            entries.sort_by(|a, b| order(&a.key, &b.key));
            if let Some(key) = entries.windows(2).find_map(|pair| match pair {
                [a, b] if a.key == b.key => Some(a.key.clone()),
                _ => None,
            }) {
                return Err(SurfaceError::DuplicateEntry { kind, key });
            }
            answered.insert(kind.list_method().to_owned());
            if let Some(slot) = sections.get_mut(kind as usize)
                && slot.replace(entries).is_some()
            {
                return Err(SurfaceError::DuplicateSection(kind.section()));
            }
        }
        // One capability covers resources and their templates, and many servers have no templates.
        for kind in [EntryKind::Tool, EntryKind::Prompt, EntryKind::Resource] {
            if self.capabilities.contains(kind.section()) && sections.get(kind as usize).is_none_or(Option::is_none) {
                return Err(SurfaceError::Incomplete("a section is advertised in `capabilities` and was not read"));
            }
        }
        Ok(Surface {
            server_info: self.server_info,
            capabilities: self.capabilities,
            instructions: self.instructions,
            sections,
            completeness: Completeness { answered },
            computed: Computed::default(),
        })
    }
}

fn order(a: &str, b: &str) -> Ordering {
    crate::json::utf16_cmp(a, b)
}

impl Surface {
    /// Parses a surface document: a snapshot, or the `surface` member of a manifest.
    ///
    /// # Errors
    /// See [`SurfaceError`]; unknown members of the document itself (not of entries) are refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, SurfaceError> {
        Self::from_value(&json::parse_with(bytes, &json::Limits::OURS)?)
    }

    /// Reads a surface out of a parsed document.
    ///
    /// # Errors
    /// See [`Surface::parse`].
    pub fn from_value(value: &Value) -> Result<Self, SurfaceError> {
        let object = value.as_object().ok_or(SurfaceError::WrongType)?;
        if object.get("_type").and_then(Value::as_str) != Some(SURFACE_TYPE) {
            return Err(SurfaceError::WrongType);
        }
        let known = ["_type", "serverInfo", "capabilities", "instructions", "completeness"];
        if object
            .iter()
            .any(|(name, _)| !known.contains(&name) && EntryKind::ALL.iter().all(|kind| kind.section() != name))
        {
            return Err(SurfaceError::Shape { member: "document", problem: "has an unknown member" });
        }
        let member =
            |member: &'static str| object.get(member).ok_or(SurfaceError::Shape { member, problem: "is missing" });
        let server_info = match member("serverInfo")? {
            Value::Object(info) => Some(info.clone()),
            Value::Null => None,
            _ => return Err(SurfaceError::Shape { member: "serverInfo", problem: "is neither an object nor null" }),
        };
        let Value::Object(capabilities) = member("capabilities")? else {
            return Err(SurfaceError::Shape { member: "capabilities", problem: "is not an object" });
        };
        let instructions = match member("instructions")? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            _ => return Err(SurfaceError::Shape { member: "instructions", problem: "is neither text nor null" }),
        };
        let mut sections = Vec::new();
        for kind in EntryKind::ALL {
            match member(kind.section())? {
                Value::Null => {}
                Value::Array(items) => sections.push((kind, items.clone())),
                _ => return Err(SurfaceError::Shape { member: kind.section(), problem: "is neither a list nor null" }),
            }
        }
        let completeness = member("completeness")?.clone();
        let surface =
            SurfaceParts { server_info, capabilities: capabilities.clone(), instructions, sections }.into_surface()?;
        // The statement of completeness follows from the sections; a document that says anything else did not come
        // from a complete capture.
        if completeness == surface.completeness_value() {
            Ok(surface)
        } else {
            Err(SurfaceError::Incomplete("`completeness` does not match the sections that are present"))
        }
    }

    fn completeness_value(&self) -> Value {
        let answered = self.completeness.answered.iter().map(|method| Value::from(method.as_str())).collect();
        Value::Object(Object::from_iter([
            ("answered", Value::Array(answered)),
            ("allPagesRead", Value::Bool(true)),
            ("advertisedSectionsRead", Value::Bool(true)),
        ]))
    }

    /// The document that is stored, signed and hashed.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut object = Object::from_iter([
            ("_type", Value::from(SURFACE_TYPE)),
            ("serverInfo", Value::from(self.server_info.clone())),
            ("capabilities", Value::from(self.capabilities.clone())),
            ("instructions", Value::from(self.instructions.clone())),
            ("completeness", self.completeness_value()),
        ]);
        for kind in EntryKind::ALL {
            let section = self
                .section(kind)
                .map(|entries| Value::Array(entries.iter().map(|entry| Value::Object(entry.value.clone())).collect()));
            object.insert(kind.section(), section);
        }
        Value::Object(object)
    }

    /// The digest of the whole surface: of the canonical form of [`Surface::to_value`], written without building it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.computed.whole.get_or_init(|| self.compute_digest())
    }

    fn compute_digest(&self) -> Digest {
        let mut out = CanonicalObject::new(1024 * self.entries().count().max(1));
        let section = |kind| self.section(kind).map(|entries| entries.iter().map(|entry| &entry.value));
        // The names in canonical order.
        out.text("_type", Some(SURFACE_TYPE));
        out.object("capabilities", Some(&self.capabilities));
        out.member("completeness", &self.completeness_value());
        out.text("instructions", self.instructions());
        out.objects("prompts", section(EntryKind::Prompt));
        out.objects("resourceTemplates", section(EntryKind::ResourceTemplate));
        out.objects("resources", section(EntryKind::Resource));
        out.object("serverInfo", self.server_info());
        out.objects("skills", section(EntryKind::Skill));
        out.objects("tools", section(EntryKind::Tool));
        Digest::of(out.finish().as_bytes())
    }

    /// The snapshot file's text: readable, reviewable, parses back to the same surface.
    #[must_use]
    pub fn to_snapshot(&self) -> String {
        to_pretty_string(&self.to_value())
    }

    /// The digest of what the model reads: names, titles, descriptions, whole input and output schemas, instructions
    /// and prompts. When it is unchanged, nothing that the model reads changed.
    ///
    /// Schemas count in full: clients hand them to the model as they are, and a projection that left a keyword out
    /// would make that sentence wrong.
    #[must_use]
    pub fn model_visible_digest(&self) -> Digest {
        *self.computed.model_visible.get_or_init(|| self.compute_model_visible_digest())
    }

    fn compute_model_visible_digest(&self) -> Digest {
        let mut out = CanonicalObject::new(1024 * self.entries().count().max(1));
        let section = |kind| self.section(kind).map(|entries| entries.iter().map(|entry| &entry.value));
        // The names in canonical order.
        out.text("_type", Some("urn:mcp-pin:surface-model-visible:v1"));
        out.text("instructions", self.instructions());
        for kind in
            [EntryKind::Prompt, EntryKind::ResourceTemplate, EntryKind::Resource, EntryKind::Skill, EntryKind::Tool]
        {
            out.selected(kind.section(), section(kind), &MODEL_VISIBLE);
        }
        Digest::of(out.finish().as_bytes())
    }

    /// `serverInfo`.
    #[must_use]
    pub fn server_info(&self) -> Option<&Object> {
        self.server_info.as_ref()
    }

    /// `capabilities`.
    #[must_use]
    pub fn capabilities(&self) -> &Object {
        &self.capabilities
    }

    /// `instructions`.
    #[must_use]
    pub fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    /// The entries of one kind, sorted; `None` where the server does not offer the list.
    #[must_use]
    pub fn section(&self, kind: EntryKind) -> Option<&[Entry]> {
        self.sections.get(kind as usize).and_then(|section| section.as_deref())
    }

    /// All entries, kind by kind.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sections.iter().flatten().flatten()
    }

    /// One entry.
    #[must_use]
    pub fn entry(&self, kind: EntryKind, key: &str) -> Option<&Entry> {
        let entries = self.section(kind)?;
        let index = entries.binary_search_by(|entry| order(&entry.key, key)).ok()?;
        entries.get(index)
    }

    /// What the capture says about how much it saw.
    #[must_use]
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }
}

//! Reading every advertised section to its last page.

use std::collections::HashSet;

use mcp_pin_model::{
    EntryKind,
    json::{Object, Value},
};

use crate::{
    CaptureError, CaptureOptions, Era, IncompleteReason, Progress, declarations,
    dialect::Dialect,
    error::shown,
    handshake::complete,
    message::{METHOD_NOT_FOUND, Outcome},
    session::Session,
};

/// The capability that stands for skills (SEP-2640).
const SKILLS_EXTENSION: &str = "io.modelcontextprotocol/skills";

/// Every top-level capability of any revision that we know to bring no further list. `roots`, `sampling` and
/// `elicitation` are a client's, and some real servers declare them by mistake.
const KNOWN_CAPABILITIES: [&str; 12] = [
    "completions",
    declarations::CAPABILITY,
    "elicitation",
    "experimental",
    "extensions",
    "logging",
    "prompts",
    "resources",
    "roots",
    "sampling",
    "tasks",
    "tools",
];

/// A section to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    kind: EntryKind,
    /// The capability that advertises it.
    capability: &'static str,
    /// Whether "no such method" means that there is no such section, rather than that an advertised one is missing.
    optional: bool,
}

/// The sections that capabilities advertise.
pub(crate) fn advertised(capabilities: &Object) -> Result<Vec<Section>, CaptureError> {
    if let Some((unknown, _)) = capabilities.iter().find(|(name, _)| !KNOWN_CAPABILITIES.contains(name)) {
        return Err(CaptureError::Incomplete(IncompleteReason::UnknownSection(shown(unknown))));
    }
    let mut sections = Vec::new();
    let mut offer = |kind, capability, optional| sections.push(Section { kind, capability, optional });
    if offers(capabilities, "tools")? {
        offer(EntryKind::Tool, "tools", false);
    }
    if offers(capabilities, "prompts")? {
        offer(EntryKind::Prompt, "prompts", false);
    }
    if offers(capabilities, "resources")? {
        offer(EntryKind::Resource, "resources", false);
        // One capability covers both lists, and servers without templates often lack the second method.
        offer(EntryKind::ResourceTemplate, "resources", true);
    }
    if let Some(Value::Object(extensions)) = capabilities.get("extensions")
        && offers(extensions, SKILLS_EXTENSION)?
    {
        offer(EntryKind::Skill, "skills", false);
    }
    Ok(sections)
}

/// A capability is an object. What stands in its place otherwise is read differently by different clients.
fn offers(capabilities: &Object, name: &str) -> Result<bool, CaptureError> {
    match capabilities.get(name) {
        Some(Value::Object(_)) => Ok(true),
        None => Ok(false),
        Some(_) => Err(CaptureError::Malformed { problem: "a capability that stands for a section is not an object" }),
    }
}

/// The lists of all sections, each to its last page.
pub(crate) async fn read_all(
    session: &mut Session,
    sections: &[Section],
    era: Era,
    dialect: &Dialect,
    options: &CaptureOptions,
) -> Result<Vec<(EntryKind, Vec<Value>)>, CaptureError> {
    let mut lists = Vec::with_capacity(sections.len());
    for section in sections {
        if let Some(entries) = read_section(session, section, era, dialect, options).await? {
            // Prompts and resources are often advertised and empty; tools, in 331 real versions, never.
            if section.kind == EntryKind::Tool && entries.is_empty() {
                return Err(CaptureError::Incomplete(IncompleteReason::NoTools));
            }
            lists.push((section.kind, entries));
        }
    }
    Ok(lists)
}

async fn read_section(
    session: &mut Session,
    section: &Section,
    era: Era,
    dialect: &Dialect,
    options: &CaptureOptions,
) -> Result<Option<Vec<Value>>, CaptureError> {
    let method = section.kind.list_method();
    let limits = &options.limits;
    let mut entries = Vec::new();
    let mut cursors = HashSet::new();
    let mut cursor = None;
    for page in 1..=limits.pages {
        let mut result = match session
            .request(method, dialect.params(era, cursor.take()), options.timeouts.request)
            .await?
        {
            Outcome::Result(Value::Object(result)) => result,
            Outcome::Result(_) => return Err(CaptureError::Malformed { problem: "a list result is not an object" }),
            // Only the first page may say so: a list that breaks off is incomplete.
            Outcome::Error(error) if section.optional && page == 1 && error.code == METHOD_NOT_FOUND => {
                return Ok(None);
            }
            Outcome::Error(error) => {
                return Err(CaptureError::Incomplete(IncompleteReason::SectionFailed {
                    section: section.capability,
                    method,
                    code: error.code,
                    message: error.message,
                }));
            }
        };
        complete(&result, method)?;
        let Some(Value::Array(items)) = result.remove(section.kind.section()) else {
            return Err(CaptureError::Malformed { problem: "a list result has no list" });
        };
        if entries.len() + items.len() > limits.entries {
            return Err(CaptureError::TooManyEntries { method, limit: limits.entries });
        }
        entries.extend(items);
        session.stats().pages += 1;
        options.report(Progress::Listing { method, page, entries: entries.len() });
        cursor = match result.remove("nextCursor") {
            None | Some(Value::Null) => return Ok(Some(entries)),
            // An empty cursor ends the list for some clients and not for others; following it sees what either sees.
            Some(Value::String(next)) => {
                if !cursors.insert(next.clone()) {
                    return Err(CaptureError::CursorRepeated { method });
                }
                Some(next)
            }
            Some(_) => return Err(CaptureError::Malformed { problem: "`nextCursor` is not text" }),
        };
    }
    Err(CaptureError::TooManyPages { method, limit: limits.pages })
}

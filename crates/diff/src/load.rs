//! Reading surfaces that others captured.

use mcp_pin_model::{
    Surface,
    json::{self, Object, ParseError, Value},
    surface::{EntryKind, SURFACE_TYPE, SurfaceError, SurfaceParts},
};
use thiserror::Error;

/// Why a document is not a surface that can be compared. Never "no change" and never "no tools".
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Not JSON that all readers read alike: a doubled member, a lone surrogate, a number beyond 2^53, too deep, too
    /// large.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// Two entries of one name, an entry without a name, or a damaged surface document.
    #[error(transparent)]
    Surface(SurfaceError),
    /// A page of a longer list.
    #[error(
        "the {0} result has a `nextCursor`: it is one page of a longer list, so nothing can be said about the rest"
    )]
    Incomplete(&'static str),
    /// A JSON-RPC error instead of a list.
    #[error("the document is a JSON-RPC error response, not a list")]
    ErrorResponse,
    /// A JSON document of another kind.
    #[error("the document is neither a surface, a capture, a tools/list result nor a list of tools: {0}")]
    NotASurface(&'static str),
    /// A member has the wrong type.
    #[error("`{member}`: {problem}")]
    Shape {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl From<SurfaceError> for LoadError {
    fn from(error: SurfaceError) -> Self {
        match error {
            SurfaceError::Json(error) => Self::Json(error),
            error => Self::Surface(error),
        }
    }
}

/// Reads a surface document of ours, a capture (`initialize` beside `tools`, `prompts`, …), a bare `tools/list` result
/// with or without its JSON-RPC envelope, or a list of tools. Sections that are not given are `null`: not offered.
///
/// # Errors
/// See [`LoadError`].
pub fn surface_document(bytes: &[u8]) -> Result<Surface, LoadError> {
    // Our own documents wrap foreign ones a level deeper; the larger limits are for them, the smaller for the rest.
    match json::parse_with(bytes, &json::Limits::OURS)? {
        Value::Array(tools) => lists(None, vec![(EntryKind::Tool, tools)]),
        Value::Object(document) => {
            if document.get("_type").and_then(Value::as_str) == Some(SURFACE_TYPE) {
                return Ok(Surface::from_value(&Value::Object(document))?);
            }
            if document.contains("_type") {
                return Err(LoadError::Surface(SurfaceError::WrongType));
            }
            if document.contains("jsonrpc") || (document.contains("result") && !document.contains("tools")) {
                if document.contains("error") {
                    return Err(LoadError::ErrorResponse);
                }
                return match document.get("result") {
                    Some(Value::Object(result)) => capture(result),
                    _ => Err(LoadError::NotASurface("the response has no `result` object")),
                };
            }
            capture(&document)
        }
        _ => Err(LoadError::NotASurface("it is neither an object nor a list")),
    }
}

/// Members of an object that hold lists, each either as a list or as a whole list result.
fn capture(document: &Object) -> Result<Surface, LoadError> {
    let mut sections = Vec::new();
    for kind in EntryKind::ALL {
        let items = match document.get(kind.section()) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(items)) => items.clone(),
            Some(Value::Object(result)) => {
                complete(result, kind)?;
                match result.get(kind.section()) {
                    Some(Value::Array(items)) => items.clone(),
                    _ => return Err(LoadError::Shape { member: kind.section(), problem: "is no list" }),
                }
            }
            Some(_) => return Err(LoadError::Shape { member: kind.section(), problem: "is no list" }),
        };
        complete(document, kind)?;
        sections.push((kind, items));
    }
    let handshake = match document.get("initialize").or_else(|| document.get("discover")) {
        None | Some(Value::Null) => None,
        Some(Value::Object(handshake)) => Some(handshake),
        Some(_) => return Err(LoadError::Shape { member: "initialize", problem: "is no object" }),
    };
    if sections.is_empty() && handshake.is_none() {
        return Err(LoadError::NotASurface("it has none of their members"));
    }
    lists(handshake, sections)
}

fn complete(result: &Object, kind: EntryKind) -> Result<(), LoadError> {
    match result.get("nextCursor") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(LoadError::Incomplete(kind.list_method())),
    }
}

fn lists(handshake: Option<&Object>, sections: Vec<(EntryKind, Vec<Value>)>) -> Result<Surface, LoadError> {
    let mut parts = SurfaceParts { sections, ..SurfaceParts::default() };
    if let Some(handshake) = handshake {
        // Both eras: the result of `initialize`, with or without its envelope, and that of `server/discover`.
        let handshake = match handshake.get("result") {
            Some(Value::Object(result)) => result,
            _ => handshake,
        };
        parts.server_info = match handshake.get("serverInfo") {
            Some(Value::Object(info)) => Some(info.clone()),
            None | Some(Value::Null) => None,
            Some(_) => return Err(LoadError::Shape { member: "serverInfo", problem: "is no object" }),
        };
        parts.capabilities = match handshake.get("capabilities") {
            Some(Value::Object(capabilities)) => capabilities.clone(),
            None | Some(Value::Null) => Object::new(),
            Some(_) => return Err(LoadError::Shape { member: "capabilities", problem: "is no object" }),
        };
        parts.instructions = match handshake.get("instructions") {
            Some(Value::String(text)) => Some(text.clone()),
            None | Some(Value::Null) => None,
            Some(_) => return Err(LoadError::Shape { member: "instructions", problem: "is no text" }),
        };
    }
    Ok(parts.into_surface()?)
}

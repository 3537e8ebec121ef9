//! Surfaces in files: captured ones, results of `tools/list`, lists of tools.
//!
//! Read as strictly as everything foreign. What is refused is told with the file and the place in it.

mod place;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use mcp_pin_diff::load::{self, LoadError};
use mcp_pin_model::{Grade, Surface, hostile::quoted, json::Pointer, surface::SurfaceError};

use crate::{context::Context, error::CommandError};

/// The largest file that is read: above the limit of the parser, which then says what is too large.
const MAX_BYTES: u64 = 64 << 20;

/// Why a file holds no surface.
#[derive(Clone, Debug)]
pub struct Refused {
    /// For people, with the file.
    pub error: CommandError,
    /// Where in the document.
    pub pointer: Option<Pointer>,
    /// [`Grade::Refuse`] for what no server may say: it is not JSON that all readers read alike, or an entry is declared
    /// twice. `None` where nothing is known: an unreadable file, another document, one page of a longer list.
    pub grade: Option<Grade>,
}

impl From<Refused> for CommandError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// A file that cannot be read or is larger than anything that is accepted.
pub fn read(context: &Context, path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(context.directory.join(path))
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => {
            Err(CommandError::could_not_check(format!("the file is larger than {MAX_BYTES} bytes"))
                .at(called(path), None))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(CommandError::io("read", &called(path), &error)),
    }
}

/// What messages call a file.
#[must_use]
pub fn called(path: &Path) -> PathBuf {
    if path == Path::new("-") { PathBuf::from("standard input") } else { path.to_owned() }
}

/// The surface that a file holds.
///
/// # Errors
/// See [`Refused`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Surface, Box<Refused>> {
    load::surface_document(bytes).map_err(|error| Box::new(refused(path, bytes, &error)))
}

/// Reads a file and the surface in it.
///
/// # Errors
/// See [`Refused`].
pub fn surface(context: &Context, path: &Path) -> Result<Surface, Box<Refused>> {
    let unread = |error| Box::new(Refused { error, pointer: None, grade: None });
    parse(path, &read(context, path).map_err(unread)?)
}

fn refused(path: &Path, bytes: &[u8], error: &LoadError) -> Refused {
    let (pointer, line, grade) = match error {
        LoadError::Json(error) => (Some(place::of_parse_error(bytes, error)), Some(error.line), Some(Grade::Refuse)),
        LoadError::Surface(error @ (SurfaceError::DuplicateEntry { .. } | SurfaceError::EntryShape { .. })) => {
            (place::of_entry(bytes, error), None, Some(Grade::Refuse))
        }
        LoadError::Shape { member, .. } => (place::of_member(bytes, member), None, None),
        LoadError::Incomplete(_) => (place::of_member(bytes, "nextCursor"), None, None),
        LoadError::ErrorResponse => (place::of_member(bytes, "error"), None, None),
        _ => (None, None, None),
    };
    let message = match &pointer {
        Some(pointer) if !pointer.as_str().is_empty() => format!("{error}, at {}", quoted(pointer.as_str())),
        _ => error.to_string(),
    };
    let error = CommandError::could_not_check(message)
        .at(called(path), line)
        .hint("expected a captured surface, a tools/list result, or a list of tools, as strict JSON");
    Refused { error, pointer, grade }
}

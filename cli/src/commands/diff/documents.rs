//! Two files.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use mcp_pin_diff::{Side, load};
use mcp_pin_model::lockfile::LOCK_FORMAT;

use super::output::{self, Compared, Showing};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
};

/// The largest file that is read: the limit of a lock, which is above that of a surface.
const MAX_BYTES: u64 = 64 << 20;

/// A file that was read.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Document {
    /// Whether it is a lock: by its first key, as everywhere, or by a name that promises one.
    pub(super) fn is_lock(&self) -> bool {
        let head = self.bytes.get(..self.bytes.len().min(4096)).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let family = LOCK_FORMAT.trim_end_matches(|c: char| c.is_ascii_digit());
        self.path.extension().is_some_and(|extension| extension == "lock")
            || head.lines().any(|line| line.starts_with(&format!("format = \"{family}")))
    }
}

/// Reads a file; `-` is standard input.
pub(super) fn read(context: &Context, path: &Path) -> Result<Document, CommandError> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(context.directory.join(path))
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => {
            Err(CommandError::could_not_check(format!("the file is larger than {MAX_BYTES} bytes")).at(path, None))
        }
        Ok(_) => Ok(Document { path: path.to_owned(), bytes }),
        Err(error) => Err(CommandError::io("read", path, &error)),
    }
}

/// Compares two captured surfaces.
pub(super) fn compare(context: &Context, old: &Document, new: &Document, showing: &Showing) -> CommandResult {
    let surface = |document: &Document| {
        load::surface_document(&document.bytes).map_err(|error| {
            CommandError::could_not_check(error.to_string())
                .at(&document.path, None)
                .hint("expected a captured surface, a tools/list result, or a list of tools, as strict JSON")
        })
    };
    let (before, after) = (surface(old)?, surface(new)?);
    showing.check_entry([&before, &after].into_iter().flat_map(output::keys))?;
    let report = mcp_pin_diff::compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
    output::one(context, &Compared { alias: None, report: &report }, showing)
}

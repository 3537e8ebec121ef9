//! Two files.

use std::path::{Path, PathBuf};

use mcp_pin_diff::Side;
use mcp_pin_model::lockfile::LOCK_FORMAT;

use super::output::{self, Compared, Showing};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    surface_file,
};

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
    Ok(Document { path: path.to_owned(), bytes: surface_file::read(context, path)? })
}

/// Compares two captured surfaces.
pub(super) fn compare(context: &Context, old: &Document, new: &Document, showing: &Showing) -> CommandResult {
    let surface =
        |document: &Document| surface_file::parse(&document.path, &document.bytes).map_err(|refused| refused.error);
    let (before, after) = (surface(old)?, surface(new)?);
    showing.check_entry([&before, &after].into_iter().flat_map(output::keys))?;
    let report = mcp_pin_diff::compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
    output::one(context, &Compared { alias: None, report: &report }, showing)
}

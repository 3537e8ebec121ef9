//! Versions in the files of packages.

use mcp_pin_model::json::{self, Value};

use super::Source;
use crate::{authoring::tree::Tree, error::CommandError};

/// Folders above a package in which its workspace is looked for.
const MAX_PARENTS: usize = 8;

/// What a file says; `None` where there is no such file, or it leaves the version to others.
///
/// # Errors
/// A file that cannot be read as what it is.
pub(super) fn read(tree: &Tree, source: Source) -> Result<Option<String>, CommandError> {
    match source {
        Source::ServerJson => in_json(tree, "server.json"),
        Source::PackageJson => in_json(tree, "package.json"),
        Source::Pyproject => in_pyproject(tree),
        Source::CargoToml => in_cargo(tree),
        Source::Option | Source::Manifest | Source::ServerInfo => Ok(None),
    }
}

fn in_json(tree: &Tree, path: &str) -> Result<Option<String>, CommandError> {
    let Some(bytes) = tree.read(path)? else { return Ok(None) };
    let place = tree.called(path);
    let document = json::parse(&bytes).map_err(|error| CommandError::usage(format!("{place}: {error}")))?;
    match document.get("version") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(CommandError::usage(format!("{place}: /version is no text"))),
    }
}

fn toml(tree: &Tree, path: &str) -> Result<Option<toml::Table>, CommandError> {
    let Some(bytes) = tree.read(path)? else { return Ok(None) };
    let place = tree.called(path);
    let text = String::from_utf8(bytes).map_err(|_| CommandError::usage(format!("{place} is not text")))?;
    let table = text.parse::<toml::Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or(&text).lines().count().max(1));
        CommandError::usage(format!("{place}, line {line}: {}", error.message()))
    })?;
    Ok(Some(table))
}

/// The value below some tables.
fn below<'t>(table: &'t toml::Table, path: &[&str]) -> Option<&'t toml::Value> {
    let (last, tables) = path.split_last()?;
    tables.iter().try_fold(table, |table, name| table.get(*name)?.as_table())?.get(*last)
}

fn text(tree: &Tree, file: &str, table: &toml::Table, path: &[&str]) -> Result<Option<String>, CommandError> {
    match below(table, path) {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(CommandError::usage(format!("{}: {} is no text", tree.called(file), path.join(".")))),
    }
}

fn in_pyproject(tree: &Tree) -> Result<Option<String>, CommandError> {
    const FILE: &str = "pyproject.toml";
    let Some(table) = toml(tree, FILE)? else { return Ok(None) };
    // A version that is made when the package is built (`dynamic`) stands in neither.
    match text(tree, FILE, &table, &["project", "version"])? {
        Some(version) => Ok(Some(version)),
        None => text(tree, FILE, &table, &["tool", "poetry", "version"]),
    }
}

fn in_cargo(tree: &Tree) -> Result<Option<String>, CommandError> {
    const FILE: &str = "Cargo.toml";
    const SHARED: [&str; 3] = ["workspace", "package", "version"];
    let Some(table) = toml(tree, FILE)? else { return Ok(None) };
    let inherited = below(&table, &["package", "version", "workspace"]).and_then(toml::Value::as_bool) == Some(true);
    if !inherited {
        return text(tree, FILE, &table, &["package", "version"]);
    }
    if let Some(version) = text(tree, FILE, &table, &SHARED)? {
        return Ok(Some(version));
    }
    for parents in 1..=MAX_PARENTS {
        let path = format!("{}{FILE}", "../".repeat(parents));
        if let Some(table) = toml(tree, &path)?
            && table.contains_key("workspace")
        {
            return text(tree, &path, &table, &SHARED);
        }
    }
    Err(CommandError::usage(format!("{}: its version is the workspace's, which was not found", tree.called(FILE))))
}

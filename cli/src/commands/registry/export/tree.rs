//! The catalogue as files for a web server or a CDN: what the MCP Registry API v0.1 answers, byte for byte.
//!
//! ```text
//! v0.1/servers/index.json                         GET /v0.1/servers
//! v0.1/servers/<namespace>/<name>/versions/index.json   GET /v0.1/servers/<name>/versions
//! v0.1/servers/<namespace>/<name>/versions/latest       GET /v0.1/servers/<name>/versions/latest
//! v0.1/servers/<namespace>/<name>/versions/1.2.3        GET /v0.1/servers/<name>/versions/1.2.3
//! ```
//! A name's slash is a folder: web servers decode `%2F` before they look for a file. Files cannot hold pages, so a list that
//! takes several is written as one, entry by entry as they came.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use mcp_pin_model::json::{self, Value};
use mcp_pin_registry_client::{ClientError, RegistryClient};

use crate::error::CommandError;

/// The most entries of one page that the interface gives.
const PAGE: &str = "100";

/// More pages than any registry has.
const MAX_PAGES: usize = 2_000;

/// The file that says that a folder was written by this command.
const MARKER: &str = "v0.1/servers/index.json";

fn shape(problem: &str) -> ClientError {
    ClientError::Shape { problem: problem.to_owned() }
}

/// Every file by its path.
pub(super) async fn files(client: &RegistryClient) -> Result<BTreeMap<String, Vec<u8>>, ClientError> {
    let mut files = BTreeMap::new();
    let (mut pages, mut entries) = (Vec::new(), Vec::new());
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<(&str, &str)> =
            std::iter::once(("limit", PAGE)).chain(cursor.as_deref().map(|cursor| ("cursor", cursor))).collect();
        let bytes = client.catalogue_bytes(&[], &query).await?;
        let page = json::parse_with(&bytes, &json::Limits::OURS).map_err(|error| shape(&error.to_string()))?;
        let servers = page.get("servers").and_then(Value::as_array).ok_or_else(|| shape("`servers` is not a list"))?;
        entries.extend(servers.iter().cloned());
        let next = page.get("metadata").and_then(|metadata| metadata.get("nextCursor")).and_then(Value::as_str);
        let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
        pages.push(bytes);
        if next.is_none() {
            break;
        }
        if next == cursor || pages.len() >= MAX_PAGES {
            return Err(shape("the catalogue does not end"));
        }
        cursor = next;
    }
    let mut names = BTreeMap::<String, Vec<String>>::new();
    for entry in &entries {
        let text = |member: &str| {
            entry.get("server").and_then(|server| server.get(member)).and_then(Value::as_str).map(str::to_owned)
        };
        let (name, version) =
            text("name").zip(text("version")).ok_or_else(|| shape("an entry has no name or version"))?;
        // Both become paths, so both have to be what they say they are.
        let valid = name.parse::<mcp_pin_model::ServerName>().is_ok()
            && version.parse::<mcp_pin_model::ServerVersion>().is_ok();
        if !valid {
            return Err(shape("an entry has no acceptable name or version"));
        }
        names.entry(name).or_default().push(version);
    }
    let list = match <[Vec<u8>; 1]>::try_from(pages) {
        Ok([only]) => only,
        Err(_) => {
            let count = json::Number::from_i64(i64::try_from(entries.len()).unwrap_or(i64::MAX));
            let count = count.map_err(|_| shape("the catalogue does not end"))?;
            let metadata = Value::Object([("count".to_owned(), Value::Number(count))].into_iter().collect());
            let list = [("servers".to_owned(), Value::Array(entries)), ("metadata".to_owned(), metadata)];
            Value::Object(list.into_iter().collect()).to_canonical_bytes()
        }
    };
    files.insert(MARKER.to_owned(), list);
    for (name, versions) in names {
        let folder = format!("v0.1/servers/{name}/versions");
        files.insert(format!("{folder}/index.json"), client.catalogue_bytes(&[&name, "versions"], &[]).await?);
        for version in versions.iter().map(String::as_str).chain(["latest"]) {
            let bytes = client.catalogue_bytes(&[&name, "versions", version], &[]).await?;
            files.insert(format!("{folder}/{version}"), bytes);
        }
    }
    Ok(files)
}

/// Writes the files into a folder of their own, which is exchanged as a whole: whoever reads it meanwhile sees the old
/// catalogue or the new one. Gives back whether anything has changed.
///
/// # Errors
/// When the folder holds something that this command did not write, or the file system refuses.
pub(super) fn write(output: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<bool, CommandError> {
    let failed = |doing: &'static str, path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| CommandError::io(doing, &path, &error)
    };
    let there = output.exists();
    if there && !output.join(MARKER).is_file() && fs::read_dir(output).map_err(failed("read", output))?.next().is_some()
    {
        return Err(CommandError::usage(format!("{} holds something else than an export", output.display()))
            .hint("name an empty folder, or one that does not exist"));
    }
    if there && read(output).map_err(failed("read", output))? == *files {
        return Ok(false);
    }
    let beside = |ending: &str| {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        output.with_file_name(name)
    };
    let (new, old) = (beside(".new"), beside(".old"));
    for left in [&new, &old] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(failed("remove", left))?;
        }
    }
    for (name, bytes) in files {
        let relative = PathBuf::from(name);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(CommandError::internal("a path of the catalogue leads elsewhere"));
        }
        let path = new.join(relative);
        let folder = path.parent().unwrap_or(&new).to_owned();
        fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        fs::write(&path, bytes).map_err(failed("write", &path))?;
    }
    if there {
        fs::rename(output, &old).map_err(failed("rename", output))?;
    }
    fs::rename(&new, output).map_err(failed("rename", &new))?;
    if there {
        fs::remove_dir_all(&old).map_err(failed("remove", &old))?;
    }
    Ok(true)
}

/// Every file below a folder.
fn read(root: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                let name = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
                files.insert(name.join("/"), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_exchanged_as_a_whole_and_nothing_of_somebody_else_is_touched() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("site");
        let files = |version: &str| {
            BTreeMap::from([
                (MARKER.to_owned(), b"{}".to_vec()),
                (format!("v0.1/servers/io.example/a/versions/{version}"), b"{}".to_vec()),
            ])
        };
        assert!(write(&output, &files("1.0.0")).unwrap());
        assert!(!write(&output, &files("1.0.0")).unwrap(), "the same again");
        assert!(write(&output, &files("2.0.0")).unwrap());
        assert_eq!(read(&output).unwrap(), files("2.0.0"), "what is gone is gone");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "nothing is left beside it");
        let other = parent.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("letter.txt"), "x").unwrap();
        assert!(write(&other, &files("1.0.0")).is_err());
        assert_eq!(fs::read_to_string(other.join("letter.txt")).unwrap(), "x");
        let climbing = BTreeMap::from([("v0.1/../../x".to_owned(), Vec::new())]);
        assert!(write(&parent.path().join("new"), &climbing).is_err());
    }
}

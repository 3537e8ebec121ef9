//! uv's and pip's configuration: variables, then files.

use std::path::PathBuf;

use super::{Endpoint, EndpointError, Surroundings, endpoint, ini::entries, read};

/// The index, where the configuration names one. uv comes first: it is what runs Python servers.
pub(super) fn find(surroundings: &Surroundings) -> Result<Option<Endpoint>, EndpointError> {
    for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"] {
        if let Some(value) = surroundings.variable(name) {
            // uv lets an index have a name: `name=https://…`.
            let value = value.split_once("=http").map_or_else(|| value.to_owned(), |(_, url)| format!("http{url}"));
            return endpoint(&value, format!("the variable {name}")).map(Some);
        }
    }
    let user = |parts: &[&str]| {
        let home = surroundings.home.as_ref()?;
        Some(parts.iter().fold(home.clone(), |path, part| path.join(part)))
    };
    for path in [Some(surroundings.project.join("uv.toml")), user(&[".config", "uv", "uv.toml"])].into_iter().flatten()
    {
        let Some(text) = read(&path)? else { continue };
        let document: toml::Table = text.parse().map_err(|error: toml::de::Error| EndpointError::File {
            path: path.clone(),
            problem: error.message().to_owned(),
        })?;
        if let Some(url) = default_index(&document) {
            return endpoint(url, path.display().to_string()).map(Some);
        }
    }
    let files = [
        surroundings.variable("PIP_CONFIG_FILE").map(PathBuf::from),
        user(&[".config", "pip", "pip.conf"]),
        user(&[".pip", "pip.conf"]),
        Some(PathBuf::from("/etc/pip.conf")),
    ];
    for path in files.into_iter().flatten() {
        let Some(text) = read(&path)? else { continue };
        let value =
            entries(&text, "global").into_iter().rev().find(|(key, _)| matches!(*key, "index-url" | "index_url"));
        if let Some((_, url)) = value {
            return endpoint(url, path.display().to_string()).map(Some);
        }
    }
    Ok(None)
}

fn default_index(document: &toml::Table) -> Option<&str> {
    let indexes = document.get("index").and_then(toml::Value::as_array);
    let default =
        indexes.into_iter().flatten().find(|index| index.get("default").and_then(toml::Value::as_bool) == Some(true));
    default
        .and_then(|index| index.get("url"))
        .or_else(|| document.get("index-url"))
        .or_else(|| document.get("pip").and_then(|pip| pip.get("index-url")))
        .and_then(toml::Value::as_str)
}

//! npm's configuration: variables, the project's `.npmrc`, the user's.

use std::path::PathBuf;

use super::{Endpoint, EndpointError, Surroundings, endpoint, ini::entries, read};
use crate::Credential;

/// The registry for a package, where the configuration names one. A registry for the package's scope wins over one for
/// all, wherever it stands, as it does in npm.
pub(super) fn find(package: &str, surroundings: &Surroundings) -> Result<Option<Endpoint>, EndpointError> {
    let scope = package.split_once('/').map(|(scope, _)| scope).filter(|scope| scope.starts_with('@'));
    let files = [Some(surroundings.project.join(".npmrc")), user_file(surroundings)];
    let keys = [scope.map(|scope| format!("{scope}:registry")), Some("registry".to_owned())];
    for key in keys.into_iter().flatten() {
        if let Some((name, value)) = of_variables(&key, surroundings) {
            return with_credential(endpoint(value, format!("the variable {name}"))?, surroundings).map(Some);
        }
        for path in files.iter().flatten() {
            let Some(text) = read(path)? else { continue };
            // The last one counts.
            let value = entries(&text, "").into_iter().rev().find(|(found, _)| *found == key).map(|(_, value)| value);
            if let Some(value) = value {
                let value = expanded(value, surroundings);
                let found = endpoint(&value, path.display().to_string())?;
                return with_credential(found, surroundings).map(Some);
            }
        }
    }
    Ok(None)
}

fn of_variables<'s>(key: &str, surroundings: &'s Surroundings) -> Option<(String, &'s str)> {
    [format!("npm_config_{key}"), format!("NPM_CONFIG_{}", key.to_ascii_uppercase())]
        .into_iter()
        .find_map(|name| surroundings.variable(&name).map(|value| (name.clone(), value)))
}

fn user_file(surroundings: &Surroundings) -> Option<PathBuf> {
    ["npm_config_userconfig", "NPM_CONFIG_USERCONFIG"]
        .into_iter()
        .find_map(|name| surroundings.variable(name))
        .map(PathBuf::from)
        .or_else(|| surroundings.home.as_ref().map(|home| home.join(".npmrc")))
}

/// Adds what the user's file holds for exactly this registry.
///
/// The project's file is not asked: it comes with the repository, and a pull request could have it send `${NPM_TOKEN}` to
/// anybody.
pub(super) fn with_credential(found: Endpoint, surroundings: &Surroundings) -> Result<Endpoint, EndpointError> {
    if found.credential.is_some() {
        return Ok(found);
    }
    let Some(text) = user_file(surroundings).map(|path| read(&path)).transpose()?.flatten() else { return Ok(found) };
    let entries = entries(&text, "");
    let value = |key: &str| {
        let value = entries.iter().rev().find(|(found, _)| *found == key).map(|(_, value)| *value);
        value.map(|value| expanded(value, surroundings)).filter(|value| !value.is_empty())
    };
    // `//host/path/`, from the whole path up to the host, as npm looks for it.
    let host = found.url.host_str().unwrap_or_default();
    let port = found.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut path = found.url.path().to_owned();
    let credential = loop {
        let place = format!("//{host}{port}{path}");
        if let Some(token) = value(&format!("{place}:_authToken")) {
            break Some(Credential::bearer(&token));
        }
        if let Some(encoded) = value(&format!("{place}:_auth")) {
            break Some(Credential::basic(&encoded));
        }
        match path.trim_end_matches('/').rsplit_once('/') {
            Some((parent, _)) => path = format!("{parent}/"),
            None => break None,
        }
    };
    Ok(Endpoint { credential, ..found })
}

/// `${NAME}` by the variable's value; what is not set stays, as in npm.
fn expanded(text: &str, surroundings: &Surroundings) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) => {
                match surroundings.variable(name.trim_end_matches('?')) {
                    Some(value) => out.push_str(value),
                    None if name.ends_with('?') => {}
                    None => out.push_str(&format!("${{{name}}}")),
                }
                rest = tail;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

//! From a configured server to something that can be started: variables are resolved here and nowhere else, and what
//! comes out is never stored.
//!
//! Understood everywhere: `${VAR}`, `${VAR:-default}` (Claude Code), `${env:VAR}`, `${workspaceFolder}`,
//! `${workspaceFolderBasename}`, `${userHome}`, `${pathSeparator}`, `${/}` (VS Code). `${input:…}` asks a person in
//! VS Code; here it means that the server cannot be started.

use std::path::{Path, PathBuf};

use mcp_pin_mcp::{HttpTarget, StdioTarget, Target};
use mcp_pin_model::Launch;
use thiserror::Error;

use super::{ConfiguredServer, Secret};
use crate::context::Environment;

/// Why a variable has no value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolved {
    /// Not in the environment.
    #[error("the environment variable `{0}` is not set")]
    Variable(String),
    /// Only the editor can ask for it.
    #[error("`${{input:{0}}}` is asked for by the editor and has no value here")]
    Input(String),
    /// A variable of another kind.
    #[error("`${{{0}}}` is not a variable that mcp-pin knows")]
    Unknown(String),
    /// `${` without an end.
    #[error("a `${{` has no `}}`")]
    Unclosed,
    /// There is no home directory.
    #[error("there is no home directory for `${{userHome}}`")]
    Home,
}

/// What variables are resolved with.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The project's root.
    pub root: &'a Path,
    /// The home directory.
    pub home: Option<&'a Path>,
}

impl Variables<'_> {
    /// Resolves every variable of a text.
    ///
    /// # Errors
    /// The first one without a value.
    pub fn resolve(&self, text: &str) -> Result<String, Unresolved> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, after) = after.split_once('}').ok_or(Unresolved::Unclosed)?;
            out.push_str(&self.value(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, name: &str) -> Result<String, Unresolved> {
        let separator = std::path::MAIN_SEPARATOR_STR;
        match name {
            "workspaceFolder" => return Ok(self.root.to_string_lossy().into_owned()),
            "workspaceFolderBasename" => {
                return Ok(self.root.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
            "userHome" => {
                return self.home.map(|home| home.to_string_lossy().into_owned()).ok_or(Unresolved::Home);
            }
            "pathSeparator" | "/" => return Ok(separator.to_owned()),
            _ => {}
        }
        let environment = |name: &str| self.environment.get(name).map(str::to_owned);
        if let Some(variable) = name.strip_prefix("env:") {
            return environment(variable).ok_or_else(|| Unresolved::Variable(variable.to_owned()));
        }
        if let Some(input) = name.strip_prefix("input:") {
            return Err(Unresolved::Input(input.to_owned()));
        }
        let (variable, default) = match name.split_once(":-") {
            Some((variable, default)) => (variable, Some(default)),
            None => (name, None),
        };
        if variable.is_empty() || !variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Unresolved::Unknown(name.to_owned()));
        }
        // As in a shell, an empty variable takes the default too.
        environment(variable)
            .filter(|value| !value.is_empty() || default.is_none())
            .or_else(|| default.map(str::to_owned))
            .ok_or_else(|| Unresolved::Variable(variable.to_owned()))
    }
}

/// A server that can be started or reached.
#[derive(Clone, Debug)]
pub struct Startable {
    /// For the capture.
    pub target: Target,
    /// What a server must not repeat in what it declares: the values of variables and headers that are secrets by
    /// their name, each with the name.
    pub secrets: Vec<(String, Secret)>,
}

/// Resolves a configured server.
///
/// # Errors
/// The first variable without a value.
pub fn startable(server: &ConfiguredServer, variables: &Variables<'_>) -> Result<Startable, Unresolved> {
    let values = server
        .values
        .iter()
        .map(|(name, value)| Ok((name.clone(), variables.resolve(value.expose())?)))
        .collect::<Result<Vec<_>, Unresolved>>()?;
    let is_header = matches!(server.launch, Launch::Http(_));
    let secrets = values
        .iter()
        .filter(|(name, value)| super::secrets::is_secret(name, value, is_header))
        .map(|(name, value)| (name.clone(), Secret::from(value.clone())))
        .collect();
    let target = match &server.launch {
        Launch::Stdio(launch) => {
            let cwd = match &launch.cwd {
                // A relative directory is relative to the project, as in the clients.
                Some(cwd) => variables.root.join(variables.resolve(cwd)?),
                None => PathBuf::from(variables.root),
            };
            Target::Stdio(StdioTarget {
                command: variables.resolve(&launch.command)?,
                args: launch.args.iter().map(|arg| variables.resolve(arg)).collect::<Result<_, _>>()?,
                env: values.into_iter().chain(withheld(server, variables)).collect(),
                cwd: Some(cwd),
            })
        }
        Launch::Http(launch) => Target::Http(HttpTarget { url: variables.resolve(&launch.url)?, headers: values }),
    };
    Ok(Startable { target, secrets })
}

/// Our own secrets, which a server would inherit with the rest of the environment: emptied, unless the configuration
/// sets them for it.
fn withheld<'a>(
    server: &'a ConfiguredServer,
    variables: &'a Variables<'_>,
) -> impl Iterator<Item = (String, String)> + 'a {
    ["MCP_PIN_TOKEN"]
        .into_iter()
        .filter(|name| variables.environment.get(name).is_some() && !server.values.contains_key(*name))
        .map(|name| (name.to_owned(), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<String, Unresolved> {
        let environment: Environment = [("TOKEN", "t"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        Variables { environment: &environment, root: Path::new("/project/demo"), home: None }.resolve(text)
    }

    #[test]
    fn variables_of_both_clients_are_resolved() {
        assert_eq!(resolve("a${TOKEN}b${env:TOKEN}").unwrap(), "atbt");
        assert_eq!(resolve("${NONE:-x}${EMPTY:-y}${TOKEN:-z}").unwrap(), "xyt");
        assert_eq!(resolve("${workspaceFolder}${/}x ${workspaceFolderBasename}").unwrap(), "/project/demo/x demo");
        assert_eq!(resolve("$TOKEN {x}").unwrap(), "$TOKEN {x}");
    }

    #[test]
    fn a_server_does_not_get_our_registry_token() {
        let environment: Environment = [("MCP_PIN_TOKEN".to_owned(), "t".to_owned())].into_iter().collect();
        let variables = Variables { environment: &environment, root: Path::new("/project"), home: None };
        let server = ConfiguredServer {
            alias: "a".parse().unwrap(),
            places: Vec::new(),
            launch: Launch::Stdio(mcp_pin_model::launch::StdioLaunch {
                command: "x".to_owned(),
                args: Vec::new(),
                env: Vec::new(),
                cwd: None,
            }),
            values: std::collections::BTreeMap::new(),
            unsupported: None,
            disabled: false,
        };
        let Target::Stdio(target) = startable(&server, &variables).unwrap().target else { panic!() };
        assert_eq!(target.env, [("MCP_PIN_TOKEN".to_owned(), String::new())]);
    }

    #[test]
    fn what_has_no_value_is_said() {
        assert_eq!(resolve("${NONE}"), Err(Unresolved::Variable("NONE".to_owned())));
        assert_eq!(resolve("${input:key}"), Err(Unresolved::Input("key".to_owned())));
        assert_eq!(resolve("${command:x}"), Err(Unresolved::Unknown("command:x".to_owned())));
        assert_eq!(resolve("${userHome}"), Err(Unresolved::Home));
        assert_eq!(resolve("${NONE"), Err(Unresolved::Unclosed));
    }
}

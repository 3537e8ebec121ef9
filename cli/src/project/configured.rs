//! The servers that MCP clients are configured with: `.mcp.json` and `.vscode/mcp.json`.
//!
//! Both files come with a repository, so everything in them is foreign text. Values of environment variables and
//! headers stay in memory, for starting the server; only their names go anywhere else.

use std::{collections::BTreeMap, fmt, path::Path};

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{Array, Object, ObjectProp, Value},
    parse_to_ast,
};
use mcp_pin_model::{
    Alias, Launch,
    launch::{HttpLaunch, StdioLaunch},
};

use crate::error::{CommandError, Place};

/// The largest configuration file: a thousand servers fit.
const MAX_BYTES: u64 = 4 << 20;

/// The files of a project, and what each client accepts in them.
const FILES: [Source; 2] = [
    Source { path: ".mcp.json", section: "mcpServers", comments: false },
    Source { path: ".vscode/mcp.json", section: "servers", comments: true },
];

#[derive(Clone, Copy)]
struct Source {
    path: &'static str,
    section: &'static str,
    /// JSON with comments and trailing commas.
    comments: bool,
}

/// Text that may be a secret: it has no `Display`, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for starting a server and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A server as a client's configuration has it, variables unresolved.
#[derive(Clone, Debug)]
pub struct ConfiguredServer {
    /// What the configuration calls it.
    pub alias: Alias,
    /// Where it is configured: every file that has it, the same in each.
    pub places: Vec<Place>,
    /// How it is started or reached.
    pub launch: Launch,
    /// Environment variables or headers, by name, as written.
    pub values: BTreeMap<String, Secret>,
    /// Why it cannot be captured, if something in its entry is not supported; our own words.
    pub unsupported: Option<String>,
    /// Whether the configuration switches it off.
    pub disabled: bool,
}

impl ConfiguredServer {
    /// Where it is configured first.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.places.first()
    }
}

/// Reads all files of a project; gives back the servers, sorted by alias.
///
/// # Errors
/// A file that is not what it should be, with its line; one alias with two different launches.
pub(super) fn read_all(root: &Path) -> Result<Vec<ConfiguredServer>, CommandError> {
    let mut servers: BTreeMap<Alias, ConfiguredServer> = BTreeMap::new();
    for source in FILES {
        let path = root.join(source.path);
        let Some(bytes) = crate::state::read_bounded(&path, MAX_BYTES)? else { continue };
        let text = String::from_utf8(bytes)
            .map_err(|_| CommandError::usage("the file is not UTF-8 text").at(source.path, None))?;
        for server in read(source, &text)? {
            match servers.get_mut(&server.alias) {
                None => {
                    servers.insert(server.alias.clone(), server);
                }
                Some(first) if first.launch == server.launch => first.places.extend(server.places),
                Some(first) => {
                    let also = first.place().map(ToString::to_string).unwrap_or_default();
                    let mut error = CommandError::usage(format!(
                        "`{}` is configured twice with different launches; the other one is at {also}",
                        server.alias
                    ))
                    .hint("give the two different names, or make them the same");
                    error.place = server.places.into_iter().next();
                    return Err(error);
                }
            }
        }
    }
    Ok(servers.into_values().collect())
}

struct Reader<'a> {
    source: Source,
    text: &'a str,
}

fn read(source: Source, text: &str) -> Result<Vec<ConfiguredServer>, CommandError> {
    let options = ParseOptions {
        allow_comments: source.comments,
        allow_trailing_commas: source.comments,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let reader = Reader { source, text };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|error| reader.error(error.range().start, error.kind().to_string()))?;
    let document = match &parsed.value {
        Some(Value::Object(document)) => document,
        Some(_) => return Err(reader.error(0, "the file does not hold a JSON object")),
        None => return Err(reader.error(0, "the file is empty")),
    };
    reader.refuse_doubles(document)?;
    let Some(section) = document.properties.iter().find(|property| property.name.as_str() == source.section) else {
        return Ok(Vec::new());
    };
    let servers = reader.object(section)?;
    reader.refuse_doubles(servers)?;
    servers.properties.iter().map(|property| reader.server(property)).collect()
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> CommandError {
        CommandError::usage(message).at(self.source.path, Some(self.line(offset)))
    }

    /// Which of two equal names a client uses is anybody's guess.
    fn refuse_doubles(&self, object: &Object<'_>) -> Result<(), CommandError> {
        let mut seen = std::collections::BTreeSet::new();
        for property in &object.properties {
            if !seen.insert(property.name.as_str()) {
                return Err(self.error(
                    property.range.start,
                    format!(
                        "`{}` stands here twice; which one a client would use is undefined",
                        property.name.as_str()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn object<'a>(&self, property: &'a ObjectProp<'a>) -> Result<&'a Object<'a>, CommandError> {
        match &property.value {
            Value::Object(object) => Ok(object),
            _ => Err(self.error(property.range.start, format!("`{}` is not an object", property.name.as_str()))),
        }
    }

    fn string(&self, property: &ObjectProp<'_>) -> Result<String, CommandError> {
        match &property.value {
            Value::StringLit(text) => Ok(text.value.to_string()),
            _ => Err(self.error(property.range.start, format!("`{}` is not text", property.name.as_str()))),
        }
    }

    fn strings(&self, property: &ObjectProp<'_>) -> Result<Vec<String>, CommandError> {
        let wrong = || self.error(property.range.start, format!("`{}` is not a list of texts", property.name.as_str()));
        let Value::Array(Array { elements, .. }) = &property.value else { return Err(wrong()) };
        elements
            .iter()
            .map(|element| match element {
                Value::StringLit(text) => Ok(text.value.to_string()),
                _ => Err(wrong()),
            })
            .collect()
    }

    fn values(&self, property: &ObjectProp<'_>) -> Result<BTreeMap<String, Secret>, CommandError> {
        let object = self.object(property)?;
        self.refuse_doubles(object)?;
        object
            .properties
            .iter()
            .map(|member| {
                // Clients turn numbers and booleans into text, and `null` into the absence of the variable.
                let value = match &member.value {
                    Value::StringLit(text) => text.value.to_string(),
                    Value::NumberLit(number) => number.value.to_owned(),
                    Value::BooleanLit(boolean) => boolean.value.to_string(),
                    _ => {
                        return Err(self.error(member.range.start, format!("`{}` is not text", member.name.as_str())));
                    }
                };
                Ok((member.name.as_str().to_owned(), Secret(value)))
            })
            .collect()
    }

    fn server(&self, property: &ObjectProp<'_>) -> Result<ConfiguredServer, CommandError> {
        let start = property.range.start;
        let alias: Alias =
            property.name.as_str().parse().map_err(|error| {
                self.error(start, format!("`{}` cannot be an alias: {error}", property.name.as_str()))
            })?;
        let entry = self.object(property)?;
        self.refuse_doubles(entry)?;
        let (mut kind, mut command, mut args, mut cwd, mut url) = (None, None, Vec::new(), None, None);
        let (mut environment, mut headers) = (BTreeMap::new(), BTreeMap::new());
        let mut unsupported = None;
        let mut disabled = false;
        for member in &entry.properties {
            match member.name.as_str() {
                "type" => kind = Some(self.string(member)?),
                "command" => command = Some(self.string(member)?),
                "args" => args = self.strings(member)?,
                "env" => environment = self.values(member)?,
                "cwd" => cwd = Some(self.string(member)?),
                "url" => url = Some(self.string(member)?),
                "headers" => headers = self.values(member)?,
                "disabled" => {
                    disabled = matches!(&member.value, Value::BooleanLit(literal) if literal.value);
                }
                // These decide what is started or sent, and are not part of what a lock pins.
                name @ ("envFile" | "headersHelper") => {
                    unsupported = Some(format!("its `{name}` decides what is run or sent, and is not supported"));
                }
                // Anything else steers the client, not the server: time limits, sandboxes, permissions.
                _ => {}
            }
        }
        let names = |values: &BTreeMap<String, Secret>| values.keys().cloned().collect();
        let (launch, values) = match (command, url) {
            (Some(_), Some(_)) => {
                return Err(self.error(start, format!("`{alias}` has both a `command` and a `url`")));
            }
            (None, None) => return Err(self.error(start, format!("`{alias}` has neither a `command` nor a `url`"))),
            (Some(command), None) => {
                if command.trim().is_empty() {
                    return Err(self.error(start, format!("the `command` of `{alias}` is empty")));
                }
                if kind.as_deref().is_some_and(|kind| kind != "stdio") {
                    return Err(self.error(start, format!("`{alias}` has a `command`, but its `type` is not `stdio`")));
                }
                if !headers.is_empty() {
                    return Err(self.error(start, format!("`{alias}` has a `command` and `headers`")));
                }
                let launch = StdioLaunch { command, args, env: names(&environment), cwd };
                (Launch::Stdio(launch), environment)
            }
            (None, Some(url)) => {
                match kind.as_deref() {
                    None | Some("http" | "streamable-http" | "streamableHttp") => {}
                    Some("stdio") => {
                        return Err(self.error(start, format!("`{alias}` has a `url`, but its `type` is `stdio`")));
                    }
                    Some("sse") => {
                        unsupported = Some("the old HTTP+SSE transport (`type: sse`) is not supported".to_owned());
                    }
                    Some(_) => unsupported = Some("its `type` is none that mcp-pin knows".to_owned()),
                }
                (Launch::Http(HttpLaunch { url, headers: names(&headers) }), headers)
            }
        };
        let place = Place { path: self.source.path.into(), line: Some(self.line(start)) };
        Ok(ConfiguredServer { alias, places: vec![place], launch, values, unsupported, disabled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claude(text: &str) -> Result<Vec<ConfiguredServer>, CommandError> {
        read(FILES[0], text)
    }

    fn code(text: &str) -> Result<Vec<ConfiguredServer>, CommandError> {
        read(FILES[1], text)
    }

    #[test]
    fn both_clients_entries_are_read() {
        let servers = claude(
            r#"{"mcpServers": {"weather": {"command": "npx", "args": ["-y", "w@1.0.0"], "env": {"KEY": "s3cret", "A": "1"}},
                "remote": {"type": "http", "url": "https://mcp.example/mcp", "headers": {"Authorization": "Bearer x"}}}}"#,
        )
        .unwrap();
        assert_eq!(servers.len(), 2);
        let Launch::Stdio(launch) = &servers[0].launch else { panic!() };
        assert_eq!(launch.env, ["A", "KEY"]);
        assert!(!format!("{:?}", servers[0]).contains("s3cret"));
        let servers = code("{ // comment\n \"servers\": {\"x\": {\"command\": \"y\", \"cwd\": \"${workspaceFolder}\",},}, \"inputs\": [] }").unwrap();
        assert_eq!(servers[0].place().unwrap().line, Some(2));
    }

    #[test]
    fn comments_are_refused_where_the_client_refuses_them() {
        assert_eq!(claude("{\n // no\n}").unwrap_err().place.unwrap().line, Some(2));
    }

    #[test]
    fn doubled_aliases_and_members_are_refused() {
        let twice = "{\"mcpServers\": {\n\"a\": {\"command\": \"x\"},\n\"a\": {\"command\": \"y\"}}}";
        assert_eq!(claude(twice).unwrap_err().place.unwrap().line, Some(3));
        assert!(claude("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"command\": \"y\"}}}").is_err());
    }

    #[test]
    fn entries_that_no_client_starts_are_refused() {
        for entry in [
            r#"{}"#,
            r#"{"command": "x", "url": "https://a.example"}"#,
            r#"{"command": "x", "type": "http"}"#,
            r#"{"command": 1}"#,
            r#"{"command": "x", "args": "y"}"#,
            r#"{"command": "x", "env": {"A": {}}}"#,
        ] {
            assert!(claude(&format!("{{\"mcpServers\": {{\"a\": {entry}}}}}")).is_err(), "{entry}");
        }
        assert!(claude("{\"mcpServers\": {\"\\u202e\": {\"command\": \"x\"}}}").is_err());
    }

    #[test]
    fn what_is_not_pinned_is_said() {
        let servers = code(r#"{"servers": {"a": {"command": "x", "envFile": ".env"}, "b": {"type": "sse", "url": "https://a.example"}}}"#).unwrap();
        assert!(servers.iter().all(|server| server.unsupported.is_some()));
    }
}

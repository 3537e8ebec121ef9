//! What is submitted: servers about as large as small real ones.

use mcp_pin_model::{
    Manifest,
    json::{Object, Value},
    statement::Statement as _,
};
use mcp_pin_test_support::keys;

/// The namespace of everything.
pub(crate) const NAMESPACE: &str = "io.github.load";

/// Words that names and descriptions are made of.
const WORDS: [&str; 16] = [
    "calendar", "mail", "weather", "ticket", "invoice", "kubernetes", "postgres", "search", "browser", "files", "chat",
    "billing", "metrics", "deploy", "design", "translate",
];

fn word(number: usize) -> &'static str {
    WORDS.get(number % WORDS.len()).copied().unwrap_or_default()
}

/// The name of a server.
pub(crate) fn name(server: usize) -> String {
    format!("{NAMESPACE}/{}-{}-{server:06}", word(server), word(server / WORDS.len()))
}

/// What a search looks for that finds one server in a thousand: see [`manifest`].
pub(crate) fn search(server: usize) -> String {
    format!("{:03} of", server % 1_000)
}

/// A manifest with four tools, a package with settings, and a repository.
pub(crate) fn manifest(name: &str, number: usize, version: &str, previous: Option<&Manifest>) -> Manifest {
    let tools = (0..4).map(|tool| {
        let what = word(number + tool);
        let most = tool + 5;
        // An update says more about one of its tools.
        let more = if previous.is_some() && tool == 0 { " The newest come first." } else { "" };
        keys::tool(
            &format!("{what}_{tool}"),
            &format!(
                "Looks for what the {what} system knows about something, and gives back at most {most} results.{more}"
            ),
        )
    });
    let mut manifest = keys::manifest(name, version, tools, previous.map(|previous| previous.digest()));
    let server = &mut manifest.server;
    let description =
        format!("Number {} the {} servers of the {} team.", search(number), word(number), word(number / 7));
    server.insert("description", Value::from(description));
    server.insert("title", Value::from(format!("{} and {}", word(number), word(number + 3))));
    let repository = [("source", "github"), ("url", "https://github.com/load/servers")];
    server.insert("repository", object(repository.map(|(key, value)| (key, Value::from(value)))));
    let variable = object([
        ("name", Value::from("LOAD_API_KEY")),
        ("description", Value::from("The key with which the service is asked")),
        ("isRequired", Value::from(true)),
        ("isSecret", Value::from(true)),
    ]);
    let package = object([
        ("registryType", Value::from("npm")),
        ("identifier", Value::from("@example/weather")),
        ("version", Value::from(version)),
        ("transport", object([("type", Value::from("stdio"))])),
        ("environmentVariables", Value::Array(vec![variable])),
    ]);
    server.insert("packages", Value::Array(vec![package]));
    manifest
}

fn object<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::Object(members.into_iter().collect::<Object>())
}

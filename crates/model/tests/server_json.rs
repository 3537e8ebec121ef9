//! The rules of `server.json`, one refused document per rule, and the stand-ins for local servers.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use mcp_pin_model::{
    Alias, Launch,
    json::{self, Object, Value},
    launch::{HttpLaunch, StdioLaunch},
    server_json::{self, CURRENT_SCHEMA, Issue, IssueType, Severity},
};

fn document(extra: &str) -> Object {
    let text = format!(
        r#"{{"$schema":"{CURRENT_SCHEMA}","name":"com.example/weather","description":"Weather","version":"1.4.2"{extra}}}"#
    );
    json::parse(text.as_bytes()).unwrap().as_object().unwrap().clone()
}

fn issues(extra: &str) -> Vec<Issue> {
    server_json::validate(&document(extra))
}

fn with(member: &str, value: impl Into<Value>) -> Vec<Issue> {
    let mut server = document("");
    server.insert(member, value);
    server_json::validate(&server)
}

fn assert_issue(issues: &[Issue], path: &str, reference: &str) {
    assert!(
        issues.iter().any(|issue| issue.is_error() && issue.path == path && issue.reference == reference),
        "no error {reference} at {path:?} in {issues:#?}"
    );
}

#[test]
fn a_complete_document_passes() {
    let found = issues(
        r#","title":"Weather","websiteUrl":"https://example.com/docs",
        "repository":{"url":"https://github.com/acme/weather","source":"github","subfolder":"servers/weather"},
        "icons":[{"src":"https://example.com/i.png","mimeType":"image/png","sizes":["48x48","any"],"theme":"dark"}],
        "packages":[{"registryType":"npm","identifier":"@acme/weather","version":"1.4.2-next.1",
          "transport":{"type":"streamable-http","url":"http://localhost:{--port}/mcp"},
          "packageArguments":[{"type":"named","name":"--port","default":"3000"},{"type":"positional","valueHint":"city"}],
          "environmentVariables":[{"name":"KEY","isSecret":true,"format":"string"}]}],
        "remotes":[{"type":"sse","url":"https://{tenant}.example.com/sse","variables":{"tenant":{"isRequired":true}}}],
        "_meta":{"io.modelcontextprotocol.registry/publisher-provided":{"mcp-pin":{"manifest":"sha256:00"}}}"#,
    );
    assert_eq!(found, []);
}

#[test]
fn every_member_is_required_and_bounded() {
    let found = server_json::validate(&Object::new());
    for member in ["name", "description", "version"] {
        assert_issue(&found, member, "#/definitions/ServerDetail/required");
    }
    assert_issue(&found, "schema", "schema-field-required");
    let reference = |member: &str| format!("#/definitions/ServerDetail/properties/{member}");
    assert_issue(&with("description", ""), "description", &reference("description"));
    assert_issue(&with("description", "x".repeat(101)), "description", &reference("description"));
    assert_eq!(with("description", "é".repeat(100)), [], "limits count characters, not bytes");
    assert_issue(&with("title", "x".repeat(101)), "title", &reference("title"));
    assert_issue(&with("version", "1".repeat(256)), "version", &reference("version"));
    assert_issue(&with("name", Value::Null), "name", &reference("name"));
    assert_issue(&with("packages", "none"), "packages", &reference("packages"));
}

#[test]
fn names_follow_the_strict_grammar() {
    for name in
        ["com.example", "a/weather", "com.example/w", ".example/weather", "com.example/-weather", "com_x/weather"]
    {
        assert_issue(&with("name", name), "name", "invalid-server-name");
    }
    assert_issue(&with("name", "com.example/weather/v2"), "name", "multiple-slashes-in-server-name");
}

#[test]
fn ranges_and_latest_are_no_versions() {
    assert_issue(&with("version", "^1.0.0"), "version", "version-looks-like-range");
    assert_issue(&with("version", "latest"), "version", "reserved-version");
    let found = with("version", "2021.03.15");
    assert!(found.iter().all(|issue| issue.severity == Severity::Warning && issue.kind == IssueType::Linter));
    assert_eq!(found.len(), 1, "allowed by the official rules, with a warning: {found:?}");
}

#[test]
fn only_released_schemas_are_accepted() {
    let old = with("$schema", "https://static.modelcontextprotocol.io/schemas/2025-10-17/server.schema.json");
    assert!(old.iter().all(|issue| !issue.is_error()) && old.len() == 1, "{old:?}");
    for schema in ["https://static.modelcontextprotocol.io/schemas/2025-01-27/server.schema.json", "file:///x"] {
        assert_issue(&with("$schema", schema), "schema", "schema-version-unknown");
    }
}

#[test]
fn remotes_must_be_public_https() {
    for url in [
        "http://api.example.com/mcp",
        "https://localhost/mcp",
        "https://LOCALHOST:8443/mcp",
        "https://a.localhost/mcp",
        "https://127.0.0.1/mcp",
        "https://2130706433/mcp",
        "https://0.0.0.0/mcp",
        "https://[::1]/mcp",
        "https://[::ffff:127.0.0.1]/mcp",
        "https://[::ffff:169.254.169.254]/mcp",
        "https:///mcp",
        "https://169.254.169.254/latest/meta-data",
        "ftp://example.com/mcp",
        "https://",
    ] {
        let found = issues(&format!(r#","remotes":[{{"type":"sse","url":"{url}"}}]"#));
        assert!(found.iter().any(|issue| issue.is_error() && issue.path == "remotes[0].url"), "{url}: {found:?}");
    }
    for url in ["https://example.com/mcp", "https://10.0.0.7/mcp"] {
        assert_eq!(issues(&format!(r#","remotes":[{{"type":"sse","url":"{url}"}}]"#)), [], "{url}");
    }
    assert_issue(&issues(r#","remotes":[{"type":"stdio"}]"#), "remotes[0].type", "unsupported-remote-transport-type");
    assert_issue(
        &issues(r#","remotes":[{"type":"sse","url":"https://example.com/{tenant}"}]"#),
        "remotes[0].url",
        "undeclared-template-variable",
    );
}

#[test]
fn packages_and_arguments_are_checked() {
    let package = |rest: &str| {
        issues(&format!(
            r#","packages":[{{"registryType":"npm","identifier":"p","transport":{{"type":"stdio"}}{rest}}}]"#
        ))
    };
    assert_eq!(package(""), []);
    assert_issue(&package(r#","version":"latest""#), "packages[0].version", "reserved-version");
    assert_issue(
        &package(r#","fileSha256":"ABC""#),
        "packages[0].fileSha256",
        "#/definitions/Package/properties/fileSha256",
    );
    for (argument, at, reference) in [
        (r#"{"type":"named","name":"--port <port>"}"#, "name", "invalid-named-argument-name"),
        (r#"{"type":"named"}"#, "name", "named-argument-name-required"),
        (r#"{"type":"named","name":"--port","value":"--port 80"}"#, "value", "argument-value-starts-with-name"),
        (r#"{"type":"named","name":"-p","format":"path"}"#, "format", "#/definitions/NamedArgument/properties/format"),
    ] {
        let found = package(&format!(r#","runtimeArguments":[{argument}]"#));
        assert_issue(&found, &format!("packages[0].runtimeArguments[0].{at}"), reference);
    }
    assert_issue(
        &package(r#","packageArguments":[{"type":"positional"}]"#),
        "packages[0].packageArguments[0]",
        "#/definitions/PositionalArgument/anyOf",
    );
    assert_issue(
        &issues(
            r#","packages":[{"registryType":"mcpb","identifier":"https://example.com/a.mcpb","transport":{"type":"stdio"}}]"#,
        ),
        "packages[0].fileSha256",
        "file-sha256-required",
    );
    assert_issue(
        &issues(
            r#","packages":[{"registryType":"npm","identifier":"a b","transport":{"type":"stdio","url":"https://x"}}]"#,
        ),
        "packages[0].identifier",
        "package-name-has-spaces",
    );
}

#[test]
fn all_issues_are_collected_and_hostile_text_is_escaped() {
    let found = issues(
        ",\"title\":\" \",\"websiteUrl\":\"ftp://\u{202e}example\",\"repository\":{\"url\":\"x\\u001b[31m\",\"source\":\"github\"},\
         \"icons\":[{\"src\":\"data:x\"}]",
    );
    assert_eq!(found.len(), 4, "{found:#?}");
    for issue in &found {
        assert!(!issue.to_string().chars().any(json::is_hidden), "{issue:?}");
    }
}

#[test]
fn publisher_metadata_is_bounded() {
    let meta = |size: usize| {
        issues(&format!(
            r#","_meta":{{"io.modelcontextprotocol.registry/publisher-provided":{{"a":"{}"}}}}"#,
            "x".repeat(size - 8)
        ))
    };
    assert_eq!(meta(4096), []);
    assert_issue(&meta(4097), "_meta", "publisher-meta-too-large");
}

#[test]
fn local_documents_pass_for_every_alias() {
    let version = "0.0.0".parse().unwrap();
    let stdio = Launch::Stdio(StdioLaunch { command: "npx".to_owned(), args: vec![], env: vec![], cwd: None });
    let http = |url: &str| Launch::Http(HttpLaunch { url: url.to_owned(), headers: vec![] });
    let long = "x".repeat(128);
    for alias in ["weather", "a", "My Server", "@acme/weather", "ends-", "-", "..", "::::", long.as_str()] {
        let alias: Alias = alias.parse().unwrap();
        for launch in [
            &stdio,
            &http("https://example.com/mcp"),
            &http("http://localhost:3000/mcp"),
            &http("https://example.com/${TENANT}"),
        ] {
            let server = server_json::local(&alias, &version, launch);
            assert_eq!(server_json::validate(&server), [], "{alias}");
        }
    }
    let remote = server_json::local(&"weather".parse().unwrap(), &version, &http("https://example.com/mcp"));
    assert!(remote.contains("remotes"));
    let variable = server_json::local(&"weather".parse().unwrap(), &version, &http("https://example.com/${KEY}"));
    assert!(!variable.contains("remotes"));
}

#[test]
fn local_names_are_readable_and_never_shared() {
    assert_eq!(server_json::local_name(&"weather".parse().unwrap()).as_str(), "local/weather");
    let shortened = server_json::local_name(&"My Server".parse().unwrap());
    assert!(shortened.as_str().starts_with("local/My-Server._."), "{shortened}");
    // An alias that spells the name made for another alias does not get that name.
    let imitation = shortened.as_str().strip_prefix("local/").unwrap();
    let aliases = ["My Server", "My-Server", "My/Server", "My@Server", "my server", "a", "A", "a.", "-a", imitation];
    let names: BTreeSet<String> =
        aliases.iter().map(|alias| server_json::local_name(&alias.parse().unwrap()).to_string()).collect();
    assert_eq!(names.len(), aliases.len(), "{names:?}");
    let stems: BTreeSet<String> = aliases.iter().map(|alias| alias.parse::<Alias>().unwrap().file_stem()).collect();
    assert_eq!(stems.len(), aliases.len(), "{stems:?}");
}

#[test]
fn file_stems_are_safe_on_every_file_system() {
    for alias in ["con", "nul", "com1", "..", "a/../b", "C:", "UPPER", "a b"] {
        let stem = alias.parse::<Alias>().unwrap().file_stem();
        assert!(!stem.contains(['/', '\\', ':', ' ']), "{stem}");
        assert!(stem.contains("_."), "{stem}");
        assert_eq!(stem, stem.to_lowercase());
    }
    assert_eq!("weather-2_x".parse::<Alias>().unwrap().file_stem(), "weather-2_x");
    assert_eq!("console".parse::<Alias>().unwrap().file_stem(), "console");
}

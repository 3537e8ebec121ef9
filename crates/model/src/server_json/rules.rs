//! The semantic layer: what the official registry checks beyond the schema.

use std::{collections::BTreeSet, net::Ipv4Addr};

use url::{Host, Url};

use super::{CURRENT_SCHEMA, IssueType, Issues, Severity, version::is_range};
use crate::{
    ServerName, ServerVersion,
    hostile::quoted,
    json::{Object, Value},
};

/// The dates of the schemas that were released; a document of an older one is accepted with a warning.
const KNOWN_SCHEMAS: [&str; 6] = ["2025-07-09", "2025-09-16", "2025-09-29", "2025-10-11", "2025-10-17", "2025-12-11"];

/// The member of `_meta` that the official registry keeps.
const PUBLISHER_META: &str = "io.modelcontextprotocol.registry/publisher-provided";

/// The most bytes that the official registry keeps there.
const MAX_PUBLISHER_META: usize = 4096;

pub(super) fn server(server: &Object, issues: &mut Issues) {
    schema(server, issues);
    if let Some(name) = text(server, "name") {
        self::name(name, issues);
    }
    if let Some(version) = text(server, "version") {
        self::version(version, "version", issues);
        if version.parse::<ServerVersion>().is_err() && !is_range(version) {
            issues.push(
                IssueType::Linter,
                Severity::Warning,
                "version",
                "is no semantic version, so it cannot be ordered",
                "version-not-semantic",
            );
        }
    }
    if text(server, "title").is_some_and(|title| !title.is_empty() && title.trim().is_empty()) {
        issues.semantic("title", "consists of white space only", "blank-title");
    }
    if let Some(url) = text(server, "websiteUrl") {
        https_url(url, "websiteUrl", "invalid-website-url", issues);
    }
    for (icon, path) in objects(server, "icons", "") {
        if let Some(url) = text(icon, "src") {
            https_url(url, &format!("{path}.src"), "invalid-icon-url", issues);
        }
    }
    if let Some(Value::Object(repository)) = server.get("repository") {
        self::repository(repository, issues);
    }
    for (package, path) in objects(server, "packages", "") {
        self::package(package, &path, issues);
    }
    for (remote, path) in objects(server, "remotes", "") {
        self::remote(remote, &path, issues);
    }
    if let Some(meta) = server.get("_meta").and_then(|meta| meta.get(PUBLISHER_META)) {
        let bytes = meta.to_canonical_string().len();
        if bytes > MAX_PUBLISHER_META {
            issues.semantic(
                "_meta",
                format!("holds {bytes} bytes of publisher-provided metadata; {MAX_PUBLISHER_META} are allowed"),
                "publisher-meta-too-large",
            );
        }
    }
}

fn text<'a>(object: &'a Object, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str)
}

fn objects<'a>(object: &'a Object, member: &str, path: &str) -> Vec<(&'a Object, String)> {
    let prefix = if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
    object
        .get(member)
        .and_then(Value::as_array)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((item.as_object()?, format!("{prefix}[{index}]"))))
        .collect()
}

fn schema(server: &Object, issues: &mut Issues) {
    let Some(schema) = text(server, "$schema").filter(|schema| !schema.is_empty()) else {
        issues.semantic("schema", "the member `$schema` is required", "schema-field-required");
        return;
    };
    if schema == CURRENT_SCHEMA {
        return;
    }
    let date = schema
        .strip_prefix("https://static.modelcontextprotocol.io/schemas/")
        .and_then(|rest| rest.strip_suffix("/server.schema.json"));
    if date.is_some_and(|date| KNOWN_SCHEMAS.contains(&date)) {
        issues.push(
            IssueType::Semantic,
            Severity::Warning,
            "schema",
            format!("is not the current schema {CURRENT_SCHEMA}"),
            "schema-version-deprecated",
        );
    } else {
        issues.semantic("schema", format!("is no released schema: {}", quoted(schema)), "schema-version-unknown");
    }
}

fn name(name: &str, issues: &mut Issues) {
    if name.matches('/').count() > 1 {
        issues.semantic("name", "has more than one slash", "multiple-slashes-in-server-name");
    } else if let Err(error) = name.parse::<ServerName>() {
        issues.semantic("name", error.to_string(), "invalid-server-name");
    }
}

fn version(version: &str, path: &str, issues: &mut Issues) {
    if version == "latest" {
        issues.semantic(path, "is the reserved word `latest`", "reserved-version");
    } else if is_range(version) {
        issues.semantic(
            path,
            format!("must be one exact version, not a range: {}", quoted(version)),
            "version-looks-like-range",
        );
    }
}

fn https_url(text: &str, path: &str, reference: &'static str, issues: &mut Issues) {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(_) => issues.semantic(path, format!("must be an https URL, not {}", quoted(text)), reference),
        Err(_) => issues.semantic(path, format!("must be an absolute URL, not {}", quoted(text)), reference),
    }
}

fn repository(repository: &Object, issues: &mut Issues) {
    let url = text(repository, "url").unwrap_or_default();
    let source = text(repository, "source").unwrap_or_default();
    let nothing = url.is_empty() && source.is_empty();
    if !nothing && !is_repository(url, source) {
        issues.semantic(
            "repository.url",
            format!("{} is no repository URL of {}", quoted(url), quoted(source)),
            "invalid-repository-url",
        );
    }
    if let Some(subfolder) = text(repository, "subfolder") {
        let segment = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !subfolder.is_empty() && !subfolder.split('/').all(segment) {
            issues.semantic(
                "repository.subfolder",
                format!("is no clean relative path: {}", quoted(subfolder)),
                "invalid-subfolder-path",
            );
        }
    }
}

/// `https://github.com/<owner>/<repository>`, or the same with GitLab, where groups may nest.
fn is_repository(url: &str, source: &str) -> bool {
    let (host, nested) = match source {
        "github" => ("github.com", false),
        "gitlab" => ("gitlab.com", true),
        _ => return false,
    };
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let Some(path) = rest.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let mut count = 0;
    for segment in path.strip_suffix('/').unwrap_or(path).split('/') {
        count += 1;
        if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return false;
        }
    }
    count == 2 || (nested && count > 2)
}

fn package(package: &Object, path: &str, issues: &mut Issues) {
    if let Some(identifier) = text(package, "identifier") {
        if identifier.contains(char::is_whitespace) {
            issues.semantic(&format!("{path}.identifier"), "must not contain spaces", "package-name-has-spaces");
        } else if identifier.is_empty() {
            issues.semantic(&format!("{path}.identifier"), "must not be empty", "package-name-required");
        }
    }
    if let Some(version) = text(package, "version") {
        self::version(version, &format!("{path}.version"), issues);
    }
    if text(package, "registryType") == Some("mcpb") && !package.contains("fileSha256") {
        issues.semantic(&format!("{path}.fileSha256"), "is required for `mcpb` packages", "file-sha256-required");
    }
    let mut variables: BTreeSet<&str> =
        objects(package, "environmentVariables", path).iter().filter_map(|(input, _)| text(input, "name")).collect();
    for member in ["runtimeArguments", "packageArguments"] {
        for (argument, path) in objects(package, member, path) {
            self::argument(argument, &path, issues);
            variables.extend(text(argument, "name"));
            variables.extend(text(argument, "valueHint"));
        }
    }
    if let Some(Value::Object(transport)) = package.get("transport") {
        self::transport(transport, &format!("{path}.transport"), &variables, issues);
    }
}

fn argument(argument: &Object, path: &str, issues: &mut Issues) {
    if text(argument, "type") != Some("named") {
        return;
    }
    let name = text(argument, "name").unwrap_or_default();
    let at = format!("{path}.name");
    if name.is_empty() {
        issues.semantic(&at, "is required for a named argument", "named-argument-name-required");
        return;
    }
    if name.contains(['<', '>', '$']) || name.contains(char::is_whitespace) {
        issues.semantic(
            &at,
            format!("must be the flag alone, without its value or a description: {}", quoted(name)),
            "invalid-named-argument-name",
        );
    }
    for member in ["value", "default"] {
        if text(argument, member).is_some_and(|value| value.starts_with(name)) {
            issues.semantic(
                &format!("{path}.{member}"),
                "must not start with the argument's name, which is passed before it",
                "argument-value-starts-with-name",
            );
        }
    }
}

fn transport(transport: &Object, path: &str, variables: &BTreeSet<&str>, issues: &mut Issues) {
    let url = text(transport, "url").unwrap_or_default();
    let at = format!("{path}.url");
    match text(transport, "type") {
        Some("stdio") if !url.is_empty() => {
            issues.semantic(&at, "must be empty for the stdio transport", "stdio-transport-with-url");
        }
        Some("stdio") => {}
        Some("streamable-http" | "sse") if url.is_empty() => {
            issues.semantic(&at, "is required for this transport", "transport-url-required");
        }
        Some("streamable-http" | "sse") => {
            if template_variables(url, variables, &at, issues) && filled(url).is_none() {
                issues.semantic(&at, format!("is no http or https URL: {}", quoted(url)), "invalid-transport-url");
            }
        }
        other => issues.semantic(
            &format!("{path}.type"),
            format!("is no transport of a package: {}", quoted(other.unwrap_or_default())),
            "unsupported-transport-type",
        ),
    }
}

fn remote(remote: &Object, path: &str, issues: &mut Issues) {
    let url = text(remote, "url").unwrap_or_default();
    let at = format!("{path}.url");
    if !matches!(text(remote, "type"), Some("streamable-http" | "sse")) {
        issues.semantic(
            &format!("{path}.type"),
            format!("is no transport of a remote: {}", quoted(text(remote, "type").unwrap_or_default())),
            "unsupported-remote-transport-type",
        );
        return;
    }
    if url.is_empty() {
        issues.semantic(&at, "is required for a remote", "remote-url-required");
        return;
    }
    let declared: BTreeSet<&str> = remote
        .get("variables")
        .and_then(Value::as_object)
        .map(|variables| variables.iter().map(|(name, _)| name).collect())
        .unwrap_or_default();
    if template_variables(url, &declared, &at, issues) && !is_public_https(url) {
        issues.semantic(
            &at,
            format!("must be an https URL of a host that others can reach, not {}", quoted(url)),
            "invalid-remote-url",
        );
    }
}

/// Whether every `{variable}` of a URL template is declared; reports those that are not.
fn template_variables(url: &str, declared: &BTreeSet<&str>, path: &str, issues: &mut Issues) -> bool {
    let undeclared: Vec<String> = braced(url).into_iter().filter(|name| !declared.contains(name)).map(quoted).collect();
    if undeclared.is_empty() {
        return true;
    }
    issues.semantic(
        path,
        format!("uses template variables that are not declared: {}", undeclared.join(", ")),
        "undeclared-template-variable",
    );
    false
}

fn braced(url: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = url;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        names.push(name);
        rest = after;
    }
    names
}

/// The URL with every variable filled in by a number, which fits where a host label, a port or a path segment stands.
fn filled(template: &str) -> Option<Url> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str("80");
        rest = after.split_once('}')?.1;
    }
    out.push_str(rest);
    // Some readers skip slashes until they find a host, and some find none.
    if out.split_once("://").is_some_and(|(_, rest)| rest.starts_with(['/', '\\'])) {
        return None;
    }
    let url = Url::parse(&out).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn is_public_https(template: &str) -> bool {
    filled(template).is_some_and(|url| {
        url.scheme() == "https"
            && match url.host() {
                Some(Host::Domain(domain)) => {
                    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
                    domain != "localhost" && !domain.ends_with(".localhost")
                }
                // Loopback and link-local mean another machine for every reader; the latter is also where clouds keep
                // their credentials. Private networks stay allowed: registries inside a company list such servers.
                // A host that is one variable alone was filled with a number and is judged when it is known.
                Some(Host::Ipv4(address)) => template.contains("://{") || is_public(address),
                Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
                    Some(address) => is_public(address),
                    None => !(address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local()),
                },
                None => false,
            }
    })
}

/// Whether others can mean the same machine by an address.
fn is_public(address: Ipv4Addr) -> bool {
    !(address.is_loopback() || address.is_unspecified() || address.is_link_local())
}

/// Whether a launch's URL can stand as a remote as it is: public, https, and without anything to fill in.
pub(super) fn is_plain_remote(url: &str) -> bool {
    !url.contains(['{', '}', '$']) && !url.contains(char::is_whitespace) && is_public_https(url)
}

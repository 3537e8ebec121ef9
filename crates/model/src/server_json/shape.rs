//! The schema layer: what `server.schema.json` of 2025-12-11 says, by hand, so that every issue has a path and our
//! own words, and no schema engine runs over foreign documents.

use super::Issues;
use crate::{
    hostile::quoted,
    json::{Object, Value},
};

/// An object of the document, where it stands and which definition of the schema describes it.
struct Node<'a> {
    object: &'a Object,
    path: &'a str,
    definition: &'static str,
}

impl<'a> Node<'a> {
    fn path_of(&self, member: &str) -> String {
        if self.path.is_empty() { member.trim_start_matches('$').to_owned() } else { format!("{}.{member}", self.path) }
    }

    fn reference(&self, member: &str) -> String {
        format!("#/definitions/{}/properties/{member}", self.definition)
    }

    fn required(&self, members: &[&str], issues: &mut Issues) {
        for member in members {
            if !self.object.contains(member) {
                issues.schema(
                    &self.path_of(member),
                    "is required",
                    format!("#/definitions/{}/required", self.definition),
                );
            }
        }
    }

    /// The member, if it is present and text; reports it if it is anything else.
    fn text(&self, member: &str, issues: &mut Issues) -> Option<&'a str> {
        match self.object.get(member)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(member, "text", other, issues);
                None
            }
        }
    }

    fn bounded(&self, member: &str, least: usize, most: usize, issues: &mut Issues) {
        if let Some(text) = self.text(member, issues) {
            let length = text.chars().count();
            if length < least {
                issues.schema(&self.path_of(member), "must not be empty", self.reference(member));
            } else if length > most {
                issues.schema(
                    &self.path_of(member),
                    format!("has {length} characters; {most} are allowed"),
                    self.reference(member),
                );
            }
        }
    }

    fn one_of(&self, member: &str, allowed: &[&str], issues: &mut Issues) {
        if let Some(text) = self.text(member, issues)
            && !allowed.contains(&text)
        {
            issues.schema(
                &self.path_of(member),
                format!("is {}; allowed are {}", quoted(text), allowed.join(", ")),
                self.reference(member),
            );
        }
    }

    fn boolean(&self, member: &str, issues: &mut Issues) {
        if let Some(value) = self.object.get(member)
            && value.as_bool().is_none()
        {
            self.wrong_type(member, "a boolean", value, issues);
        }
    }

    fn wrong_type(&self, member: &str, expected: &str, found: &Value, issues: &mut Issues) {
        issues.schema(
            &self.path_of(member),
            format!("must be {expected}, not {}", found.type_name()),
            self.reference(member),
        );
    }

    fn object_member(&self, member: &str, issues: &mut Issues) -> Option<(&'a Object, String)> {
        match self.object.get(member)? {
            Value::Object(object) => Some((object, self.path_of(member))),
            other => {
                self.wrong_type(member, "an object", other, issues);
                None
            }
        }
    }

    fn list(&self, member: &str, issues: &mut Issues) -> Vec<(&'a Value, String)> {
        match self.object.get(member) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let path = self.path_of(member);
                items.iter().enumerate().map(|(index, item)| (item, format!("{path}[{index}]"))).collect()
            }
            Some(other) => {
                self.wrong_type(member, "a list", other, issues);
                Vec::new()
            }
        }
    }

    fn objects(&self, member: &str, issues: &mut Issues) -> Vec<(&'a Object, String)> {
        let mut objects = Vec::new();
        for (item, path) in self.list(member, issues) {
            match item {
                Value::Object(object) => objects.push((object, path)),
                other => issues.schema(
                    &path,
                    format!("must be an object, not {}", other.type_name()),
                    self.reference(member),
                ),
            }
        }
        objects
    }
}

pub(super) fn server(object: &Object, issues: &mut Issues) {
    let node = Node { object, path: "", definition: "ServerDetail" };
    node.required(&["name", "description", "version"], issues);
    node.bounded("$schema", 1, usize::MAX, issues);
    node.bounded("name", 3, 200, issues);
    if let Some(name) = object.get("name").and_then(Value::as_str)
        && !matches_name_pattern(name)
    {
        issues.schema("name", "does not match `^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$`", node.reference("name"));
    }
    node.bounded("description", 1, 100, issues);
    node.bounded("title", 1, 100, issues);
    node.bounded("version", 0, 255, issues);
    node.text("websiteUrl", issues);
    for (icon, path) in node.objects("icons", issues) {
        self::icon(&Node { object: icon, path: &path, definition: "Icon" }, issues);
    }
    if let Some((repository, path)) = node.object_member("repository", issues) {
        let node = Node { object: repository, path: &path, definition: "Repository" };
        node.required(&["url", "source"], issues);
        for member in ["url", "source", "id", "subfolder"] {
            node.text(member, issues);
        }
    }
    for (package, path) in node.objects("packages", issues) {
        self::package(&Node { object: package, path: &path, definition: "Package" }, issues);
    }
    for (remote, path) in node.objects("remotes", issues) {
        let node = Node { object: remote, path: &path, definition: "RemoteTransport" };
        transport(&node, &["streamable-http", "sse"], issues);
        variables(&node, issues);
    }
    if let Some((meta, path)) = node.object_member("_meta", issues) {
        Node { object: meta, path: &path, definition: "ServerDetail" }
            .object_member("io.modelcontextprotocol.registry/publisher-provided", issues);
    }
}

fn matches_name_pattern(name: &str) -> bool {
    let part = |part: &str, underscore: bool| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || (underscore && byte == b'_')
            })
    };
    name.split_once('/').is_some_and(|(namespace, name)| part(namespace, false) && part(name, true))
}

fn icon(node: &Node<'_>, issues: &mut Issues) {
    node.required(&["src"], issues);
    node.bounded("src", 0, 255, issues);
    node.one_of("mimeType", &["image/png", "image/jpeg", "image/jpg", "image/svg+xml", "image/webp"], issues);
    node.one_of("theme", &["light", "dark"], issues);
    for (size, path) in node.list("sizes", issues) {
        let fits = size.as_str().is_some_and(|size| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            size == "any" || size.split_once('x').is_some_and(|(width, height)| digits(width) && digits(height))
        });
        if !fits {
            issues.schema(&path, "must be `any` or a size such as `48x48`", node.reference("sizes"));
        }
    }
}

fn package(node: &Node<'_>, issues: &mut Issues) {
    node.required(&["registryType", "identifier", "transport"], issues);
    for member in ["registryType", "registryBaseUrl", "identifier", "runtimeHint"] {
        node.text(member, issues);
    }
    node.bounded("version", 1, usize::MAX, issues);
    if let Some(digest) = node.text("fileSha256", issues)
        && crate::Digest::from_hex(digest).is_err()
    {
        issues.schema(
            &node.path_of("fileSha256"),
            "must be 64 lower-case hexadecimal digits",
            node.reference("fileSha256"),
        );
    }
    if let Some((object, path)) = node.object_member("transport", issues) {
        let node = Node { object, path: &path, definition: "LocalTransport" };
        transport(&node, &["stdio", "streamable-http", "sse"], issues);
    }
    for member in ["runtimeArguments", "packageArguments"] {
        for (object, path) in node.objects(member, issues) {
            argument(object, &path, issues);
        }
    }
    for (object, path) in node.objects("environmentVariables", issues) {
        key_value(&Node { object, path: &path, definition: "KeyValueInput" }, issues);
    }
}

fn transport(node: &Node<'_>, allowed: &[&str], issues: &mut Issues) {
    node.required(&["type"], issues);
    node.one_of("type", allowed, issues);
    let kind = node.object.get("type").and_then(Value::as_str);
    if matches!(kind, Some("streamable-http" | "sse")) {
        node.required(&["url"], issues);
        if let Some(url) = node.text("url", issues) {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            if !rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
                issues.schema(&node.path_of("url"), "does not match `^https?://[^\\s]+$`", node.reference("url"));
            }
        }
    }
    for (object, path) in node.objects("headers", issues) {
        key_value(&Node { object, path: &path, definition: "KeyValueInput" }, issues);
    }
}

fn key_value(node: &Node<'_>, issues: &mut Issues) {
    node.required(&["name"], issues);
    node.text("name", issues);
    input(node, issues);
    variables(node, issues);
}

fn argument(object: &Object, path: &str, issues: &mut Issues) {
    let kind = object.get("type").and_then(Value::as_str);
    let definition = if kind == Some("named") { "NamedArgument" } else { "PositionalArgument" };
    let node = Node { object, path, definition };
    node.required(&["type"], issues);
    node.one_of("type", &["positional", "named"], issues);
    match kind {
        Some("named") => node.required(&["name"], issues),
        Some("positional") if !object.contains("value") && !object.contains("valueHint") => issues.schema(
            path,
            "a positional argument needs `value` or `valueHint`",
            "#/definitions/PositionalArgument/anyOf".to_owned(),
        ),
        _ => {}
    }
    node.text("name", issues);
    node.text("valueHint", issues);
    node.boolean("isRepeated", issues);
    input(&node, issues);
    variables(&node, issues);
}

fn input(node: &Node<'_>, issues: &mut Issues) {
    for member in ["description", "value", "default", "placeholder"] {
        node.text(member, issues);
    }
    for member in ["isRequired", "isSecret"] {
        node.boolean(member, issues);
    }
    node.one_of("format", &["string", "number", "boolean", "filepath"], issues);
    for (choice, path) in node.list("choices", issues) {
        if choice.as_str().is_none() {
            issues.schema(&path, "must be text", node.reference("choices"));
        }
    }
}

fn variables(node: &Node<'_>, issues: &mut Issues) {
    let Some((variables, path)) = node.object_member("variables", issues) else { return };
    for (name, variable) in variables.iter() {
        // Names of variables are foreign text: quoted in the path like everywhere else.
        let path = format!("{path}[{}]", quoted(name));
        match variable {
            Value::Object(object) => input(&Node { object, path: &path, definition: "Input" }, issues),
            other => issues.schema(
                &path,
                format!("must be an object, not {}", other.type_name()),
                "#/definitions/Input".to_owned(),
            ),
        }
    }
}

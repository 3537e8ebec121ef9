//! The official `server.json` documents, each with the outcome that the official registry gives.

use std::{collections::BTreeMap, fs, path::Path};

use mcp_pin_model::{
    json::{self, Object, Value},
    server_json::{self, Issue, IssueType},
};

/// Documents on which we decide otherwise, each with the reason.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "valid/ownership--valid-mcpb-gitlab.json",
    "its fileSha256 has 63 digits: the schema refuses it, and the official registry's own test never asks the schema",
)];

/// Where a document is refused for a reason that lies outside it.
const OWNERSHIP: &str = "publish+registry-ownership";

/// Reads every document of the index; gives back the counts.
///
/// # Errors
/// The documents whose outcome is another, and exceptions that no longer are any.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let folder = data.join("mcp-registry-api/fixtures");
    let index = read(&folder.join("index.json"))?;
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for record in index.as_array().unwrap_or_default() {
        let member = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let (file, layer) = (member("file"), member("layer"));
        let expected = Expected {
            accepted: file.starts_with("valid/"),
            fits_schema: record.get("schema_valid").and_then(Value::as_bool) != Some(false),
        };
        if layer == OWNERSHIP && !expected.accepted && !file.contains("no-hash") {
            *counts.entry("left out (refused for what a package registry says)").or_default() += 1;
            continue;
        }
        let document = read(&folder.join(file))?;
        let Value::Object(document) = document else { return Err(format!("{file}: not an object")) };
        let problem = compare(&document, layer, member("expect"), expected);
        match (problem, EXCEPTIONS.iter().any(|(name, _)| *name == file)) {
            (None, false) if expected.accepted => *counts.entry("accepted").or_default() += 1,
            (None, false) => *counts.entry("refused").or_default() += 1,
            (Some(_), true) => *counts.entry("argued exceptions").or_default() += 1,
            (None, true) => wrong.push(format!("{file}: listed as an exception, and is none")),
            (Some(problem), false) => wrong.push(format!("{file}: {problem}")),
        }
    }
    if wrong.is_empty() {
        Ok(counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", "))
    } else {
        Err(wrong.join("\n"))
    }
}

#[derive(Clone, Copy)]
struct Expected {
    accepted: bool,
    fits_schema: bool,
}

/// What is wrong with our decision.
fn compare(document: &Object, layer: &str, expect: &str, expected: Expected) -> Option<String> {
    let issues = server_json::validate(document);
    let errors: Vec<&Issue> = issues.iter().filter(|issue| issue.is_error()).collect();
    if !expected.accepted {
        if errors.is_empty() {
            return Some(format!("accepted; expected: {expect}"));
        }
        // Some cases name the places that must be reported.
        let places = ["issues at ", "schema issues at "].iter().find_map(|prefix| expect.strip_prefix(prefix));
        let missing: Vec<&str> = places
            .map(|places| places.strip_prefix(">5 of: ").unwrap_or(places))
            .into_iter()
            .flat_map(|places| places.split(", ").flat_map(|place| place.split(" and ")))
            // A remote without a URL is reported as one of an unknown transport only, as upstream does.
            .filter(|place| *place != "remotes[0].url" && !errors.iter().any(|issue| issue.path == *place))
            .collect();
        return (!missing.is_empty()).then(|| format!("nothing reported at {}", missing.join(", ")));
    }
    // Documents of the semantic layer were never held against the schema by those who wrote them.
    let semantic_only = layer == "semantic" && !expected.fits_schema;
    let judged = errors.into_iter().find(|issue| !(semantic_only && issue.kind == IssueType::Schema));
    judged.map(|issue| format!("refused: {issue}")).or_else(|| {
        let warned = issues.iter().any(|issue| issue.path == "schema");
        (expect.contains("WARNING") && !warned).then(|| "no warning about the old schema".to_owned())
    })
}

fn read(path: &Path) -> Result<Value, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    json::parse(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

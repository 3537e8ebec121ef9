//! Sides out of JSON texts.

use mcp_pin_diff::{
    ChangeReport, Finding, Side, compare, load,
    siblings::{Sibling, among},
};
use mcp_pin_model::{
    Artifact, Launch, ServerName, ServerVersion, Surface, json,
    lockfile::{SignerIdentity, Tombstone},
    placeholder::Placeholder,
};

/// A side that owns what it is made of.
pub(crate) struct Owned {
    pub(crate) surface: Surface,
    pub(crate) placeholders: Vec<Placeholder>,
    pub(crate) launch: Option<Launch>,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) name: Option<ServerName>,
    pub(crate) version: Option<ServerVersion>,
    pub(crate) signer: Option<SignerIdentity>,
    pub(crate) protocol: Option<String>,
    pub(crate) tombstones: Vec<Tombstone>,
}

impl Owned {
    pub(crate) fn of(text: &str) -> Self {
        let document = json::parse(text.as_bytes()).unwrap();
        let member = |name: &str| document.get(name).cloned();
        let text_member = |name: &str| member(name).and_then(|value| value.as_str().map(str::to_owned));
        Self {
            surface: load::surface_document(text.as_bytes()).unwrap(),
            placeholders: member("placeholders").map(|value| json::from_value(&value).unwrap()).unwrap_or_default(),
            launch: member("launch").map(|value| json::from_value(&value).unwrap()),
            artifacts: member("artifacts").map(|value| json::from_value(&value).unwrap()).unwrap_or_default(),
            name: text_member("name").map(|text| text.parse().unwrap()),
            version: text_member("version").map(|text| text.parse().unwrap()),
            signer: member("signer").map(|value| json::from_value(&value).unwrap()),
            protocol: text_member("protocol"),
            tombstones: member("tombstones").map(|value| json::from_value(&value).unwrap()).unwrap_or_default(),
        }
    }

    pub(crate) fn side(&self) -> Side<'_> {
        Side {
            surface: &self.surface,
            placeholders: &self.placeholders,
            launch: self.launch.as_ref(),
            artifacts: &self.artifacts,
            name: self.name.as_ref(),
            version: self.version.as_ref(),
            manifest: None,
            signer: self.signer.as_ref(),
            protocol: self.protocol.as_deref(),
        }
    }
}

/// Compares two documents; `before` may be missing.
pub(crate) fn report(before: Option<&str>, after: &str) -> ChangeReport {
    let (before, after) = (before.map(Owned::of), Owned::of(after));
    let sides = before.as_ref().map(Owned::side);
    compare(sides.as_ref(), &after.side(), &after.tombstones)
}

/// The rules about text that speaks to the model.
pub(crate) const SPEECH: [&str; 8] = [
    "instruction-override",
    "concealment",
    "conversation-delimiter",
    "sensitive-access",
    "exfiltration",
    "tool-redirect",
    "remote-instructions",
    "dangerous-command",
];

/// Whether a rule about text that speaks to the model fired.
pub(crate) fn speaks(report: &ChangeReport) -> bool {
    fired(report).iter().any(|rule| SPEECH.contains(rule))
}

/// The ids of the rules that fired, each once.
pub(crate) fn fired(report: &ChangeReport) -> Vec<&str> {
    let mut rules: Vec<&str> = report.findings().iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// A server with one tool, whose members are given.
pub(crate) fn tool(members: &str) -> String {
    format!(r#"{{"tools":[{{"name":"find",{members}}}]}}"#)
}

/// What is found in an example: the findings of the report, and beside its `siblings` where it has some.
pub(crate) fn findings(before: Option<&str>, after: &str) -> Vec<Finding> {
    let mut findings = report(before, after).findings().to_vec();
    let document = json::parse(after.as_bytes()).unwrap();
    let text = |value: Option<&json::Value>| value.and_then(json::Value::as_str).unwrap_or("subject").to_owned();
    if let Some(siblings) = document.get("siblings").and_then(json::Value::as_array) {
        let owned: Vec<(String, Owned)> = siblings
            .iter()
            .map(|sibling| {
                let name = text(sibling.get("name"));
                let mut document = sibling.as_object().unwrap().clone();
                document.remove("name");
                (name, Owned::of(&json::Value::Object(document).to_canonical_string()))
            })
            .collect();
        let siblings: Vec<Sibling<'_>> =
            owned.iter().map(|(name, owned)| Sibling { name, surface: &owned.surface }).collect();
        let subject = Owned::of(after);
        let name = text(document.get("subject"));
        findings.extend(among(&Sibling { name: &name, surface: &subject.surface }, &siblings));
    }
    findings
}

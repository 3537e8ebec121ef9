//! One digest over everything that decides what counts.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_attest::{IdentityPolicy, KeyEvidence, RequiredEvidence};
use mcp_pin_model::{Digest, Grade, Ring, ServerName, json};
use mcp_pin_policy::{Exemption, Override, Preset};
use serde::Serialize;

use super::{Credential, Settings};
use crate::error::CommandError;

/// What is digested: sorted, so that the order of the file and its comments do not matter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    publishers: BTreeSet<Entry<'a>>,
    approvers: BTreeSet<Entry<'a>>,
    roots: BTreeSet<Root>,
    registries: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    logs: BTreeMap<&'a str, String>,
    preset: Preset,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    exempt: BTreeSet<Exempt<'a>>,
    #[serde(rename = "override", skip_serializing_if = "BTreeSet::is_empty")]
    overrides: BTreeSet<Weighs<'a>>,
    /// The rings that are not the default one, by alias.
    rings: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    principal: &'a str,
    names: BTreeSet<String>,
    key: Option<String>,
    identity: Option<&'a IdentityPolicy>,
    instance: Option<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Root {
    instance: String,
    digest: String,
    evidence: &'static str,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Exempt<'a> {
    fingerprint: &'a str,
    server: Option<&'a str>,
    reason: &'a str,
    author: &'a str,
    expires: String,
}

impl<'a> Exempt<'a> {
    fn of(exemption: &'a Exemption) -> Self {
        Self {
            fingerprint: exemption.fingerprint(),
            server: exemption.server().map(ServerName::as_str),
            reason: exemption.reason(),
            author: exemption.author(),
            expires: exemption.expires().to_string(),
        }
    }
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Weighs<'a> {
    rule: &'a str,
    grade: Grade,
    reason: &'a str,
    expires: Option<String>,
}

impl<'a> Weighs<'a> {
    fn of(weighs: &'a Override) -> Self {
        Self {
            rule: weighs.rule(),
            grade: weighs.grade(),
            reason: weighs.reason(),
            expires: weighs.expires().map(|expires| expires.to_string()),
        }
    }
}

/// How a root's requirement is called in configuration and output.
#[must_use]
pub fn evidence_word(required: RequiredEvidence) -> &'static str {
    match required {
        RequiredEvidence::Timestamp => "timestamp",
        _ => "log",
    }
}

impl Settings {
    /// The digest of whom and what these settings trust: publishers, approvers, roots, registries and their logs, the preset, what is excepted
    /// from the rules, and rings.
    /// Two checks with the same digest count the same signatures.
    ///
    /// # Errors
    /// Never in practice.
    pub fn trust_digest(&self) -> Result<Digest, CommandError> {
        let exceptions = &self.policy.exceptions;
        let publishers = self.trust.publishers.iter();
        let document = Document {
            kind: "urn:mcp-pin:trust:v1",
            publishers: publishers
                .map(|entry| {
                    let names = entry.names.iter().map(ToString::to_string).collect();
                    self::entry(&entry.principal, names, &entry.credential)
                })
                .collect(),
            approvers: self
                .trust
                .approvers
                .iter()
                .map(|entry| self::entry(&entry.name, BTreeSet::new(), &entry.credential))
                .collect(),
            roots: self
                .trust
                .roots
                .iter()
                .map(|root| Root {
                    instance: root.root.instance().to_string(),
                    digest: root.root.digest().to_string(),
                    evidence: evidence_word(root.root.required_evidence()),
                })
                .collect(),
            registries: self.registries.iter().map(url::Url::as_str).collect(),
            logs: self.registry_logs.iter().map(|(url, key)| (url.as_str(), key.to_string())).collect(),
            preset: self.policy.preset,
            exempt: exceptions.exemptions().iter().map(Exempt::of).collect(),
            overrides: exceptions.overrides().iter().map(Weighs::of).collect(),
            rings: self
                .servers
                .iter()
                .filter(|(_, server)| server.ring != Ring::stable())
                .map(|(alias, server)| (alias.as_str(), server.ring.as_str()))
                .collect(),
        };
        json::to_value(&document)
            .map(|document| Digest::of_canonical(&document))
            .map_err(|error| CommandError::internal(format!("the trust has no digest: {error}")))
    }
}

fn entry<'a>(principal: &'a str, names: BTreeSet<String>, credential: &'a Credential) -> Entry<'a> {
    let (key, identity) = match credential {
        Credential::Key { key, evidence } => {
            let log = if *evidence == KeyEvidence::None { "" } else { " in log" };
            (Some(format!("{}{log}", key.id().key)), None)
        }
        Credential::Identity { policy, .. } => (None, Some(policy.as_ref())),
    };
    let instance = credential.instance().map(ToString::to_string);
    Entry { principal, names, key, identity, instance }
}

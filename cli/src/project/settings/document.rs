//! The tables of `mcp-pin.toml`, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) registry: Vec<RegistryTable>,
    #[serde(default)]
    pub(super) trust: TrustTable,
    #[serde(default)]
    pub(super) servers: BTreeMap<Spanned<String>, Spanned<ServerTable>>,
    #[serde(default)]
    pub(super) policy: PolicyTable,
    #[serde(default)]
    pub(super) packages: PackagesTable,
}

/// Where packages come from, in place of what the user's own clients would use.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PackagesTable {
    pub(super) npm: Option<Spanned<String>>,
    pub(super) pypi: Option<Spanned<String>>,
    pub(super) oci: Option<Spanned<String>>,
    pub(super) github_api: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistryTable {
    pub(super) url: Spanned<String>,
    /// The digest of the root that is known.
    pub(super) root: Option<Spanned<String>>,
    /// Its version.
    #[serde(rename = "root-version")]
    pub(super) root_version: Option<Spanned<u64>>,
    /// The key of its log, `<name>+<id>+<key>`.
    #[serde(rename = "log-key")]
    pub(super) log_key: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustTable {
    #[serde(default)]
    pub(super) publisher: Vec<Spanned<EntryTable>>,
    #[serde(default)]
    pub(super) approver: Vec<Spanned<EntryTable>>,
    #[serde(default)]
    pub(super) root: Vec<Spanned<RootTable>>,
}

/// A publisher or an approver. One table for both, since what they sign with is written alike.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EntryTable {
    // Of publishers.
    pub(super) names: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) principal: Option<Spanned<String>>,
    // Of approvers.
    pub(super) name: Option<Spanned<String>>,
    // A key.
    pub(super) key: Option<Spanned<String>>,
    pub(super) evidence: Option<Spanned<String>>,
    // An identity.
    pub(super) issuer: Option<Spanned<String>>,
    pub(super) subject: Option<Spanned<String>>,
    pub(super) repository: Option<Spanned<String>>,
    pub(super) repository_id: Option<Spanned<String>>,
    pub(super) owner_id: Option<Spanned<String>>,
    pub(super) workflow: Option<Spanned<String>>,
    #[serde(rename = "ref")]
    pub(super) reference: Option<Spanned<String>>,
    pub(super) environment: Option<Spanned<String>>,
    pub(super) runner: Option<Spanned<String>>,
    pub(super) instance: Option<Spanned<String>>,
}

impl EntryTable {
    /// The members that a policy of identities is made of, by the names it knows them by.
    pub(super) fn identity(&self) -> [(&'static str, Option<&Spanned<String>>); 9] {
        [
            ("issuer", self.issuer.as_ref()),
            ("subject", self.subject.as_ref()),
            ("repository", self.repository.as_ref()),
            ("repository-id", self.repository_id.as_ref()),
            ("owner-id", self.owner_id.as_ref()),
            ("workflow", self.workflow.as_ref()),
            ("ref", self.reference.as_ref()),
            ("environment", self.environment.as_ref()),
            ("runner", self.runner.as_ref()),
        ]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RootTable {
    pub(super) instance: Spanned<String>,
    pub(super) file: Spanned<String>,
    pub(super) digest: Option<Spanned<String>>,
    pub(super) evidence: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerTable {
    pub(super) name: Spanned<String>,
    pub(super) version: Option<Spanned<String>>,
    pub(super) ring: Option<Spanned<String>>,
    pub(super) registry: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub(super) preset: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) exempt: Vec<Spanned<ExemptTable>>,
    #[serde(default, rename = "override")]
    pub(super) overrides: Vec<Spanned<OverrideTable>>,
}

/// A finding that takes less attention for a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExemptTable {
    pub(super) fingerprint: Spanned<String>,
    pub(super) server: Option<Spanned<String>>,
    pub(super) reason: Spanned<String>,
    pub(super) author: Spanned<String>,
    pub(super) expires: Spanned<toml::value::Datetime>,
}

/// A rule that weighs more or less here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideTable {
    pub(super) rule: Spanned<String>,
    pub(super) grade: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Spanned<toml::value::Datetime>>,
}

//! What an authority says about a signer.

use serde::Serialize;

/// What an authority says about a signer: the issuer, the subject, and where it is a workload, which one.
///
/// From a certificate these are the Fulcio extensions (fulcio `docs/oid-info.md`, arc `1.3.6.1.4.1.57264.1`); from a
/// token the registry fills in the same members. They are claims: worth as much as the authority, and text from outside
/// in any case. Members that the authority did not state are `None`, and no policy that asks for one matches that.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityClaims {
    /// The OIDC issuer. Absent only in certificates that an instance gives to itself, such as GitHub's releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The subject alternative name: a URI with the workflow and its ref, or an e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The source repository's URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The provider's id of the repository: it stays when the repository is renamed, and is not given out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// The provider's id of the repository's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The URI of the top-level workflow with its ref. The subject names the workflow that signed, which may be a reusable
    /// one of somebody else's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The ref that was built, such as `refs/tags/v1.4.2`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `github-hosted`, `gitlab-hosted` or `self-hosted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The event that started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// The run itself, where it can be looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

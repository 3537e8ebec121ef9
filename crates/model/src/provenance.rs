//! Where an artifact was built, as somebody other than its publisher vouches for it.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Where an artifact was built: read from a verified certificate, never from what a package or its host says.
///
/// Members that the certificate does not state are absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// The Sigstore instance whose root vouches for it.
    pub instance: String,
    /// The OIDC issuer. Absent in what an instance attests itself, as GitHub does for releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who signed: the certificate's subject alternative name.
    pub subject: String,
    /// What signed, without the ref: the workflow's URI, which stays the same from version to version.
    pub builder: String,
    /// The repository that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The provider's id of the repository, which stays when it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// The provider's id of the repository's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The ref that was built, such as `refs/tags/v1.4.2`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The type of the attestation's predicate.
    pub predicate_type: String,
    /// The digest of the attestation's payload, by which the bundle is filed.
    pub attestation: Digest,
}

impl Provenance {
    /// What kind of ref was built: `tags`, `heads`, `pull`.
    #[must_use]
    pub fn reference_kind(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("refs/")?.split('/').next()
    }

    /// The members that are present, by the names they are written under, in the order they are written in.
    #[must_use]
    pub fn members(&self) -> Vec<(&'static str, String)> {
        let optional = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        [
            Some(("instance", self.instance.clone())),
            optional("issuer", &self.issuer),
            Some(("subject", self.subject.clone())),
            Some(("builder", self.builder.clone())),
            optional("repository", &self.repository),
            optional("repositoryId", &self.repository_id),
            optional("ownerId", &self.owner_id),
            optional("ref", &self.reference),
            optional("commit", &self.commit),
            Some(("predicateType", self.predicate_type.clone())),
            Some(("attestation", self.attestation.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What became of an artifact's provenance between two versions, where that is more than another commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProvenanceChange {
    /// There was one, and there is none.
    Lost,
    /// Another Sigstore instance vouches.
    Instance,
    /// Another identity provider.
    Issuer,
    /// Another repository, or another one of the same name.
    Repository,
    /// Another owner under the same name.
    Owner,
    /// Another workflow.
    Builder,
    /// Another kind of ref: a branch where tags were built.
    ReferenceKind,
}

impl ProvenanceChange {
    /// What it means, in our words.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Lost => "nobody vouches any more for where the package was built",
            Self::Instance => "another Sigstore instance vouches for where the package was built",
            Self::Issuer => "another identity provider vouches for who built the package",
            Self::Repository => "the package was built from another repository",
            Self::Owner => "the repository that the package was built from has another owner",
            Self::Builder => "another workflow built the package",
            Self::ReferenceKind => "the package was built from another kind of ref",
        }
    }
}

/// What became of a provenance (threat T84). Gaining one, and another ref of the same kind or another commit, are not
/// among it.
#[must_use]
pub fn compare(before: Option<&Provenance>, after: Option<&Provenance>) -> Vec<ProvenanceChange> {
    let Some(before) = before else { return Vec::new() };
    let Some(after) = after else { return vec![ProvenanceChange::Lost] };
    // An id says more than a name: a renamed repository keeps it, and one that took over a name has another.
    let by_id = |before: &Option<String>, after: &Option<String>| match (before, after) {
        (Some(before), Some(after)) => Some(before == after),
        (Some(_), None) => Some(false),
        (None, _) => None,
    };
    let same_repository =
        by_id(&before.repository_id, &after.repository_id).unwrap_or(before.repository == after.repository);
    let same_owner = by_id(&before.owner_id, &after.owner_id).unwrap_or(true);
    [
        (ProvenanceChange::Instance, before.instance != after.instance),
        (ProvenanceChange::Issuer, before.issuer != after.issuer),
        (ProvenanceChange::Repository, !same_repository),
        (ProvenanceChange::Owner, !same_owner),
        (ProvenanceChange::Builder, before.builder != after.builder),
        (ProvenanceChange::ReferenceKind, before.reference_kind() != after.reference_kind()),
    ]
    .into_iter()
    .filter_map(|(change, differs)| differs.then_some(change))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            instance: "public-good".to_owned(),
            issuer: Some("https://issuer.example".to_owned()),
            subject: "https://forge.example/acme/weather/release.yml@refs/tags/v1".to_owned(),
            builder: "https://forge.example/acme/weather/release.yml".to_owned(),
            repository: Some("https://forge.example/acme/weather".to_owned()),
            repository_id: Some("1".to_owned()),
            owner_id: Some("2".to_owned()),
            reference: Some("refs/tags/v1".to_owned()),
            commit: Some("aa".to_owned()),
            predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
            attestation: Digest::of(b"1"),
        }
    }

    #[test]
    fn another_version_from_the_same_place_is_no_change() {
        let before = provenance();
        let mut after = provenance();
        after.reference = Some("refs/tags/v2".to_owned());
        after.subject = after.subject.replace("v1", "v2");
        after.commit = Some("bb".to_owned());
        after.attestation = Digest::of(b"2");
        assert_eq!(compare(Some(&before), Some(&after)), []);
        assert_eq!(compare(None, Some(&after)), []);
        assert_eq!(compare(None, None), []);
    }

    #[test]
    fn t84_what_a_takeover_changes_is_named() {
        use ProvenanceChange as Change;
        type Edit = fn(&mut Provenance);
        let edits: [(Edit, Change); 9] = [
            (|p| p.instance = "github".to_owned(), Change::Instance),
            (|p| p.issuer = Some("https://other.example".to_owned()), Change::Issuer),
            (|p| p.issuer = None, Change::Issuer),
            (|p| p.repository_id = Some("9".to_owned()), Change::Repository),
            (|p| p.repository_id = None, Change::Repository),
            (|p| p.owner_id = Some("9".to_owned()), Change::Owner),
            (|p| p.builder = "https://forge.example/acme/weather/other.yml".to_owned(), Change::Builder),
            (|p| p.reference = Some("refs/heads/main".to_owned()), Change::ReferenceKind),
            (|p| p.reference = None, Change::ReferenceKind),
        ];
        let before = provenance();
        for (edit, change) in edits {
            let mut after = provenance();
            edit(&mut after);
            assert_eq!(compare(Some(&before), Some(&after)), [change]);
        }
        assert_eq!(compare(Some(&before), None), [Change::Lost]);
    }

    #[test]
    fn without_ids_the_name_counts() {
        let mut before = provenance();
        before.repository_id = None;
        let mut after = provenance();
        assert_eq!(compare(Some(&before), Some(&after)), []);
        after.repository = Some("https://forge.example/evil/weather".to_owned());
        assert_eq!(compare(Some(&before), Some(&after)), [ProvenanceChange::Repository]);
    }
}

//! What an identity provider says about a signer, and how a certificate carries it.

use mcp_pin_model::Digest;

/// Who a certificate was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestSubject {
    /// A workload, by URI.
    Uri(String),
    /// A person, by e-mail address.
    Email(String),
}

/// The claims of an identity token, as Fulcio writes them into a certificate (Fulcio, `docs/oid-info.md`): the number
/// beside each is the last arc of its extension under 1.3.6.1.4.1.57264.1. Absent claims have no extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestClaims {
    /// The subject alternative name.
    pub subject: TestSubject,
    /// 8: who issued the token.
    pub issuer: String,
    /// 9: the build instructions that asked for the certificate, with their ref.
    pub build_signer_uri: Option<String>,
    /// 10: the commit of those.
    pub build_signer_digest: Option<String>,
    /// 11: `github-hosted`, `self-hosted`, `gitlab-hosted`.
    pub runner_environment: Option<String>,
    /// 12: the repository that was built.
    pub repository_uri: Option<String>,
    /// 13: the commit that was built.
    pub repository_digest: Option<String>,
    /// 14: the ref that was built.
    pub repository_ref: Option<String>,
    /// 15: the repository's id, which does not change when it is renamed.
    pub repository_id: Option<String>,
    /// 16: the repository's owner.
    pub owner_uri: Option<String>,
    /// 17: the owner's id.
    pub owner_id: Option<String>,
    /// 18: the top-level build instructions, with their ref.
    pub build_config_uri: Option<String>,
    /// 19: the commit of those.
    pub build_config_digest: Option<String>,
    /// 20: the event that started the build.
    pub build_trigger: Option<String>,
    /// 21: the one run that signed.
    pub run_invocation_uri: Option<String>,
    /// 22: `public`, `private`, `internal`.
    pub repository_visibility: Option<String>,
    /// 23: the deployment environment.
    pub deployment_environment: Option<String>,
    /// 24: the token's own subject.
    pub token_subject: Option<String>,
}

/// The commit that builds of these tests are made from.
const COMMIT: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

impl TestClaims {
    /// The issuer of GitHub Actions' tokens.
    pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
    /// The issuer of GitLab's tokens.
    pub const GITLAB_ISSUER: &str = "https://gitlab.com";
    /// The issuer of the tokens of people.
    pub const EMAIL_ISSUER: &str = "https://accounts.example";

    /// A workflow of a public repository on a hosted runner, started by a push. `workflow` is the name of its file.
    /// Ids are derived from the names: other names, other ids.
    #[must_use]
    pub fn github(owner: &str, repository: &str, workflow: &str, git_ref: &str) -> Self {
        let path = format!("{owner}/{repository}");
        let uri = format!("https://github.com/{path}");
        let build = format!("{uri}/.github/workflows/{workflow}@{git_ref}");
        Self {
            build_signer_digest: Some(COMMIT.to_owned()),
            build_config_digest: Some(COMMIT.to_owned()),
            runner_environment: Some("github-hosted".to_owned()),
            owner_uri: Some(format!("https://github.com/{owner}")),
            run_invocation_uri: Some(format!("{uri}/actions/runs/1/attempts/1")),
            token_subject: Some(format!("repo:{path}:ref:{git_ref}")),
            ..Self::build(Self::GITHUB_ISSUER, owner, &path, &uri, &build, git_ref)
        }
    }

    /// A pipeline of a public project on a hosted runner, started by a push.
    #[must_use]
    pub fn gitlab(group: &str, project: &str, git_ref: &str) -> Self {
        let path = format!("{group}/{project}");
        let uri = format!("https://gitlab.com/{path}");
        let build = format!("{uri}//.gitlab-ci.yml@{git_ref}");
        Self {
            build_config_digest: Some(COMMIT.to_owned()),
            build_signer_digest: Some(COMMIT.to_owned()),
            runner_environment: Some("gitlab-hosted".to_owned()),
            owner_uri: Some(format!("https://gitlab.com/{group}")),
            run_invocation_uri: Some(format!("{uri}/-/jobs/1")),
            token_subject: Some(format!("project_path:{path}:ref:{git_ref}")),
            ..Self::build(Self::GITLAB_ISSUER, group, &path, &uri, &build, git_ref)
        }
    }

    /// A person, with no claim beyond their address.
    #[must_use]
    pub fn email(address: &str) -> Self {
        Self::bare(Self::EMAIL_ISSUER, TestSubject::Email(address.to_owned()))
    }

    /// A subject and an issuer, with no further claim.
    #[must_use]
    pub fn bare(issuer: &str, subject: TestSubject) -> Self {
        Self {
            subject,
            issuer: issuer.to_owned(),
            build_signer_uri: None,
            build_signer_digest: None,
            runner_environment: None,
            repository_uri: None,
            repository_digest: None,
            repository_ref: None,
            repository_id: None,
            owner_uri: None,
            owner_id: None,
            build_config_uri: None,
            build_config_digest: None,
            build_trigger: None,
            run_invocation_uri: None,
            repository_visibility: None,
            deployment_environment: None,
            token_subject: None,
        }
    }

    /// What the builds of both providers have in common.
    fn build(issuer: &str, owner: &str, path: &str, uri: &str, build: &str, git_ref: &str) -> Self {
        Self {
            build_signer_uri: Some(build.to_owned()),
            repository_uri: Some(uri.to_owned()),
            repository_digest: Some(COMMIT.to_owned()),
            repository_ref: Some(git_ref.to_owned()),
            repository_id: Some(id_of(path)),
            owner_id: Some(id_of(owner)),
            build_config_uri: Some(build.to_owned()),
            build_trigger: Some("push".to_owned()),
            repository_visibility: Some("public".to_owned()),
            ..Self::bare(issuer, TestSubject::Uri(build.to_owned()))
        }
    }

    /// The claims beside the subject, each with the last arc of its extension.
    pub(super) fn extensions(&self) -> impl Iterator<Item = (u32, &str)> {
        [
            (8, Some(&self.issuer)),
            (9, self.build_signer_uri.as_ref()),
            (10, self.build_signer_digest.as_ref()),
            (11, self.runner_environment.as_ref()),
            (12, self.repository_uri.as_ref()),
            (13, self.repository_digest.as_ref()),
            (14, self.repository_ref.as_ref()),
            (15, self.repository_id.as_ref()),
            (16, self.owner_uri.as_ref()),
            (17, self.owner_id.as_ref()),
            (18, self.build_config_uri.as_ref()),
            (19, self.build_config_digest.as_ref()),
            (20, self.build_trigger.as_ref()),
            (21, self.run_invocation_uri.as_ref()),
            (22, self.repository_visibility.as_ref()),
            (23, self.deployment_environment.as_ref()),
            (24, self.token_subject.as_ref()),
        ]
        .into_iter()
        .filter_map(|(arc, claim)| Some((arc, claim?.as_str())))
    }
}

/// A provider's number for something with a name.
fn id_of(name: &str) -> String {
    let [a, b, c, d, ..] = *Digest::of(name.as_bytes()).as_bytes();
    u32::from_be_bytes([a, b, c, d]).to_string()
}

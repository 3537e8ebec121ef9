//! With what somebody signs: the key of --key, or the options of an identity.

use mcp_pin_attest::{IdentityPolicy, InstanceName};
use mcp_pin_model::json::{self, Object, Value};
use mcp_pin_registry_client::{Credential, NewCredential};
use serde::Serialize;

use super::connection::public_key;
use crate::{
    context::Context,
    error::CommandError,
    ui::{Role, Text, sanitize},
};

/// Certificate identities instead of a key: an issuer and a subject, always both, and whatever else is to hold.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Identity instead of a key")]
pub struct IdentityArguments {
    /// Who authenticated the signer, exactly: `https://token.actions.githubusercontent.com`
    #[arg(long, value_name = "URL", requires = "identity_subject")]
    pub identity_issuer: Option<String>,
    /// Who signs: an e-mail address, or a workflow's URI, where `*` stands for one part of the path or within the ref
    #[arg(long, value_name = "PATTERN", requires = "identity_issuer")]
    pub identity_subject: Option<String>,
    /// The source repository's URI
    #[arg(long, value_name = "URL", requires = "identity_issuer")]
    pub repository: Option<String>,
    /// The provider's numeric id of the repository, which survives renaming
    #[arg(long, value_name = "ID", requires = "identity_issuer")]
    pub repository_id: Option<String>,
    /// The provider's numeric id of the repository's owner
    #[arg(long, value_name = "ID", requires = "identity_issuer")]
    pub owner_id: Option<String>,
    /// The top-level workflow, where the subject is a reusable one
    #[arg(long, value_name = "PATTERN", requires = "identity_issuer")]
    pub workflow: Option<String>,
    /// The ref that is built, such as `refs/tags/v*`
    #[arg(long = "ref", value_name = "PATTERN", requires = "identity_issuer")]
    pub reference: Option<String>,
    /// The deployment environment
    #[arg(long, value_name = "NAME", requires = "identity_issuer")]
    pub environment: Option<String>,
    /// `github-hosted`, `gitlab-hosted` or `self-hosted`
    #[arg(long, value_name = "KIND", requires = "identity_issuer")]
    pub runner: Option<String>,
    /// The Sigstore instance that vouches for the identity, as the registry calls it [default: public-good]
    #[arg(long, value_name = "NAME", requires = "identity_issuer")]
    pub instance: Option<InstanceName>,
}

impl IdentityArguments {
    /// What is to be granted or registered.
    pub(super) fn credential(&self, context: &Context) -> Result<NewCredential, CommandError> {
        let (Some(issuer), Some(subject)) = (&self.identity_issuer, &self.identity_subject) else {
            return Ok(NewCredential::Key { public_key: public_key(context)?.to_spki_pem() });
        };
        if context.key.is_chosen() {
            return Err(CommandError::usage("both an identity and a key are given (--key or MCP_PIN_KEY)")
                .hint("leave out one of them; a principal can have several of each"));
        }
        let members = [
            ("issuer", Some(issuer)),
            ("subject", Some(subject)),
            ("repository", self.repository.as_ref()),
            ("repositoryId", self.repository_id.as_ref()),
            ("ownerId", self.owner_id.as_ref()),
            ("workflow", self.workflow.as_ref()),
            ("ref", self.reference.as_ref()),
            ("environment", self.environment.as_ref()),
            ("runner", self.runner.as_ref()),
        ];
        let members = members.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?.as_str()))));
        let identity: IdentityPolicy = json::from_value(&Value::Object(Object::from_iter(members)))
            .map_err(|error| CommandError::usage(format!("the identity is not one: {error}")))?;
        Ok(NewCredential::Identity { identity, instance: self.instance.clone().unwrap_or_default() })
    }
}

/// With what somebody signs, in JSON output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CredentialDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<InstanceName>,
}

impl CredentialDocument {
    /// In one line, with foreign text in it.
    pub(super) fn line(&self) -> String {
        match (&self.key_id, &self.identity, &self.instance) {
            (Some(key), ..) => format!("key {key}"),
            (None, Some(identity), Some(instance)) => format!("identity {identity}, vouched for by {instance}"),
            _ => "nothing".to_owned(),
        }
    }
}

impl CredentialDocument {
    /// The particulars of a list's item. Whole: whoever compares an identity must see all of it.
    pub(super) fn particulars(&self) -> Text {
        let mut text = Text::new();
        text.push(Role::Dim, format!("  {}", sanitize::line(&self.line())));
        text.newline();
        text
    }
}

impl From<Credential> for CredentialDocument {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::Key { key_id, .. } => Self { key_id: Some(key_id), identity: None, instance: None },
            Credential::Identity { identity, instance } => {
                Self { key_id: None, identity: Some(identity), instance: Some(instance) }
            }
        }
    }
}

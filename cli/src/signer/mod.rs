//! Who signs: a key in a file, an external signer, or an identity.

mod arguments;
mod instance;
mod source;
mod token;
mod trusted;

use mcp_pin_attest::{Attestation, Evidence, SignError, Signer, sign};
use mcp_pin_model::{hostile, statement::Statement};
use mcp_pin_signing::{IdentityToken, Keyless, SigningError};

pub(crate) use self::token::token_text;
pub use self::{
    arguments::SignerArguments,
    instance::InstanceArguments,
    source::KeySource,
    token::{TokenArgument, identity_token},
    trusted::trust_of_keys,
};
use crate::{
    context::Context,
    error::{CommandError, Status},
};

/// What a command signs with.
pub enum ChosenSigner {
    /// A key, in memory or elsewhere.
    Key(Box<dyn Signer>),
    /// An identity, with the services that vouch for it.
    Identity {
        /// The services.
        keyless: Box<Keyless>,
        /// The identity.
        token: Box<IdentityToken>,
    },
}

impl ChosenSigner {
    /// The id of the key; none for an identity.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key.public_key().id().key),
            Self::Identity { .. } => None,
        }
    }

    /// Signs a statement. `what` names it in errors: `the manifest`.
    ///
    /// # Errors
    /// When nothing is signed; exit code 3 where a service or signer was not there.
    pub fn sign<T: Statement>(
        &self,
        context: &Context,
        what: &str,
        statement: &T,
    ) -> Result<Attestation, CommandError> {
        match self {
            Self::Key(key) => sign(statement, key.as_ref()).map_err(|error| key_error(what, &error)),
            Self::Identity { keyless, token } => {
                let progress = context.ui.progress("signing");
                let signed = context.block_on(async {
                    keyless.sign(statement, token).await.map_err(|error| signing_error(what, &error))
                });
                progress.finish();
                let signed = signed?;
                context.ui.talk(signed_as(&signed.evidence));
                Ok(signed.bundle)
            }
        }
    }
}

/// Whom a certificate names, for people: what will count is this, and nothing that was typed here.
pub(crate) fn signed_as(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Certificate { claims, .. } => {
            let subject = claims.subject.as_deref().map_or_else(|| "nobody".to_owned(), hostile::quoted);
            let issuer = claims.issuer.as_deref().map_or_else(|| "nobody".to_owned(), hostile::quoted);
            format!("signed as {subject} of {issuer}; {evidence}")
        }
        evidence => evidence.to_string(),
    }
}

/// What a failed signature of a key means for the caller.
pub(crate) fn key_error(what: &str, error: &SignError) -> CommandError {
    let status = match error {
        // Nothing came out; whether it could have is not known.
        SignError::Signer(_) => Status::CouldNotCheck,
        SignError::Statement(_) => Status::Usage,
        _ => Status::Failed,
    };
    CommandError::new(status, format!("{what} cannot be signed: {error}"))
}

/// What a failed keyless signature means for the caller.
pub(crate) fn signing_error(what: &str, error: &SigningError) -> CommandError {
    let status = match error {
        error if error.is_could_not_check() => Status::CouldNotCheck,
        SigningError::Statement(_) | SigningError::NoSubjectDigest => Status::Usage,
        _ => Status::Failed,
    };
    CommandError::new(status, format!("{what} cannot be signed: {error}"))
}

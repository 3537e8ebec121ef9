//! `mcp-pin verify-bundle`.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use mcp_pin_attest::{
    ArtifactInput, ArtifactSigner, Bundle, Evidence, IdentityPolicy, InstanceName, MAX_BUNDLE_BYTES,
    MAX_TRUSTED_ROOT_BYTES, PublicKey, RequiredEvidence, TrustedRoot, VerificationError, VerifiedArtifact,
    verify_artifact,
};
use mcp_pin_model::{Digest, artifact::ArtifactDigest};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    ui::{Role, Text, sanitize},
};

/// The largest artifact that is read. Larger ones are given by their digest.
const MAX_ARTIFACT_BYTES: u64 = 1 << 30;

/// Verify a Sigstore bundle about a file: who signed it, that a transparency log has it, and that it is about this file
///
/// Bundles of version 0.1 to 0.3 with a message signature or an in-toto statement, signed with a certificate or a key.
/// The signer is always named: an identity with its issuer, or a key. Nothing is fetched.
///
/// Exit codes: 0 verified, 1 refused, 2 usage, 3 could not check.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("signer").required(true).args(["certificate_identity", "key"]))]
pub struct Arguments {
    /// Verify with the root of Sigstore's staging instance
    #[arg(long, conflicts_with_all = ["trusted_root", "instance"])]
    pub staging: bool,
    /// The bundle
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub bundle: PathBuf,
    /// Who has to have signed: a URI, which may hold `*` for parts of its path and ref, or an e-mail address
    #[arg(long, value_name = "IDENTITY", requires = "certificate_oidc_issuer")]
    pub certificate_identity: Option<String>,
    /// Which OIDC issuer has to have authenticated them, exactly
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    pub certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed, as PEM
    // The conformance protocol calls it `--key`, which everywhere else is the private key. With the same id it stands in
    // the place of that global option here.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// Check the key's signature alone: no log has to say when it was signed or that others could see it
    #[arg(long, requires = "key", conflicts_with_all = ["trusted_root", "instance", "staging", "evidence"])]
    pub key_signature_only: bool,
    /// The trusted root to verify with [default: that of the public good instance]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trusted_root: Option<PathBuf>,
    /// The instance whose embedded root to verify with
    #[arg(long, value_name = "NAME", conflicts_with = "trusted_root", value_parser = ["public-good", "staging", "github"])]
    pub instance: Option<String>,
    /// What has to come with the signature; a timestamp alone is for instances that have no log
    #[arg(long, value_enum, value_name = "KIND")]
    pub evidence: Option<EvidenceKind>,
    /// Accept no statement but one with this predicate
    #[arg(long, value_name = "TYPE")]
    pub predicate_type: Option<String>,
    /// The artifact: a file, or its digest as `sha256:<hex>`
    #[arg(value_name = "FILE|DIGEST", value_hint = ValueHint::FilePath)]
    pub artifact: String,
}

/// What has to come with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EvidenceKind {
    /// An entry of a transparency log.
    Log,
    /// A timestamp of an authority.
    Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    outcome: &'static str,
    bundle: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<&'a str>,
    evidence: &'a Evidence,
}

/// Runs it.
///
/// # Errors
/// Exit code 1 when the bundle is refused, 3 when it cannot be checked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let path = context.directory.join(&arguments.bundle);
    let shown = sanitize::one_line(&arguments.bundle.display().to_string());
    let refused = |error: VerificationError| {
        let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Failed };
        CommandError::new(status, format!("{shown} is not accepted: {error}"))
    };
    let bundle = Bundle::from_bytes(read(&path, MAX_BUNDLE_BYTES as u64)?).map_err(refused)?;
    let root = root(arguments, context)?;
    let signer = Signer::read(arguments, context)?;
    let artifact = Artifact::read(arguments, context)?;
    let verified = verify_artifact(&bundle, artifact.input(), signer.of(arguments), &root).map_err(refused)?;
    check_predicate(arguments, &shown, &verified)?;
    let statement = verified.statement();
    if context.format == Format::Json {
        let document = Document {
            outcome: "passed",
            bundle: bundle.digest(),
            predicate_type: statement.map(mcp_pin_attest::ForeignStatement::predicate_type),
            evidence: verified.evidence(),
        };
        json::print(&context.ui, "verify-bundle", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Good, "verified ").with(Role::Strong, sanitize::line(&arguments.artifact));
    text.newline();
    if let Some(statement) = statement {
        text.push(Role::Dim, "  predicate ");
        text.plain(sanitize::line(statement.predicate_type()));
        text.newline();
    }
    for line in verified.evidence().chain() {
        text.push(Role::Dim, format!("  {}", sanitize::one_line(&line)));
        text.newline();
    }
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}

fn check_predicate(arguments: &Arguments, bundle: &str, verified: &VerifiedArtifact) -> Result<(), CommandError> {
    let Some(wanted) = &arguments.predicate_type else { return Ok(()) };
    match verified.statement() {
        Some(statement) if statement.predicate_type() == wanted => Ok(()),
        Some(statement) => Err(CommandError::failed(format!(
            "{bundle} holds a statement with the predicate {}, and {} is wanted",
            sanitize::quoted(statement.predicate_type()),
            sanitize::quoted(wanted)
        ))),
        None => Err(CommandError::failed(format!("{bundle} holds a bare signature, and a statement is wanted"))),
    }
}

/// The root to verify with. Only a private one is read from a file, and its instance has no name here.
fn root(arguments: &Arguments, context: &Context) -> Result<TrustedRoot, CommandError> {
    let instance = match (&arguments.instance, arguments.staging) {
        (Some(name), _) => name.parse().map_err(|error| CommandError::usage(format!("`--instance`: {error}")))?,
        (None, true) => InstanceName::Staging,
        (None, false) => InstanceName::PublicGood,
    };
    let required = match (arguments.evidence, &instance) {
        (Some(EvidenceKind::Timestamp), _) | (None, InstanceName::GitHub) => RequiredEvidence::Timestamp,
        (Some(EvidenceKind::Log) | None, _) => RequiredEvidence::Log,
    };
    let (name, result) = match &arguments.trusted_root {
        Some(file) => {
            let bytes = read(&context.directory.join(file), MAX_TRUSTED_ROOT_BYTES as u64)?;
            let name = InstanceName::Private("trusted-root".to_owned());
            (file.display().to_string(), TrustedRoot::from_json(name, &bytes, required))
        }
        None => {
            let json =
                TrustedRoot::embedded_json(&instance).ok_or_else(|| CommandError::internal("no root is embedded"))?;
            (instance.to_string(), TrustedRoot::from_json(instance, json.as_bytes(), required))
        }
    };
    result.map_err(|error| {
        CommandError::could_not_check(format!("the trusted root {}: {error}", sanitize::one_line(&name)))
    })
}

/// Who has to have signed, read.
enum Signer {
    Identity(Box<IdentityPolicy>),
    Key(Box<PublicKey>),
}

impl Signer {
    fn read(arguments: &Arguments, context: &Context) -> Result<Self, CommandError> {
        // An identity first: a key may come from the environment, where it is the private one of other commands.
        if let (None, Some(file)) = (&arguments.certificate_identity, &arguments.key) {
            let bytes = read(&context.directory.join(file), mcp_pin_attest::MAX_KEY_TEXT_BYTES as u64)?;
            let shown = sanitize::one_line(&file.display().to_string());
            let text =
                String::from_utf8(bytes).map_err(|_| CommandError::usage(format!("the key {shown} is not text")))?;
            let key = PublicKey::from_spki_pem(&text)
                .map_err(|error| CommandError::usage(format!("the key {shown} cannot be used: {error}")))?;
            return Ok(Self::Key(Box::new(key)));
        }
        let issuer = arguments.certificate_oidc_issuer.clone().unwrap_or_default();
        let identity = arguments.certificate_identity.as_deref().unwrap_or_default();
        IdentityPolicy::new(issuer, identity)
            .map(|policy| Self::Identity(Box::new(policy)))
            .map_err(|error| CommandError::usage(error.to_string()))
    }

    fn of(&self, arguments: &Arguments) -> ArtifactSigner<'_> {
        match self {
            Self::Identity(policy) => ArtifactSigner::Identity(policy),
            Self::Key(key) if arguments.key_signature_only => ArtifactSigner::KeyWithoutEvidence(key),
            Self::Key(key) => ArtifactSigner::Key(key),
        }
    }
}

/// The artifact, read.
enum Artifact {
    Bytes(Vec<u8>),
    Digest(ArtifactDigest),
}

impl Artifact {
    fn read(arguments: &Arguments, context: &Context) -> Result<Self, CommandError> {
        let text = &arguments.artifact;
        let is_digest = ["sha256:", "sha384:", "sha512:"].iter().any(|prefix| text.starts_with(prefix));
        if is_digest {
            return text
                .parse()
                .map(Self::Digest)
                .map_err(|error| CommandError::usage(format!("{}: {error}", sanitize::quoted(text))));
        }
        read(&context.directory.join(text), MAX_ARTIFACT_BYTES).map(Self::Bytes)
    }

    fn input(&self) -> ArtifactInput<'_> {
        match self {
            Self::Bytes(bytes) => ArtifactInput::Bytes(bytes),
            Self::Digest(digest) => ArtifactInput::Digest(digest),
        }
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    crate::state::read_bounded(path, limit)?
        .ok_or_else(|| CommandError::could_not_check(format!("there is no file {}", path.display())))
}

//! `mcp-pin submit`.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use mcp_pin_attest::{Attestation, Bundle, MAX_ATTESTATION_BYTES, MAX_BUNDLE_BYTES};
use mcp_pin_model::{Alias, Digest, Manifest, ServerName, statement::Statement as _};
use mcp_pin_registry_client::{ClientError, RegistryClient, SubmissionState};
use serde::Serialize;

use super::registry::{
    connection::{Connection, ask},
    login::{LoginArguments, publisher},
    submissions::{self, SubmissionDocument},
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    publishing::{Origin, ServerJson, known_here},
    render::{
        json,
        report_human::{grade_role, grade_word},
    },
    signer::SignerArguments,
    state::read_bounded,
    ui::{Role, Text, sanitize},
};

/// Sign a manifest of a server and submit it to a registry
///
/// The server is captured as it is now, as the client's configuration starts it; with --locked, what is locked is
/// taken instead, and with --bundle what `mcp-pin manifest sign` signed. The registry holds it until its approvers consent;
/// what is live goes on being served.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The server's alias in the configuration
    #[arg(value_name = "ALIAS", required_unless_present = "bundle", requires = "server_json")]
    pub alias: Option<Alias>,
    /// The official server.json of this version
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "alias")]
    pub server_json: Option<PathBuf>,
    /// Take the locked surface instead of capturing the server
    #[arg(long, requires = "alias")]
    pub locked: bool,
    /// Submit a manifest that is signed already
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["alias", "keyless"])]
    pub bundle: Option<PathBuf>,
    /// An attestation of a package, as `mcp-pin manifest sign` wrote it beside the manifest; may be given several times
    #[arg(long, value_name = "FILE", requires = "bundle", value_hint = ValueHint::FilePath)]
    pub evidence: Vec<PathBuf>,
    /// Who signs.
    #[command(flatten)]
    pub signer: SignerArguments,
    /// As which CI job, where there is no access token.
    #[command(flatten)]
    pub login: LoginArguments,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
struct Document {
    registry: String,
    submission: SubmissionDocument,
}

/// Runs it.
///
/// # Errors
/// When the document breaks the rules, the server cannot be captured, or the registry refuses.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let (client, attestation, manifest, evidence) = match (&arguments.bundle, &arguments.alias, &arguments.server_json)
    {
        (Some(bundle), _, _) => {
            let (attestation, manifest) = signed_already(context, bundle)?;
            let evidence =
                arguments.evidence.iter().map(|path| read_evidence(context, path)).collect::<Result<_, _>>()?;
            (publisher(context, &arguments.connection, &arguments.login)?, attestation, manifest, evidence)
        }
        (None, Some(alias), Some(server_json)) => {
            let server = ServerJson::read(context, server_json)?;
            let signer = arguments.signer.open(context)?;
            let client = publisher(context, &arguments.connection, &arguments.login)?;
            let origin = if arguments.locked { Origin::Locked(alias) } else { Origin::Configured(alias) };
            let known = known_here(context, origin)?;
            let previous = previous(context, &client, &server.name()?)?;
            let manifest = server.manifest(known.manifest, previous)?;
            let attestation = signer.sign(context, "the manifest", &manifest)?;
            (client, attestation, manifest.digest(), known.evidence)
        }
        _ => return Err(CommandError::usage("an alias with --server-json, or --bundle, says what to submit")),
    };
    let evidence: Vec<Bundle> = evidence;
    let submission = ask(context, "submitting", async {
        if evidence.is_empty() {
            client.submit(&attestation).await
        } else {
            client.submit_with_evidence(&attestation, &evidence).await
        }
    })?;
    if submission.manifest != manifest {
        return Err(CommandError::failed("the registry took another manifest than was sent"));
    }
    if context.format == Format::Json {
        let document = Document { registry: client.base().to_owned(), submission: SubmissionDocument::of(&submission) };
        json::print(&context.ui, "submit", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Good, "submitted ");
    text.push(Role::Strong, format!("{}@{}", submission.server, submission.version));
    text.plain(format!(" to {}\n", client.base()));
    let mut line = |label: &str, value: Text| {
        text.push(Role::Dim, format!("  {label:<15}"));
        text.append(value);
        text.newline();
    };
    line("submission", sanitize::line(&submission.id).into());
    line("manifest", submission.manifest.to_string().into());
    line("state", submission.state.as_str().into());
    line("grade", Text::new().with(grade_role(submission.grade), grade_word(submission.grade)));
    line("change report", submission.changes.to_string().into());
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    if submission.state == SubmissionState::Pending {
        context.ui.hint(format!(
            "an approver reviews it with `mcp-pin approve {}@{}`",
            submission.server, submission.version
        ));
    }
    Ok(Status::Passed)
}

/// A manifest that was signed before. The registry verifies it, as everybody does after it.
fn signed_already(context: &Context, path: &Path) -> Result<(Attestation, Digest), CommandError> {
    let bytes = read_bounded(&context.directory.join(path), MAX_ATTESTATION_BYTES as u64)?
        .ok_or_else(|| CommandError::usage(format!("there is no bundle {}", path.display())))?;
    let unusable = |problem: String| CommandError::usage(problem).at(path, None);
    let attestation = Attestation::from_bytes(bytes).map_err(|error| unusable(error.to_string()))?;
    let manifest: Manifest = attestation.statement_unverified().map_err(|error| unusable(error.to_string()))?;
    Ok((attestation, manifest.digest()))
}

/// What is attested about a package. The registry verifies it, as everybody does after it.
fn read_evidence(context: &Context, path: &Path) -> Result<Bundle, CommandError> {
    let bytes = read_bounded(&context.directory.join(path), MAX_BUNDLE_BYTES as u64)?
        .ok_or_else(|| CommandError::usage(format!("there is no evidence {}", path.display())))?;
    Bundle::from_bytes(bytes).map_err(|error| CommandError::usage(error.to_string()).at(path, None))
}

/// The manifest before this one: the live one; after a revocation, the last that was live.
fn previous(context: &Context, client: &RegistryClient, name: &ServerName) -> Result<Option<Digest>, CommandError> {
    let latest = ask(context, "asking what is live", async {
        match client.latest(name).await {
            Ok(entry) => Ok(Some(entry)),
            Err(ClientError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    })?;
    if let Some(latest) = latest {
        return Ok(latest.manifest);
    }
    let once_live = submissions::all(context, client, None)?
        .into_iter()
        .filter(|submission| submission.server == *name && submission.live_since.is_some());
    Ok(once_live.max_by(|a, b| a.version.cmp(&b.version)).map(|submission| submission.manifest))
}

//! `mcp-pin submit`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_attest::sign;
use mcp_pin_model::{
    Alias, Digest, Manifest, ServerName,
    json::{self as strict, Object, Value},
    server_json,
    statement::Statement as _,
};
use mcp_pin_registry_client::{ClientError, RegistryClient, SubmissionState};
use serde::Serialize;

use super::registry::{
    connection::{Connection, ask},
    submissions::{self, SubmissionDocument},
};
use crate::{
    capture::{Wanted, capture},
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{
        json,
        report_human::{grade_role, grade_word},
    },
    state::{read_bounded, verification::check},
    ui::{Role, Text, sanitize},
};

/// The largest `server.json`: those of real registries have some 10 KiB.
const MAX_SERVER_JSON_BYTES: u64 = 1 << 20;

/// Sign a manifest of a server and submit it to a registry
///
/// The server is captured as it is now, as the client's configuration starts it; with --locked, what is locked is
/// taken instead. The registry holds it until its approvers consent; what is live goes on being served.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The server's alias in the configuration
    #[arg(value_name = "ALIAS")]
    pub alias: Alias,
    /// The official server.json of this version
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub server_json: PathBuf,
    /// Take the locked surface instead of capturing the server
    #[arg(long)]
    pub locked: bool,
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
    let server = read_server_json(context, arguments)?;
    let key = context.key.require()?;
    let client = arguments.connection.authorized(context)?;
    let template = manifest_here(arguments, context)?;
    let previous = previous(context, &client, &server)?;
    let manifest =
        Manifest::new(server, template.surface, template.launch, template.artifacts, template.capture, previous)
            .map_err(|error| CommandError::usage(error.to_string()).at(&arguments.server_json, None))?;
    let attestation = sign(&manifest, &key)
        .map_err(|error| CommandError::failed(format!("the manifest cannot be signed: {error}")))?;
    let submission = ask(context, "submitting", client.submit(&attestation))?;
    if submission.manifest != manifest.digest() {
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

fn read_server_json(context: &Context, arguments: &Arguments) -> Result<Object, CommandError> {
    let path = &arguments.server_json;
    let bytes = read_bounded(&context.directory.join(path), MAX_SERVER_JSON_BYTES)?
        .ok_or_else(|| CommandError::usage(format!("there is no {}", path.display())))?;
    let value = strict::parse(&bytes).map_err(|error| CommandError::usage(error.to_string()).at(path, None))?;
    let Value::Object(server) = value else {
        return Err(CommandError::usage("it is not an object").at(path, None));
    };
    let mut errors = server_json::validate(&server).into_iter().filter(server_json::Issue::is_error).peekable();
    if errors.peek().is_none() {
        return Ok(server);
    }
    let failure = CommandError::usage("the document breaks the rules of server.json").at(path, None);
    Err(errors.fold(failure, |failure, issue| failure.detail(issue.to_string())))
}

/// What is known here about the server, as a manifest of a local lock would say it.
fn manifest_here(arguments: &Arguments, context: &Context) -> Result<Manifest, CommandError> {
    let alias = &arguments.alias;
    let project = context.project()?;
    if arguments.locked {
        let state = context.state(&project);
        let lock = state.require_lock()?;
        let server = lock.server(alias).ok_or_else(|| {
            CommandError::usage(format!("`{alias}` is not locked")).hint(format!("mcp-pin lock {alias}"))
        })?;
        let checked = check(&state, &project.settings, server, context.now());
        if let Some(failure) = checked.failures.first() {
            return Err(CommandError::new(failure.status, format!("the lock of `{alias}` does not hold: {failure}")));
        }
        return checked
            .locked
            .map(|locked| locked.manifest.statement().clone())
            .ok_or_else(|| CommandError::could_not_check(format!("the lock of `{alias}` could not be checked")));
    }
    let server = project.server(alias).ok_or_else(|| {
        CommandError::usage(format!("no client is configured with a server `{alias}`"))
            .hint("`mcp-pin ls` lists the servers")
    })?;
    crate::consenting::refuse_unlockable(server)?;
    capture(context, &project, &Wanted { server, locked: None })?.to_local_manifest(alias, None, context.now())
}

/// The manifest before this one: the live one; after a revocation, the last that was live.
fn previous(context: &Context, client: &RegistryClient, server: &Object) -> Result<Option<Digest>, CommandError> {
    // The document passed its rules, so the name is there.
    let name: ServerName = server
        .get("name")
        .and_then(Value::as_str)
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| CommandError::usage("server.json: `name` is missing"))?;
    let latest = ask(context, "asking what is live", async {
        match client.latest(&name).await {
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
        .filter(|submission| submission.server == name && submission.live_since.is_some());
    Ok(once_live.max_by(|a, b| a.version.cmp(&b.version)).map(|submission| submission.manifest))
}

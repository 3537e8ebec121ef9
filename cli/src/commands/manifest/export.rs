//! `mcp-pin manifest export`.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{ValueEnum, ValueHint};
use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{Attestation, MAX_ATTESTATION_BYTES, sign_capability_manifest, verify_with_keys_only};
use mcp_pin_model::{
    Alias, CapabilityManifest, Entry, EntryKind, Manifest,
    capability_manifest::{Audience, LISTED_KINDS, ListedEntry, OwnContentHash},
    json::Value,
    lockfile::KeyIdentity,
};
use serde::Serialize;

use super::locked;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::Project,
    render::json,
    review,
    state::{read_bounded, write_atomic},
    ui::{Role, Text, sanitize},
};

/// The longest lifetime: what is compromised or replaced must not verify for years, and there is no revocation.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Sign what is locked in a form that other software reads
///
/// SEP-3140 (draft): a list of the content hashes of all tools, prompts and resources, signed as a detached JWS with your
/// key, for one server and until one time. Instructions, resource templates, skills and what the server says about itself
/// are not part of that form: the lock pins them, such a manifest does not.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["alias", "bundle"]))]
pub struct Arguments {
    /// The form
    // `--format` is how results are printed, in every command.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Form,
    /// The locked server
    #[arg(value_name = "ALIAS")]
    pub alias: Option<Alias>,
    /// A signed manifest of mcp-pin instead, from a publisher whom mcp-pin.toml trusts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub bundle: Option<PathBuf>,
    /// The server that it is for: its canonical URI (RFC 8707), as clients know it
    #[arg(long, value_name = "URI")]
    pub audience: Audience,
    /// The publisher's metadata document
    #[arg(long, value_name = "URL")]
    pub publisher: String,
    /// Until when it holds, at most 366 days from now (2026-12-31T00:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub expires: Timestamp,
    /// Where to write it
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
}

/// A form of signed manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The signed capability manifest of MCP SEP-3140.
    #[value(name = "sep-3140")]
    Sep3140,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    file: String,
    form: &'static str,
    audience: &'a Audience,
    key: KeyIdentity,
    issued_at: Timestamp,
    expires_at: Timestamp,
    tools: usize,
    prompts: usize,
    resources: usize,
    not_covered: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When what is to be exported does not verify, contradicts itself or cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let Form::Sep3140 = arguments.form;
    let project = context.project()?;
    let now = context.now();
    if arguments.expires <= now || arguments.expires.duration_since(now) > MAX_LIFETIME {
        return Err(CommandError::usage("`--expires` is not within the next 366 days"));
    }
    let key = context.signing_key()?;
    let statement = source(arguments, context, &project)?;
    let manifest = capability_manifest(arguments, &statement, now)?;
    let signed = sign_capability_manifest(&manifest, key.as_ref())
        .map_err(|error| CommandError::failed(format!("nothing was signed: {error}")))?;
    let path = context.directory.join(&arguments.output);
    write_atomic(&path, signed.to_text().as_bytes())?;
    let not_covered = not_covered(&statement);
    let document = Document {
        file: arguments.output.display().to_string(),
        form: "sep-3140",
        audience: &arguments.audience,
        key: key.public_key().id(),
        issued_at: manifest.issued_at,
        expires_at: manifest.expires_at,
        tools: manifest.tools.len(),
        prompts: manifest.prompts.len(),
        resources: manifest.resources.len(),
        not_covered,
    };
    match context.format {
        Format::Json => json::print(&context.ui, "manifest-export", &document)?,
        Format::Human => review::print(context, human(&document))?,
    }
    Ok(Status::Passed)
}

/// The manifest to export, verified.
fn source(arguments: &Arguments, context: &Context, project: &Project) -> Result<Manifest, CommandError> {
    if let Some(alias) = &arguments.alias {
        return Ok(locked::require(context, project, alias)?.manifest.statement().clone());
    }
    let file = arguments.bundle.as_ref().ok_or_else(|| CommandError::usage("neither an alias nor `--bundle`"))?;
    let shown = sanitize::one_line(&file.display().to_string());
    let bytes = read_bounded(&context.directory.join(file), MAX_ATTESTATION_BYTES as u64)?
        .ok_or_else(|| CommandError::could_not_check(format!("there is no file {shown}")))?;
    let refused = |error: &dyn std::fmt::Display| CommandError::failed(format!("{shown} is not accepted: {error}"));
    let attestation = Attestation::from_bytes(bytes).map_err(|error| refused(&error))?;
    // Read to find out whom to trust with it, then verified against exactly those.
    let claimed: Manifest = attestation.statement_unverified().map_err(|error| refused(&error))?;
    let publishers = project.settings.publishers_of(claimed.name());
    verify_with_keys_only::<Manifest>(&attestation, &publishers).map(|verified| verified.statement().clone()).map_err(
        |error| {
            let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Failed };
            CommandError { status, ..refused(&error) }
        },
    )
}

fn capability_manifest(
    arguments: &Arguments,
    statement: &Manifest,
    now: Timestamp,
) -> Result<CapabilityManifest, CommandError> {
    let list = |kind| {
        let entries = statement.surface.section(kind).unwrap_or_default();
        entries.iter().map(|entry| listed(entry, statement)).collect::<Result<Vec<_>, _>>()
    };
    Ok(CapabilityManifest {
        server: arguments.audience.clone(),
        publisher: arguments.publisher.clone(),
        spec_version: statement.capture.protocol_version.clone(),
        issued_at: now,
        expires_at: arguments.expires,
        nonce: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        tools: list(EntryKind::Tool)?,
        prompts: list(EntryKind::Prompt)?,
        resources: list(EntryKind::Resource)?,
    })
}

/// An entry as the manifest lists it. What would contradict the server's own words, or could never match them, is not
/// signed.
fn listed(entry: &Entry, statement: &Manifest) -> Result<ListedEntry, CommandError> {
    let refused = |problem: &str| {
        let shown = sanitize::quoted(entry.key());
        Err(CommandError::failed(format!("nothing was signed: the {} {shown} {problem}", entry.kind().noun())))
    };
    let is_resource = entry.kind() == EntryKind::Resource;
    if !is_resource && entry.stored_form_may_differ(&statement.capture.placeholders) {
        return refused("names the machine it was captured on, so that its hash is another one everywhere else");
    }
    match entry.own_content_hash() {
        OwnContentHash::Absent | OwnContentHash::Matches => {}
        OwnContentHash::Mismatch { .. } if is_resource => {
            return refused("carries a `contentHash` over what a lock does not keep, such as its size");
        }
        OwnContentHash::Mismatch { .. } => return refused("carries the `contentHash` of something else"),
        OwnContentHash::Malformed(_) => return refused("carries a `contentHash` that is none"),
    }
    let text = |member| entry.value().get(member).and_then(Value::as_str).map(str::to_owned);
    let Some(name) = text("name").filter(|name| !name.is_empty()) else {
        return refused("has no name");
    };
    Ok(ListedEntry {
        name,
        uri: is_resource.then(|| entry.key().to_owned()),
        version: text("version"),
        content_hash: entry.digest().into(),
    })
}

/// What the lock pins and such a manifest says nothing about.
pub(super) fn not_covered(statement: &Manifest) -> Vec<String> {
    let surface = &statement.surface;
    let mut out = Vec::new();
    if surface.instructions().is_some() {
        out.push("the instructions".to_owned());
    }
    for kind in EntryKind::ALL.into_iter().filter(|kind| !LISTED_KINDS.contains(kind)) {
        let count = surface.section(kind).unwrap_or_default().len();
        if count > 0 {
            out.push(format!("{count} {}{}", kind.noun(), if count == 1 { "" } else { "s" }));
        }
    }
    out
}

fn human(document: &Document<'_>) -> Text {
    let mut out = Text::new().with(Role::Good, "signed ").with(Role::Strong, sanitize::one_line(&document.file));
    out.newline();
    out.push(
        Role::Dim,
        format!(
            "  {} tools, {} prompts, {} resources\n  for {}\n  until {}\n  key {}\n",
            document.tools,
            document.prompts,
            document.resources,
            sanitize::line(document.audience.as_str()),
            document.expires_at,
            document.key.key
        ),
    );
    if !document.not_covered.is_empty() {
        out.push(Role::Warning, format!("  not covered by this form: {}\n", document.not_covered.join(", ")));
    }
    out
}

//! `mcp-pin manifest import`.

use std::{io::Read as _, path::PathBuf};

use clap::ValueHint;
use jiff::Timestamp;
use mcp_pin_attest::{
    MAX_CAPABILITY_MANIFEST_BYTES, SignedCapabilityManifest, VerifiedCapabilityManifest, verify_capability_manifest,
};
use mcp_pin_model::{
    Alias,
    capability_manifest::{
        Audience,
        agreement::{Agreement, EntryAgreement, compare},
    },
    lockfile::KeyIdentity,
};
use serde::Serialize;

use super::{
    export::{Form, not_covered},
    locked,
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    review,
    signer::trust_of_keys,
    state::read_bounded,
    ui::{Role, Text, sanitize},
};

/// Verify a signed manifest of other software and compare it with what is locked
///
/// SEP-3140 (draft): its signature by a trusted key, whom it is for and until when, then every content hash against the
/// locked surface. The lock is not changed: such a manifest is evidence, and what is admitted stays what was consented
/// to. The SEP's rule that a change of title or icons does not matter is not followed.
///
/// Exit codes: 0 everything agrees, 1 refused or contradicted, 3 something could not be checked.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The form
    // `--format` is how results are printed, in every command.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Form,
    /// The locked server to compare with
    #[arg(value_name = "ALIAS")]
    pub alias: Alias,
    /// The document; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The server that it has to be for: its canonical URI (RFC 8707)
    #[arg(long, value_name = "URI")]
    pub audience: Audience,
    /// A public key that may have signed, as PEM; may be given several times [default: the publishers of mcp-pin.toml]
    // `--key` is the private key, in every command.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub signer_key: Vec<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    outcome: Status,
    alias: &'a Alias,
    form: &'static str,
    audience: &'a Audience,
    /// Whose key it is, by the configuration.
    principal: &'a str,
    key: &'a KeyIdentity,
    /// What the signer says about itself.
    publisher: &'a str,
    issued_at: Timestamp,
    expires_at: Timestamp,
    entries: &'a [EntryAgreement],
    not_covered: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// Exit code 1 when the document is refused, 3 when nobody is trusted to have signed it.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let Form::Sep3140 = arguments.form;
    let project = context.project()?;
    let locked = locked::require(context, &project, &arguments.alias)?;
    let trust = if arguments.signer_key.is_empty() {
        project.settings.publishers_of(&locked.server.name)
    } else {
        trust_of_keys(context, &arguments.signer_key)?
    };
    let shown = sanitize::one_line(&arguments.file.display().to_string());
    let refused = |error| CommandError::failed(format!("{shown} is not accepted: {error}"));
    let document = SignedCapabilityManifest::from_bytes(&read(arguments, context)?).map_err(refused)?;
    if trust.is_empty() {
        return Err(CommandError::could_not_check(format!("nobody is trusted to sign for `{}`", locked.server.name))
            .hint("name the key with `--signer-key`, or a [[trust.publisher]] in mcp-pin.toml"));
    }
    let verified =
        verify_capability_manifest(&document, &trust, &arguments.audience, context.now()).map_err(refused)?;
    let statement = locked.manifest.statement();
    let entries = compare(verified.manifest(), &statement.surface, &statement.capture.placeholders);
    let status = entries.iter().fold(Status::Passed, |status, entry| status.and(status_of(&entry.agreement)));
    let manifest = verified.manifest();
    let document = Document {
        outcome: status,
        alias: &arguments.alias,
        form: "sep-3140",
        audience: &arguments.audience,
        principal: verified.principal(),
        key: verified.key(),
        publisher: &manifest.publisher,
        issued_at: manifest.issued_at,
        expires_at: manifest.expires_at,
        entries: &entries,
        not_covered: not_covered(statement),
    };
    match context.format {
        Format::Json => json::print(&context.ui, "manifest-import", &document)?,
        Format::Human => review::print(context, human(&document, &verified))?,
    }
    Ok(status)
}

fn read(arguments: &Arguments, context: &Context) -> Result<Vec<u8>, CommandError> {
    let limit = MAX_CAPABILITY_MANIFEST_BYTES as u64;
    if arguments.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        // One byte more than allowed: the reader of the document says that it is too large.
        std::io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| CommandError::could_not_check(format!("cannot read standard input: {error}")))?;
        return Ok(bytes);
    }
    let path = context.directory.join(&arguments.file);
    read_bounded(&path, limit)?
        .ok_or_else(|| CommandError::could_not_check(format!("there is no file {}", path.display())))
}

fn status_of(agreement: &Agreement) -> Status {
    match agreement {
        Agreement::Agrees => Status::Passed,
        _ if agreement.is_could_not_check() => Status::CouldNotCheck,
        _ => Status::Failed,
    }
}

fn human(document: &Document<'_>, verified: &VerifiedCapabilityManifest) -> Text {
    let mut out = Text::new().with(Role::Good, "verified ").with(Role::Plain, "signed by ");
    out.push(Role::Strong, sanitize::line(verified.principal()));
    out.newline();
    out.push(
        Role::Dim,
        format!(
            "  key {}\n  publisher, in its own words: {}\n  for {}\n  from {} until {}\n",
            document.key.key,
            sanitize::line(document.publisher),
            sanitize::line(document.audience.as_str()),
            document.issued_at,
            document.expires_at
        ),
    );
    for entry in document.entries {
        let role = match status_of(&entry.agreement) {
            Status::Passed => Role::Good,
            _ => Role::Bad,
        };
        out.push(role, format!("  {} ", entry.kind.noun()));
        out.plain(sanitize::name(&entry.key));
        out.push(role, format!(" {}", entry.agreement.words()));
        if let Agreement::OtherContent { listed, found } = &entry.agreement {
            out.push(Role::Dim, format!("\n    listed {listed}\n    locked {found}"));
        }
        out.newline();
    }
    let agreeing = document.entries.iter().filter(|entry| entry.agreement == Agreement::Agrees).count();
    out.plain(format!("{agreeing} of {} entries agree\n", document.entries.len()));
    if !document.not_covered.is_empty() {
        out.push(Role::Warning, format!("not covered by this form: {}\n", document.not_covered.join(", ")));
    }
    out
}

//! `mcp-pin manifest sign`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_model::{Alias, Digest, Manifest, statement::Statement as _};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    publishing::{Origin, ServerJson, known_here},
    render::json,
    signer::SignerArguments,
    state::write_atomic,
    ui::{Role, Text, sanitize},
};

/// Sign the manifest of a server's version and write it to a file
///
/// What the server declares is captured as it is now, as the client's configuration starts it, or with the command after
/// `--`; with --locked, what is locked is taken instead. What is signed says that consumers start it in the same way.
/// `mcp-pin submit`, with --bundle, brings the file to a registry. The attestations of the server's packages, where there
/// are any, are written beside it, for --evidence.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The server's alias in the configuration
    #[arg(value_name = "ALIAS", required_unless_present = "command")]
    pub alias: Option<Alias>,
    /// The official server.json of this version
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub server_json: PathBuf,
    /// Take the locked surface instead of capturing the server
    #[arg(long, requires = "alias")]
    pub locked: bool,
    /// The digest of the manifest that this one follows: that of the live version [default: none, for a first version]
    #[arg(long, value_name = "DIGEST")]
    pub previous: Option<Digest>,
    /// Where to write the signed bundle
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Who signs.
    #[command(flatten)]
    pub signer: SignerArguments,
    /// The command that starts the server, as consumers will start it
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "alias")]
    pub command: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    file: String,
    /// Where the attestations of its packages were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    server: String,
    version: String,
    manifest: Digest,
    previous: Option<Digest>,
}

/// Runs it.
///
/// # Errors
/// When the document breaks the rules, the server cannot be captured, or nobody signs.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let server = ServerJson::read(context, &arguments.server_json)?;
    let origin = match &arguments.alias {
        Some(alias) if arguments.locked => Origin::Locked(alias),
        Some(alias) => Origin::Configured(alias),
        None => Origin::Command(&arguments.command),
    };
    // Before the capture: without a key or an identity there is no use in it.
    let signer = arguments.signer.open(context)?;
    let known = known_here(context, origin)?;
    let manifest = server.manifest(known.manifest, arguments.previous)?;
    let attestation = signer.sign(context, "the manifest", &manifest)?;
    write_atomic(&context.directory.join(&arguments.output), attestation.as_bytes())?;
    let mut evidence = Vec::new();
    for (index, bundle) in known.evidence.iter().enumerate() {
        let file = arguments.output.with_extension(format!("evidence-{}.json", index.saturating_add(1)));
        write_atomic(&context.directory.join(&file), bundle.as_bytes())?;
        evidence.push(file.display().to_string());
    }
    show(arguments, context, &manifest, evidence)
}

fn show(arguments: &Arguments, context: &Context, manifest: &Manifest, evidence: Vec<String>) -> CommandResult {
    let file = arguments.output.display().to_string();
    let (server, version) = (manifest.name(), manifest.version());
    if context.format == Format::Json {
        let document = Document {
            file,
            evidence,
            server: server.to_string(),
            version: version.to_string(),
            manifest: manifest.digest(),
            previous: arguments.previous,
        };
        json::print(&context.ui, "manifest-sign", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Good, "signed ");
    text.push(Role::Strong, format!("{server}@{version}"));
    text.newline();
    let mut lines = vec![("manifest", manifest.digest().to_string()), ("bundle", sanitize::one_line(&file))];
    lines.extend(evidence.iter().map(|file| ("evidence", sanitize::one_line(file))));
    let mut options = String::new();
    for file in &evidence {
        options.push_str(&format!(" --evidence {}", sanitize::one_line(file)));
    }
    for (label, value) in lines {
        text.push(Role::Dim, format!("  {label:<9}"));
        text.plain(value);
        text.newline();
    }
    context.ui.data(text).map_err(|error| crate::commands::output_error(&error))?;
    context.ui.hint(format!("submit it with `mcp-pin submit --bundle {}{options}`", sanitize::one_line(&file)));
    Ok(Status::Passed)
}

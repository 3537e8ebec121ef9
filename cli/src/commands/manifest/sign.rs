//! `mcp-pin manifest sign`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_model::{Alias, Digest, Manifest, statement::Statement as _};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    publishing::{Origin, ServerJson, manifest_here},
    render::json,
    signer::SignerArguments,
    state::write_atomic,
    ui::{Role, Text, sanitize},
};

/// Sign the manifest of a server's version and write it to a file
///
/// What the server declares is captured as it is now, as the client's configuration starts it, or with the command after
/// `--`; with --locked, what is locked is taken instead. What is signed says that consumers start it in the same way.
/// `mcp-pin submit`, with --bundle, brings the file to a registry.
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
    let template = manifest_here(context, origin)?;
    let manifest = server.manifest(template, arguments.previous)?;
    let attestation = signer.sign(context, "the manifest", &manifest)?;
    write_atomic(&context.directory.join(&arguments.output), attestation.as_bytes())?;
    show(arguments, context, &manifest)
}

fn show(arguments: &Arguments, context: &Context, manifest: &Manifest) -> CommandResult {
    let file = arguments.output.display().to_string();
    let (server, version) = (manifest.name(), manifest.version());
    if context.format == Format::Json {
        let document = Document {
            file,
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
    for (label, value) in [("manifest", manifest.digest().to_string()), ("bundle", sanitize::one_line(&file))] {
        text.push(Role::Dim, format!("  {label:<9}"));
        text.plain(value);
        text.newline();
    }
    context.ui.data(text).map_err(|error| crate::commands::output_error(&error))?;
    context.ui.hint(format!("submit it with `mcp-pin submit --bundle {}`", sanitize::one_line(&file)));
    Ok(Status::Passed)
}

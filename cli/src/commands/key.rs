//! `mcp-pin key`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_attest::PublicKey;
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::json,
    signer::KeySource,
    state::key::KeyFile,
    ui::{Role, Text},
};

/// Make and show signing keys
///
/// A key is a P-256 key in PEM: PKCS#8, or encrypted with a password as cosign does it. `--key "exec:PROGRAM ARGUMENTS"`
/// signs with a program that holds the key, such as one for a KMS or a hardware token; docs/signing.md has the protocol.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Make a P-256 key in a file that only you can read; never over an existing file
    Generate {
        /// Where to write it [default: --key, else mcp-pin/key.pem in the configuration directory]
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
        /// Encrypt it with a password, as cosign does: from the variable MCP_PIN_KEY_PASSWORD or COSIGN_PASSWORD, or typed
        #[arg(long)]
        encrypt: bool,
    },
    /// Show the public half: its id, its PEM, and what to put into mcp-pin.toml
    Show {
        /// Print the public key's PEM and nothing else
        #[arg(long)]
        public: bool,
    },
}

/// The JSON document of both actions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    /// The private key's file.
    file: String,
    /// Base64 of the SHA-256 of the public key.
    id: String,
    /// The public key.
    public_key: String,
}

/// Runs it.
///
/// # Errors
/// When the key exists already, is missing, or others can read it.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Generate { output, encrypt } => {
            let file = match output {
                Some(path) => KeyFile::chosen(context.directory.join(path)),
                None => context.key.file()?.clone(),
            };
            let password = if *encrypt { Some(context.new_password()?) } else { None };
            let key = file.create(password.as_ref().map(|password| password.as_str()))?;
            let file = KeySource::File(file);
            context.ui.talk(Text::new().with(Role::Good, "made ").with(Role::Plain, file.to_string()));
            context.ui.hint("keep it private and back it up: what you signed is trusted through this key alone");
            show(context, &file, key.public_key(), false)
        }
        Action::Show { public } => {
            let key = context.signing_key()?;
            show(context, &context.key, key.public_key(), *public)
        }
    }
}

fn show(context: &Context, source: &KeySource, key: &PublicKey, pem_only: bool) -> CommandResult {
    let pem = key.to_spki_pem();
    let id = key.id().key;
    if context.format == Format::Json {
        let document = Document { file: source.to_string(), id, public_key: pem };
        json::print(&context.ui, "key", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new();
    if pem_only {
        text.plain(pem);
    } else {
        text.push(Role::Dim, "file  ");
        text.plain(source.to_string());
        text.newline();
        text.push(Role::Dim, "id    ");
        text.plain(id);
        text.newline();
        text.plain(format!("\n{}", pem.trim_end()));
        text.newline();
        text.push(Role::Dim, "\n# to trust this key as an approver, put into mcp-pin.toml:");
        text.plain(format!("\n[[trust.approver]]\nname = \"YOUR NAME\"\nkey = \"\"\"\n{}\n\"\"\"\n", pem.trim_end()));
    }
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}

//! `mcp-pin init`.

use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::{SETTINGS_FILE, settings},
    render,
    state::write_atomic,
};

/// Write mcp-pin.toml and make a signing key
///
/// The file trusts your key as approver and says in comments what else it can hold. Neither an existing file nor an
/// existing key is changed.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What you are called in it [default: your user name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    file: String,
    key: String,
    key_made: bool,
    servers: usize,
}

/// Runs it.
///
/// # Errors
/// See [`CommandError`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project()?;
    let path = project.root.join(SETTINGS_FILE);
    if project.settings.exists() {
        return Err(CommandError::usage(format!("{} exists already and is left as it is", path.display())));
    }
    let name = arguments.name.clone().unwrap_or_else(|| settings::name_of_user(&context.environment));
    if name.trim().is_empty() || name.chars().any(mcp_pin_model::json::is_hidden) {
        return Err(CommandError::usage("--name is empty or holds characters that cannot be seen"));
    }
    let (key, key_made) = context.signing_key_or_new()?;
    write_atomic(&path, settings::initial(&name, key.public_key()).as_bytes())?;
    let servers = project.servers.len();
    match context.format {
        Format::Json => render::json::print(
            &context.ui,
            "init",
            &Output { file: path.display().to_string(), key: context.key.to_string(), key_made, servers },
        )?,
        Format::Human => {
            if key_made {
                context.ui.talk(format!("made your signing key {}", context.key));
            }
            context.ui.talk(format!("wrote {SETTINGS_FILE}, which trusts your key as approver `{name}`"));
            if servers == 0 {
                context.ui.hint("no MCP server is configured here yet (.mcp.json or .vscode/mcp.json)");
            } else {
                context.ui.hint(format!("lock the {servers} configured with `mcp-pin lock`"));
            }
        }
    }
    Ok(Status::Passed)
}

//! The server that is being built: which one it is, and what it declares now.

use std::collections::BTreeMap;

use mcp_pin_model::{Alias, Launch, launch::StdioLaunch};

use crate::{
    capture::{Live, Wanted, capture_surfaces},
    consenting::refuse_unlockable,
    context::Context,
    error::CommandError,
    project::{ConfiguredServer, Project},
};

/// What a server that is started with a command of its own is called in messages.
const COMMAND_ALIAS: &str = "server";

/// Which server is meant.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerArguments {
    /// The server's alias in the configuration [default: the only one]
    #[arg(value_name = "ALIAS")]
    pub alias: Option<Alias>,
    /// The command that starts the server, in this directory
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "alias")]
    pub command: Vec<String>,
}

impl ServerArguments {
    /// Starts or calls the server and reads everything that it declares. Its packages are not looked at.
    ///
    /// # Errors
    /// When no one server is meant, or it could not be captured completely.
    pub fn capture(&self, context: &Context) -> Result<Live, CommandError> {
        let project = context.project()?;
        let started;
        let server = match (&self.alias, self.command.split_first()) {
            (_, Some((command, args))) => {
                started = by_command(context, command, args)?;
                &started
            }
            (Some(alias), None) => project.server(alias).ok_or_else(|| {
                CommandError::usage(format!("no client is configured with a server `{alias}`"))
                    .hint("`mcp-pin ls` lists the servers")
            })?,
            (None, None) => the_only_one(&project)?,
        };
        refuse_unlockable(server)?;
        capture_surfaces(context, &project, &[Wanted { server, locked: None }])?
            .pop()
            .unwrap_or_else(|| Err(CommandError::internal("a capture has no result")))
    }
}

fn the_only_one(project: &Project) -> Result<&ConfiguredServer, CommandError> {
    match project.servers.as_slice() {
        [server] => Ok(server),
        [] => Err(CommandError::usage("no server is named, and none is configured here")
            .hint("say how it is started, after `--`: mcp-pin manifest capture -- node dist/index.js")),
        several => {
            let names: Vec<&str> = several.iter().map(|server| server.alias.as_str()).collect();
            Err(CommandError::usage(format!("several servers are configured here: {}", names.join(", ")))
                .hint("name one, or say how it is started, after `--`"))
        }
    }
}

/// In the directory that the program was started in, as a shell would.
fn by_command(context: &Context, command: &str, args: &[String]) -> Result<ConfiguredServer, CommandError> {
    let directory = context.directory.to_str().ok_or_else(|| {
        CommandError::usage(format!(
            "the path of {} is not text, so nothing can be started there",
            context.directory.display()
        ))
    })?;
    Ok(ConfiguredServer {
        alias: COMMAND_ALIAS.parse().map_err(|_| CommandError::internal("the alias of a command is one"))?,
        places: Vec::new(),
        launch: Launch::Stdio(StdioLaunch {
            command: command.to_owned(),
            args: args.to_vec(),
            env: Vec::new(),
            cwd: Some(directory.to_owned()),
        }),
        values: BTreeMap::new(),
        unsupported: None,
        disabled: false,
    })
}

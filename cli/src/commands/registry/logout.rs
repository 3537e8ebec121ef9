//! `mcp-pin registry logout`.

use super::{connection::Connection, person};
use crate::{
    context::Context,
    error::{CommandResult, Status},
};

/// End the login at a registry, there and here
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Which registry.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs it.
///
/// # Errors
/// When the login is forgotten here and could not be ended there.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.anonymous(context)?;
    // Here first: what fails there leaves a token that ends by itself, not one that lies about.
    let Some(token) = person::forget(context, client.base())? else {
        context.ui.talk("there is no login to end");
        return Ok(Status::Passed);
    };
    let client = client.with_token(token);
    super::connection::ask(context, "logging out", client.logout())?;
    context.ui.talk(format!("logged out at {}", client.base()));
    Ok(Status::Passed)
}

//! `mcp-pin registry`.

mod add;
mod approver;
pub(crate) mod connection;
mod credential;
mod events;
mod export;
mod grant;
pub(crate) mod login;
mod logout;
mod mirror;
mod offboard;
pub(crate) mod person;
mod show;
pub(crate) mod submissions;
mod token;
mod webhook;

use crate::{context::Context, error::CommandResult};

/// Add a registry to the project, and administer one
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with a registry.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Add(add::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Show(show::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Submissions(submissions::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Login(login::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Logout(logout::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Offboard(offboard::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Grant(Box<grant::Arguments>),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Approver(approver::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Token(token::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Events(events::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Webhook(webhook::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Export(export::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Mirror(mirror::Arguments),
}

/// Runs it.
///
/// # Errors
/// Whatever the registry refused or could not be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Add(arguments) => add::run(arguments, context),
        Action::Show(arguments) => show::run(arguments, context),
        Action::Submissions(arguments) => submissions::run(arguments, context),
        Action::Login(arguments) => login::run(arguments, context),
        Action::Logout(arguments) => logout::run(arguments, context),
        Action::Offboard(arguments) => offboard::run(arguments, context),
        Action::Grant(arguments) => grant::run(arguments, context),
        Action::Approver(arguments) => approver::run(arguments, context),
        Action::Token(arguments) => token::run(arguments, context),
        Action::Events(arguments) => events::run(arguments, context),
        Action::Webhook(arguments) => webhook::run(arguments, context),
        Action::Export(arguments) => export::run(arguments, context),
        Action::Mirror(arguments) => mirror::run(arguments, context),
    }
}

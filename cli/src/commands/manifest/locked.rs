//! The locked server that a foreign manifest is made of, or compared with.

use mcp_pin_model::Alias;

use crate::{
    context::Context,
    error::{CommandError, Status},
    project::Project,
    state::verification::{Locked, check},
};

/// A locked server that verifies: its signatures, consents and snapshot.
///
/// # Errors
/// When it is not locked, or anything about the lock does not verify.
pub(super) fn require(context: &Context, project: &Project, alias: &Alias) -> Result<Locked, CommandError> {
    let state = context.state(project);
    let lock = state.require_lock()?;
    let server = lock.server(alias).ok_or_else(|| {
        CommandError::usage(format!("`{alias}` is not locked here")).hint("list what is with `mcp-pin ls`")
    })?;
    let checked = check(&state, &project.settings, server, context.now());
    let status = checked.status();
    match (checked.locked, checked.failures.first()) {
        (Some(locked), None) => Ok(locked),
        (_, failure) => {
            let status = if failure.is_some() { status } else { Status::CouldNotCheck };
            let message = failure.map_or_else(String::new, |failure| format!(": {failure}"));
            Err(CommandError::new(status, format!("what is locked as `{alias}` does not verify{message}"))
                .hint(format!("see everything with `mcp-pin verify {alias}`")))
        }
    }
}

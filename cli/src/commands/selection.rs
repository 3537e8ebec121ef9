//! Which servers a command is about.

use mcp_pin_model::{Alias, Lockfile};

use crate::{error::CommandError, project::Project};

/// Checks the aliases that were given: each has to be configured or locked.
///
/// # Errors
/// Exit code 2 for an alias that nobody knows.
pub(super) fn check(aliases: &[Alias], project: &Project, lock: Option<&Lockfile>) -> Result<(), CommandError> {
    for alias in aliases {
        if project.server(alias).is_none() && lock.is_none_or(|lock| lock.server(alias).is_none()) {
            return Err(CommandError::usage(format!("`{alias}` is neither configured nor locked here"))
                .hint("list what is with `mcp-pin ls`"));
        }
    }
    Ok(())
}

/// Whether a command is about a server: all of them unless some were named.
pub(super) fn is_wanted(aliases: &[Alias], alias: &Alias) -> bool {
    aliases.is_empty() || aliases.contains(alias)
}

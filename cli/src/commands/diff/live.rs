//! The lock against the live server.

use mcp_pin_model::Alias;

use super::output::{self, Compared, Showing};
use crate::{
    capture::{Wanted, capture},
    context::Context,
    error::{CommandError, CommandResult, Status},
    state::verification::check,
};

/// Starts or calls the server and compares it with what is locked.
pub(super) fn run(context: &Context, alias: &Alias, trust_from: Option<&str>, showing: &Showing) -> CommandResult {
    let project = context.project_trusting(trust_from)?;
    let state = context.state(&project);
    let lock = state.require_lock()?;
    let configured = project.server(alias);
    let Some(server) = lock.server(alias) else {
        return Err(match configured {
            Some(_) => CommandError::usage(format!("`{alias}` is not locked")).hint(format!("mcp-pin lock {alias}")),
            None => {
                CommandError::usage(format!("there is no server `{alias}` here")).hint("`mcp-pin ls` lists the servers")
            }
        });
    };
    let Some(configured) = configured else {
        return Err(CommandError::could_not_check(format!("`{alias}` is locked, but no client is configured with it"))
            .hint("restore its entry in .mcp.json or .vscode/mcp.json"));
    };
    let checked = check(&state, &project.settings, server, context.now());
    let Some(locked) = &checked.locked else {
        let (status, message) = checked
            .failures
            .first()
            .map_or((Status::CouldNotCheck, String::new()), |failure| (failure.status, failure.message.clone()));
        return Err(CommandError::new(status, format!("the lock of `{alias}` does not hold: {message}"))
            .hint("`mcp-pin verify` tells everything that does not fit"));
    };
    for failure in &checked.failures {
        context.ui.warn(crate::ui::sanitize::one_line(&failure.message));
    }
    let live = capture(context, &project, &Wanted { server: configured, locked: Some(locked) })?;
    let surfaces = [&locked.manifest.statement().surface, &live.surface];
    showing.check_entry(surfaces.into_iter().flat_map(output::keys))?;
    let report = live.report(alias, Some(locked))?;
    let status = output::one(context, &Compared { alias: Some(alias), report: &report }, showing)?;
    // The digest decides; should a report ever miss a difference, it is still drift.
    Ok(if live.is_drift(locked) { Status::Failed } else { status })
}

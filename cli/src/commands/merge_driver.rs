//! `mcp-pin merge-driver`.

mod evidence;
mod merge;

use std::path::{Path, PathBuf};

use mcp_pin_model::{
    Alias, Lockfile,
    lockfile::{LOCK_FILE, LockedServer},
};

use self::merge::{Merged, Side};
use crate::{
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::Project,
    state::{State, read_bounded, verification, write_atomic},
};

/// The largest lock; `Lockfile::parse` has the same limit.
const MAX_LOCK_BYTES: u64 = 64 << 20;

/// Merge two versions of mcp-pin.lock, server by server; git calls this
///
/// A server that one side changed is taken from there, and only if it verifies with the signatures and consents of that side,
/// by the mcp-pin.toml that is checked out. Nothing is approved: what both sides changed, or what does not verify, is left as
/// a conflict of that server for somebody to decide.
///
/// git config merge.mcp-pin.driver "mcp-pin merge-driver %O %A %B %P", and in .gitattributes: mcp-pin.lock merge=mcp-pin -text
///
/// Exit codes: 0 merged, 1 a conflict is left in the file.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The version that both began with (%O)
    pub base: PathBuf,
    /// The version here, which the merged one takes the place of (%A)
    pub ours: PathBuf,
    /// The version to be merged (%B)
    pub theirs: PathBuf,
    /// The path in the repository (%P)
    #[arg(allow_hyphen_values = true)]
    pub path: PathBuf,
}

/// Why a server is left as a conflict.
struct Conflict {
    alias: Alias,
    why: CommandError,
}

/// Runs it.
///
/// # Errors
/// When the file cannot be written. git takes any error for a conflict.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let ours = context.directory.join(&arguments.ours);
    let read = |path: &Path| read_bounded(&context.directory.join(path), MAX_LOCK_BYTES).map(Option::unwrap_or_default);
    let (base, mine, theirs) = (read(&arguments.base)?, read(&arguments.ours)?, read(&arguments.theirs)?);
    let result = merge(arguments, context, [&base, &mine, &theirs]);
    let (text, conflicts) = match result {
        Ok((merged, conflicts)) => (merged.render(), conflicts),
        Err(error) => {
            // Whatever went wrong: a file without a mark would look merged.
            write_atomic(&ours, &merge::whole_file(&mine, &theirs))?;
            context.ui.error(&error);
            return Ok(Status::Failed);
        }
    };
    write_atomic(&ours, text.as_bytes())?;
    if conflicts.is_empty() {
        return Ok(Status::Passed);
    }
    for Conflict { why, .. } in &conflicts {
        context.ui.error(why);
    }
    let aliases: Vec<&str> = conflicts.iter().map(|conflict| conflict.alias.as_str()).collect();
    if !aliases.is_empty() {
        context.ui.hint(format!(
            "in {}, keep one of the two blocks of each server and delete the other and the marks; then review what the other side \
             wanted with `mcp-pin update {}`",
            crate::ui::sanitize::line(&arguments.path.to_string_lossy()),
            aliases.join(" ")
        ));
    }
    Ok(Status::Failed)
}

fn merge(
    arguments: &Arguments,
    context: &Context,
    [base, ours, theirs]: [&[u8]; 3],
) -> Result<(Merged, Vec<Conflict>), CommandError> {
    // git gives an empty file where both sides added theirs.
    let base = if base.is_empty() { Lockfile::new() } else { parse(base, "the version that both began with")? };
    let (mine, other) = (parse(ours, "the version here")?, parse(theirs, "the version to be merged")?);
    let mut merged = Merged::of(&base, &mine, &other)?;
    let mut conflicts: Vec<Conflict> = merged
        .conflicts()
        .map(|alias| Conflict {
            alias: alias.clone(),
            why: CommandError::failed(format!("both sides changed the locked server `{alias}`")),
        })
        .collect();
    let taken: Vec<(LockedServer, Side)> = merged.taken().map(|(server, side)| (server.clone(), side)).collect();
    if !taken.is_empty() {
        let root = project_root(arguments, context);
        let project = Project::load(&root, &context.roots)?;
        let gathered = evidence::gather(&root, context, &taken, theirs)?;
        let servers: Vec<&LockedServer> = taken.iter().map(|(server, _)| server).collect();
        let state = State::new(gathered.path());
        let results = verification::check_all(&state, &project.settings, &servers, context.now());
        for (server, checked) in servers.into_iter().zip(results) {
            let Some(failure) = checked.failures.first() else { continue };
            let mut why = CommandError::failed(format!(
                "the locked server `{}` as it would be merged does not verify: {failure}",
                server.alias
            ));
            why.hint.clone_from(&failure.hint);
            conflicts.push(Conflict { alias: server.alias.clone(), why });
            merged.leave(&server.alias);
        }
    }
    conflicts.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok((merged, conflicts))
}

fn parse(bytes: &[u8], which: &str) -> Result<Lockfile, CommandError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| CommandError::failed(format!("{which} of {LOCK_FILE} is not UTF-8 text")))?;
    Lockfile::parse(text).map_err(|error| {
        CommandError::failed(format!("{which} of {LOCK_FILE} is refused: {error}"))
            .hint("the lock is never edited by hand; take one side and run `mcp-pin verify`")
    })
}

/// The folder of the lock. git starts a driver at the root of the working tree.
fn project_root(arguments: &Arguments, context: &Context) -> PathBuf {
    let path = context.directory.join(&arguments.path);
    path.parent().map_or_else(|| context.directory.clone(), Path::to_owned)
}

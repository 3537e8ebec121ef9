//! `verify`, for servers that come from a registry: whether its log commits to what is locked, and, with `--online`, whether
//! that still holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mcp_pin_model::{
    Lockfile, ServerName,
    lockfile::{LockedServer, Source},
    state::Standing,
};
use mcp_pin_registry_client::{ClientOptions, RegistryClient};
use mcp_pin_tlog::{LogKeys, VerifierKey};
use url::Url;

use super::Row;
use crate::{
    commands::registry::connection::client_error,
    context::Context,
    error::{CommandError, Status},
    log::{LockedLog, LogProblem, StateProblem, VerifiedState, contact, locked_registry},
    project::Project,
    state::{State, verification::Failure},
};

/// The word of these checks in the output.
const CHECK: &str = "registry";

/// What a registry's log says, as a project keeps it or as it was fetched.
type Found = Result<VerifiedState, Failure>;

/// Holds what is locked against what the project keeps of the registries' logs. Nobody is asked.
pub(super) fn offline(context: &Context, project: &Project, state: &State, lock: &Lockfile, rows: &mut [Row]) {
    let now = context.now();
    let mut found: BTreeMap<Url, Option<Found>> = BTreeMap::new();
    for row in rows {
        let Some((server, url)) = from_registry(row) else { continue };
        let kept = found.entry(url.clone()).or_insert_with(|| {
            let key = project.settings.registry_logs.get(&url)?;
            Some(kept(state, lock, &url, key, now))
        });
        match kept {
            None => {}
            Some(Ok(state)) => judge(row, &server, state),
            Some(Err(failure)) => row.fail(failure.clone()),
        }
    }
}

/// Asks the registries what is live and revoked now. One that cannot be asked is believed as it was, for as long as what it
/// signed holds.
pub(super) fn online(
    context: &Context,
    project: &Project,
    state: &State,
    lock: &Lockfile,
    rows: &mut [Row],
) -> Result<(), CommandError> {
    let mut registries: BTreeMap<Url, Vec<ServerName>> = BTreeMap::new();
    for (server, url) in rows.iter().filter_map(from_registry) {
        registries.entry(url).or_default().push(server.name);
    }
    let progress = context.ui.progress("asking registries");
    let mut found: BTreeMap<Url, (Found, Option<String>)> = BTreeMap::new();
    for (url, servers) in registries {
        let Some(key) = project.settings.registry_logs.get(&url) else { continue };
        progress.message(&format!("asking {url}"));
        let asked =
            context.block_on(async { Ok::<_, CommandError>(ask(context, state, lock, &url, key, &servers).await) })?;
        let answer = match asked {
            Ok(state) => (Ok(state), None),
            // What is kept may still be believed, by who hears nothing; not by who hears something else.
            Err(LogProblem::Client(error)) if error.is_unreachable() => {
                let error = client_error(error);
                let kept = kept(state, lock, &url, key, context.now()).and_then(|state| {
                    state.check_time(context.now()).map(|()| state).map_err(|problem| failure(&problem))
                });
                match kept {
                    Ok(state) => {
                        let note = format!(
                            "{url} could not be asked ({error}); it is held against its state of {}",
                            state.issued()
                        );
                        (Ok(state), Some(note))
                    }
                    Err(kept) if kept.status == Status::Failed => (Err(kept), None),
                    Err(_) => (Err(Failure::of(CHECK, error)), None),
                }
            }
            Err(problem) => (Err(Failure::of(CHECK, problem.into())), None),
        };
        found.insert(url, answer);
    }
    progress.finish();
    for row in rows {
        let Some((server, url)) = from_registry(row) else { continue };
        match found.get(&url) {
            None => row.checked.notes.push(format!(
                "what was revoked in {url} is not known: mcp-pin.toml has no `log-key` for it (see `mcp-pin registry add`)"
            )),
            Some((Ok(state), note)) => {
                row.checked.notes.extend(note.clone());
                judge(row, &server, state);
            }
            Some((Err(failure), _)) => row.fail(failure.clone()),
        }
    }
    Ok(())
}

/// The server of a row, and its registry.
fn from_registry(row: &Row) -> Option<(LockedServer, Url)> {
    let server = row.server.as_ref()?;
    match &server.source {
        Source::Registry(url) => Some((server.clone(), url.clone())),
        Source::Local => None,
    }
}

/// What the project keeps of a registry's log.
fn kept(state: &State, lock: &Lockfile, url: &Url, key: &VerifierKey, now: Timestamp) -> Found {
    let Some(registry) = lock.registry(url) else {
        return Err(Failure {
            status: Status::CouldNotCheck,
            check: CHECK,
            message: format!("it was locked without the log of {url}, whose key mcp-pin.toml has"),
            hint: Some("lock it anew: `mcp-pin lock --prune` while it is out of the configuration, then `mcp-pin lock` with it".to_owned()),
        });
    };
    let record = state.registry_state(registry).map_err(|error| Failure::of(CHECK, error))?;
    let keys = keys(key).map_err(|problem| Failure::of(CHECK, problem.into()))?;
    let found = record.verify(&keys, now).map_err(|problem| failure(&problem))?;
    // The file is named after the root; what it proves must be that.
    if locked_registry(url, &found) == *registry {
        Ok(found)
    } else {
        Err(Failure::failed(CHECK, format!("the state that is kept of {url} is of another log than the lock says"))
            .hint("restore mcp-pin.lock and .mcp-pin from version control"))
    }
}

async fn ask(
    context: &Context,
    state: &State,
    lock: &Lockfile,
    url: &Url,
    key: &VerifierKey,
    servers: &[ServerName],
) -> Result<VerifiedState, LogProblem> {
    let client = RegistryClient::new(url.as_str(), None, &ClientOptions::default())?;
    let known = context.logs.as_ref().map(|logs| logs.of(client.base()));
    let locked = LockedLog::of(state, lock, url);
    let (_, found) = contact(&client, &keys(key)?, known.as_ref(), &locked, servers, context.now()).await?;
    Ok(found)
}

fn keys(key: &VerifierKey) -> Result<LogKeys, LogProblem> {
    LogKeys::new(key.name(), [*key.key()]).map_err(LogProblem::Key)
}

fn judge(row: &mut Row, server: &LockedServer, state: &VerifiedState) {
    match state.judge(server) {
        Ok(Standing::Superseded) => row.checked.notes.push("its registry has a newer version".to_owned()),
        Ok(_) => {}
        Err(problem) => row.fail(failure(&problem)),
    }
}

fn failure(problem: &StateProblem) -> Failure {
    Failure {
        status: problem.status(),
        check: CHECK,
        message: problem.to_string(),
        hint: problem.hint().map(str::to_owned),
    }
}

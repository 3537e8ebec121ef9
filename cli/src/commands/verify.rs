//! `mcp-pin verify`.

mod online;
mod output;
mod registries;

use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Alias, Lockfile, lockfile::LockedServer};

use super::{selection, trusting::TrustArguments};
use crate::{
    capture::{Live, Wanted, capture_all},
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::{ConfiguredServer, Project},
    state::{
        State, lint,
        verification::{self, Checked, Failure},
    },
};

/// Check the lock, its signatures and consents, with --live the servers themselves, with --online packages and registries
///
/// Without either nothing is started and no connection is made: the lock, the snapshots, the signatures, the consents and
/// their change reports are checked against mcp-pin.toml, the configuration against the lock, and servers of a registry against
/// what its log committed to when they were locked. With --live every configured server is started or called, and what it
/// declares compared with what is locked. With --online every locked package is fetched from where it comes from, and its
/// bytes and provenance compared with what is locked; and registries are asked what is live and revoked there now.
///
/// Exit codes: 0 everything passed, 1 something failed, 3 something could not be checked, 4 somebody has to consent
/// first.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The servers, by the names they are configured under [default: all]
    #[arg(value_name = "ALIAS")]
    pub aliases: Vec<Alias>,
    /// Start or call each server and compare what it declares
    #[arg(long)]
    pub live: bool,
    /// Fetch each locked package and compare its bytes and where it was built; ask registries what was revoked
    #[arg(long)]
    pub online: bool,
    /// Fail on servers that are locked and not configured, too: lock and configuration have to match exactly
    #[arg(long)]
    pub frozen: bool,
    /// Tell what speaks for each server: signatures, people, roots
    #[arg(long, short)]
    pub verbose: bool,
    /// Whose trust counts.
    #[command(flatten)]
    pub trust: TrustArguments,
}

/// What checking one server came to.
pub(super) struct Row {
    /// What the server is called here.
    pub(super) alias: Alias,
    /// Its block in the lock.
    pub(super) server: Option<LockedServer>,
    /// What was found.
    pub(super) checked: Checked,
    /// What the live server declares, against what is locked, where that differs.
    pub(super) drift: Option<ChangeReport>,
    /// Whether the live server was compared.
    pub(super) live: bool,
    packages: Vec<online::PackageOutput>,
}

/// What is checked, and how far: of `verify`, and of what builds on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent<'a> {
    /// The servers; none means all.
    pub(super) aliases: &'a [Alias],
    /// Whether servers are started or called.
    pub(super) live: bool,
    /// Whether packages are fetched.
    pub(super) online: bool,
    /// Whether what is locked has to be configured.
    pub(super) frozen: bool,
}

impl Row {
    fn fail(&mut self, failure: Failure) {
        self.checked.failures.push(failure);
    }
}

/// Runs it.
///
/// # Errors
/// See [`CommandError`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project_trusting(arguments.trust.from())?;
    let state = context.state(&project);
    let lock = state.require_lock()?;
    selection::check(&arguments.aliases, &project, Some(&lock))?;
    let extent = Extent {
        aliases: &arguments.aliases,
        live: arguments.live,
        online: arguments.online,
        frozen: arguments.frozen,
    };
    let rows = check(extent, context, &project, &state, &lock)?;
    let note = stray(extent, &state, &lock, &rows);
    output::finish(arguments, context, &project, &rows, note)
}

/// Everything that is asked for, by server.
///
/// # Errors
/// When servers or packages cannot be looked at at all.
pub(super) fn check(
    extent: Extent<'_>,
    context: &Context,
    project: &Project,
    state: &State,
    lock: &Lockfile,
) -> Result<Vec<Row>, CommandError> {
    let mut rows = offline(extent, context, project, state, lock);
    if extent.online {
        registries::online(context, project, state, lock, &mut rows)?;
    } else {
        registries::offline(context, project, state, lock, &mut rows);
    }
    if extent.live {
        live(context, project, &mut rows)?;
    }
    if extent.online {
        online::run(context, project, &mut rows)?;
    }
    Ok(rows)
}

/// Signed files that nothing asks for, where everything was looked at.
pub(super) fn stray(extent: Extent<'_>, state: &State, lock: &Lockfile, rows: &[Row]) -> Option<String> {
    if !extent.aliases.is_empty() {
        return None;
    }
    let checked: Vec<&Checked> = rows.iter().filter(|row| row.server.is_some()).map(|row| &row.checked).collect();
    lint::stray_attestations(state, lock, &checked)
}

/// Everything that can be said without starting anything.
fn offline(extent: Extent<'_>, context: &Context, project: &Project, state: &State, lock: &Lockfile) -> Vec<Row> {
    let now = context.now();
    let mut rows = Vec::new();
    let servers: Vec<&LockedServer> =
        lock.servers().iter().filter(|server| selection::is_wanted(extent.aliases, &server.alias)).collect();
    let results = verification::check_all(state, &project.settings, &servers, now);
    for (server, mut checked) in servers.into_iter().zip(results) {
        match project.server(&server.alias) {
            Some(configured) => check_configuration(configured, server, &mut checked),
            None if extent.frozen => checked.failures.push(
                Failure::failed("configuration", "it is locked, but not configured")
                    .hint("take it out of the lock with `mcp-pin lock --prune`"),
            ),
            None => checked.notes.push("locked, but not configured here".to_owned()),
        }
        rows.push(Row {
            alias: server.alias.clone(),
            server: Some(server.clone()),
            checked,
            drift: None,
            live: false,
            packages: Vec::new(),
        });
    }
    for configured in &project.servers {
        let alias = &configured.alias;
        if lock.server(alias).is_some() || !selection::is_wanted(extent.aliases, alias) {
            continue;
        }
        let mut checked = Checked::default();
        if configured.disabled {
            checked.notes.push("not locked, and switched off in the configuration".to_owned());
        } else {
            checked.failures.push(Failure {
                status: Status::ConsentRequired,
                check: "configuration",
                message: "it is configured, but not locked".to_owned(),
                hint: Some("review and lock it with `mcp-pin lock`".to_owned()),
            });
        }
        rows.push(Row { alias: alias.clone(), server: None, checked, drift: None, live: false, packages: Vec::new() });
    }
    rows.sort_by(|a, b| a.alias.cmp(&b.alias));
    rows
}

/// The configuration starts what is locked (threats T22, T23).
fn check_configuration(configured: &ConfiguredServer, server: &LockedServer, checked: &mut Checked) {
    let mut launch = configured.launch.clone();
    launch.normalise();
    if launch != server.launch {
        let place = configured.place().map(|place| format!("{place}: ")).unwrap_or_default();
        checked.failures.push(
            Failure::failed("launch", format!("{place}the configured launch is not the one that is locked"))
                .hint(format!("see the difference with `mcp-pin diff {}`", server.alias)),
        );
    }
    if let Some(name) = crate::project::secrets::loader_variable(&configured.launch) {
        checked.failures.push(Failure::failed(
            "launch",
            format!("its `env` sets `{name}`, whose value decides which code runs and is not part of a lock"),
        ));
    }
}

/// Starts or calls what is configured as it is locked, and compares.
fn live(context: &Context, project: &Project, rows: &mut [Row]) -> Result<(), CommandError> {
    let mut wanted = Vec::new();
    let mut indices = Vec::new();
    for (index, row) in rows.iter_mut().enumerate() {
        let Some(configured) = project.server(&row.alias) else { continue };
        if row.server.is_none() {
            continue;
        }
        // A configuration that a lock does not cover is untrusted code: what it starts is not started.
        if row.checked.failures.iter().any(|failure| failure.check == "launch") {
            row.checked.notes.push("not started, because its launch is not the locked one".to_owned());
            continue;
        }
        // Nor does a lock cover anything that does not follow from signatures: whoever changes the configuration can
        // change the lock beside it in the same pull request.
        if row.checked.locked.is_none() || row.checked.failures.iter().any(|failure| failure.check != "snapshot") {
            row.checked.notes.push("not started, because what is locked does not verify".to_owned());
            continue;
        }
        if configured.disabled {
            row.checked.notes.push("not started, because it is switched off in the configuration".to_owned());
            continue;
        }
        wanted.push(configured);
        indices.push(index);
    }
    let results = {
        let wanted: Vec<Wanted<'_>> = wanted
            .iter()
            .zip(&indices)
            .map(|(server, index)| Wanted {
                server,
                locked: rows.get(*index).and_then(|row| row.checked.locked.as_ref()),
            })
            .collect();
        capture_all(context, project, &wanted)?
    };
    for (index, result) in indices.into_iter().zip(results) {
        if let Some(row) = rows.get_mut(index) {
            compare(row, result);
        }
    }
    Ok(())
}

fn compare(row: &mut Row, result: Result<Live, CommandError>) {
    let alias = row.alias.clone();
    let live = match result {
        Ok(live) => live,
        Err(error) => {
            let details = error.details.clone();
            let mut failure = Failure::of("live", error);
            for detail in details {
                failure.message.push_str("; ");
                failure.message.push_str(&detail);
            }
            row.fail(failure);
            return;
        }
    };
    row.live = true;
    let Some(locked) = row.checked.locked.as_ref() else {
        // Such servers are not started; if one was, it is no pass.
        row.fail(Failure {
            status: Status::CouldNotCheck,
            check: "live",
            message: "what the server declares cannot be compared, because what is locked does not verify".to_owned(),
            hint: None,
        });
        return;
    };
    row.checked.notes.extend(live.evidence.clone());
    let mut failures = Vec::new();
    if live.is_downgrade(locked) {
        failures.push(Failure::failed("protocol", super::update::downgrade(&alias, &live, locked).message));
    }
    if live.protocol > locked.server.protocol {
        let note = format!("negotiated protocol {}, locked is {}", live.protocol, locked.server.protocol);
        row.checked.notes.push(note);
    }
    if !live.is_locked {
        match live.report(&alias, Some(locked)) {
            Ok(report) => {
                failures.push(
                    Failure::failed("drift", "what the server declares is not what is locked").hint(format!(
                        "review it with `mcp-pin diff {alias}`, and decide with `mcp-pin update {alias}`"
                    )),
                );
                row.drift = Some(report);
            }
            Err(error) => failures.push(Failure::of("drift", error)),
        }
    }
    row.checked.failures.extend(failures);
}

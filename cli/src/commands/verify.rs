//! `mcp-pin verify`.

use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Alias, EntryKind, Lockfile, json::Value, lockfile::LockedServer};
use serde::Serialize;

use super::{selection, trusting::TrustArguments};
use crate::{
    capture::{Live, Wanted, capture_all},
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::{ConfiguredServer, Project},
    render::{self, Detail, View},
    review,
    state::{
        State,
        verification::{self, Checked, Failure},
    },
    ui::{Role, Text, sanitize},
};

/// Check the lock, its signatures and consents, and with --live the servers themselves
///
/// Without --live nothing is started and no connection is made: the lock, the snapshots, the signatures, the consents and
/// their change reports are checked against mcp-pin.toml, and the configuration against the lock. With --live every
/// configured server is started or called, and what it declares compared with what is locked.
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
    /// Fail on servers that are locked and not configured, too: lock and configuration have to match exactly
    #[arg(long)]
    pub frozen: bool,
    /// Whose trust counts.
    #[command(flatten)]
    pub trust: TrustArguments,
}

/// What checking one server came to.
struct Row {
    alias: Alias,
    server: Option<LockedServer>,
    checked: Checked,
    drift: Option<ChangeReport>,
    live: bool,
}

impl Row {
    fn fail(&mut self, failure: Failure) {
        self.checked.failures.push(failure);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    outcome: Status,
    live: bool,
    servers: Vec<ServerOutput>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerOutput {
    alias: Alias,
    outcome: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Whether the live server was compared.
    live: bool,
    failures: Vec<FailureOutput>,
    notes: Vec<String>,
    /// The digest of the change report, as `update --accept` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Value>,
}

#[derive(Serialize)]
struct FailureOutput {
    check: &'static str,
    outcome: Status,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
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
    let mut rows = offline(arguments, context, &project, &state, &lock);
    if arguments.live {
        live(context, &project, &mut rows)?;
    }
    finish(arguments, context, &rows)
}

/// Everything that can be said without starting anything.
fn offline(arguments: &Arguments, context: &Context, project: &Project, state: &State, lock: &Lockfile) -> Vec<Row> {
    let now = context.now();
    let mut rows = Vec::new();
    let servers: Vec<&LockedServer> =
        lock.servers().iter().filter(|server| selection::is_wanted(&arguments.aliases, &server.alias)).collect();
    let results = verification::check_all(state, &project.settings, &servers, now);
    for (server, mut checked) in servers.into_iter().zip(results) {
        match project.server(&server.alias) {
            Some(configured) => check_configuration(configured, server, &mut checked),
            None if arguments.frozen => checked.failures.push(
                Failure::failed("configuration", "it is locked, but not configured")
                    .hint("take it out of the lock with `mcp-pin lock --prune`"),
            ),
            None => checked.notes.push("locked, but not configured here".to_owned()),
        }
        rows.push(Row { alias: server.alias.clone(), server: Some(server.clone()), checked, drift: None, live: false });
    }
    for configured in &project.servers {
        let alias = &configured.alias;
        if lock.server(alias).is_some() || !selection::is_wanted(&arguments.aliases, alias) {
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
        rows.push(Row { alias: alias.clone(), server: None, checked, drift: None, live: false });
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

fn finish(arguments: &Arguments, context: &Context, rows: &[Row]) -> CommandResult {
    let status = rows.iter().fold(Status::Passed, |status, row| status.and(row.checked.status()));
    match context.format {
        Format::Json => {
            let output = Output { outcome: status, live: arguments.live, servers: rows.iter().map(output).collect() };
            render::json::print(&context.ui, "verify", &output)?;
        }
        Format::Human => {
            for row in rows {
                review::print(context, human(context, row))?;
            }
            review::print(context, summary(rows, status))?;
        }
    }
    Ok(status)
}

fn output(row: &Row) -> ServerOutput {
    ServerOutput {
        alias: row.alias.clone(),
        outcome: row.checked.status(),
        name: row.server.as_ref().map(|server| server.name.to_string()),
        version: row.server.as_ref().map(|server| server.version.to_string()),
        live: row.live,
        failures: row
            .checked
            .failures
            .iter()
            .map(|failure| FailureOutput {
                check: failure.check,
                outcome: failure.status,
                message: failure.message.clone(),
                hint: failure.hint.clone(),
            })
            .collect(),
        notes: row.checked.notes.clone(),
        report_digest: row.drift.as_ref().map(|report| report.digest().to_string()),
        report: row.drift.as_ref().map(ChangeReport::to_value),
    }
}

fn word(status: Status) -> (Role, &'static str) {
    match status {
        Status::Passed => (Role::Good, "passed"),
        Status::ConsentRequired => (Role::Warning, "needs consent"),
        Status::CouldNotCheck => (Role::Bad, "could not check"),
        Status::Failed | Status::Usage => (Role::Bad, "failed"),
    }
}

fn human(context: &Context, row: &Row) -> Text {
    let (role, outcome) = word(row.checked.status());
    let mut out = Text::new().with(role, format!("{outcome:<16}")).with(Role::Strong, row.alias.as_str());
    if let Some(server) = &row.server {
        let counts: Vec<String> = EntryKind::ALL
            .into_iter()
            .filter_map(|kind| {
                let count = server.section(kind)?.len();
                Some(format!("{count} {}{}", kind.noun(), if count == 1 { "" } else { "s" }))
            })
            .collect();
        let live = if row.live { ", live" } else { "" };
        out.push(Role::Dim, format!("  {} ({}{live})", server.version, counts.join(", ")));
    }
    out.newline();
    for failure in &row.checked.failures {
        let (role, outcome) = word(failure.status);
        out.push(role, format!("  {outcome}: "));
        out.plain(sanitize::one_line(&failure.message));
        out.newline();
        if let Some(hint) = &failure.hint {
            out.push(Role::Dim, format!("    hint: {}", sanitize::one_line(hint)));
            out.newline();
        }
    }
    for note in &row.checked.notes {
        out.push(Role::Dim, format!("  note: {}", sanitize::one_line(note)));
        out.newline();
    }
    if let Some(report) = &row.drift {
        let view = View { columns: context.ui.width(), detail: Detail::Summary, subject: Some(row.alias.as_str()) };
        out.append(render::report(report, &view));
    }
    out
}

fn summary(rows: &[Row], status: Status) -> Text {
    let count = |wanted: Status| rows.iter().filter(|row| row.checked.status() == wanted).count();
    let parts: Vec<String> = [Status::Passed, Status::Failed, Status::CouldNotCheck, Status::ConsentRequired]
        .into_iter()
        .filter(|wanted| count(*wanted) > 0)
        .map(|wanted| format!("{} {}", count(wanted), word(wanted).1))
        .collect();
    let text = if parts.is_empty() { "nothing is locked or configured".to_owned() } else { parts.join(", ") };
    Text::new().with(word(status).0, text)
}

//! `mcp-pin lock`.

use std::collections::BTreeSet;

use clap::ValueEnum;
use mcp_pin_diff::{ChangeReport, Finding};
use mcp_pin_model::{Alias, Grade, Launch, Lockfile, ServerName, package_identity::identify};
use mcp_pin_policy::Assessment;
use serde::Serialize;

use super::selection;
use crate::{
    capture::{Live, Wanted, capture_all},
    cli::Format,
    consenting::{Approver, Consented, admit_local, refuse_unlockable},
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::{ConfiguredServer, Project},
    registry_source,
    render::{self, Detail},
    review::{
        self, Acknowledged, Decision, Subject,
        beside::{self, Beside, Others},
    },
    state::{
        Admission, State,
        verification::{self, Locked},
    },
    ui::{Role, Text, sanitize},
};

/// Pin the configured servers that are not locked yet
///
/// Captures what each server declares and goes through it with you, item by item, the gravest first. Accepting signs a
/// manifest and a consent with your key and writes mcp-pin.lock; what is graded `block` takes typing the alias. What is locked already is never touched: changes are reviewed with
/// `mcp-pin update`. Servers that mcp-pin.toml takes from a registry are locked as admitted there.
///
/// Servers that can be locked are locked even if others cannot; the exit code then says so: 1 something is refused,
/// 3 something could not be captured, 4 somebody has to consent first.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The servers, by the names they are configured under [default: all]
    #[arg(value_name = "ALIAS")]
    pub aliases: Vec<Alias>,
    /// Accept without asking
    #[arg(long, value_enum, value_name = "WHAT")]
    pub accept: Option<Accept>,
    /// Acknowledge what was found beside the other servers, by its fingerprint, where nobody is asked: with --accept, and of
    /// servers from a registry
    #[arg(long, value_name = "FINGERPRINT")]
    pub acknowledge: Vec<String>,
    /// Print everything that is new also where nobody is asked, not only what was found
    #[arg(long, alias = "full")]
    pub expand: bool,
    /// Take servers out of the lock that are not configured any more
    #[arg(long)]
    pub prune: bool,
}

/// What is accepted without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accept {
    /// Servers that are not locked yet, as they are now. Changes of locked servers never are.
    FirstUse,
}

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Locked,
    UpToDate,
    Restored,
    Changed,
    AwaitingConsent,
    Rejected,
    Refused,
    CouldNotCheck,
    Failed,
    Disabled,
    NotConfigured,
    Pruned,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    alias: Alias,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<mcp_pin_model::json::Value>,
    /// What was found beside the other servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    outcome: Status,
    servers: &'a [Row],
}

/// A server that is not locked yet and was captured.
struct Candidate<'a> {
    server: &'a ConfiguredServer,
    live: Live,
    report: ChangeReport,
}

/// Collects what became of the servers.
struct Run<'a> {
    context: &'a Context,
    status: Status,
    rows: Vec<Row>,
}

impl Run<'_> {
    fn row(&mut self, alias: &Alias, outcome: Outcome, status: Status) -> &mut Self {
        self.status = self.status.and(status);
        self.rows.push(Row { alias: alias.clone(), outcome, message: None, report: None, beside: Vec::new() });
        self
    }

    fn message(&mut self, message: impl Into<String>) {
        if let Some(row) = self.rows.last_mut() {
            row.message = Some(message.into());
        }
    }

    fn error(&mut self, alias: &Alias, error: &CommandError) {
        let outcome = match error.status {
            Status::ConsentRequired => Outcome::AwaitingConsent,
            Status::CouldNotCheck => Outcome::CouldNotCheck,
            Status::Failed => Outcome::Refused,
            Status::Passed | Status::Usage => Outcome::Failed,
        };
        self.row(alias, outcome, error.status).message(error.to_string());
        self.context.ui.error(error);
    }
}

/// Runs it.
///
/// # Errors
/// See [`CommandError`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let mut project = context.project()?;
    let state = context.state(&project);
    let before = state.read_lock()?;
    selection::check(&arguments.aliases, &project, before.as_ref())?;
    if project.servers.is_empty() && before.is_none() {
        return Err(CommandError::usage("no MCP server is configured here")
            .detail(format!("looked for .mcp.json and .vscode/mcp.json in {}", project.root.display())));
    }
    let mut run = Run { context, status: Status::Passed, rows: Vec::new() };
    let mut lock = before.clone().unwrap_or_default();
    let sorted = sort(arguments, &project, &state, &lock, &mut run);
    let candidates = capture(context, &project, &sorted.new, &mut run)?;
    let is_new = !candidates.is_empty() || !sorted.from_registry.is_empty();
    let others = if is_new { Others::of_lock(context, &project, &state, &lock) } else { Others::default() };
    let mut beside = BesideOthers { others, found: BTreeSet::new(), last: Vec::new() };
    let Some(accepted) = decide(arguments, context, &project, &mut beside, candidates, &mut run)? else {
        return finish(run);
    };
    let mut admissions = Vec::new();
    for server in &sorted.from_registry {
        match from_registry(arguments, context, &project, &state, &mut beside, server) {
            Ok(admission) => admissions.push(admission),
            Err(error) => {
                run.error(&server.alias, &error);
                if let Some(row) = run.rows.last_mut() {
                    row.beside = std::mem::take(&mut beside.last);
                }
            }
        }
    }
    if run.status == Status::Passed {
        beside::check_named(&arguments.acknowledge, &beside.found)?;
    }
    if !accepted.is_empty() {
        // Configured servers are kept apart from the project, whose settings a first use may write.
        let accepted: Vec<(ConfiguredServer, Live, Acknowledged)> =
            accepted.into_iter().map(|(one, acknowledged)| (one.server.clone(), one.live, acknowledged)).collect();
        drop(sorted.from_registry);
        let approver = Approver::of_first_use(context, &mut project)?;
        for (server, live, acknowledged) in accepted {
            let consented = Consented { server: &server, live: &live, locked: None, acknowledged, reason: "first use" };
            match admit_local(context, &project.settings, &approver, consented) {
                Ok(admission) => admissions.push(admission),
                Err(error) => run.error(&server.alias, &error),
            }
        }
    }
    let writing = !admissions.is_empty() || !sorted.to_restore.is_empty() || !sorted.to_prune.is_empty();
    if writing {
        let mut writer = state.writer(before.as_ref())?;
        for locked in &sorted.to_restore {
            writer.restore_snapshot(locked)?;
            run.row(&locked.server.alias, Outcome::Restored, Status::Passed).message("snapshot written again");
        }
        if !admissions.is_empty() {
            writer.commit(&mut lock, &admissions)?;
        }
        for admission in &admissions {
            run.row(&admission.alias, Outcome::Locked, Status::Passed);
            if let Some(warning) = unpinned(&admission.manifest.statement().launch) {
                run.message(warning);
            }
        }
        for (alias, locked) in &sorted.to_prune {
            writer.prune(&mut lock, alias, locked.as_ref())?;
            run.row(alias, Outcome::Pruned, Status::Passed);
        }
    }
    finish(run)
}

/// The servers that are locked so far, and what was found beside them.
struct BesideOthers {
    others: Others,
    /// By fingerprint.
    found: BTreeSet<String>,
    /// Beside the last server that came from a registry.
    last: Vec<Finding>,
}

/// What is to be done with each server.
#[derive(Default)]
struct Sorted {
    new: Vec<ConfiguredServer>,
    from_registry: Vec<ConfiguredServer>,
    to_restore: Vec<Locked>,
    to_prune: Vec<(Alias, Option<Locked>)>,
}

fn sort(arguments: &Arguments, project: &Project, state: &State, lock: &Lockfile, run: &mut Run<'_>) -> Sorted {
    let mut sorted = Sorted::default();
    for server in project.servers.iter().filter(|server| selection::is_wanted(&arguments.aliases, &server.alias)) {
        let alias = &server.alias;
        let Some(locked) = lock.server(alias) else {
            if server.disabled {
                run.row(alias, Outcome::Disabled, Status::Passed).message("it is switched off in the configuration");
            } else if let Err(error) = refuse_unlockable(server) {
                run.error(alias, &error);
            } else if project.settings.servers.contains_key(alias) {
                sorted.from_registry.push(server.clone());
            } else {
                sorted.new.push(server.clone());
            }
            continue;
        };
        let mut launch = server.launch.clone();
        launch.normalise();
        if launch != locked.launch {
            let error = CommandError::consent_required(format!(
                "`{alias}` is locked with another launch than it is configured with"
            ))
            .hint(format!("see what changed with `mcp-pin diff {alias}`, then decide with `mcp-pin update {alias}`"));
            let error = match server.place() {
                Some(place) => error.at(place.path.clone(), place.line),
                None => error,
            };
            run.error(alias, &error);
            if let Some(row) = run.rows.last_mut() {
                row.outcome = Outcome::Changed;
            }
            continue;
        }
        let checked = verification::check(state, &project.settings, locked, run.context.now());
        let only_snapshot = checked.failures.iter().all(|failure| failure.check == "snapshot");
        match checked.locked {
            Some(locked) if only_snapshot && !checked.failures.is_empty() => sorted.to_restore.push(locked),
            Some(_) if checked.failures.is_empty() => {
                run.row(alias, Outcome::UpToDate, Status::Passed);
            }
            _ => {
                for failure in checked.failures {
                    let mut error = CommandError::new(failure.status, format!("`{alias}`: {failure}"));
                    error.hint = failure.hint;
                    run.error(alias, &error);
                }
            }
        }
    }
    for locked in lock.servers() {
        let alias = &locked.alias;
        if project.server(alias).is_some() || !selection::is_wanted(&arguments.aliases, alias) {
            continue;
        }
        if arguments.prune {
            let checked = verification::check(state, &project.settings, locked, run.context.now());
            sorted.to_prune.push((alias.clone(), checked.locked));
        } else {
            run.row(alias, Outcome::NotConfigured, Status::Passed)
                .message("locked, but not configured any more; take it out with `mcp-pin lock --prune`");
        }
    }
    sorted
}

fn capture<'a>(
    context: &Context,
    project: &Project,
    new: &'a [ConfiguredServer],
    run: &mut Run<'_>,
) -> Result<Vec<Candidate<'a>>, CommandError> {
    let wanted: Vec<Wanted<'_>> = new.iter().map(|server| Wanted { server, locked: None }).collect();
    let mut candidates = Vec::new();
    for (server, live) in new.iter().zip(capture_all(context, project, &wanted)?) {
        match live.and_then(|live| live.report(&server.alias, None).map(|report| (live, report))) {
            Ok((live, report)) => candidates.push(Candidate { server, live, report }),
            Err(error) => run.error(&server.alias, &error),
        }
    }
    Ok(candidates)
}

/// Shows each candidate and finds out whether it is accepted, and what of it was acknowledged. None when whoever was
/// asked left: nothing is written then.
fn decide<'a>(
    arguments: &Arguments,
    context: &Context,
    project: &Project,
    known: &mut BesideOthers,
    candidates: Vec<Candidate<'a>>,
    run: &mut Run<'_>,
) -> Result<Option<Vec<(Candidate<'a>, Acknowledged)>>, CommandError> {
    let asked = arguments.accept.is_none() && context.ui.is_interactive() && context.format == Format::Human;
    let mut accepted = Vec::new();
    let mut waiting = Vec::new();
    let mut left = false;
    for candidate in candidates {
        let alias = &candidate.server.alias;
        let assessment = Assessment::of(&candidate.report, &project.settings.policy.exceptions, context.now());
        if left {
            run.row(alias, Outcome::AwaitingConsent, Status::ConsentRequired).message("nobody has decided about it");
            continue;
        }
        let name = ServerName::local(alias);
        let found = known.others.beside(alias.as_str(), &candidate.live.surface);
        known.found.extend(found.iter().map(|finding| finding.fingerprint.clone()));
        let exceptions = &project.settings.policy.exceptions;
        let beside = [Beside::servers(Assessment::of_findings(&found, Some(&name), exceptions, context.now()))];
        let introduction = review::introduction(candidate.server, &candidate.live, context.ui.width());
        if let Some(warning) = unpinned(&candidate.server.launch) {
            context.ui.warn(format!("`{alias}`: {warning}"));
        }
        if !asked && context.format == Format::Human {
            review::print(context, introduction.clone())?;
            // Where nobody is asked, nothing is accepted by looking, and thousands of lines would only bury what was
            // found.
            if arguments.expand {
                review::show(context, alias.as_str(), &candidate.report, Detail::Summary)?;
            } else {
                review::show_findings(context, alias.as_str(), &candidate.report)?;
            }
            review::print_beside(context, &beside)?;
        }
        if assessment.grade().max(beside::gravest(&beside)) == Grade::Refuse {
            if asked {
                review::show_findings(context, alias.as_str(), &candidate.report)?;
            }
            run.error(
                alias,
                &CommandError::failed(format!("`{alias}` cannot be locked: it declares what nobody may accept"))
                    .hint("the findings of grade `refuse` above say what; it has to change in the server"),
            );
        } else if arguments.accept == Some(Accept::FirstUse) {
            // A first use accepts what a server is. What it does to others that were there before takes more.
            match beside::acknowledged_by_name(alias.as_str(), &beside, &arguments.acknowledge, Grade::Block) {
                Ok(acknowledged) => {
                    known.others.add(alias.as_str(), &candidate.live.surface);
                    let acknowledged = acknowledged.and(Acknowledged::as_a_whole(assessment.findings()));
                    accepted.push((candidate, acknowledged));
                    continue;
                }
                Err(error) => run.error(alias, &error),
            }
        } else if asked {
            let subject = Subject {
                name: alias.as_str(),
                question: format!("lock `{alias}` like this?"),
                assessment: &assessment,
                beside: &beside,
                before: None,
                after: &candidate.live.surface,
                introduction,
            };
            match review::decide(&context.ui, &subject).map_err(super::prompt_error)? {
                Decision::Accept(acknowledged) => {
                    known.others.add(alias.as_str(), &candidate.live.surface);
                    accepted.push((candidate, acknowledged));
                    continue;
                }
                Decision::Reject => {
                    run.row(alias, Outcome::Rejected, Status::ConsentRequired).message("not accepted");
                }
                Decision::Quit => {
                    left = true;
                    run.row(alias, Outcome::AwaitingConsent, Status::ConsentRequired)
                        .message("nobody has decided about it");
                }
            }
        } else {
            run.row(alias, Outcome::AwaitingConsent, Status::ConsentRequired).message("nobody has looked at it yet");
            waiting.push(alias.to_string());
        }
        if let Some(row) = run.rows.last_mut() {
            row.report = Some(candidate.report.to_value());
            row.beside = found;
        }
    }
    if left {
        for (candidate, _) in accepted {
            run.row(&candidate.server.alias, Outcome::AwaitingConsent, Status::ConsentRequired)
                .message("accepted, but not locked: the review was left");
        }
        context.ui.show("nothing was locked").map_err(super::prompt_error)?;
        return Ok(None);
    }
    if !waiting.is_empty() {
        context.ui.error(
            &CommandError::consent_required(format!("not locked, because nobody accepted: {}", waiting.join(", ")))
                .hint("review and accept in a terminal with `mcp-pin lock`"),
        );
    }
    Ok(Some(accepted))
}

/// Says that a launch decides anew at each start which version it runs. It is locked all the same: what the server
/// declares is pinned, whichever version declares it.
fn unpinned(launch: &Launch) -> Option<String> {
    let identity = identify(launch);
    let package = identity.package().filter(|package| !package.is_pinned())?;
    Some(format!(
        "{} is not pinned to a version, so what runs may change while its launch stays the same; pin it as {}",
        package.name,
        package.pinned_spelling()
    ))
}

/// A version that the organisation admitted. Those who consented to it saw what it does to the registry's servers, not to
/// the others that are locked here.
fn from_registry(
    arguments: &Arguments,
    context: &Context,
    project: &Project,
    state: &State,
    known: &mut BesideOthers,
    server: &ConfiguredServer,
) -> Result<Admission, CommandError> {
    let alias = &server.alias;
    known.last = Vec::new();
    let wanted = project
        .settings
        .servers
        .get(alias)
        .ok_or_else(|| CommandError::internal("a server from a registry without settings"))?;
    let published = registry_source::resolve(context, &project.settings, alias, wanted, state)?;
    let manifest = published.manifest.statement();
    known.last = known.others.beside(alias.as_str(), &manifest.surface);
    known.found.extend(known.last.iter().map(|finding| finding.fingerprint.clone()));
    let exceptions = &project.settings.policy.exceptions;
    let weighed = Assessment::of_findings(&known.last, Some(manifest.name()), exceptions, context.now());
    let beside = [Beside::servers(weighed)];
    if context.format == Format::Human {
        review::print_beside(context, &beside)?;
    }
    beside::acknowledged_by_name(alias.as_str(), &beside, &arguments.acknowledge, Grade::Block)?;
    known.others.add(alias.as_str(), &manifest.surface);
    published.admission(server, None)
}

fn finish(mut run: Run<'_>) -> CommandResult {
    run.rows.sort_by(|a, b| a.alias.cmp(&b.alias));
    match run.context.format {
        Format::Json => {
            render::json::print(&run.context.ui, "lock", &Output { outcome: run.status, servers: &run.rows })?;
        }
        Format::Human => {
            for row in &run.rows {
                let (role, word) = match row.outcome {
                    Outcome::Locked => (Role::Good, "locked"),
                    Outcome::UpToDate => (Role::Good, "up to date"),
                    Outcome::Restored => (Role::Good, "restored"),
                    Outcome::Pruned => (Role::Good, "taken out"),
                    Outcome::Changed => (Role::Warning, "changed"),
                    Outcome::AwaitingConsent => (Role::Warning, "awaits consent"),
                    Outcome::Rejected => (Role::Warning, "rejected"),
                    Outcome::Disabled => (Role::Dim, "switched off"),
                    Outcome::NotConfigured => (Role::Dim, "not configured"),
                    Outcome::Refused => (Role::Bad, "refused"),
                    Outcome::CouldNotCheck => (Role::Bad, "could not check"),
                    Outcome::Failed => (Role::Bad, "failed"),
                };
                let mut line = Text::new().with(role, format!("{word:<16}")).with(Role::Plain, row.alias.as_str());
                if let (Some(message), Outcome::Disabled | Outcome::NotConfigured) = (&row.message, row.outcome) {
                    line.push(Role::Dim, format!("  {}", sanitize::one_line(message)));
                }
                run.context.ui.talk(line);
            }
        }
    }
    Ok(run.status)
}

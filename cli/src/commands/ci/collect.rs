//! Everything that a pipeline is told, gathered. What goes wrong on the way is a finding too, so that every output says it.

use std::path::Path;

use mcp_pin_model::{Grade, lockfile::LOCK_FILE};

use super::{Arguments, base, base::Base, beside, rollback, weigh::Weighing};
use crate::{
    commands::{
        diff::locks::{Half, ServerDifference, differences},
        verify::{self, Extent, Row},
    },
    context::Context,
    error::{CommandError, Status},
    evidence::TrustInForce,
    findings::{Finding, LockLines, Run, Server, rule_of},
    project::{Project, SETTINGS_FILE, TrustChange, settings::PolicySettings},
};

/// Gathers.
pub(super) fn collect(arguments: &Arguments, context: &Context) -> Run {
    let mut run = Run {
        outcome: Status::Passed,
        fail_on: arguments.fail_on.into(),
        base: None,
        live: arguments.live,
        trust: None,
        servers: Vec::new(),
        findings: Vec::new(),
        notes: Vec::new(),
        prefix: String::new(),
    };
    if let Err(stopped) = gather(arguments, context, &mut run) {
        let (check, error) = *stopped;
        run.findings.push(Finding::of_error(check, error));
    }
    run
}

/// The check that could not be made, so that nothing after it could be either, and why.
type Stopped = Box<(&'static str, CommandError)>;

fn stopped(check: &'static str) -> impl FnOnce(CommandError) -> Stopped {
    move |error| Box::new((check, error))
}

fn gather(arguments: &Arguments, context: &Context, run: &mut Run) -> Result<(), Stopped> {
    let project = context.project().map_err(stopped("configuration"))?;
    run.prefix = prefix_of(&project.root);
    let base = base::find(arguments.base.as_deref(), &project, context).map_err(stopped("base"))?;
    run.base = base.as_ref().map(Base::told);
    let (project, change) = judged(arguments, context, project, base.as_ref()).map_err(stopped("trust"))?;
    // Where the base branch trusts nobody the policy here is the pull request's own, which exempts nothing of itself.
    let policy =
        if change == TrustChange::Brought { PolicySettings::default() } else { project.settings.policy.clone() };
    let weighing = Weighing { policy, now: context.now() };
    run.findings.extend(weighing.expired());
    run.trust = Some(TrustInForce::of(&project.settings).map_err(stopped("trust"))?);
    let state = context.state(&project);
    let lock = state.require_lock().map_err(stopped("lock"))?;
    let extent = Extent { aliases: &[], live: arguments.live, online: arguments.online, frozen: true };
    let rows = verify::check(extent, context, &project, &state, &lock).map_err(stopped("live"))?;
    let lines = LockLines::of(&lock);
    for row in &rows {
        add_row(run, &project, &lines, row, &weighing);
    }
    if let Some(note) = verify::stray(extent, &state, &lock, &rows) {
        run.findings.push(Finding::new(rule_of("stray"), Grade::Notice, Status::Passed, note));
    }
    let lock_changed = match &base {
        Some(base) => compare(run, &project, base, &lines, &weighing).map_err(stopped("base"))?,
        None => {
            run.notes.push(
                "there is no base to compare with, so what changed in the lock is not told; name one with --base"
                    .to_owned(),
            );
            false
        }
    };
    run.findings.extend(trust_finding(&change, lock_changed));
    place(run, &project, &lines);
    Ok(())
}

/// The project under the trust that counts.
fn judged(
    arguments: &Arguments,
    context: &Context,
    project: Project,
    base: Option<&Base>,
) -> Result<(Project, TrustChange), CommandError> {
    let own = project.clone();
    let (project, change) = match base {
        Some(base) => project.under_base(&base.revision, &base.tip, &context.roots)?,
        None => (project, TrustChange::None),
    };
    match arguments.trust.from() {
        Some(from) => Ok((own.trusting(from, &context.directory, &context.roots)?, change)),
        None => Ok((project, change)),
    }
}

fn add_row(run: &mut Run, project: &Project, lines: &LockLines, row: &Row, weighing: &Weighing) {
    let config = project.server(&row.alias).and_then(|server| server.place()).cloned();
    for failure in &row.checked.failures {
        let mut finding = Finding::of_failure(Some(&row.alias), failure);
        // The line of the member that the check is about.
        finding.lock = Some(lines.place(Some(&row.alias), None, Some(failure.check)));
        finding.config.clone_from(&config);
        run.findings.push(finding);
    }
    // What is not consented to yet is listed, so that whoever reads it sees what the failed check is about.
    run.findings.extend(row.drift.iter().flat_map(|report| weighing.of_report(&row.alias, report)));
    run.notes.extend(row.checked.notes.iter().map(|note| format!("{}: {note}", row.alias)));
    run.servers.push(Server {
        alias: row.alias.clone(),
        name: row.server.as_ref().map(|server| server.name.to_string()),
        version: row.server.as_ref().map(|server| server.version.to_string()),
        outcome: row.checked.status(),
        change: None,
        report: None,
    });
}

/// What changed since the base; gives back whether anything did.
fn compare(
    run: &mut Run,
    project: &Project,
    base: &Base,
    lines: &LockLines,
    weighing: &Weighing,
) -> Result<bool, CommandError> {
    run.notes.extend(base.note.clone());
    let before = Half::of_commit(&base.left)?;
    if before.is_none() {
        run.notes.push(format!("the base has no {LOCK_FILE}, so everything counts as new"));
    }
    let before = before.unwrap_or_else(Half::empty);
    let Some(now) = Half::of_project(&project.root)? else { return Ok(true) };
    // A snapshot that is not what the lock says is a failed check already, and no reason to say nothing of the others.
    let mut changed = false;
    let aliases: std::collections::BTreeSet<_> =
        before.lock.servers().iter().chain(now.lock.servers()).map(|server| server.alias.clone()).collect();
    for alias in aliases {
        match differences(&before, &now, Some(&alias)) {
            Ok(differences) => {
                for difference in differences {
                    changed = true;
                    add_difference(run, lines, &difference, weighing);
                }
            }
            Err(error) => {
                changed = true;
                run.findings.push(Finding::of_error("snapshot", error).of_server(Some(&alias)));
            }
        }
    }
    if changed {
        run.findings.extend(beside::check(&before, &now, weighing));
        let (rollbacks, note) = rollback::check(base, &before.lock, &now.lock)?;
        run.findings.extend(rollbacks);
        run.notes.extend(note);
    }
    Ok(changed)
}

fn add_difference(run: &mut Run, lines: &LockLines, difference: &ServerDifference, weighing: &Weighing) {
    let alias = &difference.alias;
    let digest = difference.report.as_ref().map(mcp_pin_diff::ChangeReport::digest);
    match run.servers.iter_mut().find(|server| server.alias == *alias) {
        Some(server) => (server.change, server.report) = (Some(difference.outcome), digest),
        None => run.servers.push(Server {
            alias: alias.clone(),
            name: None,
            version: None,
            outcome: Status::Passed,
            change: Some(difference.outcome),
            report: digest,
        }),
    }
    run.servers.sort_by(|a, b| a.alias.cmp(&b.alias));
    if difference.outcome == "removed" {
        let message = "the server is no longer locked, and what it declares no longer checked";
        run.findings
            .push(Finding::new(rule_of("removed"), Grade::Notice, Status::Passed, message).of_server(Some(alias)));
    }
    match &difference.report {
        // The same content under other signatures has nothing new to judge.
        Some(_) if difference.outcome == "signed-again" => {}
        Some(report) => run.findings.extend(weighing.of_report(alias, report)),
        // By digest only: what the entries say is in no snapshot, which is never "nothing changed".
        None => run.findings.extend(difference.entries.iter().map(|entry| {
            let message = format!("{}; without snapshots on both sides nobody can tell what changed", entry.outcome);
            let mut finding =
                Finding::new(rule_of("base"), Grade::Review, Status::CouldNotCheck, message).of_server(Some(alias));
            finding.entry = Some(mcp_pin_diff::EntryRef { kind: entry.kind, key: entry.name.clone() });
            finding.lock = Some(lines.place(Some(alias), finding.entry.as_ref(), None));
            finding
        })),
    }
}

/// A change of trust by itself is for people to review; one together with the lock is how a pull request would approve itself.
fn trust_finding(change: &TrustChange, lock_changed: bool) -> Option<Finding> {
    let (verb, status) = match change {
        TrustChange::None => return None,
        TrustChange::Brought => ("brings", Status::Failed),
        TrustChange::Deleted => ("deletes", Status::Failed),
        TrustChange::Changed { .. } if lock_changed => ("changes", Status::Failed),
        TrustChange::Changed { .. } => ("changes", Status::Passed),
    };
    let mut message = format!("this pull request {verb} {SETTINGS_FILE}, and with it whom mcp-pin trusts");
    let hint = match change {
        TrustChange::Brought => {
            "nobody is trusted by the base branch yet: let people review mcp-pin.toml and merge it by itself"
        }
        TrustChange::Deleted => "without mcp-pin.toml nobody is trusted, and nothing can be checked after the merge",
        _ if lock_changed => "merge the change of trust by itself, reviewed as such, and the lock after it",
        _ => "this run was judged by the base branch; from the merge on, these people decide",
    };
    if let TrustChange::Changed { ours, base } = change {
        message.push_str(&format!(" (here {}, on the base branch {})", ours.short(), base.short()));
    }
    let mut finding = Finding::new(rule_of("trust"), Grade::Block, status, message).with_hint(Some(hint.to_owned()));
    finding.lock = Some(crate::error::Place { path: SETTINGS_FILE.into(), line: Some(1) });
    Some(finding)
}

/// Gives every finding its places.
fn place(run: &mut Run, project: &Project, lines: &LockLines) {
    for finding in &mut run.findings {
        let server = finding.server.as_ref();
        if finding.lock.is_none() {
            let member = finding.path.as_ref().and_then(|path| path.tokens().next());
            let member = member.as_deref().map(|member| if member == "artifacts" { "artifact" } else { member });
            finding.lock = Some(lines.place(server, finding.entry.as_ref(), member));
        }
        if finding.config.is_none() {
            finding.config = server.and_then(|alias| project.server(alias)?.place().cloned());
        }
    }
}

/// The project's folder within its repository.
fn prefix_of(root: &Path) -> String {
    let Some(repository) = root.ancestors().find(|ancestor| ancestor.join(".git").exists()) else {
        return String::new();
    };
    let inside = root.strip_prefix(repository).unwrap_or(Path::new(""));
    let mut prefix: String =
        inside.components().map(|part| format!("{}/", part.as_os_str().to_string_lossy())).collect();
    if prefix == "/" {
        prefix.clear();
    }
    prefix
}

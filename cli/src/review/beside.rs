//! What stands beside a change report: what a server has to do with the others that the same agent reads, and what small
//! steps come to.
//!
//! It depends on who else is there and on what was read before, so it is no part of a report and of its digest. It is shown
//! beside the report and acknowledged on its own: item by item by whoever is asked, and by fingerprint where nobody is.

use std::collections::BTreeSet;

use mcp_pin_diff::{
    Finding,
    siblings::{Sibling, among},
};
use mcp_pin_model::{Grade, Lockfile, Surface};
use mcp_pin_policy::Assessed;

use super::Acknowledged;
use crate::{
    context::Context,
    error::CommandError,
    project::Project,
    render::{
        Detail, View,
        report_human::fact::{render_quotes, said_of, verdict},
        wrap::wrapped,
    },
    state::{State, verification},
    ui::{Role, Text, sanitize},
};

/// Findings that are no part of the report.
#[derive(Clone, Debug)]
pub struct Beside<'a> {
    /// What they come from, in a few words of ours.
    pub from: String,
    /// With what each weighs here.
    pub findings: Vec<Assessed<'a>>,
}

impl<'a> Beside<'a> {
    /// About the other servers.
    #[must_use]
    pub fn servers(findings: Vec<Assessed<'a>>) -> Self {
        Self { from: "beside the other servers".to_owned(), findings }
    }
}

/// The servers that others are compared with.
#[derive(Debug, Default)]
pub struct Others(Vec<(String, Surface)>);

impl Others {
    /// The servers of a lock, as far as they verify. Those that do not are named: they were not compared with.
    #[must_use]
    pub fn of_lock(context: &Context, project: &Project, state: &State, lock: &Lockfile) -> Self {
        let mut others = Self::default();
        let servers: Vec<_> = lock.servers().iter().collect();
        let checked = verification::check_all(state, &project.settings, &servers, context.now());
        for (server, checked) in servers.into_iter().zip(checked) {
            match checked.locked {
                Some(locked) => others.add(server.alias.as_str(), &locked.manifest.statement().surface),
                None => context.ui.warn(format!("`{}` does not verify, so nothing was compared with it", server.alias)),
            }
        }
        others
    }

    /// A server as it is from now on.
    pub fn add(&mut self, name: &str, surface: &Surface) {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), surface.clone()));
    }

    /// What a server has to do with them.
    #[must_use]
    pub fn beside(&self, name: &str, surface: &Surface) -> Vec<Finding> {
        let others = self.0.iter().filter(|(other, _)| other != name);
        let others: Vec<Sibling<'_>> = others.map(|(name, surface)| Sibling { name, surface }).collect();
        if others.is_empty() { Vec::new() } else { among(&Sibling { name, surface }, &others) }
    }
}

/// The gravest grade that any of them weighs.
#[must_use]
pub fn gravest(beside: &[Beside<'_>]) -> Grade {
    beside.iter().flat_map(|one| &one.findings).map(|assessed| assessed.grade).max().unwrap_or(Grade::None)
}

/// The findings with what acknowledges them, for where nobody is asked. Empty where there are none.
#[must_use]
pub fn shown(beside: &[Beside<'_>], columns: usize) -> Text {
    let mut out = Text::new();
    let view = View { columns, detail: Detail::Full, subject: None };
    for Beside { from, findings } in beside.iter().filter(|one| !one.findings.is_empty()) {
        out.push(Role::Strong, format!("{from}:\n"));
        for assessed in findings {
            out.append(rendered(&[assessed.finding], &view));
            out.push(Role::Dim, format!("  {}\n", assessed.finding.fingerprint));
        }
    }
    out
}

/// Findings with what they quote.
pub(super) fn rendered(findings: &[&Finding], view: &View<'_>) -> Text {
    let mut out = Text::new();
    for said in said_of(findings) {
        verdict(&mut out, said.grade, &said.title, said.rule, view.columns);
        render_quotes(&mut out, &said.findings, view);
        let mut hints: Vec<&str> = said.findings.iter().filter_map(|finding| finding.hint.as_deref()).collect();
        hints.dedup();
        for line in hints.iter().flat_map(|hint| wrapped(&format!("look at: {hint}"), view.columns, 2)) {
            out.push(Role::Dim, format!("  {line}\n"));
        }
    }
    out
}

/// What `--acknowledge` names of something that was not found: a mistake, and never an acknowledgement of nothing.
///
/// # Errors
/// Exit code 2 with the first of them.
pub fn check_named(named: &[String], found: &BTreeSet<String>) -> Result<(), CommandError> {
    match named.iter().find(|fingerprint| !found.contains(*fingerprint)) {
        None => Ok(()),
        Some(unknown) => Err(CommandError::usage(format!(
            "--acknowledge {}: nothing of this fingerprint was found beside a report; nothing was written",
            sanitize::name(unknown)
        ))
        .hint("the fingerprints stand below what was found; run the command again without it")),
    }
}

/// The fingerprints of everything that stands beside a report.
pub fn fingerprints<'a>(beside: &'a [Beside<'_>]) -> impl Iterator<Item = String> + 'a {
    beside.iter().flat_map(|one| &one.findings).map(|assessed| assessed.finding.fingerprint.clone())
}

/// What was acknowledged by fingerprint of findings that weigh this much or more.
///
/// # Errors
/// Exit code 4 where one of them was not.
pub fn acknowledged_by_name(
    alias: &str,
    beside: &[Beside<'_>],
    named: &[String],
    least: Grade,
) -> Result<Acknowledged, CommandError> {
    let is_named = |assessed: &&Assessed<'_>| named.contains(&assessed.finding.fingerprint);
    let findings = || beside.iter().flat_map(|one| &one.findings);
    let missing = findings().filter(|assessed| assessed.grade >= least && !is_named(assessed)).count();
    if missing > 0 {
        return Err(CommandError::consent_required(format!(
            "`{alias}` is not accepted: what was found beside the report is no part of it, and {missing} of that was not \
             acknowledged"
        ))
        .hint("read it above, and name each fingerprint with `--acknowledge`, or decide in a terminal"));
    }
    Ok(Acknowledged::as_a_whole(findings().filter(|assessed| assessed.grade < least || is_named(assessed))))
}

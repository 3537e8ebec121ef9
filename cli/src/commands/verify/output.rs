//! What `mcp-pin verify` says.

use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Alias, EntryKind, json::Value};
use serde::Serialize;

use super::{Arguments, Row, online};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    evidence::{ServerEvidence, SignatureEvidence, TrustInForce, explain},
    project::Project,
    render::{self, Detail, View},
    review,
    ui::{Role, Text, sanitize},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    outcome: Status,
    live: bool,
    /// Whether the packages were fetched and compared.
    online: bool,
    trust: TrustInForce,
    servers: Vec<ServerOutput>,
    /// What is worth knowing about the lock as a whole.
    notes: Vec<String>,
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
    /// The packages that were looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<online::PackageOutput>,
    failures: Vec<FailureOutput>,
    notes: Vec<String>,
    /// What speaks for it, with `--verbose`.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<ServerEvidence>,
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

/// Prints what came out.
pub(super) fn finish(
    arguments: &Arguments,
    context: &Context,
    project: &Project,
    rows: &[Row],
    note: Option<String>,
) -> CommandResult {
    let trust = TrustInForce::of(&project.settings)?;
    let evidence = |row: &Row| {
        let locked = row.checked.locked.as_ref().filter(|_| arguments.verbose)?;
        Some(explain(&project.settings, locked, context.now()))
    };
    let status = rows.iter().fold(Status::Passed, |status, row| status.and(row.checked.status()));
    match context.format {
        Format::Json => {
            let servers = rows.iter().map(|row| output(row, evidence(row))).collect();
            let notes = note.into_iter().collect();
            let output =
                Output { outcome: status, live: arguments.live, online: arguments.online, trust, servers, notes };
            render::json::print(&context.ui, "verify", &output)?;
        }
        Format::Human => {
            for row in rows {
                review::print(context, human(context, row, evidence(row).as_ref()))?;
            }
            if let Some(note) = note {
                review::print(context, Text::new().with(Role::Dim, format!("note: {}", sanitize::one_line(&note))))?;
            }
            // What a check is worth depends on whose trust it was made by, so that is told where it is not the project's own.
            if arguments.verbose || arguments.trust.from().is_some() {
                let source = trust.source.as_deref().unwrap_or("nowhere: there is no mcp-pin.toml");
                let text = format!("trust {} from {}", trust.digest, sanitize::one_line(source));
                review::print(context, Text::new().with(Role::Dim, text))?;
            }
            review::print(context, summary(rows, status))?;
        }
    }
    Ok(status)
}

fn output(row: &Row, evidence: Option<ServerEvidence>) -> ServerOutput {
    ServerOutput {
        alias: row.alias.clone(),
        outcome: row.checked.status(),
        name: row.server.as_ref().map(|server| server.name.to_string()),
        version: row.server.as_ref().map(|server| server.version.to_string()),
        live: row.live,
        packages: row.packages.clone(),
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
        evidence,
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

fn human(context: &Context, row: &Row, evidence: Option<&ServerEvidence>) -> Text {
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
    for package in &row.packages {
        out.append(packages(package));
    }
    for note in &row.checked.notes {
        out.push(Role::Dim, format!("  note: {}", sanitize::one_line(note)));
        out.newline();
    }
    if let Some(evidence) = evidence {
        push_evidence(&mut out, evidence);
    }
    if let Some(report) = &row.drift {
        let view = View { columns: context.ui.width(), detail: Detail::Summary, subject: Some(row.alias.as_str()) };
        out.append(render::report(report, &view));
    }
    out
}

/// What speaks for a server: one line for each signature, and how they add up.
fn push_evidence(out: &mut Text, evidence: &ServerEvidence) {
    let mut push = |line: String| {
        out.push(Role::Dim, format!("  {}", sanitize::one_line(&line)));
        out.newline();
    };
    let signature = |what: &str, signed: &SignatureEvidence| {
        let place = signed.trusted_by.as_deref().map(|place| format!(", trusted at {place}")).unwrap_or_default();
        let root = signed.root.as_ref();
        let root = root.map(|root| format!(", root `{}` {}", root.instance, root.origin)).unwrap_or_default();
        format!("{what} by `{}`: {}{place}{root}", signed.principal, signed.signer)
    };
    push(signature("manifest signed", &evidence.manifest));
    for consent in &evidence.consents {
        push(signature("consent signed", consent));
    }
    for line in &evidence.quorum {
        push(line.clone());
    }
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

fn packages(package: &online::PackageOutput) -> Text {
    let mut out = Text::new().with(Role::Dim, format!("  {}", sanitize::one_line(&package.purl)));
    out.newline();
    for check in &package.checks {
        let role = match check.outcome {
            "passed" => Role::Good,
            "failed" | "unsupported" => Role::Bad,
            _ => Role::Dim,
        };
        out.push(role, format!("    {:<12}", check.outcome));
        out.plain(check.check);
        if let Some(reason) = &check.reason {
            out.push(Role::Dim, format!("  {}", sanitize::one_line(reason)));
        }
        out.newline();
    }
    out
}

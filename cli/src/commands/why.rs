//! `mcp-pin why`.

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{
    Alias, Consent, Digest, EntryKind, Manifest, ServerName, ServerVersion,
    consent::Decision,
    json::Value,
    lockfile::{LockedEntry, LockedServer, Lockfile},
};
use serde::Serialize;

use super::trusting::TrustArguments;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    evidence::{ServerEvidence, TrustInForce, explain},
    render::{json, lines::Lines},
    state::verification::{Checked, Locked, check},
    ui::{Role, Text, sanitize},
};

/// Tell why a server, or one of its entries, is locked as it is
///
/// Who signed, who consented, when, to which digests, and what was checked to say so. Exit code as `mcp-pin verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The server's alias; with `/` and a name, one of its tools, prompts or resources
    #[arg(value_name = "ALIAS[/ENTRY]")]
    pub what: String,
    /// Tell the whole chain of evidence, step by step
    #[arg(long, short)]
    pub verbose: bool,
    /// Whose trust counts.
    #[command(flatten)]
    pub trust: TrustArguments,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    alias: Alias,
    name: ServerName,
    version: ServerVersion,
    source: String,
    surface: Digest,
    /// `passed`, `failed`, `could-not-check` or `consent-required`.
    outcome: Status,
    /// Why not, in words.
    failures: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryDocument>,
    manifest: ManifestDocument,
    consents: Vec<ConsentDocument>,
    trust: TrustInForce,
    /// The whole chain of evidence, where signatures and consents hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<ServerEvidence>,
}

#[derive(Debug, Serialize)]
struct EntryDocument {
    kind: EntryKind,
    name: String,
    digest: Digest,
    /// The entry as the model gets it, where the signed manifest holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestDocument {
    digest: Digest,
    verified: bool,
    signer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Digest>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsentDocument {
    digest: Digest,
    decision: Decision,
    principal: String,
    signer: String,
    evidence: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    reason: String,
    rings: Vec<String>,
    replaces: Option<Digest>,
    /// The digest of the change report that was consented to.
    changes: Digest,
    acknowledged: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// A server or entry that is not locked, or a lock that cannot be read.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project_trusting(arguments.trust.from())?;
    let state = context.state(&project);
    let lock = state.require_lock()?;
    let (server, entry) = find(&lock, &arguments.what)?;
    let checked = check(&state, &project.settings, server, context.now());
    let trust = TrustInForce::of(&project.settings)?;
    let evidence = checked.locked.as_ref().map(|locked| explain(&project.settings, locked, context.now()));
    match context.format {
        Format::Json => {
            let mut document = document(server, entry, &checked, trust);
            document.evidence = evidence;
            json::print(&context.ui, "why", &document)?;
        }
        Format::Human => {
            let evidence = evidence.as_ref().filter(|_| arguments.verbose).map(|evidence| (evidence, &trust));
            let text = human(server, entry, &checked, evidence, context.ui.width());
            context.ui.data(text).map_err(|error| super::output_error(&error))?;
        }
    }
    Ok(checked.status())
}

type Found<'a> = (&'a LockedServer, Option<(EntryKind, &'a LockedEntry)>);

/// Aliases may hold slashes themselves, so the longest alias that fits is the server.
fn find<'a>(lock: &'a Lockfile, what: &str) -> Result<Found<'a>, CommandError> {
    let server = |text: &str| text.parse::<Alias>().ok().and_then(|alias| lock.server(&alias));
    if let Some(server) = server(what) {
        return Ok((server, None));
    }
    let mut at = what.len();
    while let Some(slash) = what.get(..at).and_then(|head| head.rfind('/')) {
        at = slash;
        let (Some(head), Some(name)) = (what.get(..slash), what.get(slash + 1..)) else { continue };
        if let Some(server) = server(head) {
            let entry = EntryKind::ALL.into_iter().find_map(|kind| {
                let entry = server.section(kind)?.iter().find(|entry| entry.name == name)?;
                Some((kind, entry))
            });
            return match entry {
                Some(entry) => Ok((server, Some(entry))),
                None => Err(CommandError::usage(format!("`{}` has no entry {}", server.alias, sanitize::name(name)))
                    .hint(format!("`mcp-pin why {}` counts what it has; the lock lists the names", server.alias))),
            };
        }
    }
    Err(CommandError::usage(format!("{} is not locked", sanitize::name(what))).hint("`mcp-pin ls` lists the servers"))
}

fn document(
    server: &LockedServer,
    entry: Option<(EntryKind, &LockedEntry)>,
    checked: &Checked,
    trust: TrustInForce,
) -> Document {
    let locked = checked.locked.as_ref();
    let statement = locked.map(|locked| locked.manifest.statement());
    Document {
        alias: server.alias.clone(),
        name: server.name.clone(),
        version: server.version.clone(),
        source: super::ls::source_text(&server.source),
        surface: server.surface,
        outcome: checked.status(),
        failures: checked.failures.iter().map(ToString::to_string).collect(),
        entry: entry.map(|(kind, entry)| EntryDocument {
            kind,
            name: entry.name.clone(),
            digest: entry.digest,
            value: statement
                .and_then(|statement| statement.surface.entry(kind, &entry.name))
                .map(|entry| Value::Object(entry.value().clone())),
        }),
        manifest: ManifestDocument {
            digest: server.manifest,
            verified: locked.is_some(),
            signer: server.signer.to_string(),
            principal: locked.map(|locked| locked.manifest.principal().to_owned()),
            evidence: locked.map(|locked| locked.manifest.evidence().to_string()),
            captured_at: statement.map(|statement| statement.capture.at.to_string()),
            captured_by: statement.map(|statement| statement.capture.by.clone()),
            previous: statement.and_then(|statement| statement.previous),
        },
        consents: locked.map(|locked| locked.consents.iter().map(consent_document).collect()).unwrap_or_default(),
        trust,
        evidence: None,
    }
}

fn consent_document(consent: &Verified<Consent>) -> ConsentDocument {
    let statement = consent.statement();
    ConsentDocument {
        digest: consent.digest(),
        decision: statement.decision,
        principal: consent.principal().to_owned(),
        signer: consent.signer().to_string(),
        evidence: consent.evidence().to_string(),
        at: statement.at.to_string(),
        expires: statement.expires.map(|expires| expires.to_string()),
        reason: statement.reason.clone(),
        rings: statement.rings.iter().map(ToString::to_string).collect(),
        replaces: statement.replaces,
        changes: statement.changes,
        acknowledged: statement.acknowledged.clone(),
    }
}

fn human(
    server: &LockedServer,
    entry: Option<(EntryKind, &LockedEntry)>,
    checked: &Checked,
    evidence: Option<(&ServerEvidence, &TrustInForce)>,
    columns: usize,
) -> Text {
    let mut lines = Lines::new(columns);
    lines.text.push(Role::Strong, server.alias.as_str());
    lines.text.plain(format!("  {} {}", server.name, server.version));
    lines.text.newline();
    match checked.status() {
        Status::Passed => lines.add("state", "signatures and consents hold", Role::Good),
        _ => {
            for failure in &checked.failures {
                lines.add("state", &failure.message, Role::Bad);
            }
        }
    }
    for note in &checked.notes {
        lines.add("note", note, Role::Warning);
    }
    lines.add("source", &super::ls::source_text(&server.source), Role::Plain);
    lines.add("surface", &server.surface.to_string(), Role::Plain);
    if let Some((kind, entry)) = entry {
        lines.add("entry", &format!("{} {}", kind.noun(), sanitize::name(&entry.name)), Role::Strong);
        lines.add("", &entry.digest.to_string(), Role::Plain);
    } else {
        let counts: Vec<String> = EntryKind::ALL
            .into_iter()
            .filter_map(|kind| {
                let count = server.section(kind)?.len();
                Some(format!("{count} {}{}", kind.noun(), if count == 1 { "" } else { "s" }))
            })
            .collect();
        lines.add("entries", &counts.join(", "), Role::Plain);
    }
    lines.add("manifest", &server.manifest.to_string(), Role::Plain);
    match &checked.locked {
        Some(locked) => provenance(&mut lines, locked),
        None => lines.add("", &format!("says it is signed by {}; that was not confirmed", server.signer), Role::Bad),
    }
    if let Some((evidence, trust)) = evidence {
        chain(&mut lines, evidence, trust);
    }
    let mut text = lines.text;
    if let (Some((kind, entry)), Some(locked)) = (entry, &checked.locked)
        && let Some(entry) = locked.manifest.statement().surface.entry(kind, &entry.name)
    {
        text.push(Role::Dim, "\nas the model gets it:\n");
        text.append(crate::render::values::entry_tree(&Value::Object(entry.value().clone()), 0, columns));
    }
    text
}

fn provenance(lines: &mut Lines, locked: &Locked) {
    let manifest: &Manifest = locked.manifest.statement();
    let capture = &manifest.capture;
    lines.add("", &format!("signed by {}", sanitize::name(locked.manifest.principal())), Role::Plain);
    lines.add("", &locked.manifest.evidence().to_string(), Role::Dim);
    lines.add(
        "",
        &format!(
            "captured {} by {} over {}, protocol {}",
            day(capture.at),
            sanitize::line(&capture.by),
            sanitize::line(&capture.transport),
            sanitize::line(&capture.protocol_version)
        ),
        Role::Plain,
    );
    if let Some(previous) = manifest.previous {
        lines.add("", &format!("after {previous}"), Role::Plain);
    }
    if locked.consents.is_empty() {
        lines.add("consent", "none was needed", Role::Plain);
    }
    for consent in &locked.consents {
        let statement = consent.statement();
        lines.add("consent", &consent.digest().to_string(), Role::Plain);
        let decided = match statement.decision {
            Decision::Approve => "approved",
            Decision::Reject => "rejected",
        };
        let who = sanitize::name(consent.principal());
        lines.add("", &format!("{decided} by {who}, {}", day(statement.at)), Role::Strong);
        lines.add("", &consent.evidence().to_string(), Role::Dim);
        if !statement.reason.is_empty() {
            lines.add("", &format!("reason {}", sanitize::quoted(&statement.reason)), Role::Plain);
        }
        let replaces =
            statement.replaces.map_or("first admission".to_owned(), |digest| format!("in place of {digest}"));
        lines.add("", &replaces, Role::Plain);
        lines.add("", &format!("having read change report {}", statement.changes), Role::Plain);
        if !statement.acknowledged.is_empty() {
            let count = statement.acknowledged.len();
            let noun = if count == 1 { "finding" } else { "findings" };
            lines.add("", &format!("acknowledged {count} {noun}"), Role::Plain);
        }
        if let Some(expires) = statement.expires {
            lines.add("", &format!("until {}", day(expires)), Role::Warning);
        }
    }
}

/// The whole chain, one step a line: what was signed, by whom, why that counts here, and how it adds up.
fn chain(lines: &mut Lines, evidence: &ServerEvidence, trust: &TrustInForce) {
    let signatures = std::iter::once(("manifest", &evidence.manifest))
        .chain(evidence.consents.iter().map(|consent| ("consent", consent)));
    lines.title("evidence");
    for (label, signed) in signatures {
        lines.add(label, &signed.digest.to_string(), Role::Plain);
        for step in &signed.chain {
            lines.add("", step, Role::Plain);
        }
        if let Some(root) = &signed.root {
            lines.add("", &format!("root `{}` {}: {}", root.instance, root.origin, root.digest), Role::Plain);
        }
        let place = signed.trusted_by.as_deref().unwrap_or("nowhere");
        lines.add("", &format!("that is {}, trusted at {place}", sanitize::name(&signed.principal)), Role::Strong);
    }
    for (label, steps) in [("change", &evidence.change), ("quorum", &evidence.quorum)] {
        for (index, step) in steps.iter().enumerate() {
            lines.add(if index == 0 { label } else { "" }, step, Role::Plain);
        }
    }
    lines.add("trust", &trust.digest.to_string(), Role::Plain);
    lines.add("", trust.source.as_deref().unwrap_or("there is no mcp-pin.toml"), Role::Plain);
}

/// A time for people, to the second, in UTC.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

//! `mcp-pin trust show`.

use jiff::Timestamp;
use mcp_pin_attest::{IdentityPolicy, InstanceName, RootMember};
use mcp_pin_model::{Digest, Grade, ServerName};
use mcp_pin_policy::{Preset, Standing};
use serde::Serialize;

use super::super::trusting::TrustArguments;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    evidence::{TrustInForce, root_origin},
    project::{
        Settings,
        roots::{RootInForce, RootOrigin},
        settings::{Credential, day, evidence_word},
    },
    render::{json, lines::Lines},
    ui::{Role, Text},
};

/// Show whom mcp-pin trusts here: publishers, approvers, roots, and where that is written
///
/// Reads files only. The digest is over everything that decides which signatures count: two checks with the same one count the
/// same.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Whose trust is shown.
    #[command(flatten)]
    pub trust: TrustArguments,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    trust: TrustInForce,
    preset: Preset,
    registries: Vec<String>,
    approvers: Vec<EntryDocument>,
    publishers: Vec<EntryDocument>,
    roots: Vec<RootDocument>,
    /// Findings that take less attention here, for a time.
    exemptions: Vec<ExemptionDocument>,
    /// Rules that weigh more or less here.
    overrides: Vec<OverrideDocument>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExemptionDocument {
    fingerprint: String,
    /// Absent where it is about whichever server.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerName>,
    reason: String,
    author: String,
    expires: Timestamp,
    in_force: bool,
    place: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OverrideDocument {
    rule: &'static str,
    grade: Grade,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    in_force: bool,
    place: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryDocument {
    principal: String,
    /// The servers, of a publisher.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityPolicy>,
    /// Whose log or certificates it takes; none for a key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<InstanceName>,
    place: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RootDocument {
    instance: InstanceName,
    digest: Digest,
    /// `configured`, `updated` or `built-in`.
    origin: &'static str,
    /// The same in words.
    origin_words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
    /// Whether keys of its instance may have changed since.
    old: bool,
    /// What has to come with a signature: `log` or `timestamp`.
    evidence: &'static str,
    /// Whether anybody is trusted by it here.
    used: bool,
    contents: Vec<RootMember>,
}

/// Runs it.
///
/// # Errors
/// A configuration or root that cannot be read.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let mut project = context.project()?;
    // Shown, not judged by: on a pull request what it brings may be looked at.
    if let Some(from) = arguments.trust.from() {
        project = project.trusting(from, &context.directory, &context.roots)?;
    }
    let document = document(context, &project.settings)?;
    match context.format {
        Format::Json => json::print(&context.ui, "trust-show", &document)?,
        Format::Human => crate::review::print(context, human(&document, context.ui.width()))?,
    }
    for root in document.roots.iter().filter(|root| root.used && root.old) {
        context.ui.warn(format!(
            "the root of `{}` is {} days old, and its instance may use newer keys",
            root.instance,
            root.age_days.unwrap_or_default()
        ));
        context.ui.hint("fetch the newest with `mcp-pin trust update`");
    }
    Ok(Status::Passed)
}

fn document(context: &Context, settings: &Settings) -> Result<Document, CommandError> {
    let now = context.now();
    let mut roots: Vec<RootDocument> = settings.trust.roots.iter().map(|root| self::root(root, now, true)).collect();
    for instance in [InstanceName::PublicGood, InstanceName::GitHub] {
        if roots.iter().all(|root| root.instance != instance)
            && let Some(root) = context.roots.in_force(&instance)?
        {
            roots.push(self::root(&root, now, false));
        }
    }
    let approvers = settings.trust.approvers.iter();
    let publishers = settings.trust.publishers.iter();
    Ok(Document {
        trust: TrustInForce::of(settings)?,
        preset: settings.policy.preset,
        registries: settings.registries.iter().map(ToString::to_string).collect(),
        approvers: approvers
            .map(|approver| entry(&approver.name, Vec::new(), &approver.credential, &approver.place))
            .collect(),
        publishers: publishers
            .map(|publisher| {
                let names = publisher.names.iter().map(ToString::to_string).collect();
                entry(&publisher.principal, names, &publisher.credential, &publisher.place)
            })
            .collect(),
        exemptions: exemptions(settings, now),
        overrides: overrides(settings, now),
        roots,
    })
}

fn exemptions(settings: &Settings, now: Timestamp) -> Vec<ExemptionDocument> {
    let policy = &settings.policy;
    let exemptions = policy.exceptions.exemptions().iter().zip(&policy.exemption_places);
    exemptions
        .map(|(exemption, place)| ExemptionDocument {
            fingerprint: exemption.fingerprint().to_owned(),
            server: exemption.server().cloned(),
            reason: exemption.reason().to_owned(),
            author: exemption.author().to_owned(),
            expires: exemption.expires(),
            in_force: exemption.standing(now) == Standing::InForce,
            place: place.to_string(),
        })
        .collect()
}

fn overrides(settings: &Settings, now: Timestamp) -> Vec<OverrideDocument> {
    let policy = &settings.policy;
    let overrides = policy.exceptions.overrides().iter().zip(&policy.override_places);
    overrides
        .map(|(weighs, place)| OverrideDocument {
            rule: weighs.rule(),
            grade: weighs.grade(),
            reason: weighs.reason().to_owned(),
            expires: weighs.expires(),
            in_force: weighs.standing(now) == Standing::InForce,
            place: place.to_string(),
        })
        .collect()
}

fn entry(principal: &str, names: Vec<String>, credential: &Credential, place: &crate::error::Place) -> EntryDocument {
    let (key, identity) = match credential {
        Credential::Key { key, .. } => (Some(key.id().key), None),
        Credential::Identity { policy, .. } => (None, Some(policy.as_ref().clone())),
    };
    EntryDocument {
        principal: principal.to_owned(),
        names,
        key,
        identity,
        instance: credential.instance().cloned(),
        place: place.to_string(),
    }
}

fn root(root: &RootInForce, now: Timestamp, used: bool) -> RootDocument {
    RootDocument {
        instance: root.root.instance().clone(),
        digest: root.root.digest(),
        origin: match root.origin {
            RootOrigin::Configured(_) => "configured",
            RootOrigin::Updated(_) => "updated",
            RootOrigin::BuiltIn => "built-in",
        },
        origin_words: root_origin(&root.origin),
        age_days: root.origin.fetched_at().map(|at| now.duration_since(at).as_hours() / 24),
        old: root.origin.is_old(now),
        evidence: evidence_word(root.root.required_evidence()),
        used,
        contents: root.root.contents(),
    }
}

fn human(document: &Document, columns: usize) -> Text {
    let mut lines = Lines::new(columns);
    lines.add("trust", &document.trust.digest.to_string(), Role::Plain);
    let source = document.trust.source.as_deref().unwrap_or("there is no mcp-pin.toml: nobody is trusted");
    lines.add("from", source, Role::Plain);
    lines.add("preset", document.preset.as_str(), Role::Plain);
    for registry in &document.registries {
        lines.add("registry", registry, Role::Plain);
    }
    for (title, entries) in [("approvers", &document.approvers), ("publishers", &document.publishers)] {
        lines.title(title);
        if entries.is_empty() {
            lines.add("", "none", Role::Dim);
        }
        for entry in entries {
            lines.add("", &entry.principal, Role::Strong);
            if !entry.names.is_empty() {
                lines.add("  for", &entry.names.join(", "), Role::Plain);
            }
            push_credential(&mut lines, entry);
            lines.add("  at", &entry.place, Role::Dim);
        }
    }
    push_exceptions(&mut lines, document);
    lines.title("roots");
    for root in &document.roots {
        let unused = if root.used { "" } else { ", used by nobody here" };
        let age = root.age_days.map(|days| format!(", {days} days old")).unwrap_or_default();
        lines.add("", root.instance.as_str(), Role::Strong);
        lines.add(
            "",
            &format!("{}{age}{unused}", root.origin_words),
            if root.old { Role::Warning } else { Role::Plain },
        );
        lines.add("", &root.digest.to_string(), Role::Plain);
        if root.used {
            lines.add("  needs", &format!("a {} with every signature", evidence_words(root.evidence)), Role::Plain);
            for member in &root.contents {
                lines.add("  holds", &member_words(member), Role::Dim);
            }
        }
    }
    lines.text
}

fn push_exceptions(lines: &mut Lines, document: &Document) {
    let ends = |expires: Option<Timestamp>, in_force: bool| match expires {
        Some(expires) if in_force => format!("until {}", day(expires)),
        Some(expires) => format!("ended on {}: does not count", day(expires)),
        None => "without end".to_owned(),
    };
    let role = |in_force: bool| if in_force { Role::Plain } else { Role::Warning };
    if !document.exemptions.is_empty() {
        lines.title("exempted findings");
    }
    for exemption in &document.exemptions {
        lines.add("", &exemption.fingerprint, Role::Strong);
        if let Some(server) = &exemption.server {
            lines.add("  of", server.as_str(), Role::Plain);
        }
        lines.add("  why", &exemption.reason, Role::Plain);
        lines.add("  by", &exemption.author, Role::Plain);
        lines.add("", &ends(Some(exemption.expires), exemption.in_force), role(exemption.in_force));
        lines.add("  at", &exemption.place, Role::Dim);
    }
    if !document.overrides.is_empty() {
        lines.title("overridden rules");
    }
    for weighs in &document.overrides {
        lines.add("", weighs.rule, Role::Strong);
        lines.add("  grade", weighs.grade.as_str(), Role::Plain);
        lines.add("  why", &weighs.reason, Role::Plain);
        lines.add("", &ends(weighs.expires, weighs.in_force), role(weighs.in_force));
        lines.add("  at", &weighs.place, Role::Dim);
    }
}

fn evidence_words(evidence: &str) -> &'static str {
    if evidence == "timestamp" { "timestamp of its authority" } else { "log entry" }
}

fn push_credential(lines: &mut Lines, entry: &EntryDocument) {
    if let Some(key) = &entry.key {
        lines.add("  key", key, Role::Plain);
    }
    if let Some(identity) = &entry.identity {
        lines.add("  who", &identity.to_string(), Role::Plain);
    }
    match (&entry.instance, &entry.key) {
        (Some(instance), Some(_)) => lines.add("  in", &format!("the log of `{instance}`"), Role::Plain),
        (Some(instance), None) => lines.add("  by", &format!("the word of `{instance}`"), Role::Plain),
        (None, _) => {}
    }
}

fn member_words(member: &RootMember) -> String {
    let from = member.start.as_deref().map(|start| format!(" from {start}")).unwrap_or_default();
    let until = member.end.as_deref().map(|end| format!(" until {end}")).unwrap_or_default();
    format!("{} {}{from}{until}", member.kind, member.address)
}

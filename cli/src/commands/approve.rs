//! `mcp-pin approve`.

mod beside;
mod review;

use jiff::Timestamp;
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{
    Consent, Digest, Grade, Manifest, Ring, ServerName, ServerVersion, Surface,
    consent::Decision,
    json::Value,
    lockfile::{KeyIdentity, SignerIdentity},
};
use mcp_pin_policy::Assessment;
use mcp_pin_registry_client::{ConsentOutcome, RegistryClient, SubmissionRecord, SubmissionState, WellKnown};
use serde::Serialize;

use self::beside::{Found, FoundDocument};
use super::registry::{
    connection::{Connection, ask},
    submissions::{self, SubmissionDocument},
};
use super::steer::standing;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{self, Detail, View, json},
    review::{
        self as reviewing, Acknowledged, Decision as Decided, Subject,
        beside::{acknowledged_by_name, check_named, fingerprints},
    },
    signer::SignerArguments,
    ui::{Role, Text, sanitize},
};

/// Review what was submitted to a registry, and consent to it
///
/// The manifests are fetched by digest and the change report is computed here; it has to be the one the registry has.
/// You go through it item by item, the gravest first; what is graded `block` takes typing the server's name.
/// What you consent to is that report and nothing else. Without a terminal nothing is accepted unless the digest of the report
/// is named with --accept; without it, the report is printed and the exit code is 4.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// A submission: `<server>@<version>`, or its id
    #[arg(value_name = "SERVER@VERSION|ID")]
    pub what: String,
    /// Consent to the change report with this digest, without being asked
    #[arg(long, value_name = "DIGEST")]
    pub accept: Option<Digest>,
    /// Acknowledge what was found beside the report, by its fingerprint; with --accept, whose digest does not cover it
    #[arg(long, value_name = "FINGERPRINT", requires = "accept")]
    pub acknowledge: Vec<String>,
    /// Consent for this ring alone; may be given several times [default: all rings]
    #[arg(long, value_name = "RING")]
    pub ring: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// When the consent ends, such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub expires: Option<Timestamp>,
    /// Who signs the consent.
    #[command(flatten)]
    pub signer: SignerArguments,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    /// `consented`, `rejected`, `consent-required` when nothing was decided, or `not-asked`.
    outcome: &'static str,
    submission: SubmissionDocument,
    grade: Grade,
    report_digest: Digest,
    /// Whether the publisher's signature was checked with a key that mcp-pin.toml trusts.
    signature_checked: bool,
    report: Value,
    /// What was found beside it, while nothing is decided.
    #[serde(flatten)]
    found: Option<FoundDocument<'a>>,
    /// What the registry says is still needed, after a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approvers: Option<Vec<String>>,
}

/// A submission with the report that was computed here.
struct Reviewed {
    submission: SubmissionRecord,
    report: ChangeReport,
    signature_checked: bool,
    before: Option<Surface>,
    after: Manifest,
}

/// Runs it.
///
/// # Errors
/// When the submission is not what the registry says, cannot be decided, or the registry refuses.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let submission = find(context, &client, &arguments.what)?;
    if !waits(context, &client, &submission)? {
        return Err(CommandError::failed(format!(
            "{}@{} does not wait for a decision: it is {}",
            submission.server,
            submission.version,
            submission.state.as_str()
        )));
    }
    let reviewed = review::review(context, &client, submission)?;
    // What weighs more or less in a project weighs as the rules say in a registry.
    let assessment = Assessment::without_exceptions(&reviewed.report);
    let found = beside::find(context, &client, &reviewed)?;
    let beside = found.beside();
    let known = Acknowledged::as_a_whole(&found.known());
    if let Some(accepted) = &arguments.accept {
        if *accepted != reviewed.report.digest() {
            return Err(CommandError::consent_required("the change report is another one than the one accepted")
                .detail(format!("accepted {accepted}"))
                .detail(format!("now      {}", reviewed.report.digest()))
                .hint("read what changed before accepting it: run the command without --accept"));
        }
        let reason = arguments.reason.clone().unwrap_or_default();
        let server = reviewed.submission.server.as_str();
        check_named(&arguments.acknowledge, &fingerprints(&beside).collect())?;
        let acknowledged = match acknowledged_by_name(server, &beside, &arguments.acknowledge, Grade::Review) {
            Ok(acknowledged) => acknowledged,
            Err(error) => {
                match context.format {
                    Format::Human => reviewing::print_beside(context, &beside)?,
                    Format::Json => {
                        let document = document("consent-required", &reviewed, Some(&found), None);
                        json::print(&context.ui, "approve", &document)?;
                    }
                }
                return Err(error);
            }
        };
        let acknowledged = acknowledged.and(known).and(Acknowledged::as_a_whole(assessment.findings()));
        return consent(arguments, context, &client, &reviewed, &found, acknowledged, reason);
    }
    let asked = context.ui.is_interactive() && context.format == Format::Human;
    if context.format == Format::Human && (!asked || assessment.grade() == Grade::Refuse) {
        show(context, &reviewed)?;
        reviewing::print_beside(context, &beside)?;
    }
    if !context.ui.is_interactive() || context.format == Format::Json {
        if context.format == Format::Json {
            json::print(&context.ui, "approve", &document("consent-required", &reviewed, Some(&found), None))?;
        } else {
            context.ui.talk("nothing was decided: this is not a terminal, and no report was accepted by its digest");
        }
        return Ok(Status::ConsentRequired);
    }
    let name = reviewed.submission.server.as_str();
    let subject = Subject {
        name,
        question: format!("consent to {name}@{} like this?", reviewed.submission.version),
        assessment: &assessment,
        beside: &beside,
        before: reviewed.before.as_ref(),
        after: &reviewed.after.surface,
        introduction: about(&reviewed, context.ui.width()),
    };
    match reviewing::decide(&context.ui, &subject).map_err(super::prompt_error)? {
        Decided::Accept(acknowledged) => {
            let reason = match &arguments.reason {
                Some(reason) => reason.clone(),
                None => context.ui.ask("why (may be empty):").map_err(super::prompt_error)?.trim().to_owned(),
            };
            consent(arguments, context, &client, &reviewed, &found, acknowledged.and(known), reason)
        }
        Decided::Reject => {
            let reason = match &arguments.reason {
                Some(reason) => reason.clone(),
                None => reason_for_rejecting(context)?,
            };
            reject(context, &client, &reviewed.submission, &reason)
        }
        Decided::Quit => {
            context.ui.talk("nothing was decided");
            Ok(Status::ConsentRequired)
        }
    }
}

fn reason_for_rejecting(context: &Context) -> Result<String, CommandError> {
    loop {
        let reason = context.ui.ask("why is it rejected?").map_err(super::prompt_error)?.trim().to_owned();
        if !reason.is_empty() {
            return Ok(reason);
        }
        context.ui.show("a rejection needs a reason").map_err(super::prompt_error)?;
    }
}

/// The submission that is meant: by id, or the newest of a version.
pub(super) fn find(context: &Context, client: &RegistryClient, what: &str) -> Result<SubmissionRecord, CommandError> {
    let Some((server, version)) = what.rsplit_once('@') else {
        return ask(context, "asking for the submission", client.submission(what));
    };
    let usage =
        |error: mcp_pin_model::name::NameError| CommandError::usage(format!("{}: {error}", sanitize::name(what)));
    let server: ServerName = server.parse().map_err(usage)?;
    let version: ServerVersion = version.parse().map_err(usage)?;
    let is_meant = |submission: &SubmissionRecord| submission.server == server && submission.version == version;
    let pending = submissions::all(context, client, Some(SubmissionState::Pending))?;
    if let Some(submission) = pending.into_iter().rev().find(is_meant) {
        return Ok(submission);
    }
    submissions::all(context, client, None)?.into_iter().rev().find(is_meant).ok_or_else(|| {
        CommandError::failed(format!("{server}@{version} was not submitted to {}", client.base())).hint(
            "`mcp-pin pending` lists what waits for consent, `mcp-pin registry submissions --state all` everything",
        )
    })
}

/// Shows what `approve` would ask about, and decides nothing.
pub(super) fn show_only(context: &Context, client: &RegistryClient, what: &str) -> CommandResult {
    let submission = find(context, client, what)?;
    let reviewed = review::review(context, client, submission)?;
    let found = beside::find(context, client, &reviewed)?;
    match context.format {
        Format::Json => json::print(&context.ui, "review", &document("not-asked", &reviewed, Some(&found), None))?,
        Format::Human => {
            show(context, &reviewed)?;
            reviewing::print_beside(context, &found.beside())?;
        }
    }
    Ok(Status::Passed)
}

fn show(context: &Context, reviewed: &Reviewed) -> Result<(), CommandError> {
    let name = reviewed.submission.server.as_str();
    let view = View { columns: context.ui.width(), detail: Detail::Full, subject: Some(name) };
    let mut text = render::report(&reviewed.report, &view);
    text.newline();
    text.append(about(reviewed, context.ui.width()));
    context.ui.data(text).map_err(|error| super::output_error(&error))
}

/// Who published it, and which documents it is about.
fn about(reviewed: &Reviewed, columns: usize) -> Text {
    let submission = &reviewed.submission;
    let mut text = Text::new();
    let mut line = |label: &str, role, value: &str| reviewing::labelled(&mut text, label, role, value, columns);
    line("publisher", Role::Plain, &sanitize::line(&submission.publisher));
    if reviewed.signature_checked {
        line("signature", Role::Good, "by a publisher that mcp-pin.toml trusts for this server");
    } else {
        line("signature", Role::Warning, "checked by the registry, not here: mcp-pin.toml names no publisher");
    }
    let mut digest = |label: &str, digest| reviewing::labelled_digest(&mut text, label, digest, columns);
    digest("manifest", &submission.manifest);
    if let Some(replaces) = &submission.replaces {
        digest("replaces", replaces);
    }
    digest("change report", &reviewed.report.digest());
    text
}

fn document<'a>(
    outcome: &'static str,
    reviewed: &Reviewed,
    found: Option<&'a Found>,
    decided: Option<&ConsentOutcome>,
) -> Document<'a> {
    Document {
        outcome,
        submission: SubmissionDocument::of(decided.map_or(&reviewed.submission, |decided| &decided.submission)),
        grade: reviewed.report.grade(),
        report_digest: reviewed.report.digest(),
        signature_checked: reviewed.signature_checked,
        report: reviewed.report.to_value(),
        found: found.map(Found::document),
        needed: decided.map(|decided| decided.status.needed),
        approvers: decided.map(|decided| decided.status.approvers.clone()),
    }
}

fn consent(
    arguments: &Arguments,
    context: &Context,
    client: &RegistryClient,
    reviewed: &Reviewed,
    found: &Found,
    acknowledged: Acknowledged,
    reason: String,
) -> CommandResult {
    let Reviewed { submission, report, .. } = reviewed;
    if report.grade() == Grade::Refuse {
        return Err(CommandError::failed(format!(
            "{}@{} cannot be approved by anybody",
            submission.server, submission.version
        ))
        .detail("it holds what no client can read safely, such as two entries of one name"));
    }
    let signer = arguments.signer.open(context)?;
    let own = signer.key_id().map(|key| SignerIdentity::Key(KeyIdentity { key }));
    if own.is_some_and(|own| own == submission.signer) {
        return Err(CommandError::failed("a publisher does not approve what it published")
            .hint("another person has to approve it, with a key of their own"));
    }
    let (registry, who) = ask(context, "asking who you are", async {
        Ok((client.well_known().await?, client.whoami().await?.principal))
    })?;
    let rings = rings(arguments, &registry)?;
    let statement = Consent {
        manifest: submission.manifest,
        decision: Decision::Approve,
        server: submission.server.clone(),
        version: submission.version.clone(),
        replaces: submission.replaces,
        changes: report.digest(),
        acknowledged: acknowledged.into_fingerprints(),
        rings,
        reason,
        at: context.now(),
        expires: arguments.expires,
        by: who,
        baseline: found.baseline.clone(),
    };
    let attestation = signer.sign(context, "the consent", &statement)?;
    let outcome = ask(context, "sending the consent", client.consent(&attestation))?;
    if context.format == Format::Json {
        json::print(&context.ui, "approve", &document("consented", reviewed, None, Some(&outcome)))?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Good, "consented ");
    text.plain(format!("to {}@{}: ", submission.server, submission.version));
    let rollout = match outcome.submission.state {
        SubmissionState::Live | SubmissionState::Approved => {
            Some(ask(context, "asking where it stands", client.rollout(&submission.manifest))?)
        }
        _ => None,
    };
    if let Some(rollout) = rollout {
        text.push(Role::Good, format!("it {}", standing(&rollout)));
    } else {
        let status = &outcome.status;
        text.push(
            Role::Warning,
            format!("{}, {} of {} approvers", outcome.submission.state.as_str(), status.approvers.len(), status.needed),
        );
        if !status.missing_acknowledgements.is_empty() {
            text.plain(format!(", {} findings wait for another approver", status.missing_acknowledgements.len()));
        }
    }
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}

/// Whether consents to a version can change anything: what is live in some ring may wait for those to the next one.
fn waits(context: &Context, client: &RegistryClient, submission: &SubmissionRecord) -> Result<bool, CommandError> {
    Ok(match submission.state {
        SubmissionState::Pending | SubmissionState::Approved => true,
        SubmissionState::Live => {
            let rollout = ask(context, "asking where it stands", client.rollout(&submission.manifest))?;
            rollout.next.is_some() || rollout.break_glass.is_some()
        }
        _ => false,
    })
}

/// The rings that a consent is for: all that the registry has, unless some are named.
fn rings(arguments: &Arguments, registry: &WellKnown) -> Result<Vec<Ring>, CommandError> {
    let parse = |text: &String| {
        text.parse::<Ring>().map_err(|error| CommandError::usage(format!("{}: {error}", sanitize::name(text))))
    };
    if !arguments.ring.is_empty() {
        return arguments.ring.iter().map(parse).collect();
    }
    if registry.rings.is_empty() { Ok(vec![parse(&registry.ring)?]) } else { Ok(registry.rings.clone()) }
}

pub(super) fn reject(
    context: &Context,
    client: &RegistryClient,
    submission: &SubmissionRecord,
    reason: &str,
) -> CommandResult {
    if reason.trim().is_empty() {
        return Err(CommandError::usage("a rejection needs a reason"));
    }
    let submission = ask(context, "rejecting", client.reject(&submission.id, reason))?;
    if context.format == Format::Json {
        #[derive(Serialize)]
        struct Rejected {
            outcome: &'static str,
            submission: SubmissionDocument,
        }
        let document = Rejected { outcome: "rejected", submission: SubmissionDocument::of(&submission) };
        json::print(&context.ui, "reject", &document)?;
    } else {
        let text = Text::new()
            .with(Role::Good, "rejected ")
            .with(Role::Plain, format!("{}@{}", submission.server, submission.version));
        context.ui.data(text).map_err(|error| super::output_error(&error))?;
    }
    Ok(Status::Passed)
}

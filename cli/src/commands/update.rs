//! `mcp-pin update`.

use std::{collections::BTreeSet, str::FromStr};

use jiff::Timestamp;
use mcp_pin_diff::{ChangeReport, Finding};
use mcp_pin_model::{Alias, Digest, Grade, Surface, lockfile::Source};
use mcp_pin_policy::Assessment;
use serde::Serialize;

use super::selection;
use crate::{
    capture::{Live, Wanted, capture_all},
    cli::Format,
    consenting::{Approver, Consented, admit_local, refuse_unlockable},
    context::Context,
    cumulative::{Cumulative, SinceBaseline, since_baseline},
    error::{CommandError, CommandResult, Status},
    project::{ConfiguredServer, Project},
    registry_source::{self, Published},
    render::{self, Detail},
    review::{
        self, Acknowledged, Decision, Subject,
        beside::{self, Beside, Others},
    },
    state::{
        Admission, State,
        verification::{self, Locked, report_of},
    },
    ui::{Role, Text},
};

/// Review what changed in locked servers, and consent to it or not
///
/// Captures each server and goes through what changed since it was locked with you, item by item, the gravest first.
/// Accepting signs a new manifest and a consent to exactly this change, and writes both with the lock in one step; what is
/// graded `block` takes typing the alias. Quitting writes nothing at all. Servers that come from a
/// registry move to the newest version that is admitted there and that mcp-pin.toml wants.
///
/// Without a terminal nothing is accepted, unless --accept names the change by its full digest.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The servers, by the names they are configured under [default: all that are locked]
    #[arg(value_name = "ALIAS")]
    pub aliases: Vec<Alias>,
    /// Accept exactly this change of this server: the digest of the change report that was reviewed
    #[arg(long, value_name = "ALIAS@DIGEST")]
    pub accept: Vec<Accepted>,
    /// Acknowledge what was found beside the other servers, by its fingerprint; with --accept, whose digest does not cover it
    #[arg(long, value_name = "FINGERPRINT", requires = "accept")]
    pub acknowledge: Vec<String>,
    /// Why, for the consent
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A change that somebody has reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The server.
    pub alias: Alias,
    /// The digest of the change report.
    pub report: Digest,
}

impl FromStr for Accepted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // An alias may hold `@`, a digest never does.
        let (alias, digest) = text
            .rsplit_once('@')
            .ok_or("expected <alias>@sha256:<64 hexadecimal digits>, as shown by `mcp-pin diff <alias>`, or for a new version in a \
             registry by `mcp-pin update <alias>`")?;
        Ok(Self {
            alias: alias.parse().map_err(|error| format!("{error}"))?,
            report: digest.parse().map_err(|error| format!("{error}, in full"))?,
        })
    }
}

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Updated,
    UpToDate,
    AwaitingConsent,
    Rejected,
    Refused,
    CouldNotCheck,
    Failed,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    alias: Alias,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The digest of the change report, as `--accept` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<mcp_pin_model::json::Value>,
    /// What was found beside the other servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Finding>,
    /// What was found since the version that was last read as a whole, beyond the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_baseline: Option<SinceBaseline>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    outcome: Status,
    servers: &'a [Row],
}

/// A change that is open.
struct Candidate {
    server: ConfiguredServer,
    locked: Locked,
    report: ChangeReport,
    /// What it comes to together with the steps before it.
    cumulative: Option<Cumulative>,
    to: To,
}

/// What a server would be locked as.
enum To {
    Captured(Box<Live>),
    Published(Box<Published>),
}

impl To {
    fn surface(&self) -> &Surface {
        match self {
            Self::Captured(live) => &live.surface,
            Self::Published(published) => &published.manifest.statement().surface,
        }
    }
}

/// What is said of a server that nobody came to.
const UNDECIDED: &str = "nobody has decided about it";

struct Run<'a> {
    context: &'a Context,
    status: Status,
    rows: Vec<Row>,
}

impl Run<'_> {
    fn row(&mut self, alias: &Alias, outcome: Outcome, status: Status, message: Option<String>) {
        self.status = self.status.and(status);
        self.rows.push(Row {
            alias: alias.clone(),
            outcome,
            message,
            report_digest: None,
            report: None,
            beside: Vec::new(),
            since_baseline: None,
        });
    }

    fn error(&mut self, alias: &Alias, error: &CommandError) {
        let outcome = match error.status {
            Status::ConsentRequired => Outcome::AwaitingConsent,
            Status::CouldNotCheck => Outcome::CouldNotCheck,
            Status::Failed => Outcome::Refused,
            Status::Passed | Status::Usage => Outcome::Failed,
        };
        self.row(alias, outcome, error.status, Some(error.to_string()));
        self.context.ui.error(error);
    }
}

/// Runs it.
///
/// # Errors
/// See [`CommandError`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project()?;
    let state = context.state(&project);
    let before = state.require_lock()?;
    selection::check(&arguments.aliases, &project, Some(&before))?;
    for accepted in &arguments.accept {
        if before.server(&accepted.alias).is_none() {
            return Err(CommandError::usage(format!("--accept: `{}` is not locked", accepted.alias)));
        }
        if !selection::is_wanted(&arguments.aliases, &accepted.alias) {
            return Err(CommandError::usage(format!(
                "--accept: `{}` is not among the servers that were named",
                accepted.alias
            )));
        }
    }
    let mut run = Run { context, status: Status::Passed, rows: Vec::new() };
    let candidates = candidates(arguments, context, &project, &state, &before, &mut run)?;
    let others =
        if candidates.is_empty() { Others::default() } else { Others::of_lock(context, &project, &state, &before) };
    let Some(accepted) = decide(arguments, context, &project, others, candidates, &mut run)? else {
        return finish(run);
    };
    if !accepted.is_empty() {
        let mut admissions: Vec<Admission> = Vec::new();
        // The key is needed only where somebody here consents.
        let local = accepted.iter().any(|(candidate, _)| matches!(candidate.to, To::Captured(_)));
        let approver = if local { Some(Approver::of(context, &project.settings)?) } else { None };
        let reason = arguments.reason.as_deref().unwrap_or("reviewed with mcp-pin update");
        for (candidate, acknowledged) in accepted {
            let alias = candidate.server.alias.clone();
            let admission = match (candidate.to, &approver) {
                (To::Published(published), _) => published.admission(&candidate.server, Some(candidate.locked)),
                (To::Captured(live), Some(approver)) => admit_local(
                    context,
                    &project.settings,
                    approver,
                    Consented {
                        server: &candidate.server,
                        live: &live,
                        locked: Some(candidate.locked),
                        acknowledged,
                        reason,
                    },
                ),
                (To::Captured(_), None) => Err(CommandError::internal("a capture was accepted without a key")),
            };
            match admission {
                Ok(admission) => admissions.push(admission),
                Err(error) => run.error(&alias, &error),
            }
        }
        if !admissions.is_empty() {
            let mut lock = before.clone();
            state.writer(Some(&before))?.commit(&mut lock, &admissions)?;
            for admission in &admissions {
                run.row(&admission.alias, Outcome::Updated, Status::Passed, None);
            }
        }
    }
    finish(run)
}

fn candidates(
    arguments: &Arguments,
    context: &Context,
    project: &Project,
    state: &State,
    lock: &mcp_pin_model::Lockfile,
    run: &mut Run<'_>,
) -> Result<Vec<Candidate>, CommandError> {
    let mut candidates = Vec::new();
    let mut to_capture: Vec<(&ConfiguredServer, Locked)> = Vec::new();
    for server in lock.servers().iter().filter(|server| selection::is_wanted(&arguments.aliases, &server.alias)) {
        let alias = &server.alias;
        let Some(configured) = project.server(alias) else {
            let message = format!("`{alias}` is locked, but not configured any more");
            run.row(alias, Outcome::UpToDate, Status::Passed, Some(message));
            continue;
        };
        if let Err(error) = refuse_unlockable(configured) {
            run.error(alias, &error);
            continue;
        }
        let checked = verification::check(state, &project.settings, server, context.now());
        // A consent that ended, or a damaged snapshot, is put right by this command; a lock that does not follow from
        // what was signed is nothing to build on.
        let sound = checked.failures.iter().all(|failure| {
            failure.check == "snapshot" || (failure.check == "consent" && failure.status == Status::ConsentRequired)
        });
        let stale = checked.failures.iter().any(|failure| failure.check == "consent");
        let locked = match checked.locked {
            Some(locked) if sound => locked,
            _ => {
                for failure in checked.failures {
                    let mut error = CommandError::new(failure.status, format!("`{alias}`: {failure}"));
                    error.hint = failure.hint;
                    run.error(alias, &error);
                }
                continue;
            }
        };
        match (&server.source, project.settings.servers.get(alias)) {
            (Source::Registry(_), Some(wanted)) => {
                match registry_source::resolve(context, &project.settings, alias, wanted, state) {
                    Ok(published) => match compare_published(configured, locked, published, stale) {
                        Ok(Some(candidate)) => candidates.push(candidate),
                        Ok(None) => run.row(alias, Outcome::UpToDate, Status::Passed, None),
                        Err(error) => run.error(alias, &error),
                    },
                    Err(error) => run.error(alias, &error),
                }
            }
            _ => to_capture.push((configured, locked)),
        }
    }
    let wanted: Vec<Wanted<'_>> =
        to_capture.iter().map(|(server, locked)| Wanted { server, locked: Some(locked) }).collect();
    let captured = capture_all(context, project, &wanted)?;
    for ((server, locked), live) in to_capture.into_iter().zip(captured) {
        let alias = &server.alias;
        let live = match live {
            Ok(live) if live.is_downgrade(&locked) => {
                run.error(alias, &downgrade(alias, &live, &locked));
                continue;
            }
            Ok(live) => live,
            Err(error) => {
                run.error(alias, &error);
                continue;
            }
        };
        if !live.is_drift(&locked) {
            run.row(alias, Outcome::UpToDate, Status::Passed, None);
            continue;
        }
        match reviewed(state, alias, &live, &locked) {
            Ok((report, cumulative)) => {
                let to = To::Captured(Box::new(live));
                candidates.push(Candidate { server: server.clone(), report, cumulative, locked, to });
            }
            Err(error) => run.error(alias, &error),
        }
    }
    candidates.sort_by(|a, b| a.server.alias.cmp(&b.server.alias));
    Ok(candidates)
}

/// The step from what is locked, and what it comes to together with those before it.
fn reviewed(
    state: &State,
    alias: &Alias,
    live: &Live,
    locked: &Locked,
) -> Result<(ChangeReport, Option<Cumulative>), CommandError> {
    let report = live.report(alias, Some(locked))?;
    let after = live.manifest_like(alias, Some(locked), Timestamp::UNIX_EPOCH)?;
    let cumulative = since_baseline(state, locked, &after, &report)?;
    Ok((report, cumulative))
}

/// A server that suddenly speaks an older protocol has fewer ways to say what it is.
pub(super) fn downgrade(alias: &Alias, live: &Live, locked: &Locked) -> CommandError {
    CommandError::failed(format!(
        "`{alias}` negotiated protocol {}, which is older than the locked {}",
        live.protocol, locked.server.protocol
    ))
}

fn compare_published(
    server: &ConfiguredServer,
    locked: Locked,
    published: Published,
    stale: bool,
) -> Result<Option<Candidate>, CommandError> {
    if published.manifest.digest() == locked.manifest.digest() {
        // The same version with newer consents, where those that are locked do not suffice any more.
        let report = published.report.clone();
        let to = To::Published(Box::new(published));
        return Ok(stale.then(|| Candidate { server: server.clone(), locked, report, cumulative: None, to }));
    }
    let new = published.manifest.statement();
    if new.version() <= &locked.server.version {
        return Err(CommandError::failed(format!(
            "the registry shows `{}` {}, which is not newer than the locked {}",
            new.name(),
            new.version(),
            locked.server.version
        )));
    }
    // Relative to what is locked here, which may be several versions back.
    let report = report_of(
        new,
        Some(published.manifest.digest()),
        Some(locked.manifest.statement()),
        &locked.server.tombstones,
        None,
    );
    // Those who consent for everybody add up steps in the registry.
    let to = To::Published(Box::new(published));
    Ok(Some(Candidate { server: server.clone(), locked, report, cumulative: None, to }))
}

/// Shows each change and finds out whether it is accepted, and what of it was acknowledged. None when whoever was asked
/// left: nothing is written then.
fn decide(
    arguments: &Arguments,
    context: &Context,
    project: &Project,
    mut others: Others,
    candidates: Vec<Candidate>,
    run: &mut Run<'_>,
) -> Result<Option<Vec<(Candidate, Acknowledged)>>, CommandError> {
    let at_a_terminal = context.ui.is_interactive() && context.format == Format::Human;
    let mut accepted = Vec::new();
    let mut left = false;
    let mut seen = BTreeSet::new();
    for candidate in candidates {
        let alias = &candidate.server.alias;
        let assessment = Assessment::of(&candidate.report, &project.settings.policy.exceptions, context.now());
        if left {
            run.row(alias, Outcome::AwaitingConsent, Status::ConsentRequired, Some(UNDECIDED.to_owned()));
            continue;
        }
        let mut found = others.beside(alias.as_str(), candidate.to.surface());
        // What was acknowledged when this was locked, and stands as it stood, is not asked again.
        let known = |finding: &Finding| {
            let consents = candidate.locked.consents.iter();
            consents.flat_map(|consent| &consent.statement().acknowledged).any(|known| *known == finding.fingerprint)
        };
        let (standing, new): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(known);
        found = new;
        // Nor what holds for what is locked: whichever of the two servers came later was accepted with it.
        let holds = others.beside(alias.as_str(), &candidate.locked.manifest.statement().surface);
        found.retain(|finding| holds.iter().all(|held| held.fingerprint != finding.fingerprint));
        let name = &candidate.locked.server.name;
        let exceptions = &project.settings.policy.exceptions;
        let weigh = |findings| Assessment::of_findings(findings, Some(name), exceptions, context.now());
        let mut beside = vec![Beside::servers(weigh(&found))];
        let mut standing = Acknowledged::as_a_whole(&weigh(&standing));
        if let Some(cumulative) = &candidate.cumulative {
            beside.push(Beside { from: cumulative.since(), findings: weigh(&cumulative.findings) });
            standing = standing.and(Acknowledged::as_a_whole(&weigh(&cumulative.known)));
        }
        seen.extend(beside::fingerprints(&beside));
        let named: Vec<&Accepted> = arguments.accept.iter().filter(|accepted| accepted.alias == *alias).collect();
        let refused = assessment.grade().max(beside::gravest(&beside)) == Grade::Refuse;
        let asked = at_a_terminal && named.is_empty() && !refused;
        // `mcp-pin diff` compares with the live server, so this is the only place where a published report is seen.
        let digest = matches!(candidate.to, To::Published(_)).then(|| {
            let mut text = Text::new();
            let digest = candidate.report.digest();
            review::labelled_digest(&mut text, "change report", &digest, context.ui.width());
            text
        });
        if !asked && context.format == Format::Human {
            review::show(context, alias.as_str(), &candidate.report, Detail::Summary)?;
            if let Some(digest) = &digest {
                review::print(context, digest.clone())?;
            }
            review::print_beside(context, &beside)?;
        }
        if refused {
            run.error(
                alias,
                &CommandError::failed(format!("`{alias}` stays as it is: the change holds what nobody may accept"))
                    .hint("the findings of grade `refuse` above say what; it has to change in the server"),
            );
        } else if !named.is_empty() {
            let digest = candidate.report.digest();
            if named.iter().any(|accepted| accepted.report == digest) {
                match beside::acknowledged_by_name(alias.as_str(), &beside, &arguments.acknowledge, Grade::Review) {
                    Ok(acknowledged) => {
                        others.add(alias.as_str(), candidate.to.surface());
                        let acknowledged =
                            acknowledged.and(standing).and(Acknowledged::as_a_whole(assessment.findings()));
                        accepted.push((candidate, acknowledged));
                    }
                    Err(error) => {
                        run.error(alias, &error);
                        if let Some(row) = run.rows.last_mut() {
                            row.beside = found;
                            row.since_baseline = candidate.cumulative.as_ref().and_then(SinceBaseline::of);
                        }
                    }
                }
                continue;
            }
            // The right digest is not repeated here: it is worth something only to whoever has read the report. `diff`
            // looks at the live server, so a version of a registry is reviewed where its digest stands.
            let review = match candidate.to {
                To::Captured(_) => format!("review it again with `mcp-pin diff {alias}`"),
                To::Published(_) => {
                    format!("review it again with `mcp-pin update {alias}`, which names the change report")
                }
            };
            run.error(
                alias,
                &CommandError::consent_required(format!(
                    "`{alias}` changed in another way than was accepted; nothing was written"
                ))
                .hint(review),
            );
        } else if asked {
            let subject = Subject {
                name: alias.as_str(),
                question: format!("lock `{alias}` like this?"),
                assessment: &assessment,
                beside: &beside,
                before: Some(&candidate.locked.manifest.statement().surface),
                after: candidate.to.surface(),
                introduction: digest.unwrap_or_default(),
            };
            match review::decide(&context.ui, &subject).map_err(super::prompt_error)? {
                Decision::Accept(acknowledged) => {
                    others.add(alias.as_str(), candidate.to.surface());
                    accepted.push((candidate, acknowledged.and(standing)));
                    continue;
                }
                Decision::Reject => {
                    let message = "rejected; what is locked stays".to_owned();
                    run.row(alias, Outcome::Rejected, Status::Failed, Some(message));
                }
                Decision::Quit => {
                    left = true;
                    run.row(alias, Outcome::AwaitingConsent, Status::ConsentRequired, Some(UNDECIDED.to_owned()));
                }
            }
        } else if matches!(candidate.to, To::Published(_)) {
            run.error(
                alias,
                &CommandError::consent_required(format!(
                    "a newer version of `{alias}` is admitted, and nobody here has accepted it"
                ))
                .hint(format!(
                    "review it above, and decide in a terminal with `mcp-pin update {alias}`, or accept it with \
                     `--accept {alias}@<digest>`, the digest of the change report that stands above"
                )),
            );
        } else {
            run.error(
                alias,
                &CommandError::consent_required(format!("`{alias}` changed, and nobody has consented to the change"))
                    .hint(format!(
                        "review it with `mcp-pin diff {alias}`, and decide in a terminal with `mcp-pin update {alias}`"
                    )),
            );
        }
        if let Some(row) = run.rows.last_mut() {
            row.report_digest = Some(candidate.report.digest());
            row.report = Some(candidate.report.to_value());
            row.beside = found;
            row.since_baseline = candidate.cumulative.as_ref().and_then(SinceBaseline::of);
        }
    }
    if left {
        for (candidate, _) in accepted {
            let message = "accepted, but not updated: the review was left".to_owned();
            run.row(&candidate.server.alias, Outcome::AwaitingConsent, Status::ConsentRequired, Some(message));
        }
        context.ui.show("nothing was updated").map_err(super::prompt_error)?;
        return Ok(None);
    }
    if run.status == Status::Passed {
        beside::check_named(&arguments.acknowledge, &seen)?;
    }
    Ok(Some(accepted))
}

fn finish(mut run: Run<'_>) -> CommandResult {
    run.rows.sort_by(|a, b| a.alias.cmp(&b.alias));
    match run.context.format {
        Format::Json => {
            render::json::print(&run.context.ui, "update", &Output { outcome: run.status, servers: &run.rows })?;
        }
        Format::Human => {
            for row in &run.rows {
                let (role, word) = match row.outcome {
                    Outcome::Updated => (Role::Good, "updated"),
                    Outcome::UpToDate => (Role::Good, "up to date"),
                    Outcome::AwaitingConsent => (Role::Warning, "awaits consent"),
                    Outcome::Rejected => (Role::Warning, "rejected"),
                    Outcome::Refused => (Role::Bad, "refused"),
                    Outcome::CouldNotCheck => (Role::Bad, "could not check"),
                    Outcome::Failed => (Role::Bad, "failed"),
                };
                run.context
                    .ui
                    .talk(Text::new().with(role, format!("{word:<16}")).with(Role::Plain, row.alias.as_str()));
            }
        }
    }
    Ok(run.status)
}

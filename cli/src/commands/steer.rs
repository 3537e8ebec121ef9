//! `mcp-pin promote`, `pause`, `resume`, `halt` and `rollback`: what is done with a version on its way through the rings.
//!
//! What a version is called is looked up once; from there on it is its manifest's digest that is named to the registry.

pub mod halt;
pub mod pause;
pub mod promote;
pub mod resume;
pub mod rollback;

use mcp_pin_model::Ring;
use mcp_pin_registry_client::{RolloutAction, RolloutRecord, SubmissionState};
use serde::Serialize;

use super::{
    approve::find,
    registry::{
        connection::{Connection, ask},
        submissions::SubmissionDocument,
    },
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{json, table::item},
    ui::{Role, Text, sanitize},
};

/// Which version, why, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// The version: `<server>@<version>`, or the id of its submission
    #[arg(value_name = "SERVER@VERSION|ID")]
    pub what: String,
    /// Why; everybody who reads the record sees it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// By whom and why a rollout goes no further.
#[derive(Debug, Serialize)]
struct StopDocument {
    at: String,
    by: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// A rollout in JSON output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    submission: SubmissionDocument,
    /// The rings that serve it.
    rings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soaked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<StopDocument>,
}

impl Document {
    fn of(record: &RolloutRecord) -> Self {
        let stop = record.stop.as_ref().map(|stop| StopDocument {
            at: stop.at.to_string(),
            by: stop.by.clone(),
            reason: stop.reason.clone(),
            cause: stop.cause.clone(),
        });
        Self {
            submission: SubmissionDocument::of(&record.submission),
            rings: record.live.iter().map(|live| live.ring.to_string()).collect(),
            progress: record.progress.clone(),
            next: record.next.as_ref().map(ToString::to_string),
            soaked_at: record.soaked_at.map(|at| at.to_string()),
            break_glass_until: record.break_glass.as_ref().map(|glass| glass.expires_at.to_string()),
            stop,
        }
    }
}

/// Where a version stands, in a sentence without its name.
pub(super) fn standing(record: &RolloutRecord) -> String {
    let rings: Vec<&str> = record.live.iter().map(|live| live.ring.as_str()).collect();
    let is_in = match (rings.as_slice(), record.submission.state) {
        ([], SubmissionState::Approved) => "is approved and live in no ring yet".to_owned(),
        ([], state) => format!("is {}", state.as_str()),
        (rings, _) => format!("is live in {}", rings.join(", ")),
    };
    let progress = record.progress.as_deref().unwrap_or_default();
    let on = match (&record.next, progress) {
        (Some(next), "running") => match record.soaked_at {
            Some(at) => format!("; {next} follows after {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
            None => format!("; {next} is next"),
        },
        (Some(next), word) => format!("; {word} before {next}"),
        (None, _) => String::new(),
    };
    let glass = record.break_glass.as_ref();
    let until =
        glass.map(|glass| format!("; by break-glass until {}", glass.expires_at.strftime("%Y-%m-%d %H:%M UTC")));
    format!("{is_in}{on}{}", until.unwrap_or_default())
}

/// Does it, and says where the version stands then.
fn steer(target: &Target, context: &Context, action: RolloutAction, ring: Option<&Ring>) -> CommandResult {
    if target.reason.trim().is_empty() {
        return Err(CommandError::usage("this needs a reason"));
    }
    let client = target.connection.authorized(context)?;
    let submission = find(context, &client, &target.what)?;
    let doing = format!("asking the registry to {}", action.as_str());
    let record = ask(context, &doing, client.steer(&submission.manifest, action, &target.reason, ring))?;
    print(context, &record)
}

fn print(context: &Context, record: &RolloutRecord) -> CommandResult {
    if context.format == Format::Json {
        json::print(&context.ui, "rollout", &Document::of(record))?;
        return Ok(Status::Passed);
    }
    let title = [(Role::Strong, format!("{}@{}", record.submission.server, record.submission.version))];
    let mut particulars = vec![standing(record)];
    if let Some(stop) = &record.stop {
        let cause = stop.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        particulars.push(format!("stopped by {}{cause}: {}", stop.by, stop.reason));
    }
    if record.drift_reports + record.error_reports > 0 {
        let (drift, errors) = (record.drift_reports, record.error_reports);
        particulars.push(format!("reported by clients: drift by {drift}, errors by {errors}"));
    }
    let mut text = Text::new();
    text.append(item(&title, &particulars, context.ui.width()));
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}

/// A ring as it is given.
fn ring(text: &str) -> Result<Ring, String> {
    text.parse().map_err(|error| format!("{}: {error}", sanitize::name(text)))
}

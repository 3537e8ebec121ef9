//! `mcp-pin registry events`.

use std::time::Duration;

use mcp_pin_model::json::{self, Value};
use mcp_pin_registry_client::{ClientError, EventQuery, RegistryClient, StreamItem};

use super::connection::{Connection, ask, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render,
    ui::{Role, Text, sanitize},
};

/// The pause before a stream that ended is opened again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Show a registry's decisions, and follow them
///
/// With `--format json`, or with `--ocsf`, one JSON object a line. Whoever keeps the lines keeps their place with them: the
/// sequence of the last one is what `--after` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only those after this sequence
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    pub after: u64,
    /// Go on with what is decided from now on, until interrupted
    #[arg(long)]
    pub follow: bool,
    /// Only of this type, such as `revoked`; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Only about this server
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Only about servers of this namespace
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Only what this principal did
    #[arg(long, value_name = "PRINCIPAL")]
    pub actor: Option<String>,
    /// As lines in the Open Cybersecurity Schema Framework, for a SIEM
    #[arg(long)]
    pub ocsf: bool,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs it.
///
/// # Errors
/// When the registry cannot be asked, or ended the stream for good.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let lines = arguments.ocsf || context.format == Format::Json;
    let mut query = EventQuery {
        after: arguments.after,
        types: arguments.types.clone(),
        server: arguments.server.clone(),
        namespace: arguments.namespace.clone(),
        actor: arguments.actor.clone(),
        ocsf: arguments.ocsf,
    };
    if arguments.follow {
        return context.block_on(follow(context, &client, &mut query, lines));
    }
    loop {
        let (events, next) = ask(context, "reading events", client.event_lines(&query))?;
        for event in &events {
            print(context, event, lines)?;
        }
        if next <= query.after {
            return Ok(Status::Passed);
        }
        query.after = next;
    }
}

/// Goes on until the registry refuses. A stream that only ended is opened again where it was.
async fn follow(context: &Context, client: &RegistryClient, query: &mut EventQuery, lines: bool) -> CommandResult {
    let mut pause = FIRST_PAUSE;
    loop {
        let before = query.after;
        match stream(context, client, query, lines).await? {
            Ended::ByRegistry(Some("unauthorized")) => {
                return Err(CommandError::could_not_check(
                    "the registry ended the stream: the token does not hold any more",
                ));
            }
            Ended::ByRegistry(reason) => {
                context.ui.talk(format!(
                    "the registry ended the stream ({}); opening it again",
                    reason.unwrap_or("no reason given")
                ));
            }
            Ended::Otherwise(error) => context.ui.warn(format!("{error}; trying again after {} s", pause.as_secs())),
        }
        if query.after > before {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// How a stream ended.
enum Ended {
    /// With a reason of the registry.
    ByRegistry(Option<&'static str>),
    /// The network, or the registry was away.
    Otherwise(CommandError),
}

async fn stream(
    context: &Context,
    client: &RegistryClient,
    query: &mut EventQuery,
    lines: bool,
) -> Result<Ended, CommandError> {
    let passing = |error: ClientError| match error {
        error @ (ClientError::Unreachable { .. } | ClientError::Timeout { .. } | ClientError::Unavailable { .. }) => {
            Ok(Ended::Otherwise(client_error(error)))
        }
        error => Err(client_error(error)),
    };
    let mut stream = match client.follow_events(query).await {
        Ok(stream) => stream,
        Err(error) => return passing(error),
    };
    loop {
        match stream.next().await {
            Ok(Some(StreamItem::Event { sequence, value })) => {
                // Twice the same, or an older one, would be a lie about the order.
                if sequence <= query.after {
                    return Err(CommandError::failed(format!(
                        "the registry sent event {sequence} after event {}",
                        query.after
                    )));
                }
                print(context, &value, lines)?;
                query.after = sequence;
            }
            Ok(Some(StreamItem::Seen(sequence))) => query.after = query.after.max(sequence),
            Ok(Some(StreamItem::End(reason))) => return Ok(Ended::ByRegistry(reason)),
            Ok(None) => {
                return Ok(Ended::Otherwise(CommandError::could_not_check("the connection to the registry ended")));
            }
            Err(error) => return passing(error),
        }
    }
}

fn print(context: &Context, event: &Value, lines: bool) -> Result<(), CommandError> {
    let written = |error: std::io::Error| super::super::output_error(&error);
    if lines {
        return context.ui.data(render::json::line_of(event)).map_err(written);
    }
    let leaf = event.get("leaf");
    let text =
        |name: &str| sanitize::line(leaf.and_then(|leaf| leaf.get(name)).and_then(Value::as_str).unwrap_or_default());
    let sequence = event.get("sequence").and_then(Value::as_number).and_then(json::Number::as_u64).unwrap_or_default();
    let mut line = Text::new().with(Role::Dim, format!("{sequence:>6}  {}  ", text("time")));
    line.push(Role::Strong, text("type"));
    line.plain(format!(" by {}", text("actor")));
    if !text("server").is_empty() {
        line.plain(format!("  {}@{}", text("server"), text("version")));
    }
    if !text("ring").is_empty() {
        line.plain(format!("  ring {}", text("ring")));
    }
    if !text("target").is_empty() {
        line.push(Role::Dim, format!("  {}", text("target")));
    }
    context.ui.data(line).map_err(written)
}

//! `mcp-pin log monitor`.

use std::time::Duration;

use mcp_pin_model::{ServerName, leaf::Leaf};
use mcp_pin_tlog::tile::FULL_WIDTH;

use super::{connected::LogArguments, show::EntryDocument};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    log::{LogReader, meet},
    render::json,
};

/// Watch a registry's log, and say what was decided about servers that are yours
///
/// Goes on until it is stopped, or until the log is not what it should be: then it ends with 1. A registry that cannot be
/// reached for a while is asked again. With `--format json` every entry is a line. Needs a token that may read events.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only about this server; may be repeated [default: everything]
    #[arg(long, value_name = "NAME")]
    pub server: Vec<ServerName>,
    /// Only about servers of this namespace; may be repeated
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Vec<String>,
    /// Begin after this entry [default: what was seen last, or the end of the log]
    #[arg(long, value_name = "SEQUENCE")]
    pub after: Option<u64>,
    /// Seconds between two looks at the log
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub interval: u64,
    /// Look once, then end
    #[arg(long)]
    pub once: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArguments,
}

impl Arguments {
    fn wants(&self, leaf: &Leaf) -> bool {
        if self.server.is_empty() && self.namespace.is_empty() {
            return true;
        }
        leaf.server.as_ref().is_some_and(|server| {
            self.server.contains(server) || self.namespace.iter().any(|namespace| namespace == server.namespace())
        })
    }
}

/// Runs it.
///
/// # Errors
/// See [`crate::log::LogProblem`]; a log that is not what it should be ends it.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    arguments.log.connection.authorized(context)?;
    context.block_on(watch(arguments, context))
}

async fn watch(arguments: &Arguments, context: &Context) -> CommandResult {
    let connected = arguments.log.connect(context).await?;
    let mut at = arguments.after;
    loop {
        match look(arguments, context, &connected, at).await {
            Ok(seen) => at = Some(seen),
            Err(error) if error.status == Status::CouldNotCheck && !arguments.once => {
                context.ui.warn(error.message.clone());
            }
            Err(error) => return Err(error),
        }
        if arguments.once {
            return Ok(Status::Passed);
        }
        tokio::time::sleep(Duration::from_secs(arguments.interval)).await;
    }
}

/// Says what is new, and how far the log was seen.
async fn look(
    arguments: &Arguments,
    context: &Context,
    connected: &super::connected::Connected,
    at: Option<u64>,
) -> Result<u64, CommandError> {
    let log = meet(&connected.client, &connected.keys, &connected.known, context.now()).await?;
    let size = log.size();
    let mut at = at.or(log.before.as_ref().map(|before| before.size)).unwrap_or(size);
    if at < size {
        let mut reader = LogReader::open(&connected.client, log.checkpoint.checkpoint(), &[]).await?;
        while at < size {
            let end = size.min((at / FULL_WIDTH + 1) * FULL_WIDTH);
            for (entry, sequence) in reader.entries(at..end).await?.iter().zip(at + 1..) {
                say(arguments, context, sequence, entry)?;
            }
            at = end;
        }
    }
    // After it was said: what was not said is read again the next time.
    connected.keep(size, log.checkpoint.bytes())?;
    Ok(size)
}

fn say(arguments: &Arguments, context: &Context, sequence: u64, entry: &[u8]) -> Result<(), CommandError> {
    let Ok(leaf) = Leaf::from_bytes(entry) else {
        // It may be about any of them.
        context.ui.warn(format!("entry {sequence} cannot be read by this version of mcp-pin"));
        return Ok(());
    };
    if !arguments.wants(&leaf) {
        return Ok(());
    }
    let document = EntryDocument::of(sequence, leaf);
    if context.format == Format::Json {
        // A line for each: a stream has no end to wait for.
        let value =
            mcp_pin_model::json::to_value(&document).map_err(|error| CommandError::internal(error.to_string()))?;
        return context.ui.data(json::line_of(&value)).map_err(|error| super::super::output_error(&error));
    }
    context.ui.data(document.line()).map_err(|error| super::super::output_error(&error))
}

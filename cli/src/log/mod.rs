//! A registry's transparency log, met from outside: nothing that it shows is believed before it is held against what is
//! signed, and what is signed against what was seen before.

mod contact;
mod known;
mod problem;
mod reading;
mod state;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_registry_client::RegistryClient;
use mcp_pin_tlog::{
    Checkpoint, History, HistoryError, LogKeys, VerifiedCheckpoint, WitnessPolicy, history,
    note::{KeyError, KeyKind, VerifierKey},
    tree,
};

pub(crate) use contact::{LockedLog, contact, locked_registry};
pub(crate) use known::{KnownLog, KnownLogs};
pub(crate) use problem::LogProblem;
pub(crate) use reading::LogReader;
pub(crate) use state::{StateProblem, StateRecord, VerifiedState};

/// How old a signature may be: logs sign again at least every 10 minutes (this registry every 5), and a network takes some.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(11);

/// How far a signature may lie in the future: clocks differ.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A log as it is now: signed by its key, not old, and a continuation of what was seen before.
#[derive(Clone, Debug)]
pub(crate) struct CurrentLog {
    /// What it says.
    pub(crate) checkpoint: VerifiedCheckpoint,
    /// What was seen before, if anything was.
    pub(crate) before: Option<Checkpoint>,
}

impl CurrentLog {
    /// How many entries it has.
    pub(crate) fn size(&self) -> u64 {
        self.checkpoint.checkpoint().size
    }
}

/// Meets the log: fetches its checkpoint, and holds it against what was seen before. Two logs of one size are evidence, and
/// both are kept. What was seen is noted by [`KnownLog::keep`], by whoever asked, when nothing else is wrong.
///
/// # Errors
/// See [`LogProblem`].
pub(crate) async fn meet(
    client: &RegistryClient,
    keys: &LogKeys,
    known: &KnownLog,
    now: Timestamp,
) -> Result<CurrentLog, LogProblem> {
    let bytes = client.log_checkpoint().await?.ok_or(LogProblem::None)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let checkpoint = VerifiedCheckpoint::verify(&bytes, keys, &WitnessPolicy::default(), seconds)?;
    let before = known.checkpoint()?;
    if let Some(before) = &before {
        // Before its age: a log that was rolled back and frozen is rolled back.
        follow(client, before, &checkpoint, Some(known), &known.signed()?).await?;
    }
    check_age(&checkpoint, now)?;
    Ok(CurrentLog { checkpoint, before })
}

fn check_age(checkpoint: &VerifiedCheckpoint, now: Timestamp) -> Result<(), LogProblem> {
    let signed = checkpoint.signed_at().and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
    let Some(signed) = signed else { return Err(LogProblem::Undated) };
    let age = now.duration_since(signed);
    if age > MAX_AGE {
        return Err(LogProblem::Stale { signed });
    }
    if age < -MAX_AHEAD {
        return Err(LogProblem::FromTheFuture { signed, now });
    }
    Ok(())
}

/// Holds a checkpoint against one that was seen before, whose signed bytes are `signed`.
async fn follow(
    client: &RegistryClient,
    before: &Checkpoint,
    now: &VerifiedCheckpoint,
    known: Option<&KnownLog>,
    signed: &[u8],
) -> Result<History, LogProblem> {
    let shown = now.checkpoint();
    let grows = shown.origin == before.origin && shown.size > before.size && before.size > 0;
    let proof = if grows {
        let mut reader =
            LogReader::open(client, shown, &tree::subtrees_for_consistency(before.size, shown.size)).await?;
        reader.prove_consistency(before.size)?
    } else {
        Vec::new()
    };
    history::follow(before, now, &proof).map_err(|error: HistoryError| {
        // Both were signed: together they convict the log's key, to everybody.
        let evidence = known.filter(|_| error.is_equivocation()).map(|known| known.keep_evidence(signed, now.bytes()));
        match evidence {
            Some(Ok(folder)) => LogProblem::Forked { source: error, evidence: folder },
            Some(Err(problem)) => problem,
            None => LogProblem::History(error),
        }
    })
}

/// The keys of a log whose own key is given as text, `<name>+<id>+<key>`; the name is the log's origin.
///
/// # Errors
/// When it is not the key of a log.
pub(crate) fn keys_of(text: &str) -> Result<LogKeys, LogProblem> {
    key_of(text).and_then(|key| LogKeys::new(key.name(), [*key.key()])).map_err(LogProblem::Key)
}

/// The key of a log.
///
/// # Errors
/// When the text is none, or that of a witness.
pub(crate) fn key_of(text: &str) -> Result<VerifierKey, KeyError> {
    let key: VerifierKey = text.trim().parse()?;
    if key.kind() == KeyKind::Ed25519 { Ok(key) } else { Err(KeyError) }
}

//! The registry's transparency log, as files.

use mcp_pin_model::{Digest, json::Value, state::MAX_STATE_PART_BYTES};

use crate::{
    ClientError, RegistryClient,
    client::{parse, shape},
};

/// The largest checkpoint: a note with the log's signatures and those of many witnesses.
const MAX_CHECKPOINT_BYTES: usize = 64 << 10;

/// The largest file of a log: a bundle of 256 entries of 64 KiB with their lengths.
const MAX_LOG_FILE_BYTES: usize = 256 * (2 + 65_535);

/// The largest answer about the state: the snapshot, its entry and the receipt, escaped.
const MAX_STATE_ANSWER_BYTES: usize = 512 << 10;

/// What a registry says is live and revoked, with what it proves that by. Nothing of it is verified here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateAnswer {
    /// The snapshot.
    pub snapshot: String,
    /// The entry of the log that commits to it.
    pub entry: String,
    /// That the entry is in the log (C2SP `tlog-proof`).
    pub receipt: String,
}

impl RegistryClient {
    /// The log's checkpoint, as the registry shows it; `None` where it publishes no log. Nothing of it is verified here.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn log_checkpoint(&self) -> Result<Option<Vec<u8>>, ClientError> {
        match self.get(self.url(&["log", "checkpoint"])?, "checkpoint", MAX_CHECKPOINT_BYTES).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ClientError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A tile of hashes or a bundle of entries, by its path below the log (C2SP `tlog-tiles`): `tile/0/x001/067`. Nothing
    /// of it is verified here. Entries are for those who may read events.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn log_file(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        let segments: Vec<&str> = std::iter::once("log").chain(path.split('/')).collect();
        self.get(self.url(&segments)?, "tile", MAX_LOG_FILE_BYTES).await
    }

    /// What is live and revoked now, as the log commits to it; `None` where the registry publishes no log. Nothing of it is
    /// verified here.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn state(&self) -> Result<Option<StateAnswer>, ClientError> {
        let bytes = match self.get(self.url(&["v1", "state"])?, "state", MAX_STATE_ANSWER_BYTES).await {
            Err(ClientError::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let value = parse(&bytes)?;
        let text = |member: &str| {
            let text = value.get(member).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| shape(format!("`{member}` is no text")))
        };
        Ok(Some(StateAnswer { snapshot: text("snapshot")?, entry: text("entry")?, receipt: text("receipt")? }))
    }

    /// A part of the state, by the digest that a snapshot names. Its bytes have that digest; nothing else is verified here.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn state_part(&self, digest: &Digest) -> Result<Vec<u8>, ClientError> {
        let url = self.url(&["v1", "state", "parts", &digest.to_string()])?;
        let bytes = self.get(url, "part of the state", MAX_STATE_PART_BYTES).await?;
        let found = Digest::of(&bytes);
        if found == *digest { Ok(bytes) } else { Err(ClientError::WrongDigest { expected: *digest, found }) }
    }
}

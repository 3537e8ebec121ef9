//! The registry's transparency log, as files.

use crate::{ClientError, RegistryClient};

/// The largest checkpoint: a note with the log's signatures and those of many witnesses.
const MAX_CHECKPOINT_BYTES: usize = 64 << 10;

/// The largest file of a log: a bundle of 256 entries of 64 KiB with their lengths.
const MAX_LOG_FILE_BYTES: usize = 256 * (2 + 65_535);

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
}

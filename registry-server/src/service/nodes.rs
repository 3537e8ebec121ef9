//! What the nodes of one registry agree on when they start.

use zeroize::Zeroizing;

use super::{Service, ServiceError, decision::to_its_end};

/// The key that page cursors are authenticated with: a page that one node began is continued by another one. Whoever
/// reads it out of the database can forge where a list continues, and nothing else.
const CURSOR_KEY: &str = "cursor-key";

/// The id of the log's key. The key itself is in a file of each node.
const LOG_KEY: &str = "log-key";

impl Service {
    /// Agrees with the other nodes on the key of page cursors, which is given back, and makes sure that this node's key
    /// of the log is theirs.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] for a node whose log's key is another one than theirs, or missing; store errors.
    pub async fn agree_with_nodes(
        &self,
        cursor_key: [u8; 32],
        log_key: Option<&str>,
    ) -> Result<Zeroizing<[u8; 32]>, ServiceError> {
        let (service, log_key) = (self.clone(), log_key.map(str::to_owned));
        let cursor_key = Zeroizing::new(hex::encode(Zeroizing::new(cursor_key)));
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let agreed = Zeroizing::new(deciding.tx.agree(CURSOR_KEY, &cursor_key).await?);
            let known = match &log_key {
                Some(own) => Some(deciding.tx.agree(LOG_KEY, own).await?),
                None => deciding.tx.agreement(LOG_KEY).await?,
            };
            if known != log_key {
                return Err(ServiceError::Unsound(
                    "this node has another key of the log than the other nodes, or none: give it their `log.key` and `roots`"
                        .to_owned(),
                ));
            }
            deciding.commit().await?;
            let mut key = Zeroizing::new([0; 32]);
            hex::decode_to_slice(agreed.as_bytes(), key.as_mut())
                .map_err(|_| ServiceError::Unsound("the key of page cursors in the database is damaged".to_owned()))?;
            Ok(key)
        })
        .await
    }
}

//! Hearing of the decisions of other nodes.

use async_trait::async_trait;
use mcp_pin_storage::{StorageError, Watch, rows::columns::unavailable};
use sqlx::{PgPool, postgres::PgListener};

use crate::answer::Answer as _;

/// The channel on which the trigger of `events` tells of a commit.
const CHANNEL: &str = "mcp_pin_events";

/// A connection that listens.
pub(crate) struct Listening(PgListener);

impl Listening {
    pub(crate) async fn new(pool: &PgPool) -> Result<Self, StorageError> {
        let mut listener = PgListener::connect_with(pool).answer().await?;
        listener.listen(CHANNEL).answer().await?;
        Ok(Self(listener))
    }
}

#[async_trait]
impl Watch for Listening {
    async fn changed(&mut self) -> Result<(), StorageError> {
        // Without limit: that nothing is decided is no fault. `None` is a connection that was lost and made anew: what was
        // told in between is lost, too, so it counts as something.
        self.0.try_recv().await.map_err(unavailable)?;
        Ok(())
    }
}

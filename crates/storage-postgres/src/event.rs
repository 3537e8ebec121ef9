//! Events.

use async_trait::async_trait;
use mcp_pin_model::leaf::Leaf;
use mcp_pin_storage::{
    Event, EventReader, EventWriter, StorageError,
    rows::{EventRow, event_sequence, next_sequence},
};

use crate::{answer::Answer as _, connection::Connection};

#[async_trait]
impl EventReader for Connection {
    #[tracing::instrument(name = "db.events.list", skip_all)]
    async fn events(&mut self, after: u64, limit: u32) -> Result<Vec<Event>, StorageError> {
        // No sequence is beyond what a signed integer holds, so nothing comes after such a number.
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        sqlx::query_as!(
            EventRow,
            "SELECT sequence, leaf FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            after,
            i64::from(limit)
        )
        .fetch_all(self.db())
        .answer()
        .await?
        .into_iter()
        .map(Event::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.events.last", skip_all)]
    async fn last_event(&mut self) -> Result<u64, StorageError> {
        let last = sqlx::query_scalar!(r#"SELECT coalesce(max(sequence), 0) AS "last!" FROM events"#)
            .fetch_one(self.db())
            .answer()
            .await?;
        event_sequence(last)
    }
}

#[async_trait]
impl EventWriter for Connection {
    #[tracing::instrument(name = "db.events.append", skip_all)]
    async fn append_event(&mut self, leaf: &Leaf) -> Result<u64, StorageError> {
        let bytes = leaf.to_bytes().map_err(|_| StorageError::Mismatch("event"))?;
        // This transaction holds the turn of all nodes, so nobody can take the number in between.
        let (next, number) = next_sequence(self.last_event().await?)?;
        sqlx::query!("INSERT INTO events (sequence, leaf) VALUES ($1, $2)", number, bytes)
            .execute(self.db())
            .answer()
            .await?;
        Ok(next)
    }
}

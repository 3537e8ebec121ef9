//! Snapshots of the state.

use async_trait::async_trait;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    StateReader, StateWriter, StorageError, StoredState,
    rows::{StateSnapshotRow, checked, columns::unavailable},
};

use crate::connection::Connection;

/// A sequence as a column. No event has one that does not fit.
fn column(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

#[async_trait]
impl StateReader for Connection {
    #[tracing::instrument(name = "db.state_snapshots.get", skip_all)]
    async fn state_snapshot(&mut self, at_most: u64) -> Result<Option<StoredState>, StorageError> {
        let at_most = column(at_most);
        sqlx::query_as!(
            StateSnapshotRow,
            "SELECT sequence, document FROM state_snapshots WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1",
            at_most
        )
        .fetch_optional(self.db())
        .await
        .map_err(unavailable)?
        .map(StoredState::try_from)
        .transpose()
    }

    #[tracing::instrument(name = "db.state_parts.get", skip_all)]
    async fn state_part(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        let text = digest.to_string();
        let bytes = sqlx::query_scalar!("SELECT document FROM state_parts WHERE digest = ?", text)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?;
        checked("state_parts", digest, bytes)
    }
}

#[async_trait]
impl StateWriter for Connection {
    #[tracing::instrument(name = "db.state_snapshots.add", skip_all)]
    async fn add_state_snapshot(
        &mut self,
        state: &StoredState,
        added: &[(Digest, Vec<u8>)],
    ) -> Result<(), StorageError> {
        for (digest, document) in added {
            let digest = digest.to_string();
            // One that was replaced a moment ago can come back.
            sqlx::query!(
                "INSERT INTO state_parts (digest, document) VALUES (?, ?)
                 ON CONFLICT (digest) DO UPDATE SET replaced_at = NULL",
                digest,
                document
            )
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        }
        let sequence = column(state.sequence);
        sqlx::query!("INSERT INTO state_snapshots (sequence, document) VALUES (?, ?)", sequence, state.document)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    #[tracing::instrument(name = "db.state_parts.replace", skip_all)]
    async fn replace_state_parts(&mut self, gone: &[Digest], sequence: u64) -> Result<(), StorageError> {
        let sequence = column(sequence);
        for digest in gone {
            let digest = digest.to_string();
            sqlx::query!("UPDATE state_parts SET replaced_at = ? WHERE digest = ?", sequence, digest)
                .execute(self.db())
                .await
                .map_err(unavailable)?;
        }
        Ok(())
    }

    #[tracing::instrument(name = "db.state_snapshots.forget", skip_all)]
    async fn forget_state_before(&mut self, sequence: u64) -> Result<(), StorageError> {
        let sequence = column(sequence);
        sqlx::query!("DELETE FROM state_snapshots WHERE sequence < ?", sequence)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        sqlx::query!("DELETE FROM state_parts WHERE replaced_at <= ?", sequence)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

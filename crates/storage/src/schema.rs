//! Which schema a database has.

use std::collections::BTreeSet;

use crate::StorageError;

/// One step of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStep {
    /// Its number.
    pub version: i64,
    /// What it brings.
    pub name: String,
}

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// The newest step that it has; none where there is nothing yet.
    pub found: Option<i64>,
    /// The newest step that this program knows.
    pub known: i64,
    /// What this program would run.
    pub pending: Vec<SchemaStep>,
}

impl SchemaState {
    /// Compares the steps that a database has with those that the program knows.
    #[must_use]
    pub fn new(applied: &[i64], steps: impl IntoIterator<Item = SchemaStep>) -> Self {
        let applied: BTreeSet<i64> = applied.iter().copied().collect();
        let steps: Vec<SchemaStep> = steps.into_iter().collect();
        let known = steps.iter().map(|step| step.version).max().unwrap_or(0);
        let pending = steps.into_iter().filter(|step| !applied.contains(&step.version)).collect();
        Self { found: applied.last().copied(), known, pending }
    }

    /// Refuses a database that is newer than the program.
    ///
    /// # Errors
    /// [`StorageError::NewerSchema`].
    pub fn not_newer(&self) -> Result<(), StorageError> {
        match self.found {
            Some(found) if found > self.known => Err(StorageError::NewerSchema { found, known: self.known }),
            _ => Ok(()),
        }
    }

    /// Refuses a database of any other schema than the program's.
    ///
    /// # Errors
    /// [`StorageError::NewerSchema`], [`StorageError::OlderSchema`].
    pub fn exactly(&self) -> Result<(), StorageError> {
        self.not_newer()?;
        if self.pending.is_empty() {
            Ok(())
        } else {
            Err(StorageError::OlderSchema { found: self.found.unwrap_or(0), known: self.known })
        }
    }
}

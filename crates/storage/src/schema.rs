//! Which schema a database has.

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
    /// Compares what was found with the steps that the program knows.
    #[must_use]
    pub fn new(found: Option<i64>, steps: impl IntoIterator<Item = SchemaStep>) -> Self {
        let steps: Vec<SchemaStep> = steps.into_iter().collect();
        let known = steps.iter().map(|step| step.version).max().unwrap_or(0);
        let pending = steps.into_iter().filter(|step| found.is_none_or(|found| step.version > found)).collect();
        Self { found, known, pending }
    }

    /// Refuses a database that is newer than the program.
    ///
    /// # Errors
    /// [`StorageError::NewerSchema`](crate::StorageError::NewerSchema).
    pub fn not_newer(&self) -> Result<(), crate::StorageError> {
        match self.found {
            Some(found) if found > self.known => Err(crate::StorageError::NewerSchema { found, known: self.known }),
            _ => Ok(()),
        }
    }

    /// Refuses a database of any other schema than the program's.
    ///
    /// # Errors
    /// [`StorageError::NewerSchema`](crate::StorageError::NewerSchema),
    /// [`StorageError::OlderSchema`](crate::StorageError::OlderSchema).
    pub fn exactly(&self) -> Result<(), crate::StorageError> {
        self.not_newer()?;
        if self.pending.is_empty() {
            Ok(())
        } else {
            Err(crate::StorageError::OlderSchema { found: self.found.unwrap_or(0), known: self.known })
        }
    }
}

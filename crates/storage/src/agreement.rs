//! What all nodes of one registry have in common, and no person decided.

use async_trait::async_trait;

use crate::StorageError;

/// Looks agreements up.
#[async_trait]
pub trait AgreementReader {
    /// What was agreed on under this name, if anything was.
    async fn agreement(&mut self, name: &str) -> Result<Option<String>, StorageError>;
}

/// Makes agreements. There is no way to change one.
#[async_trait]
pub trait AgreementWriter: AgreementReader {
    /// Agrees on a value unless something was agreed on before; gives back what is agreed on.
    async fn agree(&mut self, name: &str, value: &str) -> Result<String, StorageError>;
}

//! Statements of others: what package registries and build systems attest.

use mcp_pin_model::{
    json::{self, Limits, Value},
    statement::{STATEMENT_TYPE, StatementError, Subject},
};

/// The `_type` of the statements that npm and older builders still write.
const STATEMENT_TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// An in-toto statement of any predicate, version 0.1 or 1, read strictly from the bytes that were signed.
///
/// Unlike ours it has no canonical form, and its predicate may hold members that nobody here knows.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignStatement {
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: Value,
}

impl ForeignStatement {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it is not JSON that all readers read alike, not a statement, or about nothing.
    pub fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let value = json::parse_with(payload, &Limits::FOREIGN)?;
        match value.get("_type").and_then(Value::as_str) {
            Some(STATEMENT_TYPE | STATEMENT_TYPE_V0_1) => {}
            _ => return Err(StatementError::WrongType),
        }
        let subjects = value.get("subject").and_then(Value::as_array).ok_or(StatementError::Subject("is missing"))?;
        let subjects = subjects
            .iter()
            .map(|subject| {
                // Resource descriptors may have further members (in-toto attestation, ResourceDescriptor v1).
                let name = subject.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let digests = subject.get("digest").and_then(Value::as_object)?;
                let digest = digests
                    .iter()
                    .map(|(algorithm, hex)| Some((algorithm.to_owned(), hex.as_str()?.to_owned())))
                    .collect::<Option<_>>()?;
                Some(Subject { name, digest })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(StatementError::Subject("is not a list of subjects with digests"))?;
        if subjects.is_empty() {
            return Err(StatementError::Subject("is empty"));
        }
        let predicate_type = value.get("predicateType").and_then(Value::as_str);
        let predicate_type = predicate_type.ok_or(StatementError::WrongPredicate)?.to_owned();
        let Value::Object(mut members) = value else { return Err(StatementError::WrongType) };
        let predicate = members.remove("predicate").unwrap_or(Value::Null);
        Ok(Self { subjects, predicate_type, predicate })
    }

    /// What it is about.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The predicate's type.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The predicate.
    #[must_use]
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }
}

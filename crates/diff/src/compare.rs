//! The comparison.

use mcp_pin_model::lockfile::Tombstone;

use crate::{ChangeReport, REPORT_TYPE, ReportSide, Side, bump::Bump};

/// Compares two sides. `before` is `None` on first admission. Tombstones become part of the report, so that it can be
/// computed again from what it says.
#[must_use]
pub fn compare(before: Option<&Side<'_>>, after: &Side<'_>, tombstones: &[Tombstone]) -> ChangeReport {
    ChangeReport {
        document_type: REPORT_TYPE.to_owned(),
        from: before.map(ReportSide::of),
        to: ReportSide::of(after),
        tombstones: tombstones.to_vec(),
        grade: mcp_pin_model::Grade::None,
        model_visible_changed: false,
        required_bump: Bump::None,
        declared_bump: None,
        changes: Vec::new(),
        findings: Vec::new(),
    }
}

//! Two surfaces in, a graded change report out.
//!
//! Everything here is pure and deterministic: the command line, CI, the registry and the gate compute the same bytes
//! from the same two sides, and a consent binds the digest of those bytes. Nothing may change without a [`Change`];
//! what the changes mean is said by rules as [`Finding`]s, with a grade each.
//!
//! Messages and titles are our own words only. Whatever a server said stands in `before` and `after`, in pointers and
//! in entry keys, and is hostile text to whoever shows it.

mod align;
mod bump;
mod change;
mod compare;
mod content;
mod extent;
mod finding;
mod fold;
mod group;
pub mod load;
mod reading;
mod report;
pub mod rules;
pub mod siblings;
mod side;
mod speech;
mod text;
mod walk;

pub use bump::Bump;
pub use change::{Change, ChangeKind, Direction, EntryRef};
pub use compare::compare;
pub use finding::{Finding, Location};
pub use group::Group;
pub use mcp_pin_model::Grade;
pub use report::{ChangeReport, REPORT_TYPE, ReportError, ReportSide, TOO_LARGE_RULE};
pub use side::Side;
pub use text::{Hunk, HunkKind, Segment, SegmentKind, TextDiff, text_diff};

//! `/v1/submissions`: versions from their arrival to their end.

pub mod body;
pub mod changes;
pub mod create;
pub mod list;
pub mod reject;
pub mod show;

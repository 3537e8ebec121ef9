//! `/v1/rollouts`: how versions reach one ring after another.

pub mod body;
pub mod drift_reports;
pub mod halt;
pub mod list;
pub mod pause;
pub mod promote;
pub mod resume;
pub mod rollback;
pub mod show;

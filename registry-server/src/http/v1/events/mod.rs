//! `GET /v1/events`: a page, lines, or a stream that goes on.

mod asked;
pub mod follow;
pub mod list;

//! The log, through what it publishes.

mod history;
mod notes;
mod peers;
mod support;
mod tiles;
mod vectors;

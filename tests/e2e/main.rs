//! The two programs together, as real processes: nothing here knows more of them than a user does.
//!
//! Every test has a folder, homes and an environment of its own. What needs something of the machine that may be
//! missing (`strace`, the right to mount) says `SKIPPED` and why.

mod documentation;
mod edits;
mod full_disk;
mod hostile;
mod http;
mod interrupted;
mod kill_nine;
mod misbehaving;
mod offline;
mod organisation;
mod programs;
mod registry;
mod secrets;
mod together;
mod world;

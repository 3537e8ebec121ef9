//! The registry: a default-deny, org-internal catalogue of signed, version-pinned MCP server manifests.
//!
//! [`service`] decides, [`authorization`] says who may, [`http`] speaks, [`serve()`] starts and stops. The binary only reads its arguments, so that tests
//! drive the same program.

pub mod authorization;
pub mod cli;
pub mod config;
mod data_dir;
pub mod events;
pub mod http;
mod line_buffer;
mod listen;
pub mod log;
pub mod login;
pub mod oidc;
pub mod operate;
pub mod operator;
pub mod policy_config;
pub mod root;
pub mod serve;
pub mod service;
mod stall;
mod telemetry;
pub mod tls;
mod ui;
pub mod webhooks;

pub use serve::serve;

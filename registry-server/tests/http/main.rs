//! The HTTP interface, through the whole program: router, service and database, in process.

mod access;
mod clients;
mod documents;
mod hardening;
mod life;
mod registry_client;
mod support;
mod v0_1;

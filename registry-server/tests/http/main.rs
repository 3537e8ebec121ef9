//! The HTTP interface, through the whole program: router, service and database, in process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod access;
mod attacks;
mod access_table;
mod clients;
mod connections;
mod documents;
mod events;
mod evidence;
mod hardening;
mod issuer;
mod life;
mod once;
mod publish;
mod reads;
mod login;
mod operator;
mod policies;
mod provider;
mod registry_client;
mod rings;
mod root;
mod support;
mod tls;
mod token_exchange;
mod v0_1;
mod webhooks;

//! The HTTP interface, through the whole program: router, service and database, in process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod access;
mod access_table;
mod attacks;
mod backends;
mod clients;
mod clock;
mod connections;
mod doctor;
mod documents;
mod events;
mod evidence;
mod hardening;
mod issuer;
mod life;
mod login;
mod nodes;
mod once;
mod operator;
mod policies;
mod publish;
mod reads;
mod registry_client;
mod reload;
mod rings;
mod root;
mod support;
mod tls;
mod token_exchange;
mod v0_1;
mod webhooks;

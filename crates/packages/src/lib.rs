//! Fetches packages and what is attested about them, and gives both to the judgement in `attest`.
//!
//! Rules of the crate:
//! * where a package comes from is what the user's own client would use, or configuration: no host stands in this code;
//! * archives are hashed while they arrive and read in memory; nothing is unpacked to disk, and nothing of a package runs;
//! * every answer has a limit in bytes and in time, and no host sends a request of ours to another one unseen;
//! * nothing here judges: a document is bytes, and "not reached" stays apart from "not there".

pub mod archive;
pub mod endpoints;
mod error;
mod fetch;
mod github;
mod mcpb;
mod npm;
mod oci;
mod pypi;
mod resolve;

pub use endpoints::{Endpoint, EndpointError, Endpoints, PackageSettings, Surroundings};
pub use error::{FetchError, ResolveError};
pub use fetch::{Credential, Fetcher, FetcherOptions};
pub use resolve::{Question, Resolved, Resolver};

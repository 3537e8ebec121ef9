//! For who builds a server: what it declares now, what it declared before, and whether the version says so.
//!
//! Nothing here is about trust in somebody else's server: the surface is the author's own, and so is the version. A
//! surface that was committed is compared with the one that is captured; the step between the two versions has to be as
//! large as the changes ask for.

pub mod baseline;
pub mod server;
pub mod step;
pub mod tree;
pub mod version;

/// Where the surface is committed, unless told otherwise.
pub const SURFACE_FILE: &str = "mcp-surface.json";

//! What happens to every request, outermost first. The order is part of the design:
//!
//! 1. [`observe`]: request id, one log line, metrics; sees the status that the client sees
//! 2. [`headers`]: security headers, and CORS under `/v0.1`, on errors and panics too
//! 3. [`throttle`]: who asks too often without a token gets 429
//! 4. [`readers`]: where only those with a token may read the catalogue, everybody else gets 401
//! 5. [`conditional`]: an entity tag for every read, 304 for what the caller has
//! 6. [`guard`]: a panic becomes 500, a slow handler 503, a NUL byte 400

pub mod conditional;
pub mod guard;
pub mod headers;
pub mod observe;
pub mod readers;
pub mod throttle;

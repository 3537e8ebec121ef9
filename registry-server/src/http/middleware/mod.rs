//! What happens to every request, outermost first. The order is part of the design:
//!
//! 1. [`observe`]: request id, one log line, metrics; sees the status that the client sees
//! 2. [`headers`]: security headers, and CORS under `/v0.1`, on errors and panics too
//! 3. [`guard`]: a panic becomes 500, a slow handler 503, a NUL byte 400

pub mod guard;
pub mod headers;
pub mod observe;

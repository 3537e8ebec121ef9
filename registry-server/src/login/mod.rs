//! People log in with an OpenID Connect provider: the authorization code flow with PKCE (RFC 7636), a state, a nonce and
//! one exact redirect address.
//!
//! Rules of the module:
//! * there is one provider, from the configuration; nothing that a browser brings leads to another;
//! * somebody is the issuer and the subject together; e-mail addresses and names match nobody to anybody;
//! * roles follow from groups by the configuration; somebody in no group that has a role gets in nowhere;
//! * a login comes back once, in time, to the browser that began it;
//! * what is answered says little, what is logged says which check failed.

mod config;
mod provider;

pub use config::{LoginConfig, LoginConfigError, LoginSection};
pub use provider::{LoginError, Pending, ProvenPerson, Provider};

//! How somebody proved who they are.

use std::{fmt, str::FromStr};

use crate::PrincipalError;

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// A token of a person.
    Token,
    /// A token of a program.
    Robot,
    /// A token that a CI job got for an identity token.
    Workload,
    /// A session of a browser, after a login.
    Session,
    /// A token of a command line, after a login.
    Login,
    /// A client certificate.
    Certificate,
    /// At the machine itself.
    Operator,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 7] =
        [Self::Token, Self::Robot, Self::Workload, Self::Session, Self::Login, Self::Certificate, Self::Operator];

    /// The word in policies, JSON, SQL and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Robot => "robot",
            Self::Workload => "workload",
            Self::Session => "session",
            Self::Login => "login",
            Self::Certificate => "certificate",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Method {
    type Err = PrincipalError;

    fn from_str(word: &str) -> Result<Self, PrincipalError> {
        Self::ALL.into_iter().find(|method| method.as_str() == word).ok_or(PrincipalError::Method)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

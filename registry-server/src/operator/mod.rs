//! Commands on the records themselves, for the first steps and for recovery: when nobody has a token that is good.
//!
//! What they do is decided by the service, under the preset `standard` and not under the policies of the configuration,
//! so that no bad policy locks an operator out, and is an event by the principal `operator`.

pub mod namespace;
pub mod principal;
pub mod token;

use std::{path::PathBuf, sync::Arc};

use thiserror::Error;

pub use crate::operate::StoreArguments as RegistryArguments;
use crate::{
    data_dir::{DataDir, DataDirError},
    operate::{OperateError, Place, settings},
    service::{Caller, Service, ServiceError, SystemClock, SystemRandom},
};

/// Why a command did not do what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// There is no registry.
    #[error("`{0}` holds no registry")]
    NoRegistry(PathBuf),
    /// The registry cannot be opened.
    #[error(transparent)]
    Open(#[from] OperateError),
    /// The service refused, or failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An argument is not what it should be.
    #[error("`{argument}`: {problem}")]
    Argument {
        /// Which one.
        argument: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The process is not as it should be.
    #[error("cannot start the runtime")]
    Runtime(#[from] std::io::Error),
}

impl OperatorError {
    /// An argument that is not what it should be.
    pub(crate) fn argument(argument: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Argument { argument, problem: error.to_string() }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Data(DataDirError::InUse(_)) => Some(
                "stop the server, or ask it: `mcp-pin registry token`, `grant` and `offboard` do the same over HTTP",
            ),
            Self::Data(error) => error.hint(),
            Self::Open(error) => error.hint(),
            Self::NoRegistry(_) => Some("`mcp-pin-registry serve --data-dir …` makes one"),
            Self::Service(ServiceError::LastAdministrator) => {
                Some("`mcp-pin-registry token create NAME --role admin` makes another one")
            }
            _ => None,
        }
    }
}

/// Opens a registry that is there, does something as the operator, and closes it.
pub(crate) fn with_registry<T>(
    arguments: &RegistryArguments,
    act: impl AsyncFnOnce(&Service, &Caller) -> Result<T, OperatorError>,
) -> Result<T, OperatorError> {
    let config = arguments.resolve()?;
    let place = Place::of(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Nothing is made by looking.
        let there = match &place {
            Place::Sqlite(path) => path.is_file(),
            Place::Postgres(_) => place.schema().await?.found.is_some(),
        };
        if !there {
            return Err(OperatorError::NoRegistry(config.data_dir.clone()));
        }
        // A file is for one process; on a server, the nodes go on and see what was decided.
        let directory = match &place {
            Place::Sqlite(_) => Some(DataDir::open(&config.data_dir)?),
            Place::Postgres(_) => None,
        };
        let store = place.open().await?;
        // The rings are those of the server: rings that are not configured would be emptied.
        let settings = settings(&config)?;
        let service = Service::open(store, Arc::new(SystemClock), Arc::new(SystemRandom), settings).await?;
        let operator = service.operator()?;
        let done = act(&service, &operator).await;
        service.close().await;
        drop(directory);
        done
    })
}

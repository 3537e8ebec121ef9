//! Commands on the data directory itself, for the first steps and for recovery: when nobody has a token that is good.
//!
//! What they do is decided by the service, under the preset `standard` and not under the policies of the configuration,
//! so that no bad policy locks an operator out, and is an event by the principal `operator`.

pub mod namespace;
pub mod principal;
pub mod token;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use mcp_pin_storage_sqlite::SqliteStore;
use thiserror::Error;

use crate::{
    data_dir::{DataDir, DataDirError},
    service::{Caller, Service, ServiceError, Settings, SystemClock, SystemRandom},
};

/// Which registry.
#[derive(Clone, Debug, Args)]
pub struct RegistryArguments {
    /// Directory of the registry; no server may run on it
    #[arg(long, value_name = "DIR", env = "MCP_PIN_REGISTRY_DATA_DIR", default_value = crate::config::DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,
}

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
    if !arguments.data_dir.join("registry.sqlite").is_file() {
        return Err(OperatorError::NoRegistry(arguments.data_dir.clone()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let directory = DataDir::open(&arguments.data_dir)?;
        let store = SqliteStore::open(&directory.database()).await.map_err(ServiceError::from)?;
        let service =
            Service::open(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemRandom), Settings::default()).await?;
        let operator = service.operator()?;
        let done = act(&service, &operator).await;
        service.close().await;
        drop(directory);
        done
    })
}

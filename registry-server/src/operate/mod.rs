//! What operators do with a registry beside serving it: look at everything, move it, keep copies of it.

mod archive;
mod backup;
mod commands;
mod error;
mod place;

pub use archive::{ArchiveError, Summary};
pub(crate) use commands::settings;
pub use commands::{
    BackupArguments, DoctorArguments, ExportArguments, ImportArguments, MigrateArguments, RestoreArguments,
    StoreArguments, backup, doctor, export, import, migrate, restore,
};
pub use error::OperateError;
pub use place::{Outcome, Place};

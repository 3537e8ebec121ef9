//! `mcp-pin sign-bundle`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_signing::Keyless;

use crate::{
    context::Context,
    error::{CommandError, CommandResult, Status},
    signer::{InstanceArguments, TokenArgument, identity_token, signed_as, signing_error},
    state::{read_bounded, write_atomic},
};

/// The largest file that is signed. It is hashed in memory; larger things are signed by their digest, in a statement.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Sign a file with an identity, by the protocol of sigstore-conformance
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Which instance signs.
    #[command(flatten)]
    pub instance: InstanceArguments,
    /// The file is an in-toto statement, and is signed as one
    #[arg(long)]
    pub in_toto: bool,
    /// The identity token; `-` reads it from standard input
    #[arg(long, value_name = "TOKEN|-")]
    pub identity_token: Option<TokenArgument>,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub bundle: PathBuf,
    /// What to sign
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// Runs it.
///
/// # Errors
/// When nothing is signed, or what was signed does not verify.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let file = &arguments.file;
    let bytes = read_bounded(&context.directory.join(file), MAX_FILE_BYTES)?
        .ok_or_else(|| CommandError::usage(format!("there is no {}", file.display())))?;
    let services = arguments.instance.services(context)?;
    let root = arguments.instance.trusted_root(context)?;
    let token = identity_token(context, arguments.identity_token.as_ref(), &services)?;
    let what = file.display().to_string();
    let signed = context.block_on(async {
        let signed = match Keyless::new(&services, root) {
            Ok(keyless) if arguments.in_toto => keyless.sign_payload(&bytes, &token).await,
            Ok(keyless) => keyless.sign_blob(&bytes, &token).await,
            Err(error) => Err(error),
        };
        signed.map_err(|error| signing_error(&what, &error))
    })?;
    write_atomic(&context.directory.join(&arguments.bundle), signed.bundle.as_bytes())?;
    context.ui.talk(signed_as(&signed.evidence));
    Ok(Status::Passed)
}

//! Writes a signed manifest and the key it verifies with into a folder, for other implementations to verify:
//! `cargo run -p mcp-pin-attest --example sample_bundle -- <folder>`.

use std::{env, error::Error, fs, path::PathBuf};

use mcp_pin_attest::{SigningKey, sign};
use mcp_pin_test_support::keys;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: sample_bundle <folder>")?);
    let key = SigningKey::generate()?;
    let tools = [keys::tool("get_forecast", "Forecast for a city.")];
    let attestation = sign(&keys::manifest("io.github.example/weather", "1.4.2", tools, None), &key)?;
    fs::write(folder.join("manifest.sigstore.json"), attestation.as_bytes())?;
    fs::write(folder.join("key.pub.pem"), key.public_key().to_spki_pem())?;
    Ok(())
}

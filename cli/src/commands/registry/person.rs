//! A person's login: a browser goes to the identity provider, and its answer comes to an address on this machine
//! (RFC 8252 section 7.3). What comes is a code, good once and only with the verifier that never left this process
//! (RFC 7636).

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mcp_pin_model::{Digest, json};
use mcp_pin_registry_client::{AccessToken, ClientOptions, RegistryClient};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::connection::{ask, client_error};
use crate::{
    context::Context,
    error::{CommandError, CommandResult, Status},
    state::{read_bounded, write_private},
    ui::{Role, Text, sanitize},
};

/// How long somebody may take: as long as a registry remembers their login.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often an idle listener looks at the clock.
const PAUSE: Duration = Duration::from_millis(100);

/// How long one connection may take to say what it wants, and the most that it may say.
const REQUEST_TIME: Duration = Duration::from_secs(5);
const MAX_REQUEST_LINE: u64 = 8 << 10;

/// The largest kept login.
const MAX_LOGIN_BYTES: u64 = 4096;

/// A login that is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Login {
    registry: String,
    principal: String,
    expires_at: Timestamp,
    token: String,
}

/// Logs in, and keeps the token.
pub(super) fn log_in(context: &Context, client: &RegistryClient) -> CommandResult {
    let place = place(context, client.base())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|error| CommandError::could_not_check(format!("cannot listen on this machine: {error}")))?;
    let port = listener.local_addr().map_err(|error| CommandError::internal(error.to_string()))?.port();
    let (state, verifier) = (secret(), secret());
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).as_bytes());
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let address = client.login_address(&redirect, &state, &challenge).map_err(client_error)?;
    context.ui.talk("open this address in a browser on this machine, and log in:");
    context.ui.talk(Text::new().with(Role::Strong, address.to_string()));
    let code = wait_for(&listener, &state)?;
    let given = ask(context, "logging in", client.login(&code, &verifier))?;
    let login = Login {
        registry: client.base().to_owned(),
        principal: given.principal.clone(),
        expires_at: given.expires_at,
        token: given.secret.expose().to_owned(),
    };
    let value = json::to_value(&login).map_err(|error| CommandError::internal(error.to_string()))?;
    let text = Zeroizing::new(value.to_canonical_string());
    write_private(&place, text.as_bytes())?;
    let mut text = Text::new().with(Role::Good, "logged in ").with(Role::Plain, format!("at {} as ", client.base()));
    text.append(sanitize::name(&given.principal).into());
    text.plain(format!(" ({}) until {}", sanitize::line(&given.roles.join(", ")), given.expires_at));
    context.ui.talk(text);
    Ok(Status::Passed)
}

/// The token of a login at this registry that is still good.
pub(super) fn kept_token(context: &Context, registry: &str) -> Result<Option<AccessToken>, CommandError> {
    if context.logins.is_none() {
        return Ok(None);
    }
    // The address as a client writes it, so that a slash more or less is the same registry.
    let client = RegistryClient::new(registry, None, &ClientOptions::default()).map_err(client_error)?;
    let path = place(context, client.base())?;
    let Some(bytes) = read_bounded(&path, MAX_LOGIN_BYTES)?.map(Zeroizing::new) else { return Ok(None) };
    let damaged = || {
        CommandError::usage(format!("{} is not a kept login", path.display()))
            .hint("log in again with `mcp-pin registry login --web`")
    };
    let value = json::parse(&bytes).map_err(|_| damaged())?;
    let login: Login = json::from_value(&value).map_err(|_| damaged())?;
    if login.registry != client.base() {
        return Err(damaged());
    }
    if login.expires_at <= context.now() {
        return Ok(None);
    }
    login.token.parse().map(Some).map_err(|_| damaged())
}

/// Forgets the login at a registry; gives back its token, good or not.
pub(super) fn forget(context: &Context, registry: &str) -> Result<Option<AccessToken>, CommandError> {
    let token = kept_token(context, registry)?;
    let client = RegistryClient::new(registry, None, &ClientOptions::default()).map_err(client_error)?;
    let path = place(context, client.base())?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CommandError::io("remove", &path, &error)),
        _ => Ok(token),
    }
}

/// Where the login at a registry is kept: one file each, so that a token never goes to another registry.
fn place(context: &Context, registry: &str) -> Result<PathBuf, CommandError> {
    let logins = context.logins.as_ref();
    let logins = logins.ok_or_else(|| CommandError::usage("there is no configuration directory to keep a login in"))?;
    Ok(logins.join(format!("{}.json", Digest::of(registry.as_bytes()).to_hex())))
}

fn secret() -> Zeroizing<String> {
    Zeroizing::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// The code that comes with this state. Whatever else comes is answered and left.
fn wait_for(listener: &TcpListener, state: &str) -> Result<Zeroizing<String>, CommandError> {
    #[expect(clippy::disallowed_methods, reason = "a person at a browser is waited for in real time")]
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some(code) = answer(&stream, state) {
                    return Ok(code);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(error) => return Err(CommandError::could_not_check(format!("cannot accept an answer: {error}"))),
        }
    }
    Err(CommandError::could_not_check("nobody logged in within ten minutes")
        .hint("run `mcp-pin registry login --web` again"))
}

/// Reads one request and answers it; gives back the code where it is the one that is waited for.
fn answer(stream: &TcpStream, state: &str) -> Option<Zeroizing<String>> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(REQUEST_TIME)).ok()?;
    stream.set_write_timeout(Some(REQUEST_TIME)).ok()?;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(stream.take(MAX_REQUEST_LINE)).read_line(&mut line).ok()?;
    let code = code_of(&line, state);
    let (status, words) = match code {
        Some(_) => ("200 OK", "You are logged in. This page can be closed."),
        None => ("400 Bad Request", "This is not the answer that mcp-pin waits for."),
    };
    let mut stream = stream;
    // The browser may have gone; the login is done all the same.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{words}",
        words.len()
    );
    code
}

fn code_of(line: &str, state: &str) -> Option<Zeroizing<String>> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    if url.path() != "/callback" {
        return None;
    }
    let value = |name: &str| {
        let mut values = url.query_pairs().filter(|(own, _)| own == name).map(|(_, value)| value.into_owned());
        let first = values.next()?;
        values.next().is_none().then_some(first)
    };
    (value("state")? == state).then(|| value("code").map(Zeroizing::new)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_that_is_waited_for_gives_a_code() {
        let code = |line: &str| code_of(line, "right").map(|code| code.to_string());
        assert_eq!(code("GET /callback?code=x&state=right HTTP/1.1\r\n").as_deref(), Some("x"));
        for line in [
            "",
            "GET",
            "POST /callback?code=x&state=right HTTP/1.1",
            "GET /callback?code=x&state=wrong HTTP/1.1",
            "GET /callback?code=x HTTP/1.1",
            "GET /callback?state=right HTTP/1.1",
            "GET /callback?code=x&code=y&state=right HTTP/1.1",
            "GET /callback?code=x&state=wrong&state=right HTTP/1.1",
            "GET /favicon.ico?code=x&state=right HTTP/1.1",
        ] {
            assert_eq!(code(line), None, "{line}");
        }
    }
}

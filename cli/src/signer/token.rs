//! Where the identity token comes from.

use std::{
    fmt,
    io::{self, Read as _},
};

use mcp_pin_signing::{
    AmbientError, IdentityToken, Login, LoginError, LoginPage, MAX_TOKEN_BYTES, Services, TokenError, ambient, login,
};
use zeroize::Zeroizing;

use crate::{
    context::Context,
    error::{CommandError, Status},
    ui::{PromptError, sanitize},
};

/// The variable that holds a token.
const VARIABLE: &str = "MCP_PIN_IDENTITY_TOKEN";

/// What `--identity-token` says: a token, or `-` for standard input. Never shown.
#[derive(Clone)]
pub struct TokenArgument(Zeroizing<String>);

impl From<String> for TokenArgument {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for TokenArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenArgument(…)")
    }
}

/// The token: as named, else of the CI job, else after a login in the browser where there is a person.
///
/// # Errors
/// When there is none, or it cannot be used.
pub fn identity_token(
    context: &Context,
    argument: Option<&TokenArgument>,
    services: &Services,
) -> Result<IdentityToken, CommandError> {
    let text = match token_text(context, argument, VARIABLE)? {
        Some(text) => text,
        None => {
            match context.block_on(async { ambient().await.map_err(|error| ambient_error(&error)) })? {
                Some(token) => token,
                None if context.ui.is_interactive() => context
                    .block_on(async { login(services, &Person(context)).await.map_err(|error| login_error(&error)) })?,
                None => {
                    return Err(CommandError::usage("there is no identity token to sign with")
                    .detail("in GitHub Actions: give the job `permissions: id-token: write`")
                    .detail("in GitLab: give the job `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`")
                    .detail("in Buildkite and CircleCI: nothing is to be configured")
                    .detail("elsewhere: --identity-token - and the token on standard input, or a terminal to log in from")
                    .hint(format!("put a token into {VARIABLE}, or run the command on a terminal")));
                }
            }
        }
    };
    IdentityToken::from_text(&text, context.now()).map_err(|error| token_error(&error))
}

/// The token that is named: by the option, else by the variable.
///
/// # Errors
/// When standard input cannot be read.
pub(crate) fn token_text(
    context: &Context,
    argument: Option<&TokenArgument>,
    variable: &str,
) -> Result<Option<Zeroizing<String>>, CommandError> {
    match (argument, context.environment.get(variable)) {
        (Some(argument), _) if argument.0.as_str() == "-" => standard_input().map(Some),
        (Some(argument), _) => Ok(Some(argument.0.clone())),
        (None, Some(token)) => Ok(Some(Zeroizing::new(token.to_owned()))),
        (None, None) => Ok(None),
    }
}

fn standard_input() -> Result<Zeroizing<String>, CommandError> {
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .take(MAX_TOKEN_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::usage(format!("no identity token can be read from standard input: {error}")))?;
    Ok(text)
}

fn token_error(error: &TokenError) -> CommandError {
    match error {
        TokenError::Expired(_) => {
            CommandError::usage(error.to_string()).hint("ask for a new one: tokens live for minutes")
        }
        _ => CommandError::usage(error.to_string()),
    }
}

fn ambient_error(error: &AmbientError) -> CommandError {
    let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Usage };
    CommandError::new(status, error.to_string())
}

fn login_error(error: &LoginError) -> CommandError {
    let status = match error {
        LoginError::NoProvider => Status::Usage,
        LoginError::Unreachable | LoginError::Setup(_) => Status::CouldNotCheck,
        _ => Status::Failed,
    };
    CommandError::new(status, error.to_string())
}

/// Whoever sits at the terminal.
struct Person<'a>(&'a Context);

impl Login for Person<'_> {
    fn show(&self, address: &str, page: LoginPage) {
        let address = sanitize::one_line(address);
        self.0.ui.hint(match page {
            LoginPage::Opened => format!("log in with the browser that was opened, or open {address}"),
            _ => format!("open {address} in a browser, log in, and come back with the code that it shows"),
        });
    }

    fn code(&self) -> io::Result<Zeroizing<String>> {
        self.0.ui.ask_hidden("code").map_err(|error| match error {
            PromptError::Interrupted(error) => error,
            PromptError::NotATerminal => io::Error::other("nobody can be asked"),
        })
    }
}

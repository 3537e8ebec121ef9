//! What a command works with: the user interface, the project, the state, the clock, the environment, the key.

use std::{
    collections::BTreeMap,
    future::Future,
    path::{Path, PathBuf},
    sync::Once,
};

use etcetera::BaseStrategy as _;
use jiff::Timestamp;

use crate::{
    cli::{Format, GlobalArguments},
    error::CommandError,
    log::KnownLogs,
    project::{Project, roots::UserRoots},
    signer::KeySource,
    state::{State, key::KeyFile},
    ui::{Ui, sanitize},
};

/// The process's environment variables, read once. Values are secrets until proven otherwise: never printed.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process that are text.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All variables, for what reads the configuration of other programs.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone()))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// What a command works with.
pub struct Context {
    /// The program's mouth and ears.
    pub ui: Ui,
    /// How results are printed.
    pub format: Format,
    /// The directory that the command was started in or sent to.
    pub directory: PathBuf,
    /// The environment.
    pub environment: Environment,
    /// Where the signing key is, or would be made.
    pub key: KeySource,
    /// The trusted roots that the user fetched.
    pub roots: UserRoots,
    /// Where what was seen of logs is kept.
    pub(crate) logs: Option<KnownLogs>,
    /// Where logins are kept; none where there is no configuration directory.
    pub logins: Option<PathBuf>,
    clock: fn() -> Timestamp,
    /// Whether what is odd about the policy was said.
    warned: Once,
}

impl Context {
    /// The context of this process.
    ///
    /// # Errors
    /// When there is no such directory or no configuration directory.
    pub fn of_process(arguments: &GlobalArguments) -> Result<Self, CommandError> {
        let environment = Environment::of_process();
        let current = std::env::current_dir()
            .map_err(|error| CommandError::usage(format!("there is no current directory: {error}")))?;
        let directory = match &arguments.directory {
            Some(directory) => current.join(directory),
            None => current,
        };
        if !directory.is_dir() {
            return Err(CommandError::usage(format!("{} is not a directory", directory.display())));
        }
        let configuration = configuration_directory();
        let logins = configuration.as_deref().ok().map(|directory| directory.join("logins"));
        let roots = configuration.as_deref().map_or_else(|_| UserRoots::default(), UserRoots::below);
        let logs = configuration.as_deref().ok().map(KnownLogs::below);
        let key = match &arguments.key {
            Some(named) => KeySource::chosen(named)?,
            None => KeyFile::default_of(configuration?).into(),
        };
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
        let clock = Timestamp::now;
        Ok(Self {
            ui: Ui::new(arguments.color, arguments.quiet),
            format: arguments.format(),
            directory,
            environment,
            key,
            roots,
            logs,
            logins,
            clock,
            warned: Once::new(),
        })
    }

    /// A context with every part given, for embedding and tests. No fetched roots are known to it.
    #[must_use]
    pub fn new(
        ui: Ui,
        format: Format,
        directory: PathBuf,
        environment: Environment,
        key: impl Into<KeySource>,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self {
            ui,
            format,
            directory,
            environment,
            key: key.into(),
            roots: UserRoots::default(),
            logs: None,
            logins: None,
            clock,
            warned: Once::new(),
        }
    }

    /// Now, in UTC, in whole seconds: documents carry no finer time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = (self.clock)();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The project that the directory belongs to, with its settings and configured servers.
    ///
    /// # Errors
    /// A configuration that cannot be read, with file and line.
    pub fn project(&self) -> Result<Project, CommandError> {
        let project = Project::load(&self.directory, &self.roots)?;
        self.check_policy(&project)?;
        Ok(project)
    }

    /// No exception may hold too long; one that has ended is named, once, so that somebody renews or removes it.
    fn check_policy(&self, project: &Project) -> Result<(), CommandError> {
        let policy = &project.settings.policy;
        policy.check(self.now())?;
        self.warned.call_once(|| {
            let expired = policy.expired(self.now());
            for warning in &expired {
                self.ui.warn(sanitize::one_line(warning));
            }
            if !expired.is_empty() {
                self.ui.hint("remove it, or renew it by a reviewed change of mcp-pin.toml");
            }
        });
        Ok(())
    }

    /// The project, judged by the trust of another project file where one is named; on a pull request by its own only if that
    /// trusts whom the base branch trusts.
    ///
    /// # Errors
    /// See [`Project::trusting`] and [`Project::trusting_base`].
    pub fn project_trusting(&self, from: Option<&str>) -> Result<Project, CommandError> {
        let project = Project::load(&self.directory, &self.roots)?;
        let project = match from {
            Some(from) => project.trusting(from, &self.directory, &self.roots),
            None => project.trusting_base(&self.environment, &self.roots),
        }?;
        self.check_policy(&project)?;
        Ok(project)
    }

    /// The lock and what belongs to it.
    #[must_use]
    pub fn state(&self, project: &Project) -> State {
        State::new(&project.root)
    }

    /// Runs something that waits for processes or the network. `verify` without `--live` never comes here.
    ///
    /// # Errors
    /// Those of `work`, and when the runtime does not start.
    pub fn block_on<T, E: Into<CommandError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CommandError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::internal(format!("no runtime: {error}")))?;
        runtime.block_on(work).map_err(Into::into)
    }

    /// The home directory, for variables in configurations.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        etcetera::home_dir().ok()
    }
}

/// `mcp-pin` below the user's configuration directory (XDG on Linux and macOS).
fn configuration_directory() -> Result<PathBuf, CommandError> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|error| CommandError::usage(format!("no configuration directory: {error}")))?;
    Ok(Path::join(&strategy.config_dir(), "mcp-pin"))
}

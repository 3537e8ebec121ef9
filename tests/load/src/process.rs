//! The servers as processes of their own, and what they cost the machine.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::Failure;

/// The name under which this binary is the registry.
pub(crate) const REGISTRY: &str = "mcp-pin-registry";

/// The name under which this binary is the bare handler.
pub(crate) const BARE: &str = "load-bare-handler";

/// The address that the registry says it has. It publishes its log, as it does in production, because it knows one.
const PUBLIC_URL: &str = "https://registry.load.example";

/// Which registry
#[derive(Debug, clap::Args)]
pub(crate) struct Registry {
    /// The registry's data directory; what it logs goes into a file beside it that ends in `.log`
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// PostgreSQL database for the records; it has to be empty before `seed`. Others can read arguments, so better in the variable
    #[arg(long, value_name = "URL", env = "LOAD_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Another build of the registry than the one in this program
    #[arg(long, value_name = "PROGRAM")]
    registry: Option<PathBuf>,
    /// Further options of `mcp-pin-registry serve`, such as `-- --log-format json`
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<OsString>,
}

impl Registry {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(&self) -> Result<Server, Failure> {
        let mut log = self.data_dir.clone().into_os_string();
        log.push(".log");
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = command(self.registry.as_deref(), REGISTRY)?;
        // What is measured is what the options say, not what happens to be set here.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MCP_PIN_REGISTRY") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        // One principal publishes everything, more often than anybody should.
        command.env("MCP_PIN_REGISTRY__LIMITS__PRINCIPAL_PER_MINUTE", "0");
        command.args(["serve", "--listen", "127.0.0.1:0", "--public-url", PUBLIC_URL, "--data-dir"]);
        command.arg(&self.data_dir).args(&self.options).stdin(Stdio::null()).stderr(file);
        Server::start(&mut command, &[])
            .map_err(|failure| format!("the registry did not start: {failure}; see {}", log.display()).into())
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the bare handler on these bytes.
    pub(crate) fn bare(status: u16, body: &[u8]) -> Result<Self, Failure> {
        let mut command = command(None, BARE)?;
        Self::start(command.arg(status.to_string()).stdin(Stdio::piped()), body)
    }

    fn start(command: &mut Command, input: &[u8]) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input)?;
        }
        let stdout = child.stdout.take().ok_or("a process without output")?;
        let line = BufReader::new(stdout).lines().next().ok_or("it ended")??;
        let address = line.strip_prefix("listening on http://").ok_or_else(|| format!("it said: {line}"))?;
        Ok(Self { address: address.parse()?, child })
    }

    /// Tells it to stop, and waits until everything is on the disk.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status()?;
        let ended = self.child.wait()?;
        if told.success() && ended.success() { Ok(()) } else { Err("the registry did not stop cleanly".into()) }
    }

    /// The processor time of all its threads so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        // The program's name may hold spaces and is in parentheses.
        let stat = self.proc("stat")?;
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("a line of another form")?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system).ok_or("a line of another form")?;
        // `USER_HZ`, which is 100 wherever Linux runs.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory now, and the most that it ever was, in MiB.
    pub(crate) fn memory(&self) -> Result<[u64; 2], Failure> {
        let status = self.proc("status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes >> 10)
        };
        let both = field("VmRSS:").zip(field("VmHWM:")).ok_or("a status of another form")?;
        Ok(both.into())
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}: this measures on Linux only").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(program: Option<&Path>, name: &str) -> Result<Command, Failure> {
    if let Some(program) = program {
        return Ok(Command::new(program));
    }
    let mut command = Command::new(std::env::current_exe()?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, name);
    #[cfg(not(unix))]
    return Err(format!("here this program cannot become {name}: it measures on Linux only").into());
    #[cfg(unix)]
    Ok(command)
}

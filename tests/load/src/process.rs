//! The servers as processes of their own, and what they cost the machine.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::Failure;

/// The name under which this binary is the registry.
pub(crate) const REGISTRY: &str = "mcp-pin-registry";

/// The name under which this binary is the bare handler.
pub(crate) const BARE: &str = "load-bare-handler";

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the registry: this binary, or another build of it. Its log lines go into a file, as under a service
    /// manager.
    pub(crate) fn registry(program: Option<&Path>, data_dir: &Path, log_format: &str) -> Result<Self, Failure> {
        let log = File::create(data_dir.join("load.log"))?;
        let mut command = command(program, REGISTRY)?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", log_format, "--data-dir"]).arg(data_dir);
        Self::start(command.stdin(Stdio::null()).stderr(log), &[])
    }

    /// Starts the bare handler on these bytes.
    pub(crate) fn bare(body: &[u8]) -> Result<Self, Failure> {
        Self::start(command(None, BARE)?.stdin(Stdio::piped()).stderr(Stdio::inherit()), body)
    }

    /// Tells it to stop, and waits until everything is on the disk.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let terminated = Command::new("kill").arg(self.child.id().to_string()).status()?;
        let ended = self.child.wait()?;
        if terminated.success() && ended.success() { Ok(()) } else { Err("the server did not stop cleanly".into()) }
    }

    fn start(command: &mut Command, input: &[u8]) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input)?;
        }
        let stdout = child.stdout.take().ok_or("a process without output")?;
        let line = BufReader::new(stdout).lines().next().ok_or("the server did not start")??;
        let address = line.strip_prefix("listening on http://").ok_or_else(|| format!("the server said: {line}"))?;
        Ok(Self { address: address.parse()?, child })
    }

    /// The processor time of all its threads so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        // The program's name may hold spaces and is in parentheses.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("a line of another form")?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system).ok_or("a line of another form")?;
        // `USER_HZ`, which is 100 wherever Linux runs.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory now, and the most that it ever was, in bytes.
    pub(crate) fn memory(&self) -> Result<(u64, u64), Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        };
        field("VmRSS:")
            .zip(field("VmHWM:"))
            .map(|(now, most)| (now << 10, most << 10))
            .ok_or_else(|| "no memory".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(program: Option<&Path>, name: &str) -> Result<Command, Failure> {
    Ok(match program {
        Some(program) => Command::new(program),
        None => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg0(name);
            command
        }
    })
}

//! A local server's process: started in a group of its own, gone with that group.

use std::{
    collections::VecDeque,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{CaptureError, CaptureOptions, StdioTarget};

/// Variables that no server is given although they are in the caller's environment: our own settings, which may name a
/// signing key or hold a registry token, and the tokens from which a CI job gets its signing identity. With these a
/// server could approve itself. Everything else is inherited, as every MCP client does: launchers need `PATH`, `HOME`,
/// proxies and their own settings.
const WITHHELD: [&str; 5] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "COSIGN_PASSWORD",
    "COSIGN_PRIVATE_KEY",
    "SIGSTORE_ID_TOKEN",
];
const WITHHELD_PREFIX: &str = "MCP_PIN_";

/// The first and the longest pause between looks at whether a process has ended.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long a killed group may take to be gone.
#[cfg(unix)]
const DEATH: Duration = Duration::from_millis(200);

/// How long the rest of the output may take to arrive once the process is gone.
const DRAIN_AFTER_EXIT: Duration = Duration::from_millis(200);

/// The end of a process's standard error.
#[derive(Clone, Default)]
pub(crate) struct StderrTail(Arc<Mutex<VecDeque<u8>>>);

impl StderrTail {
    /// As text, with what is not UTF-8 replaced. Hostile: sanitise before showing.
    pub(crate) fn text(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(bytes.make_contiguous()).into_owned()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn collect(self, mut stderr: ChildStderr, keep: usize) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
            let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tail.extend(buffer.get(..count).unwrap_or_default());
            let surplus = tail.len().saturating_sub(keep);
            tail.drain(..surplus);
        }
    }
}

/// A running server.
pub(crate) struct ServerProcess {
    child: Child,
    #[cfg(unix)]
    group: Option<nix::unistd::Pid>,
    stderr: JoinHandle<()>,
    gone: bool,
}

/// Starts the target.
pub(crate) fn spawn(
    target: &StdioTarget,
    options: &CaptureOptions,
    tail: &StderrTail,
) -> Result<(ServerProcess, ChildStdout, ChildStdin), CaptureError> {
    if target.command.is_empty() {
        return Err(CaptureError::InvalidTarget { what: "the command is empty" });
    }
    let mut command = Command::new(&target.command);
    command.args(&target.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own: launchers start the server as a grandchild, and all of them have to go together. It also
    // keeps a Ctrl-C on our terminal from reaching the server before us.
    #[cfg(unix)]
    command.process_group(0);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(WITHHELD_PREFIX) || WITHHELD.contains(&name)) {
            command.env_remove(name);
        }
    }
    command.envs(target.env.iter().map(|(name, value)| (name, value)));
    if let Some(cwd) = &target.cwd {
        command.current_dir(cwd);
    }
    let mut child =
        command.spawn().map_err(|source| CaptureError::Spawn { command: target.command.clone(), source })?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(CaptureError::Io(std::io::Error::other("a standard stream of the server is missing")));
    };
    let stderr = tokio::spawn(tail.clone().collect(stderr, options.limits.stderr_bytes));
    let process = ServerProcess {
        #[cfg(unix)]
        group: child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw),
        child,
        stderr,
        gone: false,
    };
    Ok((process, stdout, stdin))
}

impl ServerProcess {
    /// Ends the process, whose input is closed already: waits, asks (SIGTERM), kills the group (SIGKILL). Meanwhile
    /// `drain` reads what it still writes; its error is handed back.
    pub(crate) async fn end(
        mut self,
        patience: Duration,
        drain: impl Future<Output = Result<(), CaptureError>>,
    ) -> (Option<ExitStatus>, Result<(), CaptureError>) {
        tokio::pin!(drain);
        let mut drained = None;
        // Nothing is reaped before the group is killed: as long as the leader is a zombie, its number, which is the
        // group's, cannot be given to anybody else.
        for step in [None, Some(Ending::Ask), Some(Ending::Kill)] {
            if let Some(ending) = step {
                self.signal(ending);
            }
            let exited = self.exited_within(patience);
            tokio::pin!(exited);
            let ended = if drained.is_some() {
                exited.await
            } else {
                tokio::select! {
                    ended = &mut exited => ended,
                    result = &mut drain => {
                        drained = Some(result);
                        exited.await
                    }
                }
            };
            if ended {
                break;
            }
        }
        // Whatever the leader left behind.
        self.signal(Ending::Kill);
        let status = self.child.wait().await.ok();
        self.gone = true;
        self.group_gone().await;
        let drained = match drained {
            Some(result) => result,
            // A process that left the group may hold the pipe open for ever.
            None => tokio::time::timeout(DRAIN_AFTER_EXIT, drain).await.unwrap_or(Ok(())),
        };
        let _ = tokio::time::timeout(DRAIN_AFTER_EXIT, &mut self.stderr).await;
        (status, drained)
    }

    /// Waits until the killed group is no more. Death takes a moment on a busy machine; where the system does not clear
    /// away orphans at once, there is nothing left to wait for after that moment.
    async fn group_gone(&self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            let deadline = Instant::now() + DEATH;
            let mut pause = FIRST_PAUSE / 2;
            // Signal 0 asks whether there is anybody to signal.
            while nix::sys::signal::killpg(group, None).is_ok() && Instant::now() < deadline {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Whether the process ends within `patience`. Does not reap it.
    async fn exited_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            if self.has_exited() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Looks without reaping, where the system can.
    #[cfg(target_os = "linux")]
    fn has_exited(&mut self) -> bool {
        use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
        let Some(pid) = self.group else { return true };
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(waitid(Id::Pid(pid), flags), Ok(WaitStatus::StillAlive))
    }

    #[cfg(not(target_os = "linux"))]
    fn has_exited(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    #[cfg(unix)]
    fn signal(&mut self, ending: Ending) {
        use nix::sys::signal::{Signal, killpg};
        let signal = match ending {
            Ending::Ask => Signal::SIGTERM,
            Ending::Kill => Signal::SIGKILL,
        };
        if let Some(group) = self.group {
            // A group that is gone already is what we want.
            let _ = killpg(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, ending: Ending) {
        if matches!(ending, Ending::Kill) {
            let _ = self.child.start_kill();
        }
    }
}

#[derive(Clone, Copy)]
enum Ending {
    Ask,
    Kill,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.stderr.abort();
        if !self.gone {
            // The capture was cancelled. The runtime reaps the leader, which `kill_on_drop` hands to it.
            self.signal(Ending::Kill);
        }
    }
}

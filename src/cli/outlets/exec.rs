//! `--exec PROGRAM`: a program that is run for each notification. JSON on its standard input, words in its environment, no shell.

use super::Unusable;
use super::courier::{Deliver, Failed};
use super::settings::Patience;
use crate::follow::Notification;
use crate::report::visible;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A path that names nothing is a mistake now, not when it is needed; a bare name is looked for in PATH each time.
pub(super) fn check(program: &Path) -> Result<(), Unusable> {
    let is_bare = program.components().count() == 1 && program.is_relative();
    match std::fs::metadata(program) {
        Ok(_) => Ok(()),
        Err(_) if is_bare => Ok(()),
        Err(source) => Err(Unusable::Program { path: program.display().to_string(), source }),
    }
}

pub(super) fn deliver(program: PathBuf, patience: Arc<Patience>) -> Deliver {
    Box::new(move |notification, is_over| run(&program, patience.exec(), notification, is_over))
}

fn run(program: &Path, timeout: Duration, told: &Notification, is_over: &dyn Fn() -> bool) -> Result<(), Failed> {
    let input = input(&told.json).map_err(|error| Failed::Refused(format!("its input cannot be made: {error}")))?;
    let mut child = Command::new(program)
        .stdin(Stdio::from(input))
        // Ours is for announcements.
        .stdout(Stdio::null())
        // Of its own, so that a time-out also ends what it started, and Ctrl-C does not.
        .process_group(0)
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .env_remove("WATCHDOG_PID")
        .env("DRIFTLINE_CHANGE", told.what.word())
        .env("DRIFTLINE_KEY", &told.key)
        .env("DRIFTLINE_ID", &told.id)
        .env("DRIFTLINE_RULE", &told.rule)
        .env("DRIFTLINE_SEVERITY", &told.severity)
        .env("DRIFTLINE_CONFIDENCE", &told.confidence)
        .env("DRIFTLINE_EXPLAINED", if told.has_cause { "yes" } else { "no" })
        .env("DRIFTLINE_CLAIM", &*visible(&told.claim))
        .env("DRIFTLINE_TEXT", &told.text)
        .spawn()
        .map_err(|error| Failed::Absent(error.to_string()))?;
    match wait(&mut child, timeout, is_over) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(Failed::Refused(status.to_string())),
        Ok(None) => Err(Failed::Refused(format!("it had not ended after {} s", timeout.as_secs_f64()))),
        Err(error) => Err(Failed::Refused(error.to_string())),
    }
}

/// A file in memory: a program that does not read its input keeps nobody waiting.
fn input(json: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("driftline-announcement", MemfdFlags::CLOEXEC)?);
    file.write_all(json.as_bytes())?;
    file.write_all(b"\n")?;
    file.rewind()?;
    Ok(file)
}

/// How it ended; `None`: it took too long, and was ended with all that it started.
fn wait(child: &mut Child, timeout: Duration, is_over: &dyn Fn() -> bool) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + timeout;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end || is_over() {
            break;
        }
        thread::sleep(LOOK);
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outlets::settings::Settings;
    use crate::cli::outlets::tests::notification;
    use std::os::unix::fs::PermissionsExt;

    fn script(directory: &Path, text: &str) -> PathBuf {
        let path = directory.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is made a program");
        path
    }

    fn deliver_to(program: PathBuf, timeout: Duration) -> Result<(), Failed> {
        let settings = Settings { exec_timeout: timeout, ..Settings::default() };
        deliver(program, Arc::new(Patience::of(&settings)))(&notification("0123"), &|| false)
    }

    #[expect(clippy::disallowed_methods, reason = "what the program of a test wrote")]
    fn written(path: &Path) -> String {
        std::fs::read_to_string(path).expect("the program wrote it")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_program_hears_json_and_words() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = r#"cd "${0%/*}"; cat >told; env | grep ^DRIFTLINE_ | grep -v MUST_RUN | sort >words; echo not an announcement"#;
        assert_eq!(deliver_to(script(directory.path(), text), LONG), Ok(()));
        assert_eq!(written(&directory.path().join("told")), "{\"schema\":\"driftline.change/1\"}\n");
        let words = "DRIFTLINE_CHANGE=opened\nDRIFTLINE_CLAIM=it moved\\n$(reboot)\nDRIFTLINE_CONFIDENCE=likely\n\
                     DRIFTLINE_EXPLAINED=no\nDRIFTLINE_ID=0123\nDRIFTLINE_KEY=0123-opened-1\nDRIFTLINE_RULE=eip-drift\n\
                     DRIFTLINE_SEVERITY=critical\nDRIFTLINE_TEXT=OPENED   EIP DRIFT\n";
        assert_eq!(written(&directory.path().join("words")), words);
    }

    #[test]
    fn a_program_that_fails_is_known_by_its_status() {
        let directory = tempfile::tempdir().expect("a directory");
        let failed = deliver_to(script(directory.path(), "exit 3"), LONG);
        assert_eq!(failed, Err(Failed::Refused("exit status: 3".to_owned())));
        let absent = deliver_to(directory.path().join("nothing"), LONG);
        assert!(matches!(absent, Err(Failed::Absent(_))), "{absent:?}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_what_it_started() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = r#"sleep 1000 & echo $! >"${0%/*}/child.new"; mv "${0%/*}/child.new" "${0%/*}/child"; wait"#;
        let program = script(directory.path(), text);
        let child = directory.path().join("child");
        let is_over = || child.exists();
        let failed = run(&program, LONG, &notification("0123"), &is_over);
        assert!(matches!(failed, Err(Failed::Refused(_))), "{failed:?}");
        let status = PathBuf::from(format!("/proc/{}/stat", written(&child).trim()));
        let lives = || {
            #[expect(clippy::disallowed_methods, reason = "whether a process of this test lives")]
            std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z "))
        };
        let end = Instant::now() + LONG;
        while lives() {
            assert!(Instant::now() < end, "the program's child lives on");
            thread::sleep(LOOK);
        }
    }

    #[test]
    fn only_a_path_must_exist_from_the_start() {
        assert!(check(Path::new("mail")).is_ok());
        assert!(check(Path::new("/nowhere/mail")).is_err());
    }
}

//! `driftline follow`, `probe` and `analyze` over a real journald, in namespaces of its own.

use std::path::Path;
use std::process::Command;

/// Set where skipping is no excuse: everything that is needed is there.
const MUST_RUN: &str = "DRIFTLINE_MUST_RUN";

/// Why it cannot run here.
fn obstacle() -> Option<&'static str> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if cfg!(not(feature = "journald")) {
        Some("this build reads no live journals")
    } else if !is_root {
        Some("only root may make namespaces")
    } else if !Path::new("/lib/systemd/systemd-journald").exists() {
        Some("there is no systemd-journald")
    } else if !Command::new("unshare").args(["--mount", "--pid", "--fork", "true"]).status().is_ok_and(|s| s.success())
    {
        Some("namespaces cannot be made here")
    } else {
        None
    }
}

#[test]
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "what is skipped is said aloud")]
fn a_real_journald_is_followed() {
    if let Some(obstacle) = obstacle() {
        let must_run = std::env::var_os(MUST_RUN).is_some() && cfg!(feature = "journald");
        assert!(!must_run, "{obstacle}");
        eprintln!("SKIPPED: {obstacle}");
        return;
    }
    let script = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/follow").join(name);
    let ended = Command::new("bash")
        .arg(script("with-journald.sh"))
        .arg("bash")
        .arg(script("journald.sh"))
        .arg(env!("CARGO_BIN_EXE_driftline"))
        .output()
        .expect("bash can be run");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("all of it holds"),
        "{said}\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

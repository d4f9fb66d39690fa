//! The unit of the package under a real systemd, in namespaces of its own: it starts, announces, reloads, stops, and needs no more rights
//! than it has.

use crate::common::{self, scratch, text};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Set where skipping is no excuse: everything that is needed is there.
const MUST_RUN: &str = "DRIFTLINE_MUST_RUN";

/// Why it cannot run here.
fn obstacle() -> Option<&'static str> {
    let succeeds = |program: &str, words: &[&str]| {
        Command::new(program).args(words).output().is_ok_and(|output| output.status.success())
    };
    if cfg!(not(all(feature = "journald", feature = "compress"))) {
        Some("this build reads no live journals, or none that are packed")
    } else if !Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") {
        Some("only root may make namespaces")
    } else if !Path::new("/lib/systemd/systemd").exists() {
        Some("there is no systemd")
    } else if !succeeds("unshare", &["--mount", "--pid", "--net", "--cgroup", "--fork", "true"]) {
        Some("namespaces cannot be made here")
    } else if !["/sys/fs/cgroup/unified/cgroup.procs", "/sys/fs/cgroup/cgroup.procs"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        Some("there are no control groups of version 2")
    } else {
        None
    }
}

/// What the package would install, and a past: the recording of a drift that has closed.
fn stage() -> std::path::PathBuf {
    let stage = scratch("follow-unit");
    let write = |path: &str, text: &str| {
        let path = stage.join(path);
        fs::create_dir_all(path.parent().expect("it is below the stage")).expect("a directory");
        fs::write(&path, text).expect("a file is written");
        path
    };
    let program = write("usr/bin/driftline", "");
    fs::copy(env!("CARGO_BIN_EXE_driftline"), &program).expect("the binary is copied");
    write("run/units/driftline.service", &text(Path::new("packaging/driftline.service")));
    // Signs of life that a test need not wait for.
    write("run/units/driftline.service.d/test.conf", "[Service]\nWatchdogSec=4s\n");
    write("etc/driftline/driftline.toml", &text(Path::new("packaging/driftline.toml")));
    let options = "DRIFTLINE_OPTIONS=\"/var/log/journal --listen 9119 --exec /usr/local/lib/page\"\n";
    write("etc/default/driftline", options);
    write("usr/lib/systemd/catalog/driftline.catalog", &text(Path::new("packaging/driftline.catalog")));
    let page = "#!/bin/sh\n{ echo \"$DRIFTLINE_CHANGE $DRIFTLINE_RULE\"; cat; } >>\"$STATE_DIRECTORY/paged\"\n";
    let page = write("usr/local/lib/page", page);
    fs::set_permissions(page, Permissions::from_mode(0o755)).expect("it is made a program");
    for node in ["dnsmaster", "dnsmaster2", "dnsslave1", "dnsslave2"] {
        let packed = common::bytes(Path::new(&format!("tests/data/journals/{node}.journal.zst")));
        let journal = write(&format!("var/log/journal/remote/{node}.journal"), "");
        fs::write(&journal, unpacked(&packed)).expect("a journal is written");
        fs::set_permissions(journal, Permissions::from_mode(0o644)).expect("it can be read");
    }
    stage
}

#[cfg(feature = "compress")]
fn unpacked(packed: &[u8]) -> Vec<u8> {
    zstd::decode_all(packed).expect("a journal is unpacked")
}

#[cfg(not(feature = "compress"))]
fn unpacked(packed: &[u8]) -> Vec<u8> {
    packed.to_vec()
}

#[test]
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "what is skipped is said aloud")]
fn the_unit_runs_under_a_real_systemd() {
    if let Some(obstacle) = obstacle() {
        let must_run = std::env::var_os(MUST_RUN).is_some() && cfg!(all(feature = "journald", feature = "compress"));
        assert!(!must_run, "{obstacle}");
        eprintln!("SKIPPED: {obstacle}");
        return;
    }
    let script = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/follow").join(name);
    let ended = Command::new("bash")
        .args([script("with-systemd.sh"), stage(), script("unit.sh")])
        .output()
        .expect("bash can be run");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("all of it holds"),
        "{said}\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

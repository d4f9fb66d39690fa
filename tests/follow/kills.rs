//! `driftline follow`, killed again and again over a stream with findings: announced is what an undisturbed run announces.
//!
//! `DRIFTLINE_KILLS=1000 cargo test --test follow kills::` kills it a thousand times.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]
#![expect(clippy::print_stdout, reason = "what a thousand kills came to is said")]

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What an everyday run of the tests can spend.
const KILLS: u64 = 25;
/// Episodes of a longer run: one group's flaps are one story, and a story of a thousand is told slowly.
const EPISODES_MAX: u64 = 100;
/// Between two kills, on the average.
const ROUND_MILLIS: u64 = 75;

/// Between two writes to the log, each of which is one second of it: it goes on for as long as there are kills.
fn pause(writes: usize, kills: u64) -> Duration {
    Duration::from_millis((kills * ROUND_MILLIS / writes as u64).max(40))
}

/// One host of the stream: `home` has its log, its state and what it announced.
struct Follower<'d> {
    home: &'d Path,
    options: &'d [&'d str],
}

impl Follower<'_> {
    fn start(&self) -> Child {
        let out = OpenOptions::new().create(true).append(true).open(self.home.join("out")).expect("it can be opened");
        Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(["follow", "--format", "ndjson", "--state", "state"])
            .args(self.options)
            .arg("all.log")
            .current_dir(self.home)
            .env_remove("DRIFTLINE_CONFIG")
            .env_remove("STATE_DIRECTORY")
            .stdin(Stdio::null())
            .stdout(out)
            .spawn()
            .expect("the binary starts")
    }

    fn announced(&self) -> Vec<String> {
        fs::read_to_string(self.home.join("out")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Waits until nothing has been announced for a while.
    fn settle(&self) {
        let mut last = (self.announced().len(), Instant::now());
        while last.1.elapsed() < Duration::from_secs(4) {
            thread::sleep(Duration::from_millis(100));
            let now = self.announced().len();
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
    }
}

/// Episode after episode: two masters for some seconds, and a foreign NOTIFY; what is written within one second stands together.
fn stream(episodes: u64) -> Vec<String> {
    let stamp = |second: u64| {
        let (day, second) = (1 + second / 86_400, second % 86_400);
        format!("2026-03-{day:02}T{:02}:{:02}:{:02}+00:00", second / 3600, second / 60 % 60, second % 60)
    };
    let mut seconds = vec![format!("{} ns1 Keepalived_vrrp[11]: (VI_1) Entering MASTER STATE\n", stamp(0))];
    for episode in 1..=episodes {
        let at = episode * 40;
        seconds.push(format!("{} ns2 Keepalived_vrrp[12]: (VI_1) Entering MASTER STATE\n", stamp(at)));
        let mut repaired = String::new();
        for message in
            ["Master received advert from 192.0.2.1 with higher priority 150, ours 100", "Entering BACKUP STATE"]
        {
            let _infallible = writeln!(repaired, "{} ns2 Keepalived_vrrp[12]: (VI_1) {message}", stamp(at + 5));
        }
        seconds.push(repaired);
        let sender = episode % 200 + 1;
        seconds.push(format!(
            "{} ns3 pdns_server[13]: Received NOTIFY for zone{episode}.example from 203.0.113.{sender} which is not a master\n",
            stamp(at + 10)
        ));
    }
    seconds
}

fn append(log: &Path, text: &str) {
    let file = OpenOptions::new().append(true).open(log);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("it can be written");
}

/// A directory with an empty log, for a run of its own. Both runs' logs have the same name: it is part of the evidence.
fn home(directory: &Path, name: &str) -> PathBuf {
    let home = directory.join(name);
    fs::create_dir(&home).expect("it can be made");
    fs::write(home.join("all.log"), b"").expect("it can be written");
    home
}

/// Until the empty past was read: from then on all is news.
fn caught_up(home: &Path) {
    let begun = Instant::now();
    while !home.join("state").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(1_500));
}

fn end(mut child: Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill can be run");
    assert!(sent.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// What is announced, and for how long nothing more was written in the end; that is `rest` at least, since silence is news as well.
fn run(home: &Path, seconds: &[String], kills: u64, rest: Duration) -> (Vec<String>, Duration) {
    let follower = Follower { home, options: &[] };
    let mut child = follower.start();
    caught_up(home);
    let feeder = {
        let (log, seconds) = (home.join("all.log"), seconds.to_vec());
        thread::spawn(move || {
            for second in &seconds {
                append(&log, second);
                thread::sleep(pause(seconds.len(), kills));
            }
            Instant::now()
        })
    };
    for round in 0..kills {
        // A pause of another length each time, the same in every run of the test.
        thread::sleep(Duration::from_millis(20 + (round * 37) % 90));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        child = follower.start();
    }
    let fed = feeder.join().expect("the feeder ends");
    thread::sleep(rest.saturating_sub(fed.elapsed()));
    follower.settle();
    let rested = fed.elapsed();
    end(child);
    (follower.announced(), rested)
}

#[test]
fn killed_again_and_again_it_announces_what_an_undisturbed_run_does() {
    let kills = std::env::var("DRIFTLINE_KILLS").ok().and_then(|word| word.parse().ok()).unwrap_or(KILLS);
    let directory = tempfile::tempdir().expect("a directory can be made");
    let seconds = stream((kills * 75 / 120).clamp(15, EPISODES_MAX));
    let (killed, rested) = run(&home(directory.path(), "killed"), &seconds, kills, Duration::ZERO);
    let (undisturbed, _) = run(&home(directory.path(), "undisturbed"), &seconds, 0, rested);
    assert!(undisturbed.len() > seconds.len() / 3, "{} announcements", undisturbed.len());

    let mut once: Vec<&String> = Vec::new();
    let mut repeated = 0;
    for line in &killed {
        match once.iter().rev().position(|known| *known == line) {
            None => once.push(line),
            // What is announced at one moment is on its way together.
            Some(behind) => {
                assert!(behind < 4, "repeated though {behind} more were announced since: {line}");
                repeated += 1;
            }
        }
    }
    for (at, (killed, undisturbed)) in once.iter().zip(&undisturbed).enumerate() {
        assert_eq!(*killed, undisturbed, "announcement {at} of {}", once.len());
    }
    assert_eq!(once.len(), undisturbed.len());
    println!("{kills} kills: {} announcements, none missing, none different, {repeated} repeated", once.len());
}

/// What a program had not taken when the follower was killed, it is given after the restart.
#[test]
fn what_was_not_delivered_is_delivered_after_a_kill() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let home = home(directory.path(), "exec");
    let program = home.join("page");
    fs::write(&program, "#!/bin/sh\n[ -e reachable ] || exit 1\ncat >>paged\n").expect("it can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    let follower = Follower { home: &home, options: &["--exec", "./page"] };
    let mut child = follower.start();
    caught_up(&home);
    let seconds = stream(1);
    append(&home.join("all.log"), &seconds.concat());
    follower.settle();
    let announced = follower.announced();
    assert!(announced.len() >= 2, "{announced:?}");
    assert!(!home.join("paged").exists(), "the program takes nothing yet");
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");

    fs::write(home.join("reachable"), b"").expect("it can be written");
    let child = follower.start();
    let begun = Instant::now();
    let paged = || fs::read_to_string(home.join("paged")).unwrap_or_default();
    while paged().lines().count() < announced.len() && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(100));
    }
    end(child);
    assert_eq!(paged().lines().collect::<Vec<_>>(), announced);
}

//! `driftline follow` as a process: what it announces, and what it does not lose when it is killed.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a second of lines to be judged and announced.
const JUDGED: Duration = Duration::from_millis(2500);

fn follow(arguments: &[&str], output: &Path) -> Child {
    let out = OpenOptions::new().create(true).append(true).open(output).expect("the output can be opened");
    Command::new(env!("CARGO_BIN_EXE_driftline"))
        .arg("follow")
        .args(arguments)
        .env_remove("DRIFTLINE_CONFIG")
        .env_remove("STATE_DIRECTORY")
        .stdin(Stdio::null())
        .stdout(out)
        .spawn()
        .expect("the binary starts")
}

/// Follows what is written to it, and announces to whom reads it.
fn follow_pipe(directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["follow", "--format", "ndjson", "-"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Ends it as a service manager does.
fn terminate(mut child: Child) -> i32 {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill can be run");
    assert!(sent.success());
    child.wait().expect("it ends").code().expect("with an exit code")
}

fn changes(output: &Path) -> Vec<String> {
    fs::read_to_string(output).expect("there is an output").lines().map(str::to_owned).collect()
}

/// Change, rule and state of each announcement.
fn told(lines: &[String]) -> Vec<String> {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    lines
        .iter()
        .map(|line| {
            let change: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
            assert_eq!(change["schema"], "driftline.change/1");
            let finding = &change["finding"];
            [&change["change"], &finding["rule"], &finding["confidence"]].map(word).join(" ")
        })
        .collect()
}

/// What was said last of each finding that was not withdrawn. What was believed on the way there depends on when the lines of one second
/// came, and a busy machine may hold them apart.
fn verdicts(lines: &[String]) -> BTreeMap<String, String> {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let mut verdicts = BTreeMap::new();
    for line in lines {
        let change: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
        let finding = &change["finding"];
        let id = word(&finding["id"]);
        if finding["withdrawn"] == true {
            verdicts.remove(&id);
        } else {
            let verdict = [&finding["rule"], &finding["confidence"], &finding["state"], &finding["since"]];
            verdicts.insert(id, verdict.map(word).join(" "));
        }
    }
    verdicts
}

/// All lines of a case in one file, as a central syslog server has them: in order of time.
fn merged(case: &Path) -> Vec<Vec<u8>> {
    let mut lines: Vec<(Vec<u8>, usize, Vec<u8>)> = Vec::new();
    let mut files: Vec<PathBuf> = fs::read_dir(case).expect("the case is there").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "log")) {
        for line in fs::read(file).expect("a log").split_inclusive(|&byte| byte == b'\n') {
            lines.push((line[..15.min(line.len())].to_vec(), lines.len(), line.to_vec()));
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, _, line)| line).collect()
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory can be made")
}

fn append(file: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(file).and_then(|mut file| file.write_all(bytes)).expect("it can be written");
}

/// One that follows, and what it says on standard output and standard error.
struct Following {
    child: Child,
    output: PathBuf,
    said: PathBuf,
}

impl Following {
    fn begin(directory: &Path, arguments: &[&str]) -> Self {
        Self::reading(Stdio::null(), directory, arguments)
    }

    fn reading(input: Stdio, directory: &Path, arguments: &[&str]) -> Self {
        let (output, said) = (directory.join("out"), directory.join("said"));
        let made = |place: &Path| fs::File::create(place).expect("it can be made");
        let child = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .arg("follow")
            .args(arguments)
            .env_remove("DRIFTLINE_CONFIG")
            .env_remove("STATE_DIRECTORY")
            .stdin(input)
            .stdout(made(&output))
            .stderr(made(&said))
            .spawn()
            .expect("the binary starts");
        Self { child, output, said }
    }

    fn await_text(&self, place: &Path, what: &str) {
        let begun = Instant::now();
        let text = || fs::read_to_string(place).unwrap_or_default();
        while !text().contains(what) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never said {what}: {}", text());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill can be run").success());
    }

    /// Makes it read its configuration again, and waits until it says that it has.
    fn reload(&self, answer: &str) {
        let before = fs::read_to_string(&self.said).expect("it is there").matches(answer).count();
        self.signal("-HUP");
        let begun = Instant::now();
        while fs::read_to_string(&self.said).expect("it is there").matches(answer).count() == before {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never said {answer}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for its own end.
    fn finish(mut self) -> i32 {
        self.child.wait().expect("it ends").code().expect("with an exit code")
    }

    fn end(mut self) -> i32 {
        self.signal("-TERM");
        self.child.wait().expect("it ends").code().expect("with an exit code")
    }
}

impl Drop for Following {
    /// A test that fails leaves nobody behind.
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
    }
}

/// The keepalived lines alone of a drift that lasts: which address it is no line says.
fn keepalived_logs(directory: &Path) -> PathBuf {
    let logs = directory.join("logs");
    fs::create_dir(&logs).expect("it can be made");
    for name in ["dnsmaster.log", "dnsmaster2.log"] {
        let log = fs::read_to_string(sample("eip-drift/brief-partition-keepalived-2.2").join(name)).expect("a log");
        let lines: String = log.split_inclusive('\n').filter(|line| line.contains("Keepalived")).collect();
        fs::write(logs.join(name), lines).expect("it can be written");
    }
    logs
}

/// Lines are appended in pieces of this size, cut anywhere…
const PIECE_BYTES: usize = 1531;
/// …with this between them.
const PIECE_PAUSE: Duration = Duration::from_millis(8);

/// Appends lines in small pieces.
fn feed(file: &Path, lines: &[Vec<u8>]) {
    let bytes: Vec<u8> = lines.concat();
    for piece in bytes.chunks(PIECE_BYTES) {
        append(file, piece);
        thread::sleep(PIECE_PAUSE);
    }
}

fn caught_up(state: &Path) {
    let begun = Instant::now();
    while !state.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never caught up");
        thread::sleep(Duration::from_millis(20));
    }
    // The state is written when it begins; the past of an empty file is read at once.
    thread::sleep(Duration::from_millis(700));
}

#[test]
fn a_drift_is_announced_as_it_opens_and_closes() {
    let directory = scratch();
    let (log, state, output) =
        (directory.path().join("all.log"), directory.path().join("state"), directory.path().join("out"));
    fs::write(&log, b"").expect("it can be written");
    let child = follow(&["--format", "ndjson", "--state", text(&state), text(&log)], &output);
    caught_up(&state);
    feed(&log, &merged(&sample("eip-drift/brief-partition-keepalived-2.2")));
    thread::sleep(JUDGED);
    assert_eq!(terminate(child), 0);
    let told = told(&changes(&output));
    assert!(told.contains(&"closed eip-drift confirmed".to_owned()), "{told:?}");
    let opened = told.iter().position(|told| told.starts_with("opened eip-drift"));
    let closed = told.iter().position(|told| told.starts_with("closed eip-drift"));
    assert!(opened.is_some() && opened < closed, "{told:?}");
}

/// What an undisturbed run announces is announced, in the same order and with the same bytes, however often it is killed; only what
/// was on its way may stand there twice.
#[test]
fn nothing_is_lost_or_invented_when_it_is_killed() {
    let lines = merged(&sample("split-brain/address-left-behind"));
    let directory = scratch();
    let run = |name: &str, kills: bool| -> Vec<String> {
        let place = |kind: &str| directory.path().join(format!("{name}.{kind}"));
        let (state, output) = (place("state"), place("out"));
        // Both runs read a file of the same name: it is part of the evidence.
        let home = directory.path().join(format!("{name}.d"));
        fs::create_dir(&home).expect("it can be made");
        fs::write(home.join("all.log"), b"").expect("it can be written");
        let log = home.join("all.log");
        let start = || {
            let out = OpenOptions::new().create(true).append(true).open(&output).expect("it can be opened");
            Command::new(env!("CARGO_BIN_EXE_driftline"))
                .args(["follow", "--format", "ndjson", "--state", text(&state), "all.log"])
                .current_dir(&home)
                .env_remove("DRIFTLINE_CONFIG")
                .stdin(Stdio::null())
                .stdout(out)
                .spawn()
                .expect("the binary starts")
        };
        let mut child = start();
        caught_up(&state);
        let mut rounds = 0;
        for (number, piece) in lines.concat().chunks(PIECE_BYTES).enumerate() {
            append(&log, piece);
            thread::sleep(PIECE_PAUSE);
            if kills && number % 3 == 0 {
                // A pause of another length each time, the same in every run of the test.
                thread::sleep(Duration::from_millis(20 + (rounds * 37) % 90));
                child.kill().expect("it can be killed");
                child.wait().expect("it ends");
                child = start();
                rounds += 1;
            }
        }
        assert!(!kills || rounds > 3, "{rounds}");
        thread::sleep(JUDGED);
        assert_eq!(terminate(child), 0);
        let mut told = changes(&output);
        told.dedup();
        told
    };
    let undisturbed = run("undisturbed", false);
    assert!(undisturbed.len() > 3, "{:?}", told(&undisturbed));
    let killed = run("killed", true);
    assert_eq!(told(&killed), told(&undisturbed));
    assert_eq!(killed, undisturbed);
}

#[test]
fn rotation_and_truncation_lose_nothing() {
    let directory = scratch();
    let (log, state, output) =
        (directory.path().join("all.log"), directory.path().join("state"), directory.path().join("out"));
    let lines = merged(&sample("eip-drift/brief-partition-keepalived-2.2"));
    fs::write(&log, b"").expect("it can be written");
    let arguments = ["--format", "ndjson", "--state", text(&state), text(&log)];
    let child = follow(&arguments, &output);
    caught_up(&state);
    let (first, rest) = lines.split_at(lines.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    feed(&log, first);
    fs::rename(&log, directory.path().join("all.log.1")).expect("it can be moved");
    fs::write(&log, b"").expect("it can be written");
    feed(&log, second);
    // Rotated while nobody follows: the rest of the old file is read first.
    thread::sleep(Duration::from_millis(400));
    assert_eq!(terminate(child), 0);
    let (unseen, third) = third.split_at(third.len() / 2);
    feed(&log, unseen);
    fs::rename(directory.path().join("all.log.1"), directory.path().join("all.log.2")).expect("it can be moved");
    fs::rename(&log, directory.path().join("all.log.1")).expect("it can be moved");
    fs::write(&log, b"").expect("it can be written");
    let child = follow(&arguments, &output);
    feed(&log, third);
    thread::sleep(JUDGED);
    assert_eq!(terminate(child), 0);
    let rotated = verdicts(&changes(&output));

    let whole = directory.path().join("whole.log");
    fs::write(&whole, b"").expect("it can be written");
    let (state, output) = (directory.path().join("state2"), directory.path().join("out2"));
    let child = follow(&["--format", "ndjson", "--state", text(&state), text(&whole)], &output);
    caught_up(&state);
    feed(&whole, &lines);
    thread::sleep(JUDGED);
    assert_eq!(terminate(child), 0);
    assert!(!rotated.is_empty());
    assert_eq!(rotated, verdicts(&changes(&output)));
}

#[test]
fn what_a_pipe_says_is_announced_and_its_end_is_the_end() {
    let directory = scratch();
    let lines = merged(&sample("seed-incident"));
    let mut child = follow_pipe(directory.path());
    child.stdin.take().expect("a pipe").write_all(&lines.concat()).expect("it reads");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let lines: Vec<String> = out.lines().map(|line| line.expect("text")).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(told(&lines).contains(&"closed eip-drift confirmed".to_owned()), "{:?}", told(&lines));
}

/// What closed before anybody listened is not news; what is open is.
#[test]
fn of_the_past_only_what_is_open_is_announced() {
    let directory = scratch();
    let output = directory.path().join("out");
    let case = sample("seed-incident");
    let status = |arguments: &[&str]| {
        let mut child = follow(arguments, &output);
        child.wait().expect("it ends").code()
    };
    assert_eq!(status(&["--format", "ndjson", "--until-end", text(&case)]), Some(0));
    assert_eq!(changes(&output), Vec::<String>::new());
    // A log that may still grow is short, and what it is takes a moment to tell.
    let child = follow(&["--format", "ndjson", text(&case)], &output);
    thread::sleep(JUDGED);
    assert_eq!(terminate(child), 0);
    assert_eq!(changes(&output), Vec::<String>::new());
    let masters = [case.join("dnsmaster.log"), case.join("dnsmaster2.log")];
    assert_eq!(status(&["--format", "ndjson", "--until-end", text(&masters[0]), text(&masters[1])]), Some(0));
    assert_eq!(told(&changes(&output)), ["opened eip-drift likely"]);
}

/// When the finding of each announcement began, and whether it is withdrawn.
fn begins(lines: &[String]) -> Vec<(String, bool)> {
    let finding = |line: &String| -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is an object")["finding"].clone()
    };
    let begin = |finding: serde_json::Value| {
        (finding["since"].as_str().expect("it has a begin").to_owned(), finding["withdrawn"] == true)
    };
    lines.iter().map(|line| begin(finding(line))).collect()
}

/// The secondary's last lines alone tell the year of all four files: who is told of the first ones is told the same.
#[test]
fn a_past_without_years_is_told_in_the_year_that_its_last_lines_settle() {
    let directory = scratch();
    let (output, state) = (directory.path().join("out"), directory.path().join("state"));
    let case = sample("seed-incident");
    let arguments = ["--format", "ndjson", "--replay", "--until-end", "--state", text(&state), text(&case)];
    assert_eq!(follow(&arguments, &output).wait().expect("it ends").code(), Some(0));
    let lines = changes(&output);
    assert!(lines.len() > 8, "{:?}", told(&lines));
    for (since, _) in begins(&lines) {
        assert!(since.starts_with("2020-08-"), "{since} {:?}", told(&lines));
    }
}

/// The line that `journalctl` prints first tells the year of a log that was printed years ago, as it does to `analyze`.
#[test]
fn a_past_that_journalctl_printed_is_told_in_the_year_of_its_first_line() {
    let directory = scratch();
    let (log, output) = (directory.path().join("ns3.log"), directory.path().join("out"));
    let printed = "-- Journal begins at Mon 2021-08-02 10:00:00 UTC, ends at Thu 2021-08-19 09:00:00 UTC. --\n\
        Aug 09 21:01:16 ns3 pdns_server[7]: Received NOTIFY for a.example from 192.0.2.1 which is not a master\n\
        Aug 09 21:01:19 ns3 pdns_server[7]: Received NOTIFY for a.example from 192.0.2.1 which is not a master\n";
    fs::write(&log, printed).expect("it can be written");
    let arguments = ["--format", "ndjson", "--replay", "--until-end", text(&log)];
    assert_eq!(follow(&arguments, &output).wait().expect("it ends").code(), Some(0));
    let lines = changes(&output);
    assert_eq!(told(&lines).len(), 2, "{:?}", told(&lines));
    assert!(begins(&lines).iter().all(|(since, _)| since == "2021-08-09T21:01:16Z"), "{lines:?}");
}

/// A log of many programs may begin in the year before the daemons' first line, or months before it: both ways of reading place that alike.
#[test]
fn what_others_wrote_long_before_moves_no_year() {
    let directory = scratch();
    // Seconds since 1970 of 2026-01-03, 2026-08-10 and, in a line's own text, 2022-01-02 21:02:16.
    let (january, august, epoch) = (1_767_398_400, 1_786_320_000, 1_641_157_336);
    let notify = "ns3 pdns_server[7]: Received NOTIFY for a.example from 192.0.2.1 which is not a master";
    let failed = format!(
        "ns3 pdns_server[7]: Unable to retrieve SOA for a.example, this was the first time. NOTE: For every subsequent failed SOA check \
         the domain will be suspended from freshness checks for 'num-errors x 60 seconds', with a maximum of 3600 seconds. Skipping SOA \
         checks until {epoch}"
    );
    let new_year = format!("Dec 31 23:00:00 ns3 cron[7]: hello\nJan  2 21:01:16 {notify}\n");
    let cases = [
        (new_year.clone(), january, "2026-01-02T21:01:16Z"),
        (format!("{new_year}Jan  2 21:01:16 {failed}\n"), january, "2022-01-02T21:01:16Z"),
        (format!("Jan  3 23:00:00 ns3 cron[7]: hello\nAug  9 21:01:16 {notify}\n"), august, "2026-08-09T21:01:16Z"),
    ];
    for (number, (lines, modified, since)) in cases.into_iter().enumerate() {
        let (log, output) = (directory.path().join(format!("{number}.log")), directory.path().join(number.to_string()));
        fs::write(&log, lines).expect("it can be written");
        let modified = std::time::UNIX_EPOCH + Duration::from_secs(modified);
        fs::File::options().append(true).open(&log).and_then(|log| log.set_modified(modified)).expect("it is ours");
        let arguments = ["--format", "ndjson", "--replay", "--until-end", text(&log)];
        assert_eq!(follow(&arguments, &output).wait().expect("it ends").code(), Some(0));
        let begins = begins(&changes(&output));
        assert!(!begins.is_empty() && begins.iter().all(|(begin, _)| begin == since), "{begins:?} {since}");
        let analyzed = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(["analyze", "--format", "json", text(&log)])
            .env_remove("DRIFTLINE_CONFIG")
            .output()
            .expect("the binary starts");
        let report: serde_json::Value = serde_json::from_slice(&analyzed.stdout).expect("a report");
        assert_eq!(report["findings"][0]["since"], since);
    }
}

/// Three refused NOTIFYs of this very moment, a second apart, as a daemon writes them into a log without years.
fn now_without_years() -> (String, Vec<u8>) {
    let now = chrono::Utc::now();
    let line = |seconds: i64| {
        let stamp = (now - chrono::Duration::seconds(seconds)).format("%b %e %H:%M:%S");
        format!("{stamp} ns3 pdns_server[7]: Received NOTIFY for a.example from 192.0.2.1 which is not a master\n")
    };
    let lines = [3, 2, 1].map(line).concat();
    ((now - chrono::Duration::seconds(3)).format("%Y-%m-%dT%H:%M:%S").to_string(), lines.into_bytes())
}

/// Nothing tells the year of what is written now but that it is written now: however long a log had been silent, and whether anybody
/// listened meanwhile.
#[test]
fn what_is_written_now_without_a_year_is_of_today() {
    let directory = scratch();
    let days_ago = std::time::SystemTime::now() - Duration::from_secs(3 * 86_400);
    let stamp = chrono::DateTime::<chrono::Utc>::from(days_ago).format("%b %e %H:%M:%S");
    let old = format!("{stamp} ns3 pdns_server[7]: Domain 'a.example' is fresh (not presigned)\n");
    for listens in [true, false] {
        let place = |name: &str| directory.path().join(format!("{name}.{listens}"));
        let (log, state, output) = (place("log"), place("state"), place("out"));
        fs::write(&log, &old).expect("it can be written");
        fs::File::options().append(true).open(&log).and_then(|log| log.set_modified(days_ago)).expect("it is ours");
        let arguments = ["--format", "ndjson", "--state", text(&state), text(&log)];
        let mut child = follow(&arguments, &output);
        caught_up(&state);
        let since = if listens {
            let (since, lines) = now_without_years();
            append(&log, &lines);
            since
        } else {
            assert_eq!(terminate(child), 0);
            let (since, lines) = now_without_years();
            append(&log, &lines);
            child = follow(&arguments, &output);
            since
        };
        thread::sleep(JUDGED);
        assert_eq!(terminate(child), 0);
        let lines = changes(&output);
        assert!(!lines.is_empty());
        for begin in begins(&lines) {
            assert_eq!(begin, (format!("{since}Z"), false), "{:?}", told(&lines));
        }
    }
}

#[test]
fn what_a_pipe_says_without_a_year_is_of_today() {
    let directory = scratch();
    let mut child = follow_pipe(directory.path());
    let (since, lines) = now_without_years();
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&lines).expect("it reads");
    let mut told = String::new();
    BufReader::new(child.stdout.take().expect("a pipe"))
        .read_line(&mut told)
        .expect("it is told while the pipe is open");
    assert_eq!(begins(&[told]), [(format!("{since}Z"), false)]);
    drop(pipe);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// What is open in old logs is open now: whoever reads them does not live when they were written.
#[test]
fn what_is_open_of_the_past_is_announced_once() {
    let directory = scratch();
    let logs = keepalived_logs(directory.path());
    let following = Following::begin(directory.path(), &["--format", "ndjson", text(&logs)]);
    following.await_text(&following.output, "eip-drift");
    thread::sleep(JUDGED);
    let output = following.output.clone();
    assert_eq!(following.end(), 0);
    assert_eq!(told(&changes(&output)), ["opened eip-drift likely"]);
}

/// Old copies that become a flood are not over, and a pipe gets each line whole.
#[test]
fn what_becomes_part_of_a_flood_is_said_to_go_on_there() {
    let directory = scratch();
    let output = directory.path().join("out");
    let case = sample("stale-serial/flood-behind-a-firewall");
    assert_eq!(follow(&["--replay", "--until-end", text(&case)], &output).wait().expect("it ends").code(), Some(0));
    let lines = changes(&output);
    let at = lines.iter().position(|line| line.contains("told before: ns3 has b.example")).expect("it is withdrawn");
    let expected = [
        "CLOSED   STALE SERIAL, withdrawn · told before: ns3 has b.example 2026043001 instead of 2026050701, at least for 12 s so far",
        "         The same lines now say: ns3 has old copies of 6 zones (a.example, b.example, c.example and 3 more), at least for 21 s so far",
    ];
    assert_eq!(lines[at..at + 2], expected);
}

/// What only silence ends is told as over when it was silent for long enough, not with each of its lines.
#[test]
fn what_ends_by_silence_is_open_until_it_was_silent() {
    let directory = scratch();
    let (log, output) = (directory.path().join("ns3.log"), directory.path().join("out"));
    let line = |time: &str, from: &str| {
        format!(
            "2026-03-{time}:00+00:00 ns3 pdns_server[7]: Received NOTIFY for a.example from {from} which is not a master\n"
        )
    };
    let lines = [line("01T00:00", "192.0.2.1"), line("01T12:00", "192.0.2.1"), line("03T00:00", "192.0.2.2")];
    fs::write(&log, lines.concat()).expect("it can be written");
    let arguments = ["--format", "ndjson", "--replay", "--until-end", text(&log)];
    assert_eq!(follow(&arguments, &output).wait().expect("it ends").code(), Some(0));
    let told: Vec<String> = changes(&output)
        .iter()
        .map(|line| {
            let change: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
            let (what, finding) = (&change["change"], &change["finding"]);
            let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            [what, &finding["state"], &finding["subject"]["address"], &finding["until"]].map(word).join(" ")
        })
        .collect();
    let expected = [
        "opened open 192.0.2.1 -",
        "closed closed 192.0.2.1 2026-03-01T12:00:00Z",
        // Here the input ends: there is nothing left to wait for.
        "opened closed 192.0.2.2 2026-03-03T00:00:00Z",
        "closed closed 192.0.2.2 2026-03-03T00:00:00Z",
    ];
    assert_eq!(told, expected);
}

/// An archive does not grow; what is packed is read once, and is of the year in which it was written.
#[cfg(feature = "compress")]
#[test]
fn an_archive_is_left_to_analyze_and_a_packed_log_is_read() {
    let directory = scratch();
    let logs = keepalived_logs(directory.path());
    let run = |program: &str, arguments: &[&str]| {
        let ended =
            Command::new(program).current_dir(directory.path()).args(arguments).output().expect("it can be run");
        (ended.status.code(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned())
    };
    assert_eq!(run("tar", &["cf", "a.tar", "logs"]).0, Some(0));
    assert_eq!(run("tar", &["czf", "a.tar.gz", "logs"]).0, Some(0));
    for name in ["a.tar", "a.tar.gz"] {
        let (code, said) = run(env!("CARGO_BIN_EXE_driftline"), &["follow", "--until-end", name]);
        let expected =
            format!("driftline: failed to read {name}: it is an archive, which does not grow: analyze reads it\n");
        assert_eq!((code, said), (Some(2), expected));
    }
    for name in ["dnsmaster.log", "dnsmaster2.log"] {
        let december_2023 = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_701_388_800);
        let log = OpenOptions::new().append(true).open(logs.join(name)).expect("it is there");
        log.set_modified(december_2023).expect("it is ours");
    }
    assert_eq!(run("gzip", &["-r", "logs"]).0, Some(0));
    for name in ["a.tar", "a.tar.gz"] {
        fs::rename(directory.path().join(name), logs.join(name)).expect("it can be moved");
    }
    let following = Following::begin(directory.path(), &[text(&logs)]);
    following.await_text(&following.said, "a.tar: Failed to read");
    following.await_text(&following.said, "a.tar.gz: Failed to read");
    following.await_text(&following.output, "open since 2023-11-23 02:12:49");
    assert_eq!(following.end(), 0);
}

/// What `journalctl` says in its first line of the journal it printed tells the year, now and after a restart.
#[test]
fn a_saved_journal_is_of_the_year_that_its_first_line_tells() {
    let directory = scratch();
    let logs = keepalived_logs(directory.path());
    let (log, state) = (logs.join("dnsmaster.log"), directory.path().join("state"));
    let lines = fs::read_to_string(&log).expect("a log");
    let first = "-- Logs begin at Sat 2024-08-03 10:00:00 UTC, end at Mon 2024-12-02 11:00:00 UTC. --\n";
    fs::write(&log, format!("{first}{lines}")).expect("it can be written");
    let run = |replay: &[&str]| {
        let arguments = [replay, &["--until-end", "--state", text(&state), text(&logs)]].concat();
        let following = Following::begin(directory.path(), &arguments);
        let output = following.output.clone();
        assert_eq!(following.finish(), 0);
        fs::read_to_string(output).expect("it is there")
    };
    assert!(run(&["--replay"]).contains("open since 2024-11-23 02:12:49"));
    // What was read is not told again, and no year is another one now.
    assert_eq!(run(&[]), "");
}

/// A log that comes to stand in a directory is followed too, also where nothing is kept in a file; a document of a cloud is not, and that is said.
#[test]
fn a_log_that_appears_later_is_followed() {
    let directory = scratch();
    let home = directory.path().join("logs");
    fs::create_dir(&home).expect("it can be made");
    let line = |minute: u32, from: &str| {
        format!(
            "2026-03-01T00:{minute:02}:00+00:00 ns1 pdns_server[7]: Received NOTIFY for a.example from {from} which is not a master\n"
        )
    };
    fs::write(home.join("first.log"), line(0, "192.0.2.1")).expect("it can be written");
    let records = sample("eip-drift/told-by-cloudtrail").join("cloudtrail.json");
    fs::copy(records, home.join("cloudtrail.json")).expect("it can be copied");
    let following = Following::begin(directory.path(), &["--format", "ndjson", "--replay", text(&home)]);
    let (output, said) = (following.output.clone(), following.said.clone());
    following.await_text(&output, "192.0.2.1");
    following.await_text(&said, "not followed");
    fs::create_dir(home.join("ns2")).expect("it can be made");
    fs::write(home.join("ns2/second.log"), line(1, "192.0.2.2")).expect("it can be written");
    following.await_text(&output, "192.0.2.2");
    append(&home.join("first.log"), line(2, "192.0.2.3").as_bytes());
    following.await_text(&output, "192.0.2.3");
    assert_eq!(following.end(), 0);
    let told = changes(&output);
    let opened = told.iter().filter(|line| line.contains("\"change\":\"opened\"")).count();
    assert_eq!(opened, 3, "{told:?}");
}

/// Another host's line comes late and was written earlier: what begins with it has another id, and what was told before is taken back,
/// though it has closed.
#[test]
fn what_a_late_line_does_not_bear_out_is_withdrawn() {
    let directory = scratch();
    let place = |name: &str| directory.path().join(name);
    let (ns2, ns3, state, output) = (place("ns2.log"), place("ns3.log"), place("state"), place("out"));
    fs::write(&ns2, b"").and_then(|()| fs::write(&ns3, b"")).expect("they can be written");
    let child = follow(&["--format", "ndjson", "--state", text(&state), text(&ns2), text(&ns3)], &output);
    caught_up(&state);
    let write = |log: &Path, second: u32, node: &str| {
        let what = "pdns_server[7]: Received NOTIFY for a.example from 203.0.113.5 which is not a master";
        append(log, format!("2026-03-01T00:00:0{second}+00:00 {node} {what}\n").as_bytes());
    };
    let fresh = "ns3 pdns_server[7]: Domain 'b.example' is fresh (no DNSSEC), serial is 7 (checked primary 192.0.2.1)";
    let await_changes = |count: usize| {
        let begun = Instant::now();
        while fs::read(&output).expect("there is an output").iter().filter(|&&byte| byte == b'\n').count() < count {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", told(&changes(&output)));
            thread::sleep(Duration::from_millis(50));
        }
        changes(&output)
    };
    write(&ns3, 2, "ns3");
    await_changes(1);
    // A quiet day ends it.
    append(&ns3, format!("2026-03-03T00:00:00+00:00 {fresh}\n").as_bytes());
    let before = verdicts(&await_changes(2));
    write(&ns2, 1, "ns2");
    let all = await_changes(5);
    assert_eq!(terminate(child), 0);
    let after = verdicts(&all);
    assert_eq!((before.len(), after.len()), (1, 1), "{before:?} {after:?}");
    assert_ne!(before, after);
    let [opened, closed] = ["opened", "closed"].map(|change| format!("{change} notify-from-non-master confirmed"));
    assert_eq!(told(&all), [&opened, &closed, &opened, &closed, &closed].map(String::as_str));
    assert!(all[4].contains("\"withdrawn\":true"), "{}", all[4]);
}

const TOPOLOGY: &str =
    "[[instance]]\nname = \"VI_1\"\nnodes = [\"dnsmaster\", \"dnsmaster2\"]\nresource = \"18.184.0.10\"\n";
const PATTERN: &str = "[[pattern]]\nname = \"took\"\nidentifier = \"eip\"\nregex = 'took (?<address>\\S+)'\nmeans = \"address-claimed\"\n";
const READ_AGAIN: &str = "the configuration was read again";

/// What is known is judged by what is stated now, without a further line; what comes is read by it. What cannot be used is said and changes nothing.
#[test]
fn a_reload_takes_over_what_is_stated() {
    let directory = scratch();
    let logs = keepalived_logs(directory.path());
    let (config, state) = (directory.path().join("driftline.toml"), directory.path().join("state"));
    let state_that = |text: &str| fs::write(&config, text).expect("it can be written");
    state_that("");
    let arguments = ["--format", "ndjson", "--config", text(&config), "--state", text(&state), text(&logs)];
    let following = Following::begin(directory.path(), &arguments);
    let (output, log) = (following.output.clone(), logs.join("dnsmaster.log"));
    following.await_text(&output, "opened");
    assert!(!changes(&output)[0].contains("18.184.0.10"));
    state_that(TOPOLOGY);
    following.reload(READ_AGAIN);
    following.await_text(&output, "18.184.0.10 is most likely on dnsmaster2");

    state_that("[[instance]\n");
    following.reload("failed to reload, the old configuration stays in use: failed to understand");
    fs::remove_file(&config).expect("it is there");
    following.reload("failed to reload, the old configuration stays in use: failed to read the configuration");
    thread::sleep(JUDGED);
    assert_eq!(changes(&output).len(), 2, "{:?}", changes(&output));

    state_that(&format!("{TOPOLOGY}{PATTERN}"));
    following.reload(READ_AGAIN);
    append(&log, b"Nov 23 02:12:58 dnsmaster eip[7]: took 18.184.0.10\n");
    following.await_text(&output, "\"change\":\"closed\"");
    // A pattern that is gone takes its lines with it, and nothing else.
    state_that(TOPOLOGY);
    following.reload(READ_AGAIN);
    let begun = Instant::now();
    while changes(&output).len() < 4 && begun.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(50));
    }
    let said = fs::read_to_string(&following.said).expect("it is there");
    assert_eq!(following.end(), 0);
    assert!(!said.contains("cannot be used"), "{said}");
    let drift = [
        "opened eip-drift likely",
        "changed eip-drift likely",
        "closed eip-drift suspected",
        "changed eip-drift likely",
    ];
    assert_eq!(told(&changes(&output)), drift);
}

/// Configuration files of the daemons are read at the start and with the configuration, and are no logs.
#[test]
fn configuration_files_stand_beside_what_is_followed() {
    let directory = scratch();
    let logs = keepalived_logs(directory.path());
    let owner = directory.path().join("owner.conf");
    let owner_has = |more: &str| {
        let instance = "vrrp_instance VI_1 {\n    priority 103\n    notify_master /etc/keepalived/master.sh\n";
        fs::write(&owner, format!("{instance}    {more}\n}}\n")).expect("it can be written");
    };
    owner_has("");
    let named = format!("dnsmaster={}", owner.display());
    fs::write(logs.join("dnsmaster2.keepalived.conf"), "vrrp_instance VI_1 {\n    notify_master /x.sh\n}\n")
        .expect("written");
    let following = Following::begin(directory.path(), &["--format", "ndjson", text(&logs), &named]);
    let output = following.output.clone();
    following.await_text(&output, "dnsmaster's keepalived.conf names no notify_master_rx_lower_pri");
    owner_has("notify_master_rx_lower_pri /etc/keepalived/master.sh");
    following.reload("there is no configuration");
    following.await_text(&output, "suspected");
    fs::remove_file(&owner).expect("it is there");
    following.reload("what it said stays in use");
    thread::sleep(JUDGED);
    assert_eq!(told(&changes(&output)), ["opened eip-drift likely", "changed eip-drift suspected"]);
    owner_has("");
    following.reload("there is no configuration");
    let begun = Instant::now();
    while changes(&output).len() < 3 && begun.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(following.end(), 0);
    assert_eq!(told(&changes(&output))[2], "changed eip-drift likely");
}

/// What a pipe said meanwhile nobody can read again.
#[test]
fn a_reload_loses_nothing_of_a_pipe() {
    let directory = scratch();
    let home = directory.path().join("logs");
    fs::create_dir(&home).expect("it can be made");
    let (config, line) = (directory.path().join("driftline.toml"), |second: u32| {
        let from = format!("192.0.2.{second}");
        format!(
            "2026-03-01T00:00:{second:02}+00:00 ns1 pdns_server[7]: Received NOTIFY for a.example from {from} which is not a master\n"
        )
    });
    fs::write(&config, "").expect("it can be written");
    let arguments = ["--replay", "--config", text(&config), text(&home), "-"];
    let mut following = Following::reading(Stdio::piped(), directory.path(), &arguments);
    let output = following.output.clone();
    let mut input = following.child.stdin.take().expect("a pipe");
    let mut say = |text: &str| input.write_all(text.as_bytes()).and_then(|()| input.flush()).expect("it is read");
    say(&line(1));
    following.await_text(&output, "192.0.2.1");
    // The second half of a line comes after the reload.
    let second = line(2);
    let (half, rest) = second.split_at(40);
    say(half);
    fs::write(&config, PATTERN).expect("it can be written");
    following.reload(READ_AGAIN);
    following
        .await_text(&following.said, "lines that only the patterns of now look for are heard after the next start");
    say(rest);
    following.await_text(&output, "192.0.2.2");
    fs::write(home.join("ns2.log"), line(3)).expect("it can be written");
    following.await_text(&output, "192.0.2.3");
    say(&line(4));
    following.await_text(&output, "192.0.2.4");
    assert_eq!(following.end(), 0);
}

#[test]
fn a_state_that_is_none_is_set_aside() {
    let directory = scratch();
    let (state, output) = (directory.path().join("state"), directory.path().join("out"));
    fs::write(&state, b"somebody's notes").expect("it can be written");
    let case = sample("seed-incident");
    let ended = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["follow", "--until-end", "--state", text(&state), text(&case)])
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("it is no state of driftline") && said.contains("state.unfit.1"), "{said}");
    assert_eq!(fs::read(directory.path().join("state.unfit.1")).expect("kept"), b"somebody's notes");
    assert!(fs::read(&state).expect("a new one").starts_with(b"driftline state\n"));
    drop(output);
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of the test")
}

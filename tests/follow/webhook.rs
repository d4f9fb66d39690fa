//! `driftline follow --webhook`, killed while its receiver is in trouble: the receiver is given all that an undisturbed run announces.

#![cfg(feature = "webhook")]
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use crate::common::{PATIENCE, Running, announced, follow};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Takes it.
    Taken,
    /// Says that it is in trouble.
    Trouble,
    /// Closes the connection.
    HangsUp,
    /// Says nothing for as long as the other one waits.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    key: String,
    json: String,
}

/// A receiver of web hooks.
struct Receiver {
    address: String,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// The answers to come; the last one is given to all that follow.
    answers: Vec<Answer>,
    asked: Vec<(Asked, Answer)>,
}

impl Receiver {
    fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it has an address").to_string();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let theirs = Arc::clone(&heard);
        // One after the other, until the test ends. A request that breaks off because its sender was killed is none.
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(hear(stream, &theirs))));
        Self { address, heard }
    }

    /// From now on, for what has not been sent yet.
    fn answers(&self, answers: &[Answer]) {
        let mut last = TcpStream::connect(&self.address).expect("it listens");
        last.write_all(b"\r\n").and_then(|()| last.read_to_end(&mut Vec::new())).expect("what came before is heard");
        self.heard().answers = answers.to_vec();
    }

    fn asked(&self, answer: Answer) -> Vec<Asked> {
        let heard = self.heard();
        heard.asked.iter().filter(|(_, answered)| *answered == answer).map(|(asked, _)| asked.clone()).collect()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("no thread panicked")
    }
}

fn hear(stream: TcpStream, heard: &Mutex<Heard>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            // The first line has no colon either.
            if line.starts_with("POST ") { continue } else { break }
        };
        match &*name.to_lowercase() {
            "idempotency-key" => key = value.to_owned(),
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            _ => {}
        }
    }
    if key.is_empty() {
        return Ok(());
    }
    let mut json = vec![0; length];
    reader.read_exact(&mut json)?;
    let asked = Asked { key, json: String::from_utf8(json).map_err(io::Error::other)? };
    let answer = {
        let mut heard = heard.lock().expect("no thread panicked");
        let answer = if heard.answers.len() > 1 { heard.answers.remove(0) } else { heard.answers[0] };
        heard.asked.push((asked, answer));
        answer
    };
    let mut stream = reader.into_inner();
    let status = match answer {
        Answer::Taken => "204 No Content",
        Answer::Trouble => "500 Internal Server Error",
        Answer::HangsUp => return Ok(()),
        Answer::Nothing => return stream.read(&mut [0]).map(drop),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "in vain: until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A place with an empty log. All logs have the same name: it is part of the evidence.
fn home(directory: &Path, name: &str) -> PathBuf {
    let home = directory.join(name);
    fs::create_dir(&home).and_then(|()| fs::write(home.join("all.log"), b"")).expect("it can be made");
    home
}

fn append(home: &Path, lines: &str) {
    let log = OpenOptions::new().append(true).open(home.join("all.log"));
    log.and_then(|mut log| log.write_all(lines.as_bytes())).expect("it can be written");
}

fn refused(minute: u32, from: &str) -> String {
    format!(
        "2026-03-01T00:{minute:02}:00+00:00 ns3 pdns_server[13]: Received NOTIFY for a.example from {from} which is not a master\n"
    )
}

/// Whether it was announced that a NOTIFY from there was refused.
fn is_told(home: &Path, from: &str) -> bool {
    announced(home).iter().any(|line| line.contains("\"change\":\"opened\"") && line.contains(from))
}

const TWO_MASTERS: &str = "\
2026-03-01T00:00:00+00:00 ns1 Keepalived_vrrp[11]: (VI_1) Entering MASTER STATE
2026-03-01T00:00:40+00:00 ns2 Keepalived_vrrp[12]: (VI_1) Entering MASTER STATE
2026-03-01T00:00:45+00:00 ns2 Keepalived_vrrp[12]: (VI_1) Master received advert from 192.0.2.1 with higher priority 150, ours 100
2026-03-01T00:00:45+00:00 ns2 Keepalived_vrrp[12]: (VI_1) Entering BACKUP STATE
";

/// In order, each taken once: what was on its way when the follower was killed is sent again with the same key.
#[test]
fn what_a_web_hook_has_not_taken_is_sent_again_after_kills() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let receiver = Receiver::begin();
    let url = format!("http://{}/hook", receiver.address);
    let (quiet, home) = (home(directory.path(), "undisturbed"), home(directory.path(), "killed"));
    let start = || follow(&home, &["--webhook", &url, "all.log"]);
    let kill = |mut follower: Running, answers: &[Answer]| {
        follower.kill();
        receiver.answers(answers);
    };
    let early = TWO_MASTERS.to_owned() + &refused(10, "198.51.100.1");
    let late = refused(20, "198.51.100.2");

    let undisturbed = follow(&quiet, &["all.log"]);
    append(&quiet, &(early.clone() + &late));
    receiver.answers(&[Answer::Trouble]);
    let follower = start();
    append(&home, &early);
    until("all is announced", || is_told(&quiet, "198.51.100.2") && is_told(&home, "198.51.100.1"));
    undisturbed.terminate();
    let announced = announced(&quiet);
    assert!(announced.len() >= 4, "{announced:?}");

    until("the receiver is in trouble", || !receiver.asked(Answer::Trouble).is_empty());
    kill(follower, &[Answer::HangsUp]);

    let follower = start();
    until("the receiver hangs up", || !receiver.asked(Answer::HangsUp).is_empty());
    kill(follower, &[Answer::Taken, Answer::Nothing]);
    append(&home, &late);

    let follower = start();
    until("one is on its way", || !receiver.asked(Answer::Nothing).is_empty());
    let first = receiver.asked(Answer::Taken).remove(0);
    // Its key stands in the state for as long as it waits.
    let waits =
        || memchr::memmem::find(&fs::read(home.join("state")).expect("a state"), first.key.as_bytes()).is_some();
    until("the one before it is settled", || !waits());
    kill(follower, &[Answer::Taken]);

    let follower = start();
    until("all is taken", || receiver.asked(Answer::Taken).len() >= announced.len());
    follower.terminate();
    let taken = receiver.asked(Answer::Taken);
    assert_eq!(taken.iter().map(|asked| &asked.json).collect::<Vec<_>>(), announced.iter().collect::<Vec<_>>());
    assert_eq!(taken.iter().map(|asked| &asked.key).collect::<BTreeSet<_>>().len(), taken.len());
    assert_eq!(receiver.asked(Answer::Nothing), taken[1..2]);
    let refused = [receiver.asked(Answer::Trouble), receiver.asked(Answer::HangsUp)].concat();
    assert!(refused.iter().all(|asked| *asked == first), "{refused:?}");
}

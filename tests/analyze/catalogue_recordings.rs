//! Every shape of line that real daemons wrote into the recordings, and what the catalogue reads in it.
//!
//! `recordings.log` has the first line of each shape, `recordings.facts` what it means, line by line.

use driftline::catalogue::{Fields, daemon_of, fact, read};

const LOG: &str = include_str!("../data/catalogue/recordings.log");
const FACTS: &str = include_str!("../data/catalogue/recordings.facts");

#[test]
fn recordings_read_as_expected() {
    let read: Vec<String> = LOG.lines().map(told).collect();
    let expected: Vec<&str> = FACTS.lines().collect();
    for (line, (read, expected)) in LOG.lines().zip(read.iter().zip(&expected)) {
        assert_eq!(read, expected, "{line}");
    }
    assert_eq!(read.len(), expected.len(), "{}", read.join("\n"));
}

/// `Nov 23 02:12:01 dnsmaster Keepalived_vrrp[316]: (VI_1) Entering MASTER STATE`: its id and its fact.
fn told(line: &str) -> String {
    let (header, text) = line.split_once("]: ").expect("every line has an identifier with a pid");
    let identifier = header.rsplit(' ').next().and_then(|tag| tag.split('[').next()).unwrap_or_default();
    let daemon = daemon_of(Some(identifier.as_bytes()), None).expect("every line is one of the two daemons'");
    let mut fields = Fields::default();
    match read(daemon, text.as_bytes(), &mut fields) {
        Some(message) => format!("{} {:?}", message.id, fact(message, &fields)),
        None => "unrecognised".to_owned(),
    }
}

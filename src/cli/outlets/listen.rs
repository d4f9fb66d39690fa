//! `--listen ADDRESS`: /metrics, /healthz and /report for who asks over HTTP. Reads only, keeps no connection, and waits for nobody long.
//!
//! httparse reads the request's head; the rest of a server is a loop here, because the small servers there are start a thread for
//! every stranger, or wait without an end for one that says nothing.

use super::metrics::{Gauges, Way};
use crate::report::{Report, json};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Requests answered at the same time.
const THREADS: usize = 4;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 64;
/// From the first byte of a request to the last one of its answer, each.
const PATIENCE: Duration = Duration::from_secs(5);
/// A follower that has not moved for so long is not healthy.
const ALIVE: Duration = Duration::from_secs(30);

/// What is shown to who asks; the follower writes it, the server reads it.
#[derive(Debug, Default)]
pub(super) struct Board {
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    gauges: Gauges,
    report: Option<Arc<Report>>,
    /// Why the sources are not read; `None` before the first look.
    health: Option<Result<(), String>>,
    beat: Option<Instant>,
}

impl Board {
    pub(super) fn show(&self, gauges: Gauges, report: Option<Arc<Report>>, health: Result<(), String>) {
        let mut shown = self.lock();
        shown.gauges = gauges;
        shown.report = report.or_else(|| shown.report.take());
        shown.health = Some(health);
    }

    /// How the ways out are doing now.
    pub(super) fn show_ways(&self, ways: Vec<Way>) {
        self.lock().gauges.ways = ways;
    }

    /// The follower is alive.
    pub(super) fn beat(&self) {
        self.lock().beat = Some(Instant::now());
    }

    pub(super) fn metrics(&self) -> String {
        let gauges = self.lock().gauges.clone();
        gauges.text()
    }

    /// Why it is not well; `None` if it is.
    fn complaint(&self, now: Instant) -> Option<String> {
        let shown = self.lock();
        match (&shown.health, shown.beat) {
            (None, _) | (_, None) => Some("the sources have not been read yet".to_owned()),
            (Some(_), Some(beat)) if now.duration_since(beat) > ALIVE => {
                Some(format!("the follower has not moved for {} s", now.duration_since(beat).as_secs()))
            }
            (Some(Err(why)), Some(_)) => Some(why.clone()),
            (Some(Ok(())), Some(_)) => None,
        }
    }

    fn report(&self) -> Option<Arc<Report>> {
        self.lock().report.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens from now to the end of the process; the address that it got (a port of 0 is any free one).
pub(super) fn begin(word: &str, board: &Arc<Board>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(&*addresses(word)?)?;
    let address = listener.local_addr()?;
    for _ in 0..THREADS {
        let (listener, board) = (listener.try_clone()?, Arc::clone(board));
        thread::spawn(move || serve(&listener, &board));
    }
    Ok(address)
}

/// `9119`, `:9119`, `127.0.0.1:9119`, `[::1]:9119`, `name:9119`. A port alone is one of this host only.
fn addresses(word: &str) -> io::Result<Vec<SocketAddr>> {
    match word.strip_prefix(':').unwrap_or(word).parse::<u16>() {
        Ok(port) => Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]),
        Err(_) => Ok(word.to_socket_addrs()?.collect()),
    }
}

fn serve(listener: &TcpListener, board: &Board) {
    /// Where accepting fails at once (no file descriptors), it would fail again at once.
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept() {
            // Whoever went away in between is no concern of ours.
            Ok((stream, _)) => {
                let _ = answer(stream, board);
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

fn answer(mut stream: TcpStream, board: &Board) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    let answer = match head(&mut stream, end)? {
        Head::Asked { method, path } => response(&method, &path, board),
        Head::Unreadable => Answer::text(400, "this is no HTTP request\n"),
        Head::TooLong => Answer::text(431, "the request is too long\n"),
    };
    stream.set_write_timeout(Some(PATIENCE))?;
    answer.write(&mut stream)?;
    stream.shutdown(std::net::Shutdown::Write)
}

enum Head {
    Asked { method: String, path: String },
    Unreadable,
    TooLong,
}

/// Reads a request's head; its body, if it has one, nobody reads.
fn head(stream: &mut TcpStream, end: Instant) -> io::Result<Head> {
    let mut read = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&piece[..count]);
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&read) {
            Ok(httparse::Status::Complete(_)) => {
                let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
                return Ok(Head::Asked { method: word(request.method), path: word(request.path) });
            }
            Ok(httparse::Status::Partial) if read.len() < HEAD_BYTES_MAX => {}
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Ok(Head::TooLong),
            Err(_) => return Ok(Head::Unreadable),
        }
    }
}

fn response(method: &str, path: &str, board: &Board) -> Answer {
    let path = path.split('?').next().unwrap_or_default();
    let mut answer = match (method, path) {
        ("GET" | "HEAD", "/metrics") => Answer {
            status: 200,
            kind: "text/plain; version=0.0.4; charset=utf-8",
            body: board.metrics().into_bytes(),
            has_body: true,
        },
        ("GET" | "HEAD", "/healthz") => match board.complaint(Instant::now()) {
            None => Answer::text(200, "ok\n"),
            Some(why) => Answer::text(503, &format!("{}\n", crate::report::visible(&why))),
        },
        ("GET" | "HEAD", "/report") => report(board),
        ("GET" | "HEAD", "/") => Answer::text(200, "driftline: /metrics /healthz /report\n"),
        ("GET" | "HEAD", _) => Answer::text(404, "there are /metrics, /healthz and /report\n"),
        _ => Answer::text(405, "only GET and HEAD are answered\n"),
    };
    answer.has_body = method != "HEAD";
    answer
}

fn report(board: &Board) -> Answer {
    let Some(report) = board.report() else { return Answer::text(503, "there is no report yet\n") };
    let mut body = Vec::new();
    match json::write(&report, &mut body) {
        Ok(()) => Answer { status: 200, kind: "application/json", body, has_body: true },
        Err(error) => Answer::text(500, &format!("{error}\n")),
    }
}

struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    has_body: bool,
}

impl Answer {
    fn text(status: u16, text: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: text.as_bytes().to_vec(), has_body: true }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        let allow = if self.status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            self.status,
            self.kind,
            self.body.len()
        );
        out.write_all(head.as_bytes())?;
        if self.has_body {
            out.write_all(&self.body)?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn get(address: SocketAddr, path: &str) -> String {
        ask(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    #[test]
    fn what_is_shown_can_be_read() {
        let board = Arc::new(Board::default());
        let address = begin("0", &board).expect("a port");
        assert!(address.ip().is_loopback());
        assert!(get(address, "/healthz").starts_with("HTTP/1.1 503 "));
        assert!(get(address, "/report").starts_with("HTTP/1.1 503 "));
        board.show(Gauges::default(), Some(Arc::new(Report::default())), Ok(()));
        board.beat();
        let health = get(address, "/healthz");
        assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok\n"), "{health}");
        assert!(get(address, "/metrics?x=y").contains("\ndriftline_journal_entries_total 0\n"));
        let report = get(address, "/report");
        let (_, body) = report.split_once("\r\n\r\n").expect("a body");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON")["schema"], "driftline.report/1");
        board.show(Gauges::default(), None, Err("a\u{1b}b".to_owned()));
        assert!(get(address, "/healthz").ends_with("a\\x1bb\n"));
        assert!(get(address, "/report").starts_with("HTTP/1.1 200 "), "the report stays what it was");
    }

    #[test]
    fn only_reading_is_answered() {
        let address = begin("127.0.0.1:0", &Arc::new(Board::default())).expect("a port");
        let head = ask(address, "HEAD /metrics HTTP/1.0\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
        for (request, status) in [
            ("POST /report HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405),
            ("GET /../etc/passwd HTTP/1.1\r\n\r\n", 404),
            ("\0\0\0\0", 400),
            (&format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HEADERS_MAX + 1)), 431),
        ] {
            let answer = ask(address, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
        }
    }

    #[test]
    fn a_follower_that_stands_still_is_not_healthy() {
        let board = Board::default();
        let begin = Instant::now();
        board.show(Gauges::default(), None, Ok(()));
        board.beat();
        assert_eq!(board.complaint(begin), None);
        let complaint = board.complaint(Instant::now() + ALIVE + Duration::from_secs(1)).expect("a complaint");
        assert!(complaint.starts_with("the follower has not moved for "), "{complaint}");
    }

    #[test]
    fn addresses_have_several_forms() {
        let read = |word| addresses(word).map(|all| all[0].to_string()).ok();
        assert_eq!(read("9119").as_deref(), Some("127.0.0.1:9119"));
        assert_eq!(read(":9119").as_deref(), Some("127.0.0.1:9119"));
        assert_eq!(read("[::1]:9119").as_deref(), Some("[::1]:9119"));
        assert_eq!(read("192.0.2.1"), None);
    }
}

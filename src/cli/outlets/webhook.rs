//! `--webhook URL`: each notification is POSTed as JSON, with a header by which receivers drop repeats.

use super::Unusable;
use super::courier::{Deliver, Failed};
use super::settings::Patience;
use crate::follow::Notification;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ureq::http::Uri;
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

/// One receiver.
#[derive(Debug)]
pub(super) struct WebHook {
    target: Target,
    agent: Agent,
    patience: Arc<Patience>,
}

/// Where it is; a file that says so may be read again.
#[derive(Debug, Clone)]
pub(super) struct Target {
    word: String,
    /// Scheme and host: what follows is often a secret, and stands in no message and no metric.
    shown: String,
    now: Arc<Mutex<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    url: String,
    shown: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Place {
    /// `word` is a URL, or `@` and a file: what is secret is better not on a command line, which every user of the machine sees.
    fn read(word: &str) -> Result<Self, Unusable> {
        let Some(path) = word.strip_prefix('@') else { return Self::of(word, &[]) };
        #[expect(clippy::disallowed_methods, reason = "the file is named on the command line")]
        let text =
            std::fs::read_to_string(path).map_err(|source| Unusable::HookFile { path: path.to_owned(), source })?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let url = lines.next().unwrap_or_default();
        Self::of(url, &lines.collect::<Vec<_>>())
    }

    fn of(url: &str, header_lines: &[&str]) -> Result<Self, Unusable> {
        let uri: Uri =
            url.parse().map_err(|_| Unusable::Url { url: "given".to_owned(), why: "it is no URL".to_owned() })?;
        let shown = shown(&uri);
        let unusable = |why: &str| Unusable::Url { url: shown.clone(), why: why.to_owned() };
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(unusable("it does not begin with http:// or https:// and a host"));
        }
        let mut headers = Vec::new();
        for line in header_lines {
            headers.push(
                header(line).ok_or_else(|| unusable("a line after its URL is no header such as \"Name: value\""))?,
            );
        }
        Ok(Self { url: url.to_owned(), shown, headers })
    }
}

impl Target {
    /// Reads its file again. Another host is another receiver: what waits is not for that one.
    ///
    /// # Errors
    /// The file cannot be used; it stays what it was.
    pub(super) fn read_again(&self) -> Result<(), Unusable> {
        if !self.word.starts_with('@') {
            return Ok(());
        }
        let place = Place::read(&self.word)?;
        if place.shown != self.shown {
            return Err(Unusable::Elsewhere { from: self.shown.clone(), to: place.shown });
        }
        *self.lock() = place;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WebHook {
    pub(super) fn new(word: &str, patience: Arc<Patience>) -> Result<Self, Unusable> {
        let place = Place::read(word)?;
        let (word, shown) = (word.to_owned(), place.shown.clone());
        // What the system trusts: an operator's own authority is there too.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls)
            .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { target: Target { word, shown, now: Arc::new(Mutex::new(place)) }, agent, patience })
    }

    pub(super) fn shown(&self) -> &str {
        &self.target.shown
    }

    pub(super) fn target(&self) -> Target {
        self.target.clone()
    }

    pub(super) fn deliver(self) -> Deliver {
        Box::new(move |notification, _| self.post(notification))
    }

    fn post(&self, told: &Notification) -> Result<(), Failed> {
        let Place { url, headers, .. } = self.target.lock().clone();
        let mut request = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(self.patience.webhook()))
            .build()
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &told.key)
            .header("Driftline-Change", told.what.word());
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        match request.send(told.json.as_bytes()) {
            Ok(answer) => judge(answer.status().as_u16()),
            Err(error @ (Error::BadUri(_) | Error::RequireHttpsOnly(_))) => Err(Failed::ForGood(error.to_string())),
            Err(error) => Err(Failed::Absent(error.to_string())),
        }
    }
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let mut value: HeaderValue = value.trim().parse().ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

/// What an answer means for another try.
fn judge(status: u16) -> Result<(), Failed> {
    let why = format!("the answer was {status}");
    match status {
        200..=299 => Ok(()),
        // Too early, too many; a receiver that is itself in trouble.
        408 | 425 | 429 | 500..=599 => Err(Failed::Absent(why)),
        // A token or a path that is being put right.
        401 | 403 | 404 => Err(Failed::Refused(why)),
        _ => Err(Failed::ForGood(why)),
    }
}

fn shown(uri: &Uri) -> String {
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", uri.scheme_str().unwrap_or("?"), uri.host().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outlets::settings::Settings;
    use crate::cli::outlets::tests::notification;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    fn hook(word: &str) -> Result<WebHook, Unusable> {
        WebHook::new(word, Arc::new(Patience::of(&Settings::default())))
    }

    /// Answers one request after the other, and gives what it was asked.
    fn receiver(answers: &'static [&'static str]) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/secret", listener.local_addr().expect("an address"));
        let asked = thread::spawn(move || {
            let answer = |answer: &&str| {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut asked = Vec::new();
                let mut piece = [0; 1024];
                while !asked.ends_with(b"}") {
                    let count = stream.read(&mut piece).expect("a request");
                    asked.extend_from_slice(&piece[..count]);
                }
                let head = "Content-Length: 0\r\nConnection: close\r\n";
                write!(stream, "HTTP/1.1 {answer}\r\n{head}\r\n").expect("an answer");
                String::from_utf8(asked).expect("UTF-8").to_lowercase()
            };
            answers.iter().map(answer).collect()
        });
        (url, asked)
    }

    #[test]
    fn a_web_hook_hears_json_and_a_key() {
        let (url, asked) = receiver(&["503 Busy", "200 OK", "400 Bad Request", "302 Found"]);
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "{url}\nAuthorization: Bearer of-a-test").expect("it is written");
        let hook = hook(&format!("@{}", file.path().display())).expect("a URL");
        assert_eq!(hook.shown(), url.trim_end_matches("/secret"));
        let mut deliver = hook.deliver();
        let told = notification("0123");
        let mut post = || deliver(&told, &|| false);
        assert_eq!(post(), Err(Failed::Absent("the answer was 503".to_owned())));
        assert_eq!(post(), Ok(()));
        assert_eq!(post(), Err(Failed::ForGood("the answer was 400".to_owned())));
        assert_eq!(post(), Err(Failed::ForGood("the answer was 302".to_owned())));
        let asked = asked.join().expect("the receiver ended");
        for line in [
            "post /secret http/1.1\r\n",
            "\r\ncontent-type: application/json\r\n",
            "\r\nidempotency-key: 0123-opened-1\r\n",
            "\r\nauthorization: bearer of-a-test\r\n",
            "\r\n\r\n{\"schema\":\"driftline.change/1\"}",
        ] {
            assert!(asked.iter().all(|asked| asked.contains(line)), "{line:?} is missing: {asked:?}");
        }
        let gone = post();
        assert!(matches!(gone, Err(Failed::Absent(_))), "{gone:?}");
    }

    #[test]
    fn what_is_no_url_is_refused_at_the_start() {
        for url in
            ["", "example.com/hook", "ftp://example.com/", "https:///hook", "http://exa mple.com/", "@/nowhere/hook"]
        {
            assert!(hook(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn a_file_that_is_read_again_may_say_another_path_but_not_another_host() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let says = |text: &str| std::fs::write(file.path(), text).expect("it is written");
        says("https://example.com/old\nAuthorization: Bearer of-a-test");
        let hook = hook(&format!("@{}", file.path().display())).expect("a URL");
        let target = hook.target();
        let now = || {
            let place = target.lock();
            (place.url.clone(), place.headers.len())
        };
        says("https://example.com/new");
        assert!(target.read_again().is_ok());
        assert_eq!(now(), ("https://example.com/new".to_owned(), 0));
        says("https://example.net/new");
        let error = target.read_again().expect_err("it is another host");
        assert_eq!(
            error.to_string(),
            "send to https://example.net instead of https://example.com while it runs: restart driftline"
        );
        says("what is this");
        assert!(target.read_again().is_err());
        assert_eq!(now(), ("https://example.com/new".to_owned(), 0));
    }
}

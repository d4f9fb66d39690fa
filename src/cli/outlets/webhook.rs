//! `--webhook URL`: each notification is POSTed as JSON, with a header by which receivers drop repeats.

use super::Unusable;
use super::courier::{Deliver, Failed};
use super::settings::Settings;
use crate::follow::Notification;
use ureq::http::Uri;
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

/// One receiver.
#[derive(Debug)]
pub(super) struct WebHook {
    url: String,
    shown: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    agent: Agent,
}

impl WebHook {
    pub(super) fn new(url: &str, settings: &Settings) -> Result<Self, Unusable> {
        let uri: Uri =
            url.parse().map_err(|_| Unusable::Url { url: "given".to_owned(), why: "it is no URL".to_owned() })?;
        let shown = shown(&uri);
        let unusable = |why: &str| Unusable::Url { url: shown.clone(), why: why.to_owned() };
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(unusable("it does not begin with http:// or https:// and a host"));
        }
        let mut headers = Vec::new();
        for (name, value) in &settings.webhook_headers {
            let name = name.parse().map_err(|_| unusable("the name of a header cannot be one"))?;
            let mut value: HeaderValue = value.parse().map_err(|_| unusable("the value of a header cannot be one"))?;
            value.set_sensitive(true);
            headers.push((name, value));
        }
        // What the system trusts: an operator's own authority is there too.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(settings.webhook_timeout))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls)
            .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { url: url.to_owned(), shown, headers, agent })
    }

    /// Scheme and host: what follows is often a secret, and stands in no message and no metric.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn deliver(self) -> Deliver {
        Box::new(move |notification, _| self.post(notification))
    }

    fn post(&self, told: &Notification) -> Result<(), Failed> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &told.key)
            .header("Driftline-Change", told.what.word());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.send(told.json.as_bytes()) {
            Ok(answer) => judge(answer.status().as_u16()),
            Err(error @ (Error::BadUri(_) | Error::RequireHttpsOnly(_))) => Err(Failed::ForGood(error.to_string())),
            Err(error) => Err(Failed::Absent(error.to_string())),
        }
    }
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

//! The service manager: ready, reloading, stopping, one line of status, and a sign of life as often as it wants one.
//!
//! A datagram to `$NOTIFY_SOCKET`, as sd_notify(3) says it; nothing happens where nobody asked.

use crate::cli::outlet::environment;
use rustix::time::{ClockId, clock_gettime};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// Status lines are cut here.
const STATUS_CHARACTERS_MAX: usize = 500;

/// The way to the service manager, if there is one.
#[derive(Debug)]
pub(super) struct ServiceManager {
    place: Option<SocketAddr>,
    /// Between two signs of life: half of what it grants.
    every: Option<Duration>,
    last: Option<Instant>,
    status: String,
}

impl ServiceManager {
    pub(super) fn of_environment() -> Self {
        let is_ours = environment("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let granted = environment("WATCHDOG_USEC").and_then(|granted| granted.parse().ok()).filter(|_| is_ours);
        Self::at(environment("NOTIFY_SOCKET").as_deref(), granted)
    }

    fn at(place: Option<&str>, granted_micros: Option<u64>) -> Self {
        let place = place.and_then(|place| match place.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(place).ok(),
        });
        let every = granted_micros.filter(|granted| *granted > 0).map(|granted| Duration::from_micros(granted / 2));
        Self { place, every, last: None, status: String::new() }
    }

    pub(super) fn ready(&mut self) {
        self.send("READY=1");
    }

    pub(super) fn reloading(&mut self) {
        let now = clock_gettime(ClockId::Monotonic);
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1_000_000 + now.tv_nsec / 1_000));
    }

    pub(super) fn stopping(&mut self) {
        self.send("STOPPING=1");
    }

    /// One line; the same as before is not sent again.
    pub(super) fn status(&mut self, line: &str) {
        let line: String = crate::report::visible(line).chars().take(STATUS_CHARACTERS_MAX).collect();
        if line != self.status {
            self.send(&format!("STATUS={line}"));
            self.status = line;
        }
    }

    pub(super) fn beat(&mut self, now: Instant) {
        let Some(every) = self.every else { return };
        if self.last.is_none_or(|last| now.duration_since(last) >= every) {
            self.send("WATCHDOG=1");
            self.last = Some(now);
        }
    }

    /// A manager that does not listen is no reason to fail: it will say so itself.
    fn send(&self, what: &str) {
        let Some(place) = &self.place else { return };
        if let Ok(socket) = UnixDatagram::unbound() {
            let _ = socket.set_nonblocking(true);
            let _ = socket.send_to_addr(what.as_bytes(), place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 1024];
        let count = socket.recv(&mut bytes).expect("a datagram");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn the_manager_hears_what_it_needs() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let mut manager = ServiceManager::at(path.to_str(), Some(60_000_000));
        let now = Instant::now();
        manager.ready();
        manager.status("2 findings\nMAINPID=1");
        manager.status("2 findings\nMAINPID=1");
        manager.beat(now);
        manager.beat(now + Duration::from_secs(29));
        manager.beat(now + Duration::from_secs(30));
        manager.stopping();
        let all: Vec<String> = std::iter::repeat_with(|| told(&socket)).take(5).collect();
        assert_eq!(all, ["READY=1", "STATUS=2 findings\\nMAINPID=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]);
        manager.reloading();
        let told = told(&socket);
        let since = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("when it began");
        assert!(since.parse::<u64>().is_ok_and(|since| since > 0), "{told}");
    }

    #[test]
    fn a_name_that_is_no_file_is_heard_too() {
        let name = format!("driftline-test-{}", std::process::id());
        let place = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&place).expect("a socket");
        ServiceManager::at(Some(&format!("@{name}")), None).ready();
        assert_eq!(told(&socket), "READY=1");
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        let mut manager = ServiceManager::at(None, Some(1));
        manager.ready();
        manager.beat(Instant::now());
        ServiceManager::at(Some("/nowhere/notify"), None).ready();
    }
}

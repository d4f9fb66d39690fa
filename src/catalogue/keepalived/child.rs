//! The children: vrrp, healthcheckers, bfd.

use super::process::{stopped, stopping};
use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/child-start",
        texts: &[
            ("1.2.1..", "Starting {child:Healthcheck} child process, pid={pid}"),
            ("1.2.1..", "Starting {child:VRRP} child process, pid={pid}"),
            ("2.0.0..", "Starting {child:BFD} child process, pid={pid}"),
        ],
        sample: "Starting VRRP child process, pid=317",
        source: "keepalived/bfd/bfd_daemon.c",
        proves: "The parent started a child and names its pid; a new vrrp child begins as BACKUP.",
        read: Some(started),
    },
    Message {
        id: "keepalived/child-died-respawn",
        texts: &[
            ("1.2.1..", "{child:Healthcheck} child process({pid}) died: Respawning"),
            ("1.2.1..", "{child:VRRP} child process({pid}) died: Respawning"),
            ("2.0.0..", "{child:BFD} child process({pid}) died: Respawning"),
        ],
        sample: "VRRP child process(317) died: Respawning",
        source: "lib/scheduler.c",
        proves: "A child died and is started again; a vrrp child leaves its addresses behind, without a BACKUP line.",
        read: Some(died),
    },
    Message {
        id: "keepalived/child-died-exit",
        texts: &[
            ("1.2.8..", "{child:Healthcheck} child process({pid}) died: Exiting"),
            ("1.2.8..", "{child:VRRP} child process({pid}) died: Exiting"),
            ("2.0.0..", "{child:BFD} child process({pid}) died: Exiting"),
        ],
        sample: "VRRP child process(317) died: Exiting",
        source: "keepalived/bfd/bfd_daemon.c",
        proves: "A child died and keepalived stops; the addresses stay, without a BACKUP line.",
        read: Some(died),
    },
    Message {
        id: "keepalived/child-stopped",
        texts: &[
            ("1.2.20..", "Stopped"),
            ("2.0.7..", "Stopped - used {user}.{user2} user time, {system}.{system2} system time"),
            (
                "2.2.3..",
                "Stopped - used (self/children) {user}.{user2}/{child_user}.{child_user2} user time, {system}.{system2}/{child_system}.{child_system2} system time",
            ),
        ],
        sample: "Stopped",
        source: "lib/utils.c",
        proves: "A child ended in order.",
        read: Some(stopped),
    },
    Message {
        id: "keepalived/child-stopping",
        texts: &[
            ("1.2.1..=1.2.3", "Terminating {child:Healthchecker} child process on signal"),
            ("1.2.1..=1.2.3", "Terminating {child:VRRP} child process on signal"),
            ("1.2.1..=1.2.3", "Terminating on signal"),
        ],
        sample: "Terminating on signal",
        source: "keepalived/core/main.c",
        proves: "A process of these old releases was told to stop, and its masterships end here.",
        read: Some(terminating),
    },
    Message {
        id: "keepalived/child-exit-status",
        texts: &[
            (
                "1.2.20..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited due to segmentation fault (SIGSEGV).",
            ),
            (
                "1.2.20..=2.0.20",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited due to signal {signal}",
            ),
            (
                "1.2.20..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited with status {status}",
            ),
            (
                "1.2.24..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited with permanent error CONFIG. Terminating",
            ),
            (
                "1.2.24..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited with permanent error FATAL. Terminating",
            ),
            (
                "2.1.0..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited due to signal {signal} ({signal_name})",
            ),
            (
                "2.2.0..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited due to signal {signal} ({signal_name}) - has rlimit_rttime been exceeded?",
            ),
            (
                "2.2.5..",
                "{program:Keepalived_vrrp|Keepalived_healthcheckers|Keepalived_bfd} exited with permanent error missing permission. Terminating",
            ),
        ],
        sample: "Keepalived_vrrp exited due to segmentation fault (SIGSEGV).",
        source: "lib/scheduler.c",
        proves: "How a child ended, if not in order.",
        read: None,
    },
    Message {
        id: "keepalived/child-respawn-delayed",
        texts: &[("2.1.0..", "Restart of {name} process delayed {restart_delay} seconds to limit respawn rate")],
        sample: "Restart of vrrp process delayed 2 seconds to limit respawn rate",
        source: "lib/scheduler.c",
        proves: "A child that dies often is started again only after a while.",
        read: None,
    },
    Message {
        id: "keepalived/child-crash-boilerplate",
        texts: &[
            ("1.2.20..", " Please report a bug at https://github.com/acassen/keepalived/issues"),
            ("1.2.20..=1.4.5", " and include this log from when keepalived started, what happened"),
            ("1.2.20..=1.4.5", " immediately before the crash, and your configuration file."),
            ("2.0.0..", " A failure to provide all this information may mean the crash cannot be investigated."),
            ("2.0.0..=2.2.1", " Also provide the output of keepalived -v, what Linux distro and version"),
            ("2.0.0..", " Built with kernel headers for Linux {built_for}.{built_for2}.{built_for3}"),
            ("2.0.0..", " If you are able to provide a stack backtrace with gdb that would really help."),
            ("2.0.0..", " Source version {package_version} , git commit {git_commit}"),
            ("2.0.0..", " and include this log from when keepalived started, a description"),
            ("2.0.0..", " of what happened before the crash, your configuration file and the details below."),
            ("2.0.0..=2.2.1", " you are running on, and whether keepalived is being run in a container or VM."),
            ("2.2.0..", " Please log an issue at https://github.com/acassen/keepalived/issues/"),
            ("2.2.0..", " and include a full copy of your keepalived configuration files, and"),
            ("2.2.0..", " copies of the keepalived system log entries around the time this happened"),
            ("2.2.2..", " Also provide the output of keepalived -v, and whether keepalived is being"),
            ("2.2.2..", " run in a container or VM."),
        ],
        sample: "Please report a bug at https://github.com/acassen/keepalived/issues",
        source: "lib/scheduler.c",
        proves: "Part of the request to report a crash.",
        read: None,
    },
    Message {
        id: "keepalived/child-start-failed",
        texts: &[
            ("1.2.1..", "{child:Healthcheck} child process: cannot write pidfile"),
            ("1.2.1..", "{child:Healthcheck} child process: fork error({errno_text})"),
            ("1.2.1..", "{child:VRRP} child process: cannot write pidfile"),
            ("1.2.1..", "{child:VRRP} child process: fork error({errno_text})"),
            ("1.2.4..=1.3.1", "{child:Healthcheck} child process: error chdir"),
            ("1.2.4..=1.3.1", "{child:VRRP} child process: error chdir"),
            ("2.0.0..", "{child:BFD} child process: cannot write pidfile"),
            ("2.0.0..", "{child:BFD} child process: error chdir"),
            ("2.0.0..", "{child:BFD} child process: fork error({errno_text})"),
        ],
        sample: "Healthcheck child process: cannot write pidfile",
        source: "keepalived/bfd/bfd_daemon.c",
        proves: "keepalived lacks one of its processes from the start.",
        read: None,
    },
    Message {
        id: "keepalived/child-shutdown-trouble",
        texts: &[
            ("2.0.0..", "Backstop thread invoked: shutdown timer not running, child count {count}"),
            ("2.0.0..", "Backstop thread invoked: shutdown timer running, child count {count}"),
            ("2.0.0..=2.0.10", "Terminating select did not return select_fd"),
            ("2.0.0..=2.0.10", "Terminating select returned errno {errno}"),
            ("2.0.0..", "Terminating signal read did not read entire siginfo"),
            ("2.0.0..", "backstop thread invoked: shutdown timer not running, child count {count}"),
            ("2.0.0..", "backstop thread invoked: shutdown timer running, child count {count}"),
            ("2.0.0..", "bfd process failed to die - forcing termination"),
            ("2.0.0..", "checker process failed to die - forcing termination"),
            ("2.0.0..", "vrrp process failed to die - forcing termination"),
            ("2.0.11..", "Terminating epoll_wait did not return signal_fd"),
            ("2.0.11..", "Terminating epoll_wait returned errno {errno}"),
            ("2.0.11..=2.0.20", "Wait for bfd child return errno {errno}"),
            ("2.0.11..=2.0.20", "Wait for checker child return errno {errno}"),
            ("2.0.11..=2.0.20", "Wait for vrrp child return errno {errno}"),
            (
                "2.1.0..",
                "Received SIGCHLD code {code} status {status} from pid {pid} while waiting for children to terminate",
            ),
            (
                "2.1.0..",
                "Received signal {signal} code {code} status {status} from pid {pid} while waiting for children to terminate",
            ),
            ("2.1.0..", "Wait for {child} child return errno {errno}"),
        ],
        sample: "Backstop thread invoked: shutdown timer not running, child count 2",
        source: "keepalived/core/main.c",
        proves: "Children did not end when they should have.",
        read: None,
    },
];

fn started(fields: &Fields<'_>) -> Option<Fact> {
    is_vrrp(fields)?;
    Some(Fact::Keepalived(Keepalived::VrrpChildStarted { child: fields.number("pid") }))
}

fn died(fields: &Fields<'_>) -> Option<Fact> {
    is_vrrp(fields)?;
    Some(Fact::Keepalived(Keepalived::VrrpChildDied))
}

/// 1.2.1 to 1.2.3: the parent and the vrrp child each end a mastership, the health checker does not.
fn terminating(fields: &Fields<'_>) -> Option<Fact> {
    if fields.get("child").is_some() {
        is_vrrp(fields)?;
    }
    stopping(fields)
}

fn is_vrrp(fields: &Fields<'_>) -> Option<()> {
    (fields.get("child")? == b"VRRP").then_some(())
}

//! The parent: start, stop, and time it did not run.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/daemon-start",
        texts: &[
            ("1.2.1..", "Starting Keepalived v{version} ({date})"),
            ("1.2.20..", "Starting Keepalived v{version} ({date}), git commit {git_commit}"),
        ],
        sample: "Starting Keepalived v2.2.7 (01/16,2022)",
        source: "keepalived/core/main.c",
        proves: "keepalived of this version starts; what it held before is over, and its instances begin as BACKUP.",
        read: Some(starting),
    },
    Message {
        id: "keepalived/daemon-stopping",
        texts: &[("1.2.1..=1.2.19", "Stopping Keepalived v{version} ({date})"), ("1.2.20..", "Stopping")],
        sample: "Stopping",
        source: "keepalived/core/main.c",
        proves: "keepalived was told to stop: its masterships end here, a second before the line that says it stopped.",
        read: Some(stopping),
    },
    Message {
        id: "keepalived/daemon-stopped",
        texts: &[
            ("1.2.20..", "Stopped Keepalived v{version} ({date})"),
            ("1.2.20..", "Stopped Keepalived v{version} ({date}), git commit {git_commit}"),
        ],
        sample: "Stopped Keepalived v2.2.7 (01/16,2022)",
        source: "keepalived/core/main.c",
        proves: "keepalived is gone; its masterships had ended with `Stopping`.",
        read: Some(stopped),
    },
    Message {
        id: "keepalived/daemon-command-line",
        // Each further line of a long command line is a message of its own.
        texts: &[("2.0.7..", "Command line: {arguments}"), ("..", "'{arguments}'")],
        sample: "Command line: '/usr/sbin/keepalived' '--dont-fork' '-D'",
        source: "lib/scheduler.c",
        proves: "The options keepalived runs with; without -D many lines are never written.",
        read: Some(command_line),
    },
    Message {
        id: "keepalived/timer-late",
        texts: &[
            ("2.1.0..", "A thread timer expired {seconds}.{microseconds} seconds ago"),
            ("2.2.8..", "VRRP thread timer expired {seconds}.{microseconds} seconds ago"),
        ],
        sample: "A thread timer expired 12.345678 seconds ago",
        source: "keepalived/vrrp/vrrp.c",
        proves: "The process was not running for so long, most often because the machine was paused; a MASTER may have lost its role meanwhile without knowing.",
        read: Some(timer_late),
    },
    Message {
        id: "keepalived/daemon-kernel",
        texts: &[
            (
                "1.4.0..",
                "Running on {kernel_name} {kernel_release} {version} (built for Linux {built_for}.{built_for2}.{built_for3})",
            ),
            (
                "2.2.0..",
                "WARNING - keepalived was built for newer Linux {built_for}.{built_for2}.{built_for3}, running on {kernel_name} {kernel_release} {version}",
            ),
        ],
        sample: "Running on Linux 6.1.0-13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29) (built for Linux 5.19.11)",
        source: "keepalived/core/main.c",
        proves: "The kernel keepalived runs on.",
        read: None,
    },
    Message {
        id: "keepalived/daemon-cpu",
        texts: &[(
            "2.1.0..",
            "CPU usage (self/children) user: {user}.{user2}/{child_user}.{child_user2} system: {system}.{system2}/{child_system}.{child_system2}",
        )],
        sample: "CPU usage (self/children) user: 0.002962/0.035357 system: 0.010000/0.301910",
        source: "keepalived/core/main.c",
        proves: "What the process used until it stopped.",
        read: None,
    },
    Message {
        id: "keepalived/daemon-already-running",
        texts: &[
            ("1.2.1..=2.3.1", "Remove a zombie pid file {pid_file}"),
            ("1.2.1..", "daemon is already running"),
            ("2.3.2..", "Another process has pid file {path} locked"),
        ],
        sample: "Remove a zombie pid file /run/keepalived.pid",
        source: "keepalived/core/pidfile.c",
        proves: "Another keepalived runs, or one died and left its pid file.",
        read: None,
    },
    Message {
        id: "keepalived/daemon-fork-error",
        texts: &[
            ("1.2.1..", "xdaemon: fork error"),
            ("1.2.1..", "xdaemon: setsid error"),
            ("1.2.4..", "xdaemon: chdir error"),
        ],
        sample: "xdaemon: fork error",
        source: "keepalived/core/daemon.c",
        proves: "keepalived could not become a daemon.",
        read: None,
    },
    Message {
        id: "keepalived/startup-delay",
        texts: &[
            ("2.0.14..", "Delaying startup for {seconds} seconds"),
            ("2.2.8..", "Delayed start completed"),
            ("2.3.2..", "Delaying startup for a further {seconds} seconds"),
            ("2.3.3..", "Reduced delayed start passed"),
        ],
        sample: "Delaying startup for 3 seconds",
        source: "keepalived/vrrp/vrrp_daemon.c",
        proves: "VRRP waits after the start, or the wait is over.",
        read: None,
    },
    Message {
        id: "keepalived/startup-script",
        texts: &[
            ("2.1.0..", "Call of shutdown script {script_path} failed"),
            ("2.1.0..", "Call of startup script {script_path} failed"),
            ("2.1.0..", "Running shutdown script {script_path}"),
            ("2.1.0..", "Running startup script {script_path}"),
            ("2.1.0..=2.1.5", "{type} script (PID {pid}) failed to terminate after kill"),
            ("2.1.0..=2.1.5", "{type} script (PID {pid}) lost"),
            ("2.1.0..", "{type} script failed, status {status}"),
            ("2.1.0..", "{type} script succeeded"),
            ("2.1.0..=2.1.5", "{type} script timed out"),
            ("2.1.0..=2.1.5", "{type} script {pid} timeout with unknown script state {arg}"),
            ("2.2.0..", "{type} (PID {pid}) failed to terminate after kill"),
            ("2.2.0..", "{type} (PID {pid}) lost"),
            ("2.2.0..", "{type} timed out"),
            ("2.2.0..", "{type} {pid} timeout with unknown script state {arg}"),
        ],
        sample: "Running startup script /etc/keepalived/start.sh",
        source: "keepalived/core/main.c",
        proves: "The script that runs before start or after stop, and how it ended.",
        read: None,
    },
    Message {
        id: "keepalived/ident-changed",
        texts: &[
            ("1.2.24..", "Changing syslog ident to {syslog_ident}"),
            ("1.2.24..", "Unable to change syslog ident"),
        ],
        sample: "Changing syslog ident to Keepalived_red",
        source: "keepalived/core/main.c",
        proves: "Later lines of this process carry another identifier.",
        read: None,
    },
    Message {
        id: "keepalived/process-priority",
        texts: &[
            ("1.2.20..", "Unable to lock process in memory - {errno_text}"),
            ("1.2.20..", "Unable to set process priority to {priority} - {errno_text}"),
            ("2.0.0..", "child process cannot set realtime rlimit"),
            ("2.0.0..", "child process: cannot raise priority"),
            (
                "2.0.0..=2.1.3",
                "{process_type} process has used too much CPU time, {option_prefix}_rlimit_rtime may need to be increased",
            ),
            ("2.0.7..", "Unable to reset process priority - {errno_text}"),
            ("2.0.7..", "child process cannot reset realtime rlimit"),
            ("2.0.7..", "child process: cannot reset realtime scheduling"),
            ("2.0.8..", "Unknown rlimit resource {resource}"),
            (
                "2.1.0..",
                "NOTICE: setting config option max_auto_priority should result in better keepalived performance",
            ),
            ("2.1.0..", "Set realtime priority {priority}"),
            (
                "2.1.4..",
                "{process_type} process has used too much CPU time, {option_prefix}_rlimit_rttime may need to be increased",
            ),
        ],
        sample: "NOTICE: setting config option max_auto_priority should result in better keepalived performance",
        source: "lib/signals.c",
        proves: "How the kernel treats the process; too little time makes false take-overs likelier.",
        read: None,
    },
    Message {
        id: "keepalived/dump-on-signal",
        texts: &[
            ("1.2.17..", "Printing VRRP data for process({pid}) on signal"),
            ("1.2.17..", "Printing VRRP stats for process({pid}) on signal"),
            ("1.3.8..=2.2.8", "Printing VRRP as json for process({pid}) on signal"),
            ("2.0.14..", "Printing checker data for process({pid}) on signal"),
            ("2.0.20..", "Printing BFD data for process({pid}) on signal"),
            ("2.1.0..", "Printing and clearing VRRP stats for process({pid}) on signal"),
            ("2.1.0..", "Printing parent data for process({pid}) on signal"),
        ],
        sample: "Printing VRRP data for process(4711) on signal",
        source: "keepalived/core/main.c",
        proves: "An operator asked for the state to be written to a file.",
        read: None,
    },
    Message {
        id: "keepalived/smtp-alert",
        texts: &[("1.2.1..", "SMTP alert successfully sent.")],
        sample: "SMTP alert successfully sent.",
        source: "keepalived/core/smtp.c",
        proves: "A mail about a change was sent.",
        read: None,
    },
];

fn starting(fields: &Fields<'_>) -> Option<Fact> {
    let version = fields.text("version").filter(|version| !version.is_empty() && &**version != "unknown");
    Some(Fact::Keepalived(Keepalived::Starting { version }))
}

pub(super) fn stopping(_: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::Stopping))
}

pub(super) fn stopped(_: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::Stopped))
}

fn timer_late(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::TimerLate { seconds: fields.number("seconds")? }))
}

fn command_line(fields: &Fields<'_>) -> Option<Fact> {
    let arguments = fields.text("arguments")?;
    let log_detail = arguments.split('\'').any(asks_for_detail);
    Some(Fact::Keepalived(Keepalived::CommandLine { log_detail }))
}

/// `--log-detail`, `-D`, or D among joined letters (`-nlD`), before one that takes the rest as its value.
fn asks_for_detail(argument: &str) -> bool {
    const TAKES_A_VALUE: &str = "fSpcrbsiutgAM";
    if argument == "--log-detail" {
        return true;
    }
    let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.starts_with('-')) else { return false };
    letters.chars().take_while(|letter| !TAKES_A_VALUE.contains(*letter)).any(|letter| letter == 'D')
}

//! Notify scripts. From 2.0.0 on nothing is logged when one starts: infer it from `Entering MASTER STATE`.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/script-opened",
        texts: &[("1.2.1..=1.4.5", "Opening script file {script_path}")],
        sample: "Opening script file /etc/keepalived/master.sh",
        source: "keepalived/vrrp/vrrp_notify.c",
        proves: "A notify script starts (only 1.x says so). How it ended is never said: whether the address moved must be seen elsewhere.",
        read: Some(opened),
    },
    Message {
        id: "keepalived/script-open-failed",
        texts: &[("1.2.1..=1.4.5", "Can't open {script_path} (errno {errno} {errno_text})")],
        sample: "Can't open /etc/keepalived/master.sh (errno 22 Invalid argument)",
        source: "keepalived/vrrp/vrrp_notify.c",
        proves: "The notify script cannot be read and was skipped, so what it should move was not moved.",
        read: Some(failed),
    },
    Message {
        id: "keepalived/script-exec-failed",
        texts: &[
            ("1.2.1..=1.2.24", "Couldn't exec command: {script_path}"),
            ("1.2.1..", "Error exec-ing command: {script_path}"),
            ("1.3.0..", "Couldn't find command: {script_path}"),
            ("1.3.0..=1.4.5", "Insufficient privilege to exec command: {script_path}"),
            ("2.0.0..=2.1.5", "Couldn't exec FIFO command: {script_path}"),
            ("2.0.0..", "Couldn't execute command: {script_path}"),
            ("2.0.0..=2.1.5", "Error exec-ing FIFO command: {script_path}"),
            ("2.0.0..", "Error exec-ing command '{script_path}', error {errno}: {errno_text}"),
        ],
        sample: "Error exec-ing command '/etc/keepalived/master.sh', error 2: No such file or directory",
        source: "lib/notify.c",
        proves: "A script could not be run; if it was a notify script, what it should move was not moved.",
        read: Some(failed),
    },
    Message {
        id: "keepalived/script-fork-failed",
        texts: &[("1.2.1..", "Failed fork process")],
        sample: "Failed fork process",
        source: "lib/notify.c",
        proves: "A script was not started because the process could not fork.",
        read: Some(failed),
    },
    Message {
        id: "keepalived/script-disabled",
        texts: &[
            ("1.3.0..=1.4.5", "Disabling notify script {script_path} due to insecure"),
            ("1.3.0..=1.3.5", "Disabling notify script {script_path} since not found"),
            ("1.3.0..", "Disabling track script {script} due to insecure"),
            ("1.3.0..=1.3.5", "Disabling track script {script} since not found"),
            ("1.3.0..=1.3.5, 2.0.0..", "Unable to set uid/gid for script {script_path}"),
            ("1.3.0..=1.3.1", "Unsafe permissions found for script '{script_path}' executed by root."),
            (
                "1.3.0..=1.3.1",
                "WARNING - script '{script_path}' is not executable for uid:gid {uid}:{gid}. Please fix.",
            ),
            ("1.3.0..=1.4.5", "check_script_secure could not find script '{script_path}'"),
            ("1.3.0..=1.4.5", "check_script_secure('{script_path}') returned errno {errno} - {errno_text}"),
            ("1.3.2..=1.4.5", "Cannot find script {script_path} in path"),
            ("1.3.2..=1.4.5", "Permissions failure for script {script_path} in path"),
            ("1.3.2..=1.4.5", "Unable to access script `{script_path}`"),
            ("1.3.2..", "Unable to restore egid after script search ({errno_text})"),
            ("1.3.2..", "Unable to restore euid after script search ({errno_text})"),
            ("1.3.2..", "Unable to set egid to {gid} ({errno_text})"),
            ("1.3.2..", "Unable to set euid to {uid} ({errno_text})"),
            ("1.3.2..", "Unsafe permissions found for script '{script_path}'."),
            (
                "1.3.2..=1.3.9, 2.0.0..",
                "WARNING - script '{script_path}' is not executable for uid:gid {uid}:{gid} - disabling.",
            ),
            (
                "1.3.2..",
                "WARNING - script `{command}` resolved by path search to `{resolved}`. Please specify full path.",
            ),
            ("1.3.6..=1.4.5", "Disabling notify script {script_path} since not found/accessible"),
            ("1.3.6..", "Disabling track script {script} since not found/accessible"),
            ("1.3.6..=2.1.5", "FIFO notify script {script_path} is not executable"),
            ("1.3.6..", "Script {script_path} cannot be accessed - {errno_text}"),
            ("1.3.6..=1.4.5", "Unable to execute FIFO notify script {script_path} - errno {errno}"),
            ("1.3.6..=2.2.4", "Unable to restore uid:gid {uid}:{gid} after checking script {command}"),
            ("1.3.6..=2.2.4", "Unable to restore uid:gid {uid}:{gid} after script {command}"),
            ("1.3.6..=1.4.5", "Unable to set uid/gid for script {script} - disabling"),
            ("1.3.6..", "Unable to set uid:gid {uid}:{gid} for script {script_path} - disabling"),
            ("1.4.0..=1.4.5", "WARNING - script '{script_path}' is not executable by uid:gid {uid}:{gid} - disabling."),
            ("1.4.0..", "Wrong file type found in script path '{script_path}'."),
            ("2.0.0..", "Cannot find script {script_path} in path - disabling"),
            ("2.0.0..", "Permissions failure for script {script_path} in path - disabling"),
            ("2.0.0..", "Please add a #! shebang to script {command}"),
            ("2.0.0..", "Unable to access script `{script_path}` - disabling"),
            ("2.0.0..=2.1.5", "Unable to execute FIFO notify script {script_path} - errno {errno} - {errno_text}"),
            ("2.0.0..", "Unsafe permissions found for script '{script_path}' - disabling."),
            ("2.0.0..", "check_script_secure could not find script '{script_path}' - disabling"),
            ("2.0.0..", "check_script_secure('{script_path}') returned errno {errno} - {errno_text} - disabling"),
            ("2.0.6..", "Unable to parse notify script"),
            ("2.0.6..", "Unable to parse script '{config_value}' - ignoring"),
            ("2.0.6..", "notify_fifo_script {script_path} no room to add parameter {param}"),
            ("2.2.5..", "Unable to restore uid:gid from {our_uid}:{our_gid} {uid}:{gid} after script {command}"),
            (
                "2.2.5..",
                "Unable to restore uid:gid {our_uid}:{our_gid} from {uid}:{gid} after checking script {command}",
            ),
        ],
        sample: "WARNING - script '/etc/keepalived/master.sh' is not executable for uid:gid 0:0 - disabling.",
        source: "keepalived/vrrp/vrrp_parser.c",
        proves: "A script was found missing, unsafe or not executable at load; from then on it never runs.",
        read: Some(disabled),
    },
    Message {
        id: "keepalived/script-exit-status",
        texts: &[
            ("..", "{script_path} exited with status {status}"),
            ("..", "{script_path} exited due to signal {signal}"),
        ],
        sample: "/etc/keepalived/check_dns.sh exited with status 1",
        source: "lib/scheduler.c",
        proves: "A child that is no keepalived process, a check or a notify script, ended with an error; which of the two is not said.",
        read: None,
    },
    Message {
        id: "keepalived/script-privilege-failed",
        texts: &[
            ("1.3.2..", "Couldn't setgid: {gid} ({errno_text})"),
            ("1.3.2..", "Couldn't setgroups: {gid} ({errno_text})"),
            ("1.3.2..", "Couldn't setuid: {uid} ({errno_text})"),
            ("1.3.2..", "Unable to restore supplementary groups after script search ({errno_text})"),
            ("1.3.2..", "Unable to set supplementary gids ({errno_text})"),
            ("2.0.17..", "Unable to get number of supplementary gids ({errno_text})"),
        ],
        sample: "Couldn't setuid: 1000 (Operation not permitted)",
        source: "lib/notify.c",
        proves: "The process could not change its user for a script, which therefore did not run.",
        read: None,
    },
    Message {
        id: "keepalived/script-security",
        texts: &[
            ("1.3.0..", "SECURITY VIOLATION - scripts are being executed but script_security not enabled."),
            (
                "1.3.0..",
                "SECURITY VIOLATION - scripts are being executed but script_security not enabled. There are insecure scripts.",
            ),
            (
                "2.1.0..",
                "SECURITY VIOLATION - start/shutdown scripts are being executed but script_security not enabled.",
            ),
            (
                "2.1.0..",
                "SECURITY VIOLATION - start/shutdown scripts are being executed but script_security not enabled. There are insecure scripts.",
            ),
        ],
        sample: "SECURITY VIOLATION - scripts are being executed but script_security not enabled.",
        source: "keepalived/core/main.c",
        proves: "Scripts run as root although somebody else could change them; they do run.",
        read: None,
    },
    Message {
        id: "keepalived/script-user",
        texts: &[
            ("1.3.0..=1.3.5", "Invalid user/group for notify script {script_path}"),
            ("1.3.0..", "Script group '{group_name}' does not exist"),
            ("1.3.0..", "Script user '{username}' does not exist"),
            ("1.3.0..=1.3.5", "Setting default script user to '{username}', uid:gid {uid}:{gid}"),
            ("1.3.0..=2.2.4", "Unable to resolve default script username '{username}' - ignoring"),
            ("1.3.0..", "Unable to resolve script group name '{group_name}' - ignoring"),
            ("1.3.0..", "Unable to resolve script username '{username}' - ignoring"),
            (
                "1.3.0..=2.2.4",
                "WARNING - default user '{username}' for script execution does not exist - please create.",
            ),
            ("1.3.6..=2.2.4", "Default script group '{group_name}' does not exist"),
            ("1.3.6..=2.2.4", "Default script user '{username}' does not exist"),
            ("1.3.6..", "Failed to set default user for {type} script {script_path} - ignoring"),
            ("1.3.6..", "Invalid user/group for {type} script {script_path} - ignoring"),
            ("1.3.6..=2.2.4", "Unable to resolve default script group name '{group_name}' - ignoring"),
            ("1.3.6..", "Unable to set default user for vrrp script {script} - removing"),
            ("2.2.5..", "Unable to set default user {username} for script"),
        ],
        sample: "Script user 'keepalived_script' does not exist",
        source: "lib/notify.c",
        proves: "The user for scripts does not exist or cannot be used; scripts may run as root or not at all.",
        read: None,
    },
    Message {
        id: "keepalived/config-rx-lower-pri",
        texts: &[(
            "2.0.6..",
            "({instance}) notify_master_rx_lower_pri script already specified - ignoring {config_value}",
        )],
        sample: "(VI_1) notify_master_rx_lower_pri script already specified - ignoring /etc/keepalived/master.sh",
        source: "keepalived/vrrp/vrrp_parser.c",
        proves: "notify_master_rx_lower_pri is configured, twice even; the first script counts.",
        read: None,
    },
    Message {
        id: "keepalived/notify-fifo",
        texts: &[
            ("1.3.6..=1.4.5", " Global notify fifo = {name}"),
            ("1.3.6..=1.4.5", " Global notify fifo script = {script_path} uid:gid {uid}:{gid}"),
            ("1.3.6..=1.4.5", " LVS notify fifo = {name}"),
            ("1.3.6..=1.4.5", " LVS notify fifo script = {script_path} uid:gid {uid}:{gid}"),
            ("1.3.6..=1.4.5", " VRRP notify fifo = {name}"),
            ("1.3.6..=1.4.5", " VRRP notify fifo script = {script_path} uid:gid {uid}:{gid}"),
            ("1.3.6..", "LVS notify FIFO and vrrp FIFO are the same both with scripts - ignoring LVS FIFO script"),
            ("1.3.6..", "Unable to create {type}notify fifo {name}"),
            ("1.3.6..", "Unable to open {type}notify fifo {name} - errno {errno}"),
            ("1.3.6..", "lvs notify fifo script terminated"),
            ("1.3.6..", "notify FIFO {name} has been specified for global and LVS FIFO - ignoring LVS FIFO"),
            ("1.3.6..", "notify FIFO {name} has been specified for global and vrrp FIFO - ignoring vrrp FIFO"),
            ("1.3.6..", "vrrp notify fifo script terminated"),
            ("2.4.0..", "notify fifo write error: {errno_text}"),
            ("2.4.0..", "vrrp notify fifo write error: {errno_text}"),
            ("2.4.0..", "{type}notify fifo {name} is not a fifo we own - not using"),
        ],
        sample: "LVS notify FIFO and vrrp FIFO are the same both with scripts - ignoring LVS FIFO script",
        source: "lib/notify.c",
        proves: "What became of a notify FIFO or of the program that reads it.",
        read: None,
    },
];

fn opened(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::ScriptOpened { path: fields.text("script_path")? }))
}

/// Only a line with a `script_path` is about a script that will not run: others name a tracked check (`script`), advise
/// (`command`), or tell of privileges.
fn disabled(fields: &Fields<'_>) -> Option<Fact> {
    fields.get("script_path")?;
    failed(fields)
}

fn failed(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::ScriptFailed { path: fields.text("script_path") }))
}

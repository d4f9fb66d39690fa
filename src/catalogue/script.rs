//! What the command lines of clouds print when a script moves an address with them.
//!
//! A notify script's output reaches the log under keepalived's unit or tag, or under a tag of its own (`logger -t master.sh`). Its
//! own words are its author's, but these are not: they are read from their first to their last word and need no pattern of the
//! operator's. Other clouds' are welcome as rows; where a command prints nothing there is nothing to read.

use super::message::{Fields, Message};
use crate::event::{Fact, SiteFact, Text};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "script/address-associated",
        texts: &[
            ("..", "\"AssociationId\": \"{association}\""),
            ("..", "Floating IP {allocation} assigned to server {instance}"),
        ],
        sample: "\"AssociationId\": \"eipassoc-03f0123456789abcd\"",
        source: "aws-cli (ec2 associate-address), hcloud (floating-ip assign)",
        proves: "A script or a hand on this node moved an address, and the cloud agreed. Which address and whereto is not in the line: scripts take it to the node they run on.",
        read: Some(|_| Some(fact(SiteFact::AddressClaimed { address: None, node: None }))),
    },
    Message {
        id: "script/address-refused",
        texts: &[
            ("..", "An error occurred ({error}) when calling the AssociateAddress operation: {reason}"),
            ("..", "ERROR: (gcloud.compute.{command}) {reason}"),
        ],
        sample: "An error occurred (UnauthorizedOperation) when calling the AssociateAddress operation: You are not authorized to perform this operation.",
        source: "botocore/exceptions.py, gcloud (compute)",
        proves: "A script or a hand on this node tried to move an address and was refused: this try moved nothing. A script may try again.",
        read: Some(|_| Some(fact(SiteFact::TakeoverFailed { address: None, node: None }))),
    },
];

/// Whatever else a script says.
pub(super) static LINE: Message = Message {
    id: "script/line",
    texts: &[("..", "{words}")],
    sample: "no answer from the metadata service, trying again",
    source: "a notify script's author",
    proves: "A script of keepalived spoke. What it means is its author's: a [[pattern]] in driftline.toml says it.",
    read: Some(|_| Some(Fact::Site { name: Text::from("script"), what: SiteFact::Note })),
};

fn fact(what: SiteFact) -> Fact {
    Fact::Site { name: Text::from("cloud-command"), what }
}

/// A line of a script that no row reads; `fields` is cleared and filled.
pub(super) fn read_any<'a>(message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let words = message.trim_ascii();
    if words.is_empty() {
        return None;
    }
    fields.push("words", words);
    Some(&LINE)
}

/// Reads a whole message; `fields` is cleared and filled.
pub(super) fn read<'a>(message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let text = message.trim_ascii();
    if associated(text, fields).is_some() {
        return ROWS.first();
    }
    fields.clear();
    if refused(text, fields).or_else(|| refused_by_gcloud(text, fields)).is_some() {
        return ROWS.last();
    }
    fields.clear();
    None
}

fn associated<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let inner = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")).unwrap_or(text).trim_ascii();
    if let Some(rest) = inner.strip_prefix(b"\"AssociationId\":") {
        let id = rest.trim_ascii().strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let is_id = id.strip_prefix(b"eipassoc-").is_some_and(|rest| rest.iter().all(u8::is_ascii_alphanumeric));
        is_id.then(|| fields.push("association", id))?;
        return Some(());
    }
    let (address, rest) = number(text.strip_prefix(b"Floating IP ")?)?;
    let (server, rest) = number(rest.strip_prefix(b" assigned to server ")?)?;
    rest.is_empty().then_some(())?;
    fields.push("allocation", address);
    fields.push("instance", server);
    Some(())
}

/// What of `gcloud compute` moves an address: others fail for reasons of their own.
const GCLOUD_MOVES: [&[u8]; 4] = [
    b"instances.add-access-config",
    b"instances.network-interfaces.update",
    b"forwarding-rules.set-target",
    b"routes.create",
];

fn refused_by_gcloud<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let rest = text.strip_prefix(b"ERROR: (gcloud.")?;
    let rest = rest.strip_prefix(b"alpha.").or_else(|| rest.strip_prefix(b"beta.")).unwrap_or(rest);
    let rest = rest.strip_prefix(b"compute.")?;
    let close = rest.iter().take(100).position(|byte| *byte == b')')?;
    let (command, rest) = rest.split_at(close);
    GCLOUD_MOVES.contains(&command).then_some(())?;
    fields.push("command", command);
    fields.push("reason", rest.strip_prefix(b") ")?.trim_ascii());
    Some(())
}

fn refused<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let text = text.strip_prefix(b"aws: [ERROR]: ").unwrap_or(text);
    let rest = text.strip_prefix(b"An error occurred (")?;
    let close = rest.iter().take(100).position(|byte| *byte == b')')?;
    let (error, rest) = rest.split_at(close);
    let rest = rest.strip_prefix(b") when calling the AssociateAddress operation")?;
    let (retries, reason) = match rest.strip_prefix(b" (") {
        Some(behind) => {
            let close = behind.iter().take(100).position(|byte| *byte == b')')?;
            (Some(&behind[..close]), &behind[close + 1..])
        }
        None => (None, rest),
    };
    let reason = reason.strip_prefix(b":")?.trim_ascii();
    fields.push("error", error);
    if let Some(retries) = retries {
        fields.push("retries", retries);
    }
    fields.push("reason", reason);
    Some(())
}

fn number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| text.split_at(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> String {
        let mut fields = Fields::default();
        let row = read(message.as_bytes(), &mut fields);
        let shown: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
        format!("{} {}", row.map_or("-", |row| row.id), shown.join(" "))
    }

    #[test]
    fn the_command_lines_own_words_are_read() {
        for row in ROWS {
            assert!(told(row.sample).starts_with(row.id), "{}", row.sample);
        }
        for (message, expected) in [
            ("    \"AssociationId\": \"eipassoc-03f0\"", "script/address-associated association=eipassoc-03f0"),
            ("{\"AssociationId\": \"eipassoc-03f0\"}", "script/address-associated association=eipassoc-03f0"),
            ("Floating IP 42 assigned to server 4711", "script/address-associated allocation=42 instance=4711"),
            (
                "An error occurred (RequestLimitExceeded) when calling the AssociateAddress operation (reached max retries: 4): Slow down.",
                "script/address-refused error=RequestLimitExceeded retries=reached max retries: 4 reason=Slow down.",
            ),
            (
                "ERROR: (gcloud.compute.instances.add-access-config) Could not fetch resource:",
                "script/address-refused command=instances.add-access-config reason=Could not fetch resource:",
            ),
            (
                "ERROR: (gcloud.beta.compute.routes.create) There was a problem refreshing your current auth tokens:",
                "script/address-refused command=routes.create reason=There was a problem refreshing your current auth tokens:",
            ),
        ] {
            assert_eq!(told(message), expected, "{message}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for message in [
            "",
            "{",
            "}",
            "\"AssociationId\": \"x\"",
            "\"AssociationId\": \"eipassoc-03f0\", and more",
            "\"AssociationId\": \"eipassoc-03 f0\"",
            "he said \"AssociationId\": \"eipassoc-03f0\"",
            "An error occurred (X) when calling the DescribeAddresses operation: no",
            "An error occurred when calling the AssociateAddress operation: no",
            "ERROR: (gcloud.compute.instances.describe) Could not fetch resource:",
            "ERROR: (gcloud.compute.routes.create)",
            "Floating IP x assigned to server 4711",
            "Floating IP 42 assigned to server 4711 by a stranger",
        ] {
            assert_eq!(told(message), "- ", "{message}");
        }
    }
}

//! What AWS tells of an Elastic IP: CloudTrail's records of the calls that move it, and what `aws ec2 describe-addresses` lists.
//!
//! Every part of a record may be missing, and a record is one JSON object; so a row's text is what such an object contains. The
//! fields are told by names of our own, one for each thing, whatever the API calls it where.

use super::message::{Fields, Message};
use crate::event::{Cloud, CloudFact, Fact, Text};
use serde_json::Value;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "aws/associate-address",
        texts: &[("..", "\"eventName\":\"AssociateAddress\"")],
        sample: r#"{"eventTime":"2020-08-08T21:01:17Z","eventSource":"ec2.amazonaws.com","eventName":"AssociateAddress","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/dns/i-0abc"},"requestParameters":{"allocationId":"eipalloc-0a","instanceId":"i-0abc","allowReassociation":true},"responseElements":{"associationId":"eipassoc-0b"},"eventID":"e1"}"#,
        source: "CloudTrail, EC2 API",
        proves: "The Elastic IP was tied to this instance in this second, and to no other one from then on; with errorCode: the call was refused and moved nothing.",
        read: Some(|fields| Some(fact(CloudFact::Associated, fields))),
    },
    Message {
        id: "aws/disassociate-address",
        texts: &[("..", "\"eventName\":\"DisassociateAddress\"")],
        sample: r#"{"eventTime":"2020-08-08T21:01:17Z","eventSource":"ec2.amazonaws.com","eventName":"DisassociateAddress","userIdentity":{"type":"IAMUser","userName":"alice"},"requestParameters":{"associationId":"eipassoc-0b"},"eventID":"e2"}"#,
        source: "CloudTrail, EC2 API",
        proves: "The Elastic IP was where this tie held it, up to this second; with errorCode: the call was refused.",
        read: Some(|fields| Some(fact(CloudFact::Disassociated, fields))),
    },
    Message {
        id: "aws/address-snapshot",
        texts: &[("..", "\"PublicIp\":")],
        sample: r#"{"InstanceId":"i-0abc","PublicIp":"192.0.2.10","AllocationId":"eipalloc-0a","AssociationId":"eipassoc-0b","Domain":"vpc","NetworkInterfaceId":"eni-0d","PrivateIpAddress":"198.51.100.7"}"#,
        source: "aws ec2 describe-addresses",
        proves: "What the Elastic IP was tied to when it was listed, and which instance, interface and private address are one machine. The listing itself names no time.",
        read: Some(|fields| Some(fact(CloudFact::Listed, fields))),
    },
];

/// Reads a record; `fields` is cleared and filled. `None`: it is about something else.
pub(super) fn read(message: &[u8], fields: &mut Fields<'_>) -> Option<&'static Message> {
    fields.clear();
    let record: Value = serde_json::from_slice(message).ok()?;
    let name = match text_at(&record, &["eventName"]) {
        Some("AssociateAddress") => "aws/associate-address",
        Some("DisassociateAddress") => "aws/disassociate-address",
        Some(_) => return None,
        None => "aws/address-snapshot",
    };
    if name == "aws/address-snapshot" {
        text_at(&record, &["PublicIp"])?;
        listed(&record, fields);
    } else {
        called(&record, fields);
    }
    ROWS.iter().find(|row| row.id == name)
}

fn called(record: &Value, fields: &mut Fields<'_>) {
    const REQUEST: &str = "requestParameters";
    const RESPONSE: &str = "responseElements";
    tell(record, fields, "record", &[&["eventID"]]);
    tell(record, fields, "address", &[&[REQUEST, "publicIp"], &[RESPONSE, "publicIp"]]);
    tell(record, fields, "allocation", &[&[REQUEST, "allocationId"]]);
    tell(record, fields, "association", &[&[RESPONSE, "associationId"], &[REQUEST, "associationId"]]);
    tell(record, fields, "instance", &[&[REQUEST, "instanceId"]]);
    tell(record, fields, "interface", &[&[REQUEST, "networkInterfaceId"]]);
    tell(record, fields, "private_address", &[&[REQUEST, "privateIpAddress"]]);
    if let Some(caller) = caller(record) {
        fields.push("caller", caller.as_bytes().to_vec());
    }
    tell(record, fields, "error", &[&["errorCode"]]);
    tell(record, fields, "reason", &[&["errorMessage"]]);
}

fn listed(record: &Value, fields: &mut Fields<'_>) {
    tell(record, fields, "address", &[&["PublicIp"]]);
    tell(record, fields, "allocation", &[&["AllocationId"]]);
    tell(record, fields, "association", &[&["AssociationId"]]);
    tell(record, fields, "instance", &[&["InstanceId"]]);
    tell(record, fields, "interface", &[&["NetworkInterfaceId"]]);
    tell(record, fields, "private_address", &[&["PrivateIpAddress"]]);
}

/// Who called: a user by name; a role by its session, which is the instance's id where an instance has the role.
fn caller(record: &Value) -> Option<&str> {
    let session = text_at(record, &["userIdentity", "arn"]).and_then(|arn| arn.rsplit_once('/')).map(|(_, name)| name);
    let is_role = text_at(record, &["userIdentity", "type"]) == Some("AssumedRole");
    let user = text_at(record, &["userIdentity", "userName"]);
    let named = if is_role { session.or(user) } else { user.or(session) };
    let service = || text_at(record, &["userIdentity", "invokedBy"]);
    let kind = || text_at(record, &["userIdentity", "type"]);
    named.or_else(service).or_else(kind).filter(|name| !name.is_empty())
}

fn tell(record: &Value, fields: &mut Fields<'_>, name: &'static str, paths: &[&[&str]]) {
    if let Some(value) = paths.iter().find_map(|path| text_at(record, path)) {
        fields.push(name, value.as_bytes().to_vec());
    }
}

fn text_at<'v>(record: &'v Value, path: &[&str]) -> Option<&'v str> {
    let value = path.iter().try_fold(record, |value, key| value.get(key))?;
    value.as_str().filter(|text| !text.is_empty())
}

fn fact(what: CloudFact, fields: &Fields<'_>) -> Fact {
    let target = ["instance", "interface", "private_address"];
    Fact::Cloud(Box::new(Cloud {
        what,
        record: fields.text("record"),
        address: fields.text("address"),
        allocation: fields.text("allocation"),
        association: fields.text("association"),
        target: target.iter().filter_map(|name| fields.text(name)).collect::<Vec<Text>>(),
        caller: fields.text("caller"),
        refused: fields.text("error"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(record: &str) -> String {
        let mut fields = Fields::default();
        let row = read(record.as_bytes(), &mut fields);
        let shown: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
        format!("{} {}", row.map_or("-", |row| row.id), shown.join(" "))
    }

    #[test]
    fn samples_are_read() {
        let samples: Vec<String> = ROWS.iter().map(|row| told(row.sample)).collect();
        assert_eq!(
            samples,
            [
                "aws/associate-address record=e1 allocation=eipalloc-0a association=eipassoc-0b instance=i-0abc caller=i-0abc",
                "aws/disassociate-address record=e2 association=eipassoc-0b caller=alice",
                "aws/address-snapshot address=192.0.2.10 allocation=eipalloc-0a association=eipassoc-0b instance=i-0abc interface=eni-0d private_address=198.51.100.7",
            ]
        );
    }

    #[test]
    fn every_part_may_be_missing() {
        assert_eq!(told(r#"{"eventName":"AssociateAddress"}"#), "aws/associate-address ");
        assert_eq!(
            told(
                r#"{"eventName":"AssociateAddress","errorCode":"Client.UnauthorizedOperation","responseElements":null,"userIdentity":{"type":"Root"}}"#
            ),
            "aws/associate-address caller=Root error=Client.UnauthorizedOperation"
        );
        for other in
            [r#"{"eventName":"RunInstances"}"#, "{}", "[]", "", r#"{"eventName":7,"x":[]}"#, "{\"PublicIp\":7}"]
        {
            assert_eq!(told(other), "- ", "{other}");
        }
    }
}

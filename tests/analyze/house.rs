//! Who is who: what the logs show of nodes, addresses and groups, what the operator states, and where the two disagree.

use crate::common::{analyze, analyze_with, logs, parsed};
use driftline::pipeline::{Options, StatedNode, StatedUnit, Topology, Unit};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const QUIET_DAY: &str = "samples/split-brain/ordinary-day";

fn caveats(report: &Value, kind: &str) -> Vec<String> {
    let all = report["caveats"].as_array().expect("caveats are a list").iter();
    all.filter(|caveat| caveat["kind"] == kind)
        .map(|caveat| caveat["text"].as_str().expect("a caveat has a text").to_owned())
        .collect()
}

/// A quiet day under what the operator states.
fn under(topology: Topology) -> Value {
    let options = Options { topology: Arc::new(topology), ..Options::default() };
    parsed(&analyze_with(&[Path::new(QUIET_DAY)], &options, 2))
}

fn unit(nodes: &[&str], preferred: &str, resource: &str) -> StatedUnit {
    StatedUnit {
        unit: Unit::Instance("VI_1".into()),
        nodes: nodes.iter().map(|node| (*node).into()).collect(),
        preferred: Some(preferred.into()),
        resource: Some(resource.into()),
        resource_ids: [].into(),
    }
}

fn node(change: impl FnOnce(&mut StatedNode)) -> StatedNode {
    let mut node = StatedNode::default();
    change(&mut node);
    node
}

#[test]
fn the_logs_show_who_shares_what_and_which_address_is_whose() {
    let report = parsed(&analyze(&[Path::new(QUIET_DAY)]));
    assert_eq!(
        report["groups"],
        json!([{"instance": "VI_1", "group": null, "nodes": ["dnsmaster", "dnsmaster2"], "proven": true,
                "masters": ["dnsmaster"], "preferred": null, "resource": "18.184.0.10"}])
    );
    let of = |key: &str| -> Vec<Value> {
        report["nodes"].as_array().expect("nodes are a list").iter().map(|node| node[key].clone()).collect()
    };
    assert_eq!(of("addresses"), [json!(["10.0.1.11"]), json!(["10.0.2.11"]), json!([]), json!([])]);
    assert_eq!(of("asks"), [json!([]), json!([]), json!(["18.184.0.10"]), json!(["18.184.0.10"])]);
    assert_eq!(report["nodes"][0]["addresses_known"][0]["by"], "adverts");
    assert_eq!(caveats(&report, "contradiction"), [""; 0]);
}

#[test]
fn nothing_is_said_against_what_is_stated_rightly() {
    let mut topology = Topology::default();
    topology.units.push(unit(&["dnsmaster", "dnsmaster2"], "dnsmaster", "18.184.0.10"));
    topology.nodes.insert(
        "dnsmaster".into(),
        node(|node| {
            node.addresses = ["10.0.1.11".into()].into();
            node.roles = ["primary".into(), "vrrp".into()].into();
            node.notifies = ["dnsslave1".into(), "dnsslave2".into()].into();
        }),
    );
    let report = under(topology);
    assert_eq!(caveats(&report, "contradiction"), [""; 0]);
    assert_eq!(caveats(&report, "missing"), [""; 0]);
    assert_eq!(report["nodes"][0]["addresses_known"], json!([{"address": "10.0.1.11", "by": "stated", "since": null}]));
    assert_eq!(report["groups"][0]["preferred"], "dnsmaster");
}

#[test]
fn what_is_stated_and_cannot_be_is_told() {
    let mut topology = Topology::default();
    topology.units.push(unit(&["dnsmaster", "dnsmaster2"], "dnsmaster2", "198.51.100.77"));
    topology.nodes.insert("dnsmaster".into(), node(|node| node.addresses = ["10.0.2.11".into()].into()));
    topology.nodes.insert("dnsslave1".into(), node(|node| node.roles = ["primary".into()].into()));
    topology.nodes.insert("dnsslave9".into(), StatedNode::default());
    let report = under(topology);
    assert_eq!(
        caveats(&report, "contradiction"),
        [
            "the configuration has 198.51.100.77 move with VI_1, but no secondary asks it: its nodes answer at 18.184.0.10.",
            "the configuration gives 10.0.2.11 to dnsmaster, but the lines to dnsmaster2: its adverts come from there.",
            "the configuration prefers dnsmaster2 in VI_1, but to dnsmaster its adverts were the lower ones, never the other way round.",
            "the configuration has dnsslave1 as primary, but its lines show it as secondary too.",
        ]
    );
    assert_eq!(caveats(&report, "missing"), ["the configuration names dnsslave9, but no line of it is here."]);
}

#[test]
fn a_peer_that_is_not_stated_is_told() {
    let mut topology = Topology::default();
    topology.units.push(unit(&["dnsmaster", "ns7"], "dnsmaster", "18.184.0.10"));
    let report = under(topology);
    let told = caveats(&report, "contradiction");
    assert_eq!(told, ["the lines show dnsmaster2 as a peer in VI_1, but the configuration does not."]);
}

#[test]
fn a_secondary_whose_log_is_not_here_is_missed() {
    let here: Vec<PathBuf> =
        logs(Path::new(QUIET_DAY)).into_iter().filter(|path| !path.ends_with("dnsslave2.log")).collect();
    assert_eq!(here.len(), 3);
    let told = caveats(&parsed(&analyze(&here)), "missing");
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(
        told.starts_with("it serves or notifies 2 addresses (198.51.100.21, 198.51.100.22), and the log of 1"),
        "{told}"
    );
}

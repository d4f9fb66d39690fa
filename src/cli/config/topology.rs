//! `[[node]]`, `[[instance]]` and `[[group]]` of `driftline.toml`: who is who, and what moves between whom.

use crate::event::Text;
use crate::pipeline::{StatedNode, StatedUnit, Topology, Unit};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    name: Spanned<String>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
    #[serde(default)]
    cloud_ids: Vec<Spanned<String>>,
    #[serde(default)]
    notifies: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    Primary,
    Secondary,
    Vrrp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shared {
    name: Spanned<String>,
    #[serde(default)]
    nodes: Vec<String>,
    preferred: Option<Spanned<String>>,
    resource: Option<String>,
    #[serde(default)]
    resource_ids: Vec<String>,
}

/// What the tables state, or the byte where something is wrong and what.
pub(super) fn of(nodes: Vec<Node>, instances: Vec<Shared>, groups: Vec<Shared>) -> Result<Topology, (usize, String)> {
    let mut topology = Topology::default();
    // A word that stood for two nodes would give one's evidence to the other.
    let mut taken = BTreeMap::<String, String>::new();
    for node in nodes {
        let name = node.name.get_ref().clone();
        let words = [&node.aliases, &node.addresses, &node.cloud_ids].into_iter().flatten();
        for word in std::iter::once(&node.name).chain(words) {
            if word.get_ref().is_empty() {
                return Err((word.span().start, format!("a name of the node {name:?} is empty")));
            }
            match taken.insert(word.get_ref().clone(), name.clone()) {
                Some(other) if other != name => {
                    return Err((
                        word.span().start,
                        format!("{:?} stands for both {other:?} and {name:?}", word.get_ref()),
                    ));
                }
                Some(_) if word.span() == node.name.span() => {
                    return Err((word.span().start, format!("there are two nodes called {name:?}")));
                }
                Some(_) | None => {}
            }
        }
        let roles = node.roles.iter().map(|role| match role {
            Role::Primary => Text::from("primary"),
            Role::Secondary => Text::from("secondary"),
            Role::Vrrp => Text::from("vrrp"),
        });
        let stated = StatedNode {
            roles: roles.collect(),
            aliases: spanned(node.aliases),
            addresses: spanned(node.addresses),
            cloud_ids: spanned(node.cloud_ids),
            notifies: texts(node.notifies),
        };
        topology.nodes.insert(Text::from(name), stated);
    }
    for instance in instances {
        add_unit(&mut topology, instance, Unit::Instance)?;
    }
    for group in groups {
        add_unit(&mut topology, group, Unit::Group)?;
    }
    Ok(topology)
}

fn add_unit(topology: &mut Topology, shared: Shared, unit: fn(Text) -> Unit) -> Result<(), (usize, String)> {
    let name = shared.name.get_ref().clone();
    let at = shared.name.span().start;
    let unit = unit(Text::from(name.clone()));
    let nodes = texts(shared.nodes);
    let preferred = shared.preferred.as_ref().map(|node| Text::from(node.get_ref().clone()));
    if let (Some(node), Some(stated)) = (&preferred, &shared.preferred)
        && !nodes.is_empty()
        && !nodes.contains(node)
    {
        return Err((stated.span().start, format!("the preferred node {node:?} is none of the nodes of {name:?}")));
    }
    // `VI_1` is everybody's name: two of that name are two, if they share no node.
    let same = topology.units.iter().filter(|other| other.unit == unit);
    for other in same {
        if nodes.is_empty() || other.nodes.is_empty() || !other.nodes.is_disjoint(&nodes) {
            return Err((at, format!("{name:?} is there twice: each needs nodes of its own")));
        }
    }
    let resource = shared.resource.map(Text::from);
    topology.units.push(StatedUnit { unit, nodes, preferred, resource, resource_ids: texts(shared.resource_ids) });
    Ok(())
}

fn texts(words: Vec<String>) -> BTreeSet<Text> {
    words.into_iter().map(Text::from).collect()
}

fn spanned(words: Vec<Spanned<String>>) -> BTreeSet<Text> {
    words.into_iter().map(|word| Text::from(word.into_inner())).collect()
}

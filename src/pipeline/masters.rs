//! When which node was MASTER, as the world has it, for the picture in the report.

use crate::finding::Bound;
use crate::report::{Masterships, Stretch};
use crate::world::{End, Mastership, World};

/// Of every node of every peer group; ordered by node and instance.
pub(super) fn of(world: &World) -> Vec<Masterships> {
    let mut all: Vec<Masterships> = world
        .groups()
        .iter()
        .flat_map(|group| {
            group.nodes.iter().map(|(node, masterships)| Masterships {
                node: node.clone(),
                instance: group.unit.name().clone(),
                seen_until: world.nodes.get(node).and_then(|facts| facts.last),
                stretches: masterships.iter().map(stretch).collect(),
            })
        })
        .collect();
    all.sort_by(|a, b| (&a.node, &a.instance).cmp(&(&b.node, &b.instance)));
    all
}

fn stretch(mastership: &Mastership) -> Stretch {
    let died = matches!(mastership.end, Some((End::Died, _)));
    let said = mastership.start();
    let proven = mastership.first.time;
    Stretch {
        since: said.or(mastership.is_bounded.then_some(proven)),
        since_is: if said.is_some() { Bound::Exact } else { Bound::AtMost },
        proven,
        until: mastership.ended(),
        until_is: if died { Bound::AtMost } else { Bound::Exact },
    }
}

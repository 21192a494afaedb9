//! Rules about subnets, repeated for the blocks that a network has grown by.

use crate::plan::Growth;
use crate::plan::security::{Peer, Rule};

/// The rules, and again for each further block of a subnet group that one of them is about. Parts of
/// one group lie between those of others, so no larger range would hold just them.
pub(super) fn over_all_blocks(mut rules: Vec<Rule>, growth: &Growth) -> Vec<Rule> {
    let further =
        further_blocks(growth, &rules, |rule| &rule.peer, |rule, peer| Rule { peer, ..rule.clone() });
    rules.extend(further);
    rules.sort();
    rules
}

/// The block that came last stands last, whatever else there is.
pub(super) fn further_blocks<T>(
    growth: &Growth,
    all: &[T],
    peer_of: impl Fn(&T) -> &Peer,
    with: impl Fn(&T, Peer) -> T,
) -> Vec<T> {
    let mut further = Vec::new();
    for number in 2..=growth.blocks + 1 {
        for one in all {
            if let Peer::SubnetGroup(group) = peer_of(one)
                && growth.blocks_of(group).contains(&number)
            {
                further.push(with(one, Peer::SubnetBlock(group.clone(), number)));
            }
        }
    }
    further
}

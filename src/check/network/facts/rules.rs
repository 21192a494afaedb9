//! Rules of security groups and entries of network ACLs: what is there twice, what has no effect, how many there are.

use std::collections::BTreeMap;

use crate::aws::quota;
use crate::check::network::facts::Facts;
use crate::check::network::interval::{Family, Range};
use crate::check::network::read::Written;
use crate::check::network::topology::{Acl, AclEntry, GroupRule, Origin, Peer};
use crate::diagnostics::{codes, quote};

/// One rule that denies the rest ends each direction of an ACL, for each family (VPC User Guide, "Network ACL rules").
const LAST_ENTRY: usize = 1;

impl Facts<'_> {
    pub(super) fn rules(&mut self) {
        for group in &self.network.topology.groups {
            for rules in [&group.inward, &group.outward] {
                self.duplicate_rules(rules);
                self.count_rules(rules, group.origin);
            }
        }
        for acl in &self.network.topology.acls {
            for entries in [&acl.inward, &acl.outward] {
                self.entries(entries);
                self.count_entries(acl, entries);
            }
        }
        self.counts();
    }

    fn duplicate_rules(&mut self, rules: &[GroupRule]) {
        let mut seen: BTreeMap<_, Origin> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| rule.peer != Peer::Unknown) {
            if let Some(other) = seen.insert((rule.peer, rule.services), rule.origin) {
                // The two rules to everything that AWS adds to a group are written in one place.
                if other == rule.origin {
                    continue;
                }
                let message = "the security group has the same rule already";
                let finding =
                    self.at(&codes::DUPLICATE_RULE, message, self.written(rule.origin), "the second one");
                let finding = self.against(finding, self.written(other), "the first one");
                self.found.push(finding.help("take one of the two away"));
            }
        }
    }

    /// A rule counts in its family; one that names a group in both; one that names a list as often as the list may
    /// have entries, and at least once in both.
    fn count_rules(&mut self, rules: &[GroupRule], origin: Origin) {
        let mut counts = [0_usize; 2];
        for rule in rules {
            for (family, count) in Family::BOTH.into_iter().zip(&mut counts) {
                *count += match rule.peer {
                    Peer::Block(block) => usize::from(Family::of(&block) == family),
                    Peer::Group(_) | Peer::Unknown => 1,
                    Peer::List(list) => self.most_entries(list, family),
                };
            }
        }
        let most = counts.into_iter().max().unwrap_or_default();
        self.limit("rules-per-security-group", most, self.written(origin));
    }

    fn most_entries(&self, list: usize, family: Family) -> usize {
        let list = &self.network.topology.lists[list];
        let resource = self.estate.resource(self.written(list.origin).resource);
        let own = match resource.property("AddressFamily").as_text() {
            Some("IPv6") => Family::V6,
            _ => Family::V4,
        };
        let most = resource.property("MaxEntries").as_integer().and_then(|most| usize::try_from(most).ok());
        if own == family { most.unwrap_or(list.blocks.len()).max(1) } else { 1 }
    }

    fn entries(&mut self, entries: &[AclEntry]) {
        let mut entries: Vec<&AclEntry> = entries.iter().collect();
        entries.sort_by_key(|entry| entry.number);
        for pair in entries.windows(2).filter(|pair| pair[0].number == pair[1].number) {
            let message = format!("the number {} is taken in this network ACL", pair[1].number);
            let at = Written { path: "RuleNumber", ..self.written(pair[1].origin) };
            let finding = self.at(&codes::ACL_NUMBER_TAKEN, message, at, "the second one");
            let other = Written { path: "RuleNumber", ..self.written(pair[0].origin) };
            let finding = self.against(finding, other, "the first one");
            self.found.push(finding.help("give one of the two a number that is free"));
        }
        for (position, entry) in entries.iter().enumerate() {
            let Some(peer) = entry.peer else { continue };
            let overruled = entries[..position].iter().find(|before| {
                let covers = |other| {
                    Family::of(&other) == Family::of(&peer) && Range::of(&other).covers(Range::of(&peer))
                };
                before.allow != entry.allow
                    && before.services.covers(entry.services)
                    && before.peer.is_some_and(covers)
            });
            if let Some(before) = overruled {
                let [word, opposite] = if entry.allow { ["allows", "denies"] } else { ["denies", "allows"] };
                let message = format!("a network ACL entry {word} what one before it {opposite}");
                let at = Written { path: "RuleNumber", ..self.written(entry.origin) };
                let finding =
                    self.at(&codes::ACL_ENTRY_WITHOUT_EFFECT, message, at, "this one has no effect");
                let other = Written { path: "RuleNumber", ..self.written(before.origin) };
                let finding = self.against(finding, other, "this one decides first");
                self.found.push(finding.help("give it a number before the other, or take it away"));
            }
        }
    }

    fn count_entries(&mut self, acl: &Acl, entries: &[AclEntry]) {
        let blocks = &self.network.topology.vpcs[acl.vpc].blocks;
        let families = 1 + usize::from(blocks.iter().any(|block| !block.is_v4()));
        self.limit("rules-per-network-acl", entries.len() + LAST_ENTRY * families, self.written(acl.origin));
    }

    /// What is counted by VPC, table and interface.
    fn counts(&mut self) {
        let topology = &self.network.topology;
        for table in &topology.tables {
            let own = topology.vpcs[table.vpc].blocks.len();
            self.limit("routes-per-route-table", table.routes.len() + own, self.written(table.origin));
        }
        let mut peerings = vec![0; topology.vpcs.len()];
        for end in self.network.peerings.iter().flat_map(|peering| peering.ends) {
            peerings[end] += 1;
        }
        let mut subnets = vec![0; topology.vpcs.len()];
        topology.subnets.iter().for_each(|subnet| subnets[subnet.vpc] += 1);
        for (number, vpc) in topology.vpcs.iter().enumerate() {
            self.limit("active-vpc-peering-connections-per-vpc", peerings[number], self.written(vpc.origin));
            self.limit("subnets-per-vpc", subnets[number], self.written(vpc.origin));
        }
        for workload in &topology.workloads {
            let groups = workload.groups.as_ref().map_or(0, Vec::len);
            self.limit("security-groups-per-network-interface", groups, self.written(workload.origin));
        }
    }

    fn limit(&mut self, id: &str, used: usize, at: Written) {
        let Some(quota) = quota(id) else { return };
        let most = self.granted.of(quota, self.estate.stack(at.resource.stack));
        let Some(most) = most.filter(|most| used as u64 > *most) else { return };
        let message = format!("{used} of {} are more than {most}", quote(&quota.name));
        let finding = self.at(&codes::NETWORK_LIMIT_EXCEEDED, message, at, "");
        let ceiling = quota.max.map(|max| format!("AWS never gives more than {max}"));
        let finding = ceiling.into_iter().fold(finding, |finding, note| finding.note(note));
        let code = quota.quota_code.as_ref().map_or(String::new(), |code| format!(" ({code})"));
        self.found.push(
            finding.help(format!(
                "ask AWS for an increase of the quota{code}, or make fewer of them; `--quotas FILE` says what is granted"
            )),
        );
    }
}

//! Blocks of VPCs and subnets, and those of VPCs that are connected.

use std::collections::BTreeMap;

use crate::aws::{quota, vpc_blocks};
use crate::check::network::facts::{Facts, place};
use crate::check::network::interval::Range;
use crate::check::network::topology::{Association, Target, TransitTarget};
use crate::diagnostics::{codes, quote};
use crate::network::Cidr;

impl Facts<'_> {
    pub(super) fn blocks(&mut self) {
        self.vpc_blocks();
        self.added_beside_routes();
        self.subnet_blocks();
        self.peered_overlaps();
        self.transit_overlaps();
    }

    fn vpc_blocks(&mut self) {
        let most = quota("ipv4-cidr-blocks-per-vpc").and_then(|quota| quota.default).unwrap_or(u64::MAX);
        for (vpc, origins) in self.network.topology.vpcs.iter().zip(&self.network.vpc_blocks) {
            let mut present: Vec<Cidr> = Vec::new();
            for (block, origin) in vpc.blocks.iter().zip(origins) {
                let refusal = match (block.is_v4(), present.is_empty()) {
                    (true, true) => vpc_blocks::vpc_block(block).err().map(|refusal| refusal.to_string()),
                    (true, false) => vpc_blocks::secondary_block(&present, block, most)
                        .err()
                        .map(|refusal| refusal.to_string()),
                    (false, _) => (!is_ipv6_length(block, 44, 60))
                        .then(|| "an IPv6 block of a VPC is from /44 to /60, in steps of four".to_owned()),
                };
                if let Some(refusal) = refusal {
                    let message = format!("the VPC cannot have the block {}", quote(&block.to_string()));
                    let finding = self.at(&codes::VPC_BLOCK_REFUSED, message, self.written(*origin), "");
                    self.found.push(finding.note(refusal));
                }
                present.extend(block.is_v4().then_some(*block));
            }
        }
    }

    /// Blocks that are added to a VPC whose route tables lead some of their addresses elsewhere.
    fn added_beside_routes(&mut self) {
        let topology = &self.network.topology;
        let mut routes: BTreeMap<usize, Vec<(Cidr, usize)>> = BTreeMap::new();
        for table in &topology.tables {
            let elsewhere = table.routes.iter().filter(|route| route.target != Target::Local);
            let leading = elsewhere.filter_map(|route| Some((route.destination?, route.origin)));
            // A route to a subnet as a whole sends its packets through an appliance, and came after the block.
            let own = |block: &Cidr| {
                topology.subnets.iter().any(|subnet| subnet.vpc == table.vpc && subnet.blocks.contains(block))
            };
            // One to a whole block is told as there already.
            let blocks = &topology.vpcs[table.vpc].blocks;
            let told = |block: &Cidr| blocks.contains(block);
            let leading = leading.filter(|(destination, _)| !told(destination) && !own(destination));
            routes.entry(table.vpc).or_default().extend(leading);
        }
        for (vpc, routes) in routes {
            let added = topology.vpcs[vpc].blocks.iter().zip(&self.network.vpc_blocks[vpc]);
            for (block, origin) in added.filter(|(block, _)| block.is_v4()).skip(1) {
                let refused = |(destination, route): &(Cidr, usize)| {
                    let refusal = vpc_blocks::beside_routes(block, &[*destination]).err()?;
                    Some((refusal, *route))
                };
                let Some((refusal, route)) = routes.iter().find_map(refused) else { continue };
                let message = format!("the VPC cannot have the block {}", quote(&block.to_string()));
                let finding = self.at(&codes::VPC_BLOCK_REFUSED, message, self.written(*origin), "");
                let finding = finding.note(refusal.to_string());
                let finding = self.against(finding, self.written(route), "this route leads elsewhere");
                self.found.push(finding.help("take the route out, or add a block that does not hold it"));
            }
        }
    }

    fn subnet_blocks(&mut self) {
        let mut by_vpc: BTreeMap<usize, Vec<(Cidr, usize)>> = BTreeMap::new();
        for (number, subnet) in self.network.topology.subnets.iter().enumerate() {
            for (block, origin) in subnet.blocks.iter().zip(&self.network.subnet_blocks[number]) {
                by_vpc.entry(subnet.vpc).or_default().push((*block, *origin));
            }
        }
        for (vpc, mut blocks) in by_vpc {
            let own = &self.network.topology.vpcs[vpc].blocks;
            for (block, origin) in &blocks {
                let length = match block.is_v4() {
                    true => (16..=28).contains(&block.length()),
                    false => is_ipv6_length(block, 44, 64),
                };
                let refusal = if !length {
                    "subnets are from /16 to /28, over IPv6 from /44 to /64 in steps of four"
                } else if !self.network.open_vpcs[vpc] && !own.iter().any(|vpc| vpc.contains(block)) {
                    "it lies in no block of the VPC"
                } else {
                    continue;
                };
                let message = format!("the subnet cannot have the block {}", quote(&block.to_string()));
                let finding = self.at(&codes::SUBNET_BLOCK_REFUSED, message, self.written(*origin), "");
                self.found.push(finding.note(refusal));
            }
            // Blocks are nested or apart, so that in order each one that overlaps follows what it lies in.
            blocks.sort_unstable();
            let mut open: Option<(Cidr, usize)> = None;
            for (block, origin) in blocks {
                match open.filter(|(before, _)| before.overlaps(&block)) {
                    Some((before, other)) => {
                        let message = format!(
                            "the subnet's block {} overlaps that of another subnet",
                            quote(&block.to_string())
                        );
                        let finding =
                            self.at(&codes::SUBNET_BLOCK_REFUSED, message, self.written(origin), "");
                        let finding =
                            finding.note(format!("the other subnet has {}", quote(&before.to_string())));
                        let finding = self.against(finding, self.written(other), "overlaps this one");
                        self.found.push(finding);
                    }
                    None => open = Some((block, origin)),
                }
            }
        }
    }

    fn peered_overlaps(&mut self) {
        for peering in &self.network.peerings {
            let [one, other] = peering.ends.map(|vpc| &self.network.topology.vpcs[vpc].blocks);
            let overlap =
                one.iter().find_map(|block| Some((block, other.iter().find(|there| there.overlaps(block))?)));
            let Some((block, there)) = overlap else { continue };
            let message = "a peering joins two VPCs that have addresses in common";
            let at = place(peering.resource, "PeerVpcId");
            let finding = self.at(&codes::CONNECTED_NETWORKS_OVERLAP, message, at, "");
            let note = format!("{} overlaps {}", quote(&block.to_string()), quote(&there.to_string()));
            self.found.push(finding.note(note).help("give one of the two VPCs other addresses"));
        }
    }

    /// Of VPCs that one table of a transit gateway leads to or takes packets from.
    fn transit_overlaps(&mut self) {
        let topology = &self.network.topology;
        for number in 0..topology.transit_tables.len() {
            let mut attachments: Vec<usize> = topology.transit_tables[number]
                .routes
                .iter()
                .filter_map(|route| match route.target {
                    TransitTarget::Attachment(attachment) => Some(attachment),
                    TransitTarget::Nowhere | TransitTarget::Unknown => None,
                })
                .collect();
            let associated = topology.attachments.iter().enumerate();
            attachments.extend(
                associated.filter(|(_, one)| one.association == Association::Table(number)).map(|(at, _)| at),
            );
            attachments.sort_unstable();
            attachments.dedup();
            let blocks = |attachment: &usize| {
                let blocks = topology.vpcs[topology.attachments[*attachment].vpc].blocks.iter();
                blocks.map(|block| (*block, *attachment)).collect::<Vec<_>>()
            };
            let mut all: Vec<(Cidr, usize)> = attachments.iter().flat_map(blocks).collect();
            all.sort_unstable();
            let mut open: Option<(Cidr, usize)> = None;
            for (block, attachment) in all {
                let vpc = |attachment: usize| topology.attachments[attachment].vpc;
                match open.filter(|(before, _)| {
                    Range::of(before).meets(Range::of(&block)) && before.is_v4() == block.is_v4()
                }) {
                    Some((_, other)) if vpc(other) != vpc(attachment) => {
                        let message = "a transit gateway joins two VPCs that have addresses in common";
                        let at = self.written(topology.attachments[attachment].origin);
                        let finding = self.at(&codes::CONNECTED_NETWORKS_OVERLAP, message, at, "");
                        let finding =
                            finding.note(format!("both have addresses of {}", quote(&block.to_string())));
                        let other = self.written(topology.attachments[other].origin);
                        let finding = self.against(finding, other, "the other VPC is attached here");
                        self.found.push(finding.help("give one of the two VPCs other addresses"));
                    }
                    Some(_) => {}
                    None => open = Some((block, attachment)),
                }
            }
        }
    }
}

fn is_ipv6_length(block: &Cidr, shortest: u8, longest: u8) -> bool {
    (shortest..=longest).contains(&block.length()) && block.length().is_multiple_of(4)
}

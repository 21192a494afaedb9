//! Whether the subnets of a VPC are cut as a blueprint cuts them.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::SubnetGroup as GroupIntent;
use crate::diagnostics::{Report, list_of, quote};
use crate::identity::{SubnetGroupName, ZoneId};
use crate::network::Cidr;
use crate::plan::adopt::found::Subnet;
use crate::plan::adopt::home::Fit;
use crate::plan::lock::{Network, SubnetGroup};

/// The blocks of subnet groups, and the slot of each zone.
pub(super) type Cut = (BTreeMap<SubnetGroupName, SubnetGroup>, BTreeMap<ZoneId, u32>);

impl Fit<'_> {
    /// The subnet groups and the slots of the zones, if the subnets are cut as the blueprint cuts them.
    pub(super) fn cut(&self, network: &Network, report: &mut Report) -> Option<Cut> {
        let before = report.errors();
        let mut groups = BTreeMap::new();
        let mut zones: BTreeMap<ZoneId, u32> = BTreeMap::new();
        let by_group = self.by_group(report)?;
        for intent in &self.intent.blueprint.network.subnet_groups {
            let subnets = by_group.get(intent.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            if let (Some(group), Ok(name)) =
                (self.group(intent, subnets, network, &mut zones, report), intent.name.parse())
            {
                groups.insert(name, group);
            }
        }
        if report.errors() > before {
            return None;
        }
        let slots: BTreeSet<u32> = zones.values().copied().collect();
        let wanted = self.intent.settings.count("zones").unwrap_or(2);
        let whole = slots.len() == zones.len() && slots.iter().copied().eq(0..slots.len() as u32);
        let problem = if !whole {
            let list: Vec<String> =
                zones.iter().map(|(zone, slot)| format!("{zone} in slot {slot}")).collect();
            format!("its zones do not fill the slots from the first on: {}", list.join(", "))
        } else if zones.len() > wanted {
            format!("its subnets span {} zones, and the tenant's settings ask for {wanted}", zones.len())
        } else {
            return Some((groups, zones));
        };
        report.push(self.unfit(self.vpc.span, problem, "leave it reserved, or change the tenant's `zones`"));
        None
    }

    /// The subnets of the VPC by the group that was named for them.
    fn by_group(&self, report: &mut Report) -> Option<BTreeMap<String, Vec<(&str, &Subnet)>>> {
        let subnets = self.ground.found.subnets.iter().filter(|(_, subnet)| subnet.vpc == *self.vpc_id);
        let mut by_group: BTreeMap<String, Vec<(&str, &Subnet)>> = BTreeMap::new();
        let mut whole = true;
        for (id, subnet) in subnets {
            let named = self.ground.wishes.groups.get(id).map(|group| group.as_str());
            let tagged = subnet.tags.get(&self.ground.wishes.group_tag).map(String::as_str);
            let group = named.or(tagged).filter(|group| self.intent.blueprint.subnet_group(group).is_some());
            match group {
                Some(group) => by_group.entry(group.to_owned()).or_default().push((id, subnet)),
                None => {
                    whole = false;
                    let groups = self.intent.blueprint.network.subnet_groups.iter();
                    let help = format!(
                        "say `--subnet-group GROUP=SUBNET`, or tag it with `{}`; the groups are {}",
                        self.ground.wishes.group_tag,
                        list_of(groups.map(|group| group.name.as_str()))
                    );
                    let problem = format!("its subnet {} belongs to no subnet group", quote(id));
                    report.push(self.unfit(subnet.cidr.span, problem, help));
                }
            }
        }
        whole.then_some(by_group)
    }

    /// The block of one subnet group; enters the slots of its zones.
    fn group(
        &self,
        intent: &GroupIntent,
        subnets: &[(&str, &Subnet)],
        network: &Network,
        zones: &mut BTreeMap<ZoneId, u32>,
        report: &mut Report,
    ) -> Option<SubnetGroup> {
        let slots = u32::try_from(self.intent.blueprint.network.zone_slots).ok()?;
        let length = network.cidr.length() + intent.extra_bits;
        let subnet_length = length + u8::try_from(slots.checked_ilog2()?).ok()?;
        let help = "leave it reserved, or change the blueprint's subnet groups to how the VPC is cut";
        let Some((_, first)) = subnets.first() else {
            let problem = format!("no subnet belongs to its group `{}`", intent.name);
            report.push(self.unfit(
                self.vpc.span,
                problem,
                "add what `aws ec2 describe-subnets` prints, or say `--subnet-group GROUP=SUBNET`",
            ));
            return None;
        };
        let block = Cidr::containing(first.cidr.value.first(), length)?;
        let group = SubnetGroup::new(block, slots);
        for (id, subnet) in subnets {
            let cidr = subnet.cidr.value;
            let slot = (0..slots).find(|slot| group.slot(*slot) == Some(cidr));
            let problem = match (slot, &subnet.zone) {
                _ if cidr.length() != subnet_length => format!(
                    "its subnet {} is a /{}, and those of `{}` are a /{subnet_length}",
                    quote(id),
                    cidr.length(),
                    intent.name
                ),
                (None, _) => format!(
                    "its subnet {} lies outside of {block}, where others of `{}` lie",
                    quote(id),
                    intent.name
                ),
                _ if !network.cidr.contains(&cidr) => {
                    format!("its subnet {} lies outside of its block", quote(id))
                }
                (_, None) => format!("its subnet {} does not tell its zone id", quote(id)),
                (Some(slot), Some(zone)) => match self.enter(zone, slot, zones) {
                    Ok(()) => continue,
                    Err(problem) => format!("its subnet {} {problem}", quote(id)),
                },
            };
            report.push(self.unfit(subnet.cidr.span, problem, help));
        }
        Some(group)
    }

    /// Gives a zone its slot, unless it or the slot is taken otherwise.
    fn enter(&self, zone: &ZoneId, slot: u32, zones: &mut BTreeMap<ZoneId, u32>) -> Result<(), String> {
        let region = self.region();
        if !region.is_some_and(|region| region.zones.iter().any(|known| known.value == *zone)) {
            return Err(format!("is in `{zone}`, which is no zone of the tenant's Region in the catalog"));
        }
        if let Some(other) = zones.get(zone).filter(|other| **other != slot) {
            return Err(format!("has slot {slot}, and `{zone}` has slot {other} in another subnet group"));
        }
        if let Some((other, _)) = zones.iter().find(|(other, taken)| **taken == slot && *other != zone) {
            return Err(format!(
                "has slot {slot} for `{zone}`, and another subnet group has it for `{other}`"
            ));
        }
        zones.insert(zone.clone(), slot);
        Ok(())
    }
}

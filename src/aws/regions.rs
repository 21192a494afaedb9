//! The Regions of AWS, the short form that their zone ids begin with, and the zones of each.

/// A separate AWS: accounts, ARNs and endpoints of one are unknown to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    Aws,
    China,
    GovCloud,
}

impl Partition {
    /// The second part of every ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Partition::Aws => "aws",
            Partition::China => "aws-cn",
            Partition::GovCloud => "aws-us-gov",
        }
    }
}

/// What is known of one Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionFacts {
    pub name: &'static str,
    pub partition: Partition,
    /// What the ids of its zones begin with: `use1` of `use1-az4`.
    pub zone_prefix: &'static str,
    /// The numbers of its zones: 4 of `use1-az4`.
    pub zones: &'static [u8],
}

impl RegionFacts {
    /// The ids of its zones.
    pub fn zone_ids(&self) -> impl Iterator<Item = String> {
        self.zones.iter().map(|number| format!("{}-az{number}", self.zone_prefix))
    }
}

/// Every Region, by name.
pub fn regions() -> &'static [RegionFacts] {
    REGIONS
}

/// The facts about a Region, if AWS has it.
pub fn region(name: &str) -> Option<&'static RegionFacts> {
    let position = REGIONS.binary_search_by(|facts| facts.name.cmp(name)).ok()?;
    REGIONS.get(position)
}

const fn aws(name: &'static str, zone_prefix: &'static str, zones: &'static [u8]) -> RegionFacts {
    RegionFacts { name, partition: Partition::Aws, zone_prefix, zones }
}

// AWS Regions and Availability Zones guide, "AWS Availability Zones" (2026), which lists the commercial
// Regions. GovCloud: the zones named in the EMR Serverless endpoint table of the General Reference. China:
// AWS publishes no list; the ids seen there have these prefixes, and numbers up to 4 are taken as possible.
const REGIONS: &[RegionFacts] = &[
    aws("af-south-1", "afs1", &[1, 2, 3]),
    aws("ap-east-1", "ape1", &[1, 2, 3]),
    aws("ap-east-2", "ape2", &[1, 2, 3]),
    aws("ap-northeast-1", "apne1", &[1, 2, 3, 4]),
    aws("ap-northeast-2", "apne2", &[1, 2, 3, 4]),
    aws("ap-northeast-3", "apne3", &[1, 2, 3]),
    aws("ap-south-1", "aps1", &[1, 2, 3]),
    aws("ap-south-2", "aps2", &[1, 2, 3]),
    aws("ap-southeast-1", "apse1", &[1, 2, 3]),
    aws("ap-southeast-2", "apse2", &[1, 2, 3]),
    aws("ap-southeast-3", "apse3", &[1, 2, 3]),
    aws("ap-southeast-4", "apse4", &[1, 2, 3]),
    aws("ap-southeast-5", "apse5", &[1, 2, 3]),
    aws("ap-southeast-6", "apse6", &[1, 2, 3]),
    aws("ap-southeast-7", "apse7", &[1, 2, 3]),
    aws("ca-central-1", "cac1", &[1, 2, 4]),
    aws("ca-west-1", "caw1", &[1, 2, 3]),
    RegionFacts {
        name: "cn-north-1",
        partition: Partition::China,
        zone_prefix: "cnn1",
        zones: &[1, 2, 3, 4],
    },
    RegionFacts {
        name: "cn-northwest-1",
        partition: Partition::China,
        zone_prefix: "cnnw1",
        zones: &[1, 2, 3, 4],
    },
    aws("eu-central-1", "euc1", &[1, 2, 3]),
    aws("eu-central-2", "euc2", &[1, 2, 3]),
    aws("eu-north-1", "eun1", &[1, 2, 3]),
    aws("eu-south-1", "eus1", &[1, 2, 3]),
    aws("eu-south-2", "eus2", &[1, 2, 3]),
    aws("eu-west-1", "euw1", &[1, 2, 3]),
    aws("eu-west-2", "euw2", &[1, 2, 3, 4]),
    aws("eu-west-3", "euw3", &[1, 2, 3]),
    aws("il-central-1", "ilc1", &[1, 2, 3]),
    aws("me-central-1", "mec1", &[1, 2, 3]),
    aws("me-south-1", "mes1", &[1, 2, 3]),
    aws("mx-central-1", "mxc1", &[1, 2, 3]),
    aws("sa-east-1", "sae1", &[1, 2, 3]),
    aws("us-east-1", "use1", &[1, 2, 3, 4, 5, 6]),
    aws("us-east-2", "use2", &[1, 2, 3]),
    RegionFacts {
        name: "us-gov-east-1",
        partition: Partition::GovCloud,
        zone_prefix: "usge1",
        zones: &[1, 2, 3],
    },
    RegionFacts {
        name: "us-gov-west-1",
        partition: Partition::GovCloud,
        zone_prefix: "usgw1",
        zones: &[1, 2, 3],
    },
    aws("us-west-1", "usw1", &[1, 2, 3]),
    aws("us-west-2", "usw2", &[1, 2, 3, 4]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{RegionName, ZoneId};

    #[test]
    fn regions_are_sorted_by_name_and_found() {
        assert!(REGIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(region("us-east-1").unwrap().zone_prefix, "use1");
        assert_eq!(region("us-gov-west-1").unwrap().partition.as_str(), "aws-us-gov");
        assert_eq!(region("us-east-9"), None);
    }

    #[test]
    fn every_region_and_zone_fits_the_grammar_of_its_name() {
        for facts in REGIONS {
            assert!(facts.name.parse::<RegionName>().is_ok(), "{}", facts.name);
            for zone in facts.zone_ids() {
                assert_eq!(zone.parse::<ZoneId>().unwrap().region_part(), facts.zone_prefix);
            }
        }
    }

    #[test]
    fn a_zone_prefix_is_the_region_in_short() {
        for facts in REGIONS {
            // `us-gov-west-1` is `usgw1`: the area, the first letter of each word, the number.
            let short: String = facts
                .name
                .split('-')
                .enumerate()
                .map(|(position, part)| if position == 0 { part.to_owned() } else { directions(part) })
                .collect();
            assert_eq!(short, facts.zone_prefix, "{}", facts.name);
        }
    }

    fn directions(part: &str) -> String {
        match part {
            "northeast" => "ne".into(),
            "northwest" => "nw".into(),
            "southeast" => "se".into(),
            digit if digit.starts_with(|first: char| first.is_ascii_digit()) => digit.into(),
            word => word[..1].into(),
        }
    }
}

//! The prefix lists that AWS manages for services: what they weigh, and the ids of two of them.
//!
//! A security group can name S3 only by such an id, which differs from Region to Region and never
//! changes there. AWS publishes no table, so that a list or a Region can be missing here: its catalog then
//! gives the id in `prefix_lists` (`aws ec2 describe-managed-prefix-lists` shows it).

/// A service whose addresses AWS keeps in a prefix list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrefixListService {
    S3,
    DynamoDb,
    /// S3 Express One Zone.
    S3Express,
    /// The servers of CloudFront that fetch from origins.
    CloudFront,
    GroundStation,
    InstanceConnect,
    Route53HealthChecks,
    VpcLattice,
}

impl PrefixListService {
    /// All.
    pub const ALL: [PrefixListService; 8] = [
        PrefixListService::S3,
        PrefixListService::DynamoDb,
        PrefixListService::S3Express,
        PrefixListService::CloudFront,
        PrefixListService::GroundStation,
        PrefixListService::InstanceConnect,
        PrefixListService::Route53HealthChecks,
        PrefixListService::VpcLattice,
    ];

    /// Those that open connections, as flows of a blueprint begin.
    pub const BEGINNINGS: [&str; 5] = [
        "aws.cloudfront",
        "aws.ec2_instance_connect",
        "aws.groundstation",
        "aws.route53_healthchecks",
        "aws.vpc_lattice",
    ];

    /// The name in flows and in catalogs.
    pub fn as_str(self) -> &'static str {
        match self {
            PrefixListService::S3 => "s3",
            PrefixListService::DynamoDb => "dynamodb",
            PrefixListService::S3Express => "s3express",
            PrefixListService::CloudFront => "cloudfront",
            PrefixListService::GroundStation => "groundstation",
            PrefixListService::InstanceConnect => "ec2_instance_connect",
            PrefixListService::Route53HealthChecks => "route53_healthchecks",
            PrefixListService::VpcLattice => "vpc_lattice",
        }
    }

    /// The service of this name.
    pub fn named(name: &str) -> Option<PrefixListService> {
        PrefixListService::ALL.into_iter().find(|service| service.as_str() == name)
    }

    /// Whether the service opens connections to workloads.
    pub fn begins_flows(self) -> bool {
        PrefixListService::BEGINNINGS.iter().any(|end| end.strip_prefix("aws.") == Some(self.as_str()))
    }

    /// Whether workloads open connections to the service by way of its list.
    pub fn ends_flows(self) -> bool {
        self.has_gateway_endpoint() || self == PrefixListService::VpcLattice
    }

    /// Whether a VPC reaches the service through a gateway endpoint.
    pub fn has_gateway_endpoint(self) -> bool {
        matches!(self, PrefixListService::S3 | PrefixListService::DynamoDb | PrefixListService::S3Express)
    }

    /// How many rules of a security group one that names the list counts as (VPC User Guide,
    /// "AWS-managed prefix lists", read in November 2026). The lists of IPv4 are meant.
    pub fn weight(self) -> usize {
        match self {
            PrefixListService::S3 | PrefixListService::DynamoDb => 1,
            PrefixListService::InstanceConnect => 2,
            PrefixListService::GroundStation => 5,
            PrefixListService::S3Express => 6,
            PrefixListService::VpcLattice => 10,
            PrefixListService::Route53HealthChecks => 25,
            PrefixListService::CloudFront => 55,
        }
    }
}

/// The id of the list of this service in this Region, where it is known.
pub fn prefix_list(service: PrefixListService, region: &str) -> Option<&'static str> {
    let position = LISTS.binary_search_by(|(name, _, _)| (*name).cmp(region)).ok()?;
    let (_, s3, dynamodb) = LISTS.get(position)?;
    match service {
        PrefixListService::S3 => Some(s3),
        PrefixListService::DynamoDb => Some(dynamodb),
        _ => None,
    }
}

// (Region, S3, DynamoDB). Output of `describe-prefix-lists` in every Region, published in the
// README of a public repository of AWS notes (2018), compared with the tables of a public CDK application of AWS's
// CodeGuru team and with the example in the AWS CLI and PowerShell documentation (us-east-1, eu-west-1).
// All sources agree, except that only the first has ca-central-1, eu-west-3 and sa-east-1's DynamoDB,
// and only the second has eu-north-1.
const LISTS: &[(&str, &str, &str)] = &[
    ("ap-northeast-1", "pl-61a54008", "pl-78a54011"),
    ("ap-northeast-2", "pl-78a54011", "pl-48a54021"),
    ("ap-south-1", "pl-78a54011", "pl-66a7420f"),
    ("ap-southeast-1", "pl-6fa54006", "pl-67a5400e"),
    ("ap-southeast-2", "pl-6ca54005", "pl-62a5400b"),
    ("ca-central-1", "pl-7da54014", "pl-4ea54027"),
    ("eu-central-1", "pl-6ea54007", "pl-66a5400f"),
    ("eu-north-1", "pl-c3aa4faa", "pl-adae4bc4"),
    ("eu-west-1", "pl-6da54004", "pl-6fa54006"),
    ("eu-west-2", "pl-7ca54015", "pl-b3a742da"),
    ("eu-west-3", "pl-23ad484a", "pl-abb451c2"),
    ("sa-east-1", "pl-6aa54003", "pl-60a54009"),
    ("us-east-1", "pl-63a5400a", "pl-02cd2c6b"),
    ("us-east-2", "pl-7ba54012", "pl-4ca54025"),
    ("us-west-1", "pl-6ba54002", "pl-6ea54007"),
    ("us-west-2", "pl-68a54001", "pl-00a54069"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_by_region_and_service() {
        assert!(LISTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(LISTS.iter().all(|(region, _, _)| crate::aws::region(region).is_some()));
        assert_eq!(prefix_list(PrefixListService::S3, "us-east-1"), Some("pl-63a5400a"));
        assert_eq!(prefix_list(PrefixListService::DynamoDb, "eu-west-1"), Some("pl-6fa54006"));
        assert_eq!(prefix_list(PrefixListService::S3, "cn-north-1"), None);
    }

    #[test]
    fn services_are_found_by_the_name_that_they_print() {
        for service in PrefixListService::ALL {
            assert_eq!(PrefixListService::named(service.as_str()), Some(service));
            assert!(service.begins_flows() || service.ends_flows());
        }
        let begin = PrefixListService::ALL.iter().filter(|service| service.begins_flows()).count();
        assert_eq!(begin, PrefixListService::BEGINNINGS.len());
    }

    #[test]
    fn no_two_services_of_a_region_share_an_id() {
        assert!(LISTS.iter().all(|(_, s3, dynamodb)| s3 != dynamodb));
    }
}

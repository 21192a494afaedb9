//! Random companies. What they say is allowed; whether it fits their pools is for tenantry to find out.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::company::{ACCOUNT, Built, Company, Region, Tenant, Tier};

const REGIONS: [(&str, &str, [u8; 4]); 3] = [
    ("us-east-1", "use1", [1, 2, 4, 6]),
    ("eu-west-2", "euw2", [1, 2, 3, 4]),
    ("ap-northeast-1", "apne1", [4, 1, 2, 3]),
];

/// How large pools are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pools {
    /// The first of each Region has room for every tenant of a test.
    Wide,
    /// Some fill up.
    Tight,
}

pub(crate) fn built() -> impl Strategy<Value = Built> {
    let endpoints = prop_oneof![
        3 => Just(Vec::new()),
        1 => subsequence(vec!["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sts"], 1..=6),
    ];
    (
        1..=3u8,
        select(vec!["none", "one", "one_per_zone", "regional"]),
        [any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()],
        endpoints,
        select(vec![30u16, 90, 365]),
        "zq[a-z]{3}\\.example\\.com",
    )
        .prop_map(|(zones, nat, switches, interface_endpoints, log_retention_days, domain)| {
            let [flow_logs, internet_egress, service, load_balancer, database] = switches;
            Built {
                zones,
                nat,
                flow_logs,
                interface_endpoints,
                internet_egress,
                service,
                load_balancer,
                database,
                log_retention_days,
                domain,
            }
            .allowed()
        })
}

pub(crate) fn ingress() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(0..=255u8, 0..5)
        .prop_map(|blocks| blocks.into_iter().map(|block| format!("203.0.{block}.0/24")).collect())
}

/// A name as a person would write it, recognizable wherever it turns up.
pub(crate) fn display_name() -> impl Strategy<Value = String> {
    "Zq[a-z]{2,6}( [A-Za-zé株]{1,6}){0,2}"
}

pub(crate) fn cost_center() -> impl Strategy<Value = String> {
    "zqcc[0-9]{5}"
}

/// A tenant of one of the tiers and Regions that [`company`] has. Its id is one of a few, some of
/// which begin with others and with names of stacks, so that tenants leave and come again.
pub(crate) fn tenant() -> impl Strategy<Value = Tenant> {
    let id =
        (0..12u8, select(vec!["", "-network", "-a"])).prop_map(|(number, end)| format!("zq{number}x{end}"));
    let place = (select(vec!["small", "grown", "steady", "large"]), 0..3usize, 0..3u8);
    let status = prop_oneof![6 => Just("active"), 1 => Just("planned"), 1 => Just("suspended"), 1 => Just("offboarding")];
    let tags = (cost_center(), prop::option::of(Just("closed")), prop::option::of("zqo[a-z]{3}@ops"));
    (
        id,
        display_name(),
        place,
        status,
        ingress(),
        prop::option::weighted(0.3, 0..=2u8),
        tags,
        prop::option::weighted(0.5, built()),
    )
        .prop_map(|(id, name, (tier, region, file), status, ingress, headroom, tags, own)| {
            let mut given = vec![("cost-center", tags.0)];
            given.extend(tags.1.map(|class| ("data-class", class.to_owned())));
            given.extend(tags.2.map(|owner| ("owner", owner)));
            // A subnet of the smallest size has no room for a load balancer.
            let own = own
                .map(|built| if tier == "small" { Built { load_balancer: false, ..built } } else { built });
            Tenant {
                id,
                name,
                tier: tier.to_owned(),
                region: REGIONS[region].0,
                status,
                headroom,
                ingress,
                tags: given.into_iter().collect(),
                built: own,
                file,
            }
        })
}

fn region(number: usize, pools: Pools) -> impl Strategy<Value = Region> {
    let (name, zone_prefix, all) = REGIONS[number];
    let lengths = match pools {
        Pools::Wide => prop::collection::vec(select(vec![14u8, 18, 21, 22]), 0..3).boxed(),
        Pools::Tight => prop::collection::vec(select(vec![17u8, 19, 20, 21, 22, 24]), 0..3).boxed(),
    };
    let first = match pools {
        Pools::Wide => Just(14u8).boxed(),
        Pools::Tight => select(vec![17u8, 18, 19]).boxed(),
    };
    let zones = match pools {
        Pools::Wide => 3..=4usize,
        Pools::Tight => 2..=4,
    };
    (first, lengths, zones).prop_map(move |(first, lengths, zones)| {
        let pools = [first].into_iter().chain(lengths).enumerate();
        Region {
            name,
            zone_prefix,
            spare_zones: all[zones..].iter().rev().copied().collect(),
            zones: all[..zones].to_vec(),
            pools: pools.map(|(slot, length)| pool(number, slot, length)).collect(),
        }
    })
}

/// The block in which a Region's pool of this number begins; each has a /14 to itself.
pub(crate) fn pool(region: usize, slot: usize, length: u8) -> String {
    format!("10.{}.0.0/{length}", 64 + 16 * region + 4 * slot)
}

/// A company without tenants.
pub(crate) fn founded(pools: Pools) -> impl Strategy<Value = Company> {
    let small = built().prop_map(|built| Built { load_balancer: false, ..built });
    // Reserved: some block that begins at one of the first addresses of a Region's first pool.
    let reserved = prop::collection::btree_set((0..3usize, 0..8u8, 22..=26u8), 0..4);
    (
        (region(0, pools), region(1, pools), region(2, pools)),
        (small, built(), built(), built()),
        0..=2u8,
        reserved,
    )
        .prop_map(|(regions, built, headroom, reserved)| {
            let tier = |size, headroom, built| Tier { size, headroom, built };
            let reserved = reserved.into_iter().map(|(region, at, length)| {
                (format!("10.{}.{}.0/{length}", 64 + 16 * region, at * 4), "an older product".to_owned())
            });
            let head_office = ("10.0.0.0/10".to_owned(), "head office".to_owned());
            Company {
                accounts: vec![ACCOUNT.to_owned()],
                regions: vec![regions.0, regions.1, regions.2],
                reserved: [head_office].into_iter().chain(reserved).collect(),
                tiers: [
                    ("small", tier("small", 0, built.0)),
                    ("grown", tier("medium", headroom, built.1)),
                    ("steady", tier("medium", 0, built.2)),
                    ("large", tier("large", 0, built.3)),
                ]
                .map(|(name, tier)| (name.to_owned(), tier))
                .into(),
                tenants: Vec::new(),
            }
        })
}

/// A company with up to twelve tenants, for whom there is room.
pub(crate) fn company() -> impl Strategy<Value = Company> {
    (founded(Pools::Wide), prop::collection::vec(tenant(), 0..12)).prop_map(|(mut company, mut tenants)| {
        tenants.sort_by(|left, right| left.id.cmp(&right.id));
        tenants.dedup_by(|left, right| left.id == right.id);
        company.tenants = tenants;
        company
    })
}

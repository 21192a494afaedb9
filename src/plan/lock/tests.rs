//! Laws of the format, over random locks; single cases stand under `tests/cases/lock`.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::catalog::FreeText;
use crate::diagnostics::{Report, Reported, human};
use crate::identity::Model;
use crate::network::FreeSpace;
use crate::source::SourceMap;
use crate::yaml::{Tags, read_yaml};

fn read(text: &str) -> (Result<Lock, Reported>, Vec<&'static str>) {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let file = sources.add("tenantry.lock", text);
    let lock = Lock::read(file, &sources, &mut report);
    assert_eq!(lock.is_err(), report.errors() > 0, "an error is told, and what is told fails");
    let told = report.into_sorted(&sources);
    human::render(&told, &sources, false);
    (lock, told.iter().map(|diagnostic| diagnostic.code.name).collect())
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// One tenant of a random lock: its model, prefix length, headroom, zones, and whether it has left.
type Wish = (Model, u8, u8, u8, bool);

fn wish() -> impl Strategy<Value = Wish> {
    (proptest::sample::select(&Model::ALL[..]), 20..26u8, 0..2u8, 1..4u8, any::<bool>())
}

/// A network that fills its reserve, where that is larger.
fn grown(cidr: Cidr, reserve: Cidr) -> Network {
    let secondary = crate::aws::vpc_blocks::growth_blocks(&cidr, &reserve);
    Network { secondary, ..Network::with_reserve(cidr, reserve) }
}

/// A lock as a planner could make it: blocks are allocated, so nothing overlaps.
fn lock_of(wishes: Vec<Wish>, v6: bool) -> Lock {
    let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
    let (pool, shift) = if v6 { ("2001:db8::/32", 32) } else { ("10.0.0.0/8", 0) };
    let mut free = FreeSpace::new(parsed(pool), []);
    for (number, (model, length, headroom, zones, left)) in wishes.into_iter().enumerate() {
        let tenant: HomeId = parsed(&format!("t-{number}"));
        let account = if model == Model::Account { tenant.to_string() } else { "222222222222".into() };
        let cell: CellId = parsed(&format!("{model}/{account}/us-east-1/{}", number + 1));
        let reserve = free.allocate(length - headroom + shift).unwrap();
        let owner = if model.is_silo() { Owner::Tenant(tenant.clone()) } else { Owner::Cell(cell.clone()) };
        if left {
            lock.quarantine.insert(reserve, Locked::new(Quarantined::new(owner)));
            continue;
        }
        if !model.is_silo() {
            lock.cells.insert(cell.clone(), Locked::new(Cell));
        }
        let slot = (!model.is_silo()).then_some(number as u32 + 1);
        lock.tenants.insert(tenant, Locked::new(Home { slot, ..Home::alone(cell) }));
        let cidr = reserve.part(length + shift, 0).unwrap();
        lock.networks.insert(owner.clone(), Locked::new(grown(cidr, reserve)));
        for (part, group) in ["app", "data_1"].iter().enumerate() {
            let id = SubnetGroupId { owner: owner.clone(), group: parsed(group) };
            let cidr = cidr.part(cidr.length() + 1, part as u32).unwrap();
            lock.subnet_groups.insert(id, Locked::new(SubnetGroup::new(cidr, 4)));
        }
        let slots = (0..zones).map(|zone| (parsed(&format!("use1-az{}", zone + 1)), u32::from(zone)));
        lock.zones.insert(owner, Locked::new(Zones(slots.collect())));
    }
    let id = ReservationId { block: parsed("192.168.0.0/16"), vpc: Some(parsed("vpc-0a1")) };
    let account = (!v6).then(|| parsed("012345678901"));
    let reason = FreeText::new("what's theirs: #1, and more", 40).unwrap();
    lock.reserved.insert(id, Locked::new(Reservation { account, reason }));
    lock
}

proptest! {
    /// What is written reads back as it was, and writing that again gives the same bytes.
    #[test]
    fn a_lock_reads_back_as_it_is_written(wishes in vec(wish(), 0..12), v6: bool) {
        let lock = lock_of(wishes, v6);
        let text = lock.to_text();
        let (back, _) = read(&text);
        let back = back.unwrap();
        prop_assert_eq!(&back, &lock);
        prop_assert_eq!(back.to_text(), text);
    }

    /// Any order of the lines reads the same, and repeated lines, comments, blank lines and carriage
    /// returns do no harm: so git may put two branches together line by line.
    #[test]
    fn the_order_and_the_repetition_of_lines_mean_nothing(
        wishes in vec(wish(), 0..8),
        shuffled in Just((0..200usize).collect::<Vec<_>>()).prop_shuffle(),
        ending in proptest::sample::select(&["\n", "\r\n", " # note\n", "\n\n# note\n"][..]),
    ) {
        let text = lock_of(wishes, false).to_text();
        let lines: Vec<&str> = text.lines().collect();
        let mixed: String = shuffled.iter().map(|at| lines[at % lines.len()].to_owned() + ending).collect();
        let (back, codes) = read(&mixed);
        prop_assert!(codes.is_empty(), "{:?}", codes);
        prop_assert_eq!(back.unwrap().to_text(), text);
    }

    /// What is written is YAML for any reader, and valid by the published schema.
    #[test]
    fn what_is_written_is_yaml_and_valid_by_the_schema(wishes in vec(wish(), 0..12), v6: bool) {
        let text = lock_of(wishes, v6).to_text();
        prop_assert_eq!(schema_errors(&text), Vec::<String>::new());
    }

    /// No text brings the reader or the printing of its errors down, and what is read has one meaning.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}", wishes in vec(wish(), 1..4), at in 0..10_000usize) {
        let lock = lock_of(wishes, false).to_text();
        let (before, after) = lock.split_at(at % (lock.len() + 1));
        for text in [
            text.clone(),
            format!("version: 1\nproduct: ab\nenvironment: cd\n{text}\n"),
            format!("{before}{text}{after}"),
            before.to_owned(),
        ] {
            if let (Ok(lock), _) = read(&text) {
                prop_assert_eq!(read(&lock.to_text()).0, Ok(lock));
            }
        }
    }

    /// An overlap is reported exactly when some two blocks share an address, by trying every pair.
    #[test]
    fn overlaps_are_found_exactly(blocks in btree_set((0..64u32, 26..31u8), 1..8), waiting in 0..3usize) {
        let blocks: Vec<Cidr> = blocks
            .into_iter()
            .map(|(at, length)| Cidr::containing([10, 0, 0, at as u8 * 4].into(), length).unwrap())
            .collect();
        let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
        for (number, block) in blocks.iter().enumerate() {
            let tenant: HomeId = parsed(&format!("t-{number}"));
            let owner = Owner::Tenant(tenant.clone());
            if number < waiting {
                lock.quarantine.insert(*block, Locked::new(Quarantined::new(owner)));
            } else {
                let cell = parsed(&format!("vpc/222222222222/us-east-1/{}", number + 1));
                lock.tenants.insert(tenant, Locked::new(Home::alone(cell)));
                lock.networks.insert(owner, Locked::new(Network::new(*block)));
            }
        }
        let kept: Vec<Cidr> = lock.taken().collect();
        let pairs = (0..kept.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        let overlap = pairs.into_iter().any(|(one, other)| kept[one].overlaps(&kept[other]));
        let mut report = Report::default();
        prop_assert_eq!(lock.verify(&mut report).is_err(), overlap);
        let codes: BTreeSet<_> = report.diagnostics().iter().map(|one| one.code.name).collect();
        prop_assert!(codes.iter().all(|code| *code == "lock-overlap"), "{:?}", codes);
    }
}

/// What the published schema has against a text, read by the general YAML reader.
fn schema_errors(text: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let file = sources.add("tenantry.lock", text);
    let Ok(tree) = read_yaml(file, Tags::Refuse, &sources, &mut report) else {
        return vec!["no YAML".into()];
    };
    let schema: serde_json::Value = serde_json::from_str(schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(&tree.to_json()).map(|error| error.to_string()).collect()
}

#[test]
fn the_schema_is_one_and_refuses_what_the_reader_refuses() {
    let schema: serde_json::Value = serde_json::from_str(schema()).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let header = "version: 1\nproduct: ledgerly\nenvironment: prod\n";
    assert_eq!(schema_errors(header), Vec::<String>::new());
    assert!(read(header).0.is_ok());
    for line in [
        "tenants: {}",
        "tenant acme: {}",
        "tenant acme: { cell: vpc/222222222222/us-east-1/0 }",
        "tenant acme: { cell: vpc/222222222222/us-east-1/1, tier: free }",
        "tenant Acme: { cell: vpc/222222222222/us-east-1/1 }",
        "network acme: { reserve: 10.0.0.0/22 }",
        "network acme: { cidr: ten }",
        "subnets acme: { cidr: 10.0.0.0/22, slots: 4 }",
        "subnets acme/app: { cidr: 10.0.0.0/22, slots: many }",
        "subnets acme/app: { cidr: 10.0.0.0/22 }",
        "zones acme: { use1-az1: first }",
        "zones acme: { us-east-1a: 0 }",
        "quarantine 10.0.0.0/22: {}",
        "quarantine acme: { owner: acme }",
        "cell vpc/222222222222/us-east-1/1: { tenants: 4 }",
        "cell vpc/222222222222/useast1/1: acme",
        "version: 2",
    ] {
        let text = format!("{}{line}\n", if line.starts_with("version") { &header[11..] } else { header });
        assert_ne!(schema_errors(&text), Vec::<String>::new(), "the schema takes {line}");
        assert!(read(&text).0.is_err(), "the reader takes {line}");
    }
}

#[test]
fn a_tenant_in_a_shared_cell_has_the_network_and_the_zones_of_the_cell() {
    let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
    let cell: CellId = parsed("subnet/222222222222/us-east-1/1");
    lock.tenants.insert(parsed("acme"), Locked::new(Home { slot: Some(1), ..Home::alone(cell.clone()) }));
    lock.cells.insert(cell.clone(), Locked::new(Cell));
    let owner = Owner::Cell(cell);
    lock.networks.insert(owner.clone(), Locked::new(Network::new(parsed("10.0.0.0/20"))));
    lock.zones.insert(owner.clone(), Locked::new(Zones([(parsed("use1-az1"), 0)].into())));
    let acme = Owner::Tenant(parsed("acme"));
    assert_eq!(lock.network_of(&acme).unwrap().value.cidr, parsed("10.0.0.0/20"));
    assert_eq!(lock.zones_of(&acme).unwrap().value.0.len(), 1);
    for (owner, block, slots) in [(owner, "10.0.0.0/21", 1), (acme, "10.0.0.0/24", 4)] {
        let id = SubnetGroupId { owner, group: parsed("app") };
        lock.subnet_groups.insert(id, Locked::new(SubnetGroup::new(parsed(block), slots)));
    }
    assert!(lock.verify(&mut Report::default()).is_ok());
    assert!(read(&lock.to_text()).0.is_ok());
}

#[test]
fn the_slots_of_a_subnet_group_lie_side_by_side() {
    let group = SubnetGroup::new(parsed("10.0.0.0/23"), 4);
    assert_eq!(group.slot(0), Some(parsed("10.0.0.0/25")));
    assert_eq!(group.slot(3), Some(parsed("10.0.1.128/25")));
    assert_eq!(group.slot(4), None);
    assert_eq!(SubnetGroup { slots: 0, ..group.clone() }.slot(0), None);
    assert_eq!(SubnetGroup::new(parsed("10.0.0.0/31"), 4).slot(0), None);
}

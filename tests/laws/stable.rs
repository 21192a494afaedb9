//! Law 3: an edit changes what it must and nothing else.
//!
//! A long history of random edits is played, each compiled with the lock of the one before. Tenants
//! that an edit does not name must look the same before and after, byte by byte. An edit that cannot
//! be made is refused for a reason that is on a short list, and leaves everything as it was.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tenantry::network::Cidr;

use crate::company::Company;
use crate::compiled::{self, Compiled, cidr, text};
use crate::edits::{Edit, edit};
use crate::random::{Pools, founded};

/// Why a catalog that is right in itself may not fit what exists already, or the pools.
const REFUSALS: [&str; 6] = [
    "pool-full",
    "network-size-changed",
    "no-room-to-grow",
    "not-enough-zones",
    "subnet-too-small",
    "lock-contradicts-catalog",
];

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let (made, refused) = (Cell::new(0u32), Cell::new(0u32));
    let history = (founded(Pools::Tight), prop::collection::vec(edit(), 24));
    let mut runner = TestRunner::new(crate::cases(10));
    let outcome = runner.run(&history, |(company, edits)| {
        play(company, &edits, &made, &refused);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // A history in which everything is refused would prove nothing.
    assert!(made.get() > refused.get(), "{} edits were made, {} refused", made.get(), refused.get());
}

/// A tenant leaves, and comes again in another Region: its stacks in the first may still be there.
#[test]
fn a_block_waits_on_when_its_tenant_comes_again_elsewhere() {
    let catalog = |tenants: &str| {
        format!(
            "version: 1\nproduct: ledgerly\nenvironment: prod\n\
             accounts: [{{ id: \"222222222222\", name: platform, hosts: [vpc] }}]\n\
             regions:\n  us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/16] }}\n  \
             eu-west-1: {{ zones: [euw1-az1, euw1-az2], pools: [10.80.0.0/16] }}\n\
             tiers: {{ business: {{ model: vpc, size: medium }} }}\ntenants: [{tenants}]\n"
        )
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    let compiled = |tenants: &str, lock: Option<&str>| {
        std::fs::write(&path, catalog(tenants)).unwrap();
        compiled::compile(&path, lock, None).unwrap().lock
    };
    let here = compiled("{ id: acme, name: Acme, tier: business, region: us-east-1 }", None);
    assert!(here.contains("network acme: { cidr: 10.64.0.0/22 }"));
    let gone = compiled("", Some(&here));
    assert!(gone.contains("quarantine 10.64.0.0/22: { owner: acme }"));
    let elsewhere = compiled("{ id: acme, name: Acme, tier: business, region: eu-west-1 }", Some(&gone));
    assert!(elsewhere.contains("network acme: { cidr: 10.80.0.0/22 }"));
    assert!(elsewhere.contains("quarantine 10.64.0.0/22: { owner: acme }"), "{elsewhere}");
}

/// The zones of a tenant that shrinks keep their places, whatever the order in which the Region has them.
#[test]
fn a_zone_that_is_no_longer_used_keeps_its_slot() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    let compiled = |zones: &str, number: u8, lock: Option<&str>| {
        let catalog = format!(
            "version: 1\nproduct: ledgerly\nenvironment: prod\n\
             accounts: [{{ id: \"222222222222\", name: platform, hosts: [vpc] }}]\n\
             regions: {{ us-east-1: {{ zones: [{zones}], pools: [10.64.0.0/16] }} }}\n\
             tiers: {{ business: {{ model: vpc, size: medium, settings: {{ zones: {number} }} }} }}\n\
             tenants: [{{ id: acme, name: Acme, tier: business, region: us-east-1 }}]\n"
        );
        std::fs::write(&path, catalog).unwrap();
        compiled::compile(&path, lock, None).unwrap()
    };
    let wide = compiled("use1-az1, use1-az2, use1-az4", 3, None);
    let narrow = compiled("use1-az4, use1-az2, use1-az1", 2, Some(&wide.lock));
    assert_eq!(narrow.lock, wide.lock);
    let zones = &narrow.tenants()["acme"]["network"]["subnet_groups"][0]["subnets"];
    assert_eq!((&zones[0]["zone"], &zones[1]["zone"]), (&"use1-az1".into(), &"use1-az2".into()));
    let again = compiled("use1-az4, use1-az2, use1-az1", 3, Some(&narrow.lock));
    assert!(again.lock == wide.lock && again.tenants() == wide.tenants());
}

/// Taking the first of two ranges out leaves the second in its slot; that is another template than
/// the one for two ranges.
#[test]
fn one_range_in_the_second_slot_is_not_two_ranges() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    let compiled = |ranges: &str, lock: Option<&str>| {
        let catalog = format!(
            "version: 1\nproduct: ledgerly\nenvironment: prod\n\
             accounts: [{{ id: \"222222222222\", name: platform, hosts: [vpc] }}]\n\
             regions: {{ us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/16] }} }}\n\
             tiers: {{ business: {{ model: vpc, size: medium, settings: {{ load_balancer: true, service: true, \
             internet_egress: true, domain: example.com, hosted_zone: Z0AAA }} }} }}\n\
             tenants:\n  - {{ id: acme, name: Acme, tier: business, region: us-east-1, ingress: [{ranges}] }}\n  \
             - {{ id: globex, name: Globex, tier: business, region: us-east-1, \
             ingress: [203.0.113.0/24, 203.0.114.0/24] }}\n"
        );
        std::fs::write(&path, catalog).unwrap();
        compiled::compile(&path, lock, None).unwrap_or_else(|told| panic!("{}", told.shown))
    };
    let two = compiled("203.0.113.0/24, 203.0.114.0/24", None);
    let one = compiled("203.0.114.0/24", Some(&two.lock));
    let access = |id: &str| {
        let stacks = one.stack_entries();
        let own =
            stacks.iter().find(|stack| stack["tenant"] == id && text(&stack["name"]).ends_with("-access"));
        text(&own.unwrap()["template"])
    };
    assert!(one.text(&access("acme")).contains("IngressRange2"));
    assert!(!one.text(&access("acme")).contains("IngressRange1"));
    assert!(one.text(&access("globex")).contains("IngressRange1"));
}

fn play(mut company: Company, edits: &[Edit], made: &Cell<u32>, refused: &Cell<u32>) {
    let mut now = compiled::company(&company, None).unwrap();
    let mut left: BTreeMap<String, Value> = BTreeMap::new();
    for edit in edits {
        let mut edited = company.clone();
        let Some(named) = edit.apply(&mut edited, &now) else { continue };
        let next = match compiled::company(&edited, Some(&now.lock)) {
            Ok(next) => next,
            Err(told) => {
                let codes = told.codes();
                assert!(
                    !codes.is_empty() && codes.iter().all(|code| REFUSALS.contains(&code.as_str())),
                    "{edit:?}: {}",
                    told.shown
                );
                assert!(
                    !named.is_empty(),
                    "an edit that names nobody cannot be in anybody's way: {edit:?}: {}",
                    told.shown
                );
                refused.set(refused.get() + 1);
                continue;
            }
        };
        made.set(made.get() + 1);
        others_are_as_they_were(&now, &next, &named, edit);
        the_tenant_itself_stays_where_it_is(&now, &next, edit);
        who_comes_again_finds_its_addresses(&left, &now, &next, edit);
        nothing_overlaps(&edited, &next);
        no_resource_goes_to_another_stack(&now, &next, edit);
        let again = compiled::company(&edited, Some(&next.lock)).unwrap();
        assert_eq!(again.lock, next.lock, "the lock changes without an edit, after {edit:?}");
        assert!(again == next, "the output changes without an edit, after {edit:?}");
        if let Edit::Remove(_) = edit {
            left.extend(now.tenants().into_iter().filter(|(id, _)| named.contains(id)));
        }
        (company, now) = (edited, next);
    }
}

/// A resource that went to another stack would be made a second time before it is taken away, or the other way round:
/// CloudFormation knows it by its stack.
fn no_resource_goes_to_another_stack(before: &Compiled, after: &Compiled, edit: &Edit) {
    let after = places_of_resources(after);
    for (resource, was) in places_of_resources(before) {
        let Some(is) = after.get(&resource) else { continue };
        let left = was.difference(is).next();
        let came = is.difference(&was).next();
        assert!(left.is_none() || came.is_none(), "{resource:?} goes from {left:?} to {came:?} by {edit:?}");
    }
}

/// The stacks that have a resource, by whose it is, its logical id and its type.
fn places_of_resources(compiled: &Compiled) -> BTreeMap<(String, String, String), BTreeSet<String>> {
    let mut places: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for stack in compiled.stacks() {
        let name = text(&stack.entry["name"]);
        // What tenants share ends in a number; before it, or at the end, stands the stack's own part.
        let number = name.rsplit('-').next().filter(|end| end.parse::<u32>().is_ok()).unwrap_or_default();
        let rest = name.strip_suffix(&format!("-{number}")).unwrap_or(&name);
        let whose = rest.rsplit_once('-').map_or(rest, |(whose, _)| whose);
        let whose = format!("{whose} {number} {} {}", stack.entry["account"], stack.entry["region"]);
        for (id, resource) in stack.template["Resources"].as_object().unwrap() {
            let key = (whose.clone(), id.clone(), text(&resource["Type"]));
            places.entry(key).or_default().insert(name.clone());
        }
    }
    places
}

/// Everything in the output and in the lock that is about one tenant.
#[derive(Debug, PartialEq)]
struct Seen<'c> {
    decisions: Option<Value>,
    lock: Vec<&'c str>,
    stacks: Vec<Value>,
    files: BTreeMap<String, &'c str>,
}

fn seen<'c>(compiled: &'c Compiled, id: &str) -> Seen<'c> {
    let stacks: Vec<Value> =
        compiled.stack_entries().into_iter().filter(|stack| stack["tenant"] == id).collect();
    let paths = stacks.iter().flat_map(|stack| [text(&stack["deployment"]), text(&stack["template"])]);
    let files = paths.map(|path| (path.clone(), compiled.text(&path))).collect();
    Seen { decisions: compiled.tenants().get(id).cloned(), lock: compiled.lock_lines(id), stacks, files }
}

fn others_are_as_they_were(before: &Compiled, after: &Compiled, named: &BTreeSet<String>, edit: &Edit) {
    for id in before.tenants().keys().filter(|id| !named.contains(*id)) {
        let (before, after) = (seen(before, id), seen(after, id));
        assert_eq!(before, after, "{id} is not named by {edit:?}");
    }
    let (waiting, tenants) = (after.quarantine(), after.tenants());
    for block in before.quarantine() {
        let is_back =
            tenants.get(&block.1).is_some_and(|owner| cidr(&owner["network"]["reserve"]) == block.0);
        assert!(is_back || waiting.contains(&block), "{block:?} was given away by {edit:?}");
    }
}

/// An edit of a tenant moves neither its home, nor its network, nor a zone or range that stays.
fn the_tenant_itself_stays_where_it_is(before: &Compiled, after: &Compiled, edit: &Edit) {
    let after = after.tenants();
    for (id, old) in before.tenants() {
        let Some(new) = after.get(&id) else { continue };
        for kept in ["cell", "account", "region", "model"] {
            assert_eq!(old[kept], new[kept], "the {kept} of {id} after {edit:?}");
        }
        for kept in ["cidr", "pool"] {
            assert_eq!(old["network"][kept], new["network"][kept], "the {kept} of {id} after {edit:?}");
        }
        // A larger size grows in place: what was kept stays kept, and more beside it.
        let (was, is) = (cidr(&old["network"]["reserve"]), cidr(&new["network"]["reserve"]));
        assert!(is.contains(&was), "the reserve of {id} was {was} and is {is} after {edit:?}");
        let (old_places, new_places) = (places(&old), places(new));
        for (place, block) in &old_places {
            assert!(
                new_places.get(place).is_none_or(|now| now == block),
                "{place} of {id} was {block} before {edit:?}: {new_places:?}"
            );
        }
    }
}

/// What stands where: subnet groups, their zones, and the slots of an allow-list.
fn places(tenant: &Value) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for (number, block) in blocks(&tenant["network"], "secondary").into_iter().enumerate() {
        places.insert(format!("network {number}"), block.to_string());
    }
    for group in tenant["network"]["subnet_groups"].as_array().unwrap() {
        let name = text(&group["name"]);
        for subnet in group["subnets"].as_array().unwrap() {
            // A group that has grown has several in a zone, the oldest first.
            let place = |number: u32| format!("{name} {number} in {}", subnet["zone"]);
            let free = (1..).map(place).find(|place| !places.contains_key(place));
            places.extend(free.map(|place| (place, text(&subnet["cidr"]))));
        }
        for further in group.get("further").and_then(Value::as_array).into_iter().flatten() {
            places.insert(format!("{name} {}", further["block"]), text(&further["cidr"]));
        }
        places.insert(name, text(&group["cidr"]));
    }
    for range in tenant["ingress"].as_array().unwrap() {
        places.insert(format!("range {}", range["cidr"]), range["slot"].to_string());
    }
    places
}

/// A tenant that left and comes back asking for the same gets the same: its block waited for it.
fn who_comes_again_finds_its_addresses(
    left: &BTreeMap<String, Value>,
    before: &Compiled,
    after: &Compiled,
    edit: &Edit,
) {
    let Edit::Add(tenant) = edit else { return };
    let (Some(old), Some(new)) = (left.get(&tenant.id), after.tenants().remove(&tenant.id)) else { return };
    let reserve = cidr(&old["network"]["reserve"]);
    let asked = cidr(&new["network"]["reserve"]).length();
    let waiting = before.quarantine().into_iter().filter(|(_, owner)| *owner == tenant.id);
    let waiting: Vec<Cidr> = waiting.map(|(block, _)| block).collect();
    if old["region"] != new["region"] || asked != reserve.length() || waiting != [reserve] {
        return;
    }
    assert_eq!(cidr(&new["network"]["reserve"]), reserve, "{} came again", tenant.id);
}

/// Networks lie in a pool of their Region, touch neither each other nor what is reserved or waits in
/// quarantine, and hold subnet groups that hold subnets, none touching another.
fn nothing_overlaps(company: &Company, compiled: &Compiled) {
    let mut taken: Vec<Cidr> = company.reserved.iter().map(|(block, _)| block.parse().unwrap()).collect();
    let waiting: Vec<Cidr> = compiled.quarantine().into_iter().map(|(block, _)| block).collect();
    taken.extend(waiting);
    for (id, tenant) in compiled.tenants() {
        let network = &tenant["network"];
        let reserve = cidr(&network["reserve"]);
        let region = company.regions.iter().find(|region| tenant["region"] == region.name).unwrap();
        let pools: Vec<Cidr> = region.pools.iter().map(|pool| pool.parse().unwrap()).collect();
        let networks = blocks(network, "secondary");
        let (mut beside, mut groups) = (Vec::new(), Vec::new());
        // What grows beyond its reserve takes blocks elsewhere.
        let elsewhere = networks.iter().filter(|block| !reserve.contains(block));
        for claim in std::iter::once(&reserve).chain(elsewhere) {
            assert!(pools.iter().any(|pool| pool.contains(claim)), "{claim} of {id} lies in no pool");
            if let Some(other) = taken.iter().find(|other| other.overlaps(claim)) {
                panic!("{claim} of {id} touches {other}");
            }
            taken.push(*claim);
        }
        networks.iter().for_each(|block| inside(*block, &pools, &mut beside));
        for group in network["subnet_groups"].as_array().unwrap() {
            let (own, mut subnets, mut zones) = (blocks(group, "further"), Vec::new(), BTreeSet::new());
            own.iter().for_each(|block| inside(*block, &networks, &mut groups));
            for subnet in group["subnets"].as_array().unwrap() {
                inside(cidr(&subnet["cidr"]), &own, &mut subnets);
                zones.insert(text(&subnet["zone"]));
            }
            assert_eq!(zones.len() * own.len(), subnets.len(), "a zone stands once in each block: {id}");
        }
    }
}

/// The block of a network or a subnet group, and those that it has grown by.
fn blocks(owner: &Value, further: &str) -> Vec<Cidr> {
    let more = owner.get(further).and_then(Value::as_array).into_iter().flatten();
    let more = more.map(|block| cidr(block.get("cidr").unwrap_or(block)));
    std::iter::once(cidr(&owner["cidr"])).chain(more).collect()
}

fn inside(block: Cidr, outer: &[Cidr], beside: &mut Vec<Cidr>) {
    assert!(outer.iter().any(|outer| outer.contains(&block)), "{block} lies in none of {outer:?}");
    assert!(!beside.iter().any(|other| other.overlaps(&block)), "{block} touches one of {beside:?}");
    beside.push(block);
}

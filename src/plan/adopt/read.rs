//! What `aws ec2 describe-vpcs`, `describe-subnets` and `describe-vpc-peering-connections` print.
//!
//! Keys that are not needed are passed over, since AWS adds some from time to time. What is needed and
//! is not there, or is not what it should be, is an error at its place.

use std::collections::BTreeMap;

use crate::catalog::FreeText;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::network::{Cidr, CidrError};
use crate::plan::adopt::found::{Found, Subnet, Vpc};
use crate::plan::lock::Reservation;
use crate::source::{FileId, SourceMap};
use crate::yaml::{Located, Node, Value, read_json};

/// States in which a block or a peering is there, or is on its way (EC2 API Reference,
/// `VpcCidrBlockState` and `VpcPeeringConnectionStateReason`).
const PRESENT: [&str; 6] =
    ["associated", "associating", "active", "pending-acceptance", "provisioning", "initiating-request"];

/// Takes a file of JSON in.
pub(super) fn read_answer(file: FileId, sources: &SourceMap, found: &mut Found, report: &mut Report) {
    let Ok(root) = read_json(file, sources, report) else { return };
    let sections = ["Vpcs", "Subnets", "VpcPeeringConnections"];
    if !sections.iter().any(|section| root.get(section).is_some()) {
        report.push(
            Diagnostic::error(&codes::ADOPTION_INPUT, "this JSON is no answer of AWS about networks")
                .at(root.span.beginning(), "neither `Vpcs`, `Subnets` nor `VpcPeeringConnections`")
                .help(
                    "save what `aws ec2 describe-vpcs`, `describe-subnets` or `describe-vpc-peering-connections` prints with `--output json`",
                ),
        );
        return;
    }
    for node in items(&root, "Vpcs", report) {
        vpc(node, found, report);
    }
    for node in items(&root, "Subnets", report) {
        subnet(node, found, report);
    }
    for node in items(&root, "VpcPeeringConnections", report) {
        peering(node, found, report);
    }
}

fn vpc(node: &Node, found: &mut Found, report: &mut Report) {
    let id = required(node, "VpcId", report).and_then(|id| parsed(id, "the id of a VPC", report));
    let account = optional(node, "OwnerId").and_then(|owner| parsed(owner, "the id of an account", report));
    let mut blocks: Vec<Located<Cidr>> =
        required(node, "CidrBlock", report).and_then(|block| cidr(block, report)).into_iter().collect();
    for (set, state, key) in [
        ("CidrBlockAssociationSet", "CidrBlockState", "CidrBlock"),
        ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlockState", "Ipv6CidrBlock"),
    ] {
        for association in items(node, set, report) {
            if present(association.get(state).and_then(|state| state.get("State"))) {
                let block = required(association, key, report).and_then(|block| cidr(block, report));
                blocks.extend(block.filter(|block| !blocks.iter().any(|have| have.value == block.value)));
            }
        }
    }
    let reason = match tags(node).get("Name").map(|name| FreeText::new(name, 128)) {
        _ if node.get("IsDefault").is_some_and(|flag| flag.value == Value::Boolean(true)) => {
            "default VPC".to_owned()
        }
        Some(Ok(name)) => format!("VPC {name}"),
        // A name that could be code somewhere is left out.
        Some(Err(_)) | None => "VPC in use".to_owned(),
    };
    let reason = FreeText::new(&reason, Reservation::REASON_LENGTH);
    if let (Some(id), Ok(reason)) = (id, reason) {
        found.add_vpc(id, Vpc { account, blocks, reason, described: true, span: node.span });
    }
}

fn subnet(node: &Node, found: &mut Found, report: &mut Report) {
    let id = required(node, "SubnetId", report).and_then(|id| text(id, "the id of a subnet", report));
    let vpc = required(node, "VpcId", report).and_then(|id| parsed(id, "the id of a VPC", report));
    let block = required(node, "CidrBlock", report).and_then(|block| cidr(block, report));
    let zone = optional(node, "AvailabilityZoneId");
    let zone = zone.and_then(|zone| parsed(zone, "the id of an Availability Zone", report));
    if let (Some(id), Some(vpc), Some(cidr)) = (id, vpc, block) {
        found.subnets.insert(id, Subnet { vpc, cidr, zone, tags: tags(node) });
    }
}

/// Both ends of a peering: the VPCs that ours may meet, whoever they belong to.
fn peering(node: &Node, found: &mut Found, report: &mut Report) {
    if !present(node.get("Status").and_then(|status| status.get("Code"))) {
        return;
    }
    for key in ["AccepterVpcInfo", "RequesterVpcInfo"] {
        let Some(end) = node.get(key) else { continue };
        let id = required(end, "VpcId", report).and_then(|id| parsed(id, "the id of a VPC", report));
        let account =
            optional(end, "OwnerId").and_then(|owner| parsed(owner, "the id of an account", report));
        let mut blocks: Vec<Located<Cidr>> =
            optional(end, "CidrBlock").and_then(|block| cidr(block, report)).into_iter().collect();
        for (set, key) in [("CidrBlockSet", "CidrBlock"), ("Ipv6CidrBlockSet", "Ipv6CidrBlock")] {
            for item in items(end, set, report) {
                let block = required(item, key, report).and_then(|block| cidr(block, report));
                blocks.extend(block.filter(|block| !blocks.iter().any(|have| have.value == block.value)));
            }
        }
        // An end that has not accepted yet shows no blocks.
        let reason = FreeText::new("VPC at an end of a peering", Reservation::REASON_LENGTH);
        if let (Some(id), Ok(reason)) = (id, reason) {
            found.add_vpc(id, Vpc { account, blocks, reason, described: false, span: end.span });
        }
    }
}

/// Whether something is there; what says nothing of its state is.
fn present(state: Option<&Node>) -> bool {
    state.and_then(Node::as_text).is_none_or(|state| PRESENT.contains(&state))
}

fn tags(node: &Node) -> BTreeMap<String, String> {
    let Some(Value::List(items)) = node.get("Tags").map(|tags| &tags.value) else { return BTreeMap::new() };
    let one = |item: &Node| {
        Some((item.get("Key")?.as_text()?.to_owned(), item.get("Value")?.as_text()?.to_owned()))
    };
    items.iter().filter_map(one).collect()
}

/// The items of a list that may be missing.
fn items<'n>(node: &'n Node, key: &str, report: &mut Report) -> &'n [Node] {
    match node.get(key).map(|list| (&list.value, list)) {
        None | Some((Value::Null, _)) => &[],
        Some((Value::List(items), _)) => items,
        Some((_, other)) => {
            report.push(wrong(other, format!("`{key}` is a list, and this is {}", other.kind())));
            &[]
        }
    }
}

/// A value that may be missing, or nothing.
fn optional<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| value.value != Value::Null)
}

fn required<'n>(node: &'n Node, key: &str, report: &mut Report) -> Option<&'n Node> {
    let found = node.get(key);
    if found.is_none() {
        let message = format!("`{key}` is missing");
        report.push(
            Diagnostic::error(&codes::ADOPTION_INPUT, message)
                .at(node.span.beginning(), "here")
                .help("save the whole answer of AWS, without `--query`"),
        );
    }
    found
}

fn text(node: &Node, what: &str, report: &mut Report) -> Option<String> {
    let text = node.as_text();
    if text.is_none() {
        report.push(wrong(node, format!("{what} is text, and this is {}", node.kind())));
    }
    text.map(str::to_owned)
}

fn parsed<T: std::str::FromStr>(node: &Node, what: &str, report: &mut Report) -> Option<T> {
    let text = text(node, what, report)?;
    let value = text.parse().ok();
    if value.is_none() {
        report.push(wrong(node, format!("{} cannot be {what}", quote(&text))));
    }
    value
}

pub(super) fn cidr(node: &Node, report: &mut Report) -> Option<Located<Cidr>> {
    let text = text(node, "a block of addresses", report)?;
    match text.parse::<Cidr>() {
        Ok(block) => Some(Located::new(block, node.span)),
        Err(error) => {
            let mut told = wrong(node, format!("{} is not a block of addresses", quote(&text)));
            if let CidrError::HostBits(meant) | CidrError::NoLength(meant) = error {
                told = told.help(format!("write `{meant}`, if that is what it is"));
            }
            report.push(told);
            None
        }
    }
}

fn wrong(node: &Node, message: String) -> Diagnostic {
    Diagnostic::error(&codes::ADOPTION_INPUT, message)
        .at(node.span, "")
        .help("save the answer of AWS again; it was changed or cut off")
}

//! The flows of a blueprint, decoded: who may open connections to whom, with what traffic.

use std::collections::BTreeMap;

use crate::aws::PrefixListService;
use crate::blueprint::intent::{Flow, FlowEnd, Workload};
use crate::blueprint::load::{condition, invalid};
use crate::diagnostics::{Report, closest, list_of, quote};
use crate::network::{Icmp, Ports, Traffic};
use crate::yaml::{Fields, Node, Value};

pub(super) fn flows(node: &Node, workloads: &BTreeMap<String, Workload>, report: &mut Report) -> Vec<Flow> {
    let mut flows = Vec::new();
    for node in node.list("`flows`", report).unwrap_or_default() {
        let Some(mut fields) = Fields::open(node, "a flow", report) else { continue };
        let from = fields.required("from", report).and_then(|node| end(node, workloads, true, report));
        let to = fields.required("to", report).and_then(|node| end(node, workloads, false, report));
        let traffic = traffic(&mut fields, report);
        let when = fields.optional("when").and_then(|node| condition(node, report));
        let span = fields.span();
        fields.finish(report);
        if let (Some(from), Some(to), Some(traffic)) = (from, to, traffic) {
            if !matches!((&from, &to), (FlowEnd::Workload(_), _) | (_, FlowEnd::Workload(_))) {
                let help = "one of its ends is a workload of the blueprint";
                invalid(span, &format!("a flow cannot lead from {from} to {to}"), help, report);
            }
            flows.push(Flow { from, to, traffic, when, span });
        }
    }
    flows
}

fn end(
    node: &Node,
    workloads: &BTreeMap<String, Workload>,
    begins: bool,
    report: &mut Report,
) -> Option<FlowEnd> {
    let text = node.text("an end of a flow", report)?;
    let service = |name: &str| {
        let list = PrefixListService::named(name);
        if begins { list.is_some_and(PrefixListService::begins_flows) } else { !name.is_empty() }
    };
    let end = match (text, text.split_once('.')) {
        ("tenant.ingress", _) if begins => FlowEnd::TenantIngress,
        ("internet", _) if !begins => FlowEnd::Internet,
        (_, Some(("aws", name))) if service(name) => FlowEnd::Service(name.to_owned()),
        (_, Some(("range", name))) if !name.is_empty() => FlowEnd::Range(name.to_owned()),
        _ if workloads.contains_key(text) => FlowEnd::Workload(text.to_owned()),
        _ => {
            let names = || workloads.keys().map(String::as_str);
            let help = match (closest(text, names()), begins) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => format!(
                    "a flow begins at `tenant.ingress`, at `range.NAME`, at {}, or at a workload: {}",
                    list_of(PrefixListService::BEGINNINGS),
                    list_of(names())
                ),
                (None, false) => format!(
                    "a flow ends at `internet`, at `aws.SERVICE`, at `range.NAME`, or at a workload: {}",
                    list_of(names())
                ),
            };
            let verb = if begins { "begin" } else { "end" };
            invalid(node.span, &format!("a flow cannot {verb} at {}", quote(text)), &help, report);
            return None;
        }
    };
    Some(end)
}

/// What a flow lets through, from its keys `protocol`, `ports` and `types`.
fn traffic(fields: &mut Fields<'_>, report: &mut Report) -> Option<Vec<Traffic>> {
    let protocol = match fields.optional("protocol") {
        Some(node) => protocol(node, report),
        None => Some(Traffic::Tcp((0, 0))),
    };
    let (ports_node, types_node) = (fields.optional("ports"), fields.optional("types"));
    let has = |node: Option<&Node>, key: &str, report: &mut Report| {
        if let Some(node) = node {
            let message = format!("`{key}` says nothing for this protocol");
            invalid(node.span, &message, &format!("take `{key}` out"), report);
        }
    };
    let protocol = protocol?;
    match protocol {
        Traffic::Tcp(_) | Traffic::Udp(_) => {
            has(types_node, "types", report);
            let make = if protocol.number() == 6 { Traffic::Tcp } else { Traffic::Udp };
            let node = match ports_node {
                Some(node) => node,
                None => fields.required("ports", report)?,
            };
            Some(ports(node, report).into_iter().map(make).collect())
        }
        Traffic::Icmp(_) | Traffic::Icmp6(_) => {
            has(ports_node, "ports", report);
            let make = if protocol.number() == 1 { Traffic::Icmp } else { Traffic::Icmp6 };
            let types = types_node.map_or_else(|| vec![Icmp::Every], |node| types(node, report));
            Some(types.into_iter().map(make).collect())
        }
        Traffic::Number(_) | Traffic::All => {
            has(ports_node, "ports", report);
            has(types_node, "types", report);
            Some(vec![protocol])
        }
    }
}

/// The protocol, whole.
fn protocol(node: &Node, report: &mut Report) -> Option<Traffic> {
    let found = match &node.value {
        Value::Integer(number) => u8::try_from(*number).ok().map(Traffic::of_number),
        Value::Text(text) => match &**text {
            "tcp" => Some(Traffic::of_number(6)),
            "udp" => Some(Traffic::of_number(17)),
            "icmp" => Some(Traffic::of_number(1)),
            "icmpv6" => Some(Traffic::of_number(58)),
            "all" => Some(Traffic::All),
            _ => None,
        },
        _ => None,
    };
    if found.is_none() {
        let message = match &node.value {
            Value::Text(text) => format!("a flow has no protocol {}", quote(text)),
            _ => "this is not a protocol".to_owned(),
        };
        let help = "write `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or a protocol's number from 0 to 255";
        invalid(node.span, &message, help, report);
    }
    found
}

fn ports(node: &Node, report: &mut Report) -> Vec<Ports> {
    let mut ranges = Vec::new();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        invalid(node.span, "a flow without ports opens nothing", "name at least one port", report);
    }
    for node in node.list("`ports`", report).unwrap_or_default() {
        let range = match &node.value {
            Value::Integer(port) => u16::try_from(*port).ok().map(|port| (port, port)),
            Value::Text(text) => text.split_once('-').and_then(|(first, last)| {
                let range: Ports = (first.trim().parse().ok()?, last.trim().parse().ok()?);
                (range.0 <= range.1).then_some(range)
            }),
            _ => None,
        };
        match range {
            Some(range) => ranges.push(range),
            None => invalid(
                node.span,
                "this is not a port or a range of ports",
                "write a number from 0 to 65535, or a text such as `8000-8100`",
                report,
            ),
        }
    }
    ranges.sort_unstable();
    ranges
}

fn types(node: &Node, report: &mut Report) -> Vec<Icmp> {
    let mut types = Vec::new();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        invalid(node.span, "a flow without types opens nothing", "leave `types` out for all of them", report);
    }
    for node in node.list("`types`", report).unwrap_or_default() {
        let icmp = match &node.value {
            Value::Integer(kind) => u8::try_from(*kind).ok().map(Icmp::Type),
            Value::Text(text) => text.split_once('/').and_then(|(kind, code)| {
                Some(Icmp::TypeAndCode(kind.trim().parse().ok()?, code.trim().parse().ok()?))
            }),
            _ => None,
        };
        match icmp {
            Some(icmp) => types.push(icmp),
            None => invalid(
                node.span,
                "this is not a type of ICMP messages",
                "write a number from 0 to 255, or a text with a code such as `3/4`",
                report,
            ),
        }
    }
    types.sort_unstable();
    types
}

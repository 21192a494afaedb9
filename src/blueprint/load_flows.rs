//! The flows of a blueprint, decoded: who may open connections to whom, on which ports.

use std::collections::BTreeMap;

use crate::blueprint::intent::{Flow, FlowEnd, Protocol, Workload};
use crate::blueprint::load::{condition, invalid};
use crate::diagnostics::{Report, closest, list_of, quote};
use crate::yaml::{Fields, Node, Value};

pub(super) fn flows(node: &Node, workloads: &BTreeMap<String, Workload>, report: &mut Report) -> Vec<Flow> {
    let mut flows = Vec::new();
    for node in node.list("`flows`", report).unwrap_or_default() {
        let Some(mut fields) = Fields::open(node, "a flow", report) else { continue };
        let from = fields.required("from", report).and_then(|node| end(node, workloads, true, report));
        let to = fields.required("to", report).and_then(|node| end(node, workloads, false, report));
        let ports = fields.required("ports", report).map(|node| ports(node, report));
        let protocol =
            fields.optional("protocol").and_then(|node| match node.text("a flow's protocol", report)? {
                "tcp" => Some(Protocol::Tcp),
                "udp" => Some(Protocol::Udp),
                other => {
                    invalid(
                        node.span,
                        &format!("a flow has no protocol {}", quote(other)),
                        "write `tcp` or `udp`",
                        report,
                    );
                    None
                }
            });
        let when = fields.optional("when").and_then(|node| condition(node, report));
        let span = fields.span();
        fields.finish(report);
        if let (Some(from), Some(to), Some(ports)) = (from, to, ports) {
            flows.push(Flow { from, to, protocol: protocol.unwrap_or(Protocol::Tcp), ports, when, span });
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
    let end = match text {
        "tenant.ingress" if begins => FlowEnd::TenantIngress,
        "internet" if !begins => FlowEnd::Internet,
        _ if workloads.contains_key(text) => FlowEnd::Workload(text.to_owned()),
        _ => match text.strip_prefix("aws.") {
            Some(service) if !begins && !service.is_empty() => FlowEnd::Service(service.to_owned()),
            _ => {
                let names = || workloads.keys().map(String::as_str);
                let help = match (closest(text, names()), begins) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, true) => {
                        format!("a flow begins at `tenant.ingress` or at a workload: {}", list_of(names()))
                    }
                    (None, false) => format!(
                        "a flow ends at `internet`, at `aws.SERVICE`, or at a workload: {}",
                        list_of(names())
                    ),
                };
                invalid(
                    node.span,
                    &format!("a flow cannot {} at {}", if begins { "begin" } else { "end" }, quote(text)),
                    &help,
                    report,
                );
                return None;
            }
        },
    };
    Some(end)
}

fn ports(node: &Node, report: &mut Report) -> Vec<(u16, u16)> {
    let mut ranges = Vec::new();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        invalid(node.span, "a flow without ports opens nothing", "name at least one port", report);
    }
    for node in node.list("`ports`", report).unwrap_or_default() {
        let range = match &node.value {
            Value::Integer(port) => u16::try_from(*port).ok().map(|port| (port, port)),
            Value::Text(text) => text.split_once('-').and_then(|(first, last)| {
                let range: (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
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

//! PrivateLink: an interface endpoint in one VPC is a door of a load balancer in another.
//!
//! Packets need no route there, and addresses do not matter. So whoever is behind an endpoint is entered as something
//! of its own that stands where the endpoint stands and bears its groups: what reaches the door reaches the owner.

use std::collections::BTreeSet;

use crate::check::model::{Resource, ResourceId, Value};
use crate::check::network::read::bearers::name as name_of;
use crate::check::network::read::{Named, Reader, named};
use crate::check::network::topology::Workload;

/// Who is behind an endpoint.
enum Provider {
    /// AWS, whose services are nobody's here.
    Aws,
    /// An endpoint service of these templates.
    Here(ResourceId),
    /// Anybody.
    Unknown,
}

/// What begins the name of every service of AWS, and what comes next in that of everybody else's.
const NAMES: &str = "com.amazonaws.";
const OF_OTHERS: &str = "vpce.";

impl<'e> Reader<'e> {
    /// Enters who is behind an interface endpoint, which is the workload of this number.
    pub(super) fn behind(&mut self, endpoint: &Resource<'e>, door: usize) {
        match provider(self, &endpoint.property("ServiceName")) {
            Provider::Aws => {}
            Provider::Here(service) => {
                for balancer in self.balancers(service) {
                    let owner = self.tenant(&self.estate.resource(balancer));
                    let at = self.topology.workloads[door].clone();
                    let name = format!("{} behind {}", name_of(self.estate, balancer), at.name);
                    self.topology.workloads.push(Workload { name, owner, public: false, ..at });
                }
            }
            Provider::Unknown => {
                self.gap(endpoint, "ServiceName", "who is behind an endpoint is not known");
                // A service of nobody here is no tenant's; that of a tenant could be it.
                let services = self.of("AWS::EC2::VPCEndpointService");
                if services.iter().any(|service| self.tenant(service).is_some()) {
                    self.open_doors.push(door);
                }
            }
        }
    }

    /// The load balancers of an endpoint service; itself where they are not known, since they are of its owner's making.
    fn balancers(&self, service: ResourceId) -> BTreeSet<ResourceId> {
        let resource = self.estate.resource(service);
        let listed =
            ["NetworkLoadBalancerArns", "GatewayLoadBalancerArns"].map(|name| resource.property(name));
        let found = listed.iter().flat_map(Value::items).map(|one| match named(one) {
            Named::Resource(balancer, _) => balancer,
            Named::Elsewhere | Named::Unknown | Named::Absent => service,
        });
        found.collect()
    }
}

fn provider(reader: &Reader<'_>, name: &Value) -> Provider {
    let is_aws = |text: &str| text.strip_prefix(NAMES).is_some_and(|rest| !rest.starts_with(OF_OTHERS));
    match name {
        // Names of AWS's services begin otherwise in a few Regions, and never with this.
        Value::Text(text) if text.contains(".vpce.") => Provider::Unknown,
        Value::Text(_) => Provider::Aws,
        Value::Joined(parts) => {
            let service = parts.iter().find_map(|part| match named(part) {
                Named::Resource(target, None)
                    if reader.estate.resource(target).kind() == "AWS::EC2::VPCEndpointService" =>
                {
                    Some(target)
                }
                _ => None,
            });
            match (service, parts.first()) {
                (Some(service), _) => Provider::Here(service),
                (None, Some(Value::Text(first))) if is_aws(first) && first.len() > NAMES.len() => {
                    Provider::Aws
                }
                _ => Provider::Unknown,
            }
        }
        _ => Provider::Unknown,
    }
}

//! Types of EC2 instances: how many processors one has, and for how many tasks it has interfaces.
//!
//! Of the families c, m and r of the generations 6 to 8 in their plain forms (a, g and i), which are named by a rule
//! that holds for all of them: `large` has two processors, and the number before `xlarge` is how many times four; for
//! each processor there are 2 GiB of memory in c, 4 in m and 8 in r.

/// What a type of instance has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceType {
    /// Virtual processors, by which EC2 counts running instances.
    pub processors: u64,
    /// In GiB.
    pub memory: u64,
    /// Tasks of ECS with an interface each, where the account has `awsvpcTrunking` (ECS Developer Guide, "Supported
    /// instances for increased Amazon ECS container network interfaces").
    pub tasks: u64,
}

/// The type of a name such as `m7i.2xlarge`; `None` where the rule says nothing of it.
pub fn instance_type(name: &str) -> Option<InstanceType> {
    let (family, size) = name.split_once('.')?;
    let &[class, generation, maker] = family.as_bytes() else { return None };
    if !(b"cmr".contains(&class) && (b'6'..=b'8').contains(&generation) && b"agi".contains(&maker)) {
        return None;
    }
    let is_arm = maker == b'g';
    let (processors, tasks) = match size {
        "large" => (2, 10),
        "xlarge" => (4, 20),
        "2xlarge" => (8, 40),
        "4xlarge" => (16, 60),
        "8xlarge" => (32, if is_arm { 60 } else { 90 }),
        "12xlarge" => (48, if is_arm { 60 } else { 120 }),
        "16xlarge" => (64, 120),
        _ => return None,
    };
    let memory = processors
        * if class == b'c' {
            2
        } else if class == b'm' {
            4
        } else {
            8
        };
    Some(InstanceType { processors, memory, tasks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_says_the_processors_and_with_the_family_the_memory_and_the_interfaces() {
        let of = |name: &str| instance_type(name).map(|one| (one.processors, one.memory, one.tasks));
        assert_eq!(of("m7i.large"), Some((2, 8, 10)));
        assert_eq!(of("c8a.8xlarge"), Some((32, 64, 90)));
        assert_eq!(of("r6g.8xlarge"), Some((32, 256, 60)));
        for unknown in ["m7i-flex.large", "m7i.24xlarge", "t3.large", "m5.large", "large", ""] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}

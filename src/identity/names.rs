//! The grammar of each kind of name.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name of its kind: the rule it breaks, as a phrase that follows "must be".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError(pub &'static str);

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "must be {}", self.0)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Box<str>);

        impl $type {
            /// The rule for these names, as a phrase that follows "must be".
            pub const RULE: &'static str = $rule;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok($type(text.into())) } else { Err(NameError(Self::RULE)) }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A tenant's identity for ever. The grammar leaves out every character that is special in an
    /// ARN, an IAM policy, a path or a shell, so that an id can stand in any of them as it is.
    TenantId,
    "2 to 31 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    |text| slug(text, 2..=31)
);
name!(
    /// The product's name: the first part of every stack name.
    ProductName,
    "2 to 31 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    |text| slug(text, 2..=31)
);
name!(
    /// The environment's name: the second part of every stack name.
    EnvironmentName,
    "2 to 31 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    |text| slug(text, 2..=31)
);
name!(
    /// A tier's name.
    TierName,
    "1 to 31 lower-case letters, digits, hyphens and underscores, beginning with a letter",
    |text| (1..=31).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
);
name!(
    /// The name of a subnet group of a blueprint's network.
    SubnetGroupName,
    "1 to 31 lower-case letters, digits, hyphens and underscores, beginning with a letter",
    |text| (1..=31).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
);
name!(
    /// The number of an AWS account; kept as text, since leading zeros count.
    AccountId,
    "twelve digits",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
);
name!(
    /// The code of an AWS Region. Whether AWS has it is for `aws` to say.
    RegionName,
    "the code of an AWS Region, such as `eu-west-1`",
    |text| text.len() <= 25
        && text.split('-').count() >= 3
        && text.ends_with(|last: char| last.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
);
name!(
    /// The id of an Availability Zone (`use1-az1`), the same place in every account, unlike its
    /// name (`us-east-1a`). AWS: "Availability Zone IDs for your AWS resources".
    ZoneId,
    "an Availability Zone id, such as `use1-az1`",
    |text| text.split_once("-az").is_some_and(|(region, number)| {
        (3..=6).contains(&region.len())
            && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
);
name!(
    /// The id that AWS gave a VPC. AWS writes 8 or 17 hexadecimal digits; other makers of the same
    /// interface write other lengths, and nothing depends on it.
    VpcId,
    "the id of a VPC, such as `vpc-0123456789abcdef0`",
    |text| text.strip_prefix("vpc-").is_some_and(|rest| {
        (1..=32).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
);
name!(
    /// The key of a tag. AWS General Reference, "Tag naming limits and requirements": 1 to 128
    /// letters, digits, spaces and `_ . : / = + - @`, not beginning with `aws:` in any case.
    TagKey,
    "1 to 128 letters, digits, spaces and `_ . : / = + - @`, and may not begin with `aws:`",
    |text| (1..=128).contains(&text.chars().count())
        && text.trim() == text
        && text.chars().all(is_tag_character)
        && !text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
);

name!(
    /// The value of a tag. AWS General Reference, "Tag naming limits and requirements": up to 256
    /// letters, digits, spaces and `_ . : / = + - @`.
    TagValue,
    "at most 256 letters, digits, spaces and `_ . : / = + - @`",
    |text| text.chars().count() <= 256 && text.chars().all(is_tag_character)
);
name!(
    /// A regime that a tenant's data falls under, such as `hipaa` or `pci-dss`.
    ComplianceName,
    "1 to 31 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    |text| slug(text, 1..=31)
);

name!(
    /// A path of directories below a repository's root.
    RepositoryPath,
    "a path of directories below the repository's root, of letters, digits and `. _ -` between slashes",
    |text| (1..=200).contains(&text.len())
        && text.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        })
);

impl SubnetGroupName {
    /// The name that comes before all others, as the beginning of a range.
    pub fn first() -> Self {
        SubnetGroupName("a".into())
    }
}

impl ZoneId {
    /// The part before `-az`: the short form of the Region (`use1`).
    pub fn region_part(&self) -> &str {
        self.0.split_once("-az").map_or("", |(region, _)| region)
    }
}

/// What AWS allows in tag keys and values beyond which some service would refuse it.
pub fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

fn slug(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_ids_hold_nothing_that_is_special_anywhere() {
        for good in ["ac", "acme", "a-1", &"a".repeat(31)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in
            ["", "a", "1a", "-a", "a-", "Acme", "a_b", "a.b", "a/b", "a*", "a$b", "ä1", &"a".repeat(32)]
        {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn accounts_regions_zones_and_tag_keys() {
        assert!("012345678901".parse::<AccountId>().is_ok());
        assert!("12345678901".parse::<AccountId>().is_err());
        assert!("us-gov-west-1".parse::<RegionName>().is_ok());
        assert!("useast1".parse::<RegionName>().is_err());
        assert_eq!("use1-az4".parse::<ZoneId>().unwrap().region_part(), "use1");
        assert!("us-east-1a".parse::<ZoneId>().is_err());
        assert!("cost-center".parse::<TagKey>().is_ok());
        assert!("AWS:x".parse::<TagKey>().is_err());
        assert!("a{b}".parse::<TagKey>().is_err());
    }
}

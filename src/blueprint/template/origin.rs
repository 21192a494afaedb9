//! Text put together from parts that remember who wrote them.
//!
//! This is where law 7 holds for templates: whatever stands side by side in the end, only an author
//! can have written a reference.

use crate::cloudformation::Json;

/// Where a piece of text comes from, and so what it may say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    /// The author's words in a text that is not `Fn::Sub`: `${` is those two characters.
    Author,
    /// A catalog's data: two characters, always.
    Data,
    /// The author's words in `Fn::Sub`, and references that tenantry writes.
    Speaks,
}

/// Joins the parts. A `${` that is not spoken is escaped where the text becomes `Fn::Sub`, also
/// where it forms only at the seam of two parts; `None` if data has a share in a `{{resolve:`.
pub(super) fn joined(parts: &[(String, Origin)], needs_sub: bool) -> Option<String> {
    const DYNAMIC_REFERENCE: &str = "{{resolve:";
    let characters: Vec<(char, Origin)> =
        parts.iter().flat_map(|(text, origin)| text.chars().map(|character| (character, *origin))).collect();
    let mut result = String::with_capacity(characters.len() + 8);
    for (position, (character, origin)) in characters.iter().enumerate() {
        result.push(*character);
        if let Some(start) = (position + 1).checked_sub(DYNAMIC_REFERENCE.len())
            && result.ends_with(DYNAMIC_REFERENCE)
            && characters[start..=position].iter().any(|(_, origin)| *origin == Origin::Data)
        {
            return None;
        }
        let completes = *character == '{' && position > 0 && characters[position - 1].0 == '$';
        let spoken =
            *origin == Origin::Speaks && (position == 0 || characters[position - 1].1 == Origin::Speaks);
        if needs_sub && completes && !spoken {
            result.push('!');
        }
    }
    Some(result)
}

/// The parts as the text of `Fn::Sub`. Data with a character of its syntax becomes a variable, whose
/// value is not read again: an escape would not do, since a `${` that data never closes would go on
/// to the end of the author's next reference.
pub(super) fn spelled(mut parts: Vec<(String, Origin)>, variables: &mut Vec<(String, Json)>) -> String {
    for (part, origin) in &mut parts {
        if *origin != Origin::Data || !part.contains(['$', '{', '}']) {
            continue;
        }
        let is_free = |name: &String| !variables.iter().any(|(taken, _)| taken == name);
        let Some(name) = (1..=variables.len() + 1).map(|number| format!("Data{number}")).find(is_free) else {
            continue;
        };
        variables.push((name.clone(), Json::Text(std::mem::replace(part, format!("${{{name}}}")))));
        *origin = Origin::Speaks;
    }
    joined(&parts, true).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(parts: &[(&str, Origin)]) -> Option<String> {
        let parts: Vec<_> = parts.iter().map(|(text, origin)| ((*text).to_owned(), *origin)).collect();
        joined(&parts, true)
    }

    #[test]
    fn only_the_author_can_write_a_reference() {
        use Origin::{Author, Data, Speaks};
        assert_eq!(sub(&[("a-${AWS::Region}", Speaks)]).unwrap(), "a-${AWS::Region}");
        assert_eq!(sub(&[("a-${AWS::Region}", Data)]).unwrap(), "a-${!AWS::Region}");
        assert_eq!(sub(&[("a-${AWS::Region}", Author)]).unwrap(), "a-${!AWS::Region}");
        assert_eq!(sub(&[("$", Speaks), ("{AWS::AccountId}", Data)]).unwrap(), "${!AWS::AccountId}");
        assert_eq!(sub(&[("$", Data), ("{x}", Speaks)]).unwrap(), "${!x}");
        assert_eq!(sub(&[("$", Data), ("${TenantId}", Speaks)]).unwrap(), "$${TenantId}");
    }

    #[test]
    fn data_has_no_share_in_a_dynamic_reference() {
        use Origin::{Author, Data};
        assert_eq!(sub(&[("{{resolve:ssm:/x}}", Data)]), None);
        assert_eq!(sub(&[("{", Author), ("{resolve", Data), (":ssm:/x}}", Author)]), None);
        assert!(sub(&[("{{resolve:ssm:/", Author), ("x", Data), ("}}", Author)]).is_some());
    }

    #[test]
    fn data_with_the_characters_of_a_substitution_is_a_variable() {
        use Origin::{Data, Speaks};
        let parts = [("${b", Data), (" ${AWS::Region} ", Speaks), ("a", Data)];
        let mut variables = Vec::new();
        let text = spelled(parts.map(|(text, origin)| (text.to_owned(), origin)).into(), &mut variables);
        assert_eq!(text, "${Data1} ${AWS::Region} a");
        assert_eq!(variables, [("Data1".to_owned(), Json::text("${b"))]);
    }
}

//! How long a policy document is, as AWS counts: its characters without white space.

use crate::cloudformation::Json;

/// Stands for what only the deployment knows, most often an ARN: those of the resources that policies
/// name have 60 to 130 characters.
const UNKNOWN: usize = 128;

/// The characters of a document. What the deployment puts in is estimated.
pub(super) fn length(document: &Json) -> usize {
    match document {
        Json::Null => 4,
        Json::Boolean(value) => value.to_string().len(),
        Json::Number(number) => number.to_string().len(),
        Json::Text(text) => 2 + characters(text),
        Json::List(items) => 1 + items.iter().map(|item| length(item) + 1).sum::<usize>().max(1),
        Json::Object(entries) => match entries.as_slice() {
            [(function, Json::Text(text))] if function == "Fn::Sub" => 2 + substituted(text),
            [(function, _)] if function == "Ref" || function.starts_with("Fn::") => 2 + UNKNOWN,
            _ => {
                let entry = |(key, value): &(String, Json)| characters(key) + 4 + length(value);
                1 + entries.iter().map(entry).sum::<usize>().max(1)
            }
        },
    }
}

fn characters(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// A text with `${names}`: those that CloudFormation gives are short, the others mostly ARNs.
fn substituted(text: &str) -> usize {
    let mut pieces = text.split("${");
    let first = pieces.next().map_or(0, characters);
    first
        + pieces
            .map(|piece| match piece.split_once('}') {
                Some((name, rest)) => given(name) + characters(rest),
                None => characters(piece),
            })
            .sum::<usize>()
}

fn given(name: &str) -> usize {
    match name {
        "AWS::AccountId" => 12,
        "AWS::Partition" => "aws-us-gov".len(),
        "AWS::Region" => "ap-southeast-1".len(),
        "AWS::URLSuffix" => "amazonaws.com.cn".len(),
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::from(serde_json::from_str::<serde_json::Value>(text).unwrap())
    }

    #[test]
    fn white_space_is_not_counted_and_the_rest_is() {
        for text in [r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}"#, "[]", "{}", "[1,true]"] {
            assert_eq!(length(&json(text)), text.len(), "{text}");
        }
        assert_eq!(length(&json(r#"{"Sid": "a b"}"#)), r#"{"Sid":"ab"}"#.len());
    }

    #[test]
    fn what_the_deployment_puts_in_is_estimated() {
        assert_eq!(
            length(&json(r#"{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}"#)),
            "\"arn:aws:iam::123456789012:root\"".len()
        );
        assert_eq!(length(&json(r#"{"Fn::GetAtt": ["Role", "Arn"]}"#)), 130);
    }
}

//! Codes about files and the text in them, before anybody asks what the text means.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &UNREADABLE_FILE,
    &SYNTAX_ERROR,
    &DUPLICATE_KEY,
    &NESTED_TOO_DEEPLY,
    &TOO_MUCH_CONTENT,
    &UNSUPPORTED_YAML,
    &WRONG_TYPE,
    &MISSING_KEY,
    &UNKNOWN_KEY,
    &INTERNAL_ERROR,
];

pub static UNREADABLE_FILE: Code = Code {
    name: "unreadable-file",
    meaning: "a file cannot be opened, read, or understood as UTF-8 text",
    explanation: "tenantry reads the catalog, its tenant lists, blueprints and the lock as UTF-8 text of at most 256 MiB a file. \
The message names the path and what the operating system said.\n\nCheck that the path is right, that you may read it, and that your editor saves UTF-8.",
};

pub static SYNTAX_ERROR: Code = Code {
    name: "syntax-error",
    meaning: "a file is not well-formed YAML, JSON, JSON Lines or CSV",
    explanation: "The text breaks the rules of its format at the place shown: an unclosed quote or bracket, a tab used for indentation, \
a column too many in a CSV row. The format is chosen by the file's extension: .yaml and .yml, .json, .jsonl, .csv.",
};

pub static DUPLICATE_KEY: Code = Code {
    name: "duplicate-key",
    meaning: "a mapping has the same key twice",
    explanation: "Many YAML and JSON readers silently keep the last of two equal keys, so that a tenant or a setting can vanish without a word. \
tenantry refuses them and shows both places.\n\n    tiers:\n      business: { model: vpc }\n      business: { model: subnet }   # refused\n\nRemove or rename one of the two.",
};

pub static NESTED_TOO_DEEPLY: Code = Code {
    name: "nested-too-deeply",
    meaning: "lists and mappings are nested more than 64 levels deep",
    explanation: "No catalog, blueprint or lock needs more than a dozen levels. Deeper nesting is refused before it can exhaust memory. \
It usually means brackets that were never closed.",
};

pub static TOO_MUCH_CONTENT: Code = Code {
    name: "too-much-content",
    meaning: "aliases repeat so much that the file would grow out of bounds",
    explanation: "A YAML anchor may be used as often as you like, but what aliases add may not come to more than a million values in one file: \
a few lines of aliases of aliases can otherwise stand for billions (\"billion laughs\"). Write the repeated part out, or put it into a tier's settings.",
};

pub static UNSUPPORTED_YAML: Code = Code {
    name: "unsupported-yaml",
    meaning: "a feature of YAML that tenantry does not read",
    explanation: "Plain YAML is read: mappings with text keys, lists, scalars, anchors and aliases. Merge keys (`<<`), several documents in one file, \
mappings as keys, and tags other than CloudFormation's short forms in blueprint templates are refused, because their meaning differs from reader to reader.",
};

pub static WRONG_TYPE: Code = Code {
    name: "wrong-type",
    meaning: "a value is of another type than its key asks for",
    explanation: "Every key of the catalog, of a blueprint and of the lock has one type: text, a number, true or false, a list, or a mapping. \
Nothing is converted silently, since an account id like 012345678901 or a tag value like 1.10 would change on the way.\n\n    id: 222222222222     # a number: refused\n    id: \"222222222222\"   # text: right",
};

pub static MISSING_KEY: Code = Code {
    name: "missing-key",
    meaning: "a key that is required is not there",
    explanation: "The mapping shown lacks a key that has no default. `tenantry schema catalog` prints every key with its meaning and its default.",
};

pub static UNKNOWN_KEY: Code = Code {
    name: "unknown-key",
    meaning: "a key that tenantry does not know",
    explanation: "A misspelled key that is ignored is worse than an error: the tenant that should have had three zones gets two. \
Unknown keys are therefore refused, with the nearest known one as a suggestion. `tenantry schema catalog` lists all keys.",
};

pub static INTERNAL_ERROR: Code = Code {
    name: "internal-error",
    meaning: "tenantry has met a state that should be impossible",
    explanation: "This is a mistake in tenantry and not in your input; nothing was written. Please report it with the message and, if you can, \
the smallest catalog that shows it.",
};

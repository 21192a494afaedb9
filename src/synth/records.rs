//! The files of a blueprint that are no stack, with everything in them put in: records of tables, inputs
//! of commands, scripts.
//!
//! A tenant of a pool costs no stack. Bringing it in is a record, which stands here in the form that
//! `aws dynamodb batch-write-item --request-items` takes, with those of its neighbours: 25 a call at most.
//! A file of records belongs to the first bits of a hash of its tenants' ids, so that a tenant who comes
//! or goes changes one file and at times divides it in two.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::condition::{Condition, ConditionError};
use crate::blueprint::template::{Surroundings, evaluate_piece};
use crate::blueprint::{File, FileBody, Per, Scope, Symbol};
use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::identity::hash_number;
use crate::plan::{Plan, Unit};
use crate::source::Span;
use crate::synth::bind;
use crate::synth::scope::scope;

/// Requests of one call of `BatchWriteItem` (DynamoDB API Reference).
const RECORDS_A_CALL: usize = 25;

/// What a file says for one shape, before the values of a tenant are put in.
struct Mould {
    body: MouldBody,
    symbols: BTreeSet<Symbol>,
}

enum MouldBody {
    Record { table: Json, item: Json },
    Input(Json),
    Script(Json, String),
}

/// The same with the values of a tenant.
enum Filled {
    /// What its name ends with, and its bytes.
    File(String, Vec<u8>),
    /// The table, and the item in DynamoDB's form.
    Record(String, Json),
}

/// The records of one home: by tenant, the table and what becomes of the item there.
type Records = BTreeMap<String, (String, Write)>;

/// A write request of DynamoDB's.
#[derive(Debug)]
enum Write {
    Put(Json),
    /// By its key.
    Delete(Json),
}

/// All such files: path and bytes.
pub(super) fn files(plan: &Plan<'_>, report: &mut Report) -> Vec<(String, Vec<u8>)> {
    let mut moulds: BTreeMap<(usize, usize), Option<Mould>> = BTreeMap::new();
    let mut files = Vec::new();
    let mut records: BTreeMap<String, Records> = BTreeMap::new();
    for unit in plan.units() {
        let all = unit.blueprint().files.iter().enumerate();
        for (position, file) in all.filter(|(_, file)| file.per == unit.per()) {
            let mould = moulds
                .entry((unit.shape(), position))
                .or_insert_with(|| mould(plan, unit, file, report))
                .as_ref();
            match mould.and_then(|mould| mould.fill(plan, unit, file.span, report)) {
                Some(Filled::File(ending, bytes)) => {
                    files.push((format!("{}/{}.{ending}", directory(unit), file.name), bytes));
                }
                Some(Filled::Record(table, item)) => {
                    let Unit::Tenant(tenant) = unit else { continue };
                    let home = plan.relative(unit, Per::Cell).unwrap_or(unit);
                    let path = format!("{}/{}", directory(home), file.name);
                    let id = tenant.tenant.id.value.to_string();
                    records.entry(path).or_default().insert(id, (table, Write::Put(item)));
                }
                None => {}
            }
        }
    }
    take_out_retired(plan, &mut records);
    for (path, records) in &records {
        for (bits, part) in calls(records.iter().collect()) {
            let name = if bits.is_empty() { "all" } else { &bits };
            files.push((format!("{path}/{name}.json"), requests(&part).to_pretty().into_bytes()));
        }
    }
    files
}

/// The records of tenants that have retired go. Nothing says any more which cell they lived in, so each cell
/// that they may have lived in is told: no other tenant ever has their id, and to delete what is not there
/// does no harm.
fn take_out_retired(plan: &Plan<'_>, records: &mut BTreeMap<String, Records>) {
    for (cell, tenant) in plan.departures() {
        for file in &cell.blueprint.files {
            let path = format!("{}/{}", directory(Unit::Cell(cell)), file.name);
            let Some(others) = records.get_mut(&path) else { continue };
            let known = others.values().find_map(|(table, write)| match write {
                // The first attribute of an item is the key of its table.
                Write::Put(item) => Some((table.clone(), item.entries().first()?.0.clone())),
                Write::Delete(_) => None,
            });
            if let Some((table, key)) = known {
                let key = Json::object([(key, attribute(Json::text(tenant.as_str())))]);
                others.insert(tenant.to_string(), (table, Write::Delete(key)));
            }
        }
    }
}

/// Where the files of something stand in the output tree.
fn directory(unit: Unit<'_>) -> String {
    let (account, region) = unit.home();
    match unit {
        Unit::Tenant(tenant) => format!("tenants/{account}/{region}/{}", tenant.home.name()),
        Unit::Cell(cell) => format!("cells/{account}/{region}/{}", cell.id.name()),
        Unit::Account(one) => match one.per {
            Per::Organization => format!("runbook/{}", one.blueprint.name),
            Per::Region => format!("runbook/{}/{region}", one.blueprint.name),
            Per::Tenant | Per::Cell | Per::Account => {
                format!("runbook/{}/{account}/{region}", one.blueprint.name)
            }
        },
    }
}

fn mould(plan: &Plan<'_>, unit: Unit<'_>, file: &File, report: &mut Report) -> Option<Mould> {
    let shape = plan.shape_of(unit);
    let scope = scope(plan.catalog, shape, &[]);
    if !holds(file.when.as_ref(), &scope, file.span, report) {
        return None;
    }
    let mut symbols = BTreeSet::new();
    let mut part = |piece, surroundings| {
        let (json, named) = evaluate_piece(piece, &scope, surroundings, &shape.blueprint.settings, report)?;
        symbols.extend(named);
        Some(json)
    };
    let body = match &file.body {
        FileBody::Record { table, item } => MouldBody::Record {
            table: part(table, Surroundings::Data)?,
            item: part(item, Surroundings::Data)?,
        },
        FileBody::Input(input) => MouldBody::Input(part(input, Surroundings::Data)?),
        FileBody::Script { text, ending } => {
            MouldBody::Script(part(text, Surroundings::Script)?, ending.clone())
        }
    };
    Some(Mould { body, symbols })
}

fn holds(condition: Option<&Condition>, scope: &Scope, span: Span, report: &mut Report) -> bool {
    match condition.map(|condition| condition.holds(scope)) {
        None => true,
        Some(Ok(holds)) => holds,
        Some(Err(ConditionError::UnknownName(unknown))) => {
            report.push(unknown.told(span, "its `when` uses it"));
            false
        }
        Some(Err(ConditionError::DiffersByTenant(path))) => {
            let message = format!("{} differs by tenant and cannot be part of a condition", quote(&path));
            let error = Diagnostic::error(&codes::VALUE_IN_SHAPE, message).at(span, "its `when` uses it");
            report.push(error.help("use a setting that is not lifted"));
            false
        }
    }
}

impl Mould {
    fn fill(&self, plan: &Plan<'_>, unit: Unit<'_>, span: Span, report: &mut Report) -> Option<Filled> {
        let values = Values::of(&self.symbols, plan, unit, report)?;
        let filled = match &self.body {
            MouldBody::Record { table, item } => values.text(table).and_then(|table| {
                let Json::Object(entries) = values.put_into(item)? else { return None };
                let attributes = entries.into_iter().map(|(name, value)| (name, attribute(value)));
                Some(Filled::Record(table, Json::object(attributes)))
            }),
            MouldBody::Input(input) => values
                .put_into(input)
                .map(|input| Filled::File("json".to_owned(), input.to_pretty().into_bytes())),
            MouldBody::Script(text, ending) => {
                values.script(text).map(|text| Filled::File(ending.clone(), text.into_bytes()))
            }
        };
        if filled.is_none() {
            let error = Diagnostic::error(
                &codes::INVALID_TEMPLATE,
                "a file that is no stack holds texts, numbers and lists, and no function of CloudFormation",
            );
            report.push(
                error.at(span, "").help("write out what it says; a script is a text or a list of texts"),
            );
        }
        filled
    }
}

/// What the names of a mould stand for.
struct Values(BTreeMap<String, Json>);

impl Values {
    fn of(
        symbols: &BTreeSet<Symbol>,
        plan: &Plan<'_>,
        unit: Unit<'_>,
        report: &mut Report,
    ) -> Option<Values> {
        let mut values = BTreeMap::new();
        for (symbol, text) in bind::values(symbols, plan, unit, report)? {
            // A setting as it is, and not as the text of a parameter: a number stays one.
            let setting = match (symbol, unit) {
                (Symbol::Setting(name), Unit::Tenant(tenant)) => Some(tenant.settings.get(name)),
                (Symbol::Setting(name), Unit::Cell(cell)) => Some(cell.settings.get(name)),
                (Symbol::Setting(name), Unit::Account(one)) => Some(one.settings.get(name)),
                _ => None,
            };
            let value = setting.map_or(Json::Text(text), |value| value.clone().into());
            values.insert(symbol.parameter(), value);
        }
        Some(Values(values))
    }

    /// The value with what references stand for in their place. None where there is a function.
    fn put_into(&self, value: &Json) -> Option<Json> {
        Some(match value {
            Json::List(items) => {
                Json::List(items.iter().map(|item| self.put_into(item)).collect::<Option<_>>()?)
            }
            Json::Object(entries) => match entries.as_slice() {
                [(function, argument)] if function == "Ref" => self.0.get(argument.as_text()?)?.clone(),
                [(function, argument)] if function == "Fn::Sub" => Json::Text(self.substituted(argument)?),
                _ => {
                    let entry = |(key, value): &(String, Json)| {
                        let is_function = key == "Ref" || key.starts_with("Fn::");
                        Some((key.clone(), self.put_into(value).filter(|_| !is_function)?))
                    };
                    Json::Object(entries.iter().map(entry).collect::<Option<_>>()?)
                }
            },
            plain => plain.clone(),
        })
    }

    fn text(&self, value: &Json) -> Option<String> {
        match self.put_into(value)? {
            Json::Text(text) => Some(text),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The texts of a script, a line after the other.
    fn script(&self, value: &Json) -> Option<String> {
        let Json::List(parts) = value else { return self.text(value).map(ended) };
        parts.iter().map(|part| self.text(part).map(ended)).collect()
    }

    /// `Fn::Sub` as CloudFormation would: `${Name}` is a value, `${!Name}` is itself.
    fn substituted(&self, argument: &Json) -> Option<String> {
        let (text, variables) = match argument {
            Json::Text(text) => (text.as_str(), &[][..]),
            Json::List(items) => match items.as_slice() {
                [Json::Text(text), Json::Object(variables)] => (text.as_str(), variables.as_slice()),
                _ => return None,
            },
            _ => return None,
        };
        let mut parts = text.split("${");
        let mut result = parts.next()?.to_owned();
        for part in parts {
            if let Some(literal) = part.strip_prefix('!') {
                result.push_str("${");
                result.push_str(literal);
                continue;
            }
            let (name, rest) = part.split_once('}')?;
            let variable = variables.iter().find(|(variable, _)| variable == name).map(|(_, value)| value);
            let value = variable.or_else(|| self.0.get(name))?;
            result.push_str(&match value {
                Json::Text(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Boolean(value) => value.to_string(),
                _ => return None,
            });
            result.push_str(rest);
        }
        Some(result)
    }
}

fn ended(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A value in the form of DynamoDB's API ("AttributeValue").
fn attribute(value: Json) -> Json {
    let (kind, value) = match value {
        Json::Null => ("NULL", Json::Boolean(true)),
        Json::Boolean(value) => ("BOOL", Json::Boolean(value)),
        Json::Number(number) => ("N", Json::Text(number.to_string())),
        Json::Text(text) => ("S", Json::Text(text)),
        Json::List(items) => ("L", Json::List(items.into_iter().map(attribute).collect())),
        Json::Object(entries) => {
            ("M", Json::object(entries.into_iter().map(|(key, value)| (key, attribute(value)))))
        }
    };
    Json::object([(kind, value)])
}

type Part<'r> = Vec<(&'r String, &'r (String, Write))>;

/// Divides records into calls, by the first bits of the hashes of their tenants' ids.
fn calls(records: Part<'_>) -> Vec<(String, Part<'_>)> {
    const BITS: usize = 32;
    let mut done = Vec::new();
    let mut open = vec![(String::new(), records)];
    while let Some((bits, part)) = open.pop() {
        // Hashes that are equal to the last bit are divided no further.
        if part.len() <= RECORDS_A_CALL || bits.len() == BITS {
            done.push((bits, part));
            continue;
        }
        let shift = BITS - 1 - bits.len();
        let (ones, zeros): (Part<'_>, Part<'_>) =
            part.into_iter().partition(|(id, _)| hash_number(id) >> shift & 1 == 1);
        open.extend([(format!("{bits}1"), ones), (format!("{bits}0"), zeros)]);
    }
    done.retain(|(_, part)| !part.is_empty());
    done
}

/// Records as the requests of one call: by table.
fn requests(records: &Part<'_>) -> Json {
    let mut tables: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (_, (table, write)) in records {
        let request = match write {
            Write::Put(item) => ("PutRequest", Json::object([("Item", item.clone())])),
            Write::Delete(key) => ("DeleteRequest", Json::object([("Key", key.clone())])),
        };
        tables.entry(table).or_default().push(Json::object([request]));
    }
    Json::object(tables.into_iter().map(|(table, requests)| (table, Json::List(requests))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Records {
        let id = |number| format!("tenant-{number}");
        (0..count).map(|number| (id(number), ("table".to_owned(), Write::Put(Json::text("x"))))).collect()
    }

    fn named(records: &Records) -> BTreeMap<String, Vec<String>> {
        let ids = |part: Part<'_>| part.into_iter().map(|(id, _)| id.clone()).collect();
        calls(records.iter().collect()).into_iter().map(|(bits, part)| (bits, ids(part))).collect()
    }

    #[test]
    fn a_call_has_25_records_at_most_and_each_record_is_in_one() {
        for count in [0, 1, 25, 26, 1_000] {
            let calls = named(&records(count));
            assert!(calls.values().all(|ids| (1..=RECORDS_A_CALL).contains(&ids.len())));
            assert_eq!(calls.values().map(Vec::len).sum::<usize>(), count);
        }
    }

    #[test]
    fn a_tenant_that_comes_changes_the_calls_of_its_neighbours_alone() {
        let mut records = records(1_000);
        let before = named(&records);
        records.insert("newcomer".to_owned(), ("table".to_owned(), Write::Put(Json::text("x"))));
        let after = named(&records);
        let changed: Vec<_> = before.iter().filter(|(bits, ids)| after.get(*bits) != Some(ids)).collect();
        assert_eq!(changed.len(), 1);
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        let values = Values(BTreeMap::from([
            ("TenantName".to_owned(), Json::text("${TenantId} {{x}}")),
            ("SettingDays".to_owned(), Json::from(serde_json::json!(7))),
        ]));
        let put = |json: serde_json::Value| values.put_into(&json.into());
        assert_eq!(put(serde_json::json!({"Ref": "TenantName"})), Some(Json::text("${TenantId} {{x}}")));
        assert_eq!(put(serde_json::json!({"Ref": "SettingDays"})), Some(serde_json::json!(7).into()));
        let joined = serde_json::json!({"Fn::Sub": ["${TenantName}/${Data1}/${!x}", {"Data1": "${y"}]});
        assert_eq!(put(joined), Some(Json::text("${TenantId} {{x}}/${y/${x}")));
        assert_eq!(put(serde_json::json!({"Fn::Join": ["", []]})), None);
        assert_eq!(put(serde_json::json!({"Ref": "AWS::Region"})), None);
    }

    #[test]
    fn attributes_say_their_types() {
        let item = attribute(serde_json::json!({"a": "b", "c": [1, true, null]}).into());
        let wanted = serde_json::json!(
            {"M": {"a": {"S": "b"}, "c": {"L": [{"N": "1"}, {"BOOL": true}, {"NULL": true}]}}}
        );
        assert_eq!(item, wanted.into());
    }
}

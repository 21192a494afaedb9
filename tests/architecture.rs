//! Law 1, and which room may use which: both read from the source, since a single crate has no doors.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The rooms, and those that each may use besides itself and the rooms that these may use.
///
/// `source` reads files, which may fail, and so uses `diagnostics`; what users are told has places in
/// files, and so uses `source`: the two are one floor. `check` and `diff` judge the bytes of an output
/// tree, so that a mistake of `plan` or `synth` cannot hide itself: they never see how it was made.
const ROOMS: &[(&str, &[&str])] = &[
    ("source", &["diagnostics"]),
    ("diagnostics", &["source"]),
    ("yaml", &["source", "diagnostics"]),
    ("network", &[]),
    ("identity", &[]),
    ("aws", GROUND_FLOOR),
    ("cloudformation", &["aws"]),
    ("catalog", &["aws"]),
    ("blueprint", &["cloudformation"]),
    ("plan", &["catalog", "blueprint", "limits", "aws"]),
    ("limits", &["catalog", "cloudformation"]),
    ("synth", &["plan", "limits", "blueprint", "cloudformation"]),
    ("check", &["cloudformation", "aws"]),
    ("diff", &["cloudformation", "aws", "check"]),
    ("cli", &["catalog", "blueprint", "plan", "limits", "synth", "check", "diff", "cloudformation", "aws"]),
];

const GROUND_FLOOR: &[&str] = &["source", "diagnostics", "yaml", "network", "identity"];

/// Words of the source, where they may stand (a room, or a path below `src/`), and why nowhere else.
const WORDS: &[(&str, &[&str], &str)] = &[
    (r"\bgranit_parser\b", &["yaml/"], "one room names the YAML crate"),
    (r"\bjsonc_parser\b", &["yaml/"], "one room names the JSON crate that knows places"),
    (r"\b(Tcp|Udp|Unix)(Stream|Listener|Socket|Datagram)\b|\bToSocketAddrs\b", &[], "no network"),
    (r"\bstd::os\b|\bextern\s", &[], "no way around the standard library"),
    (r"\bprocess::(Command|id)\b|\bCommand::new\(", &[], "no other programs"),
    (r"\bSystemTime\b|\bInstant\b|\bstd::time\b", &[], "no clock"),
    (r"\b(rand|getrandom|uuid|chrono|time)::|\bRandomState\b|\bDefaultHasher\b", &[], "no randomness"),
    (r"\bHashMap\b|\bHashSet\b", &[], "an order that differs from run to run"),
    // Colour is the only thing that an environment variable decides (no-color.org).
    (r"\benv::(var|vars|var_os|vars_os|temp_dir|home_dir)\b", &["cli/print.rs"], "no environment"),
    (r"\benv::current_dir\b|\bhostname\b|\benv::consts\b", &[], "no machine"),
    (
        r"\bstd::fs\b|\bfs::(self|read|write|File)\b",
        &["source/", "catalog/", "blueprint/", "synth/tree/", "check/model/read.rs", "cli/"],
        "files are read and written by few",
    ),
];

/// A file below `src/`: its path there, and its text without comments and tests, which may do what they like.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let (mut open, mut found) = (vec![PathBuf::from("src")], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix("src").unwrap().components();
                let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
                found.push(Source { path: name.join("/"), code: shipped(&text) });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn shipped(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |code, line| code + line + "\n")
}

/// The room of a file: the first part of its path. The crate's own two files are in none.
fn room(path: &str) -> Option<&str> {
    match path.split_once('/') {
        Some((room, _)) => Some(room),
        None => path.strip_suffix(".rs").filter(|name| !matches!(*name, "lib" | "main")),
    }
}

fn may_use(room: &str) -> BTreeSet<&'static str> {
    let mut all: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![room.to_owned()];
    while let Some(next) = open.pop() {
        let row = ROOMS.iter().find(|(name, _)| *name == next);
        let (_, used) = row.unwrap_or_else(|| panic!("the room `{next}` is not in the table of rooms"));
        open.extend(used.iter().filter(|used| all.insert(used)).map(|used| (*used).to_owned()));
    }
    all
}

/// The rooms that code names: `crate::plan::…`, and each of `crate::{plan, synth::tree}`.
fn used(code: &str) -> BTreeSet<String> {
    let single = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut rooms: BTreeSet<String> = single.captures_iter(code).map(|found| found[1].to_owned()).collect();
    for (start, opening) in code.match_indices("crate::{") {
        let (mut depth, mut name) = (1, String::new());
        for character in code[start + opening.len()..].chars() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && character != '}' {
                name.push(character);
            }
            if depth == 0 {
                break;
            }
        }
        let first = |path: &str| path.trim().split("::").next().unwrap_or_default().to_owned();
        rooms.extend(name.split(',').map(first).filter(|name| !name.is_empty()));
    }
    rooms
}

#[test]
fn a_room_uses_those_below_it() {
    let names: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    let mut wrong = Vec::new();
    for Source { path, code } in sources() {
        let Some(room) = room(&path) else { continue };
        let allowed = may_use(room);
        for other in used(&code).iter().filter(|other| *other != room) {
            // What is no room is a macro, or an item of the crate itself: there is none.
            assert!(names.contains(other.as_str()), "`{path}` names `crate::{other}`, which is no room");
            if !allowed.contains(other.as_str()) {
                wrong.push(format!("`{path}` uses the room `{other}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path out of a room by `super` would go round the table.
#[test]
fn no_path_leaves_its_room_by_super() {
    let steps = Regex::new(r"\b(super::)+").unwrap();
    for Source { path, code } in sources() {
        // `mod.rs` of a room and a file beside it are one level deep, a folder in it one more.
        let depth = path.matches('/').count() + usize::from(!path.ends_with("mod.rs"));
        let inline_module = 1;
        for found in steps.find_iter(&code) {
            let number = found.as_str().matches("super").count();
            assert!(number < depth + inline_module, "`{path}` leaves its room with `{}`", found.as_str());
        }
    }
}

#[test]
fn nothing_asks_the_network_the_clock_or_the_environment() {
    let words: Vec<_> =
        WORDS.iter().map(|(word, places, why)| (Regex::new(word).unwrap(), places, why)).collect();
    let mut wrong = Vec::new();
    for Source { path, code } in sources() {
        for (word, places, why) in &words {
            if places.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            if let Some(found) = word.find(&code) {
                wrong.push(format!("`{path}` names `{}`: {why}", found.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_says_what_it_is() {
    for Source { path, .. } in sources() {
        let text = fs::read_to_string(Path::new("src").join(&path)).unwrap();
        assert!(text.starts_with("//!"), "`{path}` does not begin by saying what it holds");
    }
}

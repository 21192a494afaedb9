//! From text to [`Lock`]: line by line, going on after each mistake.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::identity::HomeId;
use crate::plan::lock::decision::Decision;
use crate::plan::lock::fields::{Fields, Place};
use crate::plan::lock::header::{HEADER, read_header};
use crate::plan::lock::line::{Line, Piece, lines, parse};
use crate::plan::lock::settle::is_about;
use crate::plan::lock::{
    Cell, Home, IngressSlots, Joined, Lock, Locked, Network, Quarantined, Reservation, Seat, SubnetGroup,
    Zones,
};
use crate::source::{FileId, SourceMap};

/// The first words that a line of decisions may have.
const WORDS: [&str; 10] = [
    Seat::WORD,
    Joined::WORD,
    Cell::WORD,
    Home::WORD,
    Network::WORD,
    SubnetGroup::WORD,
    Zones::WORD,
    IngressSlots::WORD,
    Quarantined::WORD,
    Reservation::WORD,
];

/// After this many mistakes the file is taken for something else than a lock, and not read on.
const MISTAKES: usize = 20;

impl Lock {
    /// Reads a lock and makes sure that its decisions fit together ([`Lock::verify`]).
    ///
    /// # Errors
    /// Every line that cannot be read, decides anew what another has decided, or contradicts another.
    pub fn read(file: FileId, sources: &SourceMap, report: &mut Report) -> Result<Lock, Reported> {
        Lock::read_lines(file, sources, None, report)
    }

    /// Reads a lock, leaving out the lines of a tenant.
    pub(super) fn read_lines(
        file: FileId,
        sources: &SourceMap,
        without: Option<&HomeId>,
        report: &mut Report,
    ) -> Result<Lock, Reported> {
        let text = sources.text(file);
        let mut lock = read_header(file, text, report)?;
        let errors = report.errors();
        let mut buffer = Vec::new();
        let mut merge = Merge::None;
        for (start, line) in lines(text) {
            let place = Place::new(file, start, line);
            match parse(line, &mut buffer) {
                Ok(Line::Mark(mark)) => merge = merge.after(mark, place, report),
                // What both sides have replaced decides nothing.
                _ if merge == Merge::Base => {}
                Ok(Line::Fields { key }) if without.is_some_and(|tenant| is_about(key.text, tenant)) => {}
                Ok(Line::Fields { key }) => {
                    lock.decide(key, Fields { subject: key, all: &buffer, place, report: &mut *report });
                }
                Ok(Line::Scalar { key, .. }) if !HEADER.contains(&key.text) => unknown(key, place, report),
                Ok(Line::Scalar { .. } | Line::Nothing) => {}
                Err(malformed) => {
                    let message = format!("this line of the lock cannot be read: {}", malformed.why);
                    place.damaged(&Piece { text: "", at: malformed.at }, message, report);
                }
            }
            if report.errors() >= errors + MISTAKES {
                let message = format!("the lock was not read beyond its first {MISTAKES} mistakes");
                report.push(
                    Diagnostic::error(&codes::LOCK_DAMAGED, message)
                        .help("restore the file from version control; it may be another file altogether"),
                );
                break;
            }
        }
        match report.checkpoint() {
            Err(reported) if report.errors() > errors => Err(reported),
            _ => lock.verify(report).map(|()| lock),
        }
    }

    fn decide(&mut self, key: Piece<'_>, mut fields: Fields<'_, '_>) {
        let (word, name) = key.text.split_once(' ').unwrap_or((key.text, ""));
        let name = name.trim_start();
        let name = Piece { text: name, at: key.at + key.text.len() - name.len() };
        match word {
            Seat::WORD => insert(&mut self.seats, name, &mut fields),
            Joined::WORD => insert(&mut self.joined, name, &mut fields),
            Cell::WORD => insert(&mut self.cells, name, &mut fields),
            Home::WORD => insert(&mut self.tenants, name, &mut fields),
            Network::WORD => insert(&mut self.networks, name, &mut fields),
            SubnetGroup::WORD => insert(&mut self.subnet_groups, name, &mut fields),
            Zones::WORD => insert(&mut self.zones, name, &mut fields),
            IngressSlots::WORD => insert(&mut self.ingress, name, &mut fields),
            Quarantined::WORD => insert(&mut self.quarantine, name, &mut fields),
            Reservation::WORD => insert(&mut self.reserved, name, &mut fields),
            _ => unknown(key, fields.place, fields.report),
        }
    }
}

/// Enters a decision under its key, unless another line has decided otherwise.
fn insert<D: Decision>(
    decisions: &mut BTreeMap<D::Key, Locked<D>>,
    name: Piece<'_>,
    fields: &mut Fields<'_, '_>,
) {
    let key = name.text.parse::<D::Key>().ok();
    if key.is_none() {
        let message =
            format!("what follows `{}` must be {}, and is {}", D::WORD, D::KEY_RULE, quote(name.text));
        fields.place.damaged(&name, message, fields.report);
    }
    fields.check(D::FIELDS);
    let (Some(key), Some(decision)) = (key, D::read(fields)) else { return };
    match decisions.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(Locked { value: decision, line: Some(fields.place.line()) });
        }
        Entry::Occupied(first) if first.get().value == decision => {}
        Entry::Occupied(mut first) => {
            if let Some(both) = first.get().value.reconciled(&decision) {
                first.get_mut().value = both;
                return;
            }
            let mut error = Diagnostic::error(
                &codes::LOCK_CONFLICT,
                format!("two lines decide differently about {}", quote(fields.subject.text)),
            )
            .at(fields.place.line(), "this is another decision")
            .help(match subject_tenant(fields.subject.text) {
                Some(tenant) => format!(
                    "delete the line that is not deployed, and run again; if neither is, `tenantry lock settle {tenant}` decides anew"
                ),
                None => "delete the line that is not deployed, and run again".to_owned(),
            });
            if let Some(line) = first.get().line {
                error = error.also(line, "than this");
            }
            fields.report.push(error);
        }
    }
}

/// The tenant that a line is about, if it is about one.
fn subject_tenant(key: &str) -> Option<HomeId> {
    let (_, name) = key.split_once(' ')?;
    let tenant = name.trim_start().split('/').next()?.parse().ok()?;
    is_about(key, &tenant).then_some(tenant)
}

/// Reports a line that begins with no word of a lock, or that has such a word and nothing in braces.
fn unknown(key: Piece<'_>, place: Place, report: &mut Report) {
    let word = key.text.split(' ').next().unwrap_or_default();
    if WORDS.contains(&word) {
        let message = format!("what is decided about {} stands in braces", quote(key.text));
        return place.damaged(&key, message, report);
    }
    let help = match closest(word, WORDS.into_iter().chain(HEADER)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "lines begin with {}; if a newer tenantry wrote this one, use that",
            list_of(HEADER.into_iter().chain(WORDS))
        ),
    };
    report.push(
        Diagnostic::error(
            &codes::UNKNOWN_KEY,
            format!("the lock has no lines that begin with {}", quote(word)),
        )
        .at(place.span(&Piece { text: word, at: key.at }), "")
        .help(help),
    );
}

/// Which part of an unfinished merge a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    None,
    /// A side whose lines count.
    Side,
    /// What both sides have changed, shown by some merge tools.
    Base,
}

impl Merge {
    /// The part after a line of marks. The first mark of each group is reported.
    fn after(self, mark: char, place: Place, report: &mut Report) -> Merge {
        if mark == '<' || self == Merge::None {
            report.push(
                Diagnostic::error(&codes::LOCK_DAMAGED, "the lock holds the marks of an unfinished merge")
                    .at(place.line(), "")
                    .help(
                        "keep the lines of both sides, delete the lines of marks (and what stands between \
                         `|||||||` and `=======`), and run again",
                    ),
            );
        }
        match mark {
            '|' => Merge::Base,
            '>' => Merge::None,
            _ => Merge::Side,
        }
    }
}

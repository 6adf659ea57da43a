//! What changed since somebody looked last: kept by their browser, so that nobody else learns when they did.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::LoopId;
use contracts::queries::{Change, LoopRow};

use super::super::days::counted;
use super::super::viewer::Viewer;
use super::super::words;

/// Somebody who comes back within so many minutes is still looking.
const STILL_MINUTES: i64 = 30;
/// Loops that are told of.
const TOLD_MAX: usize = 20;

/// Up to where somebody had looked when this visit began, and up to where, and when, they looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looked {
    /// The stream sequence before this visit.
    pub before: u64,
    /// When that was.
    pub before_at: DateTime<Utc>,
    seen: u64,
    at: DateTime<Utc>,
}

impl Looked {
    /// From what the browser keeps, where it is this person's.
    pub(super) fn read(kept: &str, viewer: &Viewer) -> Option<Self> {
        let mut parts = kept.split('.');
        let whose = parts.next()?;
        let mut number = || parts.next()?.parse::<i64>().ok();
        let (before, before_at, seen, at) = (number()?, number()?, number()?, number()?);
        let looked = Self {
            before: u64::try_from(before).ok()?,
            before_at: DateTime::from_timestamp(before_at, 0)?,
            seen: u64::try_from(seen).ok()?,
            at: DateTime::from_timestamp(at, 0)?,
        };
        // Only times that somebody can have looked at.
        let lived = |at: DateTime<Utc>| at.timestamp() >= 0 && at <= viewer.days.now + chrono::Duration::days(1);
        (whose == whose_of(viewer) && lived(looked.at) && lived(looked.before_at)).then_some(looked)
    }

    /// This visit: where it begins, once somebody was away for a while.
    pub(super) fn visit(self, now: DateTime<Utc>) -> Self {
        if now - self.at < chrono::Duration::minutes(STILL_MINUTES) {
            return self;
        }
        Self {
            before: self.seen,
            before_at: self.at,
            ..self
        }
    }

    /// What the browser keeps after somebody has seen what there is up to a sequence.
    pub(super) fn kept(visit: Option<Self>, seen: u64, now: DateTime<Utc>, viewer: &Viewer) -> String {
        let (before, before_at) = visit.map_or((seen, now), |visit| (visit.before, visit.before_at));
        format!(
            "{}.{before}.{}.{seen}.{}",
            whose_of(viewer),
            before_at.timestamp(),
            now.timestamp()
        )
    }
}

/// Whose it is: devices in schools are shared.
fn whose_of(viewer: &Viewer) -> String {
    viewer.visitor.claims.person.0.simple().to_string()
}

/// What changed since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pages) struct News {
    /// "Tuesday 24 November, 4:12 pm".
    pub since: String,
    /// Address, title, how it stands now, and how much happened, when last.
    pub rows: Vec<(String, String, String, String)>,
}

impl News {
    /// From the changes since, and the rows of the loops they are about.
    pub(super) fn new(viewer: &Viewer, visit: Looked, changes: &[Change], rows: &[&LoopRow]) -> Self {
        let mut by_loop: BTreeMap<LoopId, (u64, u64, DateTime<Utc>)> = BTreeMap::new();
        for change in changes {
            let (count, last, at) = by_loop.entry(change.id).or_insert((0, 0, change.time));
            *count += 1;
            (*last, *at) = (change.sequence, change.time);
        }
        let mut told: Vec<(u64, (String, String, String, String))> = rows
            .iter()
            .filter_map(|row| {
                let (count, last, at) = by_loop.remove(&row.id)?;
                let happened = format!(
                    "{}, last on {}",
                    counted(count, "thing happened", "things happened"),
                    viewer.days.moment(at)
                );
                let state = words::state(row.state, row.unconfirmed, &row.schools, viewer);
                Some((last, (viewer.loop_href(row.id), row.title.clone(), state, happened)))
            })
            .collect();
        told.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
        Self {
            since: viewer.days.moment(visit.before_at),
            rows: told.into_iter().map(|(_, row)| row).take(TOLD_MAX).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    #[test]
    fn a_visit_begins_where_the_last_one_ended_and_a_reload_begins_none() {
        let viewer = samples::viewer();
        let at = |minutes: i64| viewer.days.now + chrono::Duration::minutes(minutes);
        let first = Looked::kept(None, 40, at(0), &viewer);
        let looked = Looked::read(&first, &viewer).expect("kept");
        // Nothing is new on the first visit, nor while one still looks.
        assert_eq!(looked.visit(at(10)).before, 40);
        let kept = Looked::kept(Some(looked.visit(at(10))), 50, at(10), &viewer);
        let looked = Looked::read(&kept, &viewer).expect("kept");
        assert_eq!(looked.visit(at(20)).before, 40, "what is new stays new during a visit");
        let visit = looked.visit(at(500));
        assert_eq!((visit.before, visit.before_at), (50, at(10)));
    }

    #[test]
    fn what_is_kept_of_somebody_else_or_is_no_such_thing_is_nothing() {
        let viewer = samples::viewer();
        let kept = Looked::kept(None, 40, viewer.days.now, &viewer);
        let others = kept.replacen(|c: char| c.is_ascii_hexdigit(), "f", 32);
        let whose = whose_of(&viewer);
        let long_ago = format!("{whose}.0.0.0.-8334601228800");
        let to_come = format!("{whose}.0.0.0.8210266876799");
        for kept in ["", "x", "a.b.c.d.e", "1.2.3", &others, &long_ago, &to_come] {
            assert_eq!(Looked::read(kept, &viewer), None, "{kept}");
        }
    }
}

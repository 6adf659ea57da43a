//! What figures are counted from: every loop of a district in a few bytes, kept in memory and read on from the tables
//! where something has changed. Counting a hundred thousand takes a millisecond, where the database takes tens for each
//! question.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{DepartmentId, District, SchoolId};
use contracts::queries::{Month, Summary};
use contracts::vocabulary::{Grouping, LoopState, ResolutionKind, Role};
use sql::{Db, on};
use sqlx::QueryBuilder;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::lists::{Way, among, visible};
use super::picture::{Narrow, Period};

/// Loops kept in memory, of all districts together: some 100 bytes each. The district asked for stays, however large.
const LOOPS_MAX: usize = 2_000_000;
/// So many changed loops are read on by their ids; for more, everything is read again.
const BY_IDS_MAX: usize = 500;

/// The tallies of the districts asked for of late.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    asked: u64,
    districts: HashMap<District, One>,
}

#[derive(Debug, Default)]
struct One {
    asked: u64,
    loops: usize,
    tally: Arc<tokio::sync::Mutex<Tally>>,
}

impl Tallies {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A district's loops as the tables have them now.
    pub(crate) async fn of(&self, db: &Db, district: &District) -> Result<OwnedMutexGuard<Tally>, sqlx::Error> {
        let tally = {
            let mut kept = self.kept();
            kept.asked += 1;
            let asked = kept.asked;
            let one = kept.districts.entry(district.clone()).or_default();
            one.asked = asked;
            one.tally.clone()
        };
        let mut tally = tally.lock_owned().await;
        tally.read_on(db, district).await?;
        self.bounded(district, tally.lines.len());
        Ok(tally)
    }

    /// Drops those that nobody asked for the longest, until what is kept is within bounds.
    fn bounded(&self, district: &District, loops: usize) {
        let mut kept = self.kept();
        if let Some(one) = kept.districts.get_mut(district) {
            one.loops = loops;
        }
        while kept.districts.values().map(|one| one.loops).sum::<usize>() > LOOPS_MAX {
            let others = kept.districts.iter().filter(|(known, _)| *known != district);
            let Some(oldest) = others.min_by_key(|(_, one)| one.asked).map(|(known, _)| known.clone()) else {
                return;
            };
            kept.districts.remove(&oldest);
        }
    }
}

/// Names told apart by small numbers.
#[derive(Debug)]
struct Names<T> {
    all: Vec<T>,
    at: HashMap<T, u32>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            at: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Names<T> {
    fn number(&mut self, name: T) -> u32 {
        if let Some(known) = self.at.get(&name) {
            return *known;
        }
        let number = self.all.len() as u32;
        self.all.push(name.clone());
        self.at.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> Option<&T> {
        self.all.get(number as usize)
    }
}

/// The number of what no loop has.
const UNKNOWN: u32 = u32::MAX;

/// What a loop came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Confirmed,
    Unconfirmed,
    Declined,
    Withdrawn,
}

impl End {
    fn of(row: &LineRow) -> Option<Self> {
        match row.state.as_str() {
            "closed" if row.unconfirmed == 1 => Some(Self::Unconfirmed),
            "closed" => Some(Self::Confirmed),
            "declined" => Some(Self::Declined),
            "withdrawn" => Some(Self::Withdrawn),
            _ => None,
        }
    }

    fn is_closed(self) -> bool {
        matches!(self, Self::Confirmed | Self::Unconfirmed)
    }
}

/// One loop.
#[derive(Debug, Clone)]
struct Line {
    id: Uuid,
    filed_seq: i64,
    filed_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    next_due: Option<NaiveDate>,
    department: Option<u32>,
    area: u32,
    holder: u32,
    state: LoopState,
    kind: Option<ResolutionKind>,
    end: Option<End>,
    is_open: bool,
    refused: bool,
    confidential: bool,
    /// How many of the places are schools.
    schools: usize,
    /// The schools in it, the departments that have, had or help with it, the teams before which it lies or lay.
    places: Box<[u32]>,
}

impl Line {
    fn schools(&self) -> &[u32] {
        self.places.get(..self.schools).unwrap_or_default()
    }

    /// Whether it was closed by what holds for every school, or every one of a zone.
    fn is_for_all(&self) -> bool {
        let is_for_all = |kind| match kind {
            ResolutionKind::AlreadyAllowed | ResolutionKind::ZoneFlexibility | ResolutionKind::DistrictChange => true,
            ResolutionKind::SchoolException
            | ResolutionKind::StateWaiver
            | ResolutionKind::Support
            | ResolutionKind::Pilot => false,
        };
        self.end.is_some_and(End::is_closed) && self.kind.is_some_and(is_for_all)
    }

    fn is_exception(&self) -> bool {
        self.end.is_some_and(End::is_closed) && self.kind == Some(ResolutionKind::SchoolException)
    }
}

/// A district's loops, in the order in which they were filed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    version: i64,
    lines: Vec<Line>,
    places: Names<Uuid>,
    words: Names<String>,
}

#[derive(Debug, sqlx::FromRow)]
struct LineRow {
    filed_seq: i64,
    id: Uuid,
    version: i64,
    state: String,
    is_open: i32,
    unconfirmed: i32,
    refused: i32,
    resolution_kind: Option<String>,
    department: Option<Uuid>,
    holder: String,
    area: String,
    visibility: String,
    next_due: Option<NaiveDate>,
    filed_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// Where a loop was: its schools, and all the others.
type Places = (Vec<u32>, Vec<u32>);

impl Tally {
    /// Reads on what has changed since it was read last.
    async fn read_on(&mut self, db: &Db, district: &District) -> Result<(), sqlx::Error> {
        let rows: Vec<LineRow> = on!(db.of(district).await?, rows => sqlx::query_as(
                "SELECT filed_seq, id, version, state, is_open, unconfirmed, refused, resolution_kind, department, holder, \
                 area, visibility, next_due, filed_at, ended_at FROM loop_row WHERE district = $1 AND version > $2 \
                 ORDER BY filed_seq")
            .bind(district.as_str()).bind(self.version).fetch_all(rows).await)?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let few = (ids.len() <= BY_IDS_MAX).then_some(ids.as_slice());
        let mut places: HashMap<Uuid, Places> = HashMap::new();
        for (table, column, is_school) in [
            ("loop_school", "school", true),
            ("loop_department", "department", false),
            ("loop_team", "team", false),
        ] {
            for (id, place) in read_places(db, district, table, column, few).await? {
                let place = self.places.number(place);
                let (schools, others) = places.entry(id).or_default();
                if is_school { schools } else { others }.push(place);
            }
        }
        for row in rows {
            self.version = self.version.max(row.version);
            let (schools, others) = places.remove(&row.id).unwrap_or_default();
            let line = self.line(row, &schools, &others);
            match self
                .lines
                .binary_search_by_key(&line.filed_seq, |known| known.filed_seq)
            {
                Ok(at) => self.lines[at] = line,
                Err(at) => self.lines.insert(at, line),
            }
        }
        Ok(())
    }

    fn line(&mut self, row: LineRow, schools: &[u32], others: &[u32]) -> Line {
        Line {
            end: End::of(&row),
            id: row.id,
            filed_seq: row.filed_seq,
            filed_at: row.filed_at,
            ended_at: row.ended_at,
            next_due: row.next_due,
            department: row.department.map(|department| self.places.number(department)),
            area: self.words.number(row.area),
            holder: self.words.number(row.holder),
            state: LoopState::from_code(&row.state).unwrap_or(LoopState::Filed),
            kind: row.resolution_kind.as_deref().and_then(ResolutionKind::from_code),
            is_open: row.is_open == 1,
            refused: row.refused == 1,
            confidential: row.visibility == "confidential",
            schools: schools.len(),
            places: [schools, others].concat().into(),
        }
    }

    /// The loops that somebody sees and asked for.
    fn counted<'a>(&'a self, sight: &'a Sight, narrow: &'a Narrowed) -> impl Iterator<Item = &'a Line> {
        self.lines
            .iter()
            .filter(move |line| sight.sees(line) && narrow.takes(line))
    }

    fn narrowed(&self, narrow: &Narrow<'_>) -> Narrowed {
        // What no loop has, none is counted for.
        let place = |id: Uuid| self.places.at.get(&id).copied();
        let area = |area: &str| self.words.at.get(area).copied().unwrap_or(UNKNOWN);
        Narrowed {
            department: narrow
                .department
                .map(|department| place(department.0).unwrap_or(UNKNOWN)),
            area: narrow.area.map(area),
            schools: narrow
                .schools
                .as_ref()
                .map(|schools| schools.iter().filter_map(|school: &SchoolId| place(school.0)).collect()),
        }
    }

    /// The figures of a period, of all that is counted, and told apart, the most open first.
    pub(super) fn figures(
        &self,
        sight: &Sight,
        narrow: &Narrow<'_>,
        period: Period,
        by: Option<Grouping>,
    ) -> (Summary, Vec<(Option<String>, Summary)>) {
        let narrow = self.narrowed(narrow);
        let mut all = Summary::default();
        let mut told: HashMap<Option<u32>, Summary> = HashMap::new();
        for line in self.counted(sight, &narrow) {
            if !was_open(line, period) {
                continue;
            }
            count(&mut all, line, period);
            match by {
                None => {}
                Some(Grouping::Area) => count(told.entry(Some(line.area)).or_default(), line, period),
                Some(Grouping::Department) => count(told.entry(line.department).or_default(), line, period),
                Some(Grouping::State) => {
                    count(told.entry(Some(line.state as u32)).or_default(), line, period);
                }
                // A loop of several schools counts with each of them.
                Some(Grouping::School) => {
                    for school in line.schools() {
                        count(told.entry(Some(*school)).or_default(), line, period);
                    }
                }
            }
        }
        let key = |number: u32| match by? {
            Grouping::Area => self.words.name(number).cloned(),
            Grouping::Department | Grouping::School => self.places.name(number).map(Uuid::to_string),
            Grouping::State => LoopState::ALL
                .iter()
                .find(|state| **state as u32 == number)
                .map(|state| state.code().to_owned()),
        };
        let mut told: Vec<(Option<String>, Summary)> = told
            .into_iter()
            .map(|(number, summary)| (number.and_then(key), summary))
            .collect();
        told.sort_by(|(one, counted), (other, more)| {
            (more.open, more.filed)
                .cmp(&(counted.open, counted.filed))
                .then_with(|| one.cmp(other))
        });
        (all, told)
    }

    /// The newest loops that were open at some time of a period, the last filed first.
    pub(super) fn newest(&self, sight: &Sight, narrow: &Narrow<'_>, period: Period, most: usize) -> Vec<Uuid> {
        let narrow = self.narrowed(narrow);
        let lines = self.lines.iter().rev();
        let counted = lines.filter(|line| was_open(line, period) && sight.sees(line) && narrow.takes(line));
        counted.take(most).map(|line| line.id).collect()
    }

    /// What is open, by who has it, the most late first.
    pub(super) fn late_with(
        &self,
        sight: &Sight,
        narrow: &Narrow<'_>,
        period: Period,
    ) -> Vec<(String, Option<DepartmentId>, u32, u32)> {
        let narrow = self.narrowed(narrow);
        let mut with: HashMap<(u32, Option<u32>), (u32, u32)> = HashMap::new();
        for line in self.counted(sight, &narrow) {
            if !line.is_open || line.filed_at >= period.to {
                continue;
            }
            let is_department = self
                .words
                .name(line.holder)
                .is_some_and(|holder| holder == "department");
            let department = line.department.filter(|_| is_department);
            let (open, late) = with.entry((line.holder, department)).or_default();
            *open += 1;
            *late += u32::from(is_late(line, period.today));
        }
        let mut with: Vec<(String, Option<DepartmentId>, u32, u32)> = with
            .into_iter()
            .map(|((holder, department), (open, late))| {
                let department = department.and_then(|number| self.places.name(number));
                let holder = self.words.name(holder).cloned().unwrap_or_default();
                (holder, department.copied().map(DepartmentId), open, late)
            })
            .collect();
        with.sort_by(|(one, at, open, late), (other, there, more, later)| {
            (later, more)
                .cmp(&(late, open))
                .then_with(|| (one, at).cmp(&(other, there)))
        });
        with
    }

    /// What came and ended month by month; a month begins where the one before it ends.
    pub(crate) fn trend(
        &self,
        sight: &Sight,
        narrow: &Narrow<'_>,
        begins: &[DateTime<Utc>],
        end: DateTime<Utc>,
    ) -> Vec<Month> {
        let narrow = self.narrowed(narrow);
        let mut months = vec![Month::default(); begins.len()];
        let month = |moment: DateTime<Utc>| {
            let after = begins.partition_point(|begin| *begin <= moment);
            after.checked_sub(1).filter(|_| moment < end)
        };
        for line in self.counted(sight, &narrow) {
            if let Some(month) = month(line.filed_at).and_then(|nth| months.get_mut(nth)) {
                month.filed += 1;
            }
            let Some(month) = line.ended_at.and_then(month).and_then(|nth| months.get_mut(nth)) else {
                continue;
            };
            match line.end {
                Some(End::Confirmed) => month.closed_confirmed += 1,
                Some(End::Unconfirmed) => month.closed_unconfirmed += 1,
                Some(End::Declined) => month.declined += 1,
                Some(End::Withdrawn) => month.withdrawn += 1,
                None => {}
            }
            month.structural += u32::from(line.is_for_all());
            month.exceptions += u32::from(line.is_exception());
        }
        months
    }

    /// What somebody sees of these loops.
    pub(crate) async fn sight(&self, db: &Db, viewer: &Claims) -> Result<Sight, sqlx::Error> {
        let everything = viewer.has(Role::Contact) || viewer.has(Role::Auditor);
        let place = |id: Uuid| self.places.at.get(&id).copied();
        let schools = viewer.schools.iter().filter_map(|school| place(school.0));
        let departments = viewer.departments.iter().filter_map(|department| place(department.0));
        let teams = viewer.teams.iter().filter_map(|team| place(team.0));
        let named: Vec<i64> = if everything || viewer.departments.is_empty() {
            Vec::new()
        } else {
            on!(db.of(&viewer.district).await?, rows => sqlx::query_scalar(
                    "SELECT filed_seq FROM loop_row WHERE district || '' = $1 \
                     AND id IN (SELECT loop FROM loop_person WHERE person = $2)")
                .bind(viewer.district.as_str()).bind(viewer.person.0).fetch_all(rows).await)?
        };
        let confidential: Vec<i64> = if everything {
            Vec::new()
        } else {
            on!(db.of(&viewer.district).await?, rows => {
                let mut query = QueryBuilder::new("SELECT filed_seq FROM loop_row WHERE visibility = 'confidential' AND ");
                visible(&mut query, viewer, Way::ByPlace);
                query.build_query_scalar().fetch_all(rows).await
            })?
        };
        Ok(Sight {
            everything,
            leads: viewer.has(Role::Leader),
            places: schools.chain(departments).chain(teams).collect(),
            named: named.into_iter().collect(),
            confidential: confidential.into_iter().collect(),
        })
    }
}

/// Pairs of a loop and a place; of some loops or of all.
async fn read_places(
    db: &Db,
    district: &District,
    table: &str,
    column: &str,
    ids: Option<&[Uuid]>,
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT loop, ");
        query.push(column).push(" FROM ").push(table).push(" WHERE district = ").push_bind(district.as_str());
        if let Some(ids) = ids {
            query.push(" AND ");
            among(&mut query, "loop", ids.iter().copied());
        }
        query.build_query_as().fetch_all(rows).await
    })
}

/// What somebody sees: the same as [`super::lists::visible`] says of the tables.
#[derive(Debug)]
pub(crate) struct Sight {
    everything: bool,
    /// Whether they see whatever is not for named people only.
    leads: bool,
    /// Otherwise what was at one of these.
    places: HashSet<u32>,
    /// Or that names them, who work in the office.
    named: HashSet<i64>,
    /// What is for named people only, and for them.
    confidential: HashSet<i64>,
}

impl Sight {
    fn sees(&self, line: &Line) -> bool {
        if self.everything {
            return true;
        }
        if line.confidential {
            return self.confidential.contains(&line.filed_seq);
        }
        self.leads
            || self.named.contains(&line.filed_seq)
            || line.places.iter().any(|place| self.places.contains(place))
    }
}

/// Which loops are counted, by their numbers here.
#[derive(Debug)]
struct Narrowed {
    department: Option<u32>,
    area: Option<u32>,
    schools: Option<HashSet<u32>>,
}

impl Narrowed {
    fn takes(&self, line: &Line) -> bool {
        let others = line.places.get(line.schools..).unwrap_or_default();
        self.department.is_none_or(|department| others.contains(&department))
            && self.area.is_none_or(|area| area == line.area)
            && self
                .schools
                .as_ref()
                .is_none_or(|schools| line.schools().iter().any(|school| schools.contains(school)))
    }
}

/// Whether a loop was open at some time of a period.
fn was_open(line: &Line, period: Period) -> bool {
    (line.is_open || line.ended_at.is_some_and(|ended| ended >= period.from)) && line.filed_at < period.to
}

fn is_late(line: &Line, today: NaiveDate) -> bool {
    line.next_due.is_some_and(|due| due < today)
}

/// Counts a loop of a period. What it came to counts where it came to it within the period.
fn count(to: &mut Summary, line: &Line, period: Period) {
    if line.is_open {
        to.open += 1;
        to.late += u32::from(is_late(line, period.today));
        to.triage += u32::from(line.state == LoopState::Triage);
    }
    to.filed += u32::from(line.filed_at >= period.from);
    to.refused += u32::from(line.refused);
    if line.ended_at.is_none_or(|ended| ended >= period.to) {
        return;
    }
    match line.end {
        Some(End::Confirmed) => to.closed_confirmed += 1,
        Some(End::Unconfirmed) => to.closed_unconfirmed += 1,
        Some(End::Declined) => to.declined += 1,
        Some(End::Withdrawn) => to.withdrawn += 1,
        None => {}
    }
    to.structural += u32::from(line.is_for_all());
    to.exceptions += u32::from(line.is_exception());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_kept_is_bounded_and_the_one_asked_for_stays() {
        let tallies = Tallies::default();
        let district = |name: &str| -> District { name.parse().expect("a slug") };
        for name in ["north", "south", "west"] {
            let mut kept = tallies.kept();
            kept.asked += 1;
            let asked = kept.asked;
            kept.districts.entry(district(name)).or_default().asked = asked;
            drop(kept);
            tallies.bounded(&district(name), LOOPS_MAX / 2);
        }
        let names = |tallies: &Tallies| {
            let kept = tallies.kept();
            let names: BTreeMap<String, usize> = kept
                .districts
                .iter()
                .map(|(name, one)| (name.to_string(), one.loops))
                .collect();
            names.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(&tallies), ["south", "west"]);
        tallies.bounded(&district("south"), LOOPS_MAX * 3);
        assert_eq!(names(&tallies), ["south"]);
    }
}

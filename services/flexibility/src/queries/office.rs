//! Patterns, and which rules are met where.

use std::collections::{BTreeMap, BTreeSet};

use ::domain::pattern::PatternRecord;
use chrono::{Datelike, NaiveDate};
use contracts::events::flexibility::Rule;
use contracts::events::pattern::Basis;
use contracts::ids::{LoopId, PatternId, SchoolId};
use contracts::office_action::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{
    ClauseMap, ClauseRow, ClausesQuery, DecisionView, ExceptionNamed, PAGE_MAX, Page, PatternQuery, PatternRow,
    PatternView, PatternsQuery, RevisionView, SchoolCount, ShareOf, structural_share,
};
use contracts::vocabulary::{PatternStanding, ResolutionKind};

use super::{Asked, away};
use crate::commands::{in_office, may_office};
use crate::read_model::{self, Counted, Met, OfficeRow};
use crate::views::{self, Words};

/// The most rules and schools on the map.
const CLAUSES_MAX: usize = 15;
const SCHOOLS_MAX: usize = 40;
/// The days that the map looks back where nothing else is asked.
const MAP_DAYS: u64 = 365;

/// Where a page of a list by its beginning goes on.
pub(super) fn before(cursor: Option<&str>) -> Result<Option<i64>, Problem> {
    cursor
        .map(|cursor| {
            cursor
                .parse::<i64>()
                .map_err(|_| Problem::invalid_field("cursor", "is not one that a page gave out; begin without it"))
        })
        .transpose()
}

/// The rows of one page, and where the next one goes on.
pub(super) fn paged(mut rows: Vec<OfficeRow>, limit: usize) -> (Vec<OfficeRow>, Option<String>) {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.first_seq.to_string());
    (rows, next)
}

fn record(row: &OfficeRow) -> Option<PatternRecord> {
    serde_json::from_str(&row.state)
        .inspect_err(|error| tracing::error!(id = %row.id, %error, "a pattern cannot be read"))
        .ok()
}

/// Who may know of a pattern: the office, and the team before which a change lies or lay.
fn sees<Q>(asked: &Asked<Q>, record: &PatternRecord) -> bool {
    in_office(&asked.viewer)
        || record
            .proposal
            .as_ref()
            .is_some_and(|proposal| asked.viewer.teams.contains(&proposal.said.team))
}

/// A rule as people cite it.
pub(super) fn cited(rule: &Rule) -> String {
    [
        rule.citation.as_ref().map(ToString::to_string),
        rule.clause.as_ref().map(ToString::to_string),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<String>>()
    .join(", ")
}

fn title(basis: &Basis) -> String {
    match basis {
        Basis::Clause { rule } => cited(rule),
        Basis::Area { area } => area.label().to_owned(),
    }
}

/// A page of patterns, the newest first.
pub(super) async fn patterns(asked: Asked<PatternsQuery>) -> Result<Page<PatternRow>, Problem> {
    let limit = asked.query.limit.unwrap_or(50).clamp(1, PAGE_MAX) as usize;
    let mut from = before(asked.query.cursor.as_deref())?;
    let mut items = Vec::new();
    loop {
        let rows = read_model::patterns(
            &asked.model.db,
            &asked.viewer.district,
            asked.query.standing,
            from,
            limit as i64 + 1,
        )
        .await
        .map_err(away)?;
        let (rows, next) = paged(rows, limit);
        for row in &rows {
            if let Some(found) = record(row).filter(|found| sees(&asked, found)) {
                if items.len() == limit {
                    return Ok(Page {
                        items,
                        next: from.map(|from| from.to_string()),
                    });
                }
                items.push(listed(&asked, PatternId(row.id), &found).await?);
            }
            from = Some(row.first_seq);
        }
        if next.is_none() {
            return Ok(Page { items, next: None });
        }
    }
}

/// A pattern as lists show it, with how often it is met.
async fn listed<Q>(asked: &Asked<Q>, id: PatternId, record: &PatternRecord) -> Result<PatternRow, Problem> {
    let counted: Counted = read_model::counted(&asked.model.db, &asked.viewer.district, &read_model::basis_of(record))
        .await
        .map_err(away)?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(PatternRow {
        id,
        version: record.version,
        basis: record.basis.clone(),
        title: title(&record.basis),
        area: record.area.clone(),
        standing: record.standing,
        ground: record.ground,
        schools: count(counted.schools),
        loops: count(counted.loops),
        open: count(counted.open),
        exceptions: count(counted.exceptions),
        structural_share: structural_share(count(counted.structural), count(counted.excused)),
        detected_at: record.detected_at,
        before_team: record.before_team().map(|proposal| proposal.said.team),
    })
}

/// What is known of a pattern now.
struct Known {
    met: Vec<Met>,
    bent_by: Vec<(contracts::FlexibilityId, String)>,
}

impl Known {
    async fn of<Q>(asked: &Asked<Q>, record: &PatternRecord) -> Result<Self, Problem> {
        let basis = read_model::basis_of(record);
        let district = &asked.viewer.district;
        let met = read_model::met_by(&asked.model.db, district, &basis)
            .await
            .map_err(away)?;
        let exceptions = read_model::exceptions(&asked.model.db, district, &basis)
            .await
            .map_err(away)?;
        Ok(Self {
            met,
            bent_by: exceptions.into_iter().map(|(id, _, state)| (id, state)).collect(),
        })
    }

    fn loops(&self) -> BTreeSet<LoopId> {
        self.met.iter().map(|one| one.id).collect()
    }

    fn trend(&self) -> Vec<ShareOf> {
        let mut counted = BTreeSet::new();
        let mut quarters: BTreeMap<NaiveDate, ShareOf> = BTreeMap::new();
        for one in &self.met {
            let (Some(kind), Some(ended_at)) = (one.kind, one.ended_at) else {
                continue;
            };
            if !counted.insert(one.id) {
                continue;
            }
            let day = ended_at.date_naive();
            let from = NaiveDate::from_ymd_opt(day.year(), (day.month0() / 3) * 3 + 1, 1).unwrap_or(day);
            let quarter = quarters.entry(from).or_insert(ShareOf {
                from,
                structural: 0,
                exceptions: 0,
                others: 0,
            });
            match kind {
                ResolutionKind::AlreadyAllowed | ResolutionKind::ZoneFlexibility | ResolutionKind::DistrictChange => {
                    quarter.structural += 1;
                }
                ResolutionKind::SchoolException => quarter.exceptions += 1,
                ResolutionKind::StateWaiver | ResolutionKind::Support | ResolutionKind::Pilot => quarter.others += 1,
            }
        }
        quarters.into_values().collect()
    }
}

/// One pattern, whole.
pub(super) async fn pattern(asked: Asked<PatternQuery>) -> Result<PatternView, Problem> {
    let id = asked
        .query
        .id
        .ok_or_else(|| Problem::invalid_field("id", "is needed"))?;
    let row = read_model::office_row(
        &asked.model.db,
        contracts::subjects::Thing::Pattern,
        &asked.viewer.district,
        id.0,
    )
    .await
    .map_err(away)?;
    let found = row
        .as_ref()
        .and_then(record)
        .filter(|found| sees(&asked, found))
        .ok_or_else(|| Problem::not_found("pattern"))?;
    let known = Known::of(&asked, &found).await?;
    let mut by_school: BTreeMap<SchoolId, BTreeSet<LoopId>> = BTreeMap::new();
    for one in &known.met {
        by_school.entry(one.school).or_default().insert(one.id);
    }
    let mut by_school: Vec<SchoolCount> = by_school
        .into_iter()
        .map(|(school, loops)| SchoolCount {
            school: views::school(&asked.known, school),
            loops: loops.len() as u32,
        })
        .collect();
    by_school.sort_by(|a, b| b.loops.cmp(&a.loops).then_with(|| a.school.name.cmp(&b.school.name)));
    let words = Words::of(&asked);
    let mut bent_by = Vec::new();
    for (id, state) in &known.bent_by {
        let Ok(exception) = serde_json::from_str::<::domain::FlexibilityRecord>(state) else {
            continue;
        };
        if exception.is_seen_by(&asked.viewer, &asked.viewer.district, &asked.known) {
            bent_by.push(ExceptionNamed {
                id: *id,
                title: words.open(&exception.title).await?,
            });
        }
    }
    Ok(PatternView {
        row: listed(&asked, id, &found).await?,
        threshold: found.threshold,
        days: found.days,
        by_school,
        evidence: views::loops(&asked, &known.loops()).await?,
        bent_by,
        trend: known.trend(),
        revision: revision(&asked, &found).await?,
        offers: offers(&asked, &found),
    })
}

fn offers<Q>(asked: &Asked<Q>, record: &PatternRecord) -> Vec<String> {
    let mut offers = Vec::new();
    let open = matches!(record.standing, PatternStanding::Detected | PatternStanding::Kept);
    if open && may_office(&asked.viewer, OfficeAction::ProposeRevision, None) {
        offers.push(OfficeAction::ProposeRevision.slug().to_owned());
    }
    let asked_team = record
        .before_team()
        .is_some_and(|proposal| asked.viewer.teams.contains(&proposal.said.team));
    if asked_team && may_office(&asked.viewer, OfficeAction::DecideRevision, None) {
        offers.push(OfficeAction::DecideRevision.slug().to_owned());
    }
    offers
}

async fn revision<Q>(asked: &Asked<Q>, record: &PatternRecord) -> Result<Option<RevisionView>, Problem> {
    let Some(proposal) = &record.proposal else {
        return Ok(None);
    };
    let words = Words::of(asked);
    let said = &proposal.said;
    let decided = match &proposal.decided {
        Some(decided) => Some(DecisionView {
            adopted: decided.adopted,
            decision: words.open(&decided.decision).await?,
            at: decided.at,
            flexibility: decided.flexibility,
            answers: views::loops(asked, &decided.answers).await?,
            answered: decided.answers.len() as u32,
        }),
        None => None,
    };
    Ok(Some(RevisionView {
        revision: said.revision,
        title: words.open(&said.title).await?,
        text: words.open(&said.text).await?,
        rationale: words.some(said.rationale.as_ref()).await?,
        rule: said.rule.clone(),
        conditions: words.some(said.conditions.as_ref()).await?,
        stays_required: words.some(said.stays_required.as_ref()).await?,
        department: said.department,
        department_name: views::department(&asked.known, said.department),
        team: said.team,
        team_name: asked
            .known
            .teams
            .get(&said.team)
            .map_or_else(|| "a team".to_owned(), |team| team.name.clone()),
        proposed_at: proposal.at,
        decided,
    }))
}

/// Which rules are met where.
pub(super) async fn clauses(asked: Asked<ClausesQuery>) -> Result<ClauseMap, Problem> {
    if !in_office(&asked.viewer) {
        return Err(Problem::forbidden(
            "which rules are met where is for the district office",
        ));
    }
    let calendar = asked.known.calendar();
    let today = calendar.date(asked.desk.clock.now());
    let from = asked.query.from.unwrap_or(today - chrono::Days::new(MAP_DAYS));
    let met = read_model::met_cited(&asked.model.db, &asked.viewer.district, calendar.start_of(from))
        .await
        .map_err(away)?;
    type Counted = BTreeMap<SchoolId, BTreeSet<LoopId>>;
    let mut clauses: BTreeMap<String, (Rule, Counted)> = BTreeMap::new();
    for one in met {
        let cited = one
            .cited
            .and_then(|rule| read_model::rule_basis(&rule).map(|basis| (rule, basis)));
        if let Some((rule, basis)) = cited {
            let (_, schools) = clauses.entry(basis).or_insert_with(|| (rule, BTreeMap::new()));
            schools.entry(one.school).or_default().insert(one.id);
        }
    }
    let total = |schools: &Counted| schools.values().flatten().collect::<BTreeSet<_>>().len();
    let mut ranked: Vec<(String, Rule, Counted)> = clauses
        .into_iter()
        .map(|(basis, (rule, schools))| (basis, rule, schools))
        .collect();
    ranked.sort_by_key(|(basis, _, schools)| (std::cmp::Reverse(total(schools)), basis.clone()));
    ranked.truncate(CLAUSES_MAX);
    let ids: BTreeSet<SchoolId> = ranked
        .iter()
        .flat_map(|(_, _, schools)| schools.keys().copied())
        .collect();
    let mut schools: Vec<_> = ids
        .into_iter()
        .map(|school| views::school(&asked.known, school))
        .collect();
    schools.sort_by(|a, b| a.name.cmp(&b.name));
    schools.truncate(SCHOOLS_MAX);
    let mut rows = Vec::new();
    for (basis, rule, counted) in &ranked {
        let pattern = read_model::patterns_of(&asked.model.db, &asked.viewer.district, basis)
            .await
            .map_err(away)?
            .first()
            .map(|row| PatternId(row.id));
        rows.push(ClauseRow {
            title: cited(rule),
            pattern,
            loops: total(counted) as u32,
            counts: schools
                .iter()
                .map(|school| counted.get(&school.id).map_or(0, |loops| loops.len() as u32))
                .collect(),
        });
    }
    Ok(ClauseMap { schools, clauses: rows })
}

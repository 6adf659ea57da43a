//! The register as people see it.

use std::collections::BTreeSet;

use ::domain::FlexibilityRecord;
use ::domain::authority::{Sight, sight};
use ::domain::directory::DistrictRecord;
use ::domain::district_loop::said_erased;
use contracts::Claims;
use contracts::envelope::Actor;
use contracts::events::flexibility::Scope;
use contracts::ids::{District, FlexibilityId, LoopId, LoopNumber, SchoolId};
use contracts::problem::Problem;
use contracts::queries::{
    Beside, FlexibilityRow, FlexibilityView, LoopNamed, PublicEntry, RationaleView, RegisterEntry, SchoolNamed,
    ScopeView, UseView,
};
use contracts::sealed::{KeyId, Sealed};
use contracts::subjects::Subject;
use contracts::vocabulary::Says;
use decider::History;
use sealing::{ERASED, Keyring, SealingError, open_json};

use crate::commands::offers;
use crate::queries::{Asked, away, record};
use crate::read_model;
use crate::similar::terms::rule_key;

/// The most loops named on one page.
const LOOPS_MAX: usize = 50;

/// What sealed words of a district are opened with.
pub(crate) struct Words<'a> {
    keyring: &'a Keyring,
    db: &'a sql::Db,
    district: &'a District,
    known: &'a DistrictRecord,
}

impl<'a> Words<'a> {
    pub(crate) fn of<Q>(asked: &'a Asked<Q>) -> Self {
        Self {
            keyring: &asked.desk.keyring,
            db: &asked.model.db,
            district: &asked.viewer.district,
            known: &asked.known,
        }
    }

    /// Of a district that shows anybody what it allows.
    pub(crate) fn public(
        desk: &'a decider::Desk,
        db: &'a sql::Db,
        district: &'a District,
        known: &'a DistrictRecord,
    ) -> Self {
        Self {
            keyring: &desk.keyring,
            db,
            district,
            known,
        }
    }

    /// Opened words; in the place of erased ones, when and by whom.
    pub(crate) async fn open(&self, sealed: &Sealed) -> Result<String, Problem> {
        match self.keyring.open(sealed).await {
            Ok(words) => Ok(words),
            Err(SealingError::Erased(key)) => self.erased(key).await,
            Err(SealingError::NotOpened(_)) => Ok("[unreadable]".to_owned()),
            Err(SealingError::Unavailable(_)) => Err(Problem::unavailable("words cannot be opened for a moment")),
        }
    }

    /// Opened words, where there are any.
    pub(crate) async fn some(&self, sealed: Option<&Sealed>) -> Result<Option<String>, Problem> {
        match sealed {
            Some(sealed) => self.open(sealed).await.map(Some),
            None => Ok(None),
        }
    }

    /// What stands in the place of words that were erased. Only the contact erases; which person it was stands with the
    /// words themselves.
    async fn erased(&self, key: KeyId) -> Result<String, Problem> {
        let at = read_model::erased(self.db, self.district, key).await.map_err(away)?;
        Ok(at.map_or_else(
            || ERASED.to_owned(),
            |at| said_erased(at, &self.known.calendar(), Some("the central-office contact")),
        ))
    }
}

/// Who looks, and what is known of their district.
pub(crate) struct Shown<'a> {
    viewer: &'a Claims,
    known: &'a DistrictRecord,
    words: Words<'a>,
}

impl<'a> Shown<'a> {
    pub(crate) fn of<Q>(asked: &'a Asked<Q>) -> Self {
        Self {
            viewer: &asked.viewer,
            known: &asked.known,
            words: Words::of(asked),
        }
    }

    async fn words(&self, sealed: &Sealed) -> Result<String, Problem> {
        self.words.open(sealed).await
    }

    async fn some_words(&self, sealed: Option<&Sealed>) -> Result<Option<String>, Problem> {
        self.words.some(sealed).await
    }

    fn school(&self, id: SchoolId) -> SchoolNamed {
        school(self.known, id)
    }

    fn scope(&self, scope: &Scope) -> ScopeView {
        scope_named(self.known, scope)
    }
}

/// A school with its name.
pub(crate) fn school(known: &DistrictRecord, id: SchoolId) -> SchoolNamed {
    SchoolNamed {
        id,
        name: known
            .schools
            .get(&id)
            .map_or_else(|| "a school".to_owned(), |school| school.name.clone()),
    }
}

/// A department's name.
pub(crate) fn department(known: &DistrictRecord, id: contracts::ids::DepartmentId) -> String {
    known
        .departments
        .get(&id)
        .map_or_else(|| "a department".to_owned(), |department| department.name.clone())
}

fn scope_named(known: &DistrictRecord, scope: &Scope) -> ScopeView {
    let (zone, schools): (Option<_>, Vec<SchoolId>) = match scope {
        Scope::Schools { schools } => (None, schools.iter().copied().collect()),
        Scope::Zone { zone } => (
            Some(*zone),
            known
                .zones
                .get(zone)
                .map(|known| known.schools.iter().copied().collect())
                .unwrap_or_default(),
        ),
        Scope::District => (None, Vec::new()),
    };
    let mut schools: Vec<SchoolNamed> = schools.into_iter().map(|id| school(known, id)).collect();
    schools.sort_by(|a, b| a.name.cmp(&b.name));
    ScopeView {
        level: scope.level(),
        zone,
        zone_name: zone.and_then(|zone| known.zones.get(&zone).map(|known| known.name.clone())),
        schools,
    }
}

/// What anybody may read of a part that is shown to the public.
pub(crate) async fn public_entry(
    words: &Words<'_>,
    id: FlexibilityId,
    record: &FlexibilityRecord,
) -> Result<PublicEntry, Problem> {
    let known = words.known;
    let mut rationales = Vec::new();
    for (readership, text) in &record.rationales {
        rationales.push(RationaleView {
            readership: *readership,
            text: words.open(text).await?,
        });
    }
    Ok(PublicEntry {
        id,
        says: record.says,
        title: words.open(&record.title).await?,
        text: words.open(&record.allows).await?,
        area: record.area.clone(),
        area_name: known.area_label(&record.area).to_owned(),
        rule: record.rule.clone(),
        scope: scope_named(known, &record.scope),
        starts_on: record.first_day(&BTreeSet::new(), known),
        ends_on: record.ends_on,
        conditions: words.some(record.conditions.as_ref()).await?,
        stays_required: words.some(record.stays_required.as_ref()).await?,
        rationales,
        department_name: department(known, record.department),
    })
}

/// What lists show.
pub(crate) async fn row(
    shown: &Shown<'_>,
    id: FlexibilityId,
    record: &FlexibilityRecord,
) -> Result<FlexibilityRow, Problem> {
    Ok(FlexibilityRow {
        id,
        version: record.version,
        says: record.says,
        title: shown.words(&record.title).await?,
        text: shown.words(&record.allows).await?,
        area: record.area.clone(),
        rule: record.rule.clone(),
        scope: shown.scope(&record.scope),
        standing: record.standing,
        kind: record.kind,
        starts_on: record.first_day(&shown.viewer.schools, shown.known),
        ends_on: record.ends_on,
        review_on: record.review_on,
        department: record.department,
        department_name: department(shown.known, record.department),
        users: record.users.len() as u32,
        yours: shown
            .viewer
            .schools
            .iter()
            .any(|school| record.users.contains_key(school)),
        readers: record.readers,
        pilot_open: record.is_open_pilot(),
    })
}

/// Everything of one part of the register.
pub(crate) async fn whole(
    asked: &Asked<contracts::queries::FlexibilityQuery>,
    id: FlexibilityId,
    found: &FlexibilityRecord,
) -> Result<FlexibilityView, Problem> {
    let shown = Shown::of(asked);
    let mut used_by = Vec::new();
    for (school, used) in &found.users {
        used_by.push(UseView {
            school: shown.school(*school),
            since: used.since,
            how: shown.some_words(used.how.as_ref()).await?,
        });
    }
    used_by.sort_by(|a, b| a.school.name.cmp(&b.school.name));
    let mut rationales = Vec::new();
    for (readership, text) in &found.rationales {
        rationales.push(RationaleView {
            readership: *readership,
            text: shown.words(text).await?,
        });
    }
    Ok(FlexibilityView {
        row: row(&shown, id, found).await?,
        rationale: shown.some_words(found.rationale.as_ref()).await?,
        rationales,
        conditions: shown.some_words(found.conditions.as_ref()).await?,
        stays_required: shown.some_words(found.stays_required.as_ref()).await?,
        pilot_question: shown.some_words(found.pilot_question.as_ref()).await?,
        used_by,
        loops: loops(asked, &found.loops).await?,
        beside: beside(asked, id, found).await?,
        history: history(asked, id, found.version).await?,
        offers: if asked.query.on.is_some() {
            Vec::new()
        } else {
            offers(&asked.viewer, found, &asked.known, asked.today())
                .into_iter()
                .map(|action| action.slug().to_owned())
                .collect()
        },
        on: asked.query.on,
    })
}

/// The loops it comes from, as far as the viewer sees more of them than a card.
pub(crate) async fn loops<Q>(
    asked: &Asked<Q>,
    ids: &std::collections::BTreeSet<LoopId>,
) -> Result<Vec<LoopNamed>, Problem> {
    let mut loops = Vec::new();
    // The newest first: ids are in the order of time.
    for id in ids.iter().rev().copied().take(LOOPS_MAX) {
        let subject = Subject::of_loop(&asked.viewer.district, id);
        let history = History::<::domain::Loop>::read::<()>(&*asked.desk.log, &subject)
            .await
            .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
        let seen = history
            .state()
            .record()
            .is_some_and(|record| sight(&asked.viewer, &record.audience(&asked.viewer.district)) > Sight::Card);
        if seen {
            loops.push(LoopNamed {
                id,
                number: LoopNumber::of(id),
            });
        }
    }
    Ok(loops)
}

/// Other parts about the same rule: those that say it must stay stand against those that allow it.
async fn beside<Q>(asked: &Asked<Q>, id: FlexibilityId, found: &FlexibilityRecord) -> Result<Vec<Beside>, Problem> {
    let rule = rule_key(&found.rule);
    if rule.is_empty() {
        return Ok(Vec::new());
    }
    let rows = read_model::beside(&asked.model.db, &asked.viewer.district, &rule, id)
        .await
        .map_err(away)?;
    let shown = Shown::of(asked);
    let mut beside = Vec::new();
    for (other, says, state) in rows {
        let row = read_model::RegisterDbRow {
            id: other,
            first_seq: 0,
            state,
        };
        let (Some(record), Some(says)) = (record(&row), Says::from_code(&says)) else {
            continue;
        };
        if !record.is_seen_by(&asked.viewer, &asked.viewer.district, &asked.known) {
            continue;
        }
        beside.push(Beside {
            id: FlexibilityId(other),
            title: shown.words(&record.title).await?,
            says,
            contradicts: (says == Says::NonNegotiable) != (found.says == Says::NonNegotiable),
        });
    }
    Ok(beside)
}

/// What became of it up to a version, oldest first, with its words opened.
async fn history<Q>(asked: &Asked<Q>, id: FlexibilityId, version: u64) -> Result<Vec<RegisterEntry>, Problem> {
    let subject = Subject::of_flexibility(&asked.viewer.district, id);
    let history = History::<::domain::Flexibility>::read::<()>(&*asked.desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("flexibility")))?;
    let words = Words::of(asked);
    let mut entries = Vec::new();
    for recorded in history.recorded().iter().filter(|event| event.sequence <= version) {
        let envelope = &recorded.envelope;
        let mut data = serde_json::from_str(envelope.data.get()).unwrap_or_default();
        let opened = open_json(&asked.desk.keyring, &mut data, |_| None)
            .await
            .map_err(|_| Problem::unavailable("words cannot be opened for a moment"))?;
        for text in opened.iter().filter(|text| text.words == ERASED) {
            let said = words.erased(text.key).await?;
            if let Some(place) = data.pointer_mut(&format!("/{}", text.field)) {
                *place = serde_json::Value::String(said);
            }
        }
        let data = without_loops(data);
        entries.push(RegisterEntry {
            sequence: recorded.sequence,
            id: envelope.id,
            time: envelope.time,
            kind: contracts::versions::parse_type(&envelope.event_type)
                .map_or_else(String::new, |(_, name, _)| name.to_owned()),
            actor: match (&envelope.actor, used_in(&data, &asked.known)) {
                (Actor::Person(person), _) if *person == asked.viewer.person => "you".to_owned(),
                (_, Some(school)) => school,
                (Actor::Person(_), None) => "the district office".to_owned(),
                (Actor::Policy(_), None) => "Loopline".to_owned(),
            },
            data,
        });
    }
    Ok(entries)
}

/// The school that uses it from an event on, where the event says so.
fn used_in(data: &serde_json::Value, known: &DistrictRecord) -> Option<String> {
    let id = data.get("school")?.as_str()?.parse().ok()?;
    Some(school(known, id).name)
}

/// Which loops it comes from is said apart, to those who may see them.
fn without_loops(mut data: serde_json::Value) -> serde_json::Value {
    if let Some(object) = data.as_object_mut() {
        object.remove("origin");
        object.remove("key");
    }
    data
}

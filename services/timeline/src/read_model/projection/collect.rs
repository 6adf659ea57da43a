//! What a batch of events comes to, before it is written.

use std::collections::{BTreeMap, BTreeSet};

use ::projection::{ApplyError, Batch, Step};
use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::Recorded;
use contracts::events::{CustodyEvent, DirectoryEvent, IntakeEvent, LoopEvent};
use contracts::ids::{DepartmentId, District, LoopId, LoopNumber, PersonId, TeamId};
use contracts::queries::{Change, Holder, NoticedChange};
use contracts::sealed::{KeyId, Sealed};
use contracts::vocabulary::{Clock, KeepsWords, LoopState};
use domain::LoopRecord;
use domain::district_loop::Phase;
use sealing::{ERASED, Keyring, SealingError};
use uuid::Uuid;

/// One row of `loop_row`.
#[derive(Debug)]
pub(super) struct LoopOut {
    pub(super) filed_seq: i64,
    pub(super) id: Uuid,
    pub(super) district: String,
    pub(super) number: String,
    pub(super) version: i64,
    /// Empty where it is still what it was: no title is.
    pub(super) title: String,
    pub(super) state: &'static str,
    pub(super) is_open: i32,
    pub(super) unconfirmed: i32,
    pub(super) refused: i32,
    pub(super) resolution_kind: Option<&'static str>,
    pub(super) department: Option<Uuid>,
    pub(super) holder: &'static str,
    pub(super) holder_ref: Option<Uuid>,
    pub(super) area: String,
    pub(super) kind: &'static str,
    pub(super) urgency: &'static str,
    pub(super) visibility: &'static str,
    pub(super) leader_asked: i32,
    pub(super) matter_team: Option<Uuid>,
    pub(super) assignee: Option<Uuid>,
    pub(super) schools_count: i32,
    pub(super) paused: i32,
    pub(super) due_acknowledge: Option<NaiveDate>,
    pub(super) due_next_word: Option<NaiveDate>,
    pub(super) due_resolve: Option<NaiveDate>,
    pub(super) next_due: Option<NaiveDate>,
    pub(super) next_clock: Option<&'static str>,
    pub(super) filed_at: DateTime<Utc>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

/// One row of `entry`.
#[derive(Debug)]
pub(super) struct EntryOut {
    pub(super) sequence: i64,
    pub(super) loop_id: Uuid,
    pub(super) district: String,
    pub(super) id: Uuid,
    pub(super) time: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) event_type: String,
    pub(super) actor: String,
    pub(super) acting_for: Option<Uuid>,
    pub(super) internal: i32,
    pub(super) data: String,
}

/// One row of `stay`.
#[derive(Debug, Clone)]
pub(super) struct StayOut {
    pub(super) loop_id: Uuid,
    pub(super) from_seq: i64,
    pub(super) to: Option<(i64, DateTime<Utc>)>,
    pub(super) district: String,
    pub(super) from_at: DateTime<Utc>,
    pub(super) what: What,
}

/// What a stay is told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct What {
    pub(super) state: LoopState,
    pub(super) holder: &'static str,
    pub(super) department: Option<Uuid>,
    pub(super) paused: bool,
}

/// One row of `loop_school`.
#[derive(Debug)]
pub(super) struct SchoolOut {
    pub(super) loop_id: Uuid,
    pub(super) school: Uuid,
    pub(super) district: String,
    pub(super) state: &'static str,
    pub(super) unconfirmed: i32,
    pub(super) follow_up_asked: i32,
    pub(super) filed_seq: i64,
}

/// A department, person or team that sees a loop.
#[derive(Debug)]
pub(super) struct SeesOut {
    pub(super) loop_id: Uuid,
    pub(super) who: Uuid,
    pub(super) district: District,
    pub(super) filed_seq: i64,
}

/// Everything a batch comes to.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) entries: Vec<EntryOut>,
    /// Loops whose stay from before the batch ends in it.
    pub(super) ended_stays: BTreeMap<Uuid, (i64, DateTime<Utc>)>,
    pub(super) stays: Vec<StayOut>,
    pub(super) loops: Vec<LoopOut>,
    pub(super) schools: Vec<SchoolOut>,
    pub(super) departments: Vec<SeesOut>,
    pub(super) named: Vec<SeesOut>,
    pub(super) teams: Vec<SeesOut>,
    pub(super) people: BTreeMap<Uuid, (String, String)>,
    pub(super) search: Vec<SearchOut>,
    pub(super) changes: Vec<NoticedChange>,
    /// Whether words were erased, so that nothing of them may stay anywhere.
    pub(super) erased: bool,
    /// Whether changes are told to anybody.
    told: bool,
    open_stays: BTreeMap<Uuid, usize>,
    reworded: BTreeSet<Uuid>,
    districts: BTreeMap<Uuid, District>,
    /// Who had to do with each loop before the batch.
    before: BTreeMap<Uuid, Involved>,
}

/// Who has to do with a loop, or ever had: these only grow, whoever may see it now.
#[derive(Debug)]
struct Involved {
    departments: Vec<DepartmentId>,
    people: Vec<PersonId>,
    teams: BTreeSet<TeamId>,
}

impl Involved {
    fn of(record: &LoopRecord, district: &District) -> Self {
        let audience = record.audience(district);
        Self {
            departments: audience.departments,
            people: audience.people,
            // A confidential loop's audience has a team only while it lies there; that it lay there stays so.
            teams: record.teams_asked.clone(),
        }
    }
}

/// What search looks through, of one loop.
#[derive(Debug)]
pub(super) struct SearchOut {
    pub(super) filed_seq: i64,
    pub(super) title: String,
    pub(super) body: String,
    /// Whether the loop is new, so that nothing has to give way.
    pub(super) is_new: bool,
}

impl Collected {
    /// Nothing yet; `told` where changes are told to anybody.
    pub(super) fn new(told: bool) -> Self {
        Self {
            told,
            ..Self::default()
        }
    }

    /// Takes one event in.
    pub(super) async fn step(
        &mut self,
        batch: &mut Batch,
        recorded: &Recorded,
        keyring: &Keyring,
    ) -> Result<(), ApplyError> {
        let id = LoopId(recorded.subject.id);
        let known = batch.state(id).and_then(domain::Loop::record);
        let before = match self.open_stays.get(&id.0).and_then(|at| self.stays.get(*at)) {
            Some(open) => Some(open.what.clone()),
            None => known.map(what),
        };
        if let Some(record) = known
            && !self.districts.contains_key(&id.0)
        {
            self.before
                .insert(id.0, Involved::of(record, &recorded.subject.district));
        }
        match batch.step(recorded)? {
            Step::Loop(id, event) => {
                let Some(record) = batch.state(id).and_then(domain::Loop::record) else {
                    return Ok(());
                };
                let after = what(record);
                if before.as_ref() != Some(&after) {
                    self.turn(recorded, before.is_some(), after);
                }
                self.note(recorded, id, record, &event, keyring);
                Ok(())
            }
            Step::Directory(DirectoryEvent::PersonRostered(rostered)) => {
                let name = opened(keyring, &rostered.name).await?;
                self.people
                    .insert(recorded.subject.id, (recorded.subject.district.to_string(), name));
                Ok(())
            }
            Step::Erased(erased) => {
                keyring.forget(erased.texts.iter().map(|text| text.key));
                self.erased = true;
                if erased.of.of == KeepsWords::Person {
                    let district = recorded.subject.district.to_string();
                    self.people.insert(erased.of.id, (district, ERASED.to_owned()));
                }
                Ok(())
            }
            Step::Directory(_) | Step::Register(_) | Step::Office | Step::Record => Ok(()),
        }
    }

    /// One stay ends and another begins.
    fn turn(&mut self, recorded: &Recorded, had_one: bool, after: What) {
        let id = recorded.subject.id;
        let (sequence, time) = (recorded.sequence as i64, recorded.envelope.time);
        match self.open_stays.get(&id).and_then(|at| self.stays.get_mut(*at)) {
            Some(open) => open.to = Some((sequence, time)),
            None if had_one => {
                self.ended_stays.insert(id, (sequence, time));
            }
            None => {}
        }
        self.open_stays.insert(id, self.stays.len());
        self.stays.push(StayOut {
            loop_id: id,
            from_seq: sequence,
            to: None,
            district: recorded.subject.district.to_string(),
            from_at: time,
            what: after,
        });
    }

    fn note(&mut self, recorded: &Recorded, id: LoopId, record: &LoopRecord, event: &LoopEvent, keyring: &Keyring) {
        let internal = event.is_internal();
        if let LoopEvent::Custody(CustodyEvent::Erased(erased)) = event {
            keyring.forget(erased.texts.iter().map(|text| text.key));
            self.erased = true;
        }
        if matches!(
            event,
            LoopEvent::Intake(IntakeEvent::TensionFiled(_) | IntakeEvent::TensionAmended(_))
                | LoopEvent::Custody(CustodyEvent::Erased(_))
        ) {
            self.reworded.insert(id.0);
        }
        self.districts.insert(id.0, recorded.subject.district.clone());
        self.entries.push(EntryOut {
            sequence: recorded.sequence as i64,
            loop_id: id.0,
            district: recorded.subject.district.to_string(),
            id: recorded.envelope.id.0,
            time: recorded.envelope.time,
            kind: event.kind(),
            event_type: recorded.envelope.event_type.clone(),
            actor: recorded.envelope.actor.to_string(),
            acting_for: recorded.envelope.actingfor.map(|absent| absent.0),
            internal: i32::from(internal),
            data: recorded.envelope.data.get().to_owned(),
        });
        if !self.told {
            return;
        }
        let change = Change {
            sequence: recorded.sequence,
            id,
            number: LoopNumber::of(id),
            kind: event.kind().to_owned(),
            state: record.state(),
            time: recorded.envelope.time,
        };
        self.changes.push(NoticedChange {
            change,
            audience: record.audience(&recorded.subject.district),
            internal,
        });
    }

    /// The rows of each loop that changed, as they stand after the batch.
    pub(super) async fn finish(&mut self, batch: &Batch, keyring: &Keyring) -> Result<(), ApplyError> {
        let reworded = self.reworded.iter().filter_map(|id| batch.state(LoopId(*id))?.record());
        let keys: Vec<KeyId> = reworded
            .flat_map(|record| record.tension.texts())
            .map(|sealed| sealed.key)
            .collect();
        keyring.fetch_all(keys).await.map_err(away)?;
        for id in batch.touched() {
            let (Some(record), Some(district)) = (
                batch.state(id).and_then(domain::Loop::record),
                self.districts.get(&id.0).cloned(),
            ) else {
                continue;
            };
            let calendar = batch
                .districts
                .get(&district)
                .map(|known| known.calendar_at(record.time.calendar_version))
                .unwrap_or_default();
            let filed_seq = record.filed_seq as i64;
            let mut title = String::new();
            if self.reworded.contains(&id.0) {
                let mut body = String::new();
                for (nth, sealed) in record.tension.texts().enumerate() {
                    let text = words(keyring, record, &calendar, sealed).await?;
                    match nth {
                        0 => title = text,
                        _ => body.extend([&text, "\n"]),
                    }
                }
                self.search.push(SearchOut {
                    filed_seq,
                    title: title.clone(),
                    body,
                    is_new: !self.before.contains_key(&id.0),
                });
            }
            for (school, part) in &record.parts {
                self.schools.push(SchoolOut {
                    loop_id: id.0,
                    school: school.0,
                    district: district.to_string(),
                    state: record.state_of(*school).code(),
                    unconfirmed: i32::from(matches!(part.phase, Phase::Unconfirmed { .. })),
                    follow_up_asked: i32::from(part.follow_up_asked),
                    filed_seq,
                });
            }
            // Who sees it is written where it has grown; nobody is ever taken out.
            let now = Involved::of(record, &district);
            let before = self.before.get(&id.0);
            let sees = |who: Uuid| SeesOut {
                loop_id: id.0,
                who,
                district: district.clone(),
                filed_seq,
            };
            let new_departments = now
                .departments
                .iter()
                .filter(|department| before.is_none_or(|before| !before.departments.contains(department)));
            self.departments
                .extend(new_departments.map(|department| sees(department.0)));
            let new_people = now
                .people
                .iter()
                .filter(|person| before.is_none_or(|before| !before.people.contains(person)));
            self.named.extend(new_people.map(|person| sees(person.0)));
            let new_teams = now
                .teams
                .iter()
                .filter(|team| before.is_none_or(|before| !before.teams.contains(team)));
            self.teams.extend(new_teams.map(|team| sees(team.0)));
            self.loops.push(loop_out(id, &district, record, title, &calendar));
        }
        Ok(())
    }
}

fn loop_out(
    id: LoopId,
    district: &District,
    record: &LoopRecord,
    title: String,
    calendar: &domain::Calendar,
) -> LoopOut {
    let due = record.due(calendar);
    let next = [
        (due.acknowledge, Clock::Acknowledge),
        (due.next_word, Clock::NextWord),
        (due.resolve, Clock::Resolve),
    ]
    .into_iter()
    .filter_map(|(day, clock)| day.map(|day| (day, clock)))
    .min();
    let holder = record.holder();
    let state = record.state();
    LoopOut {
        filed_seq: record.filed_seq as i64,
        id: id.0,
        district: district.to_string(),
        number: LoopNumber::of(id).to_string(),
        version: record.version as i64,
        title,
        state: state.code(),
        is_open: i32::from(!state.is_end()),
        unconfirmed: i32::from(record.is_unconfirmed()),
        refused: i32::from(record.refused),
        resolution_kind: record.proposal.as_ref().map(|proposal| proposal.kind.code()),
        department: record.with().map(|with| with.department.0),
        holder: holder.code(),
        holder_ref: holder_ref(&holder),
        area: record.tension.area.code().to_owned(),
        kind: record.tension.kind.code(),
        urgency: record.tension.urgency.code(),
        visibility: record.tension.visibility.code(),
        leader_asked: i32::from(record.leader_asked),
        matter_team: record.matter.as_ref().map(|matter| matter.team.0),
        assignee: record.with().and_then(|with| with.assignee).map(|person| person.0),
        schools_count: record.schools_in_it().count() as i32,
        paused: i32::from(record.is_paused()),
        due_acknowledge: due.acknowledge,
        due_next_word: due.next_word,
        due_resolve: due.resolve,
        next_due: next.map(|(day, _)| day),
        next_clock: next.map(|(_, clock)| clock.code()),
        filed_at: record.filed_at,
        changed_at: record.changed_at,
        ended_at: record.ended_at,
    }
}

/// The one thing that holds it, where there is one.
fn holder_ref(holder: &Holder) -> Option<Uuid> {
    match holder {
        Holder::School { schools } => schools.first().map(|school| school.0),
        Holder::Department { department } => Some(department.0),
        Holder::Team { team } => Some(team.0),
        Holder::Nobody | Holder::Router | Holder::Contact | Holder::Leader | Holder::State => None,
    }
}

fn what(record: &LoopRecord) -> What {
    What {
        state: record.state(),
        holder: record.holder().code(),
        department: record.with().map(|with| with.department.0),
        paused: record.is_paused(),
    }
}

/// The words of a loop; what was erased says since when.
async fn words(
    keyring: &Keyring,
    record: &LoopRecord,
    calendar: &domain::Calendar,
    sealed: &Sealed,
) -> Result<String, ApplyError> {
    match record.custody.erasure(sealed.key) {
        Some(erasure) => Ok(erasure.words(calendar, None)),
        None => opened(keyring, sealed).await,
    }
}

async fn opened(keyring: &Keyring, sealed: &Sealed) -> Result<String, ApplyError> {
    match keyring.open(sealed).await {
        Ok(words) => Ok(words),
        Err(SealingError::Erased(_) | SealingError::NotOpened(_)) => Ok(ERASED.to_owned()),
        Err(error @ SealingError::Unavailable(_)) => Err(away(error)),
    }
}

fn away(error: SealingError) -> ApplyError {
    ApplyError::Away(error.to_string())
}

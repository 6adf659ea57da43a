//! What a batch of events comes to, before it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::projection::{ApplyError, Batch};
use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::Recorded;
use contracts::events::custody::ErasedText;
use contracts::events::flexibility::Readers;
use contracts::events::{CustodyEvent, IntakeEvent, LoopEvent, ResolutionEvent, RoutingEvent};
use contracts::ids::{District, LoopId};
use contracts::sealed::{KeyId, Sealed};
use contracts::vocabulary::{LoopState, Says, Standing, Visibility};
use domain::flexibility::FlexibilityRecord;
use domain::{Flexibility, LoopRecord};
use sealing::{ERASED, Keyring, SealingError};
use sql::Db;
use uuid::Uuid;

use super::office::{self, MetOut, OfficeOut};
use super::queries;
use crate::similar::terms::{rule_key, stems};

/// One row of `register_row`.
#[derive(Debug)]
pub(super) struct RegisterOut {
    pub(super) from_seq: i64,
    pub(super) to: Option<(i64, DateTime<Utc>)>,
    pub(super) from_at: DateTime<Utc>,
    pub(super) id: Uuid,
    pub(super) district: String,
    pub(super) says: &'static str,
    pub(super) area: String,
    pub(super) department: Uuid,
    pub(super) scope: &'static str,
    pub(super) standing: &'static str,
    pub(super) rule: String,
    pub(super) ends_on: Option<NaiveDate>,
    pub(super) readers: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) title: String,
    pub(super) first_seq: i64,
    pub(super) turn: Option<(&'static str, Uuid, i64)>,
    pub(super) state: String,
    title_sealed: Sealed,
}

/// One row of `rests`; none where a loop rests on nothing.
#[derive(Debug)]
pub(super) struct RestsOut {
    pub(super) id: Uuid,
    pub(super) district: String,
    pub(super) flexibility: Option<(Uuid, i64)>,
    pub(super) told: Option<Uuid>,
}

impl RestsOut {
    /// What a loop's answer rests on, as its record says: the same however many events came at once.
    fn of(id: LoopId, district: &District, record: &LoopRecord) -> Self {
        let proposal = record
            .proposal
            .as_ref()
            .filter(|_| record.state() != LoopState::Withdrawn);
        Self {
            id: id.0,
            district: district.to_string(),
            flexibility: proposal.and_then(|proposal| Some((proposal.flexibility?.0, proposal.rests_since as i64))),
            told: proposal.and_then(|proposal| Some(proposal.told?.0)),
        }
    }
}

/// One row of `doc`, or that there is none.
#[derive(Debug)]
pub(crate) struct DocOut {
    pub(crate) seq: i64,
    /// Whether the thing began in this batch: then there is nothing of it to take out.
    pub(crate) is_new: bool,
    pub(crate) district: String,
    pub(crate) doc: Option<Doc>,
}

/// What is searched of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doc {
    pub(crate) kind: &'static str,
    pub(crate) id: Uuid,
    pub(crate) area: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) rule: String,
    /// What is shown of a loop, and for whom it is not: as JSON.
    pub(crate) shown: String,
}

/// Everything a batch comes to.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The sequence from which on the batch is.
    from: i64,
    pub(super) rows: Vec<RegisterOut>,
    /// Rows from before the batch that end in it.
    pub(super) ended: BTreeMap<Uuid, (i64, DateTime<Utc>)>,
    pub(super) rests: Vec<RestsOut>,
    pub(super) docs: Vec<DocOut>,
    /// Loops from before the batch whose rows of `met` are written anew.
    pub(super) met_anew: Vec<Uuid>,
    pub(super) met: Vec<MetOut>,
    pub(super) office: Vec<OfficeOut>,
    /// What loops and parts of the register of this batch may have in common with others.
    pub(super) suspects: BTreeSet<(District, String)>,
    /// Whether thresholds were set, so that everything is looked at.
    pub(super) all_suspect: bool,
    /// Keys whose words were erased, in which district, and when.
    pub(super) erased: BTreeMap<KeyId, (District, DateTime<Utc>)>,
    /// Rows from before the batch whose titles were among them.
    pub(super) untitled: Vec<i64>,
    open: HashMap<Uuid, usize>,
    districts: BTreeMap<Uuid, District>,
    rested: BTreeSet<Uuid>,
    /// Loops of which something else is found now.
    reworded: BTreeSet<Uuid>,
}

impl Collected {
    /// What a batch of these events comes to: nothing yet.
    pub(super) fn of(recorded: &[Recorded]) -> Self {
        Self {
            from: recorded.first().map_or(0, |first| first.sequence as i64),
            ..Self::default()
        }
    }

    pub(super) fn docs(&self) -> &[DocOut] {
        &self.docs
    }

    /// Takes one event of the register in; `state` stands after it.
    pub(super) fn register(&mut self, recorded: &Recorded, state: &Flexibility) {
        let Some(record) = state.record() else { return };
        let id = recorded.subject.id;
        let (sequence, time) = (recorded.sequence as i64, recorded.envelope.time);
        match self.open.get(&id).and_then(|at| self.rows.get_mut(*at)) {
            Some(row) => row.to = Some((sequence, time)),
            None if recorded.sequence > record.first_seq => {
                self.ended.insert(id, (sequence, time));
            }
            None => {}
        }
        self.open.insert(id, self.rows.len());
        self.districts.insert(id, recorded.subject.district.clone());
        self.suspects
            .extend(office::rule_basis(&record.rule).map(|basis| (recorded.subject.district.clone(), basis)));
        self.rows.push(RegisterOut {
            from_seq: sequence,
            to: None,
            from_at: time,
            id,
            district: recorded.subject.district.to_string(),
            says: record.says.code(),
            area: record.area.code().to_owned(),
            department: record.department.0,
            scope: record.scope.level().code(),
            standing: record.standing.code(),
            rule: rule_key(&record.rule),
            ends_on: record.ends_on,
            readers: match record.readers {
                Readers::Concerned => "concerned",
                Readers::District => "district",
                Readers::Public => "public",
            },
            kind: record.kind.map(contracts::vocabulary::ResolutionKind::code),
            title: String::new(),
            first_seq: record.first_seq as i64,
            turn: record
                .turned
                .map(|(turn, event, sequence)| (turn.code(), event.0, sequence as i64)),
            state: serde_json::to_string(record).unwrap_or_default(),
            title_sealed: record.title.clone(),
        });
    }

    /// Notes that words are erased for good.
    pub(super) fn erased(&mut self, recorded: &Recorded, texts: &[ErasedText]) {
        for text in texts {
            let gone = || (recorded.subject.district.clone(), recorded.envelope.time);
            self.erased.entry(text.key).or_insert_with(gone);
        }
    }

    /// Notes what a loop's event says about what it rests on.
    pub(super) fn loop_event(&mut self, recorded: &Recorded, event: &LoopEvent) {
        let id = recorded.subject.id;
        self.districts.insert(id, recorded.subject.district.clone());
        if let LoopEvent::Custody(CustodyEvent::Erased(erased)) = event {
            self.erased(recorded, &erased.texts);
        }
        let Concerns { words, rests } = concerns(event);
        if words {
            self.reworded.insert(id);
        }
        if rests {
            self.rested.insert(id);
        }
    }

    /// What was written from words that are erased now is written again without them: the same sealed text stands
    /// wherever it was taken over.
    pub(super) async fn blank(
        &mut self,
        db: &Db,
        states: &HashMap<Uuid, Flexibility>,
        keyring: &Keyring,
    ) -> Result<(), ApplyError> {
        if self.erased.is_empty() {
            return Ok(());
        }
        for copy in queries::written_under(db, self.erased.keys()).await? {
            let Ok(record) = serde_json::from_str::<FlexibilityRecord>(&copy.state) else {
                continue;
            };
            if self.erased.contains_key(&record.title.key) {
                self.untitled.push(copy.from_seq);
            }
            if copy.to_seq.is_none() && !states.contains_key(&copy.id) {
                self.docs.push(DocOut {
                    seq: copy.first_seq,
                    is_new: false,
                    district: copy.district,
                    doc: of_register(copy.id, &record, keyring).await?,
                });
            }
        }
        Ok(())
    }

    /// The rows of each thing that changed, as they stand after the batch.
    pub(super) async fn finish(
        &mut self,
        batch: &Batch,
        states: &HashMap<Uuid, Flexibility>,
        keyring: &Keyring,
    ) -> Result<(), ApplyError> {
        for row in &mut self.rows {
            row.title = words(keyring, &row.title_sealed).await?;
        }
        for (id, state) in states {
            let (Some(record), Some(district)) = (state.record(), self.districts.get(id)) else {
                continue;
            };
            let seq = record.first_seq as i64;
            self.docs.push(DocOut {
                seq,
                is_new: seq >= self.from,
                district: district.to_string(),
                doc: of_register(*id, record, keyring).await?,
            });
        }
        for id in batch.touched() {
            let (Some(record), Some(district)) = (
                batch.state(id).and_then(domain::Loop::record),
                self.districts.get(&id.0).cloned(),
            ) else {
                continue;
            };
            if self.rested.contains(&id.0) {
                self.rests.push(RestsOut::of(id, &district, record));
            }
            if self.reworded.contains(&id.0) {
                let seq = record.filed_seq as i64;
                let is_new = seq >= self.from;
                if !is_new {
                    self.met_anew.push(id.0);
                }
                self.met.extend(office::met(id, &district, record));
                self.suspects
                    .insert((district.clone(), office::area_basis(record.tension.area.code())));
                self.suspects
                    .extend(office::rule_basis(&record.rule()).map(|basis| (district.clone(), basis)));
                self.docs.push(DocOut {
                    seq,
                    is_new,
                    district: district.to_string(),
                    doc: of_loop(id, record, keyring).await?,
                });
            }
        }
        Ok(())
    }
}

/// What an event changes of what the register keeps of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerns {
    /// What it is found by: its words, who is in it, whether it is open.
    pub words: bool,
    /// What it rests on, or what it was told of that.
    pub rests: bool,
}

/// What an event changes of what the register keeps of a loop: what it does not name is not looked at again.
pub fn concerns(event: &LoopEvent) -> Concerns {
    let of = |words, rests| Concerns { words, rests };
    match event {
        LoopEvent::Intake(event) => match event {
            IntakeEvent::TensionFiled(_)
            | IntakeEvent::TensionAmended(_)
            | IntakeEvent::SchoolJoined(_)
            | IntakeEvent::OutcomeConfirmed(_)
            | IntakeEvent::OutcomeRefused(_)
            | IntakeEvent::Appealed(_)
            | IntakeEvent::FollowUpRecorded(_) => of(true, false),
            IntakeEvent::SchoolLeft(_) | IntakeEvent::TensionWithdrawn(_) => of(true, true),
            IntakeEvent::HandedOn(_) | IntakeEvent::QuestionAnswered(_) => of(false, false),
        },
        LoopEvent::Routing(event) => match event {
            RoutingEvent::EscalationDecided(_) | RoutingEvent::ClosedUnconfirmed(_) => of(true, true),
            RoutingEvent::TensionRouted(_)
            | RoutingEvent::TriageRequested(_)
            | RoutingEvent::TensionRerouted(_)
            | RoutingEvent::CollaboratorAdded(_)
            | RoutingEvent::DueDatesChanged(_)
            | RoutingEvent::DueSoonNoticed(_)
            | RoutingEvent::DeadlineMissed(_)
            | RoutingEvent::Escalated(_)
            | RoutingEvent::ReminderSent(_)
            | RoutingEvent::FollowUpAsked(_) => of(false, false),
        },
        LoopEvent::Resolution(event) => match event {
            ResolutionEvent::ResolutionProposed(_)
            | ResolutionEvent::ResolutionRevised(_)
            | ResolutionEvent::GrantCompleted(_)
            | ResolutionEvent::CaseDeclined(_)
            | ResolutionEvent::ResolutionWithdrawn(_)
            | ResolutionEvent::GrantFailed(_)
            | ResolutionEvent::FlexibilityChanged(_)
            // On an appeal, a team's word can end the loop.
            | ResolutionEvent::TeamDecided(_) => of(true, true),
            ResolutionEvent::RuleCorrected(_) => of(true, false),
            ResolutionEvent::CaseAcknowledged(_)
            | ResolutionEvent::StaffAssigned(_)
            | ResolutionEvent::QuestionAsked(_)
            | ResolutionEvent::NoteAdded(_)
            | ResolutionEvent::PutBeforeTeam(_) => of(false, false),
        },
        LoopEvent::Custody(event) => match event {
            CustodyEvent::Erased(_) => of(true, false),
            CustodyEvent::HoldPlaced(_)
            | CustodyEvent::HoldLifted(_)
            | CustodyEvent::StatementAttached(_)
            | CustodyEvent::RecordDisclosed(_) => of(false, false),
        },
    }
}

async fn of_register(id: Uuid, record: &FlexibilityRecord, keyring: &Keyring) -> Result<Option<Doc>, ApplyError> {
    if record.standing != Standing::InForce {
        return Ok(None);
    }
    let mut text = words(keyring, &record.allows).await?;
    for sealed in [
        record.rationale.as_ref(),
        record.conditions.as_ref(),
        record.stays_required.as_ref(),
        record.pilot_question.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        text.push('\n');
        text.push_str(&words(keyring, sealed).await?);
    }
    let rule = [
        record.rule.citation.as_ref().map(ToString::to_string),
        record.rule.clause.as_ref().map(ToString::to_string),
    ];
    Ok(Some(Doc {
        kind: if record.says == Says::NonNegotiable {
            "non_negotiable"
        } else {
            "allowed"
        },
        id,
        area: record.area.code().to_owned(),
        title: stems(&words(keyring, &record.title).await?).join(" "),
        text: stems(&text).join(" "),
        rule: stems(&rule.into_iter().flatten().collect::<Vec<_>>().join(" ")).join(" "),
        shown: String::new(),
    }))
}

/// Only what others may join is found by others, and only as long as it is open.
async fn of_loop(id: LoopId, record: &LoopRecord, keyring: &Keyring) -> Result<Option<Doc>, ApplyError> {
    if record.is_ended() || record.tension.visibility != Visibility::Joinable {
        return Ok(None);
    }
    let title = words(keyring, &record.tension.title).await?;
    let mut text = words(keyring, &record.tension.trying).await?;
    for sealed in [Some(&record.tension.barrier), record.tension.would_help.as_ref()]
        .into_iter()
        .flatten()
    {
        text.push('\n');
        text.push_str(&words(keyring, sealed).await?);
    }
    let schools: BTreeSet<_> = record.schools_in_it().collect();
    let shown = serde_json::json!({
        "title": title,
        "rule_source": record.tension.rule_source,
        "schools": schools,
    });
    Ok(Some(Doc {
        kind: "loop",
        id: id.0,
        area: record.tension.area.code().to_owned(),
        title: stems(&title).join(" "),
        text: stems(&text).join(" "),
        rule: String::new(),
        shown: shown.to_string(),
    }))
}

async fn words(keyring: &Keyring, sealed: &Sealed) -> Result<String, ApplyError> {
    match keyring.open(sealed).await {
        Ok(words) => Ok(words),
        Err(SealingError::Erased(_)) => Ok(ERASED.to_owned()),
        Err(SealingError::NotOpened(_)) => Ok("[unreadable]".to_owned()),
        Err(error @ SealingError::Unavailable(_)) => Err(ApplyError::Away(error.to_string())),
    }
}

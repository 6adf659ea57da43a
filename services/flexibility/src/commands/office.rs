//! What people ask about patterns, requests to the state and reviews; and what policies and time do about them.

use std::collections::{BTreeMap, BTreeSet};

use ::domain::{Fold, Loop, Pattern, Review, Waiver};
use async_trait::async_trait;
use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::OwnedEvents;
use contracts::events::flexibility::Rule;
use contracts::events::pattern::{Basis, PolicyRevisionProposed};
use contracts::events::review::{ClauseExamined, ReviewOpened};
use contracts::events::waiver::{RegimeCited, StateWaiverDrafted};
use contracts::ids::{DepartmentId, District, FlexibilityId, LoopId, PatternId, ReviewId, WaiverId};
use contracts::office_action::{OFFICE_AUTHORITY, OfficeAction, OfficeScope};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::{ResolutionKind, Role, Standing};
use decider::{Decide, Desk, History, Target, as_before, execute};
use messaging::Incoming;

use super::{Known, known, open};
use crate::domain::{
    Acting, AnswerWaiver, ConcludeReview, DecideRevision, DraftWaiver, ExamineClause, OfficeRefusal, OpenReview,
    ProposeRevision, SubmitWaiver,
};
use crate::read_model;
use crate::regimes::{Regimes, Silence};

/// The most loops that one decision answers.
const ANSWERS_MAX: usize = 500;

/// What is known of loops that decisions are about.
#[async_trait]
pub trait Evident: Send + Sync {
    /// The open loops that meet what a pattern is about, as of the log's end.
    async fn open_loops(&self, district: &District, basis: &str) -> Result<BTreeSet<LoopId>, Problem>;
}

/// Carries out one command of a person of the office.
pub async fn handle_office(
    desk: &Desk,
    evident: &dyn Evident,
    regimes: &Regimes,
    action: OfficeAction,
    incoming: &Incoming,
) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let mut answer = carry_out_one(desk, evident, regimes, action, &message).await;
    if answer.is_ok() {
        return answer;
    }
    for id in stands_under(desk, action, &message).await? {
        let subject = Subject::new(&message.district, action.thing(), id);
        answer = as_before(&*desk.log, &subject, &message, answer).await;
    }
    answer
}

/// The ids under which the event of a command may stand.
async fn stands_under(desk: &Desk, action: OfficeAction, message: &CommandMessage) -> Result<Vec<uuid::Uuid>, Problem> {
    Ok(match action {
        // What is begun stands under an id that follows from the command, a request under one of its loop's answers.
        OfficeAction::OpenReview => vec![message.id.0],
        OfficeAction::DraftWaiver => {
            let Ok(wire::DraftWaiver { loop_id, .. }) = read_body(message.body.get()) else {
                return Ok(Vec::new());
            };
            let looked: Read<Loop> = read(desk, &message.district, Thing::Loop, loop_id.0).await?;
            let revisions = looked.history.state().record().map_or(0, |record| record.revisions);
            (1..=revisions)
                .map(|revision| WaiverId::of(&message.district, loop_id, revision).0)
                .collect()
        }
        OfficeAction::ProposeRevision
        | OfficeAction::DecideRevision
        | OfficeAction::SubmitWaiver
        | OfficeAction::AnswerWaiver
        | OfficeAction::ExamineClause
        | OfficeAction::ConcludeReview => vec![message.thing],
    })
}

async fn carry_out_one(
    desk: &Desk,
    evident: &dyn Evident,
    regimes: &Regimes,
    action: OfficeAction,
    message: &CommandMessage,
) -> Result<Done, Problem> {
    let body = message.body.get();
    let viewer = match &message.authority {
        Authority::Person(viewer) if viewer.district == message.district => viewer,
        Authority::Person(_) => return Err(Problem::not_found("such thing")),
        Authority::Policy { .. } => return Err(Problem::forbidden("this is for people to ask")),
    };
    let office = Office {
        desk,
        message,
        viewer,
        known: known(desk, message),
        action,
    };
    office.may()?;
    match action {
        OfficeAction::ProposeRevision => office.propose_revision(&read_body(body)?).await,
        OfficeAction::DecideRevision => office.decide_revision(evident, &read_body(body)?).await,
        OfficeAction::DraftWaiver => office.draft(regimes, read_body(body)?).await,
        OfficeAction::SubmitWaiver => office.submit(regimes, &read_body(body)?).await,
        OfficeAction::AnswerWaiver => office.answer(&read_body(body)?).await,
        OfficeAction::OpenReview => office.open_review(&read_body(body)?).await,
        OfficeAction::ExamineClause => office.examine(&read_body(body)?).await,
        OfficeAction::ConcludeReview => office.conclude(&read_body(body)?).await,
    }
}

struct Office<'a> {
    desk: &'a Desk,
    message: &'a CommandMessage,
    viewer: &'a Claims,
    known: Known,
    action: OfficeAction,
}

/// One thing of the office as it was read for a command.
pub(super) struct Read<F: Fold> {
    subject: Subject,
    pub(super) history: History<F>,
}

pub(super) async fn read<F: Fold>(
    desk: &Desk,
    district: &District,
    thing: Thing,
    id: uuid::Uuid,
) -> Result<Read<F>, Problem> {
    let subject = Subject::new(district, thing, id);
    let history = History::<F>::read::<()>(&*desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found(thing.token())))?;
    Ok(Read { subject, history })
}

async fn act<F, C, E>(desk: &Desk, message: &CommandMessage, read: &mut Read<F>, command: &C) -> Result<Done, Problem>
where
    F: Fold<Event = E>,
    E: OwnedEvents,
    C: Decide<F, Event = E, Rejection = OfficeRefusal> + Sync,
{
    let target = Target {
        log: &*desk.log,
        subject: read.subject.clone(),
        now: desk.clock.now(),
    };
    let what = read.subject.thing.token();
    execute(&target, &mut read.history, message, command)
        .await
        .map_err(|failure| failure.problem(|refusal| refusal.problem(what)))
}

/// Whether somebody may do something at all, to some thing of the kind.
pub(crate) fn may(viewer: &Claims, action: OfficeAction, department: Option<DepartmentId>) -> bool {
    OFFICE_AUTHORITY
        .iter()
        .filter(|(listed, role, _)| *listed == action && viewer.has(*role))
        .any(|(_, role, scope)| match scope {
            OfficeScope::District => true,
            OfficeScope::TeamAsked => !viewer.teams.is_empty(),
            OfficeScope::OwnDepartment => {
                let own = if *role == Role::DepartmentLead {
                    &viewer.leads
                } else {
                    &viewer.departments
                };
                department.map_or(!own.is_empty(), |department| own.contains(&department))
            }
        })
}

/// Who sees patterns, requests and reviews: the district office, its leaders and its auditors.
pub(crate) fn in_office(viewer: &Claims) -> bool {
    !viewer.departments.is_empty()
        || [Role::Contact, Role::Leader, Role::Auditor]
            .into_iter()
            .any(|role| viewer.has(role))
}

impl Office<'_> {
    fn may(&self) -> Result<(), Problem> {
        if may(self.viewer, self.action, None) {
            return Ok(());
        }
        let roles: BTreeSet<&str> = OFFICE_AUTHORITY
            .iter()
            .filter(|(listed, _, _)| *listed == self.action)
            .map(|(_, role, _)| role.label())
            .collect();
        let roles: Vec<&str> = roles.into_iter().collect();
        Err(Problem::forbidden(format!(
            "{} is for {}",
            self.action.slug(),
            roles.join(", ").to_lowercase()
        )))
    }

    fn acting(&self) -> Acting {
        if self.viewer.has(Role::Contact) {
            return Acting::District;
        }
        let lead_only = !OFFICE_AUTHORITY
            .iter()
            .any(|(action, role, _)| *action == self.action && *role == Role::DepartmentStaff);
        Acting::Departments(if lead_only {
            self.viewer.leads.clone()
        } else {
            self.viewer.departments.clone()
        })
    }

    /// The department that answers for what somebody begins: the one named, or the only one they work in.
    fn department(&self, named: Option<&wire::Named>) -> Result<DepartmentId, Problem> {
        let department = if let Some(named) = named {
            self.known
                .record
                .department_named(named.as_str())
                .ok_or_else(|| Problem::invalid_field("department", "is not a department of this district"))?
        } else {
            let mut own = self.viewer.departments.iter().copied();
            match (own.next(), own.next()) {
                (Some(one), None) => one,
                _ => {
                    return Err(Problem::invalid_field(
                        "department",
                        "say which department answers for it",
                    ));
                }
            }
        };
        self.acting()
            .for_department(department)
            .map_err(|refusal| refusal.problem("department"))?;
        Ok(department)
    }

    async fn propose_revision(&self, body: &wire::ProposeRevision) -> Result<Done, Problem> {
        let mut read: Read<Pattern> = self.read(Thing::Pattern).await?;
        let record = read
            .history
            .state()
            .record()
            .ok_or_else(|| Problem::not_found("pattern"))?;
        let team = self
            .known
            .record
            .team_named(body.team.as_str())
            .ok_or_else(|| Problem::invalid_field("team", "is not a team of this district"))?;
        let rule = match (&body.rule, &record.basis) {
            (Some(rule), _) | (None, Basis::Clause { rule }) => rule.clone(),
            (None, Basis::Area { .. }) => Rule {
                source: contracts::vocabulary::RuleSource::NotSure,
                citation: None,
                clause: None,
            },
        };
        if let Some(widens) = body.widens
            && !self.can_be_widened(widens, true).await?
        {
            return Err(Problem::invalid_field(
                "widens",
                "is not an exception in force that can become every school's",
            ));
        }
        let seal = self.desk;
        let title = seal.seal(&body.title).await?;
        let command = ProposeRevision(PolicyRevisionProposed {
            revision: 0,
            key: title.key,
            title,
            text: seal.seal(&body.text).await?,
            rationale: seal.seal_some(body.rationale.as_ref()).await?,
            rule,
            conditions: seal.seal_some(body.conditions.as_ref()).await?,
            stays_required: seal.seal_some(body.stays_required.as_ref()).await?,
            widens: body.widens,
            department: self.department(body.department.as_ref())?,
            team,
        });
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn decide_revision(&self, evident: &dyn Evident, body: &wire::DecideRevision) -> Result<Done, Problem> {
        let mut read: Read<Pattern> = self.read(Thing::Pattern).await?;
        let district = &self.message.district;
        let id = PatternId(self.message.thing);
        let record = read
            .history
            .state()
            .record()
            .ok_or_else(|| Problem::not_found("pattern"))?;
        let (widens, revision) = match &record.proposal {
            Some(proposal) => (proposal.said.widens, proposal.said.revision),
            None => return Err(OfficeRefusal::NotBeforeTeam.problem("pattern")),
        };
        let basis = read_model::basis_of(record);
        let mut answers = if body.adopted {
            evident.open_loops(district, &basis).await?
        } else {
            BTreeSet::new()
        };
        while answers.len() > ANSWERS_MAX {
            answers.pop_last();
        }
        let flexibility = match widens {
            Some(widens) if self.can_be_widened(widens, false).await? => widens,
            Some(_) | None => FlexibilityId::adopted(district, id, revision),
        };
        let command = DecideRevision {
            teams: self.viewer.teams.clone(),
            revision: body.revision,
            adopted: body.adopted,
            decision: self.desk.seal(&body.decision).await?,
            answers,
            flexibility,
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    /// Whether this stands in the register and lets some schools do what all could. Whoever proposes must know of it;
    /// the team decides about it as it was proposed.
    async fn can_be_widened(&self, id: FlexibilityId, proposing: bool) -> Result<bool, Problem> {
        let opened = open(self.desk, self.message, id).await?;
        Ok(opened.history.state().record().is_some_and(|record| {
            record.standing == Standing::InForce
                && matches!(
                    record.kind,
                    Some(ResolutionKind::SchoolException | ResolutionKind::ZoneFlexibility)
                )
                && (!proposing || record.is_seen_by(self.viewer, &self.message.district, &self.known.record))
        }))
    }

    async fn read<F: Fold>(&self, thing: Thing) -> Result<Read<F>, Problem> {
        read(self.desk, &self.message.district, thing, self.message.thing).await
    }

    async fn draft(&self, regimes: &Regimes, body: wire::DraftWaiver) -> Result<Done, Problem> {
        let district = &self.message.district;
        let looked: Read<Loop> = read(self.desk, district, Thing::Loop, body.loop_id.0).await?;
        let record = looked
            .history
            .state()
            .record()
            .filter(|record| {
                self.viewer.has(Role::Contact)
                    || record
                        .with()
                        .is_some_and(|with| self.viewer.departments.contains(&with.department))
            })
            .ok_or_else(|| Problem::not_found("loop"))?;
        let proposal = record
            .proposal
            .as_ref()
            .filter(|proposal| proposal.kind == ResolutionKind::StateWaiver)
            .ok_or_else(|| {
                Problem::conflict(
                    "nothing-asked-of-state",
                    "the answer to this loop is not a request to the state: propose one first",
                )
            })?;
        let department = record
            .with()
            .map(|with| with.department)
            .ok_or_else(|| Problem::not_found("loop"))?;
        let regime = regimes
            .latest(body.regime.as_str())
            .filter(|regime| regime.in_use(self.known.today))
            .ok_or_else(|| Problem::invalid_field("regime", "is not a way of asking that is in use"))?;
        for name in body.parts.keys() {
            if !regime.request.iter().any(|part| part.name == *name) {
                return Err(Problem::invalid_field(
                    &format!("parts.{name}"),
                    "is not a part of such a request",
                ));
            }
        }
        let id = WaiverId::of(district, body.loop_id, proposal.revision);
        let mut read: Read<Waiver> = read(self.desk, district, Thing::Waiver, id.0).await?;
        let mut parts = BTreeMap::new();
        for (name, text) in &body.parts {
            parts.insert(name.clone(), self.desk.seal(text).await?);
        }
        let command = DraftWaiver {
            acting: self.acting(),
            draft: StateWaiverDrafted {
                regime: RegimeCited {
                    code: regime.code.clone(),
                    version: regime.version,
                },
                loop_id: body.loop_id,
                revision: proposal.revision,
                schools: record.schools_in_it().collect(),
                department,
                key: self.desk.lease().await?,
                parts,
            },
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn submit(&self, regimes: &Regimes, body: &wire::SubmitWaiver) -> Result<Done, Problem> {
        let mut read: Read<Waiver> = self.read(Thing::Waiver).await?;
        let record = read
            .history
            .state()
            .record()
            .ok_or_else(|| Problem::not_found("waiver"))?;
        let regime = regimes
            .version(record.regime.code.as_str(), record.regime.version)
            .ok_or_else(|| {
                Problem::unavailable("the state's way of asking that this was written by is not known here")
            })?;
        let on = body.on.unwrap_or(self.known.today);
        let command = SubmitWaiver {
            acting: self.acting(),
            on,
            today: self.known.today,
            needed: regime
                .request
                .iter()
                .filter(|part| part.needed)
                .map(|part| (part.name.clone(), part.label.clone()))
                .collect(),
            decide_by: regime
                .clock
                .days
                .and_then(|days| on.checked_add_days(chrono::Days::new(u64::from(days)))),
            silence_grants: regime.clock.silence == Silence::Granted,
            longest_months: regime.longest.months,
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn answer(&self, body: &wire::AnswerWaiver) -> Result<Done, Problem> {
        let mut read: Read<Waiver> = self.read(Thing::Waiver).await?;
        if read.history.state().record().is_none() {
            return Err(Problem::not_found("waiver"));
        }
        let command = AnswerWaiver {
            acting: self.acting(),
            granted: body.granted,
            on: body.on.unwrap_or(self.known.today),
            today: self.known.today,
            until: body.until,
            reference: body.reference.clone(),
            text: self.desk.seal_some(body.text.as_ref()).await?,
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn open_review(&self, body: &wire::OpenReview) -> Result<Done, Problem> {
        let department = self.department(body.department.as_ref())?;
        let id = ReviewId(self.message.thing);
        let mut read: Read<Review> = read(self.desk, &self.message.district, Thing::Review, id.0).await?;
        let title = self.desk.seal(&body.title).await?;
        let command = OpenReview {
            acting: self.acting(),
            opened: ReviewOpened {
                key: title.key,
                title,
                citation: body.citation.clone(),
                purpose: self.desk.seal_some(body.purpose.as_ref()).await?,
                department,
                due_on: body.due_on,
            },
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn examine(&self, body: &wire::ExamineClause) -> Result<Done, Problem> {
        let mut read: Read<Review> = self.read(Thing::Review).await?;
        if read.history.state().record().is_none() {
            return Err(Problem::not_found("review"));
        }
        let command = ExamineClause {
            acting: self.acting(),
            examined: ClauseExamined {
                clause: body.clause.clone(),
                finding: body.finding,
                pillar: body.pillar,
                note: self.desk.seal(&body.note).await?,
            },
        };
        act(self.desk, self.message, &mut read, &command).await
    }

    async fn conclude(&self, body: &wire::ConcludeReview) -> Result<Done, Problem> {
        let mut read: Read<Review> = self.read(Thing::Review).await?;
        if read.history.state().record().is_none() {
            return Err(Problem::not_found("review"));
        }
        let command = ConcludeReview {
            acting: self.acting(),
            summary: self.desk.seal(&body.summary).await?,
        };
        act(self.desk, self.message, &mut read, &command).await
    }
}

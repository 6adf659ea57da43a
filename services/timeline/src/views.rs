//! Rows and folded states to what people are shown.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{DepartmentId, District, LoopId, LoopNumber, PersonId, SchoolId, TeamId};
use contracts::problem::Problem;
use contracts::queries::{
    DeclineView, HoldView, Holder, LoopRow, LoopRule, LoopView, OpenEscalation, OpenMatter, OpenQuestion,
    ResolutionView, SchoolView,
};
use contracts::sealed::Sealed;
use contracts::vocabulary::{Clock, Kind, LoopState, Urgency};
use domain::LoopRecord;
use domain::authority::Sight;
use domain::district_loop::{Appeal, Erasure, Grant, Phase};
use sealing::{ERASED, Keyring, SealingError};

use crate::names::Names;
use crate::read_model::{LoopDbRow, PartRow};

/// Opens words for a page; what was erased says so.
pub(crate) async fn words(keyring: &Keyring, sealed: &Sealed) -> Result<String, Problem> {
    match keyring.open(sealed).await {
        Ok(words) => Ok(words),
        Err(SealingError::Erased(_)) => Ok(ERASED.to_owned()),
        Err(SealingError::NotOpened(_)) => Ok("[unreadable]".to_owned()),
        Err(SealingError::Unavailable(_)) => Err(Problem::unavailable(
            "the words cannot be opened for a moment; nothing was lost",
        )),
    }
}

/// What stands in the place of erased words, with who erased them.
pub(crate) fn erased_words(erasure: &Erasure, names: &Names, people: &HashMap<PersonId, String>) -> String {
    let by = erasure.by.person().and_then(|person| people.get(&person));
    erasure.words(&names.calendar(u32::MAX), by.map(String::as_str))
}

/// The people whose names a view shows.
pub(crate) fn people_in(record: &LoopRecord) -> Vec<PersonId> {
    record
        .parts
        .values()
        .filter_map(|part| part.speaker)
        .chain(record.with().and_then(|with| with.assignee))
        .chain(record.filed_by.person())
        .chain(record.custody.erased.iter().filter_map(|erasure| erasure.by.person()))
        .collect()
}

/// What a view is made of.
pub(crate) struct Shown<'a> {
    pub(crate) id: LoopId,
    pub(crate) record: &'a LoopRecord,
    pub(crate) viewer: &'a Claims,
    pub(crate) sight: Sight,
    pub(crate) names: &'a Names,
    pub(crate) people: &'a HashMap<PersonId, String>,
    pub(crate) keyring: &'a Keyring,
    pub(crate) now: DateTime<Utc>,
}

impl Shown<'_> {
    fn person(&self, id: Option<PersonId>) -> Option<String> {
        id.and_then(|id| self.people.get(&id).cloned())
    }

    fn school(&self, school: SchoolId, part: &domain::district_loop::Part) -> SchoolView {
        SchoolView {
            id: school,
            name: self.names.school(school),
            state: self.record.state_of(school),
            unconfirmed: matches!(part.phase, Phase::Unconfirmed { .. }),
            speaker: part.speaker,
            speaker_name: self.person(part.speaker),
            confirmed: match part.phase {
                Phase::Confirmed { revision, .. } => Some(revision),
                Phase::Open
                | Phase::Reopened
                | Phase::Unconfirmed { .. }
                | Phase::Declined { .. }
                | Phase::Gone { .. } => None,
            },
            follow_up_asked: part.follow_up_asked,
        }
    }

    /// The words of a text; what was erased says when and by whom.
    async fn words(&self, sealed: &Sealed) -> Result<String, Problem> {
        match self.record.custody.erasure(sealed.key) {
            Some(erasure) => Ok(erased_words(erasure, self.names, self.people)),
            None => words(self.keyring, sealed).await,
        }
    }

    async fn some_words(&self, sealed: Option<&Sealed>) -> Result<Option<String>, Problem> {
        match sealed {
            Some(sealed) => self.words(sealed).await.map(Some),
            None => Ok(None),
        }
    }

    /// The loop as this person sees it.
    pub(crate) async fn view(&self) -> Result<LoopView, Problem> {
        let record = self.record;
        let card = self.sight == Sight::Card;
        let calendar = self.names.calendar(record.time.calendar_version);
        let clocks = record.clocks(&calendar, self.now);
        let holder = record.holder();
        let with = record.with();
        let tension = &record.tension;
        let full = !card;
        let opened = |sealed: Option<&Sealed>| {
            let sealed = sealed.filter(|_| full).cloned();
            async move { self.some_words(sealed.as_ref()).await }
        };
        Ok(LoopView {
            id: self.id,
            number: LoopNumber::of(self.id),
            district: self.viewer.district.clone(),
            version: record.version,
            title: self.words(&tension.title).await?,
            state: record.state(),
            unconfirmed: record.is_unconfirmed(),
            schools: if card {
                Vec::new()
            } else {
                record
                    .parts
                    .iter()
                    .map(|(school, part)| self.school(*school, part))
                    .collect()
            },
            schools_count: record.schools_in_it().count() as u32,
            department: with.map(|with| with.department).filter(|_| full),
            department_name: with.map(|with| self.names.department(with.department)).filter(|_| full),
            collaborators: if card {
                Vec::new()
            } else {
                record.collaborators.iter().copied().collect()
            },
            holder_words: if card {
                String::new()
            } else {
                self.names.holder(&holder, self.viewer)
            },
            holder: if card { Holder::Nobody } else { holder },
            due: if card {
                contracts::events::routing::Due::default()
            } else {
                record.due(&calendar)
            },
            paused: record.is_paused() && full,
            late: full && clocks.iter().any(|clock| clock.late),
            clocks: if card { Vec::new() } else { clocks },
            resolution: if card { None } else { self.resolution().await? },
            decline: if card { None } else { self.decline().await? },
            questions: if card { Vec::new() } else { self.questions().await? },
            matter: if card { None } else { self.matter().await? },
            escalation: record
                .escalation
                .as_ref()
                .filter(|_| full)
                .map(|escalation| OpenEscalation {
                    id: escalation.id,
                    to: escalation.to,
                    about: escalation.about,
                }),
            episode: record.episode,
            kind: tension.kind,
            area: tension.area.code().to_owned(),
            rule_source: tension.rule_source,
            rule: LoopRule {
                corrected: record.corrected.is_some(),
                source: record.rule().source,
                citation: record.rule().citation.filter(|_| !card).map(|text| text.to_string()),
                clause: record.rule().clause.filter(|_| !card).map(|text| text.to_string()),
            },
            pillars: tension.pillars.clone(),
            urgency: tension.urgency,
            needed_by: tension.needed_by.filter(|_| full),
            visibility: tension.visibility,
            linked_to: record.linked_to.filter(|_| full),
            trying: opened(Some(&tension.trying)).await?,
            barrier: opened(Some(&tension.barrier)).await?,
            tried: opened(tension.tried.as_ref()).await?,
            would_help: opened(tension.would_help.as_ref()).await?,
            students: tension.reach.students.filter(|_| full),
            teachers: tension.reach.teachers.filter(|_| full),
            grades: if card { Vec::new() } else { tension.grades.clone() },
            assignee: with.and_then(|with| with.assignee).filter(|_| full),
            assignee_name: self.person(with.and_then(|with| with.assignee)).filter(|_| full),
            filed_by: self.person(record.filed_by.person()).filter(|_| full),
            filed_at: record.filed_at,
            changed_at: record.changed_at,
            ended_at: record.ended_at,
            holds: if self.sight == Sight::Office {
                let holds = record.custody.holds.iter();
                holds.map(|(id, since)| HoldView { id: *id, since: *since }).collect()
            } else {
                Vec::new()
            },
            actions: record
                .offers(self.viewer)
                .into_iter()
                .map(|action| action.slug().to_owned())
                .collect(),
            card,
        })
    }

    async fn resolution(&self) -> Result<Option<ResolutionView>, Problem> {
        let Some(proposal) = &self.record.proposal else {
            return Ok(None);
        };
        Ok(Some(ResolutionView {
            kind: proposal.kind,
            revision: proposal.revision,
            summary: self.words(&proposal.summary).await?,
            rationale: self.some_words(proposal.rationale.as_ref()).await?,
            proposed_at: proposal.at,
            waiting_for_state: proposal.grant == Grant::Awaited,
            being_granted: proposal.grant == Grant::OnConfirmation && self.record.ungranted_parts().next().is_some(),
            failed: proposal.grant == Grant::Failed && !self.record.is_ended(),
            flexibility: proposal.flexibility,
            pattern: proposal.pattern,
        }))
    }

    async fn decline(&self) -> Result<Option<DeclineView>, Problem> {
        let Some(decline) = &self.record.decline else {
            return Ok(None);
        };
        Ok(Some(DeclineView {
            ground: decline.ground,
            reason: self.words(&decline.reason).await?,
            review_on: decline.review_on,
            may_appeal: self.record.appeal == Appeal::None,
        }))
    }

    async fn questions(&self) -> Result<Vec<OpenQuestion>, Problem> {
        let mut questions = Vec::new();
        for (id, question) in &self.record.questions {
            questions.push(OpenQuestion {
                id: *id,
                school: question.school,
                question: self.words(&question.question).await?,
                asked_at: question.asked_at,
            });
        }
        questions.sort_by_key(|question| question.asked_at);
        Ok(questions)
    }

    async fn matter(&self) -> Result<Option<OpenMatter>, Problem> {
        let Some(matter) = &self.record.matter else {
            return Ok(None);
        };
        Ok(Some(OpenMatter {
            id: matter.id,
            team: matter.team,
            team_name: self.names.team(matter.team),
            question: self.words(&matter.question).await?,
        }))
    }
}

/// A row of a list, as this person sees it.
pub(crate) fn row(
    found: &LoopDbRow,
    schools: &[PartRow],
    people: &HashMap<PersonId, String>,
    names: &Names,
    viewer: &Claims,
    today: NaiveDate,
    card: bool,
) -> LoopRow {
    let department = found.department.map(DepartmentId).filter(|_| !card);
    let holder = holder(found, schools);
    LoopRow {
        id: LoopId(found.id),
        number: LoopNumber::of(LoopId(found.id)),
        title: found.title.clone(),
        state: LoopState::from_code(&found.state).unwrap_or(LoopState::Filed),
        unconfirmed: found.unconfirmed == 1,
        schools: if card {
            Vec::new()
        } else {
            schools
                .iter()
                .map(|part| SchoolView {
                    id: part.school,
                    name: names.school(part.school),
                    state: part.state,
                    unconfirmed: part.unconfirmed,
                    speaker: None,
                    speaker_name: None,
                    confirmed: None,
                    follow_up_asked: part.follow_up_asked,
                })
                .collect()
        },
        schools_count: found.schools_count.max(0).unsigned_abs(),
        department,
        department_name: department.map(|department| names.department(department)),
        holder_words: if card {
            String::new()
        } else {
            names.holder(&holder, viewer)
        },
        holder: if card { String::new() } else { found.holder.clone() },
        due: if card {
            contracts::events::routing::Due::default()
        } else {
            contracts::events::routing::Due {
                acknowledge: found.due_acknowledge,
                next_word: found.due_next_word,
                resolve: found.due_resolve,
            }
        },
        next_due: found.next_due.filter(|_| !card),
        next_clock: found.next_clock.as_deref().and_then(Clock::from_code).filter(|_| !card),
        paused: found.paused == 1 && !card,
        late: !card && found.next_due.is_some_and(|day| day < today),
        area: found.area.clone(),
        urgency: Urgency::from_code(&found.urgency).unwrap_or(Urgency::Slowing),
        kind: Kind::from_code(&found.kind).unwrap_or(Kind::NotSure),
        assignee: found.assignee.map(PersonId).filter(|_| !card),
        assignee_name: found
            .assignee
            .and_then(|id| people.get(&PersonId(id)).cloned())
            .filter(|_| !card),
        filed_at: found.filed_at,
        changed_at: found.changed_at,
        version: found.version.max(0).unsigned_abs(),
        card,
    }
}

fn holder(found: &LoopDbRow, schools: &[PartRow]) -> Holder {
    match (found.holder.as_str(), found.holder_ref) {
        ("school", _) => Holder::School {
            schools: schools
                .iter()
                .filter(|part| matches!(part.state, LoopState::Proposed | LoopState::WaitingForSchool))
                .map(|part| part.school)
                .collect(),
        },
        ("department", Some(id)) => Holder::Department {
            department: DepartmentId(id),
        },
        ("team", Some(id)) => Holder::Team { team: TeamId(id) },
        ("contact", _) => Holder::Contact,
        ("leader", _) => Holder::Leader,
        ("state", _) => Holder::State,
        ("router", _) => Holder::Router,
        _ => Holder::Nobody,
    }
}

/// The district a row belongs to; rows are written with one that can be read.
pub(crate) fn district_of(found: &LoopDbRow) -> Option<District> {
    found.district.parse().ok()
}

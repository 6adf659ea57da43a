//! The office beside the loops: what several of them meet becomes a pattern, a team changes the rule, and the state is
//! asked. Like the register, the office's own deeds do not fail; what follows from them goes through the storm.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use contracts::OfficeAction;
use contracts::claims::{Authority, Claims};
use contracts::commands::CommandMessage;
use contracts::events::flexibility::Scope;
use contracts::events::{LoopEvent, ResolutionEvent};
use contracts::ids::{CommandId, District, LoopId, PatternId, ReviewId, WaiverId};
use contracts::problem::Problem;
use contracts::vocabulary::{LoopState, PatternStanding, ResolutionKind, Role, Standing, Visibility, WaiverStanding};
use domain::district_loop::Appeal;
use domain::{LoopRecord, Review};
use flexibility::commands::Evident;
use flexibility::patterns::{Bending, Evidence, Meeting};
use flexibility::read_model::{area_basis, basis_of, next_id, rule_basis};
use flexibility::regimes::Regimes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::broken::{Broken, holds};
use crate::history::Story;
use crate::register::{Folded, Known, incoming};
use crate::roster::ROSTER;
use crate::rows::Row;
use crate::world::World;

/// The states' ways of asking, as they ship.
static REGIMES: LazyLock<Result<Regimes, String>> =
    LazyLock::new(|| Regimes::load(None).map_err(|error| error.to_string()));

/// Each with the parts that its law asks for.
const ASKED: [(&str, &[&str]); 2] = [
    ("nc-115c-105-26", &["schools", "law", "circumstances", "improvement"]),
    ("tx-tec-7-056", &["requirement", "plan", "inhibits", "comments"]),
];

fn bases(record: &LoopRecord) -> BTreeSet<String> {
    rule_basis(&record.rule())
        .into_iter()
        .chain([area_basis(record.tension.area.code())])
        .collect()
}

impl Folded {
    /// The loops of a district that meet a rule or an area; those that named people alone may know of count for nothing.
    fn met<'a>(&'a self, district: &'a District, basis: &'a str) -> impl Iterator<Item = (LoopId, &'a LoopRecord)> {
        self.loops.iter().filter_map(move |(id, (of, rests))| {
            let record = rests.state.record()?;
            let counts = of == district
                && record.state() != LoopState::Withdrawn
                && record.tension.visibility != Visibility::Confidential
                && bases(record).contains(basis);
            counts.then_some((*id, record))
        })
    }

    pub(crate) fn suspects(&self) -> Vec<(District, String)> {
        let all: BTreeSet<(District, String)> = self
            .loops
            .values()
            .filter_map(|(district, rests)| Some((district, rests.state.record()?)))
            .flat_map(|(district, record)| bases(record).into_iter().map(|basis| (district.clone(), basis)))
            .collect();
        all.into_iter().collect()
    }

    pub(crate) fn evidence(&self, district: &District, basis: &str) -> Option<(Evidence, PatternId)> {
        let earlier: Vec<_> = self
            .patterns
            .values()
            .filter(|(of, _)| of == district)
            .filter_map(|(_, state)| state.record().filter(|record| basis_of(record) == basis))
            .collect();
        if earlier.iter().any(|record| record.standing != PatternStanding::Adopted) {
            return None;
        }
        let met = self.met(district, basis).flat_map(|(id, record)| {
            let closed = record.state() == LoopState::Closed;
            record.schools_in_it().map(move |school| Meeting {
                id,
                school,
                area: record.tension.area.clone(),
                rule: Some(record.rule()),
                filed_seq: record.filed_seq,
                filed_at: record.filed_at,
                kind: record
                    .proposal
                    .as_ref()
                    .filter(|_| closed)
                    .map(|proposal| proposal.kind),
            })
        });
        let mut met: Vec<Meeting> = met.collect();
        met.sort_by_key(|one| std::cmp::Reverse(one.filed_seq));
        let exceptions = self.parts.iter().filter_map(|(id, (of, state))| {
            let record = state.record()?;
            let bends = of == district
                && record.standing == Standing::InForce
                && record.kind == Some(ResolutionKind::SchoolException)
                && (rule_basis(&record.rule).as_deref() == Some(basis) || area_basis(record.area.code()) == basis);
            bends.then(|| Bending {
                id: *id,
                begun: record.first_seq,
                area: record.area.clone(),
                rule: record.rule.clone(),
            })
        });
        let evidence = Evidence {
            met,
            exceptions: exceptions.collect(),
            changed_at: earlier.iter().map(|record| record.version).max(),
        };
        Some((evidence, next_id(district, basis, earlier.len())))
    }

    pub(crate) fn out_of_time(&self, before: NaiveDate) -> Vec<(District, WaiverId)> {
        self.silent()
            .filter(|(_, _, day)| *day < before)
            .map(|(district, id, _)| (district.clone(), id))
            .collect()
    }

    /// Requests that no silence grants, with the day on which the state is slow.
    fn slow(&self) -> impl Iterator<Item = (&District, WaiverId, NaiveDate)> {
        self.waivers.iter().filter_map(|(id, (district, state))| {
            let record = state.record()?;
            let waits = record.standing == WaiverStanding::Submitted && !record.silence_grants;
            Some((district, *id, record.submitted_on.filter(|_| waits)? + SLOW))
        })
    }

    /// Requests that the state's silence grants, with the last day it has.
    fn silent(&self) -> impl Iterator<Item = (&District, WaiverId, NaiveDate)> {
        self.waivers.iter().filter_map(|(id, (district, state))| {
            let record = state.record()?;
            let waits = record.standing == WaiverStanding::Submitted && record.silence_grants;
            Some((district, *id, record.decide_by.filter(|_| waits)?))
        })
    }
}

#[async_trait]
impl Evident for Known {
    async fn open_loops(&self, district: &District, basis: &str) -> Result<BTreeSet<LoopId>, Problem> {
        let folded = self.now();
        let open = folded.met(district, basis).filter(|(_, record)| !record.is_ended());
        Ok(open.map(|(id, _)| id).collect())
    }
}

/// Something the office can do now: what, to which thing, by whom, in which words.
struct Chance {
    action: OfficeAction,
    thing: Option<Uuid>,
    district: District,
    by: fn(&Claims) -> bool,
    body: Value,
}

/// Parts that a handbook has.
const CLAUSES: usize = 4;
/// After this long the state answers also where it need not.
const SLOW: Days = Days::new(75);

/// How likely, in a thousand, the state says nothing yet.
fn patience(submitted_on: Option<NaiveDate>, today: NaiveDate) -> u32 {
    let waited = submitted_on.map_or(0, |day| (today - day).num_days());
    if waited < 15 { 980 } else { 200 }
}

fn contact(claims: &Claims) -> bool {
    claims.has(Role::Contact)
}

fn member(claims: &Claims) -> bool {
    !claims.teams.is_empty()
}

impl World {
    /// Somebody of the office does something about a pattern, or about a request to the state.
    pub(crate) async fn the_office_acts(&mut self) -> Result<(), Broken> {
        let known = self.known.clone();
        let chances = {
            let folded = known.now();
            let mut chances = self.about_patterns(&folded);
            chances.extend(self.about_the_state(&folded));
            chances.extend(self.about_reviews(&folded));
            chances
        };
        let nth = self.dice.below(chances.len().max(1));
        match chances.into_iter().nth(nth) {
            Some(chance) => self.office_does(chance).await,
            None => Ok(()),
        }
    }

    /// Where the law says nothing of silence, the state answers in the end, when dates have passed; often with a no.
    pub(crate) async fn the_state_answers_late(&mut self) -> Result<(), Broken> {
        let today = self.clock.now().date_naive();
        let late: Vec<(WaiverId, District)> = {
            let folded = self.known.now();
            folded
                .slow()
                .filter(|(_, _, day)| *day < today)
                .map(|(district, id, _)| (id, district.clone()))
                .collect()
        };
        for (id, district) in late {
            let granted = self.dice.chance(300);
            let until = granted.then(|| today + Days::new(400));
            self.beat += 1;
            self.office_does(Chance {
                action: OfficeAction::AnswerWaiver,
                thing: Some(id.0),
                district,
                by: contact,
                body: json!({"granted": granted, "until": until}),
            })
            .await?;
        }
        Ok(())
    }

    async fn office_does(&mut self, chance: Chance) -> Result<(), Broken> {
        let known = self.known.clone();
        let person = ROSTER
            .plan(&chance.district)
            .and_then(|plan| plan.people.iter().find(|claims| (chance.by)(claims)))
            .cloned();
        let Some(person) = person else { return Ok(()) };
        let id = CommandId::derived(&["office", &self.seed.to_string(), &self.beat.to_string()]);
        let verb = chance.action.slug();
        let message = CommandMessage {
            id,
            district: chance.district.clone(),
            thing: chance.thing.unwrap_or(id.0),
            authority: Authority::Person((*person).clone()),
            request_hash: verb.to_owned(),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::to_raw_value(&chance.body).map_err(|error| Broken::new(error.to_string()))?,
        };
        let (desk, _) = self.calm_desks();
        let regimes = REGIMES.as_ref().map_err(|error| Broken::new(error.clone()))?;
        let incoming = incoming(verb, &message);
        let done = flexibility::commands::handle_office(&desk, &known, regimes, chance.action, &incoming).await;
        let over = |state: &Review| state.record().is_some_and(|record| record.concluded.is_some());
        let late = chance.action == OfficeAction::ExamineClause
            && chance
                .thing
                .and_then(|id| known.now().reviews.get(&ReviewId(id)).map(|(_, state)| over(state)))
                .unwrap_or(false);
        if late {
            holds!(
                done.as_ref().is_err_and(|problem| problem.status == 409),
                "a part of a review was looked at after it was closed: {done:?}"
            );
            self.report.row(Row::LateForTheReview, false);
            return self.look();
        }
        holds!(
            done.is_ok(),
            "the office may {verb}, and is refused: {}",
            done.as_ref()
                .err()
                .map_or_else(String::new, |problem| format!("{}: {}", problem.name(), problem.detail))
        );
        self.tell(|| format!("the office does {verb} in {}", chance.district));
        self.look()
    }

    fn about_patterns(&mut self, folded: &Folded) -> Vec<Chance> {
        let mut chances = Vec::new();
        for (id, (district, state)) in &folded.patterns {
            let Some(record) = state.record() else { continue };
            let (action, by, body): (_, fn(&Claims) -> bool, _) = match record.standing {
                PatternStanding::Detected | PatternStanding::Kept => {
                    let widens = record.exceptions.iter().find(|exception| {
                        folded
                            .parts
                            .get(exception)
                            .and_then(|(_, part)| part.record())
                            .is_some_and(|part| {
                                part.standing == Standing::InForce && part.kind == Some(ResolutionKind::SchoolException)
                            })
                    });
                    let mut body = json!({
                        "team": "The council", "department": "curriculum", "title": "It counts everywhere",
                        "text": "Every school may.",
                    });
                    if let Some(widens) = widens {
                        body["widens"] = json!(widens);
                    }
                    (OfficeAction::ProposeRevision, contact, body)
                }
                PatternStanding::Proposed => (
                    OfficeAction::DecideRevision,
                    member,
                    json!({"adopted": self.dice.chance(750), "decision": "So be it."}),
                ),
                PatternStanding::Adopted => continue,
            };
            chances.push(Chance {
                action,
                thing: Some(id.0),
                district: district.clone(),
                by,
                body,
            });
        }
        chances
    }

    fn about_the_state(&mut self, folded: &Folded) -> Vec<Chance> {
        let today = self.clock.now().date_naive();
        let mut chances = Vec::new();
        let mut begun = BTreeSet::new();
        for (id, (district, state)) in &folded.waivers {
            let Some(record) = state.record() else { continue };
            begun.insert((record.loop_id, record.revision));
            let (action, body) = match record.standing {
                WaiverStanding::Drafted => (OfficeAction::SubmitWaiver, json!({})),
                // The state takes its time, in which dates pass; what takes long is often refused.
                WaiverStanding::Submitted if self.dice.chance(patience(record.submitted_on, today)) => continue,
                WaiverStanding::Submitted => {
                    let granted = self.dice.chance(300);
                    let until = granted.then(|| today + Days::new(400));
                    (OfficeAction::AnswerWaiver, json!({"granted": granted, "until": until}))
                }
                WaiverStanding::Granted | WaiverStanding::Denied | WaiverStanding::DeemedGranted => continue,
            };
            chances.push(Chance {
                action,
                thing: Some(id.0),
                district: district.clone(),
                by: contact,
                body,
            });
        }
        for (id, (district, rests)) in &folded.loops {
            let asked = rests
                .state
                .record()
                .filter(|record| !record.is_ended() && record.with().is_some());
            let Some(proposal) = asked.and_then(|record| record.proposal.as_ref()) else {
                continue;
            };
            if proposal.kind != ResolutionKind::StateWaiver || begun.contains(&(*id, proposal.revision)) {
                continue;
            }
            let Some((regime, parts)) = self.dice.pick(&ASKED).copied() else {
                continue;
            };
            let parts: serde_json::Map<String, Value> = parts
                .iter()
                .map(|part| ((*part).to_owned(), json!("As it is.")))
                .collect();
            chances.push(Chance {
                action: OfficeAction::DraftWaiver,
                thing: None,
                district: district.clone(),
                by: contact,
                body: json!({"loop": id, "regime": regime, "parts": parts}),
            });
        }
        chances
    }

    /// Two of the office look at the district's own rules side by side: what one of them closed is over for the other.
    fn about_reviews(&mut self, folded: &Folded) -> Vec<Chance> {
        let mut chances = Vec::new();
        let mut looking = BTreeSet::new();
        for (id, (district, state)) in &folded.reviews {
            let Some(record) = state.record() else { continue };
            let late = record.concluded.is_some();
            looking.insert(district.clone());
            if late && !self.dice.chance(100) {
                continue;
            }
            let finding = self
                .dice
                .pick(&["keeps", "bends", "blocks"])
                .copied()
                .unwrap_or("keeps");
            let clause = format!("section {}", self.dice.below(CLAUSES));
            let (action, body) = if !late && record.clauses.len() >= 2 && self.dice.chance(400) {
                (
                    OfficeAction::ConcludeReview,
                    json!({"summary": "This is what we found."}),
                )
            } else {
                (
                    OfficeAction::ExamineClause,
                    json!({"clause": clause, "finding": finding, "note": "We read it."}),
                )
            };
            chances.push(Chance {
                action,
                thing: Some(id.0),
                district: district.clone(),
                by: contact,
                body,
            });
        }
        for plan in &ROSTER.districts {
            if !looking.contains(&plan.slug) && self.dice.chance(100) {
                chances.push(Chance {
                    action: OfficeAction::OpenReview,
                    thing: None,
                    district: plan.slug.clone(),
                    by: contact,
                    body: json!({"title": "The handbook", "department": "curriculum"}),
                });
            }
        }
        chances
    }

    /// When the state's silence, or its late answer, brings something about next.
    pub(crate) fn state_is_silent_until(&self) -> Option<DateTime<Utc>> {
        let folded = self.known.now();
        let day = folded.silent().chain(folded.slow()).map(|(_, _, day)| day).min()?;
        // By then the day after has begun wherever the district is.
        Some((day + Days::new(2)).and_time(NaiveTime::MIN).and_utc())
    }

    /// What was decided for all has come to all, and what the state said is known.
    pub(crate) fn what_was_decided_is_done(&mut self) -> Result<(), Broken> {
        let known = self.known.clone();
        let folded = known.now();
        for (id, (district, state)) in &folded.patterns {
            let Some((record, decided)) = state
                .record()
                .and_then(|record| Some((record, record.proposal.as_ref()?.decided.as_ref()?)))
                .filter(|(_, decided)| decided.adopted)
            else {
                continue;
            };
            let stands = decided
                .flexibility
                .and_then(|flexibility| folded.parts.get(&flexibility))
                .and_then(|(_, part)| part.record());
            holds!(
                stands.is_some_and(|part| part.scope == Scope::District || part.standing == Standing::Revoked),
                "a team of {district} changed a rule, and it does not stand in the register for every school"
            );
            for answered in &decided.answers {
                let Some(story) = self.history.loops.get(answered) else {
                    return Err(Broken::new("a decision answers a loop that was never filed"));
                };
                let Some(row) = came_of(story, *id, record.version) else {
                    let name = self.name_of(district, *answered);
                    return Err(Broken::new(format!(
                        "all is at rest, and {name} has not heard that its rule was changed"
                    )));
                };
                self.report.row(row, decided.answers.len() > 1);
            }
        }
        for (_, state) in folded.reviews.values() {
            let Some(record) = state.record() else { continue };
            let parts: BTreeSet<&str> = record.clauses.iter().map(|part| part.clause.as_str()).collect();
            holds!(
                parts.len() == record.clauses.len(),
                "a review holds one part twice: {:?}",
                record.clauses
            );
            if record.concluded.is_some() {
                self.report.row(Row::AReviewIsConcluded, false);
            }
        }
        for (district, state) in folded.waivers.values() {
            let Some(record) = state.record() else { continue };
            let row = match record.standing {
                WaiverStanding::Drafted | WaiverStanding::Submitted => continue,
                WaiverStanding::Granted | WaiverStanding::Denied => Row::TheStateAnswers,
                WaiverStanding::DeemedGranted => Row::TheStateIsSilent,
            };
            let now = folded
                .loops
                .get(&record.loop_id)
                .and_then(|(_, rests)| rests.state.record());
            let waits = now.is_some_and(|now| {
                now.state() == LoopState::WaitingForState
                    && now
                        .proposal
                        .as_ref()
                        .is_some_and(|proposal| proposal.revision == record.revision)
            });
            holds!(
                !waits,
                "all is at rest, the state has answered, and {} waits for it still",
                self.name_of(district, record.loop_id)
            );
            self.report.row(row, false);
        }
        Ok(())
    }
}

/// What became of a loop that a decision at a place in the log answers: it has the answer, or could not be answered.
fn came_of(story: &Story, pattern: PatternId, decided_at: u64) -> Option<Row> {
    let answered = story.seen.iter().any(|seen| match &seen.event {
        LoopEvent::Resolution(ResolutionEvent::ResolutionProposed(said)) => said.pattern == Some(pattern),
        LoopEvent::Resolution(ResolutionEvent::ResolutionRevised(said)) => said.pattern == Some(pattern),
        LoopEvent::Resolution(_) | LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Custody(_) => false,
    });
    if answered {
        return Some(Row::ChangedRuleAnswers);
    }
    let begins = story
        .seen
        .partition_point(|seen| seen.meta.sequence < decided_at)
        .saturating_sub(1);
    let could_not = story.seen[begins..].iter().any(|seen| {
        let record = &seen.after;
        record.is_ended() || record.with().is_none() || matches!(record.appeal, Appeal::Pending { .. })
    });
    could_not.then_some(Row::ChangedRuleComesTooLate)
}

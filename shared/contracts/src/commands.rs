//! What may be asked of the services that own things: the bodies as they come from outside, and the message they
//! travel in. Texts are plain here; the owner seals them before it decides.

// Bodies are written alike: the macro comes before the modules that use it.
macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),* }
    )*};
}

mod directory;
pub mod door;
mod message;
mod office;
mod record;
mod register;
pub mod roster;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::area::Area;
use crate::events::flexibility::Rule;
use crate::events::intake::Reach;
use crate::ids::{EventId, FlexibilityId, LoopId, PersonId, SchoolId};
use crate::text::{Line, Passage, Text, blank_is_none};
use crate::vocabulary::{
    AppealOutcome, DeclineGround, EscalatedTo, Kind, Pillar, ResolutionKind, RuleSource, Urgency, Visibility,
};

pub use directory::{
    DefineZone, DesignateContact, DisablePerson, DropAnswer, EnablePerson, EndStandIn, EndToken, FormTeam, GrantRole,
    KeepAnswer, MakeToken, NameStandIn, PublishRoutingRules, RemoveSecondStep, RemoveSignOn, RetireDepartment,
    RetireSchool, SetAreas, SetCalendar, SetDepartment, SetPatternThresholds, SetPerson, SetSchool, SetServiceLevel,
    SetSignOn,
};
pub use message::{CommandMessage, Done, Reply, read_body};
pub use office::{
    AnswerWaiver, ConcludeReview, DecideRevision, DraftWaiver, ExamineClause, OpenReview, ProposeRevision, SubmitWaiver,
};
pub use record::{
    Contest, Disclose, Erase, EraseWords, Hold, HoldWords, KeepCheckpoint, LiftHold, ReleaseWords, Withhold,
};
pub use register::{
    AnswerPilot, ChangeConditions, Claim, PublishRationale, Renew, Revoke, ScopeAsked, ShowTo, Widen, WriteDown,
};

/// A department, team or school as people name it: its id, or its name whatever the case.
pub type Named = Text<200>;

bodies! {
    /// File a tension.
    FileTension {
        /// One line.
        title: Line,
        /// What we are trying to do.
        trying: Passage,
        /// What gets in the way.
        barrier: Passage,
        /// What we have tried.
        #[serde(default, deserialize_with = "blank_is_none")]
        tried: Option<Passage>,
        /// What would help.
        #[serde(default, deserialize_with = "blank_is_none")]
        would_help: Option<Passage>,
        /// Policy, practice, tradition, or not sure.
        kind: Kind,
        /// The area.
        area: Area,
        /// Where the rule comes from, as you believe.
        #[serde(default = "not_sure")]
        rule_source: RuleSource,
        /// The rule, where you can cite it, such as `Board policy 3420`.
        #[serde(default, deserialize_with = "blank_is_none")]
        citation: Option<Text<120>>,
        /// The part of it, such as `section B`.
        #[serde(default, deserialize_with = "blank_is_none")]
        clause: Option<Text<80>>,
        /// The pillars touched.
        #[serde(default)]
        pillars: Vec<Pillar>,
        /// How many it touches.
        #[serde(default)]
        reach: Reach,
        /// The grades touched.
        #[serde(default)]
        grades: Vec<Text<20>>,
        /// How pressing it is.
        #[serde(default = "slowing")]
        urgency: Urgency,
        /// From when on it blocks.
        #[serde(default)]
        needed_by: Option<NaiveDate>,
        /// Who sees it.
        #[serde(default = "joinable")]
        visibility: Visibility,
        /// An earlier loop this follows on.
        #[serde(default)]
        linked_to: Option<LoopId>,
        /// The school, where you speak for several, or file for one; the office's staff leave it out to file on
        /// the district itself.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Say it better; what is absent stays.
    Amend {
        /// One line.
        #[serde(default)]
        title: Option<Line>,
        /// What we are trying to do.
        #[serde(default)]
        trying: Option<Passage>,
        /// What gets in the way.
        #[serde(default)]
        barrier: Option<Passage>,
        /// What we have tried.
        #[serde(default, deserialize_with = "blank_is_none")]
        tried: Option<Passage>,
        /// What would help.
        #[serde(default, deserialize_with = "blank_is_none")]
        would_help: Option<Passage>,
        /// Policy, practice, tradition.
        #[serde(default)]
        kind: Option<Kind>,
        /// The area.
        #[serde(default)]
        area: Option<Area>,
        /// Where the rule comes from.
        #[serde(default)]
        rule_source: Option<RuleSource>,
        /// The pillars touched.
        #[serde(default)]
        pillars: Option<Vec<Pillar>>,
        /// How many it touches.
        #[serde(default)]
        reach: Option<Reach>,
        /// The grades touched.
        #[serde(default)]
        grades: Option<Vec<Text<20>>>,
        /// How pressing it is.
        #[serde(default)]
        urgency: Option<Urgency>,
        /// From when on it blocks.
        #[serde(default)]
        needed_by: Option<NaiveDate>,
        /// Who sees it.
        #[serde(default)]
        visibility: Option<Visibility>,
    }

    /// Us too.
    Join {
        /// How the same thing meets us.
        #[serde(default, deserialize_with = "blank_is_none")]
        how_it_meets_us: Option<Passage>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// No longer us.
    Leave {
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Another person speaks for the school.
    HandOn {
        /// Who, of the same school.
        to: PersonId,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Answer a question.
    Answer {
        /// The answer.
        answer: Passage,
        /// The question, else the one that is open.
        #[serde(default)]
        question: Option<EventId>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Take it back.
    Withdraw {
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// It works.
    Confirm {
        /// The revision of the answer you speak of, else the current one.
        #[serde(default)]
        revision: Option<u32>,
        /// A word with it.
        #[serde(default, deserialize_with = "blank_is_none")]
        words: Option<Passage>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// It does not, and why.
    Refuse {
        /// The revision of the answer you speak of, else the current one.
        #[serde(default)]
        revision: Option<u32>,
        /// Why.
        why: Passage,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Look again at a decline.
    Appeal {
        /// Why.
        why: Passage,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// Does it still work?
    FollowUp {
        /// Yes or no.
        still_works: bool,
        /// In which classrooms, and what changed.
        #[serde(default, deserialize_with = "blank_is_none")]
        text: Option<Passage>,
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
    }

    /// Out of triage.
    Route {
        /// Who gets it.
        department: Named,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
    }

    /// To another department.
    Reroute {
        /// Who gets it.
        department: Named,
        /// Why; everybody in the loop sees it.
        why: Passage,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// A second department helps.
    Collaborate {
        /// Who helps.
        department: Named,
    }

    /// Ask somebody above.
    Escalate {
        /// `contact` or `leader`.
        to: EscalatedTo,
        /// Why.
        why: Passage,
    }

    /// Decide what was put before a team, or escalated.
    Decide {
        /// What is decided.
        decision: Passage,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
        /// On an appeal: `uphold` or `overturn`; the decision's own word counts where it is one of these.
        #[serde(default)]
        outcome: Option<AppealOutcome>,
        /// The event that asked, else the one that is open.
        #[serde(default)]
        regarding: Option<EventId>,
    }

    /// Move the day of resolution.
    ChangeDue {
        /// The new day.
        resolve: NaiveDate,
        /// Why.
        why: Passage,
    }

    /// A first word.
    Acknowledge {
        /// The word to the school.
        word: Passage,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// Who takes care of it.
    Assign {
        /// Who, of the department.
        person: PersonId,
    }

    /// Ask a school.
    Ask {
        /// The question.
        question: Passage,
        /// The school, else the one that filed.
        #[serde(default)]
        school: Option<SchoolId>,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// Write a note.
    Note {
        /// The note.
        text: Passage,
        /// Whether the schools see it.
        #[serde(default)]
        shared: bool,
    }

    /// Ask a team.
    PutBeforeTeam {
        /// The team.
        team: Named,
        /// What it is asked.
        question: Passage,
    }

    /// Propose an answer, or a new revision of it.
    Propose {
        /// What kind of answer.
        kind: ResolutionKind,
        /// What will be different, in plain words.
        summary: Passage,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        rationale: Option<Passage>,
        /// The flexibility it rests on; without one, a kind that allows something makes one when a school confirms.
        #[serde(default)]
        flexibility: Option<FlexibilityId>,
        /// What that one says beyond the answer's own words.
        #[serde(default)]
        grants: Option<Grants>,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// What the flexibility says that an answer makes; what is absent is taken from the answer and from the loop.
    Grants {
        /// One line for the register.
        #[serde(default, deserialize_with = "blank_is_none")]
        title: Option<Line>,
        /// The rule it bends.
        #[serde(default)]
        rule: Option<Rule>,
        /// The zone, where it is for one: its id or its name.
        #[serde(default, deserialize_with = "blank_is_none")]
        zone: Option<Named>,
        /// Under which conditions.
        #[serde(default, deserialize_with = "blank_is_none")]
        conditions: Option<Passage>,
        /// What stays required all the same.
        #[serde(default, deserialize_with = "blank_is_none")]
        stays_required: Option<Passage>,
        /// Its last day; a pilot needs one.
        #[serde(default)]
        ends_on: Option<NaiveDate>,
        /// When the department looks at it again.
        #[serde(default)]
        review_on: Option<NaiveDate>,
        /// The question a pilot must answer.
        #[serde(default, deserialize_with = "blank_is_none")]
        pilot_question: Option<Passage>,
    }

    /// Say where the rule really comes from; it is published as a clarification.
    CorrectRule {
        /// The rule as it is.
        rule: Rule,
        /// The correction in one line, such as `Seat time is the district's own practice`.
        title: Line,
        /// What follows from it, in plain words.
        text: Passage,
    }

    /// Say no.
    Decline {
        /// On what ground.
        ground: DeclineGround,
        /// Why.
        reason: Passage,
        /// When to look again; needed for `not_now`.
        #[serde(default)]
        review_on: Option<NaiveDate>,
        /// The episode this was meant for, else the current one.
        #[serde(default)]
        episode: Option<u32>,
    }

    /// Take the answer back.
    WithdrawResolution {
        /// Why.
        why: Passage,
    }

    /// Record what the state said.
    StateAnswer {
        /// Whether it said yes.
        granted: bool,
        /// What it said.
        #[serde(default, deserialize_with = "blank_is_none")]
        text: Option<Passage>,
    }

}

fn not_sure() -> RuleSource {
    RuleSource::NotSure
}

fn slowing() -> Urgency {
    Urgency::Slowing
}

fn joinable() -> Visibility {
    Visibility::Joinable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        let problem = read_body::<FileTension>(
            r#"{"title":"t","trying":"x","barrier":"y","kind":"policy","area":"other","reach":{"students":"many"}}"#,
        )
        .expect_err("a word is not a number");
        assert_eq!(problem.fields[0].field, "reach.students");
        let problem = read_body::<FileTension>(r#"{"title":"t"}"#).expect_err("fields are missing");
        assert_eq!(problem.fields[0].field, "trying");
        let problem = read_body::<Acknowledge>(r#"{"word":"  "}"#).expect_err("blank");
        assert!(problem.detail.contains("one sentence is enough"), "{}", problem.detail);
    }
}

//! What a district sets about itself.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Named;
use crate::area::DistrictArea;
use crate::events::directory::{Closed, PatternThresholds, RoutingRule};
use crate::events::routing::ServiceLevel;
use crate::ids::PersonId;
use crate::text::{Line, Passage, Text, blank_is_none};
use crate::vocabulary::{AnswerFor, Level, ProviderKind, Role, TeamKind, TokenScope};

bodies! {
    /// The district's working days.
    SetCalendar {
        /// An IANA name; absent leaves it.
        #[serde(default)]
        time_zone: Option<Text<64>>,
        /// Days off, all of them.
        closed: Vec<Closed>,
    }

    /// A promise of days.
    SetServiceLevel {
        /// The level; the same id replaces.
        level: ServiceLevel,
    }

    /// When a rule that several schools meet is a pattern.
    SetPatternThresholds {
        /// The thresholds.
        thresholds: PatternThresholds,
    }

    /// Who gets what.
    PublishRoutingRules {
        /// In order; the first that applies wins.
        rules: Vec<RoutingRule>,
    }

    /// An innovation zone: schools that go ahead, and how the others follow. Schools can be added, not left out.
    DefineZone {
        /// Its name.
        name: Line,
        /// What it is for.
        purpose: Passage,
        /// Its schools: their ids or names, all of them.
        schools: Vec<Named>,
        /// From when on; today where absent.
        #[serde(default)]
        starts: Option<NaiveDate>,
        /// How what is learned comes to the schools outside it.
        #[serde(default, deserialize_with = "blank_is_none")]
        plan: Option<Passage>,
        /// By which day the district looks at that plan.
        #[serde(default)]
        look_on: Option<NaiveDate>,
    }

    /// What a person is, and where; to grant it, or to take it away.
    GrantRole {
        /// The role.
        role: Role,
        /// For a reporter: the school's id or name.
        #[serde(default)]
        school: Option<Named>,
        /// For department staff and leads: the department's id or name.
        #[serde(default)]
        department: Option<Named>,
    }

    /// The areas that barriers are sorted by, beside ours: the district's own, and ours under another name or retired.
    SetAreas {
        /// All of them.
        areas: Vec<DistrictArea>,
    }

    /// The central-office contact.
    DesignateContact {
        /// Who; they have the contact's role already.
        person: PersonId,
        /// The role's written duties.
        duties: Passage,
    }

    /// Accounts elsewhere with which people sign on; the same id replaces.
    SetSignOn {
        /// A short name: small letters, digits and hyphens.
        id: Text<40>,
        /// What it is.
        kind: ProviderKind,
        /// What the button says.
        name: Line,
        /// Who it is, exactly as its tokens say it; from the kind where absent.
        #[serde(default, deserialize_with = "blank_is_none")]
        issuer: Option<Line>,
        /// Who we are to it.
        client_id: Line,
        /// What it and we share as a secret; absent leaves it.
        #[serde(default, deserialize_with = "blank_is_none")]
        client_secret: Option<Text<500>>,
        /// Which of its customers the district is.
        #[serde(default, deserialize_with = "blank_is_none")]
        tenant: Option<Line>,
    }

    /// People no longer sign on with this provider.
    RemoveSignOn {
        /// Its short name.
        id: Text<40>,
    }

    /// A school, new or as it is now.
    SetSchool {
        /// Its name.
        name: Line,
        /// Its level.
        level: Level,
        /// Its NCES identifier: twelve digits.
        #[serde(default, deserialize_with = "blank_is_none")]
        nces: Option<Text<12>>,
    }

    /// A school is closed; refused while it is in open loops.
    RetireSchool {}

    /// A department, new or as it is now.
    SetDepartment {
        /// Its name.
        name: Line,
        /// What it decides, in a sentence.
        #[serde(default, deserialize_with = "blank_is_none")]
        decides: Option<Text<500>>,
    }

    /// A department is no more.
    RetireDepartment {
        /// Who gets the loops that it has: another department's id or name; refused where it has some and this is not said.
        #[serde(default, deserialize_with = "blank_is_none")]
        loops_to: Option<Named>,
    }

    /// A team, new or as it is now.
    FormTeam {
        /// Its name.
        name: Line,
        /// What it is for.
        kind: TeamKind,
        /// Who sits on it, all of them.
        members: Vec<PersonId>,
    }

    /// A person whom no roster knows, new or as they are now.
    SetPerson {
        /// The name.
        name: Line,
        /// The e-mail address, by which they sign in.
        #[serde(default, deserialize_with = "blank_is_none")]
        email: Option<Text<254>>,
        /// What they do.
        #[serde(default, deserialize_with = "blank_is_none")]
        title: Option<Line>,
    }

    /// The person's second step is taken away, as where the telephone is lost: they set it up anew.
    RemoveSecondStep {}

    /// The person acts for one who is away.
    NameStandIn {
        /// For whom.
        absent: PersonId,
        /// From which day on; today where absent.
        #[serde(default)]
        from: Option<NaiveDate>,
        /// The last day.
        until: NaiveDate,
    }

    /// The person no longer does.
    EndStandIn {
        /// For whom.
        absent: PersonId,
    }

    /// A token with which a program comes in as whoever makes it.
    MakeToken {
        /// What it is for.
        name: Line,
        /// What may be done with it.
        scope: TokenScope,
        /// The last day on which it lets anybody in; at most a year from now.
        until: NaiveDate,
        /// The SHA-256 of its secret in hexadecimal, which is known to nobody but whoever asks.
        digest: Text<64>,
    }

    /// A token lets nobody in any more.
    EndToken {
        /// Which.
        token: Uuid,
    }

    /// The person may no longer sign in.
    DisablePerson {}

    /// The person may sign in again, if the roster does not say otherwise.
    EnablePerson {}

    /// The department keeps words ready with which its answers begin.
    KeepAnswer {
        /// Which it replaces; absent where it is new.
        #[serde(default)]
        answer: Option<Uuid>,
        /// By what it is found.
        title: Text<80>,
        /// What it begins.
        step: AnswerFor,
        /// The words. `{school}`, `{title}`, `{number}` and `{me}` stand for what they name of the loop at hand.
        text: Text<2000>,
    }

    /// The department no longer keeps them.
    DropAnswer {
        /// Which.
        answer: Uuid,
    }
}

//! The words of the field, as they stand in events and on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal / $label:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// Every value, in its written order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code used in events and on the wire.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The words for the screen.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The value with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    )*};
}

impl WordsDeed {
    /// The verb of its command: the same word alone is said of a loop.
    pub fn verb(self) -> String {
        format!("{}-words", self.code())
    }

    /// The one whose command has this verb.
    pub fn of_verb(verb: &str) -> Option<Self> {
        Self::from_code(verb.strip_suffix("-words")?)
    }
}

words! {
    /// What beside the loops keeps words that people wrote.
    KeepsWords {
        /// A part of the register.
        Flexibility = "flexibility" / "what stands in the register",
        /// A pattern, with what was proposed and decided about it.
        Pattern = "pattern" / "the pattern",
        /// A request to the state.
        Waiver = "waiver" / "the request to the state",
        /// A review.
        Review = "review" / "the review",
        /// A person: their name and title.
        Person = "person" / "the person",
    }
    /// What is done to words beside the loops.
    WordsDeed {
        /// They are erased for good.
        Erase = "erase" / "Erase words for good",
        /// None of them may be erased.
        Hold = "hold" / "Forbid erasing here",
        /// They may be erased again.
        Release = "release" / "Lift a hold",
    }
    /// What words that a department keeps ready begin.
    AnswerFor {
        /// A first word.
        Acknowledge = "acknowledge" / "A first word",
        /// A question to the school.
        Ask = "ask" / "A question",
        /// A proposed answer.
        Propose = "propose" / "An answer",
        /// A decline.
        Decline = "decline" / "A decline",
        /// A note.
        Note = "note" / "A note",
    }
    /// What kind of barrier a tension is.
    Kind {
        /// A written rule.
        Policy = "policy" / "A written policy",
        /// How it is done.
        Practice = "practice" / "A practice",
        /// How it has always been done.
        Tradition = "tradition" / "A tradition",
        /// The school does not know.
        NotSure = "not_sure" / "Not sure",
    }
    /// Where the rule comes from, as the school believes.
    RuleSource {
        /// Nobody wrote it down.
        Habit = "habit" / "Habit",
        /// The district does it so.
        DistrictPractice = "district_practice" / "District practice",
        /// The board decided it.
        BoardPolicy = "board_policy" / "Board policy",
        /// The state's law or rule.
        StateRule = "state_rule" / "State rule",
        /// Federal law or rule.
        FederalRule = "federal_rule" / "Federal rule",
        /// A product or supplier.
        VendorOrSystem = "vendor_or_system" / "A vendor or system",
        /// The school does not know.
        NotSure = "not_sure" / "Not sure",
    }
    /// The four pillars of personalized learning.
    Pillar {
        /// Who the learner is.
        LearnerProfile = "learner_profile" / "Learner profiles",
        /// Their own way.
        IndividualPath = "individual_path" / "Individual learning paths",
        /// On by mastery, not by date.
        CompetencyProgression = "competency_progression" / "Competency-based progression",
        /// Where, when and with whom.
        FlexibleEnvironment = "flexible_environment" / "Flexible learning environments",
    }
    /// Who beside the school and the district office sees a loop.
    Visibility {
        /// Other schools see a card and may join.
        Joinable = "joinable" / "Other schools may see a card and join",
        /// This school alone.
        SchoolOnly = "school_only" / "Our school only",
        /// Named people only.
        Confidential = "confidential" / "Named people only",
    }
    /// How pressing it is.
    Urgency {
        /// Nothing moves now.
        BlockingNow = "blocking_now" / "Blocking us now",
        /// Nothing will move from a date on.
        BlockingSoon = "blocking_soon" / "Blocking us soon",
        /// It moves, slowly.
        Slowing = "slowing" / "Slowing us down",
        /// It could be better.
        Idea = "idea" / "An idea",
    }
    /// What an answer really is, so that "closed" never hides "not fixed".
    ResolutionKind {
        /// No rule forbids it.
        AlreadyAllowed = "already_allowed" / "Already allowed",
        /// A waiver for the named schools.
        SchoolException = "school_exception" / "Exception for the schools named",
        /// For the schools of a zone.
        ZoneFlexibility = "zone_flexibility" / "Flexibility for a zone",
        /// Changed for every school.
        DistrictChange = "district_change" / "Changed for every school",
        /// A request to the state.
        StateWaiver = "state_waiver" / "Request to the state",
        /// People, training, equipment.
        Support = "support" / "Support",
        /// An experiment with an end.
        Pilot = "pilot" / "Pilot",
    }
    /// Why a department declines.
    DeclineGround {
        /// Not now; there is a date to look again.
        NotNow = "not_now" / "Not now",
        /// It must stay as it is.
        NonNegotiable = "non_negotiable" / "It must stay as it is",
    }
    /// Where a loop, or one school's part of it, stands. Ordered from least to most advanced; the last three are ends.
    LoopState {
        /// Filed; nobody has it yet.
        Filed = "filed" / "Filed",
        /// No rule matched; the contact decides who gets it.
        Triage = "triage" / "With the contact, to be routed",
        /// A department has it.
        Routed = "routed" / "With a department",
        /// The department has said a first word.
        Acknowledged = "acknowledged" / "Acknowledged",
        /// The school was asked something.
        WaitingForSchool = "waiting_for_school" / "Waiting for the school",
        /// The state was asked.
        WaitingForState = "waiting_for_state" / "Waiting for the state",
        /// Refused, appealed, or it stopped working.
        Reopened = "reopened" / "Reopened",
        /// Answered; the school has yet to say whether it works.
        Proposed = "proposed" / "Answered, not yet confirmed",
        /// The school said it works, or nobody answered.
        Closed = "closed" / "Closed",
        /// The department said no.
        Declined = "declined" / "Declined",
        /// The school took it back.
        Withdrawn = "withdrawn" / "Withdrawn",
    }
    /// What a person may be in a district.
    Role {
        /// Speaks for a school.
        Reporter = "reporter" / "School reporter",
        /// Works in a department.
        DepartmentStaff = "department_staff" / "Department staff",
        /// Leads a department.
        DepartmentLead = "department_lead" / "Department lead",
        /// The central-office contact.
        Contact = "contact" / "Central-office contact",
        /// Superintendent, cabinet, board.
        Leader = "leader" / "Leader",
        /// Verifies and exports the record.
        Auditor = "auditor" / "Auditor",
        /// Configures the district.
        Administrator = "administrator" / "District administrator",
    }
    /// The three clocks of a loop.
    Clock {
        /// Until the first word.
        Acknowledge = "acknowledge" / "first answer",
        /// Until the next word to the school.
        NextWord = "next_word" / "next word",
        /// Until an answer is proposed.
        Resolve = "resolve" / "resolution",
    }
    /// To whom something is escalated.
    EscalatedTo {
        /// The central-office contact.
        Contact = "contact" / "the central-office contact",
        /// A leader of the district.
        Leader = "leader" / "district leadership",
    }
    /// What a decision on an appeal says of the decline.
    AppealOutcome {
        /// The decline stands.
        Uphold = "uphold" / "The decline stands",
        /// The department must answer anew.
        Overturn = "overturn" / "The department must look again",
    }
    /// What somebody is at an organization of a roster: of OneRoster's roles, those of staff; first what they are named by
    /// first.
    StaffRole {
        /// Leads the district.
        DistrictAdministrator = "districtAdministrator" / "District administrator",
        /// Administers its systems.
        SystemAdministrator = "systemAdministrator" / "System administrator",
        /// Of 1.1 only: at a school, or of the district.
        Administrator = "administrator" / "Administrator",
        /// Leads a school.
        Principal = "principal" / "Principal",
        /// Administers a school.
        SiteAdministrator = "siteAdministrator" / "School administrator",
        /// Counsels.
        Counselor = "counselor" / "Counselor",
        /// Teaches.
        Teacher = "teacher" / "Teacher",
        /// Helps.
        Aide = "aide" / "Aide",
    }
    /// Where somebody has an account, as far as it differs.
    ProviderKind {
        /// Google Workspace.
        Google = "google" / "Google Workspace",
        /// Microsoft Entra.
        Entra = "entra" / "Microsoft Entra",
        /// ClassLink.
        Classlink = "classlink" / "ClassLink",
        /// Clever.
        Clever = "clever" / "Clever",
        /// Any other that speaks OpenID Connect.
        Standard = "standard" / "Another OpenID Connect provider",
    }
    /// What may be done with a token.
    TokenScope {
        /// Look, and no more.
        Read = "read" / "May look, and change nothing",
        /// All that its owner may do.
        Act = "act" / "May do all that I may",
    }
    /// Why somebody may no longer sign in.
    DisabledBecause {
        /// The roster no longer holds the person.
        LeftRoster = "left_roster" / "no longer in the roster",
        /// An administrator did it.
        ByHand = "by_hand" / "disabled by an administrator",
    }
    /// By what figures are told apart.
    Grouping {
        /// By the department that has it.
        Department = "department" / "Department",
        /// By area.
        Area = "area" / "Area",
        /// By school: a loop of several counts with each.
        School = "school" / "School",
        /// By where they stand.
        State = "state" / "Where it stands",
    }
    /// A school's level.
    Level {
        /// Elementary school.
        Elementary = "elementary" / "Elementary",
        /// Middle school.
        Middle = "middle" / "Middle",
        /// High school.
        High = "high" / "High",
        /// Kindergarten to 8.
        K8 = "k8" / "K-8",
        /// Kindergarten to 12.
        K12 = "k12" / "K-12",
        /// Anything else.
        Other = "other" / "Other",
    }
    /// For how many something is allowed, from few to all.
    ScopeLevel {
        /// The schools named.
        Schools = "schools" / "The schools named",
        /// The schools of an innovation zone.
        Zone = "zone" / "The schools of a zone",
        /// Every school.
        District = "district" / "Every school",
    }
    /// What a part of the register says.
    Says {
        /// Something is allowed that was not.
        Flexibility = "flexibility" / "Flexibility",
        /// Something was allowed all along.
        Clarification = "clarification" / "Already allowed",
        /// Something must stay as it is.
        NonNegotiable = "non_negotiable" / "Must stay as it is",
    }
    /// Where a request to the state stands.
    WaiverStanding {
        /// It is being written.
        Drafted = "drafted" / "Being written",
        /// The state has it.
        Submitted = "submitted" / "With the state",
        /// The state said yes.
        Granted = "granted" / "Granted",
        /// The state said no.
        Denied = "denied" / "Denied",
        /// The state's time ran out, which is a yes.
        DeemedGranted = "deemed_granted" / "Granted by the state's silence",
    }
    /// What a part of a document does to student-centred learning.
    Finding {
        /// It leaves it alone.
        Keeps = "keeps" / "Leaves it alone",
        /// It allows it under conditions, or with effort.
        Bends = "bends" / "Makes it harder",
        /// It stands in the way.
        Blocks = "blocks" / "Stands in the way",
    }
    /// What is wrong with the log.
    Damaged {
        /// Messages between others are missing.
        Gap = "gap" / "Messages are missing",
        /// The log ends before what the ledger holds.
        Lost = "lost" / "The end of the log was lost",
        /// A message is another than it was.
        Altered = "altered" / "A message was altered",
    }
    /// Which of the district's thresholds makes a pattern.
    PatternGround {
        /// So many schools met it.
        Schools = "schools" / "Several schools met it",
        /// So many exceptions bend it.
        Exceptions = "exceptions" / "Several exceptions bend it",
    }
    /// Where a pattern stands.
    PatternStanding {
        /// It was seen.
        Detected = "detected" / "Seen",
        /// A change lies before a team.
        Proposed = "proposed" / "Before a team",
        /// The rule was changed.
        Adopted = "adopted" / "Changed for every school",
        /// The team left the rule as it is.
        Kept = "kept" / "Left as it is",
    }
    /// Whether a flexibility can be used.
    Standing {
        /// It can.
        InForce = "in_force" / "In force",
        /// Its last day is past.
        Expired = "expired" / "Expired",
        /// It was taken back.
        Revoked = "revoked" / "Taken back",
    }
    /// For whom a reason is written.
    Readership {
        /// Families and students.
        Families = "families" / "For families",
        /// Teachers and staff.
        Staff = "staff" / "For staff",
        /// The board.
        Board = "board" / "For the board",
        /// Colleges and employers.
        Colleges = "colleges" / "For colleges",
    }
    /// What became of a flexibility that a loop rests on.
    FlexibilityTurn {
        /// More schools may use it.
        Widened = "widened" / "now holds for more schools",
        /// Its conditions are others.
        ConditionsChanged = "conditions_changed" / "has other conditions",
        /// It holds longer.
        Renewed = "renewed" / "was renewed",
        /// Its last day is past.
        Expired = "expired" / "has expired",
        /// It was taken back.
        Revoked = "revoked" / "was taken back",
    }
    /// Why what was promised could not be granted.
    NotGranted {
        /// The flexibility it rests on is no longer in force.
        NoLongerInForce = "no_longer_in_force" / "the flexibility it rests on is no longer in force",
        /// Its last day is past already.
        Over = "over" / "its last day is past already",
        /// The zone it names is not there, or its schools are not in it.
        ZoneGone = "zone_gone" / "the zone it names is not there",
        /// There is no such flexibility.
        NotThere = "not_there" / "the flexibility it rests on is not there",
    }
    /// Why words are erased.
    ErasureGround {
        /// They name a student.
        NamesStudent = "names_student" / "It names a student",
        /// A court ordered it.
        CourtOrder = "court_order" / "A court ordered it",
        /// A law requires it.
        Law = "law" / "A law requires it",
        /// They were never meant for this record.
        WrongPlace = "wrong_place" / "It was never meant for this record",
    }
    /// Why words are kept back from what is given out.
    WithheldGround {
        /// They say something of a student.
        Student = "student" / "Says something of a student",
        /// They are of somebody's employment.
        Personnel = "personnel" / "Of somebody's employment",
        /// They are advice of counsel.
        Counsel = "counsel" / "Advice of counsel",
        /// They were written before a decision, to come to it.
        Deliberation = "deliberation" / "Written to come to a decision",
        /// A law keeps them.
        Law = "law" / "Kept by another law",
    }
    /// In what form a record is given out.
    Disclosure {
        /// All of it, for whoever checks the district.
        Auditor = "auditor" / "To an auditor, whole",
        /// To somebody who asked for public records.
        Public = "public" / "As a public record",
    }
    /// What is done with a pilot at its end.
    PilotChoice {
        /// It ends.
        Stop = "stop" / "Stop",
        /// It goes on once, to another day.
        Extend = "extend" / "Extend once",
        /// It becomes a flexibility for more schools.
        Widen = "widen" / "Widen",
    }
    /// What a team is for.
    TeamKind {
        /// One to three people who drive the work.
        ProjectTeam = "project_team" / "Project team",
        /// Ten to twelve who decide.
        DistrictCouncil = "district_council" / "District council",
        /// Four to six at a school.
        SchoolLeadership = "school_leadership" / "School leadership team",
    }
}

impl ResolutionKind {
    /// Whether an answer of this kind promises something that has to be granted once a school confirms it.
    pub fn promises(self) -> bool {
        match self {
            Self::AlreadyAllowed
            | Self::SchoolException
            | Self::ZoneFlexibility
            | Self::DistrictChange
            | Self::Pilot => true,
            // The state grants before the schools are asked; support is given, not allowed.
            Self::StateWaiver | Self::Support => false,
        }
    }
}

impl LoopState {
    /// Nothing more is owed here (an appeal, a late refusal or a follow-up may still reopen it).
    pub fn is_end(self) -> bool {
        matches!(self, Self::Closed | Self::Declined | Self::Withdrawn)
    }
}

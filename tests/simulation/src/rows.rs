//! What happens when two things meet, as it was promised: one variant for each outcome, asserted wherever it occurs.

pub mod answers;
pub mod clocks;
pub mod events;

macro_rules! rows {
    ($($(#[$doc:meta])* $variant:ident = $words:literal),* $(,)?) => {
        /// One promised outcome.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Row { $($(#[$doc])* $variant),* }

        impl Row {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// For the table.
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $words),* }
            }
        }
    };
}

rows! {
    /// The only school takes its tension back after an answer was proposed: the loop is withdrawn, and the answer
    /// stays on record.
    WithdrawalAfterProposal = "the only school withdraws after a proposal",
    /// A department proposes to the only school after that withdrew: refused, the loop has ended.
    ProposalAfterWithdrawal = "a proposal comes after the withdrawal",
    /// One of several schools withdraws: it leaves, and the loop goes on for the others.
    OneOfSeveralWithdraws = "one of several schools withdraws",
    /// A department acts on a loop that was given to another: refused, with who has it and since when.
    OldDepartmentActs = "the old department acts after a re-routing",
    /// A school joins before the last one confirms: the loop stays open, and the newcomer is asked.
    JoinsBeforeTheLastConfirmation = "a school joins before the last confirmation",
    /// A school joins after the loop closed: refused, with what can be done instead.
    JoinsAfterClosing = "a school joins after closing",
    /// A school speaks of a revision that has been replaced: refused, with both numbers.
    SpeaksOfAnOlderRevision = "a school speaks of an older revision",
    /// A new revision voids what schools said of the one before, and asks all of them again.
    RevisionVoidsConfirmations = "a revision voids confirmations",
    /// One of five or more schools refuses: its part reopens with the same owner, the others stand.
    OneOfFiveRefuses = "one of five refuses",
    /// Nobody answers a proposal: two reminders to the schools, a word to the contact, then closed as unconfirmed.
    NobodyAnswers = "nobody answers a proposal",
    /// A date passes while every open school is waited for: the clock stands still from the question on, and the
    /// answer makes nothing late.
    DatePassesWaitingForSchool = "a date passes while waiting for the school",
    /// The same while the state is waited for.
    DatePassesWaitingForState = "a date passes while waiting for the state",
    /// Time is looked at while the read model is behind the log's head as of then: nothing is judged.
    TickWhileBehind = "a tick while the projection is behind",
    /// A day is closed: the dates of open loops move, by an event that says from where to where.
    SnowDay = "a snow day",
    /// The same where a date was missed before: that stays on record.
    SnowDayAfterABreach = "a snow day after a missed date",
    /// A department is closed while it has loops: each goes to the one that follows it, by an event.
    DepartmentCloses = "a department is closed with open loops",
    /// Who spoke for a school leaves: another speaks for it from then on, by an event.
    SpeakerLeaves = "who speaks for a school leaves",
    /// Re-routed: the first word is owed anew, the answer by the same count as before.
    ClocksWhenRerouted = "clocks when re-routed",
    /// Reopened: the first word is owed anew, and the count towards the answer resumes.
    ClocksWhenReopened = "clocks when reopened",
    /// A word of the department that schools can read: the next word is owed from then on.
    SharedWord = "a shared word",
    /// After closing it no longer works: the loop reopens, once.
    NoLongerWorks = "no longer works, for the first time",
    /// It no longer works again: that is recorded, and the loop stays as it is.
    NoLongerWorksAgain = "no longer works, again",
    /// A new loop is linked to an earlier one.
    LinkedLoop = "a new loop linked to an earlier one",
    /// What was promised is not granted: the loop stays open with somebody who owes another answer.
    GrantFails = "the grant fails",
    /// What a school confirmed is granted by the register, and only then closed.
    GrantedAfterConfirmation = "granted after a confirmation",
    /// What an answer rests on is taken back or expires while it lies before a school: it must be revised.
    GoneWhileProposed = "what an answer rests on goes while a school is asked",
    /// The same where every school has said that it works: it stays closed, and it is told.
    GoneWhileInUse = "what an answer rests on goes while it is in use",
    /// What an answer rests on holds for more schools, or under other conditions: the loop is told, and nothing else
    /// changes.
    ChangedWhileUsed = "what an answer rests on is widened or changed",
    /// A team changed the rule of a pattern: each of its open loops is answered with it.
    ChangedRuleAnswers = "a changed rule answers a loop of its pattern",
    /// The same where the loop has ended meanwhile, is being appealed, or is with nobody: it stays as it is.
    ChangedRuleComesTooLate = "a changed rule comes to a loop that cannot be answered",
    /// The state answers a request: it is said on the loop, which no longer waits.
    TheStateAnswers = "the state answers a request",
    /// The state is silent until its time is out, where silence is a yes: the same.
    TheStateIsSilent = "the state's time is out, and its silence is a yes",
    /// The district looks at its own rules, part by part, and says what it found.
    AReviewIsConcluded = "a review is concluded",
    /// Somebody looks at one more part of a review that another has closed: refused.
    LateForTheReview = "late: looks at a part of a review that is over",
    /// A school confirms or refuses what is not granted yet: it is told that it will be asked.
    SpeaksBeforeTheGrant = "a school speaks before the grant",
    /// A command names an episode that is over: refused.
    LateForTheEpisode = "late: names an episode that is over",
    /// A command names a question that is over: refused.
    LateForTheQuestion = "late: names a question that is over",
    /// A command into a reopened loop names a revision that is over: refused.
    LateForTheRevision = "late: names a revision, after a reopening",
}

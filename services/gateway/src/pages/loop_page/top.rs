//! The three sentences at the top: who has it, when we will hear, what is asked of you.

use contracts::action::Action;
use contracts::queries::LoopView;
use contracts::vocabulary::{Clock, LoopState};

use crate::pages::days::{Days, counted};
use crate::pages::viewer::Viewer;
use crate::pages::words;

/// What the top of a loop's page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Top {
    /// Where it stands, beside the ring.
    pub state: String,
    /// The colour of who has it.
    pub colour: &'static str,
    pub who: String,
    pub when: String,
    /// "3 days late", where it is.
    pub late: Option<String>,
    pub asked: String,
    /// Whether something is asked of this person.
    pub is_asked: bool,
}

impl Top {
    pub(super) fn new(viewer: &Viewer, view: &LoopView) -> Self {
        let asked = asked(view);
        let overdue = words::overdue(&view.due, None, &viewer.days).filter(|_| view.late);
        Self {
            state: state(viewer, view),
            colour: words::colour(view.holder.code(), view.state, view.unconfirmed),
            who: who(view),
            when: when(viewer, view),
            late: view
                .late
                .then(|| overdue.map_or_else(|| "late".to_owned(), |due| viewer.days.late(due))),
            is_asked: asked.is_some(),
            asked: asked
                .unwrap_or(if view.card { "" } else { "Nothing is asked of you now." })
                .to_owned(),
        }
    }
}

fn state(viewer: &Viewer, view: &LoopView) -> String {
    let stands = words::state(view.state, view.unconfirmed, &view.schools, viewer);
    if view.schools_count > 1 {
        return format!("{stands}, {}", counted(view.schools_count, "school", "schools"));
    }
    stands
}

fn who(view: &LoopView) -> String {
    let department = view.department_name.as_deref().unwrap_or("the department");
    match view.state {
        LoopState::Closed if view.unconfirmed => {
            format!(
                "{} answered, and nobody at the school said whether it works.",
                words::raised(department)
            )
        }
        LoopState::Closed if view.schools_count > 1 => {
            "This is closed: the schools in it said that it works.".to_owned()
        }
        LoopState::Closed => "This is closed: the school said that it works.".to_owned(),
        LoopState::Declined => format!("{} declined this, with a reason.", words::raised(department)),
        LoopState::Withdrawn => "The school took this back.".to_owned(),
        LoopState::Filed
        | LoopState::Triage
        | LoopState::Routed
        | LoopState::Acknowledged
        | LoopState::WaitingForSchool
        | LoopState::WaitingForState
        | LoopState::Reopened
        | LoopState::Proposed => words::has_this(view.holder.code(), &view.holder_words),
    }
}

/// When the next word comes: as a promise to a school, as a duty to the office.
fn when(viewer: &Viewer, view: &LoopView) -> String {
    let days = &viewer.days;
    if let Some(ended) = view.ended_at.filter(|_| view.state.is_end()) {
        let review = view.decline.as_ref().and_then(|decline| decline.review_on);
        let again = review.map_or(String::new(), |day| {
            format!(" It will be looked at again on {}.", days.full(day))
        });
        return format!("It ended on {}.{again}", days.full(days.day(ended)));
    }
    if let Some(clock) = view.clocks.iter().find(|clock| clock.paused_because.is_some()) {
        let since = clock
            .paused_since
            .map_or(String::new(), |since| format!(" since {}", days.long(days.day(since))));
        return format!(
            "The clocks have stood still{since}: {}.",
            clock.paused_because.as_deref().unwrap_or("paused")
        );
    }
    let due = [
        (Clock::Acknowledge, view.due.acknowledge),
        (Clock::NextWord, view.due.next_word),
        (Clock::Resolve, view.due.resolve),
    ];
    let next = due
        .into_iter()
        .filter_map(|(clock, due)| due.map(|due| (due, clock)))
        .min();
    match next {
        Some((due, clock)) if due < days.today => missed(days, clock, due),
        Some((due, clock)) if !viewer.is_promised() => duty(days, clock, due, view.due.resolve),
        Some((due, clock)) => promise(days, clock, due, view.due.resolve),
        None => match view.state {
            LoopState::Proposed => "It stays open until the school says whether it works.".to_owned(),
            LoopState::Filed => "You will see here in a moment when you will hear.".to_owned(),
            LoopState::Triage => "As soon as a department has it, you will see here when you will hear.".to_owned(),
            LoopState::Routed
            | LoopState::Acknowledged
            | LoopState::WaitingForSchool
            | LoopState::WaitingForState
            | LoopState::Reopened
            | LoopState::Closed
            | LoopState::Declined
            | LoopState::Withdrawn => "No date is running.".to_owned(),
        },
    }
}

fn missed(days: &Days, clock: Clock, due: chrono::NaiveDate) -> String {
    let what = match clock {
        Clock::Acknowledge => "A first word",
        Clock::NextWord => "The next word to the school",
        Clock::Resolve => "An answer",
    };
    format!("{what} was due on {}.", days.full(due))
}

fn duty(days: &Days, clock: Clock, due: chrono::NaiveDate, resolve: Option<chrono::NaiveDate>) -> String {
    let first = match clock {
        Clock::Acknowledge => "The school is to hear a first word by",
        Clock::NextWord => "The school is to hear from you again by",
        Clock::Resolve => return format!("An answer is due by {}.", days.full(due)),
    };
    format!("{first} {}{}.", days.full(due), then(days, due, resolve))
}

fn promise(days: &Days, clock: Clock, due: chrono::NaiveDate, resolve: Option<chrono::NaiveDate>) -> String {
    match clock {
        Clock::Acknowledge | Clock::NextWord => {
            format!("You will hear by {}{}.", days.full(due), then(days, due, resolve))
        }
        Clock::Resolve => format!("You will have an answer by {}.", days.full(due)),
    }
}

fn then(days: &Days, due: chrono::NaiveDate, resolve: Option<chrono::NaiveDate>) -> String {
    let later = resolve.filter(|resolve| *resolve > due);
    later.map_or(String::new(), |resolve| {
        format!(", with an answer by {}", days.long(resolve))
    })
}

/// What is asked of this person: the first thing of what they may do that the loop waits for.
fn asked(view: &LoopView) -> Option<&'static str> {
    let may = |action: Action| view.actions.iter().any(|slug| slug == action.slug());
    if may(Action::Confirm) {
        Some("You are asked: did this work in your school?")
    } else if may(Action::Answer) {
        Some("You are asked a question.")
    } else if may(Action::Route) {
        Some("You are asked to say which department gets this.")
    } else if may(Action::DecideEscalation) {
        Some("You are asked to decide.")
    } else if may(Action::DecideTeam) {
        Some("Your team is asked to decide.")
    } else if may(Action::Acknowledge) {
        Some("You are asked for a first word to the school.")
    } else if may(Action::StateAnswer) {
        Some("You are asked to record what the state says, when it does.")
    } else if may(Action::FollowUp) && view.schools.iter().any(|school| school.follow_up_asked) {
        Some("You are asked whether it still works.")
    } else if may(Action::Propose) && !view.paused && view.state != LoopState::Proposed {
        Some("You are asked for an answer.")
    } else if view.card && may(Action::Join) {
        Some("If it meets your school too, join: the more schools, the sooner a rule changes.")
    } else {
        None
    }
}

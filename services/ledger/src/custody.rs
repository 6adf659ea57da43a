//! What people do with the record of one loop: erase words, hold them, contest them.

use ::domain::{Fold, Loop, Pattern, Rejection};
use std::collections::BTreeSet;

use contracts::Action;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::custody::{ErasedText, TextPlace, Withheld};
use contracts::events::record::WordsOf;
use contracts::events::{CustodyEvent, LoopEvent, PatternEvent};
use contracts::ids::{DisclosureId, LoopNumber, PatternId};
use contracts::problem::Problem;
use contracts::sealed::{Sealed, texts_in};
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::KeepsWords;
use decider::{Decide, Desk, Guard, History, Opened};

use crate::{domain, words};

/// Texts erased by one command: their event has to fit into a message.
pub(crate) const TEXTS_MAX: usize = 120;
/// Names every text that was written in a loop: what others are answered with too has to be named.
pub(crate) const ALL: &str = "all";

/// Carries one command on the record of a loop out.
pub async fn handle(desk: &Desk, verb: &str, message: &CommandMessage) -> Result<Done, Problem> {
    let answer = carry_out(desk, verb, message).await;
    desk.as_before(message, answer).await
}

async fn carry_out(desk: &Desk, verb: &str, message: &CommandMessage) -> Result<Done, Problem> {
    let body = message.body.get();
    match Action::from_slug(verb) {
        Some(Action::Erase) => erase(desk, message, &read_body(body)?).await,
        Some(Action::Hold) => {
            let body: wire::Hold = read_body(body)?;
            let opened = desk.open(message).await?;
            let why = desk.seal(&body.why).await?;
            act(desk, message, opened, Action::Hold, &domain::Hold { why }).await
        }
        Some(Action::LiftHold) => {
            let body: wire::LiftHold = read_body(body)?;
            let opened = desk.open(message).await?;
            let why = desk.seal_some(body.why.as_ref()).await?;
            act(
                desk,
                message,
                opened,
                Action::LiftHold,
                &domain::LiftHold { hold: body.hold, why },
            )
            .await
        }
        Some(Action::Contest) => contest(desk, message, &read_body(body)?).await,
        Some(Action::Disclose) => disclose(desk, message, &read_body(body)?).await,
        Some(_) | None => Err(Problem::not_found("such command")),
    }
}

/// A text of a loop, where it stands.
#[derive(Debug, Clone)]
struct Text {
    place: TextPlace,
    sealed: Sealed,
    /// The pattern whose decision it was taken over from: the same words answer other loops.
    pattern: Option<PatternId>,
    /// Whether it cannot be erased.
    stays: bool,
}

/// Every text of a loop, in the order in which they were written.
fn texts(recorded: &[contracts::Recorded]) -> Vec<Text> {
    let mut texts = Vec::new();
    for event in recorded {
        let read = Loop::read(&event.envelope).ok();
        let stays = read.as_ref().is_some_and(LoopEvent::keeps_its_words);
        let pattern = read.and_then(|event| event.taken_over_from());
        let data = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
        texts.extend(texts_in(&data).into_iter().map(|(field, sealed)| Text {
            place: TextPlace {
                event: event.sequence,
                field,
            },
            sealed,
            pattern,
            stays,
        }));
    }
    texts
}

/// A place as people write it: `1042/barrier`.
pub(crate) fn written(place: &TextPlace) -> String {
    format!("{}/{}", place.event, place.field)
}

async fn erase(desk: &Desk, message: &CommandMessage, body: &wire::Erase) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    desk.permits(&opened, message, Action::Erase)?;
    if body.texts.is_empty() {
        return Err(Problem::invalid_field("texts", "say which are to be erased"));
    }
    let mut all = texts(opened.recorded());
    all.retain(|text| !text.stays);
    let names = desk.districts.names(&message.district);
    let mut chosen: Vec<&Text> = Vec::new();
    for named in &body.texts {
        let found: Vec<&Text> = all
            .iter()
            .filter(|text| (named.as_str() == ALL && text.pattern.is_none()) || written(&text.place) == *named)
            .collect();
        if found.is_empty() {
            let named = named.chars().take(80).collect();
            return Err(Rejection::NoSuchText { named }.problem(&names));
        }
        chosen.extend(found);
    }
    chosen.sort_by(|one, other| one.place.cmp(&other.place));
    chosen.dedup_by(|one, other| one.place == other.place);
    chosen.retain(|text| opened.record().custody.erasure(text.sealed.key).is_none());
    let patterns: BTreeSet<PatternId> = chosen.iter().filter_map(|text| text.pattern).collect();
    for pattern in patterns {
        none_is_held(desk, message, pattern).await?;
    }
    let keys = chosen.iter().map(|text| text.sealed.key).collect();
    let entries = words::entries_of(opened.recorded(), &message.district);
    words::none_beside_is_held(desk, message, entries, &keys).await?;
    if chosen.len() > TEXTS_MAX {
        return Err(Problem::invalid_field(
            "texts",
            format!("these are {} texts; name at most {TEXTS_MAX} at once", chosen.len()),
        ));
    }
    let command = domain::Erase {
        ground: body.ground,
        why: desk.seal(&body.why).await?,
        texts: chosen
            .into_iter()
            .map(|text| ErasedText {
                place: text.place.clone(),
                key: text.sealed.key,
                commitment: text.sealed.commitment.clone(),
            })
            .collect(),
    };
    act(desk, message, opened, Action::Erase, &command).await
}

/// Words that answer several loops go from all of them: none of these may be held.
pub(crate) async fn none_is_held(desk: &Desk, message: &CommandMessage, pattern: PatternId) -> Result<(), Problem> {
    let of = WordsOf {
        of: KeepsWords::Pattern,
        id: pattern.0,
    };
    if words::held_since(desk, &message.district, of).await?.is_some() {
        return Err(words::held_beside("the pattern that several loops were answered by"));
    }
    let away = |failure: decider::Failure<()>| failure.problem(|()| Problem::not_found("pattern"));
    let subject = Subject::new(&message.district, Thing::Pattern, pattern.0);
    let history: History<Pattern> = History::read(&*desk.log, &subject).await.map_err(away)?;
    let mut answered = BTreeSet::new();
    for event in history.recorded() {
        if let Ok(PatternEvent::PolicyRevisionDecided(decided)) = PatternEvent::read(&event.envelope) {
            answered.extend(decided.answers);
        }
    }
    for id in answered {
        let subject = Subject::of_loop(&message.district, id);
        let history: History<Loop> = History::read(&*desk.log, &subject).await.map_err(away)?;
        let held = history
            .state()
            .record()
            .and_then(|record| record.custody.holds.values().min().copied());
        if let Some(since) = held {
            return Err(Rejection::HeldElsewhere {
                number: LoopNumber::of(id),
                since,
            }
            .problem(&desk.districts.names(&message.district)));
        }
    }
    Ok(())
}

async fn disclose(desk: &Desk, message: &CommandMessage, body: &wire::Disclose) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    desk.permits(&opened, message, Action::Disclose)?;
    let all = texts(opened.recorded());
    let names = desk.districts.names(&message.district);
    if body.withhold.len() > TEXTS_MAX {
        return Err(Problem::invalid_field(
            "texts",
            format!("at most {TEXTS_MAX} texts of one loop can be kept back"),
        ));
    }
    let mut withheld: Vec<Withheld> = Vec::new();
    for asked in &body.withhold {
        let text = all
            .iter()
            .find(|text| written(&text.place) == asked.text)
            .ok_or_else(|| {
                let named = asked.text.chars().take(80).collect();
                Rejection::NoSuchText { named }.problem(&names)
            })?;
        if withheld.iter().all(|one| one.place != text.place) {
            withheld.push(Withheld {
                place: text.place.clone(),
                ground: asked.ground,
            });
        }
    }
    let command = domain::Disclose {
        disclosure: body.disclosure.unwrap_or(DisclosureId(message.id.0)),
        form: body.form,
        to: desk.seal(&body.to).await?,
        up_to: opened.recorded().last().map_or(0, |event| event.sequence),
        withheld,
    };
    act(desk, message, opened, Action::Disclose, &command).await
}

async fn contest(desk: &Desk, message: &CommandMessage, body: &wire::Contest) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let command = domain::Contest {
        text: desk.seal(&body.text).await?,
        on_behalf_of: desk.seal_some(body.on_behalf_of.as_ref()).await?,
        about: body.about,
        is_of_it: {
            let mut heard = opened
                .recorded()
                .iter()
                .filter(|event| opened.is_heard_of(message, event));
            heard.any(|event| Some(event.sequence) == body.about)
        },
    };
    act(desk, message, opened, Action::Contest, &command).await
}

async fn act<C>(
    desk: &Desk,
    message: &CommandMessage,
    opened: Opened,
    action: Action,
    command: &C,
) -> Result<Done, Problem>
where
    C: Decide<Loop, Event = CustodyEvent, Rejection = Rejection> + Sync,
{
    desk.carry_out(opened, message, &Guard { action, school: None }, command)
        .await
}

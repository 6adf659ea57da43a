//! Words that stand beside the loops: in the register, in patterns, requests and reviews, and people's names. They are
//! erased, held and released like those of a loop, each thing by a record of its own.

use std::collections::{BTreeMap, BTreeSet};

use ::domain::district_loop::said_erased;
use ::domain::{Calendar, Fold, Rejection};
use chrono::{DateTime, Utc};
use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::envelope::{Actor, Envelope, Meta, Recorded};
use contracts::events::custody::{ErasedText, TextPlace};
use contracts::events::record::{WordsErased, WordsHeld, WordsOf, WordsReleased};
use contracts::events::{DirectoryEvent, RecordEvent, WaiverEvent};
use contracts::ids::{CommandId, District, EventId, FlexibilityId, PatternId};
use contracts::problem::Problem;
use contracts::queries::{HoldView, WordsGone, WordsQuery, WordsText, WordsView};
use contracts::sealed::{KeyId, Sealed, texts_in};
use contracts::subjects::{Subject, Thing};
use contracts::versions::{Unreadable, parse_type};
use contracts::vocabulary::{DisabledBecause, ErasureGround, KeepsWords, Role, WordsDeed};
use decider::{Decide, Desk, Failure, History, Target, as_before, execute};
use messaging::People;
use sealing::SealingError;
use serde::Deserialize;

use crate::custody::{ALL, TEXTS_MAX, none_is_held, written};
use crate::domain::which_hold;

/// What became of the words of one thing.
#[derive(Debug, Clone, Default)]
struct Kept {
    holds: BTreeMap<EventId, DateTime<Utc>>,
    erased: Vec<Gone>,
}

#[derive(Debug, Clone)]
struct Gone {
    at: DateTime<Utc>,
    by: Actor,
    ground: ErasureGround,
    keys: BTreeSet<KeyId>,
    texts: u32,
}

impl Kept {
    fn erasure(&self, key: KeyId) -> Option<&Gone> {
        self.erased.iter().find(|gone| gone.keys.contains(&key))
    }
}

impl Fold for Kept {
    type Event = RecordEvent;

    fn read(envelope: &Envelope) -> Result<RecordEvent, Unreadable> {
        RecordEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &RecordEvent) {
        match event {
            RecordEvent::WordsErased(erased) => self.erased.push(Gone {
                at: meta.time,
                by: meta.actor.clone(),
                ground: erased.ground,
                keys: erased.texts.iter().map(|text| text.key).collect(),
                texts: u32::try_from(erased.texts.len()).unwrap_or(u32::MAX),
            }),
            RecordEvent::WordsHeld(_) => {
                self.holds.insert(meta.id, meta.time);
            }
            RecordEvent::WordsReleased(released) => {
                self.holds.remove(&released.hold);
            }
            RecordEvent::DamageFound(_)
            | RecordEvent::SigningKeyChanged(_)
            | RecordEvent::RecordRead(_)
            | RecordEvent::RecordExported(_)
            | RecordEvent::CheckpointKept(_) => {}
        }
    }
}

/// What is done to the words of a thing.
#[derive(Debug, Clone)]
enum Deed {
    Erase {
        ground: ErasureGround,
        why: Sealed,
        texts: Vec<ErasedText>,
    },
    Hold {
        why: Sealed,
    },
    Release {
        hold: Option<EventId>,
        why: Option<Sealed>,
    },
}

struct Act {
    of: WordsOf,
    deed: Deed,
}

impl Decide<Kept> for Act {
    type Event = RecordEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Kept, _: DateTime<Utc>) -> Result<Option<RecordEvent>, Rejection> {
        let of = self.of;
        Ok(Some(match &self.deed {
            Deed::Erase { ground, why, texts } => {
                if let Some(since) = state.holds.values().min() {
                    return Err(Rejection::Held { since: *since });
                }
                let standing = texts.iter().filter(|text| state.erasure(text.key).is_none());
                let texts: Vec<ErasedText> = standing.cloned().collect();
                if texts.is_empty() {
                    return Err(Rejection::AlreadyErased);
                }
                WordsErased {
                    of,
                    ground: *ground,
                    why: why.clone(),
                    texts,
                }
                .into()
            }
            Deed::Hold { why } => WordsHeld { of, why: why.clone() }.into(),
            Deed::Release { hold, why } => WordsReleased {
                of,
                hold: which_hold(*hold, &state.holds)?,
                why: why.clone(),
            }
            .into(),
        }))
    }
}

/// Where the record speaks of the words of a thing.
fn spoken_of(district: &District, of: WordsOf) -> Subject {
    let id = CommandId::derived(&["words", district.as_str(), of.of.code(), &of.id.to_string()]);
    Subject::new(district, Thing::Record, id.0)
}

/// Where the words themselves stand.
fn stand(district: &District, of: WordsOf) -> Subject {
    let thing = match of.of {
        KeepsWords::Flexibility => Thing::Flexibility,
        KeepsWords::Pattern => Thing::Pattern,
        KeepsWords::Waiver => Thing::Waiver,
        KeepsWords::Review => Thing::Review,
        KeepsWords::Person => Thing::Person,
    };
    Subject::new(district, thing, of.id)
}

/// A text, where it stands.
#[derive(Debug, Clone)]
struct Text {
    place: TextPlace,
    sealed: Sealed,
    kind: String,
    time: DateTime<Utc>,
    /// Whether a policy wrote it, and so took it over from where somebody did.
    taken_over: bool,
}

/// Every event of a thing that has words, and every text of it in the order in which they were written.
async fn texts(desk: &Desk, district: &District, of: WordsOf) -> Result<(Vec<Recorded>, Vec<Text>), Problem> {
    let away = |_| Problem::unavailable("the record cannot be reached for a moment; nothing was lost");
    let raws = desk.log.load(&stand(district, of), 0, 0).await.map_err(away)?;
    let recorded: Vec<Recorded> = raws.iter().filter_map(|raw| raw.parse().ok()).collect();
    if recorded.is_empty() {
        return Err(Problem::not_found("thing"));
    }
    let mut texts = Vec::new();
    for event in &recorded {
        let data = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
        let kind = parse_type(&event.envelope.event_type).map_or("", |(_, name, _)| name);
        texts.extend(texts_in(&data).into_iter().map(|(field, sealed)| Text {
            place: TextPlace {
                event: event.sequence,
                field,
            },
            sealed,
            kind: kind.to_owned(),
            time: event.envelope.time,
            // People are known by rosters, which no person wrote here.
            taken_over: of.of != KeepsWords::Person && event.envelope.actor.person().is_none(),
        }));
    }
    Ok((recorded, texts))
}

/// Since when nothing of a thing beside the loops may be erased.
pub(crate) async fn held_since(
    desk: &Desk,
    district: &District,
    of: WordsOf,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let history: Result<History<Kept>, Failure<()>> = History::read(&*desk.log, &spoken_of(district, of)).await;
    let history = history.map_err(|failure| failure.problem(|()| Problem::not_found("page")))?;
    Ok(history.state().holds.values().min().copied())
}

/// What stands in the register from these events, or is cited there: entries they name, and what an answer of a loop asked
/// the state for.
pub(crate) fn entries_of(recorded: &[Recorded], district: &District) -> BTreeSet<FlexibilityId> {
    let mut entries = BTreeSet::new();
    for event in recorded {
        let data: serde_json::Value = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
        let named: Option<FlexibilityId> = data["flexibility"].as_str().and_then(|id| id.parse().ok());
        entries.extend(named);
        if let Ok(WaiverEvent::StateWaiverDrafted(drafted)) = WaiverEvent::read(&event.envelope) {
            entries.insert(FlexibilityId::promised(district, drafted.loop_id, drafted.revision));
        }
    }
    entries
}

/// What stands in the register from elsewhere stands there under the same keys: a hold there holds these words too.
pub(crate) async fn none_beside_is_held(
    desk: &Desk,
    message: &CommandMessage,
    entries: BTreeSet<FlexibilityId>,
    keys: &BTreeSet<KeyId>,
) -> Result<(), Problem> {
    for id in entries {
        let of = WordsOf {
            of: KeepsWords::Flexibility,
            id: id.0,
        };
        if held_since(desk, &message.district, of).await?.is_none() {
            continue;
        }
        let (_, theirs) = texts(desk, &message.district, of).await?;
        if theirs.iter().any(|text| keys.contains(&text.sealed.key)) {
            return Err(held_beside("what stands in the register"));
        }
    }
    Ok(())
}

/// A hold on something that has the same words.
pub(crate) fn held_beside(what: &str) -> Problem {
    Problem::conflict(
        "held",
        format!("the same words stand in {what}, on which an auditor placed a hold; it has to be lifted first"),
    )
}

/// Whether somebody may still come in as this person: of whoever may, the name stays. Whoever a roster still names would be
/// taken in from it anew, as somebody else whom nobody has disabled.
fn is_here(recorded: &[Recorded]) -> bool {
    let (mut by_hand, mut left, mut in_roster) = (false, false, false);
    for event in recorded {
        match DirectoryEvent::read(&event.envelope) {
            Ok(DirectoryEvent::PersonDisabled(disabled)) => match disabled.because {
                DisabledBecause::ByHand => by_hand = true,
                DisabledBecause::LeftRoster => left = true,
            },
            Ok(DirectoryEvent::PersonEnabled(_)) => by_hand = false,
            Ok(DirectoryEvent::PersonRostered(rostered)) => {
                (left, in_roster) = (rostered.disabled, rostered.roles.is_some());
            }
            Ok(_) | Err(_) => {}
        }
    }
    !left && (in_roster || !by_hand)
}

/// Whoever asks, where they hold the role.
fn by(message: &CommandMessage, role: Role) -> Result<&Claims, Problem> {
    match &message.authority {
        Authority::Person(claims) if claims.district == message.district && claims.has(role) => Ok(claims),
        Authority::Person(_) | Authority::Policy { .. } => Err(Problem::forbidden(format!(
            "this is for those who are: {}; ask one of them",
            role.label().to_lowercase()
        ))),
    }
}

/// Whose words a command is about: each says it.
#[derive(Deserialize)]
struct Whose {
    of: KeepsWords,
}

/// Carries one command on the words of a thing out.
pub(crate) async fn handle(desk: &Desk, deed: WordsDeed, message: &CommandMessage) -> Result<Done, Problem> {
    let Whose { of } = read_body(message.body.get())?;
    let of = WordsOf { of, id: message.thing };
    let answer = carry_out(desk, deed, message, of).await;
    as_before(&*desk.log, &spoken_of(&message.district, of), message, answer).await
}

async fn carry_out(desk: &Desk, deed: WordsDeed, message: &CommandMessage, of: WordsOf) -> Result<Done, Problem> {
    let body = message.body.get();
    by(
        message,
        match deed {
            WordsDeed::Erase => Role::Contact,
            WordsDeed::Hold | WordsDeed::Release => Role::Auditor,
        },
    )?;
    let (recorded, all) = texts(desk, &message.district, of).await?;
    let deed = match deed {
        WordsDeed::Erase => {
            let body: wire::EraseWords = read_body(body)?;
            if of.of == KeepsWords::Person && is_here(&recorded) {
                return Err(Problem::conflict(
                    "still-here",
                    "whoever may still come in keeps their name: take them out of the roster first, or disable them where no roster \
                     names them",
                ));
            }
            // What is decided about a pattern answers loops, and stands in the register.
            if of.of == KeepsWords::Pattern {
                none_is_held(desk, message, PatternId(of.id)).await?;
            }
            let history: Result<History<Kept>, Failure<()>> =
                History::read(&*desk.log, &spoken_of(&message.district, of)).await;
            let history = history.map_err(|failure| failure.problem(|()| Problem::not_found("page")))?;
            let chosen = chosen(desk, message, of, &body.texts, &all, history.state())?;
            let keys = chosen.iter().map(|text| text.key).collect();
            none_beside_is_held(desk, message, entries_of(&recorded, &message.district), &keys).await?;
            Deed::Erase {
                ground: body.ground,
                why: desk.seal(&body.why).await?,
                texts: chosen,
            }
        }
        WordsDeed::Hold => {
            let body: wire::HoldWords = read_body(body)?;
            Deed::Hold {
                why: desk.seal(&body.why).await?,
            }
        }
        WordsDeed::Release => {
            let body: wire::ReleaseWords = read_body(body)?;
            Deed::Release {
                hold: body.hold,
                why: desk.seal_some(body.why.as_ref()).await?,
            }
        }
    };
    act(desk, message, Act { of, deed }).await
}

/// Words that somebody wrote elsewhere are erased there.
fn taken_over_from_elsewhere() -> Problem {
    Problem::conflict(
        "taken-over",
        "these words were taken over from where somebody wrote them; erase them there, and they are gone here too",
    )
}

/// The texts that were named.
fn chosen(
    desk: &Desk,
    message: &CommandMessage,
    of: WordsOf,
    named: &[String],
    all: &[Text],
    kept: &Kept,
) -> Result<Vec<ErasedText>, Problem> {
    if named.is_empty() {
        return Err(Problem::invalid_field("texts", "say which are to be erased"));
    }
    // A name that stands in one event and not in another would be half a person.
    if of.of == KeepsWords::Person && named.iter().any(|one| one != ALL) {
        return Err(Problem::invalid_field("texts", "of a person all go together: say all"));
    }
    let mut chosen: BTreeMap<TextPlace, &Text> = BTreeMap::new();
    for one in named {
        let found: Vec<&Text> = all
            .iter()
            .filter(|text| (one == ALL && !text.taken_over) || written(&text.place) == *one)
            .collect();
        if found.is_empty() && one != ALL {
            let named = one.chars().take(80).collect();
            return Err(Rejection::NoSuchText { named }.problem(&desk.districts.names(&message.district)));
        }
        if found.iter().any(|text| text.taken_over) {
            return Err(taken_over_from_elsewhere());
        }
        chosen.extend(found.into_iter().map(|text| (text.place.clone(), text)));
    }
    chosen.retain(|_, text| kept.erasure(text.sealed.key).is_none());
    let taken_over = |text: &Text| text.taken_over && kept.erasure(text.sealed.key).is_none();
    if chosen.is_empty() && named.iter().any(|one| one == ALL) && all.iter().any(taken_over) {
        return Err(taken_over_from_elsewhere());
    }
    if of.of != KeepsWords::Person && chosen.len() > TEXTS_MAX {
        return Err(Problem::invalid_field(
            "texts",
            format!("these are {} texts; name at most {TEXTS_MAX} at once", chosen.len()),
        ));
    }
    // Of somebody who was named more often than one event can say, what was said last goes first, and the rest with the
    // next one.
    let texts = chosen.into_values().rev().take(TEXTS_MAX).map(|text| ErasedText {
        place: text.place.clone(),
        key: text.sealed.key,
        commitment: text.sealed.commitment.clone(),
    });
    Ok(texts.collect())
}

async fn act(desk: &Desk, message: &CommandMessage, act: Act) -> Result<Done, Problem> {
    let explain = |rejection: Rejection| rejection.problem(&desk.districts.names(&message.district));
    let subject = spoken_of(&message.district, act.of);
    let history: Result<History<Kept>, Failure<Rejection>> = History::read(&*desk.log, &subject).await;
    let mut history = history.map_err(|failure| failure.problem(explain))?;
    let target = Target {
        log: &*desk.log,
        subject,
        now: desk.clock.now(),
    };
    execute(&target, &mut history, message, &act)
        .await
        .map_err(|failure| failure.problem(explain))
}

/// The words of a thing, one by one, and what was done to them.
pub(crate) async fn view(
    desk: &Desk,
    people: &dyn People,
    viewer: Claims,
    query: WordsQuery,
) -> Result<WordsView, Problem> {
    let (erases, holds) = (viewer.has(Role::Contact), viewer.has(Role::Auditor));
    if !erases && !holds {
        return Err(Problem::not_found("page"));
    }
    let of = WordsOf {
        of: query.of,
        id: query.id,
    };
    let (recorded, all) = texts(desk, &viewer.district, of).await?;
    let stays = of.of == KeepsWords::Person && is_here(&recorded);
    let subject = spoken_of(&viewer.district, of);
    let history: Result<History<Kept>, Failure<()>> = History::read(&*desk.log, &subject).await;
    let history = history.map_err(|failure| failure.problem(|()| Problem::not_found("page")))?;
    let kept = history.state();
    let calendar: Calendar = desk
        .districts
        .with(&viewer.district, ::domain::directory::DistrictRecord::calendar)
        .unwrap_or_default();
    let mut erased = Vec::new();
    let mut said = BTreeMap::new();
    for gone in &kept.erased {
        let known = match gone.by.person() {
            Some(person) => people.person(&viewer.district, person).await.ok().flatten(),
            None => None,
        };
        let by = known.map_or_else(|| "somebody".to_owned(), |claims| claims.name);
        for key in &gone.keys {
            said.entry(*key)
                .or_insert_with(|| said_erased(gone.at, &calendar, Some(&by)));
        }
        erased.push(WordsGone {
            at: gone.at,
            by,
            ground: gone.ground,
            texts: gone.texts,
        });
    }
    let mut shown = Vec::new();
    for text in all {
        let opened = match said.get(&text.sealed.key) {
            Some(said) => Err(said.clone()),
            None => match desk.keyring.open(&text.sealed).await {
                Ok(words) => Ok(words),
                // Erased where else it stands.
                Err(SealingError::Erased(_)) => Err(sealing::ERASED.to_owned()),
                Err(SealingError::NotOpened(_)) => Ok("[unreadable]".to_owned()),
                Err(SealingError::Unavailable(_)) => {
                    return Err(Problem::unavailable(
                        "the words cannot be opened for a moment; nothing was lost",
                    ));
                }
            },
        };
        shown.push(WordsText {
            text: written(&text.place),
            kind: text.kind,
            time: text.time,
            taken_over: text.taken_over,
            erased: opened.is_err(),
            words: opened.unwrap_or_else(|said| said),
        });
    }
    let mut offers = Vec::new();
    if erases && !stays && kept.holds.is_empty() && shown.iter().any(|text| !text.erased && !text.taken_over) {
        offers.push(WordsDeed::Erase);
    }
    if holds {
        offers.push(WordsDeed::Hold);
    }
    if holds && !kept.holds.is_empty() {
        offers.push(WordsDeed::Release);
    }
    Ok(WordsView {
        of: query.of,
        id: query.id,
        texts: shown,
        holds: kept
            .holds
            .iter()
            .map(|(id, since)| HoldView { id: *id, since: *since })
            .collect(),
        erased,
        offers: offers.into_iter().map(|deed| deed.code().to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use decider::given;
    use domain::samples::{person, sealed};

    fn act(deed: Deed) -> Act {
        let of = KeepsWords::Flexibility;
        Act {
            of: WordsOf {
                of,
                id: CommandId::derived(&["x"]).0,
            },
            deed,
        }
    }

    /// Words under a key of their own.
    fn text(slot: u8) -> Sealed {
        let mut text = sealed("words");
        text.key.slot = slot;
        text
    }

    fn erase(slot: u8) -> Act {
        let text = text(slot);
        let place = TextPlace {
            event: 1,
            field: "title".to_owned(),
        };
        act(Deed::Erase {
            ground: ErasureGround::NamesStudent,
            why: sealed("asked by a parent"),
            texts: vec![ErasedText {
                place,
                key: text.key,
                commitment: text.commitment,
            }],
        })
    }

    #[test]
    fn nothing_is_erased_while_it_is_held_nor_twice() {
        let hold = act(Deed::Hold { why: sealed("h") });
        let release = |hold| act(Deed::Release { hold, why: None });
        let spec = given::<Kept>().done(&person("ian"), &hold);
        let since = *spec.state().holds.values().next().expect("a hold");
        assert_eq!(spec.when(&erase(1)).err(), Some(Rejection::Held { since }));
        let spec = spec.done(&person("ian"), &hold);
        assert_eq!(spec.when(&release(None)).err(), Some(Rejection::SayWhichHold));
        let first = *spec.state().holds.keys().next().expect("one");
        let spec = spec.done(&person("ian"), &release(Some(first)));
        assert_eq!(spec.when(&release(Some(first))).err(), Some(Rejection::NoSuchHold));
        let spec = spec
            .done(&person("ian"), &release(None))
            .done(&person("june"), &erase(1));
        assert!(spec.state().erasure(text(1).key).is_some());
        assert_eq!(spec.when(&erase(1)).err(), Some(Rejection::AlreadyErased));
        assert!(spec.when(&erase(2)).is_ok_and(|event| event.is_some()));
    }
}

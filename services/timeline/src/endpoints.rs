//! Timeline's endpoints: wait until the read model reflects what it must, answer, cut to what the viewer may see.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc};
use contracts::Claims;
use contracts::envelope::Actor;
use contracts::events::LoopEvent;
use contracts::ids::{DepartmentId, EventId, LoopId, LoopNumber, PersonId, SchoolId};
use contracts::problem::{FieldProblem, Problem};
use contracts::queries::{
    Answered, AsOf, Ask, Bar, Change, ChangesQuery, EntriesQuery, Entry, EntryText, KnownAt, LateWith, LoopQuery,
    LoopRow, LoopView, LoopsQuery, Month, OpenWith, PAGE_MAX, Page, Picture, PictureQuery, Sort, Summary, Told, Trend,
    TrendQuery,
};
use contracts::vocabulary::{Grouping, LoopState, Role};
use domain::authority::{Sight, sight};
use messaging::Incoming;
use projection::Model;
use sealing::open_json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dry_run::dry_run;
use crate::names::Names;
use crate::read_model::{self, LoopDbRow};
use crate::summaries::summarise;
use crate::views::{self, Shown};
use crate::{Timeline, past};

/// How long a question waits for the read model to reflect what it must.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Answers one question.
pub(crate) async fn answer(timeline: &Timeline, incoming: &Incoming) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "loops" => reply(timeline, incoming, loops).await,
        "loop" => reply(timeline, incoming, one).await,
        "entries" => reply(timeline, incoming, entries).await,
        "changes" => reply(timeline, incoming, changes).await,
        "picture" => reply(timeline, incoming, picture).await,
        "trend" => reply(timeline, incoming, trend).await,
        "dry-run" => reply(timeline, incoming, dry_run).await,
        "open-with" => open_with(timeline, incoming).await,
        _ => Err(Problem::not_found("such question")),
    }
}

/// What an answer is made from.
pub(crate) struct Asked<Q> {
    pub(crate) viewer: Claims,
    pub(crate) query: Q,
    pub(crate) model: Model<read_model::Timeline>,
    names: Names,
    /// The day, or that of the past.
    today: NaiveDate,
    /// The moment, or that of the past.
    now: DateTime<Utc>,
    /// The read model of now, where the past is asked for: who may see something is judged by both.
    present: Option<Model<read_model::Timeline>>,
}

async fn reply<Q, A, F>(
    timeline: &Timeline,
    incoming: &Incoming,
    respond: impl FnOnce(Timeline, Asked<Q>) -> F,
) -> Result<Value, Problem>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Problem>>,
{
    let ask: Ask<Q> = incoming.read()?;
    // Held while answering, so that the tables are not exchanged under it.
    let running = timeline.model.read().await;
    let model = running.model.clone();
    if !model.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "what you ask for is still being written down; try again in a moment",
        ));
    }
    let position = model.position.get();
    let names = Names::new(&timeline.districts, &ask.viewer.district);
    let (mut model, mut present, mut now, mut as_of) = (model, None, timeline.clock.now(), None);
    if let Some(asked) = ask.as_of {
        let (known, past, moment) = in_the_past(timeline, &ask.viewer, &model, &names, asked).await?;
        present = Some(std::mem::replace(&mut model, past));
        now = moment.min(now);
        as_of = Some(known);
    }
    let asked = Asked {
        viewer: ask.viewer,
        query: ask.query,
        model,
        today: now.with_timezone(&names.zone()).date_naive(),
        names,
        now,
        present,
    };
    let answer = respond(timeline.clone(), asked).await?;
    drop(running);
    serde_json::to_value(Answered {
        position,
        as_of,
        answer,
    })
    .map_err(|_| Problem::unavailable("an answer could not be written"))
}

/// What was known at a moment of the past, for those who look after the whole district: the moment as it was found, the
/// read model, and the time to judge by.
async fn in_the_past(
    timeline: &Timeline,
    viewer: &Claims,
    present: &Model<read_model::Timeline>,
    names: &Names,
    as_of: AsOf,
) -> Result<(KnownAt, Model<read_model::Timeline>, DateTime<Utc>), Problem> {
    if !viewer.sees_the_past() {
        return Err(Problem::forbidden(
            "what was known at an earlier time is for the contact, leaders and auditors",
        ));
    }
    let calendar = names.calendar(u32::MAX);
    let known = past::find(&present.db, &viewer.district, as_of, |day| calendar.end_of(day)).await?;
    let source = past::Source {
        location: &timeline.location,
        log: &timeline.log,
        keyring: &timeline.keyring,
        erasures: present.model.erasures(),
        day: past::day(timeline.clock.now()),
    };
    let model = timeline.pasts.at(&source, &viewer.district, known).await?;
    let moment = match as_of {
        // The last moment of that day.
        AsOf::Day(day) => calendar.end_of(day) - chrono::TimeDelta::seconds(1),
        AsOf::Sequence(_) => known.at,
    };
    Ok((known, model, moment))
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
pub(crate) fn away(error: sqlx::Error) -> Problem {
    tracing::warn!(%error, "the timeline's database has trouble");
    Problem::unavailable("the timeline cannot be read for a moment; nothing was lost")
}

fn not_a_cursor() -> Problem {
    Problem::invalid(
        "cursor: is not one that a page gave out; begin without it",
        vec![FieldProblem {
            field: "cursor".to_owned(),
            message: "is not one that a page gave out".to_owned(),
        }],
    )
}

async fn loops(_: Timeline, asked: Asked<LoopsQuery>) -> Result<Page<LoopRow>, Problem> {
    let card = asked.query.joinable == Some(true);
    if card {
        only_by_what_cards_show(&asked.query)?;
    }
    let query = &asked.query;
    let schools = asked.names.meant(query.school, query.level, query.zone);
    let (found, next) = read_model::loops(&asked.model, &asked.viewer, query, schools.as_deref(), asked.today)
        .await
        .map_err(away)?
        .map_err(|_| not_a_cursor())?;
    let mut items = rows(&asked, &found, card).await?;
    let seen = seen_now(&asked, &found).await?;
    items.retain(|row| seen.contains(&row.id.0));
    Ok(Page { items, next })
}

/// Of these rows, the loops that the viewer may see now: of the past, some became confidential since.
async fn seen_now<Q>(asked: &Asked<Q>, found: &[LoopDbRow]) -> Result<BTreeSet<uuid::Uuid>, Problem> {
    let ids: Vec<uuid::Uuid> = found.iter().map(|row| row.id).collect();
    match &asked.present {
        Some(present) => read_model::seen_among(&present.db, &asked.viewer, &ids)
            .await
            .map_err(away),
        None => Ok(ids.into_iter().collect()),
    }
}

/// Cards are narrowed down only by what they show: anything else would say what they keep to themselves.
fn only_by_what_cards_show(query: &LoopsQuery) -> Result<(), Problem> {
    let hidden = [
        ("team", query.team.is_some()),
        ("holder", query.holder.is_some()),
        ("school", query.school.is_some()),
        ("level", query.level.is_some()),
        ("zone", query.zone.is_some()),
        ("department", query.department.is_some()),
        ("late", query.late.is_some()),
        ("sort", query.sort == Sort::Due),
    ];
    match hidden.into_iter().find(|(_, used)| *used) {
        Some((field, _)) => {
            let message = "does not go with joinable: a card does not show it".to_owned();
            Err(Problem::invalid(
                format!("{field}: {message}; narrow cards down by state, area or words of the title"),
                vec![FieldProblem {
                    field: field.to_owned(),
                    message,
                }],
            ))
        }
        None => Ok(()),
    }
}

async fn rows<Q>(asked: &Asked<Q>, found: &[LoopDbRow], card: bool) -> Result<Vec<LoopRow>, Problem> {
    let ids: Vec<uuid::Uuid> = found.iter().map(|row| row.id).collect();
    let schools = read_model::schools_of(&asked.model.db, &asked.viewer.district, &ids)
        .await
        .map_err(away)?;
    let assignees = found.iter().filter_map(|row| row.assignee).map(PersonId);
    let people = read_model::people(&asked.model.db, &asked.viewer.district, assignees)
        .await
        .map_err(away)?;
    let none = Vec::new();
    Ok(found
        .iter()
        .filter(|row| views::district_of(row).as_ref() == Some(&asked.viewer.district))
        .map(|row| {
            let schools = schools.get(&row.id).unwrap_or(&none);
            views::row(row, schools, &people, &asked.names, &asked.viewer, asked.today, card)
        })
        .collect())
}

/// A loop's record and how much of it the viewer sees; not there where they see nothing.
async fn seen<Q>(asked: &Asked<Q>, id: LoopId) -> Result<(domain::LoopRecord, Sight), Problem> {
    let folded = async |model: &Model<read_model::Timeline>| {
        let record = read_model::folded(&model.db, &asked.viewer.district, id).await;
        record.map_err(away)?.ok_or_else(|| Problem::not_found("loop"))
    };
    let sight_of = |record: &domain::LoopRecord| sight(&asked.viewer, &record.audience(&asked.viewer.district));
    let record = folded(&asked.model).await?;
    // What became confidential since is not shown as it was before.
    let at_most = match &asked.present {
        Some(present) => sight_of(&folded(present).await?),
        None => Sight::Office,
    };
    match sight_of(&record).min(at_most) {
        Sight::Nothing => Err(Problem::not_found("loop")),
        seen @ (Sight::Card | Sight::Loop | Sight::Office) => Ok((record, seen)),
    }
}

async fn one(timeline: Timeline, asked: Asked<LoopQuery>) -> Result<LoopView, Problem> {
    let id = asked.query.id;
    let (record, sight) = seen(&asked, id).await?;
    let people = read_model::people(&asked.model.db, &asked.viewer.district, views::people_in(&record))
        .await
        .map_err(away)?;
    let shown = Shown {
        id,
        record: &record,
        viewer: &asked.viewer,
        sight,
        names: &asked.names,
        people: &people,
        keyring: &timeline.keyring,
        now: asked.now,
    };
    let mut view = shown.view().await?;
    if asked.present.is_some() {
        // Nothing can be done in the past.
        view.actions.clear();
    }
    Ok(view)
}

async fn entries(timeline: Timeline, asked: Asked<EntriesQuery>) -> Result<Page<Entry>, Problem> {
    let (record, sight) = seen(&asked, asked.query.id).await?;
    if sight == Sight::Card {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    let after = match asked.query.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor.parse::<i64>().map_err(|_| not_a_cursor())?,
    };
    let limit = i64::from(asked.query.limit.unwrap_or(100).clamp(1, PAGE_MAX));
    let office = sight == Sight::Office;
    let mut found = read_model::entries(
        &asked.model.db,
        &asked.viewer.district,
        asked.query.id,
        after,
        limit + 1,
        office,
    )
    .await
    .map_err(away)?;
    let more = found.len() as i64 > limit;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|row| row.sequence.to_string());
    let actors = found
        .iter()
        .filter_map(|row| Actor::read(&row.actor))
        .filter_map(|actor| actor.person())
        .chain(found.iter().filter_map(|row| row.acting_for.map(PersonId)))
        .chain(views::people_in(&record));
    let people = read_model::people(&asked.model.db, &asked.viewer.district, actors)
        .await
        .map_err(away)?;
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let named = |id: PersonId| people.get(&id).cloned().unwrap_or_else(|| "Somebody".to_owned());
        let acting_for = row.acting_for.map(PersonId);
        let actor = match (Actor::read(&row.actor), acting_for) {
            (Some(Actor::Person(id)), Some(absent)) => format!("{}, for {}", named(id), named(absent)),
            (Some(Actor::Person(id)), None) => named(id),
            (Some(Actor::Policy(_)) | None, _) => "Loopline".to_owned(),
        };
        let mut data: Value = serde_json::from_str(&row.data).unwrap_or_default();
        let erased = |key| {
            let erasure = record.custody.erasure(key)?;
            Some(views::erased_words(erasure, &asked.names, &people))
        };
        let opened = open_json(&timeline.keyring, &mut data, erased)
            .await
            .map_err(|_| Problem::unavailable("the words cannot be opened for a moment; nothing was lost"))?;
        let event = serde_json::value::RawValue::from_string(row.data)
            .ok()
            .and_then(|data| LoopEvent::of(&row.event_type, &data).ok());
        let stays = event.as_ref().is_some_and(LoopEvent::keeps_its_words);
        let shared = event.is_some_and(|event| event.taken_over_from().is_some());
        let texts = opened.into_iter().map(|opened| EntryText {
            text: format!("{}/{}", row.sequence, opened.field),
            erased: record.custody.erasure(opened.key).is_some(),
            field: opened.field,
            words: opened.words,
            stays,
            shared,
        });
        let texts = texts.collect();
        let (summary, words) = summarise(&row.kind, &data, &actor, &asked.names);
        if !office && let Value::Object(fields) = &mut data {
            // Which texts were erased or kept back would tell that there are notes of the office.
            fields.remove("withheld");
            if row.kind == "erased" {
                fields.remove("texts");
            }
        }
        items.push(Entry {
            sequence: row.sequence.max(0).unsigned_abs(),
            id: EventId(row.id),
            time: row.time,
            kind: row.kind,
            actor,
            actor_id: row.actor,
            acting_for,
            summary,
            words,
            internal: row.internal == 1,
            data,
            texts,
        });
    }
    Ok(Page { items, next })
}

async fn changes(_: Timeline, asked: Asked<ChangesQuery>) -> Result<Vec<Change>, Problem> {
    let limit = asked.query.limit.clamp(1, 500);
    let found = read_model::changes(&asked.model.db, &asked.viewer, asked.query.after, limit)
        .await
        .map_err(away)?;
    Ok(found
        .into_iter()
        .map(|row| Change {
            sequence: row.sequence.max(0).unsigned_abs(),
            id: LoopId(row.id),
            number: LoopNumber::read(&row.number).unwrap_or_else(|| LoopNumber::of(LoopId(row.id))),
            kind: row.kind,
            state: LoopState::from_code(&row.state).unwrap_or(LoopState::Filed),
            time: row.time,
        })
        .collect())
}

/// Figures are for the district office, its leaders and auditors.
fn sees_figures(viewer: &Claims) -> Result<(), Problem> {
    let may = viewer.has(Role::Leader)
        || viewer.has(Role::Contact)
        || viewer.has(Role::Auditor)
        || !viewer.departments.is_empty();
    if may {
        return Ok(());
    }
    Err(Problem::forbidden(
        "the resolution timeline is for the district office; see your school's loops",
    ))
}

/// The nearest day that can be asked about: databases know no others, and no district has lived them.
fn lived(day: NaiveDate) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(day);
    let last = NaiveDate::from_ymd_opt(2200, 1, 1).unwrap_or(day);
    day.clamp(first, last)
}

/// Figures told apart, with names.
fn told_apart(names: &Names, by: Option<Grouping>, found: Vec<(Option<String>, Summary)>) -> Vec<Told> {
    let name = |key: Option<&str>| match (by, key) {
        (Some(Grouping::Area), Some(code)) => names.area(code),
        (Some(Grouping::State), Some(code)) => {
            LoopState::from_code(code).map_or_else(|| code.to_owned(), |state| state.label().to_owned())
        }
        (Some(Grouping::School), Some(id)) => id
            .parse()
            .map_or_else(|_| "a school".to_owned(), |id| names.school(SchoolId(id))),
        (Some(Grouping::Department), Some(id)) => id
            .parse()
            .map_or_else(|_| "a department".to_owned(), |id| names.department(DepartmentId(id))),
        _ => "no department yet".to_owned(),
    };
    found
        .into_iter()
        .map(|(key, summary)| Told {
            name: name(key.as_deref()),
            key,
            summary,
        })
        .collect()
}

async fn trend(_: Timeline, asked: Asked<TrendQuery>) -> Result<Trend, Problem> {
    sees_figures(&asked.viewer)?;
    let query = &asked.query;
    let calendar = asked.names.calendar(u32::MAX);
    let last = query.to.map_or(asked.today, lived);
    let count = query
        .months
        .unwrap_or(TrendQuery::MONTHS)
        .clamp(1, TrendQuery::MONTHS_MAX);
    let months: Vec<NaiveDate> = (0..count)
        .rev()
        .filter_map(|back| last.with_day(1)?.checked_sub_months(Months::new(back)))
        .collect();
    let begins: Vec<DateTime<Utc>> = months.iter().map(|day| calendar.start_of(*day)).collect();
    let narrow = read_model::Narrow {
        department: query.department,
        area: query.area.as_deref(),
        schools: asked.names.meant(query.school, query.level, query.zone),
    };
    let next = months.last().and_then(|month| month.checked_add_months(Months::new(1)));
    let end = calendar.start_of(next.unwrap_or(last));
    let (db, viewer) = (&asked.model.db, &asked.viewer);
    let tally = asked.model.model.tallies.of(db, &viewer.district).await.map_err(away)?;
    let sight = tally.sight(db, viewer).await.map_err(away)?;
    let found = tally.trend(&sight, &narrow, &begins, end);
    drop(tally);
    let months = months
        .into_iter()
        .zip(found)
        .map(|(from, month)| Month { from, ..month });
    Ok(Trend {
        months: months.collect(),
        as_of: asked.now,
    })
}

async fn picture(_: Timeline, asked: Asked<PictureQuery>) -> Result<Picture, Problem> {
    let viewer = &asked.viewer;
    sees_figures(viewer)?;
    let to = asked.query.to.map_or(asked.today, lived);
    let from = asked
        .query
        .from
        .map_or_else(|| to.checked_sub_days(Days::new(120)).unwrap_or(to), lived);
    if from > to {
        return Err(Problem::invalid(
            "from: is after to; choose a period that ends after it begins",
            vec![FieldProblem {
                field: "from".to_owned(),
                message: "is after to".to_owned(),
            }],
        ));
    }
    let calendar = asked.names.calendar(u32::MAX);
    let now = asked.now;
    let period = read_model::Period {
        from: calendar.start_of(from),
        to: calendar.end_of(to),
        today: asked.today,
        now,
    };
    let narrow = read_model::Narrow {
        department: asked.query.department,
        area: asked.query.area.as_deref(),
        schools: asked
            .names
            .meant(asked.query.school, asked.query.level, asked.query.zone),
    };
    let drawn = read_model::picture(
        &asked.model.db,
        &asked.model.model.tallies,
        viewer,
        &asked.query,
        &narrow,
        period,
    )
    .await
    .map_err(away)?;
    let found: Vec<LoopDbRow> = drawn.bars.iter().map(|(row, _, _)| row.clone()).collect();
    let shown = rows(&asked, &found, false).await?;
    let seen = seen_now(&asked, &found).await?;
    let bars = shown
        .into_iter()
        .zip(drawn.bars)
        .filter(|(row, _)| seen.contains(&row.id.0))
        .map(|(row, (found, pieces, longest_wait_h))| Bar {
            row,
            pieces,
            longest_wait_h,
            refused: found.refused == 1,
        })
        .collect();
    let late_with = drawn
        .late_with
        .into_iter()
        .map(|(holder, department, open, late)| LateWith {
            name: match (holder.as_str(), department) {
                ("department", Some(department)) => asked.names.department(department),
                ("school", _) => "schools".to_owned(),
                ("contact", _) => "the central-office contact".to_owned(),
                ("leader", _) => "district leadership".to_owned(),
                ("team", _) => "teams".to_owned(),
                ("state", _) => "the state".to_owned(),
                _ => "the district office".to_owned(),
            },
            department,
            open,
            late,
        })
        .collect();
    Ok(Picture {
        from,
        to,
        summary: drawn.summary,
        stages: drawn.stages,
        newest_only: drawn.newest_only,
        by: told_apart(&asked.names, asked.query.by, drawn.by),
        late_with,
        bars,
        more: drawn.more,
        as_of: now,
    })
}

/// Which loops are open with a department or at a school: of the directory, before it closes either.
async fn open_with(timeline: &Timeline, incoming: &Incoming) -> Result<Value, Problem> {
    let asked: OpenWith = incoming.read()?;
    let running = timeline.model.read().await;
    if !running.model.position.wait_for(asked.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "what you ask for is still being written down; try again in a moment",
        ));
    }
    let there = read_model::open_with(&running.model.db, &asked).await.map_err(away)?;
    serde_json::to_value(there).map_err(|_| Problem::unavailable("an answer could not be written"))
}

//! `GET /patterns`, `GET /patterns/{id}`, `POST /patterns/{id}/{action}`: rules and areas that several schools meet.

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::OfficeAction;
use contracts::events::directory::PatternThresholds;
use contracts::events::pattern::Basis;
use contracts::problem::Problem;
use contracts::queries::{
    ClauseMap, ClausesQuery, Page, PatternRow, PatternView, PatternsQuery, ShareOf, structural_share,
};
use contracts::subjects::Thing;
use contracts::vocabulary::{KeepsWords, PatternStanding, RuleSource};
use uuid::Uuid;

use super::{OfficePage, tell};
use crate::pages::allowed::{Step, ladder, rule_fields};
use crate::pages::days::counted;
use crate::pages::forms::{Choice, Field, Form, Shape, Typed};
use crate::pages::loops::pick;
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};
use crate::pages::words;

/// How many stand on a page.
const SHOWN: u32 = 50;

/// The page of patterns, with the map of rules and schools.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/patterns.html")]
pub(in crate::pages) struct PatternsPage {
    pub shell: Shell,
    pub rows: Vec<Row>,
    pub next: Option<String>,
    pub map: Option<Heat>,
    /// "Three schools that cite one rule …"
    pub when: String,
    pub thresholds: Option<Form>,
    /// What was just done.
    pub done: Option<&'static str>,
}

/// One pattern in the list.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Row {
    pub href: String,
    pub title: String,
    pub sentence: String,
    pub standing: &'static str,
    pub colour: &'static str,
    pub share: Option<String>,
}

/// Which rules are met where, as a table whose cells are shaded.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Heat {
    pub schools: Vec<String>,
    pub rows: Vec<HeatRow>,
}

/// One rule, school by school.
#[derive(Debug, Clone)]
pub(in crate::pages) struct HeatRow {
    /// The address of the pattern, where there is one.
    pub href: Option<String>,
    pub title: String,
    pub loops: u32,
    /// Per school the loops, and how dark the cell is.
    pub counts: Vec<(u32, u32)>,
}

fn colour(standing: PatternStanding) -> &'static str {
    match standing {
        PatternStanding::Detected => "contact",
        PatternStanding::Proposed => "leader",
        PatternStanding::Adopted => "closed",
        PatternStanding::Kept => "ended",
    }
}

fn sentence(row: &PatternRow) -> String {
    let met = format!(
        "{} met it in {}, {} of them open",
        counted(row.schools, "school", "schools"),
        counted(row.loops, "loop", "loops"),
        row.open
    );
    match row.exceptions {
        0 => format!("{met}."),
        exceptions => format!("{met}; {} so far.", counted(exceptions, "exception", "exceptions")),
    }
}

impl Row {
    fn new(row: &PatternRow) -> Self {
        let share = row
            .structural_share
            .map(|share| format!("{share} % of the answers changed it for all"));
        Self {
            href: format!("/patterns/{}", row.id),
            title: title(&row.basis, &row.title),
            sentence: sentence(row),
            standing: row.standing.label(),
            colour: colour(row.standing),
            share,
        }
    }
}

/// "Policy 3420, section B", or the area as such.
fn title(basis: &Basis, words: &str) -> String {
    match basis {
        Basis::Clause { .. } => words.to_owned(),
        Basis::Area { .. } => format!("Area: {words}"),
    }
}

impl PatternsPage {
    /// Draws the page.
    pub(in crate::pages) fn new(viewer: &Viewer, page: &Page<PatternRow>, map: Option<&ClauseMap>) -> Self {
        let heat = map.filter(|map| !map.clauses.is_empty()).map(|map| {
            let most = map.clauses.iter().flat_map(|row| row.counts.iter()).max().copied();
            let most = most.unwrap_or(1).max(1);
            Heat {
                schools: map.schools.iter().map(|school| school.name.clone()).collect(),
                rows: map
                    .clauses
                    .iter()
                    .map(|row| {
                        let shade = |count: &u32| (*count, (count * 4).div_ceil(most));
                        HeatRow {
                            href: row.pattern.map(|id| format!("/patterns/{id}")),
                            title: row.title.clone(),
                            loops: row.loops,
                            counts: row.counts.iter().map(shade).collect(),
                        }
                    })
                    .collect(),
            }
        });
        Self {
            shell: viewer.shell("Patterns", Here::Patterns),
            rows: page.items.iter().map(Row::new).collect(),
            next: page.next.as_deref().map(|cursor| format!("/patterns?cursor={cursor}")),
            map: heat,
            when: when(viewer),
            thresholds: viewer.keeps_settings().then(|| thresholds(viewer)),
            done: None,
        }
    }
}

/// When something is a pattern here, in a sentence.
fn when(viewer: &Viewer) -> String {
    let PatternThresholds {
        clause_schools,
        area_schools,
        exceptions,
        days,
    } = viewer.district.thresholds;
    format!(
        "It is a pattern when {clause_schools} schools cite the same rule or {area_schools} schools meet the same area within \
         {days} days, or when {exceptions} exceptions in force bend one rule."
    )
}

fn thresholds(viewer: &Viewer) -> Form {
    let now = viewer.district.thresholds;
    let count = |path: &'static str, label: &str, now: u32, needed: &'static str| {
        Field::number(path, label).value(now).needed(needed)
    };
    Form::new(
        viewer,
        "thresholds",
        "/patterns/thresholds".to_owned(),
        "When is it a pattern?",
        "Set it",
    )
    .lead("What reaches it is seen at once, also what was met before. What was seen before stays.")
    .with(count(
        "thresholds.clause_schools",
        "Schools that cite the same rule",
        now.clause_schools,
        "say how many",
    ))
    .with(count(
        "thresholds.exceptions",
        "Exceptions that bend the same rule",
        now.exceptions,
        "say how many",
    ))
    .with(count(
        "thresholds.area_schools",
        "Schools that meet the same area",
        now.area_schools,
        "say how many",
    ))
    .with(count(
        "thresholds.days",
        "Within how many days?",
        now.days,
        "say how many days",
    ))
}

/// Sets when something is a pattern.
pub(in crate::pages) async fn set_thresholds(Posted { desk, typed }: Posted) -> Response {
    let form = thresholds(&desk.viewer);
    let thing = desk.viewer.district.district.thing_id();
    match tell(&desk, "directory", "set-pattern-thresholds", Some(thing), &form, &typed).await {
        Ok(_) => Redirect::to("/patterns?done=thresholds").into_response(),
        Err(problem) => {
            let page = async {
                let mut page = list(&desk, &Typed::default()).await?;
                page.thresholds = Some(form.refused(&typed, &problem, &desk.viewer));
                shell::page_as(shell::status(&problem), &page)
            };
            desk.or_trouble(page.await)
        }
    }
}

/// The list.
pub(in crate::pages) async fn patterns(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let mut page = list(&desk, &typed).await?;
        page.done = typed
            .some("done")
            .map(|_| "It is set. What reaches it is seen as a pattern in a moment.");
        shell::page(&page)
    };
    desk.or_trouble(page.await)
}

async fn list(desk: &Desk, typed: &Typed) -> Result<PatternsPage, Problem> {
    let query = PatternsQuery {
        limit: Some(SHOWN),
        cursor: typed.some("cursor").map(str::to_owned),
        ..PatternsQuery::default()
    };
    let page: Page<PatternRow> = desk.ask("flexibility", "patterns", query).await?;
    let map: Option<ClauseMap> = if desk.viewer.sees_figures() {
        Some(desk.ask("flexibility", "clauses", ClausesQuery::default()).await?)
    } else {
        None
    };
    Ok(PatternsPage::new(&desk.viewer, &page, map.as_ref()))
}

/// One pattern's page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/pattern.html")]
pub(in crate::pages) struct PatternPage {
    pub shell: Shell,
    pub title: String,
    pub sentence: String,
    pub standing: &'static str,
    pub colour: &'static str,
    pub why: String,
    pub done: Option<&'static str>,
    pub forms: Vec<Form>,
    /// What is proposed or decided: label and words.
    pub change: Vec<(&'static str, String)>,
    pub change_heading: String,
    pub stands: Option<String>,
    pub answered: Vec<(String, String)>,
    pub answered_count: String,
    pub schools: Vec<(String, String)>,
    pub loops: Vec<(String, String)>,
    pub bent_by: Vec<(String, String)>,
    pub share: Option<u32>,
    pub trend: Vec<Quarter>,
    pub ladder: Vec<Step>,
    pub version: u64,
}

/// A quarter's answers.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Quarter {
    pub label: String,
    pub structural: u32,
    pub exceptions: u32,
    pub others: u32,
    /// In percent; none where nothing counts.
    pub share: Option<u32>,
}

impl Quarter {
    fn new(share: &ShareOf) -> Self {
        Self {
            label: format!("From {}", share.from.format("%-d %B %Y")),
            structural: share.structural,
            exceptions: share.exceptions,
            others: share.others,
            share: structural_share(share.structural, share.exceptions),
        }
    }
}

impl OfficePage for PatternPage {
    type View = PatternView;
    const THING: Thing = Thing::Pattern;
    const PLACE: &'static str = "patterns";

    fn id(view: &PatternView) -> Uuid {
        view.row.id.0
    }

    fn offers(view: &PatternView) -> &[String] {
        &view.offers
    }

    fn form(action: OfficeAction, viewer: &Viewer, view: &PatternView) -> Form {
        form(action, viewer, view)
    }

    fn draw(viewer: &Viewer, view: &PatternView, done: Option<OfficeAction>, forms: Vec<Form>) -> Self {
        let days = &viewer.days;
        let mut change = Vec::new();
        let mut change_heading = String::new();
        let (mut stands, mut answered, mut answered_count) = (None, Vec::new(), String::new());
        if let Some(revision) = &view.revision {
            change_heading = match &revision.decided {
                None => format!(
                    "Before {} since {}",
                    revision.team_name,
                    days.long(days.day(revision.proposed_at))
                ),
                Some(decided) => format!(
                    "{} decided on {}: {}",
                    revision.team_name,
                    days.long(days.day(decided.at)),
                    if decided.adopted {
                        "the rule changes for every school"
                    } else {
                        "the rule stays as it is"
                    }
                ),
            };
            change.push(("In one line", revision.title.clone()));
            change.push(("What every school may do", revision.text.clone()));
            change.extend(revision.conditions.clone().map(|text| ("Conditions", text)));
            change.extend(
                revision
                    .stays_required
                    .clone()
                    .map(|text| ("What stays required", text)),
            );
            change.extend(revision.rationale.clone().map(|text| ("Why", text)));
            if let Some(decided) = &revision.decided {
                change.push(("The decision", decided.decision.clone()));
                stands = decided.flexibility.map(|id| format!("/allowed/{id}"));
                answered_count = counted(decided.answered, "open loop was", "open loops were");
                answered = decided.answers.iter().map(named).collect();
            }
        }
        let source = match &view.row.basis {
            Basis::Clause { rule } => rule.source,
            Basis::Area { .. } => RuleSource::NotSure,
        };
        Self {
            shell: viewer
                .shell(&title(&view.row.basis, &view.row.title), Here::Patterns)
                .with_words(viewer, KeepsWords::Pattern, view.row.id),
            title: title(&view.row.basis, &view.row.title),
            sentence: sentence(&view.row),
            standing: view.row.standing.label(),
            colour: colour(view.row.standing),
            why: format!(
                "Seen on {}: {}, {} within {} days.",
                days.long(days.day(view.row.detected_at)),
                view.row.ground.label().to_lowercase(),
                view.threshold,
                view.days
            ),
            done: done.map(said),
            forms,
            change,
            change_heading,
            stands,
            answered,
            answered_count,
            schools: view
                .by_school
                .iter()
                .map(|one| (one.school.name.clone(), counted(one.loops, "loop", "loops")))
                .collect(),
            loops: view.evidence.iter().map(named).collect(),
            bent_by: view
                .bent_by
                .iter()
                .map(|one| (format!("/allowed/{}", one.id), one.title.clone()))
                .collect(),
            share: view.row.structural_share,
            trend: view.trend.iter().map(Quarter::new).collect(),
            ladder: ladder(source),
            version: view.row.version,
        }
    }
}

fn named(one: &contracts::queries::LoopNamed) -> (String, String) {
    (format!("/loops/{}", one.id), one.number.to_string())
}

fn said(action: OfficeAction) -> &'static str {
    match action {
        OfficeAction::ProposeRevision => "It is before the team.",
        OfficeAction::DecideRevision => {
            "The decision is recorded. Where the rule changes, every open loop of the pattern has its answer now."
        }
        OfficeAction::DraftWaiver
        | OfficeAction::SubmitWaiver
        | OfficeAction::AnswerWaiver
        | OfficeAction::OpenReview
        | OfficeAction::ExamineClause
        | OfficeAction::ConcludeReview => "It is recorded.",
    }
}

fn form(action: OfficeAction, viewer: &Viewer, view: &PatternView) -> Form {
    let href = format!("/patterns/{}/{}", view.row.id, action.name());
    let version = Field::hidden("version", view.row.version, Shape::Aside);
    if action == OfficeAction::DecideRevision {
        let revision = view.revision.as_ref().map_or(0, |revision| revision.revision);
        let choices = vec![
            Choice::new("true", "The rule changes").hint("It holds for every school, and every open loop of this pattern is answered with it. Each school still says whether it works."),
            Choice::new("false", "The rule stays as it is").hint("It can be proposed again."),
        ];
        return Form::new(
            viewer,
            action.name(),
            href,
            "Decide for the team",
            "Record the decision",
        )
        .with(
            Field::radios("adopted", "What does the team decide?", choices)
                .shape(Shape::Flag)
                .needed("choose one"),
        )
        .with(
            Field::passage("decision", "The decision, in words")
                .rows(3)
                .needed("say what is decided"),
        )
        .with(Field::hidden("revision", revision, Shape::Number))
        .with(version);
    }
    let mut teams: Vec<Choice> = viewer
        .district
        .teams
        .iter()
        .map(|team| Choice::new(team.id, team.name.clone()))
        .collect();
    teams.insert(0, Choice::new("", "Choose one"));
    let departments = words::departments_of(viewer);
    let exceptions: Vec<Choice> = view
        .bent_by
        .iter()
        .map(|one| Choice::new(one.id, one.title.clone()))
        .collect();
    Form::new(viewer, action.name(), href, "Propose to change the rule", "Put it before the team")
        .lead("A team decides. When it agrees, it holds for every school, and every open loop of this pattern is answered at once.")
        .with(Field::pick("team", "Which team decides?", teams).needed("choose a team"))
        .with(
            Field::line("title", "In one line")
                .hint("As it will stand in the register, such as: Hours outside the building count as attendance")
                .needed("say it in one line"),
        )
        .with(
            Field::passage("text", "What may every school do from then on?")
                .needed("say what schools may do (one sentence is enough)"),
        )
        .with(Field::passage("rationale", "Why?").hint("Families, staff and the board may read this.").rows(3))
        .with_some((departments.len() > 1).then(|| {
            pick("department", "Which department answers for it?", "Choose one", departments)
                .needed("choose a department")
        }))
        .with_some((!exceptions.is_empty()).then(|| {
            pick("widens", "Does one of the exceptions become every school's?", "No: it is written down anew", exceptions)
        }))
        .tucked(
            "Rule, conditions, what stays",
            [
                match &view.row.basis {
                    Basis::Clause { .. } => Vec::new(),
                    Basis::Area { .. } => rule_fields("rule", RuleSource::NotSure),
                },
                vec![
                    Field::passage("conditions", "Under which conditions?").rows(2),
                    Field::passage("stays_required", "What stays required all the same?").rows(2),
                ],
            ]
            .concat(),
        )
        .with(version)
}

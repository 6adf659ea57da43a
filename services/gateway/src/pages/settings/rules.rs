//! Routing rules: each change is tried on past loops, shown, and then published or not.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::DepartmentId;
use contracts::directory_action::DirectoryAction;
use contracts::events::directory::{Conditions, RoutingRule};
use contracts::problem::Problem;
use contracts::queries::{DistrictView, DryRan, DryRun};
use contracts::vocabulary::{Kind, RuleSource, Urgency};
use serde_json::json;

use super::{Contents, Section, SectionPage, Thing, changes, may};
use crate::pages::days::counted;
use crate::pages::forms::{self, Choice, Field, Form, Shape, Trouble, Typed};
use crate::pages::loops::{areas, departments, schools};
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};
use crate::pages::words;

/// What trying rules out showed, before they are published.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/rules_tried.html")]
pub(in crate::pages) struct TriedPage {
    pub shell: Shell,
    pub csrf: String,
    pub key: String,
    /// The rules as they would be, to be sent back as they are.
    pub rules: String,
    pub version: u64,
    /// "Of the last 120 loops, 112 would have gone where they went."
    pub sentence: String,
    /// From where, to where, how many.
    pub elsewhere: Vec<(String, String, u64)>,
    /// Loops that would have gone elsewhere: where they are, what they are about, from, to, and by which rule.
    pub loops: Vec<(String, String, String, String, String)>,
    /// Each rule in order, and how many loops it would have chosen for.
    pub order: Vec<(String, String, u64)>,
    pub problem: Option<Trouble>,
}

/// The name of a department; triage for none.
fn to(district: &DistrictView, department: Option<DepartmentId>) -> String {
    department.map_or_else(
        || "Triage".to_owned(),
        |id| {
            let known = district.departments.iter().find(|one| one.id == id);
            known.map_or_else(|| "a department that is no more".to_owned(), |one| one.name.clone())
        },
    )
}

/// When a rule applies, in words.
fn when(district: &DistrictView, when: &Conditions) -> String {
    let mut parts = Vec::new();
    let mut say = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            parts.push(format!("{what} {}", names.join(" or ")));
        }
    };
    let all_areas = when.areas.iter();
    say(
        "about",
        all_areas
            .map(|area| words::area(district, area.code()).to_lowercase())
            .collect(),
    );
    say(
        "of kind",
        when.kinds.iter().map(|kind| kind.label().to_lowercase()).collect(),
    );
    let sources = when.rule_sources.iter();
    say(
        "where the rule is",
        sources.map(|source| source.label().to_lowercase()).collect(),
    );
    let of_schools = when.schools.iter();
    say(
        "from",
        of_schools.map(|school| words::school(district, *school)).collect(),
    );
    let of_zones = when.zones.iter();
    let zone = |id| {
        district
            .zones
            .iter()
            .find(|zone| zone.id == id)
            .map(|zone| zone.name.clone())
    };
    say("from the zone", of_zones.filter_map(|id| zone(*id)).collect());
    say(
        "that is",
        when.urgencies
            .iter()
            .map(|urgency| urgency.label().to_lowercase())
            .collect(),
    );
    say(
        "with the words",
        when.words.iter().map(|word| format!("“{word}”")).collect(),
    );
    if parts.is_empty() {
        "Whatever it is".to_owned()
    } else {
        words::raised(&parts.join(", "))
    }
}

/// The form of one rule, or of a new one.
fn form(viewer: &Viewer, rule: Option<&RoutingRule>) -> Form {
    let district = &viewer.district;
    let id = rule.map_or("new", |rule| rule.id.as_str());
    let ticked = |mut choices: Vec<Choice>, chosen: Vec<String>| {
        for choice in &mut choices {
            choice.chosen = chosen.contains(&choice.value);
        }
        choices
    };
    let when = rule.map(|rule| rule.when.clone()).unwrap_or_default();
    let texts = |items: Vec<String>| items;
    let all_areas = ticked(
        areas(viewer),
        texts(when.areas.iter().map(|area| area.code().to_owned()).collect()),
    );
    let kinds = Kind::ALL
        .iter()
        .map(|kind| Choice::new(kind.code(), kind.label()))
        .collect();
    let kinds = ticked(kinds, when.kinds.iter().map(|kind| kind.code().to_owned()).collect());
    let sources = RuleSource::ALL
        .iter()
        .map(|one| Choice::new(one.code(), one.label()))
        .collect();
    let sources = ticked(
        sources,
        when.rule_sources.iter().map(|one| one.code().to_owned()).collect(),
    );
    let urgencies = Urgency::ALL
        .iter()
        .map(|one| Choice::new(one.code(), one.label()))
        .collect();
    let urgencies = ticked(
        urgencies,
        when.urgencies.iter().map(|one| one.code().to_owned()).collect(),
    );
    let of_schools = ticked(schools(viewer), when.schools.iter().map(ToString::to_string).collect());
    let zones = district
        .zones
        .iter()
        .map(|zone| Choice::new(zone.id, zone.name.clone()))
        .collect();
    let zones = ticked(zones, when.zones.iter().map(ToString::to_string).collect());
    let mut gets = departments(viewer);
    gets.insert(0, Choice::new("", "-"));
    let mut levels: Vec<Choice> = district
        .service_levels
        .iter()
        .map(|level| Choice::new(&level.id, level.name.clone()))
        .collect();
    levels.insert(0, Choice::new("", "-"));
    let helping = rule.map(|rule| rule.collaborators.iter().map(ToString::to_string).collect());
    let helping = ticked(departments(viewer), helping.unwrap_or_default());
    let mut department = Field::pick("department", "Who gets it?", gets).needed("choose a department");
    let mut level = Field::pick("service_level", "What is promised?", levels).needed("choose a promise");
    if let Some(rule) = rule {
        department = department.value(rule.department);
        level = level.value(&rule.service_level);
    }
    let mut form = Form::new(
        viewer,
        &format!("rule-{id}"),
        format!("/settings/rules/try/{id}"),
        "",
        "Try it on past loops",
    );
    form.headed = false;
    let mut form = form
        .lead("Nothing is changed yet: you see first what would have gone elsewhere.")
        .with(
            Field::line("name", "Its name")
                .value(rule.map(|rule| rule.name.as_str()).unwrap_or_default())
                .needed("give it a name"),
        )
        .with(Field::ticks("when.areas", "For which areas?", all_areas).hint("Any, where none is ticked."))
        .with(department)
        .with(level);
    let words_said = when.words.join(", ");
    form = form.tucked(
        "Only for some kinds, schools or words; who helps",
        vec![
            Field::ticks("when.kinds", "Of which kinds?", kinds),
            Field::ticks(
                "when.rule_sources",
                "Where the school believes the rule comes from",
                sources,
            ),
            Field::ticks("when.urgencies", "How urgent?", urgencies),
            Field::ticks("when.schools", "From which schools?", of_schools),
            Field::ticks("when.zones", "From which zones?", zones),
            Field::line("when.words", "With which words in the text?")
                .shape(Shape::Words)
                .hint("Several are cut by commas; one of them is enough.")
                .value(words_said),
            Field::ticks("collaborators", "Who helps from the start?", helping),
        ],
    );
    form
}

/// The small forms that move a rule or take it away.
fn moving(viewer: &Viewer, rule: &RoutingRule) -> Vec<(String, Form)> {
    let deed = |what: &str, words: &str| {
        let name = format!("{what}-{}", rule.id);
        let href = format!("/settings/rules/try/{}", rule.id);
        let mut form = Form {
            button_class: "usa-button--unstyled",
            ..Form::new(viewer, &name, href, "", words)
        };
        form.headed = false;
        (String::new(), form.with(Field::hidden("move", what, Shape::Aside)))
    };
    vec![
        deed("up", "Look at it earlier"),
        deed("down", "Look at it later"),
        deed("remove", "Take it away"),
    ]
}

/// The rules as things of a section; their forms are drawn by the section.
pub(super) fn contents(viewer: &Viewer) -> Contents {
    let district = &viewer.district;
    let things = district.rules.iter().enumerate().map(|(at, rule)| {
        let helping: Vec<String> = rule.collaborators.iter().map(|one| to(district, Some(*one))).collect();
        let level = district
            .service_levels
            .iter()
            .find(|level| level.id == rule.service_level);
        let mut lines = vec![
            when(district, &rule.when),
            format!(
                "Goes to {}, promised: {}",
                to(district, Some(rule.department)),
                level.map_or(rule.service_level.as_str(), |level| level.name.as_str())
            ),
        ];
        if !helping.is_empty() {
            lines.push(format!("{} helps", helping.join(" and ")));
        }
        Thing {
            title: format!("{}. {}", at + 1, rule.name),
            tag: None,
            lines,
            changes: None,
            deeds: Vec::new(),
        }
    });
    Contents {
        things: things.collect(),
        adds: Vec::new(),
    }
}

/// Puts the forms of rules on the page of the section.
pub(super) fn with_forms(viewer: &Viewer, mut page: SectionPage, attempt: Option<Form>) -> SectionPage {
    let drawn = |rule: Option<&RoutingRule>| {
        let own = form(viewer, rule);
        match &attempt {
            Some(attempt) if attempt.name == own.name => attempt.clone(),
            Some(_) | None => own,
        }
    };
    for (thing, rule) in page.things.iter_mut().zip(&viewer.district.rules) {
        thing.forms.push(("Change".to_owned(), drawn(Some(rule))));
        thing.forms.extend(moving(viewer, rule));
    }
    page.adds.push(("Add a rule".to_owned(), drawn(None)));
    page
}

/// A short name for a new rule, which no other has.
fn short_name(name: &str, rules: &[RoutingRule]) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' })
        .take(40)
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let plain = if parts.is_empty() {
        "rule".to_owned()
    } else {
        parts.join("-")
    };
    let taken = |id: &str| rules.iter().any(|rule| rule.id == id);
    (1..=rules.len() + 1)
        .map(|nth| {
            if nth == 1 {
                plain.clone()
            } else {
                format!("{plain}-{nth}")
            }
        })
        .find(|id| !taken(id))
        .unwrap_or(plain)
}

/// The rules as they would be after what was asked for.
fn changed(viewer: &Viewer, id: &str, form: &Form, typed: &Typed) -> Result<Vec<RoutingRule>, Problem> {
    let mut rules = viewer.district.rules.clone();
    let gone = || {
        Problem::conflict(
            "rule-gone",
            "this rule is no longer there; look at the rules as they are now",
        )
    };
    let at = rules.iter().position(|rule| rule.id == id);
    match typed.some("move") {
        Some("up") => {
            let at = at.ok_or_else(gone)?;
            rules.swap(at, at.saturating_sub(1));
        }
        Some("down") => {
            let at = at.ok_or_else(gone)?;
            let last = rules.len() - 1;
            rules.swap(at, (at + 1).min(last));
        }
        Some("remove") => {
            rules.remove(at.ok_or_else(gone)?);
        }
        Some(_) | None => {
            forms::missing(&form.fields, typed)?;
            let body = forms::body(&form.fields, typed)?;
            let mut said: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            said["id"] = json!(if at.is_some() {
                id.to_owned()
            } else {
                short_name(typed.get("name"), &rules)
            });
            let rule: RoutingRule = serde_json::from_value(said)
                .map_err(|error| Problem::invalid(format!("this rule cannot be read: {error}"), Vec::new()))?;
            match at {
                Some(at) => rules[at] = rule,
                None => rules.push(rule),
            }
        }
    }
    Ok(rules)
}

async fn tried(
    desk: &Desk,
    rules: &[RoutingRule],
    version: u64,
    problem: Option<(Problem, String)>,
) -> Result<Response, Problem> {
    let viewer = &desk.viewer;
    let district = &viewer.district;
    let asked = DryRun {
        rules: rules.to_vec(),
        loops: None,
    };
    let ran: DryRan = desk.ask("timeline", "dry-run", asked).await?;
    let status = problem
        .as_ref()
        .map_or(axum::http::StatusCode::OK, |(problem, _)| shell::status(problem));
    let key = match &problem {
        Some((problem, key)) if problem.status == 503 => key.clone(),
        Some(_) | None => viewer.fresh_key(),
    };
    let page = TriedPage::new(viewer, rules, version, &ran, key, problem.map(|(problem, _)| problem));
    debug_assert!(!page.rules.is_empty(), "{}", district.name);
    shell::page_as(status, &page)
}

impl TriedPage {
    /// Draws the page.
    pub(in crate::pages) fn new(
        viewer: &Viewer,
        rules: &[RoutingRule],
        version: u64,
        ran: &DryRan,
        key: String,
        problem: Option<Problem>,
    ) -> Self {
        let district = &viewer.district;
        let sentence = match ran.looked_at {
            0 => "There is no past loop to try it on.".to_owned(),
            loops if ran.same == loops => format!(
                "All of the last {} would have gone where they went.",
                counted(loops, "loop", "loops")
            ),
            loops => format!(
                "Of the last {}, {} would have gone elsewhere.",
                counted(loops, "loop", "loops"),
                loops - ran.same
            ),
        };
        let name_of = |id: &str| rules.iter().find(|rule| rule.id == id).map(|rule| rule.name.clone());
        let problem = problem.map(|problem| forms::blame(&mut [], &problem, viewer));
        Self {
            shell: viewer.shell("Before it is published", Here::Settings),
            csrf: viewer.visitor.csrf.clone(),
            key,
            rules: serde_json::to_string(rules).unwrap_or_default(),
            version,
            sentence,
            elsewhere: ran
                .elsewhere
                .iter()
                .map(|one| (to(district, one.from), to(district, one.to), one.count))
                .collect(),
            loops: ran
                .loops
                .iter()
                .map(|one| {
                    let rule = one.rule.as_deref().and_then(name_of);
                    (
                        format!("/loops/{}", one.id),
                        one.title.clone(),
                        to(district, one.from),
                        to(district, one.to),
                        rule.unwrap_or_else(|| "No rule".to_owned()),
                    )
                })
                .collect(),
            order: rules
                .iter()
                .map(|rule| {
                    let goes = to(district, Some(rule.department));
                    (
                        rule.name.clone(),
                        goes,
                        ran.chosen.get(&rule.id).copied().unwrap_or_default(),
                    )
                })
                .collect(),
            problem,
        }
    }
}

/// Shows what changed rules would have done.
pub(in crate::pages) async fn try_out(Path(id): Path<String>, Posted { desk, typed }: Posted) -> Response {
    let drawn = async {
        let viewer = &desk.viewer;
        if !may(viewer, DirectoryAction::PublishRoutingRules) {
            return Err(Problem::not_found("page"));
        }
        viewer.check(&typed)?;
        let form = form(viewer, viewer.district.rules.iter().find(|rule| rule.id == id));
        match changed(viewer, &id, &form, &typed) {
            Ok(rules) => tried(&desk, &rules, viewer.district.version, None).await,
            Err(problem) => {
                let form = form.refused(&typed, &problem, viewer);
                let changes = changes(&desk, Section::Rules, None).await?;
                let page = SectionPage::new(viewer, Section::Rules, contents(viewer), changes, None);
                let page = with_forms(viewer, page, Some(form));
                shell::page_as(shell::status(&problem), &page)
            }
        }
    };
    desk.or_trouble(drawn.await)
}

/// Publishes rules that were tried.
pub(in crate::pages) async fn publish(Posted { desk, typed }: Posted) -> Response {
    let published = async {
        let viewer = &desk.viewer;
        viewer.check(&typed)?;
        let rules: Vec<RoutingRule> = serde_json::from_str(typed.get("rules"))
            .map_err(|_| Problem::invalid("these rules cannot be read; begin again", Vec::new()))?;
        let version = typed.read("version");
        let body = json!({ "rules": rules }).to_string();
        let verb = DirectoryAction::PublishRoutingRules.slug();
        let district = Some(viewer.district.district.thing_id());
        let sent = desk
            .front
            .command(
                &viewer.visitor,
                "directory",
                verb,
                district,
                &body,
                typed.some("key"),
                version,
            )
            .await;
        match sent {
            Ok(_) => Ok(Redirect::to("/settings/rules?done=1").into_response()),
            Err(problem) => {
                let now = desk.as_it_is_now().await?;
                let key = typed.get("key").to_owned();
                tried(&now, &rules, now.viewer.district.version, Some((problem, key))).await
            }
        }
    };
    desk.or_trouble(published.await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rule_has_a_short_name_of_its_own() {
        let rule = |id: &str| RoutingRule {
            id: id.to_owned(),
            name: id.to_owned(),
            when: Conditions::default(),
            department: DepartmentId::derived(&["x"]),
            collaborators: Vec::new(),
            service_level: "standard".to_owned(),
        };
        assert_eq!(short_name("Bells & schedules", &[]), "bells-schedules");
        assert_eq!(
            short_name("Bells & schedules", &[rule("bells-schedules")]),
            "bells-schedules-2"
        );
        assert_eq!(short_name("…", &[rule("rule")]), "rule-2");
    }
}

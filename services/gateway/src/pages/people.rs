//! `GET /people`, `GET /people/{id}`, `POST /people/{id}/{action}`: an administrator finds people, gives them what a roster
//! does not know, and lets them in or keeps them out.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::PersonId;
use contracts::problem::Problem;
use contracts::queries::{PeopleFound, PeopleQuery, PersonView, RoleHeld};
use contracts::vocabulary::{DisabledBecause, KeepsWords, Role};

use super::Secure;
use super::forms::{Choice, Field, Form, Typed};
use super::loops::{departments, schools};
use super::office::tell;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/people.html")]
pub(super) struct PeoplePage {
    pub shell: Shell,
    pub q: String,
    pub people: Vec<Row>,
    pub more: bool,
    /// Adds somebody whom no roster knows.
    pub form: Form,
}

/// A person in the list.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub href: String,
    pub name: String,
    pub does: String,
    pub out: Option<&'static str>,
}

/// One person.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/person.html")]
pub(super) struct PersonPage {
    pub shell: Shell,
    pub csrf: String,
    pub name: String,
    pub href: String,
    pub known: Vec<String>,
    pub out: Option<&'static str>,
    /// What they are, who says so, and the form that takes it away where the district said it.
    pub roles: Vec<(String, &'static str, Option<Form>)>,
    pub forms: Vec<Form>,
    pub done: Option<&'static str>,
    /// A link that was made just now: shown once.
    pub link: Option<(String, String)>,
    /// Whether a link can be made.
    pub linkable: bool,
    pub has_password: bool,
    pub refused: Option<String>,
}

fn out(person: &PersonView) -> Option<&'static str> {
    person.disabled.map(DisabledBecause::label)
}

/// A role and where it is held, in words.
fn held(viewer: &Viewer, held: &RoleHeld) -> String {
    let place = held.place.and_then(|place| {
        let schools = viewer.district.schools.iter().map(|school| (school.id.0, &school.name));
        let departments = viewer
            .district
            .departments
            .iter()
            .map(|department| (department.id.0, &department.name));
        schools
            .chain(departments)
            .find(|(id, _)| *id == place)
            .map(|(_, name)| name.clone())
    });
    match place {
        Some(place) => format!("{}, {place}", held.role.label()),
        None => held.role.label().to_owned(),
    }
}

impl PeoplePage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer, q: &str, found: &PeopleFound) -> Self {
        let people = found.people.iter().map(|person| {
            let roles: Vec<String> = person.roles.iter().map(|role| held(viewer, role)).collect();
            Row {
                href: format!("/people/{}", person.id),
                name: person.name.clone(),
                does: if roles.is_empty() {
                    "No role yet".to_owned()
                } else {
                    roles.join(" · ")
                },
                out: out(person),
            }
        });
        Self {
            shell: viewer.shell("People", Here::People),
            q: q.to_owned(),
            people: people.collect(),
            more: found.more,
            form: knowing(viewer, "/people/new", None),
        }
    }
}

/// The form that says who somebody is whom no roster knows.
fn knowing(viewer: &Viewer, href: &str, person: Option<&PersonView>) -> Form {
    let said = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (legend, button) = match person {
        Some(_) => ("Who they are", "Save it"),
        None => ("Add somebody", "Add them"),
    };
    Form::new(viewer, "set-person", format!("{href}/set-person"), legend, button)
        .lead("Whom the roster knows stays as the roster says.")
        .with(
            Field::line("name", "Their name")
                .value(said(person.map(|person| person.name.as_str())))
                .needed("give their name"),
        )
        .with(
            Field::line("email", "E-mail address")
                .hint("By which they sign in.")
                .value(said(person.and_then(|person| person.email.as_deref()))),
        )
        .with(
            Field::line("title", "What they do")
                .hint("Such as: director of transportation.")
                .value(said(person.and_then(|person| person.title.as_deref()))),
        )
}

/// The form that takes a second step away.
fn unstepping(viewer: &Viewer, href: &str) -> Form {
    Form {
        button_class: "usa-button--secondary",
        ..Form::new(
            viewer,
            "remove-second-step",
            format!("{href}/remove-second-step"),
            "Their telephone is lost",
            "Take their second step away",
        )
    }
    .lead("They are signed out everywhere, and set up another telephone when they sign in. Make sure that it is really them who asks.")
}

/// The form that says for whom somebody stands in.
fn standing_in(viewer: &Viewer, href: &str, person: PersonId) -> Form {
    Form::new(
        viewer,
        "name-stand-in",
        format!("{href}/name-stand-in"),
        "Let them stand in for somebody",
        "Let them stand in",
    )
    .lead("They see and do what that person may, but for what auditors and administrators do; the record shows both names.")
    .with(Field::pick("absent", "For whom?", super::account::others_than(viewer, person)).needed("choose somebody"))
    .with(Field::day("from", "From which day on?").hint("Today, where nothing is said."))
    .with(Field::day("until", "The last day").needed("choose a day"))
}

/// The form that gives a role.
fn granting(viewer: &Viewer, href: &str) -> Form {
    let roles = Role::ALL
        .iter()
        .map(|role| Choice::new(role.code(), role.label()))
        .collect();
    let none = |mut choices: Vec<Choice>| {
        choices.insert(0, Choice::new("", "-"));
        choices
    };
    Form::new(
        viewer,
        "grant-role",
        format!("{href}/grant-role"),
        "Give a role",
        "Give it",
    )
    .lead("What is given here stays, whatever the roster says, until it is taken away here.")
    .with(Field::pick("role", "Which role?", none(roles)).needed("choose one"))
    .with(Field::pick(
        "school",
        "At which school? For a school reporter",
        none(schools(viewer)),
    ))
    .with(Field::pick(
        "department",
        "In which department? For department staff and leads",
        none(departments(viewer)),
    ))
}

/// The form that takes one away.
fn revoking(viewer: &Viewer, href: &str, role: &RoleHeld, nth: usize) -> Form {
    let place = role.place.map(|place| place.to_string());
    let at = match role.role {
        Role::Reporter => Some("school"),
        Role::DepartmentStaff | Role::DepartmentLead => Some("department"),
        Role::Contact | Role::Leader | Role::Auditor | Role::Administrator => None,
    };
    let place = at
        .zip(place)
        .map(|(field, place)| Field::hidden(field, place, super::forms::Shape::Text));
    Form {
        button_class: "usa-button--unstyled",
        ..Form::new(
            viewer,
            &format!("revoke-role-{nth}"),
            format!("{href}/revoke-role"),
            "",
            "Take it away",
        )
    }
    .with(Field::hidden("role", role.role.code(), super::forms::Shape::Text))
    .with_some(place)
}

/// The form that lets somebody in again, or keeps them out.
fn letting_in(viewer: &Viewer, href: &str, person: &PersonView) -> Form {
    if person.disabled == Some(DisabledBecause::ByHand) {
        return Form::new(
            viewer,
            "enable-person",
            format!("{href}/enable-person"),
            "Let them in again",
            "Let them in again",
        );
    }
    Form {
        button_class: "usa-button--secondary",
        ..Form::new(
            viewer,
            "disable-person",
            format!("{href}/disable-person"),
            "Keep them out",
            "Keep them out",
        )
    }
    .lead("They can no longer sign in, at once and wherever they are signed in, whatever the roster says. What they did stays.")
}

impl PersonPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(viewer: &Viewer, person: &PersonView, attempt: Option<Form>) -> Self {
        let href = format!("/people/{}", person.id);
        let mut known: Vec<String> = person.title.iter().cloned().collect();
        known.push(
            person
                .email
                .clone()
                .unwrap_or_else(|| "No e-mail address, so they cannot sign in with a password".to_owned()),
        );
        known.push(
            if person.rostered {
                "From the roster"
            } else {
                "Not in the roster"
            }
            .to_owned(),
        );
        let roles = person.roles.iter().enumerate().map(|(nth, role)| {
            if role.by_roster {
                (held(viewer, role), "by the roster", None)
            } else {
                (
                    held(viewer, role),
                    "given here",
                    Some(revoking(viewer, &href, role, nth)),
                )
            }
        });
        let yourself = person.id == viewer.visitor.claims.person;
        let mut forms = vec![granting(viewer, &href)];
        forms.extend((!person.rostered).then(|| knowing(viewer, &href, Some(person))));
        forms.extend((!yourself).then(|| standing_in(viewer, &href, person.id)));
        forms.extend(person.second_step.then(|| unstepping(viewer, &href)));
        forms.extend((!yourself).then(|| letting_in(viewer, &href, person)));
        let mut refused = None;
        if let Some(attempt) = attempt {
            match forms.iter_mut().find(|form| form.name == attempt.name) {
                Some(form) => *form = attempt,
                None => refused = attempt.problem.map(|problem| problem.detail),
            }
        }
        Self {
            shell: viewer
                .shell(&person.name, Here::People)
                .with_words(viewer, KeepsWords::Person, person.id),
            csrf: viewer.visitor.csrf.clone(),
            name: person.name.clone(),
            known,
            out: out(person),
            roles: roles.collect(),
            forms,
            done: None,
            link: None,
            linkable: person.email.is_some() && person.disabled.is_none(),
            has_password: person.has_password,
            refused,
            href,
        }
    }
}

/// The list.
pub(super) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let q = Typed::from(query).get("q").chars().take(100).collect::<String>();
    let drawn = async {
        let wanted = PeopleQuery {
            q: Some(q.clone()),
            person: None,
        };
        let found: PeopleFound = desk.ask("directory", "people", wanted).await?;
        shell::page(&PeoplePage::new(&desk.viewer, &q, &found))
    };
    desk.or_trouble(drawn.await)
}

async fn find(desk: &Desk, id: &str) -> Result<PersonView, Problem> {
    let person: PersonId = id.parse().map_err(|_| Problem::not_found("page"))?;
    let wanted = PeopleQuery {
        q: None,
        person: Some(person),
    };
    let found: PeopleFound = desk.ask("directory", "people", wanted).await?;
    found
        .people
        .into_iter()
        .next()
        .ok_or_else(|| Problem::not_found("page"))
}

/// One person.
pub(super) async fn one(desk: Desk, Path(id): Path<String>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let done = match Typed::from(query).get("done") {
        "grant-role" => Some("The role is given."),
        "revoke-role" => Some("The role is taken away."),
        "disable-person" => Some("They can no longer sign in."),
        "enable-person" => Some("They may sign in again."),
        "set-person" => Some("It is written down."),
        "remove-second-step" => Some("Their second step is gone, and they are signed out."),
        "name-stand-in" => Some("They can stand in."),
        _ => None,
    };
    let drawn = async {
        let person = find(&desk, &id).await?;
        let page = PersonPage {
            done,
            ..PersonPage::new(&desk.viewer, &person, None)
        };
        shell::page(&page)
    };
    desk.or_trouble(drawn.await)
}

/// A form's address, loaded anew.
pub(super) async fn back(Path((id, _)): Path<(String, String)>) -> Redirect {
    match id.parse::<PersonId>() {
        Ok(id) => Redirect::to(&format!("/people/{id}")),
        Err(_) => Redirect::to("/people"),
    }
}

/// Adds somebody whom no roster knows.
async fn add(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    let form = knowing(&desk.viewer, "/people/new", None);
    match tell(desk, "directory", "set-person", None, &form, typed).await {
        Ok(id) => Ok(Redirect::to(&format!("/people/{id}?done=set-person")).into_response()),
        Err(problem) => {
            let status = shell::status(&problem);
            let form = form.refused(typed, &problem, &desk.viewer);
            let found: PeopleFound = desk.ask("directory", "people", PeopleQuery::default()).await?;
            let page = PeoplePage {
                form,
                ..PeoplePage::new(&desk.viewer, "", &found)
            };
            shell::page_as(status, &page)
        }
    }
}

/// Does something about somebody.
pub(super) async fn act(
    Path((id, action)): Path<(String, String)>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Posted { desk, typed }: Posted,
) -> Response {
    let acted = async {
        if id == "new" && action == "set-person" {
            return add(&desk, &typed).await;
        }
        let person = find(&desk, &id).await?;
        if action == "link" {
            return link(&desk, &person, &typed, &words::address(secure, &headers)).await;
        }
        let href = format!("/people/{}", person.id);
        let form = match action.as_str() {
            "grant-role" => granting(&desk.viewer, &href),
            "revoke-role" => {
                let is_it = |role: &&RoleHeld| {
                    let place = role.place.map(|place| place.to_string()).unwrap_or_default();
                    role.role.code() == typed.get("role")
                        && [typed.get("school"), typed.get("department")].contains(&place.as_str())
                };
                let role = person.roles.iter().filter(|role| !role.by_roster).find(is_it);
                let role = role.ok_or_else(|| Problem::conflict("role-gone", "this role was taken away already"))?;
                revoking(&desk.viewer, &href, role, 0)
            }
            "disable-person" | "enable-person" => letting_in(&desk.viewer, &href, &person),
            "set-person" => knowing(&desk.viewer, &href, Some(&person)),
            "remove-second-step" => unstepping(&desk.viewer, &href),
            "name-stand-in" => standing_in(&desk.viewer, &href, person.id),
            _ => return Err(Problem::not_found("page")),
        };
        match tell(&desk, "directory", &action, Some(person.id.0), &form, &typed).await {
            Ok(_) => Ok(Redirect::to(&format!("{href}?done={action}")).into_response()),
            Err(problem) => {
                let status = shell::status(&problem);
                let form = form.refused(&typed, &problem, &desk.viewer);
                shell::page_as(status, &PersonPage::new(&desk.viewer, &person, Some(form)))
            }
        }
    };
    desk.or_trouble(acted.await)
}

/// Makes a link, and shows it this once.
async fn link(desk: &Desk, person: &PersonView, typed: &Typed, address: &str) -> Result<Response, Problem> {
    desk.viewer.check(typed)?;
    let (secret, made) = desk.front.make_link(&desk.viewer.visitor, person.id).await?;
    let page = PersonPage {
        link: Some((format!("{address}/join/{secret}"), desk.viewer.days.moment(made.until))),
        ..PersonPage::new(&desk.viewer, person, None)
    };
    shell::page_as(StatusCode::OK, &page)
}

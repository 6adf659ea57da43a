//! `GET /settings`, `GET /settings/{section}`, `POST /settings/{section}/{action}/{thing}`: what a district sets about
//! itself, each change beside who made it and what stood there before.

mod people;
mod places;
mod rules;
mod sign_on;
mod time;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::directory_action::DirectoryAction;
use contracts::problem::Problem;
use contracts::queries::{Changed, ChangedLine, DistrictView, HistoryOf, HistoryQuery};
use serde_json::Value;
use uuid::Uuid;

use super::Secure;
use super::forms::{self, Form, Typed};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

#[cfg(any(test, debug_assertions))]
pub(super) use rules::TriedPage;
pub(super) use rules::{publish, try_out};

/// What the settings are cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Schools,
    Departments,
    Teams,
    Time,
    Rules,
    Areas,
    Contact,
    SignOn,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Schools,
        Self::Departments,
        Self::Teams,
        Self::Time,
        Self::Rules,
        Self::Areas,
        Self::Contact,
        Self::SignOn,
    ];

    fn slug(self) -> &'static str {
        match self {
            Self::Schools => "schools",
            Self::Departments => "departments",
            Self::Teams => "teams",
            Self::Time => "time",
            Self::Rules => "rules",
            Self::Areas => "areas",
            Self::Contact => "contact",
            Self::SignOn => "sign-on",
        }
    }

    fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.slug() == slug)
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Schools => "Schools",
            Self::Departments => "Departments",
            Self::Teams => "Teams",
            Self::Time => "Working days, and what is promised",
            Self::Rules => "Who gets what",
            Self::Areas => "Areas",
            Self::Contact => "The central-office contact",
            Self::SignOn => "How people sign in",
        }
    }

    fn lead(self) -> &'static str {
        match self {
            Self::Schools => {
                "Schools come with the roster, or are typed in here. One that is closed stays in the record, and nothing \
                 new comes from it."
            }
            Self::Departments => {
                "Who can decide. A department that is no more gets nothing new; what it has goes to another."
            }
            Self::Teams => {
                "A project team, a council, a school's leadership team: a question can be put before a team, and its answer is recorded."
            }
            Self::Time => {
                "Days are counted Monday to Friday, but for the days off. A day added late, such as for snow, moves the \
                 dates of every open loop; what was missed before stays missed."
            }
            Self::Rules => {
                "Each new loop goes where the first rule that fits sends it; where none fits, to the contact. Every change \
                 is tried on past loops before it is published."
            }
            Self::Areas => {
                "What barriers are sorted by. An area that is retired is no longer offered; what was filed under it stays."
            }
            Self::Contact => {
                "The one person who keeps loops moving, and what that role is there to do, for everybody to read."
            }
            Self::SignOn => {
                "People sign in with accounts that they have already. Passwords of Loopline's own work beside them, also \
                 when the other side is down."
            }
        }
    }

    /// What of it is asked about in the record of the district.
    fn events(self) -> &'static [&'static str] {
        match self {
            Self::Schools | Self::Departments | Self::Teams => &[],
            Self::Time => &["calendar_set", "service_level_set"],
            Self::Rules => &["routing_rules_published"],
            Self::Areas => &["areas_set"],
            Self::Contact => &["contact_designated"],
            Self::SignOn => &["sign_on_set", "sign_on_removed"],
        }
    }

    /// What is done there first, by which it is known who may.
    fn action(self) -> DirectoryAction {
        match self {
            Self::Schools => DirectoryAction::SetSchool,
            Self::Departments => DirectoryAction::SetDepartment,
            Self::Teams => DirectoryAction::FormTeam,
            Self::Time => DirectoryAction::SetCalendar,
            Self::Rules => DirectoryAction::PublishRoutingRules,
            Self::Areas => DirectoryAction::SetAreas,
            Self::Contact => DirectoryAction::DesignateContact,
            Self::SignOn => DirectoryAction::SetSignOn,
        }
    }

    fn is_for(self, viewer: &Viewer) -> bool {
        may(viewer, self.action())
    }
}

/// Whether somebody may do something in their district.
pub(super) fn may(viewer: &Viewer, action: DirectoryAction) -> bool {
    action.roles().iter().any(|role| viewer.has(*role))
}

/// From what a form says to what a command is told.
type Told = Box<dyn Fn(Value) -> Value + Send + Sync>;

/// Something that can be done, and the form that does it.
pub(super) struct Deed {
    /// What.
    action: DirectoryAction,
    /// To which thing; the district where absent and nothing new is made.
    thing: Option<Uuid>,
    /// The words on what opens the form.
    opens: String,
    form: Form,
    told: Told,
}

impl Deed {
    /// One whose form says all.
    fn new(action: DirectoryAction, thing: Option<Uuid>, opens: &str, form: Form) -> Self {
        Self {
            action,
            thing,
            opens: opens.to_owned(),
            form,
            told: Box::new(|said| said),
        }
    }

    /// One whose form says a part.
    fn telling(self, told: impl Fn(Value) -> Value + Send + Sync + 'static) -> Self {
        Self {
            told: Box::new(told),
            ..self
        }
    }
}

/// One thing on the page, with what can be done to it.
pub(super) struct Thing {
    title: String,
    tag: Option<&'static str>,
    lines: Vec<String>,
    /// Where what was changed of it stands.
    changes: Option<String>,
    deeds: Vec<Deed>,
}

/// All things of a section, and what can be added.
#[derive(Default)]
pub(super) struct Contents {
    things: Vec<Thing>,
    adds: Vec<Deed>,
}

/// The front page of the settings.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/settings.html")]
pub(super) struct SettingsPage {
    pub shell: Shell,
    /// Where it leads, what it is, and how it stands.
    pub sections: Vec<(String, String, String)>,
}

/// One section.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/setting.html")]
pub(super) struct SectionPage {
    pub shell: Shell,
    pub heading: &'static str,
    pub lead: &'static str,
    pub done: bool,
    pub refused: Option<String>,
    pub things: Vec<Shown>,
    pub adds: Vec<(String, Form)>,
    /// Of what the changes are, where it is one thing.
    pub changes_of: Option<String>,
    pub changes: Vec<Change>,
}

/// A thing as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub title: String,
    pub tag: Option<&'static str>,
    pub lines: Vec<String>,
    pub changes: Option<String>,
    pub forms: Vec<(String, Form)>,
}

/// A change as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub when: String,
    pub by: String,
    pub what: String,
    pub lines: Vec<ChangedLine>,
}

/// What is in a section.
fn contents(viewer: &Viewer, section: Section, address: &str) -> Contents {
    match section {
        Section::Schools => places::schools(viewer),
        Section::Departments => places::departments(viewer),
        Section::Teams => people::teams(viewer),
        Section::Time => time::contents(viewer),
        Section::Rules => rules::contents(viewer),
        Section::Areas => places::areas(viewer),
        Section::Contact => people::contact(viewer),
        Section::SignOn => sign_on::contents(viewer, address),
    }
}

/// The name of a form, unlike any other on its page.
fn named(action: &str, thing: &str) -> String {
    format!("{action}-{thing}")
}

/// Where a form of a section is sent.
fn href(section: Section, action: &str, thing: &str) -> String {
    format!("/settings/{}/{action}/{thing}", section.slug())
}

/// Ids that people know by name.
fn with_names(district: &DistrictView, text: &str) -> String {
    let places = district.schools.iter().map(|school| (school.id.0, &school.name));
    let departments = district.departments.iter().map(|one| (one.id.0, &one.name));
    let zones = district.zones.iter().map(|zone| (zone.id.0, &zone.name));
    let people = district.people.iter().map(|person| (person.id.0, &person.name));
    let known: Vec<(String, &String)> = places
        .chain(departments)
        .chain(zones)
        .chain(people)
        .map(|(id, name)| (id.to_string(), name))
        .collect();
    known
        .iter()
        .filter(|(id, _)| text.contains(id.as_str()))
        .fold(text.to_owned(), |text, (id, name)| text.replace(id.as_str(), name))
}

impl Change {
    fn new(viewer: &Viewer, changed: Changed) -> Self {
        let named = |text: String| with_names(&viewer.district, &text);
        Self {
            when: viewer.days.moment(changed.time),
            by: changed.by,
            what: words::raised(&changed.event.replace('_', " ")),
            lines: changed
                .lines
                .into_iter()
                .map(|line| ChangedLine {
                    at: words::raised(&named(line.at)),
                    before: line.before.map(named),
                    after: line.after.map(named),
                })
                .collect(),
        }
    }
}

impl SettingsPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer) -> Self {
        let district = &viewer.district;
        let count = |there: usize, one: &str, many: &str| super::days::counted(there as u64, one, many);
        let mut sections: Vec<(String, String, String)> = Section::ALL
            .into_iter()
            .filter(|section| section.is_for(viewer))
            .map(|section| {
                let standing = match section {
                    Section::Schools => count(
                        district.schools.iter().filter(|one| !one.retired).count(),
                        "school",
                        "schools",
                    ),
                    Section::Departments => count(
                        district.departments.iter().filter(|one| !one.retired).count(),
                        "department",
                        "departments",
                    ),
                    Section::Teams => count(district.teams.len(), "team", "teams"),
                    Section::Time => format!(
                        "{}, {}",
                        count(district.closed.len(), "time off", "times off"),
                        count(district.service_levels.len(), "promise", "promises")
                    ),
                    Section::Rules => count(district.rules.len(), "rule", "rules"),
                    Section::Areas => count(
                        district.areas.iter().filter(|area| !area.retired).count(),
                        "area",
                        "areas",
                    ),
                    Section::Contact => district
                        .contact
                        .as_ref()
                        .map_or_else(|| "Nobody is named yet".to_owned(), |(name, _)| name.clone()),
                    Section::SignOn => match district.sign_on.len() {
                        0 => "With passwords only".to_owned(),
                        many => format!("{} and passwords", count(many, "provider", "providers")),
                    },
                };
                (
                    format!("/settings/{}", section.slug()),
                    section.heading().to_owned(),
                    standing,
                )
            })
            .collect();
        if may(viewer, DirectoryAction::DefineZone) {
            let zones = count(district.zones.len(), "zone", "zones");
            sections.push(("/zones".to_owned(), "Innovation zones".to_owned(), zones));
        }
        if may(viewer, DirectoryAction::SetPatternThresholds) {
            let schools = count(district.thresholds.clause_schools as usize, "school", "schools");
            let when = format!("A rule that {schools} meet is a pattern");
            sections.push(("/patterns".to_owned(), "Patterns".to_owned(), when));
        }
        if may(viewer, DirectoryAction::SetPerson) {
            let who = "Roles, links, who may come in".to_owned();
            sections.push(("/people".to_owned(), "People".to_owned(), who));
            let roster = "Take in the district's roster".to_owned();
            sections.push(("/roster".to_owned(), "Roster".to_owned(), roster));
        }
        sections.push((
            "/roles".to_owned(),
            "Who may do what".to_owned(),
            "For each role".to_owned(),
        ));
        Self {
            shell: viewer.shell("Settings", Here::Settings),
            sections,
        }
    }
}

impl SectionPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(
        viewer: &Viewer,
        section: Section,
        contents: Contents,
        changes: Vec<Changed>,
        attempt: Option<Form>,
    ) -> Self {
        let mut attempt = attempt;
        let mut drawn = |deed: Deed| {
            let form = match attempt.take_if(|attempt| attempt.name == deed.form.name) {
                Some(attempt) => attempt,
                None => deed.form,
            };
            (deed.opens, form)
        };
        let things = contents
            .things
            .into_iter()
            .map(|thing| Shown {
                title: thing.title,
                tag: thing.tag,
                lines: thing.lines,
                changes: thing.changes,
                forms: thing.deeds.into_iter().map(&mut drawn).collect(),
            })
            .collect();
        let adds = contents.adds.into_iter().map(&mut drawn).collect();
        Self {
            shell: viewer.shell(section.heading(), Here::Settings),
            heading: section.heading(),
            lead: section.lead(),
            done: false,
            refused: attempt
                .and_then(|attempt| attempt.problem)
                .map(|problem| problem.detail),
            things,
            adds,
            changes_of: None,
            changes: changes
                .into_iter()
                .map(|changed| Change::new(viewer, changed))
                .collect(),
        }
    }
}

/// The front page.
pub(super) async fn front(desk: Desk) -> Response {
    let drawn = if desk.viewer.keeps_settings() {
        shell::page(&SettingsPage::new(&desk.viewer))
    } else {
        Err(Problem::not_found("page"))
    };
    desk.or_trouble(drawn)
}

fn section_in(desk: &Desk, slug: &str) -> Result<Section, Problem> {
    Section::from_slug(slug)
        .filter(|section| section.is_for(&desk.viewer))
        .ok_or_else(|| Problem::not_found("page"))
}

/// What was changed: of one thing, where one is asked for.
async fn changes(desk: &Desk, section: Section, of: Option<HistoryOf>) -> Result<Vec<Changed>, Problem> {
    let events = section.events();
    if of.is_none() && events.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes: Vec<Changed> = desk.ask("directory", "history", HistoryQuery { thing: of }).await?;
    changes.retain(|changed| of.is_some() || events.contains(&changed.event.as_str()));
    Ok(changes)
}

/// Which thing an address asks about.
fn asked_of(section: Section, typed: &Typed) -> Option<HistoryOf> {
    let id: Uuid = typed.read("of")?;
    match section {
        Section::Schools => Some(HistoryOf::School(contracts::SchoolId(id))),
        Section::Departments => Some(HistoryOf::Department(contracts::DepartmentId(id))),
        Section::Teams => Some(HistoryOf::Team(contracts::TeamId(id))),
        Section::Time | Section::Rules | Section::Areas | Section::Contact | Section::SignOn => None,
    }
}

/// One section.
pub(super) async fn show(
    desk: Desk,
    Path(slug): Path<String>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(query);
    let drawn = async {
        let section = section_in(&desk, &slug)?;
        let of = asked_of(section, &typed);
        let changes = changes(&desk, section, of).await?;
        let contents = contents(&desk.viewer, section, &words::address(secure, &headers));
        let named = of.and_then(|_| typed.some("of").map(|id| with_names(&desk.viewer.district, id)));
        let page = SectionPage {
            done: typed.some("done").is_some(),
            changes_of: named,
            ..SectionPage::new(&desk.viewer, section, contents, changes, None)
        };
        shell::page(&match section {
            Section::Rules => rules::with_forms(&desk.viewer, page, None),
            Section::Schools
            | Section::Departments
            | Section::Teams
            | Section::Time
            | Section::Areas
            | Section::Contact
            | Section::SignOn => page,
        })
    };
    desk.or_trouble(drawn.await)
}

/// A form's address, loaded anew.
pub(super) async fn back(Path((section, _, _)): Path<(String, String, String)>) -> Redirect {
    match Section::from_slug(&section) {
        Some(section) => Redirect::to(&format!("/settings/{}", section.slug())),
        None => Redirect::to("/settings"),
    }
}

/// Sends a deed on as a command.
async fn done(desk: &Desk, deed: &Deed, typed: &Typed) -> Result<(), Problem> {
    desk.viewer.check(typed)?;
    forms::missing(&deed.form.fields, typed)?;
    let said = forms::body(&deed.form.fields, typed)?;
    let said: Value = serde_json::from_str(&said).unwrap_or_default();
    let body = (deed.told)(said).to_string();
    let (key, based_on) = (typed.some("key"), typed.read("version"));
    desk.front
        .command(
            &desk.viewer.visitor,
            "directory",
            deed.action.slug(),
            deed.thing,
            &body,
            key,
            based_on,
        )
        .await
        .map(|_| ())
}

/// Changes something.
pub(super) async fn act(
    Path((slug, action, thing)): Path<(String, String, String)>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Posted { desk, typed }: Posted,
) -> Response {
    let acted = async {
        let section = section_in(&desk, &slug)?;
        let address = words::address(secure, &headers);
        let name = named(&action, &thing);
        let found = |desk: &Desk| {
            let contents = contents(&desk.viewer, section, &address);
            let deeds = contents.things.into_iter().flat_map(|thing| thing.deeds);
            deeds.chain(contents.adds).find(|deed| deed.form.name == name)
        };
        let deed = found(&desk).ok_or_else(|| Problem::not_found("page"))?;
        match done(&desk, &deed, &typed).await {
            Ok(()) => Ok(Redirect::to(&format!("/settings/{}?done=1", section.slug())).into_response()),
            Err(problem) => {
                // As it is now: somebody may have been faster.
                let desk = desk.as_it_is_now().await?;
                let form = found(&desk).map_or(deed.form, |deed| deed.form);
                let form = form.refused(&typed, &problem, &desk.viewer);
                let contents = contents(&desk.viewer, section, &address);
                let changes = changes(&desk, section, None).await?;
                let page = SectionPage::new(&desk.viewer, section, contents, changes, Some(form));
                shell::page_as(shell::status(&problem), &page)
            }
        }
    };
    desk.or_trouble(acted.await)
}

/// Every section as it is drawn, for a test of all pages.
#[cfg(any(test, debug_assertions))]
pub(super) fn every_section(viewer: &Viewer, changed: &Changed) -> Vec<(&'static str, SectionPage)> {
    Section::ALL
        .into_iter()
        .map(|section| {
            let contents = contents(viewer, section, "http://127.0.0.1:8080");
            let page = SectionPage::new(viewer, section, contents, vec![changed.clone()], None);
            let page = if section == Section::Rules {
                rules::with_forms(viewer, page, None)
            } else {
                page
            };
            (section.slug(), page)
        })
        .collect()
}

//! Every page as its samples draw it: for whoever changes how pages look, and for tests. Not in release builds.

use askama::Template;
use contracts::ids::EventId;
use contracts::problem::{FieldProblem, Problem, Since};
use contracts::queries::{HoldView, Page, PeopleFound, WordsView};
use contracts::register_action::RegisterAction;
use contracts::vocabulary::{KeepsWords, LoopState, PatternStanding, Role, Says, ScopeLevel, Standing, WaiverStanding};
use contracts::{Action, OfficeAction};

use domain::students::{Looks, Named};

use super::account::AccountPage;
use super::allowed::{AllowedPage, Ending, FlexibilityPage, PublicPage, WritePage};
use super::beside::BesidePage;
use super::contact::{AgendaPage, ContactPage};
use super::custody::CustodyPage;
use super::department::{AnswersPage, DepartmentPage};
use super::file::{Cards, FilePage};
use super::forms::Typed;
use super::join::JoinPage;
use super::leader::{BriefPage, LeaderPage};
use super::loop_page::LoopPage;
use super::loops::LoopsPage;
use super::office::{OfficePage, PatternPage, PatternsPage, ReviewPage, ReviewsPage, WaiverPage, WaiversPage};
use super::people::{PeoplePage, PersonPage};
use super::record::{ReceiptPage, RecordPage, Verdict};
use super::roles::RolesPage;
use super::roster::{ImportPage, RosterPage};
use super::samples;
use super::school::SchoolPage;
use super::search::SearchPage;
use super::second_step::SecondStepPage;
use super::settings::{self, SettingsPage, TriedPage};
use super::shell::{self, KeptPage, TroublePage};
use super::sign_in::SignInPage;
use super::sign_on::UnknownPage;
use super::zones::{ZonePage, ZonesPage};

fn problem(text: &str) -> Problem {
    let field = |field: &str| FieldProblem {
        field: field.to_owned(),
        message: format!("is wrong: {text}"),
    };
    let mut problem = Problem::invalid(text, vec![field("trying"), field("summary"), field("why")]);
    problem.since.push(Since {
        sequence: 9,
        event: "org.loopline.resolution.case_declined.v1".to_owned(),
        actor: "person/00000000-0000-0000-0000-000000000001".to_owned(),
        by: Some(text.to_owned()),
        time: samples::now(),
    });
    problem
}

pub(super) fn drawn(template: &impl Template) -> String {
    template.render().expect("a page")
}

/// Every page, drawn by its samples with a text in every place that people write in.
pub(super) fn pages(text: &str) -> Vec<(String, String)> {
    let viewer = samples::viewer();
    let rows = samples::rows(text);
    let typed = Typed::of(&[
        ("trying", text),
        ("summary", text),
        ("why", text),
        ("q", text),
        ("state", "closed"),
    ]);
    let mut pages = vec![
        (
            "sign-in",
            drawn(&SignInPage::new(
                samples::people(),
                samples::providers(text),
                "token".into(),
                text.into(),
                text.into(),
                Some(text.into()),
            )),
        ),
        (
            "sign-in, nobody",
            drawn(&SignInPage::new(
                Vec::new(),
                Vec::new(),
                "token".into(),
                String::new(),
                text.into(),
                None,
            )),
        ),
        (
            "second step, to set up",
            drawn(&SecondStepPage::new(
                &samples::second_step(text, true),
                "token".into(),
                text.into(),
                Some(text.into()),
            )),
        ),
        (
            "second step",
            drawn(&SecondStepPage::new(
                &samples::second_step(text, false),
                "token".into(),
                String::new(),
                None,
            )),
        ),
        (
            "unknown account",
            drawn(&UnknownPage {
                shell: super::shell::Shell::bare(text),
                account: text.into(),
                district: text.into(),
                contact: Some(text.into()),
            }),
        ),
        ("roles", drawn(&RolesPage::new(&viewer))),
        ("settings", drawn(&SettingsPage::new(&viewer))),
        (
            "rules, tried",
            drawn(&TriedPage::new(
                &samples::keeper(text),
                &samples::keeper(text).district.rules,
                3,
                &samples::dry_ran(text),
                "key".into(),
                Some(problem(text)),
            )),
        ),
        (
            "account",
            drawn(&AccountPage {
                made: Some((text.into(), text.into())),
                acting: Some(text.into()),
                ..AccountPage::new(&viewer, &samples::access(text), None)
            }),
        ),
        (
            "record, sound",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(text),
                &samples::check(Some(true), text),
            )),
        ),
        (
            "record, wrong",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(text),
                &samples::check(Some(false), text),
            )),
        ),
        (
            "record, under way",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(text),
                &samples::check(None, text),
            )),
        ),
        (
            "receipt",
            drawn(&ReceiptPage {
                shell: super::shell::Shell::bare("Check a receipt"),
                typed: text.to_owned(),
                verdict: Some(Verdict {
                    holds: true,
                    sentence: text.to_owned(),
                    facts: vec![("Record", text.to_owned())],
                }),
            }),
        ),
        (
            "school",
            drawn(&SchoolPage::new(&viewer, &rows.items, &rows.items, &rows.items)),
        ),
        (
            "words beside, to erase",
            drawn(&BesidePage::new(&viewer, &samples::words(text, &["erase"]), None)),
        ),
        (
            "words beside, held",
            drawn(&BesidePage::new(
                &viewer,
                &samples::words(text, &["hold", "release"]),
                None,
            )),
        ),
        (
            "words beside, of a person",
            drawn(&BesidePage::new(
                &viewer,
                &WordsView {
                    of: KeepsWords::Person,
                    ..samples::words(text, &["erase"])
                },
                None,
            )),
        ),
        (
            "words beside, taken over",
            drawn(&BesidePage::new(
                &viewer,
                &WordsView {
                    erased: Vec::new(),
                    ..samples::words_taken_over(text)
                },
                None,
            )),
        ),
        (
            "answers",
            drawn(&AnswersPage::new(
                &viewer,
                contracts::DepartmentId::derived(&["x"]),
                &samples::answers(text),
                None,
            )),
        ),
        ("school, nothing", drawn(&SchoolPage::new(&viewer, &[], &[], &[]))),
        (
            "loops",
            drawn(&LoopsPage {
                kept: samples::views(text),
                ..LoopsPage::new(&viewer, &typed, &rows)
            }),
        ),
        (
            "search",
            drawn(&SearchPage::new(&viewer, text, &rows, &samples::similar(text))),
        ),
        (
            "loops, nothing",
            drawn(&LoopsPage::new(
                &viewer,
                &typed,
                &Page {
                    items: Vec::new(),
                    next: None,
                },
            )),
        ),
        (
            "contact",
            drawn(&ContactPage::new(
                &viewer,
                &super::contact::Lists {
                    triage: &rows.items,
                    decide: &rows.items,
                    above: &[],
                    late: &rows.items,
                    stages: &samples::picture().by,
                    schools: &samples::picture().by,
                    unspoken: &[contracts::queries::Unspoken {
                        school: contracts::SchoolId::derived(&["x"]),
                        spoke: text.to_owned(),
                        loops: 2,
                    }],
                },
            )),
        ),
        (
            "agenda",
            drawn(&AgendaPage::new(
                &viewer,
                super::contact::With::School(contracts::SchoolId::derived(&["x"])),
                &rows.items,
                &[samples::pattern_row(PatternStanding::Proposed, text)],
            )),
        ),
        (
            "agenda of a team",
            drawn(&AgendaPage::new(
                &viewer,
                super::contact::With::Team(contracts::TeamId::derived(&["x"])),
                &rows.items,
                &[samples::pattern_row(PatternStanding::Proposed, text)],
            )),
        ),
        ("file", drawn(&FilePage::new(&viewer, &Typed::default(), None))),
        (
            "file, a name",
            drawn(&FilePage::new(&viewer, &typed, None).pointing_out(&[(
                "trying".to_owned(),
                Named {
                    words: text.to_owned(),
                    looks: Looks::NameOfStudent,
                },
            )])),
        ),
        (
            "file, refused",
            drawn(&FilePage::new(&viewer, &typed, Some(&problem(text)))),
        ),
        (
            "leader",
            drawn(&LeaderPage::new(
                &viewer,
                &Typed::of(&[("by", "department"), ("area", text)]),
                &super::leader::Seen {
                    now: &samples::picture(),
                    before: &samples::picture(),
                    trend: &samples::trend(),
                    waiting: &rows.items,
                    patterns: Some(&[samples::pattern_row(PatternStanding::Detected, text)]),
                },
            )),
        ),
        (
            "brief",
            drawn(&BriefPage::new(
                &viewer,
                "2026-10-01".parse().expect("a day"),
                &super::leader::Answers {
                    now: samples::picture(),
                    before: samples::picture(),
                    trend: samples::trend(),
                },
                &samples::picture(),
                Some(&[samples::pattern_row(PatternStanding::Proposed, text)]),
            )),
        ),
        ("trouble", drawn(&TroublePage::new(&problem(text), Some(&viewer)))),
        ("trouble, stranger", drawn(&TroublePage::new(&problem(text), None))),
        ("kept", drawn(&KeptPage::new(text, text, &typed))),
    ];
    if let Some(department) = viewer.visitor.claims.departments.first() {
        let mut inbox = DepartmentPage::new(&viewer, *department, &rows, &typed);
        let row = samples::flexibility_row(Says::Flexibility, ScopeLevel::Schools, Standing::Expired, text);
        inbox.ending = Ending::new(&[row], &viewer.days);
        pages.push(("department", drawn(&inbox)));
    }
    let mut pages: Vec<(String, String)> = pages.into_iter().map(|(name, page)| (name.to_owned(), page)).collect();
    for state in LoopState::ALL {
        let view = samples::loop_view(*state, text);
        let history = samples::entries(text);
        for roles in [Role::ALL, &[Role::Reporter], &[Role::DepartmentStaff], &[Role::Auditor]] {
            let viewer = samples::viewer_as(roles);
            pages.push((
                format!("loop {state} as {roles:?}"),
                drawn(&LoopPage::new(
                    &viewer,
                    &view,
                    &history,
                    &samples::similar(text),
                    Some(Action::File),
                    None,
                )),
            ));
        }
        let mut card = samples::loop_view(*state, text);
        card.card = true;
        card.schools.clear();
        pages.push((
            format!("card {state}"),
            drawn(&LoopPage::new(
                &viewer,
                &card,
                &Page {
                    items: Vec::new(),
                    next: None,
                },
                &contracts::queries::Similar::default(),
                None,
                None,
            )),
        ));
    }
    for held in [false, true] {
        let mut view = samples::loop_view(LoopState::Closed, text);
        let kept = ["contest", "erase", "hold", "lift-hold", "disclose"];
        view.actions = kept.map(str::to_owned).to_vec();
        let hold = |nth: u128| HoldView {
            id: EventId(uuid::Uuid::from_u128(nth)),
            since: samples::now(),
        };
        view.holds = if held { vec![hold(1), hold(2)] } else { Vec::new() };
        let entries = samples::entries(text).items;
        let attempt = held.then(|| {
            let form = super::custody::form(Action::Erase, &viewer, &view, &entries);
            form.refused(&typed, &problem(text), &viewer)
        });
        let page = CustodyPage::new(&viewer, &view, &entries, Some(Action::Disclose), attempt);
        pages.push((format!("custody, held {held}"), drawn(&page)));
    }
    for action in Action::ALL {
        let view = samples::loop_view(LoopState::Proposed, text);
        let form = super::loop_page::refused_form(*action, &viewer, &view, &typed, &problem(text));
        pages.push((
            format!("refused {}", action.slug()),
            drawn(&LoopPage::new(
                &viewer,
                &view,
                &samples::entries(text),
                &samples::similar(text),
                None,
                Some((*action, form)),
            )),
        ));
    }
    pages.extend(register_pages(&viewer, &typed, text));
    pages.extend(office_pages(&viewer, text));
    let keeper = samples::keeper(text);
    for (name, page) in settings::every_section(&keeper, &samples::changed(text)) {
        pages.push((format!("settings, {name}"), drawn(&page)));
    }
    pages
}

/// The pages of what is allowed, and of what is like what is typed.
fn register_pages(viewer: &super::viewer::Viewer, typed: &Typed, text: &str) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut near = FilePage::new(viewer, typed, None);
    near.near = Some(Cards::new(viewer, &samples::similar(text)));
    pages.push(("file, looked first".to_owned(), drawn(&near)));
    let rows: Vec<_> = Says::ALL
        .iter()
        .flat_map(|says| Standing::ALL.iter().map(move |standing| (*says, *standing)))
        .enumerate()
        .map(|(at, (says, standing))| {
            let mut row = samples::flexibility_row(says, ScopeLevel::Zone, standing, text);
            row.id = contracts::FlexibilityId(uuid::Uuid::from_u128(at as u128));
            row
        })
        .collect();
    let page = Page {
        items: rows,
        next: Some("7".to_owned()),
    };
    pages.push((
        "allowed".to_owned(),
        drawn(&AllowedPage::new(viewer, typed, &page, true)),
    ));
    let nothing = Page {
        items: Vec::new(),
        next: None,
    };
    let empty = AllowedPage::new(viewer, &Typed::default(), &nothing, false);
    pages.push(("allowed, nothing".to_owned(), drawn(&empty)));
    for says in Says::ALL {
        for level in ScopeLevel::ALL {
            for standing in Standing::ALL {
                let view = samples::flexibility_view(*says, *level, *standing, text);
                let done = Some(RegisterAction::Claim);
                pages.push((
                    format!("allowed {says} {level} {standing}"),
                    drawn(&FlexibilityPage::new(viewer, &view, done, None)),
                ));
            }
        }
    }
    pages.push((
        "write down".to_owned(),
        drawn(&WritePage::new(viewer, typed, Some(&problem(text)))),
    ));
    let mut shown = samples::public_register(text);
    shown.items.truncate(1);
    let row = samples::flexibility_row(Says::Flexibility, ScopeLevel::Zone, Standing::InForce, text);
    let person = samples::person(text);
    let found = PeopleFound {
        people: vec![person.clone()],
        more: true,
    };
    pages.push(("people".to_owned(), drawn(&PeoplePage::new(viewer, text, &found))));
    let invited = PersonPage {
        link: Some((text.to_owned(), text.to_owned())),
        ..PersonPage::new(viewer, &person, None)
    };
    pages.push(("person".to_owned(), drawn(&invited)));
    let join = JoinPage {
        shell: shell::Shell::bare("Choose"),
        href: "/join/token".to_owned(),
        door: "token".to_owned(),
        name: text.to_owned(),
        district: text.to_owned(),
        login: text.to_owned(),
        again: false,
        problem: Some(text.to_owned()),
    };
    pages.push(("join".to_owned(), drawn(&join)));
    for stage in samples::import_stages(text) {
        let view = samples::import(stage, text);
        let refused = Problem::conflict("bad-rows", text);
        pages.push((
            format!("import {:?}", view.stage),
            drawn(&ImportPage::new(viewer, &view, Some(&refused))),
        ));
        let late = [(samples::now(), view)];
        pages.push((
            "roster".to_owned(),
            drawn(&RosterPage::new(viewer, &late, Some(text.to_owned()))),
        ));
    }
    pages.push(("zones".to_owned(), drawn(&ZonesPage::new(viewer, None))));
    let zone = ZonePage::new(viewer, &samples::zone(), &[row], true, None);
    pages.push(("zone".to_owned(), drawn(&zone)));
    pages.push(("public".to_owned(), drawn(&PublicPage::new(&shown, &viewer.days))));
    pages
}

/// The pages of patterns, requests to the state and reviews.
fn office_pages(viewer: &super::viewer::Viewer, text: &str) -> Vec<(String, String)> {
    fn one<T>(item: T) -> Page<T> {
        Page {
            items: vec![item],
            next: Some("7".to_owned()),
        }
    }
    let mut pages = Vec::new();
    let map = samples::clauses(text);
    for standing in PatternStanding::ALL {
        let page = one(samples::pattern_row(*standing, text));
        let list = PatternsPage::new(viewer, &page, Some(&map));
        pages.push((format!("patterns {standing}"), drawn(&list)));
        let view = samples::pattern_view(*standing, text);
        let whole = PatternPage::with(viewer, &view, Some(OfficeAction::DecideRevision), None);
        pages.push((format!("pattern {standing}"), drawn(&whole)));
    }
    for standing in WaiverStanding::ALL {
        let view = samples::waiver(*standing, text);
        let whole = WaiverPage::with(viewer, &view, Some(OfficeAction::SubmitWaiver), None);
        pages.push((format!("waiver {standing}"), drawn(&whole)));
        pages.push((
            format!("waivers {standing}"),
            drawn(&WaiversPage::new(viewer, &one(view))),
        ));
    }
    let review = samples::review(text);
    pages.push((
        "review".to_owned(),
        drawn(&ReviewPage::with(
            viewer,
            &review,
            Some(OfficeAction::ExamineClause),
            None,
        )),
    ));
    pages.push(("reviews".to_owned(), drawn(&ReviewsPage::new(viewer, &one(review)))));
    pages
}

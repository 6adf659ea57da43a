//! Every template renders with every sample, and what people type comes out as text.

use askama::Template;
use contracts::Action;
use contracts::OfficeAction;
use contracts::ids::EventId;
use contracts::problem::{FieldProblem, Problem, Since};
use contracts::queries::{HoldView, Page, PeopleFound};
use contracts::register_action::RegisterAction;
use contracts::vocabulary::{LoopState, PatternStanding, Role, Says, ScopeLevel, Standing, WaiverStanding};

use domain::students::{Looks, Named};

use super::account::AccountPage;
use super::allowed::{AllowedPage, Ending, FlexibilityPage, PublicPage, WritePage};
use super::contact::{AgendaPage, ContactPage};
use super::custody::CustodyPage;
use super::department::DepartmentPage;
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
use super::samples::{self, HOSTILE};
use super::school::SchoolPage;
use super::search::SearchPage;
use super::second_step::SecondStepPage;
use super::settings::{self, SettingsPage, TriedPage};
use super::shell::{self, KeptPage, TroublePage};
use super::sign_in::SignInPage;
use super::sign_on::UnknownPage;
use super::zones::{ZonePage, ZonesPage};

fn problem() -> Problem {
    let field = |field: &str| FieldProblem {
        field: field.to_owned(),
        message: format!("is wrong: {HOSTILE}"),
    };
    let mut problem = Problem::invalid(HOSTILE, vec![field("trying"), field("summary"), field("why")]);
    problem.since.push(Since {
        sequence: 9,
        event: "org.loopline.resolution.case_declined.v1".to_owned(),
        actor: "person/00000000-0000-0000-0000-000000000001".to_owned(),
        by: Some(HOSTILE.to_owned()),
        time: samples::now(),
    });
    problem
}

fn drawn(template: &impl Template) -> String {
    template.render().expect("a page")
}

/// Every page, drawn by its samples with every text hostile.
fn pages() -> Vec<(String, String)> {
    let viewer = samples::viewer();
    let rows = samples::rows(HOSTILE);
    let typed = Typed::of(&[
        ("trying", HOSTILE),
        ("summary", HOSTILE),
        ("why", HOSTILE),
        ("q", HOSTILE),
        ("state", "closed"),
    ]);
    let mut pages = vec![
        (
            "sign-in",
            drawn(&SignInPage::new(
                samples::people(),
                samples::providers(HOSTILE),
                "token".into(),
                HOSTILE.into(),
                HOSTILE.into(),
                Some(HOSTILE.into()),
            )),
        ),
        (
            "sign-in, nobody",
            drawn(&SignInPage::new(
                Vec::new(),
                Vec::new(),
                "token".into(),
                String::new(),
                HOSTILE.into(),
                None,
            )),
        ),
        (
            "second step, to set up",
            drawn(&SecondStepPage::new(
                &samples::second_step(HOSTILE, true),
                "token".into(),
                HOSTILE.into(),
                Some(HOSTILE.into()),
            )),
        ),
        (
            "second step",
            drawn(&SecondStepPage::new(
                &samples::second_step(HOSTILE, false),
                "token".into(),
                String::new(),
                None,
            )),
        ),
        (
            "unknown account",
            drawn(&UnknownPage {
                shell: super::shell::Shell::bare(HOSTILE),
                account: HOSTILE.into(),
                district: HOSTILE.into(),
                contact: Some(HOSTILE.into()),
            }),
        ),
        ("roles", drawn(&RolesPage::new(&viewer))),
        ("settings", drawn(&SettingsPage::new(&viewer))),
        (
            "rules, tried",
            drawn(&TriedPage::new(
                &samples::keeper(HOSTILE),
                &samples::keeper(HOSTILE).district.rules,
                3,
                &samples::dry_ran(HOSTILE),
                "key".into(),
                Some(problem()),
            )),
        ),
        (
            "account",
            drawn(&AccountPage {
                made: Some((HOSTILE.into(), HOSTILE.into())),
                acting: Some(HOSTILE.into()),
                ..AccountPage::new(&viewer, &samples::access(HOSTILE), None)
            }),
        ),
        (
            "record, sound",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(HOSTILE),
                &samples::check(Some(true), HOSTILE),
            )),
        ),
        (
            "record, wrong",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(HOSTILE),
                &samples::check(Some(false), HOSTILE),
            )),
        ),
        (
            "record, under way",
            drawn(&RecordPage::new(
                &viewer,
                &samples::ledger(HOSTILE),
                &samples::check(None, HOSTILE),
            )),
        ),
        (
            "receipt",
            drawn(&ReceiptPage {
                shell: super::shell::Shell::bare("Check a receipt"),
                typed: HOSTILE.to_owned(),
                verdict: Some(Verdict {
                    holds: true,
                    sentence: HOSTILE.to_owned(),
                    facts: vec![("Record", HOSTILE.to_owned())],
                }),
            }),
        ),
        (
            "school",
            drawn(&SchoolPage::new(&viewer, &rows.items, &rows.items, &rows.items)),
        ),
        ("school, nothing", drawn(&SchoolPage::new(&viewer, &[], &[], &[]))),
        ("loops", drawn(&LoopsPage::new(&viewer, &typed, &rows))),
        (
            "search",
            drawn(&SearchPage::new(&viewer, HOSTILE, &rows, &samples::similar(HOSTILE))),
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
                        spoke: HOSTILE.to_owned(),
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
                &[samples::pattern_row(PatternStanding::Proposed, HOSTILE)],
            )),
        ),
        (
            "agenda of a team",
            drawn(&AgendaPage::new(
                &viewer,
                super::contact::With::Team(contracts::TeamId::derived(&["x"])),
                &rows.items,
                &[samples::pattern_row(PatternStanding::Proposed, HOSTILE)],
            )),
        ),
        ("file", drawn(&FilePage::new(&viewer, &Typed::default(), None))),
        (
            "file, a name",
            drawn(&FilePage::new(&viewer, &typed, None).pointing_out(&[(
                "trying".to_owned(),
                Named {
                    words: HOSTILE.to_owned(),
                    looks: Looks::NameOfStudent,
                },
            )])),
        ),
        (
            "file, refused",
            drawn(&FilePage::new(&viewer, &typed, Some(&problem()))),
        ),
        (
            "leader",
            drawn(&LeaderPage::new(
                &viewer,
                &Typed::of(&[("by", "department"), ("area", HOSTILE)]),
                &super::leader::Seen {
                    now: &samples::picture(),
                    before: &samples::picture(),
                    trend: &samples::trend(),
                    waiting: &rows.items,
                    patterns: &[samples::pattern_row(PatternStanding::Detected, HOSTILE)],
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
                &[samples::pattern_row(PatternStanding::Proposed, HOSTILE)],
            )),
        ),
        ("trouble", drawn(&TroublePage::new(&problem(), Some(&viewer)))),
        ("trouble, stranger", drawn(&TroublePage::new(&problem(), None))),
        ("kept", drawn(&KeptPage::new(HOSTILE, HOSTILE, &typed))),
    ];
    if let Some(department) = viewer.visitor.claims.departments.first() {
        let mut inbox = DepartmentPage::new(&viewer, *department, &rows, &typed);
        let row = samples::flexibility_row(Says::Flexibility, ScopeLevel::Schools, Standing::Expired, HOSTILE);
        inbox.ending = Ending::new(&[row], &viewer.days);
        pages.push(("department", drawn(&inbox)));
    }
    let mut pages: Vec<(String, String)> = pages.into_iter().map(|(name, page)| (name.to_owned(), page)).collect();
    for state in LoopState::ALL {
        let view = samples::loop_view(*state, HOSTILE);
        let history = samples::entries(HOSTILE);
        for roles in [Role::ALL, &[Role::Reporter], &[Role::DepartmentStaff], &[Role::Auditor]] {
            let viewer = samples::viewer_as(roles);
            pages.push((
                format!("loop {state} as {roles:?}"),
                drawn(&LoopPage::new(
                    &viewer,
                    &view,
                    &history,
                    &samples::similar(HOSTILE),
                    Some(Action::File),
                    None,
                )),
            ));
        }
        let mut card = samples::loop_view(*state, HOSTILE);
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
        let mut view = samples::loop_view(LoopState::Closed, HOSTILE);
        let kept = ["contest", "erase", "hold", "lift-hold", "disclose"];
        view.actions = kept.map(str::to_owned).to_vec();
        let hold = |nth: u128| HoldView {
            id: EventId(uuid::Uuid::from_u128(nth)),
            since: samples::now(),
        };
        view.holds = if held { vec![hold(1), hold(2)] } else { Vec::new() };
        let entries = samples::entries(HOSTILE).items;
        let attempt = held.then(|| {
            let form = super::custody::form(Action::Erase, &viewer, &view, &entries);
            form.refused(&typed, &problem(), &viewer)
        });
        let page = CustodyPage::new(&viewer, &view, &entries, Some(Action::Disclose), attempt);
        pages.push((format!("custody, held {held}"), drawn(&page)));
    }
    for action in Action::ALL {
        let view = samples::loop_view(LoopState::Proposed, HOSTILE);
        let form = super::loop_page::refused_form(*action, &viewer, &view, &typed, &problem());
        pages.push((
            format!("refused {}", action.slug()),
            drawn(&LoopPage::new(
                &viewer,
                &view,
                &samples::entries(HOSTILE),
                &samples::similar(HOSTILE),
                None,
                Some((*action, form)),
            )),
        ));
    }
    pages.extend(register_pages(&viewer, &typed));
    pages.extend(office_pages(&viewer));
    let keeper = samples::keeper(HOSTILE);
    for (name, page) in settings::every_section(&keeper, &samples::changed(HOSTILE)) {
        pages.push((format!("settings, {name}"), drawn(&page)));
    }
    pages
}

/// The pages of what is allowed, and of what is like what is typed.
fn register_pages(viewer: &super::viewer::Viewer, typed: &Typed) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut near = FilePage::new(viewer, typed, None);
    near.near = Some(Cards::new(viewer, &samples::similar(HOSTILE)));
    pages.push(("file, looked first".to_owned(), drawn(&near)));
    let rows: Vec<_> = Says::ALL
        .iter()
        .flat_map(|says| Standing::ALL.iter().map(move |standing| (*says, *standing)))
        .enumerate()
        .map(|(at, (says, standing))| {
            let mut row = samples::flexibility_row(says, ScopeLevel::Zone, standing, HOSTILE);
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
                let view = samples::flexibility_view(*says, *level, *standing, HOSTILE);
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
        drawn(&WritePage::new(viewer, typed, Some(&problem()))),
    ));
    let mut shown = samples::public_register(HOSTILE);
    shown.items.truncate(1);
    let row = samples::flexibility_row(Says::Flexibility, ScopeLevel::Zone, Standing::InForce, HOSTILE);
    let person = samples::person(HOSTILE);
    let found = PeopleFound {
        people: vec![person.clone()],
        more: true,
    };
    pages.push(("people".to_owned(), drawn(&PeoplePage::new(viewer, HOSTILE, &found))));
    let invited = PersonPage {
        link: Some((HOSTILE.to_owned(), HOSTILE.to_owned())),
        ..PersonPage::new(viewer, &person, None)
    };
    pages.push(("person".to_owned(), drawn(&invited)));
    let join = JoinPage {
        shell: shell::Shell::bare("Choose"),
        href: "/join/token".to_owned(),
        door: "token".to_owned(),
        name: HOSTILE.to_owned(),
        district: HOSTILE.to_owned(),
        login: HOSTILE.to_owned(),
        again: false,
        problem: Some(HOSTILE.to_owned()),
    };
    pages.push(("join".to_owned(), drawn(&join)));
    for stage in samples::import_stages(HOSTILE) {
        let view = samples::import(stage, HOSTILE);
        let refused = Problem::conflict("bad-rows", HOSTILE);
        pages.push((
            format!("import {:?}", view.stage),
            drawn(&ImportPage::new(viewer, &view, Some(&refused))),
        ));
        let late = [(samples::now(), view)];
        pages.push((
            "roster".to_owned(),
            drawn(&RosterPage::new(viewer, &late, Some(HOSTILE.to_owned()))),
        ));
    }
    pages.push(("zones".to_owned(), drawn(&ZonesPage::new(viewer, None))));
    let zone = ZonePage::new(viewer, &samples::zone(), &[row], true, None);
    pages.push(("zone".to_owned(), drawn(&zone)));
    pages.push(("public".to_owned(), drawn(&PublicPage::new(&shown, &viewer.days))));
    pages
}

/// The pages of patterns, requests to the state and reviews.
fn office_pages(viewer: &super::viewer::Viewer) -> Vec<(String, String)> {
    fn one<T>(item: T) -> Page<T> {
        Page {
            items: vec![item],
            next: Some("7".to_owned()),
        }
    }
    let mut pages = Vec::new();
    let map = samples::clauses(HOSTILE);
    for standing in PatternStanding::ALL {
        let page = one(samples::pattern_row(*standing, HOSTILE));
        let list = PatternsPage::new(viewer, &page, Some(&map));
        pages.push((format!("patterns {standing}"), drawn(&list)));
        let view = samples::pattern_view(*standing, HOSTILE);
        let whole = PatternPage::with(viewer, &view, Some(OfficeAction::DecideRevision), None);
        pages.push((format!("pattern {standing}"), drawn(&whole)));
    }
    for standing in WaiverStanding::ALL {
        let view = samples::waiver(*standing, HOSTILE);
        let whole = WaiverPage::with(viewer, &view, Some(OfficeAction::SubmitWaiver), None);
        pages.push((format!("waiver {standing}"), drawn(&whole)));
        pages.push((
            format!("waivers {standing}"),
            drawn(&WaiversPage::new(viewer, &one(view))),
        ));
    }
    let review = samples::review(HOSTILE);
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

#[test]
fn every_template_renders_with_every_sample() {
    for (name, page) in pages() {
        assert!(
            page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"),
            "{name}"
        );
        assert!(!page.contains("{{") && !page.contains("{%"), "{name}");
    }
}

#[test]
fn what_people_type_comes_out_as_text() {
    for (name, page) in pages() {
        assert!(!page.contains("<script>alert"), "{name}");
        assert!(
            !page.contains("& 'bells'"),
            "{name}: an ampersand or a quote stands as it was typed"
        );
    }
}

#[test]
fn no_style_or_script_stands_within_a_page() {
    for (name, page) in pages() {
        assert!(!page.contains(" style="), "{name}");
        assert!(!page.contains("<style"), "{name}");
        assert_eq!(page.matches("<script").count(), 1, "{name}: only the one file");
        for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
            assert!(!page.contains(handler), "{name}: {handler}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_its_tokens() {
    for (name, page) in pages() {
        for form in page.split("<form").skip(1).filter(|form| form.starts_with_post()) {
            let form = form.split("</form>").next().unwrap_or_default();
            // Checking a receipt changes nothing, and anybody may.
            if form.contains("action=\"/receipt\"") {
                continue;
            }
            let door = form.contains("action=\"/sign-in") || form.contains("action=\"/join/");
            let token = if door {
                "name=\"door\" value=\"token\""
            } else {
                "name=\"csrf\" value=\"token\""
            };
            assert!(form.contains(token), "{name}: {form}");
            // Signing out twice, beginning a check twice, taking one roster in twice does nothing more; a file that is handed
            // over twice changes nothing either time, and of two links the last one counts.
            let twice = [
                "action=\"/sign-out\"",
                "action=\"/record\"",
                "action=\"/roster",
                "/link\"",
                // What is over is over, and who acts is who acts.
                "action=\"/account/end-session\"",
                "action=\"/account/act-for\"",
                "action=\"/account/second-step\"",
            ]
            .iter()
            .any(|action| form.contains(action));
            assert!(door || twice || form.contains("name=\"key\" value=\""), "{name}");
        }
    }
}

trait Posts {
    fn starts_with_post(&self) -> bool;
}

impl Posts for str {
    fn starts_with_post(&self) -> bool {
        self.split('>')
            .next()
            .is_some_and(|tag| tag.contains("method=\"post\""))
    }
}

#[test]
fn ids_stand_once_on_a_page() {
    for (name, page) in pages() {
        let mut seen = std::collections::BTreeSet::new();
        for id in page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(seen.insert(id), "{name}: {id} stands twice");
        }
    }
}

#[test]
fn what_was_typed_comes_back_with_what_is_wrong() {
    let viewer = samples::viewer_as(&[Role::DepartmentStaff]);
    let view = samples::loop_view(LoopState::Acknowledged, "Bells");
    let typed = Typed::of(&[("summary", "Double periods on Tuesdays"), ("kind", "support")]);
    let problem = Problem::invalid(
        "",
        vec![FieldProblem {
            field: "summary".into(),
            message: "is empty".into(),
        }],
    );
    let form = super::loop_page::refused_form(Action::Propose, &viewer, &view, &typed, &problem);
    let page = drawn(&LoopPage::new(
        &viewer,
        &view,
        &samples::entries("x"),
        &contracts::queries::Similar::default(),
        None,
        Some((Action::Propose, form)),
    ));
    assert!(page.contains("Double periods on Tuesdays</textarea>"));
    assert!(page.contains("This is empty."));
    assert!(page.contains("value=\"support\" checked"));
}

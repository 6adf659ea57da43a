//! Who may do what: every action of every declared table, tried by everybody on a thing that is theirs and on one that is
//! not, and answered as the table says. Each is tried on an old version, so that what is permitted is told apart from
//! what is done: nothing changes.

use contracts::action::{AUTHORITY, Action, Scope};
use contracts::directory_action::{DIRECTORY_AUTHORITY, DirectoryAction};
use contracts::office_action::{OFFICE_AUTHORITY, OfficeAction, OfficeScope};
use contracts::register_action::{REGISTER_AUTHORITY, RegisterAction, RegisterScope};
use contracts::subjects::Thing;
use contracts::vocabulary::Role;
use loopline_tests::{Api, People, Stack, location};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody: name, role, school, department. As the harness sets them up.
const EVERYBODY: [(&str, Role, Option<&str>, Option<&str>); 11] = [
    ("rosa", Role::Reporter, Some("alder"), None),
    ("ann", Role::Reporter, Some("birch"), None),
    ("ines", Role::Reporter, Some("cedar"), None),
    ("marcus", Role::DepartmentStaff, None, Some("curriculum")),
    ("lena", Role::DepartmentLead, None, Some("curriculum")),
    ("tom", Role::DepartmentStaff, None, Some("technology")),
    ("paul", Role::DepartmentLead, None, Some("technology")),
    ("carol", Role::Contact, None, None),
    ("sam", Role::Leader, None, None),
    ("ada", Role::Auditor, None, None),
    ("eve", Role::Administrator, None, None),
];

/// What came of trying, without doing.
async fn tried(api: &Api, path: &str, body: &Value) -> u16 {
    let request = api.request(Method::POST, path).header("If-Match", "\"1\"").json(body);
    api.send(request).await.status
}

/// Whether a status says that somebody may: what they knew was too old, or the thing is not so far, but it was theirs to do.
fn permitted(status: u16) -> bool {
    matches!(status, 200 | 409 | 412)
}

/// Whether a status says that somebody may not, or never came so far: what they named is not theirs to name.
fn refused(status: u16) -> bool {
    matches!(status, 403 | 422)
}

/// Whether two loops' facts let somebody act in a place: theirs is the alder school's loop, with curriculum.
fn in_the_loop(role: Role, school: Option<&str>, department: Option<&str>, scope: Scope, action: Action) -> bool {
    match scope {
        Scope::District => true,
        // Whoever joins is not in it yet. The contact speaks for the district's own part, which is not in it.
        Scope::OwnSchool => role == Role::Reporter && (action == Action::Join || school == Some("alder")),
        Scope::HoldingDepartment | Scope::AnyDepartmentInIt => department == Some("curriculum"),
        Scope::TeamAsked => false,
    }
}

fn body_of(action: Action) -> Value {
    let id = People::person("marcus");
    match action {
        Action::File => json!(null),
        Action::Amend => json!({"title": "x"}),
        Action::Join | Action::Leave | Action::Withdraw | Action::Confirm | Action::LiftHold => json!({}),
        Action::HandOn => json!({"to": People::person("ruth"), "school": People::school("alder")}),
        Action::Answer => json!({"answer": "x"}),
        Action::Refuse | Action::Appeal | Action::WithdrawResolution | Action::Hold => json!({"why": "x"}),
        Action::FollowUp => json!({"still_works": true}),
        Action::Route | Action::Collaborate => json!({"department": "technology"}),
        Action::Reroute => json!({"department": "technology", "why": "x"}),
        Action::Escalate => json!({"to": "contact", "why": "x"}),
        Action::DecideEscalation | Action::DecideTeam => json!({"decision": "x"}),
        Action::ChangeDue => json!({"resolve": "2027-01-04", "why": "x"}),
        Action::Acknowledge => json!({"word": "x"}),
        Action::Assign => json!({"person": id}),
        Action::Ask => json!({"question": "x"}),
        Action::Note => json!({"text": "x", "shared": true}),
        Action::PutBeforeTeam => json!({"team": "The council", "question": "x"}),
        Action::Propose => json!({"kind": "support", "summary": "x"}),
        Action::Decline => json!({"ground": "non_negotiable", "reason": "x"}),
        Action::StateAnswer => json!({"granted": true}),
        Action::CorrectRule => json!({"rule": {"source": "habit"}, "title": "x", "text": "x"}),
        Action::Contest => json!({"text": "x"}),
        Action::Erase => json!({"texts": ["all"], "ground": "court_order", "why": "x"}),
        Action::Disclose => json!({"form": "public", "to": "x"}),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_loop_everybody_may_what_the_table_says_and_no_more() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let mut own = loopline_tests::tension("seat_time");
    own["visibility"] = json!("school_only");
    let hidden = stack.api("rosa").post("/api/v1/tensions", &own).await.body["id"].clone();
    let shown = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let mut tries = 0;
    for action in Action::ALL {
        // Filing is no action on a loop, and what was put before nobody is decided by nobody.
        if matches!(action, Action::File | Action::DecideEscalation | Action::DecideTeam) {
            continue;
        }
        let listed: Vec<_> = AUTHORITY.iter().filter(|(one, _, _)| one == action).collect();
        assert!(!listed.is_empty(), "{action:?} is for nobody");
        for (person, role, school, department) in EVERYBODY {
            let may = listed
                .iter()
                .filter(|(_, of, _)| *of == role)
                .any(|(_, _, scope)| in_the_loop(role, school, department, *scope, *action));
            let path = |id: &str| format!("/api/v1/loops/{id}/{}", action.slug());
            let status = tried(&stack.api(person), &path(&shown), &body_of(*action)).await;
            // An administrator as such knows of no loop.
            let expected = match (role, may) {
                (Role::Administrator, _) => status == 404,
                (_, true) => permitted(status),
                (_, false) => refused(status),
            };
            assert!(expected, "{person}, {action:?}, may: {may}: {status}");
            // What is its school's only is not there for other schools and departments.
            let sees = school == Some("alder")
                || department == Some("curriculum")
                || matches!(role, Role::Contact | Role::Leader | Role::Auditor);
            let status = tried(
                &stack.api(person),
                &path(hidden.as_str().expect("an id")),
                &body_of(*action),
            )
            .await;
            let expected = match (sees, may) {
                (false, _) => status == 404,
                (true, true) => permitted(status),
                (true, false) => refused(status),
            };
            assert!(
                expected,
                "{person}, {action:?} on one that is hidden, sees: {sees}, may: {may}: {status}"
            );
            tries += 2;
        }
    }
    assert!(tries > 600, "{tries}");
    let head = stack.log.head().await.expect("the log");
    let history = stack.api("ada").history(&shown, head).await;
    assert_eq!(history, ["tension_filed", "tension_routed"], "nothing was done");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_register_everybody_may_what_the_table_says_and_no_more() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let words = json!({"says": "flexibility", "title": "Mastery first", "text": "Move on when a unit is mastered.",
        "area": "seat_time", "department": "curriculum", "rule": {"source": "board_policy", "citation": "Policy 1"}});
    let written = stack.api("lena").post("/api/v1/flexibilities", &words).await;
    assert_eq!(written.status, 201, "{written:?}");
    let id = written.body["id"].as_str().expect("an id").to_owned();
    for action in RegisterAction::ALL {
        let body = match action {
            RegisterAction::WriteDown => words.clone(),
            RegisterAction::Widen => json!({"scope": {"level": "district"}, "why": "x"}),
            RegisterAction::ChangeConditions => json!({"conditions": "x", "why": "x"}),
            RegisterAction::PublishRationale => json!({"readership": "families", "text": "x"}),
            RegisterAction::ShowTo => json!({"readers": "public"}),
            RegisterAction::Renew => json!({"ends_on": "2027-06-30", "why": "x"}),
            RegisterAction::Revoke => json!({"why": "x"}),
            RegisterAction::Claim => json!({"how": "x"}),
            RegisterAction::AnswerPilot => json!({"answer": "x", "choice": "stop"}),
        };
        for (person, role, school, department) in EVERYBODY {
            let may = REGISTER_AUTHORITY
                .iter()
                .filter(|(one, of, _)| one == action && *of == role)
                .any(|(_, _, scope)| match scope {
                    RegisterScope::District => true,
                    RegisterScope::OwnSchool => school.is_some(),
                    RegisterScope::OwnDepartment => department == Some("curriculum"),
                });
            let path = if *action == RegisterAction::WriteDown {
                "/api/v1/flexibilities".to_owned()
            } else {
                format!("/api/v1/flexibilities/{id}/{}", action.slug())
            };
            let status = tried(&stack.api(person), &path, &body).await;
            let expected = if may { permitted(status) } else { refused(status) };
            assert!(expected, "{person}, {action:?}, may: {may}: {status}");
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn about_reviews_everybody_may_what_the_table_says_and_no_more() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let opening =
        json!({"title": "The handbook", "purpose": "What blocks?", "department": "curriculum", "due_on": "2027-01-15"});
    let opened = stack.api("lena").post("/api/v1/reviews", &opening).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let id = opened.body["id"].as_str().expect("an id").to_owned();
    let of_reviews = OfficeAction::ALL
        .iter()
        .copied()
        .filter(|action| action.thing() == Thing::Review);
    for action in of_reviews {
        let (path, body) = if action == OfficeAction::OpenReview {
            ("/api/v1/reviews".to_owned(), opening.clone())
        } else if action == OfficeAction::ExamineClause {
            (
                format!("/api/v1/reviews/{id}/examine"),
                json!({"clause": "B", "finding": "blocks", "note": "x"}),
            )
        } else {
            (
                format!("/api/v1/reviews/{id}/{}", action.name()),
                json!({"summary": "x"}),
            )
        };
        for (person, role, _, department) in EVERYBODY {
            let may = OFFICE_AUTHORITY
                .iter()
                .filter(|(one, of, _)| *one == action && *of == role)
                .any(|(_, _, scope)| match scope {
                    OfficeScope::District => true,
                    OfficeScope::OwnDepartment => department == Some("curriculum"),
                    OfficeScope::TeamAsked => false,
                });
            let status = tried(&stack.api(person), &path, &body).await;
            let expected = if may {
                permitted(status)
            } else {
                refused(status) || status == 404
            };
            assert!(expected, "{person}, {action:?}, may: {may}: {status}");
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn about_the_district_everybody_may_what_the_table_says_and_no_more() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let before = stack.log.head().await.expect("the log");
    for (who, ..) in EVERYBODY {
        stack.signed_in(who, &format!("{who} signed in")).await;
    }
    let person = People::person("rosa");
    let (school, department) = (People::school("alder"), People::department("curriculum"));
    let district = stack.api("eve").get("/api/v1/directory").await.body;
    let team = district["teams"][0]["id"].as_str().expect("a team").to_owned();
    let zone = district["zones"][0]["id"].as_str().expect("a zone").to_owned();
    for (action, roles) in DIRECTORY_AUTHORITY {
        // What is anybody's to do is only so about themselves, signed in: that is tried elsewhere.
        if roles.len() == Role::ALL.len() {
            continue;
        }
        let (id, body) = match action {
            DirectoryAction::SetCalendar => (String::new(), json!({"closed": []})),
            DirectoryAction::SetServiceLevel => (String::new(), json!({"level": district["service_levels"][0]})),
            DirectoryAction::PublishRoutingRules => (String::new(), json!({"rules": []})),
            DirectoryAction::SetPatternThresholds => (String::new(), json!({"thresholds": district["thresholds"]})),
            DirectoryAction::SetAreas => (String::new(), json!({"areas": []})),
            DirectoryAction::DesignateContact => {
                (String::new(), json!({"person": People::person("carol"), "duties": "x"}))
            }
            DirectoryAction::SetSignOn => (
                String::new(),
                json!({"id": "x", "kind": "standard", "name": "x", "issuer": "https://x.example", "client_id": "x"}),
            ),
            DirectoryAction::RemoveSignOn => (String::new(), json!({"id": "x"})),
            DirectoryAction::SetSchool => (school.to_string(), json!({"name": "x", "level": "middle"})),
            DirectoryAction::RetireSchool => (school.to_string(), json!({})),
            DirectoryAction::SetDepartment => (department.to_string(), json!({"name": "x"})),
            DirectoryAction::RetireDepartment => (department.to_string(), json!({})),
            DirectoryAction::KeepAnswer => (
                department.to_string(),
                json!({"title": "x", "step": "ask", "text": "x"}),
            ),
            DirectoryAction::DropAnswer => (department.to_string(), json!({"answer": person})),
            DirectoryAction::FormTeam => (
                team.clone(),
                json!({"name": "x", "kind": "project_team", "members": [person]}),
            ),
            DirectoryAction::DefineZone => (
                zone.clone(),
                json!({"name": "x", "purpose": "x", "schools": ["alder school", "birch school"]}),
            ),
            DirectoryAction::SetPerson => (person.to_string(), json!({"name": "x"})),
            DirectoryAction::GrantRole | DirectoryAction::RevokeRole => (person.to_string(), json!({"role": "leader"})),
            DirectoryAction::DisablePerson | DirectoryAction::EnablePerson | DirectoryAction::RemoveSecondStep => {
                (person.to_string(), json!({}))
            }
            DirectoryAction::NameStandIn
            | DirectoryAction::EndStandIn
            | DirectoryAction::MakeToken
            | DirectoryAction::EndToken => continue,
        };
        let path = format!("/api/v1/directory/{}", action.path().replace("{id}", &id));
        for (who, role, _, works_in) in EVERYBODY {
            let of_own = matches!(action, DirectoryAction::KeepAnswer | DirectoryAction::DropAnswer);
            let may = roles.contains(&role) && (!of_own || works_in == Some("curriculum"));
            // Who gets in is decided by people, and with nobody's token.
            let with_a_token = tried(&stack.api(who), &path, &body).await;
            let expected = if may && !action.lets_in() {
                permitted(with_a_token)
            } else {
                refused(with_a_token)
            };
            assert!(expected, "{who}, with a token, {action:?}, may: {may}: {with_a_token}");
            let status = tried(&stack.api_with(&format!("{who} signed in")), &path, &body).await;
            let expected = if may { permitted(status) } else { refused(status) };
            assert!(expected, "{who}, {action:?}, may: {may}: {status}");
        }
    }
    assert_eq!(stack.log.head().await.expect("the log"), before, "nothing was done");
    stack.stop().await;
}

/// Questions that are not for everybody, and for whom they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_is_answered_to_those_whom_it_is_for() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let office = [
        Role::DepartmentStaff,
        Role::DepartmentLead,
        Role::Contact,
        Role::Leader,
        Role::Auditor,
    ];
    let cases: [(&str, &[Role]); 8] = [
        ("/api/v1/directory/people", &[Role::Administrator]),
        (
            "/api/v1/directory/changes",
            &[Role::Administrator, Role::Contact, Role::Auditor],
        ),
        ("/api/v1/ledger", &[Role::Administrator, Role::Leader, Role::Auditor]),
        ("/api/v1/metrics/summary", &office),
        ("/api/v1/metrics/stages", &office),
        ("/api/v1/metrics/trend", &office),
        ("/api/v1/loops?as_of=1", &[Role::Contact, Role::Leader, Role::Auditor]),
        ("/ledger/north/tile/entries/000.p/1", &[Role::Auditor]),
    ];
    for (path, roles) in cases {
        for (who, role, _, _) in EVERYBODY {
            let status = stack.api(who).get(path).await.status;
            if roles.contains(&role) {
                assert!(!matches!(status, 401 | 403), "{who} {path}: {status}");
            } else {
                assert!(matches!(status, 403 | 404), "{who} {path}: {status}");
            }
        }
    }
    stack.stop().await;
}

//! Every template renders with every sample, and what people type comes out as text.

use contracts::Action;
use contracts::problem::{FieldProblem, Problem};
use contracts::vocabulary::{LoopState, Role};

use super::forms::Typed;
use super::gallery::{self, drawn};
use super::loop_page::LoopPage;
use super::samples::{self, HOSTILE};

/// Every page with every text hostile.
fn pages() -> Vec<(String, String)> {
    gallery::pages(HOSTILE)
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
                // Under the same name a list is kept once.
                "action=\"/views\"",
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

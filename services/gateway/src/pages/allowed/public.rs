//! `GET /d/{district}/allowed`: what a district shows anybody. Nobody signs in, and no name or loop stands in it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use contracts::problem::Problem;
use contracts::queries::{PublicEntry, PublicRegister, PublicRegisterQuery};
use contracts::vocabulary::Says;

use super::{Group, Item, days_of, words};
use crate::front::Front;
use crate::pages::days::Days;
use crate::pages::shell::{self, Shell};

/// The page anybody may read.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/public.html")]
pub(in crate::pages) struct PublicPage {
    pub shell: Shell,
    pub groups: Vec<Group>,
    pub more: bool,
}

impl PublicPage {
    /// Draws the page.
    pub(in crate::pages) fn new(shown: &PublicRegister, days: &Days) -> Self {
        let groups = Group::all(
            shown
                .items
                .iter()
                .map(|entry| (entry.area_name.clone(), item(entry, days))),
        );
        Self {
            shell: Shell {
                district: shown.district_name.clone(),
                as_of: days.moment(days.now),
                ..Shell::bare("What our schools may do")
            },
            groups,
            more: shown.more,
        }
    }
}

fn item(entry: &PublicEntry, days: &Days) -> Item {
    let mut facts = vec![words::scope(&entry.scope)];
    if entry.says != Says::NonNegotiable {
        facts.push(words::time(entry.starts_on, entry.ends_on, days));
    }
    facts.extend(Some(words::rule(&entry.rule)).filter(|rule| !rule.is_empty()));
    facts.push(entry.department_name.clone());
    let mut more = Vec::new();
    more.extend(entry.conditions.clone().map(|text| ("Conditions", text)));
    more.extend(entry.stays_required.clone().map(|text| ("What stays required", text)));
    more.extend(
        entry
            .rationales
            .iter()
            .map(|why| (why.readership.label(), why.text.clone())),
    );
    Item {
        id: entry.id.to_string(),
        href: None,
        title: entry.title.clone(),
        text: entry.text.clone(),
        stays: entry.says == Says::NonNegotiable,
        facts,
        tag: None,
        more,
    }
}

/// What a district shows anybody.
pub(in crate::pages) async fn anybody(State(front): State<Front>, Path(district): Path<String>) -> Response {
    let page = async {
        let district = district.parse().map_err(|_| Problem::not_found("page"))?;
        let query = PublicRegisterQuery { district };
        let shown: PublicRegister = front
            .bus
            .ask(contracts::subjects::query("flexibility", "public"), &query)
            .await?;
        let days = days_of(&shown.time_zone, &front);
        shell::page(&PublicPage::new(&shown, &days))
    };
    page.await.unwrap_or_else(|problem| shell::trouble(&problem, None))
}

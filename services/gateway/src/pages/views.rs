//! Lists that somebody keeps under a name of their own, shown on the pages that they are of.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::commands::door::{ForgetView, KeepView, KeptView};
use contracts::problem::Problem;
use serde_json::json;

use super::forms::Typed;
use super::shell;
use super::viewer::{Desk, Posted};

/// The lists that a person keeps, and the form that keeps the one looked at.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/views.html")]
pub(super) struct Views {
    pub csrf: String,
    /// The page that they are of.
    pub place: String,
    pub kept: Vec<Kept>,
    /// The address of what is looked at, where it can be kept.
    pub keep: Option<String>,
}

impl HtmlSafe for Views {}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub id: String,
    pub name: String,
    pub href: String,
    pub here: bool,
}

/// What of an address only says where in a list one is, and is not kept.
const NOT_KEPT: [&str; 4] = ["cursor", "as_of", "shown_from", "shown_to"];

impl Views {
    /// The lists of a page, and of the one that is looked at the form that keeps it. Without those who keep them a page
    /// is shown all the same.
    pub(super) async fn of(desk: &Desk, place: &str, typed: &Typed) -> Self {
        let kept: Result<Vec<KeptView>, Problem> = desk.ask("directory", "views", json!({})).await;
        Self::new(&desk.viewer.visitor.csrf, kept.unwrap_or_default(), place, typed)
    }

    /// The same from what is kept.
    pub(super) fn new(csrf: &str, kept: Vec<KeptView>, place: &str, typed: &Typed) -> Self {
        let mut pairs = typed.pairs_without(&NOT_KEPT);
        pairs.retain(|(_, value)| !value.is_empty());
        let here = (!pairs.is_empty()).then(|| format!("{place}{}", Typed::from(pairs).query_with("", "")));
        let kept: Vec<Kept> = kept
            .into_iter()
            .filter(|one| one.address.split('?').next() == Some(place))
            .map(|one| Kept {
                id: one.id.to_string(),
                name: one.name,
                here: Some(&one.address) == here.as_ref(),
                href: one.address,
            })
            .collect();
        Self {
            csrf: csrf.to_owned(),
            place: place.to_owned(),
            keep: here.filter(|_| kept.iter().all(|one| !one.here)),
            kept,
        }
    }
}

/// `POST /views`: keeps the list that an address names, or forgets one.
pub(super) async fn act(Posted { desk, typed }: Posted) -> Response {
    let digest = desk.viewer.visitor.memory_key.clone();
    let acted = async {
        desk.viewer.check(&typed)?;
        let Some(id) = typed.read("forget") else {
            let keep = KeepView {
                secret_digest: digest,
                name: typed.get("name").to_owned(),
                address: typed.get("address").to_owned(),
            };
            let _: bool = desk.front.at_the_door("keep-view", &keep).await?;
            return Ok(keep.address);
        };
        let forget = ForgetView {
            secret_digest: digest,
            id,
        };
        let _: bool = desk.front.at_the_door("forget-view", &forget).await?;
        let place = typed.get("place");
        let place = ["/loops", "/leader"].into_iter().find(|known| *known == place);
        Ok(place.unwrap_or("/loops").to_owned())
    };
    match acted.await {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(problem) => shell::kept_for(&problem, &typed),
    }
}

/// The form's address, loaded anew.
pub(super) async fn back() -> Redirect {
    Redirect::to("/loops")
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::LoopId;

    #[test]
    fn what_is_looked_at_can_be_kept_unless_it_is_kept_already() {
        let one = |address: &str| KeptView {
            id: LoopId::derived(&[address]).0,
            name: "Late".to_owned(),
            address: address.to_owned(),
        };
        let kept = vec![one("/loops?late=true&sort=due"), one("/leader?days=7")];
        let views = |pairs: &[(&str, &str)]| Views::new("t", kept.clone(), "/loops", &Typed::of(pairs));
        let here = views(&[("late", "true"), ("sort", "due"), ("cursor", "x"), ("area", "")]);
        assert_eq!((here.kept.len(), here.kept[0].here, here.keep), (1, true, None));
        let other = views(&[("late", "true"), ("q", "bells & whistles")]);
        assert_eq!(other.keep.as_deref(), Some("/loops?late=true&q=bells%20%26%20whistles"));
        assert_eq!(views(&[("area", "")]).keep, None, "all of it needs no name");
    }
}

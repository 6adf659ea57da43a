//! Where people have accounts.

use contracts::directory_action::DirectoryAction;
use contracts::sign_on::Provider;
use contracts::vocabulary::ProviderKind;
use serde_json::json;

use super::{Contents, Deed, Section, Thing, href, named};
use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::sign_on::back_to;
use crate::pages::viewer::Viewer;

/// What stands on the page.
pub(super) fn contents(viewer: &Viewer, address: &str) -> Contents {
    let district = &viewer.district;
    let back = |provider: &str| back_to(address, &district.district, provider);
    let things = district.sign_on.iter().map(|provider| {
        let mut removing = Form {
            button_class: "usa-button--secondary",
            ..Form::new(
                viewer,
                &named("remove-sign-on", &provider.id),
                href(Section::SignOn, "remove-sign-on", &provider.id),
                "",
                "Take it away",
            )
        };
        removing.headed = false;
        let removing = removing
            .lead("Nobody signs in with it any more. Whoever is signed in stays so until their session ends.")
            .with(Field::hidden("id", &provider.id, Shape::Text))
            .with(Field::hidden("version", district.version, Shape::Aside));
        let thing = Some(district.district.thing_id());
        let mut lines = vec![
            format!("{}, {}", provider.kind.label(), provider.issuer),
            format!("It knows us as {}", provider.client_id),
            format!("It sends people back to {}", back(&provider.id)),
        ];
        if let Some(tenant) = &provider.tenant {
            lines.push(format!("Only accounts of {tenant}"));
        }
        Thing {
            title: provider.name.clone(),
            tag: None,
            lines,
            changes: None,
            deeds: vec![
                saying(viewer, Some(provider), &back("short-name")),
                Deed::new(DirectoryAction::RemoveSignOn, thing, "Take it away", removing),
            ],
        }
    });
    Contents {
        things: things.collect(),
        adds: vec![saying(viewer, None, &back("short-name"))],
    }
}

fn saying(viewer: &Viewer, provider: Option<&Provider>, back: &str) -> Deed {
    let thing = provider.map_or("new", |provider| provider.id.as_str());
    let kinds = ProviderKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.code(), kind.label()))
        .collect();
    let said = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut form = Form::new(
        viewer,
        &named("set-sign-on", thing),
        href(Section::SignOn, "set-sign-on", thing),
        "",
        if provider.is_some() { "Save it" } else { "Add it" },
    );
    form.headed = false;
    let mut kind = Field::radios("kind", "Where do people have their accounts?", kinds).needed("choose one");
    if let Some(provider) = provider {
        kind = kind.value(provider.kind.code());
    }
    form = form.lead(&format!(
        "Make a web client on the other side first, with {back} as the address to send people back to."
    ));
    if provider.is_none() {
        form = form.with(
            Field::line("id", "A short name, which stands in that address")
                .hint("Small letters, digits and hyphens, such as google.")
                .needed("give it a short name"),
        );
    }
    let form = form
        .with(kind)
        .with(
            Field::line("name", "What the button says, after “Sign in with”")
                .hint("Such as: your Cedar Valley Google account.")
                .value(said(provider.map(|provider| provider.name.as_str())))
                .needed("say what the button says"),
        )
        .with(
            Field::line("tenant", "Which of its customers is the district?")
                .hint("Google: the domain, such as cedarvalley.example. Entra and ClassLink: the tenant's id. Clever: the district's id. Accounts of others are refused.")
                .value(said(provider.and_then(|provider| provider.tenant.as_deref()))),
        )
        .with(
            Field::line("issuer", "Its address")
                .hint("Exactly as it says it. Leave it empty where the kind says it: Google, Entra, ClassLink, Clever.")
                .value(said(provider.map(|provider| provider.issuer.as_str()))),
        )
        .with(
            Field::line("client_id", "Client id")
                .value(said(provider.map(|provider| provider.client_id.as_str())))
                .needed("give the client id"),
        )
        .with(
            Field::secret("client_secret", "Client secret")
                .hint("Kept sealed, and never shown again. Leave it empty to keep the one there is."),
        )
        .with(Field::hidden("version", viewer.district.version, Shape::Aside));
    let id = provider.map(|provider| provider.id.clone());
    let opens = if provider.is_some() {
        "Change"
    } else {
        "Add a way to sign in"
    };
    let district = Some(viewer.district.district.thing_id());
    Deed::new(DirectoryAction::SetSignOn, district, opens, form).telling(move |mut said| {
        if let Some(id) = &id {
            said["id"] = json!(id);
        }
        said
    })
}

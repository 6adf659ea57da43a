//! What every answer says to a browser, and what a browser is given to keep.

use loopline_tests::{Stack, location};
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Client, redirect};

fn browser() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .expect("a client")
}

fn said<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_keeps_others_out_of_the_page_and_the_page_out_of_caches() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    stack.signed_in("rosa", "hers").await;
    let plain = format!("http://{}", stack.address());
    let secure = format!("http://{}", stack.door_at("https://loopline.example").await);
    for (door, cookie) in [
        (&plain, "loopline_session=hers"),
        (&secure, "__Host-loopline_session=hers"),
    ] {
        for (path, status) in [
            ("/sign-in", 200),
            ("/school", 200),
            ("/loops/nothing", 404),
            ("/nowhere", 404),
            ("/api/v1/loops", 200),
            ("/api/v1/nowhere", 404),
        ] {
            let mut request = browser().get(format!("{door}{path}"));
            if path != "/sign-in" {
                request = request.header("cookie", cookie);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{door}{path}");
            let headers = answer.headers().clone();
            let policy = said(&headers, "content-security-policy");
            assert!(
                policy.contains("frame-ancestors 'none'")
                    && policy.contains("script-src 'self';")
                    && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(said(&headers, name), value, "{path} {name}");
            }
            let hsts = said(&headers, "strict-transport-security");
            assert_eq!(hsts.starts_with("max-age="), door == &secure, "{door}{path}: {hsts:?}");
            let text = answer.text().await.expect("a text");
            for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
                assert!(!text.contains(inline), "{path} has {inline}");
            }
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_a_session_is_a_cookie_that_nobody_else_can_set_and_looking_ends_nothing() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    stack.signed_in("rosa", "hers").await;
    let secure = format!("http://{}", stack.door_at("https://loopline.example").await);
    let page = browser()
        .get(format!("{secure}/sign-in"))
        .send()
        .await
        .expect("an answer");
    let set: Vec<&str> = page
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    assert!(!set.is_empty());
    for cookie in set {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for part in ["; Secure", "; HttpOnly", "; SameSite=", "; Path=/;"] {
            assert!(cookie.contains(part), "{cookie} without {part}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let status = async |path: &str, cookie: &str| {
        let request = browser().get(format!("{secure}{path}")).header("cookie", cookie);
        request.send().await.expect("an answer").status().as_u16()
    };
    // The name that any neighbour under the same host could set is none here.
    assert_eq!(status("/school", "loopline_session=hers").await, 303);
    assert_eq!(status("/school", "__Host-loopline_session=hers").await, 200);
    // Whoever follows a link changes nothing.
    for path in ["/sign-out", "/account/end-session", "/department/several/acknowledge"] {
        assert_ne!(status(path, "__Host-loopline_session=hers").await, 200, "{path}");
    }
    assert_eq!(
        status("/school", "__Host-loopline_session=hers").await,
        200,
        "the session has not ended"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_no_page_of_this_session_gave_out_changes_nothing_wherever_it_is_sent() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = stack.api("rosa").files("seat_time").await;
    let words = serde_json::json!({"says": "flexibility", "title": "Chores count", "text": "Chores count as practice.",
        "area": "seat_time", "rule": {"source": "habit"}});
    let written = stack.api("lena").post("/api/v1/flexibilities", &words).await;
    let allowed = written.body["id"].as_str().expect("an id").to_owned();
    stack.comes_to_rest().await;
    for person in ["rosa", "lena", "carol", "ada", "eve"] {
        stack.signed_in(person, person).await;
    }
    let before = stack.log.head().await.expect("the log");
    // Each form's own page is there.
    for (person, page) in [
        ("rosa", format!("/loops/{id}")),
        ("lena", format!("/allowed/{allowed}")),
    ] {
        loopline_tests::until("the page is there", async || {
            let page = browser().get(format!("http://{}{page}", stack.address()));
            let answer = page.header("cookie", format!("loopline_session={person}")).send().await;
            answer.expect("an answer").status().is_success()
        })
        .await;
    }
    let page = browser().get(format!("http://{}/settings/contact", stack.address()));
    let page = page
        .header("cookie", "loopline_session=eve")
        .send()
        .await
        .expect("an answer");
    let page = page.text().await.expect("a page");
    let setting = page.split("action=\"").filter_map(|rest| rest.split('"').next());
    let mut setting = setting.filter(|address| address.starts_with("/settings/"));
    let setting = setting.next().expect("a form of the page").to_owned();
    let ruth = loopline_tests::People::person("ruth");
    let mut let_through = Vec::new();
    for (person, path) in [
        ("rosa", "/file".to_owned()),
        ("rosa", format!("/loops/{id}/withdraw")),
        ("lena", format!("/loops/{id}/acknowledge")),
        ("carol", format!("/loops/{id}/record/erase")),
        ("lena", "/department/several/acknowledge".to_owned()),
        ("lena", "/department/several/assign".to_owned()),
        ("lena", "/department/answers/keep".to_owned()),
        ("lena", "/views".to_owned()),
        ("lena", "/allowed/new".to_owned()),
        ("lena", format!("/allowed/{allowed}/revoke")),
        ("carol", "/patterns/thresholds".to_owned()),
        ("carol", "/zones".to_owned()),
        ("lena", "/waivers".to_owned()),
        ("lena", "/reviews".to_owned()),
        ("ada", "/record".to_owned()),
        ("ada", "/record/keep".to_owned()),
        ("ada", "/record/give".to_owned()),
        ("eve", format!("/people/{ruth}/disable-person")),
        ("eve", "/settings/rules/publish".to_owned()),
        ("eve", setting),
        ("rosa", "/account/token".to_owned()),
        ("rosa", "/account/end-session".to_owned()),
        ("rosa", "/sign-out".to_owned()),
    ] {
        let answer = browser()
            .post(format!("http://{}{path}", stack.address()))
            .header("cookie", format!("loopline_session={person}"))
            .form(&[
                ("csrf", "0".repeat(32)),
                ("key", "a key".to_owned()),
                ("why", "x".to_owned()),
            ])
            .send()
            .await
            .expect("an answer");
        if answer.status().as_u16() != 403 {
            let_through.push((path, answer.status().as_u16()));
        }
    }
    assert!(let_through.is_empty(), "{let_through:?}");
    assert_eq!(stack.log.head().await.expect("the log"), before);
    for person in ["rosa", "eve"] {
        assert_eq!(
            stack.api_with(person).get("/api/v1/me").await.status,
            200,
            "{person} is still in"
        );
    }
    stack.stop().await;
}

//! What is kept to be used again: words of a department, and lists that people keep under a name.

use contracts::Problem;
use contracts::commands::door::KeptView;
use loopline_tests::{People, Stack};
use serde_json::{Value, json};
use sql::Location;

loopline_tests::on_both_databases!(a_department_keeps_words_ready, whoever_narrows_a_list_down_can_keep_it);

async fn a_department_keeps_words_ready(location: Location) {
    let stack = Stack::start(location).await;
    let curriculum = People::department("curriculum");
    let of = |department, deed: &str| format!("/api/v1/directory/departments/{department}/{deed}");
    let keep = of(curriculum, "keep-answer");
    let marcus = stack.signed_in("marcus", "his").await;
    let words = json!({"title": "When you hear", "step": "acknowledge", "text": "{school}: you hear by Friday. {me}"});
    let kept = marcus.post(&keep, &words).await;
    assert_eq!(kept.status, 200, "{kept:?}");
    // Whoever works elsewhere keeps nothing here, whatever else they may do.
    for person in ["tom", "paul", "carol", "eve", "rosa"] {
        assert_eq!(stack.api(person).post(&keep, &words).await.status, 403, "{person}");
    }
    let elsewhere = stack.api("south/marcus").post(&keep, &words).await;
    assert_eq!(elsewhere.status, 404, "{elsewhere:?}");
    let nowhere = contracts::DepartmentId::derived(&["north", "none"]);
    assert_eq!(marcus.post(&of(nowhere, "keep-answer"), &words).await.status, 404);

    let read = async |person: &str| -> Result<Vec<Value>, Problem> {
        let north = "north".parse().expect("a slug");
        let viewer = stack.directory_claims(&north, People::person(person)).await;
        let asked = json!({"viewer": viewer, "at_least": 0, "query": {"department": curriculum}});
        let answered: Value = stack.operator().ask("ask.directory.answers".to_owned(), &asked).await?;
        Ok(answered["answer"].as_array().expect("a list").clone())
    };
    loopline_tests::until("it is known", async || {
        read("lena").await.is_ok_and(|found| found.len() == 1)
    })
    .await;
    assert_eq!(read("tom").await.expect_err("another department's").status, 404);
    let id = read("lena").await.expect("a list")[0]["id"].clone();
    // A colleague changes it, and it stays one.
    let mut better = words.clone();
    (better["answer"], better["text"]) = (id.clone(), json!("{school}: you hear by Thursday. {me}"));
    assert_eq!(stack.api("lena").post(&keep, &better).await.status, 200);
    loopline_tests::until("it is changed", async || {
        read("marcus")
            .await
            .is_ok_and(|found| found.len() == 1 && found[0]["text"] == better["text"])
    })
    .await;
    let lost = stack
        .api("lena")
        .post(
            &keep,
            &json!({"title": "x", "step": "ask", "text": "x", "answer": curriculum}),
        )
        .await;
    assert_eq!((lost.status, lost.field()), (422, "answer"), "{lost:?}");

    // In the loop's form it stands ready, with what is at hand, and in the field itself where it was chosen.
    let filed = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let page = async |path: &str| {
        let asked = reqwest::Client::new().get(format!("http://{}{path}", stack.address()));
        let answer = asked.header("cookie", "loopline_session=his").send().await;
        answer.expect("an answer").text().await.expect("a page")
    };
    let said = "alder school: you hear by Thursday. marcus";
    let loop_page = format!("/loops/{filed}");
    loopline_tests::until("the page is there", async || {
        page(&loop_page).await.contains("data-form=\"acknowledge\"")
    })
    .await;
    assert!(page(&loop_page).await.contains(&format!("data-ready=\"{said}\"")));
    let begun = format!("{loop_page}?begin={}", id.as_str().expect("an id"));
    assert!(page(&begun).await.contains(&format!("{said}</textarea>")));

    // One is dropped once, and told again that it is.
    let drop = of(curriculum, "drop-answer");
    assert_eq!(stack.api("tom").post(&drop, &json!({"answer": id})).await.status, 403);
    for _ in 0..2 {
        assert_eq!(marcus.post(&drop, &json!({"answer": id})).await.status, 200);
    }
    loopline_tests::until("it is gone", async || {
        read("lena").await.is_ok_and(|found| found.is_empty())
    })
    .await;
    assert!(!page(&loop_page).await.contains("data-ready="));
    // There is a most.
    let mut refused = None;
    for nth in 0..62 {
        let more = json!({"title": format!("No. {nth}"), "step": "note", "text": "x"});
        let kept = marcus.post(&keep, &more).await;
        if kept.status != 200 {
            assert_eq!((kept.status, kept.field()), (422, "title"), "{kept:?}");
            refused = Some(nth);
            break;
        }
    }
    assert_eq!(refused, Some(60));
    stack.stop().await;
}

async fn whoever_narrows_a_list_down_can_keep_it(location: Location) {
    let stack = Stack::start(location).await;
    let operator = stack.operator();
    let digest = |secret: &str| gateway::front::digest(secret);
    let tell = async |verb: &str, body: Value| -> Result<bool, Problem> {
        operator.ask(format!("svc.directory.door.{verb}"), &body).await
    };
    for person in ["marcus", "lena"] {
        stack.signed_in(person, person).await;
    }
    let read = async |person: &str| -> Vec<KeptView> {
        let north = "north".parse().expect("a slug");
        let viewer = stack.directory_claims(&north, People::person(person)).await;
        let asked = json!({"viewer": viewer, "at_least": 0, "query": {}});
        let answered: Value = operator
            .ask("ask.directory.views".to_owned(), &asked)
            .await
            .expect("an answer");
        serde_json::from_value(answered["answer"].clone()).expect("views")
    };
    let keep = |name: &str, address: &str| json!({"secret_digest": digest("marcus"), "name": name, "address": address});
    tell("keep-view", keep("Late with us", "/loops?late=true"))
        .await
        .expect("it is kept");
    tell("keep-view", keep("A week", "/leader?days=7"))
        .await
        .expect("it is kept");
    // Under the same name, however it is written, it takes the other's place.
    tell("keep-view", keep(" late  with us", "/loops?late=true&sort=due"))
        .await
        .expect("it is kept");
    let kept = read("marcus").await;
    let told: Vec<(&str, &str)> = kept
        .iter()
        .map(|one| (one.name.as_str(), one.address.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("A week", "/leader?days=7"),
            ("late with us", "/loops?late=true&sort=due")
        ]
    );
    assert!(read("lena").await.is_empty(), "they are nobody else's");
    // A session that there is not keeps nothing, and nothing leads elsewhere.
    for (secret, name, address, status) in [
        ("no session", "x", "/loops?a=b", 403),
        ("marcus", "", "/loops?a=b", 422),
        ("marcus", "x", "https://elsewhere.example/?a", 422),
        ("marcus", "x", "/settings?a", 422),
    ] {
        let asked = json!({"secret_digest": digest(secret), "name": name, "address": address});
        let refused = tell("keep-view", asked).await.expect_err("it is refused");
        assert_eq!(refused.status, status, "{secret} {name} {address}: {refused:?}");
    }
    // Nobody forgets another's.
    let forget = |secret: &str| json!({"secret_digest": digest(secret), "id": kept[0].id});
    tell("forget-view", forget("lena")).await.expect("nothing happens");
    assert_eq!(read("marcus").await.len(), 2);
    tell("forget-view", forget("marcus")).await.expect("it is forgotten");
    assert_eq!(read("marcus").await.len(), 1);
    for nth in 0..29 {
        tell("keep-view", keep(&format!("No. {nth}"), "/loops?a=b"))
            .await
            .expect("it is kept");
    }
    let refused = tell("keep-view", keep("One more", "/loops?a=b"))
        .await
        .expect_err("there is a most");
    assert_eq!(refused.status, 422, "{refused:?}");
    stack.stop().await;
}

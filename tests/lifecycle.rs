//! The client of release cycles against a server that behaves, and some that do not.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fake/cycles.rs"]
mod cycles;
#[path = "fake/registry.rs"]
mod fake;

use std::path::Path;
use std::time::Duration;

use fake::{Answer, Asked, Fake};
use tagalong::cycle::{End, LongTerm, Product};
use tagalong::image::Repository;
use tagalong::lifecycle::{Lifecycles, Settings};
use tagalong::version::Tag;

const PURL: &str = r#"{"schema_version":"1.2.1","total":2,"result":[
    {"identifier":"pkg:docker/library/python","product":{"name":"python","uri":"https://elsewhere.example/x"}},
    {"identifier":"pkg:docker/cimg/python","product":{"name":"python","uri":"u"}},
    {"identifier":"pkg:docker/acme/evil","product":{"name":"../../admin","uri":"u"}},
    {"identifier":"pkg:npm/express","product":{"name":"express","uri":"u"}}]}"#;

const PYTHON: &str = r#"{"schema_version":"1.2.1","last_modified":"x","result":{
    "name":"python","label":"Python","versionCommand":"python --version","releases":[
    {"name":"3.14","codename":null,"releaseDate":"2025-10-07","isLts":false,"ltsFrom":null,"isEol":true,
     "eolFrom":"2030-10-31","latest":{"name":"3.14.7"},"custom":null},
    {"name":"2.7","isLts":true,"isEol":true,"eolFrom":null},
    {"name":"4"}]}}"#;

fn settings(fake: &Fake) -> Settings {
    Settings {
        endpoint: format!("{}/api/v1", fake.url()).parse().unwrap(),
        products: [("ghcr.io/acme/snake".to_owned(), "python".to_owned())].into(),
        timeout: Duration::from_millis(1500),
        cache: None,
    }
}

fn good(asked: &Asked) -> Answer {
    match asked.target.as_str() {
        "/api/v1/identifiers/purl" => Answer::json(PURL),
        "/api/v1/products/python" => Answer::json(PYTHON),
        _ => Answer::status(404),
    }
}

fn image(name: &str) -> Repository {
    Repository::parse(name).unwrap()
}

fn python(product: Option<std::sync::Arc<Product>>) -> std::sync::Arc<Product> {
    product.expect("a product")
}

#[tokio::test]
async fn images_have_products_and_each_is_asked_for_once() {
    let fake = Fake::start(|asked| good(asked).after(Duration::from_millis(20)));
    let lifecycles = Lifecycles::new(&settings(&fake)).unwrap();
    let (python_image, circle, snake) = (image("python"), image("cimg/python"), image("ghcr.io/acme/snake"));
    let (one, two, three) =
        tokio::join!(lifecycles.product(&python_image), lifecycles.product(&circle), lifecycles.product(&snake));
    let product = python(one.unwrap());
    assert_eq!((&product, &product), (&python(two.unwrap()), &python(three.unwrap())));
    assert_eq!(product.label, "Python");
    let cycle = |tag: &str| product.cycle_of(&Tag::parse(tag)).expect("a cycle").clone();
    assert_eq!(cycle("3.14.2-slim").end, End::On("2030-10-31".parse().unwrap()), "dates, and no flags");
    assert_eq!((cycle("2.7").end, cycle("2.7").long_term), (End::Past, LongTerm::Always));
    assert_eq!((cycle("4.1").end, cycle("4.1").released), (End::Open, None));
    assert_eq!(lifecycles.requests(), 2);
    // A known image without a page, one that nobody knows, one whose product is no name.
    for other in ["debian", "acme/app", "acme/evil"] {
        assert_eq!(lifecycles.product(&image(other)).await, Ok(None), "{other}");
    }
    let mut lines = fake.lines();
    // The first two are asked at the same time: which of them arrives first is open.
    lines[..2].sort();
    assert_eq!(
        lines,
        ["GET /api/v1/identifiers/purl", "GET /api/v1/products/python", "GET /api/v1/products/debian"],
        "nothing but what was meant"
    );
    assert!(fake.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn what_is_known_is_only_asked_whether_it_changed() {
    let fake = Fake::start(|asked| {
        if asked.header("if-none-match").is_some() {
            return Answer::status(304);
        }
        good(asked).header("ETag", "\"1\"")
    });
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { cache: Some(directory.path().join("cycles")), ..settings(&fake) };
    let first = Lifecycles::new(&settings).unwrap().product(&image("python")).await.unwrap();
    let second = Lifecycles::new(&settings).unwrap().product(&image("python")).await.unwrap();
    assert_eq!(python(first), python(second));
    let conditional = fake.asked().iter().filter(|asked| asked.header("if-none-match").is_some()).count();
    assert_eq!((fake.lines().len(), conditional), (4, 2));
    assert!(Lifecycles::new(&Settings { cache: Some(Path::new("/dev/null/x").to_owned()), ..settings }).is_err());
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let fake = Fake::start(good);
    let settings = Settings { endpoint: format!("http://{address}/api/v1").parse().unwrap(), ..settings(&fake) };
    let lifecycles = Lifecycles::new(&settings).unwrap();
    for name in ["python", "debian", "ghcr.io/acme/snake"] {
        let failure = lifecycles.product(&image(name)).await.unwrap_err();
        assert_eq!(failure.kind(), "unreachable");
        assert!(failure.to_string().starts_with(&format!("{address} does not answer: ")), "{failure}");
    }
    assert_eq!(lifecycles.requests(), 1);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_failures() {
    type Behaviour = fn(&Asked) -> Answer;
    let cases: [(&str, Behaviour, &str); 5] = [
        ("malformed", |_| Answer::json("{\"result\": 3}"), "answers what is not understood: invalid type"),
        ("status", |_| Answer::status(503), "answers with status 503"),
        ("malformed", |_| Answer::status(404), "it lists no package URLs"),
        ("malformed", |_| Answer::json("[").header("x", "y"), "answers what is not understood"),
        (
            "unreachable",
            |asked| match asked.target.as_str() {
                "/api/v1/identifiers/purl" => Answer::status(302).header("Location", "http://127.0.0.2:9/purl"),
                _ => good(asked),
            },
            "redirects to another server",
        ),
    ];
    for (kind, behaviour, words) in cases {
        let fake = Fake::start(behaviour);
        let failure = Lifecycles::new(&settings(&fake)).unwrap().product(&image("python")).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    }
}

#[tokio::test]
async fn redirects_within_the_server_are_followed() {
    let fake = Fake::start(|asked| match asked.target.strip_suffix('/') {
        Some(target) => good(&Asked { target: target.to_owned(), ..asked.clone() }),
        None => Answer::status(301).header("Location", format!("{}/", asked.target)),
    });
    let product = Lifecycles::new(&settings(&fake)).unwrap().product(&image("python")).await;
    assert_eq!(python(product.unwrap()).label, "Python");
}

/// The facts of the real data, in the shape of the API.
#[tokio::test]
#[ignore = "reads ../shared/data"]
async fn real_products_are_understood() {
    let fake = cycles::real();
    let lifecycles = Lifecycles::new(&settings(&fake)).unwrap();
    for (name, tag, end) in [
        ("python", "3.12.4-slim-bookworm", Some("2028-10-31")),
        ("node", "22.21.1-alpine3.23", Some("2027-04-30")),
        ("golang", "1.25", Some("2026-08-19")),
        ("postgres", "16.4-alpine", Some("2028-11-09")),
        ("mysql", "9.6.0", Some("2026-04-21")),
        ("ruby", "3.1.2", Some("2025-03-26")),
        ("redis", "8.6", None),
    ] {
        let product = python(lifecycles.product(&image(name)).await.unwrap());
        let cycle = product.cycle_of(&Tag::parse(tag)).unwrap_or_else(|| panic!("{name}:{tag} has no cycle"));
        let expected = end.map_or(End::Open, |day| End::On(day.parse().unwrap()));
        assert_eq!(cycle.end, expected, "{name}:{tag}");
    }
}

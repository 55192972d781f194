//! The registries' client against a registry that behaves, and many that do not.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fake/registry.rs"]
mod fake;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fake::{Answer, Asked, Fake};
use tagalong::image::Repository;
use tagalong::registry::{Counts, Failure, HostSettings, Registries, Settings, TagList};
use tagalong::secret::Secret;

type Behaviour = fn(&Asked) -> Answer;

const PASSWORD: &str = "correct horse battery staple";
const LIST: &str = "/v2/library/python/tags/list?n=10000";

/// Quick to lose patience, and deaf to the environment.
fn settings(fake: &Fake) -> Settings {
    let host = HostSettings { endpoint: Some(fake.url().parse().unwrap()), ..HostSettings::default() };
    Settings {
        hosts: [("docker.io".to_owned(), host)].into(),
        timeout: Duration::from_millis(1500),
        backoff: Duration::from_millis(2),
        longest_wait: Duration::from_secs(2),
        system_proxy: false,
        ..Settings::default()
    }
}

fn with_password(fake: &Fake) -> Settings {
    let mut settings = settings(fake);
    let host = settings.hosts.get_mut("docker.io").unwrap();
    host.username = Some("robot".to_owned());
    host.password = Some(Secret::new(PASSWORD));
    settings
}

fn repository(name: &str) -> Repository {
    Repository::parse(name).unwrap()
}

async fn python(settings: &Settings) -> Result<TagList, Failure> {
    let registries = Registries::new(settings).unwrap();
    registries.tags(&repository("python")).await.map(|list| (*list).clone())
}

fn complete(tags: &[&str]) -> TagList {
    TagList { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), incomplete: None }
}

/// `robot` and the password, as `Authorization: Basic` has them.
fn basic() -> &'static str {
    "Basic cm9ib3Q6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="
}

fn assert_never_saw_credentials(fake: &Fake) {
    for asked in fake.asked() {
        assert!(asked.header("authorization").is_none(), "{asked:?}");
        assert!(asked.header("proxy-authorization").is_none() && asked.header("cookie").is_none(), "{asked:?}");
        assert!(!asked.target.contains("horse") && !asked.body.contains("horse"), "{asked:?}");
    }
}

// ---- lists ----

#[tokio::test]
async fn a_list_is_asked_for_once() {
    let fake = Fake::start(|_| Answer::tags(&["3.13", "3.12", "3.13"]).after(Duration::from_millis(30)));
    let registries = Registries::new(&settings(&fake)).unwrap();
    let (python, same) = (repository("python"), repository("index.docker.io/library/python"));
    let (first, second) = tokio::join!(registries.tags(&python), registries.tags(&same));
    let third = registries.tags(&python).await;
    assert_eq!(*first.unwrap(), complete(&["3.12", "3.13"]));
    assert_eq!(second, third);
    assert_eq!(fake.lines(), [format!("GET {LIST}")]);
    assert_eq!(registries.requests().tags, 1);
    let asked = &fake.asked()[0];
    assert!(asked.header("user-agent").unwrap().starts_with("tagalong/"));
    assert_eq!(asked.header("authorization"), None);
}

#[tokio::test]
async fn nothing_is_sent_unasked() {
    let fake = Fake::start(|_| Answer::status(500));
    let registries = Registries::new(&settings(&fake)).unwrap();
    assert_eq!(registries.requests(), Counts::default());
    assert!(fake.lines().is_empty());
}

#[tokio::test]
async fn no_tags_at_all() {
    for body in [r#"{"name":"x","tags":null}"#, r#"{"name":"x"}"#, r#"{"name":"x","tags":[]}"#] {
        let fake = Fake::start(move |_| Answer::json(body));
        assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&[]), "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_tag_is_none() {
    let fake = Fake::start(|_| Answer::tags(&["3.12", "", "-x", "a b", "\u{1b}[31mred", "a/b"]));
    assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["3.12"]));
}

#[tokio::test]
async fn pages_by_relative_and_absolute_links() {
    let fake = Fake::start(|asked| match asked.query("last").as_deref() {
        None => Answer::tags(&["1", "2"]).header("Link", "</v2/library/python/tags/list?n=2&last=2>; rel=\"next\""),
        Some("2") => Answer::tags(&["3", "4"])
            .header("Link", "</elsewhere>; rel=prev")
            .header("Link", format!("<{}/v2/library/python/tags/list?n=2&last=4>; rel=next", asked.here)),
        Some("4") => Answer::tags(&[]).header("Link", "<?n=2&last=4x>; rel=next"),
        Some(_) => Answer::tags(&["5"]),
    });
    assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["1", "2", "3", "4", "5"]));
    assert_eq!(
        fake.lines(),
        [
            &format!("GET {LIST}"),
            "GET /v2/library/python/tags/list?n=2&last=2",
            "GET /v2/library/python/tags/list?n=2&last=4",
            "GET /v2/library/python/tags/list?n=2&last=4x"
        ]
    );
}

#[tokio::test]
async fn a_link_that_forgets_the_path_of_a_mirror() {
    let fake = Fake::start(|asked| match asked.query("last") {
        None => Answer::tags(&["1"]).header("Link", "</v2/library/python/tags/list?last=1>; rel=next"),
        Some(_) => Answer::tags(&["2"]),
    });
    let mut settings = settings(&fake);
    settings.hosts.get_mut("docker.io").unwrap().endpoint = Some(format!("{}/hub", fake.url()).parse().unwrap());
    assert_eq!(python(&settings).await.unwrap(), complete(&["1", "2"]));
    assert_eq!(fake.lines()[1], "GET /hub/v2/library/python/tags/list?last=1");
}

#[tokio::test]
async fn lists_that_may_be_cut_short_say_so() {
    fn numbers(count: usize) -> Answer {
        let tags: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        Answer::json(serde_json::json!({ "tags": tags }).to_string())
    }
    let cases: [(&str, usize, &str, Behaviour); 8] = [
        ("links in a circle", 2, "circle", |asked| match asked.query("last") {
            None => Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next"),
            Some(_) => Answer::tags(&["2"]).header("Link", "<?last=1>; rel=next"),
        }),
        ("the same page for ever", 2, "twice", |asked| {
            let last = asked.query("last").map_or(0, |last| last.parse::<u32>().unwrap()) + 1;
            Answer::tags(&["1", "2"]).header("Link", format!("<?last={last}>; rel=next"))
        }),
        ("new pages for ever", 1000, "does not end", |asked| {
            let last = asked.query("last").map_or(0, |last| last.parse::<u32>().unwrap()) + 1;
            Answer::tags(&[&last.to_string()]).header("Link", format!("<?last={last}>; rel=next"))
        }),
        ("as many as were asked for", 2, "10000", |_| numbers(10_000)),
        ("a thousand", 2, "1000", |_| numbers(1_000)),
        ("a page that fails", 5, "page 2", |asked| match asked.query("last") {
            None => Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next"),
            Some(_) => Answer::status(500),
        }),
        ("a page that is broken", 2, "page 2", |asked| match asked.query("last") {
            None => Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next"),
            Some(_) => Answer::json("{"),
        }),
        ("a page that is gone", 2, "page 2", |asked| match asked.query("last") {
            None => Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next"),
            Some(_) => Answer::status(404),
        }),
    ];
    for (what, requests, words, behaviour) in cases {
        let fake = Fake::start(behaviour);
        let list = python(&settings(&fake)).await.unwrap();
        let why = list.incomplete.unwrap_or_else(|| panic!("{what}: taken for complete"));
        assert!(why.contains(words), "{what}: {why}");
        assert!(!list.tags.is_empty(), "{what}");
        assert_eq!(fake.lines().len(), requests, "{what}");
    }
}

#[tokio::test]
async fn pages_that_nobody_mentions() {
    // As Nexus does: no `Link`, but `last` is understood.
    for total in [99, 100, 250, 300] {
        let fake = Fake::start(move |asked| {
            let last = asked.query("last").map_or(100, |last| last.parse::<usize>().unwrap() + 1);
            let tags: Vec<String> = (last..(last + 100).min(100 + total)).map(|number| number.to_string()).collect();
            Answer::json(serde_json::json!({ "tags": tags }).to_string())
        });
        let list = python(&settings(&fake)).await.unwrap();
        assert_eq!((list.tags.len(), list.incomplete), (total, None), "{total}");
        assert_eq!(fake.lines().len(), total / 100 + 1, "{total}");
    }
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let evil = Fake::start(|_| Answer::tags(&["666"]));
    let target = evil.url().to_owned();
    let fake = Fake::start(move |asked| match asked.header("authorization") {
        None => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
        Some(_) => Answer::tags(&["1"]).header("Link", format!("<{target}/v2/library/python/tags/list?n=1>; rel=next")),
    });
    let list = python(&with_password(&fake)).await.unwrap();
    assert_eq!(list.tags, ["1"]);
    assert!(list.incomplete.unwrap().contains("another host"));
    assert!(evil.lines().is_empty());
}

#[tokio::test]
async fn page_sizes_that_a_registry_refuses() {
    let fake = Fake::start(|asked| match asked.query("n").as_deref() {
        Some("10000") => Answer::status(400).body(r#"{"errors":[{"code":"UNSUPPORTED","message":"1 to 1000"}]}"#),
        _ => Answer::tags(&["1"]),
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    assert_eq!(*registries.tags(&repository("python")).await.unwrap(), complete(&["1"]));
    assert_eq!(*registries.tags(&repository("node")).await.unwrap(), complete(&["1"]));
    assert_eq!(
        fake.lines(),
        [
            &format!("GET {LIST}"),
            "GET /v2/library/python/tags/list?n=1000",
            // Learned.
            "GET /v2/library/node/tags/list?n=1000"
        ]
    );

    let fake = Fake::start(|asked| match asked.query("n") {
        Some(_) => Answer::status(400),
        None => Answer::tags(&["1"]),
    });
    assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["1"]));
    assert_eq!(fake.lines().len(), 3);
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    // Changes once, on the second page.
    let changed = std::sync::Arc::new(AtomicUsize::new(0));
    let state = changed.clone();
    let fake = Fake::start(move |asked| {
        let (etag, answer) = match asked.query("last") {
            None => ("\"first\"".to_owned(), Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next")),
            Some(_) => match state.load(Ordering::SeqCst) {
                0 => ("W/\"old\"".to_owned(), Answer::tags(&["2"])),
                _ => ("W/\"new\"".to_owned(), Answer::tags(&["2", "3"])),
            },
        };
        if asked.header("if-none-match") == Some(&etag) { Answer::status(304) } else { answer.header("ETag", etag) }
    });
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { cache: Some(directory.path().to_owned()), ..settings(&fake) };
    let conditions = |from: usize| -> Vec<Option<String>> {
        fake.asked()[from..].iter().map(|asked| asked.header("if-none-match").map(str::to_owned)).collect()
    };
    for _ in 0..2 {
        assert_eq!(python(&settings).await.unwrap(), complete(&["1", "2"]));
    }
    changed.store(1, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(python(&settings).await.unwrap(), complete(&["1", "2", "3"]));
    }
    let (first, old, new) = (Some("\"first\"".to_owned()), Some("W/\"old\"".to_owned()), Some("W/\"new\"".to_owned()));
    assert_eq!(conditions(0), [None, None, first.clone(), old.clone(), first.clone(), old, first, new]);

    // Nothing was asked about, so nothing can be unchanged.
    let odd = Fake::start(|_| Answer::status(304));
    assert_eq!(python(&self::settings(&odd)).await.unwrap_err().kind(), "protocol");
}

// ---- failures ----

#[tokio::test]
async fn failures_are_told_apart() {
    let cases: [(&str, usize, bool, Behaviour); 10] = [
        ("not-found", 1, true, |_| Answer::status(404)),
        ("denied", 1, false, |_| Answer::status(403)),
        ("denied", 1, false, |_| Answer::status(401)),
        ("rate-limited", 4, false, |_| Answer::status(429)),
        ("rate-limited", 1, false, |_| Answer::status(429).header("Retry-After", "3600")),
        ("server", 4, false, |_| Answer::status(503)),
        ("server", 1, false, |_| Answer::status(501)),
        ("protocol", 1, false, |_| Answer::json("{\"tags\": [\"1\", ")),
        ("protocol", 1, false, |_| Answer::status(200).body("<html>Please log in")),
        ("protocol", 1, false, |_| Answer::status(418)),
    ];
    for (kind, requests, is_answer, behaviour) in cases {
        let fake = Fake::start(behaviour);
        let failure = python(&settings(&fake)).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure:?}");
        assert_eq!(failure.is_answer(), is_answer, "{failure:?}");
        assert!(failure.to_string().contains("docker.io"), "{failure}");
        assert_eq!(fake.lines().len(), requests, "{failure:?}");
    }
}

#[tokio::test]
async fn trouble_passes() {
    let count = AtomicUsize::new(0);
    let fake = Fake::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::status(503),
        1 => Answer::hang_up(),
        2 => Answer::status(429).header("Retry-After", "1"),
        _ => Answer::tags(&["1"]),
    });
    let start = Instant::now();
    assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["1"]));
    assert_eq!(fake.lines().len(), 4);
    assert!(start.elapsed() >= Duration::from_secs(1), "the registry asked for a pause");
}

#[tokio::test]
async fn a_limit_is_for_the_whole_host() {
    let fake = Fake::start(|_| Answer::status(429).header("Retry-After", "3600"));
    let mut settings = settings(&fake);
    settings.concurrency = 1;
    let registries = Registries::new(&settings).unwrap();
    for name in ["python", "node", "golang"] {
        let failure = registries.tags(&repository(name)).await.unwrap_err();
        assert_eq!(failure.kind(), "rate-limited");
    }
    assert_eq!(fake.lines().len(), 1, "who was told to come back in an hour does not knock again");
}

#[tokio::test]
async fn a_host_that_is_down_is_asked_no_more() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fake = Fake::start(|_| Answer::status(500));
    let mut settings = settings(&fake);
    settings.hosts.get_mut("docker.io").unwrap().endpoint = Some(format!("http://{free}").parse().unwrap());
    let registries = Registries::new(&settings).unwrap();
    for name in ["python", "node", "golang"] {
        let failure = registries.tags(&repository(name)).await.unwrap_err();
        assert_eq!(failure.kind(), "unreachable");
        assert!(failure.to_string().contains("refused"), "{failure}");
    }
    assert_eq!(registries.requests().tags, 2);
}

#[tokio::test]
async fn slow_answers() {
    let fake = Fake::start(|_| Answer::tags(&["1"]).after(Duration::from_millis(700)));
    let mut settings = settings(&fake);
    settings.timeout = Duration::from_millis(200);
    let failure = python(&settings).await.unwrap_err();
    assert_eq!(failure.kind(), "timed-out");
    assert!(failure.to_string().contains("0.2 s"), "{failure}");
    assert_eq!(fake.lines().len(), 2);
}

#[tokio::test]
async fn an_answer_without_end() {
    let fake = Fake::start(|_| Answer::status(200).body(vec![b' '; 65 * 1024 * 1024]));
    let mut settings = settings(&fake);
    settings.timeout = Duration::from_secs(20);
    let failure = python(&settings).await.unwrap_err();
    assert!(failure.to_string().contains("more than 64 MiB"), "{failure}");
    assert_eq!(fake.lines().len(), 1);
}

#[tokio::test]
async fn only_so_many_at_a_time() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::start(|_| {
        MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        NOW.fetch_sub(1, Ordering::SeqCst);
        Answer::tags(&["1"])
    });
    let mut settings = settings(&fake);
    settings.concurrency = 2;
    let registries = std::rc::Rc::new(Registries::new(&settings).unwrap());
    let tasks = tokio::task::LocalSet::new();
    for number in 0..8 {
        let registries = registries.clone();
        tasks.spawn_local(async move {
            registries.tags(&repository(&format!("image{number}"))).await.unwrap();
        });
    }
    tasks.await;
    assert_eq!(fake.lines().len(), 8);
    assert_eq!(MOST.load(Ordering::SeqCst), 2);
}

// ---- tokens ----

/// A registry with a token server of its own: `team/private` wants the password, the rest a token for its scope.
fn guarded(asked: &Asked) -> Answer {
    if asked.path() == "/token" {
        let scope = asked.query("scope").unwrap_or_default();
        let allowed = match asked.header("authorization") {
            None => !scope.contains("private"),
            Some(authorization) => authorization == basic(),
        };
        return if asked.query("service").as_deref() != Some("test, registry") || !allowed {
            Answer::status(401).body(r#"{"details":"incorrect username or password"}"#)
        } else {
            Answer::json(format!(r#"{{"access_token":"token-for-{scope}","expires_in":300}}"#))
        };
    }
    let path = asked.path().strip_prefix("/v2/").unwrap();
    let (path, _) = path.split_once("/tags/").or_else(|| path.split_once("/manifests/")).unwrap();
    if asked.header("authorization") == Some(&format!("Bearer token-for-repository:{path}:pull")) {
        return Answer::tags(&["1"]).header("Docker-Content-Digest", format!("sha256:{}", "a".repeat(64)));
    }
    Answer::status(401).header(
        "WWW-Authenticate",
        format!("Bearer realm=\"{}/token\",service=\"test, registry\",scope=\"repository:{path}:pull\"", asked.here),
    )
}

#[tokio::test]
async fn a_token_for_each_scope() {
    let fake = Fake::start(guarded);
    let registries = Registries::new(&settings(&fake)).unwrap();
    let python = repository("python");
    registries.tags(&python).await.unwrap();
    registries.digest(&python, "1").await.unwrap();
    registries.digest(&python, "1").await.unwrap();
    registries.tags(&repository("node")).await.unwrap();
    let token = |path: &str| format!("GET /token?service=test%2C+registry&scope=repository%3Alibrary%2F{path}%3Apull");
    assert_eq!(
        fake.lines(),
        [
            format!("GET {LIST}"),
            token("python"),
            format!("GET {LIST}"),
            // The scope's token is still good,
            "HEAD /v2/library/python/manifests/1".to_owned(),
            // and the next scope is known before the registry says it.
            token("node"),
            "GET /v2/library/node/tags/list?n=10000".to_owned(),
        ]
    );
    let counts = registries.requests();
    assert_eq!((counts.tags, counts.manifests, counts.tokens), (3, 1, 2));
    assert_never_saw_password(&fake);
}

fn assert_never_saw_password(fake: &Fake) {
    for asked in fake.asked() {
        assert_ne!(asked.header("authorization"), Some(basic()), "{asked:?}");
    }
}

#[tokio::test]
async fn one_token_for_many_at_once() {
    let fake = Fake::start(guarded);
    let registries = Registries::new(&settings(&fake)).unwrap();
    let python = repository("python");
    let _ = tokio::join!(registries.tags(&python), registries.digest(&python, "1"), registries.digest(&python, "2"));
    assert_eq!(fake.lines().iter().filter(|line| line.starts_with("GET /token")).count(), 1);
}

#[tokio::test]
async fn the_password_goes_to_the_registrys_own_token_server_only() {
    let fake = Fake::start(guarded);
    let registries = Registries::new(&with_password(&fake)).unwrap();
    registries.tags(&repository("team/private")).await.unwrap();
    let with: Vec<String> = fake
        .asked()
        .iter()
        .filter(|asked| asked.header("authorization") == Some(basic()))
        .map(|asked| asked.path().to_owned())
        .collect();
    assert_eq!(with, ["/token"]);
}

#[tokio::test]
async fn a_token_that_expires() {
    let grants = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if asked.path() == "/token" {
            let number = grants.fetch_add(1, Ordering::SeqCst);
            return Answer::json(format!(r#"{{"token":"t{number}","expires_in":1}}"#));
        }
        match asked.header("authorization") {
            None => Answer::status(401)
                .header("WWW-Authenticate", format!("Bearer realm=\"{}/token\",service=\"s\"", asked.here)),
            Some(_) => Answer::status(200).header("Docker-Content-Digest", format!("sha256:{}", "b".repeat(64))),
        }
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    for tag in ["1", "2"] {
        registries.digest(&repository("python"), tag).await.unwrap();
    }
    let tokens: Vec<_> =
        fake.asked().iter().filter_map(|asked| asked.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens, ["Bearer t0", "Bearer t1"]);
}

#[tokio::test]
async fn platforms_behind_a_tag() {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let fake = Fake::start(move |asked| match asked.path().rsplit('/').next().unwrap() {
        "many" => {
            let entry =
                |letter: &str, platform: &str| format!(r#"{{"digest":"{}","platform":{platform}}}"#, digest(letter));
            let entries = [
                entry("a", r#"{"os":"linux","architecture":"amd64"}"#),
                entry("b", r#"{"os":"linux","architecture":"arm64","variant":"v8"}"#),
                entry("c", r#"{"os":"unknown","architecture":"unknown"}"#),
            ];
            Answer::json(format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(",")))
        }
        "one" => Answer::json(format!(r#"{{"schemaVersion":2,"config":{{"digest":"{}"}}}}"#, digest("d"))),
        "strange" => Answer::json(r#"{"schemaVersion":1}"#.to_owned()),
        config if config == digest("d") => Answer::json(r#"{"os":"linux","architecture":"riscv64"}"#.to_owned()),
        _ => Answer::status(404),
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    let app = repository("app");
    let platforms = async |tag: &str| {
        let builds = registries.builds(&app, tag).await.map_err(|failure| failure.kind())?;
        Ok(builds.keys().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(platforms("many").await, Ok("linux/amd64 linux/arm64".to_owned()));
    assert_eq!(platforms("many").await, Ok("linux/amd64 linux/arm64".to_owned()));
    assert_eq!(fake.lines().len(), 1, "an index is asked for once");
    assert_eq!(platforms("one").await, Ok("linux/riscv64".to_owned()));
    assert_eq!(fake.lines().len(), 3, "an image of one platform says which in its configuration");
    assert_eq!(platforms("strange").await, Err("protocol"));
    assert_eq!(platforms("none").await, Err("not-found"));
}

#[tokio::test]
async fn when_a_tag_was_built() {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let manifest =
        move |config: &str| Answer::json(format!(r#"{{"schemaVersion":2,"config":{{"digest":"{config}"}}}}"#));
    let created = |time: &str| Answer::json(format!(r#"{{"architecture":"amd64","created":{time}}}"#));
    let fake = Fake::start(move |asked| match asked.path().rsplit('/').next().unwrap() {
        "many" => {
            let entry =
                |letter: &str, platform: &str| format!(r#"{{"digest":"{}","platform":{platform}}}"#, digest(letter));
            let entries = [
                entry("c", r#"{"os":"unknown","architecture":"unknown"}"#),
                entry("a", r#"{"os":"linux","architecture":"amd64"}"#),
                entry("b", r#"{"os":"linux","architecture":"arm64"}"#),
            ];
            Answer::json(format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(",")))
        }
        "one" => manifest(&digest("d")),
        "silent" => manifest(&digest("e")),
        "strange" => manifest(&digest("f")),
        "empty" => Answer::json(r#"{"schemaVersion":2,"manifests":[]}"#),
        "old" => Answer::json(r#"{"schemaVersion":1}"#),
        found if found == digest("a") => manifest(&digest("d")),
        found if found == digest("d") => created(r#""2026-11-20T08:15:30.123456789Z""#),
        found if found == digest("e") => created("null"),
        found if found == digest("f") => created(r#""yesterday""#),
        _ => Answer::status(404),
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    let app = repository("app");
    let built = async |tag: &str| {
        let time = registries.created(&app, tag).await.map_err(|failure| failure.kind())?;
        Ok(time.map(|time| time.to_string()))
    };
    let day = Ok(Some("2026-11-20T08:15:30.123456789Z".to_owned()));
    assert_eq!(built("one").await, day);
    assert_eq!(fake.lines().len(), 2);
    assert_eq!(built("many").await, day, "of the first platform, not of an attestation");
    assert_eq!(built("many").await, day);
    assert_eq!(fake.lines().len(), 2 + 3, "it is asked for once");
    for silent in ["silent", "strange", "empty"] {
        assert_eq!(built(silent).await, Ok(None), "{silent}");
    }
    assert_eq!(built("old").await, Err("protocol"));
    assert_eq!(built("none").await, Err("not-found"));
}

#[tokio::test]
async fn a_token_that_is_withdrawn() {
    let grants = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if asked.path() == "/token" {
            let number = grants.fetch_add(1, Ordering::SeqCst);
            return Answer::json(format!(r#"{{"token":"t{number}","expires_in":300}}"#));
        }
        // Each token is good for one tag.
        let number = asked.path().rsplit('/').next().unwrap();
        if asked.header("authorization") == Some(&format!("Bearer t{number}")) {
            Answer::status(200).header("Docker-Content-Digest", format!("sha256:{}", "b".repeat(64)))
        } else {
            Answer::status(401)
                .header("WWW-Authenticate", format!("Bearer realm=\"{}/token\",service=\"s\"", asked.here))
        }
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    for tag in ["0", "1"] {
        registries.digest(&repository("python"), tag).await.unwrap();
    }
    let failure = registries.digest(&repository("python"), "7").await.unwrap_err();
    assert_eq!(failure.kind(), "denied");
    // Refused with a fresh token: no third attempt.
    assert_eq!(registries.requests().manifests, 2 + 2 + 2);
}

#[tokio::test]
async fn what_a_token_server_refuses() {
    let fake = Fake::start(guarded);
    let failure = Registries::new(&settings(&fake)).unwrap().tags(&repository("team/private")).await.unwrap_err();
    assert_eq!(failure.kind(), "denied");
    let message = failure.to_string();
    assert!(message.contains("none are configured") && message.contains("incorrect username or password"), "{message}");

    let mut settings = with_password(&fake);
    settings.hosts.get_mut("docker.io").unwrap().password = Some(Secret::new("wrong"));
    let message = python(&settings).await.unwrap_err().to_string();
    assert!(message.contains("does not accept the credentials"), "{message}");
}

#[tokio::test]
async fn token_servers_out_of_order() {
    for body in ["", "{}", r#"{"token":""}"#, r#"{"token":"a b"}"#, "{\"token\":\"a\\r\\nX-Evil: 1\"}", "<html>"] {
        let fake = Fake::start(move |asked| match asked.path() {
            "/token" => Answer::json(body),
            _ => Answer::status(401).header("WWW-Authenticate", format!("Bearer realm=\"{}/token\"", asked.here)),
        });
        let failure = python(&settings(&fake)).await.unwrap_err();
        assert_eq!(failure.kind(), "protocol", "{body}: {failure:?}");
        assert_eq!(fake.lines().len(), 2, "{body}");
    }
}

// ---- hostile token servers and redirects ----

#[tokio::test]
async fn a_token_server_elsewhere_sees_no_credentials() {
    let elsewhere = Fake::start(|_| Answer::json(r#"{"token":"public"}"#));
    let realm = elsewhere.url().to_owned();
    let fake = Fake::start(move |asked| match asked.header("authorization") {
        Some("Bearer public") => Answer::tags(&["1"]),
        _ => Answer::status(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}/token\",service=\"s\"")),
    });
    assert_eq!(python(&with_password(&fake)).await.unwrap(), complete(&["1"]));
    assert_eq!(elsewhere.lines().len(), 1);
    assert_never_saw_credentials(&elsewhere);

    // Unless the configuration says that it belongs to the registry.
    let mut settings = with_password(&fake);
    settings.hosts.get_mut("docker.io").unwrap().token_server = Some(elsewhere.host().to_owned());
    python(&settings).await.unwrap();
    assert_eq!(elsewhere.asked()[1].header("authorization"), Some(basic()));
}

#[tokio::test]
async fn a_token_server_at_a_private_address_is_not_asked() {
    let inside = Fake::start(|_| Answer::json(r#"{"token":"t"}"#));
    let realm = inside.url().replace("127.0.0.1", "localhost");
    let fake = Fake::start(move |_| {
        Answer::status(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}/token\",service=\"s\""))
    });
    let failure = python(&with_password(&fake)).await.unwrap_err();
    assert_eq!(failure.kind(), "protocol");
    assert!(failure.to_string().contains("localhost is a private address"), "{failure}");
    assert!(inside.lines().is_empty());
}

#[tokio::test]
async fn redirects_within_the_host() {
    let fake = Fake::start(|asked| match asked.path() {
        "/v2/library/python/tags/list" => Answer::status(307).header(
            "Location",
            format!("/moved/v2/library/python/tags/list?{}", asked.target.split_once('?').unwrap().1),
        ),
        _ if asked.query("last").is_none() => Answer::tags(&["1"]).header("Link", "<?last=1>; rel=next"),
        _ => Answer::tags(&["2"]),
    });
    assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["1", "2"]));
}

#[tokio::test]
async fn a_redirect_takes_no_credentials_along() {
    let elsewhere = Fake::start(|_| Answer::tags(&["1"]));
    let target = elsewhere.url().to_owned();
    // A user in the address would become an `Authorization` of its own.
    let target = target.replace("http://", "http://robot:horse@");
    let fake = Fake::start(move |asked| match asked.header("authorization") {
        None => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
        Some(_) => Answer::status(302).header("Location", format!("{target}{}", asked.target)),
    });
    assert_eq!(python(&with_password(&fake)).await.unwrap(), complete(&["1"]));
    assert_eq!(elsewhere.lines().len(), 1);
    assert_never_saw_credentials(&elsewhere);
}

#[tokio::test]
async fn redirects_that_are_not_followed() {
    let inside = Fake::start(|_| Answer::tags(&["1"]));
    let private = format!("{}/v2/library/python/tags/list", inside.url().replace("127.0.0.1", "localhost"));
    for (location, words) in [
        (private, "without TLS to localhost"),
        ("https://localhost/".to_owned(), "localhost is a private address"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "169.254.169.254 is a private address"),
        ("https://[::ffff:10.0.0.1]/".to_owned(), "is a private address"),
        ("https://0x0a.1/".to_owned(), "10.0.0.1 is a private address"),
        ("file:///etc/passwd".to_owned(), "redirect"),
        ("https://".to_owned(), "redirect to nowhere"),
        (LIST.to_owned(), "more than 5 redirects"),
    ] {
        let target = location.clone();
        let fake = Fake::start(move |_| Answer::status(302).header("Location", target.clone()));
        let failure = python(&settings(&fake)).await.unwrap_err();
        assert_eq!(failure.kind(), "protocol", "{location}: {failure:?}");
        assert!(failure.to_string().contains(words), "{location}: {failure}");
    }
    assert!(inside.lines().is_empty());
}

#[tokio::test]
async fn private_addresses_are_refused_unless_named() {
    let fake = Fake::start(|_| Answer::tags(&["1"]));
    let port = fake.host().rsplit_once(':').unwrap().1;
    let none = Settings { hosts: std::collections::BTreeMap::new(), ..settings(&fake) };
    let registries = Registries::new(&none).unwrap();
    for host in ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1", "0.0.0.0", "10.0.0.1", "LOCALHOST"] {
        let repository = repository(&format!("{host}:{port}/a/b"));
        for failure in
            [registries.tags(&repository).await.unwrap_err(), registries.digest(&repository, "1").await.unwrap_err()]
        {
            assert_eq!(failure.kind(), "refused", "{host}: {failure:?}");
            assert!(failure.is_answer());
        }
    }
    assert!(fake.lines().is_empty());
    assert_eq!(registries.requests(), Counts::default());
}

// ---- passwords ----

#[tokio::test]
async fn a_password_for_the_registry_itself() {
    let fake = Fake::start(|asked| match asked.header("authorization") {
        Some(authorization) if authorization == basic() => Answer::tags(&["1"]),
        _ => Answer::status(401)
            .header("WWW-Authenticate", "Negotiate")
            .header("WWW-Authenticate", "Basic realm=\"a, b\""),
    });
    let registries = Registries::new(&with_password(&fake)).unwrap();
    assert_eq!(*registries.tags(&repository("python")).await.unwrap(), complete(&["1"]));
    registries.tags(&repository("node")).await.unwrap();
    // Refused, then let in; known from then on.
    assert_eq!(fake.lines().len(), 3);

    let message = python(&settings(&fake)).await.unwrap_err().to_string();
    assert!(message.contains("wants credentials, and none are configured"), "{message}");
    let mut wrong = with_password(&fake);
    wrong.hosts.get_mut("docker.io").unwrap().password = Some(Secret::new("wrong"));
    assert_eq!(python(&wrong).await.unwrap_err().kind(), "denied");
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let fake = Fake::start(|asked| match (asked.method.as_str(), asked.path()) {
        ("POST", "/token") => {
            assert_eq!(
                asked.body,
                "grant_type=refresh_token&client_id=tagalong&service=s&scope=repository%3Alibrary%2Fpython%3Apull&refresh_token=keep+me"
            );
            Answer::json(r#"{"access_token":"t"}"#)
        }
        _ if asked.header("authorization") == Some("Bearer t") => Answer::tags(&["1"]),
        _ => Answer::status(401)
            .header("WWW-Authenticate", format!("Bearer realm=\"{}/token\",service=\"s\"", asked.here)),
    });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    std::fs::write(&path, format!(r#"{{"auths":{{"{}":{{"identitytoken":"keep me"}}}}}}"#, fake.host())).unwrap();
    let settings = Settings { credential_files: vec![path], ..settings(&fake) };
    assert_eq!(python(&settings).await.unwrap(), complete(&["1"]));
}

/// Runs one of these tests again, in a process with another environment.
fn again(test: &str, environment: &[(&str, &str)]) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_proxy_of_the_environment() {
    const INNER: &str = "TAGALONG_TEST_PROXY";
    if std::env::var_os(INNER).is_none() {
        let proxy = Fake::start(|_| Answer::tags(&["1"]));
        let environment = [
            (INNER, "1"),
            ("http_proxy", proxy.url()),
            ("https_proxy", proxy.url()),
            ("no_proxy", ""),
            ("NO_PROXY", ""),
        ];
        again("a_proxy_of_the_environment", &environment);
        let lines = proxy.lines();
        assert_eq!(lines[0], format!("GET http://registry.test{LIST}"));
        // No tunnel comes about, but the proxy, at its private address, was asked for one.
        assert!(lines.len() > 1 && lines[1..].iter().all(|line| line == "CONNECT public.test:443"), "{lines:?}");
        return;
    }
    let fake = Fake::start(|_| Answer::tags(&["2"]));
    let mut settings = settings(&fake);
    settings.system_proxy = true;
    assert_eq!(python(&settings).await.unwrap(), complete(&["2"]), "this machine needs no proxy");
    settings.hosts.get_mut("docker.io").unwrap().endpoint = Some("http://registry.test".parse().unwrap());
    assert_eq!(python(&settings).await.unwrap(), complete(&["1"]));
    let registries = Registries::new(&settings).unwrap();
    assert_eq!(registries.tags(&repository("public.test/a")).await.unwrap_err().kind(), "unreachable");
    assert_eq!(registries.tags(&repository("10.0.0.1/a")).await.unwrap_err().kind(), "refused");
}

/// As companies have it: an authority of their own, which the operating system knows.
#[tokio::test]
async fn a_certificate_is_checked_against_the_systems_authorities() {
    const INNER: &str = "TAGALONG_TEST_AUTHORITY";
    let fake = Fake::start_tls(|_| Answer::tags(&["1"]));
    if std::env::var_os(INNER).is_some() {
        assert_eq!(python(&settings(&fake)).await.unwrap(), complete(&["1"]));
        return;
    }
    let failure = python(&settings(&fake)).await.unwrap_err();
    assert_eq!(failure.kind(), "unreachable");
    assert!(failure.to_string().contains("certificate"), "{failure}");
    assert!(fake.lines().is_empty(), "nothing is said to a stranger");
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake/tls/authority.pem");
    let environment = [(INNER, "1"), ("SSL_CERT_FILE", authority)];
    again("a_certificate_is_checked_against_the_systems_authorities", &environment);
}

/// Helpers are found on the `PATH`.
#[cfg(unix)]
#[tokio::test]
async fn credential_helpers() {
    use std::os::unix::fs::PermissionsExt;

    const DIRECTORY: &str = "TAGALONG_TEST_HELPERS";
    let Some(directory) = std::env::var_os(DIRECTORY).map(std::path::PathBuf::from) else {
        let directory = tempfile::tempdir().unwrap();
        for (name, script) in [
            (
                "good",
                format!(
                    "read -r host; echo \"$host\" >> \"${DIRECTORY}/asked\"; echo '{{\"Username\":\"robot\",\"Secret\":\"{PASSWORD}\"}}'"
                ),
            ),
            ("bad", format!("read -r host; echo '{PASSWORD}'; echo '{PASSWORD}' >&2; exit 1")),
            ("ignorant", "read -r host; echo 'credentials not found in native keychain'; exit 1".to_owned()),
            ("hanging", format!("echo $$ > \"${DIRECTORY}/pid\"; exec sleep 60")),
        ] {
            let path = directory.path().join(format!("docker-credential-{name}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
        let place = directory.path().to_str().unwrap();
        return again("credential_helpers", &[("PATH", &path), (DIRECTORY, place)]);
    };

    let fake = Fake::start(|asked| match asked.header("authorization") {
        Some(authorization) if authorization == basic() => Answer::tags(&["1"]),
        _ => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let with = |config: serde_json::Value| {
        let path = directory.join("config.json");
        std::fs::write(&path, config.to_string()).unwrap();
        Settings { credential_files: vec![path], helper_timeout: Duration::from_secs(5), ..settings(&fake) }
    };
    let host = fake.host();
    let good =
        with(serde_json::json!({ "credHelpers": { host: "good", "other.example": "bad" }, "credsStore": "bad" }));
    assert_eq!(python(&good).await.unwrap(), complete(&["1"]));
    let asked = std::fs::read_to_string(directory.join("asked")).unwrap();
    assert_eq!(asked.trim(), host, "a helper is asked for the host that is asked, and once");

    for (helper, words) in [
        ("bad", "docker-credential-bad failed"),
        ("ignorant", "none are configured"),
        ("hanging", "in time"),
        ("none", "cannot be run"),
    ] {
        let start = Instant::now();
        let mut settings = with(serde_json::json!({ "credsStore": helper }));
        if helper == "hanging" {
            settings.helper_timeout = Duration::from_secs(1);
        }
        let failure = python(&settings).await.unwrap_err();
        assert_eq!(failure.kind(), "denied");
        assert!(failure.to_string().contains(words), "{helper}: {failure}");
        assert!(!failure.to_string().contains("horse"), "{helper}: {failure}");
        assert!(start.elapsed() < Duration::from_secs(10), "{helper}");
    }
    let pid = std::fs::read_to_string(directory.join("pid")).unwrap();
    for round in 0.. {
        let alive = std::process::Command::new("sh").args(["-c", &format!("kill -0 {}", pid.trim())]).output().unwrap();
        if !alive.status.success() {
            break;
        }
        assert!(round < 100, "a helper that hangs is ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn secrets_do_not_leak() {
    let fake = Fake::start(|asked| match asked.path() {
        // A server that repeats what it was told.
        "/token" => Answer::status(403).body(format!(r#"{{"details":"no: {PASSWORD}"}}"#)),
        _ => Answer::status(401).header("WWW-Authenticate", format!("Bearer realm=\"{}/token\"", asked.here)),
    });
    let settings = with_password(&fake);
    let registries = Registries::new(&settings).unwrap();
    let failure = registries.tags(&repository("python")).await.unwrap_err();
    assert_eq!(failure.kind(), "denied");

    let parrot = Fake::start(|asked| {
        let shown = asked.header("authorization").unwrap_or_default();
        let answer = if shown.is_empty() { 401 } else { 403 };
        Answer::status(answer)
            .header("WWW-Authenticate", "Basic realm=\"x\"")
            .body(format!(r#"{{"errors":[{{"message":"{shown} is {PASSWORD}"}}]}}"#))
    });
    let repeated = python(&with_password(&parrot)).await.unwrap_err();
    assert_eq!(repeated.kind(), "denied");

    let granted = Fake::start(guarded);
    let holding = Registries::new(&with_password(&granted)).unwrap();
    holding.tags(&repository("python")).await.unwrap();
    for shown in
        [format!("{failure} {failure:?}"), format!("{settings:?}"), format!("{registries:?}"), format!("{holding:?}")]
    {
        for secret in ["horse", "token-for", "cm9ib3Q6"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

// ---- digests ----

#[tokio::test]
async fn digests_by_head_and_where_need_be_by_get() {
    let good = format!("sha256:{}", "c".repeat(64));
    let fake = Fake::start(move |asked| match (asked.method.as_str(), asked.path().rsplit('/').next().unwrap()) {
        ("HEAD", "named") => {
            assert!(asked.header("accept").unwrap().starts_with("application/vnd.oci.image.index.v1+json, "));
            Answer::status(200).header("Docker-Content-Digest", good.clone())
        }
        ("HEAD", "unnamed" | "lying") => Answer::status(200),
        ("HEAD", "get-only") => Answer::status(405),
        ("GET", "unnamed" | "get-only") => Answer::json("{}"),
        ("GET", "lying") => Answer::json("{}").header("Docker-Content-Digest", good.clone()),
        _ => Answer::status(404),
    });
    let registries = Registries::new(&settings(&fake)).unwrap();
    let python = repository("python");
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(registries.digest(&python, "named").await.unwrap().as_str(), format!("sha256:{}", "c".repeat(64)));
    assert_eq!(registries.digest(&python, "unnamed").await.unwrap().as_str(), empty);
    assert_eq!(registries.digest(&python, "get-only").await.unwrap().as_str(), empty);
    assert_eq!(registries.digest(&python, "lying").await.unwrap_err().kind(), "protocol");
    assert_eq!(registries.digest(&python, "none").await.unwrap_err().kind(), "not-found");
    assert_eq!(registries.digest(&python, "../../x").await.unwrap_err().kind(), "not-found");
    assert_eq!(registries.requests().manifests, 1 + 2 + 2 + 2 + 1);
}

// ---- a real registry ----

/// Debian's `docker-registry`, started for one test.
struct Real {
    process: std::process::Child,
    here: String,
    _directory: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Real {
    async fn start(password: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {0}/data}}}}\nhttp: {{addr: '{address}'}}\n",
            directory.path().display()
        );
        if password {
            // `robot` and "open sesame".
            let users = "robot:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";
            std::fs::write(directory.path().join("users"), users).unwrap();
            config += "auth: {htpasswd: {realm: 'a, b', path: ";
            config += directory.path().join("users").to_str().unwrap();
            config += "}}\n";
        }
        let path = directory.path().join("config.yml");
        std::fs::write(&path, config).unwrap();
        let process = std::process::Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let real = Self { process, here: format!("http://{address}"), _directory: directory };
        for _ in 0..200 {
            if std::net::TcpStream::connect(address).is_ok() {
                return real;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("docker-registry does not start");
    }

    /// Pushes an image that has no layers, under these tags. Returns its digest.
    async fn push(&self, repository: &str, tags: &[String]) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let send = async |request: reqwest::RequestBuilder| {
            let response = request.basic_auth("robot", Some("open sesame")).send().await.unwrap();
            response.error_for_status().unwrap()
        };
        let config = format!(r#"{{"architecture":"amd64","os":"linux","comment":"{repository}"}}"#);
        let upload = send(client.post(format!("{}/v2/{repository}/blobs/uploads/", self.here))).await;
        let mut place = reqwest::Url::parse(upload.headers()["location"].to_str().unwrap()).unwrap();
        place.query_pairs_mut().append_pair("digest", &sha256(&config));
        send(client.put(place).header("Content-Type", "application/octet-stream").body(config.clone())).await;
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(),
                "digest": sha256(&config),
            },
            "layers": [],
        })
        .to_string();
        for tag in tags {
            let url = format!("{}/v2/{repository}/manifests/{tag}", self.here);
            send(client.put(url).header("Content-Type", kind).body(manifest.clone())).await;
        }
        sha256(&manifest)
    }

    fn settings(&self, password: Option<&str>) -> Settings {
        let host = HostSettings {
            endpoint: Some(self.here.parse().unwrap()),
            username: password.map(|_| "robot".to_owned()),
            password: password.map(Secret::new),
            token_server: None,
        };
        Settings { hosts: [("docker.io".to_owned(), host)].into(), system_proxy: false, ..Settings::default() }
    }
}

fn sha256(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
#[ignore = "needs docker-registry on the PATH"]
async fn a_real_registry() {
    let real = Real::start(false).await;
    let tags: Vec<String> = (0..250).map(|number| format!("1.{number}")).collect();
    let digest = real.push("library/python", &tags).await;
    let registries = Registries::new(&real.settings(None)).unwrap();
    let list = registries.tags(&repository("python")).await.unwrap();
    assert_eq!((list.tags.len(), &list.incomplete), (250, &None));
    assert_eq!(registries.digest(&repository("python"), "1.7").await.unwrap().as_str(), digest);
    assert_eq!(registries.digest(&repository("python"), "2.0").await.unwrap_err().kind(), "not-found");
    assert_eq!(registries.tags(&repository("node")).await.unwrap_err().kind(), "not-found");
    let counts = registries.requests();
    assert_eq!((counts.tags, counts.manifests, counts.tokens), (2, 2, 0));
}

#[tokio::test]
#[ignore = "needs docker-registry on the PATH"]
async fn a_real_registry_with_a_password() {
    let real = Real::start(true).await;
    let digest = real.push("team/app", &["1.0".to_owned()]).await;
    let app = repository("team/app");
    let registries = Registries::new(&real.settings(Some("open sesame"))).unwrap();
    assert_eq!(*registries.tags(&app).await.unwrap(), complete(&["1.0"]));
    assert_eq!(registries.digest(&app, "1.0").await.unwrap().as_str(), digest);
    for (password, words) in [(None, "none are configured"), (Some("wrong"), "does not accept the credentials")] {
        let failure = Registries::new(&real.settings(password)).unwrap().tags(&app).await.unwrap_err();
        assert_eq!(failure.kind(), "denied");
        assert!(failure.to_string().contains(words), "{failure}");
        assert!(!failure.to_string().contains("wrong"), "{failure}");
    }
}

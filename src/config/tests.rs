//! Settings key by key, and what is said of those that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::config::settings::MatrixPolicy;

/// Each fault, exactly as people see it.
const FAULTS: &[(&str, &str)] = &[
    (
        "[matrix]\npolcy = \"append\"\n",
        r"
error: unknown key `polcy` in [matrix]
 --> bot.toml:2:1
  |
2 | polcy = 'append'
  | ^^^^^ not a key
  |
  = help: did you mean `policy`?",
    ),
    (
        "# every fault at once\nzebra = 1\n[matrix]\npolicy = \"apend\"\ndefault = 3\n",
        r"
error: unknown key `zebra`
 --> bot.toml:2:1
  |
2 | zebra = 1
  | ^^^^^ not a key
  |
  = help: the keys are `branch_prefix`, `ignore_files`, `ignore`, `allow`, `major`, `channel`, `pre_releases`, `variants`, `minimum_release_age`, `pin_digests`, `matrix`, `lifecycle`, `forge`, `merge_requests`, `dashboard`, `onboarding`, `network`, `registries`, `rules`

error: unknown choice `apend`
 --> bot.toml:4:10
  |
4 | policy = 'apend'
  |          ^^^^^^^ not a choice
  |
  = help: did you mean `append`?

error: expected a string
 --> bot.toml:5:11
  |
5 | default = 3
  |           ^ an integer",
    ),
    (
        "[registries.registry.example.org]\nendpoint = \"https://x\"\n",
        r#"
error: a host with dots must be quoted
 --> bot.toml:1:13
  |
1 | [registries.registry.example.org]
  |             ^^^^^^^^ read as nested tables
  |
  = help: write [registries."registry.example.org"]"#,
    ),
    (
        "[registries.\"ghcr.io\"]\npassword = \"hunter2\"\n",
        r#"
error: `password` must not be written here
 --> bot.toml:2:1
  |
2 | password = '*******'
  | ^^^^^^^^ a literal credential
  |
  = help: put it into an environment variable and name that: password_env = "REGISTRY_…""#,
    ),
    (
        "[registries.\"ghcr.io\"]\nendpoint = \"https://u:hunter2@x/\"\n",
        r"
error: not the address of a registry
 --> bot.toml:2:12
  |
2 | endpoint = '********************'
  |            ^^^^^^^^^^^^^^^^^^^^^^ holds credentials
  |
  = help: name the variables that hold them instead",
    ),
    (
        "[registries.\"ghcr.io\"]\nusername_env = \"U\"\npassword_env = \"glpat-x1\"\n",
        r"
error: not the name of an environment variable
 --> bot.toml:3:16
  |
3 | password_env = '********'
  |                ^^^^^^^^^^ letters, digits and `_`
  |
  = help: put the credential into an environment variable, and its name here",
    ),
    (
        "[registries.\"ghcr.io\"]\nendpoint = \"ghcr.io\"\npassword_env = \"P\"\n",
        r"
error: not the address of a registry
 --> bot.toml:2:12
  |
2 | endpoint = 'ghcr.io'
  |            ^^^^^^^^^ no scheme
  |
  = help: start it with https://, or with http:// to go without encryption

error: `password_env` without `username_env`
 --> bot.toml:3:1
  |
3 | password_env = 'P'
  | ^^^^^^^^^^^^ one of two
  |
  = help: add username_env: a registry wants both",
    ),
    (
        "[registries.\"https://ghcr.io/v2\"]\n[registries.\"docker.io\"]\ntoken_server = \"a/b\"\n[registries.\"index.docker.io\"]\n",
        r#"
error: not the host of a registry
 --> bot.toml:1:13
  |
1 | [registries."https://ghcr.io/v2"]
  |             ^^^^^^^^^^^^^^^^^^^^ a URL
  |
  = help: write [registries."ghcr.io"], and the address as its endpoint

error: not the host of a token server
 --> bot.toml:3:16
  |
3 | token_server = 'a/b'
  |                ^^^^^ a host, with its port if it has one
  |
  = help: write the host alone, with its port if it has one

error: the same registry twice
 --> bot.toml:4:13
  |
4 | [registries."index.docker.io"]
  |             ^^^^^^^^^^^^^^^^^ another name of docker.io"#,
    ),
    (
        "[network]\nretries = 99\ntimeout = \"soon\"\n",
        r#"
error: expected a number from 0 to 10
 --> bot.toml:2:11
  |
2 | retries = 99
  |           ^^ out of range

error: not a duration
 --> bot.toml:3:11
  |
3 | timeout = 'soon'
  |           ^^^^^^ not understood
  |
  = help: write a duration such as "30s" or "2m""#,
    ),
    (
        "[rules]\nimages = [\"python\"]\n",
        r"
error: expected a list of rules
 --> bot.toml:1:1
  |
1 | [rules]
  | ^^^^^^^ a table
  |
  = help: write [[rules]]",
    ),
    (
        "[[rules]]\nimages = \"python\"\nimage = [\"a[\"]\n[[rules]]\nimages = [\"a[\", \"python:3\"]\nfiles = []\n",
        r#"
error: expected a list of strings
 --> bot.toml:2:10
  |
2 | images = 'python'
  |          ^^^^^^^^ a string
  |
  = help: write ["python"]

error: unknown key `image` in [[rules]]
 --> bot.toml:3:1
  |
3 | image = ['a[']
  | ^^^^^ not a key
  |
  = help: did you mean `images`?

error: not a pattern
 --> bot.toml:5:11
  |
5 | images = ['a[', 'python:3']
  |           ^^^^ unclosed character class; missing ']'

error: not a pattern
 --> bot.toml:5:17
  |
5 | images = ['a[', 'python:3']
  |                 ^^^^^^^^^^ images are matched by name, without tag or digest
  |
  = help: write "python"

error: an empty list fits nothing
 --> bot.toml:6:9
  |
6 | files = []
  |         ^^ no pattern"#,
    ),
    (
        "[[rules]]\nenabled = true\n[[rules]]\nimages = [\"x\"]\n",
        r#"
error: a rule for nothing in particular
 --> bot.toml:1:1
  |
1 | [[rules]]
  | ^^^^^^^^^ fits everything
  |
  = help: add images, files, kinds or repositories = ["…"]; what holds for all is set outside of rules

error: a rule that says nothing
 --> bot.toml:3:1
  |
3 | [[rules]]
  | ^^^^^^^^^ no setting
  |
  = help: add `enabled`, `ignore`, `allow`, `major`, `channel`, `pre_releases`, `variants`, `minimum_release_age`, `pin_digests`, `matrix`, `group`, `labels`, `assignees`, `reviewers` or `auto_merge`"#,
    ),
    (
        "[registries.\"ghcr.io\"]\npassword = hunter2\n",
        r"
error: string values must be quoted
 --> bot.toml:2:12
  |
2 | password = *******
  |            ^^^^^^^ expected literal string",
    ),
    (
        "registries = { \"ghcr.io\" = { password = \"hunter2\", retries = 1 ",
        r"
error: unclosed inline table
 --> bot.toml:1:63
  |
1 | registries = { 'ghcr.io' = { password = '*******'* ******* * *
  |                                                               ^ expected `}`",
    ),
    (
        "\u{feff}major = 3\nbranch_prefix = \"bot branches/\"",
        r"
error: expected `true` or `false`
 --> bot.toml:1:9
  |
1 | major = 3
  |         ^ an integer

error: git allows no branch with this name
 --> bot.toml:2:17
  |
2 | branch_prefix = 'bot branches/'
  |                 ^^^^^^^^^^^^^^^ ' ' is not allowed",
    ),
    (
        "[matrix]\npolicy = \"windows\"\nwindow = 0\ngrace = \"3 months\"\nfloor = \"3.x\"\nceiling = 3.13",
        r#"
error: unknown choice `windows`
 --> bot.toml:2:10
  |
2 | policy = 'windows'
  |          ^^^^^^^^^ not a choice
  |
  = help: did you mean `window`?

error: expected a number from 1 to 100
 --> bot.toml:3:10
  |
3 | window = 0
  |          ^ out of range

error: not a number of days
 --> bot.toml:4:9
  |
4 | grace = '3 months'
  |         ^^^^^^^^^^ no whole days
  |
  = help: write a number of days such as "90 days" or "2 weeks"

error: not a release
 --> bot.toml:5:9
  |
5 | floor = '3.x'
  |         ^^^^^ no numbers with points between them
  |
  = help: write a release such as "3.10"

error: expected a string
 --> bot.toml:6:11
  |
6 | ceiling = 3.13
  |           ^^^^ a float"#,
    ),
    (
        "[lifecycle]\nendpoint = \"endoflife.date\"\nproducts = { \"a b\" = \"python\", node = \"../x\" }",
        r#"
error: not the address of an API of release cycles
 --> bot.toml:2:12
  |
2 | endpoint = 'endoflife.date'
  |            ^^^^^^^^^^^^^^^^ no scheme
  |
  = help: start it with https://, or with http:// to go without encryption

error: not the name of an image
 --> bot.toml:3:14
  |
3 | products = { 'a b' = 'python', node = '../x' }
  |              ^^^^^ not understood
  |
  = help: write it without a tag, as in "ghcr.io/acme/python"

error: not the name of a product
 --> bot.toml:3:39
  |
3 | products = { 'a b' = 'python', node = '../x' }
  |                                       ^^^^^^ not understood
  |
  = help: write its name as in the address of its page: "python""#,
    ),
];

#[test]
fn every_fault_is_shown_at_its_place() {
    for (text, expected) in FAULTS {
        let shown = Config::parse("bot.toml", text).expect_err(text).to_string();
        // TOML's double quotes are written as single ones above, to be read without backslashes.
        let expected = expected.trim_start_matches('\n');
        let same = |line: &str| match line.split_once(" | ") {
            Some((_, source)) if !source.trim_start().starts_with(['^', '[']) => line.replace('"', "'"),
            _ => line.to_owned(),
        };
        let shown: Vec<String> = shown.lines().map(|line| same(line.trim_end())).collect();
        assert_eq!(shown.join("\n"), expected, "\nfor\n{text}");
    }
}

#[test]
fn hostile_texts_end_in_messages() {
    for text in [
        format!("[registries.{}a]\n", "a.".repeat(5_000)),
        format!("rules = {}", "[".repeat(50_000)),
        format!("{}é = 1\n", "x".repeat(50_000)),
        "\"a\\u0000\\u001b[31m\" = 1\n".to_owned(),
        "password = \"a\nb".to_owned(),
        "ignore_files = [\"é\", 'ü[', \"\"]".to_owned(),
    ] {
        let problems = Config::parse("bot.toml", &text).expect_err("a fault");
        assert!(problems.count() > 0);
        assert!(!problems.to_string().contains('\u{1b}'));
    }
}

fn image(name: &str) -> Repository {
    Repository::parse(name).expect("a name")
}

#[test]
fn the_last_rule_that_says_something_wins() {
    let config = Config::parse(
        "bot.toml",
        r#"
        major = false
        ignore_files = ["vendor/"]
        [matrix]
        policy = "patch-each"
        [[rules]]
        images = ["docker.io/library/*"]
        major = true
        matrix = { policy = "frozen" }
        [[rules]]
        images = ["docker.io/library/python"]
        files = ["legacy/"]
        enabled = false
        matrix = { default = "keep" }
        [[rules]]
        files = ["legacy/new/"]
        enabled = true
        "#,
    )
    .expect("a good file");
    let file = |path| FilePath::new(path).expect("a path");
    let python = image("docker.io/library/python");
    let other = image("ghcr.io/acme/python");
    assert_eq!(config.matrix(&python, &file("Dockerfile")).policy, MatrixPolicy::Frozen);
    assert_eq!(config.matrix(&python, &file("legacy/Dockerfile")).policy, MatrixPolicy::Frozen);
    assert_eq!(config.matrix(&other, &file("Dockerfile")).policy, MatrixPolicy::PatchEach);
    assert_eq!(config.matrix_default(&python, &file("legacy/Dockerfile")), MatrixDefault::Keep);
    assert_eq!(config.matrix_default(&python, &file("Dockerfile")), MatrixDefault::Follow);
    assert!(config.majors(&python, &file("Dockerfile")));
    assert!(!config.majors(&other, &file("Dockerfile")));
    assert_eq!(config.disabled_by(&python, &file("legacy/Dockerfile")).as_deref(), Some("rule 2 of bot.toml"));
    assert!(config.enabled(&python, &file("legacy/new/Dockerfile")));
    assert!(config.enabled(&other, &file("legacy/Dockerfile")));
    assert!(config.ignores(&file("a/vendor/Dockerfile")));
    assert!(!config.ignores(&file("a/Dockerfile")));
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let text = r#"
        [network]
        timeout = "1m 30s"
        [registries."Index.Docker.io"]
        endpoint = "http://127.0.0.1:5000"
        username_env = "USER"
        password_env = "PASSWORD"
        token_server = "auth.docker.io"
        [[rules]]
        images = ["python"]
        enabled = false
        [[rules]]
        files = ["a/"]
        matrix = { policy = "frozen" }
        group = "CI tools"
        labels = ["ci"]
        assignees = ["@somebody"]
        reviewers = []
        auto_merge = true
    "#;
    let config = Config::parse("bot.toml", text).expect("a good file");
    let shown = config.show().expect("text");
    assert_eq!(Config::parse("shown", &shown).expect("a good file").settings, config.settings);
    let (host, registry) = config.registries().next().expect("a registry");
    assert_eq!((host, config.network().timeout.as_secs(), config.network().retries), ("docker.io", 90, 3));
    assert_eq!(registry.endpoint.as_ref().map(url::Url::as_str), Some("http://127.0.0.1:5000/"));
}

#[test]
fn rules_say_what_holds_for_a_merge_request() {
    let config = Config::parse(
        "bot.toml",
        r#"
        [merge_requests]
        labels = ["bot"]
        reviewers = ["everybody"]
        [[rules]]
        files = ["ci/"]
        group = "tools"
        labels = ["ci", "bot"]
        reviewers = ["ops"]
        auto_merge = true
        [[rules]]
        images = ["python"]
        group = "languages"
        labels = ["python"]
        assignees = ["guido"]
        [[rules]]
        images = ["node"]
        auto_merge = false
        "#,
    )
    .expect("a good file");
    let (python, node, docker) = (image("python"), image("node"), image("docker"));
    let file = |path| FilePath::new(path).expect("a path");
    let (ci, other) = (file("ci/a.Dockerfile"), file("Dockerfile"));
    assert_eq!(config.group(&docker, &ci), Some("tools"));
    assert_eq!(config.group(&python, &ci), Some("languages"), "the last one wins");
    assert_eq!(config.group(&docker, &other), None);
    for (updates, labels, assignees, reviewers, auto_merge) in [
        (vec![(&docker, &other)], vec!["bot"], vec![], vec!["everybody"], false),
        (vec![(&docker, &ci)], vec!["bot", "ci"], vec![], vec!["ops"], true),
        (vec![(&python, &ci)], vec!["bot", "ci", "python"], vec!["guido"], vec!["ops"], true),
        // Labels come from any update, people and merging from all of them.
        (vec![(&docker, &ci), (&python, &ci)], vec!["bot", "ci", "python"], vec![], vec!["ops"], true),
        (vec![(&python, &ci), (&python, &other)], vec!["bot", "ci", "python"], vec!["guido"], vec!["everybody"], false),
        (vec![(&docker, &ci), (&node, &ci)], vec!["bot", "ci"], vec![], vec!["ops"], false),
    ] {
        let places: Vec<_> = updates.iter().map(|(image, file)| (*image, (*file).into())).collect();
        let terms = config.terms(&places);
        assert_eq!(terms.labels, labels, "{updates:?}");
        assert_eq!(terms.assignees, assignees, "{updates:?}");
        assert_eq!(terms.reviewers, reviewers, "{updates:?}");
        assert_eq!(terms.auto_merge, auto_merge, "{updates:?}");
    }
}

/// The documented sample says every key, with its default.
#[test]
fn the_sample_is_the_default() {
    let sample = include_str!("../../bot.toml");
    let config = Config::parse("bot.toml", sample).expect("a good file");
    assert_eq!(config.settings, Settings::default());
    // With the examples, too, it is a good file, and no key of the schema is left out.
    let examples: String = sample
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code)
                if code.starts_with('[') || code.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                format!("{code}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    Config::parse("bot.toml", &examples).expect("good examples");
    let keys = keys_of_the_schema();
    assert!(keys.len() > 15, "{keys:?}");
    for key in keys {
        assert!(
            examples.lines().any(|line| {
                line.starts_with(&format!("{key} ="))
                    || line.trim_start_matches('[').starts_with(&key)
                    || line.contains(&format!("{key} = "))
            }),
            "the sample leaves out `{key}`"
        );
    }
}

fn keys_of_the_schema() -> Vec<String> {
    let schema: serde_json::Value = serde_json::from_str(Config::SCHEMA).expect("JSON");
    let tables = schema["$defs"].as_object().expect("definitions").values().chain([&schema]);
    tables
        .filter_map(|table| table["properties"].as_object())
        .flat_map(|properties| properties.keys().cloned())
        .collect()
}

/// The reader and the schema know the same keys: a key of the schema is never unknown to the reader.
#[test]
fn the_schema_is_current_and_knows_the_readers_keys() {
    let current = format!("{:#}\n", schemars::schema_for!(Settings).as_value());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/bot.schema.json");
        std::fs::write(file, &current).expect("a schema");
    }
    assert!(current == Config::SCHEMA, "write it anew: UPDATE_EXPECTED=1 cargo test --lib schema");
    let listed = |text: &str| Config::parse("bot.toml", text).expect_err("unknown").to_string();
    let all = [
        listed("quux = 1"),
        listed("[matrix]\nquux = 1"),
        listed("[lifecycle]\nquux = 1"),
        listed("[network]\nquux = 1"),
        listed("[forge]\nquux = 1"),
        listed("[merge_requests]\nquux = 1"),
        listed("[dashboard]\nquux = 1"),
        listed("[onboarding]\nquux = 1"),
        listed("[registries.x]\nquux = 1"),
        listed("[[rules]]\nquux = 1"),
    ]
    .concat();
    let mut named: Vec<String> =
        all.split('`').skip(1).step_by(2).filter(|key| *key != "quux").map(str::to_owned).collect();
    let mut keys = keys_of_the_schema();
    named.sort();
    named.dedup();
    keys.sort();
    keys.dedup();
    assert_eq!(named, keys);
    let schema = serde_json::from_str(Config::SCHEMA).expect("JSON");
    let sample: toml::Value = toml::from_str(include_str!("../../bot.toml")).expect("TOML");
    let sample = serde_json::to_value(sample).expect("JSON");
    assert!(jsonschema::is_valid(&schema, &sample));
}

/// What a repository may not say, and what it may say only so far.
const OWN_FAULTS: &[(&str, &str)] = &[
    (
        "[registries.\"ghcr.io\"]\nendpoint = \"https://evil.example\"\n",
        r"
error: [registries] is not for a repository to set
 --> .tagalong.toml:1:2
  |
1 | [registries.'ghcr.io']
  |  ^^^^^^^^^^ only the operator sets this
  |
  = help: leave it out here; whoever runs the bot sets it in bot.toml",
    ),
    (
        "branch_prefix = \"x/\"\n[merge_requests]\nauthor = \"A <a@b.c>\"\nlabel = 1\n",
        r"
error: `branch_prefix` is not for a repository to set
 --> .tagalong.toml:1:1
  |
1 | branch_prefix = 'x/'
  | ^^^^^^^^^^^^^ only the operator sets this
  |
  = help: leave it out here; whoever runs the bot sets it in bot.toml

error: `author` is not for a repository to set
 --> .tagalong.toml:3:1
  |
3 | author = '* *******'
  | ^^^^^^ only the operator sets this
  |
  = help: leave it out here; whoever runs the bot sets it in bot.toml

error: unknown key `label` in [merge_requests]
 --> .tagalong.toml:4:1
  |
4 | label = 1
  | ^^^^^ not a key
  |
  = help: did you mean `labels`?",
    ),
    (
        "[merge_requests]\ntitle = \"{% for x in title %}{{ title }}{% endfor %}\"\ncommit_message = \"{{ title * 9 }}\"",
        r"
error: not a template for a repository
 --> .tagalong.toml:2:9
  |
2 | title = '{% for x in title %}{{ title }}{% endfor %}'
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ statements are for the operator's templates

error: not a template for a repository
 --> .tagalong.toml:3:18
  |
3 | commit_message = '{{ title * 9 }}'
  |                  ^^^^^^^^^^^^^^^^^ `*` is for the operator's templates",
    ),
];

#[test]
fn what_a_repository_may_not_say_is_shown_at_its_place() {
    for (text, expected) in OWN_FAULTS {
        let shown = Config::default().narrowed(OWN_FILE, text).expect_err(text).render(false).replace('"', "'");
        let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(shown.join("\n"), expected.trim_start_matches('\n'), "\nfor\n{text}");
    }
    for table in ["forge", "registries", "network", "dashboard", "onboarding"] {
        assert!(Config::default().narrowed(OWN_FILE, &format!("[{table}]")).is_err(), "{table}");
    }
    assert!(Config::default().narrowed(OWN_FILE, &"# x\n".repeat(20_000)).is_err());
    let nested = "images | join(images | join(images | join(title)))";
    assert!(Config::default().narrowed(OWN_FILE, &format!("[merge_requests]\ntitle = \"{{{{ {nested} }}}}\"")).is_ok());
}

#[test]
fn a_repository_narrows_what_the_operator_says() {
    let operator = Config::parse(
        "bot.toml",
        r#"
        ignore_files = ["vendor/"]
        [merge_requests]
        labels = ["all"]
        max_open = 5
        max_new_per_run = 0
        schedule = ["* 0-5 * * *"]
        [[rules]]
        images = ["python"]
        major = true
        matrix = { policy = "frozen" }
        [[rules]]
        images = ["redis"]
        enabled = false
        "#,
    )
    .expect("a good file");
    let config = operator
        .narrowed(
            OWN_FILE,
            r#"
            major = false
            pin_digests = true
            ignore_files = ["examples/"]
            [matrix]
            default = "keep"
            [merge_requests]
            max_open = 50
            max_new_per_run = 3
            draft = true
            [[rules]]
            images = ["redis", "nginx"]
            enabled = true
            [[rules]]
            images = ["node"]
            enabled = false
            [[rules]]
            images = ["alpine"]
            major = true
            pin_digests = false
            "#,
        )
        .expect("a good file");
    let file = FilePath::new("Dockerfile").expect("a path");
    let hub = |name: &str| image(&format!("docker.io/library/{name}"));
    let majors: Vec<bool> = ["python", "nginx", "alpine"].iter().map(|name| config.majors(&hub(name), &file)).collect();
    assert_eq!(majors, [false, false, true], "what it says for all outranks the operator's rules");
    let pins = |config: &Config| ["python", "alpine"].map(|name| config.pins(&hub(name), &file));
    assert_eq!((pins(&operator), pins(&config)), ([false, false], [true, false]));
    assert_eq!(config.matrix(&hub("python"), &file).policy, MatrixPolicy::Frozen);
    assert_eq!(config.matrix_default(&hub("python"), &file), MatrixDefault::Keep);
    assert_eq!(config.disabled_by(&hub("redis"), &file).as_deref(), Some("rule 2 of bot.toml"));
    assert_eq!(config.disabled_by(&hub("node"), &file).as_deref(), Some("rule 2 of .tagalong.toml"));
    assert!(config.enabled(&hub("nginx"), &file));
    for ignored in ["vendor/Dockerfile", "examples/Dockerfile"] {
        assert!(config.ignores(&FilePath::new(ignored).expect("a path")), "{ignored}");
    }
    let requests = config.merge_requests();
    assert_eq!((requests.max_open, requests.max_new_per_run, requests.draft), (5, 3, true));
    assert_eq!(requests.labels, ["all"]);
    assert!(config.opens("2026-11-23T12:00:00Z".parse().expect("a time")).is_some());
    assert_eq!(config.branch_prefix(), "tagalong/");
}

/// What a repository gets says nothing until somebody takes the `#` away, and leaves out no key.
#[test]
fn the_sample_for_repositories_knows_every_key_and_sets_none() {
    let sample = Config::OWN_SAMPLE;
    assert!(sample.lines().all(|line| line.is_empty() || line.starts_with("# ")), "{sample}");
    assert!(sample.lines().all(|line| line.chars().count() <= 110), "{sample}");
    let narrowed = Config::default().narrowed(OWN_FILE, sample).expect("a good file");
    assert_eq!(narrowed.merge_requests(), Config::default().merge_requests());
    let is_setting = |line: &&str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.starts_with('[')
            || line.contains(" = ") && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let lines: Vec<&str> = sample.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    let all = lines.join("\n");
    Config::default().narrowed(OWN_FILE, &all).expect("a good file");
    let found: toml::Table = toml::from_str(&all).expect("TOML");
    let schema: serde_json::Value = serde_json::from_str(Config::SCHEMA).expect("JSON");
    let known = |table: &serde_json::Value, refused: &[&str]| {
        let keys = table["properties"].as_object().expect("properties").keys().cloned();
        keys.filter(|key| !refused.contains(&key.as_str())).collect::<std::collections::BTreeSet<_>>()
    };
    let keys = |table: &toml::Table| table.keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let operators = ["branch_prefix", "lifecycle", "forge", "dashboard", "onboarding", "network", "registries"];
    assert_eq!(keys(&found), known(&schema, &operators));
    let definitions = &schema["$defs"];
    assert_eq!(
        keys(found["merge_requests"].as_table().expect("a table")),
        known(&definitions["MergeRequests"], &["sign_off", "author", "rebase_label"])
    );
    assert_eq!(keys(found["matrix"].as_table().expect("a table")), known(&definitions["Matrix"], &[]));
    assert_eq!(keys(found["rules"][0].as_table().expect("a table")), known(&definitions["Rule"], &[]));
}

#[test]
fn rules_fit_kinds_and_repositories() {
    let config = Config::parse(
        "bot.toml",
        "[[rules]]\nkinds = [\"arg\"]\nmajor = false\n[[rules]]\nrepositories = [\"group/*\"]\nenabled = false\n",
    )
    .expect("a good file");
    let (python, file) = (image("docker.io/library/python"), FilePath::new("Dockerfile").expect("a path"));
    assert!(!config.majors(&python, (&file, "arg")));
    assert!(config.majors(&python, (&file, "from")));
    assert!(config.majors(&python, &file), "no kind is none of the kinds");
    assert!(config.enabled(&python, &file), "a folder has no name");
    assert!(config.of_repository("other/app").enabled(&python, &file));
    let of_group = config.of_repository("Group/app").disabled_by(&python, &file);
    assert_eq!(of_group.as_deref(), Some("rule 2 of bot.toml"));
    for kind in super::place::KINDS {
        assert!(
            Config::parse("bot.toml", &format!("[[rules]]\nkinds = [\"{kind}\"]\nmajor = true\n")).is_ok(),
            "{kind}"
        );
    }
    let unknown = Config::parse("bot.toml", "[[rules]]\nkinds = [\"args\"]\nmajor = true\n").expect_err("no kind");
    assert!(unknown.render(false).contains("did you mean `arg`?"), "{}", unknown.render(false));
}

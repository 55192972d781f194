//! The contract of the YAML room: what the parser gives, where each byte lies, what edits leave behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::format_push_string)]

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::{Encoding, Insertion};
use crate::text::{Edit, FilePath, Site, Span, apply};

fn file() -> FilePath {
    FilePath::new("f.yml").unwrap()
}

fn stream(text: &str) -> Stream<'_> {
    parse(&file(), text)
}

/// Shows a tree with the bytes of every node.
fn show(node: Node) -> String {
    let tag = if node.is_alias() { None } else { node.tag() };
    let tag = tag.map_or(String::new(), |tag| format!("{tag} "));
    if node.is_alias() {
        return format!("<{}>", node.raw());
    }
    if let Some(value) = node.scalar() {
        return format!("{tag}{value:?}«{}»", node.raw());
    }
    if node.is_sequence() {
        let items: Vec<String> = node.items().map(show).collect();
        return format!("{tag}[{}]", items.join(" "));
    }
    let pairs: Vec<String> = node.pairs().map(|(key, value)| format!("{}:{}", show(key), show(value))).collect();
    format!("{tag}{{{}}}", pairs.join(" "))
}

#[test]
fn trees_and_their_bytes() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        ("# only\n", &[]),
        ("---\n", &[r#"""«»"#]),
        ("a: b # c\n", &[r#"{"a"«a»:"b"«b»}"#]),
        ("a: 'x''y'  # c\nb: \"\\u00e9\" \n", &[r#"{"a"«a»:"x'y"«'x''y'» "b"«b»:"é"«"\u00e9"»}"#]),
        ("\u{feff}é: ü\r\nl:\r\n- a\r\n", &[r#"{"é"«é»:"ü"«ü» "l"«l»:["a"«a»]}"#]),
        ("v: [\n'3.1', 3.10 ,\n]\n", &[r#"{"v"«v»:["3.1"«'3.1'» "3.10"«3.10»]}"#]),
        ("a:\t1\nb:\n", &[r#"{"a"«a»:"1"«1» "b"«b»:""«»}"#]),
        ("a: &x [*x]\n", &[r#"{"a"«a»:[<*x>]}"#]),
        ("s: !reference [.a, script]\n", &[r#"{"s"«s»:!reference [".a"«.a» "script"«script»]}"#]),
        ("n: !!str 12\n", &[r#"{"n"«n»:tag:yaml.org,2002:str "12"«12»}"#]),
        ("--- a\n--- b\n...\n", &[r#""a"«a»"#, r#""b"«b»"#]),
        (
            "x:\n  - |\n    foo\n    bar\n  - b",
            &[r#"{"x"«x»:["foo\nbar\n"«foo
    bar» "b"«b»]}"#],
        ),
        ("? [a, b]\n: {c, d: 1}\n", &[r#"{["a"«a» "b"«b»]:{"c"«c»:""«» "d"«d»:"1"«1»}}"#]),
    ];
    for (text, documents) in table {
        let stream = stream(text);
        assert_eq!(stream.fault, None, "{text:?}");
        let shown: Vec<String> = stream.documents.iter().map(|document| show(document.root())).collect();
        assert_eq!(&shown, documents, "{text:?}");
    }
}

#[test]
fn extents_hold_properties_and_brackets() {
    let text = "a: &x !!str 'v'\nb: &y\n  - 1\n  - 22 # c\nc: [1, 2]\nd: {e: 1}\n";
    let stream = stream(text);
    let root = stream.documents[0].root();
    let of = |key| root.get(key).map(|node| (&text[node.start()..node.span().end], node.raw())).unwrap();
    assert_eq!(of("a"), ("&x !!str 'v'", "'v'"));
    assert_eq!(of("b"), ("&y\n  - 1\n  - 22", "1\n  - 22"));
    assert_eq!(of("c"), ("[1, 2]", "[1, 2]"));
    assert_eq!(of("d"), ("{e: 1}", "{e: 1}"));
}

#[test]
fn documents_before_a_fault_are_kept() {
    let broken = stream("a: 1\n---\nb: [é\nc: }\n");
    assert_eq!(broken.documents.len(), 1);
    let fault = broken.fault.unwrap();
    assert!(fault.offset > 9 && !fault.message.is_empty(), "{fault:?}");
    assert_eq!(stream("a: *missing\n").fault.map(|fault| fault.offset), Some(3));
    for hostile in
        ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(10_000), "\u{0}".to_owned(), "a: b: c".to_owned()]
    {
        assert!(stream(&hostile).fault.is_some());
    }
    // More comments than the parser cares to buffer.
    let comments = format!("key:\n{}  - a\n", "  # c\n".repeat(5_000));
    assert_eq!(stream(&comments).fault, None);
}

#[test]
fn merge_keys_and_doubles() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd:\n  x: 4\n  <<: *a\n\
                e: {<<: *b, <<: *a}\nf: {x: 1, x: 2}\ng: &g {<<: *g, x: 1}\nh: {<<: text, '<<': *a}\n";
    let stream = stream(text);
    let root = stream.documents[0].root();
    let entries = |key: &str| {
        let node = root.get(key).unwrap();
        let entries = node.entries();
        for pair in &entries {
            assert_eq!(node.get(pair.name).map(Node::id), Some(pair.value.id()), "{key}.{}", pair.name);
        }
        let shown: Vec<String> =
            entries.iter().map(|pair| format!("{}={}", pair.name, pair.value.scalar().unwrap_or("?"))).collect();
        shown.join(" ")
    };
    assert_eq!(entries("c"), "y=1 z=2 x=3");
    assert_eq!(entries("d"), "x=1 y=1");
    assert_eq!(entries("e"), "y=1 z=2 x=1");
    assert_eq!(entries("f"), "x=2");
    assert_eq!(entries("g"), "x=1");
    assert_eq!(entries("h"), "<<=?");
    assert!(root.get("nope").is_none());
}

#[test]
fn a_bomb_of_merges_goes_out() {
    let mut text = String::from("a0: &a0 {x: 1}\n");
    for level in 1..60 {
        let below = level - 1;
        text.push_str(&format!("a{level}: &a{level} {{<<: [*a{below}, *a{below}, *a{below}]}}\n"));
    }
    let stream = stream(&text);
    let document = &stream.documents[0];
    let top = document.root().get("a59").unwrap();
    assert!(top.get("y").is_none());
    assert!(document.merges_exhausted());
    let _ = top.entries();
}

#[test]
fn every_byte_of_a_value_knows_its_way_back() {
    // Values with what stands verbatim between `«»`, runs apart.
    let table = [
        ("plain", "k: a b\n", "«a b»"),
        ("plain, folded", "k: a\r\n  b\n\n  c # d\n", "«a» «b»⏎«c»"),
        ("single", "k: 'it''s é'\n", "«it»'«s é»"),
        ("single, folded", "k: ' a \n\n   b\n  c '\n", "« a»⏎«b» «c »"),
        ("double", r#"k: "a\"b\tc\x41d" # x"#, "«a»\"«b»\t«c»A«d»"),
        ("double, folded", "k: \"a \\\n   b\n   c  \n\n  d\"", "«a »«b» «c»⏎«d»"),
        ("double, escaped white", "k: \"a\\ \n  \\ b\"", "«a»   «b»"),
        ("literal", "k: |\n  a\n    b\n\n  c\n", "«a»⏎«  b»⏎⏎«c»⏎"),
        ("literal, crlf", "k: | # c\r\n  a\r\n  é\r\n", "«a»⏎«é»⏎"),
        ("literal, strip", "k: |-\n\n  a\n\n\n", "⏎«a»"),
        ("literal, keep", "k: |+\n  a\n\n\n", "«a»⏎⏎⏎"),
        ("literal, indicator", "k: |2\n    a\n  b", "«  a»⏎«b»⏎"),
        ("literal, in a list", "- |\n  a\n  b\n- c\n", "«a»⏎«b»⏎"),
        ("folded", "k: >\n  a\n  b\n\n  c\n    d\n  e\n", "«a» «b»⏎«c»⏎«  d»⏎«e»⏎"),
        ("folded, strip", "k: >-\n\n  a\n  b\n", "⏎«a» «b»"),
        ("empty", "k: |\n", ""),
        ("tagged", "k: !!str 12\n", "«12»"),
    ];
    for (what, text, expected) in table {
        let stream = stream(text);
        assert_eq!(stream.fault, None, "{what}");
        let root = stream.documents[0].root();
        let node = root.get("k").or_else(|| root.items().next()).unwrap();
        let value = sourced(node).unwrap();
        let mut shown = String::new();
        let mut last: Option<Span> = None;
        for (index, character) in value.text().char_indices() {
            let span = value.span(index..index + character.len_utf8());
            if let Some(span) = span {
                assert_eq!(&text[span.range()], character.to_string(), "{what}");
            }
            let joins = last.zip(span).is_some_and(|(last, span)| last.end == span.start);
            if last.is_some() && !joins {
                shown.push('»');
            }
            if span.is_some() && !joins {
                shown.push('«');
            }
            shown.push(if character == '\n' { '⏎' } else { character });
            last = span;
        }
        if last.is_some() {
            shown.push('»');
        }
        assert_eq!(shown, expected, "{what}");
    }
}

#[test]
fn plain_text_that_reads_back() {
    for good in [
        "3.12",
        "20",
        "1.22",
        "3.12.1",
        "1.22-alpine",
        "latest",
        "0",
        "0.1",
        "-1",
        "v1",
        "a:b",
        "python:3.12",
        "3.12-slim",
        "20240131",
        "x#y",
        "-slim",
        "1.2.3.4",
        "8u392",
        "3.14t",
    ] {
        assert!(reads_back(good), "{good}");
    }
    for bad in [
        "3.10",
        "1.20",
        "3.0",
        "010",
        "08",
        "1e3",
        "1E5",
        "5e-1",
        "1.5e3",
        "off",
        "On",
        "y",
        "NO",
        "0x1F",
        "0o17",
        "0b11",
        "1_000",
        "12:30",
        "12:30:45",
        "1:2.5",
        "~",
        "null",
        "",
        " a",
        "a ",
        "2024-01-31",
        "2024-1-3",
        "2024-01-31T10:00:00Z",
        "-0",
        "+1",
        ".5",
        "5.",
        ".inf",
        "-.INF",
        ".nan",
        "a: b",
        "a:?b",
        "a #b",
        "[a",
        "a]",
        "a,b",
        "'a",
        "\"a",
        "%a",
        "@a",
        "`a",
        "*a",
        "&a",
        "!a",
        "- a",
        "-",
        "---",
        "...",
        "?a",
        "a\nb",
        "a:",
        "<<",
        "=",
        "1234567890123456789",
        "{a}",
        "# a",
        "0.0001",
        "00.1",
    ] {
        assert!(!reads_back(bad), "{bad}");
    }
}

/// What another reader makes of a scalar, as text.
fn second_opinion(value: &serde_yaml::Value) -> Option<String> {
    match value {
        serde_yaml::Value::String(value) => Some(value.clone()),
        serde_yaml::Value::Number(value) => Some(value.to_string()),
        _ => None,
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in "\\PC{0,8}|[-+0-9._:exo]{1,6}|[ '\"\\\\:#a-c\\[,]{1,6}") {
        let read = |text: String| serde_yaml::from_str::<serde_yaml::Value>(&text).ok();
        for encoding in [Encoding::YamlPlain, Encoding::YamlSingle, Encoding::YamlDouble] {
            let new = write(&value, encoding);
            let theirs = read(format!("[{new}, x]")).and_then(|list| second_opinion(&list[0]));
            prop_assert_eq!(theirs.as_ref(), Some(&value), "{}", new);
            let quote = match encoding { Encoding::YamlSingle => "'", Encoding::YamlDouble => "\"", _ => "" };
            let replaced = format!("k: {quote}{}{quote} # c", rewrite(&value, encoding));
            let theirs = read(replaced.clone()).and_then(|map| second_opinion(&map["k"]));
            prop_assert_eq!(theirs.as_ref(), Some(&value), "{}", replaced);
        }
    }
}

fn insert(text: &str, insertion: &Insertion, wrap: Option<&(usize, String)>, scalar: &str) -> String {
    let edit = |at: usize, replacement: String| Edit { site: Site::new(&file(), at..at), replacement };
    let mut edits: Vec<Edit> = wrap.into_iter().map(|(at, text)| edit(*at, text.clone())).collect();
    edits.push(edit(insertion.at, format!("{}{scalar}{}", insertion.before, insertion.after)));
    apply(text, &edits).unwrap()
}

/// Texts with 9 appended, with 0 prepended, and with each entry removed in turn.
fn changes(text: &str) -> (String, String, Vec<String>) {
    let stream = stream(text);
    assert_eq!(stream.fault, None, "{text:?}");
    let list = stream.documents[0].root().get("k").unwrap();
    let growth = growth(list).unwrap();
    let append = insert(text, &growth.append, growth.wrap.as_ref(), &write("9", growth.encoding));
    let prepend = insert(text, &growth.prepend, growth.wrap.as_ref(), &write("0", growth.encoding));
    let removed = (0..list.items().len()).map(|index| {
        let site = Site::new(&file(), seat(list, index).unwrap().removal);
        apply(text, &[Edit { site, replacement: String::new() }]).unwrap()
    });
    (append, prepend, removed.collect())
}

#[test]
fn lists_grow_and_shrink_in_their_own_style() {
    let table: &[(&str, &str, &str, &[&str])] = &[
        ("k: [1, 2]", "k: [1, 2, 9]", "k: [0, 1, 2]", &["k: [2]", "k: [1]"]),
        ("k: [ '1','2' ]", "k: [ '1','2','9' ]", "k: [ '0','1','2' ]", &["k: [ '2' ]", "k: [ '1' ]"]),
        ("k: [1, 2,] # c", "k: [1, 2, 9,] # c", "k: [0, 1, 2,] # c", &["k: [2,] # c", "k: [1,] # c"]),
        ("k: [1]", "k: [1, 9]", "k: [0, 1]", &["k: []"]),
        (
            "k: [\n  \"1\",\n  \"2\"\n]\n",
            "k: [\n  \"1\",\n  \"2\",\n  \"9\"\n]\n",
            "k: [\n  \"0\",\n  \"1\",\n  \"2\"\n]\n",
            &["k: [\n  \"2\"\n]\n", "k: [\n  \"1\"\n]\n"],
        ),
        (
            "k: [\r\n  1, # a\r\n  2, # b\r\n]\r\n",
            "k: [\r\n  1, # a\r\n  2, # b\r\n  9,\r\n]\r\n",
            "k: [\r\n  0,\r\n  1, # a\r\n  2, # b\r\n]\r\n",
            &["k: [\r\n  2, # b\r\n]\r\n", "k: [\r\n  1, # a\r\n]\r\n"],
        ),
        (
            "k: [\n  1, # a\n  2  # b\n]\n",
            "k: [\n  1, # a\n  2,  # b\n  9\n]\n",
            "k: [\n  0,\n  1, # a\n  2,  # b\n]\n",
            &["k: [\n  2  # b\n]\n", "k: [\n  1, # a\n]\n"],
        ),
        ("k: [1,\n    2]", "k: [1,\n    2,\n    9]", "k: [0,\n    1,\n    2]", &["k: [2]", "k: [1]"]),
        (
            "k:\n  - 1\n  - 2\n",
            "k:\n  - 1\n  - 2\n  - 9\n",
            "k:\n  - 0\n  - 1\n  - 2\n",
            &["k:\n  - 2\n", "k:\n  - 1\n"],
        ),
        (
            "k:\r\n- '1' # a\r\n# x\r\n- '2' # b\r\n# c\r\nz: 1",
            "k:\r\n- '1' # a\r\n# x\r\n- '2' # b\r\n- '9'\r\n# c\r\nz: 1",
            "k:\r\n- '0'\r\n- '1' # a\r\n# x\r\n- '2' # b\r\n# c\r\nz: 1",
            &["k:\r\n# x\r\n- '2' # b\r\n# c\r\nz: 1", "k:\r\n- '1' # a\r\n# x\r\n# c\r\nz: 1"],
        ),
        (
            "k:\n  -  1\n  -  2",
            "k:\n  -  1\n  -  2\n  -  9",
            "k:\n  -  0\n  -  1\n  -  2",
            &["k:\n  -  2", "k:\n  -  1"],
        ),
        ("k: \"1\" # c\n", "k: [\"1\", \"9\"] # c\n", "k: [\"1\", \"0\"] # c\n", &[]),
        ("k: &a 1\n", "k: [&a 1, 9]\n", "k: [&a 1, 0]\n", &[]),
        ("j: &a [1]\nk: *a\n", "j: &a [1, 9]\nk: *a\n", "j: &a [0, 1]\nk: *a\n", &["j: &a []\nk: *a\n"]),
        ("j: &a 1\nk: [*a]\n", "j: &a 1\nk: [*a, 9]\n", "j: &a 1\nk: [0, *a]\n", &["j: &a 1\nk: []\n"]),
        (
            "m: &m\n- k: &k\n  - &x 1\nk: *k",
            "m: &m\n- k: &k\n  - &x 1\n  - 9\nk: *k",
            "m: &m\n- k: &k\n  - 0\n  - &x 1\nk: *k",
            &["m: &m\n- k: &k\nk: *k"],
        ),
    ];
    for (text, append, prepend, removed) in table {
        let got = changes(text);
        assert_eq!((got.0.as_str(), got.1.as_str()), (*append, *prepend), "{text:?}");
        assert_eq!(&got.2, removed, "{text:?}");
    }
}

#[test]
fn lists_that_cannot_grow_say_why() {
    let table = [
        ("k: []", "the list is empty"),
        ("k:", "the value cannot stand in brackets"),
        ("k: {a: 1}", "it is no list"),
        ("k: [[1]]", "an entry is not a value on one line"),
        ("k:\n- |\n  a\n", "an entry is not a value on one line"),
        ("k:\n- 1\n-\n", "an entry is not a value on one line"),
        ("k:\n-\n  1\n", "an entry does not stand beside its dash"),
        ("k: a, b", "the value cannot stand in brackets"),
        ("k: a\n  b", "the value cannot stand in brackets"),
        ("j: &a 1\nk: *a", "the value is an alias"),
    ];
    for (text, why) in table {
        let stream = stream(text);
        let refused = growth(stream.documents[0].root().get("k").unwrap()).unwrap_err();
        assert_eq!(refused, crate::skip::Reason::CannotGrow { why: why.to_owned() }, "{text:?}");
    }
}

fn list_text() -> impl Strategy<Value = (String, usize)> {
    let entry = ("[1-8]", 0..4usize, any::<bool>());
    let entries = prop::collection::vec(entry, 1..5);
    (entries, 0..6usize, any::<bool>(), any::<bool>(), any::<bool>(), 0..3usize).prop_map(
        |(entries, style, crlf, trailing, final_newline, after)| {
            let count = entries.len();
            let mut text = String::from("a: é # é\nk:");
            let quoted = |value: &str, quoting: usize| match quoting {
                0 => format!("'{value}'"),
                1 => format!("\"{value}\""),
                _ => value.to_owned(),
            };
            let (open, before, between, close) = match style {
                0 => (" [", "", ", ", "]"),
                1 => (" [ ", "", ",", " ]"),
                2 => (" [\n", "  ", ",\n", "\n]"),
                3 => ("\n  [\n", "    ", "\n    , ", "\n  ]"),
                4 => ("\n", "  - ", "\n", ""),
                _ => ("\n", "-   ", "\n", ""),
            };
            text.push_str(open);
            for (index, (value, quoting, comment)) in entries.iter().enumerate() {
                let last = index + 1 == count;
                if index == 0 || style != 3 {
                    text.push_str(before);
                }
                text.push_str(&quoted(value, *quoting));
                let comment = if *comment && style >= 2 { " # c, d" } else { "" };
                match (style, last) {
                    (2, false) => text.push_str(&format!(",{comment}\n")),
                    (3, false) => text.push_str(&format!("{comment}{between}")),
                    (0 | 1, false) => text.push_str(between),
                    (0..=3, true) => text.push_str(&format!("{}{comment}{close}", if trailing { "," } else { "" })),
                    _ => text.push_str(&format!("{comment}{}", if last { "" } else { "\n" })),
                }
            }
            match after {
                0 => {}
                1 => text.push_str("\n# comment\n\nz: 1"),
                _ => text.push_str("\nz: [1]"),
            }
            if final_newline {
                text.push('\n');
            }
            (if crlf { text.replace('\n', "\r\n") } else { text }, count)
        },
    )
}

fn values(text: &str) -> Vec<String> {
    let stream = stream(text);
    assert_eq!(stream.fault, None, "{text:?}");
    let ours: Vec<String> =
        stream.documents[0].root().get("k").unwrap().items().map(|item| item.scalar().unwrap().to_owned()).collect();
    let theirs: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    let theirs: Vec<String> = match &theirs["k"] {
        serde_yaml::Value::Sequence(items) => items.iter().map(|item| second_opinion(item).unwrap()).collect(),
        _ => Vec::new(),
    };
    assert_eq!(ours, theirs, "{text:?}");
    ours
}

proptest! {
    #[test]
    fn a_changed_list_is_the_old_list_with_the_change((text, count) in list_text()) {
        let old = values(&text);
        prop_assert_eq!(old.len(), count);
        let (append, prepend, removed) = changes(&text);
        let line_feeds = text.matches('\n').count() - text.matches("\r\n").count();
        let mut longer = old.clone();
        longer.push("9".to_owned());
        prop_assert_eq!(values(&append), longer, "{} became {}", text, append);
        let mut longer = old.clone();
        longer.insert(0, "0".to_owned());
        prop_assert_eq!(values(&prepend), longer, "{} became {}", text, prepend);
        if text.contains("\r\n") {
            for changed in [&append, &prepend] {
                prop_assert_eq!(changed.matches('\n').count() - changed.matches("\r\n").count(), line_feeds);
            }
        }
        for comment in ["# c, d", "# comment"] {
            for changed in [&append, &prepend] {
                prop_assert_eq!(changed.matches(comment).count(), text.matches(comment).count());
            }
        }
        for (index, changed) in removed.iter().enumerate() {
            let mut shorter = old.clone();
            shorter.remove(index);
            prop_assert_eq!(values(changed), shorter, "{} without {} became {}", text, index, changed);
        }
    }

    #[test]
    fn any_text_is_read_without_harm(text in "[-:,\\[\\]{}&*!|>'\"%#a-c \n\r\té<]{0,60}") {
        for document in &stream(&text).documents {
            let mut open = vec![document.root()];
            while let Some(node) = open.pop() {
                prop_assert!(text.get(node.start()..node.span().end).is_some());
                if let Some(value) = sourced(node) {
                    for index in 0..value.text().len() {
                        if let Some(span) = (value.text().is_char_boundary(index)).then(|| value.span(index..index)).flatten() {
                            prop_assert!(text.is_char_boundary(span.start));
                        }
                    }
                }
                if let Ok(growth) = growth(node) {
                    prop_assert!(text.is_char_boundary(growth.append.at) && text.is_char_boundary(growth.prepend.at));
                }
                for index in 0..node.items().len() {
                    if let Some(seat) = seat(node, index) {
                        prop_assert!(text.get(seat.removal.range()).is_some());
                        prop_assert!(text.get(seat.onward.range()).is_some());
                        prop_assert!(text.is_char_boundary(seat.start));
                    }
                }
                let _ = node.entries();
                if !node.is_alias() {
                    open.extend(node.items());
                    open.extend(node.pairs().flat_map(|(key, value)| [key, value]));
                }
            }
        }
    }
}

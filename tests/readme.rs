//! The README and the recipes cannot rot: what they show is run, what they name exists.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(house().join(path)).unwrap()
}

/// The lines of every code block in a language.
fn blocks(markdown: &str, language: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut open: Option<Vec<String>> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(vec![info.to_owned()]),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(lines), _) => lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block has no end");
    blocks.retain(|lines| lines[0] == language);
    blocks.into_iter().map(|lines| lines[1..].to_vec()).collect()
}

/// Pipelines that people copy.
const RECIPES: [&str; 4] =
    ["deploy/gitlab-ci.yml", "deploy/github-workflow.yml", "deploy/gitlab-run.yml", "deploy/github-run.yml"];

/// The arguments of a command that runs tagalong, in any of the ways in which people are told to.
fn arguments(command: &str) -> Option<Vec<String>> {
    let command = command.split(['#', '|', '>']).next()?.split("&&").next()?.trim();
    let rest = ["cargo run --release -- ", "tagalong ", ".tagalong/bin/tagalong ", "~/.tagalong/bin/tagalong "]
        .iter()
        .find_map(|start| command.strip_prefix(start))?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn run(folder: &Path, arguments: &[String]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tagalong"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    // `UPDATE_README=1` writes it anew, for `git diff` to judge.
    let readme = text("README.md");
    let mut renewed = readme.clone();
    let mut count = 0;
    for block in blocks(&readme, "console") {
        let (command, shown) = block.split_first().unwrap();
        if let Some(example) = command.strip_prefix("$ cargo run --example ") {
            let cargo = Command::new(env!("CARGO")).args(["run", "--quiet", "--example", example]).output().unwrap();
            let (out, shown) = (String::from_utf8(cargo.stdout).unwrap(), shown.join("\n") + "\n");
            assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
            if std::env::var_os("UPDATE_README").is_some() {
                renewed = renewed.replace(&shown, &out);
            } else {
                assert_eq!(shown, out, "{command}");
            }
            continue;
        }
        let arguments = arguments(command.strip_prefix("$ ").unwrap()).unwrap();
        // The very directory in which a stranger runs it.
        let (status, out, err) = run(house(), &arguments);
        assert_eq!((status, err.as_str()), (Some(0), ""), "{command}");
        let shown = shown.join("\n") + "\n";
        count += 1;
        if std::env::var_os("UPDATE_README").is_some() {
            renewed = renewed.replace(&shown, &out);
        } else {
            let diff = diffy::create_patch(&shown, &out);
            assert!(shown == out, "{command}\n{diff}");
        }
    }
    assert!(count >= 2, "the README shows nothing any more");
    if renewed != readme {
        fs::write(house().join("README.md"), renewed).unwrap();
    }
}

#[test]
fn every_command_that_people_are_told_is_one() {
    let mut commands: Vec<String> = blocks(&text("README.md"), "sh").concat();
    let recipes = RECIPES.map(text);
    for line in recipes.iter().flat_map(|recipe| recipe.lines()) {
        commands.push(line.trim().trim_start_matches("- ").trim_start_matches("run: ").to_owned());
    }
    let mut count = 0;
    for mut arguments in commands.iter().filter_map(|command| arguments(command)) {
        count += 1;
        arguments.push("--help".to_owned());
        let (status, _, err) = run(house(), &arguments);
        assert_eq!((status, err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert!(count >= 6, "{count} commands");
}

#[test]
fn the_readme_names_every_option_setting_and_field() {
    let readme = text("README.md");
    for command in ["scan", "apply", "run"] {
        let (_, help, _) = run(house(), &[command.to_owned(), "--help".to_owned()]);
        let options = help.split("\nOptions:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for option in options.split_whitespace().filter(|word| word.starts_with("--")) {
            let option = option.trim_end_matches("...");
            let known = ["--help", "--version"].contains(&option);
            assert!(known || readme.contains(&format!("`{option}")), "{option} is not in the README");
        }
    }
    for schema in ["schema/bot.schema.json", "schema/report.schema.json", "schema/run.schema.json"] {
        let schema: Value = serde_json::from_str(&text(schema)).unwrap();
        let mut names = Vec::new();
        properties(&schema, &mut names);
        assert!(names.len() > 10);
        for name in names {
            let forms = [
                format!("`{name}`"),
                format!(".{name}`"),
                format!(".{name}[]`"),
                format!("`{name}[]`"),
                format!("`{name}."),
            ];
            assert!(forms.iter().any(|form| readme.contains(form)), "`{name}` is not in the README");
        }
    }
}

fn properties(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Value::Object(fields)) = (key == "properties", value) {
                    names.extend(fields.keys().cloned());
                }
                properties(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, names)),
        _ => {}
    }
}

#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        for rest in text(page).split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if !target.contains("://") && !target.starts_with('#') {
                assert!(house().join(target).exists(), "{page}: {target}");
            }
        }
    }
}

#[test]
fn configurations_and_pipelines_that_people_copy_are_valid() {
    let scratch = tempfile::tempdir().unwrap();
    for (index, block) in blocks(&text("README.md"), "toml").iter().enumerate() {
        let file: PathBuf = scratch.path().join(format!("{index}.toml"));
        fs::write(&file, block.join("\n")).unwrap();
        let arguments = ["config", "check", "-q", "--config", file.to_str().unwrap()].map(str::to_owned);
        let (status, _, err) = run(house(), &arguments);
        assert_eq!((status, err.as_str()), (Some(0), ""));
    }
    for file in RECIPES.into_iter().chain([".gitlab-ci.yml", ".github/workflows/test.yml"]) {
        let read: serde_yaml::Value =
            serde_yaml::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(read.is_mapping(), "{file}");
    }
}

//! Recognises commands that build an image, and reads their options.
//!
//! In: the words of one command. Out: a [`Build`] that says which words are the file, the context and
//! the build arguments. Must never know: scopes, loops, what a variable holds.

use std::ops::Range;

use crate::scan::shell::projects::{self, Description};
use crate::scan::shell::words::{Word, is_name};
use crate::scan::sourced::Sourced;

/// A command of interest.
#[derive(Debug)]
pub(super) enum Recognised<'w> {
    /// An image is built from a Dockerfile.
    Build(Build<'w>),
    /// Images are built or run that files describe.
    Described(Description<'w>),
    /// A shell is given a script as an argument.
    Script(&'w Sourced),
}

/// A part of a word.
#[derive(Clone, Debug)]
pub(super) struct Fragment<'w> {
    /// The word.
    pub word: &'w Word,
    /// The bytes of its text.
    pub range: Range<usize>,
}

/// A build of an image from a Dockerfile.
#[derive(Debug)]
pub(super) struct Build<'w> {
    /// The command from its name on.
    pub words: &'w [Word],
    /// Assignments in front of the command, which only the command sees.
    pub environment: &'w [Word],
    /// `--file`; in parts that stand in folders of each other.
    pub file: Option<Fragment<'w>>,
    /// The folder that `file` is relative to, if the command names one.
    pub file_folder: Option<Fragment<'w>>,
    /// The context.
    pub context: Option<Fragment<'w>>,
    /// Whether the context is the current folder if none is named.
    pub context_is_here: bool,
    /// A folder in the context, which is the context.
    pub context_folder: Option<Fragment<'w>>,
    /// `--target`
    pub stage: Option<Fragment<'w>>,
    /// `--platform`
    pub platforms: Vec<Fragment<'w>>,
    /// `NAME=value`, or `NAME` for the variable of that name.
    pub arguments: Vec<Fragment<'w>>,
    /// Words that may hold any number of options.
    pub unread: Vec<&'w Word>,
    /// Whether `file` is relative to the context.
    pub file_in_context: bool,
}

/// Whether a script is worth reading: a test of the text alone, for speed.
#[must_use]
pub(super) fn may_build(script: &str) -> bool {
    ["build", "bud", "executor", "compose"].iter().any(|word| script.contains(word))
}

/// Whether text that is not understood seems to build an image.
#[must_use]
pub fn seems_to_build(text: &str) -> bool {
    let tools = ["docker", "podman", "buildah", "nerdctl", "/kaniko/executor", "buildctl"];
    let words = ["build", "bud", "executor"];
    words.iter().any(|word| text.contains(word)) && tools.iter().any(|tool| text.contains(tool))
}

impl Recognised<'_> {
    /// How much it matters what a loop around the command goes over.
    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Build(_) | Self::Script(_) => Weight::Builds,
            Self::Described(described) if described.builds => Weight::Builds,
            Self::Described(_) => Weight::Runs,
        }
    }
}

/// What the commands in a group do with images.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(super) enum Weight {
    /// Nothing.
    #[default]
    Nothing,
    /// They run what files describe, which need not be built.
    Runs,
    /// They build.
    Builds,
}

/// Reads a command.
#[must_use]
pub(super) fn recognise(words: &[Word]) -> Option<Recognised<'_>> {
    let assignments = words.iter().take_while(|word| word.assignment().is_some()).count();
    // `env NAME=value command` sets a variable too.
    let (environment, command) = words.split_at(assignments + behind_wrappers(&words[assignments..])?);
    let (name, rest) = command.split_first()?;
    if let ("eval", [script]) = (name.text(), rest) {
        return may_build(script.text()).then(|| Recognised::Script(script.script()));
    }
    let tool = tool_name(name)?;
    match tool {
        "docker" | "docker.exe" => docker(command, environment, &DOCKER),
        "podman" => docker(command, environment, &PODMAN).map(|found| match found {
            Recognised::Build(build) => Recognised::Build(Build { context_is_here: true, ..build }),
            other => other,
        }),
        "nerdctl" | "finch" => docker(command, environment, &NERDCTL),
        "buildah" => {
            let (at, subcommand) = subcommand(rest, BUILDAH_GLOBAL)?;
            let known = matches!(subcommand, "build" | "bud" | "build-using-dockerfile");
            known.then(|| Recognised::Build(Build { context_is_here: true, ..build(command, environment, at + 2) }))
        }
        "docker-buildx" => buildx(command, environment, 1),
        "docker-compose" | "podman-compose" => projects::compose(command, environment, 1, tool_label(tool)),
        "executor" => Some(Recognised::Build(kaniko(command, environment))),
        "buildctl" | "buildctl-daemonless.sh" => {
            let (at, subcommand) =
                subcommand(rest, &["--addr", "--tlsservername", "--tlscacert", "--tlscert", "--tlskey"])?;
            (subcommand == "build").then(|| Recognised::Build(buildctl(command, environment, at + 2)))
        }
        _ => shell_script(rest),
    }
}

/// Commands that run another command.
#[rustfmt::skip]
const WRAPPERS: &[&str] = &[
    "sudo", "doas", "time", "exec", "eval", "command", "builtin", "env", "nohup", "nice", "ionice", "timeout", "retry",
    "travis_retry", "stdbuf", "unbuffer", "caffeinate", "winpty",
];

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh"];

/// The last part of the path of a command.
fn base_name(word: &Word) -> Option<&str> {
    word.plain().map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path))
}

#[rustfmt::skip]
const TOOLS: &[&str] = &[
    "docker", "docker.exe", "docker-buildx", "docker-compose", "podman", "podman-compose", "nerdctl", "finch",
    "buildah", "buildctl", "buildctl-daemonless.sh", "executor",
];

/// The name of a command that is of interest.
fn tool_name(word: &Word) -> Option<&str> {
    let name = base_name(word)?;
    (TOOLS.contains(&name) || SHELLS.contains(&name)).then_some(name)
}

/// How many words `sudo -u builder`, `retry 3` and the like take.
fn behind_wrappers(words: &[Word]) -> Option<usize> {
    let mut at = 0;
    while WRAPPERS.contains(&base_name(words.get(at)?)?) {
        // A script, not a command.
        if words[at].text() == "eval" && words.len() == at + 2 {
            break;
        }
        at += 1;
        let mut option_may_take_value = false;
        while let Some(word) = words.get(at) {
            let text = word.text();
            let number = text.trim_end_matches(['s', 'm', 'h', 'd']);
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let is_option = text.starts_with('-');
            let is_value = option_may_take_value && tool_name(word).is_none();
            if !(is_option || is_number || is_value || word.assignment().is_some()) {
                break;
            }
            option_may_take_value = is_option && text.len() == 2 && text != "--";
            at += 1;
        }
    }
    Some(at)
}

/// The first word that is no option, and its place.
pub(super) fn subcommand<'w>(words: &'w [Word], with_value: &[&str]) -> Option<(usize, &'w str)> {
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        if word.text().starts_with('-') {
            at += if with_value.contains(&word.text()) { 2 } else { 1 };
        } else if word.may_be_options() {
            at += 1;
        } else {
            return Some((at, word.plain()?));
        }
    }
}

/// A tool with Docker's command line.
struct Tool {
    /// Options in front of the subcommand that take a value in a word of its own.
    global: &'static [&'static str],
    compose: &'static str,
}

#[rustfmt::skip]
const DOCKER_GLOBAL: &[&str] = &[
    "-c", "--context", "--config", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
];

const DOCKER: Tool = Tool { global: DOCKER_GLOBAL, compose: "docker compose" };

#[rustfmt::skip]
const PODMAN_GLOBAL: &[&str] = &[
    "-c", "--connection", "--url", "--identity", "--root", "--runroot", "--imagestore", "--storage-driver",
    "--storage-opt", "--log-level", "--cgroup-manager", "--runtime", "--runtime-flag", "--conmon", "--events-backend",
    "--hooks-dir", "--module", "--network-cmd-path", "--network-config-dir", "--tmpdir", "--volumepath",
    "--namespace", "--out", "--ssh",
];

const PODMAN: Tool = Tool { global: PODMAN_GLOBAL, compose: "podman compose" };

#[rustfmt::skip]
const NERDCTL_GLOBAL: &[&str] = &[
    "-a", "--address", "-H", "--host", "-n", "--namespace", "--snapshotter", "--storage-driver", "--cni-path",
    "--cni-netconfpath", "--data-root", "--cgroup-manager", "--hosts-dir", "--host-gateway-ip", "--bridge-ip",
    "--userns-remap",
];

const NERDCTL: Tool = Tool { global: NERDCTL_GLOBAL, compose: "nerdctl compose" };

#[rustfmt::skip]
const BUILDAH_GLOBAL: &[&str] = &[
    "--root", "--runroot", "--imagestore", "--storage-driver", "--storage-opt", "--log-level", "--registries-conf",
    "--registries-conf-dir", "--cgroup-manager", "--userns-uid-map", "--userns-gid-map", "--default-mounts-file",
    "--short-name-alias-conf",
];

fn docker<'w>(command: &'w [Word], environment: &'w [Word], tool: &Tool) -> Option<Recognised<'w>> {
    let (at, name) = subcommand(&command[1..], tool.global)?;
    let rest = at + 2;
    match name {
        "build" => Some(Recognised::Build(build(command, environment, rest))),
        "image" | "builder" => {
            let (at, name) = subcommand(&command[rest..], &[])?;
            (name == "build").then(|| Recognised::Build(build(command, environment, rest + at + 1)))
        }
        "buildx" => buildx(command, environment, rest),
        "compose" => projects::compose(command, environment, rest, tool.compose),
        _ => None,
    }
}

/// `buildx` and what follows it, from word `from` on.
fn buildx<'w>(command: &'w [Word], environment: &'w [Word], from: usize) -> Option<Recognised<'w>> {
    let (at, name) = subcommand(&command[from..], &["--builder"])?;
    match name {
        "build" | "b" => Some(Recognised::Build(build(command, environment, from + at + 1))),
        "bake" | "f" => Some(projects::bake(command, environment, from + at + 1)),
        _ => None,
    }
}

fn tool_label(tool: &str) -> &'static str {
    if tool == "podman-compose" { "podman-compose" } else { "docker-compose" }
}

/// `sh -c script`
fn shell_script(rest: &[Word]) -> Option<Recognised<'_>> {
    let mut script_follows = false;
    for word in rest {
        match word.text().strip_prefix(['-', '+']) {
            Some(long) if long.starts_with('-') => {}
            // `-o pipefail` takes a word, `-euo pipefail -c` too.
            Some(letters) => script_follows |= letters.contains('c'),
            None if script_follows && word.text() != "pipefail" => {
                return may_build(word.text()).then(|| Recognised::Script(word.script()));
            }
            None if word.text() == "pipefail" => {}
            None => return None,
        }
    }
    None
}

/// Options of any of the tools that take a value; all others are switches.
#[rustfmt::skip]
const WITH_VALUE: &[&str] = &[
    "add-host", "allow", "annotation", "arch", "attest", "authfile", "build-arg", "build-arg-file", "build-context",
    "builder", "cache-from", "cache-to", "cache-ttl", "call", "cap-add", "cap-drop", "cert-dir", "cgroup-parent",
    "cgroupns", "compat-auth-file", "cpp-flag", "cpu-period", "cpu-quota", "cpu-shares", "cpuset-cpus",
    "cpuset-mems", "creds", "decryption-key", "device", "dns", "dns-option", "dns-search", "env", "file", "format",
    "from", "group-add", "hooks-dir", "identity-label", "ignorefile", "iidfile", "invoke", "ipc", "ipfs-address",
    "isolation", "jobs", "label", "layer-label", "logfile", "manifest", "memory", "memory-swap", "metadata-file",
    "network", "no-cache-filter", "os", "os-feature", "os-version", "output", "pid", "platform", "policy",
    "progress", "provenance", "retry", "retry-delay", "runtime", "runtime-flag", "sbom", "sbom-image-output",
    "sbom-image-purl-output", "sbom-merge", "sbom-output", "sbom-purl-output", "sbom-scanner-command",
    "sbom-scanner-image", "secret", "security-opt", "shm-size", "sign-by", "source-date-epoch", "source-policy-file",
    "ssh", "storage-opt", "tag", "target", "timestamp", "ulimit", "unsetenv", "unsetlabel", "userns",
    "userns-gid-map", "userns-gid-map-group", "userns-uid-map", "userns-uid-map-user", "uts", "variant", "volume",
];

/// Short options that take a value, glued to them or in the next word.
const SHORT_WITH_VALUE: &[u8] = b"tfomcve";

fn new_build<'w>(words: &'w [Word], environment: &'w [Word]) -> Build<'w> {
    Build {
        words,
        environment,
        file: None,
        file_folder: None,
        context: None,
        context_is_here: false,
        context_folder: None,
        stage: None,
        platforms: Vec::new(),
        arguments: Vec::new(),
        unread: Vec::new(),
        file_in_context: false,
    }
}

pub(super) fn fragment(word: &Word, start: usize) -> Fragment<'_> {
    Fragment { word, range: start..word.text().len() }
}

/// An option with its value.
pub(super) struct Opt<'w> {
    /// Without the dashes.
    pub(super) name: &'w str,
    /// What is glued to it, or stands in the next word.
    pub(super) value: Option<Fragment<'w>>,
}

/// The long option that a word starts, with the value that is glued to it.
pub(super) fn long_option(word: &Word) -> Option<Opt<'_>> {
    let option = word.text().strip_prefix("--").filter(|name| !name.is_empty())?;
    Some(match option.split_once('=') {
        Some((name, _)) => Opt { name, value: Some(fragment(word, 2 + name.len() + 1)) },
        None => Opt { name: option, value: None },
    })
}

/// `docker build` and its kin: options from word `from` on, and the context.
fn build<'w>(command: &'w [Word], environment: &'w [Word], from: usize) -> Build<'w> {
    let mut found = new_build(command, environment);
    let mut positional: Vec<&Word> = Vec::new();
    let mut words = command.get(from..).unwrap_or(&[]).iter();
    let mut options_end = false;
    while let Some(word) = words.next() {
        let text = word.text();
        if options_end || !text.starts_with('-') || text == "-" {
            positional.push(word);
        } else if text == "--" {
            options_end = true;
        } else if let Some(mut option) = long_option(word) {
            if option.value.is_none() && WITH_VALUE.contains(&option.name) {
                option.value = words.next().map(|value| fragment(value, 0));
            }
            set(&mut found, option, word);
        } else if let Some(at) = text.bytes().position(|letter| SHORT_WITH_VALUE.contains(&letter)) {
            let name = if text.as_bytes()[at] == b'f' { "file" } else { "" };
            let glued = text[at + 1..].strip_prefix('=').unwrap_or(&text[at + 1..]).len();
            let value = if at + 1 == text.len() {
                words.next().map(|value| fragment(value, 0))
            } else {
                Some(fragment(word, text.len() - glued))
            };
            set(&mut found, Opt { name, value }, word);
        }
    }
    // One word is the context; beside it a lone `$X` can only be options.
    let context = positional.iter().rposition(|word| !word.may_be_options()).or(positional.len().checked_sub(1));
    for (at, word) in positional.iter().enumerate() {
        if Some(at) == context {
            found.context = Some(fragment(word, 0));
        } else if word.may_be_options() {
            found.unread.push(word);
        }
    }
    found
}

fn set<'w>(found: &mut Build<'w>, option: Opt<'w>, word: &'w Word) {
    match (option.name, option.value) {
        ("file", Some(value)) => found.file = Some(value),
        ("target", Some(value)) => found.stage = Some(value),
        ("platform", Some(value)) => found.platforms.push(value),
        ("build-arg", Some(value)) => argument(found, value),
        ("build-arg-file", Some(_)) => found.unread.push(word),
        _ => {}
    }
}

fn argument<'w>(found: &mut Build<'w>, value: Fragment<'w>) {
    let text = &value.word.text()[value.range.clone()];
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    if is_name(name) { found.arguments.push(value) } else { found.unread.push(value.word) }
}

/// kaniko has no positional words: one that follows an option is its value.
fn kaniko<'w>(command: &'w [Word], environment: &'w [Word]) -> Build<'w> {
    let mut found = new_build(command, environment);
    found.file_in_context = true;
    let mut words = command.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        if word.may_be_options() {
            found.unread.push(word);
            continue;
        }
        let option = match word.text() {
            "-c" => Some(Opt { name: "context", value: None }),
            "-f" => Some(Opt { name: "dockerfile", value: None }),
            _ => long_option(word),
        };
        let Some(mut option) = option else { continue };
        if option.value.is_none() {
            option.value = words
                .next_if(|next| {
                    !next.text().starts_with('-') && !next.may_be_options()
                        || matches!(option.name, "context" | "dockerfile" | "build-arg" | "target")
                })
                .map(|value| fragment(value, 0));
        }
        match (option.name, option.value) {
            ("dockerfile", Some(value)) => found.file = Some(value),
            ("context", Some(mut value)) => {
                if value.word.text()[value.range.clone()].starts_with("dir://") {
                    value.range.start += "dir://".len();
                }
                found.context = Some(value);
            }
            ("context-sub-path", Some(value)) => found.context_folder = Some(value),
            ("target", Some(value)) => found.stage = Some(value),
            ("build-arg", Some(value)) => argument(&mut found, value),
            _ => {}
        }
    }
    found
}

/// `buildctl build --local context=. --local dockerfile=. --opt build-arg:X=Y`
fn buildctl<'w>(command: &'w [Word], environment: &'w [Word], from: usize) -> Build<'w> {
    let mut found = new_build(command, environment);
    let mut words = command.get(from..).unwrap_or(&[]).iter().peekable();
    while let Some(word) = words.next() {
        let Some(mut option) = long_option(word) else { continue };
        if option.value.is_none() {
            option.value = words.next_if(|next| !next.text().starts_with('-')).map(|value| fragment(value, 0));
        }
        let Some(value) = option.value else { continue };
        let text = &value.word.text()[value.range.clone()];
        let behind = |prefix: &str| {
            let at = value.range.start + prefix.len();
            text.starts_with(prefix).then_some(Fragment { word: value.word, range: at..value.range.end })
        };
        match option.name {
            "local" => {
                found.context = behind("context=").or(found.context);
                found.file_folder = behind("dockerfile=").or(found.file_folder);
            }
            "opt" => {
                found.file = behind("filename=").or(found.file);
                found.stage = behind("target=").or(found.stage);
                if let Some(value) = behind("build-arg:") {
                    argument(&mut found, value);
                }
            }
            _ => {}
        }
    }
    found
}

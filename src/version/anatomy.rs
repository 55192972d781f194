//! Cuts a tag into its organs.
//!
//! In: the text of a tag. Out: [`Anatomy`]: where the version is, its numbers, and a [`Mark`] on each
//! place that a line or a family looks past. Must never know: what is done with them.
//!
//! One pass over the tokens (runs of digits, runs of letters, single separators), without recursion and
//! without allocation: tens of thousands of tags are cut in a run.

use std::ops::Range;

use super::number::{MOST_NUMBERS, Notation, Version};
use super::words::{Needs, Stage, Word, announces_hash, ends_with_build, is_solid};
use crate::distribution::Distribution;

/// The longest text that is looked into; the specification allows no longer tag.
const LONGEST_TAG: u8 = 128;

/// The most tokens that are looked at. Real tags have less than half of it.
const MOST_TOKENS: usize = 64;

/// The most digits that are a number: more would not fit, and mean nothing as one.
const MOST_DIGITS: usize = 18;

/// As git abbreviates the hash of a commit.
const SHORTEST_HASH: usize = 7;

/// What a tag is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// It has a version.
    Version,
    /// Its version is a date. Dates are ordered among dates.
    Date,
    /// A commit or a digest stands in it: no order.
    Hash,
    /// A name, which moves, or says nothing: `latest`, `bookworm-slim`, `alpine3.23`.
    Name,
}

/// What stands at a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A number of the version or of its build.
    Number,
    /// The same, and it is a date or part of one.
    Date,
    /// The letter in `R2026a`.
    Letter,
    /// What only some tags of a line have, with its separator: a pre-release, or the count behind a date.
    Optional,
    /// A word that belongs to the variant or to the prefix.
    Word,
    /// A word that names a distribution.
    Base(Distribution),
    /// A number that belongs to the word before it: the `3` and the `23` of `alpine3.23`.
    VariantNumber,
    /// A release of a distribution by its code name.
    CodeName(Distribution),
}

/// A place in a tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    start: u8,
    end: u8,
    pub(super) role: Role,
}

impl Mark {
    pub(super) fn range(self) -> Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }
}

/// A tag, cut up.
pub(super) struct Anatomy {
    pub(super) class: Class,
    pub(super) version: Option<Version>,
    /// Where the version stands, with what directly follows it of pre-release and build.
    pub(super) version_span: Range<usize>,
    marks: List<Mark, MOST_TOKENS>,
}

impl Anatomy {
    /// The marks in the order of the text, without overlap.
    pub(super) fn marks(&self) -> &[Mark] {
        self.marks.as_slice()
    }
}

/// Cuts `text`. Every text has an anatomy; one that is no tag is a name without marks.
pub(super) fn cut(text: &str) -> Anatomy {
    let whole = |class| Anatomy { class, version: None, version_span: 0..0, marks: List::new() };
    let Some(tokens) = tokens(text) else { return whole(Class::Name) };
    if holds_hash(text) {
        return whole(Class::Hash);
    }
    let mut cutter = Cutter::new(text, tokens.as_slice());
    match cutter.find_version() {
        Start::Found => {}
        Start::None => return Anatomy { marks: cutter.marks, ..whole(Class::Name) },
        Start::Unordered => return whole(Class::Name),
    }
    cutter.take_rest();
    match cutter.version() {
        Some(version) => Anatomy {
            class: if cutter.notation == Notation::Date { Class::Date } else { Class::Version },
            version: Some(version),
            version_span: cutter.version_start..cutter.version_end,
            marks: cutter.marks,
        },
        None => whole(Class::Name),
    }
}

/// A list on the stack. Pushing to a full one fails.
struct List<T, const N: usize> {
    items: [T; N],
    length: usize,
}

impl<T: Blank, const N: usize> List<T, N> {
    fn new() -> Self {
        Self { items: [T::BLANK; N], length: 0 }
    }

    #[must_use]
    fn push(&mut self, item: T) -> bool {
        let Some(place) = self.items.get_mut(self.length) else { return false };
        *place = item;
        self.length += 1;
        true
    }

    fn as_slice(&self) -> &[T] {
        &self.items[..self.length]
    }
}

/// What fills the unused places of a [`List`].
trait Blank: Copy {
    const BLANK: Self;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Letters,
    Separator,
}

impl Kind {
    /// `None` for what no tag contains.
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'0'..=b'9' => Self::Digits,
            b'a'..=b'z' | b'A'..=b'Z' => Self::Letters,
            b'.' | b'-' | b'_' => Self::Separator,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy)]
struct Token {
    start: u8,
    end: u8,
    kind: Kind,
}

impl Token {
    fn range(self) -> Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }

    fn len(self) -> usize {
        usize::from(self.end - self.start)
    }
}

impl Blank for Token {
    const BLANK: Self = Self { start: 0, end: 0, kind: Kind::Separator };
}

impl Blank for Mark {
    const BLANK: Self = Self { start: 0, end: 0, role: Role::Word };
}

impl Blank for u64 {
    const BLANK: Self = 0;
}

impl Blank for (u64, u8) {
    const BLANK: Self = (0, 0);
}

/// `None` for what cannot be a tag.
fn tokens(text: &str) -> Option<List<Token, MOST_TOKENS>> {
    let bytes = text.as_bytes();
    let length = u8::try_from(bytes.len()).ok().filter(|&length| length <= LONGEST_TAG)?;
    let kind_at = |at: u8| bytes.get(usize::from(at)).map(|&byte| Kind::of(byte));
    let mut tokens = List::<Token, MOST_TOKENS>::new();
    let mut start = 0;
    while start < length {
        let kind = kind_at(start)??;
        let mut end = start + 1;
        while kind != Kind::Separator && kind_at(end) == Some(Some(kind)) {
            end += 1;
        }
        if !tokens.push(Token { start, end, kind }) {
            return None;
        }
        start = end;
    }
    Some(tokens)
}

/// Whether the tag is a hash, or has one in it.
fn holds_hash(text: &str) -> bool {
    let is_hex = |run: &[u8]| run.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut announced = false;
    text.as_bytes().split(|byte| matches!(byte, b'.' | b'-' | b'_')).any(|run| {
        let was_announced = std::mem::replace(&mut announced, announces_hash(run));
        if run.len() < SHORTEST_HASH {
            return false;
        }
        let has_letter = run.iter().any(u8::is_ascii_alphabetic);
        let has_digit = run.iter().any(u8::is_ascii_digit);
        let described = run.strip_prefix(b"g").filter(|rest| rest.len() >= SHORTEST_HASH && has_digit);
        // All digits are a number and all letters are a word, unless they stand alone.
        is_hex(run) && (was_announced || has_letter && (has_digit || run.len() == text.len()))
            || described.is_some_and(is_hex)
    })
}

/// What the search for the version came to.
enum Start {
    Found,
    None,
    /// There are numbers, and they name something without order.
    Unordered,
}

struct Cutter<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    marks: List<Mark, MOST_TOKENS>,
    parts: List<(u64, u8), MOST_NUMBERS>,
    stage: Option<Stage>,
    pre_release: List<u64, MOST_NUMBERS>,
    build: List<u64, MOST_NUMBERS>,
    notation: Notation,
    version_start: usize,
    version_end: usize,
    /// Too many numbers, or one that is too long.
    overflown: bool,
}

impl<'t> Cutter<'t> {
    fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            marks: List::new(),
            parts: List::new(),
            stage: None,
            pre_release: List::new(),
            build: List::new(),
            notation: Notation::Dotted,
            version_start: 0,
            version_end: 0,
            overflown: false,
        }
    }

    fn version(&self) -> Option<Version> {
        if self.overflown {
            return None;
        }
        let pre_release = self.stage.map(|stage| (stage, self.pre_release.as_slice()));
        Version::new(self.parts.as_slice(), pre_release, self.build.as_slice(), self.notation)
    }

    // Looking around.

    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.token(at).map(|token| token.kind)
    }

    fn str(&self, token: Token) -> &'t str {
        &self.text[token.range()]
    }

    /// The separator at `at`, if there is one.
    fn separator(&self, at: usize) -> Option<u8> {
        let token = self.token(at).filter(|token| token.kind == Kind::Separator)?;
        self.text.as_bytes().get(usize::from(token.start)).copied()
    }

    fn is_hyphen(&self, at: usize) -> bool {
        matches!(self.separator(at), Some(b'-' | b'_'))
    }

    fn is_dot(&self, at: usize) -> bool {
        self.separator(at) == Some(b'.')
    }

    /// Whether a word or number that ends before `at` ends there for good.
    fn is_boundary(&self, at: usize) -> bool {
        matches!(self.kind(at), None | Some(Kind::Separator))
    }

    /// Digits with nothing glued behind them.
    fn is_number(&self, at: usize) -> bool {
        self.kind(at) == Some(Kind::Digits) && self.is_boundary(at + 1)
    }

    fn value(&self, at: usize) -> Option<u64> {
        let token = self.token(at).filter(|token| token.kind == Kind::Digits && token.len() <= MOST_DIGITS)?;
        let digits = self.text.as_bytes().get(token.range())?;
        Some(digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')))
    }

    /// A number of exactly `width` digits within `range`.
    fn field(&self, at: usize, width: usize, range: std::ops::RangeInclusive<u64>) -> bool {
        self.token(at).is_some_and(|token| token.len() == width)
            && self.value(at).is_some_and(|value| range.contains(&value))
    }

    /// Where the run of letters and digits that `at` stands in begins and ends.
    fn run_end(&self, at: usize) -> usize {
        (at..self.tokens.len()).find(|&end| self.is_boundary(end)).unwrap_or(self.tokens.len())
    }

    fn starts_run(&self, at: usize) -> bool {
        at == 0 || self.kind(at - 1) == Some(Kind::Separator)
    }

    fn span(&self, from: usize, to: usize) -> Range<u8> {
        let start = self.token(from).map_or(0, |token| token.start);
        let end = to.checked_sub(1).and_then(|last| self.token(last)).map_or(start, |token| token.end);
        start..end.max(start)
    }

    // Marking.

    fn mark(&mut self, from: usize, to: usize, role: Role) {
        let Range { start, end } = self.span(from, to);
        self.overflown |= !self.marks.push(Mark { start, end, role });
    }

    /// Marks the tokens up to `to` as a word, and goes there.
    fn pass_word(&mut self, to: usize, role: Role) {
        self.mark(self.at, to, role);
        self.at = to;
    }

    fn take_part(&mut self, role: Role) {
        let (Some(token), value) = (self.token(self.at), self.value(self.at)) else { return };
        let padded = if self.str(token).starts_with('0') && token.len() > 1 { token.end - token.start } else { 0 };
        self.overflown |= !value.is_some_and(|value| self.parts.push((value, padded)));
        self.mark(self.at, self.at + 1, role);
        self.at += 1;
    }

    fn take_build_number(&mut self, role: Role) {
        let value = self.value(self.at);
        self.overflown |= !value.is_some_and(|value| self.build.push(value));
        self.mark(self.at, self.at + 1, role);
        self.at += 1;
    }

    fn take_variant_version(&mut self) {
        self.mark(self.at, self.at + 1, Role::VariantNumber);
        self.at += 1;
        while self.is_dot(self.at) && self.kind(self.at + 1) == Some(Kind::Digits) {
            self.mark(self.at + 1, self.at + 2, Role::VariantNumber);
            self.at += 2;
        }
    }

    // The prefix.

    /// Passes everything before the version, and takes its numbers.
    fn find_version(&mut self) -> Start {
        while let Some(token) = self.token(self.at) {
            if self.starts_run(self.at) && self.pass_solid() {
                continue;
            }
            match token.kind {
                Kind::Separator => self.at += 1,
                Kind::Digits => {
                    if self.take_parts() {
                        return Start::Found;
                    }
                    // `7zip`, `20H2`: digits within a word.
                    let end = self.run_end(self.at);
                    self.pass_word(end, Role::Word);
                }
                Kind::Letters => match Word::of(self.str(token)) {
                    Word::Unordered => return Start::Unordered,
                    Word::Windows => self.pass_windows(),
                    Word::CodeName(release) => self.pass_word(self.at + 1, Role::CodeName(release.distribution)),
                    Word::Base(base) => self.pass_base(base),
                    _ => self.pass_word(self.at + 1, Role::Word),
                },
            }
        }
        Start::None
    }

    /// Passes a word whose digits mean nothing.
    fn pass_solid(&mut self) -> bool {
        let end = self.run_end(self.at);
        if end < self.at + 2 {
            // Letters alone, or digits.
            return false;
        }
        let run = &self.text[range(&self.span(self.at, end))];
        if !is_solid(run) {
            return false;
        }
        let is_x86_64 =
            run == "x86" && self.is_hyphen(end) && self.token(end + 1).is_some_and(|bits| self.str(bits) == "64");
        self.pass_word(if is_x86_64 { end + 2 } else { end }, Role::Word);
        true
    }

    /// `windowsservercore-ltsc2022`, `nanoserver1709`, `nanoserver-sac2016`: all of it is one name.
    fn pass_windows(&mut self) {
        let mut end = self.run_end(self.at);
        while self.is_hyphen(end) && end + 1 < self.tokens.len() {
            let next = self.run_end(end + 1);
            let run = &self.text[range(&self.span(end + 1, next))];
            // A release of Windows: `1809`, `20H2`, `ltsc2022`.
            let is_release =
                run.len() == 4 && run.starts_with(['1', '2']) || run.starts_with("ltsc") || run.starts_with("sac");
            if !is_release {
                break;
            }
            end = next;
        }
        self.pass_word(end, Role::Word);
    }

    /// A distribution, with the number behind it if that could be one of its releases.
    fn pass_base(&mut self, base: Distribution) {
        self.pass_word(self.at + 1, Role::Base(base));
        let first = if self.is_hyphen(self.at) { self.at + 1 } else { self.at };
        let mut numbers = List::<u64, 3>::new();
        let mut end = first;
        while self.is_number(end) {
            if !self.value(end).is_some_and(|value| numbers.push(value)) {
                return;
            }
            end += 1;
            if !(self.is_dot(end) && self.is_number(end + 1)) {
                break;
            }
            end += 1;
        }
        if base.could_release(numbers.as_slice()) {
            self.at = first;
            self.take_variant_version();
        }
    }

    // The version.

    /// Takes the numbers of the version, if they are one.
    fn take_parts(&mut self) -> bool {
        let from = self.at;
        let dashed = self.dashed_date(from);
        if dashed > 0 {
            for at in (from..).step_by(2).take(dashed) {
                self.at = at;
                self.take_part(Role::Date);
            }
            self.take_time();
            self.notation = Notation::Date;
        } else {
            let mut end = from + 1;
            while self.is_dot(end) && self.kind(end + 1) == Some(Kind::Digits) {
                end += 2;
            }
            let glued = self.token(end).filter(|token| token.kind == Kind::Letters).map(|token| self.str(token));
            let is_single = end == from + 1;
            let is_timed = self.is_compact_date(from) && glued == Some("T");
            if is_single && !is_timed && glued.is_some_and(|word| !self.may_follow_single(word, end)) {
                return false;
            }
            let is_repeated = self.is_repeated_date(from, end);
            for at in (from..if is_repeated { from + 1 } else { end }).step_by(2) {
                self.at = at;
                let role = if self.is_compact_date(at) { Role::Date } else { Role::Number };
                self.take_part(role);
            }
            if is_repeated {
                self.overflown |= !self.value(from + 2).is_some_and(|count| self.build.push(count));
                self.pass_optional(from + 1, end);
            }
            if self.is_compact_date(from) {
                self.notation = Notation::Date;
                self.take_time();
            } else if let Some(word) = glued {
                self.take_glued(word, is_single);
            }
        }
        self.version_start = usize::from(self.span(from, from).start);
        self.version_end = usize::from(self.span(from, self.at).end);
        true
    }

    /// Whether `word`, glued to a single number, leaves that number a version. `2ray` and `7zip` are words.
    fn may_follow_single(&self, word: &str, at: usize) -> bool {
        let number_follows = self.is_number(at + 1);
        match Word::of(word) {
            Word::PreRelease(_, Needs::Nothing) | Word::Plain | Word::CodeName(_) | Word::Windows => true,
            Word::PreRelease(..) | Word::Build if number_follows => true,
            _ => word.len() == 1 && self.is_boundary(at + 1),
        }
    }

    /// What may be glued to the last part and still be part.
    fn take_glued(&mut self, word: &str, is_single: bool) {
        if is_single && word.eq_ignore_ascii_case("u") && self.is_number(self.at + 1) {
            // 8u402 is 8.0.402.
            self.overflown |= !self.parts.push((0, 0));
            self.at += 1;
            self.take_part(Role::Number);
            self.notation = Notation::Update;
        } else if let (&[letter], true) = (word.as_bytes(), self.is_boundary(self.at + 1)) {
            self.overflown |= !self.parts.push((u64::from(letter.to_ascii_lowercase() - b'a') + 1, 0));
            self.pass_word(self.at + 1, Role::Letter);
            self.notation = Notation::Letter;
        }
    }

    /// The number of parts of the date at `at`: `2026-08-10` has three, `2026-08` two, no date none.
    fn dashed_date(&self, at: usize) -> usize {
        let is_month = self.field(at, 4, 1900..=2099) && self.is_hyphen(at + 1) && self.field(at + 2, 2, 1..=12);
        let is_day = is_month && self.separator(at + 1) == self.separator(at + 3) && self.field(at + 4, 2, 1..=31);
        let is_timed = |end: usize| self.token(end).is_some_and(|token| self.str(token) == "T");
        match (is_month, is_day) {
            (_, true) if self.is_boundary(at + 5) || is_timed(at + 5) => 3,
            (true, false) if self.is_boundary(at + 3) && !self.is_dot(at + 3) => 2,
            _ => 0,
        }
    }

    /// `20240807`, `202408071530`, `20240807153000`.
    fn is_compact_date(&self, at: usize) -> bool {
        let length = self.token(at).map_or(0, Token::len);
        if !matches!(length, 8 | 12 | 14) {
            return false;
        }
        let Some(value) = self.value(at) else { return false };
        let (day, time) = match length {
            8 => (value, 0),
            12 => (value / 10_000, value % 10_000 * 100),
            _ => (value / 1_000_000, value % 1_000_000),
        };
        matches!(day / 10_000, 1900..=2099)
            && matches!(day / 100 % 100, 1..=12)
            && matches!(day % 100, 1..=31)
            && time / 10_000 < 24
            && time / 100 % 100 < 60
            && time % 100 < 60
    }

    /// `20241118.1`: the second image of that day, of the line of those that are the only one of theirs.
    fn is_repeated_date(&self, from: usize, end: usize) -> bool {
        const MOST: u64 = 99;
        end == from + 3
            && self.is_compact_date(from)
            && self.is_number(from + 2)
            && self.value(from + 2).is_some_and(|count| count <= MOST)
    }

    /// `T16-13-09Z` or `T161309Z` behind a date.
    fn take_time(&mut self) {
        if self.token(self.at).is_none_or(|token| self.str(token) != "T")
            || self.kind(self.at + 1) != Some(Kind::Digits)
        {
            return;
        }
        self.at += 1;
        self.take_part(Role::Date);
        while self.kind(self.at) == Some(Kind::Separator) && self.field(self.at + 1, 2, 0..=60) && self.parts.length < 6
        {
            self.at += 1;
            self.take_part(Role::Date);
        }
        if self.token(self.at).is_some_and(|token| self.str(token) == "Z") {
            self.at += 1;
        }
    }

    // Behind the version.

    /// Pre-release, build, and the variant, in whatever order they come.
    fn take_rest(&mut self) {
        // Whether everything since the numbers belongs to the version.
        let mut is_version = true;
        while let Some(token) = self.token(self.at) {
            if token.kind == Kind::Separator {
                self.at += 1;
                continue;
            }
            let from = self.at;
            let word = if token.kind == Kind::Letters { Word::of(self.str(token)) } else { Word::Other };
            let took = match token.kind {
                Kind::Digits => self.take_build(from, from),
                _ => self.take_pre_release(from, word) || self.take_counted_build(from, word),
            };
            if took {
                if is_version {
                    self.version_end = usize::from(self.span(from, self.at).end);
                }
            } else {
                is_version = false;
                self.pass_variant(word);
            }
        }
    }

    /// A pre-release, if the word at `word` means one here.
    fn take_pre_release(&mut self, word: usize, meaning: Word) -> bool {
        let Word::PreRelease(stage, needs) = meaning else { return false };
        let is_glued = !self.starts_run(word);
        let glued_number = self.is_number(word + 1);
        let separate_number = self.kind(word + 1) == Some(Kind::Separator) && self.is_number(word + 2);
        let fits = match needs {
            Needs::Nothing => glued_number || self.is_boundary(word + 1),
            Needs::Number => glued_number || separate_number && !is_glued,
            // The b of `6b38`, behind one number, counts builds.
            Needs::GluedNumber => {
                let is_count = stage == Stage::Beta && self.parts.length == 1;
                glued_number && (is_glued && !is_count || word > 0 && self.is_dot(word - 1))
            }
        };
        // The first word decides; a second one is left to the variant.
        if !fits || self.stage.is_some() || is_glued && !self.is_right_behind_version(word) {
            return false;
        }
        let from = if is_glued { word } else { word.saturating_sub(1) };
        let mut end = word + 1;
        let mut number = match (glued_number, separate_number) {
            (true, _) => Some(word + 1),
            (_, true) => Some(word + 2),
            _ => None,
        };
        while let Some(at) = number {
            self.overflown |= !self.value(at).is_some_and(|value| self.pre_release.push(value));
            end = at + 1;
            number = (self.is_dot(end) && self.is_number(end + 1)).then_some(end + 1);
        }
        self.stage = Some(stage);
        self.pass_optional(from, end);
        true
    }

    fn pass_optional(&mut self, from: usize, to: usize) {
        self.mark(from, to, Role::Optional);
        self.at = to;
    }

    fn is_right_behind_version(&self, at: usize) -> bool {
        at.checked_sub(1)
            .and_then(|before| self.token(before))
            .is_some_and(|before| usize::from(before.end) == self.version_end)
    }

    /// A word that counts builds, with its number: `r5`, `b08`, `build.7`, `k3s4`, `gke.100`.
    fn take_counted_build(&mut self, word: usize, meaning: Word) -> bool {
        if self.starts_run(word) {
            let end = self.run_end(word);
            if ends_with_build(&self.text[range(&self.span(word, end))]) {
                return self.take_build(word, end - 1);
            }
        } else if !self.is_right_behind_version(word) {
            // The u of `jdk7u65`.
            return false;
        }
        let is_build = match meaning {
            // The latter is the b of `6b38` and of `8u402-b08`.
            Word::Build | Word::PreRelease(Stage::Beta, Needs::GluedNumber) => true,
            // `.7` behind an unknown word counts, `-7` and `7` could be a version of what the word names.
            Word::Other => return self.is_dot(word + 1) && self.is_number(word + 2) && self.take_build(word, word + 2),
            _ => false,
        };
        let number = if self.kind(word + 1) == Some(Kind::Separator) { word + 2 } else { word + 1 };
        is_build && self.is_number(number) && self.take_build(word, number)
    }

    /// The number of a build at `number`, dotted or a date. `from` is where its word or it itself begins.
    fn take_build(&mut self, from: usize, number: usize) -> bool {
        let is_bare = from == number;
        if !self.is_number(number) || is_bare && !self.starts_run(number) {
            return false;
        }
        let dashed = self.dashed_date(number);
        if dashed == 3 {
            for at in (number..).step_by(2).take(dashed) {
                self.at = at;
                self.take_build_number(Role::Date);
            }
            return true;
        }
        let mut end = number + 1;
        while self.is_dot(end) && self.is_number(end + 1) {
            end += 2;
        }
        if is_bare && self.take_numbers_as_pre_release(number, end) {
            return true;
        }
        if is_bare && self.is_second_version(number, end) {
            return false;
        }
        for at in (number..end).step_by(2) {
            self.at = at;
            let role = if self.is_compact_date(at) { Role::Date } else { Role::Number };
            self.take_build_number(role);
        }
        true
    }

    /// The `3.4` of `16-3.4`, the version of something else in the image; `-949.1716471857` counts builds.
    fn is_second_version(&self, number: usize, end: usize) -> bool {
        const HIGHEST: u64 = 99;
        let is_low = |at| self.value(at).is_some_and(|value| value <= HIGHEST);
        end > number + 1
            && number.checked_sub(1).and_then(|before| self.separator(before)) == Some(b'-')
            && (number..end).step_by(2).all(is_low)
    }

    /// `-279.3.beta`: the numbers stand before the word.
    fn take_numbers_as_pre_release(&mut self, number: usize, end: usize) -> bool {
        let word = self.token(end + 1).filter(|token| token.kind == Kind::Letters && self.is_boundary(end + 2));
        let (Some(word), true, None) = (word, self.is_dot(end), self.stage) else { return false };
        let Word::PreRelease(stage, Needs::Nothing | Needs::Number) = Word::of(self.str(word)) else { return false };
        for at in (number..end).step_by(2) {
            self.overflown |= !self.value(at).is_some_and(|value| self.pre_release.push(value));
        }
        self.stage = Some(stage);
        self.pass_optional(number - 1, end + 2);
        true
    }

    /// One word of the variant, with its version.
    fn pass_variant(&mut self, word: Word) {
        let at = self.at;
        if self.starts_run(at) && self.pass_solid() {
            return;
        }
        let Some(token) = self.token(at) else { return };
        if token.kind == Kind::Digits {
            // Within a word, before one, or without one: `7u65`, `-3.4`.
            self.take_variant_version();
            return;
        }
        match word {
            Word::Windows => self.pass_windows(),
            Word::CodeName(release) => self.pass_word(at + 1, Role::CodeName(release.distribution)),
            Word::Base(base) => self.pass_base(base),
            _ => {
                self.pass_word(at + 1, Role::Word);
                let number = if self.is_hyphen(at + 1) { at + 2 } else { at + 1 };
                let is_glued = number == at + 1;
                // A date counts builds, and so does a number behind a word that has no versions.
                let counts =
                    !is_glued && (word == Word::Plain || self.is_compact_date(number) || self.dashed_date(number) == 3);
                if self.kind(number) == Some(Kind::Digits) && !counts {
                    self.at = number;
                    self.take_variant_version();
                }
            }
        }
    }
}

fn range(span: &Range<u8>) -> Range<usize> {
    usize::from(span.start)..usize::from(span.end)
}

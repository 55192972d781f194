//! Reads the grammar of a script: which commands it has, and which of them run in a loop, under a
//! condition or in a shell of their own.
//!
//! In: the text of a script. Out: flat [`Event`]s, well nested. Must never know: what a value is.

use crate::scan::shell::builds::{self, Weight};
use crate::scan::shell::words::{Broken, Setting, Token, Word, tokens};
use crate::scan::sourced::Sourced;

/// What happens in a script, in its order.
#[derive(Debug)]
pub(super) enum Event {
    /// A command.
    Command(Command),
    /// A group starts.
    Open(Group),
    /// The group's next branch starts: `else`, the next pattern of a `case`.
    Branch,
    /// The innermost group ends.
    Close,
    /// `&&`, `||`: what follows depends on how the command before it went.
    Chain {
        /// `||`
        on_failure: bool,
    },
    /// A list of commands starts.
    StartOfList,
    /// The list ends.
    EndOfList,
}

/// A command with its words.
#[derive(Debug)]
pub(super) struct Command {
    /// The words, with assignments in front of it, without redirections.
    pub words: Vec<Word>,
    /// What its standard input is read from.
    pub input: Option<Word>,
    /// Whether it is a part of a pipeline, and so runs in a shell of its own.
    pub piped: bool,
}

/// What a group is.
#[derive(Debug)]
pub(super) enum Group {
    /// `{ …; }`
    Braces,
    /// `( … )`, `$( … )`
    Subshell,
    /// `if`, `case`, `while`: may run or not.
    Conditional,
    /// The body of the function of this name.
    Function(String),
    /// `for name in words`
    Loop(Loop),
}

/// `for name in words`
#[derive(Debug)]
pub(super) struct Loop {
    /// The variable.
    pub variable: Option<Word>,
    /// The words it takes in turn.
    pub words: Vec<Word>,
    /// What is done with images inside.
    pub weight: Weight,
}

/// A script that was read, up to where it could be.
#[derive(Debug)]
pub(super) struct Script {
    /// What happens.
    pub events: Vec<Event>,
    /// Where reading stopped.
    pub broken: Option<Broken>,
}

/// Deeper groups are a hostile file.
const MAX_DEPTH: usize = 100;

/// Reads a script that is run by one shell.
#[must_use]
pub(super) fn read(source: &Sourced, setting: Setting) -> Script {
    read_nested(source, setting, false)
}

fn read_nested(source: &Sourced, setting: Setting, nested: bool) -> Script {
    let read = tokens(source, setting);
    let mut parser = Parser {
        setting,
        nested,
        events: Vec::new(),
        open: Vec::new(),
        words: Vec::new(),
        input: None,
        piped: false,
        list: None,
        head: Head::None,
    };
    let too_deep = parser.run(read.tokens).is_err();
    parser.finish();
    let broken = if too_deep { Some(Broken { at: 0, why: "groups are nested too deeply" }) } else { read.broken };
    Script { events: parser.events, broken }
}

struct TooDeep;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Braces,
    Subshell,
    If,
    Case,
    Loop,
}

struct OpenGroup {
    kind: Kind,
    /// Where the list started that the group is a part of.
    list: Option<usize>,
    /// Of a loop: its event.
    event: usize,
    weight: Weight,
}

/// A part of the grammar that is no command.
enum Head {
    None,
    /// After `for`: the variable and the words, up to `do`.
    For {
        words: Vec<Word>,
        parens: usize,
    },
    /// After `case`, up to `in`.
    Case,
    /// Before the `)` of a pattern.
    Pattern,
    /// After `function`: its name comes.
    Function,
    /// After `name()`: its body comes.
    FunctionBody(String),
}

struct Parser {
    setting: Setting,
    /// Whether the script stands in `$(…)` of another one; what stands in its own is not read.
    nested: bool,
    events: Vec<Event>,
    open: Vec<OpenGroup>,
    words: Vec<Word>,
    input: Option<Word>,
    piped: bool,
    /// The event at which the list of commands started that is being read.
    list: Option<usize>,
    head: Head,
}

impl Parser {
    fn run(&mut self, tokens: Vec<Token>) -> Result<(), TooDeep> {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &mut self.head {
                Head::For { words, parens } => {
                    match token {
                        Token::Open => *parens += 1,
                        Token::Close => *parens = parens.saturating_sub(1),
                        Token::Word(word) if word.bare() == Some("do") && *parens == 0 => self.open_loop()?,
                        Token::Word(word) => words.push(word),
                        _ => {}
                    }
                    continue;
                }
                Head::Case => {
                    if matches!(&token, Token::Word(word) if word.bare() == Some("in")) {
                        self.open(Kind::Case, Event::Open(Group::Conditional))?;
                        self.head = Head::Pattern;
                    }
                    continue;
                }
                Head::Pattern => {
                    match token {
                        Token::Close => self.head = Head::None,
                        Token::Word(word) if word.bare() == Some("esac") => {
                            self.head = Head::None;
                            self.close(Kind::Case);
                        }
                        _ => {}
                    }
                    continue;
                }
                Head::Function => {
                    if let Token::Word(name) = token {
                        self.head = Head::FunctionBody(name.text().to_owned());
                    }
                    continue;
                }
                Head::None | Head::FunctionBody(_) => {}
            }
            match token {
                Token::Word(word) => self.word(word)?,
                Token::Input(word) => self.input = Some(word),
                Token::Separator => self.end_list(false),
                Token::Background => self.end_list(true),
                Token::And => self.chain(false),
                Token::Or => self.chain(true),
                Token::Pipe => {
                    self.piped = true;
                    self.end_command();
                    self.piped = true;
                }
                Token::Open if self.words.len() == 1 && matches!(tokens.peek(), Some(Token::Close)) => {
                    tokens.next();
                    let name = self.words.pop().map(|name| name.text().to_owned());
                    self.head = Head::FunctionBody(name.unwrap_or_default());
                }
                Token::Open
                    if matches!(self.head, Head::FunctionBody(_)) && matches!(tokens.peek(), Some(Token::Close)) =>
                {
                    tokens.next();
                }
                Token::Open => {
                    self.end_command();
                    let group = self.group(Group::Subshell);
                    self.open(Kind::Subshell, Event::Open(group))?;
                }
                Token::Close => self.close(Kind::Subshell),
                Token::CaseEnd => {
                    self.end_list(false);
                    if self.open.last().is_some_and(|group| group.kind == Kind::Case) {
                        self.events.push(Event::Branch);
                        self.head = Head::Pattern;
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.end_list(false);
        while !self.open.is_empty() {
            self.pop();
        }
    }

    fn word(&mut self, word: Word) -> Result<(), TooDeep> {
        if !self.words.is_empty() {
            self.words.push(word);
            return Ok(());
        }
        match word.bare() {
            Some("if") => {
                let group = self.group(Group::Conditional);
                self.open(Kind::If, Event::Open(group))?;
            }
            Some("while" | "until") => {
                let group = self.group(Group::Conditional);
                self.open(Kind::Loop, Event::Open(group))?;
            }
            Some("for" | "select") => self.head = Head::For { words: Vec::new(), parens: 0 },
            Some("case") => self.head = Head::Case,
            Some("function") => self.head = Head::Function,
            Some("{") => {
                let group = self.group(Group::Braces);
                self.open(Kind::Braces, Event::Open(group))?;
            }
            Some("elif" | "else") => {
                if self.open.last().is_some_and(|group| group.kind == Kind::If) {
                    self.events.push(Event::Branch);
                }
            }
            Some("then" | "do" | "!") => {}
            Some("fi") => self.close(Kind::If),
            Some("done") => self.close(Kind::Loop),
            Some("esac") => self.close(Kind::Case),
            Some("}") => self.close(Kind::Braces),
            _ => {
                self.head = Head::None;
                self.words.push(word);
            }
        }
        Ok(())
    }

    /// The group that opens, which is the body of a function if one was announced.
    fn group(&mut self, group: Group) -> Group {
        match std::mem::replace(&mut self.head, Head::None) {
            Head::FunctionBody(name) => Group::Function(name),
            _ => group,
        }
    }

    fn open_loop(&mut self) -> Result<(), TooDeep> {
        let Head::For { words, .. } = std::mem::replace(&mut self.head, Head::None) else { return Ok(()) };
        let mut words = words.into_iter();
        let variable = words.next();
        let words: Vec<Word> = words.skip_while(|word| word.bare() == Some("in")).collect();
        self.open(Kind::Loop, Event::Open(Group::Loop(Loop { variable, words, weight: Weight::Nothing })))
    }

    fn open(&mut self, kind: Kind, event: Event) -> Result<(), TooDeep> {
        if self.open.len() == MAX_DEPTH {
            return Err(TooDeep);
        }
        self.start_list();
        self.open.push(OpenGroup { kind, list: self.list.take(), event: self.events.len(), weight: Weight::Nothing });
        self.events.push(event);
        self.piped = false;
        Ok(())
    }

    /// Closes the innermost group of this kind, and what stands open in it. Nothing if there is none.
    fn close(&mut self, kind: Kind) {
        self.end_list(false);
        if !self.open.iter().any(|group| group.kind == kind) {
            return;
        }
        while self.pop().is_some_and(|closed| closed != kind) {}
    }

    fn pop(&mut self) -> Option<Kind> {
        let closed = self.open.pop()?;
        if closed.weight > Weight::Nothing {
            if let Some(Event::Open(Group::Loop(group))) = self.events.get_mut(closed.event) {
                group.weight = closed.weight;
            }
            if let Some(outer) = self.open.last_mut() {
                outer.weight = outer.weight.max(closed.weight);
            }
        }
        self.events.push(Event::Close);
        self.list = closed.list;
        Some(closed.kind)
    }

    fn chain(&mut self, on_failure: bool) {
        self.end_command();
        self.events.push(Event::Chain { on_failure });
    }

    fn start_list(&mut self) {
        if self.list.is_none() {
            self.list = Some(self.events.len());
            self.events.push(Event::StartOfList);
        }
    }

    /// Ends the list; one in the background ran in a shell of its own.
    fn end_list(&mut self, background: bool) {
        self.end_command();
        let Some(start) = self.list.take() else { return };
        self.events.push(Event::EndOfList);
        if background && let Some(event) = self.events.get_mut(start) {
            *event = Event::Open(Group::Subshell);
            self.events.push(Event::Close);
        }
    }

    fn end_command(&mut self) {
        let (words, input) = (std::mem::take(&mut self.words), self.input.take());
        let piped = std::mem::take(&mut self.piped);
        if words.is_empty() {
            return;
        }
        self.start_list();
        let mut weight = builds::recognise(&words).map_or(Weight::Nothing, |found| found.weight());
        if !self.nested {
            for inner in words.iter().flat_map(Word::substitutions).filter(|inner| builds::may_build(inner.text())) {
                self.events.push(Event::Open(Group::Subshell));
                self.events.extend(read_nested(&inner, self.setting, true).events);
                self.events.push(Event::Close);
                weight = Weight::Builds;
            }
        }
        if let Some(group) = self.open.last_mut() {
            group.weight = group.weight.max(weight);
        }
        self.events.push(Event::Command(Command { words, input, piped }));
    }
}

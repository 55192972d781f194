//! The text of a query as a tree.
//!
//! In: GraphQL as clients send it. Out: operations and fragments, or what could not be read. Types of variables are
//! kept as text; nothing here knows the schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) fragments: BTreeMap<String, Fragment>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) is_mutation: bool,
    pub(super) name: Option<String>,
    pub(super) variables: Vec<Variable>,
    pub(super) selections: Vec<Selection>,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    /// As written: `String!`.
    pub(super) kind: String,
    pub(super) default: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) on: String,
    pub(super) selections: Vec<Selection>,
}

#[derive(Debug)]
pub(super) enum Selection {
    Field(Field),
    Spread(String),
    Inline(Option<String>, Vec<Selection>),
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Argument)>,
    /// `include` and `skip` with their `if`.
    pub(super) directives: Vec<(String, Argument)>,
    pub(super) selections: Vec<Selection>,
}

#[derive(Debug)]
pub(super) enum Argument {
    Value(Value),
    Variable(String),
    List(Vec<Argument>),
    Object(Vec<(String, Argument)>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Sign(char),
    Spread,
    Value(Value),
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Document, String> {
    let mut parser = Parser { tokens: tokens(text)?, place: 0 };
    let mut document = Document::default();
    while parser.peek().is_some() {
        parser.definition(&mut document)?;
    }
    Ok(document)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(&letter) = letters.get(place) {
        let run = |from: usize, fits: &dyn Fn(char) -> bool| -> String {
            letters[from..].iter().take_while(|letter| fits(**letter)).collect()
        };
        match letter {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => place += 1,
            '#' => place += run(place, &|letter| letter != '\n').chars().count(),
            '.' if letters[place..].starts_with(&['.', '.', '.']) => {
                tokens.push(Token::Spread);
                place += 3;
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '$' | '=' | '@' | '|' => {
                tokens.push(Token::Sign(letter));
                place += 1;
            }
            '"' => place = string(&letters, place, &mut tokens)?,
            letter if letter == '_' || letter.is_ascii_alphabetic() => {
                let name = run(place, &|letter| letter == '_' || letter.is_ascii_alphanumeric());
                place += name.len();
                tokens.push(Token::Name(name));
            }
            letter if letter == '-' || letter.is_ascii_digit() => {
                let number = run(place, &|letter| letter.is_ascii_digit() || "+-.eE".contains(letter));
                place += number.len();
                let value = serde_json::from_str(&number).map_err(|_| format!("Parse error on \"{number}\""))?;
                tokens.push(Token::Value(value));
            }
            letter => return Err(format!("Parse error on \"{letter}\" (error)")),
        }
    }
    Ok(tokens)
}

/// A string, plain or in three quotes; gives the place behind it.
fn string(letters: &[char], start: usize, tokens: &mut Vec<Token>) -> Result<usize, String> {
    let block = ['"', '"', '"'];
    if letters[start..].starts_with(&block) {
        let inner = start + 3;
        let length = letters[inner..].windows(3).position(|window| window == block);
        let length = length.ok_or("Parse error on unterminated string")?;
        let text: String = letters[inner..inner + length].iter().collect();
        tokens.push(Token::Value(json!(text.trim())));
        return Ok(inner + length + 3);
    }
    let mut end = start + 1;
    loop {
        match letters.get(end) {
            Some('"') => break,
            Some('\\') => end += 2,
            Some('\n') | None => return Err("Parse error on unterminated string".to_owned()),
            Some(_) => end += 1,
        }
    }
    let quoted: String = letters[start..=end].iter().collect();
    let value = serde_json::from_str(&quoted).map_err(|_| format!("Parse error on {quoted}"))?;
    tokens.push(Token::Value(value));
    Ok(end + 1)
}

struct Parser {
    tokens: Vec<Token>,
    place: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        token
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.place += usize::from(found);
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(format!("Parse error on {:?}, expected \"{sign}\"", self.peek()))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(format!("Parse error on {other:?}, expected a name")),
        }
    }

    fn definition(&mut self, document: &mut Document) -> Result<(), String> {
        if self.peek() == Some(&Token::Sign('{')) {
            let selections = self.selections()?;
            document.operations.push(Operation { is_mutation: false, name: None, variables: Vec::new(), selections });
            return Ok(());
        }
        let word = self.name()?;
        if word == "fragment" {
            let name = self.name()?;
            self.name()?;
            let on = self.name()?;
            let selections = self.selections()?;
            document.fragments.insert(name, Fragment { on, selections });
            return Ok(());
        }
        if word != "query" && word != "mutation" {
            return Err(format!("Parse error on \"{word}\""));
        }
        let name = match self.peek() {
            Some(Token::Name(_)) => Some(self.name()?),
            _ => None,
        };
        let mut variables = Vec::new();
        if self.takes('(') {
            while !self.takes(')') {
                self.expect('$')?;
                let name = self.name()?;
                self.expect(':')?;
                let kind = self.kind()?;
                let default = if self.takes('=') { constant(self.argument()?) } else { None };
                variables.push(Variable { name, kind, default });
            }
        }
        let selections = self.selections()?;
        document.operations.push(Operation { is_mutation: word == "mutation", name, variables, selections });
        Ok(())
    }

    fn kind(&mut self) -> Result<String, String> {
        let mut kind = if self.takes('[') {
            let inner = self.kind()?;
            self.expect(']')?;
            format!("[{inner}]")
        } else {
            self.name()?
        };
        if self.takes('!') {
            kind.push('!');
        }
        Ok(kind)
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.expect('{')?;
        let mut selections = Vec::new();
        while !self.takes('}') {
            selections.push(self.selection()?);
        }
        Ok(selections)
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.peek() == Some(&Token::Spread) {
            self.place += 1;
            return match self.peek() {
                Some(Token::Name(word)) if word == "on" => {
                    self.place += 1;
                    let on = self.name()?;
                    Ok(Selection::Inline(Some(on), self.selections()?))
                }
                Some(Token::Name(_)) => Ok(Selection::Spread(self.name()?)),
                _ => Ok(Selection::Inline(None, self.selections()?)),
            };
        }
        let first = self.name()?;
        let (alias, name) = if self.takes(':') { (first, self.name()?) } else { (first.clone(), first) };
        let arguments = if self.takes('(') { self.pairs(')')? } else { Vec::new() };
        let mut directives = Vec::new();
        while self.takes('@') {
            let directive = self.name()?;
            self.expect('(')?;
            for (_, argument) in self.pairs(')')? {
                directives.push((directive.clone(), argument));
            }
        }
        let selections = if self.peek() == Some(&Token::Sign('{')) { self.selections()? } else { Vec::new() };
        Ok(Selection::Field(Field { alias, name, arguments, directives, selections }))
    }

    fn pairs(&mut self, end: char) -> Result<Vec<(String, Argument)>, String> {
        let mut pairs = Vec::new();
        while !self.takes(end) {
            let name = self.name()?;
            self.expect(':')?;
            pairs.push((name, self.argument()?));
        }
        Ok(pairs)
    }

    fn argument(&mut self) -> Result<Argument, String> {
        match self.next() {
            Some(Token::Sign('$')) => Ok(Argument::Variable(self.name()?)),
            Some(Token::Sign('{')) => Ok(Argument::Object(self.pairs('}')?)),
            Some(Token::Sign('[')) => {
                let mut list = Vec::new();
                while !self.takes(']') {
                    list.push(self.argument()?);
                }
                Ok(Argument::List(list))
            }
            Some(Token::Value(value)) => Ok(Argument::Value(value)),
            Some(Token::Name(word)) => Ok(Argument::Value(match word.as_str() {
                "true" => json!(true),
                "false" => json!(false),
                "null" => Value::Null,
                // An enumeration's value is its name.
                word => json!(word),
            })),
            other => Err(format!("Parse error on {other:?}")),
        }
    }
}

/// A default holds no variables.
fn constant(argument: Argument) -> Option<Value> {
    match argument {
        Argument::Value(value) => Some(value),
        Argument::Variable(_) => None,
        Argument::List(list) => list.into_iter().map(constant).collect(),
        Argument::Object(pairs) => {
            let pairs: Option<Vec<_>> = pairs.into_iter().map(|(name, one)| Some((name, constant(one)?))).collect();
            Some(Value::Object(pairs?.into_iter().collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Argument, Selection, parse};

    #[test]
    fn a_query_with_everything_is_read() {
        let text = r#"
            query Look($owner: String!, $many: [Int!] = [1, 2]) { # a comment
              first: repository(owner: $owner, name: "a\"b", by: {field: UPDATED_AT, up: true}) @include(if: true) {
                ...Parts
                ... on Repository { id }
              }
            }
            fragment Parts on Repository { name }
        "#;
        let document = parse(text).unwrap();
        let operation = &document.operations[0];
        assert!(!operation.is_mutation);
        assert_eq!(operation.variables[0].kind, "String!");
        assert_eq!(operation.variables[1].default, Some(serde_json::json!([1, 2])));
        let Selection::Field(field) = &operation.selections[0] else { panic!("a field comes first") };
        assert_eq!((field.alias.as_str(), field.name.as_str()), ("first", "repository"));
        assert!(matches!(&field.arguments[2].1, Argument::Object(pairs) if pairs.len() == 2));
        assert_eq!(document.fragments["Parts"].on, "Repository");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in ["query {", "mutation { a(b: ) }", "{ a % }", "subscription { a }", "{ a(b: \"x) }"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

//! Counts in the syntax tree of a file what the measures are about.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, ExprStruct, File, Item, ItemFn, Lit, LitStr, Macro, Meta,
    ReturnType, Visibility,
    visit::{self, Visit},
};

use crate::{attributes::only_for_tests, read::head};

/// First words of a comment that is a riddle.
const RIDDLES: [&str; 9] = ["What", "Who", "Which", "Where", "When", "Why", "How", "Whether", "It"];

/// Types of an answer that is a page as text.
const PAGES: [&str; 4] = ["String", "Html", "AnyView", "Response"];

/// Server functions that answer with a text which is no page: a sentence, and an address.
const TEXTS: [&str; 2] = ["act", "get_home"];

/// Counts of files, each with its place, such as `app/src/lib.rs:12`.
#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    /// Doc comments.
    pub docs: usize,
    /// Doc comments that begin with a question word or "It".
    pub riddles: Vec<String>,
    /// Names of the program's types that other files can see.
    pub types: Vec<(String, String)>,
    /// Server functions.
    pub server_functions: usize,
    /// Server functions that answer with a page as text.
    pub pages_as_text: Vec<String>,
    /// Names of `data-*` attributes in pages.
    pub data_attributes: Vec<(String, String)>,
    /// Breaches that a test writes out in full.
    pub breaches: Vec<String>,
    /// Lines of code with more columns than allowed, their texts left out.
    pub wide_lines: Vec<String>,
    /// Files with more lines than allowed.
    pub long_files: Vec<String>,
}

impl Counts {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: Self) {
        self.docs += other.docs;
        self.riddles.extend(other.riddles);
        self.types.extend(other.types);
        self.server_functions += other.server_functions;
        self.pages_as_text.extend(other.pages_as_text);
        self.data_attributes.extend(other.data_attributes);
        self.breaches.extend(other.breaches);
        self.wide_lines.extend(other.wide_lines);
        self.long_files.extend(other.long_files);
    }

    /// Counts in a file. `place` is its path; `is_program` tells code of the program from code that
    /// is only compiled for tests.
    pub fn of(place: &str, code: &File, is_program: bool) -> Self {
        let mut counter = Counter {
            place,
            for_tests: !is_program || only_for_tests(&code.attrs),
            last_doc: None,
            counts: Self::default(),
        };
        counter.visit_file(code);
        counter.counts
    }
}

/// Walks through a file.
struct Counter<'a> {
    /// The path of the file.
    place: &'a str,
    /// True in code that is only compiled for tests.
    for_tests: bool,
    /// The last line of the doc comment read last, and whether it belongs to what is around it.
    last_doc: Option<(usize, bool)>,
    /// Everything counted until now.
    counts: Counts,
}

impl Counter<'_> {
    /// The place of something in the file.
    fn at(&self, span: Span) -> String {
        format!("{}:{}", self.place, span.start().line)
    }

    /// Counts a line of a doc comment, if it is the first one.
    fn doc(&mut self, text: &str, span: Span, inner: bool) {
        let first = span.start().line;
        let goes_on = self.last_doc == Some((first.saturating_sub(1), inner));
        self.last_doc = Some((span.end().line, inner));
        if goes_on {
            return;
        }
        self.counts.docs += 1;
        if RIDDLES.contains(&first_word(text)) {
            self.counts.riddles.push(format!("{}: {}", self.at(span), text.trim()));
        }
    }

    /// Counts in the tokens of a macro: comments, and attributes of elements such as `data-theme`.
    fn scan(&mut self, tokens: TokenStream, in_view: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let before = &tokens[..index];
                    if group.delimiter() == Delimiter::Bracket
                        && let Some(inner) = mark_of_attribute(before)
                        && let Some(text) = doc_text(group.stream())
                    {
                        self.doc(&text, group.span(), inner);
                    } else {
                        self.scan(group.stream(), in_view);
                    }
                }
                TokenTree::Ident(name) if in_view && name == "data" => {
                    if let Some(word) = dashed(&tokens[index + 1..]) {
                        let place = self.at(name.span());
                        self.counts.data_attributes.push((format!("data-{word}"), place));
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Counter<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let before = self.for_tests;
        let (name, attributes) = head(item);
        self.for_tests |= only_for_tests(attributes);
        if let Some(name) = name
            && !self.for_tests
            && visibility_of_type(item).is_some_and(|seen| !matches!(seen, Visibility::Inherited))
        {
            self.counts.types.push((name.to_string(), self.at(name.span())));
        }
        visit::visit_item(self, item);
        self.for_tests = before;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if item.attrs.iter().any(|attribute| attribute.path().is_ident("server")) {
            self.counts.server_functions += 1;
            let name = &item.sig.ident;
            if TEXTS.iter().all(|text| name != text) && is_page_as_text(&item.sig.output) {
                self.counts.pages_as_text.push(self.at(name.span()));
            }
        }
        visit::visit_item_fn(self, item);
    }

    fn visit_expr_struct(&mut self, literal: &'ast ExprStruct) {
        if let Some(name) = literal.path.segments.last().map(|last| &last.ident)
            && name == "Breach"
            && self.for_tests
            && literal.rest.is_none()
        {
            self.counts.breaches.push(self.at(name.span()));
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let inner = matches!(attribute.style, AttrStyle::Inner(_));
        if let Some(text) = text_of_doc(&attribute.meta) {
            self.doc(&text, attribute.bracket_token.span.join(), inner);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let in_view = call.path.is_ident("view");
        self.scan(call.tokens.clone(), in_view);
    }
}

/// Returns the lines that are wider than `limit` although the texts in them are left out.
pub fn wide_lines(text: &str, limit: usize) -> Vec<usize> {
    let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
    if widths.iter().all(|width| *width <= limit) {
        return Vec::new();
    }
    let mut lines = vec![Line::default(); widths.len()];
    if let Ok(tokens) = text.parse() {
        read_lines(tokens, &widths, &mut lines);
    }
    let wide = |(index, line): (usize, &Line)| {
        let width = widths[index].saturating_sub(line.texts);
        (line.is_code && width > limit).then_some(index + 1)
    };
    lines.iter().enumerate().filter_map(wide).collect()
}

/// A line as its tokens tell.
#[derive(Clone, Default)]
struct Line {
    /// True if there is more than comments and texts.
    is_code: bool,
    /// The columns that belong to texts.
    texts: usize,
}

/// Notes the tokens of each line.
fn read_lines(tokens: TokenStream, widths: &[usize], lines: &mut [Line]) {
    let mut is_attribute = false;
    for token in tokens {
        let (start, end) = (token.span().start(), token.span().end());
        match &token {
            TokenTree::Group(group) if is_attribute && doc_text(group.stream()).is_some() => {}
            TokenTree::Group(group) => {
                lines[start.line - 1].is_code = true;
                lines[end.line - 1].is_code = true;
                read_lines(group.stream(), widths, lines);
            }
            TokenTree::Literal(literal) if literal.to_string().contains('"') => {
                for line in start.line..=end.line {
                    let from = if line == start.line { start.column } else { 0 };
                    let to = if line == end.line { end.column } else { widths[line - 1] };
                    lines[line - 1].texts += to.saturating_sub(from);
                }
            }
            TokenTree::Punct(mark) if matches!(mark.as_char(), '#' | '!') => {}
            _ => lines[start.line - 1].is_code = true,
        }
        is_attribute = match &token {
            TokenTree::Punct(mark) => {
                mark.as_char() == '#' || is_attribute && mark.as_char() == '!'
            }
            _ => false,
        };
    }
}

/// Returns who can see a type; `None` if an item is none.
fn visibility_of_type(item: &Item) -> Option<&Visibility> {
    match item {
        Item::Enum(item) => Some(&item.vis),
        Item::Struct(item) => Some(&item.vis),
        Item::Trait(item) => Some(&item.vis),
        Item::Type(item) => Some(&item.vis),
        Item::Union(item) => Some(&item.vis),
        _ => None,
    }
}

/// Returns the first word of a text.
fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|letter: char| !letter.is_alphabetic()).unwrap_or(text.len());
    &text[..end]
}

/// True if a server function's answer, the first type in its `Result`, is a page as text.
fn is_page_as_text(output: &ReturnType) -> bool {
    let ReturnType::Type(_, answer) = output else { return false };
    let mut names = Names::default();
    names.visit_type(answer);
    let answer = names.0.iter().find(|name| *name != "Result");
    answer.is_some_and(|name| PAGES.contains(&name.as_str()))
}

/// The names of the types in a type, in their order.
#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.extend(path.segments.last().map(|last| last.ident.to_string()));
        visit::visit_path(self, path);
    }
}

/// Returns the text of a doc attribute.
fn text_of_doc(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the text of `doc = "..."`.
fn doc_text(tokens: TokenStream) -> Option<String> {
    let mut tokens = tokens.into_iter();
    let is_doc = matches!(tokens.next(), Some(TokenTree::Ident(name)) if name == "doc");
    let is_set = matches!(tokens.next(), Some(TokenTree::Punct(mark)) if mark.as_char() == '=');
    match tokens.next() {
        Some(TokenTree::Literal(text)) if is_doc && is_set => {
            syn::parse_str::<LitStr>(&text.to_string()).ok().map(|text| text.value())
        }
        _ => None,
    }
}

/// Returns whether the tokens end like those before an attribute's brackets, and if so whether
/// it is an inner one.
fn mark_of_attribute(before: &[TokenTree]) -> Option<bool> {
    let is = |token: Option<&TokenTree>, mark| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    match before {
        [.., hash, _] if is(Some(hash), '#') && is(before.last(), '!') => Some(true),
        [..] if is(before.last(), '#') => Some(false),
        _ => None,
    }
}

/// Returns the words that are joined by dashes at the beginning of some tokens, each after a dash.
fn dashed(tokens: &[TokenTree]) -> Option<String> {
    let mut words = Vec::new();
    for pair in tokens.chunks(2) {
        match pair {
            [TokenTree::Punct(dash), TokenTree::Ident(word)] if dash.as_char() == '-' => {
                words.push(word.to_string());
            }
            _ => break,
        }
    }
    (!words.is_empty()).then(|| words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts in a file of the program.
    fn counted(code: &str) -> Counts {
        Counts::of("a.rs", &syn::parse_file(code).unwrap(), true)
    }

    #[test]
    fn a_comment_counts_once_by_its_first_word() {
        let counts = counted(
            "//! What is here.\n//! It goes on.\n\n/// Its parts.\npub struct A {\n    \
             /// Whether\n    /// it is.\n    b: bool,\n    /// The c.\n    c: bool,\n}\n\
             // Which.\nname! {\n    /// Who asks.\n    /// When.\n    d,\n    /// A d.\n    d\n}",
        );
        assert_eq!(counts.docs, 6);
        let riddles = ["a.rs:1: What is here.", "a.rs:6: Whether", "a.rs:14: Who asks."];
        assert_eq!(counts.riddles, riddles);
    }

    #[test]
    fn types_count_that_other_files_of_the_program_see() {
        let counts = counted(
            "pub struct A; pub(crate) enum B {} pub type C = A; pub trait D {} struct E;\n\
             #[cfg(test)] pub struct F; #[cfg(test)] mod tests { pub struct G; }\n\
             mod inside { pub(super) struct H; }",
        );
        let names: Vec<_> = counts.types.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "D", "H"]);
        assert_eq!(counts.types[4].1, "a.rs:3");
    }

    #[test]
    fn a_server_function_answers_with_data_or_a_page() {
        let counts = counted(
            "#[server] async fn a() -> Result<String, E> {}\n\
             #[server(input = GetUrl)] async fn b(#[server(default)] c: String) -> Result<B, E> {}\n\
             #[server] async fn act() -> Result<String, E> {}\n\
             async fn d() -> Result<String, E> {}",
        );
        assert_eq!(counts.server_functions, 3);
        assert_eq!(counts.pages_as_text, ["a.rs:1"]);
    }

    #[test]
    fn attributes_of_elements_count() {
        let counts = counted(
            "fn f() { view! { <p data-to-do=1 class=\"data-x\">{data - other}</p> }; html!(data-no); }",
        );
        let names: Vec<_> = counts.data_attributes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["data-to-do", "data-other"]);
    }

    #[test]
    fn breaches_count_that_a_test_writes_out() {
        let counts = counted(
            "fn f() { Breach { a: 1 }; }\n#[cfg(test)]\nmod tests {\n\
             fn f() { Breach { a: 1 }; Breach { a: 1, ..b }; domain::Breach { a: 1 }; } }",
        );
        assert_eq!(counts.breaches, ["a.rs:4", "a.rs:4"]);
    }

    #[test]
    fn texts_and_comments_make_no_line_wide() {
        let text = "/// A comment that is long, and longer.\nfn f() {\n    \
                    // A comment that is long, and longer.\n    g(\"a text that is long\");\n    \
                    let name = first_name + second_name;\n    g(\"a text\", first_name, second_name);\n}\n";
        assert_eq!(wide_lines(text, 30), [5, 6]);
        assert_eq!(wide_lines(text, 40), []);
    }
}

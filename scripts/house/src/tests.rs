//! Small crates, with and without cycles.

use std::path::PathBuf;

use crate::{
    graph::Cycles,
    read::{parse, read},
    resolve::ties as all_ties,
};

/// Checks a crate of these files.
fn checked(files: &[(&str, &str)]) -> Result<Cycles, String> {
    let texts = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
    let tree = read(&parse(texts.collect())?)?;
    Ok(Cycles::new(&tree, &all_ties(&tree)))
}

/// The ties in the cycles of a crate, whose root declares the modules `a` and `b`.
fn ties(a: &str, b: &str, others: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)];
    files.extend(others);
    checked(&files).unwrap().0.concat()
}

/// The cycle of `a` and `b` in which each uses one name of the other.
const CYCLE: [&str; 2] = ["a.rs -> b.rs: B", "b.rs -> a.rs: A"];

#[test]
fn a_use_ties() {
    assert_eq!(
        ties("use crate::b::B; pub trait A {}", "use super::a::A as _; pub struct B;", &[]),
        CYCLE
    );
    assert_eq!(
        ties("pub enum A { One }", "use crate::{a::{self, A::*}}; pub struct B(a::A);", &[]),
        Vec::<String>::new(),
    );
}

#[test]
fn a_path_ties() {
    let a = "pub struct A; fn f() { let _ = crate::b::B::new(); }";
    assert_eq!(ties(a, "pub struct B(pub super::a::A);", &[]), CYCLE);
}

#[test]
fn a_module_ties_by_what_is_used_of_it() {
    assert_eq!(
        ties(
            "use crate::b; pub fn A() { b::B() }",
            "pub fn B() { use crate::a as x; x::A() }",
            &[]
        ),
        CYCLE
    );
    assert_eq!(ties("use crate::b; pub struct A;", "use crate::a::A;", &[]), Vec::<String>::new());
}

#[test]
fn a_function_can_have_the_name_of_a_module() {
    let a = "use crate::b; pub fn A() { b::B() } pub fn b() {}";
    assert_eq!(ties(a, "pub fn B() { crate::a::A() }", &[]), CYCLE);
    let root = ("lib.rs", "mod a; mod b; pub use a::a;");
    let files =
        [root, ("a.rs", "pub fn a() { crate::b::b() }"), ("b.rs", "pub fn b() { crate::a() }")];
    assert_eq!(checked(&files).unwrap().0, [["a.rs -> b.rs: b", "b.rs -> a.rs: a"]]);
}

#[test]
fn tokens_of_a_macro_tie() {
    let a = "pub struct A; fn f() { format!(\"{}\", vec![crate::b::B; 1].len()); }";
    assert_eq!(
        ties(a, "pub const B: u8 = 1; fn f() { view! { <p x=super::a::A /> } }", &[]),
        CYCLE
    );
    let a =
        "pub struct A; macro_rules! m { ($b:ident) => { $crate::b::B; x.b::B; $b::B; ::b::B } }";
    assert_eq!(ties(a, "pub struct B(crate::a::A);", &[]), Vec::<String>::new());
}

#[test]
fn what_a_macro_defines_ties() {
    assert_eq!(ties("define!(A); use crate::b::B;", "define!(B); use crate::a::A;", &[]), CYCLE);
}

#[test]
fn a_re_export_leads_to_the_definition() {
    let deep = ("b/deep.rs", "pub struct B(crate::a::A);");
    let cycle = ["a.rs -> b/deep.rs: B", "b/deep.rs -> a.rs: A"];
    for b in [
        "mod deep; pub use deep::B as C;",
        "mod deep; pub(crate) use self::deep::*; pub use B as C;",
    ] {
        assert_eq!(ties("pub struct A; fn f(_: crate::b::C) {}", b, &[deep]), cycle);
    }
}

#[test]
fn parent_and_child_tie() {
    let child = ("a/c.rs", "use super::A; pub struct C(A);");
    assert_eq!(
        ties("mod c; pub struct A; type D = c::C;", "", &[child]),
        ["a.rs -> a/c.rs: C", "a/c.rs -> a.rs: A"],
    );
}

#[test]
fn a_facade_does_not_tie() {
    let child = ("a/mod.rs", "mod c; pub use c::C; pub struct A;");
    let files = [("lib.rs", "mod a;"), child, ("a/c.rs", "pub struct C(super::A);")];
    assert!(checked(&files).unwrap().0.is_empty());
}

#[test]
fn code_for_tests_does_not_count() {
    let a = "pub struct A; #[cfg(test)] mod tests; #[cfg(all(test, unix))] use crate::b::B;
        impl A { #[cfg(test)] fn f() { crate::b::B; } } #[cfg(test)] #[path = \"x.rs\"] mod x;";
    assert_eq!(ties(a, "pub struct B(crate::a::A);", &[]), Vec::<String>::new());
    let a = "pub struct A; #[cfg(any(test, unix))] use crate::b::B;";
    assert_eq!(ties(a, "pub struct B(crate::a::A);", &[]), CYCLE);
}

#[test]
fn modules_can_be_inline_or_elsewhere() {
    let a = "mod inside { use super::super::b::B; } #[path = \"c.rs\"] mod d; pub struct A;";
    assert_eq!(ties(a, "pub struct B(crate::a::A);", &[("c.rs", "type X = super::A;")]), CYCLE);
}

#[test]
fn names_that_lead_to_each_other_end() {
    let a = "pub use crate::b::*; pub use x::x; fn f() { x::y(); Z }";
    assert_eq!(ties(a, "pub use crate::a::*; fn f() { Z }", &[]), Vec::<String>::new());
}

#[test]
fn a_file_before_a_cycle_is_no_part_of_it() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub fn f() { a::A }"),
        ("a.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "pub struct C(crate::b::B);"),
    ];
    let cycles = checked(&files).unwrap();
    assert_eq!(
        cycles.to_string(),
        "  These depend on each other:\n    b.rs -> c.rs: C\n    c.rs -> b.rs: B\n",
    );
}

#[test]
fn what_is_no_crate_is_refused() {
    let refused = |files: &[_]| checked(files).unwrap_err();
    assert_eq!(refused(&[]), "there is neither lib.rs nor main.rs");
    assert_eq!(
        refused(&[("lib.rs", "mod a;")]),
        "lib.rs declares the module a, but there is no file for it",
    );
    assert!(refused(&[("lib.rs", "fn")]).starts_with("lib.rs could not be parsed: "));
}

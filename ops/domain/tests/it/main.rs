//! Integration tests of the vocabulary.

mod flow;
mod redact;

//! Which paths a file names, read from its tokens: also those inside macros, which a parser of the language passes over.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

pub type Path = Vec<String>;

#[derive(Debug, Default)]
pub struct Names {
    /// Modules in files of their own.
    pub modules: BTreeSet<String>,
    /// The items that `use` brings into the file, by the names that they have here.
    imports: BTreeMap<String, Use>,
    /// Paths of two names or more, outside of `use`.
    paths: BTreeSet<Path>,
    /// All names outside of `use`.
    mentioned: BTreeSet<String>,
}

#[derive(Debug)]
struct Use {
    path: Path,
    is_public: bool,
}

impl Names {
    pub fn of(text: &str) -> Self {
        let mut names = Self::default();
        names.read(text.parse().expect("Rust"));
        names
    }

    /// Paths, as they are written, to what the file itself uses: not what it only re-exports.
    pub fn used(&self) -> Vec<Path> {
        let imported = self.imports.iter().filter(|(name, item)| !item.is_public || self.mentioned.contains(*name));
        imported.map(|(_, item)| item.path.clone()).chain(self.paths.iter().cloned()).collect()
    }

    pub fn door(&self, name: &str) -> Option<&Path> {
        self.imports.get(name).map(|item| &item.path)
    }

    /// From the crate's root, if the path leads into the crate.
    pub fn absolute(&self, path: &[String], module: &[String]) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let ups = path.iter().take_while(|name| *name == "super").count();
        Some(match first.as_str() {
            "crate" => rest.to_vec(),
            "self" => [module, rest].concat(),
            "super" => [module.get(..module.len().checked_sub(ups)?)?, path.get(ups..)?].concat(),
            name if self.modules.contains(name) => [module, path].concat(),
            name => {
                // Not if the name stands for another crate: a `use std::fmt` draws nothing.
                let item = self.imports.get(name).filter(|item| item.path.first() != Some(first))?;
                self.absolute(&[&item.path, rest].concat(), module)?
            }
        })
    }

    fn read(&mut self, tokens: TokenStream) {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        tokens.reverse();
        let mut is_public = false;
        while let Some(token) = tokens.pop() {
            match token {
                TokenTree::Punct(sign) if sign.as_char() == '#' && is_for_tests(tokens.last()) => {
                    skip_item(&mut tokens)
                }
                TokenTree::Ident(word) if word == "pub" => {
                    is_public = true;
                    tokens.pop_if(|token| matches!(token, TokenTree::Group(_)));
                    continue;
                }
                TokenTree::Ident(word) if word == "use" => self.read_use(&Path::new(), &mut tokens, is_public),
                TokenTree::Ident(word) if word == "mod" && is_sign(tokens.iter().rev().nth(1), ';') => {
                    self.modules.extend(tokens.pop().map(|name| name.to_string()));
                }
                TokenTree::Ident(word) => self.read_path(word.to_string(), &mut tokens),
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            is_public = false;
        }
    }

    fn read_path(&mut self, first: String, tokens: &mut Vec<TokenTree>) {
        let mut path = vec![first];
        while takes_colons(tokens) {
            match tokens.pop() {
                Some(TokenTree::Ident(name)) => path.push(name.to_string()),
                other => {
                    tokens.extend(other);
                    break;
                }
            }
        }
        self.mentioned.extend(path.first().cloned());
        if path.len() > 1 {
            self.paths.insert(path);
        }
    }

    /// One tree of a `use`, up to the `,` or `;` after it.
    fn read_use(&mut self, before: &Path, tokens: &mut Vec<TokenTree>, is_public: bool) {
        let mut path = before.clone();
        let mut name = None;
        while let Some(token) = tokens.pop() {
            match token {
                TokenTree::Punct(sign) if matches!(sign.as_char(), ',' | ';') => break,
                TokenTree::Punct(sign) if sign.as_char() == '*' => name = Some(format!("* of {}", path.join("::"))),
                TokenTree::Ident(word) if word == "as" => name = tokens.pop().map(|name| name.to_string()),
                // `{self}` names what stands before it.
                TokenTree::Ident(word) if word == "self" && !before.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.read_uses(&path, &group, is_public);
                    path.clear();
                }
                _ => {}
            }
        }
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            self.imports.insert(name, Use { path, is_public });
        }
    }

    fn read_uses(&mut self, before: &Path, group: &Group, is_public: bool) {
        let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        tokens.reverse();
        while !tokens.is_empty() {
            self.read_use(before, &mut tokens, is_public);
        }
    }
}

fn takes_colons(tokens: &mut Vec<TokenTree>) -> bool {
    let are_there = is_sign(tokens.last(), ':') && is_sign(tokens.iter().rev().nth(1), ':');
    if are_there {
        tokens.truncate(tokens.len() - 2);
    }
    are_there
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == sign)
}

fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    matches!(attribute, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Past the attributes and the item after them: up to its `;`, or up to its braces.
fn skip_item(tokens: &mut Vec<TokenTree>) {
    let mut is_use = false;
    while let Some(token) = tokens.pop() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == ';' => return,
            TokenTree::Ident(word) if word == "use" => is_use = true,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !is_use => return,
            _ => {}
        }
    }
}

//! One line of the lock taken apart: the part of YAML that a register needs, and nothing else.

/// A word of the line and where it begins, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub text: &'t str,
    pub at: usize,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// Blank, or a comment.
    Nothing,
    /// `key: value`, as at the top of the file.
    Scalar { key: Piece<'t>, value: Piece<'t> },
    /// `key: { ... }`; the fields are in the buffer.
    Fields { key: Piece<'t> },
    /// One of the lines that a merge leaves behind; which one its first character says.
    Mark(char),
}

/// Why a line cannot be read, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub at: usize,
    pub why: &'static str,
}

/// Takes a line apart. The buffer is the caller's so that a million lines need one, not a million.
pub(super) fn parse<'t>(
    line: &'t str,
    fields: &mut Vec<(Piece<'t>, Piece<'t>)>,
) -> Result<Line<'t>, Malformed> {
    fields.clear();
    let line = line.trim_end();
    let Some(first) = line.chars().next() else { return Ok(Line::Nothing) };
    if line.trim_start().starts_with('#') {
        return Ok(Line::Nothing);
    }
    if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
        return Ok(Line::Mark(first));
    }
    if first.is_whitespace() {
        return Err(Malformed {
            at: 0,
            why: "it begins with a space, and each decision has a line of its own",
        });
    }
    let mut cursor = Cursor { line, at: 0 };
    let key = cursor.word(false, "it does not begin with a key")?;
    cursor.expect(':', "a colon is missing")?;
    if cursor.next() != Some('{') {
        let value = cursor.word(false, "nothing follows the colon")?;
        cursor.end()?;
        return Ok(Line::Scalar { key, value });
    }
    cursor.at += 1;
    while cursor.next() != Some('}') {
        let name = cursor.word(true, "a key is missing")?;
        cursor.expect(':', "a colon is missing")?;
        fields.push((name, cursor.value()?));
        if cursor.next() != Some('}') {
            cursor.expect(',', "a comma or the closing brace is missing")?;
        }
    }
    cursor.at += 1;
    cursor.end()?;
    Ok(Line::Fields { key })
}

/// The lines of a text, with the byte that each begins at.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |next, line| {
        let start = *next;
        *next += line.len();
        Some((start, line))
    })
}

struct Cursor<'t> {
    line: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// The next character that is no space, and moves to it.
    fn next(&mut self) -> Option<char> {
        self.at = self.line.len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.rest().chars().next()
    }

    fn expect(&mut self, character: char, why: &'static str) -> Result<(), Malformed> {
        if self.next() != Some(character) {
            return Err(Malformed { at: self.at, why });
        }
        self.at += character.len_utf8();
        Ok(())
    }

    /// Nothing but a comment may follow.
    fn end(&mut self) -> Result<(), Malformed> {
        match self.next() {
            None | Some('#') => Ok(()),
            Some(_) => Err(Malformed { at: self.at, why: "something follows the end of the decision" }),
        }
    }

    /// A word, or a list of words as the text between its brackets.
    fn value(&mut self) -> Result<Piece<'t>, Malformed> {
        if self.next() != Some('[') {
            return self.word(true, "a value is missing");
        }
        let inner = &self.rest()[1..];
        let Some(length) = inner.find([']', '[', '{', '}']).filter(|end| inner[*end..].starts_with(']'))
        else {
            return Err(Malformed { at: self.at, why: "the list is not closed" });
        };
        let piece = Piece { text: &inner[..length], at: self.at + 1 };
        self.at += length + 2;
        Ok(piece)
    }

    /// A word: in quotes, or plain up to what ends it in YAML, inside of braces or not.
    fn word(&mut self, in_braces: bool, missing: &'static str) -> Result<Piece<'t>, Malformed> {
        let first = self.next();
        let rest = self.rest();
        if let Some(quote @ ('"' | '\'')) = first {
            let inner = &rest[1..];
            let Some(length) = inner.find(quote) else {
                return Err(Malformed { at: self.at, why: "the quote is not closed" });
            };
            let piece = Piece { text: &inner[..length], at: self.at + 1 };
            self.at += length + 2;
            return Ok(piece);
        }
        let length = plain_length(rest, in_braces);
        let text = rest[..length].trim_end();
        if text.is_empty() {
            return Err(Malformed { at: self.at, why: missing });
        }
        let piece = Piece { text, at: self.at };
        self.at += length;
        Ok(piece)
    }
}

/// A colon ends a plain word only before a space, so that IPv6 addresses need no quotes.
fn plain_length(text: &str, in_braces: bool) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b'{' | b'}' | b'[' | b']' | b',' => in_braces,
        b':' => match bytes.get(at + 1) {
            None | Some(b' ' | b'\t') => true,
            Some(b',' | b'{' | b'}' | b'[' | b']') => in_braces,
            Some(_) => false,
        },
        b'#' => at > 0 && matches!(bytes[at - 1], b' ' | b'\t'),
        _ => false,
    };
    (0..bytes.len()).find(|at| ends(*at)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a line as texts, or why it cannot be read and where.
    fn fields(line: &str) -> Result<Vec<(&str, &str)>, (usize, &'static str)> {
        let mut buffer = Vec::new();
        match parse(line, &mut buffer) {
            Ok(_) => Ok(buffer.into_iter().map(|(key, value)| (key.text, value.text)).collect()),
            Err(malformed) => Err((malformed.at, malformed.why)),
        }
    }

    #[test]
    fn fields_stand_in_braces_and_may_be_quoted() {
        let pairs = vec![("cidr", "10.0.0.0/22"), ("slots", "4")];
        for line in [
            "subnets a/b: { cidr: 10.0.0.0/22, slots: 4 }",
            "subnets a/b: {cidr: 10.0.0.0/22,slots: 4}",
            "\"subnets a/b\": { \"cidr\": '10.0.0.0/22' , slots: \"4\", }  # ours\r",
        ] {
            assert_eq!(fields(line), Ok(pairs.clone()), "{line}");
        }
        let list = "network a: { cidr: 10.0.0.0/22, secondary: [10.0.4.0/22, 10.0.8.0/21] }";
        assert_eq!(fields(list).map(|fields| fields[1]), Ok(("secondary", "10.0.4.0/22, 10.0.8.0/21")));
        assert_eq!(fields("quarantine 2001:db8::/56: { owner: acme }"), Ok(vec![("owner", "acme")]));
        assert_eq!(fields("network a: { cidr: 2001:db8::/56}"), Ok(vec![("cidr", "2001:db8::/56")]));
    }

    #[test]
    fn what_is_not_one_decision_is_refused_where_it_goes_wrong() {
        for (line, at) in [
            ("tenant acme", 11),
            ("tenant acme:", 12),
            ("  cell: x", 0),
            ("tenant acme: { cell", 19),
            ("tenant acme: { cell: ", 20),
            ("tenant acme: { cell: x", 22),
            ("tenant acme: { cell: x } }", 25),
            ("tenant acme: { cell: \"x }", 21),
            ("tenant acme: { cell: { a: b } }", 21),
            ("tenant acme: { , }", 15),
            ("network acme: { secondary: [10.0.4.0/22 }", 27),
            ("network acme: { secondary: [[10.0.4.0/22]] }", 27),
            (": {}", 0),
        ] {
            assert_eq!(fields(line).map_err(|(at, _)| at), Err(at), "{line}");
        }
    }

    #[test]
    fn blank_lines_comments_and_the_marks_of_a_merge_are_told_apart() {
        let mut buffer = Vec::new();
        for line in ["", "  ", "# a", "   # b", "\r"] {
            assert_eq!(parse(line, &mut buffer), Ok(Line::Nothing), "{line:?}");
        }
        for line in ["<<<<<<< HEAD", "||||||| base", "=======", ">>>>>>> other"] {
            assert_eq!(parse(line, &mut buffer), Ok(Line::Mark(line.chars().next().unwrap())));
        }
    }
}

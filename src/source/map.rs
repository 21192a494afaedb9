//! The files of one run, and spans into them.

/// One file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A piece of one file, in bytes; `start == end` marks a point between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The point where this begins: for what is said of a long value as a whole.
    #[must_use]
    pub fn beginning(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The smallest span that holds both; the other's file is taken to be the same.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Where a span begins, as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

#[derive(Debug)]
struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

/// Every file that a run has read, with the name that users know it by.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Takes in a file. Text longer than `u32::MAX` bytes is refused by [`super::read_text`] before.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        self.files.push(SourceFile { name: name.into(), text, line_starts });
        FileId(self.files.len() as u32 - 1)
    }

    /// The name of a file as it was given.
    pub fn name(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].name
    }

    /// The whole text of a file.
    pub fn text(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].text
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// A span over a whole file, for findings that have no better place.
    pub fn whole(&self, file: FileId) -> Span {
        Span { file, start: 0, end: self.text(file).len() as u32 }
    }

    /// File, line and column of a span's beginning.
    pub fn location(&self, span: Span) -> Location {
        let file = &self.files[span.file.0 as usize];
        let line = self.line_index(span);
        let begin = file.line_starts[line] as usize;
        let before = file.text.get(begin..span.start as usize).unwrap_or_default();
        Location { file: file.name.clone(), line: line + 1, column: before.chars().count() + 1 }
    }

    /// The lines that a span touches: number of the first (from 1), its byte offset, and their text.
    pub fn lines_of(&self, span: Span) -> (usize, u32, &str) {
        let file = &self.files[span.file.0 as usize];
        let first = self.line_index(span);
        let last = file.line_starts.partition_point(|start| *start <= span.end.max(span.start)) - 1;
        let begin = file.line_starts[first];
        let end = file.line_starts.get(last + 1).map_or(file.text.len(), |next| *next as usize);
        (first + 1, begin, file.text.get(begin as usize..end).unwrap_or_default())
    }

    fn line_index(&self, span: Span) -> usize {
        let file = &self.files[span.file.0 as usize];
        file.line_starts.partition_point(|start| *start <= span.start) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", "eins: 1\nzwölf: 12\n");
        let span = Span { file, start: 16, end: 18 };
        assert_eq!(sources.slice(span), "12");
        assert_eq!(sources.location(span), Location { file: "a.yaml".into(), line: 2, column: 8 });
        assert_eq!(sources.lines_of(span), (2, 8, "zwölf: 12\n"));
    }

    #[test]
    fn the_end_of_a_file_is_a_place_too() {
        let mut sources = SourceMap::default();
        let file = sources.add("empty.yaml", "");
        assert_eq!(sources.location(Span { file, start: 0, end: 0 }).line, 1);
        let file = sources.add("one.yaml", "a: 1\n");
        assert_eq!(sources.location(Span { file, start: 5, end: 5 }).line, 2);
    }
}

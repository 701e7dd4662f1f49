/// A place in a source text, from 1, in characters.
struct SourcePosition: Equatable, Sendable {
  var line: Int
  var column: Int
}

/// Finds where a key stands in a TOML text that was parsed without error: TOMLKit gives positions for syntax errors
/// only, and a wrong role or colour deserves one too.
struct TOMLLocator {
  private let lines: [Substring]

  init(_ source: String) {
    lines = source.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  /// The place of the key at the end of `path`, such as ["roles", "state.ok", "fg"]; the nearest parent that can be
  /// found otherwise, else the beginning.
  func position(of path: [String]) -> SourcePosition {
    var best: (depth: Int, position: SourcePosition)?
    var section: [String] = []
    for (number, line) in lines.enumerated() {
      let indent = line.prefix { $0 == " " || $0 == "\t" }.count
      let trimmed = line.dropFirst(indent)
      if trimmed.first == "[" {
        section = keys(in: trimmed.drop { $0 == "[" }, until: "]").map(\.name)
        if path.starts(with: section), section.count > best?.depth ?? 0 {
          best = (section.count, SourcePosition(line: number + 1, column: indent + 1))
        }
        continue
      }
      guard trimmed.first != "#", path.starts(with: section) else { continue }
      let key = keys(in: trimmed, until: "=")
      let full = section + key.map(\.name)
      guard !key.isEmpty, path.starts(with: full), full.count > best?.depth ?? 0 else { continue }
      let inner = inlinePosition(of: Array(path.dropFirst(full.count)), in: trimmed)
      best = (full.count, SourcePosition(line: number + 1, column: indent + (inner ?? 0) + 1))
    }
    return best?.position ?? SourcePosition(line: 1, column: 1)
  }

  /// The parts of a dotted key, quotes removed.
  private func keys(in text: Substring, until end: Character) -> [(name: String, quoted: Bool)] {
    var parts: [(name: String, quoted: Bool)] = []
    var current = ""
    var quote: Character?
    var quoted = false
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { current.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        quoted = true
      } else if character == "." || character == end {
        if !current.isEmpty || quoted { parts.append((current, quoted)) }
        (current, quoted) = ("", false)
        if character == end { return parts }
      } else if character != " ", character != "\t" {
        current.append(character)
      }
    }
    return []
  }

  /// Where in `key = { a = 1, b = 2 }` the member begins, in characters from the line's key.
  private func inlinePosition(of rest: [String], in line: Substring) -> Int? {
    guard let member = rest.first else { return nil }
    let characters = Array(line)
    guard let start = characters.firstIndex(of: "{") else { return nil }
    var index = start + 1
    while index < characters.count {
      let ahead = characters[index...]
      let before = characters[index - 1]
      if before == " " || before == "{" || before == "," || before == "\t", ahead.starts(with: member) {
        let after = ahead.dropFirst(member.count).first { $0 != " " && $0 != "\t" }
        if after == "=" || after == "." { return index }
      }
      index += 1
    }
    return nil
  }
}

/// What can stand where the cursor is.
package struct FilterCompletion: Hashable, Sendable {
  package struct Candidate: Hashable, Sendable {
    /// What replaces `range`.
    package let text: String
    package let help: String
  }

  /// The characters (from 0) that a candidate replaces: from the beginning of the piece up to the cursor.
  package let range: Range<Int>
  package let candidates: [Candidate]
}

extension FilterSchema {
  /// Completes the piece of `text` that ends at `cursor` (in characters from 0; the end if `nil`): a field's name, or a
  /// field's value.
  package func complete(_ text: String, at cursor: Int? = nil) -> FilterCompletion {
    let characters = Array(text)
    let end = min(max(0, cursor ?? characters.count), characters.count)
    let none = FilterCompletion(range: end..<end, candidates: [])
    guard var start = Self.termStart(characters[..<end]) else { return none }
    if start < end, characters[start] == "-" { start += 1 }
    guard let sign = characters[start..<end].firstIndex(where: { ":=<>".contains($0) }) else {
      return FilterCompletion(range: start..<end, candidates: names(beginning: String(characters[start..<end])))
    }
    let name = String(characters[start..<sign]).lowercased()
    var valueStart = sign + 1
    if valueStart < end, characters[valueStart] == "=" { valueStart += 1 }
    if let comma = characters[valueStart..<end].lastIndex(of: ",") { valueStart = comma + 1 }
    let typed = String(characters[valueStart..<end]).lowercased()
    return FilterCompletion(
      range: valueStart..<end,
      candidates: values(of: name).filter { $0.text.lowercased().hasPrefix(typed) && $0.text != typed })
  }

  /// Where the last term begins; `nil` inside of quotes.
  private static func termStart(_ characters: ArraySlice<Character>) -> Int? {
    var start = characters.startIndex
    var isQuoted = false
    var isEscaped = false
    for index in characters.indices {
      let character = characters[index]
      if isQuoted {
        if !isEscaped && character == "\"" { isQuoted = false }
        isEscaped = !isEscaped && character == "\\"
      } else if character.isWhitespace {
        start = index + 1
      } else if character == "\"" {
        let opens = index == start || "-,:=<>".contains(characters[index - 1])
        isQuoted = opens
      }
    }
    return isQuoted ? nil : start
  }

  private func names(beginning typed: String) -> [FilterCompletion.Candidate] {
    let typed = typed.lowercased()
    var candidates = fields.map { field in
      FilterCompletion.Candidate(
        text: field.name + (field.kind == .money || field.kind == .integer ? ">" : ":"), help: field.help)
    }
    if timeField != nil {
      candidates.append(.init(text: "since:", help: "not before"))
      candidates.append(.init(text: "until:", help: "not after"))
    }
    if !sorts.isEmpty { candidates.append(.init(text: "sort:", help: "by what the rows are sorted")) }
    if !typed.isEmpty, let mainField { candidates += values(of: mainField) }
    return candidates.filter { $0.text.hasPrefix(typed) }
  }

  private func values(of name: String) -> [FilterCompletion.Candidate] {
    if name == "sort", field(named: name) == nil { return sorts.map { .init(text: $0, help: "") } }
    let isTime = timeField != nil && (name == "since" || name == "until")
    switch isTime ? .time : field(named: name)?.kind {
    case .enumeration(let allowed): return allowed.map { .init(text: $0, help: "") }
    case .time:
      return [
        .init(text: "15m", help: "15 minutes ago"), .init(text: "1h", help: "an hour ago"),
        .init(text: "24h", help: "a day ago"), .init(text: "7d", help: "a week ago"),
        .init(text: "today", help: "since 00:00 UTC"), .init(text: "yesterday", help: "the day before, UTC"),
      ]
    case .text, .id, .money, .integer, nil: return []
    }
  }
}

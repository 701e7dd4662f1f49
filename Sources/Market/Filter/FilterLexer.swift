/// One term as it was written, before its field and values are looked at.
struct RawTerm {
  struct Value {
    var text: String
    var column: Int
    var isQuoted: Bool
  }

  /// Where the term begins, its `-` included.
  var column: Int
  var isNegated = false
  /// Lower-case, with the column where it begins.
  var field: (name: String, column: Int)?
  var comparison: FilterComparison = .equal
  /// At least one.
  var values: [Value] = []
}

/// Cuts a filter's text into terms. Knows quotes and operators, but no field.
struct FilterLexer {
  private let characters: [Character]
  private var position = 0

  init(_ text: String) throws(FilterError) {
    characters = Array(text)
    guard characters.count <= FilterSchema.lengthLimit else {
      throw FilterError(
        column: FilterSchema.lengthLimit + 1, message: "more than \(FilterSchema.lengthLimit) characters")
    }
    for (index, character) in characters.enumerated() where !SafeText.isSafe(String(character)) {
      throw FilterError(column: index + 1, message: "a control character")
    }
  }

  /// The next term; `nil` at the end.
  mutating func next() throws(FilterError) -> RawTerm? {
    while let character = peek, character.isWhitespace { position += 1 }
    guard let first = peek else { return nil }
    var term = RawTerm(column: position + 1)
    if first == "-" {
      term.isNegated = true
      position += 1
      guard let second = peek, !second.isWhitespace else {
        throw FilterError(column: term.column, message: "nothing stands behind `-`")
      }
    }
    if let field = fieldName() {
      term.field = field
      term.comparison = comparison()
      term.values = try valueList()
    } else {
      term.values = [try value(endsAtComma: false)]
    }
    return term
  }

  private var peek: Character? { position < characters.count ? characters[position] : nil }

  /// Takes a name if an operator stands behind it.
  private mutating func fieldName() -> (name: String, column: Int)? {
    var end = position
    while end < characters.count, Self.isNameCharacter(characters[end], isFirst: end == position) { end += 1 }
    guard end > position, end < characters.count, ":=<>".contains(characters[end]) else { return nil }
    defer { position = end }
    return (String(characters[position..<end]).lowercased(), position + 1)
  }

  private static func isNameCharacter(_ character: Character, isFirst: Bool) -> Bool {
    guard character.isASCII else { return false }
    return character.isLetter || (!isFirst && (character.isNumber || character == "_"))
  }

  private mutating func comparison() -> FilterComparison {
    let sign = characters[position]
    position += 1
    guard sign == "<" || sign == ">" else { return .equal }
    let orEqual = peek == "="
    if orEqual { position += 1 }
    return sign == "<" ? (orEqual ? .lessOrEqual : .less) : (orEqual ? .greaterOrEqual : .greater)
  }

  private mutating func valueList() throws(FilterError) -> [RawTerm.Value] {
    var values = [try value(endsAtComma: true)]
    while peek == "," {
      position += 1
      guard values.count < FilterSchema.valueLimit else {
        throw FilterError(column: position + 1, message: "more than \(FilterSchema.valueLimit) values")
      }
      values.append(try value(endsAtComma: true))
    }
    return values
  }

  private mutating func value(endsAtComma: Bool) throws(FilterError) -> RawTerm.Value {
    if peek == "\"" { return try quoted(endsAtComma: endsAtComma) }
    let start = position
    while let character = peek, !character.isWhitespace, !(endsAtComma && character == ",") { position += 1 }
    guard position > start else { throw FilterError(column: start + 1, message: "a value is missing") }
    return RawTerm.Value(text: String(characters[start..<position]), column: start + 1, isQuoted: false)
  }

  private mutating func quoted(endsAtComma: Bool) throws(FilterError) -> RawTerm.Value {
    let start = position
    var text = ""
    position += 1
    while let character = peek, character != "\"" {
      position += 1
      guard character == "\\" else {
        text.append(character)
        continue
      }
      guard let escaped = peek, escaped == "\"" || escaped == "\\" else {
        throw FilterError(column: position, message: "`\\` stands only before `\"` or `\\`")
      }
      text.append(escaped)
      position += 1
    }
    guard peek == "\"" else { throw FilterError(column: start + 1, message: "the quote is not closed") }
    position += 1
    if let after = peek, !after.isWhitespace, !(endsAtComma && after == ",") {
      throw FilterError(column: position + 1, message: "a blank is missing behind the quote")
    }
    guard !text.isEmpty else { throw FilterError(column: start + 1, message: "a value is missing") }
    return RawTerm.Value(text: text, column: start + 1, isQuoted: true)
  }
}

/// Where text goes in a field wider than it.
package enum Alignment: Sendable { case left, right, center }

/// What a text too long for its field gives up; an ellipsis stands for it.
package enum Truncation: Sendable {
  /// `Katharina Gr…`
  case end
  /// `pi_3Mq…9xA2`: for identifiers, whose ends tell them apart.
  case middle
  /// `…/drops/2024.csv`
  case start
  /// Cut without an ellipsis.
  case clip
}

/// Measuring and fitting text by terminal cells. Everything returned is sanitised.
package enum TextWidth {
  static let ellipsis = Glyph(base: "\u{2026}", width: 1)

  /// Cells that the text takes on screen, after sanitising.
  package static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x7F }) { return text.utf8.count }
    return Glyphs(text).reduce(0) { $0 + Int($1.width) }
  }

  /// At most `width` cells of the text.
  package static func truncate(_ text: String, to width: Int, _ truncation: Truncation = .end) -> String {
    string(fitted(text, to: width, truncation).glyphs)
  }

  /// The text with spaces up to `width` cells; longer text is returned whole.
  package static func pad(_ text: String, to width: Int, _ alignment: Alignment = .left) -> String {
    let gap = max(0, width - of(text))
    let before = leading(gap, alignment)
    return String(repeating: " ", count: before) + Sanitizer.clean(text) + String(repeating: " ", count: gap - before)
  }

  /// Exactly `width` cells: truncated or padded.
  package static func fit(
    _ text: String, to width: Int, _ alignment: Alignment = .left, _ truncation: Truncation = .end
  ) -> String {
    pad(truncate(text, to: width, truncation), to: width, alignment)
  }

  /// Lines of at most `width` cells, broken at spaces where that is possible and at every line end of the text. What
  /// does not fit in `maxLines` is cut with an ellipsis.
  package static func wrap(_ text: String, to width: Int, maxLines: Int = 1_000) -> [String] {
    guard width > 0, maxLines > 0 else { return [] }
    var lines: [String] = []
    for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      var rest = Array(Glyphs(String(paragraph)))[...]
      repeat {
        if lines.count == maxLines {
          let last = lines.removeLast()
          return lines + [string(shortened(Array(Glyphs(last + " ")), to: width, marked: true))]
        }
        lines.append(string(takeLine(&rest, width)))
      } while !rest.isEmpty
    }
    return lines
  }

  // MARK: -

  static func leading(_ gap: Int, _ alignment: Alignment) -> Int {
    switch alignment {
    case .left: 0
    case .right: gap
    case .center: gap / 2
    }
  }

  /// The glyphs of at most `width` cells of the text, and their cells.
  static func fitted(_ text: String, to width: Int, _ truncation: Truncation) -> (glyphs: [Glyph], width: Int) {
    guard width > 0 else { return ([], 0) }
    var glyphs: [Glyph] = []
    var used = 0
    // Reading stops where the answer is known, however long the text is; the other ends need all of it.
    let needsAll = truncation == .middle || truncation == .start
    for glyph in Glyphs(text) {
      glyphs.append(glyph)
      used += Int(glyph.width)
      if used > width, !needsAll { break }
    }
    if used <= width { return (glyphs, used) }
    let result: [Glyph]
    switch truncation {
    case .end: result = shortened(glyphs, to: width, marked: true)
    case .clip: result = shortened(glyphs, to: width, marked: false)
    case .start: result = [ellipsis] + tail(glyphs, width - 1)
    case .middle:
      let end = tail(glyphs, (width - 1) / 2)
      let endWidth = end.reduce(0) { $0 + Int($1.width) }
      result = shortened(glyphs, to: width - endWidth, marked: true) + end
    }
    return (result, result.reduce(0) { $0 + Int($1.width) })
  }

  /// The beginning, in at most `width` cells with the ellipsis if `marked`.
  private static func shortened(_ glyphs: [Glyph], to width: Int, marked: Bool) -> [Glyph] {
    let room = marked ? width - 1 : width
    var used = 0
    let kept = glyphs.prefix { glyph in
      used += Int(glyph.width)
      return used <= room
    }
    guard marked, width > 0 else { return Array(kept) }
    var result = Array(kept)
    while result.count > 1, result.last == .space { result.removeLast() }
    return result + [ellipsis]
  }

  private static func tail(_ glyphs: [Glyph], _ width: Int) -> [Glyph] {
    var used = 0
    var start = glyphs.endIndex
    while start > 0, used + Int(glyphs[start - 1].width) <= width {
      start -= 1
      used += Int(glyphs[start].width)
    }
    return Array(glyphs[start...])
  }

  private static func takeLine(_ rest: inout ArraySlice<Glyph>, _ width: Int) -> [Glyph] {
    var used = 0
    var end = rest.startIndex
    var lastSpace: Int?
    while end < rest.endIndex, used + Int(rest[end].width) <= width {
      used += Int(rest[end].width)
      if rest[end] == .space { lastSpace = end }
      end += 1
    }
    if end < rest.endIndex, rest[end] != .space, let space = lastSpace, space > rest.startIndex { end = space }
    if end == rest.startIndex, end < rest.endIndex {
      // A glyph wider than the whole line cannot be shown, and has to be passed.
      rest = rest.dropFirst()
      return [ellipsis]
    }
    let line = Array(rest[rest.startIndex..<end])
    rest = rest[end...].drop { $0 == .space }
    return line
  }

  static func string(_ glyphs: [Glyph]) -> String {
    var scalars = String.UnicodeScalarView()
    for glyph in glyphs { glyph.append(to: &scalars) }
    return String(scalars)
  }
}

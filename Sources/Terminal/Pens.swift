import CNcurses

/// Makes curses cells of grid cells: resolves styles once each, keeps the colour pairs, and stands in for characters
/// where only ASCII may be sent.
struct Pens {
  private var theme: Theme
  private let depth: ColorDepth
  /// Pair numbers that may be used are 1..<limit: 64 under `screen`, 65,536 elsewhere.
  private let limit: Int
  private var pens: [StyleID: Pen] = [:]
  private var pairs: [Pair: Int] = [:]
  private var last: (style: StyleID, pen: Pen)?
  /// That of the cell before, within a row.
  private var former: Pen?

  struct Pen {
    var attributes: UInt32
    var pair: Int32
    var background: Int
    /// Reverse video and underline show on a space, whose ink does not.
    var showsOnSpace: Bool
  }
  private struct Pair: Hashable {
    var foreground: Int
    var background: Int
  }

  init(theme: Theme, depth: ColorDepth, pairs: Int) {
    self.theme = theme
    self.depth = depth
    limit = min(pairs, Int(Int16.max))
  }

  /// Pairs stay defined: another theme uses them again, or adds its own.
  mutating func changeTheme(_ theme: Theme) {
    self.theme = theme
    pens = [:]
    last = nil
  }

  /// To be called before a row's first cell.
  mutating func beginRow() { former = nil }

  /// How the row's next cell is drawn. The ink of a space does not show: it is drawn as the cell before it, so that
  /// nothing is sent for a change of colours that nobody sees, and `isRest`, with nothing but spaces after it, plainly,
  /// so that the rest of the line can be cleared at once.
  mutating func next(_ cell: Cell, isRest: Bool) -> Pen {
    var pen = pen(for: cell.style)
    if cell.glyph == .space, !pen.showsOnSpace {
      if isRest {
        if pen.background < 0 { pen = plain() }
      } else if let former, !former.showsOnSpace, former.background == pen.background {
        pen = former
      }
    }
    former = pen
    return pen
  }

  private mutating func plain() -> Pen {
    let pair = depth == .mono ? 0 : definePair(Pair(foreground: -1, background: -1)) ?? 0
    return Pen(attributes: 0, pair: Int32(pair), background: -1, showsOnSpace: false)
  }

  func append(_ cell: Cell, _ pen: Pen, to run: inout [gkm_cell], utf8: Bool) {
    let values = cell.glyph.scalarValues
    if utf8 || values.0 < 0x80 {
      let scalars = utf8 ? values : (values.0, 0, 0, 0)
      run.append(gkm_cell(scalars: scalars, attributes: pen.attributes, pair: pen.pair))
      return
    }
    let stand = UInt32(AsciiApproximation.of(values.0))
    for _ in 0..<cell.width {
      run.append(gkm_cell(scalars: (stand, 0, 0, 0), attributes: pen.attributes, pair: pen.pair))
    }
  }

  private mutating func pen(for style: StyleID) -> Pen {
    if let last, last.style == style { return last.pen }
    let pen = pens[style] ?? makePen(theme.drawn(style, at: depth))
    pens[style] = pen
    last = (style, pen)
    return pen
  }

  private mutating func makePen(_ drawn: DrawnStyle) -> Pen {
    var attributes = drawn.attributes
    var pair = 0
    // Also for what has no colours of its own: from one pair to another only the difference is sent, to none at all a
    // reset of everything.
    if depth != .mono {
      if let found = definePair(Pair(foreground: drawn.foreground, background: drawn.background)) {
        pair = found
      } else if drawn.background >= 0 {
        // No pair left: what stood out by its background still does.
        attributes.formUnion(.reverse)
      }
    }
    return Pen(
      attributes: UInt32(attributes.rawValue), pair: Int32(pair), background: drawn.background,
      showsOnSpace: !attributes.isDisjoint(with: [.reverse, .underline]))
  }

  private mutating func definePair(_ pair: Pair) -> Int? {
    if let known = pairs[pair] { return known }
    let number = pairs.count + 1
    guard number < limit, gkm_screen_define_pair(Int32(number), Int32(pair.foreground), Int32(pair.background)) == 0
    else { return nil }
    pairs[pair] = number
    return number
  }
}

/// ASCII for the symbols the console uses, for terminals that are not UTF-8.
enum AsciiApproximation {
  private static let table: [UInt32: UInt8] = {
    var table: [UInt32: UInt8] = [:]
    func put(_ characters: String, _ stand: Unicode.Scalar) {
      for scalar in characters.unicodeScalars { table[scalar.value] = UInt8(ascii: stand) }
    }
    put("─━┄┈═–—‐", "-")
    put("│┃┆║▏▕", "|")
    put("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+")
    put("●◉•∙·", "*")
    put("○◌◦", "o")
    put("…", ".")
    put("▸▶►›→⇒", ">")
    put("◂◀◄‹←", "<")
    put("▴▲↑", "^")
    put("▾▼↓", "v")
    put("✓✔", "+")
    put("✗✘×", "x")
    put("█▓▇▆▅▄", "#")
    put("▒░▃▂▁", ":")
    put("“”„", "\"")
    put("‘’‚", "'")
    put("\u{A0}\u{3000}", " ")
    return table
  }()

  static func of(_ scalar: UInt32) -> UInt8 { table[scalar] ?? UInt8(ascii: "?") }
}

import CNcurses

/// The one way from text to the screen.
///
/// Text here is hostile: names, e-mail addresses, file names and provider messages were typed by strangers
/// (compare CVE-2021-25743, where a log line could drive kubectl's terminal). What a terminal would act on, hide or
/// reorder becomes a visible mark; what terminals measure differently is narrowed to what all measure alike:
///
/// - C0 controls `␀…␟`, DEL `␡`, line ends among C1 and U+2028/9 `␤`, other C1 `�`
/// - bidirectional controls `⇄`; zero-width, joiners out of place, fillers, tags, BOM, soft hyphen `␣`
/// - unassigned, private use, non-characters, glyphs far wider than their cell `�`
/// - ZWJ sequences, skin tones, keycaps and variation selectors: their first character alone; flags: two letters
/// - a combining mark with nothing to stand on: on `◌`; more than three on one base: dropped
package enum Sanitizer {
  static let replacement = Glyph(base: "\u{FFFD}", width: 1)
  static let newline = Glyph(base: "\u{2424}", width: 1)
  static let direction = Glyph(base: "\u{21C4}", width: 1)
  static let invisible = Glyph(base: "\u{2423}", width: 1)

  /// The glyphs of a text, lazily.
  package static func glyphs(_ text: String) -> Glyphs { Glyphs(text) }

  /// The text as the screen would show it. Cleaning twice changes nothing more.
  package static func clean(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var scalars = String.UnicodeScalarView()
    for glyph in Glyphs(text) { glyph.append(to: &scalars) }
    return String(scalars)
  }

  /// Bytes that ought to be UTF-8; what is not becomes `�`.
  package static func clean(bytes: some Collection<UInt8>) -> String { clean(String(decoding: bytes, as: UTF8.self)) }

  enum Kind {
    case spacing(width: Int)
    case mark
    case substitute(Glyph)
    case joiner
    case variation
    case skinTone
    case tag
  }

  /// What to do with a scalar outside of printable ASCII.
  static func kind(of scalar: Unicode.Scalar) -> Kind {
    let value = scalar.value
    switch value {
    case 0x20..<0x7F: return .spacing(width: 1)
    case 0..<0x20: return .substitute(Glyph(base: Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}", width: 1))
    case 0x7F: return .substitute(Glyph(base: "\u{2421}", width: 1))
    case 0x85, 0x2028, 0x2029: return .substitute(newline)
    case 0x80..<0xA0: return .substitute(replacement)
    case 0xA0..<0x300 where value != 0xAD: return .spacing(width: 1)
    case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: return .substitute(direction)
    case 0x200C, 0x200D: return .joiner
    case 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x180B...0x180D, 0x180F, 0x20E3: return .variation
    case 0x1F3FB...0x1F3FF: return .skinTone
    case 0xE0020...0xE007F: return .tag
    case 0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0: return .substitute(invisible)
    case 0xFDFA, 0xFDFB, 0xFDFD, 0x12031, 0x12219, 0x1242B: return .substitute(replacement)
    case 0x1F1E6...0x1F1FF: return .substitute(Glyph(ascii: UInt8(truncatingIfNeeded: value - 0x1F1E6 + 0x41)))
    default: return kindByCategory(scalar)
    }
  }

  private static func kindByCategory(_ scalar: Unicode.Scalar) -> Kind {
    switch scalar.properties.generalCategory {
    case .format: return .substitute(invisible)
    case .unassigned, .privateUse, .surrogate, .control: return .substitute(replacement)
    case .lineSeparator, .paragraphSeparator: return .substitute(newline)
    default: break
    }
    switch gkm_cell_width(scalar.value) {
    case 0: return .mark
    case 1: return .spacing(width: 1)
    case 2: return .spacing(width: 2)
    default: return .substitute(replacement)
    }
  }

  /// Scripts in which ZWJ and ZWNJ belong to ordinary spelling and only shape the letters.
  static func shapesByJoiners(_ value: UInt32) -> Bool {
    (0x0600...0x1AFF).contains(value) || (0xA840...0xABFF).contains(value)
  }

  static func isPicture(_ scalar: Unicode.Scalar) -> Bool { scalar.value > 0x7F && scalar.properties.isEmoji }
}

/// The glyphs of a text in order; made by `Sanitizer.glyphs`.
package struct Glyphs: Sequence, Sendable {
  private let text: String

  init(_ text: String) { self.text = text }

  package func makeIterator() -> Iterator { Iterator(text.unicodeScalars.makeIterator()) }

  package struct Iterator: IteratorProtocol {
    private var scalars: String.UnicodeScalarView.Iterator
    private var held: Unicode.Scalar?

    init(_ scalars: String.UnicodeScalarView.Iterator) {
      self.scalars = scalars
      held = self.scalars.next()
    }

    package mutating func next() -> Glyph? {
      guard let scalar = held else { return nil }
      held = scalars.next()
      if scalar.value >= 0x20, scalar.value < 0x7F {
        var glyph = Glyph(ascii: UInt8(truncatingIfNeeded: scalar.value))
        // Nothing below U+0300 combines.
        if let next = held, next.value >= 0x300 { absorb(into: &glyph, after: scalar) }
        return glyph
      }
      switch Sanitizer.kind(of: scalar) {
      case .spacing(let width):
        var glyph = Glyph(base: scalar, width: width)
        absorb(into: &glyph, after: scalar)
        return glyph
      case .skinTone:
        return Glyph(base: scalar, width: 2)
      case .mark:
        var glyph = Glyph(base: "\u{25CC}", width: 1)
        glyph.add(mark: scalar)
        absorb(into: &glyph, after: scalar)
        return glyph
      case .substitute(let glyph): return glyph
      case .joiner, .variation, .tag: return Sanitizer.invisible
      }
    }

    /// Takes what belongs to the same cell: combining marks kept, selectors and joined pictures dropped.
    private mutating func absorb(into glyph: inout Glyph, after base: Unicode.Scalar) {
      let picture = Sanitizer.isPicture(base)
      while let scalar = held, scalar.value >= 0x300 {
        switch Sanitizer.kind(of: scalar) {
        case .mark: glyph.add(mark: scalar)
        case .variation: break
        case .skinTone where picture, .tag where picture: break
        case .joiner where picture:
          held = scalars.next()
          if let joined = held, Sanitizer.isPicture(joined) { break }
          continue
        case .joiner where Sanitizer.shapesByJoiners(base.value): break
        default: return
        }
        held = scalars.next()
      }
    }
  }
}

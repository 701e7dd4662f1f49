/// What one cell shows: a printable character one or two cells wide with up to three combining marks.
///
/// Only `Sanitizer` makes glyphs from text, so that a cell cannot hold anything that moves the cursor, hides, or
/// reorders what is around it.
package struct Glyph: Hashable, Sendable {
  /// Three scalars of 21 bits: the spacing one lowest, then two combining ones (0 = none).
  private var packed: UInt64
  private var third: UInt32
  /// Cells taken: 1 or 2; 0 in the cell that the right half of a wide glyph covers.
  package let width: UInt8

  static let maximumMarks = 3

  init(base: Unicode.Scalar, width: Int) {
    packed = UInt64(base.value)
    third = 0
    self.width = UInt8(truncatingIfNeeded: width)
  }

  /// A single cell showing an ASCII character.
  init(ascii: UInt8) {
    packed = UInt64(ascii)
    third = 0
    width = 1
  }

  package static let space = Glyph(ascii: 0x20)
  /// What the right half of a wide glyph holds.
  package static let continuation = Glyph(base: Unicode.Scalar(0x20), width: 0)

  package var isContinuation: Bool { width == 0 }

  /// Adds a combining mark; past the third they are dropped, because a cell has no room for more.
  mutating func add(mark: Unicode.Scalar) {
    if packed >> 21 == 0 {
      packed |= UInt64(mark.value) << 21
    } else if packed >> 42 == 0 {
      packed |= UInt64(mark.value) << 42
    } else if third == 0 {
      third = mark.value
    }
  }

  /// The four scalar values, unused ones 0.
  var scalarValues: (UInt32, UInt32, UInt32, UInt32) {
    let mask: UInt64 = (1 << 21) - 1
    return (UInt32(packed & mask), UInt32((packed >> 21) & mask), UInt32((packed >> 42) & mask), third)
  }

  /// The spacing scalar's value.
  var base: UInt32 { UInt32(packed & ((1 << 21) - 1)) }

  package func append(to text: inout String.UnicodeScalarView) {
    let values = scalarValues
    for value in [values.0, values.1, values.2, values.3] where value != 0 {
      if let scalar = Unicode.Scalar(value) { text.append(scalar) }
    }
  }

  package var text: String {
    var scalars = String.UnicodeScalarView()
    append(to: &scalars)
    return String(scalars)
  }
}

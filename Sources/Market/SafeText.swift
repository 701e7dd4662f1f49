/// The rule for free text, the same as the database's domain `safe_text`: no C0 or C1 control, no DEL, no bidirectional
/// control, no line or paragraph separator, no byte order mark. What is left can be printed by psql, put in a CSV and
/// drawn on a terminal without changing what stands around it.
package enum SafeText {
  /// The first character that is refused, and where it stands.
  package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package let scalar: Unicode.Scalar
    /// In Unicode scalars, from 1.
    package let column: Int

    package var description: String {
      let hex = String(scalar.value, radix: 16, uppercase: true)
      let code = String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
      return "character \(column) is U+\(code), which free text cannot hold"
    }
  }

  package static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    case 0x2028, 0x2029, 0xFEFF: true
    default: false
    }
  }

  package static func violation(in text: some StringProtocol) -> Violation? {
    for (index, scalar) in text.unicodeScalars.enumerated() where isRefused(scalar) {
      return Violation(scalar: scalar, column: index + 1)
    }
    return nil
  }

  package static func isSafe(_ text: some StringProtocol) -> Bool { violation(in: text) == nil }

  /// What a stranger wrote, made safe: refused characters become U+FFFD, and no more than `limit` scalars are kept.
  package static func cleaned(_ text: some StringProtocol, limit: Int = 4_000) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) { result.append(isRefused(scalar) ? "\u{FFFD}" : scalar) }
    return String(result)
  }
}

/// A theme as lines of text, each role in its own look: for `gkm themes NAME`.
package enum ThemePreview {
  /// With the sequences of ECMA-48 ("SGR") that terminals of this depth take; `nil` writes none at all.
  package static func lines(_ theme: Theme, at depth: ColorDepth?) -> [String] {
    StyleRole.allCases.map { role in
      let text = "\(TextWidth.pad(role.name, to: 20)) \(sample(role))"
      guard let depth else { return text }
      return "\(sequence(theme.drawn(StyleID(role), at: depth)))\(text)\u{1B}[m"
    }
  }

  static func sequence(_ drawn: DrawnStyle) -> String {
    var codes: [String] = ["0"]
    let attributes: [(Attributes, String)] = [
      (.bold, "1"), (.dim, "2"), (.italic, "3"), (.underline, "4"), (.reverse, "7"),
    ]
    for (attribute, code) in attributes where drawn.attributes.contains(attribute) { codes.append(code) }
    codes += color(drawn.foreground, base: 30) + color(drawn.background, base: 40)
    return "\u{1B}[\(codes.joined(separator: ";"))m"
  }

  private static func color(_ index: Int, base: Int) -> [String] {
    switch index {
    case 0..<8: [String(base + index)]
    case 8..<16: [String(base + 60 + index - 8)]
    case 16..<256: [String(base + 8), "5", String(index)]
    default: []
    }
  }

  private static func sample(_ role: StyleRole) -> String {
    switch role {
    case .stateOk: "● delivered"
    case .stateWarn: "‖ held"
    case .stateFailed: "✗ failed"
    case .stateWaiting: "◑ sending"
    case .stateNeutral: "↩ refunded"
    case .chart: "▁▂▄▇█▅▃"
    case .selection, .selectionUnfocused: "▌GK-7Q2M-4XKD-9R"
    case .marked: "✓GK-7Q2M-4XKD-9R"
    default: "GK-7Q2M-4XKD-9R"
    }
  }
}

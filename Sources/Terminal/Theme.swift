/// Looks for every role.
package struct Theme: Sendable, Equatable {
  /// The name it was asked for by: `dark`, or a file's name without `.toml`.
  package let name: String
  /// One line about it, for `gkm themes`.
  package let summary: String
  /// By role; missing roles are empty styles, so that the ordinary text's look shows.
  private var styles: [Style]

  package init(name: String, summary: String = "", styles: [StyleRole: Style]) {
    self.name = name
    self.summary = summary
    self.styles = StyleRole.allCases.map { styles[$0] ?? Style() }
  }

  /// What the theme (or one it inherits from) says of a role, by itself.
  package subscript(role: StyleRole) -> Style { styles[Int(role.rawValue)] }

  /// The look of a cell: ordinary text, the role on it, the overlay on that, and the cell's own attributes.
  package func style(_ id: StyleID) -> Style {
    var style = self[.text]
    if id.role != .text { style = style.covered(by: self[id.role]) }
    if let overlay = id.overlay { style = style.covered(by: self[overlay]) }
    style.attributes.formUnion(id.attributes)
    return style
  }

  /// The look of a cell on a terminal of some depth.
  package func drawn(_ id: StyleID, at depth: ColorDepth) -> DrawnStyle {
    style(id).drawn(at: depth, plain: self[.text])
  }

  package static let dark = builtIn("dark")
  package static let light = builtIn("light")

  /// The embedded themes are checked by a test; were one broken all the same, text would show without colours.
  private static func builtIn(_ name: String) -> Theme {
    (try? ThemeLibrary().theme(named: name)) ?? Theme(name: name, styles: [.selection: Style(.reverse)])
  }
}

/// What is wrong in a theme file, and where.
package struct ThemeError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The file's path, or `NAME (built in)`.
  package let file: String
  /// From 1; 0 when the whole file is meant.
  package let line: Int
  /// From 1, in characters.
  package let column: Int
  package let message: String

  package var description: String { line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)" }
}

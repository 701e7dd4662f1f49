/// What is wrong with the configuration, each problem in one sentence with its place.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  package let problems: [ConfigurationProblem]

  package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One thing to put right.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, or the environment.
  package var place: String
  /// From 1; `nil` where it is about no line.
  package var line: Int?
  package var column: Int?
  package var message: String

  package init(place: String, line: Int? = nil, column: Int? = nil, message: String) {
    self.place = place
    self.line = line
    self.column = column
    self.message = message
  }

  /// `gkmd.toml:3:8: …`, as compilers put it.
  package var description: String {
    var text = place
    if let line { text += ":\(line)" }
    if let column { text += ":\(column)" }
    return text + ": " + message
  }
}

/// What is wrong with a template, and where in its file.
package struct TemplateProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// In characters, from 1.
  package let column: Int
  package let message: String

  package var description: String { "\(line):\(column): \(message)" }
}

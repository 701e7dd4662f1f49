package import Store

/// How a command answers.
package enum OutputFormat: Sendable {
  /// For people: a table.
  case text
  /// One object per line.
  case json
  case csv
}

/// Prints rows, page by page, in one of the formats.
package struct RowPrinter: Sendable {
  private let format: OutputFormat
  /// The members of a row, for a header even where there is no row.
  private let names: [String]
  private var table: TextTable
  private var output: OutputWriter
  private var hasHeader = false

  package init(
    _ kind: ListKind, format: OutputFormat, terminal: OutputTerminal, output: OutputWriter = OutputWriter()
  ) {
    self.init(names: kind.memberNames, table: TextTable(kind, terminal: terminal), format: format, output: output)
  }

  init(names: [String], table: TextTable, format: OutputFormat, output: OutputWriter = OutputWriter()) {
    self.output = output
    self.names = names
    self.table = table
    self.format = format
  }

  /// Prints a page; the first call prints the header too, if the format has one.
  package mutating func print(_ rows: [[ListField]]) throws {
    switch format {
    case .text:
      for line in table.lines(rows) { try output.line(line) }
    case .json:
      for row in rows { try output.line(JSONText.object(row)) }
    case .csv:
      if !hasHeader { try output.write(CSVText.header(names)) }
      hasHeader = true
      for row in rows { try output.write(CSVText.row(row)) }
    }
    try output.flush()
  }
}

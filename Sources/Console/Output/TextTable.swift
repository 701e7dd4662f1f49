import Market
package import Store
package import Terminal

/// Rows as aligned text. Columns are named as in `--json`; every cell is sanitised.
package struct TextTable: Sendable {
  /// One column: a member of the row, and how it is shown.
  package struct Column: Sendable {
    let name: String
    var alignment = Alignment.left
    /// An amount in minor units of the row's member `currency`.
    var isMoney = false
    /// Cells it keeps when a terminal is too narrow for all; `nil`: it is never cut.
    var least: Int?
    /// A terminal still too narrow goes without the columns of the highest rank; those of rank 0 always stay.
    var rank = 0

    package init(_ name: String, _ alignment: Alignment = .left, least: Int? = nil, rank: Int = 0) {
      self.name = name
      self.alignment = alignment
      self.least = least
      self.rank = rank
    }

    package static func money(_ name: String) -> Column {
      var column = Column(name, .right)
      column.isMoney = true
      return column
    }
  }

  private let columns: [Column]
  private let terminal: OutputTerminal
  /// Grow from page to page and never shrink, so that what is on the screen stays aligned as far as it can.
  private var widths: [Int]
  private var hasHeader = false

  init(_ columns: [Column], terminal: OutputTerminal) {
    self.columns = columns
    self.terminal = terminal
    widths = columns.map { TextWidth.of(Self.title($0)) }
  }

  /// The table of a list.
  package init(_ kind: ListKind, terminal: OutputTerminal) { self.init(kind.screen.textColumns, terminal: terminal) }

  /// Orders, with what each was found by.
  package static func found(terminal: OutputTerminal) -> TextTable {
    TextTable([Column("by")] + OrdersScreen.textColumns, terminal: terminal)
  }

  /// The next rows' lines, the header first of all.
  package mutating func lines(_ rows: [[ListField]]) -> [String] {
    let cells = rows.map { row in columns.map { Self.cell($0, of: row) } }
    for row in cells {
      for (index, text) in row.enumerated() { widths[index] = max(widths[index], TextWidth.of(text)) }
    }
    let shown = fitted()
    var lines: [String] = []
    if !hasHeader {
      hasHeader = true
      let header = line(columns.map(Self.title), shown)
      lines.append(terminal.allowsStyle ? "\u{1B}[1m\(header)\u{1B}[m" : header)
    }
    return lines + cells.map { line($0, shown) }
  }

  private static func title(_ column: Column) -> String {
    column.name.uppercased().split(separator: "_").joined(separator: " ")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var parts: [String] = []
    for (index, text) in cells.enumerated() where widths[index] > 0 {
      parts.append(TextWidth.fit(text, to: widths[index], columns[index].alignment))
    }
    var line = parts.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }

  /// The widths that a terminal has room for, 0 for a column left out. Of those that may be cut the widest gives way
  /// first.
  private func fitted() -> [Int] {
    guard let room = terminal.columns else { return widths }
    var shown = widths
    func excess(_ widths: [Int]) -> Int {
      let kept = widths.filter { $0 > 0 }
      return kept.reduce(0, +) + 2 * (kept.count - 1) - room
    }
    func least(_ index: Int) -> Int { min(shown[index], columns[index].least ?? shown[index]) }
    while excess(columns.indices.map(least)) > 0 {
      let candidates = columns.indices.filter { shown[$0] > 0 && columns[$0].rank > 0 }
      guard let last = candidates.max(by: { columns[$0].rank < columns[$1].rank }) else { break }
      shown[last] = 0
    }
    while excess(shown) > 0 {
      let candidates = columns.indices.filter { shown[$0] > least($0) }
      guard let widest = candidates.max(by: { shown[$0] < shown[$1] }) else { break }
      shown[widest] -= 1
    }
    return shown
  }

  private static func cell(_ column: Column, of row: [ListField]) -> String {
    guard let value = row.first(where: { $0.name == column.name })?.value else { return "" }
    switch value {
    case .none, .object, .objects: return ""
    case .text(let text): return text
    case .integer(let number):
      guard column.isMoney, case .text(let code)? = row.first(where: { $0.name == "currency" })?.value,
        let currency = Currency(code)
      else { return String(number) }
      return Money(number, currency).description
    case .flag(let flag): return flag ? "yes" : "no"
    case .time(let time): return time.tableText
    case .texts(let texts): return texts.joined(separator: ", ")
    }
  }
}

extension Instant {
  /// `2026-03-01 12:00:00Z`: to the second, always UTC.
  var tableText: String {
    let text = rfc3339
    return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + "Z"
  }
}

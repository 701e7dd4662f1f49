package import Terminal

/// The boards: figures from all over the market, each leading to the list that it counts.
package enum BoardKind: String, CaseIterable, Sendable {
  case pulse, work

  package var title: String {
    switch self {
    case .pulse: "Pulse"
    case .work: "Work"
    }
  }
}

/// A board screen: what was last read, and which line the cursor is on.
package struct BoardState: Equatable, Sendable {
  package let kind: BoardKind
  package var lines: [BoardLine] = []
  /// The line under the cursor, by its key: a refresh never moves it.
  package var selected: String?
  package var top = 0
  package var isLoading = false
  package var hasLoaded = false
  package var problem: String?
  package var generation = 0

  package init(kind: BoardKind) { self.kind = kind }

  package var selectedIndex: Int? { selected.flatMap { key in lines.firstIndex { $0.key == key } } }
  package var selectedLine: BoardLine? { selectedIndex.map { lines[$0] } }

  /// Moves the cursor by `step` lines that can be on; headings cannot.
  package mutating func move(by step: Int, height: Int) {
    let places = lines.indices.filter { !lines[$0].isHeading }
    guard !places.isEmpty else { return }
    let current = selectedIndex.flatMap { places.firstIndex(of: $0) } ?? 0
    selected = lines[places[min(max(current + step, 0), places.count - 1)]].key
    reveal(height: height)
  }

  package mutating func reveal(height: Int) {
    guard height > 0, let index = selectedIndex else { return }
    // The first figure brings its heading into view.
    let wanted = index > 0 && lines[index - 1].isHeading ? index - 1 : index
    if wanted < top { top = wanted }
    if index >= top + height { top = index - height + 1 }
    top = min(max(top, 0), max(0, lines.count - height))
  }

  package mutating func take(_ lines: [BoardLine], height: Int) {
    self.lines = lines
    if selectedIndex == nil { selected = lines.first { !$0.isHeading }?.key }
    hasLoaded = true
    reveal(height: height)
  }
}

/// One line of a board: a heading, or a figure with what it means and where it leads.
package struct BoardLine: Equatable, Sendable {
  /// Tells it from every other line, over refreshes.
  package var key: String
  package var label: String
  package var value: String
  package var style: StyleID
  package var note: String
  /// The last hour by the minute, or the like; drawn as a sparkline where there is room.
  package var series: [Int]
  package var target: Route?
  package var isHeading: Bool
  /// Its note says most of it: it stands beside others of its kind, not in the columns of figures.
  package var isProse = false

  package init(
    _ key: String, _ label: String, _ value: String, _ style: StyleID = .text, note: String = "", series: [Int] = [],
    target: Route? = nil
  ) {
    self.key = key
    self.label = label
    self.value = value
    self.style = style
    self.note = note
    self.series = series
    self.target = target
    isHeading = false
  }

  package static func heading(_ title: String) -> BoardLine {
    var line = BoardLine("heading \(title)", title, "")
    line.isHeading = true
    return line
  }
}

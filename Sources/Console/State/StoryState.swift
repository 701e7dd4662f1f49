package import Store
package import Terminal

/// What a story is told of.
package enum StorySubject: Equatable, Sendable {
  /// By its number.
  case order(String)
  case supportCase(Int64)
  case stockImport(Int64)
  /// By its handle.
  case vendor(String)

  package var title: String {
    switch self {
    case .order(let number): number
    case .supportCase(let id): "case \(id)"
    case .stockImport(let id): "import \(id)"
    case .vendor(let handle): handle
    }
  }

  /// The list that such things stand in.
  package var kind: ListKind {
    switch self {
    case .order: .orders
    case .supportCase: .cases
    case .stockImport: .imports
    case .vendor: .vendors
    }
  }
}

/// The timeline screen: the whole story of an order or of a case.
package struct StoryState: Equatable, Sendable {
  package let subject: StorySubject
  /// What it is about as it was last read: actions hold on to its version.
  package var row: DisplayRow?
  package var header: [StoryFact] = []
  package var lines: [StoryLine] = []
  package var selected = 0
  package var top = 0
  package var isLoading = false
  package var hasLoaded = false
  package var problem: String?
  package var generation = 0
  /// The selected line's full text is shown.
  package var isExpanded = false
  /// Who else has it open.
  package var present: [Colleague] = []

  package init(_ subject: StorySubject) { self.subject = subject }

  /// The order's number; `nil` of a case.
  package var number: String? { if case .order(let number) = subject { number } else { nil } }
  package var selectedLine: StoryLine? { lines.indices.contains(selected) ? lines[selected] : nil }

  package mutating func move(by step: Int, height: Int) {
    guard !lines.isEmpty else { return }
    selected = min(max(selected + step, 0), lines.count - 1)
    reveal(height: height)
  }

  /// As it is kept for coming back to.
  package var left: StoryState {
    var story = self
    story.isLoading = false
    story.isExpanded = false
    story.present = []
    return story
  }

  package mutating func reveal(height: Int) {
    guard height > 0 else { return }
    if selected < top { top = selected }
    if selected >= top + height { top = selected - height + 1 }
    top = min(max(top, 0), max(0, lines.count - height))
  }

  /// Takes a fresh reading; the cursor stays on its line by that line's identity.
  package mutating func take(_ reading: StoryReading, height: Int) {
    let (header, lines) = (reading.header, reading.lines)
    row = reading.row
    let key = self.lines.indices.contains(selected) ? self.lines[selected].key : nil
    self.header = header
    self.lines = lines
    if let key, let index = lines.firstIndex(where: { $0.key == key }) { selected = index }
    selected = min(selected, max(0, lines.count - 1))
    hasLoaded = true
    reveal(height: height)
  }
}

/// A story as it was read.
package struct StoryReading: Equatable, Sendable {
  package var header: [StoryFact]
  package var lines: [StoryLine]
  package var row: DisplayRow?

  package init(header: [StoryFact], lines: [StoryLine], row: DisplayRow? = nil) {
    self.header = header
    self.lines = lines
    self.row = row
  }
}

/// A fact in the timeline's head: a label and its value.
package struct StoryFact: Equatable, Sendable {
  package var label: String
  package var value: String
  package var style: StyleID

  package init(_ label: String, _ value: String, _ style: StyleID = .text) {
    self.label = label
    self.value = value
    self.style = style
  }
}

/// One thing that happened.
package struct StoryLine: Equatable, Sendable {
  /// Tells it from every other line of the story, over refreshes.
  package var key: String
  package var time: String
  package var symbol: String
  package var style: StyleID
  package var title: String
  package var detail: String
  /// All of it, for the expanded view.
  package var full: [String]
  package var copyText: String
  /// Where Enter leads; without it Enter shows all of the line.
  package var target: Route?

  package init(
    key: String, time: String, symbol: String, style: StyleID, title: String, detail: String, full: [String] = [],
    copyText: String = "", target: Route? = nil
  ) {
    self.key = key
    self.time = time
    self.symbol = symbol
    self.style = style
    self.title = title
    self.detail = detail
    self.full = full
    self.copyText = copyText
    self.target = target
  }
}

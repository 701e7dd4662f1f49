package import Terminal

/// Where things stand on the screen: one line of title, one of tabs, the body, one of hints.
package struct Layout: Equatable, Sendable {
  package let size: Size

  package init(_ size: Size) { self.size = size }

  package static let least = Size(rows: 10, columns: 40)
  /// Columns from which there is room for a side pane.
  package static let paneFrom = 140

  package var isTooSmall: Bool { size.rows < Self.least.rows || size.columns < Self.least.columns }
  package var hasRoomForPane: Bool { size.columns >= Self.paneFrom }

  package var titleRow: Int { 0 }
  package var tabRow: Int { 1 }
  package var hintRow: Int { size.rows - 1 }

  /// Between tabs and hints.
  package var middle: Rect { Rect(row: 2, column: 0, rows: max(0, size.rows - 3), columns: size.columns) }

  /// The list's part of the middle, and the side pane's where there is one.
  package func split(for state: AppState) -> (list: Rect, pane: Rect?) {
    guard state.hasPane else { return (middle, nil) }
    let (rest, pane) = middle.splitRight(min(60, size.columns / 3))
    return (rest, pane)
  }

  /// The rows of a list (below its column titles), of a timeline (below its head) or of a board.
  package func body(of state: AppState) -> Rect {
    switch state.screen {
    case .list: split(for: state).list.splitTop(1).rest
    case .story(let story): middle.splitTop(headRows(story)).rest
    case .board: middle
    }
  }

  /// A timeline's head: its facts in one or two columns, and a line below.
  package func headRows(_ story: StoryState) -> Int {
    guard !story.header.isEmpty else { return 1 }
    let perRow = size.columns >= 110 ? 2 : 1
    let facts = min(story.header.count, perRow == 1 ? compactFacts : story.header.count)
    return (facts + perRow - 1) / perRow + 1
  }

  /// How many facts a narrow screen shows: few enough that most of it is left for the story.
  package var compactFacts: Int { size.rows >= 20 ? 8 : 3 }
}

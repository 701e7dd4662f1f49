extension AppState {
  /// What an action on one thing is meant for: the row under the cursor, or what the story is told of.
  package var chosenRow: DisplayRow? { list.map(\.selectedRow) ?? story?.row }
}

/// Marks: the rows that an action is meant for, held by their ids over refreshes and other filters.
extension ListState {
  /// At most so many rows are acted on in one go.
  static let markLimit = 500

  /// What an action is meant for: the marked rows, else the one under the cursor.
  package var chosen: [DisplayRow] {
    guard marks.isEmpty else { return marks.values.sorted { $0.id > $1.id } }
    return selectedRow.map { [$0] } ?? []
  }

  package mutating func toggleMark() {
    guard let row = selectedRow else { return }
    if marks[row.id] == nil {
      if marks.count < Self.markLimit { marks[row.id] = row }
    } else {
      marks[row.id] = nil
    }
  }

  /// Marks all that is loaded; where all of it is marked already, none of it.
  package mutating func toggleAllMarks() {
    if rows.allSatisfy({ marks[$0.id] != nil }) {
      for row in rows { marks[row.id] = nil }
    } else {
      for row in rows where marks.count < Self.markLimit { marks[row.id] = row }
    }
  }

  /// A marked row that is read again is marked as it is shown now.
  mutating func refreshMarks() {
    guard !marks.isEmpty else { return }
    for row in rows where marks[row.id] != nil { marks[row.id] = row }
  }

  /// Said before anything is done to rows that cannot be seen.
  package var hiddenMarks: String? {
    guard !marks.isEmpty else { return nil }
    let shown = rows.reduce(0) { $0 + (marks[$1.id] == nil ? 0 : 1) }
    let hidden = marks.count - shown
    guard hidden > 0 else { return nil }
    return "\(hidden) of \(marks.count) selected rows \(hidden == 1 ? "is" : "are") hidden by the filter"
  }
}

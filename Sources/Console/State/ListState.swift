import Market
package import Store

/// A list screen: what is loaded, what is selected, what it is filtered by.
package struct ListState: Equatable, Sendable {
  package let kind: ListKind
  /// Newest first.
  package var rows: [DisplayRow] = []
  /// The row under the cursor, by id.
  package var selected: Int64?
  /// The row at the top of the view, by id: a refresh never moves what is being looked at.
  package var top: Int64?
  /// As typed and applied.
  package var filter = ""
  package var isLoading = false
  package var hasLoaded = false
  /// Nothing older is left to load.
  package var reachedEnd = false
  /// Rows that arrived above the view since its top was last looked at.
  package var newAbove = 0
  package var isPaused = false
  /// The cursor is on the newest row because that is the newest: it goes along with those that come. Going elsewhere or
  /// opening the row ends it, going to the top begins it.
  package var isFollowing = true
  package var problem: String?
  /// Rows marked for an action, by id, as they were last shown.
  package var marks: [Int64: DisplayRow] = [:]
  /// Answers of an older generation are dropped.
  package var generation = 0

  package init(kind: ListKind) { self.kind = kind }

  package var selectedIndex: Int? { selected.flatMap { id in rows.firstIndex { $0.id == id } } }
  package var selectedRow: DisplayRow? { selectedIndex.map { rows[$0] } }
  package var topIndex: Int { top.flatMap { id in rows.firstIndex { $0.id == id } } ?? 0 }
}

extension ListState {
  /// Moves the cursor by `step` rows, within what is loaded.
  package mutating func move(by step: Int, height: Int) {
    guard !rows.isEmpty else { return }
    let index = min(max((selectedIndex ?? 0) + step, 0), rows.count - 1)
    select(index, height: height)
    isFollowing = index == 0
  }

  /// Puts the cursor on a row and brings it into view.
  package mutating func select(_ index: Int, height: Int) {
    guard rows.indices.contains(index) else { return }
    selected = rows[index].id
    reveal(height: height)
  }

  /// Scrolls just so far that the cursor is in view. `fills`: no room is left below the last row while there are rows
  /// above: not where that would move what is being looked at.
  package mutating func reveal(height: Int, fills: Bool = false) {
    guard height > 0, !rows.isEmpty else { return }
    let index = selectedIndex ?? 0
    var first = topIndex
    if index < first { first = index }
    if index >= first + height { first = index - height + 1 }
    if fills { first = min(first, max(0, rows.count - height)) }
    top = rows[max(first, 0)].id
    if first == 0 { newAbove = 0 }
  }

  /// Takes a fresh first page. Rows below it that were loaded before stay; the cursor and the view stay on their rows,
  /// unless they follow the newest.
  package mutating func merge(firstPage page: [DisplayRow], limit: Int, height: Int) {
    let followed = isFollowing && topIndex == 0 && (selectedIndex ?? 0) == 0
    let known = Set(rows.map(\.id))
    let count = rows.count
    let fresh = page.filter { !known.contains($0.id) }.count
    if page.count < limit {
      rows = page
      reachedEnd = true
    } else {
      let oldest = page.last?.id ?? Int64.max
      rows = page + rows.filter { $0.id < oldest }
    }
    refreshMarks()
    if !hasLoaded, !followed, rows.contains(where: { $0.id == selected }) {
      // Come back to: the cursor is where it was left, if that is still near.
      top = selected
    } else if !hasLoaded || followed {
      selected = rows.first?.id
      top = rows.first?.id
    } else {
      keepPlace()
      if topIndex > 0 { newAbove = min(newAbove + fresh, topIndex) }
    }
    let isFirst = !hasLoaded
    hasLoaded = true
    reveal(height: height, fills: isFirst || rows.count < count)
  }

  /// Adds an older page at the end.
  package mutating func append(_ page: [DisplayRow], limit: Int) {
    let known = Set(rows.map(\.id))
    rows += page.filter { !known.contains($0.id) }
    if page.count < limit { reachedEnd = true }
  }

  /// As it is kept for coming back to: without its rows.
  package var left: ListState {
    var list = self
    list.rows = []
    list.top = nil
    list.hasLoaded = false
    list.reachedEnd = false
    list.isLoading = false
    list.newAbove = 0
    return list
  }

  /// Where the selected row is gone, the cursor goes to the next older one.
  private mutating func keepPlace() {
    if let id = selected, !rows.contains(where: { $0.id == id }) {
      selected = (rows.first { $0.id < id } ?? rows.last)?.id
    }
    if let id = top, !rows.contains(where: { $0.id == id }) {
      top = (rows.first { $0.id < id } ?? rows.last)?.id
    }
    if selected == nil { selected = rows.first?.id }
    if top == nil { top = rows.first?.id }
  }
}

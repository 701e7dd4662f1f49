import Market
import Terminal

/// A tab as it stands on the screen.
struct Tab: Equatable {
  var place: Place
  var keyText: String
  /// Cells of the row that it takes, to be clicked on.
  var columns: Range<Int>
  var isShown: Bool
}

/// The tabs that fit, among them that of the shown screen, with `width` cells for all.
func tabs(of state: AppState, width: Int) -> [Tab] {
  let places = state.openPlaces
  let shown = places.firstIndex { $0 == state.place } ?? 0
  let widths = places.map { place in
    keyWidth(of: place, state) + TextWidth.of(state.language(place.title)) + 2
  }
  let trailing = tabTrailing(state, width: width).width
  let room = width - trailing - (trailing > 0 ? 4 : 2)
  // The first tab moves on until the shown one fits.
  var first = 0
  while first < shown, widths[first...shown].reduce(0, +) > room { first += 1 }
  var tabs: [Tab] = []
  var column = 1
  for index in places.indices.dropFirst(first) {
    guard column + widths[index] - 2 <= room + 1 else { break }
    tabs.append(
      Tab(
        place: places[index], keyText: keyText(of: places[index], state),
        columns: column..<(column + widths[index] - 2),
        isShown: index == shown))
    column += widths[index]
  }
  return tabs
}

/// The key and a blank; a place without a key has neither.
private func keyWidth(of place: Place, _ state: AppState) -> Int {
  let key = keyText(of: place, state)
  return key.isEmpty ? 0 : TextWidth.of(key) + 1
}

private func keyText(of place: Place, _ state: AppState) -> String {
  state.commands.first { $0.id == .go(place) }?.keyText ?? ""
}

extension Place {
  /// Drawn before it is known who signs in.
  static let beforeSignIn: [Place] = all.filter { $0.isOpen(to: .support) }
}

/// What stands at the end of the row of tabs: the filter, or where below the tab one is.
func tabTrailing(_ state: AppState, width: Int) -> (text: String, style: StyleID, width: Int) {
  let text: (String, StyleID) =
    if let list = state.list, !list.filter.isEmpty {
      ("/\(list.filter)", .match)
    } else if let story = state.story {
      ("› \(story.subject.title)", .title)
    } else if state.screens.count > 1, let list = state.list {
      ("› \(state.language(list.kind.title))", .title)
    } else { ("", .muted) }
  return (text.0, text.1, min(TextWidth.of(text.0), max(0, width / 2)))
}

func renderTabs(_ grid: inout Grid, _ state: AppState, _ layout: Layout) {
  let width = state.size.columns
  let row = layout.tabRow
  let tabs = tabs(of: state, width: width)
  for tab in tabs {
    let key = tab.keyText.isEmpty ? "" : "\(tab.keyText) "
    let used = grid.write(key, row: row, column: tab.columns.lowerBound, style: .key)
    grid.write(
      state.language(tab.place.title), row: row, column: tab.columns.lowerBound + used,
      style: tab.isShown ? .title : .muted)
  }
  // More to either side than there is room for.
  let places = state.openPlaces
  if let first = tabs.first, first.place != places.first { grid.write("‹", row: row, column: 0, style: .muted) }
  if let last = tabs.last, last.place != places.last, last.columns.upperBound + 1 < width {
    grid.write("…", row: row, column: last.columns.upperBound + 1, style: .muted)
  }
  let trailing = tabTrailing(state, width: width)
  guard trailing.width > 0 else { return }
  grid.write(
    trailing.text, row: row, column: width - trailing.width - 1, style: trailing.style, maxWidth: trailing.width,
    truncation: .end)
}

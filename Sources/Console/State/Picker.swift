import Market
import Store
import Terminal

/// A choice from a short list that lies over the screen.
package struct PickerState: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Which columns of the list are shown.
    case columns
    /// What the list is sorted by, and why not by the others.
    case sorting
    /// The filters that the person kept for this list.
    case savedFilters
    /// The themes, tried on while the cursor moves; the name is that of before.
    case themes(before: String)
  }

  package var kind: Kind
  package var selected = 0

  package init(_ kind: Kind, selected: Int = 0) {
    self.kind = kind
    self.selected = selected
  }
}

/// One line of a choice.
package struct PickerItem: Equatable, Sendable {
  package var text: String
  package var note: String
  /// `nil`: nothing to be ticked.
  package var isTicked: Bool?
  package var isOpen: Bool

  package init(_ text: String, note: String = "", isTicked: Bool? = nil, isOpen: Bool = true) {
    self.text = text
    self.note = note
    self.isTicked = isTicked
    self.isOpen = isOpen
  }
}

extension PickerState {
  package var title: String {
    switch kind {
    case .columns: "Columns"
    case .sorting: "Sorted by"
    case .savedFilters: "Saved filters"
    case .themes: "Themes"
    }
  }

  package var hint: String {
    switch kind {
    case .columns: "space shows or hides, esc is done"
    case .sorting: "esc is done"
    case .savedFilters: "enter applies, d forgets"
    case .themes: "enter keeps, esc goes back"
    }
  }

  package var emptyText: String { "None yet: ctrl-s keeps the filter that you type" }

  package func items(in state: AppState) -> [PickerItem] {
    switch kind {
    case .themes: return state.themeNames.map { PickerItem($0, isTicked: $0 == state.themeName) }
    case .savedFilters:
      guard let list = state.list else { return [] }
      return (state.remembered.filters[list.kind.rawValue] ?? []).map { PickerItem($0) }
    case .columns:
      guard let list = state.list else { return [] }
      let hidden = state.remembered.hiddenColumns[list.kind.rawValue] ?? []
      return list.kind.screen.columns(for: state.role).enumerated().map { index, column in
        PickerItem(
          column.title, note: index == 0 ? "always shown" : "", isTicked: !hidden.contains(column.id),
          isOpen: index > 0)
      }
    case .sorting:
      guard let list = state.list else { return [] }
      let sort = Self.sort(of: list, state.role)
      let columns = list.kind.screen.columns(for: state.role)
      return [PickerItem("NEWEST FIRST", note: "by the id's index", isTicked: sort == nil)]
        + columns.map { column in
          guard let name = Self.sortName(of: column, in: list, state.role) else {
            return PickerItem(column.title, note: "no keyset index: it would read the whole list", isOpen: false)
          }
          let order = sort?.isAscending == true ? "smallest or earliest first" : "largest or latest first"
          let direction = sort?.name == name ? order : ""
          return PickerItem(column.title, note: direction, isTicked: sort?.name == name)
        }
    }
  }

  /// What the list's filter sorts it by.
  fileprivate static func sort(of list: ListState, _ role: Role?) -> FilterSort? {
    guard let role else { return nil }
    return (try? list.kind.schema(for: role).parse(list.filter, now: Instant(microseconds: 0)))?.sort
  }

  /// What `sort:` calls the column; `nil` where it has no keyset index.
  fileprivate static func sortName(of column: Column, in list: ListState, _ role: Role?) -> String? {
    role.flatMap { list.kind.schema(for: $0).sorts.first { $0 == column.id } }
  }
}

/// Keys while a choice is open.
func updatePicker(_ picker: PickerState, _ key: Key, _ state: inout AppState, now: Instant) -> [Effect] {
  var picker = picker
  let items = picker.items(in: state)
  switch key.code {
  case .down, .character("j"): picker.selected = min(picker.selected + 1, max(0, items.count - 1))
  case .up, .character("k"): picker.selected = max(0, picker.selected - 1)
  case .home: picker.selected = 0
  case .end: picker.selected = max(0, items.count - 1)
  case .character("q"): return closePicker(picker, &state)
  case .enter, .character(" "):
    return choose(picker, items, &state, isEnter: key.code == .enter, now: now)
  case .character("d"), .delete: return forget(picker, &state)
  default: return []
  }
  state.overlay = .picker(picker)
  if case .themes = picker.kind, state.themeNames.indices.contains(picker.selected) {
    state.themeName = state.themeNames[picker.selected]
    return [.setTheme(state.themeName)]
  }
  return []
}

/// Leaves a choice as it was before where it tried something on.
func closePicker(_ picker: PickerState, _ state: inout AppState) -> [Effect] {
  state.overlay = nil
  guard case .themes(let before) = picker.kind, before != state.themeName else { return [] }
  state.themeName = before
  return [.setTheme(before)]
}

private func choose(
  _ picker: PickerState, _ items: [PickerItem], _ state: inout AppState, isEnter: Bool, now: Instant
) -> [Effect] {
  guard items.indices.contains(picker.selected) else {
    state.overlay = nil
    return []
  }
  let item = items[picker.selected]
  switch picker.kind {
  case .themes:
    guard isEnter else { return [] }
    state.overlay = nil
    state.remembered.theme = state.themeName
    state.say("Theme: \(state.themeName)", at: now)
    return [.remember(state.remembered)] + state.toastEffect
  case .savedFilters:
    state.overlay = nil
    return applyFilter(item.text, &state, now: now)
  case .sorting:
    guard item.isOpen, let list = state.list else {
      state.say("\(item.text): \(item.note)", isProblem: true, at: now)
      return state.toastEffect
    }
    state.overlay = nil
    let columns = list.kind.screen.columns(for: state.role)
    var sort: FilterSort?
    if picker.selected > 0, columns.indices.contains(picker.selected - 1),
      let name = PickerState.sortName(of: columns[picker.selected - 1], in: list, state.role)
    {
      // Chosen once more it is turned round.
      let before = PickerState.sort(of: list, state.role)
      sort = FilterSort(name: name, isAscending: before?.name == name && before?.isAscending == false)
    }
    let filter = SortTerm.replace(in: list.filter, by: sort)
    return filter == list.filter ? [] : applyFilter(filter, &state, now: now)
  case .columns:
    guard let list = state.list, item.isOpen else { return [] }
    let columns = list.kind.screen.columns(for: state.role)
    guard columns.indices.contains(picker.selected) else { return [] }
    var hidden = state.remembered.hiddenColumns[list.kind.rawValue] ?? []
    let id = columns[picker.selected].id
    if let index = hidden.firstIndex(of: id) { hidden.remove(at: index) } else { hidden.append(id) }
    state.remembered.hiddenColumns[list.kind.rawValue] = hidden.isEmpty ? nil : hidden.sorted()
    return [.remember(state.remembered)]
  }
}

private func forget(_ picker: PickerState, _ state: inout AppState) -> [Effect] {
  guard picker.kind == .savedFilters, let list = state.list else { return [] }
  var filters = state.remembered.filters[list.kind.rawValue] ?? []
  guard filters.indices.contains(picker.selected) else { return [] }
  filters.remove(at: picker.selected)
  state.remembered.filters[list.kind.rawValue] = filters.isEmpty ? nil : filters
  var picker = picker
  picker.selected = min(picker.selected, max(0, filters.count - 1))
  state.overlay = .picker(picker)
  return [.remember(state.remembered)]
}

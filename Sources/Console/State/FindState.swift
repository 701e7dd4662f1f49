package import Market
import Terminal

/// Looking for an order by anything that is known of it.
package struct FindState: Equatable, Sendable {
  package var edit = LineEdit()
  /// What was found for what is typed; `nil` until that was asked.
  package var hits: [FoundOrder]?
  package var selected = 0
  package var isRunning = false
  /// Answers to an older question are dropped.
  package var generation = 0

  package init() {}

  /// Whether what is typed looks like a key, and this person may look for one.
  package func isForKey(_ role: Role?) -> Bool {
    role?.isStaff == true && KeyText.looksLikeKey(edit.text.trimmingBlanks)
  }

  /// Orders shown at most.
  static let limit = 50
}

/// An order, and by what it was found.
package struct FoundOrder: Equatable, Sendable {
  package var by: String
  package var row: DisplayRow
}

/// Keys while one looks for something.
func updateFind(
  _ find: FindState, _ input: InputEvent, _ key: Key, _ state: inout AppState, now: Instant
) -> [Effect] {
  var find = find
  switch key {
  case Key(.down), Key(.tab), .control("n"): find.selected = min(find.selected + 1, max(0, (find.hits?.count ?? 1) - 1))
  case Key(.up), .backtab, .control("p"): find.selected = max(0, find.selected - 1)
  case Key(.enter):
    if let hits = find.hits, hits.indices.contains(find.selected) { return open(hits[find.selected], &state, now: now) }
    guard !find.edit.text.trimmingBlanks.isEmpty, !find.isRunning else { return [] }
    find.isRunning = true
    state.overlay = .find(find)
    return state.askFind()
  default:
    guard edit(&find.edit, input, key) else { return [] }
    find.hits = nil
    find.selected = 0
    find.isRunning = false
  }
  state.overlay = .find(find)
  return []
}

extension AppState {
  /// Asks what is being looked for; without a connection it is asked once there is one.
  mutating func askFind() -> [Effect] {
    guard case .find(var find) = overlay, find.isRunning, connection == .signedIn else { return [] }
    find.generation = nextGeneration
    nextGeneration += 1
    overlay = .find(find)
    let text = find.edit.text.trimmingBlanks
    // A key goes nowhere as plain text.
    if find.isForKey(role) { return [.findKey(text, generation: find.generation, clock: clock)] }
    return [.find(text, generation: find.generation, clock: clock)]
  }
}

/// Takes what was found; the only one is opened at once.
func take(_ hits: [FoundOrder], generation: Int, _ state: inout AppState, now: Instant) -> [Effect] {
  guard case .find(var find) = state.overlay, find.isRunning, find.generation == generation else { return [] }
  if hits.count == 1 { return open(hits[0], &state, now: now) }
  find.isRunning = false
  find.hits = hits
  find.selected = 0
  state.overlay = .find(find)
  return []
}

private func open(_ hit: FoundOrder, _ state: inout AppState, now: Instant) -> [Effect] {
  state.overlay = nil
  guard let target = hit.row.target else { return [] }
  return follow(target, &state, now: now)
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

import Market
import Store
import Terminal
import Testing

@testable import Console

/// Taking back what was done last.
@Suite struct UndoTests {
  private let size = Size(rows: 24, columns: 80)

  @Test func aHoldIsTakenBackByAReleaseOfTheOrderAsItIsThen() {
    var state = Sample.loaded(.ops, size: size)
    #expect(press("z", in: &state) == state.toastEffect)
    #expect(state.toast?.text == "There is nothing that could be taken back")
    let index = Sample.orders.firstIndex { $0.state == .delivered } ?? 0
    for _ in 0..<index { _ = press("j", in: &state) }
    _ = press("h", in: &state)
    type("looks odd", into: &state)
    _ = press("tab", "tab", "enter", in: &state)
    _ = update(&state, .previewed(["1 delivery is stopped"], typed: nil), now: Sample.now)
    let effects = press("tab", "enter", in: &state)
    guard case .perform(.holdOrder(let row), _)? = effects.first else {
      Issue.record("nothing is held")
      return
    }
    _ = update(&state, .actionDone("held"), now: Sample.now)
    _ = press("z", in: &state)
    #expect(state.story?.number == row.name)
    // Nothing happens before the order is read anew.
    #expect(state.overlay == nil)
    var held = state.chosenRow ?? DisplayRow(id: row.id, version: row.version + 1, cells: [], copyText: row.name)
    held.detail = .order(.held, total: Money(1_999, .eur), units: 1, isHeld: true)
    _ = update(
      &state,
      .storyLoaded(generation: state.story?.generation ?? 0, StoryReading(header: [], lines: [], row: held)),
      now: Sample.now)
    guard case .form(let form) = state.overlay, case .releaseOrder(let shown) = form.action else {
      Issue.record("no form to release it")
      return
    }
    #expect(shown.version == row.version + 1)
    // Once taken back, there is no undo of the same.
    _ = press("esc", "z", in: &state)
    #expect(state.toast?.text == "There is nothing that could be taken back")
  }

  @Test func whatHasLeftTheHouseIsNotTakenBack() {
    let row = RowAsShown(id: 1, version: 1, name: "GK-1")
    #expect(Undo(.retryDeliveries([row]), by: .ops) == nil)
    #expect(Undo(.submitEvidence(row), by: .ops) == nil)
    #expect(Undo(.replaceKey(row), by: .ops) == nil)
    #expect(Undo(.replaceKey(row), by: .support)?.command == .withdrawAsk)
  }
}

import Market
import Store
import Terminal
import Testing

@testable import Console

/// The linear mode: what is said, and what a typed line does.
@Suite struct PlainTests {
  private let size = Size(rows: 24, columns: 80)

  @Test func aListIsSaidOnceAndThenOnlyWhatIsNewOrChanged() {
    var state = Sample.loaded(.ops, size: size)
    var text = PlainText()
    let first = text.news(state)
    #expect(first.contains("Orders: 12"))
    #expect(first.contains { $0.hasPrefix("1. GK-7Q2M-4XK0-9R, open, anna.schmidt@example.com") })
    #expect(text.news(state).isEmpty)
    state.list?.rows[2].cells[1] = DisplayCell("● delivered", .stateOk)
    var fresh = state.list?.rows[0]
    fresh?.id = 5_000
    if let fresh { state.list?.rows.insert(fresh, at: 0) }
    let second = text.news(state)
    #expect(second.count == 2)
    #expect(second[0].hasPrefix("New: 1. GK-"))
    #expect(second[1].hasPrefix("Changed: 4. GK-") && second[1].contains(", delivered, "))
  }

  @Test func noSignsAndNoBordersAreSaid() {
    for kind in ListKind.allCases {
      for role in Role.people where kind.isOpen(to: role) {
        var text = PlainText()
        for line in text.news(Sample.loaded(role, size: size, kind: kind)) {
          #expect(!line.contains { "●○◑◔✗‖↩↻▌│─┌✓".contains($0) }, "\(line)")
        }
      }
    }
  }

  @Test func aNumberReadsARowOutAndOpenOpensIt() {
    var state = Sample.loaded(.ops, size: size)
    _ = PlainInput.update(&state, "3", now: Sample.now)
    #expect(state.toast?.text.hasPrefix("Row 3: order GK-7Q2M-4XK2-9R, state paid") == true)
    _ = PlainInput.update(&state, "open", now: Sample.now)
    #expect(state.story?.number == Sample.orders[2].number)
    _ = PlainInput.update(&state, "back", now: Sample.now)
    #expect(state.list?.kind == .orders)
    _ = PlainInput.update(&state, "deliveries", now: Sample.now)
    #expect(state.list?.kind == .deliveries)
    _ = PlainInput.update(&state, "/state:failed", now: Sample.now)
    #expect(state.list?.filter == "state:failed")
    _ = PlainInput.update(&state, "/state:fail", now: Sample.now)
    #expect(state.toast?.isProblem == true)
    _ = PlainInput.update(&state, "dance", now: Sample.now)
    #expect(state.toast?.text == "There is no command “dance”; help lists them")
  }

  @Test func anActionAsksFieldByFieldAndDoesNothingWithoutAYes() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    var text = PlainText()
    _ = text.news(state)
    let row = (Sample.deliveries.firstIndex { $0.state == .failed } ?? 0) + 1
    _ = PlainInput.update(&state, "\(row)", now: Sample.now)
    _ = PlainInput.update(&state, "retry-delivery", now: Sample.now)
    #expect(text.news(state).last == "Reason:")
    _ = PlainInput.update(&state, "x", now: Sample.now)
    #expect(text.news(state).contains("Problem: Say why, in at least three letters"))
    _ = PlainInput.update(&state, "nothing came", now: Sample.now)
    #expect(text.news(state).last == "Retry delivery? Type yes; anything else cancels.")
    let effects = PlainInput.update(&state, "yes", now: Sample.now)
    #expect(effects.count == 1)
    state.overlay = nil
    _ = PlainInput.update(&state, "retry-delivery", now: Sample.now)
    _ = PlainInput.update(&state, "nothing came", now: Sample.now)
    #expect(PlainInput.update(&state, "no", now: Sample.now).isEmpty)
    #expect(state.overlay == nil)
  }
}

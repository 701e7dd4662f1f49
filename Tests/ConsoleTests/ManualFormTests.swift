import Market
import Store
import Terminal
import Testing

@testable import Console

/// Forms of what people do by hand: what they ask, what they refuse and why, when they do something.
@Suite struct ManualFormTests {
  private let size = Size(rows: 24, columns: 80)

  /// The cursor on the first order of a state.
  private func state(_ role: Role, on wanted: OrderState) -> AppState {
    var state = Sample.loaded(role, size: size)
    for _ in 0..<(Sample.orders.firstIndex { $0.state == wanted } ?? 0) { _ = press("j", in: &state) }
    return state
  }

  private func shown(_ state: OrderState) -> RowAsShown {
    let row = Sample.orders.first { $0.state == state } ?? Sample.orders[0]
    return RowAsShown(id: row.id, version: row.version, name: row.number)
  }

  static let refusals: [(Role, OrderState, String, String)] = [
    (.ops, .open, "S", "Nothing was paid for this order"), (.ops, .refunded, "b", "No key is sent for an order"),
    (.ops, .held, "A", "It is held for its payment"), (.ops, .expired, "h", "Nothing more happens to an order"),
    (.ops, .delivered, "l", "Nobody holds it"), (.ops, .held, "l", "Its payment holds it, and nobody of the staff"),
    (.support, .held, "l", "A person in the role support may not release a held order"),
    (.support, .delivered, "t", "A person in the role support may not retry a delivery"),
  ]

  @Test(arguments: refusals)
  func whatCannotBeDoneSaysWhy(_ role: Role, _ order: OrderState, _ key: String, _ why: String) {
    var state = state(role, on: order)
    _ = press(key, in: &state)
    #expect(state.overlay == nil)
    #expect(state.toast?.text.hasPrefix(why) == true, "\(state.toast?.text ?? "nothing")")
  }

  @Test func aHoldIsWorkedOutAndThenDone() {
    var state = state(.support, on: .paid)
    _ = press("h", in: &state)
    type("looks like fraud", into: &state)
    let action = ActionRequest.holdOrder(shown(.paid))
    let values = ["reason": "looks like fraud"]
    #expect(press("tab", "tab", "enter", in: &state) == [.preview(action, values: values)])
    _ = update(&state, .previewed(["It is held; 1 delivery is stopped"], typed: nil), now: Sample.now)
    #expect(TestScreen(render(state).grid).contains("1 delivery is stopped"))
    #expect(press("tab", "enter", in: &state) == [.perform(action, values: values)])
  }

  @Test func supportIsToldThatSomebodyHasToAgree() {
    for key in ["A", "b"] {
      var state = state(.support, on: .delivered)
      _ = press(key, in: &state)
      guard case .form(let form) = state.overlay else {
        Issue.record("no form")
        continue
      }
      #expect(form.lines.contains("Ops or an admin has to agree first."))
      var ops = self.state(.ops, on: .delivered)
      _ = press(key, in: &ops)
      guard case .form(let own) = ops.overlay else { continue }
      #expect(!own.lines.contains("Ops or an admin has to agree first."))
    }
  }

  @Test func anAskIsDecidedByWhoMayAndOnce() {
    var state = Sample.loaded(.ops, size: size, kind: .asks)
    _ = press("a", in: &state)
    type("looked into it", into: &state)
    let row = RowAsShown(id: 40, version: 1, name: Sample.asks[0].order)
    #expect(
      press("tab", "tab", "enter", in: &state)
        == [.perform(.decideAsk(row, .approve), values: ["reason": "looked into it"])])
    state.overlay = nil
    _ = press("j", "x", in: &state)
    #expect(state.overlay == nil && state.toast?.text == "It is approved already")
    var support = Sample.loaded(.support, size: size, kind: .asks)
    _ = press("a", in: &support)
    #expect(support.toast?.text == "Ask ops or an admin: support may not replace a bad key")
  }

  @Test func aBreakIsAssignedExplainedAndClosed() {
    for (key, typed) in [("a", true), ("n", false), ("x", false)] {
      var state = Sample.loaded(.ops, size: size, kind: .breaks)
      _ = press(key, in: &state)
      if typed { _ = press("tab", in: &state) }
      type("another shop's sale", into: &state)
      guard case .perform(let action, let values)? = press("tab", "tab", "enter", in: &state).first else {
        Issue.record("\(key) does nothing")
        continue
      }
      let row = RowAsShown(id: 60, version: 1, name: Sample.breaks[0].object)
      #expect([.assignBreak(row), .explainBreak(row), .closeBreak(row)].contains(action))
      #expect(values["reason"] == "another shop's sale")
    }
  }

  @Test func aLongPreviewIsReadPageByPage() {
    var state = Sample.loaded(.ops, size: size)
    var form = FormState(
      action: .submitEvidence(shown(.disputed)), title: "Send", lines: [], confirmTitle: "Send", hasPreview: true)
    form.preview = (1...60).map { "field \($0)" }
    state.overlay = .form(form)
    #expect(TestScreen(render(state).grid).contains("pgdn"))
    #expect(!TestScreen(render(state).grid).contains("field 60"))
    for _ in 0..<11 { _ = press("pgdn", in: &state) }
    #expect(TestScreen(render(state).grid).contains("field 60"))
    for _ in 0..<11 { _ = press("pgup", in: &state) }
    #expect(TestScreen(render(state).grid).contains("field 1"))
  }

  @Test func colleaguesAreShownOnceEachAndNeverOneself() {
    let found = Presence.colleagues(
      [
        "ops_bo 1793199720 1", "ops_bo 1793199000 2", "ops_anna 1793199000 3", "nonsense", "x y 1",
        "sup_cy 1793199999 4",
      ], besides: "ops_anna")
    #expect(found.map(\.login) == ["ops_bo", "sup_cy"])
    #expect(found.first?.since == Instant(unixSeconds: 1_793_199_000))
    var state = Sample.state(.ops, size: size)
    state.screens.append(.story(StoryState(.order("GK-7Q2M-4XK3-9R"))))
    _ = update(&state, .present(order: "GK-7Q2M-4XK3-9R", found), now: Sample.now)
    #expect(TestScreen(render(state).grid).contains("ops_bo has it open since"))
    _ = update(&state, .present(order: "GK-OTHER", []), now: Sample.now)
    #expect(state.story?.present == found)
  }
}

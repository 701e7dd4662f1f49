import Market
import Store
import Terminal
import Testing

@testable import Console

@Suite struct UpdateTests {
  private let size = Size(rows: 24, columns: 80)

  private func type(_ text: String, into state: inout AppState) -> [Effect] {
    text.flatMap { update(&state, .input(.character($0)), now: Sample.now) }
  }

  private func press(_ name: String, in state: inout AppState) -> [Effect] {
    guard let key = Key(name) else { return [] }
    if case .character(let character) = key.code, key.modifiers.isEmpty {
      return update(&state, .input(.character(character)), now: Sample.now)
    }
    return update(&state, .input(.key(key)), now: Sample.now)
  }

  @Test func everyKeyOfTheTableIsAKeyAndNoneIsBoundTwiceInOnePlace() {
    for role in Role.people {
      for kind in ListKind.allCases {
        let state = Sample.loaded(role, size: size, kind: kind)
        var seen: Set<Key> = []
        for command in Command.table where command.applies(to: state) {
          if case .go = command.id {} else { #expect(!command.keys.isEmpty, "\(command.title)") }
          for key in command.keys { #expect(seen.insert(key).inserted, "\(key) in \(kind)") }
        }
      }
    }
  }

  @Test func enterOpensTheOrderUnderTheCursorAndEscComesBackToIt() {
    var state = Sample.loaded(.ops, size: size)
    _ = press("j", in: &state)
    let selected = state.list?.selected
    let effects = press("enter", in: &state)
    #expect(state.story?.number == Sample.orders[1].number)
    guard case .loadStory(let query) = effects.first else {
      Issue.record("no story is read")
      return
    }
    #expect(query.subject == .order(Sample.orders[1].number))
    _ = press("esc", in: &state)
    #expect(state.list?.selected == selected)
  }

  @Test func aFilterIsAppliedOnlyWhenItIsUnderstood() {
    var state = Sample.loaded(.ops, size: size)
    _ = press("/", in: &state)
    _ = type("state:delivred", into: &state)
    #expect(press("enter", in: &state).isEmpty)
    guard case .filter(let filter) = state.overlay else {
      Issue.record("the filter line closed")
      return
    }
    #expect(filter.error?.column == 7)
    #expect(filter.error?.suggestion?.contains("delivered") == true)
    _ = press("ctrl-u", in: &state)
    _ = type("state:delivered", into: &state)
    let effects = press("enter", in: &state)
    #expect(state.overlay == nil)
    #expect(effects.count == 1)
    #expect(state.list?.filter == "state:delivered")
  }

  @Test func lateAnswersAreDropped() {
    var state = Sample.loaded(.ops, size: size)
    let old = state.list?.generation ?? 0
    _ = press("r", in: &state)
    _ = update(&state, .listLoaded(generation: old, rows: [], isFirstPage: true), now: Sample.now)
    #expect(state.list?.rows.isEmpty == false)
  }

  @Test func aChangeToldWhileReadingIsReadAfterwards() {
    var state = Sample.loaded(.ops, size: size)
    _ = press("r", in: &state)
    #expect(update(&state, .changed, now: Sample.now).isEmpty)
    let answer = Event.listLoaded(generation: state.list?.generation ?? 0, rows: [], isFirstPage: true)
    #expect(update(&state, answer, now: Sample.now).count == 1)
  }

  @Test func supportIsToldWhyItMayNotRetry() {
    var state = Sample.loaded(.support, size: size, kind: .deliveries)
    _ = press("t", in: &state)
    #expect(state.overlay == nil)
    #expect(state.toast?.text.contains("may not retry a delivery") == true)
  }

  @Test func aRetryNeedsAReasonAndAYesThatIsNotTheFirstThingInFocus() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    let index = Sample.deliveries.firstIndex { $0.state == .failed } ?? 0
    for _ in 0..<index { _ = press("j", in: &state) }
    _ = press("t", in: &state)
    guard case .form(let form) = state.overlay else {
      Issue.record("no confirmation")
      return
    }
    #expect(form.focus == .field(0))
    // Enter, Enter: from the empty reason to Cancel, and out.
    #expect(press("enter", in: &state).isEmpty)
    #expect(press("enter", in: &state).isEmpty)
    #expect(state.overlay == nil)

    _ = press("t", in: &state)
    _ = type("customer says nothing came", into: &state)
    _ = press("tab", in: &state)
    _ = press("tab", in: &state)
    let effects = press("enter", in: &state)
    let row = Sample.deliveries[index]
    #expect(
      effects == [
        .perform(
          .retryDeliveries([RowAsShown(id: row.id, version: row.version, name: row.order)]),
          values: ["reason": "customer says nothing came"])
      ])
  }

  @Test func readOnlyRefusesWhatChanges() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    state.isReadOnly = true
    _ = press("t", in: &state)
    #expect(state.toast?.text == "This session is read-only")
  }

  @Test func aPasteIsNeverACommand() {
    var state = Sample.loaded(.ops, size: size)
    let before = state
    #expect(update(&state, .input(.paste("qqq\nT:")), now: Sample.now).isEmpty)
    #expect(state == before)
  }

  @Test func aVendorHasNoPaymentsEvenByThePalette() {
    var state = Sample.loaded(.vendor, size: size, kind: .stock)
    #expect(!state.openPlaces.contains(.list(.payments)))
    #expect(!Command.offered(in: state).contains { $0.id == .go(.list(.payments)) })
    _ = press("2", in: &state)
    #expect(state.list?.kind == .stock)
  }

  @Test func losingTheConnectionKeepsWhatIsShown() {
    var state = Sample.loaded(.ops, size: size)
    let rows = state.list?.rows
    _ = update(&state, .connectionLost("server closed the connection", attempt: 0), now: Sample.now)
    #expect(state.list?.rows == rows)
    #expect(state.connection == .lost("server closed the connection"))
  }

  @Test func randomKeysNeverBreakTheState() {
    var generator = SystemRandomNumberGenerator()
    let keys = Command.table.flatMap(\.keys) + [Key(.tab), .backtab, Key(.left), Key(.right), Key(.delete)]
    for role in Role.people {
      var state = Sample.loaded(role, size: size, kind: .orders)
      for _ in 0..<2_000 {
        let key = keys.randomElement(using: &generator) ?? Key(.escape)
        guard key != Key("q"), key != .control("c") else { continue }
        if case .character(let character) = key.code, key.modifiers.isEmpty {
          _ = update(&state, .input(.character(character)), now: Sample.now)
        } else {
          _ = update(&state, .input(.key(key)), now: Sample.now)
        }
        if case .password = state.overlay { state.overlay = nil }
        if state.quitting { break }
        _ = render(state)
      }
    }
  }
}

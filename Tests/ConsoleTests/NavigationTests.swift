import Market
import Store
import Terminal
import Testing

@testable import Console

/// Going about, marking, choosing: all that changes the screen and not the market.
@Suite struct NavigationTests {
  private let size = Size(rows: 24, columns: 80)

  @discardableResult
  private func press(_ names: String..., in state: inout AppState) -> [Effect] {
    var effects: [Effect] = []
    for name in names {
      guard let key = Key(name) else { continue }
      if case .character(let character) = key.code, key.modifiers.isEmpty {
        effects = update(&state, .input(.character(character)), now: Sample.now)
      } else {
        effects = update(&state, .input(.key(key)), now: Sample.now)
      }
    }
    return effects
  }

  private func type(_ text: String, into state: inout AppState) {
    for character in text { _ = update(&state, .input(.character(character)), now: Sample.now) }
  }

  @Test func historyGoesBackAndForwardAsInABrowser() {
    var state = Sample.loaded(.ops, size: size)
    press("j", "enter", in: &state)
    let number = state.story?.number
    press("3", in: &state)
    #expect(state.list?.kind == .deliveries)
    press("[", in: &state)
    #expect(state.story?.number == number)
    press("[", in: &state)
    #expect(state.list?.kind == .orders)
    press("]", "]", in: &state)
    #expect(state.list?.kind == .deliveries)
    press("]", in: &state)
    #expect(state.toast?.text == "There is nothing ahead")
  }

  @Test func aFilterOfSeveralTermsIsAppliedByEnter() {
    var state = Sample.loaded(.ops, size: size)
    press("/", in: &state)
    type("state:delivered amount>30", into: &state)
    press("enter", in: &state)
    #expect(state.overlay == nil, "\(String(describing: state.overlay))")
    #expect(state.list?.filter == "state:delivered amount>30")
  }

  @Test func theCursorIsWhereItWasLeftWhenOneComesBack() {
    var state = Sample.loaded(.ops, size: size)
    press("j", "j", "j", in: &state)
    let selected = state.list?.selected
    press("3", "[", in: &state)
    let rows = OrdersScreen.display(Sample.page(.orders), role: .ops, clock: state.clock)
    _ = update(
      &state, .listLoaded(generation: state.list?.generation ?? 0, rows: rows, isFirstPage: true), now: Sample.now)
    #expect(state.list?.selected == selected)
  }

  @Test func tabGoesThroughTheScreensOfTheRole() {
    var state = Sample.loaded(.vendor, size: size)
    var seen: [Place] = []
    for _ in state.openPlaces {
      press("tab", in: &state)
      if let place = state.place { seen.append(place) }
    }
    #expect(Set(seen) == Set(state.openPlaces))
    #expect(!seen.contains(.list(.payments)) && !seen.contains(.board(.pulse)))
  }

  @Test func marksHoldOverRefreshesAndOtherFiltersAndAreCountedWhenHidden() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    press("j", "j", "j", "space", "space", in: &state)
    #expect(state.list?.marks.count == 2)
    _ = applyFilter("state:failed", &state, now: Sample.now)
    let rows = DeliveriesScreen.display(Sample.page(.deliveries), role: .ops, clock: state.clock)
      .filter { state.list?.marks[$0.id] == nil || $0.id == 46 }
    _ = update(
      &state, .listLoaded(generation: state.list?.generation ?? 0, rows: rows, isFirstPage: true), now: Sample.now)
    #expect(state.list?.marks.count == 2)
    #expect(state.list?.hiddenMarks == "1 of 2 selected rows is hidden by the filter")
    press("t", in: &state)
    guard case .form(let form) = state.overlay else {
      Issue.record("no form")
      return
    }
    #expect(form.lines.contains("1 of 2 selected rows is hidden by the filter"))
    guard case .retryDeliveries(let targets) = form.action else { return }
    #expect(targets.count == 2)
  }

  @Test func jobsThatWereGivenUpAreDoneAgainTogether() {
    var state = Sample.loaded(.ops, size: size, kind: .dead)
    press("*", "t", in: &state)
    guard case .form(let form) = state.overlay, case .redriveJobs(let rows) = form.action else {
      Issue.record("no form")
      return
    }
    #expect(rows.map(\.id) == [80, 79], "the third was done again already")
    state = Sample.loaded(.support, size: size, kind: .dead)
    press("t", in: &state)
    #expect(state.overlay == nil)
  }

  @Test func escTakesMarksAwayBeforeItTakesTheFilterAway() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    state.list?.filter = "state:failed"
    press("space", "esc", in: &state)
    #expect(state.list?.marks.isEmpty == true)
    #expect(state.list?.filter == "state:failed")
  }

  @Test func manyAtOnceAreConfirmedByTypingTheirNumber() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    let failed = Sample.deliveries.first { $0.state == .failed }
    guard let failed, var list = state.list else { return }
    let row = DeliveriesScreen.display(ListPage(.deliveries, [failed]), role: .ops, clock: state.clock)[0]
    for id in 1...12 {
      var copy = row
      copy.id = Int64(id)
      list.marks[copy.id] = copy
    }
    state.list = list
    press("t", in: &state)
    type("the mail server is back", into: &state)
    #expect(press("tab", "tab", "tab", "enter", in: &state).isEmpty)
    guard case .form(let form) = state.overlay else { return }
    #expect(form.problem == "Type 12 to confirm")
    type("12", into: &state)
    #expect(press("tab", "tab", "enter", in: &state).count == 1)
  }

  @Test func thePaletteFindsWhatCannotRunNowAndSaysWhy() {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    press(":", in: &state)
    type("retry", into: &state)
    guard case .palette(let palette) = state.overlay else { return }
    let found = palette.matches(in: state).first
    #expect(found?.id == .retryDelivery)
    #expect(found?.refusal(in: state)?.contains("cannot be retried") == true)
    press("enter", in: &state)
    #expect(state.toast?.isProblem == true)
  }

  @Test func aColumnIsHiddenAndThatIsRemembered() {
    var state = Sample.loaded(.ops, size: size)
    press("c", "down", "down", in: &state)
    let effects = press("space", in: &state)
    #expect(state.remembered.hiddenColumns["orders"] == ["customer"])
    #expect(effects == [.remember(state.remembered)])
    press("esc", in: &state)
    #expect(!TestScreen(render(state).grid).contains("CUSTOMER"))
  }

  @Test func aThemeIsTriedOnAndGivenBack() {
    var state = Sample.loaded(.ops, size: size)
    #expect(press("T", "down", in: &state) == [.setTheme("light")])
    #expect(press("esc", in: &state) == [.setTheme("dark")])
    #expect(state.themeName == "dark")
    press("T", "down", "enter", in: &state)
    #expect(state.remembered.theme == "light")
  }

  @Test func aFilterIsKeptAndAppliedAgain() {
    var state = Sample.loaded(.ops, size: size)
    press("/", in: &state)
    type("state:held", into: &state)
    press("ctrl-s", in: &state)
    #expect(state.list?.filter == "state:held")
    press("ctrl-l", "f", "enter", in: &state)
    #expect(state.list?.filter == "state:held")
    press("f", "d", in: &state)
    #expect(state.remembered.filters["orders"] == nil)
  }

  @Test func aFilterThatIsNotUnderstoodIsNotKept() {
    var state = Sample.loaded(.ops, size: size)
    press("/", in: &state)
    type("state:hold", into: &state)
    press("ctrl-s", in: &state)
    #expect(state.remembered.filters.isEmpty)
  }

  @Test func sortingByAColumnWithoutAnIndexIsRefusedWithTheReason() {
    var state = Sample.loaded(.ops, size: size)
    press("s", "down", "enter", in: &state)
    #expect(state.toast?.text.contains("no keyset index") == true)
  }

  @Test func theSidePaneFollowsTheCursorOnlyWhenItRests() {
    var state = Sample.loaded(.ops, size: Size(rows: 50, columns: 200))
    let first = state.list?.selected
    #expect(state.pane == first)
    let effects = press("j", "j", in: &state)
    #expect(state.pane == first)
    #expect(effects == [.rest(serial: 2)])
    _ = update(&state, .rested(serial: 1), now: Sample.now)
    #expect(state.pane == first)
    _ = update(&state, .rested(serial: 2), now: Sample.now)
    #expect(state.pane == state.list?.selected)
  }

  @Test func theMouseSelectsOpensScrollsAndChangesTabs() {
    var state = Sample.loaded(.ops, size: size)
    func click(_ row: Int, _ column: Int) {
      _ = update(
        &state, .input(.mouse(Mouse(.press, .left, at: Position(row: row, column: column)))), now: Sample.now)
    }
    click(6, 5)
    #expect(state.list?.selectedIndex == 3)
    click(6, 5)
    #expect(state.story?.number == Sample.orders[3].number)
    let tab = tabs(of: state, width: 80).first { $0.place == .list(.deliveries) }
    click(1, tab?.columns.lowerBound ?? 0)
    #expect(state.list?.kind == .deliveries)
  }

  @Test func aFigureOfTheBoardLeadsToTheListItCounts() {
    var state = Sample.loaded(.ops, size: size)
    press("0", in: &state)
    _ = update(
      &state, .boardLoaded(generation: state.board?.generation ?? 0, lines: PulseBoard.lines(Sample.pulse)),
      now: Sample.now)
    while state.board?.selected != "failed", state.board?.selectedIndex != (state.board?.lines.count ?? 1) - 1 {
      press("j", in: &state)
    }
    press("enter", in: &state)
    #expect(state.list?.kind == .deliveries)
    #expect(state.list?.filter == "state:failed")
    press("esc", in: &state)
    #expect(state.board?.selected == "failed")
  }

  @Test func everyFigureLeadsToAFilterThatItsListUnderstands() throws {
    for line in PulseBoard.lines(Sample.pulse, alerts: Sample.firing)
      + WorkBoard.lines(Sample.work, dead: Sample.deadLetters, clock: ClockFormat(offset: 0, isUTC: true))
    {
      guard case .place(.list(let kind), let filter) = line.target else { continue }
      _ = try kind.schema(for: .ops).parse(filter, now: Sample.now)
    }
  }

  @Test func whatIsFoundAloneIsOpenedAtOnce() {
    var state = Sample.loaded(.support, size: size)
    press("F", in: &state)
    type("anna.schmidt@example.com", into: &state)
    let effects = press("enter", in: &state)
    guard case .find(let text, let generation, _) = effects.first, let hits = Sample.found.hits else {
      Issue.record("nothing is looked for")
      return
    }
    #expect(text == "anna.schmidt@example.com")
    var several = state
    _ = update(&state, .found(generation: generation, [hits[2]]), now: Sample.now)
    #expect(state.overlay == nil && state.story?.number == Sample.orders[2].number)
    _ = update(&several, .found(generation: generation - 1, [hits[2]]), now: Sample.now)
    #expect(several.story == nil, "an answer to an older question")
    _ = update(&several, .found(generation: generation, hits), now: Sample.now)
    press("down", "enter", in: &several)
    #expect(several.story?.number == Sample.orders[1].number)
  }

  @Test func theShownTabIsAlwaysOnTheScreen() {
    for columns in [40, 60, 80, 120] {
      for place in Place.all where place.isOpen(to: .admin) {
        var state = Sample.loaded(.admin, size: Size(rows: 24, columns: columns))
        _ = go(to: place, &state, now: Sample.now)
        #expect(tabs(of: state, width: columns).contains { $0.isShown && $0.place == place }, "\(place) \(columns)")
      }
    }
  }
}

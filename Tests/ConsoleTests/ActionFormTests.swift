import Market
import Store
import Terminal
import Testing

@testable import Console

/// Forms of actions: what they ask, what they refuse, when they do something.
@Suite struct ActionFormTests {
  private let size = Size(rows: 24, columns: 80)

  @Test func amountsAreReadToTheMinorUnitAndNeverRounded() {
    #expect(AmountText.minorUnits("19.99", .eur) == 1_999)
    #expect(AmountText.minorUnits("19", .eur) == 1_900)
    #expect(AmountText.minorUnits("19.9", .eur) == 1_990)
    #expect(AmountText.minorUnits("1999", .jpy) == 1_999)
    #expect(AmountText.minorUnits("1.234", .kwd) == 1_234)
    for text in ["", ".", "19.", ".99", "19.999", "-1", "1e3", "1,99", "٣", "1.2.3", "9999999999999"] {
      #expect(AmountText.minorUnits(text, .eur) == nil, "\(text)")
    }
    #expect(AmountText.minorUnits("19.9", .jpy) == nil)
  }

  @Test func theScopeOfARefundIsReadOrRefused() {
    #expect(RefundScopeText.read("whole", "", .eur) == .success(.whole))
    #expect(RefundScopeText.read("units", "3, 1,3", .eur) == .success(.units([1, 3])))
    #expect(RefundScopeText.read("amount", "9.99", .eur) == .success(.amount(999)))
    for (scope, which) in [("units", ""), ("units", "0"), ("units", "1,x"), ("amount", ""), ("amount", "0")] {
      guard case .failure = RefundScopeText.read(scope, which, .eur) else {
        Issue.record("\(scope) \(which)")
        continue
      }
    }
  }

  @Test func aRefundIsWorkedOutShownAndTypedBeforeItIsAskedFor() {
    var state = Sample.loaded(.ops, size: size)
    let index = Sample.orders.firstIndex { $0.state == .delivered } ?? 0
    for _ in 0..<index { _ = press("j", in: &state) }
    _ = press("R", in: &state)
    _ = press("right", "tab", in: &state)
    type("1", into: &state)
    _ = press("tab", in: &state)
    type("bad key", into: &state)
    let values = ["scope": "units", "which": "1", "reason": "bad key"]
    let row = Sample.orders[index]
    let shown = RowAsShown(id: row.id, version: row.version, name: row.number)
    let action = ActionRequest.refund(shown, currency: row.total.currency)
    #expect(press("tab", "tab", "enter", in: &state) == [.preview(action, values: values)])
    _ = update(&state, .previewed(["22.99 EUR go back"], typed: "22.99"), now: Sample.now)
    #expect(TestScreen(render(state).grid).contains("22.99 EUR go back"))
    // The yes asks for the amount first.
    #expect(press("tab", "tab", "enter", in: &state).isEmpty)
    type("22.99", into: &state)
    #expect(
      press("tab", "tab", "enter", in: &state)
        == [.perform(action, values: values.merging(["typed": "22.99"]) { $1 })])
    // What was worked out for other words no longer holds.
    _ = update(&state, .actionRefused("this order changed since it was shown: it is refunded now"), now: Sample.now)
    guard case .form(let form) = state.overlay else {
      Issue.record("the form closed")
      return
    }
    #expect(form.preview == nil && form.focus == .cancel)
  }

  @Test func nothingIsRefundedOfWhatWasNeverPaid() {
    var state = Sample.loaded(.ops, size: size)
    _ = press("R", in: &state)
    #expect(state.overlay == nil)
    #expect(state.toast?.text == "Nothing was paid for this order")
  }

  @Test func supportAsksForARefundAndIsToldWhoHasToAgree() {
    var state = Sample.loaded(.support, size: size)
    for _ in 0..<3 { _ = press("j", in: &state) }
    _ = press("R", in: &state)
    guard case .form(let form) = state.overlay else {
      Issue.record("no form")
      return
    }
    #expect(form.lines.contains("Ops or an admin has to agree before any money moves."))
  }

  @Test func aCaseIsTakenByOneKeyAndAnsweredByAForm() {
    var state = Sample.loaded(.support, size: size, kind: .cases)
    let row = RowAsShown(id: 70, version: 2, name: "case 70")
    #expect(press("t", in: &state) == [.perform(.takeCase(row), values: [:])])
    _ = press("a", "right", "tab", "tab", in: &state)
    type("we look into it", into: &state)
    #expect(
      press("tab", "tab", "enter", in: &state) == [
        .perform(.answerCase(row), values: ["recipient": "vendor", "vendor": "", "text": "we look into it"])
      ])
  }

  @Test func aReadyAnswerIsPutWhereItCanBeChanged() {
    var state = Sample.loaded(.support, size: size, kind: .cases)
    state.replies = ["spam": "Please look into your spam folder"]
    _ = press("a", "tab", "tab", "right", "tab", in: &state)
    type("!", into: &state)
    guard case .form(let form) = state.overlay else { return }
    #expect(form.values["text"] == "Please look into your spam folder!")
  }

  @Test func aVendorAnswersAndDoesNothingElseToACase() {
    var state = Sample.loaded(.vendor, size: size, kind: .cases)
    for key in ["t", "n", "h", "l", "x"] {
      #expect(press(key, in: &state).allSatisfy { if case .endToast = $0 { true } else { false } })
      #expect(state.overlay == nil, "\(key)")
    }
    _ = press("a", in: &state)
    guard case .form(let form) = state.overlay, case .answerCaseAsVendor = form.action else {
      Issue.record("no form")
      return
    }
  }

  @Test func fromACaseToItsOrderAndBack() {
    var state = Sample.loaded(.support, size: size, kind: .cases)
    _ = press("enter", in: &state)
    #expect(state.story?.subject == .supportCase(70))
    _ = press("esc", "o", in: &state)
    #expect(state.story?.number == "GK-7Q2M-4XK1-9R")
  }

  @Test func whatWasDoneToACaseLeadsToTheCase() {
    var row = Sample.audit[0]
    row.subjectKind = "case"
    row.subjectID = "70"
    var state = Sample.state(.support, size: size)
    state.screens = [.story(StoryState(.order("GK-7Q2M-4XK1-9R")))]
    let lines = OrderTimeline.vendorLines([row], currency: .eur, clock: state.clock)
    state.story?.take(StoryReading(header: [], lines: lines), height: 10)
    _ = press("enter", in: &state)
    #expect(state.story?.subject == .supportCase(70))
    _ = press("esc", in: &state)
    #expect(state.story?.number == "GK-7Q2M-4XK1-9R")
  }

  @Test func aPersonIsDisabledOnlyAfterTheirLoginWasTyped() {
    var state = Sample.loaded(.admin, size: size, kind: .people)
    _ = press("x", in: &state)
    type("left the company", into: &state)
    #expect(press("tab", "tab", "tab", "enter", in: &state).isEmpty)
    type("support_anna", into: &state)
    #expect(press("tab", "tab", "enter", in: &state).count == 1)
  }

  @Test func whoHasNoAccessIsLetInAndWhoHasItIsNot() {
    var state = Sample.loaded(.admin, size: size, kind: .people)
    for key in ["l", "b"] {
      _ = press(key, in: &state)
      #expect(state.overlay == nil, "\(key)")
    }
    // Ops is disabled, the vendor's time is over.
    for _ in 0..<2 {
      _ = press("j", in: &state)
      for key in ["x", "t", "w", "o"] {
        _ = press(key, in: &state)
        #expect(state.overlay == nil, "\(key)")
      }
      _ = press("l", in: &state)
      guard case .form(let form) = state.overlay, case .enablePerson = form.action else {
        Issue.record("no form")
        return
      }
      #expect(form.fields.map(\.name) == ["password", "until", "zone", "reason"])
      _ = press("esc", in: &state)
    }
  }

  @Test func aPasswordThatIsTypedHasTwoLinesAndAnyOtherNone() {
    var state = Sample.loaded(.admin, size: size, kind: .people)
    _ = press("w", in: &state)
    func fields() -> [String] { if case .form(let form) = state.overlay { form.fields.map(\.name) } else { [] } }
    #expect(fields() == ["password", "reason"])
    _ = press("right", in: &state)
    #expect(fields() == ["password", "secret", "again", "reason"])
    _ = press("left", in: &state)
    #expect(fields() == ["password", "reason"])
  }

  @Test func whatIsShownOnlyOnceStaysUntilItIsTakenAway() {
    var state = Sample.loaded(.admin, size: size, kind: .people)
    _ = update(
      &state, .actionTold("done", NoteState("Password of zoe", ["Only now."], secret: "abcde-fghjk")), now: Sample.now)
    _ = press("x", "space", "q", "tab", in: &state)
    #expect(TestScreen(render(state).grid).contains("abcde-fghjk"))
    #expect(press("enter", in: &state) == [.repaint])
    #expect(!TestScreen(render(state).grid).contains("abcde-fghjk"))
    #expect(!state.messages.contains { $0.text.contains("abcde") })
    // Whoever is locked out meanwhile is shown nothing.
    state.hasTypedPassword = true
    _ = update(&state, .idle("ended"), now: Sample.now)
    _ = update(&state, .actionTold("done", NoteState("Password", [], secret: "abcde-fghjk")), now: Sample.now)
    #expect(!TestScreen(render(state).grid).contains("abcde-fghjk"))
  }

  @Test func whenSomebodysTimeEndsIsShownAsItIsTyped() {
    let clock = ClockFormat(offset: 3_600, isUTC: false)
    let summer = Instant(unixSeconds: 1_816_963_200)
    #expect(clock.day(summer) == "2027-07-30 17:00" && clock.zone(at: summer) == "+01:00")
    let utc = ClockFormat(offset: 0, isUTC: true, followsZone: true)
    #expect(utc.day(Sample.now) == "2026-10-28 15:06" && utc.zone(at: summer) == "UTC")
  }

  @Test func aPasswordIsNeverShown() {
    var state = Sample.loaded(.admin, size: size, kind: .people)
    _ = press("a", in: &state)
    type("new_person", into: &state)
    _ = press("tab", "tab", "tab", "tab", "tab", "tab", "right", "tab", in: &state)
    type("correct horse", into: &state)
    let screen = TestScreen(render(state).grid)
    #expect(!screen.contains("correct horse"))
    #expect(screen.contains("•••"))
  }
}

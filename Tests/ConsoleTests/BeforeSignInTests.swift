import Market
import Store
import Terminal
import Testing

@testable import Console

/// What is typed while the console is still connecting is done once it is connected, or said why not.
@Suite struct BeforeSignInTests {
  private var connecting: AppState { AppState(size: Size(rows: 24, columns: 80), isUTC: true) }

  private func signIn(_ role: Role, _ state: inout AppState) -> [Effect] {
    update(&state, .signedIn(Sample.viewer(role)), now: Sample.now)
  }

  @Test func aFilterIsAppliedOnceItIsKnownWhoAsks() {
    var state = connecting
    _ = press("/", in: &state)
    type("state:delivered", into: &state)
    #expect(press("enter", in: &state).isEmpty)
    #expect(state.overlay == nil && state.list?.filter == "state:delivered")
    let effects = signIn(.ops, &state)
    guard case .loadList(let query) = effects.first else {
      Issue.record("nothing is read")
      return
    }
    #expect(query.kind == .orders && query.filter.terms.count == 1)
  }

  @Test func aFilterThatIsNotUnderstoodIsShownWithItsMistake() {
    var state = connecting
    _ = press("/", in: &state)
    type("state:delivred", into: &state)
    _ = press("enter", in: &state)
    let effects = signIn(.ops, &state)
    guard case .filter(let filter) = state.overlay else {
      Issue.record("the filter line is not there")
      return
    }
    #expect(filter.edit.text == "state:delivred" && filter.error?.column == 7)
    #expect(effects.contains { if case .loadList(let query) = $0 { query.filter.terms.isEmpty } else { false } })
  }

  @Test func aScreenIsGoneToAndReadOnceConnected() {
    var state = connecting
    _ = press("8", in: &state)
    #expect(state.list?.kind == .vendors && state.toast == nil)
    #expect(
      signIn(.ops, &state).contains { if case .loadList(let query) = $0 { query.kind == .vendors } else { false } })
    var vendor = connecting
    _ = press("2", in: &vendor)
    _ = signIn(.vendor, &vendor)
    #expect(vendor.list?.kind == .orders)
    #expect(vendor.messages.contains { $0.text == "Your role has no screen of payments" })
  }

  @Test func whatIsLookedForIsAskedOnceConnected() {
    var state = connecting
    _ = press("F", in: &state)
    type("KEYH-AUS1-2345-6789", into: &state)
    #expect(press("enter", in: &state).isEmpty)
    let effects = signIn(.support, &state)
    // As a key, sealed: also where it was typed before it was known that this person may look for one.
    #expect(effects.contains { if case .findKey(let text, _, _) = $0 { text == "KEYH-AUS1-2345-6789" } else { false } })
  }

  @Test func whatWasLookedForInVainCanBeLookedForAgain() {
    var state = Sample.loaded(.support, size: Size(rows: 24, columns: 80))
    _ = press("F", in: &state)
    type("anna", into: &state)
    guard case .find(_, let generation, _) = press("enter", in: &state).first else {
      Issue.record("nothing is looked for")
      return
    }
    _ = update(&state, .loadFailed(generation: generation, "canceled on timeout"), now: Sample.now)
    #expect(state.toast?.text == "canceled on timeout")
    #expect(press("enter", in: &state).count == 1)
  }

  @Test func aChangeSaysThatItIsStillConnecting() {
    var state = connecting
    _ = press("R", in: &state)
    #expect(state.toast?.text == "Still connecting: once it is done")
  }
}

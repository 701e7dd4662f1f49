import Market
import Store
import Terminal
import Testing

@testable import Console

/// Keys of one's own, the other language, the lock.
@Suite struct ComfortTests {
  private let size = Size(rows: 24, columns: 80)

  private func keys(_ name: String, _ table: [Command]) -> [String] {
    table.first { $0.id.name == name }?.keys.map(\.description) ?? []
  }

  @Test func aCommandGetsOtherKeysAndTakesThemFromWhateverHadThemThere() throws {
    let table = try KeyBindings.table(["retry-delivery": ["R", "ctrl-t"], "columns": ["s"]])
    #expect(keys("retry-delivery", table) == ["R", "ctrl-t"])
    #expect(keys("request-refund", table) == ["R"], "an order is no delivery: both may have it")
    #expect(keys("columns", table) == ["s"])
    #expect(keys("sort", table).isEmpty)
    #expect(keys("down", table) == ["j", "down"])
  }

  @Test func whatIsWrongWithKeysIsSaid() {
    func problem(_ keys: [String: [String]]) -> String? {
      do throws(KeyBindings.Problem) { _ = try KeyBindings.table(keys) } catch { return error.description }
      return nil
    }
    #expect(problem(["fly": ["f"]]) == "there is no command “fly”; gkm keys lists them")
    #expect(problem(["help": ["ctrl-"]])?.contains("is no key") == true)
    #expect(problem(["help": ["ctrl-c"]]) == "ctrl-c cannot be given away")
    #expect(problem(["help": ["h"], "themes": ["h"]]) == "h is given to help and to themes")
    #expect(problem(["take-case": ["h"], "retry-delivery": ["h"]]) == nil)
  }

  @Test func everyCommandHasANameOfItsOwn() {
    let names = Command.table.map(\.id.name)
    #expect(Set(names).count == names.count)
    #expect(names.contains("go-orders") && names.contains("export-csv") && names.contains("toggle-utc"))
    for name in names { #expect(name.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil, "\(name)") }
  }

  @Test func boundKeysAreThoseThatWorkAndThoseThatHelpShows() throws {
    var state = Sample.loaded(.ops, size: size)
    state.commands = try KeyBindings.table(["help": ["h"]])
    _ = update(&state, .input(.character("?")), now: Sample.now)
    #expect(state.overlay == nil)
    _ = update(&state, .input(.character("h")), now: Sample.now)
    #expect(state.overlay == .help(scroll: 0))
    #expect(TestScreen(render(state).grid).contains("h help"))
  }

  @Test func nothingThatTheConsoleAlwaysShowsIsMissingInSpanish() {
    var texts = Command.table.flatMap { [$0.title] + ($0.hint.map { [$0] } ?? []) }
    for kind in ListKind.allCases {
      texts += [kind.title, kind.screen.emptyText]
      for role in Role.people { texts += kind.screen.columns(for: role).map(\.title) }
    }
    texts += BoardKind.allCases.map(\.title)
    texts += PulseBoard.lines(Sample.pulse).map(\.label)
    for kind in [PickerState.Kind.columns, .sorting, .savedFilters, .themes(before: "")] {
      texts += [PickerState(kind).title, PickerState(kind).hint]
    }
    let missing = Set(texts).filter { Spanish.texts[$0] == nil }
    #expect(missing.isEmpty, "\(missing.sorted())")
  }

  @Test func everySignedWordOfAListIsSaidInSpanish() {
    var missing: Set<String> = []
    for kind in ListKind.allCases {
      for role in Role.people where kind.isOpen(to: role) {
        for row in kind.screen.display(Sample.page(kind), role: role, clock: ClockFormat(offset: 0, isUTC: true)) {
          for cell in row.cells where cell.text == Language.spanish.cell(cell.text) {
            guard let sign = cell.text.first, "○◔◑◕●✗‖!?↩·↻↑◌▾◐…◉–".contains(sign), cell.text.dropFirst().first == " "
            else { continue }
            if !cell.text.dropFirst(2).allSatisfy(\.isNumber) { missing.insert(cell.text) }
          }
        }
      }
    }
    #expect(missing.isEmpty, "\(missing.sorted())")
    #expect(Language.spanish.cell("! for 3 min") == "! desde hace 3 min")
    #expect(Language.english.cell("● delivered") == "● delivered")
  }

  @Test func thePaletteIsSearchedInTheLanguageThatItIsShownIn() {
    var state = Sample.loaded(.ops, size: size)
    state.language = .spanish
    let palette = PaletteState(edit: LineEdit("marcar esta"))
    #expect(palette.matches(in: state).first?.id == .mark)
    #expect(TestScreen(render(state).grid).contains("Pedidos"))
  }

  @Test func aLocaleSaysTheLanguage() {
    #expect(Language(locale: "es_ES.UTF-8") == .spanish)
    #expect(Language(locale: "es") == .spanish)
    #expect(Language(locale: "est_EE") == .english)
    #expect(Language(locale: "en_GB.UTF-8") == .english)
    #expect(Language(locale: nil) == .english)
  }

  @Test func whoTypedAPasswordTypesItAgainAfterALockAndNothingIsShownUntilThen() {
    var state = Sample.loaded(.ops, size: size)
    state.hasTypedPassword = true
    #expect(update(&state, .idle("ended after 10 minutes without a key"), now: Sample.now) == [.disconnect])
    let screen = TestScreen(render(state).grid)
    #expect(!screen.contains("GK-7Q2M"))
    #expect(screen.contains("Locked"))
    for character in "secret" { _ = update(&state, .input(.character(character)), now: Sample.now) }
    #expect(update(&state, .input(.key(Key(.enter))), now: Sample.now) == [.connect(password: "secret")])
    #expect(!TestScreen(render(state).grid).contains("GK-7Q2M"))
    _ = update(&state, .signedIn(Sample.viewer(.ops)), now: Sample.now)
    #expect(TestScreen(render(state).grid).contains("GK-7Q2M"))
  }

  @Test func whoTypedNoneIsSignedOut() {
    var state = Sample.loaded(.ops, size: size)
    #expect(update(&state, .idle("ended after 10 minutes without a key"), now: Sample.now) == [.quit])
    #expect(state.quitting && state.farewell == "ended after 10 minutes without a key")
  }
}

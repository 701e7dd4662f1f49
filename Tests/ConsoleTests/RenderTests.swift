import Market
import Terminal
import TestSupport
import Testing

@testable import Console
@testable import Store

/// Every screen, for every role that has it, at four sizes. GKM_UPDATE_GOLDENS=1 writes them anew.
@Suite struct RenderTests {
  static let sizes = [
    Size(rows: 10, columns: 40), Size(rows: 24, columns: 80), Size(rows: 40, columns: 120),
    Size(rows: 50, columns: 200),
  ]

  @Test(arguments: ListKind.allCases, sizes) func listsLookAsTheyDid(kind: ListKind, size: Size) {
    // Support and admins see what ops sees; what ops has not, admins have.
    let roles = [Role.ops, .vendor].filter(kind.isOpen)
    for role in roles.isEmpty ? [Role.admin] : roles {
      let state = Sample.loaded(role, size: size, kind: kind)
      expectGolden(state, "\(kind.rawValue)-\(role.rawValue)-\(size.columns)x\(size.rows)")
    }
  }

  @Test(arguments: sizes) func overlaysLookAsTheyDid(size: Size) {
    let overlays: [(String, Overlay)] = [
      ("palette", .palette(PaletteState())), ("help", .help(scroll: 0)),
      (
        "password",
        .password(PasswordState(user: "ops_anna", edit: LineEdit("secret"), problem: "That password is not right"))
      ),
      (
        "confirm",
        .form(
          FormState(
            action: .retryDeliveries([]), title: "Retry delivery", lines: ["Order GK-1: the same key is sent again."],
            confirmTitle: "Retry delivery"))
      ),
      ("preview", .form(Sample.previewed)), ("columns", .picker(PickerState(.columns, selected: 2))),
      ("themes", .picker(PickerState(.themes(before: "dark")))), ("sort", .picker(PickerState(.sorting))),
      ("filters-none", .picker(PickerState(.savedFilters))), ("messages", .messages(scroll: 0)),
      ("find", .find(Sample.found)), ("find-nothing", .find(Sample.foundNothing)),
      ("palette-typed", .palette(PaletteState(edit: LineEdit("mar")))),
      (
        "filter-error",
        .filter(
          FilterState(
            edit: LineEdit("state:delivred"),
            error: FilterError(column: 7, message: "`delivred` is no state", suggestion: "delivered")))
      ),
    ]
    for (name, overlay) in overlays {
      var state = Sample.loaded(.ops, size: size)
      state.overlay = overlay
      expectGolden(state, "overlay-\(name)-\(size.columns)x\(size.rows)")
    }
  }

  @Test(arguments: sizes) func whatIsDoneAboutPeopleLooksAsItDid(size: Size) {
    for (name, keys) in [
      ("add", ["a"]), ("until", ["t"]), ("enable", ["j", "l", "right"]), ("password", ["w", "right", "tab"]),
    ] {
      var state = Sample.loaded(.admin, size: size, kind: .people)
      for key in keys { _ = press(key, in: &state) }
      expectGolden(state, "people-\(name)-admin-\(size.columns)x\(size.rows)")
    }
    var state = Sample.loaded(.admin, size: size, kind: .people)
    let code = GlassText.code("c4xnp-7w2ka-9d0mv-3hqtz-5ejry-8sbfg-1pkwc-6avnx")
    _ = update(&state, .actionTold("A new code is sealed", code), now: Sample.now)
    expectGolden(state, "people-code-admin-\(size.columns)x\(size.rows)")
    let standing = BreakGlass.Standing(
      sealedBy: "admin_anna", sealedAt: Sample.now,
      broken: [
        BreakGlass.Broken(
          login: "ops_night", until: Sample.now + .seconds(1_800), reason: "nobody of the admins answers")
      ], wrongTries: 2)
    _ = update(
      &state, .actionTold("", NoteState("The glass", GlassText.lines(standing, state.clock))), now: Sample.now)
    expectGolden(state, "people-glass-admin-\(size.columns)x\(size.rows)")
  }

  @Test(arguments: sizes) func boardsLookAsTheyDid(size: Size) {
    for (kind, lines) in [
      (BoardKind.pulse, PulseBoard.lines(Sample.pulse)),
      (.work, WorkBoard.lines(Sample.work, dead: Sample.deadLetters, clock: ClockFormat(offset: 0, isUTC: true))),
    ] {
      var state = Sample.state(.ops, size: size)
      state.screens = [.board(BoardState(kind: kind))]
      _ = update(&state, .input(.key(Key(.function(5)))), now: Sample.now)
      _ = update(&state, .boardLoaded(generation: state.board?.generation ?? 0, lines: lines), now: Sample.now)
      expectGolden(state, "\(kind.rawValue)-ops-\(size.columns)x\(size.rows)")
    }
  }

  @Test(arguments: sizes) func whatFiresStandsAboveThePulse(size: Size) {
    var state = Sample.state(.ops, size: size)
    state.screens = [.board(BoardState(kind: .pulse))]
    _ = update(&state, .input(.key(Key(.function(5)))), now: Sample.now)
    let lines = PulseBoard.lines(Sample.pulse, alerts: Sample.firing)
    _ = update(&state, .boardLoaded(generation: state.board?.generation ?? 0, lines: lines), now: Sample.now)
    expectGolden(state, "pulse-alerts-ops-\(size.columns)x\(size.rows)")
  }

  @Test(arguments: sizes) func aStoryLooksAsItDid(size: Size) {
    var state = Sample.state(.ops, size: size)
    state.screens.append(.story(StoryState(.order("GK-7Q2M-4XK3-9R"))))
    _ = update(&state, .input(.key(Key(.function(5)))), now: Sample.now)
    _ = update(
      &state,
      .storyLoaded(
        generation: state.story?.generation ?? 0, StoryReading(header: Sample.storyHeader, lines: Sample.storyLines)),
      now: Sample.now)
    expectGolden(state, "story-ops-\(size.columns)x\(size.rows)")
    _ = update(&state, .input(.key(Key(.enter))), now: Sample.now)
    expectGolden(state, "story-open-ops-\(size.columns)x\(size.rows)")
  }

  @Test(arguments: sizes) func markedRowsAndAFilterLookAsTheyDid(size: Size) {
    var state = Sample.loaded(.ops, size: size, kind: .deliveries)
    for _ in 0..<2 { _ = update(&state, .input(.character(" ")), now: Sample.now) }
    state.list?.filter = "state:failed"
    state.list?.rows.removeFirst()
    expectGolden(state, "marks-ops-\(size.columns)x\(size.rows)")
  }

  @Test func aLineOfEighthsKeepsTheNewestAtItsEnd() {
    #expect(sparkline([0, 0, 0, 7], width: 4) == "▁▁▁█")
    #expect(sparkline([0, 0], width: 2) == "▁▁")
    #expect(sparkline([1, 1, 1, 1, 0, 8], width: 3) == "▃▃█")
    #expect(sparkline(Array(repeating: 1, count: 60), width: 25).count <= 25)
    #expect(sparkline([], width: 5).isEmpty)
  }

  @Test func beforeTheDatabaseAnswersTheFrameStandsAlready() {
    let state = AppState(size: Size(rows: 24, columns: 80), host: "ops@gkm localhost", isUTC: true)
    expectGolden(state, "connecting-80x24")
  }

  @Test func tooSmallSaysSo() {
    let state = Sample.loaded(.ops, size: Size(rows: 5, columns: 30))
    #expect(TestScreen(render(state).grid).contains("Too small"))
  }

  @Test func hostileTextStaysInItsCell() {
    let screen = TestScreen(render(Sample.loaded(.ops, size: Size(rows: 24, columns: 120))).grid)
    for line in screen.lines {
      #expect(
        !line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E || (0x7F...0x9F).contains($0.value) })
    }
  }

  @Test func everyScreenFitsEverySize() {
    for rows in stride(from: 1, through: 60, by: 7) {
      for columns in stride(from: 1, through: 220, by: 13) {
        for kind in ListKind.allCases {
          let grid = render(Sample.loaded(.ops, size: Size(rows: rows, columns: columns), kind: kind)).grid
          #expect(grid.size == Size(rows: rows, columns: columns))
        }
      }
    }
  }

  private func expectGolden(_ state: AppState, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let difference = Golden.difference(render(state).grid, name)
    #expect(difference == nil, "\(difference ?? "")", sourceLocation: sourceLocation)
  }
}

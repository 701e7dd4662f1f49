import Market
import Store
import Terminal
import TestSupport
import Testing

@testable import Console

/// Every screen, for every role that has it, at four sizes. GKM_UPDATE_GOLDENS=1 writes them anew.
@Suite struct RenderTests {
  static let sizes = [
    Size(rows: 10, columns: 40), Size(rows: 24, columns: 80), Size(rows: 40, columns: 120),
    Size(rows: 50, columns: 200),
  ]

  @Test(arguments: ScreenKind.allCases, sizes) func listsLookAsTheyDid(kind: ScreenKind, size: Size) {
    for role in Role.people where kind.list.isOpen(to: role) && (role != .admin && role != .support) {
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
        .confirm(
          ConfirmState(
            action: .retryDelivery(DeliveryID(1), version: 1, order: "GK-1"), title: "Retry delivery",
            lines: ["Order GK-1: the same key is sent again."], confirmTitle: "Retry delivery"))
      ),
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
        for kind in ScreenKind.allCases {
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

import Testing

@testable import Terminal

@Suite("A grid is drawable whatever was written to it")
struct GridTests {
  private func lines(_ grid: Grid) -> [String] { TestScreen(grid).lines }

  @Test("text outside is clipped on every side")
  func clipping() {
    var grid = Grid(Size(rows: 2, columns: 5))
    grid.write("abcdefgh", row: 0, column: -2)
    grid.write("xyz", row: 1, column: 3)
    grid.write("no", row: -1, column: 0)
    grid.write("no", row: 2, column: 0)
    #expect(lines(grid) == ["cdefg", "   xy"])
  }

  @Test("a wide character cut in half becomes a space")
  func halves() {
    var grid = Grid(Size(rows: 3, columns: 5))
    grid.write("ab漢字", row: 0, column: 0)
    #expect(lines(grid)[0] == "ab漢")
    grid.write("漢字", row: 1, column: -1)
    #expect(lines(grid)[1] == " 字")
    grid.write("漢字", row: 2, column: 0)
    grid.write("x", row: 2, column: 1)
    #expect(lines(grid)[2] == " x字")
    grid.write("y", row: 2, column: 2)
    #expect(lines(grid)[2] == " xy")
    #expect(isWhole(grid))
  }

  @Test("a view clips, and has its corner at 0, 0")
  func views() {
    var grid = Grid(Size(rows: 4, columns: 10))
    grid.fill(Rect(grid.size), ".")
    grid.within(Rect(row: 1, column: 2, rows: 2, columns: 4)) { view in
      #expect(view.bounds == Rect(row: 0, column: 0, rows: 2, columns: 4))
      view.write("漢漢漢", row: 0, column: 1)
      view.write("abcdef", row: 5, column: 0)
      view.within(Rect(row: 1, column: 3, rows: 9, columns: 9)) { $0.write("zzz", row: 0, column: 0) }
    }
    #expect(lines(grid) == ["..........", "...漢 ....", ".....z....", ".........."])
    #expect(isWhole(grid))
  }

  @Test("writing tells the columns used, and fields are filled")
  func fields() {
    var grid = Grid(Size(rows: 3, columns: 12))
    #expect(grid.write("漢字x", row: 0, column: 0) == 5)
    #expect(grid.write("漢字x", row: 0, column: 0, maxWidth: 4, truncation: .end) == 3)
    grid.fill(Rect(row: 1, column: 0, rows: 1, columns: 12), "#")
    grid.writeField("12.00", row: 1, column: 2, width: 8, style: .title, alignment: .right)
    grid.writeField("delivered", row: 2, column: 0, width: 6)
    #expect(lines(grid) == ["漢… x", "##   12.00##", "deliv…"])
    #expect(grid[1, 2].style == .title)
  }

  @Test("an overlay keeps the text and its role")
  func overlays() {
    var grid = Grid(Size(rows: 1, columns: 6))
    grid.write("failed", row: 0, column: 0, style: .stateFailed)
    grid.overlay(Rect(row: 0, column: 0, rows: 1, columns: 3), .selection)
    #expect(grid[0, 0].style == StyleID(.stateFailed, over: .selection))
    #expect(grid[0, 3].style == .stateFailed)
    #expect(TestScreen(grid).styles == "0: 0-2 state.failed+selection, 3-5 state.failed\n")
    #expect(TestScreen(grid).style(of: "led") == .stateFailed)
  }

  @Test("random writing never leaves half a character")
  func random() {
    var generator = SystemRandomNumberGenerator()
    let pieces = ["ab", "漢字", "e\u{301}", "😀", " ", "한"]
    for _ in 0..<300 {
      var grid = Grid(
        Size(rows: .random(in: 1...6, using: &generator), columns: .random(in: 1...12, using: &generator)))
      for _ in 0..<30 {
        let text = (pieces.randomElement(using: &generator) ?? "") + (pieces.randomElement(using: &generator) ?? "")
        let place = (Int.random(in: -2...7, using: &generator), Int.random(in: -3...13, using: &generator))
        grid.within(Rect(row: 0, column: .random(in: -1...3), rows: 5, columns: .random(in: 1...9))) {
          $0.write(text, row: place.0, column: place.1)
        }
      }
      #expect(isWhole(grid))
    }
  }

  @Test("a box with a title looks as agreed")
  func box() {
    var grid = Grid(Size(rows: 6, columns: 30))
    let inside = grid.box(Rect(row: 0, column: 1, rows: 5, columns: 28), title: "Order GK-7F3K · 山田太郎 and more")
    grid.within(inside) { $0.write("delivered", row: 1, column: 1, style: .stateOk.adding(.bold)) }
    #expect(inside == Rect(row: 1, column: 2, rows: 3, columns: 26))
    #expect(Golden.difference(grid, "box") == nil)
  }

  @Test("a golden that differs tells where")
  func goldenDifference() {
    let text = "a\nb\n"
    #expect(Golden.difference(text, "not-there-\(UInt32.random(in: 0...9))")?.contains("GKM_UPDATE_GOLDENS=1") != false)
  }

  private func isWhole(_ grid: Grid) -> Bool {
    for row in 0..<grid.size.rows {
      for column in 0..<grid.size.columns {
        if grid[row, column].width == 2, column + 1 >= grid.size.columns || grid[row, column + 1].width != 0 {
          return false
        }
        if grid[row, column].width == 0, column == 0 || grid[row, column - 1].width != 2 { return false }
      }
    }
    return true
  }
}

@Suite("Rectangles split without losing a cell")
struct RectTests {
  @Test func splitting() {
    let rect = Rect(row: 2, column: 3, rows: 10, columns: 20)
    #expect(rect.splitTop(3).rest == Rect(row: 5, column: 3, rows: 7, columns: 20))
    #expect(rect.splitBottom(3).bottom == Rect(row: 9, column: 3, rows: 3, columns: 20))
    #expect(rect.splitLeft(30).rest.isEmpty)
    #expect(rect.splitRight(5).right == Rect(row: 2, column: 18, rows: 10, columns: 5))
    #expect(rect.inset(rows: 6).isEmpty)
    #expect(rect.centered(rows: 4, columns: 100) == Rect(row: 5, column: 3, rows: 4, columns: 20))
  }
}

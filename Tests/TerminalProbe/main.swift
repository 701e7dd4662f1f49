// A program for the terminal's own tests to run in a pseudo terminal: a list with a selection, and keys that do what a
// test wants to see the end of. The bottom row tells the last event.
import Glibc
import Terminal

struct Model {
  var selected = 3
  var said = "ready"
  var wild: UInt64?
  var caret: Position?
}

func render(_ model: Model, _ size: Size) -> Grid {
  var grid = Grid(size)
  if let seed = model.wild {
    scribble(&grid, seed)
    return grid
  }
  grid.writeField("Orders \(size.rows)x\(size.columns)", row: 0, column: 0, width: size.columns, style: .title)
  for row in 1..<max(1, size.rows - 1) {
    grid.write("GK-\(1000 + row)", row: row, column: 1)
    grid.write("buyer\(row)@example.org", row: row, column: 12, style: .muted, maxWidth: 24)
    grid.write(
      row % 3 == 0 ? "✗ failed" : "✓ delivered", row: row, column: 38, style: row % 3 == 0 ? .stateFailed : .stateOk)
    grid.writeField("\(row * 7).00 EUR", row: row, column: 54, width: 14, alignment: .right)
    if row == model.selected {
      grid.write("▸", row: row, column: 0)
      grid.overlay(Rect(row: row, column: 0, rows: 1, columns: size.columns), .selection)
    }
  }
  grid.writeField(model.said, row: size.rows - 1, column: 0, width: size.columns, style: .status)
  return grid
}

/// Pieces of every kind of text at places that follow from the seed.
func scribble(_ grid: inout Grid, _ seed: UInt64) {
  var state = seed
  func next(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % limit
  }
  let pieces = ["stock", "漢字かな", "e\u{301}x", "😀😀", "a", "    ", "─────", "한국어", "né", "ไทย", "x\u{202E}y"]
  for _ in 0..<(20 + next(120)) {
    let style = StyleID(StyleRole.allCases[next(StyleRole.allCases.count)], over: next(4) == 0 ? .selection : nil)
    grid.write(
      pieces[next(pieces.count)], row: next(grid.size.rows), column: next(grid.size.columns + 4) - 2, style: style)
  }
}

/// A frame's expected look for the test to compare with, written beside the terminal.
func report(_ grid: Grid, to path: String) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  var text = TestScreen(grid).text
  for row in 0..<grid.size.rows {
    text +=
      (0..<grid.size.columns).map { column in
        // A wide character has the look of its left half throughout.
        let lead = grid[row, column].width == 0 ? column - 1 : column
        let drawn = Theme.dark.drawn(grid[row, lead].style, at: .full)
        let isBlank = grid[row, lead].text == " " && !drawn.attributes.contains(.reverse)
        let attributes = isBlank ? drawn.attributes.intersection(.underline) : drawn.attributes
        return "\(isBlank ? -1 : drawn.foreground),\(drawn.background),\(attributes.rawValue)"
      }.joined(separator: " ") + "\n"
  }
  let bytes = Array(text.utf8)
  _ = write(descriptor, bytes, bytes.count)
  close(descriptor)
}

func burn(_ depth: Int) -> Int { depth == -1 ? 0 : burn(depth + 1) + depth }

func run() -> Int32 {
  let arguments = CommandLine.arguments
  var options = TerminalScreen.Options(theme: arguments.contains("light") ? .light : .dark)
  options.suspendable = !arguments.contains("no-suspend")
  let screen: TerminalScreen
  do {
    screen = try TerminalScreen(options)
  } catch {
    print("cannot start: \(error)")
    return 70
  }
  var model = Model()
  while true {
    let grid = render(model, screen.size)
    screen.draw(grid, cursor: model.caret)
    if let path = getenv("PROBE_REPORT") { report(grid, to: String(cString: path)) }
    guard let event = screen.nextEvent() else { continue }
    switch event {
    case .character("q"): return 0
    case .character("j"): model.selected += 1
    case .character("k"): model.selected -= 1
    case .character("u"): break
    case .character("r"): model.wild = (model.wild ?? 0) + 1
    case .character("t"): fatalError("as asked")
    case .character("o"): model.said = "\(burn(0))"
    case .character("a"): abort()
    case .character("e"): exit(5)
    case .character("z"): model.said = screen.suspend() ? "back" : "may not stop"
    case .character("m"): screen.mouse.toggle()
    case .character("c"): model.said = "copied \(screen.copy("GK-1000 漢"))"
    case .character("n"):
      let noise = Array("WARNING: noise of a library\n".utf8)
      _ = write(STDERR_FILENO, noise, noise.count)
      model.said = "noise"
    case .character("i"): model.caret = model.caret == nil ? Position(row: 2, column: model.selected) : nil
    case .character("l"): screen.theme = screen.theme == .dark ? .light : .dark
    case .character("w"):
      let waker = screen.waker
      var thread = pthread_t()
      let box = Unmanaged.passRetained(waker).toOpaque()
      pthread_create(
        &thread, nil,
        { box in
          usleep(20_000)
          if let box { Unmanaged<Waker>.fromOpaque(box).takeRetainedValue().wake() }
          return nil
        }, box)
    case .character("B"):
      let start = time(nil)
      while time(nil) < start + 30 {}
    case .hangup: return 3
    case .signal(.terminate): return 4
    default: model.said = "\(event)"
    }
  }
}

exit(run())

import CNcurses
import Glibc

/// The real terminal, drawn through ncursesw. The only user of curses; one per process, used by one thread.
///
/// Whatever ends the process (returning, exit, SIGTERM twice, a Swift trap) leaves the terminal as it was.
package final class TerminalScreen {
  package struct Options: Sendable {
    package var theme: Theme
    package var mouse = false
    /// Whether SIGTSTP and `suspend()` stop the process; off for accounts that must not reach a shell.
    package var suspendable = true
    /// Overrides the environment's NO_COLOR and terminfo's number of colours.
    package var colorDepth: ColorDepth?

    package init(theme: Theme = .dark) { self.theme = theme }
  }

  package let colorDepth: ColorDepth
  /// Whether characters beyond ASCII may be sent; if not, borders are `+-|` and the rest is approximated.
  package let isUTF8: Bool
  /// Changing it repaints with the next `draw`.
  package var theme: Theme {
    didSet { if theme != oldValue { pens.changeTheme(theme); drawn = nil } }
  }
  /// Wakes `nextEvent` from any thread.
  package var waker: Waker { loop.waker }

  private let loop: EventLoop
  private let output: Int32
  private let suspendable: Bool
  private var pens: Pens
  private var drawn: Grid?
  private var drawnCursor: Position?
  private var isOpen = true
  private var mouseOn = false

  private static let pasteOn = "\u{1B}[?2004h"
  private static let pasteOff = "\u{1B}[?2004l"
  private static let mouseOnSequence = "\u{1B}[?1002h\u{1B}[?1006h"
  private static let mouseOffSequence = "\u{1B}[?1006l\u{1B}[?1002l"

  /// Takes over the terminal; what is on it stays until the first `draw`.
  package init(
    _ options: Options = Options(), input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO
  ) throws(TerminalError) {
    guard isatty(input) == 1, isatty(output) == 1 else { throw .notATerminal }
    isUTF8 = gkm_set_locale() == 1
    // Before curses, which leaves signals alone that already have handlers.
    loop = try EventLoop(input: input)
    try TerminalScreen.openCurses(input, output)
    let noColor = environment("NO_COLOR")?.isEmpty == false
    colorDepth =
      options.colorDepth ?? ColorDepth(terminfoColors: Int(gkm_screen_colors()), noColor: noColor)
    self.output = output
    theme = options.theme
    suspendable = options.suspendable
    pens = Pens(theme: options.theme, depth: colorDepth, pairs: Int(gkm_screen_pairs()))
    gkm_crash_arm(TerminalScreen.mouseOffSequence + TerminalScreen.pasteOff)
    gkm_errors_catch()
    send(TerminalScreen.pasteOn)
    loop.onRawSignal = { [weak self] in self?.handle($0) }
    mouse = options.mouse
  }

  deinit { shut() }

  private static func openCurses(_ input: Int32, _ output: Int32) throws(TerminalError) {
    let name = environment("TERM") ?? "unknown"
    for candidate in [name] + substitutes(for: name) {
      switch Int(gkm_screen_open(candidate, input, output)) {
      case GKM_OPEN_OK: return
      case GKM_OPEN_UNKNOWN_TERM: continue
      case GKM_OPEN_INCAPABLE: throw .incapable(name)
      case GKM_OPEN_BUSY: throw .alreadyOpen
      default: throw .system("newterm", errno)
      }
    }
    throw .unknownTerminal(name)
  }

  /// Newer terminals are missing from older systems' terminfo, and all of these understand xterm's sequences.
  static func substitutes(for name: String) -> [String] {
    if name.hasPrefix("tmux") { return ["screen-256color", "screen"] }
    let modern = [
      "alacritty", "xterm", "foot", "kitty", "ghostty", "wezterm", "contour", "rio", "st", "konsole", "vte",
    ]
    let known = modern.contains { name == $0 || name.hasPrefix("\($0)-") } || name.hasSuffix("-256color")
    return known ? ["xterm-256color", "xterm"] : []
  }

  // MARK: - Drawing

  package var size: Size { Size(rows: Int(gkm_screen_rows()), columns: Int(gkm_screen_columns())) }

  /// Shows a grid, and the cursor if it has a place. Only what differs from the last grid is sent: an equal one sends
  /// nothing at all. A grid of another size than the screen is cut, or shown at the top left.
  package func draw(_ grid: Grid, cursor: Position? = nil) {
    guard isOpen else { return }
    let size = size
    let place = cursor.flatMap { Rect(size).contains($0) ? $0 : nil }
    if let drawn, drawnCursor == place, drawn == grid { return }
    var shown = grid
    if grid.size != size {
      shown = Grid(size)
      shown.blit(grid, row: 0, column: 0)
    }
    let changed = put(shown)
    // Worth 16 bytes only where a slow line would show a frame half done.
    let whole = changed * 2 > size.rows
    gkm_screen_flush(
      Int32(place?.row ?? -1), Int32(place?.column ?? 0), whole ? "\u{1B}[?2026h" : "", whole ? "\u{1B}[?2026l" : "")
    drawn = grid.size == size ? grid : nil
    drawnCursor = place
  }

  /// Hands changed cells to curses; returns the rows touched.
  private func put(_ grid: Grid) -> Int {
    let former = drawn?.size == grid.size ? drawn : nil
    let columns = grid.size.columns
    var touched = 0
    var cells: [gkm_cell] = []
    cells.reserveCapacity(columns)
    for row in 0..<grid.size.rows {
      let start = row * columns
      var first = 0
      var last = columns - 1
      if let former {
        while first <= last, former.cells[start + first] == grid.cells[start + first] { first += 1 }
        if first > last { continue }
        while former.cells[start + last] == grid.cells[start + last] { last -= 1 }
        if first > 0, grid.cells[start + first].glyph.isContinuation { first -= 1 }
      }
      touched += 1
      cells.removeAll(keepingCapacity: true)
      var ink = columns - 1
      while ink >= 0, grid.cells[start + ink].glyph == .space { ink -= 1 }
      pens.beginRow()
      // What stands before the change is looked at too: how a space is drawn hangs on it.
      for column in 0...max(first, last) where column < columns {
        let cell = grid.cells[start + column]
        if cell.glyph.isContinuation { continue }
        let drawn = pens.next(cell, isRest: column > ink)
        if column >= first { pens.append(cell, drawn, to: &cells, utf8: isUTF8) }
      }
      gkm_screen_put(Int32(row), Int32(first), cells, Int32(cells.count))
    }
    return touched
  }

  /// Paints everything anew with the next `draw`: for Ctrl-L, when something else wrote over the screen.
  package func repaint() {
    gkm_screen_invalidate()
    drawn = nil
  }

  // MARK: - Waiting

  /// The next event, or nil when `timeout` passes. See `EventLoop`.
  package func nextEvent(timeout: Duration? = nil) -> InputEvent? { loop.nextEvent(timeout: timeout) }

  /// Whether more input is already there: then one frame can show the effect of all of it.
  package var hasPendingEvents: Bool { loop.hasPending }

  private func handle(_ signal: EventLoop.RawSignal) -> InputEvent? {
    guard isOpen else { return nil }
    switch signal {
    case .resized:
      gkm_screen_resize()
      drawn = nil
      return .resize(size)
    case .stop: return suspend() ? .resumed : nil
    case .continued:
      // Stopped by something that could not be handled: the shell has had the terminal since.
      enter()
      return .resumed
    }
  }

  // MARK: - Modes

  /// Mouse reports; while on, selecting text needs Shift in most terminals.
  package var mouse: Bool {
    get { mouseOn }
    set {
      guard newValue != mouseOn, isOpen else { return }
      mouseOn = newValue
      send(newValue ? TerminalScreen.mouseOnSequence : TerminalScreen.mouseOffSequence)
    }
  }

  /// Gives the terminal back and stops the process until it is continued; false, and nothing done, if not allowed.
  /// Afterwards everything has to be drawn again.
  @discardableResult
  package func suspend() -> Bool {
    guard suspendable, isOpen else { return false }
    leave()
    gkm_signals_stop_self()
    enter()
    return true
  }

  /// Runs something with the terminal given back, such as a question asked in plain lines.
  package func outside<R>(_ body: () throws -> R) rethrows -> R {
    leave()
    defer { enter() }
    return try body()
  }

  private func leave() {
    gkm_crash_disarm()
    if mouseOn { send(TerminalScreen.mouseOffSequence) }
    send(TerminalScreen.pasteOff)
    gkm_screen_suspend()
    gkm_errors_release()
  }

  private func enter() {
    gkm_screen_resume()
    gkm_crash_arm(TerminalScreen.mouseOffSequence + TerminalScreen.pasteOff)
    gkm_errors_catch()
    send(TerminalScreen.pasteOn)
    if mouseOn { send(TerminalScreen.mouseOnSequence) }
    drawn = nil
  }

  /// Gives the terminal back for good. Also done when the screen is let go; calling it twice does nothing.
  package func shut() {
    guard isOpen else { return }
    if mouseOn { send(TerminalScreen.mouseOffSequence) }
    send(TerminalScreen.pasteOff)
    isOpen = false
    gkm_screen_close()
    gkm_crash_disarm()
    gkm_errors_release()
  }

  // MARK: - Beside curses

  /// Puts text on the clipboard of the person's own machine, through SSH and all (OSC 52). The terminal may refuse
  /// without saying. False if the text is longer than terminals take.
  package func copy(_ text: String) -> Bool {
    guard isOpen, let sequence = Clipboard.sequence(for: text) else { return false }
    send(sequence)
    return true
  }

  /// Curses keeps nothing back between frames, so its bytes and these stay in order.
  private func send(_ sequence: String) {
    var sequence = sequence
    sequence.withUTF8 { _ = gkm_write_all(output, $0.baseAddress, $0.count) }
  }
}

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

import Glibc
import Terminal
import TestSupport
import Testing

@Suite("A program on a real terminal")
struct TerminalScreenTests {
  private func start(
    _ arguments: [String] = [], environment: [String: String?] = [:], rows: Int = 24, columns: Int = 80
  ) async throws -> PseudoTerminal {
    let probe = try TestRun.program("TerminalProbe")
    let terminal = try PseudoTerminal(
      probe, arguments, environment: environment, rows: rows, columns: columns)
    try await terminal.sees("ready")
    _ = try await terminal.settled()
    return terminal
  }

  private func isRestored(_ terminal: PseudoTerminal, _ before: (tcflag_t, tcflag_t, tcflag_t)) -> Bool {
    let screen = terminal.screen
    return terminal.modes == before && screen.isCursorShown && !screen.isOtherScreen
      && screen.modes.isDisjoint(with: [2004, 1002, 1006, 2026])
  }

  /// What a new terminal's modes are.
  private let fresh: (tcflag_t, tcflag_t, tcflag_t) = {
    guard let (master, _) = try? PseudoTerminal.makePair() else { return (0, 0, 0) }
    defer { close(master) }
    var modes = termios()
    tcgetattr(master, &modes)
    return (modes.c_iflag, modes.c_oflag, modes.c_lflag)
  }()

  @Test("an unchanged frame is 0 bytes, and idle is 0 bytes")
  func unchanged() async throws {
    let terminal = try await start()
    terminal.forgetBytes()
    for _ in 0..<5 { terminal.type("u") }
    #expect(try await terminal.settled(quiet: .milliseconds(400)).isEmpty)
  }

  @Test("moving the cursor row is under 300 bytes at 80 columns")
  func cursorKey() async throws {
    let terminal = try await start()
    for key in ["j", "j", "k", "j"] {
      terminal.forgetBytes()
      terminal.type(key)
      let bytes = try await terminal.settled()
      #expect(!bytes.isEmpty)
      #expect(bytes.count < 300, "\(bytes.count) bytes")
    }
    #expect(terminal.screen.line(5).hasPrefix("▸GK-1005"))
    #expect(terminal.screen.cells[5][70].background == 238)
    #expect(terminal.screen.unknown == [])
  }

  @Test("the terminal shows exactly what the grid says, frame after frame", arguments: [(24, 80), (10, 40), (40, 130)])
  func faithful(rows: Int, columns: Int) async throws {
    let report = try TestRun.shared.get().path("frame")
    let terminal = try await start(environment: ["PROBE_REPORT": report], rows: rows, columns: columns)
    for _ in 0..<25 {
      terminal.type("r")
      _ = try await terminal.settled(quiet: .milliseconds(15))
      // On a busy machine the probe may be behind: both sides are read until they agree.
      let deadline = ContinuousClock.now + .seconds(10)
      var (shown, expected) = ("", "-")
      while shown != expected, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(5))
        expected = try TextFile.read(report)
        shown = terminal.screen.text + looks(terminal.screen)
      }
      try #require(shown == expected, "\(firstDifference(shown, expected))")
    }
    #expect(terminal.screen.unknown == [])
  }

  private func firstDifference(_ shown: String, _ expected: String) -> String {
    let (a, b) = (shown.split(separator: "\n"), expected.split(separator: "\n"))
    guard let row = a.indices.first(where: { $0 >= b.count || a[$0] != b[$0] }) else { return "length" }
    guard row < b.count else { return "line \(row): shown \(a[row]), expected nothing" }
    let (left, right) = (a[row].split(separator: " "), b[row].split(separator: " "))
    let column = left.indices.first { $0 >= right.count || left[$0] != right[$0] } ?? 0
    let (shown, expected) = (left.dropFirst(column).prefix(3), right.dropFirst(column).prefix(3))
    return "line \(row) part \(column): shown \(shown), expected \(expected)"
  }

  /// Colours and attributes of every cell, as the probe reports them.
  private func looks(_ screen: EmulatedScreen) -> String {
    screen.cells.map { row in
      row.map { cell in
        let flags = [cell.bold, cell.dim, cell.reverse, cell.underline, cell.italic]
        let attributes = flags.enumerated().reduce(0) { $0 + ($1.element ? 1 << $1.offset : 0) }
        // The ink of a space does not show.
        let isBlank = cell.text == " " && !cell.reverse
        return "\(isBlank ? -1 : cell.foreground),\(cell.background),\(isBlank ? attributes & 8 : attributes)"
      }.joined(separator: " ") + "\n"
    }.joined()
  }

  @Test("a resize arrives without a key")
  func resize() async throws {
    let terminal = try await start()
    terminal.resize(rows: 40, columns: 120)
    try await terminal.sees("Orders 40x120")
    terminal.resize(rows: 10, columns: 40)
    try await terminal.until("the status in the last row") {
      $0.line(0).hasPrefix("Orders 10x40") && $0.line(9).hasPrefix("resize")
    }
  }

  @Test("what a library says on standard error waits until the screen is left", arguments: ["q", "a"])
  func noise(ending: String) async throws {
    let terminal = try await start()
    terminal.type("n")
    try await terminal.until("that it was written") { $0.line(23).hasPrefix("noise") }
    #expect(!terminal.screen.text.contains("WARNING"))
    terminal.type(ending)
    _ = try await terminal.ended()
    #expect(terminal.screen.text.contains("WARNING: noise of a library"), "\(terminal.screen.text)")
    #expect(isRestored(terminal, fresh))
  }

  @Test("SIGTERM ends the loop and the terminal is as before")
  func terminate() async throws {
    let terminal = try await start()
    #expect(terminal.screen.isOtherScreen && !terminal.screen.isCursorShown && terminal.screen.modes.contains(2004))
    #expect(terminal.modes != fresh)
    terminal.signal(SIGTERM)
    #expect(try await terminal.ended() == .exited(4))
    #expect(isRestored(terminal, fresh))
  }

  @Test("a second SIGTERM ends a program that no longer listens")
  func stuck() async throws {
    let terminal = try await start()
    terminal.type("B")
    try await Task.sleep(for: .milliseconds(100))
    terminal.signal(SIGTERM)
    try await Task.sleep(for: .milliseconds(50))
    terminal.signal(SIGTERM)
    #expect(try await terminal.ended() == .exited(128 + SIGTERM))
    #expect(isRestored(terminal, fresh))
  }

  @Test(
    "a crash restores the terminal and still ends as a crash",
    arguments: [("t", [SIGILL, SIGTRAP]), ("a", [SIGABRT]), ("o", [SIGSEGV])])
  func crash(key: String, signals: [Int32]) async throws {
    let terminal = try await start()
    terminal.type("m")
    try await terminal.until("the mouse on") { $0.modes.contains(1006) }
    terminal.type(key)
    let ending = try await terminal.ended()
    #expect(signals.map { .killed(signal: $0) }.contains(ending))
    #expect(isRestored(terminal, fresh))
  }

  @Test("a crash signal from outside restores the terminal too")
  func crashSent() async throws {
    let terminal = try await start()
    terminal.signal(SIGSEGV)
    #expect(try await terminal.ended() == .killed(signal: SIGSEGV))
    #expect(isRestored(terminal, fresh))
  }

  @Test("leaving by exit or by returning restores the terminal", arguments: [("e", Int32(5)), ("q", 0)])
  func leaving(key: String, code: Int32) async throws {
    let terminal = try await start()
    terminal.type(key)
    #expect(try await terminal.ended() == .exited(code))
    #expect(isRestored(terminal, fresh))
  }

  @Test("a terminal that goes away ends the loop")
  func hangUp() async throws {
    let terminal = try await start()
    terminal.hangUp()
    #expect(try await terminal.ended() == .exited(3))
  }

  @Test("SIGHUP ends the loop")
  func hangUpSignal() async throws {
    let terminal = try await start()
    terminal.signal(SIGHUP)
    #expect(try await terminal.ended() == .exited(3))
    #expect(isRestored(terminal, fresh))
  }

  @Test("another thread can wake the loop")
  func wake() async throws {
    let terminal = try await start()
    terminal.type("w")
    try await terminal.sees("wake")
  }

  @Test("keys, a lone Escape, a paste and the mouse arrive")
  func input() async throws {
    let terminal = try await start()
    terminal.type("\u{1B}[1;5A")
    try await terminal.sees("ctrl-up")
    terminal.type("\u{1B}")
    try await terminal.sees("key(esc)")
    terminal.type("\u{3}")
    try await terminal.sees("ctrl-c")
    terminal.type("\u{1B}[200~two\rlines\u{1B}[201~")
    try await terminal.sees("paste(\"two\\nlines\")")
    terminal.type("m")
    try await terminal.until("the mouse on") { $0.modes.isSuperset(of: [1002, 1006]) }
    terminal.type("\u{1B}[<0;3;2M")
    try await terminal.sees("press")
  }

  @Test("the cursor shows where it is asked to, through other changes, and hides again")
  func caret() async throws {
    let terminal = try await start()
    terminal.type("i")
    try await terminal.until("the cursor at 2, 3") { $0.isCursorShown && $0.cursor == (2, 3) }
    terminal.type("j")
    try await terminal.until("the cursor still there") {
      $0.line(4).hasPrefix("▸") && $0.isCursorShown && $0.cursor == (2, 3)
    }
    terminal.type("i")
    try await terminal.until("no cursor") { !$0.isCursorShown }
    terminal.type("qx")
    #expect(try await terminal.ended() == .exited(0))
  }

  @Test("the clipboard is reached")
  func clipboard() async throws {
    let terminal = try await start()
    terminal.type("c")
    try await terminal.sees("copied true")
    #expect(terminal.screen.clipboard == ["R0stMTAwMCDmvKI="])
  }

  @Test("stopping gives the terminal back, and continuing repaints")
  func suspend() async throws {
    let terminal = try await start()
    let before = terminal.screen.text
    // A session leader without a shell cannot be stopped by SIGTSTP (its group is orphaned), so it returns at once:
    // the modes went back and forth all the same.
    terminal.type("z")
    try await terminal.sees("back")
    #expect(terminal.screen.isOtherScreen && terminal.screen.modes.contains(2004))
    kill(terminal.pid, SIGSTOP)
    kill(terminal.pid, SIGCONT)
    try await terminal.sees("resumed")
    #expect(terminal.screen.line(1) == String(before.split(separator: "\n")[1]))
    let locked = try await start(["no-suspend"])
    locked.type("z")
    try await locked.sees("may not stop")
  }

  @Test("under a shell, stopping shows the shell and fg comes back")
  func jobControl() async throws {
    let shell = try PseudoTerminal("/bin/bash", ["--norc", "--noprofile", "-i"], environment: ["PS1": "shell> "])
    try await shell.sees("shell>")
    shell.type("\(try TestRun.program("TerminalProbe"))\r")
    try await shell.sees("ready")
    shell.type("z")
    try await shell.until("the shell again") { !$0.isOtherScreen && $0.isCursorShown && $0.text.contains("Stopped") }
    #expect(!shell.screen.modes.contains(2004) || shell.screen.text.contains("shell>"))
    shell.type("fg\r")
    try await shell.until("the program again") { $0.isOtherScreen && $0.text.contains("back") }
    #expect(shell.screen.line(0).hasPrefix("Orders 24x80"))
    shell.type("q")
    try await shell.until("the shell at the end") { !$0.isOtherScreen }
  }

  @Test("another theme is painted at once")
  func theme() async throws {
    let terminal = try await start()
    #expect(terminal.screen.cells[3][5].background == 238)
    terminal.type("l")
    try await terminal.until("the light theme's selection") { $0.cells[3][5].background == 153 }
  }

  @Test(
    "fewer colours and none",
    arguments: [("xterm-256color", nil, 238), ("screen", nil, 4), ("xterm-256color", "1", -1), ("vt100", nil, -1)])
  func colours(term: String, noColor: String?, background: Int) async throws {
    let terminal = try await start(environment: ["TERM": term, "NO_COLOR": noColor])
    let cell = terminal.screen.cells[3][5]
    #expect(cell.background == background)
    #expect(cell.reverse == (background == -1))
    #expect(cell.text == "0" || cell.text == "1" || !cell.text.isEmpty)
  }

  @Test("where only ASCII may be sent, symbols have stand-ins")
  func ascii() async throws {
    let terminal = try await start(environment: ["LC_ALL": "C"])
    #expect(terminal.bytes.allSatisfy { $0 < 0x80 })
    #expect(terminal.screen.line(3).hasPrefix(">GK-1003"))
    #expect(terminal.screen.line(3).contains("x failed"))
  }

  @Test("a locale that is not installed, or none, still means UTF-8", arguments: ["en_US.UTF-8", nil])
  func locale(name: String?) async throws {
    let terminal = try await start(environment: ["LANG": name])
    #expect(terminal.screen.line(3).hasPrefix("▸GK-1003"))
  }

  @Test("a new terminal's name that terminfo lacks is taken for xterm, and a hopeless one refused")
  func terminals() async throws {
    let modern = try await start(environment: ["TERM": "xterm-ghostty"])
    #expect(modern.screen.cells[3][5].background == 238)
    for (term, message) in [("dumb", "cannot show full-screen"), ("nosuchthing", "is not known here")] {
      let terminal = try PseudoTerminal(try TestRun.program("TerminalProbe"), environment: ["TERM": term])
      #expect(try await terminal.ended() == .exited(70))
      #expect(terminal.screen.text.contains(message))
    }
  }

  @Test("without a terminal it says so")
  func noTerminal() async throws {
    let result = try await ChildProcess.run(try TestRun.program("TerminalProbe"))
    #expect(result.ending == .exited(70))
    #expect(result.output.contains("not a terminal"))
  }
}

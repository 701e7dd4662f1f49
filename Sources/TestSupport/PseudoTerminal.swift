package import Glibc
import Synchronization

/// A program running in a terminal of its own, seen from the other end: what it sends, byte by byte, and the screen
/// that makes. One test uses it, from one task at a time.
package final class PseudoTerminal: Sendable {
  package let pid: pid_t
  private struct State: Sendable {
    var master: Int32
    var screen: EmulatedScreen
    var bytes: [UInt8] = []
    var ending: ChildProcess.Ending?
  }
  private let state: Mutex<State>
  /// The other side kept open, so that reading goes on when the program has ended and its modes can be looked at.
  private let slave: Int32

  /// Starts a program with the terminal as its controlling one, in a session of its own.
  ///
  /// - Parameter environment: added to this process's own; nil removes a variable. TERM is xterm-256color, LANG C.UTF-8
  ///   and the rest of the locale unset unless given.
  package init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], rows: Int = 24,
    columns: Int = 80
  ) throws(TestSupportError) {
    let (master, path) = try PseudoTerminal.makePair()
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal a session leader opens becomes its controlling one.
    for descriptor: Int32 in 0...2 { posix_spawn_file_actions_addopen(&actions, descriptor, path, O_RDWR, 0) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, SpawnFlag.newSession | SpawnFlag.cleanSignals)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    var changed: [String: String?] = [
      "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": nil, "LC_CTYPE": nil, "NO_COLOR": nil, "LINES": nil,
      "COLUMNS": nil, "SWIFT_BACKTRACE": "enable=no",
    ]
    changed.merge(environment) { $1 }
    let envp = Environment.current(changed: changed).map { "\($0.key)=\($0.value)" }
    var child: pid_t = 0
    let failure = withCStrings([executable] + arguments) { argv in
      withCStrings(envp) { envp in posix_spawnp(&child, executable, &actions, &attributes, argv, envp) }
    }
    guard failure == 0 else {
      close(master)
      close(slave)
      throw TestSupportError("cannot start \(executable): \(String(cString: strerror(failure)))")
    }
    pid = child
    state = Mutex(State(master: master, screen: EmulatedScreen(rows: rows, columns: columns)))
    if let run = try? TestRun.shared.get(), let born = ProcessTable.birth(of: child) {
      run.atEnd("process \(child) \(born)")
    }
  }

  /// The master's descriptor and the slave's path. posix_openpt(3) and its kin are hidden from Swift; these are the
  /// Linux calls beneath them.
  package static func makePair() throws(TestSupportError) -> (master: Int32, slavePath: String) {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    var unlocked: Int32 = 0
    var number: Int32 = -1
    let (setLock, getNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))
    guard master >= 0, ioctl(master, setLock, &unlocked) == 0, ioctl(master, getNumber, &number) == 0 else {
      throw TestSupportError("cannot make a pseudo terminal: \(String(cString: strerror(errno)))")
    }
    return (master, "/dev/pts/\(number)")
  }

  deinit {
    if poll() == nil {
      kill(-pid, SIGKILL)
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
    close(slave)
    state.withLock { if $0.master >= 0 { close($0.master) } }
  }

  // MARK: - Acting on the program

  /// Types.
  package func type(_ text: String) { type(bytes: Array(text.utf8)) }

  package func type(bytes: [UInt8]) {
    state.withLock { state in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(state.master, $0.baseAddress, $0.count) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
          usleep(1_000)
        } else {
          return
        }
      }
    }
  }

  package func signal(_ number: Int32) { if poll() == nil { kill(pid, number) } }

  /// Changes the window's size; the kernel sends SIGWINCH.
  package func resize(rows: Int, columns: Int) {
    state.withLock { state in
      var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
      state.screen.resize(rows: rows, columns: columns)
      _ = ioctl(state.master, UInt(TIOCSWINSZ), &size)
    }
  }

  /// Closes the window: what an SSH connection that drops does to the program.
  package func hangUp() {
    close(slave)
    state.withLock {
      close($0.master)
      $0.master = -1
    }
  }

  // MARK: - Looking

  /// The screen as it is now.
  package var screen: EmulatedScreen {
    receive()
    return state.withLock { $0.screen }
  }

  /// Everything sent since `forgetBytes`.
  package var bytes: [UInt8] {
    receive()
    return state.withLock { $0.bytes }
  }

  package func forgetBytes() {
    receive()
    state.withLock { $0.bytes = [] }
  }

  /// The terminal's modes, to be compared before and after.
  package var modes: (input: tcflag_t, output: tcflag_t, local: tcflag_t) {
    var modes = termios()
    tcgetattr(slave, &modes)
    return (modes.c_iflag, modes.c_oflag, modes.c_lflag)
  }

  /// Waits until the screen is as asked, and returns it.
  @discardableResult
  package func until(
    _ what: String, within limit: Duration = .seconds(10), _ condition: (EmulatedScreen) -> Bool
  ) async throws -> EmulatedScreen {
    let deadline = ContinuousClock.now + limit
    while true {
      let screen = screen
      if condition(screen) { return screen }
      guard ContinuousClock.now < deadline else {
        throw TestSupportError("not seen within \(limit): \(what). The screen:\n\(screen.text)")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Waits until a text is on the screen.
  @discardableResult
  package func sees(_ text: String, within limit: Duration = .seconds(10)) async throws -> EmulatedScreen {
    try await until("\"\(text)\"", within: limit) { $0.text.contains(text) }
  }

  /// Waits until nothing has come for `quiet`; returns the bytes since `forgetBytes`.
  package func settled(quiet: Duration = .milliseconds(150)) async throws -> [UInt8] {
    var count = -1
    while true {
      let now = bytes.count
      if now == count { return bytes }
      count = now
      try await Task.sleep(for: quiet)
    }
  }

  /// Waits for the program's end.
  package func ended(within limit: Duration = .seconds(10)) async throws -> ChildProcess.Ending {
    let deadline = ContinuousClock.now + limit
    while true {
      if let ending = poll() {
        receive()
        return ending
      }
      guard ContinuousClock.now < deadline else {
        throw TestSupportError("the program still runs after \(limit). The screen:\n\(screen.text)")
      }
      receive()
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  private func poll() -> ChildProcess.Ending? {
    state.withLock { state in
      if state.ending != nil { return state.ending }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      let signal = status & 0x7f
      state.ending = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
      return state.ending
    }
  }

  private func receive() {
    state.withLock { state in
      guard state.master >= 0 else { return }
      var buffer = [UInt8](repeating: 0, count: 16_384)
      while true {
        let count = read(state.master, &buffer, buffer.count)
        guard count > 0 else { return }
        state.bytes += buffer[..<count]
        state.screen.feed(buffer[..<count])
      }
    }
  }
}

package import Glibc
import Synchronization

/// A process that a test started, with its output in files. It leads a session of its own and is killed at the latest
/// when the test process ends, however that ends.
package final class ChildProcess: Sendable {
  /// How a process ended.
  package enum Ending: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  /// Its process id; valid until its ending has been seen.
  package let pid: pid_t
  /// The program, for messages.
  package let name: String
  /// Where its standard output and standard error go; one file when they were asked to share.
  package let standardOutput: String
  package let standardError: String
  private let ending = Mutex<Ending?>(nil)

  /// Starts `executable` (an absolute path, or a name looked up in PATH).
  ///
  /// - Parameters:
  ///   - environment: added to this process's own; a nil value removes a variable.
  ///   - input: a file for standard input; /dev/null by default.
  ///   - directory: where its output files are made: the run's folder by default.
  ///   - merged: standard error goes where standard output goes.
  package init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:],
    input: String = "/dev/null", merged: Bool = false
  ) throws(TestSupportError) {
    let run = try TestRun.shared.get()
    name = executable.split(separator: "/").last.map(String.init) ?? executable
    standardOutput = run.path("\(name).out")
    standardError = merged ? standardOutput : run.path("\(name).err")

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let creating = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, standardOutput, creating, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, standardError, creating, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A session of its own: a Ctrl-C meant for the tests does not reach it, and its children can be found.
    posix_spawnattr_setflags(&attributes, SpawnFlag.newSession | SpawnFlag.cleanSignals)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    let argv = [executable] + arguments
    let envp = Environment.current(changed: environment).map { "\($0.key)=\($0.value)" }
    var child: pid_t = 0
    let failure = withCStrings(argv) { argv in
      withCStrings(envp) { envp in
        posix_spawnp(&child, executable, &actions, &attributes, argv, envp)
      }
    }
    guard failure == 0 else {
      throw TestSupportError("cannot start \(executable): \(String(cString: strerror(failure)))")
    }
    pid = child
    if let born = ProcessTable.birth(of: child) { run.atEnd("process \(child) \(born)") }
  }

  deinit {
    if poll() == nil {
      kill(-pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
  }

  /// How it ended; nil while it runs.
  package func poll() -> Ending? {
    ending.withLock { known in
      if known != nil { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      let signal = status & 0x7f
      known = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
      return known
    }
  }

  /// Whether it still runs.
  package var isRunning: Bool { poll() == nil }

  /// Sends a signal, unless it has ended. Nobody else can have its pid: it is not reaped before `poll` says so.
  package func signal(_ number: Int32) {
    ending.withLock { known in
      if known == nil { _ = kill(pid, number) }
    }
  }

  /// Waits for its end.
  ///
  /// - Throws: when it still runs after `limit`; the message ends with the last lines of its standard error.
  @discardableResult
  package func ended(within limit: Duration = .seconds(30)) async throws -> Ending {
    let deadline = ContinuousClock.now + limit
    while true {
      if let ending = poll() { return ending }
      guard ContinuousClock.now < deadline else {
        throw TestSupportError("\(name) still runs after \(limit). It said:\n\(tail())")
      }
      try await Task.sleep(for: .milliseconds(4))
    }
  }

  /// Asks it to end with `number`, kills it after `patience`, and waits.
  @discardableResult
  package func end(_ number: Int32 = SIGTERM, patience: Duration = .seconds(15)) async throws -> Ending {
    signal(number)
    if let ending = try? await ended(within: patience) { return ending }
    signal(SIGKILL)
    return try await ended(within: .seconds(10))
  }

  /// What it has written to standard output so far.
  package func output() throws(TestSupportError) -> String { try TextFile.read(standardOutput) }

  /// What it has written to standard error so far.
  package func errors() throws(TestSupportError) -> String { try TextFile.read(standardError) }

  /// The last lines of its standard error, for messages.
  package func tail(lines: Int = 20) -> String {
    let text = (try? errors()) ?? ""
    return text.split(separator: "\n", omittingEmptySubsequences: false).suffix(lines).joined(separator: "\n")
  }
}

extension ChildProcess {
  /// What a command that ran to its end left.
  package struct Result: Sendable {
    package let ending: Ending
    package let output: String
    package let errors: String
    /// Whether it exited with 0.
    package var succeeded: Bool { ending == .exited(0) }
  }

  /// Runs a command to its end.
  package static func run(
    _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], input: String = "",
    within limit: Duration = .seconds(60)
  ) async throws -> Result {
    let run = try TestRun.shared.get()
    var source = "/dev/null"
    if !input.isEmpty {
      source = run.path("input")
      try TextFile.write(input, to: source)
    }
    let child = try ChildProcess(executable, arguments, environment: environment, input: source)
    defer {
      for file in [child.standardOutput, child.standardError] { unlink(file) }
      if !input.isEmpty { unlink(source) }
    }
    do {
      let ending = try await child.ended(within: limit)
      return Result(ending: ending, output: try child.output(), errors: try child.errors())
    } catch {
      child.signal(SIGKILL)
      throw error
    }
  }
}

/// Calls `body` with a NULL-terminated array of C strings.
func withCStrings<T>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
  let copies = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

/// Flags of posix_spawn, of which the newest is hidden from Swift.
enum SpawnFlag {
  /// POSIX_SPAWN_SETSID
  static let newSession: Int16 = 0x80
  /// No signal blocked, none ignored.
  static let cleanSignals = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
}

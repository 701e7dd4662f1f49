import Glibc
import Synchronization

/// This run of the tests: its folder, and the helper that cleans up after it.
///
/// The helper (`.scripts/janitor`) reads what there is to clean from a socket and acts when it closes, so servers
/// and processes end with the tests even when those crash or are killed.
package final class TestRun: Sendable {
  /// The one run of this process; a failure to begin is the same for everyone who asks.
  package static let shared: Result<TestRun, TestSupportError> = Result { () throws(TestSupportError) in try TestRun() }

  /// The checkout that the tests were built from.
  package static let checkout: String = {
    // Sources/TestSupport/TestRun.swift
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
  }()

  /// A short folder of this run, removed at its end.
  package let folder: String
  private let lifeline: Int32
  private let janitor: pid_t
  private let counter = Atomic<Int>(0)

  private init() throws(TestSupportError) {
    var template = Array("/tmp/gkm-t-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw TestSupportError("cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The servers' user passes through it, and nobody else can list it.
    chmod(folder, 0o711)

    var ends: [Int32] = [-1, -1]
    // A socket pair, because it alone can be made close-on-exec in one step with POSIX calls.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw TestSupportError("cannot make a socket pair") }
    lifeline = ends[1]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, SpawnFlag.newSession)
    let script = "\(TestRun.checkout)/.scripts/janitor"
    var child: pid_t = 0
    let failure = withCStrings(["bash", script, Environment.value("GKM_TEST_FOLDER") ?? folder]) { argv in
      posix_spawnp(&child, "bash", &actions, &attributes, argv, environ)
    }
    close(ends[0])
    guard failure == 0 else {
      throw TestSupportError("cannot start \(script): \(String(cString: strerror(failure)))")
    }
    janitor = child
    atEnd("remove \(folder)")
    // A process that exits waits for the cleaning; one that is killed leaves it to the helper.
    atexit {
      guard case .success(let run) = TestRun.shared else { return }
      close(run.lifeline)
      var status: Int32 = 0
      waitpid(run.janitor, &status, 0)
    }
  }

  /// A new path in the run's folder: unique, and short enough for a Unix socket.
  package func path(_ name: String) -> String {
    "\(folder)/\(counter.add(1, ordering: .relaxed).newValue)-\(name)"
  }

  /// Tells the helper what to do when this process has ended; see `.scripts/janitor` for the words.
  package func atEnd(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    // One short write, so lines of several threads do not mix.
    _ = write(lifeline, bytes, bytes.count)
  }

  /// Runs a script of `.scripts` to its end and returns what it printed.
  ///
  /// - Throws: what it wrote to standard error when it fails.
  @discardableResult
  package static func script(_ name: String, _ arguments: [String], input: String = "") async throws -> String {
    let path = "\(checkout)/.scripts/\(name)"
    let result = try await ChildProcess.run("bash", [path] + arguments, input: input, within: .seconds(180))
    guard result.succeeded else {
      throw TestSupportError("\(name) \(arguments.joined(separator: " ")): \(result.errors)")
    }
    return result.output
  }

  /// Where the package's own programs stand: beside the test program.
  package static func program(_ name: String) throws(TestSupportError) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folders = [own.split(separator: "/").dropLast().joined(separator: "/"), "\(checkout.dropFirst())/.build/debug"]
    for folder in folders where access("/\(folder)/\(name)", X_OK) == 0 { return "/\(folder)/\(name)" }
    throw TestSupportError("\(name) is not built: run 'swift build'")
  }
}

import Market
import Postgres
import TestSupport
import Testing

/// Runs the built `gkm` the way a shell would.
enum Cli {
  /// Nothing of the machine's own settings reaches it.
  private static let environment: [String: String?] = [
    "HOME": "/nonexistent", "XDG_CONFIG_HOME": nil, "PGHOST": nil, "PGPORT": nil, "PGUSER": nil, "PGDATABASE": nil,
    "PGPASSWORD": nil, "PGSERVICE": nil, "PGSERVICEFILE": nil, "PGPASSFILE": nil, "REDIS_URL": nil,
    "SWIFT_BACKTRACE": "enable=no", "LC_ALL": "C",
  ]

  static func run(
    _ arguments: [String], as person: PostgresConfiguration? = nil, environment more: [String: String?] = [:]
  ) async throws -> ChildProcess.Result {
    let connection = person.map { ["-d", $0.conninfo] } ?? []
    return try await ChildProcess.run(
      try TestRun.program("gkm"), arguments + connection, environment: environment.merging(more) { $1 })
  }

  /// Standard output of a command that has to succeed, line by line.
  static func lines(_ arguments: [String], as person: PostgresConfiguration) async throws -> [String] {
    let result = try await run(arguments, as: person)
    #expect(result.ending == .exited(0), "gkm \(arguments.joined(separator: " ")): \(result.errors)")
    #expect(result.errors.isEmpty, "\(result.errors)")
    var lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.popLast() == "", "the last line has its end")
    return lines
  }

  /// Compares with a file of Goldens; GKM_UPDATE_GOLDENS=1 writes it anew.
  static func expectGolden(_ lines: [String], _ name: String) throws {
    let path = "\(TestRun.checkout)/Tests/ConsoleTests/Goldens/\(name)"
    let text = lines.map { $0 + "\n" }.joined()
    if Environment.value("GKM_UPDATE_GOLDENS") != nil {
      try TextFile.write(text, to: path)
    }
    let golden = try TextFile.read(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (index, line) in (lines + [""]).enumerated() where !golden.indices.contains(index) || golden[index] != line {
      let wanted = golden.indices.contains(index) ? golden[index] : "nothing"
      Issue.record("\(name):\(index + 1) is\n\(line)\nand was\n\(wanted)")
      return
    }
    #expect(golden.count == lines.count + 1, "\(name)")
  }
}

import ArgumentParser
import FoundationEssentials
import Market
import Postgres
import Store

/// `gkmd verify`
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a live database against the market's promises, as gkm_daemon or the superuser.",
    discussion: """
      Reads only, all in one snapshot. Whatever breaks a promise is named; then the exit status is 65. Sealed keys are \
      opened where the master key is at hand: a sample, or all with --keys.
      """)

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var keys: VaultOptions

  @Flag(help: "One JSON object per check, for scripts.")
  var json = false

  @Flag(name: .customLong("keys"), help: "Open every sealed key, not only a sample.")
  var allKeys = false

  @Option(help: "Seconds that a paid order may take before it must be flagged.")
  var grace = 30

  @Option(
    help: ArgumentHelp(
      "A file of secrets, one to a line: none may stand anywhere in the clear. '-' is standard input.",
      valueName: "file"))
  var canary: String?

  func validate() throws {
    guard (0...86_400).contains(grace) else { throw ValidationError("--grace is 0 to 86400 seconds.") }
  }

  func run() async throws {
    var verification = Verification()
    verification.grace = .seconds(grace)
    verification.vault = try keys.vaultIfConfigured()
    if allKeys, verification.vault == nil { verification.vault = try keys.vault() }
    verification.opensAllKeys = allKeys
    if let canary { verification.canaries = try Self.canaries(canary) }
    let (made, json) = (verification, json)
    let results = try await database.connected(statementTimeout: .seconds(3_600)) { connection in
      try await made.run(connection) { print(json ? Self.json($0) : Self.lines($0)) }
    }
    let broken = results.count { !$0.isKept }
    if !json {
      print(
        broken == 0 ? "All \(results.count) promises are kept." : "\(broken) of \(results.count) promises are broken.")
    }
    if broken > 0 { throw ExitCode(65) }
  }

  private static func canaries(_ file: String) throws -> [String] {
    let text = String(decoding: try InputFile.read(file, limit: 1 << 20), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    if let short = lines.firstIndex(where: { $0.utf8.count < 6 }) {
      throw Failure("\(file), secret \(short + 1): fewer than 6 bytes would be found everywhere", status: 65)
    }
    guard (1...1_000).contains(lines.count) else { throw Failure("\(file): 1 to 1000 secrets are taken", status: 65) }
    return lines
  }

  private static func lines(_ result: Verification.Result) -> String {
    let name = result.check + String(repeating: " ", count: max(1, 24 - result.check.utf8.count))
    if let skipped = result.skipped { return "skip  \(name)\(result.promise): not checked, \(skipped)" }
    guard !result.isKept else { return "ok    \(name)\(result.promise) (\(result.checked))" }
    let shown = result.offenders.prefix(20).map { "        \($0.name) \($0.problem)" }
    let more = result.count > shown.count ? ["        … and \(result.count - shown.count) more"] : []
    return (["BAD   \(name)\(result.promise): not so for \(result.count) of \(result.checked)"] + shown + more)
      .joined(separator: "\n")
  }

  private struct Line: Encodable {
    struct Offender: Encodable {
      let name: String
      let problem: String
    }

    let check: String
    let promise: String
    let ok: Bool
    let checked: Int
    let offenders: Int
    let examples: [Offender]
    let skipped: String?
    let milliseconds: Int64
  }

  private static func json(_ result: Verification.Result) -> String {
    let line = Line(
      check: result.check, promise: result.promise, ok: result.isKept, checked: result.checked,
      offenders: result.count, examples: result.offenders.prefix(100).map { .init(name: $0.name, problem: $0.problem) },
      skipped: result.skipped, milliseconds: result.duration.wholeMicroseconds / 1_000)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

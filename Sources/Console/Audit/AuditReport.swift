import Glibc
import Market
package import Postgres
package import Store
import Terminal

/// `gkm audit verify` and `gkm audit resume`.
package struct AuditReport: Sendable {
  package var check = LogCheck()
  /// Where what was verified is kept, to go on from there.
  package var stateFile: String?
  package var showsProgress = false
  package var json = false

  /// - Parameters:
  ///   - keyFile: public keys, one to a line; by default `$GKM_SEAL_PUBLIC_KEY`, else `/etc/gkm/seal.pub` where it is.
  ///   - headFile: heads that were kept outside.
  package init(keyFile: String?, headFile: String?) throws {
    if let path = Self.keyFile(keyFile) { check.keys = try Self.keys(path) }
    if let headFile {
      let text = try LocalFile.text(headFile)
      do throws(NoteError) {
        check.outside = try SignedHead.list(text)
      } catch {
        throw ConsoleFailure("\(headFile): \(error.message)", status: .badData)
      }
      if check.outside.isEmpty { throw ConsoleFailure("\(headFile) holds no head", status: .badData) }
    }
  }

  static func keyFile(_ named: String?) -> String? {
    let standard = "/etc/gkm/seal.pub"
    return named ?? ConsoleFolders.environment("GKM_SEAL_PUBLIC_KEY") ?? (LocalFile.exists(standard) ? standard : nil)
  }

  static func keys(_ path: String) throws -> [NoteVerifier] {
    let text = try LocalFile.text(path, limitBytes: 1 << 20)
    do throws(NoteError) { return try NoteVerifier.list(text) } catch {
      throw ConsoleFailure("\(path): \(error.message)", status: .badData)
    }
  }

  /// Verifies and prints; throws where something was found.
  package func run(on connection: PostgresConnection) async throws {
    var check = check
    if let stateFile, LocalFile.exists(stateFile) { check.verified = try VerifiedLog.read(stateFile) }
    let begun = ContinuousClock.now
    var told = begun
    let report = try await check.run(connection) { progress in
      let isLast = progress.done == progress.total
      guard isLast || ContinuousClock.now - told > .seconds(1) else { return }
      told = .now
      if let stateFile, let tree = progress.verified { try VerifiedLog.write(tree, to: stateFile) }
      if showsProgress { Self.say(progress, since: begun) }
    }
    var output = OutputWriter()
    for line in json ? jsonLines(report) : lines(report) { try output.line(line) }
    try output.flush()
    guard report.findings.isEmpty else {
      throw ConsoleFailure("the log is not what was sealed: \(report.findings.count) findings", status: .badData)
    }
  }

  private static func say(_ progress: LogCheck.Progress, since begun: ContinuousClock.Instant) {
    let percent = progress.total == 0 ? 100 : 100 * progress.done / progress.total
    let line =
      "gkm: \(progress.done) of \(progress.total) events (\(percent) %), \(rate(progress.done, since: begun))\n"
    let bytes = Array(line.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }

  private static func rate(_ count: Int, since begun: ContinuousClock.Instant) -> String {
    let seconds = Double((ContinuousClock.now - begun).wholeMicroseconds) / 1_000_000
    return "\(Int(Double(count) / max(seconds, 0.001)))/s"
  }

  private func lines(_ report: LogCheck.Report) -> [String] {
    let milliseconds = report.duration.wholeMicroseconds / 1_000
    var lines: [String] = []
    if report.leaves.isEmpty {
      lines.append("There is nothing sealed to look at.")
    } else {
      lines.append(
        "Looked at \(report.leaves.count) sealed events, leaves \(report.leaves.lowerBound) to "
          + "\(report.leaves.upperBound - 1), against \(report.heads) heads, in \(milliseconds) ms.")
    }
    if !report.isKeyPinned {
      lines.append("The keys are those that the database names: give one from outside with --key.")
    }
    if check.outside.isEmpty {
      lines.append("No head from outside was given (--head): a log that was made anew as a whole would not be noticed.")
    }
    lines += report.findings.map { Sanitizer.clean("\($0.kind.rawValue): \($0.text)") }
    for resumption in report.resumptions where !report.findings.isEmpty {
      lines.append(
        Sanitizer.clean(
          "note: event \(resumption.event) of \(resumption.actor) (\(resumption.at)) resumed the log after a restore and "
            + "gave up the head of \(resumption.lostSize) events"))
    }
    if report.findings.isEmpty { lines.append("The log is what was sealed.") }
    return lines
  }

  private func jsonLines(_ report: LogCheck.Report) -> [String] {
    let findings = report.findings.map { finding in
      JSONText.object([
        ListField("finding", .text(finding.kind.rawValue)), ListField("leaf", .optional(finding.leaf.map(Int64.init))),
        ListField("event", .optional(finding.event)), ListField("text", .text(finding.text)),
      ])
    }
    let summary = JSONText.object([
      ListField("ok", .flag(report.findings.isEmpty)), ListField("from", .integer(Int64(report.leaves.lowerBound))),
      ListField("to", .integer(Int64(report.leaves.upperBound))), ListField("heads", .integer(Int64(report.heads))),
      ListField("findings", .integer(Int64(report.findings.count))), ListField("key_pinned", .flag(report.isKeyPinned)),
      ListField("outside_heads", .integer(Int64(check.outside.count))),
      ListField("milliseconds", .integer(report.duration.wholeMicroseconds / 1_000)),
    ])
    return findings + [summary]
  }

  /// Gives up the head that a restored log does not have, named as the sealer names it: `SIZE:ROOT`.
  package static func resume(lostHead: String, reason: String, on connection: PostgresConnection) async throws -> String
  {
    let parts = lostHead.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let size = Int(parts[0]), size > 0, parts[1].utf8.count == 64,
      let root = Hex.decode(parts[1]).flatMap({ MerkleHash($0) })
    else {
      throw ConsoleFailure("--lost-head is SIZE:ROOT, as gkmd seal printed it when it refused", status: .usage)
    }
    try await connection.write {
      try SealResumption.resume($0, lostSize: size, lostRoot: root, reason: reason)
    }
    return "The head of \(size) events is given up: the sealer goes on from the restored log when it is started again."
  }
}

/// A tree that was verified, in a file of the verifier's own.
enum VerifiedLog {
  private static let header = "gkm-audit-verified v1"

  static func write(_ tree: MerkleTree, to path: String) throws {
    let lines = [header, String(tree.size)] + tree.edge.map(\.description)
    try LocalFile.write(path, Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  static func read(_ path: String) throws -> MerkleTree {
    let lines = try LocalFile.text(path, limitBytes: 1 << 20).split(separator: "\n")
    let edge = lines.dropFirst(2).compactMap { Hex.decode($0).flatMap { MerkleHash($0) } }
    guard lines.count >= 2, lines[0] == header, edge.count == lines.count - 2, let size = Int(lines[1]),
      let tree = MerkleTree(size: size, edge: edge)
    else { throw ConsoleFailure("\(path) is not what an earlier verification wrote", status: .badData) }
    return tree
  }
}

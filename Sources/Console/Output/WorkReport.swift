package import Market
package import Postgres
package import Store
import Terminal

/// `gkm work` and `gkm dead`: the queue's state, and what people do about it.
package enum WorkReport {
  /// The members of a kind's line, in their order.
  package static let memberNames = [
    "kind", "waiting", "due", "under_way", "oldest_due_seconds", "dead", "paused_at", "paused_by", "pause_reason",
    "concurrency", "rate_per_second", "version",
  ]

  private static let columns: [TextTable.Column] = [
    .init("kind"), .init("waiting", .right), .init("due", .right), .init("under_way", .right),
    .init("oldest_due_seconds", .right), .init("dead", .right), .init("limits", rank: 1),
    .init("paused", least: 12, rank: 2),
  ]

  /// Prints how each kind of work stands.
  package static func overview(
    on connection: PostgresConnection, format: OutputFormat, terminal: OutputTerminal = .standardOutput()
  ) async throws {
    let work = try await read(connection)
    var printer = RowPrinter(names: memberNames, table: TextTable(columns, terminal: terminal), format: format)
    try printer.print(work.map { format == .text ? line($0) : fields($0) })
  }

  private static func read(_ connection: PostgresConnection) async throws -> [WorkOverview] {
    do {
      return try await connection.read { try WorkOverview.read($0) }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }

  private static func fields(_ work: WorkOverview) -> [ListField] {
    [
      ListField("kind", .text(work.kind)), ListField("waiting", .integer(Int64(work.waiting))),
      ListField("due", .integer(Int64(work.due))), ListField("under_way", .integer(Int64(work.underWay))),
      ListField("oldest_due_seconds", .integer(work.oldestDue.components.seconds)),
      ListField("dead", .integer(Int64(work.dead))), ListField("paused_at", .optional(work.pausedAt)),
      ListField("paused_by", .optional(work.pausedBy)), ListField("pause_reason", .optional(work.pauseReason)),
      ListField("concurrency", .optional(work.concurrency.map(Int64.init))),
      ListField("rate_per_second", .optional(work.ratePerSecond.map { "\($0)" })),
      ListField("version", .integer(work.version)),
    ]
  }

  private static func line(_ work: WorkOverview) -> [ListField] {
    let limits = [work.concurrency.map { "\($0) at once" }, work.ratePerSecond.map { "\($0)/s" }].compactMap { $0 }
    let paused = work.pausedBy.map { "by \($0): \(work.pauseReason ?? "")" } ?? ""
    return fields(work) + [
      ListField("limits", .text(limits.joined(separator: ", "))), ListField("paused", .text(paused)),
    ]
  }

  /// What is done to a kind of work.
  package enum Change: Sendable {
    case pause, resume
    /// `nil` takes a limit away.
    case limit(concurrency: Int32?, rate: Double?)
  }

  /// Changes a kind's switches as they stand now; returns what to say.
  package static func change(
    _ kind: JobKind, _ change: Change, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let version = try await read(connection).first { $0.kind == kind.rawValue }?.version ?? 0
    return try await connection.write { session in
      switch change {
      case .pause:
        _ = try WorkSwitches.pause(session, kind, version: version, reason: reason)
        return "Work of kind \(kind.rawValue) is paused on every daemon; what is under way is finished."
      case .resume:
        _ = try WorkSwitches.resume(session, kind, version: version, reason: reason)
        return "Work of kind \(kind.rawValue) goes on."
      case .limit(let concurrency, let rate):
        _ = try WorkSwitches.limit(
          session, kind, version: version, concurrency: concurrency, rate: rate, reason: reason)
        let words = [concurrency.map { "\($0) at once" }, rate.map { "\($0) a second" }].compactMap { $0 }
        return words.isEmpty
          ? "Work of kind \(kind.rawValue) is not limited."
          : "Work of kind \(kind.rawValue) is limited to \(words.joined(separator: " and "))."
      }
    }
  }

  /// Settles dead letters: those named, or all of a kind; returns what to say.
  package static func settle(
    _ jobs: [JobID], all kind: JobKind?, discards: Bool, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let count = try await connection.write { session in
      let letters = jobs.isEmpty ? try DeadLetters.open(session, kind) : jobs
      guard !letters.isEmpty else { throw ActionRefused(.notFound, "there are no such dead letters") }
      return discards
        ? try DeadLetters.discard(session, letters, reason: reason)
        : try DeadLetters.redrive(session, letters, reason: reason)
    }
    let letters = count == 1 ? "1 dead letter" : "\(count) dead letters"
    return discards ? "\(letters) discarded." : "\(letters) put back in the queue."
  }

  /// Changes what a dead letter is about; returns what to say.
  package static func edit(
    _ job: JobID, subject: String, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      let rows = try DeadLetterList.page(session, where: ["j.id = \(job)"], after: nil, limit: 1)
      guard let row = rows.first else { throw ActionRefused(.notFound, "there is no dead letter \(job)") }
      _ = try DeadLetters.edit(session, job, version: row.version, subject: subject, reason: reason)
      return Sanitizer.clean("Dead letter \(job) was about \(row.subject) and is about \(subject) now.")
    }
  }
}

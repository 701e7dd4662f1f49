import Market
import Postgres
import Store

/// Carries out what a person asked for, in the database and as that person: each action through the one function that
/// decides about it.
struct ActionRunner {
  /// What was typed into the form, by the fields' names.
  let values: [String: String]
  let connection: PostgresConnection
  /// The market that the connection leads to.
  let market: ConsoleConnection

  private var reason: String { values["reason"] ?? "" }

  /// Does it; answers what to say.
  func run(_ action: ActionRequest) async throws -> String {
    switch action {
    case .retryDeliveries(let rows):
      return try await each(rows, done: "queued again", one: { "Order \($0.name): the delivery is queued again" }) {
        session, row in
        _ = try RetryDelivery.retry(session, delivery: DeliveryID(row.id), version: row.version, reason: reason)
      }
    case .redriveJobs(let rows):
      return try await each(rows, done: "are done again", one: { "\($0.name) is done again" }) { session, row in
        _ = try DeadLetters.redrive(session, [JobID(row.id)], reason: reason)
      }
    case .acknowledgeAlert(let row):
      _ = try await connection.write {
        try AlertSwitches.acknowledge($0, row.id, version: row.version, reason: reason)
      }
      return "The team hears no reminders of \(row.name)"
    case .silenceAlert(let rule, let subject): return try await silence(rule, subject)
    case .refund(let row, let currency):
      let plan = try await refund(row, currency, isDryRun: false)
      let next = plan.approvalsNeeded > 0 ? "waits for somebody to agree" : "is on its way"
      return "Refund of \(plan.money) for \(row.name) \(next)"
    case .decideRefund(let row, let decision):
      let state = try await connection.write {
        try RefundActions.decide(
          $0, decision, request: RefundRequestID(row.id), version: row.version, reason: reason)
      }
      let words = state.rawValue.split(separator: "_").joined(separator: " ")
      return "The refund for \(row.name) is \(words) now"
    default:
      if let said = try await runOnOrder(action) { return said }
      if let said = try await runOnMoney(action) { return said }
      if let said = try await runOnStock(action) { return said }
      if let said = try await runOnCommission(action) { return said }
      return try await runOnCase(action) ?? ""
    }
  }

  /// What it would come to, and what has to be typed before it is done.
  func preview(_ action: ActionRequest) async throws -> (lines: [String], typed: String?) {
    switch action {
    case .refund(let row, let currency):
      let plan = try await refund(row, currency, isDryRun: true)
      return (Self.lines(plan), plan.money.digits)
    case .submitEvidence(let row): return try await previewEvidence(row)
    case .changeCommission(let shown, let scope): return try await previewCommission(shown, scope)
    case .limitPerson(let row): return try await previewLimit(row)
    case .sealGlass: return try await previewSeal()
    default: return try await previewOnOrder(action) ?? ([], nil)
    }
  }

  /// Each row in a transaction of its own: one that is refused does not take back the others.
  private func each(
    _ rows: [RowAsShown], done: String, one: (RowAsShown) -> String,
    _ body: @escaping @Sendable (borrowing Session, RowAsShown) throws -> Void
  ) async throws -> String {
    var refusals: [String] = []
    for row in rows {
      do {
        try await connection.write { try body($0, row) }
      } catch let refused as ActionRefused {
        guard rows.count > 1 else { throw refused }
        refusals.append("\(row.name): \(refused)")
      }
    }
    guard rows.count > 1 else { return rows.first.map(one) ?? "" }
    let count = rows.count - refusals.count
    guard let first = refusals.first else { return "\(count) \(done)" }
    return "\(count) \(done), \(refusals.count) refused; \(first)"
  }

  private func silence(_ rule: String, _ subject: String) async throws -> String {
    let span = values["span"] ?? ""
    guard let seconds = AlertActions.spans.first(where: { $0.name == span })?.seconds else {
      throw ActionRefused(.badRequest, "there is no such span of time")
    }
    let isWhole = values["scope"] == rule
    try await connection.write {
      try AlertSwitches.silence(
        $0, rule: rule, subject: isWhole ? nil : subject, for: .seconds(seconds), reason: reason)
    }
    return "\(values["scope"] ?? rule) is silent for \(span)"
  }
}

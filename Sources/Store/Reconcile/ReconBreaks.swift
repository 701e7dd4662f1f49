package import Market
package import Postgres

/// The differences that are kept: found, found again, gone.
package enum ReconBreaks {
  /// What was looked at, and for what: a break of one of these kinds that was not found again is healed.
  package struct Scope: Sendable {
    package let subject: String
    package let kinds: [BreakKind]

    package init(_ subject: String, _ kinds: [BreakKind]) {
      self.subject = subject
      self.kinds = kinds
    }

    package init(_ object: StatedObject) { self.init(object.id, BreakKind.checked(by: object.kind)) }
  }

  package struct Result: Sendable, Equatable {
    package var opened = 0
    package var reopened = 0
    package var changed = 0
    package var healed = 0

    package init(opened: Int = 0, reopened: Int = 0, changed: Int = 0, healed: Int = 0) {
      self.opened = opened
      self.reopened = reopened
      self.changed = changed
      self.healed = healed
    }

    package static func + (left: Result, right: Result) -> Result {
      Result(
        opened: left.opened + right.opened, reopened: left.reopened + right.reopened,
        changed: left.changed + right.changed, healed: left.healed + right.healed)
    }
  }

  private struct Kept {
    let id: ReconBreakID
    let kind: BreakKind?
    let subject: String
    let state: BreakState
    let order: OrderID?
    let ours: Int64?
    let stripes: Int64?
    let currency: String?
    let detail: String

    func isSame(as found: Difference) -> Bool {
      ours == found.ours && stripes == found.stripes && currency == found.currency?.code && order == found.order
        && detail == found.detail
    }
  }

  /// Writes down what was found in what was looked at, with an audit event for each change. Inside a transaction.
  package static func settle(
    _ session: borrowing Session, _ scopes: [Scope], _ differences: [Difference], run: ReconRunID?
  ) throws -> Result {
    let subjects = Set(scopes.map(\.subject) + differences.map(\.subject)).sorted()
    guard !subjects.isEmpty else { return Result() }
    let kept = try lock(session, subjects)
    guard !kept.isEmpty || !differences.isEmpty else { return Result() }
    var writer = BreakWriter(
      stamp: try Stamp.now(session), run: run,
      numbers: try numbers(session, Set(differences.compactMap(\.order) + kept.compactMap(\.order)).sorted()))
    for found in differences {
      guard let known = kept.first(where: { $0.kind == found.kind && $0.subject == found.subject }) else {
        writer.fresh.append(found)
        continue
      }
      switch BreakRule.foundAgain(known.state, isSame: known.isSame(as: found)) {
      case .known: break
      case .changed: writer.changed.append((known.id, found, false))
      case .reopened: writer.changed.append((known.id, found, true))
      }
    }
    let names = Set(differences.map { Name(kind: $0.kind, subject: $0.subject) })
    let looked = Set(scopes.flatMap { scope in scope.kinds.map { Name(kind: $0, subject: scope.subject) } })
    for known in kept where known.state.isOpen {
      guard let kind = known.kind else { continue }
      let name = Name(kind: kind, subject: known.subject)
      if looked.contains(name), !names.contains(name) {
        writer.healed.append((known.id, kind, known.subject, known.order, known.state))
      }
    }
    return try writer.write(session)
  }

  private struct Name: Hashable {
    let kind: BreakKind
    let subject: String
  }

  private static func lock(_ session: borrowing Session, _ subjects: [String]) throws -> [Kept] {
    try session.rows(
      """
      SELECT id, kind, subject, state, order_id, our_amount, stripe_amount, currency, detail::text
      FROM gkm.recon_break WHERE subject = ANY (\(subjects)) ORDER BY id FOR NO KEY UPDATE
      """
    ) { row in
      Kept(
        id: try row.id(0), kind: BreakKind(rawValue: try row.string(1)), subject: try row.string(2),
        state: try row.word(3), order: try row.idOrNil(4), ours: try row.int64OrNil(5), stripes: try row.int64OrNil(6),
        currency: try row.stringOrNil(7), detail: try row.string(8))
    }
  }

  private static func numbers(_ session: borrowing Session, _ ids: [OrderID]) throws -> [OrderID: String] {
    guard !ids.isEmpty else { return [:] }
    let rows: [(OrderID, String)] = try session.rows("SELECT id, number FROM gkm.orders WHERE id = ANY (\(ids))") {
      (try $0.id(0), try $0.string(1))
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }
}

/// The statements of one `settle`.
private struct BreakWriter {
  var fresh: [Difference] = []
  var changed: [(id: ReconBreakID, found: Difference, reopens: Bool)] = []
  var healed: [(id: ReconBreakID, kind: BreakKind, subject: String, order: OrderID?, was: BreakState)] = []
  private var audit: AuditBatch
  private let run: ReconRunID?
  private let numbers: [OrderID: String]

  init(stamp: Stamp, run: ReconRunID?, numbers: [OrderID: String]) {
    audit = AuditBatch(stamp)
    self.run = run
    self.numbers = numbers
  }

  mutating func write(_ session: borrowing Session) throws -> ReconBreaks.Result {
    var result = ReconBreaks.Result()
    for (id, found) in try insert(session) {
      result.opened += 1
      try note(.reconBreakOpened, id, found)
    }
    for change in changed {
      if change.reopens { result.reopened += 1 } else { result.changed += 1 }
      try update(session, change.id, change.found, reopens: change.reopens)
      try note(change.reopens ? .reconBreakReopened : .reconBreakChanged, change.id, change.found)
    }
    if !healed.isEmpty {
      result.healed = try session.execute(
        """
        UPDATE gkm.recon_break SET state = 'healed', changed_at = now(), version = version + 1
        WHERE id = ANY (\(healed.map(\.id)))
        """)
      for gone in healed {
        try audit.add(
          .reconBreakHealed, .reconBreak(gone.id), order: reference(gone.order),
          details: ["kind": gone.kind.rawValue, "object": gone.subject, "was": gone.was.rawValue])
      }
    }
    if !audit.isEmpty { try session.execute(audit.statement) }
    return result
  }

  /// One that another process found at the same moment is that process'.
  private func insert(_ session: borrowing Session) throws -> [(ReconBreakID, Difference)] {
    guard !fresh.isEmpty else { return [] }
    let rows: [(ReconBreakID, String, String)] = try session.rows(
      """
      INSERT INTO gkm.recon_break (kind, subject, order_id, our_amount, stripe_amount, currency, detail, found_by)
      SELECT d.*, \(run) FROM unnest(
        \(fresh.map(\.kind.rawValue)), \(fresh.map(\.subject)), \(fresh.map(\.order)), \(fresh.map(\.ours)),
        \(fresh.map(\.stripes)), \(fresh.map(\.currency)), \(fresh.map(\.detail))
      ) AS d (kind, subject, order_id, ours, stripes, currency, detail)
      ORDER BY d.kind, d.subject
      ON CONFLICT (kind, subject) DO NOTHING
      RETURNING id, kind, subject
      """
    ) { (try $0.id(0), try $0.string(1), try $0.string(2)) }
    return rows.compactMap { id, kind, subject in
      fresh.first { $0.kind.rawValue == kind && $0.subject == subject }.map { (id, $0) }
    }
  }

  private func update(_ session: borrowing Session, _ id: ReconBreakID, _ found: Difference, reopens: Bool) throws {
    try session.execute(
      """
      UPDATE gkm.recon_break
      SET order_id = \(found.order), our_amount = \(found.ours), stripe_amount = \(found.stripes),
        currency = \(found.currency), detail = \(found.detail), changed_at = now(), version = version + 1,
        state = CASE WHEN \(reopens) THEN 'open' ELSE state END,
        assignee = CASE WHEN \(reopens) THEN NULL ELSE assignee END,
        explanation = CASE WHEN \(reopens) THEN NULL ELSE explanation END,
        opened_at = CASE WHEN \(reopens) THEN now() ELSE opened_at END, found_by = coalesce(\(run), found_by)
      WHERE id = \(id)
      """)
  }

  private mutating func note(_ action: AuditAction, _ id: ReconBreakID, _ found: Difference) throws {
    var details = ["kind": found.kind.rawValue, "object": found.subject, "detail": found.detail]
    details["ours"] = found.ours.map(String.init)
    details["stripes"] = found.stripes.map(String.init)
    details["currency"] = found.currency?.code
    try audit.add(action, .reconBreak(id), order: reference(found.order), details: details)
  }

  private func reference(_ order: OrderID?) -> (id: OrderID, number: String)? {
    order.flatMap { id in numbers[id].map { (id, $0) } }
  }
}

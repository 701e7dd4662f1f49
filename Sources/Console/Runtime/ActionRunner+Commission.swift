import Market
import Postgres
import Store

/// What the market takes of sales.
extension ActionRunner {
  func runOnCommission(_ action: ActionRequest) async throws -> String? {
    let reason = values["reason"] ?? ""
    switch action {
    case .changeCommission(let shown, let scope):
      let wish = try CommissionWish(values)
      return try await connection.write { session in
        let placed = try wish.moment.placed(session, in: wish.zone)
        try Self.demandUnchanged(session, shown, scope)
        let current = try CommissionRules.current(session, scope, at: placed.instant)
        let draft = wish.draft(scope, from: placed.instant)
        let made = try CommissionRules.set(session, draft, version: current?.version ?? 0, reason: reason)
        return "Rule \(made.rule) for \(shown.name): \(draft.rule.termsText) from \(placed.text)"
      }
    case .withdrawCommission(let row):
      _ = try await connection.write {
        try CommissionRules.withdraw($0, CommissionRuleID(row.id), version: row.version, reason: reason)
      }
      return "Rule \(row.id) is taken back"
    case .endCommission(let row):
      let (moment, zone) = (try CommissionWish.moment(values), values["zone"] ?? "UTC")
      return try await connection.write { session in
        let placed = try moment.placed(session, in: zone)
        _ = try CommissionRules.end(
          session, CommissionRuleID(row.id), version: row.version, until: placed.instant, reason: reason)
        return "Rule \(row.id) ends: \(placed.text)"
      }
    default: return nil
    }
  }

  /// What a sale would pay then and pays now, for how many listings it decides, and which orders it leaves alone.
  func previewCommission(
    _ shown: RowAsShown, _ scope: CommissionScope
  ) async throws -> (lines: [String], typed: String?) {
    let wish = try CommissionWish(values)
    let lines = try await connection.read { session in
      let placed = try wish.moment.placed(session, in: wish.zone)
      try Self.demandUnchanged(session, shown, scope)
      let draft = wish.draft(scope, from: placed.instant)
      let current = try CommissionRules.current(session, scope, at: placed.instant)
      let reach = try CommissionPreview.reach(session, scope, at: placed.instant)
      var lines = ["\(draft.rule.termsText) for \(shown.name), from \(placed.text)\(Self.utc(placed))"]
      if let current { lines.append("instead of rule \(current.rowID): \(current.rule.termsText)") }
      lines += try Self.example(session, draft)
      lines.append(
        "It decides for \(reach.listings) \(reach.listings == 1 ? "listing" : "listings") on sale"
          + (reach.overruled > 0 ? "; for \(reach.overruled) more a more specific rule does" : ""))
      let kept = try CommissionPreview.openOrders(session, scope, limit: 3)
      let more = reach.openOrders > Int64(kept.count) ? " and \(reach.openOrders - Int64(kept.count)) more" : ""
      lines.append(
        kept.isEmpty
          ? "No order is open: none is touched"
          : "Not touched, they keep the terms they were sold with: \(kept.joined(separator: ", "))\(more)")
      return lines
    }
    return (lines, nil)
  }

  private static func utc(_ placed: LocalMoment.Placed) -> String {
    placed.instant.map { " (\($0.rfc3339))" } ?? ""
  }

  /// What sells most of the scope, as it would be and as it is.
  private static func example(
    _ session: borrowing Session, _ draft: CommissionRules.Draft
  ) throws -> [String] {
    guard let listing = try CommissionPreview.example(session, draft.scope),
      let sale = try CommissionPreview.sale(session, listing, at: draft.from)
    else { return ["Nothing of it is on sale"] }
    let now = try sale.choice.terms.split(unitPrice: sale.price, quantity: 1)
    // A rule of the same scope gives way; one that is more specific does not.
    if let deciding = sale.rules.first, deciding.rule.scope.rank > draft.scope.rank {
      return ["\(sale.title) goes on paying \(now.commission): rule \(deciding.rowID) is more specific"]
    }
    let then = try draft.rule.terms(in: sale.price.currency).split(unitPrice: sale.price, quantity: 1)
    return [
      "\(sale.title) at \(sale.price) pays \(then.commission), \(sale.vendor) gets \(then.rest);",
      "as it is, \(now.commission) and \(now.rest)",
    ]
  }

  /// Whoever changes a rule has seen it as it is. `shown` is the rule, with the id 0 where there was none.
  private static func demandUnchanged(
    _ session: borrowing Session, _ shown: RowAsShown, _ scope: CommissionScope
  ) throws {
    let version =
      shown.id == 0
      ? try CommissionRules.current(session, scope, at: nil)?.version ?? 0
      : try CommissionRules.rule(session, CommissionRuleID(shown.id)).version
    guard version == shown.version else {
      throw ActionRefused(.changed, "the rule for \(shown.name) changed since it was shown")
    }
  }
}

/// Terms that were typed, and from when.
struct CommissionWish: Sendable {
  let basisPoints: Int
  let amounts: [Currency: CommissionAmounts]
  let moment: LocalMoment
  let zone: String

  init(_ values: [String: String]) throws {
    basisPoints = try CommissionText.basisPoints(values["share"] ?? "")
    amounts = try CommissionText.amounts(values["amounts"] ?? "")
    moment = try Self.moment(values)
    zone = values["zone"] ?? "UTC"
  }

  static func moment(_ values: [String: String]) throws -> LocalMoment {
    guard let moment = LocalMoment(typed: values["from"] ?? "") else {
      throw ActionRefused(.badRequest, "a moment is now, monday 00:00, tomorrow 09:00 or 2026-12-01 00:00")
    }
    return moment
  }

  func draft(_ scope: CommissionScope, from: Instant?) -> CommissionRules.Draft {
    CommissionRules.Draft(scope: scope, basisPoints: basisPoints, amounts: amounts, from: from)
  }
}

extension CommissionRules.Draft {
  /// As it would read.
  var rule: CommissionRule {
    CommissionRule(id: CommissionRuleID(0), scope: scope, basisPoints: basisPoints, amounts: amounts)
  }
}

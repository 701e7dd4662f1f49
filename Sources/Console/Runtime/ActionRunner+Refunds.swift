import Market
import Postgres
import Store

/// Refunds.
extension ActionRunner {
  func refund(_ row: RowAsShown, _ currency: Currency, isDryRun: Bool) async throws -> RefundPlan {
    let reading = try RefundScopeText.read(values["scope"] ?? "", values["which"] ?? "", currency).get()
    let scope: RefundScope =
      switch reading {
      case .whole: .whole
      case .units(let places): .units(places)
      case .amount(let minor): .amount(minor)
      }
    let reason = values["reason"]
    return try await connection.write { session in
      try RefundActions.request(
        session, order: OrderID(row.id), version: row.version, scope, reason: reason, isDryRun: isDryRun)
    }
  }

  /// What a refund would come to, in words.
  static func lines(_ plan: RefundPlan) -> [String] {
    var lines = ["\(plan.money) go back out of \(plan.payment); \(Money(plan.left, plan.currency)) could still follow."]
    for unit in plan.units.prefix(6) {
      let key = unit.key == nil ? "has no key" : "its key is revoked"
      let delivery = unit.delivery.map { ", delivery \($0.rawValue)" } ?? ""
      lines.append("Unit \(unit.position): \(unit.title) of \(unit.vendor), \(key)\(delivery)")
    }
    if plan.units.count > 6 { lines.append("and \(plan.units.count - 6) more units") }
    if plan.units.isEmpty {
      for line in plan.lines.prefix(6) {
        lines.append("\(line.title) of \(line.vendor): \(Money(line.amount, plan.currency))")
      }
    }
    if plan.approvalsNeeded > 0 {
      lines.append(
        plan.approvalsNeeded == 1
          ? "Somebody else who may refund has to agree." : "\(plan.approvalsNeeded) people have to agree.")
    }
    return lines
  }
}

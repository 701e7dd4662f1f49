package import Market
package import Postgres
package import Store
import Terminal

/// `gkm refund` and `gkm setting`.
package enum RefundReport {
  /// What of an order is to be refunded, as it was typed.
  package enum Wish: Sendable, Equatable {
    case whole
    case units([Int])
    /// In whole units of the order's currency.
    case amount(String)
  }

  /// Asks for a refund of the order that `key` means, as it stands now, or tells what it would be.
  ///
  /// - Parameter reason: may be left out of a dry run alone.
  package static func request(
    _ key: String, _ wish: Wish, payment: String?, reason: String?, isDryRun: Bool, json: Bool,
    on connection: PostgresConnection
  ) async throws -> [String] {
    let body: @Sendable (borrowing Session) throws -> (OrderRow, RefundPlan) = { session in
      let viewer = try Viewer.current(session)
      guard viewer.role.isStaff else { throw ActionRefused(.notAllowed, "vendor may not do this") }
      let number = try OrderLookup.number(session, viewer: viewer, key)
      guard let order = try OrderLookup.row(session, viewer: viewer, number: number) else {
        throw ConsoleFailure("nothing is known of “\(key)”", status: .noInput)
      }
      let plan = try RefundActions.request(
        session, order: OrderID(order.id), version: order.version, try scope(wish, order.total.currency),
        payment: payment, reason: reason, isDryRun: isDryRun)
      return (order, plan)
    }
    let (order, plan) = isDryRun ? try await connection.read(body) : try await connection.write(body)
    return json ? [JSONText.object(fields(order, plan))] : lines(order, plan)
  }

  /// Decides on a request as it stands now; returns what to say.
  package static func decide(
    _ decision: RefundActions.Decision, _ id: RefundRequestID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let (row, state) = try await connection.write { session in
      let found = try RefundList.page(session, where: ["r.request = \(id)"], after: nil, limit: 1).first
      guard let row = found else { throw ActionRefused(.notFound, "there is no refund request \(id)") }
      let state = try RefundActions.decide(session, decision, request: id, version: row.version, reason: reason)
      return (row, state)
    }
    let what = "Refund request \(id) of \(row.amount) for order \(row.order)"
    return switch state {
    case .awaitingApproval: "\(what) has your approval; one more is needed."
    case .approved: "\(what) is approved and goes to Stripe now."
    default: "\(what) is \(state.rawValue)."
    }
  }

  /// Every setting.
  package static func settings(json: Bool, on connection: PostgresConnection) async throws -> [String] {
    let settings = try await connection.read { try MarketSetting.all($0) }
    guard !json else { return settings.map { JSONText.object($0.fields) } }
    let width = settings.reduce(0) { max($0, TextWidth.of($1.name)) }
    return settings.map { setting in
      let name = TextWidth.pad(setting.name, to: width)
      let changed = "\(setting.changedAt.rfc3339) by \(setting.changedBy)"
      return Sanitizer.clean("\(name)  \(setting.value)  \(changed)")
    }
  }

  /// Sets one as it stands now; returns what to say.
  package static func set(
    _ name: String, to value: String, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let was = try await connection.write { session in
      let was = try MarketSetting.all(session).first { $0.name == name }
      try MarketSetting.set(session, name, to: value, version: was?.version ?? 0, reason: reason)
      return was?.value
    }
    return Sanitizer.clean("\(name) was \(was ?? "not set") and is \(value).")
  }

  private static func scope(_ wish: Wish, _ currency: Currency) throws -> RefundScope {
    switch wish {
    case .whole: return .whole
    case .units(let units): return .units(units)
    case .amount(let text):
      guard let money = Money(typed: text, currency) else {
        throw ActionRefused(.badRequest, "“\(text)” is no amount in \(currency.display): write it as 5 or 5.00")
      }
      return .amount(money.amount)
    }
  }

  private static func lines(_ order: OrderRow, _ plan: RefundPlan) -> [String] {
    let verb = plan.request.map { "Refund request \($0)" } ?? "A refund"
    let left = Money(plan.left, plan.currency)
    var lines = ["\(verb) of \(plan.money) of order \(order.number); \(left) could still be given back after it."]
    for line in plan.lines {
      lines.append("  \(Money(line.amount, plan.currency))  \(line.title), \(line.vendor)")
    }
    for unit in plan.units {
      let key = unit.key.map { "its key \($0) is revoked" } ?? "it gets no key"
      let delivery = unit.delivery.map { ", its delivery is \($0.rawValue)" } ?? ""
      lines.append("  unit \(unit.position): \(key)\(delivery)")
    }
    if plan.units.isEmpty { lines.append("  no key is revoked") }
    lines.append(agreement(plan))
    return lines.map { Sanitizer.clean($0) }
  }

  private static func agreement(_ plan: RefundPlan) -> String {
    switch (plan.approvalsNeeded, plan.request) {
    case (0, nil): "Nobody else has to agree."
    case (0, _): "It goes to Stripe now."
    case (1, nil): "Somebody else, ops or admin, would have to agree."
    case (1, _): "It waits until somebody else, ops or admin, agrees."
    case (let count, nil): "\(count) people, ops or admin, would have to agree."
    case (let count, _): "It waits until \(count) people, ops or admin, agree."
    }
  }

  private static func fields(_ order: OrderRow, _ plan: RefundPlan) -> [ListField] {
    [
      ListField("order", .text(order.number)), ListField("request", .optional(plan.request?.rawValue)),
      ListField("state", .optional(plan.state?.rawValue)), ListField("scope", .text(plan.scope)),
      ListField("amount", .integer(plan.amount)), ListField("currency", .text(plan.currency.code)),
      ListField("left", .integer(plan.left)), ListField("payment_intent", .text(plan.payment)),
      ListField("approvals_needed", .integer(Int64(plan.approvalsNeeded))),
      ListField(
        "lines",
        .objects(
          plan.lines.map {
            [
              ListField("title", .text($0.title)), ListField("vendor", .text($0.vendor)),
              ListField("amount", .integer($0.amount)),
            ]
          })),
      ListField(
        "units",
        .objects(
          plan.units.map {
            [
              ListField("unit", .integer(Int64($0.position))), ListField("title", .text($0.title)),
              ListField("vendor", .text($0.vendor)), ListField("amount", .integer($0.amount)),
              ListField("key", .optional($0.key?.rawValue)), ListField("delivery", .optional($0.delivery?.rawValue)),
            ]
          })),
    ]
  }
}

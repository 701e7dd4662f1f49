package import Market
package import Postgres
package import Store
import Terminal

/// `gkm order` and `gkm ask`: what people do about an order by hand, and the lines that say what came of it.
package enum ManualReport {
  /// What is to be done.
  package enum Deed: Sendable, Equatable {
    /// Places in the order; `nil` for all.
    case resend(units: [Int]?)
    case resendTo(String)
    case replace(unit: Int, waits: Bool)
    case hold
    case release
  }

  /// Does it to the order that `key` means, as it stands now, or tells what would come of it.
  ///
  /// - Parameter reason: may be left out of a dry run alone.
  package static func act(
    _ deed: Deed, _ key: String, reason: String?, isDryRun: Bool, json: Bool, on connection: PostgresConnection
  ) async throws -> [String] {
    try await order(key, writes: !isDryRun, on: connection) { session, order in
      let (id, version) = (OrderID(order.id), order.version)
      switch deed {
      case .resend(let units):
        return tell(
          try OrderActions.resend(
            session, id, version: version, units: units, reason: reason, isDryRun: isDryRun), isDryRun, json)
      case .resendTo(let address):
        return tell(
          try OrderActions.resend(
            session, id, version: version, to: address, reason: reason, isDryRun: isDryRun), isDryRun, json)
      case .replace(let unit, let waits):
        return tell(
          try OrderActions.replace(
            session, id, version: version, unit: unit, waits: waits, reason: reason, isDryRun: isDryRun), isDryRun,
          json)
      case .hold:
        return tell(
          try OrderActions.hold(session, id, version: version, reason: reason, isDryRun: isDryRun),
          "is held", isDryRun, json)
      case .release:
        return tell(
          try OrderActions.release(session, id, version: version, reason: reason, isDryRun: isDryRun),
          "goes on", isDryRun, json)
      }
    }
  }

  package static func note(_ key: String, text: String, on connection: PostgresConnection) async throws -> [String] {
    try await order(key, writes: true, on: connection) { session, order in
      ["Noted on \(try OrderActions.note(session, OrderID(order.id), text: text))."]
    }
  }

  /// The keys that came with the one that a unit has, or last had.
  package static func siblings(
    _ key: String, unit: Int, json: Bool, on connection: PostgresConnection
  ) async throws -> [String] {
    try await order(key, writes: false, on: connection) { session, order in
      let counts = try OrderActions.siblings(session, OrderID(order.id), unit: unit)
      guard !json else { return [JSONText.object([ListField("order", .text(order.number))] + counts.fields)] }
      return [OrderActionText.siblings(counts) + (counts.isFlagged ? "; flagged." : ".")]
    }
  }

  /// Decides on an ask as it stands now.
  package static func decide(
    _ decision: AskActions.Decision, _ id: AskID, reason: String, json: Bool, on connection: PostgresConnection
  ) async throws -> [String] {
    let (row, answer) = try await connection.write { session in
      let row = try AskActions.current(session, id)
      return (row, try AskActions.decide(session, decision, id, version: row.version, reason: reason))
    }
    let state: AskState =
      switch decision {
      case .approve: .approved
      case .refuse: .refused
      case .withdraw: .withdrawn
      }
    guard !json else {
      return [
        JSONText.object([
          ListField("ask", .integer(row.id)), ListField("order", .text(row.order)),
          ListField("kind", .text(row.kind.rawValue)), ListField("state", .text(state.rawValue)),
          ListField("replaced_by", .optional(answer.replacedBy?.rawValue)),
        ])
      ]
    }
    let done = decision == .approve ? " and done" : ""
    return [Sanitizer.clean("Ask \(row.id) of \(row.askedBy) for order \(row.order) is \(state.rawValue)\(done).")]
  }

  private static func order(
    _ key: String, writes: Bool, on connection: PostgresConnection,
    _ body: @escaping @Sendable (borrowing Session, OrderRow) throws -> [String]
  ) async throws -> [String] {
    let look: @Sendable (borrowing Session) throws -> [String] = { session in
      let viewer = try Viewer.current(session)
      guard viewer.role.isStaff else { throw ActionRefused(.notAllowed, "vendor may not do this") }
      let number = try OrderLookup.number(session, viewer: viewer, key)
      guard let order = try OrderLookup.row(session, viewer: viewer, number: number) else {
        throw ConsoleFailure("nothing is known of “\(key)”", status: .noInput)
      }
      return try body(session, order)
    }
    return writes ? try await connection.write(look) : try await connection.read(look)
  }

  private static func tell(_ plan: ResendPlan, _ isDryRun: Bool, _ json: Bool) -> [String] {
    guard !json else { return [JSONText.object(fields(plan))] }
    let verb = plan.ask.map { "Ask \($0): order \(plan.number) is to go" } ?? "Order \(plan.number) goes"
    let head = isDryRun ? "Order \(plan.number) would go to \(plan.address)." : "\(verb) to \(plan.address) again."
    return [Sanitizer.clean(head)] + OrderActionText.lines(plan).map { "  \($0)" }
  }

  private static func tell(_ plan: ReplacementPlan, _ isDryRun: Bool, _ json: Bool) -> [String] {
    guard !json else { return [JSONText.object(fields(plan))] }
    let what = "key \(plan.key) of unit \(plan.position) of order \(plan.number)"
    let head =
      if isDryRun {
        "The \(what) would be replaced."
      } else if let ask = plan.ask {
        "Ask \(ask): the \(what) is to be replaced."
      } else if let fresh = plan.replacedBy {
        "The \(what) is taken out; key \(fresh) is on its way."
      } else {
        "The \(what) is taken out; the order waits for stock."
      }
    return [Sanitizer.clean(head)] + OrderActionText.lines(plan).map { "  \($0)" }
  }

  private static func tell(_ plan: HoldPlan, _ now: String, _ isDryRun: Bool, _ json: Bool) -> [String] {
    guard !json else { return [JSONText.object(fields(plan))] }
    let head = isDryRun ? "Order \(plan.number) is \(plan.was.rawValue)." : "Order \(plan.number) \(now)."
    return [head] + OrderActionText.lines(plan).map { "  \($0)." }
  }

  private static func fields(_ plan: ResendPlan) -> [ListField] {
    [
      ListField("order", .text(plan.number)), ListField("version", .integer(plan.version)),
      ListField("address", .text(plan.address)), ListField("ask", .optional(plan.ask?.rawValue)),
      ListField(
        "deliveries",
        .objects(
          plan.deliveries.map {
            [
              ListField("unit", .integer(Int64($0.position))), ListField("title", .text($0.title)),
              ListField("delivery", .integer($0.delivery.rawValue)), ListField("state", .text($0.state.rawValue)),
            ]
          })),
    ]
  }

  private static func fields(_ plan: ReplacementPlan) -> [ListField] {
    [
      ListField("order", .text(plan.number)), ListField("version", .integer(plan.version)),
      ListField("unit", .integer(Int64(plan.position))), ListField("title", .text(plan.title)),
      ListField("vendor", .text(plan.vendor)), ListField("key", .integer(plan.key.rawValue)),
      ListField("replaced_by", .optional(plan.replacedBy?.rawValue)), ListField("ask", .optional(plan.ask?.rawValue)),
      ListField("delivery", .optional(plan.deliveryState?.rawValue)), ListField("revealed", .flag(plan.wasRevealed)),
      ListField("in_stock", .integer(Int64(plan.inStock))), ListField("siblings", .object(plan.siblings.fields)),
    ]
  }

  private static func fields(_ plan: HoldPlan) -> [ListField] {
    [
      ListField("order", .text(plan.number)), ListField("version", .integer(plan.version)),
      ListField("was", .text(plan.was.rawValue)), ListField("state", .optional(plan.state?.rawValue)),
      ListField("stopped", .optional(plan.stopped.map(Int64.init))),
      ListField("resumed", .optional(plan.resumed.map(Int64.init))), ListField("held_by", .optional(plan.heldBy)),
    ]
  }
}

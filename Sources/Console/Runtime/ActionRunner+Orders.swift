import Market
import Postgres
import Store

/// What is done about an order by hand.
extension ActionRunner {
  func runOnOrder(_ action: ActionRequest) async throws -> String? {
    let reason = values["reason"] ?? ""
    switch action {
    case .retryOrder(let row):
      let count = try await connection.write {
        try RetryDelivery.retry($0, order: OrderID(row.id), version: row.version, reason: reason)
      }
      return "\(count) deliver\(count == 1 ? "y" : "ies") of \(row.name) queued again"
    case .resendOrder, .resendDelivery, .resendElsewhere:
      guard let plan = try await resend(action, isDryRun: false) else { return nil }
      if let ask = plan.ask { return "Asked: ops or an admin agrees to ask \(ask)" }
      return "\(plan.number) goes to \(plan.address) again"
    case .replaceKey(let row):
      let plan = try await replace(row, isDryRun: false)
      if let ask = plan.ask { return "Asked: ops or an admin agrees to ask \(ask)" }
      guard plan.replacedBy != nil else { return "The bad key of \(plan.number) is taken out; it waits for stock" }
      return "Another key for unit \(plan.position) of \(plan.number) is on its way"
    case .holdOrder(let row):
      let plan = try await connection.write {
        try OrderActions.hold($0, OrderID(row.id), version: row.version, reason: reason)
      }
      return "\(plan.number) is held"
    case .releaseOrder(let row):
      let plan = try await connection.write {
        try OrderActions.release($0, OrderID(row.id), version: row.version, reason: reason)
      }
      return "\(plan.number) goes on"
    case .noteOrder(let row):
      let text = values["text"] ?? ""
      return "Noted on \(try await connection.write { try OrderActions.note($0, OrderID(row.id), text: text) })"
    case .decideAsk(let row, let decision):
      _ = try await connection.write {
        try AskActions.decide($0, decision, AskID(row.id), version: row.version, reason: reason)
      }
      return switch decision {
      case .approve: "Done: ask \(row.id) for \(row.name)"
      case .refuse: "Ask \(row.id) for \(row.name) is refused"
      case .withdraw: "Ask \(row.id) for \(row.name) is withdrawn"
      }
    default: return nil
    }
  }

  /// What an action about an order would come to.
  func previewOnOrder(_ action: ActionRequest) async throws -> (lines: [String], typed: String?)? {
    switch action {
    case .resendOrder, .resendDelivery, .resendElsewhere:
      guard let plan = try await resend(action, isDryRun: true) else { return nil }
      return (OrderActionText.lines(plan), nil)
    case .replaceKey(let row):
      let plan = try await replace(row, isDryRun: true)
      return (OrderActionText.lines(plan), nil)
    case .holdOrder(let row):
      let plan = try await connection.read {
        try OrderActions.hold($0, OrderID(row.id), version: row.version, reason: nil, isDryRun: true)
      }
      return (OrderActionText.lines(plan), nil)
    case .releaseOrder(let row):
      let plan = try await connection.read {
        try OrderActions.release($0, OrderID(row.id), version: row.version, reason: nil, isDryRun: true)
      }
      return (OrderActionText.lines(plan), nil)
    default: return nil
    }
  }

  private func resend(_ action: ActionRequest, isDryRun: Bool) async throws -> ResendPlan? {
    let reason = values["reason"]
    let address = values["address"] ?? ""
    switch action {
    case .resendOrder(let row):
      let which = (values["which"] ?? "").filter { $0 != " " }
      let units: [Int]? = try which.isEmpty || which == "all" ? nil : places(which)
      return try await connection.write {
        try OrderActions.resend(
          $0, OrderID(row.id), version: row.version, units: units, reason: reason, isDryRun: isDryRun)
      }
    case .resendElsewhere(let row):
      return try await connection.write {
        try OrderActions.resend(
          $0, OrderID(row.id), version: row.version, to: address, reason: reason, isDryRun: isDryRun)
      }
    case .resendDelivery(let row, _):
      return try await connection.write {
        try OrderActions.resend(
          $0, delivery: DeliveryID(row.id), version: row.version, reason: reason, isDryRun: isDryRun)
      }
    default: return nil
    }
  }

  private func replace(_ row: RowAsShown, isDryRun: Bool) async throws -> ReplacementPlan {
    let (waits, reason) = (values["stockless"] == "wait", values["reason"])
    guard let unit = try places(values["unit"] ?? "1").first else {
      throw ActionRefused(.badRequest, "a unit is a place in the order, such as 1")
    }
    return try await connection.write {
      try OrderActions.replace(
        $0, OrderID(row.id), version: row.version, unit: unit, waits: waits, reason: reason, isDryRun: isDryRun)
    }
  }

  private func places(_ text: String) throws -> [Int] {
    guard case .units(let places) = try RefundScopeText.read("units", text, .eur).get() else { return [] }
    return places
  }
}

package import Market
package import Postgres
import Store
import Terminal

/// `gkm commission`: what a sale pays and by which rule, and what admins change.
package enum CommissionReport {
  /// What a sale of a listing pays, and the rules that it was chosen from.
  package static func preview(
    _ listing: ListingID, price: Money?, quantity: Int, at time: Instant?, json: Bool,
    on connection: PostgresConnection
  ) async throws -> [String] {
    let sale = try await connection.read { session in
      try demand(.readCommission, try Viewer.current(session))
      return try CommissionPreview.sale(session, listing, at: time)
    }
    guard let sale else { throw ConsoleFailure("there is no listing \(listing)", status: .noInput) }
    var terms = sale.choice.terms
    let price = price ?? sale.price
    if price.currency != sale.price.currency, let rule = sale.rules.first?.rule {
      terms = rule.terms(in: price.currency)
    }
    do {
      let split = try terms.split(unitPrice: price, quantity: quantity)
      return json ? [JSONText.object(fields(sale, split))] : try lines(sale, terms, price, quantity)
    } catch {
      throw ConsoleFailure("no order is of that amount: \(error)", status: .usage)
    }
  }

  private static func fields(_ sale: CommissionPreview.Sale, _ split: CommissionSplit) -> [ListField] {
    [
      ListField("listing", .integer(sale.listing.rawValue)), ListField("title", .text(sale.title)),
      ListField("vendor", .text(sale.vendor)), ListField("category", .text(sale.category)),
      ListField("rule", .optional(sale.choice.rule?.rawValue)), ListField("amount", .integer(split.amount.amount)),
      ListField("commission", .integer(split.commission.amount)), ListField("rest", .integer(split.rest.amount)),
      ListField("currency", .text(split.amount.currency.code)), ListField("rules", .objects(sale.rules.map(\.fields))),
    ]
  }

  private static func lines(
    _ sale: CommissionPreview.Sale, _ terms: CommissionTerms, _ price: Money, _ quantity: Int
  ) throws(MoneyError) -> [String] {
    var lines = ["\(sale.title) (\(sale.platform)), \(sale.category), sold by \(sale.vendor)"]
    if sale.rules.isEmpty { lines.append("  no rule holds: the market takes nothing") }
    for (place, row) in sale.rules.enumerated() {
      let mark = place == 0 ? "→ " : "  "
      lines.append("\(mark)rule \(row.rowID), for \(row.scopeText): \(row.rule.termsText)")
    }
    lines.append("")
    lines += StepText.lines(try terms.steps(unitPrice: price, quantity: quantity))
    return lines.map { Sanitizer.clean($0) }
  }

  /// What a new rule is for.
  package struct Wish: Sendable {
    package var vendor: String?
    package var category: String?
    package var product: String?
    package var basisPoints: Int
    package var amounts: [Currency: CommissionAmounts]
    package var from: Instant?
    package var until: Instant?

    package init(
      vendor: String?, category: String?, product: String?, basisPoints: Int,
      amounts: [Currency: CommissionAmounts], from: Instant?, until: Instant?
    ) {
      self.vendor = vendor
      self.category = category
      self.product = product
      self.basisPoints = basisPoints
      self.amounts = amounts
      self.from = from
      self.until = until
    }

    /// What it is for, as it was named: `vendor keyhaus and category game`.
    fileprivate var scopeText: String {
      let parts = [("vendor", vendor), ("category", category), ("product", product)]
      let named = parts.compactMap { kind, name in name.map { "\(kind) \($0)" } }
      return named.isEmpty ? "everything" : named.joined(separator: " and ")
    }
  }

  /// Lets a rule begin; without a reason only tells what it would do. Returns what to say.
  package static func set(
    _ wish: Wish, reason: String?, on connection: PostgresConnection
  ) async throws -> [String] {
    try await connection.write { session in
      let viewer = try Viewer.current(session)
      try demand(reason == nil ? .readCommission : .writeCommission, viewer)
      let scope = try CommissionPreview.scope(
        session, vendor: wish.vendor, category: wish.category, product: wish.product)
      let current = try CommissionRules.current(session, scope, at: wish.from)
      let reach = try CommissionPreview.reach(session, scope, at: wish.from)
      let draft = CommissionRules.Draft(
        scope: scope, basisPoints: wish.basisPoints, amounts: wish.amounts, from: wish.from, until: wish.until)
      var lines = reachLines(draft, wish.scopeText, current, reach)
      if let reason {
        let made = try CommissionRules.set(session, draft, version: current?.version ?? 0, reason: reason)
        lines.insert("Rule \(made.rule) is set.", at: 0)
      } else {
        lines.insert("Nothing is changed; with --reason it would be:", at: 0)
      }
      return lines.map { Sanitizer.clean($0) }
    }
  }

  private static func reachLines(
    _ draft: CommissionRules.Draft, _ scope: String, _ current: CommissionRow?, _ reach: CommissionPreview.Reach
  ) -> [String] {
    let rule = CommissionRule(
      id: CommissionRuleID(0), scope: draft.scope, basisPoints: draft.basisPoints, amounts: draft.amounts)
    let from = draft.from?.rfc3339 ?? "now"
    var lines = [
      "  \(rule.termsText) for \(scope), from \(from) "
        + (draft.until.map { "until \($0.rfc3339)" } ?? "for good")
    ]
    if let current { lines.append("  instead of rule \(current.rowID): \(current.rule.termsText)") }
    lines.append(
      "  it decides for \(reach.listings) \(reach.listings == 1 ? "listing" : "listings") on sale"
        + (reach.overruled > 0 ? "; for \(reach.overruled) more of its scope a more specific rule does" : ""))
    lines.append(
      reach.openOrders == 1
        ? "  1 open order keeps the terms it was sold with"
        : "  \(reach.openOrders) open orders keep the terms they were sold with")
    return lines
  }

  /// Lets a rule end, or takes it back; returns what to say.
  package static func end(
    _ rule: CommissionRuleID, until: Instant?, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      try demand(.writeCommission, try Viewer.current(session))
      let row = try CommissionRules.rule(session, rule)
      _ = try CommissionRules.end(session, rule, version: row.version, until: until, reason: reason)
      return Sanitizer.clean("Rule \(rule), for \(row.scopeText), ends \(until?.rfc3339 ?? "now").")
    }
  }

  package static func withdraw(
    _ rule: CommissionRuleID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      try demand(.writeCommission, try Viewer.current(session))
      let row = try CommissionRules.rule(session, rule)
      _ = try CommissionRules.withdraw(session, rule, version: row.version, reason: reason)
      return Sanitizer.clean("Rule \(rule), for \(row.scopeText), is taken back.")
    }
  }

  private static func demand(_ capability: Capability, _ viewer: Viewer) throws {
    guard capability.grant(to: viewer.role) == .yes else {
      throw ActionRefused(.notAllowed, "\(viewer.role.rawValue) may not \(capability.title)")
    }
  }
}

/// Steps of a computation, one to a line, their amounts in one column.
enum StepText {
  static func lines(_ steps: [(step: String, amount: Money)], indent: String = "  ") -> [String] {
    let width = steps.reduce(0) { max($0, TextWidth.of($1.step)) }
    let amounts = steps.reduce(0) { max($0, TextWidth.of($1.amount.description)) }
    return steps.map {
      "\(indent)\(TextWidth.pad($0.step, to: width))  \(TextWidth.pad($0.amount.description, to: amounts, .right))"
    }
  }
}

/// For which sales a commission rule holds.
///
/// Of several rules that hold for a sale the most specific one counts: vendor and product, then product, vendor and
/// category, vendor, category, and last the market's own for everything. A product is one title however many sell it,
/// so an agreement about a title outranks one with a vendor; a vendor's agreement about that very title outranks both.
package struct CommissionScope: Hashable, Sendable {
  package var vendor: VendorID?
  package var category: String?
  package var product: ProductID?

  package init(vendor: VendorID? = nil, category: String? = nil, product: ProductID? = nil) {
    self.vendor = vendor
    self.category = category
    self.product = product
  }

  /// The market's own rule.
  package static let everything = CommissionScope()

  /// How specific it is; the same number as the table's column.
  package var rank: Int { (product == nil ? 0 : 4) + (vendor == nil ? 0 : 2) + (category == nil ? 0 : 1) }

  /// Whether it holds for what is sold.
  package func holds(for sale: CommissionSale) -> Bool {
    (vendor == nil || vendor == sale.vendor) && (category == nil || category == sale.category)
      && (product == nil || product == sale.product)
  }

  /// In words: `vendor and product`.
  package var title: String {
    let parts = [vendor.map { _ in "vendor" }, category.map { _ in "category" }, product.map { _ in "product" }]
    let named = parts.compactMap(\.self)
    return named.isEmpty ? "everything" : named.joined(separator: " and ")
  }
}

/// What of a sale decides which rule holds.
package struct CommissionSale: Hashable, Sendable {
  package var vendor: VendorID
  package var category: String
  package var product: ProductID

  package init(vendor: VendorID, category: String, product: ProductID) {
    self.vendor = vendor
    self.category = category
    self.product = product
  }
}

/// The amounts of a rule in one currency, each for one unit sold and in minor units.
package struct CommissionAmounts: Hashable, Sendable, Codable {
  package var fixed: Int64?
  package var min: Int64?
  package var max: Int64?

  package init(fixed: Int64? = nil, min: Int64? = nil, max: Int64? = nil) {
    self.fixed = fixed
    self.min = min
    self.max = max
  }
}

/// A commission rule: terms for a scope, for a time. Its terms never change once it holds; another rule follows it.
package struct CommissionRule: Hashable, Sendable {
  package let id: CommissionRuleID
  package var scope: CommissionScope
  package var basisPoints: Int
  /// A currency that is not here has no fixed part and no bounds.
  package var amounts: [Currency: CommissionAmounts]
  /// From this moment on; `nil`: since ever.
  package var from: Instant?
  /// Up to and without this moment; `nil`: for good.
  package var until: Instant?

  package init(
    id: CommissionRuleID, scope: CommissionScope, basisPoints: Int, amounts: [Currency: CommissionAmounts] = [:],
    from: Instant? = nil, until: Instant? = nil
  ) {
    self.id = id
    self.scope = scope
    self.basisPoints = basisPoints
    self.amounts = amounts
    self.from = from
    self.until = until
  }

  /// Its terms for a price in `currency`.
  package func terms(in currency: Currency) -> CommissionTerms {
    let own = amounts[currency]
    return CommissionTerms(
      basisPoints: basisPoints, fixed: own?.fixed ?? 0, minimum: own?.min, maximum: own?.max)
  }

  package func holds(at time: Instant) -> Bool {
    (from.map { $0 <= time } ?? true) && (until.map { time < $0 } ?? true)
  }

  /// The rule that counts for a sale at `time`; `nil` where none holds. Rules of one scope never overlap in time, so
  /// there is never more than one of the highest rank.
  package static func deciding(
    _ rules: some Sequence<CommissionRule>, for sale: CommissionSale, at time: Instant
  ) -> CommissionRule? {
    rules.filter { $0.holds(at: time) && $0.scope.holds(for: sale) }.max { $0.scope.rank < $1.scope.rank }
  }
}

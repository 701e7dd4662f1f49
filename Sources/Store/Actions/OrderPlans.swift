package import Market

/// What sending an order's keys again is, or would be.
package struct ResendPlan: Sendable, Equatable, Decodable {
  package struct Delivery: Sendable, Equatable, Decodable {
    /// Its unit's place in the order, from 1.
    package let position: Int
    package let title: String
    package let delivery: DeliveryID
    /// How it stood until now.
    package let state: DeliveryState
  }

  package let number: String
  /// The order's version from now on.
  package let version: Int64
  /// Where it goes to.
  package let address: String
  package let deliveries: [Delivery]
  /// What was asked for instead of being done.
  package let ask: AskID?
  /// Whoever calls it may only ask for it.
  package let asks: Bool?
}

/// The keys that came in one batch, by what became of them.
package struct KeySiblings: Sendable, Equatable, Decodable {
  package let batch: StockImportID
  package let source: String
  /// Whether a bad key came with it.
  package let isFlagged: Bool
  package let total: Int
  package let available: Int
  package let sold: Int
  package let quarantined: Int
  package let revoked: Int
  package let withdrawn: Int
  /// Those that customers could not use.
  package let bad: Int

  enum CodingKeys: String, CodingKey {
    case source, total, available, sold, quarantined, revoked, withdrawn, bad
    case batch = "import"
    case isFlagged = "flagged"
  }

  package var fields: [ListField] {
    [
      ListField("import", .integer(batch.rawValue)), ListField("source", .text(source)),
      ListField("flagged", .flag(isFlagged)), ListField("total", .integer(Int64(total))),
      ListField("available", .integer(Int64(available))), ListField("sold", .integer(Int64(sold))),
      ListField("quarantined", .integer(Int64(quarantined))), ListField("revoked", .integer(Int64(revoked))),
      ListField("withdrawn", .integer(Int64(withdrawn))), ListField("bad", .integer(Int64(bad))),
    ]
  }
}

/// What replacing a bad key is, or would be.
package struct ReplacementPlan: Sendable, Equatable, Decodable {
  package let number: String
  package let version: Int64
  /// The unit's place in the order, from 1.
  package let position: Int
  package let title: String
  package let vendor: String
  /// The bad key's own number; never the key.
  package let key: StockUnitID
  package let deliveryState: DeliveryState?
  package let wasDelivered: Bool
  package let wasRevealed: Bool
  /// Keys of the listing that nobody holds, before one is taken.
  package let inStock: Int
  package let siblings: KeySiblings
  /// The key that took its place; `nil` of a dry run, of an ask, and where the order waits for stock.
  package let replacedBy: StockUnitID?
  package let ask: AskID?
  package let asks: Bool

  enum CodingKeys: String, CodingKey {
    case number, version, position, title, vendor, key, siblings, ask, asks
    case deliveryState = "delivery_state"
    case wasDelivered = "was_delivered"
    case wasRevealed = "was_revealed"
    case inStock = "in_stock"
    case replacedBy = "replaced_by"
  }
}

/// What holding an order or letting it go is, or would be.
package struct HoldPlan: Sendable, Equatable, Decodable {
  package let number: String
  package let version: Int64
  /// How it stood until now.
  package let was: OrderState
  /// How it stands now; `nil` of a release, which the daemon carries out.
  package let state: OrderState?
  /// Deliveries that are stopped.
  package let stopped: Int?
  /// Deliveries that go on.
  package let resumed: Int?
  /// Who held it until it was released.
  package let heldBy: String?

  enum CodingKeys: String, CodingKey {
    case number, version, was, state, stopped, resumed
    case heldBy = "held_by"
  }
}

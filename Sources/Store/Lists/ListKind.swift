package import Market

/// The lists that the console and `gkm list` show.
package enum ListKind: String, CaseIterable, Sendable {
  case orders, payments, deliveries, stock, audit

  /// What a person must be allowed to see it.
  package var capability: Capability {
    switch self {
    case .orders, .deliveries: .readOrders
    case .payments: .readPayments
    case .stock: .readStock
    case .audit: .readAudit
    }
  }

  /// Whether somebody of `role` has this list. A vendor has no list of payment attempts: they are the customer's.
  package func isOpen(to role: Role) -> Bool {
    switch capability.grant(to: role) {
    case .no: false
    case .own: self != .payments
    default: true
    }
  }

  /// What it can be filtered by.
  package func schema(for role: Role) -> FilterSchema {
    role == .vendor ? vendorSchema : staffSchema
  }

  private var vendorSchema: FilterSchema {
    switch self {
    case .orders, .payments:
      FilterSchema(
        [FilterField("state", .enumeration(OrderState.allCases.map(\.rawValue)), "where the order stands")],
        timeField: "created", mainField: "state")
    case .deliveries:
      FilterSchema([Self.deliveryStates], timeField: "created", mainField: "state")
    case .stock: FilterSchema([FilterField("state", .enumeration(["active", "paused", "closed"]))], mainField: "state")
    case .audit: FilterSchema([], timeField: "at")
    }
  }

  private static let orderStates = FilterField(
    "state", .enumeration(OrderState.allCases.map(\.rawValue) + ["stuck"]), "where the order stands")
  private static let deliveryStates = FilterField(
    "state", .enumeration(DeliveryState.allCases.map(\.rawValue)), "where the delivery stands")

  private var staffSchema: FilterSchema {
    switch self {
    case .orders:
      FilterSchema(
        [
          Self.orderStates, FilterField("vendor", .id, "a vendor's handle"),
          FilterField("email", .text, "the customer's address"), FilterField("amount", .money, "the order's total"),
          FilterField("currency", .id, "such as eur"), FilterField("number", .id, "the order's number"),
          FilterField("title", .text, "what was bought"), FilterField("created", .time, "when it was placed"),
          FilterField("paid", .time, "when it was paid"),
        ], timeField: "created", mainField: "state")
    case .payments:
      FilterSchema(
        [
          FilterField("outcome", .enumeration(["succeeded", "failed"]), "how the attempt ended"),
          FilterField("order", .id, "the order's number"), FilterField("charge", .id, "ch_…"),
          FilterField("code", .text, "Stripe's error code"), FilterField("decline", .text, "the bank's reason"),
          FilterField("last4", .id, "the card's last four digits"), FilterField("brand", .text, "the card's brand"),
          FilterField("amount", .money, "the amount"), FilterField("at", .time, "when"),
        ], timeField: "at", mainField: "outcome")
    case .deliveries:
      FilterSchema(
        [
          Self.deliveryStates, FilterField("order", .id, "the order's number"),
          FilterField("vendor", .id, "a vendor's handle"), FilterField("email", .text, "the recipient"),
          FilterField("attempts", .integer, "how many so far"), FilterField("reply", .text, "the last SMTP reply"),
          FilterField("created", .time, "when it was queued"),
        ], timeField: "created", mainField: "state")
    case .stock:
      FilterSchema(
        [
          FilterField("state", .enumeration(["active", "paused", "closed", "low", "empty"]), "the listing's state"),
          FilterField("vendor", .id, "a vendor's handle"), FilterField("title", .text, "the product"),
          FilterField("platform", .text, "where it is redeemed"), FilterField("available", .integer, "keys to sell"),
          FilterField("price", .money, "the price"),
        ], mainField: "state")
    case .audit:
      FilterSchema(
        [
          FilterField("action", .text, "such as delivery.confirmed"), FilterField("actor", .text, "who acted"),
          FilterField("order", .id, "the order's number"), FilterField("subject", .id, "the kind of subject"),
          FilterField("event", .id, "evt_…"), FilterField("vendor", .id, "a vendor's handle"),
          FilterField("at", .time, "when"),
        ], timeField: "at")
    }
  }
}

/// Every kind of message that is sent.
package enum TemplateKey: String, CaseIterable, Sendable {
  // To customers.
  case keyDelivered = "key_delivered"
  case orderReceived = "order_received"
  case deliveryDelayed = "delivery_delayed"
  case orderRefunded = "order_refunded"
  case addressCode = "address_code"
  case addressChanged = "address_changed"
  case keyReplaced = "key_replaced"
  case caseAnswer = "case_answer"
  // To vendors.
  case vendorNewOrder = "vendor_new_order"
  case vendorLowStock = "vendor_low_stock"
  case vendorNewOrders = "vendor_new_orders"
  case vendorDispute = "vendor_dispute"
  case vendorWebhookDisabled = "vendor_webhook_disabled"
  // To the team.
  case alert
  case alertRecovered = "alert_recovered"
}

/// A value that a template of some key may use.
package struct TemplateField: Sendable {
  package let name: String
  package let isRequired: Bool
  /// What it says, in a few words.
  package let meaning: String
  /// What previews show.
  package let sample: String
}

extension TemplateKey {
  /// What the message is for, in a few words.
  package var purpose: String {
    switch self {
    case .keyDelivered: "brings a key, or the link to it"
    case .orderReceived: "tells the customer that the order is paid"
    case .deliveryDelayed: "tells the customer that a key takes longer"
    case .orderRefunded: "tells the customer that money goes back"
    case .addressCode: "brings the code that proves an address"
    case .addressChanged: "tells the old address that mail goes to another"
    case .keyReplaced: "tells the customer that a bad key was replaced"
    case .caseAnswer: "brings the answer of support"
    case .vendorNewOrder: "tells a vendor of a sale"
    case .vendorNewOrders: "tells a vendor of the sales of a minute or so"
    case .vendorWebhookDisabled: "tells a vendor that an endpoint is called no more"
    case .vendorLowStock: "tells a vendor that stock runs out"
    case .vendorDispute: "tells a vendor of a disputed payment"
    case .alert: "tells the team that something is wrong"
    case .alertRecovered: "tells the team that it is right again"
    }
  }

  /// What its templates may use; a template that uses anything else is refused.
  package var fields: [TemplateField] {
    switch self {
    case .keyDelivered:
      Self.customer + Self.product
        + [
          .optional("part", "which of the order's units, where there are several", "1"),
          .optional("parts", "how many units the order has, where there are several", "2"),
          .optional("key", "the key, where mail carries keys", "AAAAA-BBBBB-CCCCC"), Self.link,
        ]
    case .orderReceived:
      Self.customer
        + [
          .required("items", "what was bought", "Rust & Lantern (Steam), Tide Runner (GOG) × 2"),
          .required("total", "what was paid", "59.97 EUR"), Self.link,
        ]
    case .deliveryDelayed: Self.customer + [Self.link]
    case .orderRefunded:
      Self.customer
        + [
          .required("amount", "what goes back", "19.99 EUR"),
          .optional("units", "how many keys are no longer valid", "1"),
          .optional("whole", "there where everything is refunded", "yes"), Self.link,
        ]
    case .addressCode:
      [
        .required("code", "the code", "4711-0815"), .required("minutes", "how long it is good for", "15"), Self.shop,
      ]
    case .addressChanged:
      Self.customer + [.required("new_address", "the new address, masked", "a•••@example.com")]
    case .keyReplaced:
      Self.customer + Self.product + [.optional("reason", "why", "The shop says it was used before."), Self.link]
    case .caseAnswer:
      Self.customer
        + [.required("answer", "what support wrote", "Your new key is on its way.\nSorry for the trouble."), Self.link]
    case .vendorNewOrder:
      Self.vendor
        + [
          .required("number", "the order's number", "GK-1234-5678-90"),
          .required("items", "what was sold of the vendor's", "Rust & Lantern (Steam) × 2"),
          .optional("amount", "what it was sold for", "39.98 EUR"),
        ]
    case .vendorNewOrders:
      Self.vendor
        + [
          .required("count", "how many orders", "2"),
          .required("orders", "them, one to a line", "GK-1234-5678-90  39.98 EUR  Rust & Lantern (Steam) × 2"),
          .optional("more", "how many more there are than are listed", "12"),
        ]
    case .vendorWebhookDisabled:
      Self.vendor
        + [
          .required("endpoint", "the endpoint's number", "7"),
          .required("since", "since when it has not answered", "2026-03-01T12:00:00Z"),
        ]
    case .vendorLowStock:
      Self.vendor + Self.product
        + [
          .required("available", "how many keys are left", "7"),
          .optional("threshold", "the vendor's own limit", "10"),
        ]
    case .vendorDispute:
      Self.vendor
        + [
          .required("number", "the order's number", "GK-1234-5678-90"),
          .optional("amount", "what is disputed", "19.99 EUR"),
          .optional("reason", "what the customer's bank says", "fraudulent"),
          .optional("due", "until when Stripe takes evidence", "2026-03-01 12:00 UTC"),
        ]
    case .alert, .alertRecovered:
      [
        .required("title", "what is wrong, in one line", "Mail is failing"),
        .optional("detail", "the numbers behind it", "12 of the last 20 attempts failed: 421 try again later"),
        .optional("severity", "page, warn or info", "page"),
        .optional("since", "since when", "2026-03-01 12:00 UTC"),
        .optional("lasted", "how long it was so", "6 min"), Self.shop,
      ]
    }
  }

  /// The names of its values.
  package var names: Set<String> { Set(fields.map(\.name)) }

  /// What previews show.
  package var samples: TemplateValues {
    Dictionary(fields.map { ($0.name, TemplateValue.text($0.sample)) }) { first, _ in first }
  }

  private static let shop = TemplateField.required("shop", "the shop's name", "GlobalKeyMarket")
  private static let link = TemplateField.required(
    "link", "the order's own page", "https://shop.example/o/9T4qXbJ0m2nV7sLwR5yZcA1dEfGhKiPoQuStUvWxYz0")

  private static let customer: [TemplateField] = [
    .optional("name", "the customer's name", "Ann"), .required("number", "the order's number", "GK-1234-5678-90"), shop,
  ]
  private static let product: [TemplateField] = [
    .required("title", "the product", "Rust & Lantern"), .optional("platform", "its platform", "Steam"),
  ]
  private static let vendor: [TemplateField] = [.required("vendor", "the vendor's name", "Keys & Co"), shop]
}

extension TemplateField {
  static func required(_ name: String, _ meaning: String, _ sample: String) -> TemplateField {
    TemplateField(name: name, isRequired: true, meaning: meaning, sample: sample)
  }

  static func optional(_ name: String, _ meaning: String, _ sample: String) -> TemplateField {
    TemplateField(name: name, isRequired: false, meaning: meaning, sample: sample)
  }
}

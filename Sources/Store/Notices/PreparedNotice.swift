package import Market

/// A notice whose attempt is committed as `prepared`: all that sending it needs.
package struct PreparedNotice: Sendable {
  /// Where it goes.
  package enum Target: Sendable, Equatable {
    case mail(address: String, name: String?)
    /// To the team, on the notice's channel.
    case team
    case webhook(WebhookTarget)
  }

  package let job: ClaimedJob
  package let lease: Lease
  package let id: NoticeID
  package let attempt: Int
  package let attemptInRound: Int
  package let audience: NoticeAudience
  package let channel: NoticeChannel
  package let template: String
  package let locale: String
  package let createdAt: Instant
  package let preparedAt: Instant
  package let target: Target
  /// For the template: what was asked for, and what the database knows of the order and the vendor.
  package let values: [String: String]
  package let order: NoticeOrder?
  package let vendor: VendorID?
}

/// What a notice may tell of its order.
package struct NoticeOrder: Sendable, Equatable {
  package let id: OrderID
  package let number: String
  package let tokenGeneration: Int32
  /// The vendor's own part, for what goes to a vendor; else the whole.
  package let amount: Money
  package let paidAt: Instant?
  /// The vendor's own lines, for what goes to a vendor; else all.
  package let lines: [Line]

  package struct Line: Sendable, Equatable, Decodable {
    package let listing: Int64
    package let title: String
    package let platform: String
    package let quantity: Int

    /// `Rust & Lantern (Steam) × 2`.
    package var text: String { "\(title) (\(platform))" + (quantity > 1 ? " × \(quantity)" : "") }
  }
}

/// A vendor's endpoint, as it is when its turn has come.
package struct WebhookTarget: Sendable, Equatable {
  package let endpoint: WebhookEndpointID
  package let url: String
  package let generation: Int32
  /// The generation before signs too.
  package let isRotating: Bool
}

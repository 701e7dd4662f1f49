/// Who a notice is for.
package enum NoticeAudience: String, CaseIterable, Sendable {
  case customer, vendor, team
}

/// The way a notice goes. None of them ever carries a key.
package enum NoticeChannel: String, CaseIterable, Sendable {
  case email, telegram, discord, webhook
}

/// Where a notice stands.
package enum NoticeState: String, CaseIterable, Sendable {
  case pending, sending, sent, retrying, failed, cancelled, bounced
}

/// What vendors are told of, by the name that a webhook carries as its type.
package enum VendorEvent: String, CaseIterable, Sendable {
  case orderNew = "order.new"
  case stockLow = "stock.low"
  case disputeOpened = "dispute.opened"
  /// Sent on demand, to try an endpoint.
  case test = "webhook.test"

  /// Those that a vendor chooses from.
  package static let chosen: [VendorEvent] = [.orderNew, .stockLow, .disputeOpened]

  /// The event that a notice of this template tells; `nil` for what is told by mail alone. The database's
  /// `gkm.notice_event` says the same.
  package init?(template: String) {
    switch template {
    case "vendor_new_order": self = .orderNew
    case "vendor_low_stock": self = .stockLow
    case "vendor_dispute": self = .disputeOpened
    case "webhook_test": self = .test
    default: return nil
    }
  }
}

/// Whether an endpoint is called at all: open after a row of failures, half open while one notice tries it.
package enum BreakerState: String, CaseIterable, Sendable {
  case closed, open
  case halfOpen = "half_open"
}

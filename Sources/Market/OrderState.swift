/// Where an order stands, as people see it. Derived from facts by `OrderReducer`, never set by hand.
package enum OrderState: String, CaseIterable, Sendable, Codable {
  /// Stock is held and a Checkout Session is open.
  case open
  /// Checkout is complete, the money is still on its way (an asynchronous method).
  case awaitingAsync = "awaiting_async"
  /// Paid; keys are being assigned and delivered.
  case paid
  /// Every unit's key is confirmed as delivered.
  case delivered
  /// Paid, but its stock is gone: waits for restock, then is refunded.
  case unfulfillable = "paid_unfulfillable"
  /// Amount or currency are not the order's, or staff stopped it: nothing is delivered.
  case held
  /// A dispute is open: nothing more is delivered or paid out.
  case disputed
  case partiallyRefunded = "partially_refunded"
  case refunded
  /// A dispute was lost: the money went back to the customer's bank.
  case chargedBack = "charged_back"
  /// The Checkout Session ran out unpaid; its stock went back.
  case expired
  /// An asynchronous payment failed; its stock went back.
  case failed = "payment_failed"

  /// Nothing further is expected to happen by itself.
  package var isTerminal: Bool {
    switch self {
    case .delivered, .refunded, .chargedBack, .expired, .failed: true
    default: false
    }
  }
}

/// How one unit's delivery over one channel stands.
package enum DeliveryState: String, CaseIterable, Sendable, Codable {
  /// Bound to a key, waits for a worker.
  case pending
  /// An attempt is committed and may be on the wire.
  case sending
  /// The receiving server took it.
  case confirmed
  /// The last attempt failed; another is due at `next_attempt_at`.
  case retrying
  /// Refused for good, or out of attempts: a person must look.
  case failed
  /// Stopped: the order is held, disputed, refunded or replaced.
  case cancelled
  /// The receiving server took it and sent it back: nobody is there.
  case bounced
}

/// How one attempt ended.
package enum AttemptOutcome: String, CaseIterable, Sendable, Codable {
  /// Committed before sending; a crash leaves it so, and the next attempt marks it `unknown`.
  case prepared
  case confirmed
  /// Nothing was sent, or a temporary refusal came back.
  case deferred
  /// Refused for good.
  case refused
  /// It may or may not have arrived: the same key is sent again under the same Message-ID.
  case unknown
}

/// Where one key of the stock stands.
package enum StockUnitState: String, CaseIterable, Sendable, Codable {
  case available
  case assigned
  /// Taken out: bad, withdrawn, or its order was refunded. Never sold again.
  case quarantined
  case withdrawn
  case revoked
}

/// What became of a Stripe event.
package enum StripeEventState: String, CaseIterable, Sendable, Codable {
  case pending
  case done
  /// Of a kind that changes nothing here.
  case ignored
  /// Names an order or payment not known yet; applied when it is.
  case parked
  /// Signed, but not readable or not meant for here; a person may replay it.
  case quarantined
}

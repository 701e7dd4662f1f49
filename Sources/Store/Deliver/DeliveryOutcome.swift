import Market

/// How one attempt ended, and what follows.
package struct DeliveryOutcome: Sendable {
  package enum Ending: Sendable, Equatable {
    /// The receiving server took it.
    case confirmed
    /// It was certainly not taken, and may be later.
    case deferred
    /// Refused for good.
    case refused
    /// It may or may not have been taken.
    case unknown

    var attempt: AttemptOutcome {
      switch self {
      case .confirmed: .confirmed
      case .deferred: .deferred
      case .refused: .refused
      case .unknown: .unknown
      }
    }

    var action: AuditAction {
      switch self {
      case .confirmed: .deliveryConfirmed
      case .deferred: .deliveryDeferred
      case .refused: .deliveryRefused
      case .unknown: .deliveryUnknown
      }
    }
  }

  package let delivery: PreparedDelivery
  package let ending: Ending
  /// The server's reply or what went wrong, for people.
  package let reply: String
  /// When to try again; `nil`: not any more.
  package let retryAfter: Duration?
  /// Whether it is one of the attempts a delivery has before somebody must look: one that never reached the server is not.
  package let isCounted: Bool
  /// What the mail was written from; `nil` where none was written.
  package var template: TemplateVersion?

  package init(
    _ delivery: PreparedDelivery, _ ending: Ending, reply: String, retryAfter: Duration?,
    isCounted: Bool = true, template: TemplateVersion? = nil
  ) {
    self.delivery = delivery
    self.ending = ending
    self.reply = reply
    self.isCounted = isCounted
    self.template = template
    self.retryAfter = ending == .confirmed || ending == .refused ? nil : retryAfter
  }

  /// The delivery's state from now on.
  var state: DeliveryState {
    if ending == .confirmed { return .confirmed }
    return retryAfter == nil ? .failed : .retrying
  }
}

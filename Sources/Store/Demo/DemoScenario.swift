/// How an order of the demo market fares.
enum DemoScenario: String, CaseIterable, Sendable {
  case delivered, deliveredAfterDecline, deliveredAfterRetry, deliveredAfterCrash, deliveredByHand, deliveredAsync
  case retrying, refusedMail, exhaustedMail
  case refunded, refundedUndelivered, partiallyRefunded, refundPending
  /// Paid too late: somebody else has the stock by then (`soldOutBuyer`).
  case paidTooLate, soldOutBuyer
  case inquiry, disputed, disputeWon, chargedBack
  case wrongAmount, wrongCurrency, paidTwice
  case expired, expiredAfterDecline, timedOut, asyncFailed
  case awaitingAsync, open, openAfterDecline

  /// What happens to the stock it held.
  enum Stock {
    /// A key is taken for good.
    case takes
    /// It is still held.
    case holds
    case returns
  }

  var stock: Stock {
    switch self {
    case .wrongAmount, .wrongCurrency, .awaitingAsync, .open, .openAfterDecline: .holds
    case .expired, .expiredAfterDecline, .timedOut, .asyncFailed, .paidTooLate: .returns
    default: .takes
    }
  }

  /// The share of all orders, how many there are at least and at most. What is left of all orders is `delivered`.
  private var amount: (share: Double, least: Int, most: Int) {
    switch self {
    case .delivered, .paidTooLate, .soldOutBuyer: (0, 0, 0)
    case .deliveredAfterDecline: (0.05, 3, .max)
    case .deliveredAfterRetry: (0.03, 3, .max)
    case .deliveredAfterCrash: (0.004, 2, .max)
    case .deliveredByHand: (0.008, 2, .max)
    case .deliveredAsync: (0.015, 2, .max)
    case .retrying: (0.012, 3, 40)
    case .refusedMail: (0.008, 2, 60)
    case .exhaustedMail: (0.004, 2, 30)
    case .refunded: (0.03, 3, .max)
    case .refundedUndelivered: (0.004, 1, .max)
    case .partiallyRefunded: (0.012, 2, .max)
    case .refundPending: (0.004, 1, 20)
    case .inquiry: (0.004, 1, .max)
    case .disputed: (0.008, 2, .max)
    case .disputeWon: (0.004, 1, .max)
    case .chargedBack: (0.006, 2, .max)
    case .wrongAmount: (0.004, 2, 20)
    case .wrongCurrency, .paidTwice: (0.002, 1, 10)
    case .expired: (0.07, 3, .max)
    case .expiredAfterDecline: (0.015, 1, .max)
    case .timedOut: (0.01, 1, .max)
    case .asyncFailed: (0.008, 2, .max)
    case .awaitingAsync: (0.01, 2, 60)
    case .open: (0.02, 4, 60)
    case .openAfterDecline: (0.004, 1, 10)
    }
  }

  /// When its checkout began, counted back from now.
  func age(history: Duration) -> ClosedRange<Duration> {
    switch self {
    case .retrying: .minutes(2)...(.minutes(13))
    case .refusedMail, .exhaustedMail: .hours(1)...(.days(2))
    case .open, .openAfterDecline: .minutes(2)...(.minutes(75))
    case .awaitingAsync: .minutes(40)...(.days(2))
    case .deliveredByHand: .hours(8)...history
    case .deliveredAsync, .asyncFailed, .disputed, .disputeWon, .chargedBack, .inquiry, .refunded, .partiallyRefunded,
      .paidTwice:
      .hours(60)...max(history, .hours(72))
    case .refundPending: .hours(30)...(.hours(60))
    case .wrongAmount, .wrongCurrency, .refundedUndelivered: .hours(4)...(.days(3))
    case .expired, .expiredAfterDecline, .timedOut: .minutes(45)...history
    default: .minutes(3)...history
    }
  }

  /// How many orders of each kind make a market of `orders`.
  static func mixture(of orders: Int) -> [(DemoScenario, Int)] {
    var left = orders
    var mixture: [(DemoScenario, Int)] = []
    for scenario in allCases {
      let (share, least, most) = scenario.amount
      let count = min(left, most, max(least, Int((Double(orders) * share).rounded())))
      if count > 0 { mixture.append((scenario, count)) }
      left -= count
    }
    return mixture + [(.delivered, left)]
  }

  /// How few orders can show every state.
  static let fewestOrders = 100
}

/// What the customers do, and how many there are.
package struct TrafficConfiguration: Sendable {
  /// The market's base URL.
  package var marketURL: String
  /// The simulator's base URL.
  package var simulatorURL: String
  package var apiKey: String
  /// Customers who begin a checkout each second, on average.
  package var rate: Double
  /// How many in all; nil for no end.
  package var orders: Int?
  /// The listings to buy; none means the market's catalogue is asked.
  package var listings: [Int64]
  /// Customers under way at most; further ones are not begun.
  package var concurrency: Int
  /// How long a customer thinks before paying, at most.
  package var thinking: Duration
  /// What becomes of a checkout: shares of all, the rest pays at once.
  package var declinedFirst = 0.05
  package var slowMethod = 0.02
  package var abandoned = 0.07
  /// Of those who paid, how many are refunded or dispute the charge later.
  package var refunded = 0.01
  package var disputed = 0.004
  /// How long after the payment, at most.
  package var regret: Duration = .seconds(60)

  package init(
    marketURL: String, simulatorURL: String, apiKey: String, rate: Double = 1, orders: Int? = nil,
    listings: [Int64] = [], concurrency: Int = 500, thinking: Duration = .seconds(2)
  ) {
    self.marketURL = Self.trimmed(marketURL)
    self.simulatorURL = Self.trimmed(simulatorURL)
    self.apiKey = apiKey
    self.rate = rate
    self.orders = orders
    self.listings = listings
    self.concurrency = concurrency
    self.thinking = thinking
  }

  private static func trimmed(_ url: String) -> String {
    url.hasSuffix("/") ? String(url.dropLast()) : url
  }
}

/// What came of the customers so far.
package struct TrafficStatistics: Sendable {
  package var begun = 0
  /// Customers who paid, left, or were refused.
  package internal(set) var ended = 0
  /// Checkouts for which the market made a session.
  package var sessions = 0
  package var paid = 0
  package var declined = 0
  package var abandoned = 0
  package var refunded = 0
  package var disputed = 0
  /// Checkouts that the market refused, by its code or status.
  package var refused: [String: Int] = [:]
  /// Customers not begun because too many were under way.
  package var skipped = 0
  /// Calls that failed, and the last one's reason.
  package var failed = 0
  package var lastFailure: String?
  /// How long the market took to answer a checkout with a session.
  package var checkout = LatencyHistogram()

  package init() {}

  /// One line for people.
  package var line: String {
    func milliseconds(_ duration: Duration) -> String { "\(Int((duration / .milliseconds(1)).rounded())) ms" }
    var text =
      "begun \(begun) · sessions \(sessions) · paid \(paid) · declined \(declined) · abandoned \(abandoned)"
      + " · refunded \(refunded) · disputed \(disputed)"
    for (code, number) in refused.sorted(by: { $0.key < $1.key }) { text += " · \(code) \(number)" }
    if skipped > 0 { text += " · skipped \(skipped)" }
    if failed > 0 { text += " · failed \(failed) (\(lastFailure ?? "?"))" }
    if checkout.count > 0 {
      text += " · checkout p50 \(milliseconds(checkout.quantile(0.5))) p99 \(milliseconds(checkout.quantile(0.99)))"
    }
    return text
  }
}

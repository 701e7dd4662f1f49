import Stripe

/// Makes signed `checkout.session.completed` events of the size Stripe sends, each for another order, as whole HTTP
/// requests.
package struct EventForge: Sendable {
  /// Told apart from other runs against the same database: a few lower-case letters or digits.
  package var series: String
  /// Where the requests go: the Host header.
  package var host: String
  package var path: String
  /// What each order costs, in minor units of `currency`.
  package var amount: Int64
  package var currency: String
  private let signer: SignatureSigner
  private let template: [[UInt8]]

  package init(
    series: String, host: String, path: String, secret: String, amount: Int64, currency: String
  ) {
    self.series = series
    self.host = host
    self.path = path
    self.amount = amount
    self.currency = currency
    signer = SignatureSigner(secret: secret)
    template = EventTemplate.text.split(separator: "@", omittingEmptySubsequences: false).map { Array($0.utf8) }
  }

  /// Requests for the orders from `first` on, signed at `timestamp` (Unix seconds).
  package func tape(first: Int64, count: Int, timestamp: Int64) -> RequestTape {
    var tape = RequestTape(orders: first)
    for order in first..<first + Int64(count) {
      let body = body(order: order, timestamp: timestamp)
      tape.append(head(body, timestamp: timestamp), body)
    }
    return tape
  }

  /// The event that says: this order is paid.
  package func body(order: Int64, timestamp: Int64) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(EventTemplate.text.utf8.count + 256)
    for (index, part) in template.enumerated() {
      if index % 2 == 0 {
        body += part
      } else {
        body += value(of: String(decoding: part, as: UTF8.self), order, timestamp).utf8
      }
    }
    return body
  }

  private func value(of name: String, _ order: Int64, _ timestamp: Int64) -> String {
    switch name {
    case "event": "evt_1\(series)\(padded(order))"
    case "session": "cs_test_a1\(series)\(padded(order))"
    case "intent": "pi_3\(series)\(padded(order))"
    case "customer": "cus_\(padded(order))"
    case "order": "\(order)"
    case "amount": "\(amount)"
    case "currency": currency
    case "created": "\(timestamp)"
    case "expires": "\(timestamp + 1_800)"
    default: ""
    }
  }

  private func padded(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 18 - digits.utf8.count)) + digits
  }

  private func head(_ body: [UInt8], timestamp: Int64) -> [UInt8] {
    Array(
      """
      POST \(path) HTTP/1.1\r
      Host: \(host)\r
      User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r
      Accept: */*; q=0.5, application/xml\r
      Content-Type: application/json; charset=utf-8\r
      Content-Length: \(body.count)\r
      Stripe-Signature: \(signer.header(body: body, timestamp: timestamp))\r
      \r

      """.utf8)
  }
}

/// Requests one behind the other in memory, ready to be written to a socket.
package struct RequestTape: Sendable {
  /// The order that the first request is about.
  package let firstOrder: Int64
  private(set) var bytes: [UInt8] = []
  private var starts: [Int] = [0]

  init(orders first: Int64) { firstOrder = first }

  package var count: Int { starts.count - 1 }
  /// The mean size of a request, its head included.
  package var meanBytes: Int { count == 0 ? 0 : bytes.count / count }

  mutating func append(_ head: [UInt8], _ body: [UInt8]) {
    bytes += head
    bytes += body
    starts.append(bytes.count)
  }

  /// Where the request lies in `bytes`.
  func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
}

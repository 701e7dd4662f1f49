import Testing

@testable import Stripe

@Suite("What goes over the wire")
struct CallTests {
  @Test("Parameters are encoded as Stripe reads them")
  func form() {
    var form = FormParameters()
    form.add("mode", "payment")
    form.add("line_items[0][price_data][product_data][name]", "Clé & “X” + 1=2")
    form.add("absent", nil as String?)
    form.add("amount", 5 as Int64)
    form.add("submit", false)
    form.add("metadata", ["b": "2", "a[x]": "1"])
    form.add("types", each: ["a.b", "c"])
    #expect(
      form.encoded
        == "mode=payment&line_items[0][price_data][product_data][name]=Cl%C3%A9%20%26%20%E2%80%9CX%E2%80%9D%20%2B%201%3D2"
        + "&amount=5&submit=false&metadata[a[x]]=1&metadata[b]=2&types[]=a.b&types[]=c")
  }

  @Test("A checkout session asks for all that the market needs")
  func session() {
    let request = CheckoutSessionRequest(
      items: [.init(name: "Key", currency: "EUR", unitAmount: 1999, quantity: 2, metadata: ["listing": "7"])],
      clientReferenceID: "GKM-1", metadata: ["order_id": "42"],
      successURL: "https://m.example/ok?s={CHECKOUT_SESSION_ID}", cancelURL: "https://m.example/no", expiresAt: 1800,
      customerEmail: "a@example.com")
    #expect(
      request.parameters.encoded.split(separator: "&").map(String.init) == [
        "mode=payment", "client_reference_id=GKM-1", "customer_creation=always", "customer_email=a%40example.com",
        "success_url=https%3A%2F%2Fm.example%2Fok%3Fs%3D%7BCHECKOUT_SESSION_ID%7D",
        "cancel_url=https%3A%2F%2Fm.example%2Fno", "expires_at=1800", "line_items[0][quantity]=2",
        "line_items[0][price_data][currency]=eur", "line_items[0][price_data][unit_amount]=1999",
        "line_items[0][price_data][product_data][name]=Key",
        "line_items[0][price_data][product_data][metadata][listing]=7", "metadata[order_id]=42",
        "payment_intent_data[metadata][order_id]=42",
      ])
  }

  @Test(
    "Only what may succeed later is tried again",
    arguments: [
      (.unanswered, true), (.answered(status: 400, shouldRetry: nil, retryAfter: nil), false),
      (.answered(status: 402, shouldRetry: nil, retryAfter: nil), false),
      (.answered(status: 409, shouldRetry: nil, retryAfter: nil), true),
      (.answered(status: 429, shouldRetry: nil, retryAfter: nil), true),
      (.answered(status: 500, shouldRetry: nil, retryAfter: nil), true),
      (.answered(status: 503, shouldRetry: "false", retryAfter: nil), false),
      (.answered(status: 400, shouldRetry: "true", retryAfter: nil), true),
      (.answered(status: 429, shouldRetry: nil, retryAfter: "3600"), false),
    ] as [(RetryPolicy.Outcome, Bool)])
  func worth(outcome: RetryPolicy.Outcome, expected: Bool) {
    let delay = RetryPolicy().delay(afterAttempt: 1, outcome: outcome, random: 0.5)
    #expect((delay != nil) == expected)
  }

  @Test("Delays double from half a second to five, jittered over their upper half")
  func delays() {
    let policy = RetryPolicy(attempts: 100)
    let longest = (1...8).map { policy.delay(afterAttempt: $0, outcome: .unanswered, random: 1) }
    let shortest = (1...8).map { policy.delay(afterAttempt: $0, outcome: .unanswered, random: 0) }
    #expect(longest == [0.5, 1, 2, 4, 5, 5, 5, 5].map { .seconds($0) })
    #expect(shortest == [0.25, 0.5, 1, 2, 2.5, 2.5, 2.5, 2.5].map { .seconds($0) })
    #expect(policy.delay(afterAttempt: 100, outcome: .unanswered, random: 0) == nil)
  }

  @Test("Retry-After lengthens the delay and never shortens it")
  func retryAfter() {
    func delay(_ after: String) -> Duration? {
      RetryPolicy().delay(
        afterAttempt: 1, outcome: .answered(status: 429, shouldRetry: nil, retryAfter: after), random: 1)
    }
    #expect(delay("7") == .seconds(7))
    #expect(delay("0") == .milliseconds(500))
    #expect(delay("soon") == .milliseconds(500))
    #expect(delay("-4") == .milliseconds(500))
  }
}

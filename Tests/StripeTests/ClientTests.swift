import Outbound
import Synchronization
import Testing

@testable import Stripe

/// Gives the answers of a script one after another, and keeps what was asked.
final class ScriptedTransport: StripeTransport {
  enum Answer: Sendable {
    case status(Int, String, [(String, String)] = [])
    case error(OutboundError)
  }

  private let script: Mutex<[Answer]>
  private let asked = Mutex<[HTTPRequest]>([])

  init(_ script: [Answer]) { self.script = Mutex(script) }

  var requests: [HTTPRequest] { asked.withLock { $0 } }

  func send(_ request: HTTPRequest) async throws(OutboundError) -> HTTPResponse {
    asked.withLock { $0.append(request) }
    let answer = script.withLock { $0.isEmpty ? .error(OutboundError(.other, "nothing left")) : $0.removeFirst() }
    switch answer {
    case .status(let status, let body, let headers):
      return HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    case .error(let error): throw error
    }
  }
}

@Suite("The client")
struct ClientTests {
  static let refused = OutboundError(.connect, "refused")
  static let cut = OutboundError(.disconnected, "cut", mayHaveBeenSent: true)
  static let rateLimited = ScriptedTransport.Answer.status(
    429, #"{"error":{"type":"invalid_request_error","code":"rate_limit","message":"Slow down"}}"#,
    [("Request-Id", "req_1")])
  static let invalid = ScriptedTransport.Answer.status(
    400,
    #"{"error":{"type":"invalid_request_error","code":"parameter_missing","param":"amount","message":"No amount"}}"#)
  static let done = ScriptedTransport.Answer.status(200, Samples.refund)
  static let serverError = ScriptedTransport.Answer.status(500, "oops")

  private func client(_ transport: ScriptedTransport, deadline: Duration = .seconds(5)) -> StripeClient {
    StripeClient(
      StripeConfiguration(
        apiBase: "http://stripe.example/", apiKey: "sk_test_1", deadline: deadline,
        retry: RetryPolicy(attempts: 4, firstDelay: .milliseconds(2), longestDelay: .milliseconds(4))),
      over: transport)
  }

  private func refund(_ transport: ScriptedTransport) async throws(StripeError) -> Refund {
    try await client(transport).createRefund(
      RefundRequest(paymentIntent: "pi_1", amount: 1000, metadata: ["refund_request": "7"]), idempotencyKey: "refund-7")
  }

  @Test("A call carries key, version and idempotency key; every attempt is the same")
  func headers() async throws {
    let transport = ScriptedTransport([.error(Self.refused), Self.rateLimited, Self.serverError, Self.done])
    let refund = try await refund(transport)
    #expect(refund.id == "re_1")
    #expect(transport.requests.count == 4)
    for request in transport.requests {
      #expect(request.method == "POST")
      #expect(request.url == "http://stripe.example/v1/refunds")
      #expect(
        String(decoding: request.body, as: UTF8.self)
          == "payment_intent=pi_1&amount=1000&metadata[refund_request]=7")
      let headers = Dictionary(uniqueKeysWithValues: request.headers)
      #expect(headers["Authorization"] == "Bearer sk_test_1")
      #expect(headers["Stripe-Version"] == StripeConfiguration.pinnedVersion)
      #expect(headers["Idempotency-Key"] == "refund-7")
    }
  }

  @Test("A POST without a key gets one, the same for all its attempts; a GET gets none")
  func randomKeys() async throws {
    let transport = ScriptedTransport([Self.serverError, .status(200, Samples.session), .status(200, Samples.session)])
    _ = try await client(transport).expireCheckoutSession("cs_1")
    _ = try await client(transport).checkoutSession("cs/1 ?")
    let keys = transport.requests.map { Dictionary(uniqueKeysWithValues: $0.headers)["Idempotency-Key"] }
    #expect(keys[0] != nil && keys[0] == keys[1])
    #expect(keys[2] == nil)
    #expect(transport.requests[2].url == "http://stripe.example/v1/checkout/sessions/cs%2F1%20%3F")
  }

  /// A script, and what is to be said of it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var script: [ScriptedTransport.Answer]
    var kind: StripeError.Kind
    var attempts: Int
    var ambiguous: Bool
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "a refusal", script: [invalid], kind: .api, attempts: 1, ambiguous: false),
    Case(
      name: "never connected", script: Array(repeating: .error(refused), count: 4), kind: .network, attempts: 4,
      ambiguous: false),
    Case(
      name: "rate-limited throughout", script: Array(repeating: rateLimited, count: 4), kind: .api, attempts: 4,
      ambiguous: false),
    Case(
      name: "cut once, then never connected", script: [.error(cut)] + Array(repeating: .error(refused), count: 3),
      kind: .network, attempts: 4, ambiguous: true),
    Case(
      name: "cut once, then rate-limited", script: [.error(cut)] + Array(repeating: rateLimited, count: 3),
      kind: .api, attempts: 4, ambiguous: true),
    Case(
      name: "cut once, then a refusal under the same key", script: [.error(cut), invalid], kind: .api, attempts: 2,
      ambiguous: false),
    Case(
      name: "server errors", script: Array(repeating: serverError, count: 4), kind: .api, attempts: 4,
      ambiguous: true),
    Case(
      name: "done, but unreadable", script: [.status(200, "{}")], kind: .unreadable, attempts: 1, ambiguous: true),
    Case(
      name: "told not to retry", script: [.status(500, "", [("stripe-should-retry", "false")])], kind: .api,
      attempts: 1, ambiguous: true),
    Case(
      name: "cancelled", script: [.error(OutboundError(.cancelled, "gone", mayHaveBeenSent: true))], kind: .cancelled,
      attempts: 1, ambiguous: true),
  ]

  @Test("An error tells what happened and whether Stripe may have acted", arguments: cases)
  func errors(_ test: Case) async throws {
    let transport = ScriptedTransport(test.script)
    do throws(StripeError) {
      _ = try await refund(transport)
      Issue.record("no error")
    } catch {
      #expect(error.kind == test.kind)
      #expect(transport.requests.count == test.attempts)
      #expect(error.attempts == test.attempts)
      #expect(error.isAmbiguous == test.ambiguous)
    }
  }

  @Test("Stripe's own words are kept")
  func words() async throws {
    do throws(StripeError) {
      _ = try await refund(ScriptedTransport([Self.invalid]))
      Issue.record("no error")
    } catch {
      #expect(error.type == "invalid_request_error")
      #expect(error.code == "parameter_missing")
      #expect(error.param == "amount")
      #expect(error.status == 400)
      #expect(!error.isTransient)
      #expect(
        "\(error)"
          == "Stripe: No amount (status=400 type=invalid_request_error code=parameter_missing param=amount)")
    }
  }

  @Test("Reading is never ambiguous")
  func reading() async throws {
    do throws(StripeError) {
      _ = try await client(ScriptedTransport(Array(repeating: .error(Self.cut), count: 4))).refund("re_1")
      Issue.record("no error")
    } catch {
      #expect(!error.isAmbiguous)
      #expect(error.isTransient)
    }
  }

  @Test("The deadline ends a call before a wait that would pass it")
  func deadline() async throws {
    let transport = ScriptedTransport([.status(429, "", [("Retry-After", "30")]), Self.done])
    let start = ContinuousClock.now
    do throws(StripeError) {
      _ = try await client(transport, deadline: .seconds(2)).refund("re_1")
      Issue.record("no error")
    } catch {
      #expect(error.status == 429)
    }
    #expect(ContinuousClock.now - start < .seconds(1))
    #expect(transport.requests.count == 1)
  }

  @Test("A list is fetched page by page, and no further than it is read")
  func paging() async throws {
    func page(_ ids: [String], more: Bool) -> ScriptedTransport.Answer {
      let refunds = ids.map { Samples.refund.replacing("re_1", with: $0) }
      return .status(200, #"{"object":"list","data":[\#(refunds.joined(separator: ","))],"has_more":\#(more)}"#)
    }
    let transport = ScriptedTransport([page(["a", "b"], more: true), page([], more: true), page(["d"], more: false)])
    var seen: [String] = []
    for try await refund in client(transport).refunds(paymentIntent: "pi_1", created: .init(from: 5, to: 9)) {
      seen.append(refund.id)
    }
    #expect(seen == ["a", "b"])
    #expect(
      transport.requests.map(\.url) == [
        "http://stripe.example/v1/refunds?payment_intent=pi_1&created[gte]=5&created[lte]=9&limit=100",
        "http://stripe.example/v1/refunds?payment_intent=pi_1&created[gte]=5&created[lte]=9&limit=100&starting_after=b",
      ])
    let early = ScriptedTransport([page(["a", "b"], more: true)])
    for try await refund in client(early).refunds() where refund.id == "b" { break }
    #expect(early.requests.count == 1)
  }

  @Test("Listed events come with the bytes they would have been delivered with")
  func eventBodies() async throws {
    let first = String(decoding: Samples.sessionCompleted, as: UTF8.self)
    let list =
      "{ \"object\":\"list\", \"data\": [ \(first) ,{\"id\":5}, {\"id\":\"evt_2\",\"type\":\"x\"}]"
      + ",\"has_more\":false,\"url\":\"/v1/events\"}"
    let transport = ScriptedTransport([.status(200, list)])
    let events = try await client(transport).events(types: ["a", "b"], created: .since(7)).collect()
    #expect(events.map(\.envelope.id) == ["evt_1Session", "evt_2"])
    #expect(events[0].body == Samples.sessionCompleted)
    #expect(
      transport.requests[0].url
        == "http://stripe.example/v1/events?types[]=a&types[]=b&created[gte]=7&limit=100")
  }
}

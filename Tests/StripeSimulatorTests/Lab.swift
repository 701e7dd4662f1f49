import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Stripe
import Synchronization

@testable import Outbound
@testable import StripeSimulator

/// One webhook as it came.
struct Received: Sendable {
  var signature: String?
  var body: [UInt8]
  var envelope: StripeEnvelope?
}

/// An endpoint of the tests' own: keeps what comes and answers what it is told.
final class Receiver: Sendable {
  private let all = Mutex<[Received]>([])
  private let answer: @Sendable (Received, _ earlier: Int) -> Int

  /// - Parameter answer: the status for a webhook, given how many of the same event came before.
  init(_ answer: @escaping @Sendable (Received, Int) -> Int = { _, _ in 200 }) { self.answer = answer }

  var received: [Received] { all.withLock { $0 } }
  var types: [String] { received.compactMap(\.envelope?.type) }

  func take(_ webhook: Received) -> Int {
    let earlier = all.withLock { all in
      defer { all.append(webhook) }
      return all.count { $0.envelope?.id == webhook.envelope?.id }
    }
    return answer(webhook, earlier)
  }
}

/// A simulator, an endpoint and a client, for one test.
struct Lab: Sendable {
  let url: String
  let webhookURL: String
  let secret: String
  let receiver: Receiver
  let outbound: OutboundClient
  let client: StripeClient

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Calls the simulator beside the client.
  @discardableResult
  func call(_ method: String, _ path: String, _ body: JSON? = nil, key: String? = nil) async throws -> JSON {
    let answer = try await raw(method, path, body, key: key)
    guard answer.status == 200 else {
      throw Failure(description: "\(method) \(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }
    return try JSON.parse(answer.body)
  }

  func raw(_ method: String, _ path: String, _ body: JSON? = nil, key: String? = nil) async throws -> HTTPAnswer {
    var headers = [("Authorization", "Bearer \(SimulatorConfiguration.defaultAPIKey)")]
    if let key { headers.append(("Idempotency-Key", key)) }
    if body != nil { headers.append(("Content-Type", "application/json")) }
    return try await outbound.send(
      Outbound.HTTPRequest(method: method, url: url + path, headers: headers, body: body?.bytes ?? []))
  }

  /// A client that waits no longer than `timeout` for an answer.
  func hasty(_ timeout: Duration, attempts: Int) -> StripeClient {
    var configuration = client.configuration
    configuration.attemptTimeout = timeout
    configuration.retry.attempts = attempts
    return StripeClient(configuration, over: outbound)
  }

  /// A session like the market's, for `order`.
  func session(_ order: String = "1", amount: Int64 = 1999) async throws -> CheckoutSession {
    try await client.createCheckoutSession(
      CheckoutSessionRequest(
        items: [.init(name: "Key “\(order)”", currency: "EUR", unitAmount: amount, quantity: 1)],
        clientReferenceID: "GKM-\(order)", metadata: ["order_id": order],
        successURL: "https://m.example/ok?s={CHECKOUT_SESSION_ID}", cancelURL: "https://m.example/no",
        expiresAt: Simulator.now() + 3600, customerEmail: "a@example.com"),
      idempotencyKey: "session-\(order)")
  }

  /// A session, paid; its payment intent.
  func paid(_ order: String = "1", amount: Int64 = 1999) async throws -> String {
    let session = try await session(order, amount: amount)
    let paid = try await call("POST", "/_sim/sessions/\(session.id)/pay", [:])
    guard let intent = paid["payment_intent"]?.text else { throw Failure(description: "no intent in \(paid)") }
    return intent
  }

  /// Waits until `condition` holds.
  func until(
    within limit: Duration = .seconds(10), _ what: String, _ condition: () async throws -> Bool
  ) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
      guard ContinuousClock.now < deadline else {
        throw Failure(description: "waited in vain until \(what); received \(receiver.types)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func verify(_ webhook: Received, now: Int64 = Simulator.now()) -> SignatureCheck {
    SignatureVerifier(secrets: [secret]).verify(header: webhook.signature, body: webhook.body, now: now)
  }
}

typealias HTTPAnswer = Outbound.HTTPResponse

/// Runs `body` with a lab of its own.
func withLab(
  timeScale: Double = 3000, knobs: [String: Double] = [:], types: [String] = StripeEvent.handledTypes,
  answer: @escaping @Sendable (Received, Int) -> Int = { _, _ in 200 },
  _ body: @Sendable @escaping (Lab) async throws -> Void
) async throws {
  let outbound = try OutboundClient()
  defer { outbound.close() }
  let receiver = Receiver(answer)
  try await serving(receiver.router()) { port in
    var configuration = SimulatorConfiguration(
      webhookURL: "http://127.0.0.1:\(port)/webhooks/stripe", webhookSecret: "whsec_lab", webhookTypes: types,
      timeScale: timeScale)
    for (name, value) in knobs where !configuration.knobs.set(name, to: value) {
      throw Lab.Failure(description: "no knob \(name)")
    }
    let settings = configuration
    try await Simulator.with(settings, over: outbound) { url, _ in
      let client = StripeClient(
        StripeConfiguration(
          apiBase: url, apiKey: settings.apiKey,
          retry: RetryPolicy(attempts: 5, firstDelay: .milliseconds(20), longestDelay: .milliseconds(50))),
        over: outbound)
      try await body(
        Lab(
          url: url, webhookURL: settings.webhookURL ?? "", secret: settings.webhookSecret,
          receiver: receiver, outbound: outbound, client: client))
    }
  }
}

/// Serves a router on a free port of the loopback while `body` runs.
func serving(
  _ router: Router<BasicRequestContext>, _ body: @Sendable @escaping (Int) async throws -> Void
) async throws {
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  var logger = Logger(label: "tests")
  logger.logLevel = .critical
  let app = Application(
    router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
    onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
  try await withThrowingTaskGroup(of: Bool.self) { group in
    group.addTask {
      try await runGracefully(app, logger: app.logger)
      return false
    }
    group.addTask {
      for await port in ports {
        try await body(port)
        return true
      }
      return false
    }
    defer { group.cancelAll() }
    while let isDone = try await group.next(), !isDone {}
  }
}

extension Receiver {
  func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.post("/webhooks/stripe") { request, _ in
      let body = Array(try await request.body.collect(upTo: 1 << 20).readableBytesView)
      var webhook = Received(signature: request.header("stripe-signature"), body: body)
      if case .envelope(let envelope) = StripeEnvelope.read(body) { webhook.envelope = envelope }
      return HTTPTypes.HTTPResponse.Status(code: self.take(webhook))
    }
    return router
  }
}

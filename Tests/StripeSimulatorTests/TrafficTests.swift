import Hummingbird
import Stripe
import Synchronization
import TestSupport
import Testing

@testable import Outbound
@testable import StripeSimulator

@Suite("The simulator: customers")
struct TrafficTests {
  /// A market of the tests' own: a catalogue and a checkout that makes sessions at the simulator.
  private func market(_ lab: Lab, soldOut: Int64) -> Router<BasicRequestContext> {
    let router = Router()
    let orders = Mutex(0)
    router.get("/v1/catalogue") { _, _ in
      Simulator.json(.ok, ["listings": [["id": 1, "available": 9], ["id": 2, "available": 0], ["id": 3]]])
    }
    router.post("/v1/checkout") { request, _ in
      let body = try JSON.parse(Array(try await request.body.collect(upTo: 65536).readableBytesView))
      let listing = body["lines"]?.elements?.first?["listing_id"]?.integer ?? 0
      guard listing != soldOut else { return Simulator.json(.conflict, ["error": ["code": "SOLD_OUT"]]) }
      #expect(body["email"]?.text?.utf8.allSatisfy { $0 < 0x80 } == true)
      let number = orders.withLock { orders in
        orders += 1
        return orders
      }
      let session = try await lab.session("\(number)")
      return Simulator.json(.created, ["order": ["id": JSON(number)], "checkout_session": .string(session.id)])
    }
    return router
  }

  @Test("Each customer comes to an end, and the numbers add up")
  func ends() async throws {
    try await withLab { lab in
      try await serving(market(lab, soldOut: 3)) { port in
        var configuration = TrafficConfiguration(
          marketURL: "http://127.0.0.1:\(port)/", simulatorURL: lab.url, apiKey: SimulatorConfiguration.defaultAPIKey,
          rate: 500, orders: 200, thinking: .milliseconds(5))
        configuration.refunded = 0.2
        configuration.disputed = 0.2
        configuration.slowMethod = 0.1
        configuration.regret = .milliseconds(5)
        let traffic = Traffic(configuration, over: lab.outbound)
        try await traffic.run()
        let numbers = traffic.statistics
        #expect(numbers.begun == 200 && numbers.ended == 200 && numbers.failed == 0, "\(numbers.line)")
        #expect(numbers.sessions + (numbers.refused["SOLD_OUT"] ?? 0) == 200)
        #expect(numbers.paid + numbers.abandoned == numbers.sessions)
        #expect(numbers.refunded > 0 && numbers.disputed > 0 && numbers.declined > 0)
        let stats = try await lab.call("GET", "/_sim/stats")
        #expect(stats["counters"]?["refunds"]?.integer == Int64(numbers.refunded))
        #expect(stats["counters"]?["disputes"]?.integer == Int64(numbers.disputed))
      }
    }
  }

  @Test("stripesim serves on loopback alone, says when it is ready, and ends on SIGTERM")
  func program() async throws {
    let program = try TestRun.program("stripesim")
    let outside = try await ChildProcess.run(program, ["serve", "--host", "0.0.0.0"])
    #expect(!outside.succeeded && outside.errors.contains("no loopback address"))
    let serve = try ChildProcess(
      program, ["serve", "--listen", "127.0.0.1:0", "--knob", "api_delay_ms=1"],
      environment: ["STRIPE_API_KEY": "sk_test_env", "STRIPE_WEBHOOK_SECRET": "whsec_env"])
    let deadline = ContinuousClock.now + .seconds(20)
    while try !serve.output().contains("\n"), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    let line = try serve.output().split(separator: "\n").first ?? ""
    #expect(line.hasPrefix("stripesim ready http://127.0.0.1:"))
    let url = String(line.split(separator: " ").last ?? "")
    let outbound = try OutboundClient()
    defer { outbound.close() }
    let client = StripeClient(StripeConfiguration(apiBase: url, apiKey: "sk_test_env"), over: outbound)
    #expect(try await client.checkoutSessions().collect().isEmpty)
    #expect(try await outbound.send(Outbound.HTTPRequest(url: "\(url)/healthz")).status == 200)
    #expect(try await serve.end() == .exited(0))
  }
}

import Foundation
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("An order's whole life through Stripe's official library")
struct OfficialStoryTests {
  @Test("Session, payment, part refund, dispute, the rest refunded, lost and expired: each ends as it should")
  func story() async throws {
    var python = ProcessInfo.processInfo.environment["GKM_TEST_PYTHON"] ?? ""
    if python.isEmpty {
      python = try await TestRun.script("python", []).split(separator: "\n").last.map(String.init) ?? ""
    }
    let interpreter = python
    let script = try #require(Bundle.module.path(forResource: "official_story", ofType: "py"))
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.intake, .checkout, .pages, .workers], mail: mail.url) { shop in
      let listing = try await shop.listing(keys: 10)
      _ = try await shop.callStripe(
        "/_sim/webhook", ["url": "http://127.0.0.1:\(shop.port)/webhooks/stripe", "secret": Shop.secret])
      let result = try await ChildProcess.run(
        interpreter, [script, "http://127.0.0.1:\(shop.port)", shop.stripeURL, Shop.apiKey, "\(listing)"],
        within: .seconds(240))
      #expect(result.succeeded, "\(result.output)\(result.errors)")
      #expect(result.output.contains("all done"))
      let broken = try await shop.verify().filter { !$0.isKept }
      #expect(broken.isEmpty, "\(broken)")
    }

  }
}

import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// What people do by hand, with a real daemon that carries it on, and real mail.
@Suite("By hand, with a daemon") struct HandDaemonTests {
  @Test("A bad key is replaced by a second mail, goes out never again, and a hold stops and starts")
  func replaced() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.pages]) { shop in
      let environment = ["SMTP_URL": mail.url, "GKM_MAIL_INCLUDES_KEY": "true"]
      try await shop.daemons(1, only: "intake,checkout,pages,workers", environment) { urls in
        _ = try await shop.atStripe("/_sim/webhook", "url=\(urls[0])/webhooks/stripe")
        let vault = KeyVault(master: try MasterKey(file: Array(Shop.processKey.utf8)))
        let listing = try await shop.listing(keys: 0)
        try await shop.stock(listing, keys: 1...3, sealedBy: vault)
        let ops = try await PostgresConnection.connect(try await shop.market.person(.ops))

        // Held before it is paid: it is paid, and nothing is sent.
        let order = try await checkout(shop, urls[0], listing)
        try await act(ops, order) { try OrderActions.hold($0, $1, version: $2, reason: "looks like fraud").number }
        _ = try await shop.atStripe("/_sim/sessions/\(order.session)/pay")
        try await shop.eventually(within: .seconds(60)) { try await state(shop, order.id) == "held" }
        #expect(try keys(mail).isEmpty)
        try await act(ops, order) { try OrderActions.release($0, $1, version: $2, reason: "it is fine").number }
        try await shop.eventually(within: .seconds(60)) { try await state(shop, order.id) == "delivered" }
        let first = try keys(mail)
        #expect(first.count == 1)

        try await act(ops, order) {
          try OrderActions.replace($0, $1, version: $2, unit: 1, reason: "used already").number
        }
        try await shop.eventually(within: .seconds(60)) { try keys(mail).count == 2 }
        try await shop.eventually(within: .seconds(60)) { try await state(shop, order.id) == "delivered" }
        // Sent again, it is the new key under the new mail's family of Message-IDs.
        try await act(ops, order) { try OrderActions.resend($0, $1, version: $2, reason: "nothing came").number }
        try await shop.eventually(within: .seconds(60)) { try keys(mail).count == 3 }
        try await shop.eventually(within: .seconds(60)) { try await shop.count("job", where: "kind = 'deliver'") == 0 }
        let all = try keys(mail)
        #expect(Set(all.map(\.key)).count == 2 && all[0] == first[0] && all[1].key == all[2].key)
        #expect(all[0].key != all[1].key && Set(all.map(\.messageID)).count == 3)
        #expect(all[2].messageID == all[1].messageID.replacing("@", with: ".again-1@"))
        await ops.close()
        let offenders = try await shop.pool.read(isolation: .repeatableRead) { session in
          try Verification().look(session).flatMap { result in
            result.offenders.map { "\(result.check): \($0.name) \($0.problem)" }
          }
        }
        #expect(offenders.isEmpty, "\(offenders)")
      }
    }
    try await mail.stop()
  }

  private func checkout(_ shop: Shop, _ url: String, _ listing: ListingID) async throws
    -> (session: String, id: OrderID)
  {
    let body = Array(#"{"lines":[{"listing_id":\#(listing),"quantity":1}],"email":"buyer@example.com"}"#.utf8)
    let answer = try await shop.http.send(
      HTTPRequest(
        method: "POST", url: "\(url)/v1/checkout", headers: [("Content-Type", "application/json")], body: body))
    let session = try #require(answer.json["checkout_session"] as? String, "\(answer.text)")
    let id = try #require((answer.json["order"] as? [String: Any])?["id"] as? Int)
    return (session, OrderID(Int64(id)))
  }

  private func state(_ shop: Shop, _ order: OrderID) async throws -> String {
    try await shop.sql("SELECT state FROM gkm.orders WHERE id = \(order)")
  }

  /// Does something to the order as it stands; what moved on meanwhile is read again.
  private func act(
    _ person: PostgresConnection, _ order: (session: String, id: OrderID),
    _ body: @escaping @Sendable (borrowing Session, OrderID, Int64) throws -> String
  ) async throws {
    let id = order.id
    for attempt in 1...20 {
      do {
        _ = try await person.write { session in
          let version = try session.first("SELECT version FROM gkm.orders WHERE id = \(id)") { try $0.int64(0) } ?? 0
          return try body(session, id, version)
        }
        return
      } catch let refused as ActionRefused {
        guard refused.kind == .changed, attempt < 20 else { throw refused }
      }
    }
  }

  /// The keys in the mails that were accepted, oldest first, each with its mail's Message-ID.
  private func keys(_ mail: PrivateMail) throws -> [Sent] {
    try mail.messages().compactMap { message in
      guard let key = message.firstMatch(of: /KEY-[0-9]+-[0-9]+/),
        let id = message.firstMatch(of: /(?i)\nMessage-ID:\s*(<[^>]+>)/)
      else { return nil }
      return Sent(key: String(key.0), messageID: String(id.1))
    }
  }

  private struct Sent: Equatable {
    let key: String
    let messageID: String
  }
}

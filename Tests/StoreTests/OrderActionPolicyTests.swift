import Market
import Postgres
import Store
import TestSupport
import Testing

/// Who may do what by hand: each function for each role, as the policy has it.
@Suite("Who may act on orders") struct OrderActionPolicyTests {
  /// A call that changes nothing: made with a version that no row has, it is refused for that by whoever may make it.
  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let capability: Capability
    /// Whether who may only ask may call it, too.
    let isRequest: Bool
    let body: @Sendable (borrowing Session) throws -> Void
  }

  static let calls: [Call] = [
    Call(testDescription: "resend", capability: .resendSameAddress, isRequest: false) {
      _ = try OrderActions.resend($0, OrderID(1), version: -1, reason: "because")
    },
    Call(testDescription: "resend elsewhere", capability: .resendOtherAddress, isRequest: true) {
      _ = try OrderActions.resend($0, OrderID(1), version: -1, to: "a@example.org", reason: "because")
    },
    Call(testDescription: "replace", capability: .replaceKey, isRequest: true) {
      _ = try OrderActions.replace($0, OrderID(1), version: -1, unit: 1, reason: "because")
    },
    Call(testDescription: "hold", capability: .holdOrder, isRequest: false) {
      _ = try OrderActions.hold($0, OrderID(1), version: -1, reason: "because")
    },
    Call(testDescription: "release", capability: .releaseOrder, isRequest: false) {
      _ = try OrderActions.release($0, OrderID(1), version: -1, reason: "because")
    },
    Call(testDescription: "approve", capability: .replaceKey, isRequest: false) {
      _ = try AskActions.decide($0, .approve, AskID(1), version: -1, reason: "because")
    },
    Call(testDescription: "refuse", capability: .replaceKey, isRequest: false) {
      _ = try AskActions.decide($0, .refuse, AskID(1), version: -1, reason: "because")
    },
  ]

  @Test(arguments: calls) func eachRoleMayWhatThePolicySays(call: Call) async throws {
    try await SeededMarket.with { seeded in
      for role in Role.people {
        let person = try await PostgresConnection.connect(try await seeded.person(role))
        let refused = await #expect(throws: ActionRefused.self, "\(role)") {
          try await person.write { try call.body($0) }
        }
        let grant = call.capability.grant(to: role)
        let mayCall = grant == .yes || call.isRequest && grant == .ask
        #expect((refused?.kind == .notAllowed) == !mayCall, "\(role): \(String(describing: refused))")
        await person.close()
      }
    }
  }

  @Test func aNoteIsStaffsAlone() async throws {
    try await SeededMarket.with { seeded in
      for role in Role.people {
        let person = try await PostgresConnection.connect(try await seeded.person(role))
        do {
          _ = try await person.write { try OrderActions.note($0, OrderID(1), text: "asked a@example.org") }
          #expect(role.isStaff)
        } catch let refused as ActionRefused {
          #expect(refused.kind == .notAllowed && role == .vendor)
        }
        await person.close()
      }
      // What is sealed names nobody.
      let notes = try await seeded.market.database.sql(
        """
        SELECT count(*), bool_and(convert_from(body, 'UTF8') LIKE '%reason asked (address)%') FROM gkm.audit_event
        WHERE action = 'order.noted' AND order_id = 1;
        """)
      #expect(notes == "3|t")
    }
  }

  @Test func onlyWhoAskedWithdraws() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (
        try await PostgresConnection.connect(try await seeded.person(.support)),
        try await PostgresConnection.connect(try await seeded.person(.ops))
      )
      let version = try await seeded.market.database.sql("SELECT version FROM gkm.orders WHERE id = 1;")
      let asked = try await support.write {
        try OrderActions.replace($0, OrderID(1), version: Int64(version) ?? 0, unit: 1, reason: "used already")
      }
      let ask = try #require(asked.ask)
      let refused = await #expect(throws: ActionRefused.self) {
        try await ops.write { _ = try AskActions.decide($0, .withdraw, ask, version: 1, reason: "because") }
      }
      #expect(refused?.kind == .notAllowed)
      try await support.write { _ = try AskActions.decide($0, .withdraw, ask, version: 1, reason: "found the typo") }
      #expect(try await seeded.market.database.sql("SELECT state FROM gkm.ask;") == "withdrawn")
      await support.close()
      await ops.close()
    }
  }
}

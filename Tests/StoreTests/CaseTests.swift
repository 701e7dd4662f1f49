import Market
import Postgres
import Store
import TestSupport
import Testing

/// Support cases: who may do what with them, and what is kept of it.
@Suite struct CaseTests {
  private static let late = SeededMarket.Order.unfulfillable

  @Test func aCaseIsTakenAnsweredAndClosedWithAnEventForEachStep() async throws {
    try await SeededMarket.with { seeded in
      let support = try await PostgresConnection.connect(try await seeded.person(.support))
      let vendor = try await PostgresConnection.connect(try await seeded.person(.vendor))
      let id = try await support.write {
        try CaseActions.open($0, kind: "bad_key", order: Self.late.number, text: "The key is said to be used.")
      }
      try await support.write { session in
        var version = try CaseActions.take(session, id, version: 1)
        version = try CaseActions.note(session, id, text: "Looks like an honest customer.")
        version = try CaseActions.answer(session, id, version: version, to: .vendor("Keyhaus"), text: "Is it used?")
        #expect(version == 4)
      }
      try await vendor.write { try CaseActions.answerAsVendor($0, id, text: "It is. Please refund.") }
      let answered = try await support.read { try CaseStory.read($0, viewer: try Viewer.current($0), id) }
      #expect(answered.row.state == .taken && answered.row.vendor == "keyhaus")
      #expect(answered.row.priority == .normal && answered.row.queue == .support)
      #expect(answered.messages.map(\.audience) == [.internal, .internal, .vendor, .vendor])
      #expect(answered.messages.map(\.authorRole) == ["support", "support", "support", "vendor"])
      try await support.write {
        _ = try CaseActions.close($0, id, version: answered.row.version, reason: "refund asked for")
      }
      let actions = try await seeded.market.database.sql(
        """
        SELECT string_agg(action, ' ' ORDER BY id) FROM gkm.audit_event
        WHERE subject_kind = 'case' AND subject_id = '\(id)' AND order_id = \(Self.late.rawValue);
        """)
      #expect(actions == "case.opened case.taken case.noted case.answered case.answered case.closed")
      await support.close()
      await vendor.close()
    }
  }

  @Test func whoTakesACaseSecondIsToldSo() async throws {
    try await SeededMarket.with { seeded in
      let (one, two) = (
        try await PostgresConnection.connect(try await seeded.person(.support)),
        try await PostgresConnection.connect(try await seeded.person(.ops))
      )
      _ = try await one.write { try CaseActions.take($0, CaseID(1), version: 1) }
      await #expect(throws: ActionRefused.self) {
        try await two.write { try CaseActions.take($0, CaseID(1), version: 1) }
      }
      let refused = await #expect(throws: ActionRefused.self) {
        try await two.write { try CaseActions.take($0, CaseID(1), version: 2) }
      }
      #expect(refused?.kind == .impossible)
      // Given on by hand, it changes its owner; put back, it is free for the other queue.
      let login = try await two.read { try Viewer.current($0).login }
      try await two.write { session in
        let version = try CaseActions.assign(session, CaseID(1), version: 2, to: login, reason: "I know this vendor")
        _ = try CaseActions.release(session, CaseID(1), version: version, to: .admin, reason: "needs a decision")
      }
      let row = try await two.read { try CaseList.page($0, where: ["c.id = 1"], after: nil, limit: 1) }.first
      #expect(row?.queue == .admin && row?.state == .open && row?.assignee == nil && row?.version == 4)
      await one.close()
      await two.close()
    }
  }

  @Test func theDaemonOpensOneForEachOrderAndKindHoweverOftenAndFromWhereverItAsks() async throws {
    try await SeededMarket.with { seeded in
      let order = OrderID(SeededMarket.Order.held.rawValue)
      let ids = try await withThrowingTaskGroup { group in
        for _ in 1...4 {
          group.addTask {
            let daemon = try await PostgresConnection.connect(seeded.market.daemon)
            var ids: Set<CaseID> = []
            for _ in 1...5 {
              ids.insert(
                try await daemon.write { try CaseDesk.open($0, .paymentHeld, order, text: "Held: look at it.") })
            }
            await daemon.close()
            return ids
          }
        }
        return try await group.reduce(into: Set<CaseID>()) { $0.formUnion($1) }
      }
      #expect(ids.count == 1)
      let rows = "SELECT count(*) FROM gkm.case_message WHERE case_id = \(try #require(ids.first));"
      #expect(try await seeded.market.database.sql(rows) == "1")
    }
  }

  @Test func newsOpensAClosedCaseAgainAndOldNewsDoesNot() async throws {
    try await SeededMarket.with { seeded in
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      let order = OrderID(Self.late.rawValue)
      _ = try await ops.write { try CaseActions.close($0, CaseID(1), version: 1, reason: "vendor will send keys") }
      let same = try await daemon.write { try CaseDesk.open($0, .unfulfillable, order, text: "1 key is missing.") }
      #expect(same == CaseID(1))
      func state() async throws -> String {
        try await seeded.market.database.sql("SELECT state FROM gkm.support_case WHERE id = 1;")
      }
      #expect(try await state() == "closed")
      try await daemon.write { _ = try CaseDesk.open($0, .unfulfillable, order, text: "Its time is over.") }
      #expect(try await state() == "open")
      await daemon.close()
      await ops.close()
    }
  }

  @Test func aVendorSeesAndAnswersOnlyTheirOwnAndNothingThatIsAmongStaff() async throws {
    try await SeededMarket.with { seeded in
      let own = try await PostgresConnection.connect(try await seeded.person(.vendor))
      let other = try await PostgresConnection.connect(
        try await seeded.person(.vendor, vendor: SeededMarket.nordlicht))
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      _ = try await ops.write { try CaseActions.note($0, CaseID(1), text: "They are often late.") }
      for (connection, count) in [(own, 1), (other, 0)] {
        let rows = try await connection.read { session in
          try VendorList.cases(session, viewer: try Viewer.current(session), .init(), after: nil, limit: 10)
        }
        #expect(rows.count == count)
        #expect(rows.allSatisfy { $0.assignee == nil && $0.openedBy == nil && $0.queue == nil })
      }
      let story = try await own.read { try CaseStory.read($0, viewer: try Viewer.current($0), CaseID(1)) }
      #expect(story.messages.map(\.body) == ["1 key is missing."])
      let missing = await #expect(throws: ActionRefused.self) {
        try await other.read { try CaseStory.read($0, viewer: try Viewer.current($0), CaseID(1)) }
      }
      #expect(missing?.kind == .notFound)
      for statement in [
        "SELECT api.case_take(1, 2)", "SELECT api.case_note(1, 'let me in')", "SELECT api.case_close(1, 2, 'all done')",
        "SELECT api.case_open('question', NULL, NULL, 'anything')", "SELECT gkm.open_case('dispute', 1, 'anything')",
        "SELECT api.vendor_case_answer(1, 'this is not mine')", "SELECT api.vendor_case_answer(2, 'nor is this')",
      ] {
        await #expect(throws: PostgresError.self, "\(statement)") { try await other.run { try $0.script(statement) } }
      }
      for connection in [own, other, ops] { await connection.close() }
    }
  }

  private static let badlySaid: [(statement: String, kind: ActionRefused.Kind)] = [
    ("SELECT api.case_open('Question?', NULL, NULL, 'a text')", ActionRefused.Kind.badRequest),
    ("SELECT api.case_open('question', 'GK-0000-0000-00', NULL, 'a text')", .notFound),
    ("SELECT api.case_open('question', NULL, 'soon', 'a text')", .badRequest),
    ("SELECT api.case_open('question', NULL, NULL, 'a')", .badRequest),
    ("SELECT api.case_open('question', NULL, NULL, NULL)", .badRequest),
    ("SELECT api.case_note(1, E'a\\nb c d')", .badRequest), ("SELECT api.case_note(99, 'a text')", .notFound),
    ("SELECT api.case_note(1, repeat('x', 4001))", .badRequest), ("SELECT api.case_take(1, 7)", .changed),
    ("SELECT api.case_release(1, 1, 'nobody', 'a reason')", .badRequest),
    ("SELECT api.case_release(1, 1, NULL, '')", .badRequest),
    ("SELECT api.case_assign(1, 1, 'gkm_daemon', 'a reason')", .notFound),
    ("SELECT api.case_answer(1, 1, 'everybody', NULL, 'a text')", .badRequest),
    ("SELECT api.case_answer(1, 1, 'vendor', 'nobody', 'a text')", .notFound),
    ("SELECT api.case_answer(1, 1, 'vendor', 'nordlicht', 'a text')", .impossible),
    ("SELECT api.case_close(1, 1, NULL)", .badRequest),
  ]

  @Test func whatIsNotWellSaidIsRefusedAndChangesNothing() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      let digest = """
        SELECT string_agg(c::text, ' ' ORDER BY c.id) || (SELECT count(*) FROM gkm.case_message) FROM gkm.support_case c;
        """
      let before = try await seeded.market.database.sql(digest)
      for (statement, kind) in Self.badlySaid {
        let error = await #expect(throws: PostgresError.self, "\(statement)") {
          try await ops.run { _ = try $0.rows(SQL(unescaped: statement)) { _ in } }
        }
        #expect(error.flatMap { ActionRefused($0) }?.kind == kind, "\(statement): \(error?.message ?? "")")
      }
      #expect(try await seeded.market.database.sql(digest) == before)
      await ops.close()
    }
  }
}

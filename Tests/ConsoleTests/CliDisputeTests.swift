import Market
import Postgres
import TestSupport
import Testing

@Suite("gkm dispute and gkm event") struct CliDisputeTests {
  @Test("A dispute is shown, answered field by field, and sent on its way")
  func dispute() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      let shown = try await Cli.lines(["dispute", "show", "dp_9"], as: support)
      #expect(shown.first == "dp_9  needs_response  9.99 USD")
      #expect(shown.contains("  due       2024-05-08T12:00:00Z"))

      let draft = try await Cli.lines(
        [
          "dispute", "evidence", "dp_9", "--set", "customer_purchase_ip=203.0.113.9", "--set",
          "uncategorized_text=a\nb",
        ], as: support)
      #expect(draft.first?.contains(": draft, version 3, ") == true)
      #expect(draft.contains("customer_purchase_ip  (11 of 5000 characters)") && draft.contains("  203.0.113.9"))
      #expect(draft.contains("  b") && draft.last?.hasPrefix("Empty: billing_address, ") == true)
      let json = try await Cli.lines(["dispute", "evidence", "dp_9", "--json"], as: ops)
      #expect(json.count == 1 && json[0].contains(#""version":3"#) && json[0].contains(#""uncategorized_text":"a\nb""#))

      for (arguments, status, words) in [
        (
          ["dispute", "evidence", "dp_9", "--set", "shipping_date=1"], Int32(64),
          "there is no evidence field “shipping_date”"
        ),
        (
          ["dispute", "evidence", "dp_9", "--set", "receipt=paper"], 64,
          "receipt names a file that was uploaded to Stripe"
        ),
        (["dispute", "evidence", "dp_9", "--set", "customer_name=@/nonexistent/x"], 66, "cannot read /nonexistent/x"),
        (["dispute", "show", "dp_none"], 66, "there is no dispute dp_none"),
        (["dispute", "submit", "dp_9", "--reason", "it was used", "--yes"], 77, "may not do this"),
      ] {
        let result = try await Cli.run(arguments, as: support)
        #expect(result.ending == .exited(status), "\(arguments): \(result.errors)")
        #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
      }
      let sent = try await Cli.lines(["dispute", "submit", "dp_9", "--reason", "it was used", "--yes"], as: ops)
      #expect(sent.last?.contains(" for dp_9 is on its way to the bank") == true)
      let row = try await Cli.lines(["list", "disputes", "--filter", "evidence:submitting", "--json"], as: ops)
      #expect(row.count == 1 && row[0].contains(#""dispute":"dp_9""#))
      let again = try await Cli.run(["dispute", "submit", "dp_9", "--reason", "it was used", "--yes"], as: ops)
      #expect(again.ending == .exited(65) && again.errors.contains("this evidence is on its way to Stripe"))
    }
  }

  @Test("Events that stand aside are listed, looked into and replayed; a vendor is shown none")
  func events() async throws {
    try await SeededMarket.with { seeded in
      try await seeded.market.database.sql(
        """
        INSERT INTO gkm.stripe_event (event_id, type, state, livemode, problem, received_at) VALUES
          ('evt_cut', 'unknown', 'quarantined', false, 'no JSON: a string without end at byte 12', '2024-05-01'),
          ('evt_other', 'charge.refunded', 'quarantined', true, 'a live event in a test market', '2024-05-01'),
          ('evt_early', 'charge.refunded', 'parked', false, 'no order is known yet for pi_x', '2024-05-01');
        INSERT INTO gkm.parked_event (object_id, event_id) VALUES ('pi_x', 'evt_early');
        INSERT INTO gkm.stripe_event_body (event_id, received_at, body, signature)
          SELECT event_id, received_at, 'canary-in-the-body', 'canary-signature' FROM gkm.stripe_event
          WHERE place IS NOT NULL;
        """)
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      let rows = try await Cli.lines(["list", "events", "--filter", "state:quarantined", "--json"], as: support)
      #expect(rows.count == 2 && rows[0].contains(#""id":2,"event":"evt_other""#))
      let parked = try await Cli.lines(["list", "events", "--filter", "parked", "--json"], as: support)
      #expect(parked.count == 1 && parked[0].contains(#""waits_for":["pi_x"]"#))
      let shown = try await Cli.lines(["event", "show", "evt_cut"], as: support)
      #expect(shown.contains("  problem   no JSON: a string without end at byte 12"))
      #expect(shown.contains("  size      18 bytes") && !shown.joined().contains("canary"))

      let refused = try await Cli.run(["event", "replay", "evt_cut", "--reason", "read it again"], as: support)
      #expect(refused.ending == .exited(77))
      let all = try await Cli.run(["event", "replay", "--all-quarantined", "--reason", "read them again"], as: ops)
      #expect(all.ending == .exited(65))
      #expect(
        all.output == """
          evt_cut was quarantined, and is applied again
          evt_other: an event of the other mode is not for this market

          """, "\(all.output)")
      #expect(
        try await seeded.market.database.sql("SELECT state FROM gkm.stripe_event WHERE event_id = 'evt_cut';")
          == "pending")
      let vendor = try await seeded.person(.vendor)
      for list in ["events", "disputes"] {
        #expect(try await Cli.run(["list", list], as: vendor).ending == .exited(77), "\(list)")
      }
      #expect(try await Cli.run(["event", "show", "evt_cut"], as: vendor).ending == .exited(77))
      #expect(try await Cli.run(["dispute", "show", "dp_9"], as: vendor).ending == .exited(77))
    }
  }
}

package import Market
package import Postgres

/// An object of Stripe's, with what it would add to its order.
package struct ReconObject: Sendable {
  package let stated: StatedObject
  /// By what its order is found, and what is applied to it where it differs.
  package var content: EventContent

  package init(_ stated: StatedObject, _ content: EventContent) {
    self.stated = stated
    self.content = content
  }
}

/// What came of holding one object against its order.
package struct ReconFinding: Sendable {
  package let object: ReconObject
  package let order: HeldOrder?
  package let differences: [Difference]
}

package enum ReconObjects {
  /// Holds objects against what is known of their orders. Reads only.
  package static func compare(_ session: borrowing Session, _ objects: [ReconObject]) throws -> [ReconFinding] {
    let events = objects.map {
      EventToApply(job: JobID(0), eventID: nil, type: "", reading: .content($0.content))
    }
    let links = try LinkResolution(session, events, isThorough: true)
    let orders = try held(session, links.orderIDs)
    return objects.enumerated().map { place, object in
      if let problem = links.conflicts[place] {
        let difference = Difference(
          .wrongOrder, of: object.stated.id, order: nil, stripes: object.stated.amount?.amount,
          currency: object.stated.amount?.currency, heals: false, problem)
        return ReconFinding(object: object, order: nil, differences: [difference])
      }
      let order = links.orders[place].flatMap { orders[$0] }
      return ReconFinding(
        object: object, order: order, differences: Reconciliation.compare(object.stated, with: order))
    }
  }

  /// Notes what a run has met at Stripe.
  package static func note(_ session: borrowing Session, _ objects: [ReconObject], in run: ReconRun) throws {
    let ids = objects.filter { [.intent, .refund, .dispute].contains($0.stated.kind) }.map(\.stated.id)
    guard !ids.isEmpty else { return }
    try session.execute(
      """
      INSERT INTO gkm.recon_seen (run_id, object_id) SELECT \(run.id), id FROM unnest(\(ids)) AS s (id)
      ON CONFLICT DO NOTHING
      """)
  }

  /// Asks for objects to be looked at one by one; what waits to be already is not asked for again. Answers how many
  /// were added.
  @discardableResult
  package static func askFor(_ session: borrowing Session, _ ids: some Sequence<String>) throws -> Int {
    let ids = Set(ids).sorted()
    guard !ids.isEmpty else { return 0 }
    return try session.execute(
      """
      INSERT INTO gkm.job (kind, subject)
      SELECT \(JobKind.recheck.rawValue), s.id FROM unnest(\(ids)) AS s (id)
      WHERE NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = \(JobKind.recheck.rawValue) AND j.subject = s.id)
      """)
  }

  /// Ends a recheck that had nothing to add.
  package static func done(_ session: borrowing Session, _ job: JobID, lease: Lease) throws {
    guard try session.execute(JobQueue.complete([job], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }

  /// The order whose facts hold an object that Stripe does not know.
  package static func holder(
    _ session: borrowing Session, _ kind: StatedObject.Kind, id: String
  ) throws -> HeldOrder? {
    let query: SQL =
      switch kind {
      case .session: "SELECT id FROM gkm.orders WHERE checkout_session = \(id)"
      case .intent: "SELECT order_id FROM gkm.payment_intent WHERE id = \(id)"
      case .charge: "SELECT order_id FROM gkm.payment_attempt WHERE charge_id = \(id)"
      case .refund: "SELECT order_id FROM gkm.refund WHERE id = \(id)"
      case .dispute: "SELECT order_id FROM gkm.dispute WHERE id = \(id)"
      }
    let order: OrderID? = try session.first(query) { try $0.id(0) }
    guard let order else { return nil }
    return try held(session, [order])[order]
  }

  static func held(_ session: borrowing Session, _ ids: [OrderID]) throws -> [OrderID: HeldOrder] {
    guard !ids.isEmpty else { return [:] }
    let rows: [HeldOrder] = try session.rows(
      """
      SELECT o.id, o.number, o.amount, o.currency, p.facts
      FROM gkm.orders o LEFT JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = ANY (\(ids))
      """
    ) { row in
      HeldOrder(
        id: try row.id(0), number: try row.string(1), total: try row.money(2, 3),
        facts: try row.bytesOrNil(4).map { try OrderSnapshot.decoded($0) } ?? PaymentFacts())
    }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
  }
}

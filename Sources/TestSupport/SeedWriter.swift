import Market

/// Writes the rows of one seeded order after the other, giving out ids from 1.
struct SeedWriter {
  private(set) var statements: [String] = []
  private(set) var lastLine: Int64 = 0
  private var lastUnit: Int64 = 0
  private var lastDelivery: Int64 = 0
  private var lastAttempt: Int64 = 0
  private var lastAudit: Int64 = 0
  var lastTx: Int64 = 0
  var accounts: Set<String> = []
  /// Of each listing, how many keys are taken.
  private var taken: [Int64: Int64] = [:]

  mutating func add(_ order: SeedOrder) {
    let placed = -60 * Double(order.minutesAgo)
    addOrder(order, placed)
    addCheckout(order, placed)
    if order.isPaid || order.decline != nil { addPayment(order, placed + 30) }
    if order.isPaid { addLedger(order, placed + 30) }
    addDeliveries(order, placed + 31)
    addAftermath(order, placed + 600)
  }

  mutating func add(_ table: String, _ columns: String, _ values: String, always: Bool = false) {
    let overriding = always ? " OVERRIDING SYSTEM VALUE" : ""
    statements.append("INSERT INTO gkm.\(table) (\(columns))\(overriding) VALUES (\(values));")
  }

  private mutating func addOrder(_ order: SeedOrder, _ placed: Double) {
    let amount = order.lines.reduce(0) { $0 + SeedListing.of($1).price * $1.quantity }
    let currency = SeedListing.of(order.lines[0]).currency
    let units = order.lines.reduce(0) { $0 + $1.quantity }
    let done = order.deliveries.filter { $0.state == "confirmed" }.count
    let isDelivered = Int64(done) == units
    add(
      "orders",
      """
      id, number, state, hold_reason, customer_email, customer_name, amount, currency, checkout_session, token_hash,
        units_total, units_delivered, created_at, paid_at, delivered_at, updated_at, version
      """,
      """
      \(order.id), '\(order.number)', '\(order.state)', \(SeedSQL.text(order.holdReason)), \(SeedSQL.text(order.email)),
        \(SeedSQL.text(order.name)), \(amount), '\(currency)', 'cs_test_\(order.id)',
        sha256(convert_to('token \(order.id)', 'UTF8')), \(units), \(done), \(SeedSQL.time(placed)),
        \(SeedSQL.time(order.isPaid ? placed + 30 : nil)), \(SeedSQL.time(isDelivered ? placed + 32 : nil)),
        \(SeedSQL.time(placed + 40)), 3
      """)
    for vendor in Set(order.lines.map { SeedListing.of($0).vendor }).sorted() {
      let own = order.lines.filter { SeedListing.of($0).vendor == vendor }
        .reduce(0) { $0 + SeedListing.of($1).price * $1.quantity }
      add(
        "vendor_order", "vendor_id, order_id, number, customer_masked, amount, currency, created_at",
        """
        \(vendor), \(order.id), '\(order.number)', \(SeedSQL.text(order.email.prefix(1) + "***@***")), \(own),
          '\(currency)', \(SeedSQL.time(placed))
        """)
    }
  }

  private mutating func addCheckout(_ order: SeedOrder, _ placed: Double) {
    let reservation = order.isPaid ? "taken" : order.state == "open" ? "held" : "released"
    for line in order.lines {
      let listing = SeedListing.of(line)
      lastLine += 1
      let commission = (listing.price * line.quantity * 1_250 + 5_000) / 10_000
      add(
        "order_line",
        """
        id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency, commission_rule_id, commission_bps,
          commission
        """,
        """
        \(lastLine), \(order.id), \(listing.id), \(listing.vendor), \(SeedSQL.text(listing.title)), \(line.quantity),
          \(listing.price), '\(listing.currency)', 1, 1250, \(commission)
        """)
      add(
        "reservation", "order_id, listing_id, vendor_id, quantity, state, stock_version, expires_at, created_at",
        """
        \(order.id), \(listing.id), \(listing.vendor), \(line.quantity), '\(reservation)', \(order.id + 1),
          \(SeedSQL.time(placed + 1_800)), \(SeedSQL.time(placed))
        """)
      audit(
        order, placed, "stock.reserved", ("listing", "\(listing.id)"), vendor: listing.vendor,
        details: [
          "quantity": "\(line.quantity)", "stock_version_after": "\(order.id + 1)",
          "stock_version_before": "\(order.id)",
        ])
    }
    audit(order, placed, "checkout.created", ("order", "\(order.id)"), details: ["session": "cs_test_\(order.id)"])
    if order.state == "expired" {
      event(order, placed + 1_800, "checkout.session.expired")
      audit(order, placed + 1_801, "checkout.expired", ("order", "\(order.id)"), event: "evt_\(order.id)_expired")
    }
  }

  private mutating func addPayment(_ order: SeedOrder, _ at: Double) {
    let listing = SeedListing.of(order.lines[0])
    let amount = order.lines.reduce(0) { $0 + SeedListing.of($1).price * $1.quantity }
    let received = #"{"amount":\#(amount),"currency":"\#(listing.currency)"}"#
    let paid = #"{"succeeded":true,"received":[\#(received)],"charge":"ch_\#(order.id)"}"#
    let facts = order.isPaid ? #"{"intents":{"pi_\#(order.id)":\#(paid)}}"# : "{}"
    add("payment_intent", "id, order_id", "'pi_\(order.id)', \(order.id)")
    add(
      "payment", "order_id, facts, intent, charge, received, refunded, currency",
      """
      \(order.id), '\(facts)', 'pi_\(order.id)', \(order.isPaid ? "'ch_\(order.id)'" : "NULL"),
        \(order.isPaid ? "\(amount)" : "NULL"), \(order.refund ?? 0), '\(listing.currency)'
      """)
    func attempt(_ charge: String, _ outcome: String, _ decline: String?, _ at: Double) {
      lastAttempt += 1
      add(
        "payment_attempt",
        """
        id, order_id, charge_id, outcome, code, decline_code, message, amount, currency, card_brand, card_last4,
          risk_level, attempted_at
        """,
        """
        \(lastAttempt), \(order.id), '\(charge)', '\(outcome)', \(decline == nil ? "NULL" : "'card_declined'"),
          \(SeedSQL.text(decline)), \(decline == nil ? "NULL" : "'Your card was declined.'"), \(amount),
          '\(listing.currency)', 'visa', '\(4_242 + order.id)', 'normal', \(SeedSQL.time(at))
        """)
    }
    if let decline = order.decline {
      attempt("ch_\(order.id)_declined", "failed", decline, at - 10)
      event(order, at - 9, "payment_intent.payment_failed")
      audit(
        order, at - 9, "payment.attempt.failed", ("order", "\(order.id)"), event: "evt_\(order.id)_payment_failed",
        details: ["charge": "ch_\(order.id)_declined", "decline_code": decline])
    }
    guard order.isPaid else { return }
    attempt("ch_\(order.id)", "succeeded", nil, at)
    event(order, at, "checkout.session.completed")
    audit(
      order, at + 0.25, "payment.succeeded", ("order", "\(order.id)"), event: "evt_\(order.id)_completed",
      details: ["amount": "\(amount)", "charge": "ch_\(order.id)"])
    if let reason = order.holdReason {
      audit(order, at + 0.25, "order.held", ("order", "\(order.id)"), details: ["problem": reason])
    }
    if order.state == "paid_unfulfillable" { audit(order, at + 0.25, "order.unfulfillable", ("order", "\(order.id)")) }
  }

  private mutating func addDeliveries(_ order: SeedOrder, _ at: Double) {
    guard !order.deliveries.isEmpty else { return }
    var deliveries = order.deliveries[...]
    let firstLine = lastLine - Int64(order.lines.count)
    for (index, line) in order.lines.enumerated() {
      for position in 1...line.quantity {
        guard let delivery = deliveries.popFirst() else { return }
        lastUnit += 1
        let listing = SeedListing.of(line)
        add(
          "order_unit", "id, order_id, order_line_id, listing_id, vendor_id, position",
          """
          \(lastUnit), \(order.id), \(firstLine + Int64(index) + 1), \(listing.id), \(listing.vendor), \(position)
          """)
        assign(order, listing, at)
        add(delivery, order, listing, at)
      }
    }
  }

  private mutating func assign(_ order: SeedOrder, _ listing: SeedListing, _ at: Double) {
    taken[listing.id, default: 0] += 1
    let fingerprint = "sha256(convert_to('unit \(listing.id)/\(taken[listing.id] ?? 0)', 'UTF8'))"
    statements.append("UPDATE gkm.stock_unit SET state = 'assigned' WHERE fingerprint = \(fingerprint);")
    statements.append(
      """
      INSERT INTO gkm.assignment (id, stock_unit_id, order_unit_id, order_id, vendor_id, created_at)
        SELECT \(lastUnit), id, \(lastUnit), \(order.id), \(listing.vendor), \(SeedSQL.time(at))
        FROM gkm.stock_unit WHERE fingerprint = \(fingerprint);
      """)
    audit(order, at, "key.assigned", ("order_unit", "\(lastUnit)"), vendor: listing.vendor)
  }

  private mutating func add(
    _ delivery: SeedOrder.Delivery, _ order: SeedOrder, _ listing: SeedListing, _ at: Double
  ) {
    lastDelivery += 1
    let end = at + 60 * Double(delivery.tries.count - 1) + 0.4
    add(
      "delivery",
      """
      id, order_id, order_unit_id, vendor_id, channel, state, attempts, attempts_in_round, message_id, next_attempt_at,
        confirmed_at, last_reply, created_at, updated_at, version
      """,
      """
      \(lastDelivery), \(order.id), \(lastUnit), \(listing.vendor), 'email', '\(delivery.state)',
        \(delivery.tries.count), \(delivery.tries.count), '<unit-\(lastUnit)@gkm.example>',
        \(SeedSQL.time(delivery.state == "retrying" ? 600 : nil)),
        \(SeedSQL.time(delivery.state == "confirmed" ? end : nil)), \(SeedSQL.text(delivery.tries.last?.reply)),
        \(SeedSQL.time(at)), \(SeedSQL.time(end)), \(delivery.tries.count * 2 + 1)
      """)
    for (index, attempt) in delivery.tries.enumerated() {
      let started = at + 60 * Double(index)
      add(
        "delivery_attempt", "delivery_id, number, started_at, order_id, outcome, ended_at, reply",
        """
        \(lastDelivery), \(index + 1), \(SeedSQL.time(started)), \(order.id), '\(attempt.outcome)',
          \(SeedSQL.time(attempt.outcome == "unknown" ? nil : started + 0.4)), \(SeedSQL.text(attempt.reply))
        """)
      audit(
        order, started + 0.4, "delivery.\(attempt.outcome)", ("delivery", "\(lastDelivery)"), vendor: listing.vendor,
        details: ["attempt": "\(index + 1)", "channel": "email"])
    }
  }

  private mutating func addAftermath(_ order: SeedOrder, _ at: Double) {
    let currency = SeedListing.of(order.lines[0]).currency
    if order.isRevealed {
      add(
        "reveal", "order_id, order_unit_id, channel, address, agent, revealed_at",
        """
        \(order.id), \(lastUnit), 'page', '203.0.113.\(order.id)', 'Mozilla/5.0 (X11; Linux)', \(SeedSQL.time(at - 60))
        """)
      audit(order, at - 60, "key.revealed", ("order_unit", "\(lastUnit)"), actor: ("customer", .customer))
    }
    if let refund = order.refund {
      add(
        "refund", "id, order_id, charge, amount, currency, status, reason, created_at, updated_at",
        """
        're_\(order.id)', \(order.id), 'ch_\(order.id)', \(refund), '\(currency)', 'succeeded', 'requested_by_customer',
          \(SeedSQL.time(at)), \(SeedSQL.time(at))
        """)
      event(order, at, "charge.refunded")
      audit(
        order, at + 1, "refund.recorded", ("refund", "re_\(order.id)"), event: "evt_\(order.id)_refunded",
        details: ["amount": "\(refund)"])
      audit(
        order, at + 5, "order.noted", ("order", "\(order.id)"), actor: ("ops_anna", .ops),
        reason: "customer could not redeem the key; \"sorry\" said")
    }
    if order.isDisputed {
      add(
        "dispute",
        "id, order_id, charge, amount, currency, status, reason, standing, due_by, created_at, updated_at",
        """
        'dp_\(order.id)', \(order.id), 'ch_\(order.id)', 999, '\(currency)', 'needs_response', 'fraudulent', 'open',
          \(SeedSQL.time(604_800)), \(SeedSQL.time(at)), \(SeedSQL.time(at))
        """)
      event(order, at, "charge.dispute.created")
      audit(order, at + 1, "dispute.opened", ("dispute", "dp_\(order.id)"), event: "evt_\(order.id)_created")
    }
  }
}

extension SeedWriter {
  private mutating func event(_ order: SeedOrder, _ at: Double, _ type: String) {
    let id = "evt_\(order.id)_\(type.split(separator: ".").last ?? "")"
    statements.append(
      """
      INSERT INTO gkm.stripe_event (event_id, type, state, livemode, order_id, stripe_created, received_at)
        VALUES ('\(id)', '\(type)', 'done', false, \(order.id), \(SeedSQL.time(at - 1)), \(SeedSQL.time(at)));
      """)
  }

  /// An audit event with its exact bytes.
  private mutating func audit(
    _ order: SeedOrder, _ at: Double, _ action: String, _ subject: (kind: String, id: String), vendor: Int64? = nil,
    event: String? = nil, actor: (name: String, role: AuditRole) = ("gkm_daemon", .daemon), reason: String? = nil,
    details: [String: String] = [:]
  ) {
    lastAudit += 1
    let moment = SeededMarket.noon + .microseconds(Int64((at * 1_000_000).rounded()))
    guard let action = AuditAction(rawValue: action),
      let record = try? AuditRecord(
        at: moment, actor: actor.name, role: actor.role, action: action,
        subject: AuditSubject(kind: subject.kind, id: subject.id), order: order.number,
        vendor: vendor.map { VendorID($0) }, stripeEvent: event, reason: reason,
        nonce: [UInt8](repeating: UInt8(truncatingIfNeeded: lastAudit), count: AuditRecord.nonceByteCount),
        details: details)
    else { preconditionFailure("no audit record can be made of \(action)") }
    statements.append(
      """
      INSERT INTO gkm.audit_event (id, at, actor, action, subject_kind, subject_id, order_id, vendor_id, stripe_event,
        body) OVERRIDING SYSTEM VALUE VALUES (\(lastAudit), \(SeedSQL.time(at)), '\(actor.name)', '\(action.rawValue)',
        '\(subject.kind)', '\(subject.id)', \(order.id), \(vendor.map { "\($0)" } ?? "NULL"), \(SeedSQL.text(event)),
        decode('\(Hex.encode(record.bytes))', 'hex'));
      """)
  }
}

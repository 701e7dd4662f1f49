import Market

extension SeedWriter {
  /// What the ledger makes of the order's payment and its refund.
  mutating func addLedger(_ order: SeedOrder, _ at: Double) {
    guard let currency = Currency(SeedListing.of(order.lines[0]).currency) else { return }
    let firstLine = lastLine - Int64(order.lines.count)
    let lines = order.lines.enumerated().map { place, line in
      let listing = SeedListing.of(line)
      let amount = listing.price * line.quantity
      return LedgerOrder.Line(
        id: OrderLineID(firstLine + Int64(place) + 1), vendor: VendorID(listing.vendor), amount: amount,
        commission: (amount * 1_250 + 5_000) / 10_000)
    }
    let total = Money(lines.reduce(0) { $0 + $1.amount }, currency)
    let book = LedgerOrder(total: total, lines: lines)
    let received = order.holdReason == nil ? total : Money(100, currency)
    var facts = StripeFact.paymentIntentSucceeded(
      id: "pi_\(order.id)", received: received, latestCharge: "ch_\(order.id)"
    ).delta
    let sale = Ledger.missing(book, facts: facts, posted: [])
    for entry in sale { post(entry, order, at, event: "evt_\(order.id)_completed") }
    guard let refund = order.refund else { return }
    facts.merge(
      StripeFact.refund(
        id: "re_\(order.id)", amount: refund, status: "succeeded", charge: "ch_\(order.id)",
        paymentIntent: "pi_\(order.id)"
      ).delta)
    for entry in Ledger.missing(book, facts: facts, posted: sale) {
      post(entry, order, at + 570, event: "evt_\(order.id)_refunded")
    }
  }

  private mutating func post(_ entry: LedgerEntry, _ order: SeedOrder, _ at: Double, event: String) {
    lastTx += 1
    for account in entry.postings.map(\.slot.account) where accounts.insert(account.key).inserted {
      add(
        "ledger_account", "kind, vendor_id, currency",
        "'\(account.kind.rawValue)', \(account.vendor.map { "\($0)" } ?? "NULL"), '\(account.currency)'")
    }
    add(
      "ledger_tx", "id, order_id, entry, postings, stripe_event, posted_at",
      """
      \(lastTx), \(order.id), '\(entry.name)', \(entry.postings.count), '\(event)', \(SeedSQL.time(at))
      """, always: true)
    for (place, posting) in entry.postings.enumerated() {
      add(
        "ledger_posting", "tx_id, position, postings, account_id, vendor_id, order_line_id, currency, amount",
        """
        \(lastTx), \(place + 1), \(entry.postings.count),
          (SELECT id FROM gkm.ledger_account WHERE key = '\(posting.slot.account.key)'),
          \(posting.slot.account.vendor.map { "\($0)" } ?? "NULL"), \(posting.slot.line.map { "\($0)" } ?? "NULL"),
          '\(posting.slot.account.currency)', \(posting.amount)
        """)
    }
  }
}

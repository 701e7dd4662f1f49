package import Market

/// What applying needs beside the database.
package struct ApplyContext: Sendable {
  package let vault: KeyVault
  /// The right side of every Message-ID.
  package let mailDomain: String
  /// The claim under which the batch's own jobs are held.
  package let lease: Lease
  /// The claim under which deliveries are handed over that are sent right after the commit.
  package let deliveryLease: Lease
  /// How many deliveries the sender can take at once now; what is beyond waits in the queue.
  package let expressSlots: Int
  /// Look at every link, also those that events name themselves: for an event that did not fit into its batch.
  package let isThorough: Bool
  /// How long an order without stock waits for the next look.
  package let restockDelay: Duration
  /// How long it waits in all; then what is missing is paid back.
  package let restockWindow: Duration
  /// Vendors get one mail for all orders that were paid in so much time.
  package let noticeWindow: Duration
  /// Customers get a mail when their order is paid, beside the one that brings the key.
  package let sendsReceipts: Bool

  package init(
    vault: KeyVault, mailDomain: String, lease: Lease, deliveryLease: Lease, expressSlots: Int,
    isThorough: Bool = false, restockDelay: Duration = .seconds(30), restockWindow: Duration = .seconds(86_400),
    noticeWindow: Duration = .seconds(60), sendsReceipts: Bool = false
  ) {
    self.vault = vault
    self.mailDomain = mailDomain
    self.lease = lease
    self.deliveryLease = deliveryLease
    self.expressSlots = expressSlots
    self.isThorough = isThorough
    self.restockDelay = restockDelay
    self.restockWindow = restockWindow
    self.noticeWindow = noticeWindow
    self.sendsReceipts = sendsReceipts
  }

  /// The same, for one event alone.
  package var thorough: ApplyContext {
    ApplyContext(
      vault: vault, mailDomain: mailDomain, lease: lease, deliveryLease: deliveryLease, expressSlots: expressSlots,
      isThorough: true, restockDelay: restockDelay, restockWindow: restockWindow, noticeWindow: noticeWindow,
      sendsReceipts: sendsReceipts)
  }
}

/// What became of a batch.
package struct ApplyResult: Sendable {
  package var applied = 0
  package var ignored = 0
  package var parked = 0
  package var quarantined = 0
  /// Deliveries that are prepared and committed: to be sent now.
  package var prepared: [PreparedDelivery] = []
  /// Deliveries that wait in the queue.
  package var queuedDeliveries = 0
  /// Orders that changed their state, with the state they have now.
  package var orders: [(number: String, id: OrderID, state: OrderState)] = []
  /// What somebody should look at.
  package var alerts: [(order: String, reason: AlertReason)] = []
  /// Refunds were asked for.
  package var hasRefunds = false
  /// Questions to Stripe were queued.
  package var hasQuestions = false

  package init() {}
}

package import Market

/// What a job asks for. Its subject names what it is about.
package enum JobKind: String, CaseIterable, Sendable {
  /// Subject: a Stripe event's id. Make the order what the event says.
  case apply
  /// Subject: a delivery's id. Send what it holds.
  case deliver
  /// Subject: an order's id. Reduce it again: its stock may have come back.
  case restock
  /// Subject: an order's id, a space, `dp_…`. Ask Stripe for a dispute whose reports contradict each other.
  case fetchDispute = "fetch_dispute"
  /// Subject: an order's id, a space, `ch_…`. List a charge's refunds that no event has told of.
  case listRefunds = "list_refunds"
  /// Subject: a refund request's id. Have Stripe give the money back.
  case refund
  /// Subject: an order's id. Post what its ledger entries lack: it was paid before there was a ledger.
  case postLedger = "post_ledger"
  /// Subject: the id of a dispute's evidence. Tell it to Stripe.
  case submitEvidence = "submit_evidence"
  /// Subject: `cs_…`, `pi_…`, `ch_…`, `re_…` or `dp_…`. Ask Stripe for it, add what it tells, and hold it against what
  /// is known.
  case recheck
  /// Subject: a notice's id. Send it.
  case notify
  /// Subject: the id of a request for a webhook's secret. Seal it for whoever asked.
  case webhookSecret = "webhook_secret"
  /// Subject: an import's id. Bring its sealed rows into the stock.
  case importStock = "import"
  /// Subject: a request's id. Seal a key of the stock to whoever asked for it.
  case reveal
  /// Subject: a request's id. Tell the orders that had a key.
  case findKey = "find_key"
  /// Subject: when its round began. Makes partitions ahead and takes away what is kept no longer.
  case upkeep

  /// Whether one job of a subject is enough, however often it is asked for.
  package var isUnique: Bool {
    switch self {
    case .upkeep, .importStock: true
    default: false
    }
  }
}

/// A job that is this worker's until its lease runs out.
package struct ClaimedJob: Sendable, Hashable {
  package let id: JobID
  package let subject: String
  /// How often it was claimed, this time included.
  package let attempts: Int
  package let createdAt: Instant

  package init(id: JobID, subject: String, attempts: Int, createdAt: Instant) {
    self.id = id
    self.subject = subject
    self.attempts = attempts
    self.createdAt = createdAt
  }
}

/// One worker's claim on a batch of jobs. Whatever it writes about them is fenced by the token: once another worker
/// has claimed a job, nothing done under the old token counts.
package struct Lease: Sendable, Hashable {
  package let token: Int64
  package let duration: Duration

  /// A new claim, under a token that no other claim has.
  package init(for duration: Duration) {
    token = LeaseHolder.nextToken()
    self.duration = duration
  }

  var seconds: Double { Double(duration.wholeMicroseconds) / 1_000_000 }
}

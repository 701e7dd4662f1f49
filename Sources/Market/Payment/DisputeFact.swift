/// What is known of one dispute.
///
/// A dispute's status can go back and events come in any order, so reports are kept by event and never overwrite one
/// another. Where they contradict each other the dispute has to be fetched (`needsFetch`); until its answer is
/// merged the most restrictive report counts.
package struct DisputeFact: Hashable, Sendable, Codable {
  /// Which of a dispute's events a report came with.
  package enum Phase: String, Sendable, Codable {
    /// `created` and `funds_withdrawn`: any other report is newer.
    case opening
    /// `updated`, `funds_reinstated`: no order between these.
    case changing
    case closing
  }

  package struct Report: Hashable, Sendable, Codable {
    package var status: DisputeStatus
    package var phase: Phase

    package init(status: DisputeStatus, phase: Phase) {
      self.status = status
      self.phase = phase
    }
  }

  /// What Stripe answered when asked for the dispute: it settles every report heard before the call was made.
  package struct Fetched: Hashable, Sendable, Codable {
    package var at: Instant
    package var status: DisputeStatus
    /// Ids of the events known when the call was made.
    package var settles: Set<String>

    package init(at: Instant, status: DisputeStatus, settles: Set<String>) {
      self.at = at
      self.status = status
      self.settles = settles
    }

    func merged(with other: Fetched) -> Fetched {
      let isNewer = (at, status.rawValue) > (other.at, other.status.rawValue)
      var result = isNewer ? self : other
      result.settles = settles.union(other.settles)
      return result
    }
  }

  /// In minor units of the charge's currency.
  package var amount: Int64
  package var charge: String?
  package var paymentIntent: String?
  package var reason: String?
  /// Evidence is due by then.
  package var dueBy: Instant?
  package var fundsWithdrawn: Bool
  package var fundsReinstated: Bool
  /// By `evt_…`.
  package var reports: [String: Report]
  package var fetched: Fetched?

  package init(
    amount: Int64, charge: String? = nil, paymentIntent: String? = nil, reason: String? = nil, dueBy: Instant? = nil,
    fundsWithdrawn: Bool = false, fundsReinstated: Bool = false, reports: [String: Report] = [:],
    fetched: Fetched? = nil
  ) {
    self.amount = amount
    self.charge = charge
    self.paymentIntent = paymentIntent
    self.reason = reason
    self.dueBy = dueBy
    self.fundsWithdrawn = fundsWithdrawn
    self.fundsReinstated = fundsReinstated
    self.reports = reports
    self.fetched = fetched
  }

  func merged(with other: DisputeFact) -> DisputeFact {
    var result = self
    result.amount = max(amount, other.amount)
    result.charge = joined(charge, other.charge)
    result.paymentIntent = joined(paymentIntent, other.paymentIntent)
    result.reason = joined(reason, other.reason)
    result.dueBy = joined(dueBy, other.dueBy)
    result.fundsWithdrawn = fundsWithdrawn || other.fundsWithdrawn
    result.fundsReinstated = fundsReinstated || other.fundsReinstated
    result.reports.merge(other.reports) { left, right in
      (left.status.rawValue, left.phase.rawValue) > (right.status.rawValue, right.phase.rawValue) ? left : right
    }
    if let mine = fetched, let theirs = other.fetched {
      result.fetched = mine.merged(with: theirs)
    } else {
      result.fetched = fetched ?? other.fetched
    }
    return result
  }
}

extension DisputeFact {
  /// What it means for the order now; where reports contradict each other, the most restrictive of them.
  package var standing: DisputeStanding { contenders.map(\.standing).max() ?? .open }

  /// The status to show, by the same rule.
  package var status: DisputeStatus {
    contenders.max { ($0.standing, $0.rawValue) < ($1.standing, $1.rawValue) } ?? .unrecognised
  }

  /// Whether only Stripe can say what the status is.
  package var needsFetch: Bool { contenders.count != 1 }

  package var isInquiry: Bool { status.isInquiry }

  /// The statuses between which nothing decides; one, if all is clear.
  ///
  /// Known orders: the opening reports are older than all others, and an inquiry can become a chargeback but never the
  /// other way round.
  private var contenders: Set<DisputeStatus> {
    let unsettled = reports.filter { !(fetched?.settles.contains($0.key) ?? false) }.values
    let opening = Set(unsettled.filter { $0.phase == .opening }.map(\.status))
    var newer = Set(unsettled.filter { $0.phase != .opening }.map(\.status))
    if let fetched { newer.insert(fetched.status) }
    for statuses in [newer, opening] {
      let chargebacks = statuses.filter { !$0.isInquiry }
      if !chargebacks.isEmpty { return chargebacks }
    }
    return newer.isEmpty ? opening : newer
  }
}

package import Market
package import Postgres

/// Looks at what the rules watch, each in a query of its own: one that cannot be answered says nothing about the
/// others.
package struct AlertProbe: Sendable {
  package let plan: AlertPlan
  /// What counts as now.
  package let at: Instant

  package init(plan: AlertPlan, at: Instant) {
    self.plan = plan
    self.at = at
  }

  /// Subjects beyond this are not looked at: a market on fire is one message, not ten thousand.
  static let subjectLimit = 100

  /// What there is to say about a rule; subjects that are not named are calm.
  package func look(_ session: borrowing Session, _ rule: AlertRule) throws -> [AlertObservation] {
    guard let threshold = plan.rules[rule]?.threshold else { return [] }
    switch rule {
    case .slo: return try burn(session, fast: threshold)
    case .backlog: return try backlog(session, threshold)
    case .deadLetters: return try deadLetters(session, threshold)
    case .smtp: return try mail(session, threshold)
    case .webhooks: return try webhooks(session, threshold)
    case .sealer: return try sealer(session, threshold)
    case .reconciliation: return try reconciliation(session, threshold)
    case .breaks: return try breaks(session, threshold)
    case .lowStock: return try lowStock(session, threshold)
    case .bounces: return try bounces(session, threshold)
    case .parked, .quarantined: return try oddEvents(session, rule, threshold)
    case .stripe, .clock, .signatures, .redis, .daemons: return try workers(session, rule, threshold)
    // Whoever can ask this finds it there; who misses it tells of it without asking.
    case .database: return []
    }
  }

  private func backlog(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    try WorkOverview.read(session, at: at).filter { $0.oldestDue.inSeconds > threshold }.map { work in
      let paused = work.pausedBy.map { "; paused by \($0): \(work.pauseReason ?? "")" } ?? ""
      return AlertObservation(
        .backlog, work.kind, .bad, value: work.oldestDue.inSeconds,
        "\(work.due) due, the oldest for \(Self.spell(work.oldestDue))\(paused)")
    }
  }

  private func deadLetters(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    let rows: [AlertObservation] = try session.rows(
      """
      SELECT kind, count(*), (array_agg(problem::text ORDER BY died_at DESC))[1] FROM gkm.job_dead
      WHERE state = 'dead' GROUP BY kind ORDER BY kind
      """
    ) { row in
      let count = try row.int(1)
      return AlertObservation(
        .deadLetters, try row.string(0), Double(count) >= threshold ? .bad : .calm, value: Double(count),
        "\(count) not settled; the newest: \(Self.withoutNames(try row.string(2)))")
    }
    return rows
  }

  private func sealer(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    let lag = try SealLag.read(session)
    // Where nothing was ever sealed there is no sealer to miss: `gkmd verify` says so.
    guard lag.signedAt != nil, let oldest = lag.oldestUnsealed else { return [] }
    let waiting = at - oldest
    guard waiting.inSeconds > threshold else { return [] }
    return [
      AlertObservation(
        .sealer, "", .bad, value: waiting.inSeconds, "the oldest event waits for \(Self.spell(waiting))")
    ]
  }

  private func reconciliation(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    try ReconHealth.read(session).kinds.compactMap { kind in
      guard let interval = plan.reconciliation[kind.kind.rawValue] else { return nil }
      let problem = kind.problem.map { ": \(Self.withoutNames($0))" } ?? ""
      guard let last = kind.lastGood else {
        // It never did: that is only worth a word where it tries and fails.
        guard Double(kind.failures) >= threshold else { return nil }
        return AlertObservation(
          .reconciliation, kind.kind.rawValue, .bad, value: Double(kind.failures),
          "never came to its end, \(kind.failures) failures\(problem)")
      }
      let since = at - last
      guard since > interval * threshold else { return nil }
      return AlertObservation(
        .reconciliation, kind.kind.rawValue, .bad, value: since.inSeconds,
        "last good \(Self.spell(since)) ago, due every \(Self.spell(interval))\(problem)")
    }
  }

  private func breaks(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    try one(
      session, .breaks,
      """
      SELECT count(*), extract(epoch FROM \(at)::timestamptz - min(opened_at))::float8 FROM gkm.recon_break
      WHERE state IN ('open', 'assigned') AND opened_at < \(at)::timestamptz - make_interval(secs => \(threshold))
      """
    ) { "\($0) open, the oldest for \(Self.spell(.seconds($1)))" }
  }

  private func oddEvents(
    _ session: borrowing Session, _ rule: AlertRule, _ threshold: Double
  ) throws -> [AlertObservation] {
    // Parked events may wait for a while; one in quarantine waits for a person.
    let (age, least) = rule == .parked ? (threshold, 1.0) : (0, threshold)
    return try one(
      session, rule,
      """
      SELECT count(*), extract(epoch FROM \(at)::timestamptz - min(received_at))::float8 FROM (
        SELECT received_at FROM gkm.stripe_event
        WHERE state = \(rule.rawValue) AND received_at <= \(at)::timestamptz - make_interval(secs => \(age))
        ORDER BY received_at LIMIT \(Pulse.countLimit)) e
      """, least: least
    ) { "\($0) wait, the oldest for \(Self.spell(.seconds($1)))" }
  }

  private func lowStock(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    try session.rows(
      """
      SELECT l.id, s.available, l.low_stock, p.title::text, v.handle
      FROM gkm.listing_stock s JOIN gkm.listing l ON l.id = s.listing_id
      JOIN gkm.product p ON p.id = l.product_id JOIN gkm.vendor v ON v.id = l.vendor_id
      WHERE l.state = 'active' AND s.available * 100 <= l.low_stock * \(threshold)
      ORDER BY s.available, l.id LIMIT \(Self.subjectLimit)
      """
    ) { row in
      let left = try row.int64(1)
      return AlertObservation(
        .lowStock, "\(try row.int64(0))", .bad, value: Double(left),
        "\(left) left (mark \(try row.int(2))): \(try row.string(3)) of \(try row.string(4))")
    }
  }

  /// A rule that knows one thing: how many, and in seconds how old the oldest is.
  func one(
    _ session: borrowing Session, _ rule: AlertRule, _ sql: SQL, least: Double = 1, _ say: (Int64, Double) -> String
  ) throws -> [AlertObservation] {
    let found = try session.first(sql) { (try $0.int64(0), try $0.doubleOrNil(1) ?? 0) }
    guard let (count, age) = found, Double(count) >= least, count > 0 else { return [] }
    return [AlertObservation(rule, "", .bad, value: Double(count), say(count, age))]
  }

  /// `840 ms`, `42 s`, `7 min`, `3 h`, `2 d`.
  static func spell(_ duration: Duration) -> String {
    let seconds = Int64(duration.inSeconds)
    switch seconds {
    case ..<1: return "\(Int64(duration.inSeconds * 1_000)) ms"
    case ..<120: return "\(seconds) s"
    case ..<7_200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) d"
    }
  }

  /// What others wrote, without what may be somebody's address: it leaves the house.
  static func withoutNames(_ text: String) -> String {
    String(text.split(separator: " ").map { $0.contains("@") ? "…" : $0 }.joined(separator: " ").prefix(160))
  }
}

extension Duration {
  var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}

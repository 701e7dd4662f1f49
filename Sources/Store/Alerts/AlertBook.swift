package import Market
package import Postgres

/// The alerts as they stand in the database, and what one look at everything makes of them.
package enum AlertBook {
  /// What came of a look.
  package struct Outcome: Sendable, Equatable {
    package var tellings: [AlertTelling] = []
    package var firing = 0
    package var pending = 0
  }

  private struct Open {
    let id: Int64
    let rule: String
    let subject: String
    var course: AlertCourse
    var value: Double
    var detail: String
  }

  private struct Silence {
    let rule: String
    let subject: String?
  }

  /// Takes in what was found at a moment: begins alerts, ends them, and tells the team. To be called inside a
  /// transaction; the messages are queued in it. A look that is older than one which was taken in already changes
  /// nothing, and answers `nil`.
  ///
  /// - Parameter found: what was found by rule. A rule that is watched and not in it could not be looked at: whatever
  ///   was the case with it goes on.
  package static func take(
    _ session: borrowing Session, _ plan: AlertPlan, at: Instant, by watcher: String,
    found: [AlertRule: [AlertObservation]]
  ) throws -> Outcome? {
    let isNewest = try session.execute(
      "UPDATE gkm.alert_watch SET evaluated_at = \(at), evaluated_by = \(watcher) WHERE evaluated_at < \(at)")
    guard isNewest == 1 else { return nil }
    let silences: [Silence] = try session.rows(
      "SELECT rule, subject::text FROM gkm.alert_silence WHERE ended_at IS NULL AND until > \(at)"
    ) { Silence(rule: try $0.string(0), subject: try $0.stringOrNil(1)) }
    func isSilenced(_ rule: String, _ subject: String) -> Bool {
      silences.contains { $0.rule == rule && ($0.subject == nil || $0.subject == subject) }
    }
    var outcome = Outcome()
    var said: [(message: AlertCourse.Message, alert: Open)] = []
    var known: Set<String> = []
    for var alert in try open(session) {
      known.insert("\(alert.rule) \(alert.subject)")
      let before = alert.course
      var message: AlertCourse.Message?
      var isForgotten = false
      if let rule = AlertRule(rawValue: alert.rule), let patience = plan.rules[rule]?.patience {
        guard let looks = found[rule] else { continue }
        let look = looks.first { $0.subject == alert.subject }
        if let look, look.verdict == .bad { (alert.value, alert.detail) = (look.value, look.detail) }
        (message, isForgotten) = alert.course.look(
          look?.verdict ?? .calm, at: at, patience: patience, isSilenced: isSilenced(alert.rule, alert.subject))
      } else {
        // Nobody watches it any more.
        isForgotten = alert.course.state == .pending
        message = isForgotten ? nil : alert.course.end(at)
      }
      if isForgotten {
        try session.execute("DELETE FROM gkm.alert WHERE id = \(alert.id) AND state = 'pending'")
        continue
      }
      try update(session, alert, changesState: before.state != alert.course.state)
      if let message { said.append((message, alert)) }
      outcome.count(alert.course.state)
    }
    for look in found.values.flatMap(\.self)
    where look.verdict == .bad && !known.contains("\(look.rule.rawValue) \(look.subject)") {
      guard let patience = plan.rules[look.rule]?.patience else { continue }
      var course = AlertCourse.begun(at: at)
      let (message, _) = course.look(
        .bad, at: at, patience: patience, isSilenced: isSilenced(look.rule.rawValue, look.subject))
      let alert = try insert(session, look, course)
      if let message { said.append((message, alert)) }
      outcome.count(course.state)
    }
    outcome.tellings = tellings(said, plan, at: at)
    for telling in outcome.tellings { try telling.queue(session) }
    return outcome
  }

  private static func open(_ session: borrowing Session) throws -> [Open] {
    try session.rows(
      """
      SELECT a.id, a.rule, a.subject::text, a.state, a.since, a.fired_at, a.calm_since, a.notified, a.last_notified_at,
        a.last_value, a.detail::text, k.alert_id IS NOT NULL
      FROM gkm.alert a LEFT JOIN gkm.alert_ack k ON k.alert_id = a.id
      WHERE a.state <> 'resolved' ORDER BY a.id FOR UPDATE OF a
      """
    ) { row in
      let course = AlertCourse(
        state: try row.word(3), since: try row.instant(4), firedAt: try row.instantOrNil(5),
        calmSince: try row.instantOrNil(6), notified: try row.int(7), lastNotifiedAt: try row.instantOrNil(8),
        isAcknowledged: try row.bool(11))
      return Open(
        id: try row.int64(0), rule: try row.string(1), subject: try row.string(2), course: course,
        value: try row.double(9), detail: try row.string(10))
    }
  }

  private static func update(_ session: borrowing Session, _ alert: Open, changesState: Bool) throws {
    let course = alert.course
    try session.execute(
      """
      UPDATE gkm.alert SET state = \(course.state.rawValue), fired_at = \(course.firedAt),
        calm_since = \(course.calmSince), resolved_at = \(course.resolvedAt), notified = \(Int32(course.notified)),
        last_notified_at = \(course.lastNotifiedAt), last_value = \(alert.value), detail = \(safe(alert.detail) ?? ""),
        version = version + \(changesState ? 1 : 0)::bigint
      WHERE id = \(alert.id)
      """)
  }

  private static func insert(
    _ session: borrowing Session, _ look: AlertObservation, _ course: AlertCourse
  ) throws -> Open {
    let subject = safe(look.subject, limit: 120) ?? ""
    let id = try session.first(
      """
      INSERT INTO gkm.alert (rule, subject, state, detail, last_value, since, fired_at, notified, last_notified_at)
      VALUES (\(look.rule.rawValue), \(subject), \(course.state.rawValue), \(safe(look.detail) ?? ""), \(look.value),
        \(course.since), \(course.firedAt), \(Int32(course.notified)), \(course.lastNotifiedAt))
      RETURNING id
      """
    ) { try $0.int64(0) }
    guard let id else { throw StoreError.badRow("an alert without a number") }
    return Open(
      id: id, rule: look.rule.rawValue, subject: subject, course: course, value: look.value, detail: look.detail)
  }

  /// One message for all that a rule has to say of one sort in one look.
  private static func tellings(
    _ said: [(message: AlertCourse.Message, alert: Open)], _ plan: AlertPlan, at: Instant
  ) -> [AlertTelling] {
    Dictionary(grouping: said) { "\($0.alert.rule) \($0.message.rawValue)" }
      .sorted { $0.key < $1.key }
      .compactMap { _, group in
        guard let first = group.first else { return nil }
        let rule = AlertRule(rawValue: first.alert.rule)
        return AlertTelling(
          message: first.message, rule: first.alert.rule, title: rule?.title ?? first.alert.rule,
          severity: rule?.severity ?? .warn,
          // Each is told of so many times: the same ids under the same count are the same message.
          dedupe: "alert/\(first.message.rawValue)/\(group.map { "\($0.alert.id)" }.prefix(10).joined(separator: ","))"
            + "/\(group.count)/\(first.alert.course.notified)",
          lines: group.map { $0.alert.subject.isEmpty ? $0.alert.detail : "\($0.alert.subject): \($0.alert.detail)" },
          since: group.map(\.alert.course.since).min() ?? first.alert.course.since, at: at,
          channels: rule.flatMap { plan.rules[$0]?.channels } ?? [])
      }
  }
}

extension AlertBook.Outcome {
  fileprivate mutating func count(_ state: AlertState) {
    if state == .firing { firing += 1 }
    if state == .pending { pending += 1 }
  }
}

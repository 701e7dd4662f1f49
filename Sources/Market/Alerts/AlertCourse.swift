/// What a look at one rule's subject found.
package struct AlertObservation: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    case bad, calm
    /// Nothing speaks for either: whatever was the case goes on.
    case unknown
  }

  package let rule: AlertRule
  /// What it is about, in one word or two; empty where there is only one of it.
  package let subject: String
  package let verdict: Verdict
  /// In the rule's own unit: seconds, a count, a share.
  package let value: Double
  /// One sentence for people; never an address, never a key.
  package let detail: String

  package init(_ rule: AlertRule, _ subject: String, _ verdict: Verdict, value: Double, _ detail: String) {
    self.rule = rule
    self.subject = subject
    self.verdict = verdict
    self.value = value
    self.detail = detail
  }
}

/// How patient a rule is.
package struct AlertPatience: Sendable, Equatable {
  /// How long it must be bad until somebody is told.
  package var before: Duration
  /// How long it must be calm until it counts as over.
  package var after: Duration
  /// How often somebody is told again while it lasts and nobody said that they know; `nil`: never.
  package var reminder: Duration?

  package init(before: Duration, after: Duration, reminder: Duration?) {
    self.before = before
    self.after = after
    self.reminder = reminder
  }
}

/// One alert on its way from the first sign to its end. A value with a step: what it does with the same looks at the
/// same times is always the same.
package struct AlertCourse: Sendable, Equatable {
  package var state: AlertState
  /// When it was first seen.
  package var since: Instant
  package var firedAt: Instant?
  /// Since when it is calm again, while it still counts as firing.
  package var calmSince: Instant?
  package var resolvedAt: Instant?
  /// How many messages told of it.
  package var notified: Int
  package var lastNotifiedAt: Instant?
  /// Somebody said that they know: no reminders.
  package var isAcknowledged: Bool

  package init(
    state: AlertState, since: Instant, firedAt: Instant? = nil, calmSince: Instant? = nil, resolvedAt: Instant? = nil,
    notified: Int = 0, lastNotifiedAt: Instant? = nil, isAcknowledged: Bool = false
  ) {
    self.state = state
    self.since = since
    self.firedAt = firedAt
    self.calmSince = calmSince
    self.resolvedAt = resolvedAt
    self.notified = notified
    self.lastNotifiedAt = lastNotifiedAt
    self.isAcknowledged = isAcknowledged
  }

  /// What is to be said.
  package enum Message: String, Sendable, CaseIterable {
    case firing, reminder, resolved
  }

  /// The course that begins with a first bad look.
  package static func begun(at: Instant) -> AlertCourse { AlertCourse(state: .pending, since: at) }

  /// What one more look makes of it. Answers what is to be said, and whether it is over without anybody having heard
  /// of it: then it may be forgotten.
  ///
  /// - Parameter isSilenced: somebody asked for silence. Nothing is said, and what is still the case at its end is said
  ///   then; but whoever was told of something hears of its end in any case.
  package mutating func look(
    _ verdict: AlertObservation.Verdict, at: Instant, patience: AlertPatience, isSilenced: Bool
  ) -> (message: Message?, isForgotten: Bool) {
    switch (state, verdict) {
    case (.resolved, _), (_, .unknown): return (nil, false)
    case (.pending, .calm): return (nil, true)
    case (.pending, .bad):
      guard at - since >= patience.before else { return (nil, false) }
      state = .firing
      firedAt = at
      return (tell(at, patience, isSilenced), false)
    case (.firing, .bad):
      calmSince = nil
      return (tell(at, patience, isSilenced), false)
    case (.firing, .calm):
      let calm = calmSince ?? at
      calmSince = calm
      guard at - calm >= patience.after else { return (nil, false) }
      return (end(at), false)
    }
  }

  /// Ends it, where its rule is watched no longer or it is over.
  package mutating func end(_ at: Instant) -> Message? {
    state = .resolved
    resolvedAt = at
    guard notified > 0 else { return nil }
    lastNotifiedAt = at
    return .resolved
  }

  private mutating func tell(_ at: Instant, _ patience: AlertPatience, _ isSilenced: Bool) -> Message? {
    if isSilenced { return nil }
    if let last = lastNotifiedAt {
      guard let reminder = patience.reminder, !isAcknowledged, at - last >= reminder else { return nil }
    }
    let message: Message = notified == 0 ? .firing : .reminder
    notified += 1
    lastNotifiedAt = at
    return message
  }
}

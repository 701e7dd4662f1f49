package import Market

/// How one attempt of a notice ended, and what follows.
package struct NoticeOutcome: Sendable {
  package let notice: PreparedNotice
  /// `confirmed`: it was taken. `deferred`: certainly not, and may be later. `refused`: for good. `unknown`: nobody can
  /// say, and it goes again under the same name.
  package let ending: AttemptOutcome
  /// What was answered or went wrong, for people.
  package let reply: String
  /// When to try again; `nil`: not any more.
  package let retryAfter: Duration?
  /// The Message-ID or event id that it went under.
  package let messageID: String
  /// The text that it was written from.
  package let template: TemplateVersion?
  /// That, or of the shape of what is no text.
  package let templateVersion: String?

  package init(
    _ notice: PreparedNotice, _ ending: AttemptOutcome, reply: String, retryAfter: Duration?, messageID: String,
    template: TemplateVersion?, payloadVersion: String? = nil
  ) {
    self.notice = notice
    self.ending = ending
    self.reply = reply
    self.retryAfter = ending == .confirmed || ending == .refused ? nil : retryAfter
    self.messageID = messageID
    self.template = template
    templateVersion = template?.version ?? payloadVersion
  }

  var state: NoticeState {
    if ending == .confirmed { return .sent }
    return retryAfter == nil ? .failed : .retrying
  }
}

/// When an endpoint stops being called, and how it is tried again.
package struct BreakerRule: Sendable, Equatable {
  /// Failures in a row until it opens.
  package var failures: Int
  /// How long it stays open before one notice tries the endpoint.
  package var pause: Duration
  /// How long an endpoint may fail until it is disabled.
  package var patience: Duration

  package init(
    failures: Int = 5, pause: Duration = .seconds(60), patience: Duration = .seconds(3 * 86_400)
  ) {
    self.failures = failures
    self.pause = pause
    self.patience = patience
  }
}

/// A mail on its way through the loop. Confined to the loop's thread.
final class MailJob {
  let submission: MailSubmission
  /// By when it must have a session.
  let queueDeadline: ContinuousClock.Instant
  /// The session that carries it, once one does.
  weak var session: SMTPSession?
  /// How often a kept connection turned out to be dead under it.
  var returns = 0
  private(set) var isFinished = false

  init(_ submission: MailSubmission, now: ContinuousClock.Instant) {
    self.submission = submission
    queueDeadline = now + submission.configuration.queueTimeout
  }

  func finish(_ result: Result<SMTPReply, OutboundError>) {
    guard !isFinished else { return }
    isFinished = true
    submission.resume(result)
  }

  func fail(_ kind: OutboundError.Kind, _ message: String) {
    finish(.failure(OutboundError(kind, message)))
  }
}

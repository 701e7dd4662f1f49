internal import CCurl

/// The sessions with one mail server and the mails that wait for them. Confined to the loop's thread.
final class SMTPServer {
  let configuration: SMTPConfiguration
  private let multi: CurlMulti
  private(set) var sessions: [SMTPSession] = []
  private var queue: [MailJob] = []
  private var queueHead = 0
  /// After a failure to connect, no attempt before this.
  private var retryAt: ContinuousClock.Instant?
  private var failures = 0

  init(_ configuration: SMTPConfiguration, _ multi: CurlMulti) {
    self.configuration = configuration
    self.multi = multi
  }

  private var waiting: Int { queue.count - queueHead }
  var isUnused: Bool { waiting == 0 && sessions.isEmpty }

  func submit(_ job: MailJob) {
    guard waiting < configuration.maximumWaiting else {
      job.fail(.busy, "\(waiting) mails are already waiting for \(configuration.host)")
      return
    }
    queue.append(job)
  }

  func cancel(_ job: MailJob, now: ContinuousClock.Instant) {
    if let session = job.session {
      session.cancel(now)
    } else {
      job.fail(.cancelled, "the task was cancelled, before the mail was sent")
    }
  }

  /// Gives waiting mails to idle sessions, and opens sessions while there are too few.
  func pump(_ now: ContinuousClock.Instant) {
    repeat {
      collect()
      dropExpired(now)
      assign(now)
      // A kept session may turn out to be dead while it is given a mail, which then waits again.
    } while sessions.contains { $0.returned != nil }
    guard waiting > 0 else { return }
    if let retryAt, now < retryAt { return }
    var connecting = sessions.count { $0.phase == .connecting }
    while sessions.count < configuration.maximumConnections, connecting < waiting {
      guard let session = SMTPSession(configuration, multi, now: now) else { return }
      sessions.append(session)
      connecting += 1
    }
  }

  private func collect() {
    for session in sessions {
      if let job = session.takeReturned() { putFirst(job) }
    }
    sessions.removeAll { $0.phase == .closed }
  }

  /// The most recently used session first, so that surplus ones grow idle and end.
  private func assign(_ now: ContinuousClock.Instant) {
    for session in sessions.reversed() {
      while session.isIdle, let job = takeFirst() { session.begin(job, now: now) }
    }
  }

  /// libcurl has finished connecting a session, well or badly.
  func connected(_ session: SMTPSession, _ code: CURLcode, now: ContinuousClock.Instant) {
    guard let error = session.connected(code, now: now) else {
      failures = 0
      retryAt = nil
      return
    }
    session.end(politely: false)
    sessions.removeAll { $0 === session }
    failures = min(failures + 1, 4)
    retryAt = now + .milliseconds(125 << failures)
    // Others may only be full; with none open, waiting would be in vain.
    guard sessions.allSatisfy({ $0.phase == .connecting }) else { return }
    while let job = takeFirst() { job.finish(.failure(error)) }
  }

  private func dropExpired(_ now: ContinuousClock.Instant) {
    while queueHead < queue.count, queue[queueHead].isFinished || now >= queue[queueHead].queueDeadline {
      takeFirst()?.fail(.busy, "no connection to \(configuration.host) became free in time")
    }
  }

  private func takeFirst() -> MailJob? {
    while queueHead < queue.count {
      let job = queue[queueHead]
      queueHead += 1
      if queueHead == queue.count || queueHead > 4096 {
        queue.removeFirst(queueHead)
        queueHead = 0
      }
      if !job.isFinished { return job }
    }
    return nil
  }

  private func putFirst(_ job: MailJob) {
    if queueHead > 0 {
      queueHead -= 1
      queue[queueHead] = job
    } else {
      queue.insert(job, at: 0)
    }
  }

  /// When something here is due although nothing stirs.
  var nextEvent: ContinuousClock.Instant? {
    var next = sessions.lazy.map(\.deadline).min()
    if waiting > 0 {
      next = [next, retryAt, queue[queueHead].queueDeadline].compactMap { $0 }.min()
    }
    return next
  }

  /// Ends everything: waiting mails were not sent.
  func close(_ now: ContinuousClock.Instant) {
    while let job = takeFirst() { job.fail(.closed, "the client was closed, before the mail was sent") }
    for session in sessions {
      if session.isIdle {
        session.end(politely: true)
      } else {
        session.lose(.closed, "the client was closed", now)
      }
    }
    sessions = []
  }
}

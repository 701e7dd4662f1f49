internal import CCurl

/// The loop: takes what callers hand over, lets libcurl work, moves mails along, keeps deadlines. Runs on its own
/// thread and is never shared.
final class OutboundDriver {
  private let inbox: OutboundInbox
  private let multi: CurlMulti
  private var transfers: [UInt64: HTTPTransfer] = [:]
  private var transferIDs: [UnsafeMutableRawPointer: UInt64] = [:]
  private var servers: [SMTPConfiguration: SMTPServer] = [:]
  private var mails: [UInt64: MailJob] = [:]
  private var sweepAt = 256
  /// No request's deadline passes before this. libcurl keeps them too, but not while a request waits for a connection.
  private var nextExpiry: ContinuousClock.Instant?
  private var finishedRequests = 0

  init(_ inbox: OutboundInbox) {
    self.inbox = inbox
    multi = inbox.multi
  }

  /// Runs until `close()`.
  func run() {
    while true {
      let contents = inbox.collect(finished: finishedRequests)
      finishedRequests = 0
      let now = ContinuousClock.now
      take(contents, now)
      if contents.closing { break }
      for server in servers.values { server.pump(now) }
      sweep()
      perform()
      wait()
    }
    close()
  }

  private func take(_ contents: OutboundInbox.Contents, _ now: ContinuousClock.Instant) {
    for submission in contents.requests { start(submission, now) }
    for submission in contents.mails {
      let job = MailJob(submission, now: now)
      mails[submission.id] = job
      server(submission.configuration).submit(job)
    }
    for id in contents.cancelled {
      if let job = mails[id], !job.isFinished {
        server(job.submission.configuration).cancel(job, now: now)
      } else if let transfer = remove(id) {
        transfer.fail(OutboundError(.cancelled, "the task was cancelled"))
      }
    }
  }

  private func server(_ configuration: SMTPConfiguration) -> SMTPServer {
    if let server = servers[configuration] { return server }
    let server = SMTPServer(configuration, multi)
    servers[configuration] = server
    return server
  }

  private func start(_ submission: HTTPSubmission, _ now: ContinuousClock.Instant) {
    guard let easy = CurlEasy() else {
      finishedRequests += 1
      submission.resume(.failure(OutboundError(.other, "out of memory")))
      return
    }
    let transfer = HTTPTransfer(submission, easy, now: now)
    nextExpiry = min(nextExpiry ?? transfer.deadline, transfer.deadline)
    transfers[submission.id] = transfer
    transferIDs[easy.raw] = submission.id
    let code = curl_multi_add_handle(multi.raw, easy.raw)
    if code != CURLM_OK {
      remove(submission.id)?.fail(OutboundError(.other, String(cString: curl_multi_strerror(code))))
    }
  }

  private func expire(_ now: ContinuousClock.Instant) {
    guard let due = nextExpiry, now >= due else { return }
    for (id, transfer) in transfers where now >= transfer.deadline {
      remove(id)?.fail(OutboundError(.timeout, "no answer within the deadline"))
    }
    nextExpiry = transfers.values.lazy.map(\.deadline).min()
  }

  @discardableResult private func remove(_ id: UInt64) -> HTTPTransfer? {
    guard let transfer = transfers.removeValue(forKey: id) else { return nil }
    transferIDs[transfer.easy.raw] = nil
    curl_multi_remove_handle(multi.raw, transfer.easy.raw)
    finishedRequests += 1
    return transfer
  }

  /// Lets libcurl do what it can, and takes its results.
  private func perform() {
    let isNeeded = !transfers.isEmpty || servers.values.contains { $0.sessions.contains { $0.phase == .connecting } }
    guard isNeeded else { return }
    var running: Int32 = 0
    var left: Int32 = 0
    curl_multi_perform(multi.raw, &running)
    let now = ContinuousClock.now
    while let message = curl_multi_info_read(multi.raw, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
      let code = gkm_curl_message_result(message)
      if let id = transferIDs[easy] {
        remove(id)?.finish(code)
      } else {
        connected(easy, code, now)
      }
    }
    for server in servers.values { server.pump(now) }
  }

  private func connected(_ easy: UnsafeMutableRawPointer, _ code: CURLcode, _ now: ContinuousClock.Instant) {
    for server in servers.values {
      if let session = server.sessions.first(where: { $0.easy.raw == easy }) {
        server.connected(session, code, now: now)
        return
      }
    }
  }

  /// Forgets finished mails, whenever their number has doubled, and unused servers.
  private func sweep() {
    if mails.count >= sweepAt {
      mails = mails.filter { !$0.value.isFinished }
      sweepAt = max(256, 2 * mails.count)
    }
    if servers.count > 16 { servers = servers.filter { !$0.value.isUnused } }
  }

  /// Sleeps until a socket or a caller stirs or something is due; then moves the sessions whose turn it is.
  private func wait() {
    var sessions: [SMTPSession] = []
    var descriptors: [curl_waitfd] = []
    var next = min(nextExpiry ?? .now + .seconds(60), .now + .seconds(60))
    for server in servers.values {
      if let due = server.nextEvent { next = min(next, due) }
      for session in server.sessions where session.descriptor >= 0 {
        let events = CURL_WAIT_POLLIN | (session.wantsToWrite ? CURL_WAIT_POLLOUT : 0)
        descriptors.append(curl_waitfd(fd: session.descriptor, events: Int16(events), revents: 0))
        sessions.append(session)
      }
    }
    let timeout = Int32((next - ContinuousClock.now).wholeMilliseconds)
    var count: Int32 = 0
    curl_multi_poll(multi.raw, &descriptors, UInt32(descriptors.count), timeout, &count)
    let now = ContinuousClock.now
    for (session, descriptor) in zip(sessions, descriptors) where descriptor.revents != 0 {
      if session.wantsToWrite { session.write(now) }
      if session.phase != .closed { session.read(now) }
    }
    expire(now)
    for server in servers.values {
      for session in server.sessions where now >= session.deadline { session.expire(now) }
    }
  }

  private func close() {
    let now = ContinuousClock.now
    for server in servers.values { server.close(now) }
    for id in Array(transfers.keys) {
      remove(id)?.fail(OutboundError(.closed, "the client was closed"))
    }
    _ = inbox.collect(finished: finishedRequests)
  }
}

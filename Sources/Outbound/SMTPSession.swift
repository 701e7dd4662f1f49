internal import CCurl

/// One connection to a mail server. libcurl makes it and keeps its TLS (CURLOPT_CONNECT_ONLY: connect, greeting, EHLO,
/// STARTTLS, AUTH); mails then go over it by `curl_easy_send` and `curl_easy_recv`, because libcurl's own sending of a
/// mail waits for the final reply without returning to its loop (lib/smtp.c, smtp_done), so that one slow server would
/// hold up everything else, and because only so can be told what a cut connection had already carried.
///
/// Confined to the loop's thread.
final class SMTPSession {
  enum Phase: Equatable {
    case connecting
    case idle(since: ContinuousClock.Instant)
    case busy
    case resetting
    case closed
  }

  let configuration: SMTPConfiguration
  private let multi: CurlMulti
  let easy: CurlEasy

  private(set) var phase = Phase.connecting
  private(set) var job: MailJob?
  /// A mail that must go over another connection, since this one was dead before it heard of the mail.
  private(set) var returned: MailJob?
  private(set) var descriptor: Int32 = -1
  /// When patience ends: a reply is overdue, or the session has been idle long enough.
  private(set) var deadline: ContinuousClock.Instant
  private var capabilities = SMTPCapabilities()
  private var dialogue: SMTPDialogue?
  private var isContentStarted = false
  private var mails = 0
  private var parser = SMTPReplyParser()
  private var lastReply: SMTPReply?
  private var output: [UInt8] = []
  private var outputSent = 0

  /// Starts to connect; nil when memory is exhausted. libcurl reports the end of it as a finished transfer.
  init?(_ configuration: SMTPConfiguration, _ multi: CurlMulti, now: ContinuousClock.Instant) {
    guard let easy = CurlEasy() else { return nil }
    self.configuration = configuration
    self.multi = multi
    self.easy = easy
    deadline = now + configuration.connectTimeout + .seconds(1)
    easy.prepare(for: configuration)
    listen()
    guard curl_multi_add_handle(multi.raw, easy.raw) == CURLM_OK else { return nil }
  }

  /// While libcurl speaks, it shows us every line of the server's.
  private func listen() {
    gkm_curl_set_data_callback(easy.raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let context, let bytes else { return 0 }
      let session = Unmanaged<SMTPSession>.fromOpaque(context).takeUnretainedValue()
      return session.overhear(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }
    gkm_curl_set_pointer(easy.raw, CURLOPT_HEADERDATA, Unmanaged.passUnretained(self).toOpaque())
  }

  private func overhear(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var replies: [SMTPReply] = []
    do throws(OutboundError) { try parser.feed(bytes, into: &replies) } catch { return false }
    for reply in replies {
      lastReply = reply
      // The reply to the last EHLO counts: what was offered before TLS does not.
      if reply.code == 250 { capabilities = SMTPCapabilities(reply) }
    }
    return true
  }

  /// libcurl has connected and logged in, or failed to. Returns what went wrong.
  func connected(_ code: CURLcode, now: ContinuousClock.Instant) -> OutboundError? {
    guard code == CURLE_OK else {
      let refused = lastReply.flatMap { $0.code >= 400 ? $0 : nil }
      var kind = OutboundError.Kind(code)
      if kind != .resolve, kind != .tls, kind != .login, kind != .invalid { kind = .connect }
      return OutboundError(kind, easy.message(code), reply: refused)
    }
    if configuration.user != nil, !capabilities.authentication {
      return OutboundError(.login, "the mail server offers no login, but a name and password are configured")
    }
    // Reading ties the connection to this handle, so that libcurl leaves it alone; there is nothing to read yet.
    var none: UInt8 = 0
    var count = 0
    guard curl_easy_recv(easy.raw, &none, 1, &count) == CURLE_AGAIN else {
      return OutboundError(.connect, "the mail server closed the connection after its greeting")
    }
    descriptor = gkm_curl_get_socket(easy.raw)
    parser = SMTPReplyParser()
    rest(now)
    return nil
  }

  private func rest(_ now: ContinuousClock.Instant) {
    job = nil
    dialogue = nil
    isContentStarted = false
    phase = .idle(since: now)
    deadline = now + configuration.idleTimeout
    if mails >= configuration.mailsPerConnection { end(politely: true) }
  }

  var isIdle: Bool { if case .idle = phase { true } else { false } }
  var wantsToWrite: Bool { outputSent < output.count }

  /// Starts a mail. Only while idle.
  func begin(_ job: MailJob, now: ContinuousClock.Instant) {
    do throws(OutboundError) {
      var dialogue = try SMTPDialogue(job.submission.mail, capabilities)
      let commands = dialogue.start()
      self.dialogue = dialogue
      self.job = job
      job.session = self
      phase = .busy
      say(commands, now)
    } catch {
      job.finish(.failure(error))
    }
  }

  private func say(_ bytes: [UInt8], _ now: ContinuousClock.Instant) {
    // Never replaced while unsent: TLS wants to be called again with the very same bytes.
    output = wantsToWrite ? Array(output[outputSent...]) + bytes : bytes
    outputSent = 0
    deadline = now + (isContentStarted ? configuration.contentTimeout : configuration.commandTimeout)
    write(now)
  }

  /// Writes what the connection takes.
  func write(_ now: ContinuousClock.Instant) {
    while wantsToWrite {
      var count = 0
      let code = output.withUnsafeBytes { bytes in
        curl_easy_send(easy.raw, bytes.baseAddress?.advanced(by: outputSent), bytes.count - outputSent, &count)
      }
      if code == CURLE_AGAIN { return }
      guard code == CURLE_OK else {
        // A server that refuses in the middle says why before it hangs up.
        read(now)
        if phase != .closed { lose(.disconnected, "the mail server closed the connection", now) }
        return
      }
      outputSent += count
    }
    output = []
    outputSent = 0
  }

  /// Reads what has come, and acts on it.
  func read(_ now: ContinuousClock.Instant) {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
      while phase != .closed {
        var count = 0
        let code = curl_easy_recv(easy.raw, buffer.baseAddress, buffer.count, &count)
        if code == CURLE_AGAIN { return }
        guard code == CURLE_OK, count > 0 else {
          lose(.disconnected, "the mail server closed the connection", now)
          return
        }
        var replies: [SMTPReply] = []
        do throws(OutboundError) {
          try parser.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]), into: &replies)
        } catch {
          lose(error.kind, error.message, now)
          return
        }
        for reply in replies where phase != .closed { hear(reply, now) }
      }
    }
  }

  private func hear(_ reply: SMTPReply, _ now: ContinuousClock.Instant) {
    switch phase {
    case .busy:
      let isFirst = dialogue?.hasHeard == false
      guard let action = dialogue?.receive(reply) else { return }
      if isFirst, reply.code == 421, giveBack() { return }
      act(action, now)
    case .resetting:
      if reply.isPositive { rest(now) } else { end(politely: false) }
    default:
      // An idle server speaks only to say goodbye.
      end(politely: false)
    }
  }

  private func act(_ action: SMTPDialogue.Action, _ now: ContinuousClock.Instant) {
    switch action {
    case .wait: break
    case .send(let commands): say(commands, now)
    case .sendContent:
      guard let job else { return }
      isContentStarted = true
      say(job.submission.mail.content.bytes, now)
    case .finished(let outcome, let afterwards):
      finish(outcome, afterwards, now)
    }
  }

  private func finish(
    _ outcome: SMTPDialogue.Outcome, _ afterwards: SMTPDialogue.Afterwards, _ now: ContinuousClock.Instant
  ) {
    let job = job
    self.job = nil
    mails += 1
    switch outcome {
    case .accepted(let reply) where wantsToWrite:
      job?.finish(.failure(OutboundError(.ambiguous, "the mail server replied before the mail's end", reply: reply)))
    case .accepted(let reply): job?.finish(.success(reply))
    case .failed(let error): job?.finish(.failure(error))
    }
    isContentStarted = false
    if afterwards == .close || wantsToWrite {
      end(politely: false)
    } else if afterwards == .reset {
      phase = .resetting
      say(Array("RSET\r\n".utf8), now)
    } else {
      rest(now)
    }
  }
}

/// Ending, for good reasons and bad.
extension SMTPSession {
  /// Acts on a deadline that has passed.
  func expire(_ now: ContinuousClock.Instant) {
    guard now >= deadline else { return }
    if isIdle {
      end(politely: true)
    } else {
      lose(.timeout, "the mail server did not reply in time", now)
    }
  }

  /// The mail's task was cancelled. Content on its way gets a moment more to be answered.
  func cancel(_ now: ContinuousClock.Instant) {
    if isContentStarted {
      deadline = min(deadline, now + configuration.cancellationGrace)
    } else {
      lose(.cancelled, "the task was cancelled", now)
    }
  }

  /// The connection is no good any more.
  func lose(_ kind: OutboundError.Kind, _ message: String, _ now: ContinuousClock.Instant) {
    if isContentStarted {
      job?.fail(.ambiguous, "\(message), after the mail's content was sent and before the final reply")
    } else if kind != .disconnected || dialogue?.hasHeard != false || !giveBack() {
      job?.fail(kind, "\(message), before the mail was sent")
    }
    end(politely: false)
  }

  /// A kept connection may have died while it was idle; its mail has not been heard of and can go over another one.
  private func giveBack() -> Bool {
    guard mails > 0, let job, job.returns < 3 else { return false }
    job.returns += 1
    job.session = nil
    returned = job
    self.job = nil
    end(politely: false)
    return true
  }

  func takeReturned() -> MailJob? {
    defer { returned = nil }
    return returned
  }

  /// Closes the connection; politely means saying QUIT, without waiting for the answer.
  func end(politely: Bool) {
    guard phase != .closed else { return }
    if politely, isIdle {
      var count = 0
      _ = curl_easy_send(easy.raw, "QUIT\r\n", 6, &count)
    }
    phase = .closed
    descriptor = -1
    output = []
    outputSent = 0
    curl_multi_remove_handle(multi.raw, easy.raw)
  }
}

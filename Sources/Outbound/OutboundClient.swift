/// HTTPS, HTTP and SMTP to the outside, on one thread: libcurl's multi interface for requests, for connecting to mail
/// servers, for TLS and login; the mail dialogue itself is `SMTPDialogue`. Connections are kept and used again. Safe
/// from any task; a cancelled task ends its request or mail.
package final class OutboundClient: Sendable {
  private let inbox: OutboundInbox

  /// Starts the thread. `connectionsPerHost` bounds HTTP connections to one host (further requests wait);
  /// `maximumRequests` bounds requests under way (further ones fail with `busy`). Throws `other` when the process has no
  /// memory, descriptor or thread left.
  package init(connectionsPerHost: Int = 64, maximumRequests: Int = 10_000) throws(OutboundError) {
    guard let multi = CurlMulti(connectionsPerHost: connectionsPerHost) else {
      throw OutboundError(.other, "libcurl cannot be initialised")
    }
    let inbox = OutboundInbox(multi, maximumRequests: maximumRequests)
    let started = startThread(named: "outbound") {
      OutboundDriver(inbox).run()
    }
    guard started else { throw OutboundError(.other, "no thread for the outbound client") }
    self.inbox = inbox
  }

  deinit {
    inbox.close()
  }

  /// Sends a request and returns the answer, whatever its status.
  ///
  /// A request whose kept connection turns out to be closed is sent again once on a fresh one by libcurl, if no byte of
  /// an answer was received: give what must not happen twice an idempotency key.
  package func send(_ request: HTTPRequest) async throws(OutboundError) -> HTTPResponse {
    try request.validate()
    return try await withInbox { id, resume in
      inbox.submit(HTTPSubmission(id: id, request: request, resume: resume))
    }
  }

  /// Sends a mail and returns the server's final reply, such as `250 2.0.0 Ok: queued as 4XyZ`.
  ///
  /// Every error but `ambiguous` means that this mail was not accepted. Connections to a server are shared, bounded by
  /// its configuration and used again; a mail that finds a kept connection closed is moved to another one.
  package func mail(
    _ envelope: MailEnvelope, through configuration: SMTPConfiguration
  ) async throws(OutboundError) -> SMTPReply {
    let mail = try PreparedMail(envelope)
    return try await withInbox { id, resume in
      inbox.submit(MailSubmission(id: id, mail: mail, configuration: configuration, resume: resume))
    }
  }

  /// Ends the thread and all connections; what is under way fails with `closed` (a mail whose content is on its way,
  /// with `ambiguous`). May be called twice.
  package func close() {
    inbox.close()
  }

  private func withInbox<Value: Sendable>(
    _ submit: (UInt64, @escaping @Sendable (Result<Value, OutboundError>) -> Void) -> OutboundError?
  ) async throws(OutboundError) -> Value {
    if Task.isCancelled { throw OutboundError(.cancelled, "the task was cancelled") }
    let id = inbox.nextID()
    let result: Result<Value, OutboundError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal = submit(id) { continuation.resume(returning: $0) }
        if let refusal { continuation.resume(returning: .failure(refusal)) }
        // A cancellation that came before the submission found nothing to cancel.
        if Task.isCancelled { inbox.cancel(id) }
      }
    } onCancel: {
      inbox.cancel(id)
    }
    return try result.get()
  }
}

extension HTTPRequest {
  /// Refuses what could smuggle a header or a second request in.
  fileprivate func validate() throws(OutboundError) {
    let token = method.utf8.allSatisfy { ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) || $0 == 45 }
    guard !method.isEmpty, token else { throw OutboundError(.invalid, "\"\(method)\" is no HTTP method") }
    guard url.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
      throw OutboundError(.invalid, "the URL has a space or a control character")
    }
    for (name, value) in headers {
      let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 58 && $0 != 59 }
      guard isName, value.utf8.allSatisfy({ ($0 >= 32 || $0 == 9) && $0 != 127 }) else {
        throw OutboundError(.invalid, "the header \"\(name)\" has a forbidden character")
      }
    }
  }
}

import Synchronization

/// An HTTP exchange as its caller hands it over.
struct HTTPSubmission: Sendable {
  let id: UInt64
  let request: HTTPRequest
  let resume: @Sendable (Result<HTTPResponse, OutboundError>) -> Void
}

/// A mail as its caller hands it over.
struct MailSubmission: Sendable {
  let id: UInt64
  let mail: PreparedMail
  let configuration: SMTPConfiguration
  let resume: @Sendable (Result<SMTPReply, OutboundError>) -> Void
}

/// The only meeting point of callers and the loop's thread.
final class OutboundInbox: Sendable {
  struct Contents: Sendable {
    var requests: [HTTPSubmission] = []
    var mails: [MailSubmission] = []
    var cancelled: [UInt64] = []
    var closing = false

    var isEmpty: Bool { requests.isEmpty && mails.isEmpty && cancelled.isEmpty && !closing }
  }

  private struct State: Sendable {
    var contents = Contents()
    var nextID: UInt64 = 0
    var requestsUnderWay = 0
    var closed = false
  }

  private let state = Mutex(State())
  private let maximumRequests: Int
  let multi: CurlMulti

  init(_ multi: CurlMulti, maximumRequests: Int) {
    self.multi = multi
    self.maximumRequests = maximumRequests
  }

  func nextID() -> UInt64 {
    state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
  }

  /// Queues a request; the error says why it was not accepted.
  func submit(_ submission: HTTPSubmission) -> OutboundError? {
    post { state in
      guard state.requestsUnderWay < maximumRequests else {
        return OutboundError(.busy, "\(state.requestsUnderWay) requests are already under way")
      }
      state.requestsUnderWay += 1
      state.contents.requests.append(submission)
      return nil
    }
  }

  /// Queues a mail; the error says why it was not accepted.
  func submit(_ submission: MailSubmission) -> OutboundError? {
    post { state in
      state.contents.mails.append(submission)
      return nil
    }
  }

  func cancel(_ id: UInt64) {
    _ = post { state in
      state.contents.cancelled.append(id)
      return nil
    }
  }

  func close() {
    _ = post { state in
      state.contents.closing = true
      return nil
    }
  }

  private func post(_ change: (inout State) -> OutboundError?) -> OutboundError? {
    let (refusal, first) = state.withLock { state -> (OutboundError?, Bool) in
      guard !state.closed else { return (OutboundError(.closed, "the client is closed"), false) }
      let first = state.contents.isEmpty
      return (change(&state), first)
    }
    if first { multi.wake() }
    return refusal
  }

  /// For the loop's thread: takes everything that came in, giving back the places of `finished` requests.
  func collect(finished: Int) -> Contents {
    state.withLock { state in
      state.requestsUnderWay -= finished
      guard !state.contents.isEmpty else { return Contents() }
      let contents = state.contents
      state.contents = Contents()
      if contents.closing { state.closed = true }
      return contents
    }
  }
}

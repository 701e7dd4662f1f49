import Outbound

/// An event as the list gives it: the body as it would have been delivered, and what intake reads of it.
package struct ListedEvent: Sendable, Equatable {
  package let envelope: StripeEnvelope
  /// The event's own JSON, cut out of the list byte for byte.
  package let body: [UInt8]
}

extension StripeClient {
  /// Events that Stripe kept (30 days; not all are listed), newest first, each with its body ready for intake.
  /// - Parameter types: at most 20 types; none means all.
  package func events(
    types: [String] = [], created: StripeTimeRange = .always
  ) -> StripeList<ListedEvent> {
    var form = FormParameters()
    form.add("types", each: types)
    created.add(to: &form)
    let filter = form
    return StripeList { (cursor) async throws(StripeError) in
      var form = filter
      form.add("limit", StripeList<ListedEvent>.pageSize)
      form.add("starting_after", cursor)
      let call = Call.get("/events", form)
      let response = try await answer(to: call)
      let head = try decode(StripeListHead.self, from: response, of: call)
      let events = Self.slice(response.body).compactMap(Self.listed)
      guard let last = events.last else {
        guard head.hasMore else { return StripePage(elements: [], next: nil) }
        throw StripeError(kind: .unreadable, status: response.status, message: "a page of events without any readable")
      }
      return StripePage(elements: events, next: head.hasMore ? last.envelope.id : nil)
    }
  }

  /// One event of the last 30 days.
  package func event(_ id: String) async throws(StripeError) -> ListedEvent {
    let call = Call.get("/events/\(FormParameters.escape(id))")
    let response = try await answer(to: call)
    guard let event = Self.listed(response.body) else {
      throw StripeError(kind: .unreadable, status: response.status, message: "event \(id) came back unreadable")
    }
    return event
  }

  private static func listed(_ body: [UInt8]) -> ListedEvent? {
    guard case .envelope(let envelope) = StripeEnvelope.read(body) else { return nil }
    return ListedEvent(envelope: envelope, body: body)
  }

  /// The elements of a list's `data`, each as its bytes.
  static func slice(_ list: [UInt8]) -> [[UInt8]] {
    var ranges: [Range<Int>] = []
    do throws(JSONScanner.Failure) {
      try JSONScanner.scan(list) { (scanner) throws(JSONScanner.Failure) in
        try scanner.object { (key, scanner) throws(JSONScanner.Failure) in
          guard key == "data", try scanner.peekKind() == .array else { return try scanner.skip() }
          try scanner.array { (scanner) throws(JSONScanner.Failure) in ranges.append(try scanner.range()) }
        }
      }
    } catch {
      return []
    }
    return ranges.map { Array(list[$0]) }
  }
}

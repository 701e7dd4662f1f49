/// A span of creation times, in Unix seconds, both ends included.
package struct StripeTimeRange: Sendable, Equatable {
  package var from: Int64?
  package var to: Int64?

  package static let always = StripeTimeRange()

  package init(from: Int64? = nil, to: Int64? = nil) {
    self.from = from
    self.to = to
  }

  package static func since(_ from: Int64) -> StripeTimeRange { StripeTimeRange(from: from) }

  func add(to form: inout FormParameters) {
    form.add("created[gte]", from)
    form.add("created[lte]", to)
  }
}

/// One page of a list.
package struct StripePage<Element: Sendable>: Sendable {
  package var elements: [Element]
  /// What to ask after for the next page; nil where this is the last.
  package var next: String?

  package init(elements: [Element], next: String?) {
    self.elements = elements
    self.next = next
  }
}

/// A list of Stripe's, fetched page by page as it is read (https://docs.stripe.com/api/pagination).
///
/// Ends at the last page, or throws the ``StripeError`` of the page that could not be had. A page is fetched only when
/// its first element is asked for, so that leaving a loop early costs nothing more.
package struct StripeList<Element: Sendable>: AsyncSequence, Sendable {
  package static var pageSize: Int64 { 100 }
  /// A list that claims more pages than this is cut off with an error: 100,000 pages are 10 million objects.
  package static var pageLimit: Int { 100_000 }

  private let fetch: @Sendable (String?) async throws(StripeError) -> StripePage<Element>

  /// - Parameter fetch: gives the page after a cursor, or the first.
  package init(fetch: @escaping @Sendable (String?) async throws(StripeError) -> StripePage<Element>) {
    self.fetch = fetch
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(fetch: fetch)
  }

  /// The page after a cursor, or the first: for whoever has to go on where it left off.
  package func page(after cursor: String?) async throws(StripeError) -> StripePage<Element> {
    try await fetch(cursor)
  }

  /// All of it, at most `limit` elements.
  package func collect(limit: Int = 10_000) async throws(StripeError) -> [Element] {
    var elements: [Element] = []
    var iterator = makeAsyncIterator()
    while elements.count < limit, let element = try await iterator.next(isolation: nil) { elements.append(element) }
    return elements
  }

  package struct Iterator: AsyncIteratorProtocol {
    let fetch: @Sendable (String?) async throws(StripeError) -> StripePage<Element>
    private var page: ArraySlice<Element> = []
    private var cursor: String?
    private var pages = 0
    private var isLast = false

    init(fetch: @escaping @Sendable (String?) async throws(StripeError) -> StripePage<Element>) {
      self.fetch = fetch
    }

    package mutating func next() async throws(StripeError) -> Element? {
      try await next(isolation: nil)
    }

    package mutating func next(isolation actor: isolated (any Actor)?) async throws(StripeError) -> Element? {
      while page.isEmpty {
        guard !isLast else { return nil }
        guard pages < StripeList.pageLimit else {
          throw StripeError(kind: .unreadable, message: "a list of more than \(StripeList.pageLimit) pages")
        }
        let fetched = try await fetch(cursor)
        pages += 1
        page = fetched.elements[...]
        isLast = fetched.next == nil || fetched.next == cursor
        cursor = fetched.next
      }
      return page.popFirst()
    }
  }
}

/// What every list says beside its elements.
struct StripeListHead: Decodable {
  let hasMore: Bool

  init(from decoder: any Decoder) throws {
    hasMore = try decoder.container(keyedBy: StripeKey.self).required("has_more")
  }
}

/// A list decoded whole.
struct StripeListBody<Element: Decodable>: Decodable {
  let data: [Element]
  let hasMore: Bool

  init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    data = try object.required("data")
    hasMore = try object.required("has_more")
  }
}

extension StripeClient {
  /// The list at `path`, narrowed by `parameters`; `id` names an element for the cursor.
  func list<T: Decodable & Sendable>(
    _ path: String, _ parameters: FormParameters, id: @escaping @Sendable (T) -> String
  ) -> StripeList<T> {
    StripeList { (cursor) async throws(StripeError) in
      var form = parameters
      form.add("limit", StripeList<T>.pageSize)
      form.add("starting_after", cursor)
      let body = try await perform(.get(path, form), as: StripeListBody<T>.self)
      return StripePage(elements: body.data, next: body.hasMore ? body.data.last.map(id) : nil)
    }
  }
}

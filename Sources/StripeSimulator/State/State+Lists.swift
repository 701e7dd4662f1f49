/// Lists, paged as Stripe pages them (https://docs.stripe.com/api/pagination).
extension SimulatorState {
  private static let listParameters: Set<String> = [
    "limit", "starting_after", "ending_before", "created", "expand",
  ]

  /// One page of `store`, newest first, of the elements that `matches` takes.
  ///
  /// `created` tells an element's time; elements are stored in its order, so that a lower bound ends the search.
  func list<T>(
    _ store: BoundedStore<T>, _ call: APICall, filters: Set<String> = [], created: (T) -> Int64, json: (T) -> JSON,
    id: (T) -> String, matches: (T) -> Bool
  ) throws(APIError) -> JSON {
    try call.allow(Self.listParameters.union(filters))
    let limit = try call.form.has("limit") ? Int(Self.integer(call.form, "limit", as: "limit", in: 1...100)) : 10
    let range = try Self.range(call.form)
    let after = call.form.text("starting_after")
    let before = call.form.text("ending_before")
    for (name, cursor) in [("starting_after", after), ("ending_before", before)] {
      if let cursor, !store.contains(cursor) { throw .noSuch("object", cursor, param: name) }
    }
    var found: [JSON] = []
    var hasMore = false
    func take(_ element: T) -> Bool {
      let time = created(element)
      if before == nil, time < range.lowerBound { return false }
      guard range.contains(time), matches(element) else { return true }
      if found.count == limit {
        hasMore = true
        return false
      }
      found.append(json(element))
      return true
    }
    if let before {
      store.forEachOldestFirst(before: before, take)
      found.reverse()
    } else {
      store.forEachNewestFirst(after: after, take)
    }
    return ["object": "list", "data": .array(found), "has_more": .bool(hasMore), "url": .string(call.path)]
  }

  private static func range(_ form: Form) throws(APIError) -> ClosedRange<Int64> {
    if form.text("created") != nil {
      let exact = try integer(form, "created", as: "created", in: 0...Int64.max / 2)
      return exact...exact
    }
    let bounds = form["created"]
    var low: Int64 = 0
    var high = Int64.max / 2
    for (name, shift, isLower) in [("gte", Int64(0), true), ("gt", 1, true), ("lte", 0, false), ("lt", -1, false)] {
      guard bounds.has(name) else { continue }
      let value = try integer(bounds, name, as: "created[\(name)]", in: 0...Int64.max / 2) + shift
      if isLower { low = max(low, value) } else { high = min(high, value) }
    }
    return low...max(low, high)
  }

  func listEvents(_ call: APICall) throws(APIError) -> JSON {
    var types = Set(call.form.texts("types"))
    if types.count > 20 { throw .invalid("You may pass at most 20 types.", param: "types") }
    if let type = call.form.text("type") { types.insert(type) }
    return try list(
      events, call, filters: ["type", "types", "delivery_success"], created: \.created, json: { .raw($0.body) },
      id: \.id
    ) { event in
      event.isListed && (types.isEmpty || types.contains { Self.pattern($0, matches: event.type) })
    }
  }

  /// `charge.*` matches `charge.succeeded`.
  private static func pattern(_ pattern: String, matches type: String) -> Bool {
    pattern.hasSuffix("*") ? type.hasPrefix(pattern.dropLast()) : pattern == type
  }

  func listSessions(_ call: APICall) throws(APIError) -> JSON {
    let form = call.form
    return try list(
      sessions, call, filters: ["status", "payment_intent", "customer", "customer_details"], created: \.created,
      json: \.json, id: \.id
    ) { session in
      Self.fits(form.text("status"), session.status) && Self.fits(form.text("payment_intent"), session.paymentIntent)
        && Self.fits(form.text("customer"), session.customer)
        && Self.fits(form["customer_details"].text("email"), session.buyer?.email)
    }
  }

  func listIntents(_ call: APICall) throws(APIError) -> JSON {
    try list(intents, call, filters: ["customer"], created: \.created, json: \.json, id: \.id) { intent in
      Self.fits(call.form.text("customer"), intent.customer)
    }
  }

  func listCharges(_ call: APICall) throws(APIError) -> JSON {
    try list(charges, call, filters: ["payment_intent", "customer"], created: \.created, json: \.json, id: \.id) {
      Self.fits(call.form.text("payment_intent"), $0.paymentIntent)
        && Self.fits(call.form.text("customer"), $0.customer)
    }
  }

  func listRefunds(_ call: APICall) throws(APIError) -> JSON {
    try list(refunds, call, filters: ["charge", "payment_intent"], created: \.created, json: \.json, id: \.id) {
      Self.fits(call.form.text("charge"), $0.charge)
        && Self.fits(call.form.text("payment_intent"), $0.paymentIntent)
    }
  }

  func listDisputes(_ call: APICall) throws(APIError) -> JSON {
    try list(disputes, call, filters: ["charge", "payment_intent"], created: \.created, json: \.json, id: \.id) {
      Self.fits(call.form.text("charge"), $0.charge)
        && Self.fits(call.form.text("payment_intent"), $0.paymentIntent)
    }
  }

  func listCustomers(_ call: APICall) throws(APIError) -> JSON {
    try list(customers, call, filters: ["email"], created: \.created, json: \.json, id: \.id) {
      Self.fits(call.form.text("email"), $0.email)
    }
  }

  func listBalance(_ call: APICall) throws(APIError) -> JSON {
    try list(
      balance, call, filters: ["type", "source", "currency", "payout"], created: \.created, json: \.json, id: \.id
    ) {
      Self.fits(call.form.text("type"), $0.type) && Self.fits(call.form.text("source"), $0.source)
        && Self.fits(call.form.text("currency"), $0.currency) && call.form.text("payout") == nil
    }
  }

  private static func fits(_ wanted: String?, _ value: String?) -> Bool {
    wanted == nil || wanted == value
  }
}

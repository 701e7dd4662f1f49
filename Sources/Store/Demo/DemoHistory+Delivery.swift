import Market

// Keys and their deliveries.

extension DemoHistory {
  /// Gives units their keys, the oldest first, and prepares their first attempts.
  mutating func bind(
    _ units: [Int], granted: Set<Int>, _ index: Int, _ at: Instant, stripeEvent: String
  ) throws {
    let groups = Dictionary(grouping: units) { orders[index].units[$0].listing }
      .sorted { listings[$0.key].id < listings[$1.key].id }
    for (listing, places) in groups {
      var keys: [StockUnitID] = []
      for place in places {
        guard let key = listings[listing].keys.popFirst() else {
          throw StoreError.badRow("the demo's listing \(listings[listing].title) has no key left")
        }
        keys.append(key)
        keyStates[key] = (.assigned, 2)
        let fromFree: Int64 = granted.contains(place) ? 1 : 0
        changeStock(listing, by: fromFree)
        startDelivery(place, key, index, at)
      }
      listings[listing].version += 1
      for line in orders[index].lines.indices where orders[index].lines[line].listing == listing {
        orders[index].lines[line].reservation = "taken"
      }
      try audit.add(
        .keyAssigned, .listing(listings[listing].id), at: at, order: orders[index].reference,
        vendor: listings[listing].vendor, stripeEvent: stripeEvent,
        details: [
          "quantity": String(keys.count),
          "order_units": places.map { orders[index].units[$0].id.description }.joined(separator: " "),
          "stock_units": keys.map(\.description).joined(separator: " "),
        ])
    }
    for place in units { try prepare(place, index, at) }
  }

  private mutating func changeStock(_ listing: Int, by free: Int64) {
    listings[listing].available -= free
    listings[listing].reserved -= 1 - free
    listings[listing].sold += 1
  }

  private mutating func startDelivery(_ place: Int, _ key: StockUnitID, _ index: Int, _ at: Instant) {
    orders[index].units[place].key = key
    orders[index].units[place].assignedAt = at
    orders[index].units[place].createdAt = at
    orders[index].units[place].updatedAt = at
    orders[index].units[place].messageID =
      vault.messageID(unit: orders[index].units[place].id, domain: mailDomain).rawValue
    // Born as an attempt of its own transaction: preparing it counts no version.
    orders[index].units[place].version = 0
  }

  mutating func prepare(_ place: Int, _ index: Int, _ at: Instant) throws {
    let unit = orders[index].units[place]
    guard DeliveryTurn.delivers(orders[index].state), unit.isAssigned, unit.state != .confirmed else { return }
    orders[index].units[place].attempts.append(DemoOrder.Attempt(startedAt: at))
    orders[index].units[place].attemptsInRound += 1
    orders[index].units[place].state = .sending
    orders[index].units[place].nextAttemptAt = nil
    orders[index].units[place].updatedAt = at
    orders[index].units[place].version += 1
    try audit.add(
      .deliveryPrepared, .delivery(unit.delivery), at: at, order: orders[index].reference,
      vendor: listings[unit.listing].vendor,
      details: ["attempt": String(unit.attempts.count + 1), "channel": "email", "message_id": unit.messageID])
  }

  mutating func settle(_ place: Int, _ ending: DemoEnding, _ index: Int, _ at: Instant) throws {
    let unit = orders[index].units[place]
    guard unit.state == .sending, let last = unit.attempts.indices.last else { return }
    orders[index].units[place].attempts[last].outcome = ending.outcome
    orders[index].units[place].attempts[last].endedAt = at
    orders[index].units[place].attempts[last].reply = ending.reply
    orders[index].units[place].lastReply = ending.reply
    orders[index].units[place].updatedAt = at
    orders[index].units[place].version += 1
    orders[index].units[place].nextAttemptAt = ending.next
    var details = [
      "attempt": String(unit.attempts.count), "message_id": unit.messageID, "reply": ending.reply,
    ]
    if let next = ending.next { details["retry_after_ms"] = String((next - at).wholeMicroseconds / 1_000) }
    if ending.outcome == .confirmed {
      orders[index].units[place].state = .confirmed
      orders[index].units[place].confirmedAt = at
      countDelivered(index, at)
    } else {
      orders[index].units[place].state = ending.next == nil ? .failed : .retrying
    }
    try audit.add(
      ending.action, .delivery(unit.delivery), at: at, order: orders[index].reference,
      vendor: listings[unit.listing].vendor, details: details)
  }

  private mutating func countDelivered(_ index: Int, _ at: Instant) {
    orders[index].unitsDelivered += 1
    touch(index, at)
    guard orders[index].unitsDelivered >= orders[index].units.count else { return }
    orders[index].deliveredAt = orders[index].deliveredAt ?? at
    if orders[index].state == .paid { orders[index].state = .delivered }
  }

  mutating func retry(_ place: Int, by person: String, _ reason: String, _ index: Int, _ at: Instant) throws {
    let unit = orders[index].units[place]
    guard let state = unit.state, state == .failed || state == .retrying else { return }
    orders[index].units[place].state = .retrying
    orders[index].units[place].attemptsInRound = 0
    orders[index].units[place].nextAttemptAt = at
    orders[index].units[place].updatedAt = at
    orders[index].units[place].version += 1
    try audit.add(
      .deliveryRetryRequested, .delivery(unit.delivery), at: at, by: person, as: .ops,
      order: orders[index].reference, vendor: listings[unit.listing].vendor, reason: reason,
      details: ["was": state.rawValue, "attempts": String(unit.attempts.count)])
  }
}

extension DemoEnding {
  fileprivate var action: AuditAction {
    switch outcome {
    case .confirmed: .deliveryConfirmed
    case .deferred: .deliveryDeferred
    case .refused: .deliveryRefused
    case .unknown, .prepared: .deliveryUnknown
    }
  }
}

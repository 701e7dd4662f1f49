import Market
import Postgres

extension ApplyTransaction {
  /// Gives each unit a key of its listing and makes its delivery.
  mutating func bind(_ session: borrowing Session, _ units: [UnitToBind]) throws {
    guard !units.isEmpty else { return }
    var supply = try takeKeys(session, units)
    var bound: [BoundUnit] = []
    for binding in units {
      guard let key = supply[binding.unit.listing]?.popLast() else {
        throw ApplyConflict("listing \(binding.unit.listing) has fewer keys than its counter says")
      }
      bound.append(BoundUnit(binding: binding, key: key))
      writes.taken.append((key.id, binding.unit.id, binding.order.id, binding.unit.vendor))
      writes.changeStock(binding.unit.listing) {
        if binding.isReserved { $0.reserved -= 1 } else { $0.available -= 1 }
        $0.sold += 1
      }
    }
    for group in Dictionary(grouping: bound, by: \.place).values.sorted(by: { $0[0].place < $1[0].place }) {
      try noteAssigned(group)
    }
    for (index, unit) in bound.enumerated() {
      try deliver(session, unit, isExpress: index < expressSlots && unit.binding.mayGoAtOnce)
    }
  }

  private struct BoundUnit {
    let binding: UnitToBind
    let key: FreeKey

    var place: ListingOfOrder { ListingOfOrder(order: binding.order.id, listing: binding.unit.listing) }
  }

  private struct ListingOfOrder: Hashable, Comparable {
    let order: OrderID
    let listing: ListingID

    static func < (left: Self, right: Self) -> Bool { (left.order, left.listing) < (right.order, right.listing) }
  }

  private struct FreeKey {
    let id: StockUnitID
    let dataKey: DataKeyID
    let sealed: SealedUnit
    /// Numbers taken for the delivery and its job, so that everything is written in one round trip.
    let delivery: DeliveryID
    let job: JobID
  }

  /// Locks as many free keys as are wanted; those that another transaction is just taking are passed over. The last of
  /// each list is the oldest.
  private func takeKeys(
    _ session: borrowing Session, _ units: [UnitToBind]
  ) throws -> [ListingID: [FreeKey]] {
    let wanted = Dictionary(grouping: units, by: \.unit.listing).mapValues(\.count).sorted { $0.key < $1.key }
    let rows: [(ListingID, FreeKey)] = try session.rows(
      """
      SELECT w.listing_id, s.id, s.data_key_id, s.nonce, s.ciphertext, nextval('gkm.delivery_id_seq'),
        nextval('gkm.job_id_seq')
      FROM unnest(\(wanted.map(\.key)), \(wanted.map(\.value))) AS w (listing_id, wanted)
      CROSS JOIN LATERAL (
        SELECT u.id, u.data_key_id, u.nonce, u.ciphertext FROM gkm.stock_unit u
        WHERE u.listing_id = w.listing_id AND u.state = 'available'
        ORDER BY u.id LIMIT w.wanted FOR NO KEY UPDATE SKIP LOCKED
      ) s
      """
    ) {
      let key = FreeKey(
        id: try $0.id(1), dataKey: try $0.id(2),
        sealed: SealedUnit(nonce: try $0.bytes(3), ciphertext: try $0.bytes(4)), delivery: try $0.id(5),
        job: try $0.id(6))
      return (try $0.id(0), key)
    }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1).sorted { $0.id > $1.id } }
  }

  private mutating func deliver(_ session: borrowing Session, _ bound: BoundUnit, isExpress: Bool) throws {
    let (order, unit, key) = (bound.binding.order, bound.binding.unit, bound.key)
    var generation: Int32 = 1
    if unit.delivery != nil {
      let earlier = try session.first("SELECT count(*) FROM gkm.assignment WHERE order_unit_id = \(unit.id)") {
        try $0.int32(0)
      }
      generation = (earlier ?? 0) + 1
    }
    let messageID = context.vault.messageID(unit: unit.id, generation: generation, domain: context.mailDomain)
    let delivery = ApplyWrites.NewDelivery(
      id: unit.delivery?.id ?? key.delivery, order: order.id, unit: unit.id, vendor: unit.vendor,
      messageID: messageID.rawValue, job: key.job, isExpress: isExpress)
    if unit.delivery != nil {
      writes.renewedDeliveries.append(delivery)
      if unit.delivery?.hasArrived == true { writes.undelivered[order.id, default: 0] += 1 }
      writes.jobs[.deliver, default: []].append((delivery.id.description, .zero))
      result.queuedDeliveries += 1
      return
    }
    writes.newDeliveries.append(delivery)
    guard isExpress else {
      result.queuedDeliveries += 1
      return
    }
    result.prepared.append(
      PreparedDelivery(
        job: key.job, lease: context.deliveryLease, delivery: delivery.id, attempt: 1,
        preparedAt: writes.audit.stamp.at, attemptInRound: 1, order: order.id, orderNumber: order.number,
        paidAt: order.paidAt ?? writes.audit.stamp.at,
        tokenGeneration: order.tokenGeneration, unit: unit.id, position: unit.position, unitsTotal: order.unitsTotal,
        vendor: unit.vendor, email: order.email, name: order.name, locale: order.locale, title: unit.title,
        platform: unit.platform, messageID: messageID.rawValue,
        place: SealedUnitPlace(unit: key.id, vendor: unit.vendor, product: unit.product), dataKey: key.dataKey,
        sealed: key.sealed))
    try writes.audit.add(
      .deliveryPrepared, .delivery(delivery.id), order: order.reference, vendor: unit.vendor,
      details: ["attempt": "1", "channel": "email", "message_id": messageID.rawValue])
  }

  /// One event per order and listing: about the listing, whose counter changes, and about the order.
  private mutating func noteAssigned(_ group: [BoundUnit]) throws {
    guard let first = group.first else { return }
    let (order, unit) = (first.binding.order, first.binding.unit)
    writes.reservations.append((order.id, unit.listing, "taken"))
    try writes.audit.add(
      .keyAssigned, .listing(unit.listing), order: order.reference, vendor: unit.vendor,
      stripeEvent: first.binding.stripeEvent,
      details: [
        "quantity": String(group.count),
        "order_units": group.map(\.binding.unit.id.description).joined(separator: " "),
        "stock_units": group.map(\.key.id.description).joined(separator: " "),
      ])
  }
}

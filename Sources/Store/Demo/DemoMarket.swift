package import Market
package import Postgres

/// Fills a database with a market that looks lived in: vendors, products, sealed keys, people, and a history in which
/// every state occurs, played by the market's own rules. For demonstrations and tests, never for production.
package struct DemoMarket: Sendable {
  /// What is made; the same seed makes the same market.
  package var seed: UInt64 = 1
  package var orders = 600
  /// How far the history reaches back.
  package var days = 7
  /// How many of those days have left their trace; `nil`: all.
  ///
  /// Older orders are as if they had been brought over from another shop: what was sold to whom, paid and delivered is
  /// there, with its keys and its money, but no event of Stripe's or of the audit log, no Checkout Session, no
  /// reservation, no attempt to deliver and no reveal. They take a third of the room. `gkmd verify` misses the rest.
  package var tracedDays: Int?
  /// How much of the usual stock is left for sale.
  package var stockShare = 1.0
  /// The right side of each Message-ID.
  package var mailDomain = "gkm.localdomain"
  /// Also where there are orders already.
  package var isForced = false
  /// Set behind each login, where several markets share a cluster.
  package var loginSuffix = ""

  package init() {}

  package static let orderRange = DemoScenario.fewestOrders...10_000_000
  package static let dayRange = 4...400

  /// How much was made.
  package struct Summary: Sendable {
    package var vendors = 0
    package var listings = 0
    package var keys = 0
    package var auditEvents = 0
    /// How many orders are in each state.
    package var orders: [OrderState: Int] = [:]
    /// The logins, in the order in which they were made.
    package var people: [(login: String, role: Role)] = []
  }

  /// Works inside the caller's transaction, which must be the superuser's: it switches triggers off for it, because
  /// what is written lies in the past.
  package func load(_ session: borrowing Session, vault: KeyVault) throws -> Summary {
    let (now, present) = try prepare(session)
    let bulk = present == 0 && orders >= DemoBulk.fewestOrders ? try DemoBulk(session) : nil
    let history = Duration.days(days)
    var random = DemoRandom(seed: seed &+ UInt64(present) &* 0x9E37)
    var shop = DemoShop(now: now, history: history)
    try shop.open(session)
    var summary = Summary(vendors: shop.vendors.count, listings: shop.listings.count)
    summary.people = try DemoPeople(suffix: loginSuffix).add(
      session, vendors: shop.vendors, at: now - history - .days(50))

    var listings = shop.listings
    let plan = DemoPlan(
      orders: orders, listings: listings, now: now, history: history, random: DemoRandom(seed: random.next()))
    try DemoStage.open(session)
    var stock = DemoStock(vault: vault, beganAt: now - history, random: DemoRandom(seed: random.next()))
    try stock.fill(session, &listings, needed: plan.keysNeeded(target: stock.targets(listings, share: stockShare)))
    summary.keys = stock.imported

    var rest = plan.entries[...]
    while !rest.isEmpty {
      let part = rest.prefix(Self.ordersAtOnce)
      rest = rest.dropFirst(Self.ordersAtOnce)
      let cast = DemoCast(
        vault: vault, shop: shop, listings: listings, now: now, isLarge: self.orders >= DemoBulk.fewestOrders)
      let (orders, moments) = try cast.gather(session, part)
      var played = DemoHistory(
        vault: vault, mailDomain: mailDomain, restockUntil: now + .hours(20),
        tracedSince: tracedDays.map { now - .days($0) }, listings: listings, orders: orders)
      try played.play(moments)
      listings = played.listings
      summary.auditEvents += played.audit.count
      for order in played.orders where !order.isDropped { summary.orders[order.state, default: 0] += 1 }
      try played.write(session)
    }
    try DemoStage.close(session)
    try bulk?.endOrders(session)
    var refunds = DemoRefunds(suffix: loginSuffix, now: now, random: DemoRandom(seed: random.next()))
    summary.auditEvents += try refunds.add(session)
    try DemoLedger().add(session, isAlone: present == 0)
    try bulk?.endLedger(session)
    var audit = DemoAudit()
    try DemoBreaks(now: now).add(session, &audit)
    summary.auditEvents += audit.count
    try audit.write(session)
    // No movement of the history's money is at the Stripe that the market will be held against.
    try session.execute("UPDATE gkm.installation SET created_at = \(now)")
    var aside = DemoAside(now: now, people: summary.people, random: DemoRandom(seed: random.next()))
    summary.auditEvents += try aside.write(session)
    return summary
  }

  private static let ordersAtOnce = 20_000

  /// Answers the time, and how many orders are there already.
  private func prepare(_ session: borrowing Session) throws -> (now: Instant, present: Int64) {
    let isSuperuser = try session.first("SELECT current_setting('is_superuser') = 'on'") { try $0.bool(0) }
    guard isSuperuser == true else { throw DemoRefused("demo data is loaded by the superuser alone") }
    let livemode = try session.first("SELECT livemode FROM gkm.installation") { try $0.bool(0) }
    guard livemode != true else { throw DemoRefused("this market is live: there is no place for demo data in it") }
    let present = try session.first("SELECT count(*) FROM gkm.orders") { try $0.int64(0) } ?? 0
    guard present == 0 || isForced else {
      throw DemoRefused("there are \(present) orders in this database already")
    }
    _ = try session.rows("SELECT gkm.ensure_partitions()") { _ in }
    // Ten million orders take their time, in statements and between them.
    try session.execute("SET LOCAL statement_timeout = 0")
    try session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    // Triggers and foreign keys are off until the transaction ends.
    try session.execute("SET LOCAL session_replication_role = replica")
    guard let now = try session.first("SELECT now()", { try $0.instant(0) }) else {
      throw StoreError.badRow("now() gave no row")
    }
    return (now, present)
  }

  /// Lets the planner know what is there; after the transaction, outside of any.
  package static func analyze(_ session: borrowing Session) throws {
    for table in Policy.tables { try session.script("VACUUM (ANALYZE) gkm.\(table.table)") }
  }
}

/// Why no demo data are loaded.
package struct DemoRefused: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// The demo's people: logins without a password.
struct DemoPeople {
  let suffix: String

  func add(
    _ session: borrowing Session, vendors: [VendorID], at: Instant
  ) throws -> [(login: String, role: Role)] {
    var added: [(login: String, role: Role)] = []
    var audit = AuditBatch(try Stamp(at: at, actor: Stamp.now(session).actor, role: .admin))
    for person in DemoCatalogue.people {
      let login = person.login + suffix
      let vendor = person.vendor.map { vendors[$0] }
      if try session.first("SELECT 1 FROM gkm.person WHERE role_name = \(login)", { _ in true }) != nil { continue }
      let id: PersonID? = try session.first(
        "SELECT api.person_add(\(login), \(person.name), \(person.role.rawValue), \(vendor), NULL)"
      ) { try $0.id(0) }
      guard let id else { continue }
      try session.execute("UPDATE gkm.person SET created_at = \(at) WHERE id = \(id)")
      try audit.add(
        .personAdded, .person(id), vendor: vendor, details: ["login": login, "role": person.role.rawValue])
      added.append((login, person.role))
    }
    // They were added when the market was founded, not now.
    try session.execute("DELETE FROM gkm.audit_event WHERE action = 'person.added' AND at = now()")
    if !audit.isEmpty { try session.execute(audit.statement) }
    return added
  }
}

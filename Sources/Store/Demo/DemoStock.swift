import Market
import Postgres

/// The demo's keys: imported in two batches for each listing before the history begins.
struct DemoStock {
  private let vault: KeyVault
  private let beganAt: Instant
  private var random: DemoRandom
  private(set) var imported = 0

  init(vault: KeyVault, beganAt: Instant, random: DemoRandom) {
    self.vault = vault
    self.beganAt = beganAt
    self.random = random
  }

  /// How many keys of each listing are left for sale when the history is over.
  mutating func targets(_ listings: [DemoListing], share: Double) -> [Int] {
    listings.indices.map { place in
      if place == DemoPlan.soldOut { return 0 }
      if DemoPlan.nearlySoldOut.contains(place) { return random.number(1...4) }
      let usual = DemoPlan.wellStocked.contains(place) ? 1_500 : random.number(260...560)
      return max(8, Int(Double(usual) * share))
    }
  }

  /// Fills each listing up to `needed` free keys, and reads what it has then.
  mutating func fill(_ session: borrowing Session, _ listings: inout [DemoListing], needed: [Int]) throws {
    try read(session, &listings)
    var place = 0
    for batch in 0..<2 {
      for (index, listing) in listings.enumerated() {
        let missing = needed[index] - Int(listing.available)
        let count = batch == 0 ? missing * 2 / 3 : missing - missing * 2 / 3
        guard count > 0 else { continue }
        let at = beganAt - .days(4) + .seconds(1_500 * place)
        place += 1
        try add(session, listing.id, count, at)
      }
    }
    try read(session, &listings)
  }

  private mutating func add(_ session: borrowing Session, _ listing: ListingID, _ count: Int, _ at: Instant) throws {
    let lines = (0..<count).map { StockImport.Line(number: $0 + 1, key: random.key()) }
    let day = at.civil
    let source = "keys-\(day.year)-\(padded(day.month, 2))-\(padded(day.day, 2)).csv"
    var stockImport = StockImport(vault)
    let report = try stockImport.run(
      session, into: listing, lines, source: source, stamp: Stamp(at: at, actor: "gkm_daemon"),
      table: DemoStage.stock)
    guard report.accepted == count else { throw StoreError.badRow("the demo's keys are in stock already") }
    imported += count
  }

  private func read(_ session: borrowing Session, _ listings: inout [DemoListing]) throws {
    let places = Dictionary(uniqueKeysWithValues: listings.enumerated().map { ($1.id, $0) })
    var keys: [Int: [StockUnitID]] = [:]
    let units: [(ListingID, StockUnitID)] = try session.rows(
      """
      SELECT listing_id, id FROM (
        SELECT listing_id, id, state FROM gkm.stock_unit
        UNION ALL SELECT listing_id, id, state FROM \(unescaped: DemoStage.stock)
      ) u WHERE listing_id = ANY (\(listings.map(\.id))) AND state = 'available' ORDER BY id
      """
    ) { (try $0.id(0), try $0.id(1)) }
    for (listing, unit) in units { if let place = places[listing] { keys[place, default: []].append(unit) } }
    let counters: [(ListingID, Int64, Int64, Int64, Int64)] = try session.rows(
      """
      SELECT listing_id, available, reserved, sold, version FROM gkm.listing_stock
      WHERE listing_id = ANY (\(listings.map(\.id)))
      """
    ) { (try $0.id(0), try $0.int64(1), try $0.int64(2), try $0.int64(3), try $0.int64(4)) }
    for (listing, available, reserved, sold, version) in counters {
      guard let place = places[listing] else { continue }
      listings[place].available = available
      listings[place].reserved = reserved
      listings[place].sold = sold
      listings[place].version = version
    }
    for place in listings.indices { listings[place].keys = (keys[place] ?? [])[...] }
  }
}

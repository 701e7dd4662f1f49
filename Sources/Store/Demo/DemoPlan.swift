import Market

/// Who buys what, when, and how it fares: the demo's history before it is played.
struct DemoPlan {
  struct Entry {
    let scenario: DemoScenario
    let createdAt: Instant
    /// Places of listings, and how many keys of each.
    let lines: [(listing: Int, quantity: Int)]
    /// Where its own chances begin, so that an order stays the same whatever the time of day.
    let seed: UInt64
  }

  private(set) var entries: [Entry] = []
  private let now: Instant
  private let history: Duration
  private var random: DemoRandom
  /// By place: how often a listing is bought, relative to the others.
  private var popularity: [Double] = []
  private let currencies: [Currency]

  /// The listing that is sold out, those that nearly are, and those with much stock, by place.
  static let soldOut = 7
  static let nearlySoldOut: Set<Int> = [5, 13, 22, 31]
  static let wellStocked: Set<Int> = [0, 1, 2]

  init(orders: Int, listings: [DemoListing], now: Instant, history: Duration, random: DemoRandom) {
    self.now = now
    self.history = history
    self.random = random
    currencies = listings.map(\.price.currency)
    popularity = listings.indices.map { _ in 1 / (self.random.fraction() * 6 + 0.5) }
    plan(orders)
    entries.sort { $0.createdAt < $1.createdAt }
  }

  private mutating func plan(_ orders: Int) {
    let late = max(2, min(4, orders / 150))
    let onSoldOut = max(3, min(40, orders / 60))
    sellOut(late: late, before: onSoldOut)
    for (scenario, count) in DemoScenario.mixture(of: orders - 2 * late - onSoldOut) {
      for _ in 0..<count {
        let lines = choose(scenario)
        add(scenario, lines, age: scenario.age(history: history))
      }
    }
  }

  /// The story of the listing that is sold out: the last buyers' time runs out, others take what they gave back, and
  /// then the first ones' money comes after all.
  private mutating func sellOut(late: Int, before: Int) {
    for _ in 0..<before {
      add(.delivered, [(Self.soldOut, 1)], age: .hours(22)...history)
    }
    for place in 0..<late {
      let late: Duration = .hours(19) - .seconds(place * 40)
      add(.paidTooLate, [(Self.soldOut, 1)], age: late...late)
      let buyer: Duration = .hours(19) - .minutes(34) - .seconds(place * 25)
      add(.soldOutBuyer, [(Self.soldOut, 1)], age: buyer...buyer)
    }
  }

  private mutating func choose(_ scenario: DemoScenario) -> [(listing: Int, quantity: Int)] {
    let isScarceAllowed = scenario.stock == .takes
    let first = listing { $0 != Self.soldOut && (isScarceAllowed || !Self.nearlySoldOut.contains($0)) }
    if Self.nearlySoldOut.contains(first) { return [(first, 1)] }
    let die = random.fraction()
    let quantity = die < 0.86 ? 1 : die < 0.96 ? 2 : 3
    guard scenario == .delivered || scenario == .partiallyRefunded, random.chance(0.09) else {
      return [(first, quantity)]
    }
    let currency = currencies[first]
    let currencies = currencies
    let second = listing {
      $0 != first && currencies[$0] == currency && $0 != Self.soldOut && !Self.nearlySoldOut.contains($0)
    }
    return [(min(first, second), 1), (max(first, second), 1)]
  }

  private mutating func listing(where isWanted: (Int) -> Bool) -> Int {
    let wanted = popularity.indices.filter(isWanted)
    var rest = random.fraction() * wanted.reduce(0) { $0 + popularity[$1] }
    for place in wanted {
      rest -= popularity[place]
      if rest < 0 { return place }
    }
    return wanted.last ?? 0
  }

  /// Fewer buy at night.
  private static let byHour: [Double] = [
    0.5, 0.35, 0.25, 0.2, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.7, 0.7, 0.7, 0.75, 0.85, 0.95, 1, 1, 0.95,
    0.85, 0.65,
  ]

  private mutating func add(
    _ scenario: DemoScenario, _ lines: [(listing: Int, quantity: Int)], age: ClosedRange<Duration>
  ) {
    let seed = random.next()
    var chance = DemoRandom(seed: seed ^ 1)
    var at = now - chance.duration(age)
    for _ in 0..<8 where !chance.chance(Self.byHour[Int(at.civil.hour)]) { at = now - chance.duration(age) }
    entries.append(Entry(scenario: scenario, createdAt: at, lines: lines, seed: seed))
  }

  /// How many keys each listing must have had before the first order, so that `target` are left of it now.
  func keysNeeded(target: [Int]) -> [Int] {
    var needed = target
    for entry in entries where entry.scenario.stock != .returns {
      for line in entry.lines { needed[line.listing] += line.quantity }
    }
    return needed
  }
}

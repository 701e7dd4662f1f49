import Foundation
import Market
import TestSupport
import Testing

/// The pure parts in one loop, on one thread, with a clock and a schedule made of a seed: what fails, fails again with
/// `GKM_SEED=N FILTER=SimulationTests make test`.
@Suite("A market of one thread") struct SimulationTests {
  @Test("whoever crashes, sleeps or hears no answer: every promise is kept")
  func fewSeeds() {
    if let seed = ProcessInfo.processInfo.environment["GKM_SEED"].flatMap(UInt64.init) {
      Simulation(seed: seed).run()
    } else {
      for seed in UInt64(0)..<40 { Simulation(seed: seed).run() }
    }
  }
}

@Suite("A market of one thread, by the thousand") struct SimulationLongTests {
  @Test("whoever crashes, sleeps or hears no answer: every promise is kept")
  func manySeeds() {
    for seed in UInt64(10_000)..<14_000 { Simulation(seed: seed).run() }
  }
}

struct Simulation {
  private let seed: UInt64
  private var dice: Dice
  private var world = World()
  private var gates: [Gate]
  private var sender = Sender()
  private var workers = [Worker(), Worker(), Worker()]
  private var sealers = [Sealer(), Sealer()]
  private var mail = MailServer()
  private var seen: Set<Int> = []
  private let wished: Int

  init(seed: UInt64) {
    self.seed = seed
    var dice = Dice(seed: seed)
    let buyers = (0..<dice.number(6...24)).map { _ in dice.pick([1, 1, 1, 2, 3]) }
    let half = dice.number(0...buyers.count)
    gates = [Gate(Array(buyers[..<half])), Gate(Array(buyers[half...]))]
    wished = buyers.count
    self.dice = dice
    supply(dice.number(3...30))
  }

  private mutating func supply(_ count: Int) {
    world.freeKeys += world.imported..<world.imported + count
    world.imported += count
    world.available += count
    world.version += 1
  }

  func run() {
    var simulation = self
    // Trouble first; then everybody is well, and it has to come to rest.
    for _ in 0..<1_200 { simulation.turn(faults: true) }
    for step in 0..<6_000 {
      if step % 50 == 0, simulation.isDone { break }
      if step % 1_000 == 999 { simulation.supply(20) }
      simulation.turn(faults: false)
    }
    simulation.look()
  }

  private mutating func turn(faults: Bool) {
    sender.begin(world, &dice)
    switch dice.number(0...15) {
    case 0, 1: gates[dice.number(0...1)].step(&world, &dice, faults: faults)
    case 2, 3, 4: sender.step(&world, &seen, &dice, faults: faults)
    case 5: sealers[dice.number(0...1)].step(&world, &dice, faults: faults)
    case 6, 7: world.now += Int64(dice.number(1...(faults ? 2_000 : 8_000)))
    case 8 where faults: trouble()
    default: workers[dice.number(0...2)].step(&world, &mail, &dice, faults: faults)
    }
  }

  private mutating func trouble() {
    let lease = World.lease.duration.milliseconds
    switch dice.number(0...5) {
    case 0: workers[dice.number(0...2)].crash()
    case 1: workers[dice.number(0...2)].freeze(until: world.now + Int64(dice.number(1...3 * Int(lease))))
    case 2: sealers[dice.number(0...1)].crash(world)
    // Redis forgets, all or what came last.
    case 3: seen = dice.chance(0.5) ? [] : seen.filter { _ in dice.chance(0.5) }
    case 4: supply(dice.number(0...3))
    default: world.now += Int64(dice.number(0...2 * Int(lease)))
    }
  }

  private var isDone: Bool {
    gates.allSatisfy(\.isIdle) && sender.waiting.isEmpty && world.jobs.isEmpty && workers.allSatisfy(\.isIdle)
      && world.sealed.size == world.log.count
  }

  // MARK: What must be so at the end.

  private func look() {
    expect(isDone, "it never came to rest: \(world.jobs.count) jobs, \(sender.waiting.count) events")
    for order in world.orders.indices { look(at: order) }
    for place in world.deliveries.indices { look(atDelivery: place) }
    let lost = sender.acknowledged.subtracting(world.events.keys)
    expect(lost.isEmpty, "acknowledged and lost: \(lost)")
    let reserved = world.orders.reduce(0) { $0 + $1.reserved }
    expect(
      world.available + reserved + world.given.count == world.imported && world.available >= 0, "stock is not conserved"
    )
    expect(world.freeKeys.count == world.available + reserved, "the counter is not the rows")
    expect(gates.allSatisfy { $0.busy == 0 }, "a buyer was told that the stock is busy")
    expect(
      world.sealed == world.log.reduce(into: MerkleTree()) { $0.append(MerkleHash.leaf($1)) }, "the tree is not the log"
    )
  }

  private func look(at place: Int) {
    let order = world.orders[place]
    let facts = world.events.values.filter { $0.order == place }
      .reduce(into: PaymentFacts()) { $0.merge($1.fact.delta) }
    expect(order.facts == facts, "order \(place): facts were lost")
    let returned = facts.isPaid && facts.payments.allSatisfy(\.isReturned)
    let isOwed = facts.isPaid && !returned
    let failed = world.deliveries.contains { $0.order == place && $0.state == .failed }
    if isOwed && !failed {
      expect(order.state == .delivered, "order \(place) was paid and is \(order.state)")
      expect(order.keys.count == order.quantity, "order \(place) has \(order.keys.count) of \(order.quantity) keys")
    }
    if !isOwed { expect(order.keys.isEmpty, "order \(place) is not paid and has keys") }
    let position = LedgerPosition(order.ledger)
    expect(position.imbalance.isEmpty, "order \(place): the ledger does not add up")
    expect(
      position == Ledger.position(of: world.ledgerOrder(place), facts: facts),
      "order \(place): the ledger is not what the facts say")
  }

  private func look(atDelivery place: Int) {
    let delivery = world.deliveries[place]
    let copies = mail.copies[place] ?? []
    let doubts = delivery.attempts.count { $0 == .unknown }
    let sure = delivery.attempts.count { $0 == .confirmed }
    expect(sure <= 1 && copies.count <= sure + doubts, "delivery \(place): \(copies.count) copies, \(doubts) doubts")
    expect(Set(copies).count <= 1, "delivery \(place) went out with two keys")
    if delivery.state == .confirmed { expect(!copies.isEmpty, "delivery \(place) never arrived") }
    expect(!delivery.attempts.contains(.prepared), "delivery \(place): an attempt was never settled")
  }

  private func expect(_ holds: Bool, _ what: String) {
    if !holds { Issue.record("GKM_SEED=\(seed): \(what)") }
  }
}

import Market
import TestSupport

/// Everything that happens outside of the world's rows: each actor does one step when its turn comes, and the dice say
/// whose turn it is.
struct Gate {
  /// Groups that wait: how many keys each buyer wants.
  var groups: [[Int]] = []
  /// The group under way: what its read told, and which try it is.
  private var race: (buyers: [Int], version: Int, attempt: Int)?
  private(set) var opened = 0
  private(set) var refused = 0
  private(set) var busy = 0

  init(_ buyers: [Int]) {
    groups = stride(from: 0, to: buyers.count, by: 4).map { Array(buyers[$0..<min($0 + 4, buyers.count)]) }
  }

  var isIdle: Bool { race == nil && groups.isEmpty }

  mutating func step(_ world: inout World, _ dice: inout Dice, faults: Bool) {
    guard let current = race else {
      if let next = groups.popLast() { race = (next, world.version, 1) }
      return
    }
    let policy = ReservationRace(buyers: current.buyers.count)
    do {
      // Waiting for the rows means that nobody can have changed them since.
      let seen = policy.isLocking(current.attempt) ? world.version : current.version
      let (sold, without) = try world.write(&dice, faults: faults) { world in
        guard world.version == seen else { throw World.Stale() }
        var sold = 0
        for wish in current.buyers where world.available >= wish {
          world.available -= wish
          world.orders.append(World.Order(quantity: wish, reserved: wish))
          sold += 1
        }
        world.version += 1
        return (sold, current.buyers.count - sold)
      }
      opened += sold
      refused += without
      race = nil
    } catch World.Lost.rolledBack {
      race = (current.buyers, world.version, current.attempt)
    } catch is World.Stale {
      switch policy.lost(current.attempt) {
      case .again: race = (current.buyers, world.version, current.attempt + 1)
      case .split:
        let half = current.buyers.count / 2
        groups += [Array(current.buyers[..<half]), Array(current.buyers[half...])]
        race = nil
      case .busy:
        busy += 1
        race = nil
      }
    } catch {
      // The buyers are told to come again; what was held for them expires.
      race = nil
    }
  }
}

/// Stripe: a story for each order, its events in any order, some twice; each until somebody says that it is stored.
struct Sender {
  private(set) var waiting: [(event: Int, order: Int, fact: StripeFact)] = []
  private var told = 0
  private var number = 0
  private(set) var acknowledged: Set<Int> = []

  /// Orders that are new have a story from now on.
  mutating func begin(_ world: World, _ dice: inout Dice) {
    while told < world.orders.count {
      for fact in Self.story(told, world.total(told), &dice) {
        number += 1
        waiting.append((number, told, fact))
      }
      told += 1
    }
  }

  private static func story(_ order: Int, _ total: Money, _ dice: inout Dice) -> [StripeFact] {
    let (intent, charge) = ("pi_\(order)", "ch_\(order)")
    let completed = StripeFact.sessionCompleted(
      paymentStatus: "paid", total: total, paymentIntent: intent, customerEmail: nil)
    let succeeded = StripeFact.paymentIntentSucceeded(id: intent, received: total, latestCharge: charge)
    let refund = StripeFact.refund(
      id: "re_\(order)", amount: total.amount, status: "succeeded", charge: charge, paymentIntent: intent)
    switch dice.number(0...9) {
    case 0: return [.sessionExpired()]
    // Paid although it had expired: the stock may be gone by then.
    case 1, 2: return [.sessionExpired(), succeeded, completed]
    case 3:
      return [
        .sessionCompleted(paymentStatus: "unpaid", total: total, paymentIntent: intent, customerEmail: nil),
        .asyncPaymentSucceeded(total: total, paymentIntent: intent, customerEmail: nil),
      ]
    case 4: return [completed, succeeded, refund]
    default: return [completed, succeeded]
    }
  }

  /// - Parameter seen: what Redis remembers: events that are stored, never one that is not.
  mutating func step(_ world: inout World, _ seen: inout Set<Int>, _ dice: inout Dice, faults: Bool) {
    guard !waiting.isEmpty else { return }
    let place = dice.number(0...waiting.count - 1)
    let (event, order, fact) = waiting[place]
    if !seen.contains(event) {
      do {
        try world.write(&dice, faults: faults) { world in
          guard world.events.updateValue((order, fact), forKey: event) == nil else { return }
          world.add(.apply, event)
        }
      } catch { return }
      seen.insert(event)
    }
    acknowledged.insert(event)
    // Now and then it comes again although it was told.
    if !faults || dice.chance(0.8) { waiting.remove(at: place) }
  }
}

/// A worker process: what it holds is in its memory alone, and gone when it crashes.
struct Worker {
  private var claimed: (kind: World.Job.Kind, jobs: [Int], token: UInt64)?
  private var prepared: [(job: Int, token: UInt64, delivery: Int, attempt: Int)] = []
  private var ended: [(job: Int, token: UInt64, delivery: Int, attempt: Int, outcome: AttemptOutcome)] = []
  private var lastBeat: Int64 = 0
  private(set) var frozenUntil: Int64 = 0
  private(set) var dropped = 0

  var isIdle: Bool { claimed == nil && prepared.isEmpty && ended.isEmpty }

  mutating func crash() { self = Worker() }
  mutating func freeze(until time: Int64) { frozenUntil = time }

  mutating func step(_ world: inout World, _ mail: inout MailServer, _ dice: inout Dice, faults: Bool) {
    guard world.now >= frozenUntil else { return }
    beat(&world)
    if let held = claimed {
      claimed = nil
      work(held, &world, &dice, faults: faults)
    } else if let next = prepared.first, ended.count < 3 {
      prepared.removeFirst()
      let outcome = mail.take(next.delivery, key: world.deliveries[next.delivery].key, &dice, faults: faults)
      ended.append((next.job, next.token, next.delivery, next.attempt, outcome))
    } else if !ended.isEmpty {
      settle(&world, &dice, faults: faults)
    } else {
      let token = dice.next()
      let kind = dice.pick([World.Job.Kind.apply, .apply, .deliver, .restock])
      let limit = dice.number(1...6)
      let jobs = try? world.write(&dice, faults: faults) { $0.claim(kind, limit: limit, token: token) }
      if let jobs, !jobs.isEmpty { claimed = (kind, jobs, token) }
      lastBeat = world.now
    }
  }

  /// Lengthens what is under way, in time.
  private mutating func beat(_ world: inout World) {
    guard world.now - lastBeat >= World.lease.heartbeat.milliseconds else { return }
    lastBeat = world.now
    for (job, token) in prepared.map({ ($0.job, $0.token) }) + ended.map({ ($0.job, $0.token) })
    where world.isHeld(job, by: token) {
      world.jobs[job]?.dueAt = world.now + World.lease.duration.milliseconds
    }
  }

  private mutating func work(
    _ held: (kind: World.Job.Kind, jobs: [Int], token: UInt64), _ world: inout World, _ dice: inout Dice, faults: Bool
  ) {
    for job in held.jobs {
      // An answer that is lost is asked for again, under the same token: what was done then matches no row.
      for _ in 0..<3 {
        do {
          prepared += try world.write(&dice, faults: faults) { try Self.carryOut(job, held.token, &$0) }
          break
        } catch is World.Stale {
          dropped += 1
          break
        } catch {}
      }
    }
  }

  /// Does one job. What it sends right after the commit is a delivery job of its own, and this worker's already.
  private static func carryOut(
    _ job: Int, _ token: UInt64, _ world: inout World
  ) throws -> [(job: Int, token: UInt64, delivery: Int, attempt: Int)] {
    guard world.isHeld(job, by: token), let subject = world.jobs[job]?.subject, let kind = world.jobs[job]?.kind else {
      throw World.Stale()
    }
    switch kind {
    case .apply, .restock:
      world.jobs[job] = nil
      let event = kind == .apply ? world.events[subject] : nil
      for delivery in world.apply(event?.fact, to: event?.order ?? subject) { world.add(.deliver, delivery) }
      return []
    case .deliver:
      let turn = world.prepare(subject)
      guard turn.step == .send else {
        world.jobs[job] = nil
        return []
      }
      return [(job, token, subject, world.deliveries[subject].attempts.count - 1)]
    }
  }

  private mutating func settle(_ world: inout World, _ dice: inout Dice, faults: Bool) {
    let jitter = dice.number(0...999)
    let batch = ended
    do {
      dropped += try world.write(&dice, faults: faults) { world in
        var dropped = 0
        for one in batch {
          guard world.isHeld(one.job, by: one.token) else {
            dropped += 1
            continue
          }
          world.settle(one.delivery, attempt: one.attempt, one.outcome)
          if one.outcome == .confirmed {
            world.jobs[one.job] = nil
          } else {
            let delay = RetrySchedule.delay(afterAttempt: one.attempt + 1, jitter: Double(jitter) / 1_000)
            world.jobs[one.job]?.dueAt = world.now + delay.milliseconds
            world.jobs[one.job]?.token = nil
          }
        }
        return dropped
      }
      ended = []
    } catch World.Lost.rolledBack {
    } catch {
      // Committed or not: under its token nothing is left to be done where it was.
    }
  }
}

/// Takes mails, and may lose its answer before or after it did.
struct MailServer {
  /// By delivery: the key of each copy.
  private(set) var copies: [Int: [Int]] = [:]

  mutating func take(_ delivery: Int, key: Int, _ dice: inout Dice, faults: Bool) -> AttemptOutcome {
    let fate = faults ? dice.number(0...9) : 9
    if fate == 0 { return .deferred }
    if fate == 1 { return .unknown }
    copies[delivery, default: []].append(key)
    return fate == 2 ? .unknown : .confirmed
  }
}

/// Seals what is committed, from where its own tree ends; another one may have been faster.
struct Sealer {
  private var tree = MerkleTree()

  mutating func crash(_ world: World) { tree = world.sealed }

  mutating func step(_ world: inout World, _ dice: inout Dice, faults: Bool) {
    let known = tree
    do {
      tree = try world.write(&dice, faults: faults) { world in
        guard world.sealed == known else { throw World.Stale() }
        for entry in world.log[known.size...].prefix(16) { world.sealed.append(MerkleHash.leaf(entry)) }
        return world.sealed
      }
    } catch { tree = world.sealed }
  }
}

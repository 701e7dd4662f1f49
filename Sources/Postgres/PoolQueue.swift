/// The bookkeeping of a pool, without connections' life and without waiting: who gets what is decided here.
///
/// Connections are handed out last in, first out, so that few stay warm; waiters are served first in, first out.
struct PoolQueue<Connection: Sendable, Waiter: Sendable>: ~Copyable {
  /// What a caller that asks gets.
  enum Grant {
    /// A connection that lay idle.
    case idle(Connection)
    /// The right to open one more.
    case permit
    /// A place among the waiters, by ticket.
    case wait
    /// Neither: as many wait as may.
    case full
    case closed
  }

  /// What happens when a connection or a permit comes back.
  enum Return {
    /// The oldest waiter gets it.
    case hand(Waiter)
    /// It lies idle now, or the permit is free again.
    case keep
    /// The pool is closed: the connection is to be closed, and its permit to be given back.
    case discard
  }

  let maximum: Int
  let waiterLimit: Int
  private(set) var idle: [Connection] = []
  /// Connections that exist or are being made: idle, lent, or dialled.
  private(set) var open = 0
  private var waiters: [(ticket: Int, waiter: Waiter)] = []
  private var firstWaiter = 0
  private(set) var isClosed = false

  init(maximum: Int, waiterLimit: Int) {
    self.maximum = max(1, maximum)
    self.waiterLimit = max(0, waiterLimit)
  }

  var waiting: Int { waiters.count - firstWaiter }

  mutating func ask() -> Grant {
    if isClosed { return .closed }
    if let connection = idle.popLast() { return .idle(connection) }
    if open < maximum {
      open += 1
      return .permit
    }
    return waiting < waiterLimit ? .wait : .full
  }

  mutating func enqueue(_ waiter: Waiter, ticket: Int) {
    waiters.append((ticket, waiter))
  }

  /// Takes a waiter out, unless it has been served.
  mutating func remove(ticket: Int) -> Waiter? {
    guard let index = waiters[firstWaiter...].firstIndex(where: { $0.ticket == ticket }) else { return nil }
    return waiters.remove(at: index).waiter
  }

  /// A connection comes back in order.
  mutating func giveBack(_ connection: Connection) -> Return {
    if isClosed { return .discard }
    if let waiter = nextWaiter() { return .hand(waiter) }
    idle.append(connection)
    return .keep
  }

  /// A connection broke or could not be made: its place goes to a waiter as a permit, or is free.
  mutating func giveBackPermit() -> Return {
    if !isClosed, let waiter = nextWaiter() { return .hand(waiter) }
    open -= 1
    return .keep
  }

  /// Closes: gives the idle connections to close and the waiters to refuse.
  mutating func close() -> (idle: [Connection], waiters: [Waiter]) {
    isClosed = true
    let refused = waiters[firstWaiter...].map { $0.waiter }
    let idle = idle
    open -= idle.count
    self.idle = []
    waiters = []
    firstWaiter = 0
    return (idle, refused)
  }

  private mutating func nextWaiter() -> Waiter? {
    guard firstWaiter < waiters.count else { return nil }
    defer {
      firstWaiter += 1
      // The served ones are dropped now and then, which keeps serving cheap.
      if firstWaiter > 64 || firstWaiter == waiters.count {
        waiters.removeFirst(firstWaiter)
        firstWaiter = 0
      }
    }
    return waiters[firstWaiter].waiter
  }
}

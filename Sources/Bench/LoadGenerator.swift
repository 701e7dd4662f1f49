import Glibc

/// Posts a tape of requests over keep-alive connections from one thread, as fast as answers come or at a fixed rate.
///
/// At a fixed rate a request's latency counts from when it was due, so that a stalled server cannot hide the requests
/// that it kept from being sent.
package struct LoadGenerator {
  package struct Plan: Sendable {
    /// An IPv4 address.
    package var host: String
    package var port: UInt16
    package var connections: Int
    /// Requests per second; `nil`: as fast as they are answered.
    package var rate: Double?
    /// No request is sent after this; those under way are still waited for.
    package var seconds: Double
    /// Send what was refused or cut once more, after everything else.
    package var repeatsRefused: Bool

    package init(
      host: String, port: UInt16, connections: Int, rate: Double?, seconds: Double, repeatsRefused: Bool
    ) {
      self.host = host
      self.port = port
      self.connections = connections
      self.rate = rate
      self.seconds = seconds
      self.repeatsRefused = repeatsRefused
    }
  }

  /// How long answers are waited for once nothing is sent any more.
  private static let patienceMicroseconds: Int64 = 10_000_000

  private let plan: Plan
  private let tape: RequestTape
  /// What poll(2) watches: as many as connections, in their order. Some dozens, so nothing faster is needed.
  private var watched: [pollfd] = []
  private var connections: [LoadConnection] = []
  private var idle: [Int] = []
  private var next = 0
  private var again: [Int] = []
  private var underWay = 0
  private var start: Int64 = 0
  private var result: LoadResult

  /// Posts the tape.
  package static func run(_ plan: Plan, _ tape: RequestTape) throws(LoadError) -> LoadResult {
    var generator = try LoadGenerator(plan, tape)
    defer { generator.close() }
    try generator.run()
    return generator.result
  }

  private init(_ plan: Plan, _ tape: RequestTape) throws(LoadError) {
    self.plan = plan
    self.tape = tape
    result = LoadResult(count: tape.count)
    for _ in 0..<plan.connections { try open() }
  }

  private func close() {
    for connection in connections { connection.close() }
  }

  private mutating func open(at place: Int? = nil) throws(LoadError) {
    let connection = try LoadConnection(host: plan.host, port: plan.port)
    let watch = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
    let index = place ?? connections.count
    if place == nil {
      connections.append(connection)
      watched.append(watch)
    } else {
      connections[index] = connection
      watched[index] = watch
    }
    idle.append(index)
  }

  private mutating func run() throws(LoadError) {
    let offset = Clock.realtime() - Clock.monotonic()
    let cpu = Clock.processor()
    start = Clock.monotonic()
    let deadline = start + Int64(plan.seconds * 1_000_000)
    var now = start
    while true {
      if now < deadline { try sendDue(now, offset) }
      if underWay == 0 && (now >= deadline || (next == tape.count && again.isEmpty)) { break }
      if now > deadline + Self.patienceMicroseconds { break }
      let count = poll(&watched, nfds_t(watched.count), timeout(now, deadline))
      now = Clock.monotonic()
      guard count > 0 else { continue }
      for place in watched.indices where watched[place].revents != 0 { try handle(place, watched[place].revents, now) }
    }
    result.seconds = Double(now - start) / 1_000_000
    result.processorSeconds = Clock.processor() - cpu
  }

  /// When the request is due, on the monotonic clock.
  private func due(_ request: Int) -> Int64 {
    guard let rate = plan.rate else { return start }
    return start + Int64(Double(request) / rate * 1_000_000)
  }

  /// Milliseconds until there is something to send, if a connection is free for it.
  private func timeout(_ now: Int64, _ deadline: Int64) -> Int32 {
    guard !idle.isEmpty, next < tape.count, now < deadline else { return 100 }
    return Int32(min(100, max(0, (due(next) - now + 999) / 1_000)))
  }

  private mutating func sendDue(_ now: Int64, _ offset: Int64) throws(LoadError) {
    while !idle.isEmpty {
      let request: Int
      if next < tape.count {
        guard due(next) <= now else { return }
        request = next
        next += 1
      } else if let refused = again.popLast() {
        request = refused
      } else {
        return
      }
      let place = idle.removeLast()
      let began = plan.rate == nil ? now : due(request)
      if result.sentAt[request] == 0 { result.sentAt[request] = began + offset }
      connections[place].request = request
      connections[place].unsent = tape.range(request)
      connections[place].began = began
      underWay += 1
      try write(place)
    }
  }

  private mutating func write(_ place: Int) throws(LoadError) {
    guard connections[place].write(from: tape.bytes) else { return try cut(place) }
    watched[place].events = Int16(POLLIN) | (connections[place].unsent.isEmpty ? 0 : Int16(POLLOUT))
  }

  private mutating func handle(_ place: Int, _ events: Int16, _ now: Int64) throws(LoadError) {
    if events & Int16(POLLOUT) != 0 { try write(place) }
    guard events & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { return }
    switch connections[place].read() {
    case .incomplete: return
    case .cut: try cut(place)
    case .answered(let status):
      guard let request = connections[place].request else { return }
      connections[place].request = nil
      underWay -= 1
      idle.append(place)
      if (200..<300).contains(status) {
        result.latency[request] = now - connections[place].began
        result.acknowledged += 1
      } else {
        result.refusals[status, default: 0] += 1
        if plan.repeatsRefused { again.append(request) }
      }
    }
  }

  /// The server closed the connection: another takes its place.
  private mutating func cut(_ place: Int) throws(LoadError) {
    if let request = connections[place].request {
      underWay -= 1
      result.refusals[0, default: 0] += 1
      if plan.repeatsRefused { again.append(request) }
    }
    idle.removeAll { $0 == place }
    connections[place].close()
    try open(at: place)
  }
}

/// Clocks, in microseconds.
enum Clock {
  static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }
  static func realtime() -> Int64 { read(CLOCK_REALTIME) }
  /// Processor time of this process, in seconds.
  static func processor() -> Double { Double(read(CLOCK_PROCESS_CPUTIME_ID)) / 1_000_000 }

  private static func read(_ clock: clockid_t) -> Int64 {
    var now = timespec()
    clock_gettime(clock, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
  }
}

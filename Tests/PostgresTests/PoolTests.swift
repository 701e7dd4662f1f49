import Postgres
import TestSupport
import Testing

@Suite("A pool")
struct PoolTests {
  /// Open, idle, waiting.
  private func counts(_ pool: PostgresPool) -> [Int] {
    let statistics = pool.statistics
    return [statistics.open, statistics.idle, statistics.waiting]
  }

  @Test("Never has more connections than its maximum, and serves everybody")
  func maximum() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 3, waiters: 500, waitTimeout: .seconds(20))
    let most = Shared(0)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<200 {
        group.addTask {
          let value = try await pool.read { try $0.first("SELECT \(index)") { try $0.int(0) } }
          most.change { $0 = max($0, pool.statistics.open) }
          return value ?? -1
        }
      }
      var sum = 0
      for try await value in group { sum += value }
      #expect(sum == 199 * 200 / 2)
    }
    #expect(most.value <= 3)
    #expect(pool.statistics.waiting == 0 && pool.statistics.idle == pool.statistics.open)
    await pool.close()
    #expect(counts(pool) == [0, 0, 0])
  }

  @Test("Refuses a waiter too many at once, and one that waits too long")
  func bounds() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1, waiters: 1, waitTimeout: .milliseconds(800))
    let gate = Gate()
    let holder = Task { try await pool.read { _ in gate.pass() } }
    try await until { pool.statistics.open == 1 }
    let waiter = Task { try await failure { try await pool.read { try $0.execute("SELECT 1") } } }
    try await until { pool.statistics.waiting == 1 }
    let refused = try await failure { try await pool.read { try $0.execute("SELECT 1") } }
    #expect(refused.kind == .poolExhausted && refused.isRetryable && refused.file.hasSuffix("PoolTests.swift"))
    let late = try await waiter.value
    #expect(late.kind == .poolTimeout && late.isRetryable)
    gate.open()
    _ = try await holder.value
    await pool.close()
  }

  @Test("A call's deadline covers the wait for a connection")
  func deadline() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1)
    let gate = Gate()
    let holder = Task { try await pool.read { _ in gate.pass() } }
    try await until { pool.statistics.open == 1 }
    let time = try await elapsed {
      let late = try await failure { try await pool.read(timeout: .milliseconds(100)) { try $0.execute("SELECT 1") } }
      #expect(late.kind == .poolTimeout)
    }
    #expect(time < .seconds(2))
    gate.open()
    _ = try await holder.value
    await pool.close()
  }

  @Test("Serves waiters first come, first served")
  func order() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1, waiters: 20)
    let gate = Gate()
    let holder = Task { try await pool.read { _ in gate.pass() } }
    try await until { pool.statistics.open == 1 }
    let served = Shared<[Int]>([])
    var waiters: [Task<Void, any Error>] = []
    for index in 0..<10 {
      waiters.append(Task { try await pool.run { _ in served.change { $0.append(index) } } })
      try await until { pool.statistics.waiting == index + 1 }
    }
    gate.open()
    _ = try await holder.value
    for waiter in waiters { try await waiter.value }
    #expect(served.value == Array(0..<10))
    await pool.close()
  }

  @Test("A cancelled waiter leaves the queue at once and takes nothing with it")
  func cancelledWaiter() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1, waiters: 20)
    let gate = Gate()
    let holder = Task { try await pool.read { _ in gate.pass() } }
    try await until { pool.statistics.open == 1 }
    let waiters = (0..<5).map { _ in Task { try await pool.read { try $0.execute("SELECT 1") } } }
    try await until { pool.statistics.waiting == 5 }
    for waiter in waiters.dropLast() { waiter.cancel() }
    for waiter in waiters.dropLast() {
      let error = try await failure { try await waiter.value }
      #expect(error.kind == .cancelled)
    }
    #expect(pool.statistics.waiting == 1)
    gate.open()
    _ = try await (holder.value, waiters[4].value)
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await pool.read { try $0.execute("SELECT 1") }
    }
    let error = try await failure { try await early.value }
    #expect(error.kind == .cancelled)
    #expect(counts(pool) == [1, 1, 0])
    await pool.close()
  }

  @Test("Drops a connection that broke or was left in a transaction, and makes another")
  func drops() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1)
    func process() async throws -> Int? {
      try await pool.read { try $0.first("SELECT pg_backend_pid()") { try $0.int(0) } }
    }
    let first = try await process()
    #expect(try await process() == first)
    try await pool.run { try $0.script("BEGIN") }
    #expect(pool.statistics.open == 0)
    let second = try await process()
    #expect(second != first)
    try await PrivatePostgres.shared().sql("SELECT pg_terminate_backend(\(second ?? 0))")
    try await Task.sleep(for: .milliseconds(100))
    #expect(try await process() != second)
    await pool.close()
  }

  @Test("Follows a server that restarts, and one that fails over to another host")
  func reconnects() async throws {
    let first = try await PrivatePostgres.start()
    let second = try await PrivatePostgres.start()
    for server in [first, second] { try await server.sql("CREATE ROLE app LOGIN SUPERUSER PASSWORD 'app'") }
    let conninfo =
      "postgresql://app:app@127.0.0.1:\(first.port),127.0.0.1:\(second.port)/postgres?target_session_attrs=read-write"
    let pool = PostgresPool(PostgresConfiguration(conninfo: conninfo), maximum: 4)
    func port() async throws -> Int? {
      try await pool.read { try $0.first("SELECT inet_server_port()") { try $0.int(0) } }
    }
    #expect(try await port() == first.port)
    try await first.stop()
    try await Task.sleep(for: .milliseconds(100))
    #expect(try await port() == second.port)
    try await second.stop()
    let down = try await failure { try await port() }
    #expect(down.isRetryable)
    try await first.start()
    #expect(try await port() == first.port)
    await pool.close()
    try await first.stop()
  }

  @Test("Leaves a primary that has become a standby")
  func readOnlyServer() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1)
    try await pool.run { try $0.execute("SET default_transaction_read_only = on") }
    let error = try await failure {
      try await pool.write { tx in
        try tx.execute("SET TRANSACTION READ ONLY")
        try tx.execute("CREATE TABLE never (id int)")
      }
    }
    #expect(error.isReadOnly)
    #expect(pool.statistics.open == 0)
    await pool.close()
  }

  @Test("Closing refuses those who wait and waits for those who work")
  func closing() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 1, waiters: 5)
    let gate = Gate()
    let worker = Task {
      try await pool.read { tx in
        gate.pass()
        return try tx.first("SELECT 7") { try $0.int(0) }
      }
    }
    try await until { pool.statistics.open == 1 }
    let waiter = Task { try await pool.read { try $0.execute("SELECT 1") } }
    try await until { pool.statistics.waiting == 1 }
    let closing = Task { await pool.close() }
    let refused = try await failure { try await waiter.value }
    #expect(refused.kind == .closed && pool.statistics.open == 1)
    gate.open()
    await closing.value
    #expect(pool.statistics.open == 0)
    #expect(try await worker.value == 7)
    let later = try await failure { try await pool.read { try $0.execute("SELECT 1") } }
    #expect(later.kind == .closed)
  }

  @Test("Survives a storm of callers, half of them cancelled at random")
  func storm() async throws {
    let pool = PostgresPool(try await sharedConfiguration(), maximum: 5, waiters: 1000, waitTimeout: .seconds(20))
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<300 {
        group.addTask {
          let task = Task { try await pool.write { try $0.execute("SELECT pg_sleep(0.005)") } }
          if index % 2 == 0 {
            try? await Task.sleep(for: .microseconds(Int.random(in: 0...80_000)))
            task.cancel()
          }
          _ = await task.result
        }
      }
    }
    #expect(pool.statistics.waiting == 0 && pool.statistics.idle == pool.statistics.open)
    for _ in 0..<10 {
      let value = try await pool.read { try $0.first("SELECT 1") { try $0.int(0) } }
      #expect(value == 1)
    }
    await pool.close()
  }
}

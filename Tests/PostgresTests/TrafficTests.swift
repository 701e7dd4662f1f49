import Postgres
import Testing

@Suite("Traffic with the server")
struct TrafficTests {
  private func prepared(_ connection: PostgresConnection) async throws -> Int {
    try await connection.run { tx in
      try tx.first("SELECT count(*) FROM pg_prepared_statements") { try $0.int(0) }
    } ?? -1
  }

  @Test("Prepares a statement once, and forgets the least recently used beyond the limit")
  func eviction() async throws {
    try await withConnection {
      $0.preparedStatementLimit = 4
    } _: { connection in
      for round in 0..<40 {
        let value = try await connection.run { tx in
          try tx.first("SELECT \(unescaped: "\(round)") + \(1)") { try $0.int(0) }
        }
        #expect(value == round + 1)
        // One more than the limit: those to forget are named with the next statement.
        #expect(try await prepared(connection) <= 5)
      }
      let generic = try await connection.run { tx in
        for _ in 0..<10 { try tx.execute("SELECT \(5)") }
        return try tx.first(
          "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = 'SELECT $1'"
        ) {
          try $0.int(0)
        }
      }
      #expect(generic == 10)
    }
  }

  @Test("Evicts inside one pipeline longer than the limit")
  func evictionInPipeline() async throws {
    try await withConnection {
      $0.preparedStatementLimit = 3
    } _: { connection in
      for _ in 0..<3 {
        let counts = try await connection.write { tx in
          try tx.pipeline((0..<20).map { "SELECT \(unescaped: "\($0)")" })
        }
        #expect(counts == Array(repeating: 1, count: 20))
      }
      #expect(try await prepared(connection) <= 4)
    }
  }

  @Test("Tells statements of the same text but other types apart")
  func typesApart() async throws {
    try await withConnection { connection in
      let types = try await connection.read { tx in
        try [
          tx.first("SELECT pg_typeof(\(Int32(1)))::text") { try $0.string(0) },
          tx.first("SELECT pg_typeof(\("1"))::text") { try $0.string(0) },
          tx.first("SELECT pg_typeof(\(Int32(1)))::text") { try $0.string(0) },
        ]
      }
      #expect(types == ["integer", "text", "integer"])
    }
  }

  @Test("Prepares anew when a table has changed under a statement")
  func stalePlan() async throws {
    try await withTable("a bigint") { table, connection in
      let all: SQL = "SELECT * FROM \(sql: table)"
      func columns() async throws -> Int? {
        try await connection.read { try $0.first(all) { $0.count } }
      }
      try await connection.write { try $0.execute("INSERT INTO \(sql: table) VALUES (1)") }
      #expect(try await columns() == 1)
      try await connection.write { try $0.script("ALTER TABLE \(table) ADD b bigint") }
      #expect(try await columns() == 2)
      try await connection.write { try $0.script("ALTER TABLE \(table) ADD c bigint") }
      expect(try await connection.run { try $0.first(all) { $0.count } }, is: 3)
      try await connection.write { try $0.script("ALTER TABLE \(table) ADD d bigint") }
      // In the middle of a transaction only its repetition helps, and the error says so.
      let error = try await failure {
        try await connection.read { tx in
          try tx.execute("SELECT 1")
          return try tx.first(all) { $0.count }
        }
      }
      #expect(error.isRetryable && error.sqlState == "0A000")
      #expect(try await columns() == 4)
    }
  }

  @Test("Prepares anew what somebody deallocated")
  func deallocated() async throws {
    try await withConnection { connection in
      for _ in 0..<3 {
        expect(try await connection.read { try $0.first("SELECT \(4)") { try $0.int(0) } }, is: 4)
        try await connection.run { try $0.script("DISCARD ALL") }
      }
    }
  }

  @Test("A statement that cannot be prepared leaves nothing behind")
  func unpreparable() async throws {
    try await withConnection { connection in
      for _ in 0..<3 {
        let error = try await failure { try await connection.read { try $0.execute("SELECT * FROM nowhere") } }
        #expect(error.sqlState == "42P01")
      }
      let unprepared = try await connection.run { tx in
        try tx.first("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%nowhere%'") { try $0.int(0) }
      }
      #expect(unprepared == 0 || unprepared == 1)
    }
  }

  @Test("Commands that stand outside of a transaction run, prepared or not")
  func utilities() async throws {
    try await withTable("id bigint") { table, connection in
      for _ in 0..<2 {
        try await connection.run { try $0.execute("VACUUM \(sql: table)") }
        try await connection.run { try $0.execute("ANALYZE \(sql: table)") }
      }
    }
  }

  @Test("A pipeline counts each statement's rows, in one transaction")
  func pipeline() async throws {
    try await withTable("id bigint PRIMARY KEY") { table, connection in
      let counts = try await connection.write { tx in
        try tx.pipeline([
          "INSERT INTO \(sql: table) SELECT generate_series(1, 5)", "DELETE FROM \(sql: table) WHERE id = \(2)",
          "UPDATE \(sql: table) SET id = id + \(100)", "SELECT * FROM \(sql: table)",
        ])
      }
      #expect(counts == [5, 1, 4, 4])
      let error = try await failure {
        try await connection.run { tx in
          try tx.pipeline([
            "INSERT INTO \(sql: table) VALUES (\(1))", "INSERT INTO \(sql: table) VALUES (\(1))",
            "INSERT INTO \(sql: table) VALUES (\(7))",
          ])
        }
      }
      #expect(error.isUniqueViolation)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 4)
      expect(try await connection.run { try $0.pipeline([]) }, is: [])
    }
  }

  @Test("A pipeline whose answers fill every buffer does not lock up")
  func longPipeline() async throws {
    try await withConnection { connection in
      let text = String(repeating: "x", count: 20_000)
      let counts = try await connection.write { tx in
        try tx.pipeline((0..<1500).map { _ in "SELECT \(text), repeat('y', 20000)" })
      }
      #expect(counts.count == 1500)
    }
  }

  @Test("COPY takes rows of any content and counts them")
  func copy() async throws {
    try await withTable("id bigint, name text, secret bytea") { table, connection in
      let names: [String?] = ["plain", "tab\tnew\nline\\back\rret", nil, "", "\\N", "é"]
      let copied = try await connection.write { tx in
        try tx.copyIn(
          "COPY \(table) FROM STDIN",
          rows: names.enumerated().map { index, name in
            var row = CopyRow()
            row.append(Int64(index))
            row.append(name)
            row.append([0, 9, 10, 92, 255])
            return row.bytes
          })
      }
      #expect(copied == names.count)
      let back = try await connection.read { tx in
        try tx.rows("SELECT name, secret FROM \(sql: table) ORDER BY id") { try ($0.stringOrNil(0), $0.bytes(1)) }
      }
      #expect(back.map { $0.0 } == names)
      #expect(back.allSatisfy { $0.1 == [0, 9, 10, 92, 255] })
    }
  }

  @Test("COPY of many megabytes goes through, outside of a transaction too")
  func bigCopy() async throws {
    try await withTable("id bigint, name text") { table, connection in
      let filler = Array(String(repeating: "z", count: 1000).utf8)
      let copied = try await connection.run { tx in
        let rows = (0..<20_000).lazy.map { Array("\($0)\t".utf8) + filler + [10] }
        return try tx.copyIn("COPY \(table) FROM STDIN", rows: rows)
      }
      #expect(copied == 20_000)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 20_000)
    }
  }

  @Test("COPY of bad data fails whole and the connection lives on")
  func badCopy() async throws {
    try await withTable("id bigint") { table, connection in
      let error = try await failure {
        try await connection.write { tx in
          let rows = (0..<50_000).lazy.map { Array(($0 == 10 ? "nonsense\n" : "\($0)\n").utf8) }
          return try tx.copyIn("COPY \(table) FROM STDIN", rows: rows)
        }
      }
      #expect(error.sqlState == "22P02")
      let syntax = try await failure { try await connection.run { try $0.copyIn("COPY nowhere FROM STDIN", rows: []) } }
      #expect(syntax.sqlState == "42P01")
      let other = try await failure { try await connection.run { try $0.copyIn("SELECT 1", rows: []) } }
      #expect(other.kind == .usage)
      #expect(connection.isUsable)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 0)
    }
  }

  @Test("COPY ends when its task is cancelled")
  func cancelledCopy() async throws {
    try await withTable("name text") { table, connection in
      let filler = [UInt8](repeating: 122, count: 1000) + [10]
      let copy = Task {
        try await connection.write { tx in
          try tx.copyIn("COPY \(table) FROM STDIN", rows: sequence(first: filler) { $0 })
        }
      }
      try await Task.sleep(for: .milliseconds(200))
      copy.cancel()
      let error = try await failure { try await copy.value }
      #expect(error.kind == .cancelled)
      #expect(connection.isUsable)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 0)
    }
  }

  @Test("COPY through execute is refused, and the connection given up")
  func copyThroughExecute() async throws {
    try await withTable("id bigint") { table, connection in
      let error = try await failure { try await connection.run { try $0.execute("COPY \(sql: table) FROM STDIN") } }
      #expect(error.kind == .usage && !connection.isUsable)
    }
  }

  @Test("Notices reach their handler with severity and SQLSTATE")
  func notices() async throws {
    let heard = Shared<[PostgresNotice]>([])
    try await withConnection { configuration in
      configuration.onNotice = { notice in heard.change { $0.append(notice) } }
    } _: { connection in
      try await connection.run { tx in
        try tx.script("DO $$ BEGIN RAISE WARNING 'careful' USING HINT = 'look'; RAISE NOTICE 'by the way'; END $$")
      }
    }
    let notices = heard.value
    #expect(notices.map(\.severity) == ["WARNING", "NOTICE"])
    #expect(notices.map(\.message) == ["careful", "by the way"])
    #expect(notices.first?.hint == "look" && notices.first?.sqlState == "01000")
  }

  @Test("Notifications come while the connection is idle, and end with it")
  func notifications() async throws {
    try await withConnection { listener in
      let channel = "chan nel\(UInt32.random(in: 0 ..< .max))"
      try await listener.listen(channel)
      try await withConnection { sender in
        for payload in ["one", "two"] {
          try await sender.write { try $0.execute("SELECT pg_notify(\(channel), \(payload))") }
        }
      }
      var payloads: [String] = []
      for await notification in listener.notifications {
        #expect(notification.channel == channel && notification.processID > 0)
        payloads.append(notification.payload)
        if payloads.count == 2 { await listener.close() }
      }
      #expect(payloads == ["one", "two"])
    }
  }

  @Test("Two hundred thousand values are decoded in little time")
  func speed() async throws {
    try await withConnection { connection in
      let time = try await connection.read { tx in
        let sql: SQL = "SELECT g::bigint, 'name', now(), g::int, true FROM generate_series(1, 20000) AS g"
        _ = try tx.rows(sql) { try $0.int64(0) }
        var best = Duration.seconds(100)
        for _ in 0..<5 {
          let start = ContinuousClock.now
          let rows = try tx.rows(sql) { row in
            try (row.int64(0), row.string(1), row.timestamp(2), row.int(3), row.bool(4))
          }
          best = min(best, ContinuousClock.now - start)
          #expect(rows.count == 20_000)
        }
        return best
      }
      print("20,000 rows of 5 values, asked and decoded: \(time)")
      #expect(time < .seconds(2))
    }
  }
}

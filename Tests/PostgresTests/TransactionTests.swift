import Postgres
import Testing

@Suite("A transaction")
struct TransactionTests {
  private struct Stop: Error {}

  @Test("Commits when its body returns and rolls back when it throws")
  func commitAndRollback() async throws {
    try await withTable("id bigint") { table, connection in
      try await connection.write { try $0.execute("INSERT INTO \(sql: table) VALUES (1)") }
      await #expect(throws: Stop.self) {
        try await connection.write { tx in
          try tx.execute("INSERT INTO \(sql: table) VALUES (2)")
          throw Stop()
        }
      }
      let ids = try await connection.read { try $0.rows("SELECT id FROM \(sql: table)") { try $0.int64(0) } }
      #expect(ids == [1])
    }
  }

  @Test("Is rolled back and says so when a failed statement was swallowed")
  func swallowedError() async throws {
    try await withTable("id bigint PRIMARY KEY") { table, connection in
      let error = try await failure {
        try await connection.write { tx in
          try tx.execute("INSERT INTO \(sql: table) VALUES (1)")
          _ = try? tx.execute("INSERT INTO \(sql: table) VALUES (1)")
        }
      }
      #expect(error.kind == .transactionAborted && !error.isRetryable)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 0)
    }
  }

  @Test("For reading refuses to write")
  func readOnly() async throws {
    try await withTable("id bigint") { table, connection in
      let error = try await failure {
        try await connection.read { try $0.execute("INSERT INTO \(sql: table) VALUES (1)") }
      }
      #expect(error.isReadOnly && connection.isUsable)
    }
  }

  @Test("Reports a constraint that COMMIT checks")
  func deferredConstraint() async throws {
    try await withTable("id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED") { table, connection in
      let error = try await failure {
        try await connection.write { tx in
          try tx.execute("INSERT INTO \(sql: table) VALUES (1)")
          try tx.execute("INSERT INTO \(sql: table) VALUES (1)")
        }
      }
      #expect(error.isUniqueViolation && !error.isCommitUnknown && error.constraint?.isEmpty == false)
      let count = try await connection.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(count == 0)
    }
  }

  @Test("Has the isolation asked for, and a conflict is retryable")
  func isolation() async throws {
    try await withTable("id bigint, n bigint") { table, first in
      try await first.write { try $0.execute("INSERT INTO \(sql: table) VALUES (1, 0)") }
      try await withConnection { second in
        let level = try await first.write(isolation: .serializable) { tx in
          try tx.first("SHOW transaction_isolation") { try $0.string(0) }
        }
        #expect(level == "serializable")
        let error = try await failure {
          try await first.write(isolation: .repeatableRead) { tx in
            _ = try tx.rows("SELECT n FROM \(sql: table)") { try $0.int64(0) }
            _ = try blocking { try await second.write { try $0.execute("UPDATE \(sql: table) SET n = n + 1") } }
            try tx.execute("UPDATE \(sql: table) SET n = n + 1")
          }
        }
        #expect(error.isSerializationFailure && error.isRetryable)
      }
    }
  }

  @Test("An error carries SQLSTATE, constraint, statement, place, and no values")
  func errors() async throws {
    try await withTable("email text PRIMARY KEY") { table, connection in
      let secret = "someone@example.test"
      try await connection.write { try $0.execute("INSERT INTO \(sql: table) VALUES (\(secret))") }
      let error = try await failure {
        try await connection.write { try $0.execute("INSERT INTO \(sql: table) VALUES (\(secret))") }
      }
      #expect(error.sqlState == "23505" && error.isUniqueViolation && !error.isRetryable)
      #expect(error.constraint?.hasSuffix("_pkey") == true)
      #expect(error.sql?.hasSuffix("VALUES ($1)") == true)
      #expect(error.file == "PostgresTests/TransactionTests.swift" && error.line > 0)
      #expect(!"\(error)".contains(secret))
      #expect("\(error)".contains("23505"))
      let syntax = try await failure { try await connection.run { try $0.execute("SELECT FROM FROM") } }
      #expect(syntax.sqlState == "42601" && syntax.position == 13)
    }
  }

  @Test("Without statements sends nothing")
  func empty() async throws {
    try await withConnection { connection in
      expect(try await connection.write { _ in 5 }, is: 5)
      #expect(connection.isUsable)
    }
  }

  @Test("Ended inside its body is an error, and one left open by run drops the connection")
  func endedInside() async throws {
    try await withConnection { connection in
      let error = try await failure { try await connection.write { try $0.script("SELECT 1; COMMIT") } }
      #expect(error.kind == .usage)
      #expect(connection.isUsable)
      try await connection.run { try $0.script("BEGIN") }
      #expect(!connection.isUsable)
    }
  }

  @Test("A script runs many statements and reports the first that fails")
  func script() async throws {
    try await withConnection { connection in
      try await connection.write { tx in
        try tx.script("CREATE TEMP TABLE s (id int); INSERT INTO s VALUES (1), (2); SELECT * FROM s")
        expect(try tx.first("SELECT count(*) FROM s") { try $0.int(0) }, is: 2)
      }
      let error = try await failure {
        try await connection.write { try $0.script("INSERT INTO s VALUES (3);\nSELECT nonsense;") }
      }
      #expect(error.sqlState == "42703" && error.position != nil)
      expect(try await connection.run { try $0.first("SELECT count(*) FROM s") { try $0.int(0) } }, is: 2)
    }
  }

  @Test("A query inside the decoding of another works")
  func nested() async throws {
    try await withConnection { connection in
      let sums = try await connection.read { tx in
        try tx.rows("SELECT generate_series(1, 3)") { row in
          let number = try row.int64(0)
          return try tx.first("SELECT \(number) * 10") { try $0.int64(0) }
        }
      }
      #expect(sums == [10, 20, 30])
    }
  }
}

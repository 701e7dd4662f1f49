import Postgres
import Testing

@Suite("Limits of time")
struct LimitTests {
  @Test("The server's statement_timeout ends a statement and the connection lives on")
  func statementTimeout() async throws {
    try await withConnection {
      $0.statementTimeout = .milliseconds(100)
    } _: { connection in
      let error = try await failure { try await connection.write { try $0.execute("SELECT pg_sleep(5)") } }
      #expect(error.kind == .timeout && error.sqlState == "57014")
      #expect(connection.isUsable)
      expect(try await connection.run { try $0.first("SELECT 1") { try $0.int(0) } }, is: 1)
    }
  }

  @Test("The other limits and settings are set when connecting")
  func settings() async throws {
    try await withConnection { configuration in
      configuration.lockTimeout = .seconds(3)
      configuration.idleInTransactionTimeout = .milliseconds(4500)
      configuration.applicationName = "a name"
      configuration.settings = ["search_path": "pg_catalog, public", "DateStyle": "ISO, DMY"]
    } _: { connection in
      let values = try await connection.run { tx in
        try tx.first(
          """
          SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
                 current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'),
                 current_setting('search_path'), current_setting('client_encoding'), current_setting('DateStyle')
          """
        ) { row in try (0..<7).map { try row.string($0) } }
      }
      #expect(values == ["30s", "3s", "4500ms", "a name", "pg_catalog, public", "UTF8", "ISO, DMY"])
    }
  }

  @Test("Options of the connection string stay, and prevail")
  func optionsPrevail() async throws {
    try await withConnection { configuration in
      configuration.conninfo += " options='-c statement_timeout=7s -c work_mem=1234kB' application_name=mine"
    } _: { connection in
      let values = try await connection.run { tx in
        try tx.first(
          """
          SELECT current_setting('statement_timeout'), current_setting('work_mem'), current_setting('lock_timeout'),
                 current_setting('application_name')
          """
        ) { row in try (0..<4).map { try row.string($0) } }
      }
      #expect(values == ["7s", "1234kB", "10s", "mine"])
    }
  }

  @Test("A call's deadline cancels the statement on the server, and the connection lives on")
  func callDeadline() async throws {
    try await withConnection { connection in
      let time = try await elapsed {
        let error = try await failure {
          try await connection.write(timeout: .milliseconds(500)) { try $0.execute("SELECT pg_sleep(20)") }
        }
        #expect(error.kind == .timeout && !error.isCommitUnknown)
        #expect(error.sql == "SELECT pg_sleep(20)")
      }
      #expect(time > .milliseconds(490) && time < .seconds(4), "\(time)")
      #expect(connection.isUsable)
      expect(try await connection.run { try $0.first("SELECT 2") { try $0.int(0) } }, is: 2)
    }
  }

  @Test("A deadline holds for all of a call's statements together")
  func deadlineOfManyStatements() async throws {
    try await withConnection { connection in
      let error = try await failure {
        try await connection.read(timeout: .milliseconds(200)) { tx in
          for _ in 0..<100 { try tx.execute("SELECT pg_sleep(0.03)") }
        }
      }
      #expect(error.kind == .timeout && connection.isUsable)
    }
  }

  @Test("A call with a deadline may take longer than statement_timeout if it says so to the server")
  func longCall() async throws {
    try await withConnection {
      $0.statementTimeout = .milliseconds(100)
    } _: { connection in
      try await connection.write(timeout: .seconds(20)) { tx in
        try tx.execute("SET LOCAL statement_timeout = 0")
        try tx.execute("SELECT pg_sleep(1.5)")
      }
      #expect(connection.isUsable)
    }
  }

  @Test("Cancelling the task cancels the statement on the server at once")
  func cancellation() async throws {
    try await withConnection { connection in
      let time = try await elapsed {
        let task = Task { try await connection.write { try $0.execute("SELECT pg_sleep(20)") } }
        try await Task.sleep(for: .milliseconds(150))
        task.cancel()
        let error = try await failure { try await task.value }
        #expect(error.kind == .cancelled && !error.isRetryable)
      }
      #expect(time < .seconds(4), "\(time)")
      #expect(connection.isUsable)
      // Nothing of the cancel request is left to hit the next statement.
      for _ in 0..<20 { expect(try await connection.run { try $0.first("SELECT 3") { try $0.int(0) } }, is: 3) }
    }
  }

  @Test("A cancelled task starts nothing, and does not cancel the call before it")
  func cancelledInTheQueue() async throws {
    try await withConnection { connection in
      let first = Task { try await connection.run { try $0.first("SELECT pg_sleep(0.4), 5") { try $0.int(1) } } }
      try await Task.sleep(for: .milliseconds(100))
      let second = Task { try await connection.run { try $0.first("SELECT 6") { try $0.int(0) } } }
      second.cancel()
      let error = try await failure { try await second.value }
      #expect(error.kind == .cancelled)
      expect(try await first.value, is: 5)
    }
  }

  @Test("Cancelling again and again leaves every connection in order")
  func manyCancellations() async throws {
    try await withConnection { connection in
      for round in 0..<30 {
        let task = Task {
          try await connection.write { tx in
            for _ in 0..<200 { try tx.execute("SELECT pg_sleep(0.0002)") }
          }
        }
        try await Task.sleep(for: .microseconds(200 * round))
        task.cancel()
        _ = await task.result
        let answer = try await connection.run { try $0.first("SELECT \(round)") { try $0.int(0) } }
        #expect(answer == round)
      }
    }
  }

  @Test("Waiting for a lock ends with lock_timeout, which is retryable")
  func lockTimeout() async throws {
    try await withTable("id bigint") { table, first in
      try await withConnection {
        $0.lockTimeout = .milliseconds(100)
      } _: { second in
        let error = try await first.write { tx in
          try tx.execute("LOCK TABLE \(sql: table)")
          return try blocking {
            try await failure { try await second.write { try $0.execute("LOCK TABLE \(sql: table)") } }
          }
        }
        #expect(error.sqlState == "55P03" && error.isRetryable)
      }
    }
  }

  @Test("A transaction that lies idle too long is ended by the server and the error says so")
  func idleInTransaction() async throws {
    try await withConnection {
      $0.idleInTransactionTimeout = .milliseconds(100)
    } _: { connection in
      let error = try await failure {
        try await connection.write { tx in
          try tx.execute("SELECT 1")
          _ = try blocking { try await Task.sleep(for: .milliseconds(500)) }
          try tx.execute("SELECT 2")
        }
      }
      #expect(error.kind == .connectionLost && error.sqlState == "25P03" && error.isRetryable)
      #expect(!connection.isUsable)
    }
  }

  @Test("A stream of rows longer than the deadline is cut off")
  func endlessRows() async throws {
    try await withConnection { connection in
      let time = try await elapsed {
        let error = try await failure {
          try await connection.read(timeout: .milliseconds(200)) { tx in
            try tx.rows("SELECT repeat('x', 100) FROM generate_series(1, 100000000)") { _ in 0 }
          }
        }
        #expect(error.kind == .timeout)
      }
      #expect(time < .seconds(5), "\(time)")
    }
  }
}

import Postgres
import Testing

@Suite("A statement")
struct StatementTests {
  @Test("Values become numbered placeholders")
  func placeholders() {
    let name = "x'; DROP TABLE person; --"
    let sql: SQL = "SELECT * FROM person WHERE name = \(name) AND id = \(Int64(7))"
    #expect(sql.text == "SELECT * FROM person WHERE name = $1 AND id = $2")
    #expect(sql.binds.count == 2)
  }

  @Test("A spliced statement brings its values, renumbered")
  func splicing() {
    let condition: SQL = "state = \("open") AND vendor = \(3)"
    let sql: SQL = "SELECT 1 WHERE a = \(1) AND (\(sql: condition)) AND b = \(true)"
    #expect(sql.text == "SELECT 1 WHERE a = $1 AND (state = $2 AND vendor = $3) AND b = $4")
    #expect(sql.binds.count == 4)
    let joined = SQL.joined(["a = \(1)", condition], by: " OR ")
    #expect(joined.text == "a = $1 OR state = $2 AND vendor = $3")
    #expect((("x = \(1) " as SQL) + "AND y = \(2)").text == "x = $1 AND y = $2")
  }

  @Test("Raw text and quoted names enter only by their labels")
  func rawText() {
    let sql: SQL = "SELECT \(unescaped: "count(*)") FROM \(identifier: "we\"ird") WHERE a = \(1)"
    #expect(sql.text == "SELECT count(*) FROM \"we\"\"ird\" WHERE a = $1")
  }

  @Test("Its description shows no values")
  func description() {
    let secret = "hunter2"
    let sql: SQL = "SELECT \(secret)"
    #expect("\(sql)" == "SELECT $1")
  }

  @Test("What looks like SQL in a value stays a value")
  func injection() async throws {
    try await withTable("id bigint, name text") { table, connection in
      let hostile = [
        "'; DROP TABLE x; --", "\\'; SELECT 1; --", "$1", "\u{2019} OR 1=1", "{\"}', NULL, '", "%_\\", "\u{0301}'", "",
      ]
      try await connection.write { tx in
        for (id, name) in hostile.enumerated() {
          try tx.execute("INSERT INTO \(sql: table) VALUES (\(id), \(name))")
        }
      }
      let back = try await connection.read { tx in
        try tx.rows("SELECT name FROM \(sql: table) ORDER BY id") { try $0.string(0) }
      }
      #expect(back == hostile)
      let unnested = try await connection.read { tx in
        try tx.rows("SELECT unnest(\(hostile))") { try $0.string(0) }
      }
      #expect(unnested == hostile)
      let found = try await connection.read { tx in
        try tx.first("SELECT count(*) FROM \(sql: table) WHERE name = ANY(\(hostile))") { try $0.int(0) }
      }
      #expect(found == hostile.count)
    }
  }

  @Test("A NUL in a text is refused, not cut off")
  func nul() async throws {
    try await withConnection { connection in
      let text = try await failure { try await connection.run { try $0.execute("SELECT \("a\0b")") } }
      #expect(text.kind == .server)
      let inferred = try await failure {
        try await connection.run { try $0.execute("SELECT \(PostgresBind.inferred("a\0b"))::int") }
      }
      #expect(inferred.kind == .usage)
      let script = try await failure { try await connection.run { try $0.script("SELECT 1\0; SELECT 2") } }
      #expect(script.kind == .usage)
      #expect(connection.isUsable)
    }
  }

  @Test("Too many values are refused before anything is sent")
  func tooManyValues() async throws {
    try await withConnection { connection in
      let many = SQL.joined((0..<65_536).map { "\($0)" }, by: ",")
      let error = try await failure { try await connection.run { try $0.execute("SELECT \(sql: many)") } }
      #expect(error.kind == .usage)
      let most = SQL.joined((0..<65_535).map { "\($0)" }, by: ",")
      let count = try await connection.run { try $0.first("SELECT cardinality(ARRAY[\(sql: most)])") { try $0.int(0) } }
      #expect(count == 65_535)
    }
  }
}

import Postgres
import Testing

@Suite("Values make the way to the server and back")
struct TypeTests {
  @Test("Integers with their extremes")
  func integers() async throws {
    try await withConnection { connection in
      try await connection.read { tx in
        for value in [Int64.min, -1, 0, 1, .max] {
          expect(try tx.first("SELECT \(value)") { try $0.int64(0) }, is: value)
          expect(try tx.first("SELECT \(Int(value))") { try $0.int(0) }, is: Int(value))
        }
        for value in [Int32.min, -1, 0, .max] {
          expect(try tx.first("SELECT \(value)") { try $0.int32(0) }, is: value)
          expect(try tx.first("SELECT \(value)") { try $0.int64(0) }, is: Int64(value))
        }
        for value in [Int16.min, -1, 0, .max] {
          expect(try tx.first("SELECT \(value)") { try $0.int16(0) }, is: value)
          expect(try tx.first("SELECT \(value)") { try $0.int(0) }, is: Int(value))
        }
      }
    }
  }

  @Test("Booleans, doubles, texts, bytes, times and UUIDs with their extremes")
  func scalars() async throws {
    try await withConnection { connection in
      try await connection.read { tx in
        expect(try tx.first("SELECT \(true), \(false)") { try [$0.bool(0), $0.bool(1)] }, is: [true, false])
        for value in [0, -0.0, 1.5, 1e-300, .pi, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
          expect(try tx.first("SELECT \(value)") { try $0.double(0) }, is: value)
        }
        #expect(try tx.first("SELECT \(Double.nan)") { try $0.double(0) }?.isNaN == true)
        expect(try tx.first("SELECT 1.5::real") { try $0.double(0) }, is: 1.5)
        for value in ["", "é👩‍👩‍👧\n\t\\\"'", String(repeating: "ß", count: 300_000)] {
          expect(try tx.first("SELECT \(value)") { try $0.string(0) }, is: value)
        }
        for value in [[], Array(0...255), [UInt8](repeating: 0, count: 100_000)] as [[UInt8]] {
          expect(try tx.first("SELECT \(value)") { try $0.bytes(0) }, is: value)
        }
        let uuid = try #require(PostgresUUID("0123ABCD-4567-89ef-8000-ffffffffffff"))
        let text = "0123abcd-4567-89ef-8000-ffffffffffff"
        expect(try tx.first("SELECT \(uuid)") { try $0.uuid(0) }, is: uuid)
        expect(try tx.first("SELECT \(uuid)::text") { try $0.string(0) }, is: text)
        #expect("\(uuid)" == text)
        #expect(PostgresUUID("0123") == nil)
      }
    }
  }

  @Test("Moments are microseconds since 1970, infinities among them")
  func moments() async throws {
    try await withConnection { connection in
      try await connection.read { tx in
        let known: [(String, PostgresTimestamp)] = [
          ("1970-01-01 00:00:00+00", PostgresTimestamp(microseconds: 0)),
          ("2024-02-29 23:59:59.999999+00", PostgresTimestamp(microseconds: 1_709_251_199_999_999)),
          ("1969-12-31 23:59:59.999999+00", PostgresTimestamp(microseconds: -1)),
          ("infinity", .infinity), ("-infinity", .minusInfinity),
        ]
        for (text, moment) in known {
          expect(try tx.first("SELECT \(text)::timestamptz") { try $0.timestamp(0) }, is: moment)
          expect(try tx.first("SELECT \(moment) = \(text)::timestamptz") { try $0.bool(0) }, is: true)
        }
        #expect(PostgresTimestamp.minusInfinity < PostgresTimestamp(microseconds: 0))
      }
    }
  }

  @Test("Nulls of every type keep their type")
  func nulls() async throws {
    try await withConnection { connection in
      try await connection.read { tx in
        let types = try tx.first(
          """
          SELECT pg_typeof(\(nil as Int16?))::text, pg_typeof(\(nil as Int32?))::text, pg_typeof(\(nil as Int64?))::text,
                 pg_typeof(\(nil as Bool?))::text, pg_typeof(\(nil as String?))::text, pg_typeof(\(nil as Double?))::text,
                 pg_typeof(\(nil as [UInt8]?))::text, pg_typeof(\(nil as PostgresUUID?))::text,
                 pg_typeof(\(nil as PostgresTimestamp?))::text, pg_typeof(\(nil as [Int64]?))::text
          """
        ) { row in try (0..<10).map { try row.string($0) } }
        #expect(
          types == [
            "smallint", "integer", "bigint", "boolean", "text", "double precision", "bytea", "uuid",
            "timestamp with time zone", "bigint[]",
          ])
        let row = try tx.first("SELECT \(nil as Int64?), \(nil as String?), \(nil as [UInt8]?), \(nil as [String]?)") {
          try ($0.int64OrNil(0), $0.stringOrNil(1), $0.bytesOrNil(2), $0.stringArrayOrNil(3), $0.isNull(0))
        }
        let (integer, text, bytes, texts, isNull) = try #require(row)
        #expect(integer == nil && text == nil && bytes == nil && texts == nil && isNull)
      }
    }
  }

  @Test("Arrays, empty ones and ones with nulls among them")
  func arrays() async throws {
    try await withConnection { connection in
      try await connection.read { tx in
        let longs = [Int64.min, 0, .max]
        expect(try tx.first("SELECT \(longs)") { try $0.int64Array(0) }, is: longs)
        expect(try tx.first("SELECT \([] as [Int64])") { try $0.int64Array(0) }, is: [])
        expect(try tx.first("SELECT \([1, 2])") { try $0.int64Array(0) }, is: [1, 2])
        expect(try tx.first("SELECT \([Int16(3), -3])") { try $0.int64Array(0) }, is: [3, -3])
        expect(try tx.first("SELECT \([Int32.min])") { try $0.int64Array(0) }, is: [Int64(Int32.min)])
        expect(try tx.first("SELECT \([1, nil, 3] as [Int64?])") { try $0.int64OrNilArray(0) }, is: [1, nil, 3])
        let texts = ["", "a,b", "{}", "NULL", "\"\\\"", "ü"]
        expect(try tx.first("SELECT \(texts)") { try $0.stringArray(0) }, is: texts)
        expect(try tx.first("SELECT \(texts)") { try $0.stringArrayOrNil(0) }, is: texts)
        expect(try tx.first("SELECT \(["a", nil] as [String?])") { try $0.stringOrNilArray(0) }, is: ["a", nil])
        let blobs: [[UInt8]] = [[], [0, 255], [92, 34]]
        expect(try tx.first("SELECT \(blobs)") { try $0.bytesArray(0) }, is: blobs)
        expect(try tx.first("SELECT \([true, false])") { try $0.boolArray(0) }, is: [true, false])
        let moments = [PostgresTimestamp(microseconds: 5), .infinity]
        expect(try tx.first("SELECT \(moments)") { try $0.timestampArray(0) }, is: moments)
        let uuids = [PostgresUUID(high: 1, low: .max)]
        expect(try tx.first("SELECT \(uuids)") { try $0.uuidArray(0) }, is: uuids)
        let sum = try tx.first(
          "SELECT sum(x)::bigint FROM unnest(\([1, 2, 3] as [Int64]), \(["a", "b", "c"])) AS t(x, y)"
        ) {
          try $0.int64(0)
        }
        #expect(sum == 6)
      }
    }
  }

  @Test("A domain type binds as the value it wraps, in arrays and as null too")
  func domainTypes() async throws {
    struct OrderID: PostgresBindable {
      let number: Int64
      static var postgresType: PostgresType { .int8 }
      var postgresBind: PostgresBind { number.postgresBind }
    }
    enum State: String, PostgresBindable {
      case open, closed
      var postgresBind: PostgresBind { rawValue.postgresBind }
    }
    try await withConnection { connection in
      try await connection.read { tx in
        let ids = [OrderID(number: 1), OrderID(number: 2)]
        expect(try tx.first("SELECT \(ids)") { try $0.int64Array(0) }, is: [1, 2])
        expect(try tx.first("SELECT \(ids[0])") { try $0.int64(0) }, is: 1)
        expect(try tx.first("SELECT pg_typeof(\(nil as OrderID?))::text") { try $0.string(0) }, is: "bigint")
        expect(try tx.first("SELECT \(State.open)") { try $0.string(0) }, is: "open")
        expect(try tx.first("SELECT \([State.open, .closed])") { try $0.stringArray(0) }, is: ["open", "closed"])
      }
    }
  }

  @Test("JSON, enums, names and values of an inferred type")
  func others() async throws {
    try await withConnection { connection in
      try await connection.write { tx in
        try tx.execute("CREATE TYPE pg_temp.colour AS ENUM ('red', 'green')")
        let bind = PostgresBind.inferred("green")
        expect(try tx.first("SELECT \(bind)::pg_temp.colour") { try $0.string(0) }, is: "green")
        expect(try tx.first("SELECT \(PostgresBind.json("{\"a\": 1}"))") { try $0.string(0) }, is: "{\"a\": 1}")
        expect(try tx.first("SELECT '[1]'::json, 'x'::name, 'y'::char(3)") { try $0.string(0) }, is: "[1]")
        expect(try tx.first("SELECT '{\"k\":2}'::jsonb") { try $0.bytes(0) }, is: Array("{\"k\": 2}".utf8))
        expect(try tx.first("SELECT 'y'::char(3)") { try $0.string(0) }, is: "y  ")
        expect(try tx.first("SELECT 5::oid") { try $0.int(0) }, is: 5)
      }
    }
  }

  @Test("A value that cannot be read as asked names its column, the statement and the place")
  func decodeErrors() async throws {
    try await withConnection { connection in
      let null = try await failure {
        try await connection.read { try $0.rows("SELECT 1 AS a, NULL::bigint AS price") { try $0.int64(1) } }
      }
      #expect(null.kind == .decode && null.column == "price" && null.message.contains("null"))
      #expect(null.sql == "SELECT 1 AS a, NULL::bigint AS price" && null.file.hasSuffix("TypeTests.swift"))
      let type = try await failure {
        try await connection.read { try $0.rows("SELECT 1.5::numeric AS rate") { try $0.int64(0) } }
      }
      #expect(type.kind == .decode && type.column == "rate" && type.message.contains("numeric"))
      let missing = try await failure { try await connection.read { try $0.rows("SELECT 1") { try $0.int64(3) } } }
      #expect(missing.kind == .decode && missing.message.contains("no column 3"))
      let narrow = try await failure {
        try await connection.read { try $0.rows("SELECT 40000 AS n") { try $0.int16(0) } }
      }
      #expect(narrow.kind == .decode && narrow.column == "n")
      let notArray = try await failure {
        try await connection.read { try $0.rows("SELECT 'abcdefghijklmnop' AS s") { try $0.stringArray(0) } }
      }
      #expect(notArray.kind == .decode && notArray.column == "s")
      let nested = try await failure {
        try await connection.read { try $0.rows("SELECT ARRAY[[1,2],[3,4]] AS m") { try $0.int64Array(0) } }
      }
      #expect(nested.kind == .decode)
      #expect(connection.isUsable)
      expect(try await connection.run { try $0.first("SELECT 1") { try $0.int(0) } }, is: 1)
    }
  }

  @Test("A row tells its columns' names and count")
  func columns() async throws {
    try await withConnection { connection in
      let names = try await connection.read { tx in
        try tx.first("SELECT 1 AS one, 2 AS two") { row in (0..<row.count).map { row.name($0) } }
      }
      #expect(names == ["one", "two"])
    }
  }
}

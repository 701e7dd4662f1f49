/// A type of PostgreSQL by its object id; the built-in ids never change (catalog `pg_type.dat`).
package struct PostgresType: Sendable, Hashable {
  /// The object id; 0 lets the server infer the type from the statement.
  package let oid: UInt32
  /// The object id of the array of this type; 0 if it has none here.
  let arrayOID: UInt32

  package init(oid: UInt32, arrayOID: UInt32 = 0) {
    self.oid = oid
    self.arrayOID = arrayOID
  }

  /// The type of arrays of this type.
  package var array: PostgresType { PostgresType(oid: arrayOID) }

  /// The server infers the type, as for a quoted literal.
  package static let inferred = PostgresType(oid: 0)
  package static let bool = PostgresType(oid: 16, arrayOID: 1000)
  package static let bytea = PostgresType(oid: 17, arrayOID: 1001)
  package static let int8 = PostgresType(oid: 20, arrayOID: 1016)
  package static let int2 = PostgresType(oid: 21, arrayOID: 1005)
  package static let int4 = PostgresType(oid: 23, arrayOID: 1007)
  package static let text = PostgresType(oid: 25, arrayOID: 1009)
  package static let float4 = PostgresType(oid: 700, arrayOID: 1021)
  package static let float8 = PostgresType(oid: 701, arrayOID: 1022)
  package static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
  package static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
  package static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
}

/// Object ids met only when reading.
enum OID {
  static let char: UInt32 = 18
  static let name: UInt32 = 19
  static let oid: UInt32 = 26
  static let json: UInt32 = 114
  static let unknown: UInt32 = 705
  static let bpchar: UInt32 = 1042
  static let varchar: UInt32 = 1043
  static let void: UInt32 = 2278
  /// Types made by users (enums, domains' bases excepted, extensions) have ids from here on.
  static let firstUserDefined: UInt32 = 16384

  /// The built-in types of arrays that can be read.
  private static let arrays: Set<UInt32> = [
    1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1185, 2951,
  ]

  /// Whether values of a type may have the binary form of an array.
  static func mayBeArray(_ oid: UInt32) -> Bool { arrays.contains(oid) || oid >= firstUserDefined }

  private static let names: [UInt32: String] = [
    16: "boolean", 17: "bytea", 18: "\"char\"", 19: "name", 20: "bigint", 21: "smallint", 23: "integer", 25: "text",
    26: "oid", 114: "json", 700: "real", 701: "double precision", 1000: "boolean[]", 1001: "bytea[]",
    1005: "smallint[]", 1007: "integer[]", 1009: "text[]", 1016: "bigint[]", 1042: "char", 1043: "varchar",
    1082: "date", 1083: "time", 1114: "timestamp without time zone", 1184: "timestamptz", 1186: "interval",
    1700: "numeric", 2278: "void", 2950: "uuid", 3802: "jsonb", 869: "inet",
  ]

  static func describe(_ oid: UInt32) -> String { names[oid] ?? "type \(oid)" }
}

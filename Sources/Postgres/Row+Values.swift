// Single values. The types' binary forms are those of the server's `…send` functions.

extension Row {
  /// `bigint`, or any narrower integer type.
  package func int64OrNil(_ column: Int) throws -> Int64? {
    guard let (type, bytes) = try cell(column) else { return nil }
    guard let value = integer(type, bytes) else { throw wrongType(column, type, "an integer") }
    return value
  }

  package func int64(_ column: Int) throws -> Int64 {
    try required(int64OrNil(column), column, "an integer")
  }

  /// Any integer type.
  package func intOrNil(_ column: Int) throws -> Int? {
    try int64OrNil(column).map { Int($0) }
  }

  package func int(_ column: Int) throws -> Int {
    Int(try int64(column))
  }

  /// Any integer type whose value fits.
  package func int32OrNil(_ column: Int) throws -> Int32? {
    try narrow(int64OrNil(column), column)
  }

  package func int32(_ column: Int) throws -> Int32 {
    try required(int32OrNil(column), column, "an integer")
  }

  /// Any integer type whose value fits.
  package func int16OrNil(_ column: Int) throws -> Int16? {
    try narrow(int64OrNil(column), column)
  }

  package func int16(_ column: Int) throws -> Int16 {
    try required(int16OrNil(column), column, "an integer")
  }

  package func boolOrNil(_ column: Int) throws -> Bool? {
    guard let (type, bytes) = try cell(column) else { return nil }
    guard type == PostgresType.bool.oid, bytes.count == 1 else { throw wrongType(column, type, "a boolean") }
    return bytes[0] != 0
  }

  package func bool(_ column: Int) throws -> Bool {
    try required(boolOrNil(column), column, "a boolean")
  }

  /// `double precision` or `real`.
  package func doubleOrNil(_ column: Int) throws -> Double? {
    guard let (type, bytes) = try cell(column) else { return nil }
    if type == PostgresType.float8.oid, bytes.count == 8 {
      return Double(bitPattern: bytes.bigEndian(UInt64.self))
    }
    if type == PostgresType.float4.oid, bytes.count == 4 {
      return Double(Float(bitPattern: bytes.bigEndian(UInt32.self)))
    }
    throw wrongType(column, type, "a double")
  }

  package func double(_ column: Int) throws -> Double {
    try required(doubleOrNil(column), column, "a double")
  }

  /// Any type of text, a label of an enum, `json`, `jsonb`.
  package func stringOrNil(_ column: Int) throws -> String? {
    guard let (type, bytes) = try cell(column) else { return nil }
    guard let value = string(type, bytes) else { throw wrongType(column, type, "a text") }
    return value
  }

  package func string(_ column: Int) throws -> String {
    try required(stringOrNil(column), column, "a text")
  }

  /// `bytea`, or the UTF-8 bytes of a text or of a JSON value.
  package func bytesOrNil(_ column: Int) throws -> [UInt8]? {
    guard let (type, bytes) = try cell(column) else { return nil }
    if type == PostgresType.bytea.oid { return [UInt8](bytes) }
    guard let text = text(type, bytes) else { throw wrongType(column, type, "bytes") }
    return [UInt8](text)
  }

  package func bytes(_ column: Int) throws -> [UInt8] {
    try required(bytesOrNil(column), column, "bytes")
  }

  package func timestampOrNil(_ column: Int) throws -> PostgresTimestamp? {
    guard let (type, bytes) = try cell(column) else { return nil }
    guard type == PostgresType.timestamptz.oid, bytes.count == 8 else {
      throw wrongType(column, type, "a timestamptz")
    }
    return PostgresTimestamp(serverMicroseconds: bytes.bigEndian(Int64.self))
  }

  package func timestamp(_ column: Int) throws -> PostgresTimestamp {
    try required(timestampOrNil(column), column, "a timestamptz")
  }

  package func uuidOrNil(_ column: Int) throws -> PostgresUUID? {
    guard let (type, bytes) = try cell(column) else { return nil }
    guard type == PostgresType.uuid.oid, bytes.count == 16 else { throw wrongType(column, type, "a uuid") }
    return PostgresUUID(high: bytes.bigEndian(UInt64.self), low: bytes.bigEndian(UInt64.self, at: 8))
  }

  package func uuid(_ column: Int) throws -> PostgresUUID {
    try required(uuidOrNil(column), column, "a uuid")
  }
}

extension Row {
  private func narrow<Integer: FixedWidthInteger>(_ value: Int64?, _ column: Int) throws -> Integer? {
    guard let value else { return nil }
    guard let narrow = Integer(exactly: value) else {
      throw mismatch(column, "holds a number that does not fit \(Integer.bitWidth) bits")
    }
    return narrow
  }

  /// An integer of any width; nil if the type is none.
  func integer(_ type: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int64? {
    switch (type, bytes.count) {
    case (PostgresType.int8.oid, 8): bytes.bigEndian(Int64.self)
    case (PostgresType.int4.oid, 4): Int64(bytes.bigEndian(Int32.self))
    case (PostgresType.int2.oid, 2): Int64(bytes.bigEndian(Int16.self))
    case (OID.oid, 4): Int64(bytes.bigEndian(UInt32.self))
    default: nil
    }
  }

  /// A text of any type; nil if the type is none.
  func string(_ type: UInt32, _ bytes: UnsafeRawBufferPointer) -> String? {
    text(type, bytes).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a text; nil if the type is none.
  private func text(_ type: UInt32, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    switch type {
    case PostgresType.text.oid, OID.varchar, OID.bpchar, OID.name, OID.char, OID.json, OID.unknown, OID.void:
      return bytes
    case PostgresType.jsonb.oid:
      // The first byte is the version of the format.
      return bytes.count >= 1 && bytes[0] == 1 ? UnsafeRawBufferPointer(rebasing: bytes[1...]) : nil
    case OID.firstUserDefined...:
      // An enum's label or citext: text. What is not valid UTF-8 is some other type's binary form.
      return String(validating: bytes, as: UTF8.self) == nil ? nil : bytes
    default:
      return nil
    }
  }
}

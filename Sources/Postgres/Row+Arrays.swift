// One-dimensional arrays, in the binary form of `array_send`.

extension Row {
  /// Any array of integers without nulls.
  package func int64ArrayOrNil(_ column: Int) throws -> [Int64]? {
    try array(column, "an array of integers") { type, bytes in integer(type, bytes) }
  }

  package func int64Array(_ column: Int) throws -> [Int64] {
    try required(int64ArrayOrNil(column), column, "an array of integers")
  }

  /// Any array of texts or enum labels without nulls.
  package func stringArrayOrNil(_ column: Int) throws -> [String]? {
    try array(column, "an array of texts") { type, bytes in string(type, bytes) }
  }

  package func stringArray(_ column: Int) throws -> [String] {
    try required(stringArrayOrNil(column), column, "an array of texts")
  }

  package func bytesArrayOrNil(_ column: Int) throws -> [[UInt8]]? {
    try array(column, "an array of bytea") { type, bytes in
      type == PostgresType.bytea.oid ? [UInt8](bytes) : nil
    }
  }

  package func bytesArray(_ column: Int) throws -> [[UInt8]] {
    try required(bytesArrayOrNil(column), column, "an array of bytea")
  }

  package func boolArrayOrNil(_ column: Int) throws -> [Bool]? {
    try array(column, "an array of booleans") { type, bytes in
      type == PostgresType.bool.oid && bytes.count == 1 ? bytes[0] != 0 : nil
    }
  }

  package func boolArray(_ column: Int) throws -> [Bool] {
    try required(boolArrayOrNil(column), column, "an array of booleans")
  }

  package func timestampArrayOrNil(_ column: Int) throws -> [PostgresTimestamp]? {
    try array(column, "an array of timestamptz") { type, bytes in
      guard type == PostgresType.timestamptz.oid, bytes.count == 8 else { return nil }
      return PostgresTimestamp(serverMicroseconds: bytes.bigEndian(Int64.self))
    }
  }

  package func timestampArray(_ column: Int) throws -> [PostgresTimestamp] {
    try required(timestampArrayOrNil(column), column, "an array of timestamptz")
  }

  package func uuidArrayOrNil(_ column: Int) throws -> [PostgresUUID]? {
    try array(column, "an array of uuid") { type, bytes in
      type == PostgresType.uuid.oid ? PostgresUUID(bytes: bytes) : nil
    }
  }

  package func uuidArray(_ column: Int) throws -> [PostgresUUID] {
    try required(uuidArrayOrNil(column), column, "an array of uuid")
  }

  /// Any array of integers, nulls kept.
  package func int64OrNilArray(_ column: Int) throws -> [Int64?] {
    let values = try elements(column, "an array of integers") { type, bytes in integer(type, bytes) }
    return try required(values, column, "an array of integers")
  }

  /// Any array of texts, nulls kept.
  package func stringOrNilArray(_ column: Int) throws -> [String?] {
    let values = try elements(column, "an array of texts") { type, bytes in string(type, bytes) }
    return try required(values, column, "an array of texts")
  }
}

extension Row {
  private func array<T>(
    _ column: Int, _ wanted: String, _ decode: (UInt32, UnsafeRawBufferPointer) -> T?
  ) throws -> [T]? {
    guard let elements = try elements(column, wanted, decode) else { return nil }
    return try elements.map { element in
      guard let element else { throw mismatch(column, "holds a null where \(wanted) without nulls was asked for") }
      return element
    }
  }

  private func elements<T>(
    _ column: Int, _ wanted: String, _ decode: (UInt32, UnsafeRawBufferPointer) -> T?
  ) throws -> [T?]? {
    guard let (arrayType, bytes) = try cell(column) else { return nil }
    let header = 12
    guard OID.mayBeArray(arrayType), bytes.count >= header else { throw wrongType(column, arrayType, wanted) }
    let dimensions = bytes.bigEndian(Int32.self)
    let type = bytes.bigEndian(UInt32.self, at: 8)
    if dimensions == 0 { return [] }
    guard dimensions == 1, bytes.count >= 20 else { throw wrongType(column, arrayType, wanted) }
    let count = Int(bytes.bigEndian(Int32.self, at: 12))
    var offset = 20
    var out: [T?] = []
    out.reserveCapacity(max(0, min(count, bytes.count / 4)))
    for _ in 0..<max(0, count) {
      guard offset + 4 <= bytes.count else { throw wrongType(column, arrayType, wanted) }
      let length = Int(bytes.bigEndian(Int32.self, at: offset))
      offset += 4
      if length < 0 {
        out.append(nil)
        continue
      }
      guard offset + length <= bytes.count,
        let value = decode(type, UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
      else { throw wrongType(column, arrayType, wanted) }
      out.append(value)
      offset += length
    }
    return out
  }
}

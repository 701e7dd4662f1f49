import CLibpq

/// One row of a result, valid only inside the closure that is given it: the compiler lets it go nowhere else.
///
/// Columns count from 0. Each accessor copies the value out, or throws `PostgresError` of kind `.decode` that names the
/// column if the value is null or of another type.
package struct Row: ~Escapable {
  private let result: OpaquePointer
  private let types: UnsafeBufferPointer<UInt32>
  private let index: Int32

  @_lifetime(borrow result)
  init(_ result: borrowing QueryResult, types: UnsafeBufferPointer<UInt32>, index: Int32) {
    self.result = result.pointer
    self.types = types
    self.index = index
  }

  /// How many columns there are.
  package var count: Int { types.count }

  /// A column's name; empty beyond the last.
  package func name(_ column: Int) -> String {
    PQfname(result, Int32(truncatingIfNeeded: column)).map { String(cString: $0) } ?? ""
  }

  /// Whether a value is null; also true beyond the last column.
  package func isNull(_ column: Int) -> Bool {
    column < 0 || column >= types.count || PQgetisnull(result, index, Int32(column)) == 1
  }

  /// A value's type and bytes; nil for a null. The bytes live as long as the row.
  func cell(_ column: Int) throws -> (type: UInt32, bytes: UnsafeRawBufferPointer)? {
    guard column >= 0, column < types.count else {
      throw PostgresError(.decode, "there is no column \(column): the result has \(types.count)")
    }
    let column32 = Int32(truncatingIfNeeded: column)
    if PQgetisnull(result, index, column32) == 1 { return nil }
    let length = Int(PQgetlength(result, index, column32))
    return (types[column], UnsafeRawBufferPointer(start: PQgetvalue(result, index, column32), count: length))
  }

  /// The value, or the error that says it is null.
  func required<T>(_ value: T?, _ column: Int, _ wanted: String) throws -> T {
    guard let value else { throw mismatch(column, "is null where \(wanted) was asked for") }
    return value
  }

  /// The error for a column that cannot be read as asked.
  func mismatch(_ column: Int, _ problem: String) -> PostgresError {
    var error = PostgresError(.decode, "column \(column) \"\(name(column))\" \(problem)")
    error.column = name(column)
    return error
  }

  /// The error for a column of another type.
  func wrongType(_ column: Int, _ type: UInt32, _ wanted: String) -> PostgresError {
    mismatch(column, "is of type \(OID.describe(type)) where \(wanted) was asked for; cast it in the statement")
  }
}

extension UnsafeRawBufferPointer {
  /// A big-endian integer at an offset.
  func bigEndian<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int = 0) -> Integer {
    Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }
}

/// A value that can be bound to a statement.
///
/// A domain type conforms by delegating to the value it wraps:
/// `extension OrderID: PostgresBindable { var postgresBind: PostgresBind { rawValue.postgresBind } }`. It should also
/// give `postgresType`, so that a null and an array of it carry the type; arrays need it.
package protocol PostgresBindable {
  /// The type of the values of this Swift type; `.inferred` unless given.
  static var postgresType: PostgresType { get }
  /// The value as a parameter.
  var postgresBind: PostgresBind { get }
}

extension PostgresBindable {
  package static var postgresType: PostgresType { .inferred }
}

extension Int16: PostgresBindable {
  package static var postgresType: PostgresType { .int2 }
  package var postgresBind: PostgresBind { PostgresBind(.int2, .word(UInt64(UInt16(bitPattern: self)), width: 2)) }
}

extension Int32: PostgresBindable {
  package static var postgresType: PostgresType { .int4 }
  package var postgresBind: PostgresBind { PostgresBind(.int4, .word(UInt64(UInt32(bitPattern: self)), width: 4)) }
}

extension Int64: PostgresBindable {
  package static var postgresType: PostgresType { .int8 }
  package var postgresBind: PostgresBind { PostgresBind(.int8, .word(UInt64(bitPattern: self), width: 8)) }
}

extension Int: PostgresBindable {
  package static var postgresType: PostgresType { .int8 }
  package var postgresBind: PostgresBind { Int64(self).postgresBind }
}

extension Bool: PostgresBindable {
  package static var postgresType: PostgresType { .bool }
  package var postgresBind: PostgresBind { PostgresBind(.bool, .word(self ? 1 : 0, width: 1)) }
}

extension Double: PostgresBindable {
  package static var postgresType: PostgresType { .float8 }
  package var postgresBind: PostgresBind { PostgresBind(.float8, .word(bitPattern, width: 8)) }
}

extension String: PostgresBindable {
  package static var postgresType: PostgresType { .text }
  package var postgresBind: PostgresBind { PostgresBind(.text, .utf8(self)) }
}

extension Substring: PostgresBindable {
  package static var postgresType: PostgresType { .text }
  package var postgresBind: PostgresBind { String(self).postgresBind }
}

extension PostgresTimestamp: PostgresBindable {
  package static var postgresType: PostgresType { .timestamptz }
  package var postgresBind: PostgresBind {
    PostgresBind(.timestamptz, .word(UInt64(bitPattern: serverMicroseconds), width: 8))
  }
}

extension PostgresUUID: PostgresBindable {
  package static var postgresType: PostgresType { .uuid }
  package var postgresBind: PostgresBind { PostgresBind(.uuid, .binary(bytes)) }
}

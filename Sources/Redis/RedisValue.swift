/// A reply of Redis (RESP 2).
package enum RedisValue: Sendable, Equatable {
  /// A bulk string: any bytes.
  case string([UInt8])
  /// A 64-bit signed integer.
  case integer(Int64)
  /// An array, possibly nested (hiredis reads up to seven levels).
  case array([RedisValue])
  /// Nil: a missing key, an expired wait.
  case null
  /// A simple string such as `OK`.
  case status(String)
  /// An error reply inside a pipeline or an array, such as `WRONGTYPE Operation against …`.
  case error(String)

  /// The bytes of a bulk string or a status, else nil.
  package var bytes: [UInt8]? {
    switch self {
    case .string(let bytes): bytes
    case .status(let text): Array(text.utf8)
    default: nil
    }
  }

  /// A bulk string or a status as text (invalid UTF-8 is replaced), or an integer's digits; else nil.
  package var text: String? {
    switch self {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text): text
    case .integer(let number): String(number)
    default: nil
    }
  }

  /// An integer reply, or a string that is one.
  package var int: Int64? {
    switch self {
    case .integer(let number): number
    case .string, .status: text.flatMap { Int64($0) }
    default: nil
    }
  }

  /// The elements of an array, else nil.
  package var elements: [RedisValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// Whether the reply is nil.
  package var isNull: Bool { self == .null }
}

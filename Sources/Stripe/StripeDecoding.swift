import FoundationEssentials

/// A body that is not what its type promises. The path is written as in JSON: `data.object.amount_total`.
package struct StripeDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  package let path: String
  package let reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  package var description: String {
    path.isEmpty ? reason : "\(path): \(reason)"
  }

  init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(path: Self.path(context.codingPath + [key]), reason: "missing")
    case .valueNotFound(_, let context):
      self.init(path: Self.path(context.codingPath), reason: "null where a value is due")
    case .typeMismatch(let type, let context):
      self.init(path: Self.path(context.codingPath), reason: "not \(Self.name(of: type))")
    case .dataCorrupted(let context):
      self.init(path: Self.path(context.codingPath), reason: "unreadable")
    @unknown default:
      self.init(path: "", reason: "unreadable")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    var path = ""
    for key in keys {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return path
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Int64.Type, is Int.Type, is Int64?.Type: "a whole number"
    case is Bool.Type: "true or false"
    default: "what was expected"
    }
  }
}

/// Decodes Stripe's JSON with errors that name their path.
enum StripeJSON {
  static func decode<T: Decodable>(_ type: T.Type, from body: [UInt8]) throws(StripeDecodingError) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch let error as DecodingError {
      throw StripeDecodingError(error)
    } catch let error as StripeDecodingError {
      throw error
    } catch {
      throw StripeDecodingError(path: "", reason: "not JSON")
    }
  }
}

/// A string of Stripe's that is one of a set they may extend: known values are named, unknown ones are kept.
package protocol StripeOpenString: RawRepresentable, Hashable, Sendable, Decodable, CustomStringConvertible
where RawValue == String {
  init(rawValue: String)
}

extension StripeOpenString {
  /// Takes any string: one that is not known is kept as it is.
  package init(from decoder: any Decoder) throws {
    self.init(rawValue: try decoder.singleValueContainer().decode(String.self))
  }

  package var description: String { rawValue }
}

/// A member's name as Stripe writes it.
struct StripeKey: CodingKey, ExpressibleByStringLiteral {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringLiteral value: StaticString) { stringValue = value.description }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

typealias StripeContainer = KeyedDecodingContainer<StripeKey>

extension KeyedDecodingContainer where Key == StripeKey {
  /// A member that must be there.
  func required<T: Decodable>(_ key: StripeKey) throws -> T {
    try placing(key) { try decode(T.self, forKey: key) }
  }

  /// A member that may be missing or null.
  func optional<T: Decodable>(_ key: StripeKey) throws -> T? {
    try placing(key) { try decodeIfPresent(T.self, forKey: key) }
  }

  /// For a number that does not fit, Foundation throws an error of its own without a path: makes it one with a path.
  private func placing<T: Decodable>(_ key: StripeKey, _ decode: () throws -> T) throws -> T {
    do {
      return try decode()
    } catch  where !(error is DecodingError) {
      throw DecodingError.typeMismatch(T.self, .init(codingPath: codingPath + [key], debugDescription: ""))
    }
  }

  /// An object within, or nil where it is missing or null.
  func nested(_ key: StripeKey) throws -> StripeContainer? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    return try nestedContainer(keyedBy: StripeKey.self, forKey: key)
  }

  /// An expandable field: the id it names, whether it is a string or the object itself.
  func reference(_ key: StripeKey) throws -> String? {
    try decodeIfPresent(StripeReference.self, forKey: key)?.id
  }

  /// Metadata; empty where it is missing or null.
  func metadata() throws -> [String: String] {
    try decodeIfPresent([String: String].self, forKey: "metadata") ?? [:]
  }

  /// The elements of a list object within (`{"object":"list","data":[…]}`), or nil where there is none.
  func list<T: Decodable>(_ key: StripeKey) throws -> [T]? {
    try nested(key)?.optional("data")
  }
}

/// An id, or an object that has one.
private struct StripeReference: Decodable {
  let id: String

  init(from decoder: any Decoder) throws {
    if let id = try? decoder.singleValueContainer().decode(String.self) {
      self.id = id
    } else {
      self.id = try decoder.container(keyedBy: StripeKey.self).required("id")
    }
  }
}

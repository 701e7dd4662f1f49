import FoundationEssentials
package import Market
package import Store

/// `POST /v1/checkout`, valid in form.
package struct CheckoutRequest: Sendable {
  package let listing: ListingID
  package let wish: ReservationWish

  /// Reads `{"listing_id": 1, "quantity": 1, "email": "…", "name": "…", "locale": "en"}`; all but the listing and the
  /// address may be absent. Throws a `Problem` that names every field that is wrong.
  package static func parse(_ body: [UInt8]) throws(Problem) -> CheckoutRequest {
    guard let members = try? JSONDecoder().decode([String: JSONScalar].self, from: Data(body)) else {
      throw Problem(400, "MALFORMED", "The body must be one JSON object of plain values.")
    }
    var reader = FieldReader(members: members)
    let listing = reader.integer("listing_id", in: 1...Int64.max)
    let quantity = reader.integer("quantity", in: 1...100, fallback: 1)
    let email = reader.text("email", isRequired: true, wanted: "an e-mail address is wanted", EmailAddress.isValid)
    let name = reader.text("name", wanted: "at most 120 characters, without control characters") {
      $0.count <= 120 && SafeText.isSafe($0) && $0.contains { !$0.isWhitespace }
    }
    let locale = reader.text("locale", wanted: "a language like “en” or “es-MX” is wanted", isLocale)
    reader.refuseUnknown()
    guard reader.problems.isEmpty, let listing, let quantity, let email else {
      throw Problem(422, "INVALID", "Some fields cannot be taken as they are.", fields: reader.problems)
    }
    return CheckoutRequest(
      listing: ListingID(listing),
      wish: ReservationWish(quantity: Int(quantity), email: email, name: name, locale: locale ?? "en"))
  }

  private static func isLocale(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z]{2}(-[A-Z]{2})?/) != nil
  }
}

/// What an address must be so that mail can be sent to it: one `@`, a local part and a domain name, in ASCII.
enum EmailAddress {
  static func isValid(_ text: String) -> Bool {
    guard text.utf8.count <= 254, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count), isLocalPart(parts[0]) else { return false }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return labels.count >= 2 && labels.allSatisfy(isLabel)
  }

  /// A dot-atom (RFC 5322 § 3.2.3). Quoted local parts are legal, and nobody has one.
  private static func isLocalPart(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty && atom.utf8.allSatisfy { !"()<>[]:;@\\,.\"".utf8.contains($0) }
    }
  }

  /// RFC 1123 § 2.1.
  private static func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
      && label.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: "-")
      }
  }
}

/// A JSON value that is no object and no list.
private enum JSONScalar: Decodable {
  case text(String)
  case integer(Int64)
  case null
  case other

  init(from decoder: any Decoder) throws {
    guard let container = try? decoder.singleValueContainer() else {
      self = .other
      return
    }
    if container.decodeNil() {
      self = .null
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let number = try? container.decode(Int64.self) {
      self = .integer(number)
    } else {
      self = .other
    }
  }
}

/// Takes fields out of a body, and keeps account of what is wrong.
private struct FieldReader {
  let members: [String: JSONScalar]
  var problems: [Problem.Field] = []
  private var known: Set<String> = []

  init(members: [String: JSONScalar]) {
    self.members = members
  }

  mutating func integer(_ name: String, in range: ClosedRange<Int64>, fallback: Int64? = nil) -> Int64? {
    known.insert(name)
    switch members[name] {
    case .integer(let number) where range.contains(number): return number
    case nil where fallback != nil: return fallback
    case nil: problems.append(.init(name, "is missing"))
    default:
      let limit = range.upperBound == .max ? "" : " to \(range.upperBound)"
      problems.append(.init(name, "a whole number from \(range.lowerBound)\(limit) is wanted"))
    }
    return nil
  }

  mutating func text(
    _ name: String, isRequired: Bool = false, wanted: String, _ isValid: (String) -> Bool
  ) -> String? {
    known.insert(name)
    switch members[name] {
    case .text(let text) where isValid(text): return text
    case nil where !isRequired, .null where !isRequired: break
    case nil: problems.append(.init(name, "is missing"))
    default: problems.append(.init(name, wanted))
    }
    return nil
  }

  mutating func refuseUnknown() {
    for name in members.keys.sorted() where !known.contains(name) {
      problems.append(.init(String(name.prefix(64)), "is no field of a checkout"))
    }
  }
}

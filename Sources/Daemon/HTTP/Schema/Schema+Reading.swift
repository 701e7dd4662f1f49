import Stripe

extension Schema {
  /// Reads a body that must be JSON of this shape. Throws 400 where it is no JSON, 422 naming every field that is wrong.
  package func read(_ body: [UInt8]) throws(Problem) -> JSONValue {
    let value: JSONValue
    do throws(JSONScanner.Failure) {
      value = try JSONValue.parse(body)
    } catch {
      throw Problem(
        400, "MALFORMED", "The body must be JSON: \(error.reason), at byte \(error.offset).")
    }
    let problems = problems(with: value)
    guard problems.isEmpty else { throw .invalid(problems) }
    return value
  }
}

extension Problem {
  /// Fields of the body that cannot be taken; each is named by its JSON pointer (RFC 6901).
  static func invalid(_ fields: [Field]) -> Problem {
    Problem(422, "INVALID", "Some fields cannot be taken as they are.", fields: fields)
  }
}

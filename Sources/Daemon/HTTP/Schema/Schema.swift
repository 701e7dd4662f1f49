/// The shape of a JSON value: what a request's body is judged by, and what the API's document shows of it.
package indirect enum Schema: Sendable {
  case boolean
  case integer(ClosedRange<Int64>)
  case string(TextRule)
  case array(of: Schema, count: ClosedRange<Int>)
  /// Members that are not listed are refused.
  case object([Property])
  case nullable(Schema)
  /// One that the document shows under a name, to refer to.
  case named(String, Schema)

  package struct Property: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool
    let about: String?

    /// A member that must be there.
    init(_ name: String, _ schema: Schema, _ about: String? = nil) {
      self.name = name
      self.schema = schema
      self.isRequired = true
      self.about = about
    }

    /// A member that may be absent.
    init(optional name: String, _ schema: Schema, _ about: String? = nil) {
      self.name = name
      self.schema = schema
      self.isRequired = false
      self.about = about
    }
  }

  /// Problems told of one request at most.
  static let problemLimit = 32

  /// What is wrong with `value`, field by field; empty where it fits.
  package func problems(with value: JSONValue) -> [Problem.Field] {
    var problems: [Problem.Field] = []
    judge(value, at: "", into: &problems)
    return problems
  }

  private func judge(_ value: JSONValue, at pointer: String, into problems: inout [Problem.Field]) {
    guard problems.count < Self.problemLimit else { return }
    switch (self, value) {
    case (.named(_, let schema), _): schema.judge(value, at: pointer, into: &problems)
    case (.nullable, .null): break
    case (.nullable(let schema), _): schema.judge(value, at: pointer, into: &problems)
    case (.boolean, .bool): break
    case (.integer(let range), .integer(let number)) where range.contains(number): break
    case (.string(let rule), .string(let text)) where rule.accepts(text): break
    case (.array(let schema, let count), .array(let elements)) where count.contains(elements.count):
      for (index, element) in elements.enumerated() {
        schema.judge(element, at: "\(pointer)/\(index)", into: &problems)
      }
    case (.object(let properties), .object(let members)):
      Self.judge(members, by: properties, at: pointer, into: &problems)
    default: problems.append(Problem.Field(pointer, wanted))
    }
  }

  private static func judge(
    _ members: [JSONValue.Member], by properties: [Property], at pointer: String, into problems: inout [Problem.Field]
  ) {
    for property in properties {
      let place = "\(pointer)/\(property.name)"
      if let member = members.first(where: { $0.name == property.name }) {
        property.schema.judge(member.value, at: place, into: &problems)
      } else if property.isRequired {
        problems.append(Problem.Field(place, "is missing"))
      }
    }
    for member in members where !properties.contains(where: { $0.name == member.name }) {
      guard problems.count < problemLimit else { return }
      problems.append(Problem.Field("\(pointer)/\(token(member.name))", "is not known here"))
    }
  }

  /// A member's name within a JSON pointer (RFC 6901), short enough to be shown.
  private static func token(_ name: String) -> String {
    String(name.prefix(64)).replacing("~", with: "~0").replacing("/", with: "~1")
  }

  /// The rest of a sentence that begins with the field.
  var wanted: String {
    switch self {
    case .boolean: "true or false is wanted"
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound) is wanted"
        : "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted"
    case .string(let rule): rule.wanted
    case .array(_, let count): "a list of \(count.lowerBound) to \(count.upperBound) is wanted"
    case .object: "an object is wanted"
    case .nullable(let schema), .named(_, let schema): schema.wanted
    }
  }
}

extension Schema.Property {
  static func id(_ name: String, _ about: String? = nil) -> Self { Self(name, .integer(1...Int64.max), about) }
}

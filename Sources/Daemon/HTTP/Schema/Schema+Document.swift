extension Schema {
  /// As JSON Schema 2020-12, which OpenAPI 3.1 speaks. Named schemas are referred to.
  var document: JSONValue {
    switch self {
    case .boolean: return ["type": "boolean"]
    case .integer(let range):
      var members: [JSONValue.Member] = [
        .init(name: "type", value: "integer"), .init(name: "format", value: "int64"),
        .init(name: "minimum", value: .integer(range.lowerBound)),
      ]
      if range.upperBound != .max { members.append(.init(name: "maximum", value: .integer(range.upperBound))) }
      return .object(members)
    case .string(let rule): return Self.document(rule)
    case .array(let schema, let count):
      return [
        "type": "array", "items": schema.document, "minItems": .integer(Int64(count.lowerBound)),
        "maxItems": .integer(Int64(count.upperBound)),
      ]
    case .object(let properties):
      return [
        "type": "object",
        "properties": .object(properties.map { .init(name: $0.name, value: $0.document) }),
        "required": .array(properties.filter(\.isRequired).map { .string($0.name) }),
        "additionalProperties": false,
      ]
    case .nullable(let schema): return ["anyOf": [schema.document, ["type": "null"]]]
    case .named(let name, _): return ["$ref": .string("#/components/schemas/\(name)")]
    }
  }

  private static func document(_ rule: TextRule) -> JSONValue {
    var members: [JSONValue.Member] = [.init(name: "type", value: "string")]
    if rule.words.isEmpty {
      members.append(.init(name: "minLength", value: .integer(Int64(rule.length.lowerBound))))
      members.append(.init(name: "maxLength", value: .integer(Int64(rule.length.upperBound))))
    } else {
      members.append(.init(name: "enum", value: .array(rule.words.map { .string($0) })))
    }
    if let pattern = rule.pattern { members.append(.init(name: "pattern", value: .string(pattern))) }
    if let format = rule.format { members.append(.init(name: "format", value: .string(format))) }
    return .object(members)
  }

  /// The named schemas in this one, itself included, each with its shape.
  var names: [(name: String, schema: Schema)] {
    switch self {
    case .boolean, .integer, .string: []
    case .array(let schema, _), .nullable(let schema): schema.names
    case .object(let properties): properties.flatMap(\.schema.names)
    case .named(let name, let schema): [(name, schema)] + schema.names
    }
  }
}

extension Schema.Property {
  var document: JSONValue {
    guard let about, case .object(let members) = schema.document else { return schema.document }
    return .object(members + [.init(name: "description", value: .string(about))])
  }
}

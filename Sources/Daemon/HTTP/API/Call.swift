import HTTPTypes
package import Hummingbird

/// A request to an endpoint, its parameters judged.
package struct Call: Sendable {
  package let request: Request
  package let context: WebContext
  private let values: [String: JSONValue]

  /// Throws a `Problem` that names every parameter that is wrong.
  init(_ endpoint: Endpoint, _ request: Request, _ context: WebContext) throws(Problem) {
    self.request = request
    self.context = context
    guard endpoint.isStrict else {
      values = [:]
      return
    }
    var values: [String: JSONValue] = [:]
    var problems: [Problem.Field] = []
    for parameter in endpoint.parameters {
      let given = Self.given(parameter, request, context)
      if given.count > 1 {
        problems.append(.init(parameter.name, "is wanted once"))
      } else if let text = given.first {
        let value = Self.value(text, parameter.schema)
        values[parameter.name] = value
        problems += parameter.schema.problems(with: value).map { Problem.Field(parameter.name, $0.message) }
      } else if parameter.isRequired {
        problems.append(.init(parameter.name, "is missing"))
      }
    }
    let known = endpoint.parameters.filter { $0.place == .query }.map(\.name)
    for (name, _) in request.uri.queryParameters where !known.contains(String(name)) {
      guard problems.count < Schema.problemLimit else { break }
      problems.append(.init(String(name.prefix(64)), "is no parameter here"))
    }
    guard problems.isEmpty else {
      throw Problem(400, "INVALID", "Some parameters cannot be taken as they are.", fields: problems)
    }
    self.values = values
  }

  private static func given(_ parameter: Endpoint.Parameter, _ request: Request, _ context: WebContext) -> [String] {
    switch parameter.place {
    case .query: request.uri.queryParameters[values: Substring(parameter.name)].map(String.init)
    case .path: context.parameters.get(parameter.name).map { [$0] } ?? []
    case .header: HTTPField.Name(parameter.name).map { request.headers[values: $0] } ?? []
    }
  }

  private static func value(_ text: String, _ schema: Schema) -> JSONValue {
    if case .integer = schema, let number = Int64(text), String(number) == text { return .integer(number) }
    return .string(text)
  }

  func text(_ name: String) -> String? { values[name]?.text }

  func whole(_ name: String) -> Int64? { values[name]?.whole }

  /// What stands behind `Bearer` in `Authorization`.
  var bearer: String? {
    guard let header = request.headers[.authorization] else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return String(parts[1])
  }

  /// Refuses a body that does not say that it is JSON.
  func demandJSON() throws(Problem) {
    let type = request.headers[.contentType] ?? ""
    let parts = type.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
    let isUTF8 = parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
    guard parts.first == "application/json", isUTF8 else {
      throw Problem(
        415, "UNSUPPORTED_MEDIA_TYPE", "The body must be JSON in UTF-8: Content-Type: application/json.",
        fields: [.init("Content-Type", "application/json is wanted")], closesConnection: true)
    }
  }
}

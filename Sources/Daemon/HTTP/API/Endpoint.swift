package import Market

/// One endpoint as it is declared: its line in the policy, what it takes and what it answers. Requests are judged by
/// this, and the API's document is made from it.
package struct Endpoint: Sendable {
  package struct Parameter: Sendable {
    package enum Place: String, Sendable {
      case path, query, header
    }

    let name: String
    let place: Place
    let schema: Schema
    let isRequired: Bool
    let about: String
    let example: JSONValue

    static func query(_ name: String, _ schema: Schema, _ about: String, example: JSONValue) -> Self {
      Self(name: name, place: .query, schema: schema, isRequired: false, about: about, example: example)
    }

    static func path(_ name: String, _ schema: Schema, _ about: String, example: JSONValue) -> Self {
      Self(name: name, place: .path, schema: schema, isRequired: true, about: about, example: example)
    }

    static func header(_ name: String, _ schema: Schema, _ about: String, example: JSONValue) -> Self {
      Self(name: name, place: .header, schema: schema, isRequired: false, about: about, example: example)
    }
  }

  package enum Content: Sendable {
    case none
    case json(Schema, example: JSONValue)
    /// Of another media type.
    case other(String)
  }

  package struct Answer: Sendable {
    let status: Int
    let about: String
    let content: Content
  }

  package let rule: EndpointRule
  /// What generated clients call it.
  package let id: String
  package let summary: String
  var parameters: [Parameter] = []
  /// What its body must be.
  var body: Content = .none
  var answers: [Answer]
  /// The refusals to reckon with, beside those that any request may meet.
  var refusals: [Int] = []

  /// Whether it is one of those whose every parameter is judged. Pages and webhooks come from programs that add what they
  /// like.
  var isStrict: Bool { rule.path.hasPrefix("/v1/") }
}

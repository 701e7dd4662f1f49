import Market

/// The API's document (OpenAPI 3.1), made from what is served.
package enum OpenAPIDocument {
  /// - Parameter server: the address at which it is served.
  package static func make(_ endpoints: [Endpoint], server: String, version: String = "1") -> JSONValue {
    var paths: [JSONValue.Member] = []
    for path in endpoints.map(\.rule.path).uniqued {
      let operations = endpoints.filter { $0.rule.path == path }
      paths.append(
        .init(
          name: path,
          value: .object(operations.map { .init(name: $0.rule.method.lowercased(), value: operation($0)) })))
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "GlobalKeyMarket", "version": .string(version),
        "description": .string(
          "Amounts are whole numbers in the currency's smallest unit, as Stripe counts them. Refusals are "
            + "application/problem+json (RFC 9457); `errors` names each field at fault by its JSON pointer."),
      ],
      "servers": [["url": .string(server)]],
      "paths": .object(paths),
      "components": ["schemas": schemas(endpoints), "securitySchemes": securitySchemes],
    ]
  }

  private static func operation(_ endpoint: Endpoint) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init(name: "operationId", value: .string(endpoint.id)),
      .init(name: "summary", value: .string(endpoint.summary)),
      .init(name: "tags", value: [.string(endpoint.rule.resource.rawValue)]),
    ]
    if !endpoint.parameters.isEmpty {
      members.append(.init(name: "parameters", value: .array(endpoint.parameters.map(parameter))))
    }
    if let content = content(endpoint.body) {
      members.append(.init(name: "requestBody", value: ["required": true, "content": content]))
    }
    members.append(.init(name: "responses", value: responses(endpoint)))
    members.append(.init(name: "security", value: security(endpoint.rule)))
    return .object(members)
  }

  private static func parameter(_ parameter: Endpoint.Parameter) -> JSONValue {
    [
      "name": .string(parameter.name), "in": .string(parameter.place.rawValue), "required": .bool(parameter.isRequired),
      "description": .string(parameter.about), "schema": parameter.schema.document, "example": parameter.example,
    ]
  }

  private static func content(_ content: Endpoint.Content) -> JSONValue? {
    switch content {
    case .none: nil
    case .json(let schema, let example): ["application/json": ["schema": schema.document, "example": example]]
    case .other(let type): .object([.init(name: type, value: [:])])
    }
  }

  private static func responses(_ endpoint: Endpoint) -> JSONValue {
    var members = endpoint.answers.map { answer -> JSONValue.Member in
      var parts: [JSONValue.Member] = [.init(name: "description", value: .string(answer.about))]
      if let content = content(answer.content) { parts.append(.init(name: "content", value: content)) }
      return .init(name: String(answer.status), value: .object(parts))
    }
    for status in endpoint.refusals {
      members.append(.init(name: String(status), value: refusal(Problem.about[status] ?? "The request is refused.")))
    }
    members.append(.init(name: "default", value: refusal("What any request may meet.")))
    return .object(members)
  }

  private static func refusal(_ about: String) -> JSONValue {
    [
      "description": .string(about),
      "content": [
        "application/problem+json": ["schema": Problem.schema.document, "example": Problem.example]
      ],
    ]
  }

  private static func schemas(_ endpoints: [Endpoint]) -> JSONValue {
    var known: [JSONValue.Member] = []
    let contents = endpoints.flatMap { [$0.body] + $0.answers.map(\.content) }
    let used = contents.compactMap { content in if case .json(let schema, _) = content { schema } else { nil } }
    for (name, schema) in (used + [Problem.schema]).flatMap(\.names) where !known.contains(where: { $0.name == name }) {
      known.append(.init(name: name, value: schema.document))
    }
    return .object(known)
  }

  private static func security(_ rule: EndpointRule) -> JSONValue {
    switch rule.caller {
    case .anyone, .monitor: []
    case .stripe: [["stripeSignature": []]]
    // A page's token stands in its path.
    case .orderHolder: rule.path.contains("{token}") ? [] : [["orderToken": []]]
    }
  }

  private static let securitySchemes: JSONValue = [
    "orderToken": [
      "type": "http", "scheme": "bearer",
      "description": "The token that came with the order, or stands in the link of its mail.",
    ],
    "stripeSignature": ["type": "apiKey", "in": "header", "name": "Stripe-Signature"],
  ]
}

extension Problem {
  static let schema = Schema.named(
    "Problem",
    .object([
      .init("type", .string(.plain(200))), .init("title", .string(.plain(200))),
      .init("status", .integer(400...599)),
      .init("code", .string(.plain(64)), "What programs go by: `SOLD_OUT`, `INVALID`, …"),
      .init("detail", .string(.plain(2_000)), "One sentence for people."),
      .init(optional: "left", .integer(0...Int64.max), "With `STOCK_CHANGED`: how many there are."),
      .init(optional: "limit", .integer(0...Int64.max), "With `TOO_LARGE`: how many bytes a body may have."),
      .init(
        optional: "errors",
        .array(
          of: .object([
            .init("field", .string(.label), "A JSON pointer into the body, or a parameter's or header's name."),
            .init("message", .string(.plain(2_000))),
          ]), count: 1...40)),
    ]))

  static let example: JSONValue = [
    "type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "INVALID",
    "detail": "Some fields cannot be taken as they are.",
    "errors": [["field": "/lines/0/quantity", "message": "a whole number from 1 to 100 is wanted"]],
  ]

  /// What a status means here.
  static let about: [Int: String] = [
    400: "The request cannot be read, or a parameter cannot be taken.",
    401: "An order's token is wanted: `Authorization: Bearer …`.",
    403: "The code is wrong, was used, is too old, or was guessed at too often.",
    404: "There is nothing of that name, or it is not yours.",
    408: "The body took too long.",
    409: "It cannot be had as things stand: sold out, changed, busy, not paid yet.",
    413: "The body is too large.",
    415: "The body is no JSON in UTF-8.",
    422: "Fields of the body, or its Idempotency-Key, cannot be taken.",
    429: "Asked too often; `Retry-After` says when to come again.",
    502: "Stripe refused what the order came to.",
    503: "It cannot be served just now; `Retry-After` says when to come again.",
  ]
}

extension Array where Element: Hashable {
  /// Each once, where it stands first.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

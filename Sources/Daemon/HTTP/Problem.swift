import HTTPTypes
package import Hummingbird
import NIOCore

/// A refusal, as `application/problem+json` (RFC 9457).
package struct Problem: Error, Sendable, Equatable, Codable {
  /// One field of the request that is wrong.
  package struct Field: Sendable, Equatable, Codable {
    /// A JSON pointer into the body (RFC 6901), or the name of a parameter or header.
    package let name: String
    package let message: String

    package init(_ name: String, _ message: String) {
      self.name = name
      self.message = message
    }
  }

  package var status: Int
  /// What programs go by: `SOLD_OUT`, `INVALID`, …
  package var code: String
  /// One sentence for people.
  package var detail: String
  package var fields: [Field] = []
  /// Seconds.
  package var retryAfter: Int?
  /// Further members.
  package var numbers: [String: Int64] = [:]
  /// Whether the connection is closed after the answer, because the rest of the request is not read.
  package var closesConnection = false

  package init(
    _ status: Int, _ code: String, _ detail: String, fields: [Field] = [], retryAfter: Int? = nil,
    numbers: [String: Int64] = [:], closesConnection: Bool = false
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.fields = fields
    self.retryAfter = retryAfter
    self.numbers = numbers
    self.closesConnection = closesConnection
  }

  /// The statuses' names (RFC 9110 § 15, RFC 6585).
  private static let titles = [
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
  ]

  package static let notFound = Problem(404, "NOT_FOUND", "There is nothing here.")
  package static let failed = Problem(500, "FAILED", "Something went wrong here. Nothing was charged.")
  package static let unavailable = Problem(
    503, "UNAVAILABLE", "This cannot be served just now. Please come again.", retryAfter: 2)
  package static let tooMany = Problem(
    429, "TOO_MANY_REQUESTS", "Too many requests. Please wait a moment.", retryAfter: 60)

  package var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.member("type", "about:blank")
      json.member("title", Self.titles[status] ?? "Refused")
      json.member("status", Int64(status))
      json.member("code", code)
      json.member("detail", detail)
      for (name, number) in numbers.sorted(by: { $0.key < $1.key }) { json.member(name, number) }
      if !fields.isEmpty {
        json.array("errors") { json in
          for field in fields {
            json.object { json in
              json.member("field", field.name)
              json.member("message", field.message)
            }
          }
        }
      }
    }
    var response = Response.bytes(json.bytes, type: "application/problem+json", status: .init(code: status))
    if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    if closesConnection { response.closeAfterwards() }
    return response
  }
}

extension Response {
  /// An answer of known bytes that no one may keep.
  static func bytes(_ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok) -> Response {
    var headers = HTTPFields()
    headers[.contentType] = type
    headers[.cacheControl] = "no-store"
    headers[.xContentTypeOptions] = "nosniff"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  static func json(_ writer: JSONWriter, status: HTTPResponse.Status = .ok) -> Response {
    bytes(writer.bytes, type: "application/json", status: status)
  }

  /// Ends the connection once the answer is written: what is left of the request is not read.
  mutating func closeAfterwards() {
    headers[.connection] = "close"
    let body = body
    let length = body.contentLength
    self.body = ResponseBody(contentLength: length) { writer in
      try await body.write(writer)
      throw ConnectionClosed()
    }
  }
}

/// Thrown behind an answer, to close its connection.
private struct ConnectionClosed: Error {}

extension HTTPField.Name {
  static let xForwardedFor = named("X-Forwarded-For")
  static let stripeSignature = named("Stripe-Signature")
  static let referrerPolicy = named("Referrer-Policy")
  static let xFrameOptions = named("X-Frame-Options")
  static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
  static let crossOriginResourcePolicy = named("Cross-Origin-Resource-Policy")
  static let permissionsPolicy = named("Permissions-Policy")
  static let xRobotsTag = named("X-Robots-Tag")

  /// A name that is known to be one.
  private static func named(_ name: String) -> Self {
    guard let field = Self(name) else { preconditionFailure("\(name) is no name of a header") }
    return field
  }
}

/// A request over HTTPS or HTTP.
package struct HTTPRequest: Sendable {
  package var method: String
  /// Absolute, `https://` or `http://`.
  package var url: String
  package var headers: [(String, String)]
  package var body: [UInt8]
  /// The whole exchange, including waiting for a connection.
  package var timeout: Duration
  /// Resolving, connecting and TLS.
  package var connectTimeout: Duration
  package var followRedirects = false
  package var maximumResponseBytes = 4 << 20
  /// Asked with each numeric address before a connection to it is opened or used again; false refuses it. For URLs that
  /// other people may choose: the check is made on what was resolved, so that no name can lead inside.
  package var allowedAddress: (@Sendable (String) -> Bool)?
  /// PEM file of the authorities to trust instead of the system's.
  package var authorities: String?

  package init(
    method: String = "GET", url: String, headers: [(String, String)] = [], body: [UInt8] = [],
    timeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(5)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.connectTimeout = connectTimeout
  }
}

/// What the server answered; any status counts as an answer.
package struct HTTPResponse: Sendable {
  package var status: Int
  /// In the order received, of the final answer alone.
  package var headers: [(String, String)]
  package var body: [UInt8]

  package init(status: Int, headers: [(String, String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, whatever its case.
  package func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.0.lowercased() == wanted }?.1
  }
}

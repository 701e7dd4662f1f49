/// What anybody who reaches the daemon's port tries. Requests end with `Connection: close` where nothing else is tried
/// with the connection.
enum HTTPAttacks {
  /// What there is to aim at.
  struct Target: Sendable {
    /// Of a paid order with a key.
    var token: String
    var order: String
    /// Signs a body as Stripe does, so many seconds ago.
    var sign: @Sendable (_ body: String, _ secret: String?, _ age: Int64) -> String

    /// For counting.
    static let none = Target(token: "token", order: "GK-X", sign: { _, _, _ in "" })
  }

  static func all(_ target: Target) -> [Attack] {
    signatures(target) + tokens(target) + paths + bodies(target) + framing + headers(target)
  }

  static let event =
    #"{"id":"evt_attack","object":"event","api_version":"2025-09-30.clover","created":1767225600,"livemode":false,"type":"checkout.session.completed","data":{"object":{"id":"cs_test_1","object":"checkout.session","payment_status":"paid"}}}"#

  private static func post(_ path: String, _ body: String, _ headers: String...) -> String {
    let lines = ["POST \(path) HTTP/1.1", "Host: shop.example", "Content-Length: \(body.utf8.count)"]
    return (lines + headers + ["Connection: close", "", body]).joined(separator: "\r\n")
  }

  private static func get(_ path: String, _ headers: String...) -> String {
    (["GET \(path) HTTP/1.1", "Host: shop.example"] + headers + ["Connection: close", "", ""]).joined(separator: "\r\n")
  }

  private static func webhook(_ signature: String...) -> String {
    post("/webhooks/stripe", event, signature.map { "Stripe-Signature: \($0)" }.joined(separator: "\r\n"))
  }

  private static func signatures(_ target: Target) -> [Attack] {
    let right = target.sign(event, nil, 0)
    let (time, code) = (right.prefix { $0 != "," }, right.drop { $0 != "=" }.dropFirst().drop { $0 != "=" }.dropFirst())
    let unsigned = post("/webhooks/stripe", event, "X-Nothing: here")
    return [
      .http("tell of a payment without a signature", unsigned, 400),
      .http("tell of a payment with an empty signature", webhook(""), 400),
      .http("tell of a payment signed by another secret", webhook(target.sign(event, "whsec_other", 0)), 400),
      .http("tell of a payment signed by no secret at all", webhook(target.sign(event, "", 0)), 400),
      .http("tell of a payment once more, six minutes later", webhook(target.sign(event, nil, 360)), 400),
      .http("tell of a payment of the future", webhook(target.sign(event, nil, -360)), 400),
      .http("tell of a payment by the old scheme", webhook("\(time),v0=\(code)"), 400),
      .http("tell of a payment with the time of another", webhook("t=1,v1=\(code)"), 400),
      .http("tell of a payment with two times", webhook("t=1,\(time),v1=\(code)"), 400),
      .http("tell of a payment with half a signature", webhook("\(time),v1=\(code.prefix(32))"), 400),
      .http(
        "tell of a payment with a signature in capitals of another body",
        webhook(target.sign(event + " ", nil, 0)), 400),
      .http(
        "tell of a payment with a megabyte of signatures",
        webhook("\(time)," + String(repeating: "v1=\(String(repeating: "0", count: 64)),", count: 100)), 400),
      .http(
        "tell of a payment as a form", post("/webhooks/stripe", "id=evt_attack&type=x", "Stripe-Signature: t=1"), 400),
      .http("send the event with GET", get("/webhooks/stripe", "Stripe-Signature: \(right)"), 405),
      .http(
        "send the event to the path with a slash behind",
        post("/webhooks/stripe/", event, "Stripe-Signature: nonsense"), 400),
    ]
  }

  private static func tokens(_ target: Target) -> [Attack] {
    let bearer = "Authorization: Bearer \(target.token)"
    let wrong = String(target.token.reversed())
    return [
      .http("read an order without its token", get("/v1/orders/\(target.order)"), 401),
      .http(
        "read an order with a token of nobody's", get("/v1/orders/\(target.order)", "Authorization: Bearer \(wrong)"),
        404),
      .http(
        "read an order with a cut token",
        get("/v1/orders/\(target.order)", "Authorization: Bearer \(target.token.dropLast())"), 404),
      .http(
        "read an order with its token as a password",
        get("/v1/orders/\(target.order)", "Authorization: Basic \(target.token)"), 401),
      .http("read an order with its token in the query", get("/v1/orders/\(target.order)?token=\(target.token)"), 400),
      .http("read another order with a token", get("/v1/orders/1000", bearer), 404),
      .http("read an order by a pattern", get("/v1/orders/GK-%25", bearer), 400),
      .http("read all orders", get("/v1/orders/", bearer), 404),
      .http("read an order by SQL", get("/v1/orders/1%20OR%201=1", bearer), 400),
      .http("see a page with a token of nobody's", get("/o/\(wrong)"), 404),
      .http("see keys with a token of nobody's", post("/o/\(wrong)/reveal", ""), 404),
      .http("see keys by a link that mail scanners follow", get("/o/\(target.token)/reveal"), 405),
      .http(
        "open the portal without a token",
        post("/v1/portal", #"{"order":"\#(target.order)"}"#, "Content-Type: application/json"), 401),
      .http(
        "prove an address with a code that was made up",
        post("/v1/lookups/code", #"{"request":"AAAA","code":"000000"}"#, "Content-Type: application/json"), 403),
      .http(
        "see orders of an address with a code that was made up",
        post("/lookup/code", "request=AAAA&code=000000", "Content-Type: application/x-www-form-urlencoded"), 403),
    ]
  }

  private static let paths: [Attack] = [
    .http("walk up from the assets", get("/assets/../../etc/passwd"), 404),
    .http("walk up from the assets in escapes", get("/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), 404),
    .http("walk up from the assets in double escapes", get("/assets/%252e%252e/etc/passwd"), 404),
    .http("end an asset's name with a NUL", get("/assets/x.css%00.png"), 404),
    .http("read the figures on the public port", get("/metrics"), 404),
    .http("name the metrics with two slashes", get("//metrics"), 404),
    .http("find something to debug", get("/debug/vars"), 404),
    .http("find the source", get("/.git/config"), 404),
    .http("find the environment", get("/.env"), 404),
    .http(
      "ask as a proxy for another machine",
      "GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n", 404),
    .http(
      "connect through as a proxy",
      "CONNECT 127.0.0.1:5432 HTTP/1.1\r\nHost: 127.0.0.1:5432\r\nConnection: close\r\n\r\n", 404),
    .http("have the request told back", "TRACE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    .http("delete a listing", "DELETE /v1/listings/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    .http(
      "write a listing", "PUT /v1/listings/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 405
    ),
    .http("override the method", post("/v1/listings/1", "", "X-HTTP-Method-Override: DELETE"), 405),
    .http("make a method up", "PWN /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
    .http("ask for a listing below all numbers", get("/v1/listings/-9223372036854775809"), 400),
    .http("put SQL into the catalogue's search", get("/v1/catalogue?text=%27%3B%20DROP%20TABLE%20x%3B--"), 200),
    .http("page with a cursor of one's own", get("/v1/catalogue?cursor=%FF%FF%FF"), 400),
    .http("put a line break into a path", get("/v1/listings/1%0d%0aX-Evil:%20yes"), 400),
  ]

  private static func bodies(_ target: Target) -> [Attack] {
    let json = "Content-Type: application/json"
    let deep = String(repeating: "[", count: 6_000) + String(repeating: "]", count: 6_000)
    return [
      .http(
        "check out as a form", post("/v1/checkout", "lines=1", "Content-Type: application/x-www-form-urlencoded"), 415),
      .http(
        "check out as text, as other sites' forms can", post("/v1/checkout", "{}", "Content-Type: text/plain"), 415),
      .http(
        "check out below zero",
        post("/v1/checkout", #"{"lines":[{"listing_id":1,"quantity":-5}],"email":"a@b.example"}"#, json), 422),
      .http(
        "check out with a price of one's own",
        post("/v1/checkout", #"{"lines":[{"listing_id":1,"price":1}],"email":"a@b.example"}"#, json), 422),
      .http(
        "check out with a header in the address",
        post("/v1/checkout", #"{"lines":[{"listing_id":1}],"email":"a@b.example\r\nBcc: x@y.example"}"#, json), 422),
      .http(
        "check out with the same name twice",
        post("/v1/checkout", #"{"lines":[],"lines":[{"listing_id":1}],"email":"a@b.example"}"#, json), 400),
      .http("bury the parser", post("/v1/checkout", deep, json), 400),
      .http(
        "send a number without an end",
        post("/v1/checkout", #"{"lines":[{"listing_id":1\#(String(repeating: "0", count: 5_000))}]}"#, json), 422),
      .http("send what is no UTF-8", post("/v1/checkout", "{\"email\":\"\u{0}\"}", json), 400),
      .http(
        "send more than is taken",
        post("/v1/checkout", String(repeating: "x", count: 20_000), json), 413),
      .http(
        "announce more than is taken and wait",
        "POST /v1/checkout HTTP/1.1\r\nHost: x\r\n\(json)\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n",
        413),
      .http(
        "announce more than fits a number",
        "POST /v1/checkout HTTP/1.1\r\nHost: x\r\n\(json)\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
      .http(
        "send more pieces than are taken",
        "POST /v1/checkout HTTP/1.1\r\nHost: x\r\n\(json)\r\nTransfer-Encoding: chunked\r\n\r\n"
          + String(repeating: "1000\r\n\(String(repeating: "x", count: 4_096))\r\n", count: 6) + "0\r\n\r\n", 413),
    ]
  }

  private static let framing: [Attack] = [
    .http(
      "give two lengths",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
      400),
    .http(
      "give a length and pieces",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400),
    .http(
      "give a length of less than nothing",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n", 400),
    .http(
      "give a length with a sign",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: +2\r\n\r\n{}", 400),
    .http(
      "encode twice",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      400),
    .http(
      "encode otherwise",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      400),
    .http(
      "put a space before the colon",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      400),
    .http("fold a header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n", 400),
    .http("begin with a header", "GET /healthz HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n", 400),
    .http("put a NUL into a header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n", 400),
    .http("put a NUL into the path", "GET /healthz\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    .http(
      "write a piece's length that is no number",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
      400),
    .http(
      "write a piece's length past all numbers",
      "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n",
      400),
    .http("speak another version", "GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n", 400),
    .http("speak no version", "GET /healthz\r\n\r\n", 400),
    .http("speak something else", "EHLO evil.example\r\n", 400),
    .http("begin with TLS", "\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n", 400),
  ]

  private static func headers(_ target: Target) -> [Attack] {
    [
      .http("send a header of a megabyte", get("/healthz", "X-A: \(String(repeating: "x", count: 1 << 20))"), 400),
      .http(
        "send ten thousand headers", get("/healthz", (0..<10_000).map { "X-\($0): y" }.joined(separator: "\r\n")), 400),
      .http("ask for a path of a megabyte", get("/\(String(repeating: "x", count: 1 << 20))"), 400),
      .http(
        "show two tokens",
        get("/v1/orders/\(target.order)", "Authorization: Bearer AAAA", "Authorization: Bearer \(target.token)"), 404),
    ]
  }
}

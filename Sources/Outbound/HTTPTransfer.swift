internal import CCurl

/// One HTTP exchange under way. Confined to the loop's thread, which keeps it alive while libcurl knows it.
final class HTTPTransfer {
  static let maximumHeaderBytes = 256 << 10

  let id: UInt64
  let easy: CurlEasy
  let deadline: ContinuousClock.Instant
  private let request: HTTPRequest
  private let headerLines = CurlList()
  private let resume: @Sendable (Result<HTTPResponse, OutboundError>) -> Void

  private var headers: [(String, String)] = []
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var isTooLarge = false
  private var refusedAddress: String?

  init(_ submission: HTTPSubmission, _ easy: CurlEasy, now: ContinuousClock.Instant) {
    deadline = now + submission.request.timeout
    id = submission.id
    request = submission.request
    resume = submission.resume
    self.easy = easy
    configure()
  }

  private func configure() {
    easy.set(CURLOPT_URL, request.url)
    easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
    easy.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    easy.set(CURLOPT_TIMEOUT_MS, milliseconds: request.timeout)
    easy.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds: request.connectTimeout)
    if request.followRedirects {
      easy.set(CURLOPT_FOLLOWLOCATION, 1)
      easy.set(CURLOPT_MAXREDIRS, 5)
    }
    if let authorities = request.authorities { easy.set(CURLOPT_CAINFO, authorities) }
    gkm_curl_set_size(easy.raw, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maximumResponseBytes))
    setMethodAndBody()
    setHeaders()
    setCallbacks()
  }

  private func setMethodAndBody() {
    switch request.method {
    case "GET" where request.body.isEmpty: easy.set(CURLOPT_HTTPGET, 1)
    case "HEAD": easy.set(CURLOPT_NOBODY, 1)
    default:
      if request.method == "POST" || !request.body.isEmpty {
        gkm_curl_set_size(easy.raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        request.body.withUnsafeBytes { bytes in
          // Copied by libcurl; an empty array has no address, and libcurl then expects one.
          withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { empty in
            let address = bytes.baseAddress.flatMap { bytes.isEmpty ? nil : UnsafeMutableRawPointer(mutating: $0) }
            gkm_curl_set_pointer(easy.raw, CURLOPT_COPYPOSTFIELDS, address ?? empty.baseAddress)
          }
        }
      }
      if request.method != "POST" { easy.set(CURLOPT_CUSTOMREQUEST, request.method) }
    }
  }

  private func setHeaders() {
    for (name, value) in request.headers {
      headerLines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    // libcurl would add these by itself: a type that may be wrong, and a wait for 100 Continue.
    if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) { headerLines.append("Content-Type:") }
    headerLines.append("Expect:")
    gkm_curl_set_pointer(easy.raw, CURLOPT_HTTPHEADER, headerLines.raw)
  }

  private func setCallbacks() {
    let context = Unmanaged.passUnretained(self).toOpaque()
    gkm_curl_set_data_callback(easy.raw, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let context, let bytes else { return 0 }
      let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    gkm_curl_set_pointer(easy.raw, CURLOPT_WRITEDATA, context)
    gkm_curl_set_data_callback(easy.raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let context, let bytes else { return 0 }
      let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    gkm_curl_set_pointer(easy.raw, CURLOPT_HEADERDATA, context)
    guard request.allowedAddress != nil else { return }
    gkm_curl_set_open_socket(
      easy.raw,
      { context, _, address in
        guard let context, let address else { return CURL_SOCKET_BAD }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.allows(numericAddress(address)) ? gkm_curl_open_socket(address) : CURL_SOCKET_BAD
      }, context)
    // A connection that an unchecked request opened must not be used around the check.
    gkm_curl_set_prerequest(
      easy.raw,
      { context, remote, _, _, _ in
        guard let context, let remote else { return CURL_PREREQFUNC_ABORT }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.allows(String(cString: remote)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
      }, context)
  }

  private func allows(_ address: String?) -> Bool {
    guard let allowed = request.allowedAddress else { return true }
    if let address, allowed(address.withoutIPv4Mapping) { return true }
    refusedAddress = address ?? "of an unknown kind"
    return false
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= request.maximumResponseBytes else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= Self.maximumHeaderBytes else {
      isTooLarge = true
      return 0
    }
    let line = String(decoding: bytes, as: UTF8.self).trimmedSpaces
    if line.hasPrefix("HTTP/") {
      headers.removeAll()
    } else if let colon = line.firstIndex(of: ":") {
      headers.append((String(line[..<colon]), String(line[line.index(after: colon)...]).trimmedSpaces))
    }
    return bytes.count
  }

  /// libcurl is done with the exchange.
  func finish(_ code: CURLcode) {
    guard code != CURLE_OK else {
      let status = gkm_curl_get_long(easy.raw, CURLINFO_RESPONSE_CODE)
      resume(.success(HTTPResponse(status: status, headers: headers, body: body)))
      return
    }
    if let refusedAddress {
      fail(OutboundError(.addressRefused, "requests to the address \(refusedAddress) are not allowed"))
    } else if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
      let limit = request.maximumResponseBytes
      fail(OutboundError(.tooLarge, "the answer is larger than \(limit) bytes", mayHaveBeenSent: true))
    } else {
      fail(OutboundError(.init(code), easy.message(code)))
    }
  }

  /// Ends the exchange with an error, which learns here whether any of the request was sent.
  func fail(_ error: OutboundError) {
    var error = error
    if gkm_curl_get_long(easy.raw, CURLINFO_REQUEST_SIZE) > 0 { error.mayHaveBeenSent = true }
    resume(.failure(error))
  }
}

private func numericAddress(_ address: UnsafePointer<curl_sockaddr>) -> String? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
    guard let base = buffer.baseAddress, gkm_curl_address_text(address, base, buffer.count) == 0 else { return nil }
    return String(cString: base)
  }
}

extension String {
  fileprivate var trimmedSpaces: String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar == " " || scalar == "\t" || scalar == "\r" || scalar == "\n"
    }
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(scalars[first...last])
  }

  /// `::ffff:10.0.0.1` is `10.0.0.1`.
  fileprivate var withoutIPv4Mapping: String {
    lowercased().hasPrefix("::ffff:") && contains(".") ? String(dropFirst(7)) : self
  }
}

internal import CCurl
import Glibc

/// libcurl initialised, once for the process; false when it refuses.
let isCurlReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// An internationalised host name in its ASCII form (IDNA), or nil when it has none.
func asciiHost(_ name: String) -> String? {
  guard let text = gkm_curl_ascii_host(name) else { return nil }
  defer { curl_free(text) }
  return String(cString: text)
}

/// The multi handle. Unchecked: everything but `wake` is called by the loop's thread alone, and `wake` is the one call
/// that libcurl documents as safe from any thread. Both hold a reference, so none can outlive it.
final class CurlMulti: @unchecked Sendable {
  let raw: UnsafeMutableRawPointer

  /// Nil when libcurl cannot be initialised.
  init?(connectionsPerHost: Int) {
    guard isCurlReady, let raw = curl_multi_init() else { return nil }
    self.raw = raw
    gkm_curl_multi_set_long(raw, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
    gkm_curl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, 64)
  }

  deinit {
    curl_multi_cleanup(raw)
  }

  func wake() {
    curl_multi_wakeup(raw)
  }
}

/// An easy handle with its error text. Confined to the loop's thread.
final class CurlEasy {
  let raw: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>

  /// Nil when memory is exhausted.
  init?() {
    guard let raw = curl_easy_init() else { return nil }
    self.raw = raw
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    gkm_curl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
    // No signals in a library; threads block SIGPIPE instead. QUICK_EXIT: never wait for a name service that a
    // cancelled transfer no longer needs.
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    // The environment's proxies are not ours to follow: allowedAddress must see the real address.
    set(CURLOPT_PROXY, "")
    // Ours are not inherited by programs that this process starts.
    gkm_curl_set_open_socket(
      raw, { _, _, address in address.map { gkm_curl_open_socket($0) } ?? CURL_SOCKET_BAD }, nil)
  }

  deinit {
    curl_easy_cleanup(raw)
    errorText.deallocate()
  }

  func set(_ option: CURLoption, _ value: Int) {
    gkm_curl_set_long(raw, option, value)
  }

  func set(_ option: CURLoption, _ value: String) {
    gkm_curl_set_string(raw, option, value)
  }

  func set(_ option: CURLoption, milliseconds: Duration) {
    set(option, max(1, milliseconds.wholeMilliseconds))
  }

  /// The failure's text: libcurl's own words, or the code's meaning.
  func message(_ code: CURLcode) -> String {
    let text = String(cString: errorText)
    return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
  }
}

/// A list of header lines as libcurl wants it.
final class CurlList {
  private(set) var raw: UnsafeMutablePointer<curl_slist>?

  func append(_ line: String) {
    if let longer = curl_slist_append(raw, line) { raw = longer }
  }

  deinit {
    curl_slist_free_all(raw)
  }
}

extension Duration {
  /// Rounded up, bounded to what an Int32 holds.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    guard seconds < 2_000_000 else { return 2_000_000_000 }
    return max(0, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }
}

extension OutboundError.Kind {
  /// What a transfer's result code means.
  init(_ code: CURLcode) {
    self =
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST: .resolve
      case CURLE_COULDNT_CONNECT, CURLE_REMOTE_ACCESS_DENIED: .connect
      case CURLE_OPERATION_TIMEDOUT: .timeout
      case CURLE_LOGIN_DENIED: .login
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalid
      case CURLE_FILESIZE_EXCEEDED: .tooLarge
      case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE: .disconnected
      case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .protocolViolation
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
        CURLE_SSL_CACERT_BADFILE, CURLE_USE_SSL_FAILED, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
        CURLE_SSL_CLIENTCERT:
        .tls
      default: .other
      }
  }
}

import FoundationEssentials
import Market
import Outbound

/// When the other side asks to be tried again.
enum RetryAsked {
  /// `Retry-After` in seconds or as a date (RFC 9110 § 10.2.3); else `retry_after` of a JSON body, in seconds: Discord's
  /// own member and the one in Telegram's `parameters`.
  static func duration(_ response: HTTPResponse, now: Instant) -> Duration? {
    if let text = response.header("Retry-After") {
      if let seconds = Double(text), seconds.isFinite, seconds >= 0 { return .seconds(min(seconds, 1e6)) }
      if let date = httpDate(text) { return max(.zero, date - now) }
    }
    guard response.status == 429, let body = body(response.body) else { return nil }
    guard let seconds = body.retryAfter ?? body.parameters?.retryAfter, seconds.isFinite, seconds >= 0 else {
      return nil
    }
    return .seconds(min(seconds, 1e6))
  }

  private static func body(_ bytes: [UInt8]) -> Body? {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try? decoder.decode(Body.self, from: Data(bytes))
  }

  private struct Body: Decodable {
    struct Parameters: Decodable {
      var retryAfter: Double?
    }
    var retryAfter: Double?
    var parameters: Parameters?
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func httpDate(_ text: String) -> Instant? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
      words[1].count == 2, words[3].count == 4
    else { return nil }
    let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
    return Instant(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
  }
}

import Glibc
package import Logging
import Market

/// One JSON object per log line: `time`, `level`, `message`, `logger`, then the metadata, whose names are stable:
/// `order`, `event`, `delivery`, `listing`, `job`, `error`. Never a secret, a key or an address of a customer.
package struct JSONLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let sink: LogSink

  package init(label: String, level: Logger.Level = .info, sink: LogSink) {
    self.label = label
    self.logLevel = level
    self.sink = sink
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    if let error = event.error { all["error"] = "\(error)" }
    sink.write(Self.line(level: event.level, message: event.message.description, label: label, metadata: all))
  }

  static func line(level: Logger.Level, message: String, label: String, metadata: Logger.Metadata) -> [UInt8] {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var json = JSONWriter(reserving: 320)
    json.object { json in
      json.member(
        "time", Instant(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000).rfc3339Microseconds)
      json.member("level", level.rawValue)
      json.member("message", message)
      json.member("logger", label)
      for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { write(value, named: name, to: &json) }
    }
    return json.bytes + [0x0A]
  }

  private static func write(_ value: Logger.Metadata.Value, named name: String, to json: inout JSONWriter) {
    switch value {
    case .string(let text): json.member(name, text)
    case .stringConvertible(let value): json.member(name, value.description)
    case .dictionary, .array: json.member(name, "\(value)")
    }
  }
}

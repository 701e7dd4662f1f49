internal import CHiredis

/// Cuts the bytes of a connection into replies, with hiredis' incremental reader. Confined to one thread.
struct ReplyReader: ~Copyable {
  private let reader: UnsafeMutablePointer<redisReader>
  private let maximumReplyBytes: Int
  /// Bytes fed since the last complete reply.
  private var unfinished = 0

  /// Nil when memory is exhausted.
  init?(maximumReplyBytes: Int) {
    guard let reader = redisReaderCreate() else { return nil }
    self.reader = reader
    self.maximumReplyBytes = maximumReplyBytes
  }

  deinit {
    redisReaderFree(reader)
  }

  mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
    unfinished += bytes.count
    guard unfinished <= maximumReplyBytes else {
      throw RedisError(.protocolViolation, "a reply larger than \(maximumReplyBytes) bytes")
    }
    let base = bytes.assumingMemoryBound(to: CChar.self).baseAddress
    guard redisReaderFeed(reader, base, bytes.count) == REDIS_OK else { throw failure() }
  }

  /// The next complete reply, or nil when more bytes are needed.
  mutating func next() throws(RedisError) -> RedisValue? {
    var raw: UnsafeMutableRawPointer?
    guard redisReaderGetReply(reader, &raw) == REDIS_OK else { throw failure() }
    guard let raw else { return nil }
    unfinished = 0
    let reply = Reply(raw)
    return reply.value()
  }

  private func failure() -> RedisError {
    let text = withUnsafePointer(to: reader.pointee.errstr) { tuple in
      tuple.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
    }
    return RedisError(.protocolViolation, text)
  }
}

/// Owns one parsed reply; freed at the end of its scope.
private struct Reply: ~Copyable {
  private let raw: UnsafeMutableRawPointer

  init(_ raw: UnsafeMutableRawPointer) {
    self.raw = raw
  }

  deinit {
    freeReplyObject(raw)
  }

  /// Copies the reply out of hiredis' memory.
  func value() -> RedisValue {
    Self.copy(raw.assumingMemoryBound(to: redisReply.self).pointee)
  }

  private static func copy(_ reply: redisReply) -> RedisValue {
    switch reply.type {
    case REDIS_REPLY_STRING:
      return .string(Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len)))
    case REDIS_REPLY_STATUS:
      return .status(String(decoding: UnsafeRawBufferPointer(start: reply.str, count: reply.len), as: UTF8.self))
    case REDIS_REPLY_ERROR:
      return .error(String(decoding: UnsafeRawBufferPointer(start: reply.str, count: reply.len), as: UTF8.self))
    case REDIS_REPLY_INTEGER:
      return .integer(reply.integer)
    case REDIS_REPLY_ARRAY:
      let elements = UnsafeBufferPointer(start: reply.element, count: reply.elements)
      return .array(elements.map { $0.map { copy($0.pointee) } ?? .null })
    default:
      return .null
    }
  }
}

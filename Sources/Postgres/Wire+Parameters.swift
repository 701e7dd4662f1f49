import CLibpq

extension Wire {
  /// The protocol counts parameters in sixteen bits.
  private static let parameterLimit = 65_535
  /// A value may have at most this many bytes (the server's limit for one field).
  private static let valueLimit = 1 << 30 - 1

  /// Refuses, before anything is sent, what could not be sent whole.
  static func validate(_ sql: SQL) throws(PostgresError) {
    if sql.binds.count > parameterLimit {
      throw PostgresError(.usage, "a statement binds \(sql.binds.count) values; at most \(parameterLimit) go")
    }
    for (index, bind) in sql.binds.enumerated() {
      switch bind.content {
      case .text(let text) where text.utf8.contains(0):
        throw PostgresError(.usage, "the text of parameter $\(index + 1) holds a NUL")
      case .utf8(let text) where text.utf8.count > valueLimit:
        throw PostgresError(.usage, "parameter $\(index + 1) is longer than \(valueLimit) bytes")
      case .binary(let bytes) where bytes.count > valueLimit:
        throw PostgresError(.usage, "parameter $\(index + 1) is longer than \(valueLimit) bytes")
      default: break
      }
    }
  }

  /// Sends a prepared statement with its values; results are asked for in binary. False if libpq could not.
  func sendPrepared(_ name: String, _ binds: [PostgresBind]) -> Bool {
    parameterBytes.removeAll(keepingCapacity: parameterBytes.capacity < 1 << 20)
    let count = binds.count
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count + 1) { numbers in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count + 1) { values in
        for (index, bind) in binds.enumerated() {
          let start = parameterBytes.count
          bind.content.append(to: &parameterBytes)
          numbers[index] = Int32(truncatingIfNeeded: parameterBytes.count - start)
          numbers[count + index] = bind.isBinary ? 1 : 0
          // Text-format values end with a NUL; and an empty value must have an address, being no null.
          parameterBytes.append(0)
        }
        return parameterBytes.withUnsafeBytes { bytes in
          var offset = 0
          for (index, bind) in binds.enumerated() {
            let address = bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if case .null = bind.content { values[index] = nil } else { values[index] = address }
            offset += Int(numbers[index]) + 1
          }
          let lengths = numbers.baseAddress
          return PQsendQueryPrepared(
            connection, name, Int32(count), values.baseAddress, lengths, lengths?.advanced(by: count), 1) == 1
        }
      }
    }
  }
}

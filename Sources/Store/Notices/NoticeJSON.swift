import FoundationEssentials

/// Reads the small documents that notices come with.
enum NoticeJSON {
  static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw StoreError.badRow("a notice's document cannot be read")
    }
  }
}

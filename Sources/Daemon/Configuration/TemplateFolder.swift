import Glibc
import Messages

/// Reads the folder of an operator's own templates: files named as `gkm template list` names them, `KEY.LOCALE.txt`.
enum TemplateFolder {
  /// Files at most: keys times languages, with room to spare.
  private static let limit = 500

  /// What is in it, and everything that is wrong with it.
  static func read(_ folder: String) -> (templates: [MessageTemplate], problems: [ConfigurationProblem]) {
    guard let names = names(folder) else {
      let reason = String(cString: strerror(errno))
      return ([], [ConfigurationProblem(place: folder, message: "mail.templates: cannot be read: \(reason)")])
    }
    var templates: [MessageTemplate] = []
    var problems: [ConfigurationProblem] = []
    guard names.count <= limit else {
      return ([], [ConfigurationProblem(place: folder, message: "mail.templates: more than \(limit) files")])
    }
    for name in names {
      let path = "\(folder)/\(name)"
      guard let id = TemplateID(fileName: name) else {
        problems.append(
          ConfigurationProblem(
            place: path, message: "is no template's name: KEY.LOCALE.txt is wanted, as key_delivered.es.txt"))
        continue
      }
      do {
        templates.append(try template(id, path))
      } catch {
        problems.append(error)
      }
    }
    return (templates, problems)
  }

  private static func template(_ id: TemplateID, _ path: String) throws(ConfigurationProblem) -> MessageTemplate {
    let bytes: [UInt8]
    do {
      bytes = try FileContents.read(path, limitBytes: MessageTemplate.limitBytes)
    } catch {
      throw ConfigurationProblem(place: path, message: error.description)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationProblem(place: path, message: "is not UTF-8")
    }
    do {
      return try MessageTemplate(id, file: text)
    } catch {
      throw ConfigurationProblem(place: path, line: error.line, column: error.column, message: error.message)
    }
  }

  /// The files' names, sorted; what begins with a dot or ends as an editor's copy is not looked at.
  private static func names(_ folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix("."), !name.hasSuffix("~") { names.append(name) }
    }
    return names.sorted()
  }
}

import Foundation
import Testing

@Suite("Imports point downwards")
struct ImportTests {
  /// The modules that a file imports, with the line of each.
  static func imports(of file: Checkout.File) -> [(line: Int, module: String)] {
    let form =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
    return file.code.compactMap { line in
      line.text.firstMatch(of: form).map { (line.number, String($0.1)) }
    }
  }

  @Test("Every target has its place, and stands above all that it may import")
  func tableIsSound() throws {
    #expect(Set(try Checkout.targets()) == Set(Layers.places.keys))
    for (name, place) in Layers.places {
      for below in place.own {
        let lower = try #require(Layers.places[below], "\(name) names \(below), which is no target")
        #expect(lower.height < place.height, "\(name) may not import \(below), which stands as high")
      }
    }
  }

  @Test("A source file imports only what its target may")
  func sources() throws {
    for file in try Checkout.files("Sources", withSuffix: ".swift") {
      let place = try #require(Layers.places[file.target])
      let allowed = place.own.union(place.foreign).union(Layers.platform)
      for (line, module) in Self.imports(of: file) {
        if module == "Foundation", Layers.mayUseFoundation.contains(file.target) { continue }
        #expect(allowed.contains(module), "\(Checkout.place(file, line)): \(file.target) may not import \(module)")
      }
    }
  }

  @Test("The domain does no I/O: Market imports neither the C library nor a clock")
  func marketIsPure() throws {
    for file in try Checkout.files("Sources/Market", withSuffix: ".swift") {
      for (line, module) in Self.imports(of: file) {
        #expect(module != "Glibc", "\(Checkout.place(file, line)): Market imports \(module)")
      }
    }
  }

  @Test("gkm has neither Foundation nor a web server in it")
  func consoleIsLight() {
    let linked = Layers.closure(of: "gkm")
    #expect(linked.isDisjoint(with: Layers.mayUseFoundation))
    for target in linked {
      #expect(Layers.places[target]?.foreign.isDisjoint(with: ["Hummingbird", "NIOCore"]) == true, "\(target)")
    }
  }

  @Test("Package.swift links a target with nothing that the table forbids")
  func manifest() throws {
    let manifest = try #require(try Checkout.files("Package.swift").first).text
    let declaration = /(?:module|program)\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/
    let spelledOut = /\.target\(\s*name: "(\w+)", dependencies: \[([^\]]*)\]/
    var declared: [String: Set<String>] = [:]
    for match in manifest.matches(of: declaration) { declared[String(match.1)] = Self.names(match.2 ?? "") }
    for match in manifest.matches(of: spelledOut) { declared[String(match.1)] = Self.names(match.2) }
    for (target, names) in declared {
      let place = try #require(Layers.places[target], "\(target) has no place in the table")
      let below = names.intersection(Layers.places.keys)
      #expect(below.isSubset(of: place.own), "\(target) is linked with \(below.subtracting(place.own).sorted())")
    }
    let named = Layers.places.filter { $0.value.height > 0 }.keys
    #expect(Set(named).isSubset(of: declared.keys), "not found in Package.swift: the check reads its declarations")
  }

  private static func names(_ list: Substring) -> Set<String> {
    Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
  }
}

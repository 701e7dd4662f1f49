import Market
import Postgres
import Store
import Synchronization

/// Importing keys: sent and followed beside everything else that the console does.
extension ActionRunner {
  /// How often is told how far it is: less would be no progress, more would be bytes.
  private static let beat = Duration.milliseconds(500)
  /// For how long what the market makes of it is waited for.
  private static let patience = 1_200

  /// Sends the file, then tells what became of it. Throws what kept it from being sent.
  func importStock(_ row: RowAsShown, post: @escaping @Sendable (Event) -> Void) async throws {
    let wish = try uploadWish(row)
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection)
    let told = Mutex<ContinuousClock.Instant?>(nil)
    let id = try await StockUpload(wish, to: key, on: connection).run { id, rows in
      let isDue = told.withLock { last in
        let now = ContinuousClock.now
        if let last, now - last < Self.beat { return false }
        last = now
        return true
      }
      if isDue { post(.uploading(UploadState(id: id.rawValue, stage: .sending(rows)))) }
    }
    post(.uploading(UploadState(id: id.rawValue, stage: .working(0))))
    post(.changed)
    await follow(id, post)
  }

  /// Until the market is done with it.
  private func follow(_ id: StockImportID, _ post: @Sendable (Event) -> Void) async {
    var percent = 0
    for _ in 0..<Self.patience {
      try? await Task.sleep(for: Self.beat)
      guard let row = try? await connection.read({ try ImportReading.row($0, try Viewer.current($0), id) }) else {
        break
      }
      if row.state != .queued, row.state != .uploading {
        return post(.uploadOver(Self.outcome(row), isProblem: row.state == .failed))
      }
      let now = Int(row.rows == 0 ? 0 : row.done * 100 / row.rows)
      if now != percent {
        percent = now
        post(.uploading(UploadState(id: id.rawValue, stage: .working(percent))))
      }
    }
    post(.uploadOver("Import \(id) is sent; the screen Imports shows what becomes of it", isProblem: false))
  }

  private static func outcome(_ row: ImportRow) -> String {
    switch row.state {
    case .imported, .checked:
      let verb = row.isDryRun ? "would be taken" : "are in stock"
      let rest = row.refused == 0 ? "" : ", \(row.refused) not: see it in Imports"
      return "Import \(row.id): \(row.accepted) of \(row.rows) keys \(verb)\(rest)"
    case .failed: return "Import \(row.id) failed: \(row.problem ?? "")"
    default: return "Import \(row.id) is \(row.state.rawValue)"
    }
  }

  private func uploadWish(_ row: RowAsShown) throws -> StockUpload.Wish {
    var wish = StockUpload.Wish(listing: ListingID(row.id), path: values["file"] ?? "")
    guard wish.path != "-" else {
      throw ActionRefused(.badRequest, "say which file: this console has no other input")
    }
    let column = values["column"] ?? ""
    wish.column = column.isEmpty ? nil : column
    wish.isDryRun = values["dry"] == "yes"
    let reason = values["reason"] ?? ""
    wish.reason = reason.isEmpty ? nil : reason
    return wish
  }
}

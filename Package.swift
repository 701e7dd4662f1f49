// swift-tools-version: 6.2
import PackageDescription

// Every target of the project is Swift 6, with warnings as errors. `ExistentialAny` keeps boxing visible.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
  name: "GlobalKeyMarket",
  products: [
    .executable(name: "gkm", targets: ["gkm"]),
    .executable(name: "gkmd", targets: ["gkmd"]),
    .executable(name: "stripesim", targets: ["stripesim"]),
  ],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C shims: a module map and only what Swift cannot import.
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CNcurses", linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),

    // Wrappers: know nothing of the market.
    .target(
      name: "Postgres", dependencies: ["CLibpq"],
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    module("Redis", ["CHiredis"]),
    module("Outbound", ["CCurl"]),
    module("Terminal", ["CNcurses", toml]),

    // The domain and what stores and speaks it.
    module("Market", [crypto]),
    module(
      "Store", ["Market", "Postgres", "Redis", crypto],
      resources: [.embedInCode("Migrations"), .embedInCode("Repeatable")]),
    module("Stripe", ["Market", "Outbound", crypto]),
    module("Messages", ["Market", crypto], resources: [.embedInCode("Templates")]),

    // The programs' bodies.
    module("Console", ["Market", "Store", "Messages", "Postgres", "Redis", "Terminal", crypto, toml]),
    module(
      "Daemon",
      [
        "Market", "Store", "Stripe", "Messages", "Postgres", "Redis", "Outbound", crypto, hummingbird, httpTypes, nio,
        nioPosix, logging, metrics, lifecycle, signals, toml,
      ],
      resources: [.embedInCode("OrderPage/Templates")]),
    module("StripeSimulator", ["Stripe", "Market", "Outbound", hummingbird, logging, lifecycle]),

    // What tests stand on: private servers, processes. In no product.
    module("TestSupport", ["Market", "Store", "Postgres"]),

    // The load of `make bench`. In no product.
    module("Bench", ["Stripe", "Daemon", "Store", "Market", "Postgres", "TestSupport"]),

    // Executables: parse, compose, run.
    program("gkm", ["Console", "Market", "Store", "Postgres", "Redis", "Terminal", arguments]),
    program("gkmd", ["Daemon", "Market", "Store", "Postgres", arguments, logging, lifecycle]),
    program("stripesim", ["StripeSimulator", "Outbound", arguments, logging, lifecycle]),
    program("gkmbench", ["Bench", "Market", "Postgres", arguments]),

    tests("StripeTests", ["Stripe", "Outbound", crypto]),
    tests(
      "StripeSimulatorTests", ["StripeSimulator", "Stripe", "Outbound", "TestSupport", hummingbird, logging],
      resources: [.copy("official_library.py")]),
    tests("TestSupportTests", ["TestSupport"]),
    tests(
      "ConsoleTests",
      ["Console", "Market", "Store", "Postgres", "Terminal", "TestSupport", "gkm"], resources: [.copy("Goldens")]),
    tests(
      "DaemonTests",
      [
        "Daemon", "Market", "Store", "Stripe", "StripeSimulator", "Messages", "Postgres", "Redis", "Outbound",
        "TestSupport", "gkm", "gkmd", hummingbird, logging, metrics, lifecycle,
      ], resources: [.copy("openapi_check.py"), .copy("official_story.py")]),
    tests(
      "FaultTests",
      ["Market", "Store", "Stripe", "StripeSimulator", "Outbound", "Postgres", "TestSupport", "gkmd"],
      exclude: ["FAULTS.md"]),
    tests(
      "AttackTests",
      ["Market", "Store", "Stripe", "Postgres", "Redis", "TestSupport", "gkm", "gkmd", crypto],
      exclude: ["ATTACKS.md"]),
    tests("DemoTests", ["Market", "Outbound", "Postgres", "TestSupport", "gkmd", "stripesim"]),
    tests("LayeringTests", ["TestSupport"]),
    tests("StoreTests", ["Store", "Market", "Postgres", "TestSupport"]),
    tests("PostgresTests", ["Postgres", "TestSupport"]),
    tests("MarketTests", ["Market", "TestSupport", crypto]),
    tests("MessagesTests", ["Messages", "Market", crypto]),
    tests("TerminalTests", ["Terminal", "TestSupport", "TerminalProbe"], resources: [.copy("Goldens")]),
    .executableTarget(
      name: "TerminalProbe", dependencies: ["Terminal"], path: "Tests/TerminalProbe", swiftSettings: strict),
    tests("RedisTests", ["Redis", "TestSupport"]),
    tests("OutboundTests", ["Outbound", "TestSupport"]),
  ],
  cLanguageStandard: .c11
)

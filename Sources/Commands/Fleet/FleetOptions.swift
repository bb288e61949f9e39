import ArgumentParser
import Foundation

/// The fleet file, and where its output goes.
struct FleetOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The fleet file.", valueName: "fleet.yaml")) var file: String
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The output folder; `out` beside the fleet file.", valueName: "dir"))
  var out: String?
  @OptionGroup var access: AccessOptions
}

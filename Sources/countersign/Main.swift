import Commands
import Dispatch
import Foundation

@main struct Main {
  /// On the process's first thread, and with no other beside it: what a command gives up, such as its user, holds for
  /// threads that are started afterwards.
  static func main() {
    // A reader that goes away (`countersign events | head`) is no failure of ours.
    signal(SIGPIPE, SIG_DFL)
    switch Countersign.start(Array(CommandLine.arguments.dropFirst())) {
    case .ended(let status): exit(status)
    case .waits(let rest):
      Task { exit(await rest()) }
      dispatchMain()
    }
  }
}

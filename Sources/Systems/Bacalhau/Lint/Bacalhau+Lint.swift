extension Bacalhau {
  package static func lint(_ context: LintContext, declared: Bacalhau?) -> [Finding] { [] }
}

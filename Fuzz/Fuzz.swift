/// libFuzzer, which brings its own main, calls this with each input. Which parser it feeds is told by `FUZZ_TARGET`;
/// scripts/fuzz runs one after the other.
@_cdecl("LLVMFuzzerTestOneInput")
func feed(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  Subject.chosen.run(Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}

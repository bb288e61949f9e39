module countersign/benchmarks/load

go 1.25

# The column means what it says: one element at a time, each operation rounded by itself.
assay_add_backend(scalar OPTIONS $<$<CXX_COMPILER_ID:GNU>:-fno-tree-vectorize> $<$<CXX_COMPILER_ID:Clang>:-fno-vectorize>
  -fno-tree-slp-vectorize -ffp-contract=off)

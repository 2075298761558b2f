# g++ 12's AVX-512 intrinsics start from a value left undefined on purpose and warn of it where Eigen inlines them.
assay_add_backend(eigen ${levels} HEADERS eigen/planes.h OPTIONS $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>
  LINK Eigen3::Eigen)

assay_add_backend(openmp ${levels} LINK OpenMP::OpenMP_CXX)

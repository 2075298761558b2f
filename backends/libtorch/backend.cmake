if(ASSAY_WITH_LIBTORCH)
  include(libtorch/libtorch.cmake)  # the targets LibTorch::cpu, LibTorch::cuda and libtorch_kernels
  assay_add_backend(libtorch SOURCES libtorch/backend.cpp OPTIONS ${OpenMP_CXX_FLAGS}
    LINK LibTorch::cpu libtorch_kernels ${OpenMP_CXX_LIB_NAMES})  # by name: gcc's folder must not come before LibTorch's
else()
  assay_leave_out_backend(libtorch "left out when this build was configured: -DASSAY_WITH_LIBTORCH=OFF")
endif()

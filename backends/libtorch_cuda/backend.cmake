# The kernels of libtorch, whose folder comes first in the list.
if(ASSAY_WITH_LIBTORCH)
  assay_add_backend(libtorch_cuda SOURCES libtorch_cuda/backend.cpp LINK LibTorch::cuda libtorch_kernels)
  target_precompile_headers(libtorch_cuda REUSE_FROM libtorch_kernels)
else()
  assay_leave_out_backend(libtorch_cuda "left out when this build was configured: -DASSAY_WITH_LIBTORCH=OFF")
endif()

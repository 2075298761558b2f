# Finds LibTorch, wherever the user has it, and describes it as two imported targets, LibTorch::cpu and LibTorch::cuda.
# find_package(Torch) is not used: with a CUDA build it insists on a CUDA toolkit, which the CPU backend does not need.
#
# Looked for under CMAKE_PREFIX_PATH (an unpacked LibTorch, or a torch package's folder) first, then in the project's .venv.
file(GLOB venv_torch ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
find_path(LIBTORCH_INCLUDE_DIR ATen/ATen.h HINTS ${venv_torch} PATH_SUFFIXES include)
find_library(LIBTORCH_CPU_LIBRARY torch_cpu HINTS ${venv_torch} PATH_SUFFIXES lib)
find_library(LIBTORCH_C10_LIBRARY c10 HINTS ${venv_torch} PATH_SUFFIXES lib)
if(NOT LIBTORCH_INCLUDE_DIR OR NOT LIBTORCH_CPU_LIBRARY OR NOT LIBTORCH_C10_LIBRARY)
  message(FATAL_ERROR "LibTorch was not found: run scripts/setup, or point -DCMAKE_PREFIX_PATH at yours, or build without it "
                      "(-DASSAY_WITH_LIBTORCH=OFF, preset no-libtorch).")
endif()
get_filename_component(libtorch_lib_dir ${LIBTORCH_CPU_LIBRARY} DIRECTORY)

# LibTorch's headers are not ours to warn about, hence SYSTEM; its libraries find their own neighbours by rpath.
add_library(LibTorch::cpu INTERFACE IMPORTED)
target_include_directories(LibTorch::cpu SYSTEM INTERFACE ${LIBTORCH_INCLUDE_DIR} ${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include)
target_link_libraries(LibTorch::cpu INTERFACE ${LIBTORCH_CPU_LIBRARY} ${LIBTORCH_C10_LIBRARY})
target_link_options(LibTorch::cpu INTERFACE -Wl,-rpath,${libtorch_lib_dir} -Wl,--allow-shlib-undefined)

# Nothing refers to torch_cuda by name: loading it is what registers its kernels, so it must stay in spite of --as-needed.
# The flags name the file, which a CPU-only LibTorch lacks; then the module says so when it is loaded.
find_library(LIBTORCH_CUDA_LIBRARY torch_cuda HINTS ${libtorch_lib_dir} NO_DEFAULT_PATH)
add_library(LibTorch::cuda INTERFACE IMPORTED)
target_link_libraries(LibTorch::cuda INTERFACE LibTorch::cpu)
if(LIBTORCH_CUDA_LIBRARY)
  target_link_options(LibTorch::cuda INTERFACE -Wl,--no-as-needed ${LIBTORCH_CUDA_LIBRARY} -Wl,--as-needed)
endif()

# The families are compiled once and linked into both modules: device() in each module's backend.cpp says where they compute.
# ATen's headers take six seconds a file, so they are compiled once for all of them.
file(GLOB libtorch_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/libtorch/*.cpp)
list(FILTER libtorch_sources EXCLUDE REGEX "(_test|backend)\\.cpp$")
add_library(libtorch_kernels OBJECT ${libtorch_sources})
target_compile_options(libtorch_kernels PRIVATE ${module_options})
target_link_libraries(libtorch_kernels PRIVATE assay_reference LibTorch::cpu)
target_precompile_headers(libtorch_kernels PRIVATE <ATen/ATen.h> <c10/core/InferenceMode.h>)
